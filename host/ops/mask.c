#include "op.h"

enum { GROUP = 64, WIDE_GROUP = 8, WIDE = 16, SIGMOID = 1, SOFTMAX = 3 };

typedef struct options {
    fmx__layer layer;
    int activation;
} options;

static const char *const activations[] = {"none", "sigmoid", "relu", "softmax", NULL};

static const fmx__option option_table[] = {
    FMX__LAYER_OPTIONS(options),
    {"activation", FMX__OPTION_CHOICE, offsetof(options, activation), "", 0, 0, activations,
     "what makes masks of the first input; softmax: shares that sum to 1 over the sources"},
};
static const options defaults = {{"", ""}, SIGMOID};

static double flops_of(int activation)
{
    return activation == SIGMOID ? 21 : activation == SOFTMAX ? 24 : 2;
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const options *o = site->options;
    const fmx__shape *masks = &site->in[0];
    const fmx__shape *in = &site->in[1];
    if (masks->is_complex || in->is_complex)
        return fmx__op_refuse(site, "mask takes real values, an input is complex");
    if (masks->positions != in->positions || masks->channels % in->channels != 0)
        return fmx__op_refuse(site,
                              "masks of %zu x %zu do not fit a signal of %zu x %zu: they must have "
                              "a whole multiple of its channels, and its positions",
                              masks->channels, masks->positions, in->channels, in->positions);
    double large = (double)site->batch * (double)fmx__shape_floats(masks);
    double small = (double)site->batch * (double)fmx__shape_floats(in);
    out->out = *masks;
    out->keeps_input = true;
    out->forward =
        (fmx__op_work){large * flops_of(o->activation), (2 * large + small) * sizeof(float)};
    out->backward = (fmx__op_work){large * (flops_of(o->activation) + 5),
                                   (3 * large + 2 * small) * sizeof(float)};
    return FMX_OK;
}

static fmx_status launch(const fmx__op_call *call, fmx__arg *args, size_t buffers,
                         const char *kernel, double flops, double bytes)
{
    const options *o = call->options;
    size_t n = fmx__shape_floats(&call->in_shape[1]);
    size_t per_item = fmx__device_wide(call->device) ? WIDE : 1;
    args[buffers] = fmx__arg_u64(call->batch);
    args[buffers + 1] = fmx__arg_u64(n);
    args[buffers + 2] = fmx__arg_u32(call->in_shape[0].channels / call->in_shape[1].channels);
    args[buffers + 3] = fmx__arg_u32((size_t)o->activation);
    fmx__launch job = {
        .stem = "mask",
        .kernel = kernel,
        .arg = args,
        .arg_count = buffers + 4,
        .dims = 2,
        .global = {(n + per_item - 1) / per_item, call->batch},
        .local = {per_item > 1 ? WIDE_GROUP : GROUP},
        .flops = flops,
        .bytes = bytes,
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status forward(const fmx__op_call *call)
{
    const options *o = call->options;
    size_t large = fmx__op_bytes(&call->in_shape[0], call->batch);
    size_t small = fmx__op_bytes(&call->in_shape[1], call->batch);
    fmx__arg args[7] = {
        fmx__arg_buffer(call->out, large),
        fmx__arg_buffer(call->in[0], large),
        fmx__arg_buffer(call->in[1], small),
    };
    return launch(
        call, args, 3, fmx__device_wide(call->device) ? "mask_forward_wide" : "mask_forward",
        (double)large / sizeof(float) * flops_of(o->activation), 2 * (double)large + (double)small);
}

static fmx_status backward(const fmx__op_call *call)
{
    const options *o = call->options;
    size_t large = fmx__op_bytes(&call->in_shape[0], call->batch);
    size_t small = fmx__op_bytes(&call->in_shape[1], call->batch);
    fmx_buffer *const *to = call->grad_in;
    if (to[0] == NULL && to[1] == NULL)
        return FMX_OK;
    fmx__arg args[9] = {
        to[0] != NULL ? fmx__arg_buffer(to[0], large) : fmx__arg_none(),
        to[1] != NULL ? fmx__arg_buffer(to[1], small) : fmx__arg_none(),
        fmx__arg_buffer(call->grad_out, large),
        fmx__arg_buffer(call->in[0], large),
        fmx__arg_buffer(call->in[1], small),
    };
    return launch(call, args, 5,
                  fmx__device_wide(call->device) ? "mask_backward_wide" : "mask_backward",
                  (double)large / sizeof(float) * (flops_of(o->activation) + 5),
                  3 * (double)large + 2 * (double)small);
}

const fmx__op fmx__op_mask = {
    .group = {.name = "mask",
              .doc = "Masks on a signal, source by source: from: [masks, signal], out = "
                     "activation(masks) x signal, the signal taken again for every source.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .least_inputs = 2,
    .most_inputs = 2,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
