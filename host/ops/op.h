/* A network operation: options, shape rule, forward and backward; one per recipe name.
 *
 * Activations are float [batch][channels][positions], position fastest; a flat feature vector has
 * one position. Weights have PyTorch's names, shapes and layouts. An op knows nothing of graphs or
 * files: the graph gives it buffers and asks it to enqueue its kernels. Forward and backward only
 * enqueue (they may be recorded and repeated, host/cl/recording.h): no reads, no waits, no buffers
 * of their own beyond `saved` and `scratch`, and numbers that change from step to step through
 * fmx__arg_step_*. Every sum has a fixed order: the same inputs give the same bits.
 *
 * A stem may hold several ops: fmx_add_stem(activation ops OPS relu sigmoid) expects
 * `const fmx__op fmx__op_relu` and `fmx__op_sigmoid` in it.
 */
#ifndef FIDMIX_OP_H
#define FIDMIX_OP_H

#include "launch.h"
#include "options.h"

enum { FMX__OP_INPUTS = 16, FMX__OP_WEIGHTS = 32, FMX__OP_RANK = 4 };

/* What one item of a batch looks like. Complex values are interleaved (re, im) pairs of floats.
 *
 * A folded value (structure.c: fold) has `items` such tensors for each item of the batch, one
 * behind the other: [batch][items][channels][positions]. Only ops with `takes_items` ever see that:
 * for all others the graph makes the batch `items` times as large, so that they work on every part
 * alike, with the same weights. */
typedef struct fmx__shape {
    size_t channels;
    size_t positions;
    bool is_complex;
    size_t items; /* 0 counts as 1 */
} fmx__shape;

static inline size_t fmx__shape_items(const fmx__shape *shape)
{
    return shape->items > 0 ? shape->items : 1;
}

/* Floats of one item of the batch, with all its parts. */
static inline size_t fmx__shape_floats(const fmx__shape *shape)
{
    return fmx__shape_items(shape) * shape->channels * shape->positions *
           (shape->is_complex ? 2 : 1);
}

/* What every layer's options begin with; the graph reads it. */
typedef struct fmx__layer {
    char name[FMX__TEXT_OPTION]; /* "" : op and number, "conv1d_1" */
    char from[FMX__TEXT_OPTION]; /* names of layers or inputs, "a, b"; "": the layer above */
} fmx__layer;

/* The first rows of every op's option table; `type`'s first member is `fmx__layer layer`. */
#define FMX__LAYER_OPTIONS(type)                                                                   \
    {"name",                                                                                       \
     FMX__OPTION_TEXT,                                                                             \
     offsetof(type, layer.name),                                                                   \
     "",                                                                                           \
     0,                                                                                            \
     0,                                                                                            \
     NULL,                                                                                         \
     "name of the layer, for `from` and for its weights; empty: the op's name and a number"},      \
    {                                                                                              \
        "from", FMX__OPTION_NAMES, offsetof(type, layer.from), "", 0, 0, NULL,                     \
            "layers or inputs that it takes; empty: the layer above"                               \
    }

/* How a weight starts; laws in docs/ops/initialise.md. */
typedef enum fmx__initialiser {
    FMX__INIT_ZEROS,
    FMX__INIT_ONES,
    FMX__INIT_GLOROT_UNIFORM, /* Keras's default */
    FMX__INIT_HE_NORMAL,
    FMX__INIT_PYTORCH, /* of PyTorch's Linear and Conv1d: kaiming_uniform with a = sqrt(5) */
    FMX__INIT_GLOROT_NORMAL,
    FMX__INIT_HE_UNIFORM,
    FMX__INIT_LECUN_UNIFORM,
    FMX__INIT_LECUN_NORMAL,
    FMX__INIT_XAVIER_NORMAL,
    FMX__INIT_KAIMING_NORMAL,
    FMX__INIT_UNIFORM,
    FMX__INIT_NORMAL,
    FMX__INIT_TRUNCATED_NORMAL,
    FMX__INIT_ORTHOGONAL,
} fmx__initialiser;

/* For option tables: the names of fmx__initialiser, by value. */
extern const char *const fmx__initialiser_names[];

/* A tensor that an op owns. */
typedef struct fmx__op_weight {
    const char *name; /* as in PyTorch: "weight", "bias", "running_mean" */
    size_t rank;
    size_t dim[FMX__OP_RANK]; /* PyTorch's order */
    bool trainable;           /* false: a statistic that forward updates while training */
    fmx__initialiser init;
    size_t fan_in;
    size_t fan_out;
    double scale; /* first values are multiplied by it; 0 counts as 1 */
} fmx__op_weight;

