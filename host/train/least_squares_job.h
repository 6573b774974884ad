/* The classical baseline on datasets: library from the training spectra, threshold from mixtures of
 * the validation spectra, scores of given mixtures. docs/training/least_squares.md. */
#ifndef FIDMIX_LEAST_SQUARES_JOB_H
#define FIDMIX_LEAST_SQUARES_JOB_H

#include "evaluation.h"
#include "fidmix/dataset.h"
#include "fidmix/device.h"

enum {
    FMX__LEAST_SQUARES_STEPS = 4,        /* shifted copies on either side by default */
    FMX__LEAST_SQUARES_VALIDATION = 500, /* mixtures that the threshold is chosen on */
};

typedef struct fmx__least_squares_job {
    fmx_device *device;
    const char *spectra;  /* dataset of pure compounds; its training split is the library. NULL: the
                             one that the mixtures name as their source, at its path or beside them
                           */
    const char *mixtures; /* labelled mixtures of its test split, as `fidmix mix` makes them */
    double shift_ppm;     /* compounds may be shifted by so much to either side; 0: rigid */
    size_t shift_steps;   /* 0: FMX__LEAST_SQUARES_STEPS */
    bool with_water;      /* 4.5 to 5.0 ppm count too; by default they are ignored */
    double threshold;     /* 0: chosen on mixtures of the validation split */
} fmx__least_squares_job;

typedef struct fmx__least_squares_scores {
    size_t mixtures;
    size_t classes;
    char **class_name; /* [classes] */
    float *truth;      /* [mixtures][classes] */
    float *presence;
    float *proportion;
    double threshold;
    size_t threshold_mixtures; /* that it was chosen on; 0: it was given */
    uint64_t seed;             /* of the mixtures */
} fmx__least_squares_scores;

/* Ignored where the nucleus is 1H: what is left of the water, ppm. */
#define FMX__LEAST_SQUARES_WATER_LOW 4.5
#define FMX__LEAST_SQUARES_WATER_HIGH 5.0

/* Library: the mean of each class's training spectra, scaled as the mixtures' recipe scales
 * constituents. Threshold: best F1 on up to FMX__LEAST_SQUARES_VALIDATION mixtures drawn as that
 * recipe says, but from the validation split (or, where that lacks a class, the training split).
 * Where the library with its copies is too large, there are fewer copies, and a note in the log.
 * Progress is "least squares", in mixtures. Release with fmx__least_squares_scores_clear, also
 * after an error. Errors: FMX_ERROR_FORMAT (no targets, another axis, other classes, NaN; with the
 * file), FMX_ERROR_NOT_FOUND, FMX_ERROR_RECIPE (the mixtures' recipe), FMX_ERROR_INTERRUPTED,
 * device errors. */
fmx_status fmx__least_squares_score(const fmx__least_squares_job *job,
                                    fmx__least_squares_scores *out);

/* Opens the spectra that mixtures (an open dataset, at `path`) were made of: `given`, or where that
 * is NULL what they name as their source, at its path or beside them. *out_path is released with
 * free(); both are NULL after an error. Errors: FMX_ERROR_NOT_FOUND, those of opening. */
fmx_status fmx__mixtures_open_source(fmx_context *ctx, fmx_dataset *mixtures, const char *path,
                                     const char *given, fmx_dataset **out, char **out_path);

void fmx__least_squares_scores_clear(fmx__least_squares_scores *scores);

/* The same as input of fmx__evaluate; the scores must outlive it. */
fmx__evaluation_input fmx__least_squares_input(const fmx__least_squares_scores *scores,
                                               const char *method, uint64_t seed);

#endif
