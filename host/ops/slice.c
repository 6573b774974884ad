/* A part of the channels or of the positions: slice says where it begins, split which of equal
 * parts it is. */
#include "op.h"

enum { GROUP = 64, WIDE_GROUP = 4, WIDE = 1024, OF_CHANNELS = 0, OF_POSITIONS = 1 };

/* Both ops' options; each reads two of the numbers. */
typedef struct options {
    fmx__layer layer;
    int of;
    int64_t first;
    int64_t count;
    int64_t parts;
    int64_t part;
} options;

static const char *const axes[] = {"channels", "positions", NULL};

#define FMX_FIELD(name) offsetof(options, name)
#define FMX_OF_OPTION                                                                              \
    {                                                                                              \
        "of", FMX__OPTION_CHOICE, FMX_FIELD(of), "", 0, 0, axes, "the axis that is cut"            \
    }
static const fmx__option slice_table[] = {
    FMX__LAYER_OPTIONS(options),
    FMX_OF_OPTION,
    {"first", FMX__OPTION_INTEGER, FMX_FIELD(first), "", 0, 1 << 30, NULL,
     "the first one that is taken, from 0"},
    {"count", FMX__OPTION_INTEGER, FMX_FIELD(count), "", 0, 1 << 30, NULL,
     "how many are taken; 0: all from there on"},
};
static const fmx__option split_table[] = {
    FMX__LAYER_OPTIONS(options),
    FMX_OF_OPTION,
    {"parts", FMX__OPTION_INTEGER, FMX_FIELD(parts), "", 1, 1 << 24, NULL,
     "how many equal parts there are"},
    {"part", FMX__OPTION_INTEGER, FMX_FIELD(part), "", 0, 1 << 24, NULL,
     "which of them this layer gives, from 0"},
};
#undef FMX_OF_OPTION
#undef FMX_FIELD

static const options slice_defaults = {{"", ""}, OF_CHANNELS, 0, 0, 0, 0};
static const options split_defaults = {{"", ""}, OF_CHANNELS, 0, 0, 1, 0};

/* What is taken of the axis; count is 0 where that is impossible. */
static size_t part_of(const options *o, size_t axis, size_t *first)
{
    if (o->parts > 0) { /* split */
        size_t count = axis % (size_t)o->parts == 0 ? axis / (size_t)o->parts : 0;
        *first = count * (size_t)o->part;
        return o->part < o->parts ? count : 0;
    }
    *first = (size_t)o->first;
    if (*first >= axis)
        return 0;
    size_t count = o->count > 0 ? (size_t)o->count : axis - *first;
    return count <= axis - *first ? count : 0;
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const options *o = site->options;
    const fmx__shape *in = &site->in[0];
    out->out = *in;
    size_t first = 0;
    size_t *axis = o->of == OF_POSITIONS ? &out->out.positions : &out->out.channels;
    size_t count = part_of(o, *axis, &first);
    if (count == 0 && o->parts > 0)
        return fmx__op_refuse(site, "%zu %s have no part %lld of %lld equal ones, counted from 0",
                              *axis, axes[o->of], (long long)o->part, (long long)o->parts);
    if (count == 0)
        return fmx__op_refuse(site, "%lld %s from number %lld on do not lie within the input's %zu",
                              (long long)o->count, axes[o->of], (long long)o->first, *axis);
    bool all = count == *axis;
    *axis = count;
    out->alias = all;
    double part = (double)fmx__op_bytes(&out->out, site->batch);
    out->forward.bytes = all ? 0 : 2 * part;
    out->backward.bytes = all ? 0 : part + (double)fmx__op_bytes(in, site->batch);
    return FMX_OK;
}

static fmx_status launch(const fmx__op_call *call, bool is_forward)
{
    const options *o = call->options;
    const fmx__shape *in = &call->in_shape[0];
    bool of_positions = o->of == OF_POSITIONS;
    size_t first = 0;
    size_t unit = (in->is_complex ? 2 : 1) * (of_positions ? 1 : in->positions);
    size_t rows = call->batch * (of_positions ? in->channels : 1);
    size_t whole = unit * (of_positions ? in->positions : in->channels);
    size_t part = unit * part_of(o, whole / unit, &first);
    size_t written = is_forward ? part : whole;
    fmx__arg whole_arg =
        fmx__arg_buffer(is_forward ? call->in[0] : call->grad_in[0], rows * whole * sizeof(float));
    fmx__arg part_arg =
        fmx__arg_buffer(is_forward ? call->out : call->grad_out, rows * part * sizeof(float));
    fmx__arg args[] = {
        is_forward ? part_arg : whole_arg,
        is_forward ? whole_arg : part_arg,
        fmx__arg_u64(rows),
        fmx__arg_u64(whole),
        fmx__arg_u64(part),
        fmx__arg_u64(first * unit),
    };
    bool wide = fmx__device_wide(call->device);
    fmx__launch job = {
        .stem = "slice",
        .kernel = is_forward ? wide ? "slice_forward_wide" : "slice_forward"
                  : wide     ? "slice_backward_wide"
                             : "slice_backward",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {wide ? (written + WIDE - 1) / WIDE : written, rows},
        .local = {wide ? WIDE_GROUP : GROUP},
        .bytes = (double)(rows * (part + written) * sizeof(float)),
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

#define SLICE_OP(NAME, DOC)                                                                        \
    const fmx__op fmx__op_##NAME = {                                                               \
        .group = {.name = #NAME,                                                                   \
                  .doc = (DOC),                                                                    \
                  .options = NAME##_table,                                                         \
                  .option_count = FMX__COUNT(NAME##_table),                                        \
                  .defaults = &NAME##_defaults,                                                    \
                  .options_size = sizeof NAME##_defaults},                                         \
        .least_inputs = 1,                                                                         \
        .most_inputs = 1,                                                                          \
        .plan = plan,                                                                              \
        .forward = forward,                                                                        \
        .backward = backward,                                                                      \
    }

SLICE_OP(slice, "Some channels or positions of its input.");
SLICE_OP(split, "One of equal parts of the channels or positions; a layer for each part.");
