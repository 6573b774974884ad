/* Learning rates that follow a plan: what the optimiser's rate is multiplied by at each step. */
#ifndef FIDMIX_SCHEDULE_H
#define FIDMIX_SCHEDULE_H

#include "options.h"

typedef enum fmx__schedule_kind {
    FMX__SCHEDULE_PLATEAU, /* follows the validation loss: the trainer's business */
    FMX__SCHEDULE_CONSTANT,
    FMX__SCHEDULE_STEP,
    FMX__SCHEDULE_EXPONENTIAL,
    FMX__SCHEDULE_COSINE,
} fmx__schedule_kind;

typedef enum fmx__schedule_unit { FMX__SCHEDULE_STEPS, FMX__SCHEDULE_EPOCHS } fmx__schedule_unit;

/* Options of every schedule; lengths in steps of the optimiser, or in epochs. */
typedef struct fmx__schedule_options {
    double factor;
    int64_t every;
    fmx__numbers at; /* step: falls there instead of every so often */
    bool staircase;
    int64_t length; /* cosine: behind the warm-up; 0: to the end of the training */
    double floor;   /* cosine: share of the rate */
    int64_t warmup;
    double warmup_from; /* share of the rate */
    int unit;           /* fmx__schedule_unit */
} fmx__schedule_options;

/* A stage of the list `train.schedule`. */
typedef struct fmx__schedule {
    fmx__option_group group;
    fmx__schedule_kind kind;
} fmx__schedule;

/* The stages of `train.schedule`; NULL past the last. */
const fmx__option_group *fmx__schedule_stage(size_t index);

/* The schedule of a stage's group. */
const fmx__schedule *fmx__schedule_find(const fmx__option_group *group);

/* Where a training stands. */
typedef struct fmx__schedule_place {
    uint64_t step; /* of the optimiser, from 0 */
    uint64_t epoch;
    uint64_t steps; /* of the whole training, at most */
    uint64_t epochs;
} fmx__schedule_place;

/* What the learning rate is multiplied by there; 1 for the plateau. */
double fmx__schedule_share(const fmx__schedule *schedule, const fmx__schedule_options *options,
                           const fmx__schedule_place *place);

#endif
