#include <string.h>

#include "tcn_layer.h"

enum {
    GROUP = 256,
    POINTWISE = 64,
    LANES = 16,
    MOST_TAPS = 64,
    WIDE_SLICES = 16, /* of a batch, each with its own part of the weights' gradients */
    SLICES = 64,
    MOST_VALUES = 1 << 16,  /* hidden values of an item: they stay near */
    MOST_PRODUCTS = 1 << 22 /* of an item, which one core or one group does */
};

/* Weights by their place in the call. */
enum {
    CONV,
    CONV_BIAS,
    SLOPE_1,
    NORM_1,
    NORM_1_BIAS,
    DEPTH,
    DEPTH_BIAS,
    SLOPE_2,
    NORM_2,
    NORM_2_BIAS,
    SKIP,
    SKIP_BIAS,
    BACK,
    BACK_BIAS,
    WEIGHTS
};

static const char *const names[WEIGHTS] = {
    "conv_weight",  "conv_bias",  "slope_1",     "norm_1_weight", "norm_1_bias",
    "depth_weight", "depth_bias", "slope_2",     "norm_2_weight", "norm_2_bias",
    "skip_weight",  "skip_bias",  "back_weight", "back_bias",
};

static const fmx__option option_table[] = {FMX__LAYER_OPTIONS(fmx__tcn_block_options)};

#define POINTWISE_CONV                                                                             \
    {                                                                                              \
        {"", ""}, 16, 1, 1, 1, FMX__PADDING_SAME, true, 0                                          \
    }
#define ITEM_NORM                                                                                  \
    {                                                                                              \
        {"", ""}, 1, 1e-8, true, FMX__NORM_GROUPS                                                  \
    }
static const fmx__tcn_block_options defaults = {
    .conv = POINTWISE_CONV,
    .norm_1 = ITEM_NORM,
    .depthwise = {{"", ""}, 3, 1, 1, "same", true, 0},
    .norm_2 = ITEM_NORM,
    .skip = POINTWISE_CONV,
    .residual = false,
    .back = POINTWISE_CONV,
};

/* Sizes of a call. All counts are of floats. */
typedef struct sizes {
    size_t batch;
    size_t channels;
    size_t hidden;
    size_t skips;
    size_t positions;
    size_t taps;
    size_t dilation;
    size_t left;
    size_t count[WEIGHTS]; /* 0: not there */
    size_t parts;          /* all of them */
    size_t saved;
    size_t slices;
    size_t parts_at;
    size_t slice; /* of the work space, backward too */
    double products;
    bool wide;
} sizes;

static bool pointwise(const fmx__conv1d_options *o)
{
    return o->kernel == 1 && o->stride == 1 && o->bias && o->filters % LANES == 0;
}

static bool over_item(const fmx__norm_options *o)
{
    return o->mode == FMX__NORM_GROUPS && o->groups == 1 && o->affine;
}

static double products_of(const fmx__tcn_block_options *o, const fmx__shape *in)
{
    double outputs = (double)o->skip.filters + (o->residual ? (double)in->channels : 0);
    return (double)in->positions * (double)o->conv.filters *
           ((double)in->channels + (double)o->depthwise.kernel + outputs);
}

