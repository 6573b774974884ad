/* Losses: what a layer's output is compared with, and the gradient that starts the way back.
 *
 * A loss sits on a layer and takes a target by name; a source of items gives the named targets,
 * each float [batch][channels][positions] with a shape of its own (docs/training/loss.md):
 *     "classes"   proportions [C][1], 0 where absent
 *     "labels"    class indices as floats [S][1], -1 where there is none
 *     "sources"   spectra of the constituents [S][P], all zero where absent
 *     "spectrum"  [1][P]
 *     "line"      [3][1]
 * The trainer asks for the target's name, checks shapes with fmx__loss_check, gives the logits or
 * the layer's own output as fmx__loss_takes_logits says, and scratch of fmx__loss_scratch bytes.
 */
#ifndef FIDMIX_LOSS_H
#define FIDMIX_LOSS_H

#include "op.h"

typedef enum fmx__loss_kind {
    FMX__LOSS_CROSS_ENTROPY,
    FMX__LOSS_BINARY_CROSS_ENTROPY,
    FMX__LOSS_MSE,
    FMX__LOSS_MAE,
    FMX__LOSS_HUBER,
    FMX__LOSS_SI_SNR,
} fmx__loss_kind; /* kernels/loss.cl knows the numbers */

/* Whether the order of the sources matters, and who puts them in order: assignment.h. */
typedef enum fmx__loss_permutation {
    FMX__LOSS_IN_ORDER,
    FMX__LOSS_PERMUTE_AUTO, /* exhaustive as far as that goes */
    FMX__LOSS_PERMUTE_EXHAUSTIVE,
    FMX__LOSS_PERMUTE_HUNGARIAN,
} fmx__loss_permutation;

/* Options of every loss, stages of the list `train.loss`; a kind's table has those it knows. */
typedef struct fmx__loss_options {
    char layer[FMX__TEXT_OPTION];  /* whose output; "": the last layer */
    char target[FMX__TEXT_OPTION]; /* name of the target */
    double weight;
    double positive_weight; /* binary cross-entropy: of classes that are present */
    double delta;           /* Huber: where the parabola ends */
    double epsilon;         /* SI-SNR: added to energies */
    int permutation;        /* fmx__loss_permutation */
    bool double_softmax;    /* cross-entropy: of the softmax layer's output, as if it were logits */
} fmx__loss_options;

/* A kind of loss. */
typedef struct fmx__loss {
    fmx__option_group group; /* the defaults name the kind's usual target */
    fmx__loss_kind kind;
    const char *activation; /* op of the layer that it must sit on, "softmax"; NULL: any */
} fmx__loss;

/* Where a loss stands in a recipe. */
typedef struct fmx__loss_site {
    fmx_context *ctx;
    const char *where; /* heads messages: "s2.yml: train.loss.mse" */
    const char *layer; /* name of the layer, or of an input of the model */
    const char *op;    /* of the layer; NULL: an input */
    fmx__shape output; /* of the layer: logits have the same */
    fmx__shape target;
} fmx__loss_site;

/* One call. Buffers hold at least `batch` items of their shapes. */
typedef struct fmx__loss_call {
    fmx_device *device;
    const fmx__loss *loss;
    const fmx__loss_options *options;
    size_t batch;
    fmx__shape output_shape;
    fmx_buffer *output; /* the logits where fmx__loss_takes_logits says so */
    fmx__shape target_shape;
    fmx_buffer *target;
    fmx_buffer *losses;  /* [batch], without the weight */
    fmx_buffer *grad;    /* as output: weight / batch times dL/doutput; NULL: not wanted */
    fmx_buffer *scratch; /* fmx__loss_scratch bytes; NULL where that is 0 */
} fmx__loss_call;

/* The stages of `train.loss`; NULL past the last. */
const fmx__option_group *fmx__loss_stage(size_t index);

/* The loss of a stage's group, or of a name; NULL when there is none. */
const fmx__loss *fmx__loss_find(const fmx__option_group *group);
const fmx__loss *fmx__loss_named(const char *name);

/* Whether the kernel takes the input of the layer (below softmax or sigmoid, where no precision is
 * lost at probabilities of 0 and 1) and gives the gradient of that, or the layer's own output. */
bool fmx__loss_takes_logits(const fmx__loss *loss, const fmx__loss_options *options);

/* Whether the target of a cross-entropy has a class for each position, not a value for each class.
 */
bool fmx__loss_has_labels(const fmx__loss *loss, const fmx__shape *output,
                          const fmx__shape *target);

/* Errors: FMX_ERROR_RECIPE for a layer or shapes that the loss cannot take, naming both. */
fmx_status fmx__loss_check(const fmx__loss *loss, const fmx__loss_options *options,
                           const fmx__loss_site *site);

/* Bytes of scratch that a call needs, 0 for none. Shapes have passed fmx__loss_check. */
size_t fmx__loss_scratch(const fmx__loss_call *call);

/* Enqueues: losses and grad. Waits for nothing, so it can be recorded. The same inputs give the
 * same bits. Errors: those of fmx__launch_kernel. */
fmx_status fmx__loss_run(const fmx__loss_call *call);

#endif
