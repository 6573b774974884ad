#include "recurrent_run.h"

enum { GROUP = 64 };

fmx_status fmx__recurrent_spread(const fmx__op_call *call, const char *kernel, const fmx__arg *args,
                                 size_t arg_count, const size_t global[3], double floats)
{
    fmx__launch job = {
        .stem = "recurrent",
        .kernel = kernel,
        .arg = args,
        .arg_count = arg_count,
        .dims = 3,
        .global = {global[0], global[1], global[2]},
        .local = {global[0] <= 16 ? 16 : GROUP, 1, 1},
        .bytes = floats * sizeof(float),
    };
    return fmx__launch_kernel(call->device, &job);
}

/* The same with rows in the first place, of which an item of the wide variant takes 16. */
static fmx_status turn(const fmx__op_call *call, const fmx__recurrent_sizes *s,
                       const char *const kernel[2], const fmx__arg *args, size_t arg_count,
                       const size_t global[3], double floats)
{
    if (!s->wide)
        return fmx__recurrent_spread(call, kernel[0], args, arg_count, global, floats);
    fmx__launch job = {
        .stem = "recurrent",
        .kernel = kernel[1],
        .arg = args,
        .arg_count = arg_count,
        .dims = 3,
        .groups = {fmx__op_divide_up(global[0], 16), global[1], global[2]},
        .local = {1, 1, 1},
        .fixed_group = true,
        .bytes = floats * sizeof(float),
    };
    return fmx__launch_kernel(call->device, &job);
}

fmx_status fmx__recurrent_pack(const fmx__op_call *call, const fmx__recurrent_sizes *s,
                               size_t layer, size_t direction)
{
    const fmx__recurrent_part *part = &s->part[layer];
    size_t packed = (part->inputs + 1 + s->units) * 4 * s->width;
    fmx__arg args[] = {
        fmx__recurrent_state_arg(call, s),
        fmx__arg_u64(part->packed_at + direction * packed),
        fmx__arg_u64(part->turned_at + direction * 4 * s->width * s->width),
        fmx__recurrent_tensor_arg(s, call->weight, layer, direction, FMX__RECURRENT_WEIGHT_IH),
        fmx__recurrent_tensor_arg(s, call->weight, layer, direction, FMX__RECURRENT_WEIGHT_HH),
        fmx__recurrent_tensor_arg(s, call->weight, layer, direction, FMX__RECURRENT_BIAS_IH),
        fmx__recurrent_tensor_arg(s, call->weight, layer, direction, FMX__RECURRENT_BIAS_HH),
        fmx__arg_u64(part->inputs),
        fmx__arg_u64(s->units),
        fmx__arg_u64(s->lanes),
        fmx__arg_u32(s->gru),
    };
    const size_t global[3] = {s->lanes, 4 * s->blocks, part->inputs + 1 + s->width};
    return fmx__recurrent_spread(call, "recurrent_pack", args, FMX__COUNT(args), global,
                                 2 * (double)packed);
}

/* Rows from a tensor [batch][channels][steps] whose directions take channels `step` apart. */
typedef struct gathering {
    fmx__arg rows;
    size_t rows_at;
    fmx_buffer *in;
    size_t steps;
    size_t each;
    size_t stride;
    size_t count;
    size_t channels;
    size_t step;
    bool ones;
} gathering;

static fmx_status gather(const fmx__op_call *call, const fmx__recurrent_sizes *s,
                         const gathering *g)
{
    fmx__arg args[] = {
        g->rows,
        fmx__arg_u64(g->rows_at),
        fmx__arg_buffer(g->in, s->batch * g->channels * g->steps * sizeof(float)),
        fmx__arg_u64(s->batch),
        fmx__arg_u64(g->steps),
        fmx__arg_u64(g->each),
        fmx__arg_u64(g->stride),
        fmx__arg_u64(g->count),
        fmx__arg_u64(g->channels),
        fmx__arg_u64(g->step),
        fmx__arg_u32(g->ones),
    };
    const size_t global[3] = {g->each, s->batch, s->directions};
    double floats =
        (double)s->directions * (double)s->batch * (double)g->each * (double)(g->count + g->stride);
    static const char *const kernels[2] = {"recurrent_gather", "recurrent_gather_wide"};
    return turn(call, s, kernels, args, FMX__COUNT(args), global, floats);
}

