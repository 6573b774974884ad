/* Probabilistic quotient normalisation against the median of a dataset. */
#ifndef FIDMIX_NORMALISE_PQN_H
#define FIDMIX_NORMALISE_PQN_H

#include "fidmix/normalise.h"

/* The reference of a recipe's `normalise: {method: pqn}`: median[j] over all rows of the dataset
 * options->reference at point j. The device keeps it (fmx__device_cache; the pointer is good until
 * the next call) as long as the file is the same, so that a job reads its reference once. Waits
 * when it is made. Errors: FMX_ERROR_RECIPE (no reference named, another axis, rows that were not
 * brought to area 1), those of reading a dataset, device errors. */
fmx_status fmx__normalise_reference_of(const fmx_signal *signal, const fmx_normalise *options,
                                       const float **median);

/* Whether a recipe's pqn names a dataset that can be read, before there is any data; other methods
 * pass. Errors: FMX_ERROR_RECIPE, those of fmx_dataset_open. */
fmx_status fmx__normalise_check(fmx_context *ctx, const void *user);

/* The same from the file at `path`, not kept: at most slice_bytes of it are on the device (all rows
 * of a few points, at least one point), chunk_bytes in memory (at least one row). The median does
 * not depend on either. */
fmx_status fmx__normalise_dataset_median(const fmx_signal *signal, const char *path,
                                         size_t slice_bytes, size_t chunk_bytes, float *median);

#endif
