#include "tcn_layer.h"

enum {
    GROUP = 256,
    POINTWISE = 64,
    MOST_TAPS = 64, /* as in kernels/tcn_wide.clh */
    MOST_REACH = 1024,
    PARTS = 4, /* floats of a row's parts besides those of the taps */
};

static const fmx__option option_table[] = {FMX__LAYER_OPTIONS(fmx__tcn_norm_options)};

static const fmx__tcn_norm_options defaults = {
    .convolves = false,
    .norm = {{"", ""}, 1, 1e-8, true, FMX__NORM_GROUPS},
};

/* Sizes of one call, and where its weights are; -1: not there. saved: (mean, inverse) of each item;
 * scratch: pairs of rows forward; means of items and parts of rows backward. */
typedef struct sizes {
    fmx__depthwise_sizes d; /* taps 0: no convolution */
    size_t rows;
    size_t count;
    size_t bytes;
    size_t parts_at; /* floats */
    size_t scratch_floats;
    int weight;
    int bias;
    int slope;
    int norm_weight;
    int norm_bias;
    bool wide;
} sizes;

bool fmx__tcn_norm_fits(const fmx__depthwise_options *depthwise, const fmx__norm_options *norm,
                        const fmx__shape *in)
{
    fmx__depthwise_sizes d;
    bool one_group = norm->mode == FMX__NORM_GROUPS && norm->groups == 1;
    if (!one_group || in->is_complex)
        return false;
    if (depthwise == NULL)
        return true;
    return fmx__depthwise_sizes_of(depthwise, in, 1, &d) && d.stride == 1 && d.taps <= MOST_TAPS &&
           (d.taps - 1) * d.dilation <= MOST_REACH && d.out_n == d.in_n;
}

static sizes sizes_of(const fmx__tcn_norm_options *o, const fmx__shape *in, size_t batch)
{
    sizes s = {.rows = batch * in->channels, .bytes = fmx__op_bytes(in, batch)};
    int at = 0;
    if (o->convolves)
        fmx__depthwise_sizes_of(&o->depthwise, in, batch, &s.d);
    else
        s.d = (fmx__depthwise_sizes){.batch = batch,
                                     .channels = in->channels,
                                     .in_n = in->positions,
                                     .out_n = in->positions,
                                     .dilation = 1};
    s.count = s.rows * in->positions;
    s.parts_at = 2 * batch;
    s.scratch_floats = s.parts_at + s.rows * (s.d.taps + PARTS);
    s.weight = o->convolves ? at++ : -1;
    s.bias = o->convolves && o->depthwise.bias ? at++ : -1;
    s.slope = at++;
    s.norm_weight = o->norm.affine ? at++ : -1;
    s.norm_bias = o->norm.affine ? at++ : -1;
    return s;
}

static sizes sizes_of_call(const fmx__op_call *call)
{
    sizes s = sizes_of(call->options, &call->in_shape[0], call->batch);
    s.wide = fmx__device_wide(call->device);
    return s;
}

static fmx__op_weight tensor(const char *name, size_t count, bool ones)
{
    return (fmx__op_weight){
        .name = name,
        .rank = 1,
        .dim = {count},
        .trainable = true,
        .init = ones ? FMX__INIT_ONES : FMX__INIT_ZEROS,
        .fan_in = 1,
        .fan_out = 1,
    };
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const fmx__tcn_norm_options *o = site->options;
    const fmx__shape *in = &site->in[0];
    if (!fmx__tcn_norm_fits(o->convolves ? &o->depthwise : NULL, &o->norm, in))
        return fmx__op_refuse(site, "these layers cannot run as one");
    sizes s = sizes_of(o, in, site->batch);
    double count = (double)s.count;
    double taps = (double)s.d.taps;
    out->out = *in;
    if (s.weight >= 0)
        out->weight[s.weight] = tensor("weight", in->channels * s.d.taps, true);
    if (s.bias >= 0)
        out->weight[s.bias] = tensor("bias", in->channels, false);
    out->weight[s.slope] = tensor("slope", 1, true);
    if (s.norm_weight >= 0) {
        out->weight[s.norm_weight] = tensor("norm_weight", in->channels, true);
        out->weight[s.norm_bias] = tensor("norm_bias", in->channels, false);
    }
    out->weight_count = (size_t)s.slope + 1 + (s.norm_weight >= 0 ? 2 : 0);
    out->saved_bytes = 2 * site->batch * sizeof(float);
    out->scratch_bytes = (site->training ? s.scratch_floats : 2 * s.rows) * sizeof(float);
    out->keeps_input = true;
    out->forward = (fmx__op_work){count * (4 * taps + 10), count * 3 * sizeof(float)};
    out->backward = (fmx__op_work){count * (10 * taps + 30), count * 5 * sizeof(float)};
    return FMX_OK;
}

static fmx__arg weight_arg(const fmx__op_call *call, const sizes *s, int which)
{
    size_t count = which == s->slope    ? 1
                   : which == s->weight ? s->d.channels * s->d.taps
                                        : s->d.channels;
    return which >= 0 ? fmx__arg_buffer(call->weight[which], count * sizeof(float))
                      : fmx__arg_none();
}

