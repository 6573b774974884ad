#include "norm_layer.h"

enum {
    GROUP = 256,    /* items of a group that reduces a chunk or a row */
    POINTWISE = 64, /* items of the other groups */
    LANES = 16,     /* of the wide variant */
    LEAST_CHUNK = 1024,
    MOST_CHUNKS = 256, /* of a set */
};

static const fmx__option group_table[] = {
    FMX__LAYER_OPTIONS(fmx__norm_options),
    {"groups", FMX__OPTION_INTEGER, offsetof(fmx__norm_options, groups), "", 1, 1e6, NULL,
     "into which the channels are divided; 1: all together, as many as channels: each for itself"},
    {"epsilon", FMX__OPTION_NUMBER, offsetof(fmx__norm_options, epsilon), "", 1e-12, 1, NULL,
     "added to the variance"},
    {"affine", FMX__OPTION_BOOL, offsetof(fmx__norm_options, affine), "", 0, 0, NULL,
     "whether each channel has a weight and a bias"},
};

static const fmx__option layer_table[] = {
    FMX__LAYER_OPTIONS(fmx__norm_options),
    {"epsilon", FMX__OPTION_NUMBER, offsetof(fmx__norm_options, epsilon), "", 1e-12, 1, NULL,
     "added to the variance"},
    {"affine", FMX__OPTION_BOOL, offsetof(fmx__norm_options, affine), "", 0, 0, NULL,
     "whether each channel has a weight and a bias"},
};

/* Sizes of one call. saved: (mean, inverse) of each set; scratch: chunks or columns forward, sums
 * of rows and means of sets backward. All counts are of pairs. */
typedef struct sizes {
    size_t batch;
    size_t channels;
    size_t positions;
    size_t rows;
    size_t per_set; /* channels */
    size_t sets;
    size_t floats; /* of a set, mode groups */
    size_t chunk;
    size_t chunks; /* of a set */
    size_t bytes;  /* of the tensor */
    double count;
    double epsilon;
    bool affine;
    bool wide; /* for rows of at least 16 positions */
    fmx__norm_mode mode;
} sizes;

static sizes sizes_of(const fmx__norm_options *o, const fmx__shape *in, size_t batch)
{
    sizes s = {
        .batch = batch,
        .channels = in->channels,
        .positions = in->positions,
        .rows = batch * in->channels,
        .bytes = fmx__op_bytes(in, batch),
        .epsilon = o->epsilon,
        .affine = o->affine,
        /* the channels at the only position are a group */
        .mode = in->positions == 1 ? FMX__NORM_GROUPS : (fmx__norm_mode)o->mode,
    };
    s.count = (double)s.rows * (double)s.positions;
    s.per_set = s.channels / (size_t)o->groups;
    s.sets = s.mode == FMX__NORM_GROUPS ? batch * (size_t)o->groups : batch * s.positions;
    s.floats = s.per_set * s.positions;
    s.chunk = fmx__op_divide_up(fmx__op_divide_up(s.floats, MOST_CHUNKS), LANES) * LANES;
    if (s.chunk < LEAST_CHUNK)
        s.chunk = LEAST_CHUNK;
    s.chunks = fmx__op_divide_up(s.floats, s.chunk);
    return s;
}

static sizes sizes_of_call(const fmx__op_call *call)
{
    sizes s = sizes_of(call->options, &call->in_shape[0], call->batch);
    s.wide = fmx__device_wide(call->device) && s.positions >= LANES;
    return s;
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const fmx__norm_options *o = site->options;
    const fmx__shape *in = &site->in[0];
    const char *const names[] = {"weight", "bias"};
    if (in->is_complex)
        return fmx__op_refuse(site, "normalisation takes real values, the input is complex");
    if ((size_t)o->groups > in->channels || in->channels % (size_t)o->groups != 0)
        return fmx__op_refuse(site, "%zu channels cannot be divided into %zu equal groups",
                              in->channels, (size_t)o->groups);
    sizes s = sizes_of(o, in, site->batch);
    out->out = *in;
    out->weight_count = o->affine ? FMX__COUNT(names) : 0;
    for (size_t i = 0; i < out->weight_count; ++i)
        out->weight[i] = (fmx__op_weight){
            .name = names[i],
            .rank = 1,
            .dim = {in->channels},
            .trainable = true,
            .init = i == FMX__NORM_WEIGHT ? FMX__INIT_ONES : FMX__INIT_ZEROS,
            .fan_in = 1,
            .fan_out = 1,
        };
    size_t forward = s.mode == FMX__NORM_GROUPS ? s.sets * s.chunks : s.sets;
    size_t backward = site->training ? s.rows + s.sets : 0;
    out->saved_bytes = s.sets * 2 * sizeof(float);
    out->scratch_bytes = (forward > backward ? forward : backward) * 2 * sizeof(float);
    out->keeps_input = true;
    out->forward = (fmx__op_work){s.count * 8, s.count * 4 * sizeof(float)};
    out->backward = (fmx__op_work){s.count * 12, s.count * 5 * sizeof(float)};
    return FMX_OK;
}

