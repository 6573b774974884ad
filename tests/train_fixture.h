/* A small dataset that a small network can learn, and trainings on it; without Criterion, so that a
 * program that is killed can use it, too. */
#ifndef FMX_TRAIN_FIXTURE_H
#define FMX_TRAIN_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "fidmix/fidmix.h"
#include "trainer.h"

enum {
    FMX_TRAIN_POINTS = 96,
    FMX_TRAIN_MOST_CLASSES = 8,
    FMX_TRAIN_MOST_FIDS = 32,
    FMX_TRAIN_MOST_STEPS = 128,
};

/* `classes` compounds "c0", "c1" ... of `fids` FIDs each: three lines per compound, shifted by up
 * to a point from FID to FID, on 10 to 0 ppm. */
typedef struct fmx_train_set {
    size_t classes;
    size_t fids;
    bool all_train; /* a column `split` with nothing but training rows */
    bool one_name;  /* every row has the same name */
    size_t nan_row; /* from 1: a NaN in that row; 0: none */
    float target;   /* > 0: written as a labelled dataset, with this as each row's share */
} fmx_train_set;

/* Writes it; FMX_OK or why not. */
fmx_status fmx_train_write(fmx_context *ctx, const char *path, const fmx_train_set *set);

/* Rows as they are, all to train on; each is called by the first class that its target names. */
typedef struct fmx_train_rows {
    size_t rows; /* up to FMX_TRAIN_MOST_CLASSES * FMX_TRAIN_MOST_FIDS */
    size_t points;
    size_t classes;      /* "c0", "c1" ... */
    const float *input;  /* [rows][points] */
    const float *target; /* [rows][classes] */
} fmx_train_rows;

/* Writes them on 10 to 0 ppm; FMX_OK or why not. */
fmx_status fmx_train_write_rows(fmx_context *ctx, const char *path, const fmx_train_rows *rows);

/* A recipe: model, losses and optimiser below head, with `train` lines of the caller's. */
extern const char *const fmx_train_model; /* conv1d, batch_norm, dropout, sigmoid and softmax */

/* Trains with a recipe's text and settings "key=value", NULL behind the last. */
typedef struct fmx_train_run {
    const char *recipe;
    const char *const *set;
    const char *spectra;
    const char *out;
    const char *init;
    bool resume;
    bool table;
} fmx_train_run;

fmx_status fmx_train(fmx_device *device, const fmx_train_run *run, fmx__train_result *result);

/* The losses of the first steps (train.log_steps: 1), in order:
 *     fmx_context_set_log(ctx, fmx_train_log_line, &log, FMX_LOG_INFO); */
typedef struct fmx_train_log {
    size_t count;
    double loss[FMX_TRAIN_MOST_STEPS];
} fmx_train_log;

void fmx_train_log_line(void *user, fmx_log_level level, const char *text);

/* Interrupts when the work has advanced `left` times:
 *     fmx_context_set_progress(ctx, fmx_train_count_down, &stopper); */
typedef struct fmx_train_stopper {
    fmx_context *ctx;
    size_t left;
} fmx_train_stopper;

void fmx_train_count_down(void *user, const char *what, size_t done, size_t total);

/* The bytes of a file, released with free(); NULL where there is none. */
char *fmx_train_bytes(const char *path, size_t *count);

#endif
