#include "depthwise_layer.h"

#include <string.h>

enum { GROUP = 64, ROW_GROUP = 256, MOST_PADDING = 1 << 24 };

static const fmx__option option_table[] = {
    FMX__LAYER_OPTIONS(fmx__depthwise_options),
    {"kernel", FMX__OPTION_INTEGER, offsetof(fmx__depthwise_options, kernel), "positions", 1, 1e6,
     NULL, "taps of each filter"},
    {"stride", FMX__OPTION_INTEGER, offsetof(fmx__depthwise_options, stride), "positions", 1, 1e6,
     NULL, "step from one output to the next"},
    {"dilation", FMX__OPTION_INTEGER, offsetof(fmx__depthwise_options, dilation), "positions", 1,
     1e6, NULL, "step from one tap to the next"},
    {"padding", FMX__OPTION_TEXT, offsetof(fmx__depthwise_options, padding), "", 0,
     FMX__DEPTHWISE_PADDING, NULL,
     "same: zeros on both sides, positions / stride outputs; valid: none; causal: all in front; or "
     "a number of zeros on each side, as PyTorch's"},
    {"bias", FMX__OPTION_BOOL, offsetof(fmx__depthwise_options, bias), "", 0, 0, NULL,
     "whether a number per channel is added"},
    {"initialiser", FMX__OPTION_CHOICE, offsetof(fmx__depthwise_options, initialiser), "", 0, 0,
     fmx__initialiser_names, "how the weight starts; the bias starts with 0, or as PyTorch's"},
};

static const fmx__depthwise_options defaults = {
    {"", ""}, 3, 1, 1, "same", true, FMX__INIT_GLOROT_UNIFORM};

/* Decimal digits; false for anything else and for more than MOST_PADDING. */
static bool read_number(const char *text, size_t *out)
{
    *out = 0;
    if (text[0] == '\0')
        return false;
    for (; *text != '\0'; ++text) {
        if (*text < '0' || *text > '9')
            return false;
        *out = *out * 10 + (size_t)(*text - '0');
        if (*out > MOST_PADDING)
            return false;
    }
    return true;
}

bool fmx__depthwise_sizes_of(const fmx__depthwise_options *options, const fmx__shape *in,
                             size_t batch, fmx__depthwise_sizes *out)
{
    fmx__depthwise_sizes s = {
        .batch = batch,
        .channels = in->channels,
        .in_n = in->positions,
        .taps = (size_t)options->kernel,
        .stride = (size_t)options->stride,
        .dilation = (size_t)options->dilation,
    };
    size_t reach = (s.taps - 1) * s.dilation + 1;
    size_t same = (s.in_n + s.stride - 1) / s.stride;
    size_t covered = (same - 1) * s.stride + reach;
    size_t zeros = 0;
    bool understood = true;
    if (strcmp(options->padding, "same") == 0) {
        zeros = covered > s.in_n ? covered - s.in_n : 0;
        s.left = zeros / 2;
    } else if (strcmp(options->padding, "causal") == 0) {
        zeros = s.left = reach - 1;
    } else if (strcmp(options->padding, "valid") != 0) {
        understood = read_number(options->padding, &s.left);
        zeros = 2 * s.left;
    }
    s.out_n = s.in_n + zeros >= reach ? (s.in_n + zeros - reach) / s.stride + 1 : 0;
    *out = s;
    return understood;
}

static size_t in_bytes(const fmx__depthwise_sizes *s)
{
    return s->batch * s->channels * s->in_n * sizeof(float);
}

static size_t out_bytes(const fmx__depthwise_sizes *s)
{
    return s->batch * s->channels * s->out_n * sizeof(float);
}

static size_t weight_bytes(const fmx__depthwise_sizes *s)
{
    return s->channels * s->taps * sizeof(float);
}

static size_t part_bytes(const fmx__depthwise_sizes *s)
{
    return s->batch * s->channels * (s->taps + 1) * sizeof(float);
}

