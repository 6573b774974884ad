#include "op.h"

enum { GROUP = 64 };

enum { OF_CHANNELS = 0, OF_POSITIONS = 1 };

typedef struct options {
    fmx__layer layer;
    int of;
} options;

static const char *const axes[] = {"channels", "positions", NULL};

static const fmx__option option_table[] = {
    FMX__LAYER_OPTIONS(options),
    {"of", FMX__OPTION_CHOICE, offsetof(options, of), "", 0, 0, axes,
     "what stands one behind the other; the inputs agree in the other"},
};
static const options defaults = {{"", ""}, OF_CHANNELS};

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const options *o = site->options;
    const fmx__shape *first = &site->in[0];
    bool of_positions = o->of == OF_POSITIONS;
    out->out = *first;
    *(of_positions ? &out->out.positions : &out->out.channels) = 0;
    for (size_t i = 0; i < site->in_count; ++i) {
        const fmx__shape *in = &site->in[i];
        if (in->is_complex != first->is_complex)
            return fmx__op_refuse(site, "inputs must be all real or all complex; input %zu differs",
                                  i + 1);
        if (!of_positions && in->positions != first->positions)
            return fmx__op_refuse(site,
                                  "inputs must have the same positions; input 1 has %zu, input %zu "
                                  "has %zu",
                                  first->positions, i + 1, in->positions);
        if (of_positions && in->channels != first->channels)
            return fmx__op_refuse(site,
                                  "inputs must have the same channels; input 1 has %zu, input %zu "
                                  "has %zu",
                                  first->channels, i + 1, in->channels);
        *(of_positions ? &out->out.positions : &out->out.channels) +=
            of_positions ? in->positions : in->channels;
    }
    double bytes = 2 * (double)site->batch * (double)fmx__shape_floats(&out->out) * sizeof(float);
    out->forward.bytes = bytes;
    out->backward.bytes = bytes;
    return FMX_OK;
}

/* Rows that parts lie in one behind the other: items, or their channels. */
static size_t rows_of(const fmx__op_call *call)
{
    const options *o = call->options;
    return o->of == OF_POSITIONS ? call->batch * call->out_shape.channels : call->batch;
}

static size_t row_floats(const fmx__op_call *call, const fmx__shape *shape)
{
    return call->batch * fmx__shape_floats(shape) / rows_of(call);
}

static fmx_status launch(const fmx__op_call *call, size_t input, size_t first, bool is_forward)
{
    size_t rows = rows_of(call);
    size_t part = row_floats(call, &call->in_shape[input]);
    size_t whole = row_floats(call, &call->out_shape);
    fmx__arg part_arg = fmx__arg_buffer(is_forward ? call->in[input] : call->grad_in[input],
                                        rows * part * sizeof(float));
    fmx__arg whole_arg =
        fmx__arg_buffer(is_forward ? call->out : call->grad_out, rows * whole * sizeof(float));
    fmx__arg args[] = {
        is_forward ? whole_arg : part_arg,
        is_forward ? part_arg : whole_arg,
        fmx__arg_u64(rows),
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
        .global = {part, rows},
        .local = {GROUP},
        .bytes = 2 * (double)rows * (double)part * sizeof(float),
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status forward(const fmx__op_call *call)
{
    fmx_status status = FMX_OK;
    size_t first = 0;
    for (size_t i = 0; status == FMX_OK && i < call->in_count; ++i) {
        status = launch(call, i, first, true);
        first += row_floats(call, &call->in_shape[i]);
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
        first += row_floats(call, &call->in_shape[i]);
    }
    return status;
}

const fmx__op fmx__op_concatenate = {
    .group = {.name = "concatenate",
              .doc = "All channels, or positions, of its inputs, one behind the other.",
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
