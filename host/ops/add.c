#include "add.h"

enum { GROUP = 64, WIDE = 16 }; /* items per group; floats per item of the wide variant */

typedef struct options {
    fmx__layer layer;
} options;

static const fmx__option option_table[] = {FMX__LAYER_OPTIONS(options)};
static const options defaults = {{"", ""}};

fmx_status fmx__add(fmx_device *device, size_t count, fmx_buffer *a, fmx_buffer *b, fmx_buffer *out)
{
    bool wide = fmx__device_wide(device);
    size_t bytes = count * sizeof(float);
    size_t per_item = wide ? WIDE : 1;
    fmx__arg args[] = {
        fmx__arg_buffer(out, bytes),
        fmx__arg_buffer(a, bytes),
        fmx__arg_buffer(b, bytes),
        fmx__arg_u64(count),
    };
    fmx__launch job = {
        .stem = "add",
        .kernel = wide ? "add_wide" : "add",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {(count + per_item - 1) / per_item},
        .local = {GROUP},
        .flops = (double)count,
        .bytes = (double)bytes * 3,
    };
    return fmx__launch_kernel(device, &job);
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const fmx__shape *first = &site->in[0];
    for (size_t i = 1; i < site->in_count; ++i) {
        const fmx__shape *other = &site->in[i];
        if (other->channels != first->channels || other->positions != first->positions ||
            other->is_complex != first->is_complex)
            return fmx__op_refuse(site,
                                  "adds tensors of one shape; input 1 is %zu x %zu, input %zu is "
                                  "%zu x %zu",
                                  first->channels, first->positions, i + 1, other->channels,
                                  other->positions);
    }
    double count = (double)site->batch * (double)fmx__shape_floats(first);
    double terms = (double)site->in_count - 1;
    out->out = *first;
    out->forward = (fmx__op_work){count * terms, count * (terms + 2) * sizeof(float)};
    out->backward = (fmx__op_work){0, count * (terms + 1) * 2 * sizeof(float)};
    return FMX_OK;
}

/* All inputs at once, in their order. */
static fmx_status add_all(const fmx__op_call *call, size_t count)
{
    bool wide = fmx__device_wide(call->device);
    size_t bytes = count * sizeof(float);
    size_t per_item = wide ? WIDE : 1;
    fmx__arg args[2 + FMX__OP_INPUTS] = {fmx__arg_buffer(call->out, bytes)};
    for (size_t i = 0; i < FMX__OP_INPUTS; ++i)
        args[1 + i] = i < call->in_count ? fmx__arg_buffer(call->in[i], bytes) : fmx__arg_none();
    args[1 + FMX__OP_INPUTS] = fmx__arg_u64(count);
    fmx__launch job = {
        .stem = "add",
        .kernel = wide ? "add_all_wide" : "add_all",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {(count + per_item - 1) / per_item},
        .local = {GROUP},
        .flops = (double)count * (double)(call->in_count - 1),
        .bytes = (double)bytes * (double)(call->in_count + 1),
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status forward(const fmx__op_call *call)
{
    size_t count = call->batch * fmx__shape_floats(&call->out_shape);
    if (call->in_count > 2)
        return add_all(call, count);
    return fmx__add(call->device, count, call->in[0], call->in[1], call->out);
}

static fmx_status backward(const fmx__op_call *call)
{
    size_t bytes = fmx__op_bytes(&call->out_shape, call->batch);
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < call->in_count; ++i) {
        if (call->grad_in[i] != NULL)
            status = fmx_buffer_copy(call->grad_in[i], 0, call->grad_out, 0, bytes);
    }
    return status;
}

const fmx__op fmx__op_add = {
    .group = {.name = "add",
              .doc = "Sum of its inputs (residual connections).",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .least_inputs = 2,
    .most_inputs = FMX__OP_INPUTS,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