/* Of one of the three sums. */
static double flops_of(const fmx__depthwise_sizes *s)
{
    return 2 * (double)s->batch * (double)s->channels * (double)s->out_n * (double)s->taps;
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const fmx__depthwise_options *options = site->options;
    const fmx__shape *in = &site->in[0];
    fmx__depthwise_sizes s;
    double reach = (double)(options->kernel - 1) * (double)options->dilation + 1;
    bool pytorch = options->initialiser == FMX__INIT_PYTORCH;
    if (in->is_complex)
        return fmx__op_refuse(site, "depthwise_conv1d takes real values, the input is complex");
    if (reach + (double)in->positions + (double)options->stride > INT32_MAX / 2)
        return fmx__op_refuse(site,
                              "a kernel that reaches over %.0f positions with stride %.0f, on rows "
                              "of %zu, is beyond 2^30 positions",
                              reach, (double)options->stride, in->positions);
    if (!fmx__depthwise_sizes_of(options, in, site->batch, &s))
        return fmx__op_refuse(site,
                              "padding is \"%s\"; write same, valid, causal or a number of zeros "
                              "up to %d",
                              options->padding, MOST_PADDING);
    if (s.out_n == 0)
        return fmx__op_refuse(site,
                              "the kernel reaches over %.0f positions, the row has %zu; use "
                              "padding: same or a smaller kernel",
                              reach, in->positions);
    out->out = (fmx__shape){.channels = s.channels, .positions = s.out_n};
    out->weight_count = options->bias ? 2 : 1;
    out->weight[FMX__DEPTHWISE_WEIGHT] = (fmx__op_weight){
        "weight", 3,     {s.channels, 1, s.taps}, true, (fmx__initialiser)options->initialiser,
        s.taps,   s.taps};
    out->weight[FMX__DEPTHWISE_BIAS] = (fmx__op_weight){
        "bias", 1,     {s.channels}, true, pytorch ? FMX__INIT_PYTORCH : FMX__INIT_ZEROS,
        s.taps, s.taps};
    out->keeps_input = true;
    out->scratch_bytes = site->training ? part_bytes(&s) : 0;
    double bytes = (double)(in_bytes(&s) + out_bytes(&s) + weight_bytes(&s));
    out->forward = (fmx__op_work){flops_of(&s), bytes};
    out->backward = (fmx__op_work){2 * flops_of(&s), 2 * bytes};
    return FMX_OK;
}

