/* What the files of the trainer share. */
#ifndef FIDMIX_TRAINER_INTERNAL_H
#define FIDMIX_TRAINER_INTERNAL_H

#include "loss.h"
#include "model.h"
#include "optimiser.h"
#include "recording.h"
#include "source.h"
#include "train_section.h"
#include "trainer.h"
#include "transfer.h"
#include "weight_file.h"

enum { FMX__TRAIN_LOSSES = 8, FMX__TRAIN_PENDING = 4 };

/* One loss on a layer. */
typedef struct fmx__train_loss {
    const fmx__loss *loss;
    const fmx__loss_options *options;
    size_t output; /* value of the graph: the layer's output */
    size_t value;  /* what the loss takes: that, or the logits below it */
    size_t target; /* of the source */
    fmx__shape target_shape;
    fmx_buffer *losses; /* [batch], view */
} fmx__train_loss;

/* Forward, losses and, while training, backward and optimiser for one size of batch. */
typedef struct fmx__train_pass {
    size_t batch;
    fmx__plan *plan;
    fmx__recording *recording;
} fmx__train_pass;

/* Where training stands between two epochs; all of it is in a checkpoint. */
typedef struct fmx__train_state {
    uint64_t epoch; /* finished */
    uint64_t step;  /* finished */
    double learning_rate;
    double best_loss;
    uint64_t best_epoch;
    uint64_t stop_wait;
    double plateau_best;
    uint64_t plateau_wait;
} fmx__train_state;

typedef struct fmx__trainer {
    const fmx__train_job *job;
    fmx_context *ctx;
    fmx_device *device;
    const fmx__train *options;
    const fmx__adam *adam;
    /* data */
    fmx__source source;
    size_t classes_target; /* number of the source's target "classes", where it has classes */
    /* network */
    fmx__graph graph;
    bool has_heads; /* the network has outputs for the source's classes */
    fmx__model_heads heads;
    fmx__weights weights;
    fmx_buffer **moment[FMX__MOMENTS_MOST]; /* [weights.slab_count] */
    fmx__moments moments;
    fmx__train_loss loss[FMX__TRAIN_LOSSES];
    size_t loss_count;
    /* one step */
    fmx__op_step op_step;
    fmx__adam_step adam_step;
    fmx__source_batch batch;
    fmx_buffer *losses;    /* [loss][batch], padded */
    size_t loss_stride;    /* floats from a loss to the next */
    fmx__train_pass full;  /* whole batches */
    fmx__train_pass rest;  /* the last one of an epoch; batch 0: none */
    fmx__train_pass check; /* validation */
    fmx__download *download;
    /* validation, on the host */
    size_t validation_items;
    float *truth;    /* [items][classes] */
    float *presence; /* [items][classes] */
    float *proportion;
    /* state */
    fmx__train_state state;
    char *recipe_text;
    char *history;
    char *last; /* paths */
    char *best;
    char *csv;
} fmx__trainer;

/* Figures of one epoch. */
typedef struct fmx__train_figures {
    double loss;
    double validation_loss;
    double f1;       /* micro F1 at fmx__train_threshold */
    double accuracy; /* share of items whose most probable class is the one with the most of it */
} fmx__train_figures;

/* Early stopping and the plateau, as Keras's callbacks count, at the end of epoch s->epoch. Returns
 * whether it is the best. */
bool fmx__train_follow(fmx__train_state *s, const fmx__train *o, double loss);

/* Whether there is another epoch. */
bool fmx__train_goes_on(const fmx__train_state *s, const fmx__train *o);

/* trainer_pass.c: plans and records the steps. */
fmx_status fmx__train_passes(fmx__trainer *t);
void fmx__train_passes_clear(fmx__trainer *t);

/* One epoch of steps; *loss is their mean over items. */
fmx_status fmx__train_epoch(fmx__trainer *t, double *loss);

/* Probability from which an epoch's figures call a compound present: 0.5, or 0.1 without a presence
 * output. */
double fmx__train_threshold(const fmx__trainer *t);

/* Micro F1 of the validation items, classes named from a probability on; 1 where nothing is there
 * or named. */
double fmx__train_f1(const fmx__trainer *t, double threshold);

/* The validation items through the network: losses, truth, presence, proportion. */
fmx_status fmx__train_validate(fmx__trainer *t, fmx__train_figures *figures);

/* trainer_state.c */
fmx_status fmx__train_paths(fmx__trainer *t);
fmx_status fmx__train_write(fmx__trainer *t, const char *path, bool with_state, double threshold);
fmx_status fmx__train_note(fmx__trainer *t, const fmx__train_figures *figures);

/* Goes on from OUT.last where there is one and `resume` asks for it; *finished: OUT is there
 * already, by the same recipe. */
fmx_status fmx__train_resume(fmx__trainer *t, bool *finished);

/* The weights of a file. */
fmx_status fmx__train_load(fmx__trainer *t, const char *path);

/* Removes what only an unfinished training needs. */
void fmx__train_tidy(const fmx__trainer *t);

#endif
