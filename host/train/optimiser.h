/* Optimisers: from gradients to weights, a slab at a time; docs/training/optimiser.md. */
#ifndef FIDMIX_OPTIMISER_H
#define FIDMIX_OPTIMISER_H

#include "launch.h"
#include "options.h"

enum { FMX__OPTIMISER_MOMENTS = 3 };

/* Whose formulas hold where Keras and PyTorch differ. */
typedef enum fmx__optimiser_convention {
    FMX__OPTIMISER_KERAS,
    FMX__OPTIMISER_PYTORCH,
} fmx__optimiser_convention;

/* Options of every optimiser; a kind's table names those that it has, the others keep the kind's
 * defaults. */
typedef struct fmx__optimiser_options {
    double learning_rate;
    double momentum; /* 0: none */
    bool nesterov;
    bool centred;
    double beta1;
    double beta2;
    double rho;
    double epsilon;
    double weight_decay;
    double clip_value;       /* of the three clips one at most is above 0 */
    double clip_norm;        /* of each weight's gradient */
    double clip_global_norm; /* of all gradients together */
    int convention;          /* fmx__optimiser_convention */
} fmx__optimiser_options;

typedef enum fmx__optimiser_kind {
    FMX__OPTIMISER_SGD,
    FMX__OPTIMISER_ADAM,
    FMX__OPTIMISER_ADAMW, /* Adam whose decay is decoupled in either convention */
    FMX__OPTIMISER_RMSPROP,
} fmx__optimiser_kind;

/* A stage of the list `train.optimiser`. */
typedef struct fmx__optimiser {
    fmx__option_group group;
    fmx__optimiser_kind kind;
} fmx__optimiser;

/* What changes from step to step; read at every enqueue. */
typedef struct fmx__optimiser_step {
    float rate_in;  /* inside of the momentum */
    float rate_out; /* in front of the step */
    float keep;     /* 1 - learning rate times decoupled decay */
    float epsilon;  /* beside the root; Keras's rmsprop: below it */
} fmx__optimiser_step;

/* One slab. */
typedef struct fmx__optimiser_call {
    size_t count;
    fmx_buffer *value;
    fmx_buffer *const *moment; /* as many as fmx__optimiser_moments says, zero before step 1 */
    fmx_buffer *grad;
    fmx_buffer *factor;              /* its first float multiplies the gradient; NULL: 1 */
    const fmx__optimiser_step *step; /* must live as long as a recording of the call */
} fmx__optimiser_call;

/* The stages of `train.optimiser`; NULL past the last. */
const fmx__option_group *fmx__optimiser_stage(size_t index);

/* The optimiser of a stage's group. */
const fmx__optimiser *fmx__optimiser_find(const fmx__option_group *group);

/* Refuses options that contradict each other (two clips, nesterov without momentum). `where` heads
 * the message. Errors: FMX_ERROR_RECIPE. */
fmx_status fmx__optimiser_check(fmx_context *ctx, const char *where,
                                const fmx__optimiser *optimiser,
                                const fmx__optimiser_options *options);

/* How many slabs of moments the options need, and their names in checkpoints. */
size_t fmx__optimiser_moments(const fmx__optimiser *optimiser,
                              const fmx__optimiser_options *options,
                              const char *name[FMX__OPTIMISER_MOMENTS]);

/* The values of step `number`, from 1, at a learning rate. */
fmx__optimiser_step fmx__optimiser_at(const fmx__optimiser *optimiser,
                                      const fmx__optimiser_options *options, double learning_rate,
                                      uint64_t number);

/* Enqueues one step on a slab: values and moments are updated in place. */
fmx_status fmx__optimiser_run(fmx_device *device, const fmx__optimiser *optimiser,
                              const fmx__optimiser_options *options,
                              const fmx__optimiser_call *call);

#endif
