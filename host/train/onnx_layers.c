#include "onnx_translate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct translation {
    const char *op; /* of recipes */
    void (*add)(const fmx__onnx_layer *l);
} translation;

static const void *option_at(const fmx__onnx_layer *l, const char *key, fmx__option_type *type)
{
    const fmx__option_group *group = &l->layer->op->group;
    for (size_t i = 0; i < group->option_count; ++i) {
        if (strcmp(group->options[i].key, key) == 0) {
            *type = group->options[i].type;
            return (const char *)l->layer->options + group->options[i].offset;
        }
    }
    *type = FMX__OPTION_TEXT;
    return NULL;
}

int64_t fmx__onnx_whole(const fmx__onnx_layer *l, const char *key)
{
    fmx__option_type type;
    const void *at = option_at(l, key, &type);
    if (at == NULL)
        return 0;
    return type == FMX__OPTION_BOOL     ? *(const bool *)at
           : type == FMX__OPTION_CHOICE ? *(const int *)at
                                        : *(const int64_t *)at;
}

double fmx__onnx_number(const fmx__onnx_layer *l, const char *key)
{
    fmx__option_type type;
    const void *at = option_at(l, key, &type);
    return at != NULL && type == FMX__OPTION_NUMBER ? *(const double *)at : 0;
}

static void refuse(const fmx__onnx_layer *l, const char *why)
{
    if (l->o->status == FMX_OK)
        l->o->status = fmx__fail(l->o->ctx, FMX_ERROR_UNSUPPORTED, "%s: model: %s: %s %s",
                                 l->graph->where, l->layer->name, l->layer->op->group.name, why);
}

/* ---- nodes ------------------------------------------------------------------------------------
 */

const char *fmx__onnx_apply(fmx__onnx *o, const char *op, const char *a, const char *b)
{
    const char *in[2] = {a, b};
    const char *out = fmx__onnx_text(o, "value_%zu", o->graph.n_node);
    fmx__onnx_node(o, op, in, b != NULL ? 2 : 1, out);
    return out;
}

const char *fmx__onnx_transpose(fmx__onnx *o, const char *from, const int64_t *order, size_t rank,
                                const char *out)
{
    const char *name = out != NULL ? out : fmx__onnx_text(o, "value_%zu", o->graph.n_node);
    fmx__onnx_list(o, fmx__onnx_node(o, "Transpose", &from, 1, name), "perm", order, rank);
    return name;
}

const char *fmx__onnx_reshape(fmx__onnx *o, const char *from, const int64_t *shape, size_t rank,
                              const char *out)
{
    const char *name = out != NULL ? out : fmx__onnx_text(o, "value_%zu", o->graph.n_node);
    const char *in[2] = {from, fmx__onnx_ints(o, shape, rank)};
    fmx__onnx_node(o, "Reshape", in, 2, name);
    return name;
}

/* A weight of the layer under the name "layer.weight", in another shape of as many values. */
static const char *weight(const fmx__onnx_layer *l, size_t index, size_t rank, const size_t *dim)
{
    const fmx__op_weight *spec = &l->layer->plan.weight[index];
    return fmx__onnx_floats(l->o, fmx__onnx_text(l->o, "%s.%s", l->layer->name, spec->name), rank,
                            dim, l->weight[index]);
}

const char *fmx__onnx_own_weight(const fmx__onnx_layer *l, size_t index)
{
    const fmx__op_weight *spec = &l->layer->plan.weight[index];
    return weight(l, index, spec->rank, spec->dim);
}

/* ---- convolutions and dense --------------------------------------------------------------------
 */

/* Zeros in front of and behind n positions for `out` windows of `reach`; `all_in_front`: causal. */
static void pads_of(size_t n, size_t out, size_t stride, size_t reach, bool all_in_front,
                    int64_t pads[2])
{
    int64_t total = (int64_t)((out - 1) * stride + reach) - (int64_t)n;
    total = total > 0 ? total : 0;
    pads[0] = all_in_front ? total : total / 2;
    pads[1] = total - pads[0];
}

