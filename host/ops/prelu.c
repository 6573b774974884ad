#include "op.h"

enum { GROUP = 64, SUM_GROUP = 256, WIDE_GROUP = 4, ROW = 4096, ONE = 0, CHANNEL = 1 };

typedef struct options {
    fmx__layer layer;
    int slopes;
} options;

static const char *const slopes_names[] = {"one", "channel", NULL};

static const fmx__option option_table[] = {
    FMX__LAYER_OPTIONS(options),
    {"slopes", FMX__OPTION_CHOICE, offsetof(options, slopes), "", 0, 0, slopes_names,
     "one: a single slope; channel: one for each channel"},
};
static const options defaults = {{"", ""}, ONE};

/* All values as rows of one slope each; with a single slope in rows short enough to keep the device
 * busy. */
typedef struct sizes {
    size_t count;
    size_t length;
    size_t rows;
    size_t slopes;
} sizes;

static sizes sizes_of(const options *o, const fmx__shape *in, size_t batch)
{
    sizes s = {.count = batch * fmx__shape_floats(in), .length = in->positions};
    s.slopes = o->slopes == CHANNEL ? in->channels : 1;
    if (o->slopes == ONE)
        s.length = ROW;
    s.rows = (s.count + s.length - 1) / s.length;
    return s;
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const fmx__shape *in = &site->in[0];
    if (in->is_complex)
        return fmx__op_refuse(site, "prelu takes real values, the input is complex");
    if (in->positions > INT32_MAX || in->channels > INT32_MAX)
        return fmx__op_refuse(site,
                              "prelu takes up to 2^31 - 1 channels and positions, the input has "
                              "%zu x %zu",
                              in->channels, in->positions);
    sizes s = sizes_of(site->options, in, site->batch);
    out->out = *in;
    /* PyTorch's first value */
    out->weight[0] = (fmx__op_weight){.name = "weight",
                                      .rank = 1,
                                      .dim = {s.slopes},
                                      .trainable = true,
                                      .init = FMX__INIT_ONES,
                                      .scale = 0.25,
                                      .fan_in = 1,
                                      .fan_out = 1};
    out->weight_count = 1;
    out->keeps_input = true;
    out->scratch_bytes = s.rows * sizeof(float);
    out->forward = (fmx__op_work){2 * (double)s.count, 2 * (double)s.count * sizeof(float)};
    out->backward = (fmx__op_work){4 * (double)s.count, 3 * (double)s.count * sizeof(float)};
    return FMX_OK;
}

static fmx_status forward(const fmx__op_call *call)
{
    bool wide = fmx__device_wide(call->device);
    sizes s = sizes_of(call->options, &call->in_shape[0], call->batch);
    size_t bytes = s.count * sizeof(float);
    fmx__arg args[] = {
        fmx__arg_buffer(call->out, bytes),
        fmx__arg_buffer(call->in[0], bytes),
        fmx__arg_buffer(call->weight[0], s.slopes * sizeof(float)),
        fmx__arg_u64(s.count),
        fmx__arg_u32(s.length),
        fmx__arg_u32(s.slopes),
    };
    fmx__launch job = {
        .stem = "prelu",
        .kernel = wide ? "prelu_forward_wide" : "prelu_forward",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = wide ? 1 : 2,
        .global = {wide ? s.rows : s.length, s.rows},
        .local = {wide ? WIDE_GROUP : GROUP},
        .flops = 2 * (double)s.count,
        .bytes = 2 * (double)bytes,
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status sum_slopes(const fmx__op_call *call, sizes s)
{
    bool wide = fmx__device_wide(call->device);
    fmx__arg args[] = {
        fmx__arg_buffer(call->grad_weight[0], s.slopes * sizeof(float)),
        fmx__arg_buffer(call->scratch, s.rows * sizeof(float)),
        fmx__arg_u64(s.rows),
        fmx__arg_u32(s.slopes),
        fmx__arg_local(SUM_GROUP * sizeof(float)),
    };
    fmx__launch job = {
        .stem = "prelu",
        .kernel = wide ? "prelu_slope_wide" : "prelu_slope",
        .arg = args,
        .arg_count = FMX__COUNT(args) - wide,
        .dims = 1,
        .local = {wide ? WIDE_GROUP : SUM_GROUP},
        .flops = (double)s.rows,
        .bytes = (double)(s.rows + s.slopes) * sizeof(float),
    };
    *(wide ? job.global : job.groups) = s.slopes;
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status backward(const fmx__op_call *call)
{
    bool wide = fmx__device_wide(call->device);
    sizes s = sizes_of(call->options, &call->in_shape[0], call->batch);
    size_t bytes = s.count * sizeof(float);
    size_t group = s.length >= SUM_GROUP ? SUM_GROUP : GROUP;
    fmx__arg args[] = {
        call->grad_in[0] != NULL ? fmx__arg_buffer(call->grad_in[0], bytes) : fmx__arg_none(),
        fmx__arg_buffer(call->scratch, s.rows * sizeof(float)),
        fmx__arg_buffer(call->grad_out, bytes),
        fmx__arg_buffer(call->in[0], bytes),
        fmx__arg_buffer(call->weight[0], s.slopes * sizeof(float)),
        fmx__arg_u64(s.count),
        fmx__arg_u32(s.length),
        fmx__arg_u32(s.slopes),
        fmx__arg_local(group * sizeof(float)),
    };
    fmx__launch job = {
        .stem = "prelu",
        .kernel = wide ? "prelu_backward_wide" : "prelu_backward",
        .arg = args,
        .arg_count = FMX__COUNT(args) - wide,
        .dims = 1,
        .local = {wide ? WIDE_GROUP : group},
        .flops = 4 * (double)s.count,
        .bytes = (call->grad_in[0] != NULL ? 3 : 2) * (double)bytes,
    };
    *(wide ? job.global : job.groups) = s.rows;
    fmx_status status = fmx__launch_kernel(call->device, &job);
    return status == FMX_OK ? sum_slopes(call, s) : status;
}

const fmx__op fmx__op_prelu = {
    .group = {.name = "prelu",
              .doc = "x above 0, a learned slope times x below.",
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
