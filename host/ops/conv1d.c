#include "conv1d_sizes.h"

enum {
    GROUP = 64,      /* items per group of the small kernels */
    ROW_GROUP = 256, /* items per row of conv1d_bias */
    TILE_M = 32,     /* as in kernels/common.clh */
    TILE_N = 64,
    TILE_K = 16,
    TILE_ITEMS = 128,
    MOST_SLICES = 64, /* of the sum over batch and positions */
};

static const char *const paddings[] = {"same", "valid", NULL};

static const fmx__option option_table[] = {
    FMX__LAYER_OPTIONS(fmx__conv1d_options),
    {"filters", FMX__OPTION_INTEGER, offsetof(fmx__conv1d_options, filters), "", 1, 1e6, NULL,
     "channels of the output"},
    {"kernel", FMX__OPTION_INTEGER, offsetof(fmx__conv1d_options, kernel), "positions", 1, 1e6,
     NULL, "taps of each filter"},
    {"stride", FMX__OPTION_INTEGER, offsetof(fmx__conv1d_options, stride), "positions", 1, 1e6,
     NULL, "step from one output to the next"},
    {"dilation", FMX__OPTION_INTEGER, offsetof(fmx__conv1d_options, dilation), "positions", 1, 1e6,
     NULL, "step from one tap to the next"},
    {"padding", FMX__OPTION_CHOICE, offsetof(fmx__conv1d_options, padding), "", 0, 0, paddings,
     "same: zeros on both sides, positions / stride outputs, as Keras pads; valid: none"},
    {"bias", FMX__OPTION_BOOL, offsetof(fmx__conv1d_options, bias), "", 0, 0, NULL,
     "whether a number per filter is added"},
    {"initialiser", FMX__OPTION_CHOICE, offsetof(fmx__conv1d_options, initialiser), "", 0, 0,
     fmx__initialiser_names, "how the weight starts; the bias starts with 0, or as PyTorch's"},
};

static const fmx__conv1d_options defaults = {
    {"", ""}, 1, 3, 1, 1, FMX__PADDING_SAME, true, FMX__INIT_GLOROT_UNIFORM};

void fmx__conv1d_complete(fmx__conv1d_sizes *s)
{
    s->reach = (s->taps - 1) * s->dilation + 1;
    s->terms = s->in_c * s->taps;
    s->steps = s->batch * fmx__op_divide_up(s->out_n, TILE_K);
    s->slices = s->steps < MOST_SLICES ? s->steps : MOST_SLICES;
    if (s->slices > 0) /* without those that the steps do not reach */
        s->slices = fmx__op_divide_up(s->steps, fmx__op_divide_up(s->steps, s->slices));
}

/* `s` for an input; out_n is 0 where valid padding leaves nothing. */
static fmx__conv1d_sizes sizes_of(const fmx__conv1d_options *options, const fmx__shape *in,
                                  size_t batch)
{
    fmx__conv1d_sizes s = {
        .batch = batch,
        .in_c = in->channels,
        .in_n = in->positions,
        .out_c = (size_t)options->filters,
        .taps = (size_t)options->kernel,
        .stride = (size_t)options->stride,
        .dilation = (size_t)options->dilation,
    };
    size_t reach = (s.taps - 1) * s.dilation + 1;
    if (options->padding == FMX__PADDING_SAME) {
        s.out_n = fmx__op_divide_up(s.in_n, s.stride);
        size_t covered = (s.out_n - 1) * s.stride + reach;
        s.left = covered > s.in_n ? (covered - s.in_n) / 2 : 0;
    } else if (s.in_n >= reach) {
        s.out_n = (s.in_n - reach) / s.stride + 1;
    }
    fmx__conv1d_complete(&s);
    return s;
}

