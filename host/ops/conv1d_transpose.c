/* Transposed convolution: the way back of a convolution from `filters` channels to those of the
 * input, so its products are those of conv1d with the directions exchanged (conv1d_sizes.h). In a
 * fmx__conv1d_sizes here `in` is this op's output and `out` its input. */
#include "conv1d_sizes.h"

enum { GROUP = 64, ROW_GROUP = 256 };

typedef struct options {
    fmx__layer layer;
    int64_t filters;
    int64_t kernel;
    int64_t stride;
    int64_t padding;
    int64_t output_padding;
    int64_t dilation;
    bool bias;
    int initialiser;
} options;

#define FMX_FIELD(name) offsetof(options, name)
static const fmx__option option_table[] = {
    FMX__LAYER_OPTIONS(options),
    {"filters", FMX__OPTION_INTEGER, FMX_FIELD(filters), "", 1, 1e6, NULL,
     "channels of the output"},
    {"kernel", FMX__OPTION_INTEGER, FMX_FIELD(kernel), "positions", 1, 1e6, NULL,
     "taps of each filter"},
    {"stride", FMX__OPTION_INTEGER, FMX_FIELD(stride), "positions", 1, 1e6, NULL,
     "outputs from one input to the next"},
    {"padding", FMX__OPTION_INTEGER, FMX_FIELD(padding), "positions", 0, 1e6, NULL,
     "outputs cut off on each side, as PyTorch's"},
    {"output_padding", FMX__OPTION_INTEGER, FMX_FIELD(output_padding), "positions", 0, 1e6, NULL,
     "outputs added on the right, below stride or dilation, as PyTorch's"},
    {"dilation", FMX__OPTION_INTEGER, FMX_FIELD(dilation), "positions", 1, 1e6, NULL,
     "step from one tap to the next"},
    {"bias", FMX__OPTION_BOOL, FMX_FIELD(bias), "", 0, 0, NULL,
     "whether a number per filter is added"},
    {"initialiser", FMX__OPTION_CHOICE, FMX_FIELD(initialiser), "", 0, 0, fmx__initialiser_names,
     "how the weight starts; the bias starts with 0, or as PyTorch's"},
};
#undef FMX_FIELD

static const options defaults = {{"", ""}, 1, 3, 1, 0, 0, 1, true, FMX__INIT_GLOROT_UNIFORM};

/* Positions of the output; checked by `plan`. */
static size_t positions_of(const options *o, size_t in_n)
{
    return (in_n - 1) * (size_t)o->stride + (size_t)o->dilation * ((size_t)o->kernel - 1) +
           (size_t)o->output_padding + 1 - 2 * (size_t)o->padding;
}

static fmx__conv1d_sizes sizes_of(const options *o, const fmx__shape *in, size_t batch)
{
    fmx__conv1d_sizes s = {
        .batch = batch,
        .in_c = (size_t)o->filters,
        .in_n = positions_of(o, in->positions),
        .out_c = in->channels,
        .out_n = in->positions,
        .taps = (size_t)o->kernel,
        .stride = (size_t)o->stride,
        .dilation = (size_t)o->dilation,
        .left = (size_t)o->padding,
    };
    fmx__conv1d_complete(&s);
    return s;
}

static fmx_status check_sizes(const fmx__op_site *site)
{
    const options *o = site->options;
    const fmx__shape *in = &site->in[0];
    double reach = (double)(o->kernel - 1) * (double)o->dilation + 1;
    double positions = ((double)in->positions - 1) * (double)o->stride + reach +
                       (double)o->output_padding - 2 * (double)o->padding;
    if (in->is_complex)
        return fmx__op_refuse(site, "conv1d_transpose takes real values, the input is complex");
    if (o->output_padding >= o->stride && o->output_padding >= o->dilation)
        return fmx__op_refuse(site, "output_padding %lld must be below the stride or the dilation",
                              (long long)o->output_padding);
    if ((double)o->padding > reach - 1)
        return fmx__op_refuse(site, "padding %lld cuts off more than the kernel adds, %.0f",
                              (long long)o->padding, reach - 1);
    if (positions < 1)
        return fmx__op_refuse(site, "a padding of %lld leaves nothing of %zu positions",
                              (long long)o->padding, in->positions);
    if (positions + reach + (double)o->stride > INT32_MAX / 2)
        return fmx__op_refuse(site, "%zu positions become %.0f, more than 2^30", in->positions,
                              positions);
    if ((double)in->channels * (double)o->kernel > INT32_MAX / 2 ||
        (double)o->filters * (double)o->kernel > INT32_MAX / 2)
        return fmx__op_refuse(site, "%zu channels, %zu filters of %zu taps: more than 2^30 terms",
                              in->channels, (size_t)o->filters, (size_t)o->kernel);
    return FMX_OK;
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const options *o = site->options;
    fmx_status status = check_sizes(site);
    if (status != FMX_OK)
        return status;
    fmx__conv1d_sizes s = sizes_of(o, &site->in[0], site->batch);
    bool pytorch = o->initialiser == FMX__INIT_PYTORCH;
    if (s.steps > INT32_MAX)
        return fmx__op_refuse(site, "%zu items of %zu positions are too many for one batch",
                              s.batch, s.out_n);
    out->out = (fmx__shape){.channels = s.in_c, .positions = s.in_n};
    out->weight_count = o->bias ? 2 : 1;
    out->weight[FMX__CONV1D_WEIGHT] =
        (fmx__op_weight){.name = "weight",
                         .rank = 3,
                         .dim = {s.out_c, s.in_c, s.taps},
                         .trainable = true,
                         .init = (fmx__initialiser)o->initialiser,
                         .fan_in = s.in_c * s.taps, /* PyTorch's and Keras's */
                         .fan_out = s.out_c * s.taps};
    out->weight[FMX__CONV1D_BIAS] =
        (fmx__op_weight){.name = "bias",
                         .rank = 1,
                         .dim = {s.in_c},
                         .trainable = true,
                         .init = pytorch ? FMX__INIT_PYTORCH : FMX__INIT_ZEROS,
                         .fan_in = s.in_c * s.taps,
                         .fan_out = s.out_c * s.taps};
    out->keeps_input = true;
    /* of all directions: what is forward here is backward there */
    out->scratch_bytes = fmx__conv1d_scratch_bytes(site->device, &s, true);
    double bytes = (double)fmx__conv1d_in_bytes(&s) + (double)fmx__conv1d_out_bytes(&s) +
                   (double)fmx__conv1d_weight_bytes(&s);
    out->forward = (fmx__op_work){fmx__conv1d_product_flops(&s), bytes};
    out->backward = (fmx__op_work){2 * fmx__conv1d_product_flops(&s), 2 * bytes};
    return FMX_OK;
}

