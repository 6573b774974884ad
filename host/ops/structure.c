/* Ops that give the same numbers another shape: reshape, permute, fold, unfold. All of them are an
 * exchange of two axes, [a][b][n] -> [b][a][n]; where a or b is 1 that is the same memory. */
#include "structure.h"

enum { GROUP = 64, TILE = 16, WIDE_GROUP = 4 };

typedef enum kind { RESHAPE, PERMUTE, FOLD, UNFOLD } kind;
enum { OF_CHANNELS, OF_POSITIONS };

typedef struct options {
    fmx__layer layer;
} options;

typedef struct reshape_options {
    fmx__layer layer;
    int64_t channels;
    int64_t positions;
} reshape_options;

typedef struct fold_options {
    fmx__layer layer;
    int64_t parts;
    int of;
} fold_options;

static const char *const axes[] = {"channels", "positions", NULL};

static const fmx__option permute_table[] = {FMX__LAYER_OPTIONS(options)};
static const options permute_defaults = {{"", ""}};

static const fmx__option reshape_table[] = {
    FMX__LAYER_OPTIONS(reshape_options),
    {"channels", FMX__OPTION_INTEGER, offsetof(reshape_options, channels), "", 0, 1 << 24, NULL,
     "channels of the output; 0: what positions leaves"},
    {"positions", FMX__OPTION_INTEGER, offsetof(reshape_options, positions), "positions", 0,
     1 << 24, NULL, "length of a channel of the output; 0: what channels leaves"},
};
static const reshape_options reshape_defaults = {{"", ""}, 0, 0};

static const fmx__option fold_table[] = {
    FMX__LAYER_OPTIONS(fold_options),
    {"parts", FMX__OPTION_INTEGER, offsetof(fold_options, parts), "", 1, 1 << 24, NULL,
     "into how many parts, all of which the layers below treat alike, with the same weights"},
    {"of", FMX__OPTION_CHOICE, offsetof(fold_options, of), "", 0, 0, axes,
     "channels: a part is a run of channels (one source of several); positions: a run of positions "
     "of every channel (a window)"},
};
static const fold_options fold_defaults = {{"", ""}, 1, OF_CHANNELS};

static const fmx__option unfold_table[] = {
    FMX__LAYER_OPTIONS(fold_options),
    {"parts", FMX__OPTION_INTEGER, offsetof(fold_options, parts), "", 0, 1 << 24, NULL,
     "how many parts are joined; 0: all"},
    {"of", FMX__OPTION_CHOICE, offsetof(fold_options, of), "", 0, 0, axes,
     "channels: the parts' channels follow one another; positions: the parts' positions do, a part "
     "of one position becomes a step of a sequence"},
};
static const fold_options unfold_defaults = {{"", ""}, 0, OF_CHANNELS};

/* [rows][a][b][n] -> [rows][b][a][n], in floats. */
typedef struct move {
    size_t rows;
    size_t a;
    size_t b;
    size_t n;
} move;

fmx_status fmx__swap_axes(fmx_device *device, size_t rows, size_t a, size_t b, size_t n,
                          fmx_buffer *from, fmx_buffer *to)
{
    bool wide = fmx__device_wide(device);
    bool tiled = n == 1;
    size_t bytes = rows * a * b * n * sizeof(float);
    fmx__arg args[] = {
        fmx__arg_buffer(to, bytes),
        fmx__arg_buffer(from, bytes),
        fmx__arg_u64(rows),
        fmx__arg_u32(a),
        fmx__arg_u32(b),
        fmx__arg_u32(n),
    };
    fmx__launch job = {
        .stem = "structure",
        .kernel = tiled  ? wide ? "structure_transpose_wide" : "structure_transpose"
                  : wide ? "structure_swap_wide"
                         : "structure_swap",
        .arg = args,
        .arg_count = tiled ? 5 : 6,
        .bytes = 2 * (double)bytes,
    };
    size_t tiles_a = (a + TILE - 1) / TILE;
    size_t tiles_b = (b + TILE - 1) / TILE;
    if (wide) {
        job.dims = 1;
        job.global[0] = rows * (tiled ? tiles_a * tiles_b : a * b);
        job.local[0] = WIDE_GROUP;
    } else if (tiled) {
        job.dims = 3;
        job.global[0] = tiles_b * TILE;
        job.global[1] = tiles_a * TILE;
        job.global[2] = rows;
        job.local[0] = job.local[1] = TILE;
        job.fixed_group = true;
    } else {
        job.dims = 2;
        job.global[0] = a * b * n;
        job.global[1] = rows;
        job.local[0] = GROUP;
    }
    return fmx__launch_kernel(device, &job);
}

