#include "locally_connected_layer.h"

enum {
    GROUP = 64,
    FEW = 2, /* tile of kernels/locally_connected1d.cl */
    MANY = 4,
    WIDTH = 64, /* of locally_connected1d_wide.clh */
    BLOCK = 32,
    SPACE_BYTES = 32 * (4 + BLOCK) * WIDTH * sizeof(float),
};

static const char *const paddings[] = {"same", "valid", NULL};

static const fmx__option option_table[] = {
    FMX__LAYER_OPTIONS(fmx__local_options),
    {"filters", FMX__OPTION_INTEGER, offsetof(fmx__local_options, filters), "", 1, 1e6, NULL,
     "channels of the output"},
    {"kernel", FMX__OPTION_INTEGER, offsetof(fmx__local_options, kernel), "positions", 1, 1e6, NULL,
     "taps of each filter"},
    {"padding", FMX__OPTION_CHOICE, offsetof(fmx__local_options, padding), "", 0, 0, paddings,
     "same: zeros on both sides, as many positions as before; valid: none"},
    {"bias", FMX__OPTION_BOOL, offsetof(fmx__local_options, bias), "", 0, 0, NULL,
     "whether a number per filter and position is added"},
    {"initialiser", FMX__OPTION_CHOICE, offsetof(fmx__local_options, initialiser), "", 0, 0,
     fmx__initialiser_names, "how the weight starts; the bias starts with 0, or as PyTorch's"},
};

static const fmx__local_options defaults = {{"", ""},          1,    1,
                                            FMX__PADDING_SAME, true, FMX__INIT_GLOROT_UNIFORM};

fmx__local_sizes fmx__local_sizes_of(const fmx__local_options *options, const fmx__shape *in,
                                     size_t batch)
{
    fmx__local_sizes s = {
        .batch = batch,
        .channels = in->channels,
        .filters = (size_t)options->filters,
        .taps = (size_t)options->kernel,
        .in_n = in->positions,
    };
    if (options->padding == FMX__PADDING_SAME) {
        s.out_n = s.in_n;
        s.left = (s.taps - 1) / 2;
    } else if (s.in_n >= s.taps) {
        s.out_n = s.in_n - s.taps + 1;
    }
    return s;
}

static size_t in_bytes(const fmx__local_sizes *s)
{
    return s->batch * s->channels * s->in_n * sizeof(float);
}

static size_t out_bytes(const fmx__local_sizes *s)
{
    return s->batch * s->filters * s->out_n * sizeof(float);
}

static size_t weight_bytes(const fmx__local_sizes *s)
{
    return s->filters * s->channels * s->taps * s->out_n * sizeof(float);
}

static size_t bias_bytes(const fmx__local_sizes *s)
{
    return s->filters * s->out_n * sizeof(float);
}

/* Of one of the three sums. */
static double flops_of(const fmx__local_sizes *s)
{
    return 2 * (double)s->batch * (double)s->filters * (double)s->channels * (double)s->taps *
           (double)s->out_n;
}

static double bytes_of(const fmx__local_sizes *s)
{
    return (double)(in_bytes(s) + out_bytes(s) + weight_bytes(s));
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const fmx__local_options *options = site->options;
    const fmx__shape *in = &site->in[0];
    fmx__local_sizes s = fmx__local_sizes_of(options, in, site->batch);
    bool pytorch = options->initialiser == FMX__INIT_PYTORCH;
    double weights = (double)s.filters * (double)s.channels * (double)s.taps * (double)s.in_n;
    if (in->is_complex)
        return fmx__op_refuse(site, "locally_connected1d takes real values, the input is complex");
    if (s.out_n == 0)
        return fmx__op_refuse(site,
                              "the kernel reaches over %zu positions, the row has %zu; use "
                              "padding: same or a smaller kernel",
                              s.taps, in->positions);
    if (weights > INT32_MAX)
        return fmx__op_refuse(site,
                              "%zu filters x %zu channels x %zu taps at each of %zu positions are "
                              "more than 2^31 weights; use fewer filters or pool first",
                              s.filters, s.channels, s.taps, s.out_n);
    out->out = (fmx__shape){.channels = s.filters, .positions = s.out_n};
    out->weight_count = options->bias ? 2 : 1;
    out->weight[FMX__LOCAL_WEIGHT] = (fmx__op_weight){"weight",
                                                      4,
                                                      {s.filters, s.channels, s.taps, s.out_n},
                                                      true,
                                                      (fmx__initialiser)options->initialiser,
                                                      s.channels * s.taps,
                                                      s.filters * s.taps};
    out->weight[FMX__LOCAL_BIAS] = (fmx__op_weight){"bias",
                                                    2,
                                                    {s.filters, s.out_n},
                                                    true,
                                                    pytorch ? FMX__INIT_PYTORCH : FMX__INIT_ZEROS,
                                                    s.channels * s.taps,
                                                    s.filters * s.taps};
    out->keeps_input = true;
    out->forward = (fmx__op_work){flops_of(&s), bytes_of(&s)};
    out->backward = (fmx__op_work){2 * flops_of(&s), 2 * bytes_of(&s)};
    return FMX_OK;
}

