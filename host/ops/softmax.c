#include "op.h"

enum { GROUP = 64 };

typedef struct options {
    fmx__layer layer;
} options;

static const fmx__option option_table[] = {FMX__LAYER_OPTIONS(options)};
static const options defaults = {{"", ""}};

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const fmx__shape *in = &site->in[0];
    if (in->is_complex)
        return fmx__op_refuse(site, "softmax takes real values, the input is complex");
    double count = (double)site->batch * (double)fmx__shape_floats(in);
    out->out = *in;
    out->keeps_output = true;
    out->forward = (fmx__op_work){count * 22, count * 2 * sizeof(float)};
    out->backward = (fmx__op_work){count * 4, count * 3 * sizeof(float)};
    return FMX_OK;
}

static fmx_status launch(const fmx__op_call *call, bool is_forward)
{
    const fmx__shape *shape = &call->out_shape;
    size_t bytes = fmx__op_bytes(shape, call->batch);
    double count = (double)bytes / sizeof(float);
    fmx__arg args[6] = {fmx__arg_buffer(is_forward ? call->out : call->grad_in[0], bytes)};
    size_t n = 1;
    args[n++] = fmx__arg_buffer(is_forward ? call->in[0] : call->grad_out, bytes);
    if (!is_forward)
        args[n++] = fmx__arg_buffer(call->out, bytes);
    args[n++] = fmx__arg_u64(call->batch * shape->positions);
    args[n++] = fmx__arg_u64(shape->channels);
    args[n++] = fmx__arg_u64(shape->positions);
    fmx__launch job = {
        .stem = "softmax",
        .kernel = is_forward ? "softmax_forward" : "softmax_backward",
        .arg = args,
        .arg_count = n,
        .dims = 1,
        .global = {call->batch * shape->positions},
        .local = {GROUP},
        .flops = count * (is_forward ? 22 : 4),
        .bytes = (double)bytes * (is_forward ? 2 : 3),
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status forward(const fmx__op_call *call)
{
    return launch(call, true);
}

static fmx_status backward(const fmx__op_call *call)
{
    return call->grad_in[0] != NULL ? launch(call, false) : FMX_OK;
}

const fmx__op fmx__op_softmax = {
    .group = {.name = "softmax",
              .doc = "Shares that sum to 1 over the channels of each position.",
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