static move move_of(kind op, const void *given, const fmx__shape *in, size_t batch)
{
    const fold_options *o = given;
    size_t pair = in->is_complex ? 2 : 1;
    size_t floats = batch * fmx__shape_floats(in);
    move m = {.a = 1, .b = 1, .n = fmx__shape_floats(in)};
    if (op == PERMUTE)
        m = (move){.a = in->channels, .b = in->positions, .n = pair};
    else if (op == FOLD && o->of == OF_POSITIONS)
        m = (move){
            .a = in->channels, .b = (size_t)o->parts, .n = in->positions / (size_t)o->parts * pair};
    else if (op == UNFOLD && o->of == OF_POSITIONS)
        m = (move){.a = o->parts > 0 ? (size_t)o->parts : fmx__shape_items(in),
                   .b = in->channels,
                   .n = in->positions * pair};
    m.rows = floats / (m.a * m.b * m.n);
    return m;
}

static fmx_status reshape_shape(const fmx__op_site *site, fmx__shape *out)
{
    const reshape_options *o = site->options;
    const fmx__shape *in = &site->in[0];
    size_t values = in->channels * in->positions;
    size_t channels = (size_t)o->channels;
    size_t positions = (size_t)o->positions;
    if (channels == 0 && positions == 0)
        return fmx__op_refuse(site, "says neither channels nor positions");
    if (channels == 0)
        channels = values / positions;
    else if (positions == 0)
        positions = values / channels;
    if (channels == 0 || positions == 0 || values / channels != positions ||
        channels * positions != values)
        return fmx__op_refuse(site, "the input's %zu x %zu values are not %lld x %lld",
                              in->channels, in->positions, (long long)o->channels,
                              (long long)o->positions);
    *out = (fmx__shape){.channels = channels, .positions = positions, .is_complex = in->is_complex};
    return FMX_OK;
}

static fmx_status fold_shape(const fmx__op_site *site, fmx__shape *out)
{
    const fold_options *o = site->options;
    const fmx__shape *in = &site->in[0];
    size_t parts = (size_t)o->parts;
    size_t *axis = o->of == OF_POSITIONS ? &out->positions : &out->channels;
    *out = *in;
    if (*axis % parts != 0)
        return fmx__op_refuse(site, "%zu %s do not fold into %zu equal parts", *axis, axes[o->of],
                              parts);
    *axis /= parts;
    out->items = parts;
    return FMX_OK;
}

