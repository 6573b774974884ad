/* The sections of a recipe that training knows: model, train, evaluate; and the whole schema. */
#ifndef FIDMIX_TRAIN_SECTION_H
#define FIDMIX_TRAIN_SECTION_H

#include "recipe.h"

typedef enum fmx__train_source {
    FMX__TRAIN_ROWS,       /* the rows of the dataset */
    FMX__TRAIN_MIXTURES,   /* mixtures of them, made as they are needed (section `mixtures`) */
    FMX__TRAIN_MULTIPLETS, /* the toy of mixture separation (section `multiplets`) */
    FMX__TRAIN_LIBRARY,    /* mixtures made from spin systems (section `library`) */
    FMX__TRAIN_DECAYS,     /* decays of one line each (section `decays`) */
    FMX__TRAIN_QUERIES,    /* is this compound in this mixture? (sections `queries`, `library`) */
} fmx__train_source;

/* train: how a network is trained. */
typedef struct fmx__train {
    int source;         /* fmx__train_source */
    bool augment;       /* rows are augmented as they are drawn (section `augment`) */
    bool shuffle;       /* items in an order of each epoch's own; otherwise the dataset's */
    bool validate;      /* false: no validation items, the last weights are the model */
    int64_t batch;      /* items of a step */
    int64_t epochs;     /* at most */
    int64_t items;      /* mixtures of an epoch; rows: 0, all of them */
    int64_t validation; /* mixtures to validate with; rows: 0, all of the split */
    int64_t stop_patience;
    double stop_least;
    int64_t plateau_patience;
    double plateau_factor;
    double plateau_least;
    double plateau_floor;
    int64_t checkpoint; /* epochs between checkpoints */
    int64_t log_steps;  /* steps between lines of the log; 0: none */
    int64_t accumulate; /* batches whose gradients make one step */
    bool calibrate;     /* at the end logits are scaled and shifted */
} fmx__train;

/* train.average: an exponential moving average of the weights. */
typedef struct fmx__train_average {
    double decay; /* what it keeps from step to step; 0: none */
} fmx__train_average;

/* train.fold: one of several trainings, each judged on another part of the FIDs. */
typedef struct fmx__train_fold {
    int64_t count; /* 0: none */
    int64_t index; /* from 0 */
} fmx__train_fold;

/* evaluate: how a model is judged and used. */
typedef struct fmx__evaluate_options {
    double
        threshold; /* probability from which a class is named; 0: best F1 on validation mixtures */
    int64_t bootstrap;
} fmx__evaluate_options;

/* Every section that a recipe may have. */
extern const fmx__recipe_schema fmx__recipe_schema_full;

/* The section `train` of a recipe. Errors: FMX_ERROR_RECIPE (no loss, no optimiser or several). */
fmx_status fmx__train_options(fmx_context *ctx, const fmx__recipe *recipe, const fmx__train **out);

#endif
