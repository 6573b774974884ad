/* What the files of the trainer share. */
#ifndef FIDMIX_TRAINER_INTERNAL_H
#define FIDMIX_TRAINER_INTERNAL_H

#include "loss.h"
#include "model.h"
#include "optimiser.h"
#include "optimiser_slab.h"
#include "penalty.h"
#include "recording.h"
#include "schedule.h"
#include "source.h"
#include "train_section.h"
#include "trainer.h"
#include "transfer.h"
#include "weight_file.h"

enum { FMX__TRAIN_LOSSES = 8, FMX__TRAIN_PENDING = 4, FMX__TRAIN_SCORES = 24 };

/* trainer_scores.c: sums of an epoch's validation. */
typedef struct fmx__train_scores fmx__train_scores;

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
    const fmx__source_batch *from; /* its input and targets */
    fmx__plan *plan;
    fmx__recording *recording;
} fmx__train_pass;

/* From gradients to weights. */
typedef struct fmx__train_update {
    const fmx__optimiser *optimiser;
    const fmx__optimiser_options *options;
    const fmx__train_average *average;
    const fmx__schedule *schedule;
    const fmx__schedule_options *schedule_options;
    size_t batches; /* whose gradients make one step */
    double rate;    /* learning rate of the step */
    fmx__optimiser_step step;
    fmx_buffer **moment[FMX__MOMENTS_MOST]; /* [weights.slab_count]; the averaged weights last */
    fmx_buffer **sum;                       /* gradients of several batches; NULL: of one */
    float sum_keep;                         /* 0 at the first of them, then 1 */
    float sum_share;                        /* of the batch in their items */
    float average_keep;
    float average_rest;
    fmx__norms *norms; /* NULL: there is no weight to train */
} fmx__train_update;

/* Where training stands between two epochs; all of it is in a checkpoint. */
typedef struct fmx__train_state {
    uint64_t epoch;       /* finished */
    uint64_t step;        /* finished */
    double learning_rate; /* before the schedule; the plateau lowers it */
    double best_loss;
    uint64_t best_epoch;
    uint64_t stop_wait;
    double plateau_best;
    uint64_t plateau_wait;
} fmx__train_state;

/* What waits to be written, and when that was last done (seconds; -infinity: never). */
typedef struct fmx__train_kept {
    double history_s;
    double best_s;
    bool waits;           /* the best weights so far are in `slab`, not yet in OUT.best */
    size_t history_bytes; /* of the history when they were found */
    fmx_buffer **slab;    /* [weights.slab_count]; NULL: none so far */
} fmx__train_kept;

typedef struct fmx__trainer {
    const fmx__train_job *job;
    fmx_context *ctx;
    fmx_device *device;
    const fmx__train *options;
    /* data */
    fmx__source source;
    size_t classes_target; /* number of the source's target "classes", where it has classes */
    /* network */
    fmx__graph graph;
    bool has_heads; /* the network has outputs for the source's classes */
    fmx__model_heads heads;
    fmx__weights weights;
    fmx__moments moments;
    fmx__train_update update;
    fmx__train_loss loss[FMX__TRAIN_LOSSES];
    size_t loss_count;
    fmx__penalties penalties;
    /* one step */
    fmx__op_step op_step;
    fmx__source_batch batch;
    fmx__source_batch gathered; /* several of them, for validation; no input: not needed */
    fmx_buffer *losses;    /* [loss][batch], padded; behind them the gradient's norm, the penalty */
    size_t loss_stride;    /* floats from a loss to the next */
    fmx__train_pass full;  /* whole batches */
    fmx__train_pass rest;  /* the last one of an epoch; batch 0: none */
    fmx__train_pass check; /* validation */
    fmx__recording *step;  /* the optimiser, where several batches make a step */
    fmx__download *download;
    /* validation, on the host */
    size_t validation_items;
    float *truth;    /* [items][classes] */
    float *presence; /* [items][classes] */
    float *proportion;
    fmx__train_scores *scores;
    /* state */
    fmx__train_state state;
    uint64_t first_epoch; /* where this run began, */
    double started_s;     /* and when */
    size_t table_rows;
    uint64_t bad_step; /* whose loss or gradient is not finite, from 1; 0: none so far */
    fmx__train_kept kept;
    char *recipe_text;
    char *tile_set;      /* what the bits depend on: device, driver, kernels */
    char *last_tile_set; /* that of the checkpoint; NULL: there was none */
    char *history;
    char *last; /* paths */
    char *best;
    char *csv;
    char *events; /* TensorBoard's log; NULL: none */
} fmx__trainer;