static fmx_status unfold_shape(const fmx__op_site *site, fmx__shape *out)
{
    const fold_options *o = site->options;
    const fmx__shape *in = &site->in[0];
    size_t items = fmx__shape_items(in);
    size_t parts = o->parts > 0 ? (size_t)o->parts : items;
    *out = *in;
    if (items % parts != 0)
        return fmx__op_refuse(site, "the input is folded into %zu parts, %zu cannot be joined",
                              items, parts);
    *(o->of == OF_POSITIONS ? &out->positions : &out->channels) *= parts;
    out->items = items / parts;
    return FMX_OK;
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out, kind op)
{
    const fmx__shape *in = &site->in[0];
    fmx_status status = FMX_OK;
    if (fmx__shape_floats(in) > UINT32_MAX)
        return fmx__op_refuse(site, "takes up to 2^32 - 1 values, the input has %zu x %zu",
                              in->channels, in->positions);
    if (op == RESHAPE)
        status = reshape_shape(site, &out->out);
    else if (op == FOLD)
        status = fold_shape(site, &out->out);
    else if (op == UNFOLD)
        status = unfold_shape(site, &out->out);
    else
        out->out = (fmx__shape){in->positions, in->channels, in->is_complex, 0};
    if (status != FMX_OK)
        return status;
    move m = move_of(op, site->options, in, site->batch);
    out->alias = m.a == 1 || m.b == 1;
    out->forward.bytes = out->alias ? 0 : 2 * (double)fmx__op_bytes(in, site->batch);
    out->backward = out->forward;
    return FMX_OK;
}

/* Where the memory is the same the graph never calls: for use alone. */
static fmx_status forward(const fmx__op_call *call, kind op)
{
    move m = move_of(op, call->options, &call->in_shape[0], call->batch);
    if (m.a == 1 || m.b == 1)
        return fmx_buffer_copy(call->out, 0, call->in[0], 0,
                               fmx__op_bytes(&call->out_shape, call->batch));
    return fmx__swap_axes(call->device, m.rows, m.a, m.b, m.n, call->in[0], call->out);
}

static fmx_status backward(const fmx__op_call *call, kind op)
{
    move m = move_of(op, call->options, &call->in_shape[0], call->batch);
    if (call->grad_in[0] == NULL)
        return FMX_OK;
    if (m.a == 1 || m.b == 1)
        return fmx_buffer_copy(call->grad_in[0], 0, call->grad_out, 0,
                               fmx__op_bytes(&call->out_shape, call->batch));
    return fmx__swap_axes(call->device, m.rows, m.b, m.a, m.n, call->grad_out, call->grad_in[0]);
}

/* The functions of one op, and the op. */
#define STRUCTURE_OP(NAME, KIND, DOC, TABLE, DEFAULTS, TAKES_ITEMS)                                \
    static fmx_status NAME##_plan(const fmx__op_site *site, fmx__op_plan *out)                     \
    {                                                                                              \
        return plan(site, out, KIND);                                                              \
    }                                                                                              \
    static fmx_status NAME##_forward(const fmx__op_call *call)                                     \
    {                                                                                              \
        return forward(call, KIND);                                                                \
    }                                                                                              \
    static fmx_status NAME##_backward(const fmx__op_call *call)                                    \
    {                                                                                              \
        return backward(call, KIND);                                                               \
    }                                                                                              \
    const fmx__op fmx__op_##NAME = {                                                               \
        .group = {.name = #NAME,                                                                   \
                  .doc = (DOC),                                                                    \
                  .options = (TABLE),                                                              \
                  .option_count = FMX__COUNT(TABLE),                                               \
                  .defaults = &(DEFAULTS),                                                         \
                  .options_size = sizeof(DEFAULTS)},                                               \
        .least_inputs = 1,                                                                         \
        .most_inputs = 1,                                                                          \
        .takes_items = (TAKES_ITEMS),                                                              \
        .plan = NAME##_plan,                                                                       \
        .forward = NAME##_forward,                                                                 \
        .backward = NAME##_backward,                                                               \
    }

STRUCTURE_OP(reshape, RESHAPE, "The same values in the same order as channels x positions.",
             reshape_table, reshape_defaults, false);
STRUCTURE_OP(permute, PERMUTE, "Exchanges channels and positions.", permute_table, permute_defaults,
             false);
STRUCTURE_OP(fold, FOLD,
             "Takes a run of channels or positions as an item of its own: the layers below work on "
             "every part alike, with the same weights, until `unfold`.",
             fold_table, fold_defaults, false);
STRUCTURE_OP(unfold, UNFOLD, "Joins the parts that `fold` made.", unfold_table, unfold_defaults,
             true);
