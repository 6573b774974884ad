/* `fidmix evaluate`: a model on labelled mixtures, beside least squares -> figures, CSV, report. */
#ifndef FIDMIX_EVALUATE_JOB_H
#define FIDMIX_EVALUATE_JOB_H

#include "evaluation.h"
#include "fidmix/dataset.h"
#include "fidmix/device.h"
#include "least_squares_job.h"
#include "mixture_draw.h"
#include "model.h"

typedef struct fmx__evaluate_job {
    fmx_device *device;
    const char *model;
    const char *mixtures;
    const char *library;         /* spectra that the mixtures were made of; NULL: as they say */
    const char *out;             /* the report; NULL: none */
    const char *csv;             /* NULL: none */
    const char *const *override; /* "key=value", for the model's recipe */
    size_t overrides;
    const uint64_t *seed;    /* of the bootstrap; NULL: the recipe's */
    size_t resamples;        /* 0: as the recipe says */
    const double *shift_ppm; /* of the least squares' library; NULL: 0.02 where the constituents
                                were augmented, otherwise none */
    bool overwrite;
} fmx__evaluate_job;

enum { FMX__EVALUATE_METHODS = 2 };

typedef struct fmx__evaluate_result {
    const fmx__evaluate_job *job;
    fmx_context *ctx;
    fmx__model *model;
    fmx_dataset *mixtures;
    const fmx_dataset_info *set; /* of the mixtures */
    fmx_dataset *pure;           /* what they were made of; NULL: not found */
    char *pure_path;
    fmx__recipe recipe;           /* the model's, with the overrides */
    fmx__recipe mixing;           /* the mixtures' */
    fmx__mixture_options options; /* its section `mixtures` */
    bool has_options;
    double shift_ppm;
    uint64_t seed;
    size_t not_test; /* mixtures that are not of the test split */
    float *truth;    /* [mixtures][classes], classes in the order of the mixtures' file */
    float *presence;
    float *proportion;
    fmx__least_squares_scores scores;
    char *method_name[FMX__EVALUATE_METHODS];
    fmx__evaluation_input input[FMX__EVALUATE_METHODS];
    fmx__evaluation evaluation[FMX__EVALUATE_METHODS];
    size_t methods; /* 2, or 1 without what the mixtures were made of */
} fmx__evaluate_result;

/* Checks everything, runs both methods, writes the report and the CSV. Release the result with
 * fmx__evaluate_clear, also after an error. Progress is "network" and "least squares", in mixtures.
 * Without --library, mixtures whose spectra are not found are evaluated without least squares, and
 * the log and the report say so. Errors: FMX_ERROR_EXISTS before any work, FMX_ERROR_FORMAT (no
 * mixtures, no labels, labels that are not the model's, naming those that differ, NaN),
 * FMX_ERROR_SHAPE (another axis or nucleus), those of fmx__model_open. */
fmx_status fmx__evaluate_run(const fmx__evaluate_job *job, fmx__evaluate_result *out);
void fmx__evaluate_clear(fmx__evaluate_result *result);

/* Its last step, the report: host/cli/evaluate_report.c. */
fmx_status fmx__evaluate_report(fmx__evaluate_result *result);

#endif