/* For a pointer that the kernel moves along even where it is not read: the slope stands for it. */
static fmx__arg filter_arg(const fmx__op_call *call, const sizes *s)
{
    return weight_arg(call, s, s->weight >= 0 ? s->weight : s->slope);
}

static fmx__arg grad_arg(const fmx__op_call *call, const sizes *s, int which)
{
    size_t count = which == s->slope    ? 1
                   : which == s->weight ? s->d.channels * s->d.taps
                                        : s->d.channels;
    return which >= 0 ? fmx__arg_buffer(call->grad_weight[which], count * sizeof(float))
                      : fmx__arg_none();
}

static fmx__arg work_arg(const fmx__op_call *call, const sizes *s)
{
    return fmx__arg_buffer(call->scratch, s->scratch_floats * sizeof(float));
}

/* A kernel with a group per row, an item per row where wide. The last argument is the number of
 * rows, for the wide one only. */
static fmx_status launch_rows(const fmx__op_call *call, const sizes *s, const char *kernel,
                              const char *wide_kernel, const fmx__arg *args, size_t arg_count,
                              double flops, double bytes)
{
    fmx__launch job = {
        .stem = "tcn",
        .kernel = s->wide ? wide_kernel : kernel,
        .arg = args,
        .arg_count = arg_count - (s->wide ? 0 : 1),
        .dims = 1,
        .flops = flops,
        .bytes = bytes,
    };
    if (s->wide)
        job.global[0] = s->rows;
    else
        job.groups[0] = s->rows;
    job.local[0] = s->wide ? 1 : GROUP;
    return fmx__launch_kernel(call->device, &job);
}

