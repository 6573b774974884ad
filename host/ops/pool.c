#include "op.h"

enum { GROUP = 64, WIDE_GROUP = 8, SAME = 0, VALID = 1 };

typedef struct options {
    fmx__layer layer;
    int64_t window;
    int64_t stride;
    int padding;
} options;

static const char *const paddings[] = {"same", "valid", NULL};

#define FMX_FIELD(name) offsetof(options, name)
static const fmx__option option_table[] = {
    FMX__LAYER_OPTIONS(options),
    {"window", FMX__OPTION_INTEGER, FMX_FIELD(window), "positions", 1, 1 << 20, NULL,
     "positions that one output looks at"},
    {"stride", FMX__OPTION_INTEGER, FMX_FIELD(stride), "positions", 0, 1 << 20, NULL,
     "from one window to the next; 0: the window's length"},
    {"padding", FMX__OPTION_CHOICE, FMX_FIELD(padding), "", 0, 0, paddings,
     "same: ceil(n / stride) outputs, the odd place outside lies right, as in Keras; valid: whole "
     "windows only"},
};
#undef FMX_FIELD

static const options defaults = {{"", ""}, 2, 0, VALID};

typedef struct sizes {
    size_t window;
    size_t stride;
    size_t out_n;
    size_t left;
} sizes;

/* Keras: `same` has ceil(n / stride) outputs and pads (out - 1) stride + window - n, the smaller
 * half on the left. */
static sizes sizes_of(const options *o, size_t in_n)
{
    sizes s = {.window = (size_t)o->window};
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

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const options *o = site->options;
    const fmx__shape *in = &site->in[0];
    if (in->is_complex)
        return fmx__op_refuse(site, "max_pool takes real values, the input is complex");
    if (in->positions > INT32_MAX)
        return fmx__op_refuse(site, "max_pool takes up to 2^31 - 1 positions, the input has %zu",
                              in->positions);
    sizes s = sizes_of(o, in->positions);
    if (s.out_n == 0)
        return fmx__op_refuse(site,
                              "a window of %zu does not fit the input's %zu positions; make it "
                              "smaller, or padding same",
                              s.window, in->positions);
    double before = (double)site->batch * (double)fmx__shape_floats(in);
    out->out = (fmx__shape){in->channels, s.out_n, false};
    double after = (double)site->batch * (double)fmx__shape_floats(&out->out);
    out->saved_bytes = fmx__op_bytes(&out->out, site->batch);
    out->forward = (fmx__op_work){after * (double)s.window, (before + 2 * after) * sizeof(float)};
    out->backward = (fmx__op_work){before, (before + 2 * after) * sizeof(float)};
    return FMX_OK;
}

static fmx_status launch(const fmx__op_call *call, bool is_forward)
{
    const fmx__shape *in = &call->in_shape[0];
    sizes s = sizes_of(call->options, in->positions);
    size_t rows = call->batch * in->channels;
    size_t in_bytes = rows * in->positions * sizeof(float);
    size_t out_bytes = rows * s.out_n * sizeof(float);
    bool wide = fmx__device_wide(call->device);
    fmx__arg index = fmx__arg_buffer(call->saved, out_bytes);
    fmx__arg args[] = {
        is_forward ? fmx__arg_buffer(call->out, out_bytes)
                   : fmx__arg_buffer(call->grad_in[0], in_bytes),
        is_forward ? index : fmx__arg_buffer(call->grad_out, out_bytes),
        is_forward ? fmx__arg_buffer(call->in[0], in_bytes) : index,
        fmx__arg_u64(rows),
        fmx__arg_u64(in->positions),
        fmx__arg_u64(s.out_n),
        fmx__arg_u64(s.window),
        fmx__arg_u64(s.stride),
        fmx__arg_u64(s.left),
    };
    fmx__launch job = {
        .stem = "pool",
        .kernel = wide         ? is_forward ? "pool_max_wide" : "pool_max_gradient_wide"
                  : is_forward ? "pool_max"
                               : "pool_max_gradient",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = wide ? 1 : 2,
        .global = {wide         ? rows
                   : is_forward ? s.out_n
                                : in->positions,
                   rows},
        .local = {wide ? WIDE_GROUP : GROUP},
        .flops = (double)out_bytes / sizeof(float) * (is_forward ? (double)s.window : 1),
        .bytes = (double)in_bytes + 2 * (double)out_bytes,
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

const fmx__op fmx__op_max_pool = {
    .group = {.name = "max_pool",
              .doc = "Largest value of each window of positions.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .least_inputs = 1,
    .most_inputs = 1,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
