#include "activation.h"

enum { GROUP = 64, WIDE = 16 }; /* items per group; floats per item of the wide variant */

typedef struct options {
    fmx__layer layer;
} options;

/* Of compress (scale), leaky_relu (negative_slope), elu (alpha), softplus (beta, threshold). */
typedef struct number_options {
    fmx__layer layer;
    double a;
    double b;
} number_options;

typedef struct gelu_options {
    fmx__layer layer;
    int approximate;
} gelu_options;

static const char *const approximations[] = {"none", "tanh", NULL};

static const fmx__option plain_table[] = {FMX__LAYER_OPTIONS(options)};
static const options plain_defaults = {{"", ""}};

static const fmx__option compress_table[] = {
    FMX__LAYER_OPTIONS(number_options),
    {"scale", FMX__OPTION_NUMBER, offsetof(number_options, a), "", 1e-6, 1e6, NULL,
     "values well below it stay as they are, but for a factor; of those above the logarithm is "
     "taken"},
};
static const number_options compress_defaults = {{"", ""}, 0.02, 0};

static const fmx__option leaky_relu_table[] = {
    FMX__LAYER_OPTIONS(number_options),
    {"negative_slope", FMX__OPTION_NUMBER, offsetof(number_options, a), "", 0, 1e6, NULL,
     "slope below 0"},
};
static const number_options leaky_relu_defaults = {{"", ""}, 0.01, 0};

static const fmx__option elu_table[] = {
    FMX__LAYER_OPTIONS(number_options),
    {"alpha", FMX__OPTION_NUMBER, offsetof(number_options, a), "", 1e-6, 1e6, NULL,
     "far below 0 the output is -alpha"},
};
static const number_options elu_defaults = {{"", ""}, 1, 0};

static const fmx__option softplus_table[] = {
    FMX__LAYER_OPTIONS(number_options),
    {"beta", FMX__OPTION_NUMBER, offsetof(number_options, a), "", 1e-6, 1e6, NULL,
     "the larger, the closer to relu"},
    {"threshold", FMX__OPTION_NUMBER, offsetof(number_options, b), "", 0, 80, NULL,
     "where beta x is above it the output is x"},
};
static const number_options softplus_defaults = {{"", ""}, 1, 20};

static const fmx__option gelu_table[] = {
    FMX__LAYER_OPTIONS(gelu_options),
    {"approximate", FMX__OPTION_CHOICE, offsetof(gelu_options, approximate), "", 0, 0,
     approximations, "none: by the error function; tanh: by a hyperbolic tangent"},
};
static const gelu_options gelu_defaults = {{"", ""}, 0};

/* FLOPs of one value, as the kernels do them. */
static const struct {
    double forward;
    double backward;
    bool reads_input;
} traits[] = {
    [FMX__ACTIVATION_RELU] = {1, 1, false},       [FMX__ACTIVATION_SIGMOID] = {20, 3, false},
    [FMX__ACTIVATION_COMPRESS] = {25, 20, false}, [FMX__ACTIVATION_LEAKY_RELU] = {2, 2, false},
    [FMX__ACTIVATION_ELU] = {24, 4, false},       [FMX__ACTIVATION_RELU6] = {2, 3, false},
    [FMX__ACTIVATION_TANH] = {27, 4, false},      [FMX__ACTIVATION_GELU] = {45, 49, true},
    [FMX__ACTIVATION_GELU_TANH] = {27, 38, true}, [FMX__ACTIVATION_SILU] = {21, 25, true},
    [FMX__ACTIVATION_SOFTPLUS] = {50, 23, true},
};

bool fmx__activation_reads_input(fmx__activation_kind kind)
{
    return traits[kind].reads_input;
}

static fmx_status launch(fmx_device *device, bool is_forward, const fmx__activation *f,
                         size_t count, fmx_buffer *to, fmx_buffer *from, fmx_buffer *value)
{
    bool wide = fmx__device_wide(device);
    size_t bytes = count * sizeof(float);
    size_t per_item = wide ? WIDE : 1;
    fmx__arg args[] = {
        fmx__arg_buffer(to, bytes), fmx__arg_buffer(from, bytes),  fmx__arg_buffer(value, bytes),
        fmx__arg_u64(count),        fmx__arg_u32((size_t)f->kind), fmx__arg_f32(f->a),
        fmx__arg_f32(f->b),
    };
    fmx__launch job = {
        .stem = "activation",
        .kernel = is_forward ? wide ? "activation_forward_wide" : "activation_forward"
                  : wide     ? "activation_backward_wide"
                             : "activation_backward",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {(count + per_item - 1) / per_item},
        .local = {GROUP},
        .flops = (double)count * (is_forward ? traits[f->kind].forward : traits[f->kind].backward),
        .bytes = (double)bytes * (is_forward ? 2 : 3),
    };
    return fmx__launch_kernel(device, &job);
}

fmx_status fmx__activation_forward(fmx_device *device, const fmx__activation *f, size_t count,
                                   fmx_buffer *in, fmx_buffer *out)
{
    return launch(device, true, f, count, out, in, in);
}

fmx_status fmx__activation_backward(fmx_device *device, const fmx__activation *f, size_t count,
                                    fmx_buffer *grad_out, fmx_buffer *value, fmx_buffer *grad_in)
{
    return launch(device, false, f, count, grad_in, grad_out, value);
}

