#include "conv1d_sizes.h"

enum {
    LANES = 16,
    BLOCK = 8,        /* filters whose sums stand in registers */
    SHARE = 480,      /* positions of an item of the product */
    RUN = 1024,       /* CONV1D_RUN of the kernel */
    SUM_CELLS = 16,   /* of an item of conv1d_weight_sum_wide */
    MOST_SLICES = 64, /* of grad_weight's sum, and floats that their parts may take */
    LEAST_SLICES = 4,
    MOST_PARTS = 1 << 22,
    MOST_STRIDE = 16, /* above: the tiled variant */
    MOST_POINTS = 1 << 26,
    STREAM_BYTES = 1 << 23, /* outputs of that size are not read again while they are near */
};

/* Scratch of one direction, in floats; the table is at its start. */
typedef struct layout {
    size_t phases;
    size_t most; /* taps of a phase */
    size_t weights_at;
    size_t rows_at;
    size_t pitch; /* of a copied row's phase; 0: rows are read in place */
    size_t row;   /* floats from a row to the next */
    size_t left;  /* zeros in front of a copied row */
    size_t first; /* where position 0 reads a tap of no delay */
    size_t out_at;
    size_t out_row;
    size_t count; /* positions of the product */
    size_t floats;
} layout;

typedef struct groups {
    size_t n[3];
} groups;

static size_t pad(size_t n)
{
    return fmx__op_divide_up(n, LANES) * LANES;
}

static size_t blocks_of(size_t rows)
{
    return fmx__op_divide_up(rows, BLOCK);
}

/* Forward, and what backward to the weight reads. */
static layout forward_layout(const fmx__conv1d_sizes *s)
{
    bool in_place = s->stride == 1 && s->left == 0 && s->out_n - 1 + s->reach <= s->in_n;
    layout l = {
        .phases = s->stride < s->reach ? s->stride : s->reach,
        .most = s->taps,
        .weights_at = pad(1 + s->taps),
        .left = s->left,
        .out_row = s->out_n,
        .count = s->out_n,
    };
    l.rows_at = l.weights_at + blocks_of(s->out_c) * BLOCK * s->terms;
    l.pitch = in_place ? 0 : pad(s->out_n + (s->reach - 1) / s->stride);
    l.row = in_place ? s->in_n : l.phases * l.pitch;
    l.floats = l.rows_at + (in_place ? 0 : s->batch * s->in_c * l.row);
    return l;
}

/* Items of the product that share a row. */
static size_t ranges_of(const layout *l)
{
    return l->count < SHARE ? 1 : l->count / SHARE;
}