/* Conv or ConvTranspose with what both have. */
static Onnx__NodeProto *convolve(const fmx__onnx_layer *l, const char *op, const int64_t pads[2])
{
    bool bias = l->layer->plan.weight_count > 1;
    const char *in[3] = {l->in[0], fmx__onnx_own_weight(l, 0),
                         bias ? fmx__onnx_own_weight(l, 1) : NULL};
    int64_t kernel = fmx__onnx_whole(l, "kernel");
    int64_t stride = fmx__onnx_whole(l, "stride");
    int64_t dilation = fmx__onnx_whole(l, "dilation");
    Onnx__NodeProto *n = fmx__onnx_layer_node(l, op, in, bias ? 3 : 2);
    fmx__onnx_list(l->o, n, "kernel_shape", &kernel, 1);
    fmx__onnx_list(l->o, n, "strides", &stride, 1);
    fmx__onnx_list(l->o, n, "dilations", &dilation, 1);
    fmx__onnx_list(l->o, n, "pads", pads, 2);
    return n;
}

static size_t reach_of(const fmx__onnx_layer *l)
{
    return (size_t)((fmx__onnx_whole(l, "kernel") - 1) * fmx__onnx_whole(l, "dilation") + 1);
}

static void add_conv1d(const fmx__onnx_layer *l)
{
    int64_t pads[2] = {0, 0};
    if (fmx__onnx_whole(l, "padding") == 0) /* same */
        pads_of(fmx__onnx_shape_of(l, 0)->positions, l->layer->plan.out.positions,
                (size_t)fmx__onnx_whole(l, "stride"), reach_of(l), false, pads);
    convolve(l, "Conv", pads);
}

/* padding: "same", "valid", "causal" or a number */
static void add_depthwise(const fmx__onnx_layer *l)
{
    fmx__option_type type;
    const char *padding = option_at(l, "padding", &type);
    int64_t pads[2] = {0, 0};
    if (strcmp(padding, "same") == 0 || strcmp(padding, "causal") == 0)
        pads_of(fmx__onnx_shape_of(l, 0)->positions, l->layer->plan.out.positions,
                (size_t)fmx__onnx_whole(l, "stride"), reach_of(l), padding[0] == 'c', pads);
    else if (strcmp(padding, "valid") != 0)
        pads[0] = pads[1] = strtol(padding, NULL, 10);
    fmx__onnx_int(l->o, convolve(l, "Conv", pads), "group",
                  (int64_t)fmx__onnx_shape_of(l, 0)->channels);
}

static void add_conv1d_transpose(const fmx__onnx_layer *l)
{
    int64_t more = fmx__onnx_whole(l, "output_padding");
    int64_t pads[2] = {fmx__onnx_whole(l, "padding"), fmx__onnx_whole(l, "padding")};
    fmx__onnx_list(l->o, convolve(l, "ConvTranspose", pads), "output_padding", &more, 1);
}

/* A flat feature vector is [batch][features][1]: a convolution of one tap. */
static void add_dense(const fmx__onnx_layer *l)
{
    const fmx__op_weight *spec = &l->layer->plan.weight[0];
    const size_t dim[3] = {spec->dim[0], spec->dim[1], 1};
    const char *in[3] = {l->in[0], weight(l, 0, 3, dim),
                         l->layer->plan.weight_count > 1 ? fmx__onnx_own_weight(l, 1) : NULL};
    if (fmx__onnx_shape_of(l, 0)->positions != 1) {
        refuse(l, "of more than one position cannot be exported");
        return;
    }
    fmx__onnx_layer_node(l, "Conv", in, l->layer->plan.weight_count > 1 ? 3 : 2);
}

/* ---- pools ------------------------------------------------------------------------------------
 */

static void pool(const fmx__onnx_layer *l, const char *op, size_t window, size_t stride, bool same)
{
    int64_t pads[2] = {0, 0};
    int64_t kernel = (int64_t)window;
    int64_t step = (int64_t)stride;
    if (same)
        pads_of(fmx__onnx_shape_of(l, 0)->positions, l->layer->plan.out.positions, stride, window,
                false, pads);
    Onnx__NodeProto *n = fmx__onnx_layer_node(l, op, l->in, 1);
    fmx__onnx_list(l->o, n, "kernel_shape", &kernel, 1);
    fmx__onnx_list(l->o, n, "strides", &step, 1);
    fmx__onnx_list(l->o, n, "pads", pads, 2);
    if (strcmp(op, "AveragePool") == 0)
        fmx__onnx_int(l->o, n, "count_include_pad", fmx__onnx_whole(l, "count_padding"));
}