static fmx_status check_sizes(const fmx__op_site *site)
{
    const fmx__conv1d_options *options = site->options;
    const fmx__shape *in = &site->in[0];
    double reach = (double)(options->kernel - 1) * (double)options->dilation + 1;
    if (in->is_complex)
        return fmx__op_refuse(site, "conv1d takes real values, the input is complex");
    /* positions are counted in 32 bits, padding and the last stride included */
    if (reach + (double)in->positions + (double)options->stride > INT32_MAX / 2)
        return fmx__op_refuse(site,
                              "a kernel that reaches over %.0f positions with stride %.0f, on rows "
                              "of %zu, is beyond 2^30 positions",
                              reach, (double)options->stride, in->positions);
    if ((double)in->channels * (double)options->kernel > INT32_MAX / 2 ||
        (double)options->filters * (double)options->kernel > INT32_MAX / 2)
        return fmx__op_refuse(site, "%zu channels, %zu filters of %zu taps: more than 2^30 terms",
                              in->channels, (size_t)options->filters, (size_t)options->kernel);
    if (options->padding == FMX__PADDING_VALID && reach > (double)in->positions)
        return fmx__op_refuse(site,
                              "the kernel reaches over %.0f positions, the row has %zu; use "
                              "padding: same or a smaller kernel",
                              reach, in->positions);
    return FMX_OK;
}

size_t fmx__conv1d_scratch_bytes(const fmx_device *device, const fmx__conv1d_sizes *s,
                                 bool training)
{
    size_t rows = s->batch * s->out_c * sizeof(float);
    size_t slices = s->slices * fmx__conv1d_weight_bytes(s);
    if (fmx__conv1d_wide(device, s))
        return fmx__conv1d_wide_scratch_bytes(s, training);
    return !training ? 0 : rows > slices ? rows : slices;
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const fmx__conv1d_options *options = site->options;
    fmx_status status = check_sizes(site);
    if (status != FMX_OK)
        return status;
    fmx__conv1d_sizes s = sizes_of(options, &site->in[0], site->batch);
    size_t fan_out = s.out_c * s.taps;
    bool pytorch = options->initialiser == FMX__INIT_PYTORCH;
    if (s.steps > INT32_MAX)
        return fmx__op_refuse(site, "%zu items of %zu positions are too many for one batch",
                              s.batch, s.out_n);
    out->out = (fmx__shape){.channels = s.out_c, .positions = s.out_n};
    out->weight_count = options->bias ? 2 : 1;
    out->weight[FMX__CONV1D_WEIGHT] = (fmx__op_weight){
        "weight", 3,      {s.out_c, s.in_c, s.taps}, true, (fmx__initialiser)options->initialiser,
        s.terms,  fan_out};
    out->weight[FMX__CONV1D_BIAS] = (fmx__op_weight){
        "bias",  1,      {s.out_c}, true, pytorch ? FMX__INIT_PYTORCH : FMX__INIT_ZEROS,
        s.terms, fan_out};
    out->keeps_input = true;
    out->scratch_bytes = fmx__conv1d_scratch_bytes(site->device, &s, site->training);
    double bytes = (double)fmx__conv1d_in_bytes(&s) + (double)fmx__conv1d_out_bytes(&s) +
                   (double)fmx__conv1d_weight_bytes(&s);
    out->forward = (fmx__op_work){fmx__conv1d_product_flops(&s), bytes};
    out->backward = (fmx__op_work){2 * fmx__conv1d_product_flops(&s), 2 * bytes};
    return FMX_OK;
}

