/* Small labelled and unlabelled datasets for the tests of labels, mixtures and batches. */
#ifndef FMX_LABELS_FIXTURE_H
#define FMX_LABELS_FIXTURE_H

#include "fmx_test.h"
#include "labels.h"

/* One row; a spectrum is `height` times random values on [0, 1) with a 1 in its middle. */
typedef struct fmx_labelled_row {
    const char *name;
    const char *source;
    int32_t parent; /* -1: itself */
    int split;      /* -1: the dataset has no such column; all rows alike */
    float height;   /* NAN puts one NaN into the spectrum */
} fmx_labelled_row;

/* Writes the rows as a dataset of `points` points, 10 to 0 ppm, 400 MHz, into the test's folder;
 * with `targets` > 0 it is labelled with the names of the rows in order of appearance and row i
 * has target 1 in its own class. Returns the path, in static storage. */
const char *fmx_labelled_set(const fmx_test *test, const char *file, const fmx_labelled_row *row,
                             size_t rows, size_t points, bool targets);

/* `classes` compounds "c00", "c01" ... of `fids` FIDs each; fills row[classes * fids]. */
void fmx_labelled_compounds(fmx_labelled_row *row, size_t classes, size_t fids);

#endif