/* Figures of one epoch. */
typedef struct fmx__train_figures {
    double loss;
    double gradient_norm; /* mean over the steps, before a clip */
    double learning_rate; /* of the last step */
    double validation_loss;
    double f1;       /* micro F1 at fmx__train_threshold */
    double accuracy; /* share of items whose most probable class is the one with the most of it */
    /* of losses on other targets than compounds; beyond what there is room for they are left out */
    size_t scores;
    struct {
        char name[64]; /* column of the history */
        double value;
    } score[FMX__TRAIN_SCORES];
} fmx__train_figures;

/* Early stopping and, with `plateau`, the learning rate, as Keras's callbacks count, at the end of
 * epoch s->epoch. Returns whether it is the best. */
bool fmx__train_follow(fmx__train_state *s, const fmx__train *o, bool plateau, double loss);

/* The same for an epoch that is done once more: validates, notes nothing. */
fmx_status fmx__train_follow_again(fmx__trainer *t, fmx__train_figures *figures);

/* Weights, moments, averages and state as before the first step. */
fmx_status fmx__train_begin(fmx__trainer *t);

/* trainer_calibrate.c: scale and shift of logits with the largest likelihood, and the mean distance
 * of probabilities from what came true, in fifteen bins. */
void fmx__calibration_fit(const float *truth, const float *presence, size_t count, double *scale,
                          double *shift);
double fmx__calibration_error(const float *truth, const float *presence, size_t count);

/* Puts them into the layer below the sigmoid, after a validation; t->presence follows. Errors:
 * FMX_ERROR_RECIPE (no sigmoid, no dense layer with a bias below it). */
fmx_status fmx__train_calibrate(fmx__trainer *t);

/* trainer_table.c: tells the log of an epoch, in a line or a row. */
void fmx__train_say(fmx__trainer *t, const fmx__train_figures *figures, bool better);
double fmx__train_now_s(void);

/* trainer_replay.c: goes to step t->bad_step once more and fails with what made a value that is not
 * finite: layer, operation, forward or backward. */
fmx_status fmx__train_replay(fmx__trainer *t);

/* Whether there is another epoch. */
bool fmx__train_goes_on(const fmx__train_state *s, const fmx__train *o);

/* trainer_pass.c: plans and records the steps. */
fmx_status fmx__train_passes(fmx__trainer *t);
void fmx__train_passes_clear(fmx__trainer *t);
void fmx__train_plans_clear(fmx__trainer *t); /* only plans and recordings */

/* Enqueues one loss: into its rows of t->losses, the gradient to where the plan's backward begins.
 * What is recorded keeps the scratch. */
fmx_status fmx__train_run_loss(fmx__trainer *t, const fmx__train_pass *pass,
                               const fmx__train_loss *loss);

/* Enqueues batch `index` of the epoch under way and asks for its losses; takes, and forgets, what
 * was asked for. */
fmx_status fmx__train_step(fmx__trainer *t, size_t index);
fmx_status fmx__train_drain(fmx__trainer *t);

/* The weighted losses of `rows` rows, each with the penalty. */
double fmx__train_sum_losses(const fmx__trainer *t, const float *losses, size_t rows);

/* One epoch of steps: loss, gradient norm and learning rate. */
fmx_status fmx__train_epoch(fmx__trainer *t, fmx__train_figures *figures);

/* Probability from which an epoch's figures call a compound present: 0.5, or 0.1 without a presence
 * output. */
double fmx__train_threshold(const fmx__trainer *t);

/* Micro F1 of the validation items, classes named from a probability on; 1 where nothing is there
 * or named. */
double fmx__train_f1(const fmx__trainer *t, double threshold);

/* trainer_check.c: the source's batches that validation takes at a time: several where they are
 * small, for whom a pass is little but its launches. */
size_t fmx__train_check_batches(const fmx__trainer *t);

/* The validation items through the network: losses, truth, presence, proportion. */
fmx_status fmx__train_validate(fmx__trainer *t, fmx__train_figures *figures);

