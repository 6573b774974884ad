/* What `fidmix augment` reads of its input beside the spectra. */
#ifndef FIDMIX_AUGMENT_INPUT_H
#define FIDMIX_AUGMENT_INPUT_H

#include "base.h"
#include "fidmix/dataset.h"

/* A dataset with what its rows carry over to their copies, all rows in memory. */
typedef struct fmx__augment_input {
    fmx_context *ctx;
    const char *path;
    fmx_dataset *set;
    const fmx_dataset_info *info;
    char **name;
    char **source;
    int32_t *parent; /* [rows][parents] */
    size_t parents;
    float *field_mhz;
    float *p0_deg;
    float *p1_deg;
    float *noise_sigma;
    float *target;      /* [rows][classes]; NULL: not labelled */
    uint8_t *split;     /* NULL: no split */
    fmx_column *column; /* [column_count]: `copy`, then the input's further ones */
    size_t column_count;
    void **values; /* [column_count]: of the input's rows; NULL for `copy` */
    uint64_t hash; /* tells these spectra from others */
} fmx__augment_input;

/* Opens and reads a dataset, and every spectrum once: what is not finite is found before any work
 * is done. Release with fmx__augment_input_clear, also after an error. Errors: those of
 * fmx_dataset_open; FMX_ERROR_FORMAT (no spectra, an uneven axis, a value that is not finite, a row
 * without field_mhz where needs_field). */
fmx_status fmx__augment_input_read(fmx_context *ctx, const char *path, bool needs_field,
                                   fmx__augment_input *out);
void fmx__augment_input_clear(fmx__augment_input *input);

/* From one point to the next, ppm (negative). */
double fmx__augment_input_step(const fmx__augment_input *input);

/* What copy `copy` of row `parent` carries; `values` has room for every column, *copy is kept by
 * address. The spectrum and the rest of *out stay the caller's. */
void fmx__augment_input_row(const fmx__augment_input *input, size_t parent, const int32_t *copy,
                            const void **values, fmx_dataset_row *out);

#endif
