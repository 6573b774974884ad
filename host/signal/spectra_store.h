/* The spectra of a dataset where the device can reach them: all of them in its memory where they
 * fit a stated budget, otherwise those that are asked for, read from the file each time. */
#ifndef FIDMIX_SPECTRA_STORE_H
#define FIDMIX_SPECTRA_STORE_H

#include "fidmix/dataset.h"
#include "launch.h"

/* What a store may take of the device: 1 GiB, and no more than a quarter of its memory. */
size_t fmx__spectra_budget(fmx_device *device);

typedef struct fmx__spectra_store {
    fmx_device *device;   /* not owned */
    fmx_dataset *dataset; /* not owned */
    char *path;
    size_t rows;
    size_t points;
    double ppm_step;     /* negative; from the ends of the axis */
    bool uniform;        /* the axis is equidistant */
    double *highest;     /* [rows]: largest value */
    double *area;        /* [rows]: sum of |x| times |ppm_step| */
    float *field_mhz;    /* [rows]; 0: not known */
    bool resident;       /* all rows are in `library` */
    fmx_buffer *library; /* float [library_rows][points] */
    size_t library_rows;
    float *row; /* [points], for reading */
} fmx__spectra_store;

/* Reads every row once: what is not finite is refused here. `budget` bytes may stay on the device;
 * above it the library has room for `most_rows` rows at a time. Release with
 * fmx__spectra_store_clear, also after an error; the dataset must outlive it. Errors:
 * FMX_ERROR_FORMAT (NaN or infinity, with row and name), FMX_ERROR_DEVICE_MEMORY, FMX_ERROR_MEMORY,
 * FMX_ERROR_READ. */
fmx_status fmx__spectra_store_open(fmx_device *device, fmx_dataset *dataset, const char *path,
                                   size_t budget, size_t most_rows, fmx__spectra_store *out);

void fmx__spectra_store_clear(fmx__spectra_store *store);

/* Makes rows available: row[i] of the dataset is row at[i] of store->library until the next call.
 * A resident store only copies the numbers; otherwise count is at most most_rows. `at` may be
 * `row`. Errors: FMX_ERROR_READ, FMX_ERROR_SHAPE, device errors. */
fmx_status fmx__spectra_store_gather(fmx__spectra_store *store, const uint32_t *row, size_t count,
                                     uint32_t *at);

#endif
