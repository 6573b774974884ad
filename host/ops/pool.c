#include "op.h"

/* LONG: places from which on a group averages them */
enum { GROUP = 64, SUM_GROUP = 256, WIDE_GROUP = 8, SAME = 0, VALID = 1, LONG = 512 };

typedef struct options {
    fmx__layer layer;
    int64_t window;
    int64_t stride;
    int padding;
    bool count_padding;
} options;

typedef struct adaptive_options {
    fmx__layer layer;
    int64_t positions;
} adaptive_options;

static const char *const paddings[] = {"same", "valid", NULL};

#define FMX_FIELD(name) offsetof(options, name)
#define FMX_POOL_OPTIONS                                                                           \
    FMX__LAYER_OPTIONS(options),                                                                   \
        {"window",                                                                                 \
         FMX__OPTION_INTEGER,                                                                      \
         FMX_FIELD(window),                                                                        \
         "positions",                                                                              \
         1,                                                                                        \
         1 << 20,                                                                                  \
         NULL,                                                                                     \
         "positions that one output looks at"},                                                    \
        {"stride",                                                                                 \
         FMX__OPTION_INTEGER,                                                                      \
         FMX_FIELD(stride),                                                                        \
         "positions",                                                                              \
         0,                                                                                        \
         1 << 20,                                                                                  \
         NULL,                                                                                     \
         "from one window to the next; 0: the window's length"},                                   \
    {                                                                                              \
        "padding", FMX__OPTION_CHOICE, FMX_FIELD(padding), "", 0, 0, paddings,                     \
            "same: ceil(n / stride) outputs, the odd place outside lies right, as in Keras; "      \
            "valid: whole windows only"                                                            \
    }
static const fmx__option max_table[] = {FMX_POOL_OPTIONS};
static const fmx__option average_table[] = {
    FMX_POOL_OPTIONS,
    {"count_padding", FMX__OPTION_BOOL, FMX_FIELD(count_padding), "", 0, 0, NULL,
     "places outside count as zeros, as in PyTorch; otherwise the mean is of those inside, as in "
     "Keras"},
};
#undef FMX_POOL_OPTIONS
#undef FMX_FIELD

static const options defaults = {{"", ""}, 2, 0, VALID, false};

static const fmx__option adaptive_table[] = {
    FMX__LAYER_OPTIONS(adaptive_options),
    {"positions", FMX__OPTION_INTEGER, offsetof(adaptive_options, positions), "positions", 1,
     1 << 24, NULL, "outputs of a channel, whatever the input's length; 1: of all positions"},
};
static const adaptive_options adaptive_defaults = {{"", ""}, 1};

typedef enum kind { MAX, AVERAGE, ADAPTIVE_MAX, ADAPTIVE_AVERAGE } kind;

typedef struct sizes {
    size_t window; /* 0: adaptive */
    size_t stride;
    size_t out_n;
    size_t left;
    size_t most;  /* places that one output looks at */
    size_t whole; /* the mean is over the window, also where it ends outside */
} sizes;

/* Keras: `same` has ceil(n / stride) outputs and pads (out - 1) stride + window - n, the smaller
 * half on the left. PyTorch's adaptive windows overlap where the length is no multiple. */
static sizes sizes_of(kind op, const void *given, size_t in_n)
{
    const options *o = given;
    const adaptive_options *adaptive = given;
    if (op == ADAPTIVE_MAX || op == ADAPTIVE_AVERAGE) {
        size_t out_n = (size_t)adaptive->positions;
        return (sizes){.stride = 1, .out_n = out_n, .most = (in_n + out_n - 1) / out_n + 1};
    }
    sizes s = {.window = (size_t)o->window, .most = (size_t)o->window, .whole = o->count_padding};
    s.stride = o->stride > 0 ? (size_t)o->stride : s.window;
    if (o->padding == VALID) {
        s.out_n = in_n >= s.window ? (in_n - s.window) / s.stride + 1 : 0;
    } else {
        s.out_n = (in_n + s.stride - 1) / s.stride;
        size_t need = (s.out_n - 1) * s.stride + s.window;
        s.left = need > in_n ? (need - in_n) / 2 : 0;
    }
    return s;
}

static bool is_max(kind op)
{
    return op == MAX || op == ADAPTIVE_MAX;
}

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out, kind op)
{
    const fmx__shape *in = &site->in[0];
    if (in->is_complex)
        return fmx__op_refuse(site, "pooling takes real values, the input is complex");
    if (in->positions > INT32_MAX)
        return fmx__op_refuse(site, "pooling takes up to 2^31 - 1 positions, the input has %zu",
                              in->positions);
    sizes s = sizes_of(op, site->options, in->positions);
    if (s.out_n == 0)
        return fmx__op_refuse(site,
                              "a window of %zu does not fit the input's %zu positions; make it "
                              "smaller, or padding same",
                              s.window, in->positions);
    double before = (double)site->batch * (double)fmx__shape_floats(in);
    out->out = (fmx__shape){in->channels, s.out_n, false};
    double after = (double)site->batch * (double)fmx__shape_floats(&out->out);
    double index = is_max(op) ? after : 0;
    if (is_max(op))
        out->saved_bytes = fmx__op_bytes(&out->out, site->batch);
    out->forward = (fmx__op_work){after * (double)s.most, (before + after + index) * sizeof(float)};
    out->backward = (fmx__op_work){before, (before + after + index) * sizeof(float)};
    return FMX_OK;
}

