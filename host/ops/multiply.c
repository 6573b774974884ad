#include "op.h"

enum { GROUP = 64, SUM_GROUP = 256, WIDE_GROUP = 4, RUN = 1024, WIDE = 16 };

typedef struct options {
    fmx__layer layer;
} options;

static const fmx__option option_table[] = {FMX__LAYER_OPTIONS(options)};
static const options defaults = {{"", ""}};

static bool same(const fmx__shape *a, const fmx__shape *b)
{
    return a->channels == b->channels && a->positions == b->positions;
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    bool all_same = true;
    out->out = site->in[0];
    for (size_t i = 0; i < site->in_count; ++i) {
        const fmx__shape *in = &site->in[i];
        if (in->is_complex)
            return fmx__op_refuse(site, "multiply takes real values, input %zu is complex", i + 1);
        out->out.channels = in->channels > 1 ? in->channels : out->out.channels;
        out->out.positions = in->positions > 1 ? in->positions : out->out.positions;
    }
    for (size_t i = 0; i < site->in_count; ++i) {
        const fmx__shape *in = &site->in[i];
        all_same = all_same && same(in, &out->out);
        if ((in->channels != 1 && in->channels != out->out.channels) ||
            (in->positions != 1 && in->positions != out->out.positions))
            return fmx__op_refuse(site,
                                  "inputs must agree in channels and positions or have one; input "
                                  "%zu is %zu x %zu, others have %zu x %zu",
                                  i + 1, in->channels, in->positions, out->out.channels,
                                  out->out.positions);
    }
    if (fmx__shape_floats(&out->out) > UINT32_MAX)
        return fmx__op_refuse(site,
                              "multiply takes up to 2^32 - 1 values, the output has %zu x %zu",
                              out->out.channels, out->out.positions);
    double bytes = (double)fmx__op_bytes(&out->out, site->batch);
    double count = bytes / sizeof(float);
    double n = (double)site->in_count;
    out->keeps_input = true;
    out->scratch_bytes = site->training && !all_same ? fmx__op_bytes(&out->out, site->batch) : 0;
    out->forward = (fmx__op_work){(n - 1) * count, (n - 1) * 3 * bytes};
    out->backward = (fmx__op_work){n * (n - 1) * count, n * (n - 1) * 3 * bytes};
    return FMX_OK;
}

/* to = a b, of out's shape. */
static fmx_status product(const fmx__op_call *call, fmx_buffer *to, fmx_buffer *a,
                          const fmx__shape *a_shape, fmx_buffer *b, const fmx__shape *b_shape)
{
    const fmx__shape *shape = &call->out_shape;
    size_t bytes = fmx__op_bytes(shape, call->batch);
    bool wide = fmx__device_wide(call->device);
    bool flat = same(a_shape, shape) && same(b_shape, shape); /* one long row */
    size_t channels = flat ? 1 : shape->channels;
    size_t positions = flat ? fmx__shape_floats(shape) : shape->positions;
    fmx__arg args[] = {
        fmx__arg_buffer(to, bytes),
        fmx__arg_buffer(a, fmx__op_bytes(a_shape, call->batch)),
        fmx__arg_buffer(b, fmx__op_bytes(b_shape, call->batch)),
        fmx__arg_u64(call->batch),
        fmx__arg_u32(channels),
        fmx__arg_u32(positions),
        fmx__arg_u32(flat ? 1 : a_shape->channels),
        fmx__arg_u32(flat ? positions : a_shape->positions),
        fmx__arg_u32(flat ? 1 : b_shape->channels),
        fmx__arg_u32(flat ? positions : b_shape->positions),
    };
    fmx__launch job = {
        .stem = "multiply",
        .kernel = wide ? "multiply_wide" : "multiply",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {wide ? channels * ((positions + RUN - 1) / RUN) : channels * positions,
                   call->batch},
        .local = {wide ? WIDE_GROUP : GROUP},
        .flops = (double)bytes / sizeof(float),
        .bytes = 3 * (double)bytes,
    };
    return fmx__launch_kernel(call->device, &job);
}

/* to [1 or all channels][1 or all positions] = sums of scratch, of out's shape. */
static fmx_status sum(const fmx__op_call *call, fmx_buffer *to, const fmx__shape *to_shape)
{
    const fmx__shape *shape = &call->out_shape;
    size_t bytes = fmx__op_bytes(shape, call->batch);
    bool wide = fmx__device_wide(call->device);
    bool rows = to_shape->positions == 1 && shape->positions > 1;
    size_t length = to_shape->channels == 1 ? fmx__shape_floats(shape) : shape->positions;
    size_t count = call->batch * fmx__shape_floats(to_shape);
    fmx__arg args[5] = {fmx__arg_buffer(to, count * sizeof(float)),
                        fmx__arg_buffer(call->scratch, bytes)};
    args[2] = fmx__arg_u64(rows ? count : call->batch);
    args[3] = fmx__arg_u64(rows ? length : shape->channels);
    args[4] = rows ? fmx__arg_local(SUM_GROUP * sizeof(float)) : fmx__arg_u64(shape->positions);
    fmx__launch job = {
        .stem = "multiply",
        .kernel = rows   ? wide ? "multiply_sum_rows_wide" : "multiply_sum_rows"
                  : wide ? "multiply_sum_channels_wide"
                         : "multiply_sum_channels",
        .arg = args,
        .arg_count = rows && wide ? 4 : 5,
        .dims = rows ? 1 : 2,
        .local = {wide   ? WIDE_GROUP
                  : rows ? SUM_GROUP
                         : GROUP},
        .flops = (double)bytes / sizeof(float),
        .bytes = (double)bytes + (double)count * sizeof(float),
    };
    if (rows && !wide) {
        job.groups[0] = count;
    } else {
        job.global[0] =
            rows ? count : (shape->positions + (wide ? WIDE : 1) - 1) / (wide ? WIDE : 1);
        job.global[1] = call->batch;
    }
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status forward(const fmx__op_call *call)
{
    const fmx__shape *shape = call->in_shape;
    fmx_status status = product(call, call->out, call->in[0], &shape[0], call->in[1], &shape[1]);
    for (size_t i = 2; status == FMX_OK && i < call->in_count; ++i)
        status = product(call, call->out, call->out, &call->out_shape, call->in[i], &shape[i]);
    return status;
}

static fmx_status backward(const fmx__op_call *call)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < call->in_count; ++i) {
        bool whole = same(&call->in_shape[i], &call->out_shape);
        fmx_buffer *to = whole ? call->grad_in[i] : call->scratch;
        fmx_buffer *from = call->grad_out;
        if (call->grad_in[i] == NULL)
            continue;
        for (size_t k = 0; status == FMX_OK && k < call->in_count; ++k) {
            if (k == i)
                continue;
            status = product(call, to, from, &call->out_shape, call->in[k], &call->in_shape[k]);
            from = to;
        }
        if (status == FMX_OK && !whole)
            status = sum(call, call->grad_in[i], &call->in_shape[i]);
    }
    return status;
}

const fmx__op fmx__op_multiply = {
    .group = {.name = "multiply",
              .doc = "Product of its inputs; one channel or one position stands for all.",
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