fmx_status fmx__recurrent_input_rows(const fmx__op_call *call, const fmx__recurrent_sizes *s)
{
    const fmx__recurrent_part *part = &s->part[0];
    gathering g = {
        .rows = fmx__recurrent_state_arg(call, s),
        .rows_at = part->rows_at,
        .in = call->in[0],
        .steps = s->steps,
        .each = s->steps + 1,
        .stride = part->inputs + 1 + s->width,
        .count = part->inputs,
        .channels = part->inputs,
        .ones = true,
    };
    return gather(call, s, &g);
}

fmx_status fmx__recurrent_grad_out_rows(const fmx__op_call *call, const fmx__recurrent_sizes *s)
{
    gathering g = {
        .rows = fmx__recurrent_scratch_arg(call, s),
        .rows_at = s->grad_h_at,
        .in = call->grad_out,
        .steps = s->last ? 1 : s->steps,
        .each = s->last ? 1 : s->steps,
        .stride = s->width,
        .count = s->units,
        .channels = s->directions * s->units,
        .step = s->units,
    };
    return gather(call, s, &g);
}

fmx_status fmx__recurrent_stack(const fmx__op_call *call, const fmx__recurrent_sizes *s,
                                size_t layer)
{
    const fmx__recurrent_part *part = &s->part[layer];
    const fmx__recurrent_part *below = &s->part[layer - 1];
    fmx__arg args[] = {
        fmx__recurrent_state_arg(call, s),
        fmx__arg_u64(part->rows_at),
        fmx__arg_u64(below->rows_at),
        fmx__arg_u64(s->batch),
        fmx__arg_u64(s->steps),
        fmx__arg_u64(part->inputs + 1 + s->width),
        fmx__arg_u64(below->inputs + 1 + s->width),
        fmx__arg_u64(below->inputs + 1),
        fmx__arg_u64(s->units),
        fmx__arg_u64(s->directions),
    };
    const size_t global[3] = {s->steps + 1, s->batch, s->directions};
    return fmx__recurrent_spread(call, "recurrent_stack", args, FMX__COUNT(args), global,
                                 2 * (double)s->directions * (double)s->rows *
                                     (double)part->inputs);
}

fmx_status fmx__recurrent_stack_back(const fmx__op_call *call, const fmx__recurrent_sizes *s)
{
    fmx__arg args[] = {
        fmx__recurrent_scratch_arg(call, s),
        fmx__arg_u64(s->grad_h_at),
        fmx__arg_u64(s->grad_rows_at),
        fmx__arg_u64(s->batch),
        fmx__arg_u64(s->steps),
        fmx__arg_u64(s->width),
        fmx__arg_u64(s->units),
        fmx__arg_u64(s->directions),
    };
    const size_t global[3] = {s->steps, s->batch, s->directions};
    return fmx__recurrent_spread(call, "recurrent_stack_back", args, FMX__COUNT(args), global,
                                 3 * (double)s->directions * (double)s->rows * (double)s->width);
}

fmx_status fmx__recurrent_scatter(const fmx__op_call *call, const fmx__recurrent_sizes *s,
                                  fmx_buffer *out, fmx__arg rows, size_t rows_at, size_t stride,
                                  size_t column, size_t count, bool states)
{
    size_t positions = states && s->last ? 1 : s->steps;
    size_t channels = states ? s->directions * count : count;
    fmx__arg args[] = {
        fmx__arg_buffer(out, s->batch * channels * positions * sizeof(float)),
        rows,
        fmx__arg_u64(rows_at),
        fmx__arg_u64(s->batch),
        fmx__arg_u64(s->steps),
        fmx__arg_u64(stride),
        fmx__arg_u64(column),
        fmx__arg_u64(count),
        fmx__arg_u64(states), /* row s holds h(s - 1) */
        fmx__arg_u64(s->directions),
        fmx__arg_u64(states ? s->units : 0),
        fmx__arg_u32(positions == 1 && states && s->last),
    };
    const size_t global[3] = {positions, s->batch, 1};
    double floats = 2 * (double)s->batch * (double)channels * (double)positions;
    static const char *const kernels[2] = {"recurrent_scatter", "recurrent_scatter_wide"};
    return turn(call, s, kernels, args, FMX__COUNT(args), global, floats);
}
