#include "op.h"

enum { GROUP = 64 };

typedef struct options {
    fmx__layer layer;
} options;

static const fmx__option option_table[] = {FMX__LAYER_OPTIONS(options)};
static const options defaults = {{"", ""}};

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const fmx__shape *first = &site->in[0];
    out->out = (fmx__shape){0, first->positions, first->is_complex};
    for (size_t i = 0; i < site->in_count; ++i) {
        const fmx__shape *in = &site->in[i];
        if (in->positions != first->positions || in->is_complex != first->is_complex)
            return fmx__op_refuse(site,
                                  "inputs must have the same positions; input 1 has %zu, input %zu "
                                  "has %zu",
                                  first->positions, i + 1, in->positions);
        out->out.channels += in->channels;
    }
    double bytes = 2 * (double)site->batch * (double)fmx__shape_floats(&out->out) * sizeof(float);
    out->forward.bytes = bytes;
    out->backward.bytes = bytes;
    return FMX_OK;
}

static fmx_status launch(const fmx__op_call *call, size_t input, size_t first, bool is_forward)
{
    size_t part = fmx__shape_floats(&call->in_shape[input]);
    size_t whole = fmx__shape_floats(&call->out_shape);
    fmx__arg part_arg = fmx__arg_buffer(is_forward ? call->in[input] : call->grad_in[input],
                                        call->batch * part * sizeof(float));
    fmx__arg whole_arg = fmx__arg_buffer(is_forward ? call->out : call->grad_out,
                                         call->batch * whole * sizeof(float));
    fmx__arg args[] = {
        is_forward ? whole_arg : part_arg,
        is_forward ? part_arg : whole_arg,
        fmx__arg_u64(call->batch),
        fmx__arg_u64(part),
        fmx__arg_u64(whole),
        fmx__arg_u64(first),
    };
    fmx__launch job = {
        .stem = "concatenate",
        .kernel = is_forward ? "concatenate_forward" : "concatenate_backward",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {part, call->batch},
        .local = {GROUP},
        .bytes = 2 * (double)call->batch * (double)part * sizeof(float),
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status forward(const fmx__op_call *call)
{
    fmx_status status = FMX_OK;
    size_t first = 0;
    for (size_t i = 0; status == FMX_OK && i < call->in_count; ++i) {
        status = launch(call, i, first, true);
        first += fmx__shape_floats(&call->in_shape[i]);
    }
    return status;
}

static fmx_status backward(const fmx__op_call *call)
{
    fmx_status status = FMX_OK;
    size_t first = 0;
    for (size_t i = 0; status == FMX_OK && i < call->in_count; ++i) {
        if (call->grad_in[i] != NULL)
            status = launch(call, i, first, false);
        first += fmx__shape_floats(&call->in_shape[i]);
    }
    return status;
}

const fmx__op fmx__op_concatenate = {
    .group = {.name = "concatenate",
              .doc = "All channels of its inputs, one behind the other.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .least_inputs = 1,
    .most_inputs = FMX__OP_INPUTS,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
