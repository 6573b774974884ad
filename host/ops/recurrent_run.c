/* The launches of the recurrent layers; kernels/recurrent.cl says what lies where. */
#include "recurrent_layer.h"

enum {
    GROUP = 64,
    SCAN_GROUP = 256,
    TILE = 64, /* as in kernels/recurrent_scan.cl */
    HELD = 16,
    STATIC_BYTES = 2048, /* local memory of recurrent_scan_back besides its columns of Wh */
    JOBS = 4,
    LEAST_JOBS = 8, /* from this batch on, items run side by side */
    INPUT_ROWS = 8,
    WEIGHT_IH = 0,
    WEIGHT_HH = 1,
    BIAS_IH = 2,
    BIAS_HH = 3,
};

static size_t divide_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

static fmx_buffer *state_of(const fmx__op_call *call)
{
    return call->training ? call->saved : call->scratch;
}

static fmx__arg state_arg(const fmx__op_call *call, const fmx__recurrent_sizes *s)
{
    return fmx__arg_buffer(state_of(call), s->state_floats * sizeof(float));
}

static fmx__arg scratch_arg(const fmx__op_call *call, const fmx__recurrent_sizes *s)
{
    return fmx__arg_buffer(call->scratch, s->scratch_floats * sizeof(float));
}

/* Tensor k of a layer and direction, or nothing. */
static fmx__arg tensor_arg(const fmx__recurrent_sizes *s, fmx_buffer *const *tensor, size_t layer,
                           size_t direction, size_t k)
{
    size_t each = s->bias ? 4 : 2;
    if (k >= each)
        return fmx__arg_none();
    size_t rows = (s->gru ? 3 : 4) * s->units;
    size_t columns = k == WEIGHT_IH ? s->part[layer].inputs : k == WEIGHT_HH ? s->units : 1;
    fmx_buffer *buffer = tensor[(layer * s->directions + direction) * each + k];
    return fmx__arg_buffer(buffer, rows * columns * sizeof(float));
}