/* Forward, or backward to the input where the stride is 1. */
static fmx_status launch_rows(const fmx__op_call *call, const fmx__depthwise_sizes *s, bool flip)
{
    bool wide = fmx__device_wide(call->device);
    bool has_bias = !flip && ((const fmx__depthwise_options *)call->options)->bias;
    size_t rows = s->batch * s->channels;
    size_t to_n = flip ? s->in_n : s->out_n;
    int64_t reach = (int64_t)((s->taps - 1) * s->dilation + 1);
    int64_t left = flip ? reach - 1 - (int64_t)s->left : (int64_t)s->left;
    fmx__arg args[] = {
        fmx__arg_buffer(flip ? call->grad_in[0] : call->out, flip ? in_bytes(s) : out_bytes(s)),
        fmx__arg_buffer(flip ? call->grad_out : call->in[0], flip ? out_bytes(s) : in_bytes(s)),
        fmx__arg_buffer(call->weight[FMX__DEPTHWISE_WEIGHT], weight_bytes(s)),
        has_bias ? fmx__arg_buffer(call->weight[FMX__DEPTHWISE_BIAS], s->channels * sizeof(float))
                 : fmx__arg_none(),
        fmx__arg_u64(rows),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(flip ? s->out_n : s->in_n),
        fmx__arg_u64(to_n),
        fmx__arg_u64(s->taps),
        fmx__arg_u64(s->stride),
        fmx__arg_u64(s->dilation),
        fmx__arg_u64((uint64_t)left), /* a negative long */
        fmx__arg_u32(flip),
    };
    fmx__launch job = {
        .stem = "depthwise_conv1d",
        .kernel = wide ? "depthwise_conv1d_rows_wide" : "depthwise_conv1d_rows",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = wide ? 1 : 2,
        .global = {wide ? rows : to_n, wide ? 0 : rows},
        .local = {wide ? 1 : GROUP, wide ? 0 : 1},
        .flops = flops_of(s),
        .bytes = (double)(in_bytes(s) + out_bytes(s)),
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status launch_spread(const fmx__op_call *call, const fmx__depthwise_sizes *s)
{
    fmx__arg args[] = {
        fmx__arg_buffer(call->grad_in[0], in_bytes(s)),
        fmx__arg_buffer(call->grad_out, out_bytes(s)),
        fmx__arg_buffer(call->weight[FMX__DEPTHWISE_WEIGHT], weight_bytes(s)),
        fmx__arg_u64(s->batch * s->channels),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(s->in_n),
        fmx__arg_u64(s->out_n),
        fmx__arg_u64(s->taps),
        fmx__arg_u64(s->stride),
        fmx__arg_u64(s->dilation),
        fmx__arg_u64(s->left),
    };
    fmx__launch job = {
        .stem = "depthwise_conv1d",
        .kernel = "depthwise_conv1d_spread",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {s->in_n, s->batch * s->channels},
        .local = {GROUP, 1},
        .flops = flops_of(s),
        .bytes = (double)(in_bytes(s) + out_bytes(s)),
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status launch_parts(const fmx__op_call *call, const fmx__depthwise_sizes *s)
{
    bool wide = fmx__device_wide(call->device);
    size_t rows = s->batch * s->channels;
    fmx__arg args[] = {
        fmx__arg_buffer(call->scratch, part_bytes(s)),
        fmx__arg_buffer(call->grad_out, out_bytes(s)),
        fmx__arg_buffer(call->in[0], in_bytes(s)),
        fmx__arg_u64(s->in_n),
        fmx__arg_u64(s->out_n),
        fmx__arg_u64(s->taps),
        fmx__arg_u64(s->stride),
        fmx__arg_u64(s->dilation),
        fmx__arg_u64(s->left),
        fmx__arg_u64(rows),
    };
    fmx__launch job = {
        .stem = "depthwise_conv1d",
        .kernel = wide ? "depthwise_conv1d_parts_wide" : "depthwise_conv1d_parts",
        .arg = args,
        .arg_count = FMX__COUNT(args) - (wide ? 0 : 1),
        .dims = 1,
        .flops = flops_of(s),
        .bytes = (double)(in_bytes(s) + out_bytes(s)),
    };
    if (wide)
        job.global[0] = rows;
    else
        job.groups[0] = rows;
    job.local[0] = wide ? 1 : ROW_GROUP;
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status launch_sum(const fmx__op_call *call, const fmx__depthwise_sizes *s)
{
    bool has_bias = ((const fmx__depthwise_options *)call->options)->bias;
    fmx__arg args[] = {
        fmx__arg_buffer(call->grad_weight[FMX__DEPTHWISE_WEIGHT], weight_bytes(s)),
        has_bias
            ? fmx__arg_buffer(call->grad_weight[FMX__DEPTHWISE_BIAS], s->channels * sizeof(float))
            : fmx__arg_none(),
        fmx__arg_buffer(call->scratch, part_bytes(s)),
        fmx__arg_u64(s->batch),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(s->taps),
    };
    fmx__launch job = {
        .stem = "depthwise_conv1d",
        .kernel = "depthwise_conv1d_sum",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {s->taps + 1, s->channels},
        .local = {1, GROUP},
        .flops = (double)part_bytes(s) / sizeof(float),
        .bytes = (double)part_bytes(s),
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx__depthwise_sizes sizes_of(const fmx__op_call *call)
{
    fmx__depthwise_sizes s;
    fmx__depthwise_sizes_of(call->options, &call->in_shape[0], call->batch, &s);
    return s;
}

static fmx_status forward(const fmx__op_call *call)
{
    fmx__depthwise_sizes s = sizes_of(call);
    return launch_rows(call, &s, false);
}

static fmx_status backward(const fmx__op_call *call)
{
    fmx__depthwise_sizes s = sizes_of(call);
    fmx_status status = launch_parts(call, &s);
    if (status == FMX_OK)
        status = launch_sum(call, &s);
    if (status == FMX_OK && call->grad_in[0] != NULL)
        status = s.stride == 1 ? launch_rows(call, &s, true) : launch_spread(call, &s);
    return status;
}

const fmx__op fmx__op_depthwise_conv1d = {
    .group = {.name = "depthwise_conv1d",
              .doc = "Convolution of each channel with a filter of its own (cross-correlation).",
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
