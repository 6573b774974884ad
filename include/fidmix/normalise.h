/** @file normalise.h
 *  Normalisation: spectra of different concentration and receiver gain on one scale,
 *  docs/stages/normalise.md.
 */
#ifndef FIDMIX_NORMALISE_H
#define FIDMIX_NORMALISE_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_normalise_method {
    FMX_NORMALISE_MAX,  /**< division by the largest value, as published */
    FMX_NORMALISE_AREA, /**< division by sum |x| |ppm_step|: area 1 ppm */
    FMX_NORMALISE_PQN,  /**< area, then division by the median quotient to a reference */
} fmx_normalise_method;

/** Options of normalise. */
typedef struct fmx_normalise {
    int method; /**< fmx_normalise_method */
    /** PQN: path of a dataset on the same axis whose rows have area 1; its median is the reference.
     */
    char reference[256];
} fmx_normalise;

/** The published default: the maximum. */
#define FMX_NORMALISE_DEFAULT                                                                      \
    {                                                                                              \
        FMX_NORMALISE_MAX, ""                                                                      \
    }

/** Divides every row by its own factor, in place; a complex batch becomes real first. row.scale
 *  keeps the product of all factors, noise_sigma follows. A row without a positive finite factor
 *  (all zero, say) stays, and the log says so. Waits for the factors.
 *
 *  PQN is the three steps below with threshold_sigma 5, where step 2 takes the rows of the dataset
 *  options->reference instead of the batch: results do not depend on how rows are dealt to batches.
 *  The device keeps the reference for the next call; a file that changed is read anew.
 *  Errors: FMX_ERROR_SHAPE (time domain), FMX_ERROR_ARGUMENT, device errors; PQN also
 *  FMX_ERROR_RECIPE (no reference, one on another axis, one whose rows have not area 1) and those
 *  of reading a dataset: a reference that is refused leaves the batch as it was, but real. */
fmx_status fmx_normalise_rows(fmx_signal *signal, const fmx_normalise *options);

/** Probabilistic quotient normalisation (PQN), step 2: reference[j] = median over all rows of point
 *  j, for rows that were brought to equal area (step 1). `reference` holds signal->points floats. A
 *  data set larger than a batch is done in slices of its points, each slice with all rows: never
 *  in slices of its rows, or results would depend on the slicing. Waits.
 *  Errors: FMX_ERROR_SHAPE (not a real spectrum), device errors. */
fmx_status fmx_normalise_reference(fmx_signal *signal, float *reference);

/** PQN, step 3: divides every row by the median of x[j] / reference[j] over the points whose
 *  reference is above threshold_sigma times the row's noise_sigma (5 is usual), in place; rows as
 * in fmx_normalise_rows. A row's result depends on itself and the reference only. Waits. Errors:
 * FMX_ERROR_SHAPE (not a real spectrum), FMX_ERROR_ARGUMENT, device errors. */
fmx_status fmx_normalise_quotient(fmx_signal *signal, const float *reference,
                                  double threshold_sigma);

#ifdef __cplusplus
}
#endif
#endif