/* A kernel with an item for each of `global`. */
static fmx_status spread(const fmx__op_call *call, const char *kernel, const fmx__arg *args,
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
        return spread(call, kernel[0], args, arg_count, global, floats);
    fmx__launch job = {
        .stem = "recurrent",
        .kernel = kernel[1],
        .arg = args,
        .arg_count = arg_count,
        .dims = 3,
        .groups = {divide_up(global[0], 16), global[1], global[2]},
        .local = {1, 1, 1},
        .fixed_group = true,
        .bytes = floats * sizeof(float),
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status pack(const fmx__op_call *call, const fmx__recurrent_sizes *s, size_t layer,
                       size_t direction)
{
    const fmx__recurrent_part *part = &s->part[layer];
    size_t packed = (part->inputs + 1 + s->units) * 4 * s->width;
    fmx__arg args[] = {
        state_arg(call, s),
        fmx__arg_u64(part->packed_at + direction * packed),
        fmx__arg_u64(part->turned_at + direction * 4 * s->width * s->width),
        tensor_arg(s, call->weight, layer, direction, WEIGHT_IH),
        tensor_arg(s, call->weight, layer, direction, WEIGHT_HH),
        tensor_arg(s, call->weight, layer, direction, BIAS_IH),
        tensor_arg(s, call->weight, layer, direction, BIAS_HH),
        fmx__arg_u64(part->inputs),
        fmx__arg_u64(s->units),
        fmx__arg_u64(s->lanes),
        fmx__arg_u32(s->gru),
    };
    const size_t global[3] = {s->lanes, 4 * s->blocks, part->inputs + 1 + s->width};
    return spread(call, "recurrent_pack", args, FMX__COUNT(args), global, 2 * (double)packed);
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

static fmx_status rows_of_input(const fmx__op_call *call, const fmx__recurrent_sizes *s)
{
    const fmx__recurrent_part *part = &s->part[0];
    gathering g = {
        .rows = state_arg(call, s),
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

/* With `last` one row of each item; the graph's gradient has one position then. */
static fmx_status rows_of_grad_out(const fmx__op_call *call, const fmx__recurrent_sizes *s)
{
    gathering g = {
        .rows = scratch_arg(call, s),
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

static fmx_status stack(const fmx__op_call *call, const fmx__recurrent_sizes *s, size_t layer)
{
    const fmx__recurrent_part *part = &s->part[layer];
    const fmx__recurrent_part *below = &s->part[layer - 1];
    fmx__arg args[] = {
        state_arg(call, s),
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
    return spread(call, "recurrent_stack", args, FMX__COUNT(args), global,
                  2 * (double)s->directions * (double)s->rows * (double)part->inputs);
}

static fmx_status stack_back(const fmx__op_call *call, const fmx__recurrent_sizes *s)
{
    fmx__arg args[] = {
        scratch_arg(call, s),   fmx__arg_u64(s->grad_h_at),  fmx__arg_u64(s->grad_rows_at),
        fmx__arg_u64(s->batch), fmx__arg_u64(s->steps),      fmx__arg_u64(s->width),
        fmx__arg_u64(s->units), fmx__arg_u64(s->directions),
    };
    const size_t global[3] = {s->steps, s->batch, s->directions};
    return spread(call, "recurrent_stack_back", args, FMX__COUNT(args), global,
                  3 * (double)s->directions * (double)s->rows * (double)s->width);
}

/* Columns of rows into a tensor [batch][..][steps]. */
static fmx_status scatter(const fmx__op_call *call, const fmx__recurrent_sizes *s, fmx_buffer *out,
                          fmx__arg rows, size_t rows_at, size_t stride, size_t column, size_t count,
                          bool states)
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

/* out [directions][slices][m][n] = a b, both in the state. */
typedef struct product {
    fmx__arg out;
    size_t out_at;
    size_t a_at;
    size_t a_each;
    size_t b_at;
    size_t b_each;
    size_t m;
    size_t n;
    size_t k;
    size_t slices;
    size_t a_row;
    size_t a_column;
    size_t b_row;
    size_t b_column;
} product;

static fmx_status launch_product(const fmx__op_call *call, const fmx__recurrent_sizes *s,
                                 const product *p)
{
    fmx__arg args[] = {
        p->out,
        fmx__arg_u64(p->out_at),
        state_arg(call, s),
        fmx__arg_u64(p->a_at),
        fmx__arg_u64(p->a_each),
        fmx__arg_u64(p->b_at),
        fmx__arg_u64(p->b_each),
        fmx__arg_u64(p->m),
        fmx__arg_u64(p->n),
        fmx__arg_u64(p->k),
        fmx__arg_u64(divide_up(p->k, p->slices)),
        fmx__arg_u64(p->slices),
        fmx__arg_u64(p->a_row),
        fmx__arg_u64(p->a_column),
        fmx__arg_u64(p->b_row),
        fmx__arg_u64(p->b_column),
    };
    double m = (double)p->m;
    double n = (double)p->n;
    double k = (double)p->k;
    fmx__launch job = {
        .stem = "recurrent",
        .kernel = "recurrent_product",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 3,
        .groups = {divide_up(p->n, 64), divide_up(p->m, 32), s->directions * p->slices},
        .local = {128, 1, 1},
        .fixed_group = true,
        .flops = 2 * (double)s->directions * m * n * k,
        .bytes = (double)s->directions * (m * k + n * k + m * n) * sizeof(float),
    };
    return fmx__launch_kernel(call->device, &job);
}

/* z of inputs and bias for all steps at once. */
static fmx_status project(const fmx__op_call *call, const fmx__recurrent_sizes *s, size_t layer)
{
    const fmx__recurrent_part *part = &s->part[layer];
    size_t stride = part->inputs + 1 + s->width;
    product p = {
        .out = state_arg(call, s),
        .out_at = part->gates_at,
        .a_at = part->rows_at,
        .a_each = s->rows * stride,
        .b_at = part->packed_at,
        .b_each = stride * 4 * s->width,
        .m = s->rows,
        .n = 4 * s->width,
        .k = part->inputs + 1,
        .slices = 1,
        .a_row = stride,
        .a_column = 1,
        .b_row = 4 * s->width,
        .b_column = 1,
    };
    return launch_product(call, s, &p);
}

static double scan_flops(const fmx__recurrent_sizes *s, size_t columns, size_t count)
{
    return (double)s->directions * (double)s->batch * (double)count * (double)s->units *
           (8 * (double)columns + 40);
}

/* A launch of the recurrence over `count` steps: one group per item of the batch, or wide, several.
 */
static fmx_status launch_scan(const fmx__op_call *call, const fmx__recurrent_sizes *s, bool back,
                              fmx__arg *args, size_t arg_count, size_t count, size_t columns)
{
    static const char *const kernels[2][4] = {
        {"recurrent_scan", "recurrent_scan_large", "recurrent_scan_wide1", "recurrent_scan_wide4"},
        {"recurrent_scan_back", "recurrent_scan_back_large", "recurrent_scan_back_wide1",
         "recurrent_scan_back_wide4"}};
    size_t held = s->units > HELD ? (s->units - HELD) * SCAN_GROUP : 1;
    size_t most = (size_t)fmx_device_describe(call->device)->local_memory_bytes;
    bool large = s->units > TILE || held * sizeof(float) + STATIC_BYTES > most;
    size_t local = large ? (back ? 6 : 5) * s->units : held;
    size_t abreast = s->wide && s->batch >= LEAST_JOBS ? s->batch / JOBS : 0;
    fmx__launch job = {
        .stem = "recurrent_scan",
        .kernel = kernels[back][large],
        .arg = args,
        .arg_count = arg_count + 1,
        .dims = 2,
        .groups = {s->batch, s->directions},
        .local = {s->wide ? 1 : SCAN_GROUP, 1},
        .fixed_group = true,
        .flops = scan_flops(s, columns, count),
        .bytes = (double)s->directions * (double)s->batch * (double)count *
                 (double)(columns + 9 * s->width) * sizeof(float),
    };
    if (!s->wide) {
        args[arg_count] = fmx__arg_local(local * sizeof(float));
        return fmx__launch_kernel(call->device, &job);
    }
    double flops = job.flops / (double)s->batch;
    double bytes = job.bytes / (double)s->batch;
    fmx_status status = FMX_OK;
    for (size_t wide4 = 0; status == FMX_OK && wide4 < 2; ++wide4) {
        size_t items = wide4 ? abreast * JOBS : s->batch - abreast * JOBS;
        if (items == 0)
            continue;
        args[arg_count] = fmx__arg_u64(wide4 ? 0 : abreast * JOBS);
        job.kernel = kernels[back][2 + wide4];
        job.groups[0] = wide4 ? abreast : items;
        job.flops = flops * (double)items;
        job.bytes = bytes * (double)items;
        status = fmx__launch_kernel(call->device, &job);
    }
    return status;
}

static fmx_status scan(const fmx__op_call *call, const fmx__recurrent_sizes *s, size_t layer)
{
    const fmx__recurrent_part *part = &s->part[layer];
    size_t most = fmx__recurrent_steps_per_launch(s);
    fmx_status status = FMX_OK;
    for (size_t first = 0; status == FMX_OK && first < s->steps; first += most) {
        size_t count = s->steps - first < most ? s->steps - first : most;
        fmx__arg args[] = {
            state_arg(call, s),
            fmx__arg_u64(part->rows_at),
            fmx__arg_u64(part->gates_at),
            fmx__arg_u64(part->cells_at),
            fmx__arg_u64(part->packed_at),
            fmx__arg_u64(s->batch),
            fmx__arg_u64(s->steps),
            fmx__arg_u64(part->inputs),
            fmx__arg_u64(s->units),
            fmx__arg_u64(first),
            fmx__arg_u64(count),
            fmx__arg_u32(s->gru),
            fmx__arg_u32(call->training),
            fmx__arg_none(),
        };
        size_t columns = s->units + (s->wide ? part->inputs + 1 : 0);
        status = launch_scan(call, s, false, args, FMX__COUNT(args) - 1, count, columns);
    }
    return status;
}

static fmx_status scan_back(const fmx__op_call *call, const fmx__recurrent_sizes *s, size_t layer)
{
    const fmx__recurrent_part *part = &s->part[layer];
    size_t most = fmx__recurrent_steps_per_launch(s);
    bool last = s->last && layer + 1 == s->layers;
    fmx_status status = FMX_OK;
    for (size_t end = s->steps; status == FMX_OK && end > 0;) {
        size_t count = end < most ? end : most;
        end -= count;
        fmx__arg args[] = {
            state_arg(call, s),           fmx__arg_u64(part->gates_at),
            fmx__arg_u64(part->cells_at), fmx__arg_u64(part->turned_at),
            scratch_arg(call, s),         fmx__arg_u64(s->grad_h_at),
            scratch_arg(call, s),         fmx__arg_u64(s->carry_at),
            fmx__arg_u64(s->batch),       fmx__arg_u64(s->steps),
            fmx__arg_u64(s->units),       fmx__arg_u64(end),
            fmx__arg_u64(count),          fmx__arg_u32(s->gru),
            fmx__arg_u32(last),           fmx__arg_none(),
        };
        status = launch_scan(call, s, true, args, FMX__COUNT(args) - 1, count, s->units);
    }
    return status;
}

fmx_status fmx__recurrent_forward(const fmx__op_call *call, const fmx__recurrent_sizes *s)
{
    fmx_status status = rows_of_input(call, s);
    for (size_t layer = 0; status == FMX_OK && layer < s->layers; ++layer) {
        for (size_t d = 0; status == FMX_OK && d < s->directions; ++d)
            status = pack(call, s, layer, d);
        if (status == FMX_OK && layer > 0)
            status = stack(call, s, layer);
        if (status == FMX_OK && !s->wide)
            status = project(call, s, layer);
        if (status == FMX_OK)
            status = scan(call, s, layer);
    }
    const fmx__recurrent_part *top = &s->part[s->layers - 1];
    if (status == FMX_OK)
        status = scatter(call, s, call->out, state_arg(call, s), top->rows_at,
                         top->inputs + 1 + s->width, top->inputs + 1, s->units, true);
    return status;
}

/* ---- gradients of weights and inputs ------------------------------------------------------------
 */

static fmx_status weight_parts(const fmx__op_call *call, const fmx__recurrent_sizes *s,
                               size_t layer)
{
    const fmx__recurrent_part *part = &s->part[layer];
    size_t known = part->inputs + 1 + s->units;
    size_t stride = part->inputs + 1 + s->width;
    if (!s->wide) {
        product p = {
            .out = scratch_arg(call, s),
            .out_at = s->parts_at,
            .a_at = part->rows_at,
            .a_each = s->rows * stride,
            .b_at = part->gates_at,
            .b_each = s->rows * 4 * s->width,
            .m = known,
            .n = 4 * s->width,
            .k = s->rows,
            .slices = s->slices,
            .a_row = 1,
            .a_column = stride,
            .b_row = 4 * s->width,
            .b_column = 1,
        };
        return launch_product(call, s, &p);
    }
    fmx__arg args[] = {
        scratch_arg(call, s),
        fmx__arg_u64(s->parts_at),
        state_arg(call, s),
        fmx__arg_u64(part->rows_at),
        fmx__arg_u64(part->gates_at),
        fmx__arg_u64(s->rows),
        fmx__arg_u64(part->inputs),
        fmx__arg_u64(s->units),
        fmx__arg_u64(divide_up(s->rows, s->slices)),
    };
    double rows = (double)s->directions * (double)s->rows;
    fmx__launch job = {
        .stem = "recurrent",
        .kernel = "recurrent_grad_wide",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 3,
        .groups = {s->blocks, s->slices, s->directions},
        .local = {1, 1, 1},
        .fixed_group = true,
        .flops = rows * 8 * (double)known * (double)s->width,
        .bytes = rows * (double)(stride + 4 * s->width) * sizeof(float),
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status combine(const fmx__op_call *call, const fmx__recurrent_sizes *s, size_t layer,
                          size_t direction)
{
    const fmx__recurrent_part *part = &s->part[layer];
    size_t known = part->inputs + 1 + s->units;
    size_t packed = known * 4 * s->width;
    fmx__arg args[] = {
        tensor_arg(s, call->grad_weight, layer, direction, WEIGHT_IH),
        tensor_arg(s, call->grad_weight, layer, direction, WEIGHT_HH),
        tensor_arg(s, call->grad_weight, layer, direction, BIAS_IH),
        tensor_arg(s, call->grad_weight, layer, direction, BIAS_HH),
        scratch_arg(call, s),
        fmx__arg_u64(s->parts_at + direction * s->slices * packed),
        fmx__arg_u64(s->slices),
        fmx__arg_u64(part->inputs),
        fmx__arg_u64(s->units),
        fmx__arg_u64(s->lanes),
        fmx__arg_u32(s->gru),
    };
    const size_t global[3] = {s->units, 4, known};
    return spread(call, "recurrent_combine", args, FMX__COUNT(args), global,
                  (double)packed * (double)(s->slices + 1));
}

static fmx_status grad_rows(const fmx__op_call *call, const fmx__recurrent_sizes *s, size_t layer)
{
    const fmx__recurrent_part *part = &s->part[layer];
    size_t known = part->inputs + 1 + s->units;
    if (!s->wide) {
        product p = {
            .out = scratch_arg(call, s),
            .out_at = s->grad_rows_at,
            .a_at = part->gates_at,
            .a_each = s->rows * 4 * s->width,
            .b_at = part->packed_at,
            .b_each = known * 4 * s->width,
            .m = s->rows,
            .n = part->inputs,
            .k = 4 * s->width,
            .slices = 1,
            .a_row = 4 * s->width,
            .a_column = 1,
            .b_row = 1,
            .b_column = 4 * s->width,
        };
        return launch_product(call, s, &p);
    }
    fmx__arg args[] = {
        scratch_arg(call, s),         fmx__arg_u64(s->grad_rows_at), state_arg(call, s),
        fmx__arg_u64(part->gates_at), fmx__arg_u64(part->packed_at), fmx__arg_u64(s->rows),
        fmx__arg_u64(part->inputs),   fmx__arg_u64(s->units),
    };
    double rows = (double)s->directions * (double)s->rows;
    fmx__launch job = {
        .stem = "recurrent",
        .kernel = "recurrent_grad_rows_wide",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .groups = {divide_up(s->rows, INPUT_ROWS), s->directions},
        .local = {1, 1},
        .fixed_group = true,
        .flops = rows * 8 * (double)part->inputs * (double)s->width,
        .bytes = rows * (double)(part->inputs + 4 * s->width) * sizeof(float),
    };
    return fmx__launch_kernel(call->device, &job);
}

fmx_status fmx__recurrent_backward(const fmx__op_call *call, const fmx__recurrent_sizes *s)
{
    fmx_status status = rows_of_grad_out(call, s);
    for (size_t layer = s->layers; status == FMX_OK && layer-- > 0;) {
        status = scan_back(call, s, layer);
        if (status == FMX_OK)
            status = weight_parts(call, s, layer);
        for (size_t d = 0; status == FMX_OK && d < s->directions; ++d)
            status = combine(call, s, layer, d);
        if (status == FMX_OK && (layer > 0 || call->grad_in[0] != NULL))
            status = grad_rows(call, s, layer);
        if (status == FMX_OK && layer > 0)
            status = stack_back(call, s);
    }
    if (status == FMX_OK && call->grad_in[0] != NULL)
        status = scatter(call, s, call->grad_in[0], scratch_arg(call, s), s->grad_rows_at,
                         s->part[0].inputs, 0, s->part[0].inputs, false);
    return status;
}