static fmx__arg pairs(fmx_buffer *buffer, size_t count)
{
    return fmx__arg_buffer(buffer, count * 2 * sizeof(float));
}

static fmx__arg weight_of(const fmx__op_call *call, const sizes *s, int which)
{
    return s->affine ? fmx__arg_buffer(call->weight[which], s->channels * sizeof(float))
                     : fmx__arg_none();
}

/* How the items of a kernel lie. */
typedef enum range {
    EACH_ONE,    /* `first` of them, pointwise groups */
    EACH_REDUCED /* `first` of them, a group each; an item each where wide */
} range;

static fmx_status launch(const fmx__op_call *call, const char *kernel, bool wide,
                         const fmx__arg *args, size_t arg_count, range how, size_t count,
                         double flops, double bytes)
{
    fmx__launch job = {
        .stem = "norm",
        .kernel = kernel,
        .arg = args,
        .arg_count = arg_count,
        .dims = 1,
        .flops = flops,
        .bytes = bytes,
    };
    if (how == EACH_REDUCED && !wide)
        job.groups[0] = count;
    else
        job.global[0] = count;
    job.local[0] = how == EACH_ONE ? POINTWISE : wide ? 1 : GROUP;
    return fmx__launch_kernel(call->device, &job);
}

/* Kernels of (position, row), of rows where wide; `rows` of them. */
static fmx_status launch_map(const fmx__op_call *call, const sizes *s, const char *kernel,
                             const fmx__arg *args, size_t arg_count, double flops, double bytes)
{
    fmx__launch job = {
        .stem = "norm",
        .kernel = kernel,
        .arg = args,
        .arg_count = arg_count,
        .dims = s->wide ? 1 : 2,
        .global = {s->wide ? s->rows : s->positions, s->wide ? 0 : s->rows},
        .local = {s->wide ? 1 : POINTWISE, s->wide ? 0 : 1},
        .flops = flops,
        .bytes = bytes,
    };
    return fmx__launch_kernel(call->device, &job);
}

