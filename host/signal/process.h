/* From raw data to spectra on one axis: survey what there is, then run a recipe's stages over it in
 * batches. What a row becomes depends on its own data, the recipe and the seed alone, never on the
 * batch that it ran in. */
#ifndef FIDMIX_PROCESS_H
#define FIDMIX_PROCESS_H

#include "fidmix/fid.h"
#include "fidmix/signal.h"
#include "recipe_sections.h"
#include "stage.h"

/* The axis for another nucleus than the recipe's: the usual range of that nucleus with the same
 * number of points. */
fmx__axis fmx__axis_for(const fmx__axis *recipe, const char *nucleus);

/* A FID or spectrum that can be processed. */
typedef struct fmx__process_item {
    const fmx_source *source;
    size_t row;    /* in the output of its nucleus */
    size_t stride; /* length of the rows that it is processed in: next power of two */
    bool is_complex;
    fmx_domain domain;
    fmx_fid kept; /* as the survey read it, until it is loaded; without data: to be read again */
} fmx__process_item;

/* What could not be used. */
typedef struct fmx__process_failure {
    char *path;
    char *reason;
} fmx__process_failure;

/* All items of one nucleus, in the order of the sources. */
typedef struct fmx__process_group {
    char nucleus[16];
    fmx__process_item *item;
    size_t count;
    size_t capacity;
} fmx__process_group;

typedef struct fmx__process_survey {
    fmx__process_group *group; /* in order of first appearance */
    size_t count;
    size_t capacity;
    fmx__process_failure *failure;
    size_t failure_count;
    size_t failure_capacity;
    size_t room; /* bytes of data that may still be kept */
} fmx__process_survey;

/* Reads every source once and sorts it into its nucleus's group; what cannot be read becomes a
 * failure with its reason. Up to keep_bytes of the data that were read are kept for the run, what
 * is beyond that is read again. Sources must outlive the survey. Release with
 * fmx__process_survey_clear, also after an error. */
fmx_status fmx__process_survey_sources(fmx_context *ctx, const fmx_source_list *sources,
                                       size_t keep_bytes, fmx__process_survey *out);
void fmx__process_survey_clear(fmx__process_survey *survey);

/* Receives one finished row: `points` floats on the common axis. */
typedef fmx_status (*fmx__process_sink)(void *user, size_t row, const float *spectrum,
                                        const fmx_row *facts, const fmx_source *source);

typedef struct fmx__process_job {
    fmx_device *device;
    const fmx__recipe_part *stages; /* the recipe's `process` list */
    fmx__axis axis;
    uint64_t seed;
    const bool *done; /* rows that an earlier run finished, by row; NULL: none */
    fmx__process_sink sink;
    void *user;
} fmx__process_job;

/* Checks the list of stages without data: domains fit together, the list ends on the common axis.
 * Errors: FMX_ERROR_RECIPE. */
fmx_status fmx__process_check(fmx_context *ctx, const fmx__recipe_part *stages);

/* Runs the stages over a group, batch by batch, in rows of equal stride. What the survey kept is
 * released as it is loaded. Progress is "process", in
 * rows. Errors: those of the stages and of the sink; FMX_ERROR_INTERRUPTED between stages. */
fmx_status fmx__process_run(const fmx__process_job *job, const fmx__process_group *group);

#endif