/* trainer_update.c. Which optimiser the recipe names; slabs of weights' size that it needs with
 * sums and averages. */
fmx_status fmx__train_find_optimiser(fmx__trainer *t);
size_t fmx__train_update_slabs(const fmx__trainer *t);

/* Makes them, for weights that are there. */
fmx_status fmx__train_open_update(fmx__trainer *t);
void fmx__train_close_update(fmx__trainer *t);
fmx_status fmx__train_zero_moments(fmx__trainer *t);

/* Whether weights are averaged; averages begin as the weights; both change places. */
bool fmx__train_averages(const fmx__trainer *t);
fmx_status fmx__train_start_average(fmx__trainer *t);
fmx_status fmx__train_swap_average(fmx__trainer *t);

/* Steps of the optimiser in an epoch, and whether one follows batch `index`. */
size_t fmx__train_updates(const fmx__trainer *t);
bool fmx__train_updates_behind(const fmx__trainer *t, size_t index);

/* Sets what the commands read for batch `index` of the epoch under way, filled already. */
void fmx__train_update_at(fmx__trainer *t, size_t index);

/* Enqueue: the batch's gradients into their sum; norms, optimiser and average. */
fmx_status fmx__train_sum_commands(fmx__trainer *t);
fmx_status fmx__train_update_commands(fmx__trainer *t);

/* trainer_scores.c. For losses on labels: share of labels named right, at their own position and
 * at any, hits per mixture as published and their mean over the epochs; on numbers: root mean
 * squared error and R2, the mean over channels; of several losses each loss. `open` adds their
 * columns to the head of the history; then for each validation begin, batches (`losses` as
 * downloaded), end. */
fmx_status fmx__train_scores_open(fmx__trainer *t);
void fmx__train_scores_close(fmx__trainer *t);
void fmx__train_scores_begin(fmx__trainer *t);
fmx_status fmx__train_scores_batch(fmx__trainer *t, const float *losses, size_t count);
void fmx__train_scores_end(fmx__trainer *t, fmx__train_figures *figures);

/* The scores as the end of a row of the history, or for the log, there with F1 and accuracy. Longer
 * text than FMX__TRAIN_SCORES_TEXT is cut. */
enum { FMX__TRAIN_SCORES_TEXT = 2048 };
void fmx__train_scores_text(const fmx__trainer *t, const fmx__train_figures *figures, bool as_row,
                            char *out, size_t bytes);

/* trainer_best.c. The history beside the model, at most once a second unless `at_once`; what there
 * is of it where a training fails or is interrupted. */
fmx_status fmx__train_write_history(fmx__trainer *t, bool at_once);
void fmx__train_leave_history(const fmx__trainer *t);

/* The weights are the best so far: writes OUT.best or, if that was done within a second, keeps them
 * on the device until fmx__train_write_best. A checkpoint that counts them as best needs the file
 * (`at_once`) in front of it; a training that is killed in between finds the same ones again. */
fmx_status fmx__train_keep_best(fmx__trainer *t);
fmx_status fmx__train_write_best(fmx__trainer *t, bool at_once);
void fmx__train_best_close(fmx__trainer *t);

/* trainer_state.c; `note` adds a row to the history. */
fmx_status fmx__train_paths(fmx__trainer *t);
fmx_status fmx__train_write(fmx__trainer *t, const char *path, bool with_state, double threshold);
fmx_status fmx__train_note(fmx__trainer *t, const fmx__train_figures *figures);

/* Goes on from OUT.last where there is one and `resume` asks for it; *finished: OUT is there
 * already, by the same recipe. */
fmx_status fmx__train_resume(fmx__trainer *t, bool *finished);

/* Fills t->tile_set when the steps are recorded; a checkpoint of another one is refused. Errors:
 * FMX_ERROR_EXISTS, FMX_ERROR_MEMORY. */
fmx_status fmx__train_check_tiles(fmx__trainer *t);

/* Goes back to OUT.last. */
fmx_status fmx__train_restore(fmx__trainer *t);

/* The weights of a file. */
fmx_status fmx__train_load(fmx__trainer *t, const char *path);

/* Removes what only an unfinished training needs. */
void fmx__train_tidy(const fmx__trainer *t);

#endif
