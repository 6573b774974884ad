/* Optimisers: from gradients to weights, a slab at a time. */
#ifndef FIDMIX_OPTIMISER_H
#define FIDMIX_OPTIMISER_H

#include "launch.h"
#include "options.h"

/* Options of `adam`, a stage of the list `train.optimiser`. */
typedef struct fmx__adam {
    double learning_rate;
    double beta1;
    double beta2;
    double epsilon;
    int convention; /* 0: Keras's place of epsilon, 1: PyTorch's */
} fmx__adam;

enum { FMX__ADAM_KERAS, FMX__ADAM_PYTORCH };

/* What changes from step to step; read at every enqueue. */
typedef struct fmx__adam_step {
    float rate;
    float epsilon;
} fmx__adam_step;

/* The stages of `train.optimiser`; NULL past the last. */
const fmx__option_group *fmx__optimiser_stage(size_t index);

/* The values of step `number`, from 1, at a learning rate. */
fmx__adam_step fmx__adam_at(const fmx__adam *adam, double learning_rate, uint64_t number);

/* Enqueues one step on `count` weights: value, and moments m and v (zero before the first step),
 * are updated in place. `step` must live as long as a recording of the call. */
fmx_status fmx__adam_run(fmx_device *device, const fmx__adam *adam, size_t count, fmx_buffer *value,
                         fmx_buffer *m, fmx_buffer *v, fmx_buffer *grad,
                         const fmx__adam_step *step);

#endif