/* Work of one call, as the stem states it. */
typedef struct fmx__op_work {
    double flops;
    double bytes;
} fmx__op_work;

/* Where an op stands: what its plan depends on. */
typedef struct fmx__op_site {
    fmx_context *ctx;
    const char *where;        /* heads messages: "s1.yml: model: conv1d_1" */
    const fmx_device *device; /* NULL: shapes and weights only (fmx info) */
    const void *options;
    size_t batch;
    bool training;
    const fmx__shape *in;
    size_t in_count;
} fmx__op_site;

/* What an op says of itself at a site. Zeroed before it is filled. */
typedef struct fmx__op_plan {
    fmx__shape out;
    fmx__op_weight weight[FMX__OP_WEIGHTS];
    size_t weight_count;
    size_t saved_bytes;   /* kept from forward to backward of the same step (training) */
    size_t scratch_bytes; /* contents do not outlive a call; the larger of forward and backward */
    bool alias;        /* out is in[0] under another shape: forward and backward are not called */
    bool keeps_input;  /* backward reads in[] */
    bool keeps_output; /* backward reads out */
    fmx__op_work forward;
    fmx__op_work backward;
} fmx__op_plan;

/* Host values that change from step to step; read at every enqueue through fmx__arg_step_*. */
typedef struct fmx__op_step {
    uint32_t seed;   /* the recipe's, folded to 32 bits */
    uint32_t number; /* of the training step, from 0 */
} fmx__op_step;

/* One call. Buffers hold at least batch items of their shapes. */
typedef struct fmx__op_call {
    fmx_device *device;
    const void *options;
    size_t batch;
    bool training;
    uint32_t layer; /* number of the layer in its graph: the item of random draws */
    const fmx__op_step *step;
    const fmx__shape *in_shape;
    size_t in_count;
    fmx__shape out_shape;
    bool relu; /* fused: out = max(out, 0); backward masks grad_out where out <= 0 */
    fmx_buffer *const *in;
    fmx_buffer *out;
    fmx_buffer *second;        /* a fused run's further output (host/graph/plan_fusion.c) */
    fmx_buffer *const *weight; /* in the plan's order */
    fmx_buffer *saved;         /* NULL when the plan asks for none */
    fmx_buffer *scratch;
    /* backward only */
    fmx_buffer *grad_out;       /* may be overwritten */
    fmx_buffer *grad_second;    /* of `second`; read only */
    fmx_buffer *const *grad_in; /* an entry is NULL when nobody wants it; written, not added to */
    fmx_buffer *const *grad_weight; /* entries of weights that are not trainable are NULL */
} fmx__op_call;

typedef struct fmx__op {
    fmx__option_group group; /* name: the op's name in recipes; options begin with fmx__layer */
    size_t least_inputs;
    size_t most_inputs;
    bool fuses_relu;  /* honours call->relu; backward then needs out (keeps_output is implied) */
    bool takes_items; /* knows in[].items and says those of out; otherwise they are in `batch` */
    /* Shape rule, weights, memory and work. Errors: FMX_ERROR_RECIPE for what the recipe's shapes
     * do not allow, naming site->where, what is there and what was expected. */
    fmx_status (*plan)(const fmx__op_site *site, fmx__op_plan *out);
    fmx_status (*forward)(const fmx__op_call *call);
    fmx_status (*backward)(const fmx__op_call *call);
} fmx__op;

/* Every op, in the order of CMakeLists.txt; generated by CMake. */
extern const fmx__op *const fmx__ops[];
extern const size_t fmx__op_count;

/* The op of a recipe name; NULL when there is none. */
const fmx__op *fmx__op_find(const char *name);

/* Fails with "where: what", FMX_ERROR_RECIPE. */
fmx_status fmx__op_refuse(const fmx__op_site *site, const char *format, ...) FMX__PRINTF(2, 3);

/* How many pieces of `b` cover `a`. */
static inline size_t fmx__op_divide_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* Bytes of `shape` for a batch: sizes are checked when the graph plans, so this cannot overflow. */
static inline size_t fmx__op_bytes(const fmx__shape *shape, size_t batch)
{
    return batch * fmx__shape_floats(shape) * sizeof(float);
}

/* Elements of a weight. */
size_t fmx__op_weight_count(const fmx__op_weight *weight);

#endif
