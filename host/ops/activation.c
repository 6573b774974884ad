#include "activation.h"

enum { GROUP = 64, WIDE = 16 }; /* items per group; floats per item of the wide variant */

typedef struct options {
    fmx__layer layer;
} options;

typedef struct compress_options {
    fmx__layer layer;
    double scale;
} compress_options;

static const fmx__option option_table[] = {FMX__LAYER_OPTIONS(options)};
static const options defaults = {{"", ""}};

static const fmx__option compress_table[] = {
    FMX__LAYER_OPTIONS(compress_options),
    {"scale", FMX__OPTION_NUMBER, offsetof(compress_options, scale), "", 1e-6, 1e6, NULL,
     "values well below it stay as they are, but for a factor; of those above the logarithm is "
     "taken"},
};
static const compress_options compress_defaults = {{"", ""}, 0.02};

/* FLOPs of one value, forward and backward, as the kernels do them. */
static const struct {
    double forward;
    double backward;
} flops[] = {{1, 1}, {20, 3}, {25, 20}};

static fmx_status launch(fmx_device *device, const char *kernel, const char *wide_kernel,
                         fmx__activation kind, double scale, size_t count, fmx_buffer *to,
                         fmx_buffer *from, fmx_buffer *out, double work)
{
    bool wide = fmx__device_wide(device);
    size_t bytes = count * sizeof(float);
    size_t per_item = wide ? WIDE : 1;
    fmx__arg args[] = {
        fmx__arg_buffer(to, bytes), fmx__arg_buffer(from, bytes), fmx__arg_buffer(out, bytes),
        fmx__arg_u64(count),        fmx__arg_u32((size_t)kind),   fmx__arg_f32(1 / scale),
    };
    fmx__launch job = {
        .stem = "activation",
        .kernel = wide ? wide_kernel : kernel,
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {(count + per_item - 1) / per_item},
        .local = {GROUP},
        .flops = (double)count * work,
        .bytes = (double)bytes * (from == out ? 2 : 3),
    };
    return fmx__launch_kernel(device, &job);
}

fmx_status fmx__activation_forward(fmx_device *device, fmx__activation kind, double scale,
                                   size_t count, fmx_buffer *in, fmx_buffer *out)
{
    return launch(device, "activation_forward", "activation_forward_wide", kind, scale, count, out,
                  in, in, flops[kind].forward);
}

fmx_status fmx__activation_backward(fmx_device *device, fmx__activation kind, double scale,
                                    size_t count, fmx_buffer *grad_out, fmx_buffer *out,
                                    fmx_buffer *grad_in)
{
    return launch(device, "activation_backward", "activation_backward_wide", kind, scale, count,
                  grad_in, grad_out, out, flops[kind].backward);
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out, fmx__activation kind)
{
    if (site->in[0].is_complex)
        return fmx__op_refuse(site, "activations take real values, the input is complex");
    double count = (double)site->batch * (double)fmx__shape_floats(&site->in[0]);
    out->out = site->in[0];
    out->keeps_output = true;
    out->forward = (fmx__op_work){count * flops[kind].forward, count * 2 * sizeof(float)};
    out->backward = (fmx__op_work){count * flops[kind].backward, count * 3 * sizeof(float)};
    return FMX_OK;
}

static double scale_of(const fmx__op_call *call, fmx__activation kind)
{
    const compress_options *o = call->options;
    return kind == FMX__ACTIVATION_COMPRESS ? o->scale : 1;
}

static fmx_status forward(const fmx__op_call *call, fmx__activation kind)
{
    size_t count = call->batch * fmx__shape_floats(&call->out_shape);
    return fmx__activation_forward(call->device, kind, scale_of(call, kind), count, call->in[0],
                                   call->out);
}

static fmx_status backward(const fmx__op_call *call, fmx__activation kind)
{
    size_t count = call->batch * fmx__shape_floats(&call->out_shape);
    if (call->grad_in[0] == NULL)
        return FMX_OK;
    return fmx__activation_backward(call->device, kind, scale_of(call, kind), count, call->grad_out,
                                    call->out, call->grad_in[0]);
}

static fmx_status relu_plan(const fmx__op_site *site, fmx__op_plan *out)
{
    return plan(site, out, FMX__ACTIVATION_RELU);
}

static fmx_status relu_forward(const fmx__op_call *call)
{
    return forward(call, FMX__ACTIVATION_RELU);
}

static fmx_status relu_backward(const fmx__op_call *call)
{
    return backward(call, FMX__ACTIVATION_RELU);
}

static fmx_status sigmoid_plan(const fmx__op_site *site, fmx__op_plan *out)
{
    return plan(site, out, FMX__ACTIVATION_SIGMOID);
}

static fmx_status sigmoid_forward(const fmx__op_call *call)
{
    return forward(call, FMX__ACTIVATION_SIGMOID);
}

static fmx_status sigmoid_backward(const fmx__op_call *call)
{
    return backward(call, FMX__ACTIVATION_SIGMOID);
}

static fmx_status compress_plan(const fmx__op_site *site, fmx__op_plan *out)
{
    return plan(site, out, FMX__ACTIVATION_COMPRESS);
}

static fmx_status compress_forward(const fmx__op_call *call)
{
    return forward(call, FMX__ACTIVATION_COMPRESS);
}

static fmx_status compress_backward(const fmx__op_call *call)
{
    return backward(call, FMX__ACTIVATION_COMPRESS);
}

#define ACTIVATION_GROUP(NAME, DOC)                                                                \
    {                                                                                              \
        .name = (NAME), .doc = (DOC), .options = option_table,                                     \
        .option_count = FMX__COUNT(option_table), .defaults = &defaults,                           \
        .options_size = sizeof defaults                                                            \
    }

const fmx__op fmx__op_relu = {
    .group = ACTIVATION_GROUP("relu", "Rectified linear unit, max(x, 0)."),
    .least_inputs = 1,
    .most_inputs = 1,
    .plan = relu_plan,
    .forward = relu_forward,
    .backward = relu_backward,
};

const fmx__op fmx__op_sigmoid = {
    .group = ACTIVATION_GROUP("sigmoid", "Logistic function, 1 / (1 + exp(-x))."),
    .least_inputs = 1,
    .most_inputs = 1,
    .plan = sigmoid_plan,
    .forward = sigmoid_forward,
    .backward = sigmoid_backward,
};

const fmx__op fmx__op_compress = {
    .group = {.name = "compress",
              .doc = "Compresses intensities: sign(x) ln(1 + |x| / scale).",
              .options = compress_table,
              .option_count = FMX__COUNT(compress_table),
              .defaults = &compress_defaults,
              .options_size = sizeof compress_defaults},
    .least_inputs = 1,
    .most_inputs = 1,
    .plan = compress_plan,
    .forward = compress_forward,
    .backward = compress_backward,
};