static void add_pool(const fmx__onnx_layer *l)
{
    bool max = strcmp(l->layer->op->group.name, "max_pool") == 0;
    size_t window = (size_t)fmx__onnx_whole(l, "window");
    size_t stride = (size_t)fmx__onnx_whole(l, "stride");
    pool(l, max ? "MaxPool" : "AveragePool", window, stride > 0 ? stride : window,
         fmx__onnx_whole(l, "padding") == 0);
}

static void add_adaptive_pool(const fmx__onnx_layer *l)
{
    bool max = strcmp(l->layer->op->group.name, "adaptive_max_pool") == 0;
    size_t n = fmx__onnx_shape_of(l, 0)->positions;
    size_t out = l->layer->plan.out.positions;
    if (n % out != 0)
        refuse(l, "with bins of different sizes cannot be exported");
    else
        pool(l, max ? "MaxPool" : "AveragePool", n / out, n / out, false);
}

/* ---- activations ------------------------------------------------------------------------------
 */

static void add_plain(const fmx__onnx_layer *l)
{
    static const char *const ops[][2] = {
        {"relu", "Relu"}, {"sigmoid", "Sigmoid"},  {"tanh", "Tanh"},
        {"selu", "Selu"}, {"dropout", "Identity"}, {"add", "Sum"},
    };
    for (size_t i = 0; i < FMX__COUNT(ops); ++i) {
        if (strcmp(l->layer->op->group.name, ops[i][0]) == 0)
            fmx__onnx_layer_node(l, ops[i][1], l->in, l->layer->in_count);
    }
}

static void add_leaky_relu(const fmx__onnx_layer *l)
{
    fmx__onnx_float(l->o, fmx__onnx_layer_node(l, "LeakyRelu", l->in, 1), "alpha",
                    fmx__onnx_number(l, "negative_slope"));
}

static void add_elu(const fmx__onnx_layer *l)
{
    fmx__onnx_float(l->o, fmx__onnx_layer_node(l, "Elu", l->in, 1), "alpha",
                    fmx__onnx_number(l, "alpha"));
}

static void add_relu6(const fmx__onnx_layer *l)
{
    const char *in[3] = {l->in[0], fmx__onnx_scalar(l->o, 0), fmx__onnx_scalar(l->o, 6)};
    fmx__onnx_layer_node(l, "Clip", in, 3);
}

static void add_silu(const fmx__onnx_layer *l)
{
    const char *in[2] = {l->in[0], fmx__onnx_apply(l->o, "Sigmoid", l->in[0], NULL)};
    fmx__onnx_layer_node(l, "Mul", in, 2);
}

/* x P(x), P the normal distribution or its approximation by a hyperbolic tangent. */
static void add_gelu(const fmx__onnx_layer *l)
{
    fmx__onnx *o = l->o;
    const char *x = l->in[0];
    const char *inner = NULL;
    if (fmx__onnx_whole(l, "approximate") == 0) {
        inner = fmx__onnx_apply(o, "Mul", x, fmx__onnx_scalar(o, 0.70710678118654752));
        inner = fmx__onnx_apply(o, "Erf", inner, NULL);
    } else {
        const char *cube = fmx__onnx_apply(o, "Mul", fmx__onnx_apply(o, "Mul", x, x), x);
        cube = fmx__onnx_apply(o, "Mul", cube, fmx__onnx_scalar(o, 0.044715));
        inner = fmx__onnx_apply(o, "Add", x, cube);
        inner = fmx__onnx_apply(o, "Mul", inner, fmx__onnx_scalar(o, 0.79788456080286536));
        inner = fmx__onnx_apply(o, "Tanh", inner, NULL);
    }
    const char *share = fmx__onnx_apply(o, "Add", inner, fmx__onnx_scalar(o, 1));
    const char *half = fmx__onnx_apply(o, "Mul", x, fmx__onnx_scalar(o, 0.5));
    const char *in[2] = {half, share};
    fmx__onnx_layer_node(l, "Mul", in, 2);
}

