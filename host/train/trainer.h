/* Training: a recipe and a dataset become a model file. docs/training/training.md. */
#ifndef FIDMIX_TRAINER_H
#define FIDMIX_TRAINER_H

#include "fidmix/device.h"
#include "recipe.h"

typedef struct fmx__train_job {
    fmx_device *device;
    fmx__recipe *recipe; /* its axis is set to the dataset's */
    const char *spectra; /* dataset; NULL: the recipe's source generates its items */
    const char *out;     /* model.safetensors; beside it OUT.last and OUT.best while training, and
                            OUT.history.csv */
    const char *events;  /* folder for TensorBoard's log; NULL: none is written */
    const char *init;    /* weights to start from; NULL: the initialisers' */
    bool resume;         /* go on from OUT.last where it is */
    bool keep;           /* OUT.last and OUT.best stay, to go on with more epochs */
    bool table;          /* epochs are logged as rows of a table, for a terminal */
} fmx__train_job;

typedef struct fmx__train_result {
    size_t classes;
    bool names_compounds; /* presence, proportion, F1 and threshold have a meaning */
    size_t parameters;
    size_t epochs;     /* trained in all */
    size_t best_epoch; /* counted from 1 */
    double best_loss;  /* validation loss there */
    double best_f1;    /* micro F1 on the validation items at the threshold chosen */
    double threshold;
    bool finished_before; /* the model was there already */
} fmx__train_result;

/* Runs to the end, or until Ctrl-C. Errors: FMX_ERROR_EXISTS (the output or an unfinished training
 * is there, or was made by another recipe), FMX_ERROR_RECIPE (no model, loss or optimiser; outputs
 * that are not the dataset's classes), FMX_ERROR_FORMAT (labels, NaN in a spectrum, a loss that is
 * not finite), FMX_ERROR_INTERRUPTED (go on with resume), those of reading, writing and the device.
 */
fmx_status fmx__train_run(const fmx__train_job *job, fmx__train_result *result);

#endif