/* What the three launches share: the sizes behind `buffers` of args, and the range: rows and
 * columns of the result at so many positions. */
static fmx_status launch(const fmx__op_call *call, const fmx__local_sizes *s,
                         const char *const kernel[2], fmx__arg *args, size_t buffers,
                         size_t positions, size_t rows, size_t columns)
{
    bool wide = fmx__device_wide(call->device);
    const size_t sizes[] = {s->batch, s->channels, s->filters, s->taps, s->in_n, s->out_n, s->left};
    for (size_t i = 0; i < FMX__COUNT(sizes); ++i)
        args[buffers + i] = fmx__arg_u64(sizes[i]);
    args[buffers + FMX__COUNT(sizes)] = fmx__arg_local(SPACE_BYTES);
    fmx__launch job = {
        .stem = "locally_connected1d",
        .kernel = kernel[wide],
        .arg = args,
        .arg_count = buffers + FMX__COUNT(sizes) + (wide ? 1 : 0),
        .dims = wide ? 2 : 3,
        .flops = flops_of(s),
        .bytes = bytes_of(s),
    };
    job.global[0] = wide ? fmx__op_divide_up(columns, BLOCK) : positions;
    job.global[1] = wide ? fmx__op_divide_up(positions, WIDTH) : fmx__op_divide_up(rows, FEW);
    job.global[2] = wide ? 0 : fmx__op_divide_up(columns, MANY);
    job.local[0] = wide ? 1 : GROUP;
    job.local[1] = 1;
    job.local[2] = wide ? 0 : 1;
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status forward(const fmx__op_call *call)
{
    static const char *const kernel[2] = {"locally_connected1d_forward",
                                          "locally_connected1d_forward_wide"};
    const fmx__local_options *options = call->options;
    fmx__local_sizes s = fmx__local_sizes_of(options, &call->in_shape[0], call->batch);
    fmx__arg args[12] = {
        fmx__arg_buffer(call->out, out_bytes(&s)),
        fmx__arg_buffer(call->in[0], in_bytes(&s)),
        fmx__arg_buffer(call->weight[FMX__LOCAL_WEIGHT], weight_bytes(&s)),
        options->bias ? fmx__arg_buffer(call->weight[FMX__LOCAL_BIAS], bias_bytes(&s))
                      : fmx__arg_none(),
    };
    return launch(call, &s, kernel, args, 4, s.out_n, s.filters, s.batch);
}

static fmx_status backward_weight(const fmx__op_call *call, const fmx__local_sizes *s)
{
    static const char *const kernel[2] = {"locally_connected1d_weight",
                                          "locally_connected1d_weight_wide"};
    bool bias = ((const fmx__local_options *)call->options)->bias;
    fmx__arg args[12] = {
        fmx__arg_buffer(call->grad_weight[FMX__LOCAL_WEIGHT], weight_bytes(s)),
        bias ? fmx__arg_buffer(call->grad_weight[FMX__LOCAL_BIAS], bias_bytes(s)) : fmx__arg_none(),
        fmx__arg_buffer(call->grad_out, out_bytes(s)),
        fmx__arg_buffer(call->in[0], in_bytes(s)),
    };
    /* columns: channels and taps; in a tile of the plain kernel channels of one tap */
    size_t channels =
        fmx__device_wide(call->device) ? s->channels : fmx__op_divide_up(s->channels, MANY) * MANY;
    return launch(call, s, kernel, args, 4, s->out_n, s->filters, channels * s->taps);
}

static fmx_status backward_input(const fmx__op_call *call, const fmx__local_sizes *s)
{
    static const char *const kernel[2] = {"locally_connected1d_input",
                                          "locally_connected1d_input_wide"};
    fmx__arg args[11] = {
        fmx__arg_buffer(call->grad_in[0], in_bytes(s)),
        fmx__arg_buffer(call->grad_out, out_bytes(s)),
        fmx__arg_buffer(call->weight[FMX__LOCAL_WEIGHT], weight_bytes(s)),
    };
    return launch(call, s, kernel, args, 3, s->in_n, s->channels, s->batch);
}

static fmx_status backward(const fmx__op_call *call)
{
    fmx__local_sizes s = fmx__local_sizes_of(call->options, &call->in_shape[0], call->batch);
    fmx_status status = backward_weight(call, &s);
    if (status == FMX_OK && call->grad_in[0] != NULL)
        status = backward_input(call, &s);
    return status;
}

const fmx__op fmx__op_locally_connected1d = {
    .group = {.name = "locally_connected1d",
              .doc = "Convolution whose weights differ from position to position.",
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