static void add_softplus(const fmx__onnx_layer *l)
{
    const char *beta = fmx__onnx_scalar(l->o, fmx__onnx_number(l, "beta"));
    const char *scaled = fmx__onnx_apply(l->o, "Mul", l->in[0], beta);
    const char *in[2] = {fmx__onnx_apply(l->o, "Softplus", scaled, NULL), beta};
    fmx__onnx_layer_node(l, "Div", in, 2);
}

/* sign(x) ln(1 + |x| / scale) */
static void add_compress(const fmx__onnx_layer *l)
{
    fmx__onnx *o = l->o;
    const char *size = fmx__onnx_apply(o, "Abs", l->in[0], NULL);
    size = fmx__onnx_apply(o, "Div", size, fmx__onnx_scalar(o, fmx__onnx_number(l, "scale")));
    size = fmx__onnx_apply(o, "Log", fmx__onnx_apply(o, "Add", size, fmx__onnx_scalar(o, 1)), NULL);
    const char *in[2] = {fmx__onnx_apply(o, "Sign", l->in[0], NULL), size};
    fmx__onnx_layer_node(l, "Mul", in, 2);
}

static void add_prelu(const fmx__onnx_layer *l)
{
    const size_t dim[2] = {l->layer->plan.weight[0].dim[0], 1};
    const char *in[2] = {l->in[0], weight(l, 0, 2, dim)};
    fmx__onnx_layer_node(l, "PRelu", in, 2);
}

static void add_softmax(const fmx__onnx_layer *l)
{
    fmx__onnx_int(l->o, fmx__onnx_layer_node(l, "Softmax", l->in, 1), "axis", 1);
}

/* ---- normalisation ----------------------------------------------------------------------------
 */

static void add_batch_norm(const fmx__onnx_layer *l)
{
    static const double conventional[2] = {1e-3, 1e-5}; /* Keras, PyTorch */
    double epsilon = fmx__onnx_number(l, "epsilon");
    const char *in[5] = {l->in[0], fmx__onnx_own_weight(l, 0), fmx__onnx_own_weight(l, 1),
                         fmx__onnx_own_weight(l, 2), fmx__onnx_own_weight(l, 3)};
    if (!(epsilon > 0))
        epsilon = conventional[fmx__onnx_whole(l, "convention") != 0];
    fmx__onnx_float(l->o, fmx__onnx_layer_node(l, "BatchNormalization", in, 5), "epsilon", epsilon);
}

/* weight_c x + bias_c, where the layer has them. */
static void affine(const fmx__onnx_layer *l, const char *x)
{
    const size_t dim[2] = {fmx__onnx_shape_of(l, 0)->channels, 1};
    if (l->layer->plan.weight_count < 2) {
        fmx__onnx_node(l->o, "Identity", &x, 1, l->out);
        return;
    }
    const char *in[2] = {fmx__onnx_apply(l->o, "Mul", x, weight(l, 0, 2, dim)),
                         weight(l, 1, 2, dim)};
    fmx__onnx_layer_node(l, "Add", in, 2);
}

static const char *ones_or_zeros(const fmx__onnx_layer *l, size_t count, float value)
{
    float *data = fmx__onnx_keep(l->o, count, sizeof *data);
    for (size_t i = 0; data != NULL && i < count; ++i)
        data[i] = value;
    return data != NULL ? fmx__onnx_floats(l->o, NULL, 1, &count, data) : "";
}

