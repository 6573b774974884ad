/* The passes of the recurrent layers; kernels/recurrent.cl says what lies where. */
#include "recurrent_run.h"

enum {
    SCAN_GROUP = 256,
    TILE = 64, /* as in kernels/recurrent_scan.cl */
    HELD = 16,
    STATIC_BYTES = 2048, /* local memory of recurrent_scan_back besides its columns of Wh */
    JOBS = 4,
    LEAST_JOBS = 8, /* from this batch on, items run side by side */
    INPUT_ROWS = 8,
};

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
        fmx__recurrent_state_arg(call, s),
        fmx__arg_u64(p->a_at),
        fmx__arg_u64(p->a_each),
        fmx__arg_u64(p->b_at),
        fmx__arg_u64(p->b_each),
        fmx__arg_u64(p->m),
        fmx__arg_u64(p->n),
        fmx__arg_u64(p->k),
        fmx__arg_u64(fmx__op_divide_up(p->k, p->slices)),
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
        .groups = {fmx__op_divide_up(p->n, 64), fmx__op_divide_up(p->m, 32),
                   s->directions * p->slices},
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
        .out = fmx__recurrent_state_arg(call, s),
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
            fmx__recurrent_state_arg(call, s),
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
            fmx__recurrent_state_arg(call, s),
            fmx__arg_u64(part->gates_at),
            fmx__arg_u64(part->cells_at),
            fmx__arg_u64(part->turned_at),
            fmx__recurrent_scratch_arg(call, s),
            fmx__arg_u64(s->grad_h_at),
            fmx__recurrent_scratch_arg(call, s),
            fmx__arg_u64(s->carry_at),
            fmx__arg_u64(s->batch),
            fmx__arg_u64(s->steps),
            fmx__arg_u64(s->units),
            fmx__arg_u64(end),
            fmx__arg_u64(count),
            fmx__arg_u32(s->gru),
            fmx__arg_u32(last),
            fmx__arg_none(),
        };
        status = launch_scan(call, s, true, args, FMX__COUNT(args) - 1, count, s->units);
    }
    return status;
}

fmx_status fmx__recurrent_forward(const fmx__op_call *call, const fmx__recurrent_sizes *s)
{
    fmx_status status = fmx__recurrent_input_rows(call, s);
    for (size_t layer = 0; status == FMX_OK && layer < s->layers; ++layer) {
        for (size_t d = 0; status == FMX_OK && d < s->directions; ++d)
            status = fmx__recurrent_pack(call, s, layer, d);
        if (status == FMX_OK && layer > 0)
            status = fmx__recurrent_stack(call, s, layer);
        if (status == FMX_OK && !s->wide)
            status = project(call, s, layer);
        if (status == FMX_OK)
            status = scan(call, s, layer);
    }
    const fmx__recurrent_part *top = &s->part[s->layers - 1];
    if (status == FMX_OK)
        status = fmx__recurrent_scatter(call, s, call->out, fmx__recurrent_state_arg(call, s),
                                        top->rows_at, top->inputs + 1 + s->width, top->inputs + 1,
                                        s->units, true);
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
            .out = fmx__recurrent_scratch_arg(call, s),
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
        fmx__recurrent_scratch_arg(call, s),
        fmx__arg_u64(s->parts_at),
        fmx__recurrent_state_arg(call, s),
        fmx__arg_u64(part->rows_at),
        fmx__arg_u64(part->gates_at),
        fmx__arg_u64(s->rows),
        fmx__arg_u64(part->inputs),
        fmx__arg_u64(s->units),
        fmx__arg_u64(fmx__op_divide_up(s->rows, s->slices)),
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
        fmx__recurrent_tensor_arg(s, call->grad_weight, layer, direction, FMX__RECURRENT_WEIGHT_IH),
        fmx__recurrent_tensor_arg(s, call->grad_weight, layer, direction, FMX__RECURRENT_WEIGHT_HH),
        fmx__recurrent_tensor_arg(s, call->grad_weight, layer, direction, FMX__RECURRENT_BIAS_IH),
        fmx__recurrent_tensor_arg(s, call->grad_weight, layer, direction, FMX__RECURRENT_BIAS_HH),
        fmx__recurrent_scratch_arg(call, s),
        fmx__arg_u64(s->parts_at + direction * s->slices * packed),
        fmx__arg_u64(s->slices),
        fmx__arg_u64(part->inputs),
        fmx__arg_u64(s->units),
        fmx__arg_u64(s->lanes),
        fmx__arg_u32(s->gru),
    };
    const size_t global[3] = {s->units, 4, known};
    return fmx__recurrent_spread(call, "recurrent_combine", args, FMX__COUNT(args), global,
                                 (double)packed * (double)(s->slices + 1));
}

static fmx_status grad_rows(const fmx__op_call *call, const fmx__recurrent_sizes *s, size_t layer)
{
    const fmx__recurrent_part *part = &s->part[layer];
    size_t known = part->inputs + 1 + s->units;
    if (!s->wide) {
        product p = {
            .out = fmx__recurrent_scratch_arg(call, s),
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
        fmx__recurrent_scratch_arg(call, s), fmx__arg_u64(s->grad_rows_at),
        fmx__recurrent_state_arg(call, s),   fmx__arg_u64(part->gates_at),
        fmx__arg_u64(part->packed_at),       fmx__arg_u64(s->rows),
        fmx__arg_u64(part->inputs),          fmx__arg_u64(s->units),
    };
    double rows = (double)s->directions * (double)s->rows;
    fmx__launch job = {
        .stem = "recurrent",
        .kernel = "recurrent_grad_rows_wide",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .groups = {fmx__op_divide_up(s->rows, INPUT_ROWS), s->directions},
        .local = {1, 1},
        .fixed_group = true,
        .flops = rows * 8 * (double)part->inputs * (double)s->width,
        .bytes = rows * (double)(part->inputs + 4 * s->width) * sizeof(float),
    };
    return fmx__launch_kernel(call->device, &job);
}

fmx_status fmx__recurrent_backward(const fmx__op_call *call, const fmx__recurrent_sizes *s)
{
    fmx_status status = fmx__recurrent_grad_out_rows(call, s);
    for (size_t layer = s->layers; status == FMX_OK && layer-- > 0;) {
        status = scan_back(call, s, layer);
        if (status == FMX_OK)
            status = weight_parts(call, s, layer);
        for (size_t d = 0; status == FMX_OK && d < s->directions; ++d)
            status = combine(call, s, layer, d);
        if (status == FMX_OK && (layer > 0 || call->grad_in[0] != NULL))
            status = grad_rows(call, s, layer);
        if (status == FMX_OK && layer > 0)
            status = fmx__recurrent_stack_back(call, s);
    }
    if (status == FMX_OK && call->grad_in[0] != NULL)
        status =
            fmx__recurrent_scatter(call, s, call->grad_in[0], fmx__recurrent_scratch_arg(call, s),
                                   s->grad_rows_at, s->part[0].inputs, 0, s->part[0].inputs, false);
    return status;
}
