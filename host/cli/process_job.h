/* From raw data to datasets of spectra: what `fidmix process` and `fidmix run` do. */
#ifndef FIDMIX_PROCESS_JOB_H
#define FIDMIX_PROCESS_JOB_H

#include "fidmix/dataset.h"
#include "process.h"

/* One output: all rows of a nucleus. */
typedef struct fmx__process_output {
    fmx_context *ctx;
    const fmx__process_group *group;
    fmx__axis axis;
    char *path;
    fmx_dataset_writer *writer;
    bool *done;     /* [group->count]: finished by an earlier run */
    fmx_row *facts; /* [group->count], of rows processed in this run */
    float *height;  /* [group->count], highest point */
} fmx__process_output;

typedef struct fmx__process_dataset {
    fmx_device *device;
    const char *const *path; /* [path_count]: FIDs, or any trees of them */
    size_t path_count;
    bool with_processed; /* TopSpin's own spectra become rows too */
    const char *out;
    const fmx__recipe *recipe; /* with the sections axis and process */
    bool compress;
    bool resume;

    /* filled by fmx__process_dataset */
    fmx_source_list sources;
    fmx__process_survey survey;
    fmx__process_output *output; /* [survey.count] */
} fmx__process_dataset;

/* Fails unless the recipe has an axis and a list of stages that ends on it. */
fmx_status fmx__process_recipe_check(fmx_context *ctx, const fmx__recipe *recipe);

/* Surveys the paths, opens every output before any FID is processed, then processes: the recipe's
 * nucleus goes to `out`, others to files beside it ("spectra.13C.h5"). What cannot be used is in
 * survey.failure. Progress is "process", in rows. Errors: FMX_ERROR_FORMAT (nothing there can be
 * used), FMX_ERROR_EXISTS, FMX_ERROR_WRITE, FMX_ERROR_INTERRUPTED, those of stages and device.
 * Release with fmx__process_dataset_clear, also after an error. */
fmx_status fmx__process_to_dataset(fmx__process_dataset *job);
void fmx__process_dataset_clear(fmx__process_dataset *job);

/* One line for each output and each failure, to the log. */
void fmx__process_summarise(const fmx__process_dataset *job);

float fmx__process_snr(float height, const fmx_row *facts);

#endif