/* Each set of channels is one channel of an instance normalisation. */
static void add_group_norm(const fmx__onnx_layer *l)
{
    bool global = strcmp(l->layer->op->group.name, "global_layer_norm") == 0;
    size_t groups = global ? 1 : (size_t)fmx__onnx_whole(l, "groups");
    const fmx__shape *in = fmx__onnx_shape_of(l, 0);
    const int64_t sets[3] = {0, (int64_t)groups, -1};
    const int64_t back[3] = {0, (int64_t)in->channels, (int64_t)in->positions};
    const char *x[3] = {fmx__onnx_reshape(l->o, l->in[0], sets, 3, NULL),
                        ones_or_zeros(l, groups, 1), ones_or_zeros(l, groups, 0)};
    const char *name = fmx__onnx_text(l->o, "%s.sets", l->out);
    fmx__onnx_float(l->o, fmx__onnx_node(l->o, "InstanceNormalization", x, 3, name), "epsilon",
                    fmx__onnx_number(l, "epsilon"));
    affine(l, fmx__onnx_reshape(l->o, name, back, 3, NULL));
}

/* The channels at each position. */
static void add_layer_norm(const fmx__onnx_layer *l)
{
    static const int64_t swap[3] = {0, 2, 1};
    size_t channels = fmx__onnx_shape_of(l, 0)->channels;
    const char *x[2] = {fmx__onnx_transpose(l->o, l->in[0], swap, 3, NULL),
                        ones_or_zeros(l, channels, 1)};
    const char *name = fmx__onnx_text(l->o, "%s.columns", l->out);
    Onnx__NodeProto *n = fmx__onnx_node(l->o, "LayerNormalization", x, 2, name);
    fmx__onnx_int(l->o, n, "axis", -1);
    fmx__onnx_float(l->o, n, "epsilon", fmx__onnx_number(l, "epsilon"));
    affine(l, fmx__onnx_transpose(l->o, name, swap, 3, NULL));
}

static void add_lstm(const fmx__onnx_layer *l)
{
    fmx__onnx_recurrent(l, false);
}

static void add_gru(const fmx__onnx_layer *l)
{
    fmx__onnx_recurrent(l, true);
}

static const translation translations[] = {
    {"conv1d", add_conv1d},
    {"depthwise_conv1d", add_depthwise},
    {"locally_connected1d", fmx__onnx_local},
    {"conv1d_transpose", add_conv1d_transpose},
    {"dense", add_dense},
    {"max_pool", add_pool},
    {"average_pool", add_pool},
    {"adaptive_max_pool", add_adaptive_pool},
    {"adaptive_average_pool", add_adaptive_pool},
    {"relu", add_plain},
    {"sigmoid", add_plain},
    {"tanh", add_plain},
    {"selu", add_plain},
    {"dropout", add_plain},
    {"add", add_plain},
    {"leaky_relu", add_leaky_relu},
    {"elu", add_elu},
    {"relu6", add_relu6},
    {"silu", add_silu},
    {"gelu", add_gelu},
    {"softplus", add_softplus},
    {"compress", add_compress},
    {"prelu", add_prelu},
    {"softmax", add_softmax},
    {"batch_norm", add_batch_norm},
    {"group_norm", add_group_norm},
    {"global_layer_norm", add_group_norm},
    {"layer_norm", add_layer_norm},
    {"flatten", fmx__onnx_add_reshape},
    {"reshape", fmx__onnx_add_reshape},
    {"permute", fmx__onnx_add_permute},
    {"fold", fmx__onnx_add_fold},
    {"unfold", fmx__onnx_add_unfold},
    {"slice", fmx__onnx_add_slice},
    {"split", fmx__onnx_add_split},
    {"concatenate", fmx__onnx_add_concatenate},
    {"multiply", fmx__onnx_add_multiply},
    {"mask", fmx__onnx_add_mask},
    {"lstm", add_lstm},
    {"gru", add_gru},
};

fmx_status fmx__onnx_add_layer(const fmx__onnx_layer *l)
{
    bool found = false;
    for (size_t i = 0; i < l->layer->in_count; ++i) {
        if (fmx__onnx_shape_of(l, i)->is_complex) {
            refuse(l, "of complex values cannot be exported: ONNX has none");
            return l->o->status;
        }
    }
    for (size_t i = 0; !found && i < FMX__COUNT(translations); ++i) {
        found = strcmp(translations[i].op, l->layer->op->group.name) == 0;
        if (found)
            translations[i].add(l);
    }
    if (!found)
        refuse(l, "has no counterpart in ONNX");
    return l->o->status;
}