/* A kernel with a group per item of the batch. */
static fmx_status launch_items(const fmx__op_call *call, const sizes *s, const char *kernel,
                               const fmx__arg *args, size_t arg_count)
{
    fmx__launch job = {
        .stem = "tcn",
        .kernel = kernel,
        .arg = args,
        .arg_count = arg_count,
        .dims = 1,
        .groups = {s->d.batch},
        .local = {s->wide ? 1 : GROUP},
        .flops = (double)s->rows * 5,
        .bytes = (double)s->rows * 2 * sizeof(float),
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status launch_statistics(const fmx__op_call *call, const sizes *s)
{
    const fmx__tcn_norm_options *o = call->options;
    size_t pair_bytes = s->rows * 2 * sizeof(float);
    fmx__arg row_args[] = {
        fmx__arg_buffer(call->scratch, pair_bytes),
        fmx__arg_buffer(call->in[0], s->bytes),
        filter_arg(call, s),
        weight_arg(call, s, s->bias),
        weight_arg(call, s, s->slope),
        fmx__arg_u64(s->d.channels),
        fmx__arg_u64(s->d.in_n),
        fmx__arg_u64(s->d.taps),
        fmx__arg_u64(s->d.dilation),
        fmx__arg_u64(s->d.left),
        fmx__arg_u64(s->rows),
    };
    fmx__arg item_args[] = {
        fmx__arg_buffer(call->saved, s->d.batch * 2 * sizeof(float)),
        fmx__arg_buffer(call->scratch, pair_bytes),
        fmx__arg_u64(s->d.channels),
        fmx__arg_u64(s->d.in_n),
        fmx__arg_f32(o->norm.epsilon),
    };
    fmx_status status = launch_rows(
        call, s, "tcn_statistics", "tcn_statistics_wide", row_args, FMX__COUNT(row_args),
        (double)s->count * (double)(2 * s->d.taps + 5), (double)s->bytes);
    if (status == FMX_OK)
        status = launch_items(call, s, "tcn_finish", item_args, FMX__COUNT(item_args));
    return status;
}

static fmx_status forward(const fmx__op_call *call)
{
    sizes s = sizes_of_call(call);
    fmx_status status = launch_statistics(call, &s);
    fmx__arg args[] = {
        fmx__arg_buffer(call->out, s.bytes),
        fmx__arg_buffer(call->in[0], s.bytes),
        filter_arg(call, &s),
        weight_arg(call, &s, s.bias),
        weight_arg(call, &s, s.slope),
        fmx__arg_buffer(call->saved, s.d.batch * 2 * sizeof(float)),
        weight_arg(call, &s, s.norm_weight),
        weight_arg(call, &s, s.norm_bias),
        fmx__arg_u64(s.rows),
        fmx__arg_u64(s.d.channels),
        fmx__arg_u64(s.d.in_n),
        fmx__arg_u64(s.d.taps),
        fmx__arg_u64(s.d.dilation),
        fmx__arg_u64(s.d.left),
    };
    fmx__launch job = {
        .stem = "tcn",
        .kernel = s.wide ? "tcn_apply_wide" : "tcn_apply",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = s.wide ? 1 : 2,
        .global = {s.wide ? s.rows : s.d.in_n, s.wide ? 0 : s.rows},
        .local = {s.wide ? 1 : POINTWISE, s.wide ? 0 : 1},
        .flops = (double)s.count * (double)(2 * s.d.taps + 5),
        .bytes = (double)s.bytes * 2,
    };
    return status == FMX_OK ? fmx__launch_kernel(call->device, &job) : status;
}

/* Sums of g and g xhat of the rows, and the means of items that follow from them. */
static fmx_status launch_sums(const fmx__op_call *call, const sizes *s)
{
    fmx__arg row_args[] = {
        work_arg(call, s),
        fmx__arg_u64(s->parts_at),
        fmx__arg_buffer(call->grad_out, s->bytes),
        fmx__arg_buffer(call->in[0], s->bytes),
        filter_arg(call, s),
        weight_arg(call, s, s->bias),
        weight_arg(call, s, s->slope),
        fmx__arg_buffer(call->saved, s->d.batch * 2 * sizeof(float)),
        fmx__arg_u64(s->d.channels),
        fmx__arg_u64(s->d.in_n),
        fmx__arg_u64(s->d.taps),
        fmx__arg_u64(s->d.dilation),
        fmx__arg_u64(s->d.left),
        fmx__arg_u64(s->rows),
    };
    fmx__arg item_args[] = {
        work_arg(call, s),           fmx__arg_u64(s->parts_at), weight_arg(call, s, s->norm_weight),
        fmx__arg_u64(s->d.channels), fmx__arg_u64(s->d.in_n),   fmx__arg_u64(s->d.taps),
    };
    fmx_status status =
        launch_rows(call, s, "tcn_sums", "tcn_sums_wide", row_args, FMX__COUNT(row_args),
                    (double)s->count * (double)(2 * s->d.taps + 6), (double)s->bytes * 2);
    if (status == FMX_OK)
        status = launch_items(call, s, "tcn_means", item_args, FMX__COUNT(item_args));
    return status;
}

/* dL/du into `to` (NULL: nobody wants it), or where wide dL/dx; and the other parts. */
static fmx_status launch_gradient(const fmx__op_call *call, const sizes *s, fmx_buffer *to)
{
    fmx__arg args[] = {
        to != NULL ? fmx__arg_buffer(to, s->bytes) : fmx__arg_none(),
        work_arg(call, s),
        fmx__arg_u64(s->parts_at),
        fmx__arg_buffer(call->grad_out, s->bytes),
        fmx__arg_buffer(call->in[0], s->bytes),
        filter_arg(call, s),
        weight_arg(call, s, s->bias),
        weight_arg(call, s, s->slope),
        fmx__arg_buffer(call->saved, s->d.batch * 2 * sizeof(float)),
        weight_arg(call, s, s->norm_weight),
        fmx__arg_u64(s->d.channels),
        fmx__arg_u64(s->d.in_n),
        fmx__arg_u64(s->d.taps),
        fmx__arg_u64(s->d.dilation),
        fmx__arg_u64(s->d.left),
        fmx__arg_u64(s->rows),
    };
    return launch_rows(call, s, "tcn_gradient", "tcn_gradient_wide", args, FMX__COUNT(args),
                       (double)s->count * (double)(8 * s->d.taps + 24),
                       (double)s->bytes * (to != NULL ? 3 : 2));
}

static fmx_status launch_collect(const fmx__op_call *call, const sizes *s)
{
    fmx__arg args[] = {
        grad_arg(call, s, s->weight),    grad_arg(call, s, s->bias),
        grad_arg(call, s, s->slope),     grad_arg(call, s, s->norm_weight),
        grad_arg(call, s, s->norm_bias), work_arg(call, s),
        fmx__arg_u64(s->parts_at),       fmx__arg_u64(s->d.batch),
        fmx__arg_u64(s->d.channels),     fmx__arg_u64(s->d.taps),
        fmx__arg_u32(s->wide),
    };
    double floats = (double)s->rows * (double)(s->d.taps + PARTS);
    fmx__launch job = {
        .stem = "tcn",
        .kernel = "tcn_collect",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {s->d.taps + PARTS, s->d.channels},
        .local = {1, POINTWISE},
        .flops = floats,
        .bytes = floats * sizeof(float),
    };
    return fmx__launch_kernel(call->device, &job);
}

/* Backward of the convolution alone, from dL/du in grad_out. */
static fmx_status convolution_backward(const fmx__op_call *call)
{
    const fmx__tcn_norm_options *o = call->options;
    fmx__op_call inner = *call;
    inner.options = &o->depthwise;
    return fmx__op_depthwise_conv1d.backward(&inner);
}

static fmx_status backward(const fmx__op_call *call)
{
    sizes s = sizes_of_call(call);
    const fmx__tcn_norm_options *o = call->options;
    bool apart = o->convolves && !s.wide; /* dL/du takes the place of grad_out */
    fmx_status status = launch_sums(call, &s);
    if (status == FMX_OK)
        status = launch_gradient(call, &s, apart ? call->grad_out : call->grad_in[0]);
    if (status == FMX_OK)
        status = launch_collect(call, &s);
    if (status == FMX_OK && apart)
        status = convolution_backward(call);
    return status;
}

const fmx__op fmx__op_tcn_norm = {
    .group = {.name = "tcn_norm",
              .doc = "Depthwise convolution, PReLU and normalisation as one.",
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