bool fmx__tcn_block_fits(const fmx__tcn_block_options *o, const fmx__shape *in)
{
    fmx__depthwise_sizes d;
    fmx__shape hidden = {.channels = (size_t)o->conv.filters, .positions = in->positions};
    return !in->is_complex && in->channels % LANES == 0 && pointwise(&o->conv) &&
           over_item(&o->norm_1) && over_item(&o->norm_2) && pointwise(&o->skip) &&
           (!o->residual || (pointwise(&o->back) && (size_t)o->back.filters == in->channels)) &&
           fmx__depthwise_sizes_of(&o->depthwise, &hidden, 1, &d) && d.stride == 1 &&
           o->depthwise.bias && d.taps <= MOST_TAPS && d.out_n == d.in_n &&
           (double)o->conv.filters * (double)in->positions <= MOST_VALUES &&
           products_of(o, in) <= MOST_PRODUCTS;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void find_counts(sizes *s, bool residual)
{
    const size_t counts[WEIGHTS] = {
        s->hidden * s->channels,
        s->hidden,
        1,
        s->hidden,
        s->hidden,
        s->hidden * s->taps,
        s->hidden,
        1,
        s->hidden,
        s->hidden,
        s->skips * s->hidden,
        s->skips,
        residual ? s->channels * s->hidden : 0,
        residual ? s->channels : 0,
    };
    for (size_t i = 0; i < WEIGHTS; ++i) {
        s->count[i] = counts[i];
        s->parts += counts[i];
    }
}

static sizes sizes_of(const fmx__tcn_block_options *o, const fmx__shape *in, size_t batch,
                      bool wide)
{
    fmx__depthwise_sizes d;
    fmx__shape hidden = {.channels = (size_t)o->conv.filters, .positions = in->positions};
    fmx__depthwise_sizes_of(&o->depthwise, &hidden, batch, &d);
    sizes s = {
        .batch = batch,
        .channels = in->channels,
        .hidden = hidden.channels,
        .skips = (size_t)o->skip.filters,
        .positions = in->positions,
        .taps = d.taps,
        .dilation = d.dilation,
        .left = d.left,
        .products = (double)batch * products_of(o, in),
        .wide = wide,
    };
    find_counts(&s, o->residual);
    size_t values = s.positions * s.hidden;
    size_t outputs = larger(s.skips, s.channels);
    /* kernels/tcn_block.cl: what lies in a slice of the work space */
    size_t forward = s.positions * (s.channels + outputs) + values +
                     s.hidden * (2 * s.channels + s.taps + s.skips);
    size_t backward = s.positions * (2 * s.channels + s.skips) + 3 * values + s.taps * s.hidden +
                      larger(s.hidden, s.channels);
    s.saved = batch * (2 * values + 4);
    s.slices = wide ? WIDE_SLICES : SLICES;
    s.slices = s.slices < batch ? s.slices : batch;
    s.parts_at = (backward + LANES - 1) / LANES * LANES;
    s.slice = (larger(forward, s.parts_at + s.parts) + LANES - 1) / LANES * LANES;
    return s;
}

static sizes sizes_of_call(const fmx__op_call *call)
{
    return sizes_of(call->options, &call->in_shape[0], call->batch, fmx__device_wide(call->device));
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const fmx__tcn_block_options *o = site->options;
    const fmx__shape *in = &site->in[0];
    if (!fmx__tcn_block_fits(o, in))
        return fmx__op_refuse(site, "these layers cannot run as one");
    sizes s = sizes_of(o, in, site->batch, site->device != NULL && fmx__device_wide(site->device));
    double values = (double)s.batch * (double)s.positions * (double)s.hidden * sizeof(float);
    out->out =
        (fmx__shape){.channels = o->residual ? s.channels : s.skips, .positions = s.positions};
    out->weight_count = o->residual ? WEIGHTS : BACK;
    for (size_t i = 0; i < out->weight_count; ++i)
        out->weight[i] = (fmx__op_weight){
            .name = names[i],
            .rank = 1,
            .dim = {s.count[i]},
            .trainable = true,
            .init = FMX__INIT_ONES,
            .fan_in = 1,
            .fan_out = 1,
        };
    out->saved_bytes = s.saved * sizeof(float);
    out->scratch_bytes = s.slices * s.slice * sizeof(float);
    out->keeps_input = true;
    out->forward = (fmx__op_work){2 * s.products, 8 * values};
    out->backward = (fmx__op_work){4 * s.products, 16 * values};
    return FMX_OK;
}

static fmx__arg weight_arg(const fmx__op_call *call, const sizes *s, size_t which)
{
    return s->count[which] > 0
               ? fmx__arg_buffer(call->weight[which], s->count[which] * sizeof(float))
               : fmx__arg_none();
}

static fmx__arg grad_arg(const fmx__op_call *call, const sizes *s, size_t which)
{
    return s->count[which] > 0
               ? fmx__arg_buffer(call->grad_weight[which], s->count[which] * sizeof(float))
               : fmx__arg_none();
}

static fmx__arg tensor_arg(const sizes *s, fmx_buffer *buffer, size_t channels)
{
    return buffer != NULL
               ? fmx__arg_buffer(buffer, s->batch * channels * s->positions * sizeof(float))
               : fmx__arg_none();
}

static fmx__arg work_arg(const fmx__op_call *call, const sizes *s)
{
    return fmx__arg_buffer(call->scratch, s->slices * s->slice * sizeof(float));
}

/* A group, or where wide an item, for each slice. */
static fmx_status launch(const fmx__op_call *call, const sizes *s, const char *kernel,
                         const fmx__arg *args, size_t arg_count, double flops)
{
    fmx__launch job = {
        .stem = "tcn_block",
        .kernel = kernel,
        .arg = args,
        .arg_count = arg_count,
        .dims = 1,
        .groups = {s->slices},
        .local = {s->wide ? 1 : GROUP},
        .flops = flops,
        .bytes = (double)s->saved * sizeof(float),
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status forward(const fmx__op_call *call)
{
    const fmx__tcn_block_options *o = call->options;
    sizes s = sizes_of_call(call);
    fmx__arg args[] = {
        tensor_arg(&s, o->residual ? call->out : NULL, s.channels),
        tensor_arg(&s, o->residual ? call->second : call->out, s.skips),
        fmx__arg_buffer(call->saved, s.saved * sizeof(float)),
        work_arg(call, &s),
        tensor_arg(&s, call->in[0], s.channels),
        weight_arg(call, &s, CONV),
        weight_arg(call, &s, CONV_BIAS),
        weight_arg(call, &s, SLOPE_1),
        weight_arg(call, &s, NORM_1),
        weight_arg(call, &s, NORM_1_BIAS),
        weight_arg(call, &s, DEPTH),
        weight_arg(call, &s, DEPTH_BIAS),
        weight_arg(call, &s, SLOPE_2),
        weight_arg(call, &s, NORM_2),
        weight_arg(call, &s, NORM_2_BIAS),
        weight_arg(call, &s, SKIP),
        weight_arg(call, &s, SKIP_BIAS),
        weight_arg(call, &s, BACK),
        weight_arg(call, &s, BACK_BIAS),
        fmx__arg_u64(s.batch),
        fmx__arg_u64(s.slice),
        fmx__arg_u64(s.channels),
        fmx__arg_u64(s.hidden),
        fmx__arg_u64(s.skips),
        fmx__arg_u64(s.positions),
        fmx__arg_u64(s.taps),
        fmx__arg_u64(s.dilation),
        fmx__arg_u64(s.left),
        fmx__arg_f32(o->norm_1.epsilon),
        fmx__arg_f32(o->norm_2.epsilon),
    };
    return launch(call, &s, s.wide ? "tcn_block_forward_wide" : "tcn_block_forward", args,
                  FMX__COUNT(args), 2 * s.products);
}

static fmx_status collect(const fmx__op_call *call, const sizes *s)
{
    fmx__arg args[WEIGHTS + 8];
    size_t n = 0;
    for (size_t i = 0; i < WEIGHTS; ++i)
        args[n++] = grad_arg(call, s, i);
    args[n++] = work_arg(call, s);
    args[n++] = fmx__arg_u64(s->slices);
    args[n++] = fmx__arg_u64(s->slice);
    args[n++] = fmx__arg_u64(s->parts_at);
    args[n++] = fmx__arg_u64(s->channels);
    args[n++] = fmx__arg_u64(s->hidden);
    args[n++] = fmx__arg_u64(s->skips);
    args[n++] = fmx__arg_u64(s->taps);
    fmx__launch job = {
        .stem = "tcn_block",
        .kernel = "tcn_block_collect",
        .arg = args,
        .arg_count = n,
        .dims = 1,
        .global = {s->parts},
        .local = {POINTWISE},
        .flops = (double)s->parts * (double)s->slices,
        .bytes = (double)s->parts * (double)(s->slices + 1) * sizeof(float),
    };
    return fmx__launch_kernel(call->device, &job);
}

/* The gradients of the weights of a single slice, too. */
static fmx_status backward_wide(const fmx__op_call *call, const sizes *s)
{
    const fmx__tcn_block_options *o = call->options;
    const fmx__arg rest[] = {
        tensor_arg(s, o->residual ? call->grad_out : NULL, s->channels),
        tensor_arg(s, o->residual ? call->grad_second : call->grad_out, s->skips),
        fmx__arg_buffer(call->saved, s->saved * sizeof(float)),
        work_arg(call, s),
        tensor_arg(s, call->in[0], s->channels),
        weight_arg(call, s, CONV),
        weight_arg(call, s, SLOPE_1),
        weight_arg(call, s, NORM_1),
        weight_arg(call, s, NORM_1_BIAS),
        weight_arg(call, s, DEPTH),
        weight_arg(call, s, SLOPE_2),
        weight_arg(call, s, NORM_2),
        weight_arg(call, s, NORM_2_BIAS),
        weight_arg(call, s, SKIP),
        weight_arg(call, s, BACK),
        fmx__arg_u64(s->batch),
        fmx__arg_u64(s->slice),
        fmx__arg_u64(s->parts_at),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(s->hidden),
        fmx__arg_u64(s->skips),
        fmx__arg_u64(s->positions),
        fmx__arg_u64(s->taps),
        fmx__arg_u64(s->dilation),
        fmx__arg_u64(s->left),
    };
    fmx__arg args[1 + WEIGHTS + FMX__COUNT(rest)];
    args[0] = tensor_arg(s, call->grad_in[0], s->channels);
    for (size_t i = 0; i < WEIGHTS; ++i)
        args[1 + i] = s->slices == 1 ? grad_arg(call, s, i) : fmx__arg_none();
    memcpy(args + 1 + WEIGHTS, rest, sizeof rest);
    return launch(call, s, "tcn_block_backward_wide", args, FMX__COUNT(args), 4 * s->products);
}

/* From the outputs to dL/du2. */
static fmx_status backward_outputs(const fmx__op_call *call, const sizes *s)
{
    const fmx__tcn_block_options *o = call->options;
    fmx__arg args[] = {
        tensor_arg(s, o->residual ? call->grad_out : NULL, s->channels),
        tensor_arg(s, o->residual ? call->grad_second : call->grad_out, s->skips),
        fmx__arg_buffer(call->saved, s->saved * sizeof(float)),
        work_arg(call, s),
        weight_arg(call, s, SLOPE_2),
        weight_arg(call, s, NORM_2),
        weight_arg(call, s, NORM_2_BIAS),
        weight_arg(call, s, SKIP),
        weight_arg(call, s, BACK),
        fmx__arg_u64(s->batch),
        fmx__arg_u64(s->slice),
        fmx__arg_u64(s->parts_at),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(s->hidden),
        fmx__arg_u64(s->skips),
        fmx__arg_u64(s->positions),
        fmx__arg_u64(s->taps),
    };
    return launch(call, s, "tcn_block_backward_2", args, FMX__COUNT(args), 2 * s->products);
}

/* From there to the input. */
static fmx_status backward_input(const fmx__op_call *call, const sizes *s)
{
    const fmx__tcn_block_options *o = call->options;
    fmx__arg args[] = {
        tensor_arg(s, call->grad_in[0], s->channels),
        tensor_arg(s, o->residual ? call->grad_out : NULL, s->channels),
        fmx__arg_buffer(call->saved, s->saved * sizeof(float)),
        work_arg(call, s),
        tensor_arg(s, call->in[0], s->channels),
        weight_arg(call, s, CONV),
        weight_arg(call, s, SLOPE_1),
        weight_arg(call, s, NORM_1),
        weight_arg(call, s, NORM_1_BIAS),
        weight_arg(call, s, DEPTH),
        fmx__arg_u64(s->batch),
        fmx__arg_u64(s->slice),
        fmx__arg_u64(s->parts_at),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(s->hidden),
        fmx__arg_u64(s->skips),
        fmx__arg_u64(s->positions),
        fmx__arg_u64(s->taps),
        fmx__arg_u64(s->dilation),
        fmx__arg_u64(s->left),
    };
    return launch(call, s, "tcn_block_backward_1", args, FMX__COUNT(args), 2 * s->products);
}

static fmx_status backward(const fmx__op_call *call)
{
    sizes s = sizes_of_call(call);
    fmx_status status = s.wide ? backward_wide(call, &s) : backward_outputs(call, &s);
    if (status == FMX_OK && !s.wide)
        status = backward_input(call, &s);
    bool collected = s.wide && s.slices == 1;
    return status == FMX_OK && !collected ? collect(call, &s) : status;
}

const fmx__op fmx__op_tcn_block = {
    .group = {.name = "tcn_block",
              .doc = "A block of a temporal convolutional network as one.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .least_inputs = 1,
    .most_inputs = 1,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