/* The function of an op's kind and options. SELU is an ELU with the constants of Klambauer et al.
 */
static fmx__activation plain(fmx__activation_kind kind, const void *unused)
{
    (void)unused;
    return (fmx__activation){kind, 0, 0};
}

static fmx__activation numbers(fmx__activation_kind kind, const void *given)
{
    const number_options *o = given;
    bool is_elu = kind == FMX__ACTIVATION_ELU;
    return (fmx__activation){kind, kind == FMX__ACTIVATION_COMPRESS ? 1 / o->a : o->a,
                             is_elu ? 1 : o->b};
}

static fmx__activation selu_constants(fmx__activation_kind kind, const void *unused)
{
    const double scale = 1.0507009873554804934193349852946;
    (void)unused;
    return (fmx__activation){kind, scale * 1.6732632423543772848170429916717, scale};
}

static fmx__activation gelu_kind(fmx__activation_kind kind, const void *given)
{
    const gelu_options *o = given;
    return (fmx__activation){o->approximate ? FMX__ACTIVATION_GELU_TANH : kind, 0, 0};
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out, fmx__activation f)
{
    if (site->in[0].is_complex)
        return fmx__op_refuse(site, "activations take real values, the input is complex");
    double count = (double)site->batch * (double)fmx__shape_floats(&site->in[0]);
    out->out = site->in[0];
    out->keeps_input = traits[f.kind].reads_input;
    out->keeps_output = !traits[f.kind].reads_input;
    out->forward = (fmx__op_work){count * traits[f.kind].forward, count * 2 * sizeof(float)};
    out->backward = (fmx__op_work){count * traits[f.kind].backward, count * 3 * sizeof(float)};
    return FMX_OK;
}

static fmx_status forward(const fmx__op_call *call, fmx__activation f)
{
    size_t count = call->batch * fmx__shape_floats(&call->out_shape);
    return fmx__activation_forward(call->device, &f, count, call->in[0], call->out);
}

static fmx_status backward(const fmx__op_call *call, fmx__activation f)
{
    size_t count = call->batch * fmx__shape_floats(&call->out_shape);
    if (call->grad_in[0] == NULL)
        return FMX_OK;
    return fmx__activation_backward(call->device, &f, count, call->grad_out,
                                    traits[f.kind].reads_input ? call->in[0] : call->out,
                                    call->grad_in[0]);
}

/* The functions of one op, and the op: OF(KIND, options) is its function. */
#define ACTIVATION_OP(NAME, KIND, OF, TABLE, DOC)                                                  \
    static fmx_status NAME##_plan(const fmx__op_site *site, fmx__op_plan *out)                     \
    {                                                                                              \
        return plan(site, out, OF(FMX__ACTIVATION_##KIND, site->options));                         \
    }                                                                                              \
    static fmx_status NAME##_forward(const fmx__op_call *call)                                     \
    {                                                                                              \
        return forward(call, OF(FMX__ACTIVATION_##KIND, call->options));                           \
    }                                                                                              \
    static fmx_status NAME##_backward(const fmx__op_call *call)                                    \
    {                                                                                              \
        return backward(call, OF(FMX__ACTIVATION_##KIND, call->options));                          \
    }                                                                                              \
    const fmx__op fmx__op_##NAME = {                                                               \
        .group = {.name = #NAME,                                                                   \
                  .doc = (DOC),                                                                    \
                  .options = TABLE##_table,                                                        \
                  .option_count = FMX__COUNT(TABLE##_table),                                       \
                  .defaults = &TABLE##_defaults,                                                   \
                  .options_size = sizeof TABLE##_defaults},                                        \
        .least_inputs = 1,                                                                         \
        .most_inputs = 1,                                                                          \
        .plan = NAME##_plan,                                                                       \
        .forward = NAME##_forward,                                                                 \
        .backward = NAME##_backward,                                                               \
    }

ACTIVATION_OP(relu, RELU, plain, plain, "Rectified linear unit, max(x, 0).");
ACTIVATION_OP(sigmoid, SIGMOID, plain, plain, "Logistic function, 1 / (1 + exp(-x)).");
ACTIVATION_OP(compress, COMPRESS, numbers, compress,
              "Compresses intensities: sign(x) ln(1 + |x| / scale).");
ACTIVATION_OP(leaky_relu, LEAKY_RELU, numbers, leaky_relu,
              "x above 0, negative_slope times x below.");
ACTIVATION_OP(elu, ELU, numbers, elu, "x above 0, alpha (exp(x) - 1) below.");
ACTIVATION_OP(selu, ELU, selu_constants, plain,
              "Self-normalising: 1.0507 x above 0, 1.7581 (exp(x) - 1) below.");
ACTIVATION_OP(relu6, RELU6, plain, plain, "min(max(x, 0), 6).");
ACTIVATION_OP(tanh, TANH, plain, plain, "Hyperbolic tangent.");
ACTIVATION_OP(gelu, GELU, gelu_kind, gelu, "x times the normal distribution function of x.");
ACTIVATION_OP(silu, SILU, plain, plain, "x / (1 + exp(-x)), also called swish.");
ACTIVATION_OP(softplus, SOFTPLUS, numbers, softplus, "ln(1 + exp(beta x)) / beta.");