/* `groups`: a group for each output instead of an item. */
static const char *kernel_of(bool maximum, bool is_forward, bool wide, bool groups)
{
    static const char *const names[2][2][2] = {
        {{"pool_average_gradient", "pool_average_gradient_wide"},
         {"pool_average", "pool_average_wide"}},
        {{"pool_max_gradient", "pool_max_gradient_wide"}, {"pool_max", "pool_max_wide"}}};
    return groups ? "pool_average_long" : names[maximum][is_forward][wide];
}

static fmx_status launch(const fmx__op_call *call, kind op, bool is_forward)
{
    const fmx__shape *in = &call->in_shape[0];
    sizes s = sizes_of(op, call->options, in->positions);
    size_t rows = call->batch * in->channels;
    size_t in_bytes = rows * in->positions * sizeof(float);
    size_t out_bytes = rows * s.out_n * sizeof(float);
    bool wide = fmx__device_wide(call->device);
    bool groups = !wide && !is_max(op) && is_forward && s.most >= LONG;
    fmx__arg args[10];
    size_t n = 0;
    args[n++] = is_forward ? fmx__arg_buffer(call->out, out_bytes)
                           : fmx__arg_buffer(call->grad_in[0], in_bytes);
    if (is_max(op) && is_forward)
        args[n++] = fmx__arg_buffer(call->saved, out_bytes);
    args[n++] = is_forward ? fmx__arg_buffer(call->in[0], in_bytes)
                           : fmx__arg_buffer(call->grad_out, out_bytes);
    if (is_max(op) && !is_forward)
        args[n++] = fmx__arg_buffer(call->saved, out_bytes);
    args[n++] = fmx__arg_u64(rows);
    args[n++] = fmx__arg_u64(in->positions);
    args[n++] = fmx__arg_u64(s.out_n);
    args[n++] = fmx__arg_u64(s.window);
    args[n++] = fmx__arg_u64(s.stride);
    args[n++] = fmx__arg_u64(s.left);
    if (!is_max(op))
        args[n++] = fmx__arg_u32(s.whole);
    if (groups)
        args[n++] = fmx__arg_local(SUM_GROUP * sizeof(float));
    fmx__launch job = {
        .stem = "pool",
        .kernel = kernel_of(is_max(op), is_forward, wide, groups),
        .arg = args,
        .arg_count = n,
        .dims = wide || groups ? 1 : 2,
        .local = {wide     ? WIDE_GROUP
                  : groups ? SUM_GROUP
                           : GROUP},
        .flops = (double)out_bytes / sizeof(float) * (is_forward ? (double)s.most : 1),
        .bytes = (double)in_bytes + (is_max(op) ? 2 : 1) * (double)out_bytes,
    };
    if (groups) {
        job.groups[0] = rows * s.out_n;
    } else {
        job.global[0] = wide ? rows : is_forward ? s.out_n : in->positions;
        job.global[1] = rows;
    }
    return fmx__launch_kernel(call->device, &job);
}

/* The functions of one op, and the op. */
#define POOL_OP(NAME, KIND, TABLE, DEFAULTS, DOC)                                                  \
    static fmx_status NAME##_plan(const fmx__op_site *site, fmx__op_plan *out)                     \
    {                                                                                              \
        return plan(site, out, KIND);                                                              \
    }                                                                                              \
    static fmx_status NAME##_forward(const fmx__op_call *call)                                     \
    {                                                                                              \
        return launch(call, KIND, true);                                                           \
    }                                                                                              \
    static fmx_status NAME##_backward(const fmx__op_call *call)                                    \
    {                                                                                              \
        return call->grad_in[0] != NULL ? launch(call, KIND, false) : FMX_OK;                      \
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
        .plan = NAME##_plan,                                                                       \
        .forward = NAME##_forward,                                                                 \
        .backward = NAME##_backward,                                                               \
    }

POOL_OP(max_pool, MAX, max_table, defaults, "Largest value of each window of positions.");
POOL_OP(average_pool, AVERAGE, average_table, defaults, "Mean of each window of positions.");
POOL_OP(adaptive_max_pool, ADAPTIVE_MAX, adaptive_table, adaptive_defaults,
        "Largest value of each of a given number of windows, which cover all positions.");
POOL_OP(adaptive_average_pool, ADAPTIVE_AVERAGE, adaptive_table, adaptive_defaults,
        "Mean of each of a given number of windows, which cover all positions.");
