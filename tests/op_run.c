#include "op_run.h"

#include <math.h>
#include <stdlib.h>

#include "philox.h"

fmx__op_site fmx_op_site(fmx_device *device, const fmx_op_case *c)
{
    return (fmx__op_site){
        .ctx = fmx__device_context(device),
        .where = c->name,
        .device = device,
        .options = c->options != NULL ? c->options : c->op->group.defaults,
        .batch = c->batch,
        .training = !c->inference,
        .in = c->in,
        .in_count = c->in_count,
    };
}

/* Half the width of a weight's values: those that start as PyTorch's keep its law, for a recurrence
 * with larger ones is chaotic. */
static double spread_of(const fmx__op_weight *weight)
{
    return weight->init == FMX__INIT_PYTORCH ? 1 / sqrt((double)weight->fan_in) : 1;
}

/* A buffer of floats uniform on [least, most); `tensor` tells the tensors of a case apart. */
static fmx_status random_buffer(fmx_device *device, size_t floats, uint64_t seed, uint32_t tensor,
                                double least, double most, fmx_buffer **out)
{
    uint32_t words[4];
    float *values = NULL;
    fmx_status status =
        fmx__alloc(fmx__device_context(device), floats, sizeof *values, "random values", &values);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0; i < floats; ++i) {
        if (i % 4 == 0)
            fmx__random_words(words, seed, FMX__PURPOSE_TEST, i / 4, tensor, 0);
        values[i] = (float)(least + (most - least) * fmx__uniform(words[i % 4]));
    }
    status = fmx_buffer_create_copy(device, values, floats * sizeof *values, out);
    free(values);
    return status;
}

static fmx_status open_inputs(fmx_device *device, const fmx_op_case *c, uint64_t seed,
                              fmx_op_run *run)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < c->in_count; ++i) {
        size_t floats = c->batch * fmx__shape_floats(&c->in[i]);
        status = random_buffer(device, floats, seed, (uint32_t)i, -1, 1, &run->in[i]);
        if (status == FMX_OK && !c->inference)
            status = fmx_buffer_create(device, floats * sizeof(float), &run->grad_in[i]);
    }
    return status;
}

static fmx_status open_weights(fmx_device *device, const fmx_op_case *c, uint64_t seed,
                               fmx_op_run *run)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < run->plan.weight_count; ++i) {
        const fmx__op_weight *weight = &run->plan.weight[i];
        bool positive = !weight->trainable && weight->init == FMX__INIT_ONES; /* a variance */
        double spread = spread_of(weight);
        size_t floats = fmx__op_weight_count(weight);
        status = random_buffer(device, floats, seed, (uint32_t)(100 + i), positive ? 0.1 : -spread,
                               spread, &run->weight[i]);
        if (status == FMX_OK && !c->inference && run->plan.weight[i].trainable)
            status = fmx_buffer_create(device, floats * sizeof(float), &run->grad_weight[i]);
    }
    return status;
}

fmx_status fmx_op_run_open(fmx_device *device, const fmx_op_case *c, uint64_t seed, fmx_op_run *out)
{
    *out = (fmx_op_run){.step = {.seed = 7, .number = 3}};
    fmx__op_site site = fmx_op_site(device, c);
    fmx_status status = c->op->plan(&site, &out->plan);
    if (status != FMX_OK)
        return status;
    size_t out_bytes = fmx__op_bytes(&out->plan.out, c->batch);
    fmx__op_call *call = &out->call;
    *call = (fmx__op_call){
        .device = device,
        .options = site.options,
        .batch = c->batch,
        .training = site.training,
        .layer = 2,
        .step = &out->step,
        .in_shape = c->in,
        .in_count = c->in_count,
        .out_shape = out->plan.out,
        .relu = c->relu,
        .in = out->in,
        .weight = out->weight,
        .grad_in = out->grad_in,
        .grad_weight = out->grad_weight,
    };
    status = open_inputs(device, c, seed, out);
    if (status == FMX_OK)
        status = open_weights(device, c, seed, out);
    if (status == FMX_OK)
        status =
            random_buffer(device, out_bytes / sizeof(float), seed, 200, -1, 1, &call->grad_out);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, out_bytes, &call->out);
    if (status == FMX_OK && out->plan.saved_bytes > 0)
        status = fmx_buffer_create(device, out->plan.saved_bytes, &call->saved);
    if (status == FMX_OK && out->plan.scratch_bytes > 0)
        status = fmx_buffer_create(device, out->plan.scratch_bytes, &call->scratch);
    return status;
}

void fmx_op_run_close(fmx_op_run *run)
{
    for (size_t i = 0; i < FMX__OP_INPUTS; ++i) {
        fmx_buffer_release(run->in[i]);
        fmx_buffer_release(run->grad_in[i]);
    }
    for (size_t i = 0; i < FMX__OP_WEIGHTS; ++i) {
        fmx_buffer_release(run->weight[i]);
        fmx_buffer_release(run->grad_weight[i]);
    }
    fmx_buffer_release(run->call.out);
    fmx_buffer_release(run->call.grad_out);
    fmx_buffer_release(run->call.saved);
    fmx_buffer_release(run->call.scratch);
    *run = (fmx_op_run){0};
}