static size_t divisor(size_t a, size_t b)
{
    while (b != 0) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static layout backward_layout(const fmx__conv1d_sizes *s)
{
    size_t apart = s->stride / divisor(s->stride, s->dilation); /* taps of the same phase */
    bool in_place = s->stride == 1 && s->reach == 1;
    layout l = {
        .phases = s->stride < s->reach ? s->stride : s->reach,
        .most = fmx__op_divide_up(s->taps, apart),
        .left = (s->reach - 1) / s->stride,
        .count = s->stride == 1 ? s->in_n : fmx__op_divide_up(s->in_n + s->left, s->stride),
    };
    l.first = l.left + (s->stride == 1 ? s->left : 0);
    l.weights_at = pad(l.phases * (1 + l.most));
    l.rows_at = l.weights_at + l.phases * blocks_of(s->in_c) * BLOCK * s->out_c * l.most;
    l.pitch = in_place ? 0 : pad(l.first + l.count);
    l.row = in_place ? s->out_n : l.pitch;
    l.out_at = l.rows_at + (in_place ? 0 : s->batch * s->out_c * l.row);
    l.out_row = l.phases * l.count;
    l.floats = l.out_at + (s->stride == 1 ? 0 : s->batch * s->in_c * l.out_row);
    return l;
}

static size_t steps_of(const fmx__conv1d_sizes *s)
{
    return s->batch * fmx__op_divide_up(s->out_n, RUN);
}

static size_t part_floats(const fmx__conv1d_sizes *s)
{
    return blocks_of(s->out_c) * BLOCK * (s->terms + 1); /* the bias is a last term */
}

static size_t slices_of(const fmx__conv1d_sizes *s)
{
    size_t slices = MOST_PARTS / part_floats(s);
    if (slices > MOST_SLICES)
        slices = MOST_SLICES;
    if (slices < LEAST_SLICES)
        slices = LEAST_SLICES;
    return slices < steps_of(s) ? slices : steps_of(s);
}

bool fmx__conv1d_wide(const fmx_device *device, const fmx__conv1d_sizes *s)
{
    return device != NULL && fmx__device_wide(device) && s->out_n >= LANES &&
           s->stride <= MOST_STRIDE && s->in_n <= MOST_POINTS && s->reach <= 4 * s->in_n;
}

size_t fmx__conv1d_wide_scratch_bytes(const fmx__conv1d_sizes *s, bool training)
{
    size_t forward = forward_layout(s).floats;
    size_t need[3] = {forward, 0, 0};
    if (training) {
        need[1] = forward + slices_of(s) * part_floats(s);
        need[2] = backward_layout(s).floats;
    }
    for (size_t i = 1; i < FMX__COUNT(need); ++i) {
        if (need[0] < need[i])
            need[0] = need[i];
    }
    return need[0] * sizeof(float);
}

static fmx_status launch_of(const fmx__op_call *call, const char *stem, const char *kernel,
                            const fmx__arg *args, size_t arg_count, groups n, double flops,
                            double bytes)
{
    fmx__launch job = {
        .stem = stem,
        .kernel = kernel,
        .arg = args,
        .arg_count = arg_count,
        .dims = 3,
        .groups = {n.n[0], n.n[1], n.n[2]},
        .local = {1, 1, 1},
        .fixed_group = true,
        .flops = flops,
        .bytes = bytes,
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status launch(const fmx__op_call *call, const char *kernel, const fmx__arg *args,
                         size_t arg_count, groups n, double flops, double bytes)
{
    return launch_of(call, "conv1d_wide", kernel, args, arg_count, n, flops, bytes);
}

static fmx_status launch_weight(const fmx__op_call *call, const char *kernel, const fmx__arg *args,
                                size_t arg_count, groups n, double flops, double bytes)
{
    return launch_of(call, "conv1d_weight_wide", kernel, args, arg_count, n, flops, bytes);
}

static fmx_status copy_rows(const fmx__op_call *call, const layout *l, fmx_buffer *from,
                            size_t rows, size_t points, size_t stride, size_t phases)
{
    if (l->pitch == 0)
        return FMX_OK;
    size_t floats = rows * phases * l->pitch;
    fmx__arg args[] = {
        fmx__arg_buffer(call->scratch, (l->rows_at + floats) * sizeof(float)),
        fmx__arg_u64(l->rows_at),
        fmx__arg_buffer(from, rows * points * sizeof(float)),
        fmx__arg_u64(points),
        fmx__arg_u64(stride),
        fmx__arg_u64(l->pitch),
        fmx__arg_u64(l->left),
    };
    return launch(call, "conv1d_rows_wide", args, FMX__COUNT(args), (groups){{phases, rows, 1}}, 0,
                  (double)(rows * points + floats) * sizeof(float));
}

/* The input's rows, the table and the weights of forward into scratch. */
static fmx_status prepare_forward(const fmx__op_call *call, const fmx__conv1d_sizes *s,
                                  const layout *l)
{
    fmx__arg args[] = {
        fmx__arg_buffer(call->scratch, l->rows_at * sizeof(float)),
        fmx__arg_u64(l->weights_at),
        fmx__arg_buffer(call->weight[FMX__CONV1D_WEIGHT], fmx__conv1d_weight_bytes(s)),
        fmx__arg_u64(s->out_c),
        fmx__arg_u64(s->terms),
        fmx__arg_u64(s->taps),
        fmx__arg_u64(s->stride),
        fmx__arg_u64(s->dilation),
        fmx__arg_u64(l->pitch),
    };
    fmx_status status =
        launch(call, "conv1d_weights_forward_wide", args, FMX__COUNT(args),
               (groups){{blocks_of(s->out_c), 1, 1}}, 0, 2 * (double)fmx__conv1d_weight_bytes(s));
    if (status == FMX_OK)
        status = copy_rows(call, l, call->in[0], s->batch * s->in_c, s->in_n, s->stride, l->phases);
    return status;
}

/* One tap and rows in place. */
static fmx_status pointwise(const fmx__op_call *call, const fmx__conv1d_sizes *s, const layout *l,
                            fmx_buffer *to, size_t rows, fmx_buffer *from, size_t channels,
                            fmx_buffer *bias, bool relu)
{
    size_t out_bytes = s->batch * rows * l->count * sizeof(float);
    size_t in_bytes = s->batch * channels * l->count * sizeof(float);
    fmx__arg args[] = {
        fmx__arg_buffer(to, out_bytes),
        fmx__arg_buffer(from, in_bytes),
        fmx__arg_buffer(call->scratch, l->rows_at * sizeof(float)),
        fmx__arg_u64(l->weights_at),
        bias != NULL ? fmx__arg_buffer(bias, rows * sizeof(float)) : fmx__arg_none(),
        fmx__arg_u64(rows),
        fmx__arg_u64(channels),
        fmx__arg_u64(l->count),
        fmx__arg_u32(relu),
        fmx__arg_u32(out_bytes >= STREAM_BYTES),
    };
    return launch(call, "conv1d_pointwise_wide", args, FMX__COUNT(args),
                  (groups){{ranges_of(l), s->batch, 1}}, fmx__conv1d_product_flops(s),
                  (double)(in_bytes + out_bytes));
}

static fmx_status product(const fmx__op_call *call, const fmx__conv1d_sizes *s, const layout *l,
                          size_t phases, fmx_buffer *to, size_t rows, fmx_buffer *from,
                          size_t channels, fmx_buffer *bias, bool relu)
{
    if (l->pitch == 0 && s->reach == 1)
        return pointwise(call, s, l, to, rows, from, channels, bias, relu);
    size_t out_floats = s->batch * rows * l->out_row;
    size_t in_floats = s->batch * channels * l->row;
    fmx__arg args[] = {
        fmx__arg_buffer(to, (l->out_at + out_floats) * sizeof(float)),
        fmx__arg_u64(l->out_at),
        fmx__arg_u64(l->out_row),
        l->pitch == 0 ? fmx__arg_buffer(from, in_floats * sizeof(float))
                      : fmx__arg_buffer(call->scratch, (l->rows_at + in_floats) * sizeof(float)),
        fmx__arg_u64(l->pitch == 0 ? 0 : l->rows_at),
        fmx__arg_u64(l->row),
        fmx__arg_buffer(call->scratch, l->rows_at * sizeof(float)),
        fmx__arg_u64(l->weights_at),
        fmx__arg_u64(l->most),
        bias != NULL ? fmx__arg_buffer(bias, rows * sizeof(float)) : fmx__arg_none(),
        fmx__arg_u64(rows),
        fmx__arg_u64(channels),
        fmx__arg_u64(l->count),
        fmx__arg_u32(relu),
        fmx__arg_u32(out_floats * sizeof(float) >= STREAM_BYTES),
    };
    return launch(call, "conv1d_product_wide", args, FMX__COUNT(args),
                  (groups){{ranges_of(l), s->batch, phases}}, fmx__conv1d_product_flops(s),
                  (double)(in_floats + out_floats) * sizeof(float));
}

fmx_status fmx__conv1d_wide_forward(const fmx__op_call *call, const fmx__conv1d_sizes *s)
{
    const fmx__conv1d_options *options = call->options;
    layout l = forward_layout(s);
    fmx_buffer *bias = options->bias ? call->weight[FMX__CONV1D_BIAS] : NULL;
    fmx_status status = prepare_forward(call, s, &l);
    if (status != FMX_OK)
        return status;
    return product(call, s, &l, 1, call->out, s->out_c, call->in[0], s->in_c, bias, call->relu);
}

fmx_status fmx__conv1d_wide_mask(const fmx__op_call *call, const fmx__conv1d_sizes *s)
{
    size_t bytes = fmx__conv1d_out_bytes(s);
    fmx__arg args[] = {
        fmx__arg_buffer(call->grad_out, bytes),
        fmx__arg_buffer(call->out, bytes),
        fmx__arg_u64(s->out_n),
    };
    return launch_weight(call, "conv1d_mask_wide", args, FMX__COUNT(args),
                         (groups){{s->batch * s->out_c, 1, 1}}, 0, 3 * (double)bytes);
}

fmx_status fmx__conv1d_wide_grad_weight(const fmx__op_call *call, const fmx__conv1d_sizes *s)
{
    const fmx__conv1d_options *options = call->options;
    layout l = forward_layout(s);
    size_t slices = slices_of(s);
    size_t in_floats = s->batch * s->in_c * l.row;
    size_t parts = slices * part_floats(s);
    fmx__arg args[] = {
        fmx__arg_buffer(call->scratch, (l.floats + parts) * sizeof(float)),
        fmx__arg_u64(l.floats),
        fmx__arg_buffer(call->grad_out, fmx__conv1d_out_bytes(s)),
        l.pitch == 0 ? fmx__arg_buffer(call->in[0], in_floats * sizeof(float))
                     : fmx__arg_buffer(call->scratch, (l.rows_at + in_floats) * sizeof(float)),
        fmx__arg_u64(l.pitch == 0 ? 0 : l.rows_at),
        fmx__arg_u64(l.row),
        fmx__arg_u64(s->batch),
        fmx__arg_u64(fmx__op_divide_up(steps_of(s), slices)),
        fmx__arg_u64(s->in_c),
        fmx__arg_u64(s->out_c),
        fmx__arg_u64(s->out_n),
        fmx__arg_u64(s->taps),
        fmx__arg_u64(s->stride),
        fmx__arg_u64(s->dilation),
        fmx__arg_u64(l.pitch),
    };
    /* slices that steps do not reach must not be summed */
    size_t used = fmx__op_divide_up(steps_of(s), fmx__op_divide_up(steps_of(s), slices));
    fmx__arg sum_args[] = {
        fmx__arg_buffer(call->grad_weight[FMX__CONV1D_WEIGHT], fmx__conv1d_weight_bytes(s)),
        options->bias
            ? fmx__arg_buffer(call->grad_weight[FMX__CONV1D_BIAS], s->out_c * sizeof(float))
            : fmx__arg_none(),
        fmx__arg_buffer(call->scratch, (l.floats + parts) * sizeof(float)),
        fmx__arg_u64(l.floats),
        fmx__arg_u64(used),
        fmx__arg_u64(s->terms),
        fmx__arg_u64(s->out_c),
    };
    fmx_status status =
        copy_rows(call, &l, call->in[0], s->batch * s->in_c, s->in_n, s->stride, l.phases);
    if (status == FMX_OK)
        status = launch_weight(call, "conv1d_grad_weight_wide", args, FMX__COUNT(args),
                               (groups){{used, 1, 1}}, fmx__conv1d_product_flops(s),
                               (double)(in_floats + parts) * sizeof(float) +
                                   (double)fmx__conv1d_out_bytes(s));
    if (status == FMX_OK)
        status = launch_weight(
            call, "conv1d_weight_sum_wide", sum_args, FMX__COUNT(sum_args),
            (groups){{fmx__op_divide_up(s->terms + 1, SUM_CELLS), blocks_of(s->out_c), 1}},
            (double)parts, (double)parts * sizeof(float));
    return status;
}

/* grad_in from the phases that the product left in scratch. */
static fmx_status join_phases(const fmx__op_call *call, const fmx__conv1d_sizes *s, const layout *l)
{
    fmx__arg args[] = {
        fmx__arg_buffer(call->grad_in[0], fmx__conv1d_in_bytes(s)),
        fmx__arg_buffer(call->scratch, l->floats * sizeof(float)),
        fmx__arg_u64(l->out_at),
        fmx__arg_u64(s->in_n),
        fmx__arg_u64(s->stride),
        fmx__arg_u64(l->phases),
        fmx__arg_u64(l->count),
        fmx__arg_u64(s->left),
    };
    return launch(call, "conv1d_phases_wide", args, FMX__COUNT(args),
                  (groups){{s->batch * s->in_c, 1, 1}}, 0, 2 * (double)fmx__conv1d_in_bytes(s));
}

fmx_status fmx__conv1d_wide_grad_in(const fmx__op_call *call, const fmx__conv1d_sizes *s)
{
    layout l = backward_layout(s);
    bool direct = s->stride == 1;
    fmx__arg args[] = {
        fmx__arg_buffer(call->scratch, l.rows_at * sizeof(float)),
        fmx__arg_u64(l.weights_at),
        fmx__arg_buffer(call->weight[FMX__CONV1D_WEIGHT], fmx__conv1d_weight_bytes(s)),
        fmx__arg_u64(s->in_c),
        fmx__arg_u64(s->out_c),
        fmx__arg_u64(s->taps),
        fmx__arg_u64(s->stride),
        fmx__arg_u64(s->dilation),
        fmx__arg_u64(l.first),
        fmx__arg_u64(l.most),
    };
    fmx_status status = launch(call, "conv1d_weights_backward_wide", args, FMX__COUNT(args),
                               (groups){{blocks_of(s->in_c), l.phases, 1}}, 0,
                               2 * (double)fmx__conv1d_weight_bytes(s));
    if (status == FMX_OK)
        status = copy_rows(call, &l, call->grad_out, s->batch * s->out_c, s->out_n, 1, 1);
    if (direct)
        l.out_at = 0;
    if (status == FMX_OK)
        status = product(call, s, &l, l.phases, direct ? call->grad_in[0] : call->scratch, s->in_c,
                         call->grad_out, s->out_c, NULL, false);
    if (status == FMX_OK && !direct)
        status = join_phases(call, s, &l);
    return status;
}