static fmx_status launch_forward(const fmx__op_call *call, const fmx__conv1d_sizes *s)
{
    const fmx__conv1d_options *options = call->options;
    fmx__arg args[] = {
        fmx__arg_buffer(call->out, fmx__conv1d_out_bytes(s)),
        fmx__arg_buffer(call->in[0], fmx__conv1d_in_bytes(s)),
        fmx__arg_buffer(call->weight[FMX__CONV1D_WEIGHT], fmx__conv1d_weight_bytes(s)),
        options->bias ? fmx__arg_buffer(call->weight[FMX__CONV1D_BIAS], s->out_c * sizeof(float))
                      : fmx__arg_none(),
        fmx__arg_u32(s->in_c),
        fmx__arg_u32(s->in_n),
        fmx__arg_u32(s->out_c),
        fmx__arg_u32(s->out_n),
        fmx__arg_u32(s->taps),
        fmx__arg_u32(s->stride),
        fmx__arg_u32(s->dilation),
        fmx__arg_u32(s->left),
        fmx__arg_u32(call->relu),
    };
    fmx__launch job = {
        .stem = "conv1d",
        .kernel = "conv1d_forward",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 3,
        .groups = {fmx__op_divide_up(s->out_n, TILE_N), fmx__op_divide_up(s->out_c, TILE_M),
                   s->batch},
        .local = {TILE_ITEMS, 1, 1},
        .fixed_group = true,
        .flops = fmx__conv1d_product_flops(s),
        .bytes = (double)(fmx__conv1d_in_bytes(s) + fmx__conv1d_out_bytes(s) +
                          fmx__conv1d_weight_bytes(s)),
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status launch_grad_in(const fmx__op_call *call, const fmx__conv1d_sizes *s)
{
    fmx__arg args[] = {
        fmx__arg_buffer(call->grad_in[0], fmx__conv1d_in_bytes(s)),
        fmx__arg_buffer(call->grad_out, fmx__conv1d_out_bytes(s)),
        fmx__arg_buffer(call->weight[FMX__CONV1D_WEIGHT], fmx__conv1d_weight_bytes(s)),
        fmx__arg_u32(s->in_c),
        fmx__arg_u32(s->in_n),
        fmx__arg_u32(s->out_c),
        fmx__arg_u32(s->out_n),
        fmx__arg_u32(s->taps),
        fmx__arg_u32(s->stride),
        fmx__arg_u32(s->dilation),
        fmx__arg_u32(s->left),
    };
    fmx__launch job = {
        .stem = "conv1d",
        .kernel = "conv1d_grad_in",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 3,
        .groups = {fmx__op_divide_up(s->in_n, TILE_N), fmx__op_divide_up(s->in_c, TILE_M),
                   s->batch},
        .local = {TILE_ITEMS, 1, 1},
        .fixed_group = true,
        .flops = fmx__conv1d_product_flops(s),
        .bytes = (double)(fmx__conv1d_in_bytes(s) + fmx__conv1d_out_bytes(s) +
                          fmx__conv1d_weight_bytes(s)),
    };
    return fmx__launch_kernel(call->device, &job);
}

/* Parts of the weight's gradient into scratch, one per slice. */
static fmx_status launch_grad_weight(const fmx__op_call *call, const fmx__conv1d_sizes *s)
{
    fmx__arg args[] = {
        fmx__arg_buffer(call->scratch, s->slices * fmx__conv1d_weight_bytes(s)),
        fmx__arg_buffer(call->grad_out, fmx__conv1d_out_bytes(s)),
        fmx__arg_buffer(call->in[0], fmx__conv1d_in_bytes(s)),
        fmx__arg_u32(s->batch),
        fmx__arg_u32(fmx__op_divide_up(s->steps, s->slices)),
        fmx__arg_u32(s->in_c),
        fmx__arg_u32(s->in_n),
        fmx__arg_u32(s->out_c),
        fmx__arg_u32(s->out_n),
        fmx__arg_u32(s->taps),
        fmx__arg_u32(s->stride),
        fmx__arg_u32(s->dilation),
        fmx__arg_u32(s->left),
    };
    fmx__launch job = {
        .stem = "conv1d",
        .kernel = "conv1d_grad_weight",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 3,
        .groups = {fmx__op_divide_up(s->terms, TILE_N), fmx__op_divide_up(s->out_c, TILE_M),
                   s->slices},
        .local = {TILE_ITEMS, 1, 1},
        .fixed_group = true,
        .flops = fmx__conv1d_product_flops(s),
        .bytes = (double)(fmx__conv1d_in_bytes(s) + fmx__conv1d_out_bytes(s)) +
                 (double)s->slices * (double)fmx__conv1d_weight_bytes(s),
    };
    return fmx__launch_kernel(call->device, &job);
}

/* Masks grad_out and leaves the sums of its rows in scratch. */
static fmx_status launch_bias(const fmx__op_call *call, const fmx__conv1d_sizes *s)
{
    fmx__arg args[] = {
        fmx__arg_buffer(call->scratch, s->batch * s->out_c * sizeof(float)),
        fmx__arg_buffer(call->grad_out, fmx__conv1d_out_bytes(s)),
        call->relu ? fmx__arg_buffer(call->out, fmx__conv1d_out_bytes(s)) : fmx__arg_none(),
        fmx__arg_u64(s->out_n),
        fmx__arg_u32(call->relu),
    };
    fmx__launch job = {
        .stem = "conv1d",
        .kernel = "conv1d_bias",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .groups = {s->batch * s->out_c},
        .local = {ROW_GROUP},
        .flops = (double)fmx__conv1d_out_bytes(s) / sizeof(float),
        .bytes = (double)fmx__conv1d_out_bytes(s) * (call->relu ? 3 : 1),
    };
    return fmx__launch_kernel(call->device, &job);
}

/* to[i] = sum over s of scratch[s][i]. */
static fmx_status launch_sum(const fmx__op_call *call, fmx_buffer *to, size_t count, size_t slices)
{
    fmx__arg args[] = {
        fmx__arg_buffer(to, count * sizeof(float)),
        fmx__arg_buffer(call->scratch, slices * count * sizeof(float)),
        fmx__arg_u64(count),
        fmx__arg_u64(slices),
    };
    fmx__launch job = {
        .stem = "conv1d",
        .kernel = "conv1d_sum",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {count},
        .local = {GROUP},
        .flops = (double)count * (double)slices,
        .bytes = (double)count * (double)(slices + 1) * sizeof(float),
    };
    return fmx__launch_kernel(call->device, &job);
}

fmx_status fmx__conv1d_forward(const fmx__op_call *call, const fmx__conv1d_sizes *s)
{
    return fmx__conv1d_wide(call->device, s) ? fmx__conv1d_wide_forward(call, s)
                                             : launch_forward(call, s);
}

fmx_status fmx__conv1d_grad_weight(const fmx__op_call *call, const fmx__conv1d_sizes *s)
{
    if (fmx__conv1d_wide(call->device, s))
        return fmx__conv1d_wide_grad_weight(call, s);
    fmx_status status = launch_grad_weight(call, s);
    return status != FMX_OK ? status
                            : launch_sum(call, call->grad_weight[FMX__CONV1D_WEIGHT],
                                         s->out_c * s->terms, s->slices);
}

fmx_status fmx__conv1d_grad_in(const fmx__op_call *call, const fmx__conv1d_sizes *s)
{
    return fmx__conv1d_wide(call->device, s) ? fmx__conv1d_wide_grad_in(call, s)
                                             : launch_grad_in(call, s);
}

static fmx_status forward(const fmx__op_call *call)
{
    fmx__conv1d_sizes s = sizes_of(call->options, &call->in_shape[0], call->batch);
    return fmx__conv1d_forward(call, &s);
}

static fmx_status backward_bias(const fmx__op_call *call, const fmx__conv1d_sizes *s)
{
    const fmx__conv1d_options *options = call->options;
    if (!options->bias && !call->relu)
        return FMX_OK;
    if (fmx__conv1d_wide(call->device, s)) /* whose weights' gradient brings the bias' */
        return call->relu ? fmx__conv1d_wide_mask(call, s) : FMX_OK;
    fmx_status status = launch_bias(call, s);
    if (status == FMX_OK && options->bias)
        status = launch_sum(call, call->grad_weight[FMX__CONV1D_BIAS], s->out_c, s->batch);
    return status;
}

fmx_status fmx__conv1d_backward_weights(const fmx__op_call *call)
{
    fmx__conv1d_sizes s = sizes_of(call->options, &call->in_shape[0], call->batch);
    fmx_status status = backward_bias(call, &s);
    return status == FMX_OK ? fmx__conv1d_grad_weight(call, &s) : status;
}

fmx_status fmx__conv1d_backward_data(const fmx__op_call *call)
{
    fmx__conv1d_sizes s = sizes_of(call->options, &call->in_shape[0], call->batch);
    return fmx__conv1d_grad_in(call, &s);
}

static fmx_status backward(const fmx__op_call *call)
{
    fmx_status status = fmx__conv1d_backward_weights(call);
    if (status == FMX_OK && call->grad_in[0] != NULL)
        status = fmx__conv1d_backward_data(call);
    return status;
}

const fmx__op fmx__op_conv1d = {
    .group = {.name = "conv1d",
              .doc = "Convolution along positions (cross-correlation).",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .least_inputs = 1,
    .most_inputs = 1,
    .fuses_relu = true,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