/* The call of the convolution whose way back this is: without bias and relu. */
static const fmx__conv1d_options no_bias = {.bias = false};

/* out[b][f][n] += bias[f]. */
static fmx_status add_bias(const fmx__op_call *call, const fmx__conv1d_sizes *s)
{
    size_t bytes = fmx__conv1d_in_bytes(s);
    fmx__arg args[] = {
        fmx__arg_buffer(call->out, bytes),
        fmx__arg_buffer(call->weight[FMX__CONV1D_BIAS], s->in_c * sizeof(float)),
        fmx__arg_u64(s->batch * s->in_c),
        fmx__arg_u64(s->in_c),
        fmx__arg_u64(s->in_n),
    };
    fmx__launch job = {
        .stem = "conv1d_transpose",
        .kernel = "conv1d_transpose_bias",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {s->in_n, s->batch * s->in_c},
        .local = {GROUP},
        .flops = (double)bytes / sizeof(float),
        .bytes = 2 * (double)bytes,
    };
    return fmx__launch_kernel(call->device, &job);
}

/* grad_bias[f] = sum over items and positions of grad_out. */
static fmx_status sum_bias(const fmx__op_call *call, const fmx__conv1d_sizes *s)
{
    size_t bytes = fmx__conv1d_in_bytes(s);
    fmx__arg args[] = {
        fmx__arg_buffer(call->grad_weight[FMX__CONV1D_BIAS], s->in_c * sizeof(float)),
        fmx__arg_buffer(call->grad_out, bytes),
        fmx__arg_u64(s->batch),
        fmx__arg_u64(s->in_c),
        fmx__arg_u64(s->in_n),
        fmx__arg_local(ROW_GROUP * sizeof(float)),
    };
    bool wide = fmx__device_wide(call->device);
    fmx__launch job = {
        .stem = "conv1d_transpose",
        .kernel = wide ? "conv1d_transpose_bias_gradient_wide" : "conv1d_transpose_bias_gradient",
        .arg = args,
        .arg_count = FMX__COUNT(args) - wide,
        .dims = 1,
        .groups = {s->in_c},
        .local = {wide ? 1 : ROW_GROUP},
        .flops = (double)bytes / sizeof(float),
        .bytes = (double)bytes,
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status forward(const fmx__op_call *call)
{
    const options *o = call->options;
    fmx__conv1d_sizes s = sizes_of(o, &call->in_shape[0], call->batch);
    fmx__op_call way_back = {.device = call->device,
                             .options = &no_bias,
                             .weight = call->weight,
                             .scratch = call->scratch,
                             .grad_out = call->in[0],
                             .grad_in = &call->out};
    fmx_status status = fmx__conv1d_grad_in(&way_back, &s);
    return status == FMX_OK && o->bias ? add_bias(call, &s) : status;
}

static fmx_status backward(const fmx__op_call *call)
{
    const options *o = call->options;
    fmx__conv1d_sizes s = sizes_of(o, &call->in_shape[0], call->batch);
    fmx__op_call there = {.device = call->device,
                          .options = &no_bias,
                          .weight = call->weight,
                          .scratch = call->scratch,
                          .in = &call->grad_out,
                          .out = call->grad_in[0],
                          .grad_out = call->in[0],
                          .grad_weight = call->grad_weight};
    fmx_status status = o->bias ? sum_bias(call, &s) : FMX_OK;
    if (status == FMX_OK)
        status = fmx__conv1d_grad_weight(&there, &s);
    if (status == FMX_OK && call->grad_in[0] != NULL)
        status = fmx__conv1d_forward(&there, &s);
    return status;
}

const fmx__op fmx__op_conv1d_transpose = {
    .group = {.name = "conv1d_transpose",
              .doc =
                  "Transposed convolution along positions: every input adds its multiple of each "
                  "filter to the outputs.",
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
