#include <math.h>

#include "op.h"

enum { GROUP = 64, PER_ITEM = 4 };

typedef struct options {
    fmx__layer layer;
    double rate;
} options;

static const fmx__option option_table[] = {
    FMX__LAYER_OPTIONS(options),
    {"rate", FMX__OPTION_NUMBER, offsetof(options, rate), "", 0, 0.999, NULL,
     "share of the values that a training step sets to 0; the others grow by 1 / (1 - rate)"},
};
static const options defaults = {{"", ""}, 0.5};

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    const options *o = site->options;
    double count = (double)site->batch * (double)fmx__shape_floats(&site->in[0]);
    out->out = site->in[0];
    /* nothing to do: the same memory */
    out->alias = !site->training || !(o->rate > 0);
    out->forward = (fmx__op_work){count * 14, count * 2 * sizeof(float)};
    out->backward = out->forward;
    return FMX_OK;
}

static fmx_status launch(const fmx__op_call *call, fmx_buffer *to, fmx_buffer *from)
{
    const options *o = call->options;
    size_t floats = fmx__shape_floats(&call->out_shape);
    size_t bytes = call->batch * floats * sizeof(float);
    double rate = call->training ? o->rate : 0;
    double keep = ldexp(1 - rate, 32);
    fmx__arg args[] = {
        fmx__arg_buffer(to, bytes),
        fmx__arg_buffer(from, bytes),
        fmx__arg_u64(call->batch),
        fmx__arg_u64(floats),
        fmx__arg_u32(keep >= 4294967295.0 ? UINT32_MAX : (size_t)keep),
        fmx__arg_f32(1 / (1 - rate)),
        fmx__arg_u32(call->layer),
        fmx__arg_step_u32(&call->step->seed),
        fmx__arg_step_u32(&call->step->number),
    };
    fmx__launch job = {
        .stem = "dropout",
        .kernel = "dropout",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {(floats + PER_ITEM - 1) / PER_ITEM, call->batch},
        .local = {GROUP},
        .flops = (double)bytes / sizeof(float) * 14,
        .bytes = (double)bytes * 2,
    };
    if (!(rate > 0)) /* where the op stands alone */
        return fmx_buffer_copy(to, 0, from, 0, bytes);
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status forward(const fmx__op_call *call)
{
    return launch(call, call->out, call->in[0]);
}

static fmx_status backward(const fmx__op_call *call)
{
    return call->grad_in[0] != NULL ? launch(call, call->grad_in[0], call->grad_out) : FMX_OK;
}

const fmx__op fmx__op_dropout = {
    .group = {.name = "dropout",
              .doc = "Sets a random share of the values to 0 while training.",
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
