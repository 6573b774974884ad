#include "op.h"

typedef struct options {
    fmx__layer layer;
} options;

static const fmx__option option_table[] = {FMX__LAYER_OPTIONS(options)};
static const options defaults = {{"", ""}};

static fmx_status plan(const fmx__op_site *site, fmx__op_plan *out)
{
    out->out = (fmx__shape){fmx__shape_floats(&site->in[0]), 1, false};
    out->alias = true;
    return FMX_OK;
}

/* Where the op stands alone (the graph never calls it): the same floats in the same order. */
static fmx_status forward(const fmx__op_call *call)
{
    return fmx_buffer_copy(call->out, 0, call->in[0], 0,
                           fmx__op_bytes(&call->out_shape, call->batch));
}

static fmx_status backward(const fmx__op_call *call)
{
    if (call->grad_in[0] == NULL)
        return FMX_OK;
    return fmx_buffer_copy(call->grad_in[0], 0, call->grad_out, 0,
                           fmx__op_bytes(&call->out_shape, call->batch));
}

const fmx__op fmx__op_flatten = {
    .group = {.name = "flatten",
              .doc = "One feature vector of all channels, [channel][position].",
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
