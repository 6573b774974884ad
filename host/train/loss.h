/* Losses: what a layer's output is compared with, and the gradient that starts the way back. */
#ifndef FIDMIX_LOSS_H
#define FIDMIX_LOSS_H

#include "launch.h"
#include "options.h"

typedef enum fmx__loss_kind {
    FMX__LOSS_CROSS_ENTROPY,
    FMX__LOSS_BINARY_CROSS_ENTROPY,
} fmx__loss_kind;

/* Options of every loss, stages of the list `train.loss`. */
typedef struct fmx__loss_options {
    char layer[FMX__TEXT_OPTION]; /* whose output; "": the last layer */
    double weight;
    double positive_weight; /* binary cross-entropy: of classes that are present */
} fmx__loss_options;

/* What a kind of loss needs: the layer that it must sit on (its input, the logits, is what the
 * kernel takes) and its options. */
typedef struct fmx__loss {
    fmx__option_group group;
    fmx__loss_kind kind;
    const char *activation; /* op of the layer: "softmax", "sigmoid" */
} fmx__loss;

/* The stages of `train.loss`; NULL past the last. */
const fmx__option_group *fmx__loss_stage(size_t index);

/* The loss of a stage's group. */
const fmx__loss *fmx__loss_find(const fmx__option_group *group);

/* Enqueues: losses [batch] of the rows, and grad [batch][classes] = weight / batch times the
 * gradient with respect to the logits. target: proportions [batch][classes], 0 where absent. */
fmx_status fmx__loss_run(fmx_device *device, const fmx__loss *loss,
                         const fmx__loss_options *options, size_t batch, size_t classes,
                         fmx_buffer *logits, fmx_buffer *target, fmx_buffer *losses,
                         fmx_buffer *grad);

#endif