/* Kernels of (position, item of the batch), of 16 positions where wide. */
static fmx_status launch_columns(const fmx__op_call *call, const sizes *s, const char *kernel,
                                 const fmx__arg *args, size_t arg_count, double flops, double bytes)
{
    fmx__launch job = {
        .stem = "norm",
        .kernel = kernel,
        .arg = args,
        .arg_count = arg_count,
        .dims = 2,
        .global = {s->wide ? fmx__op_divide_up(s->positions, LANES) : s->positions, s->batch},
        .local = {s->wide ? 1 : POINTWISE, 1},
        .flops = flops,
        .bytes = bytes,
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status group_statistics(const fmx__op_call *call, const sizes *s)
{
    bool wide = fmx__device_wide(call->device);
    size_t parts = s->sets * s->chunks;
    fmx__arg chunk_args[] = {
        pairs(call->scratch, parts), fmx__arg_buffer(call->in[0], s->bytes),
        fmx__arg_u64(s->floats),     fmx__arg_u64(s->chunk),
        fmx__arg_u64(s->chunks),     fmx__arg_u64(parts),
    };
    fmx__arg set_args[] = {
        pairs(call->saved, s->sets), pairs(call->scratch, parts), fmx__arg_u64(s->sets),
        fmx__arg_u64(s->floats),     fmx__arg_u64(s->chunk),      fmx__arg_u64(s->chunks),
        fmx__arg_f32(s->epsilon),
    };
    fmx_status status = launch(call, wide ? "norm_chunks_wide" : "norm_chunks", wide, chunk_args,
                               FMX__COUNT(chunk_args) - (wide ? 0 : 1), EACH_REDUCED, parts,
                               s->count * 4, (double)s->bytes);
    if (status == FMX_OK)
        status = launch(call, "norm_sets", wide, set_args, FMX__COUNT(set_args), EACH_ONE, s->sets,
                        (double)parts * 8, (double)parts * 2 * sizeof(float));
    return status;
}

static fmx_status column_statistics(const fmx__op_call *call, const sizes *s)
{
    bool finish = s->mode == FMX__NORM_POSITIONS;
    fmx__arg column_args[] = {
        pairs(finish ? call->saved : call->scratch, s->sets),
        fmx__arg_buffer(call->in[0], s->bytes),
        fmx__arg_u64(s->batch),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(s->positions),
        fmx__arg_u32(finish),
        fmx__arg_f32(s->epsilon),
    };
    fmx__arg scan_args[] = {
        pairs(call->saved, s->sets), pairs(call->scratch, s->sets), fmx__arg_u64(s->batch),
        fmx__arg_u64(s->channels),   fmx__arg_u64(s->positions),    fmx__arg_f32(s->epsilon),
    };
    fmx_status status =
        launch_columns(call, s, s->wide ? "norm_columns_wide" : "norm_columns", column_args,
                       FMX__COUNT(column_args), s->count * 4, (double)s->bytes);
    if (status == FMX_OK && !finish)
        status = launch(call, "norm_scan", s->wide, scan_args, FMX__COUNT(scan_args), EACH_ONE,
                        s->batch, (double)s->sets * 12, (double)s->sets * 4 * sizeof(float));
    return status;
}

static fmx_status forward(const fmx__op_call *call)
{
    sizes s = sizes_of_call(call);
    fmx_status status =
        s.mode == FMX__NORM_GROUPS ? group_statistics(call, &s) : column_statistics(call, &s);
    fmx__arg args[] = {
        fmx__arg_buffer(call->out, s.bytes),
        fmx__arg_buffer(call->in[0], s.bytes),
        pairs(call->saved, s.sets),
        weight_of(call, &s, FMX__NORM_WEIGHT),
        weight_of(call, &s, FMX__NORM_BIAS),
        fmx__arg_u64(s.rows),
        fmx__arg_u64(s.channels),
        fmx__arg_u64(s.positions),
        fmx__arg_u64(s.per_set),
        fmx__arg_u32((size_t)s.mode),
    };
    if (status == FMX_OK)
        status = launch_map(call, &s, s.wide ? "norm_apply_wide" : "norm_apply", args,
                            FMX__COUNT(args), s.count * 4, (double)s.bytes * 2);
    return status;
}

/* Sums of rows, and from them the gradients of weight and bias. */
static fmx_status gradient_rows(const fmx__op_call *call, const sizes *s)
{
    bool wide = fmx__device_wide(call->device);
    fmx__arg row_args[] = {
        pairs(call->scratch, s->rows),
        fmx__arg_buffer(call->grad_out, s->bytes),
        fmx__arg_buffer(call->in[0], s->bytes),
        pairs(call->saved, s->sets),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(s->positions),
        fmx__arg_u64(s->per_set),
        fmx__arg_u32((size_t)s->mode),
        fmx__arg_u64(s->rows),
    };
    fmx_status status = launch(call, wide ? "norm_gradient_rows_wide" : "norm_gradient_rows", wide,
                               row_args, FMX__COUNT(row_args) - (wide ? 0 : 1), EACH_REDUCED,
                               s->rows, s->count * 5, (double)s->bytes * 2);
    if (status != FMX_OK || !s->affine)
        return status;
    fmx__arg channel_args[] = {
        fmx__arg_buffer(call->grad_weight[FMX__NORM_WEIGHT], s->channels * sizeof(float)),
        fmx__arg_buffer(call->grad_weight[FMX__NORM_BIAS], s->channels * sizeof(float)),
        pairs(call->scratch, s->rows),
        fmx__arg_u64(s->batch),
        fmx__arg_u64(s->channels),
    };
    return launch(call, "norm_gradient_channels", wide, channel_args, FMX__COUNT(channel_args),
                  EACH_ONE, s->channels, (double)s->rows * 2, (double)s->rows * 2 * sizeof(float));
}

static fmx_status gradient_means(const fmx__op_call *call, const sizes *s)
{
    fmx__arg set_args[] = {
        pairs(call->scratch, s->rows + s->sets),
        fmx__arg_u64(s->rows),
        weight_of(call, s, FMX__NORM_WEIGHT),
        fmx__arg_u64(s->sets),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(s->positions),
        fmx__arg_u64(s->per_set),
    };
    fmx__arg column_args[] = {
        pairs(call->scratch, s->rows + s->sets),
        fmx__arg_u64(s->rows),
        fmx__arg_buffer(call->grad_out, s->bytes),
        fmx__arg_buffer(call->in[0], s->bytes),
        pairs(call->saved, s->sets),
        weight_of(call, s, FMX__NORM_WEIGHT),
        fmx__arg_u64(s->batch),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(s->positions),
        fmx__arg_f32(s->mode == FMX__NORM_CUMULATIVE ? 1 : (double)s->channels),
    };
    fmx__arg scan_args[] = {
        pairs(call->scratch, s->rows + s->sets),
        fmx__arg_u64(s->rows),
        pairs(call->saved, s->sets),
        fmx__arg_u64(s->batch),
        fmx__arg_u64(s->channels),
        fmx__arg_u64(s->positions),
    };
    if (s->mode == FMX__NORM_GROUPS)
        return launch(call, "norm_gradient_sets", s->wide, set_args, FMX__COUNT(set_args), EACH_ONE,
                      s->sets, (double)s->rows * 3, (double)s->rows * 2 * sizeof(float));
    fmx_status status =
        launch_columns(call, s, s->wide ? "norm_gradient_columns_wide" : "norm_gradient_columns",
                       column_args, FMX__COUNT(column_args), s->count * 6, (double)s->bytes * 2);
    if (status == FMX_OK && s->mode == FMX__NORM_CUMULATIVE)
        status =
            launch(call, "norm_gradient_scan", s->wide, scan_args, FMX__COUNT(scan_args), EACH_ONE,
                   s->batch, (double)s->sets * 10, (double)s->sets * 6 * sizeof(float));
    return status;
}

static fmx_status backward(const fmx__op_call *call)
{
    sizes s = sizes_of_call(call);
    bool wanted = call->grad_in[0] != NULL;
    fmx_status status = s.affine || s.mode == FMX__NORM_GROUPS ? gradient_rows(call, &s) : FMX_OK;
    if (status == FMX_OK && wanted)
        status = gradient_means(call, &s);
    if (status != FMX_OK || !wanted)
        return status;
    fmx__arg args[] = {
        fmx__arg_buffer(call->grad_in[0], s.bytes),
        fmx__arg_buffer(call->grad_out, s.bytes),
        fmx__arg_buffer(call->in[0], s.bytes),
        pairs(call->saved, s.sets),
        pairs(call->scratch, s.rows + s.sets),
        fmx__arg_u64(s.rows),
        weight_of(call, &s, FMX__NORM_WEIGHT),
        fmx__arg_u64(s.rows),
        fmx__arg_u64(s.channels),
        fmx__arg_u64(s.positions),
        fmx__arg_u64(s.per_set),
        fmx__arg_u32((size_t)s.mode),
    };
    return launch_map(call, &s, s.wide ? "norm_gradient_apply_wide" : "norm_gradient_apply", args,
                      FMX__COUNT(args), s.count * 7, (double)s.bytes * 3);
}

#define NORM_OP(NAME, DOC, TABLE, EPSILON, MODE)                                                   \
    static const fmx__norm_options NAME##_defaults = {{"", ""}, 1, EPSILON, true, MODE};           \
    const fmx__op fmx__op_##NAME = {                                                               \
        .group = {.name = #NAME,                                                                   \
                  .doc = (DOC),                                                                    \
                  .options = (TABLE),                                                              \
                  .option_count = FMX__COUNT(TABLE),                                               \
                  .defaults = &NAME##_defaults,                                                    \
                  .options_size = sizeof NAME##_defaults},                                         \
        .least_inputs = 1,                                                                         \
        .most_inputs = 1,                                                                          \
        .plan = plan,                                                                              \
        .forward = forward,                                                                        \
        .backward = backward,                                                                      \
    }

NORM_OP(group_norm, "Normalises groups of an item's channels over all positions.", group_table,
        1e-5, FMX__NORM_GROUPS);
NORM_OP(global_layer_norm,
        "Normalises an item over all channels and positions (gLN, group_norm with one group).",
        layer_table, 1e-8, FMX__NORM_GROUPS);
NORM_OP(layer_norm, "Normalises the channels at each position.", layer_table, 1e-5,
        FMX__NORM_POSITIONS);
NORM_OP(cumulative_layer_norm,
        "Normalises each position over all channels and the positions up to it (cLN, causal).",
        layer_table, 1e-8, FMX__NORM_CUMULATIVE);
