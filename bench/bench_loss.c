#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "cases/loss.h"
#include "loss.h"

static fmx_status step(void *user)
{
    return fmx__loss_run(user);
}

static fmx_status run_case(fmx_device *device, fmx__bench_run *results, const fmx__loss *loss,
                           const fmx_case_loss *c, int permutation)
{
    fmx__loss_options options = *(const fmx__loss_options *)loss->group.defaults;
    options.permutation = permutation;
    fmx__loss_call call = {
        .device = device,
        .loss = loss,
        .options = &options,
        .batch = c->batch,
        .output_shape = {c->channels, c->positions, false},
        .target_shape = {c->channels, c->positions, false},
    };
    size_t floats = c->batch * c->channels * c->positions;
    size_t scratch = fmx__loss_scratch(&call) / sizeof(float);
    char name[64];
    snprintf(name, sizeof name, "%s, %s%s", loss->group.name, c->name,
             permutation != FMX__LOSS_IN_ORDER ? " in any order" : "");
    fmx_status status = fmx__bench_random(device, floats, &call.output);
    if (status == FMX_OK)
        status = fmx__bench_random(device, floats, &call.target);
    if (status == FMX_OK)
        status = fmx__bench_random(device, floats, &call.grad);
    if (status == FMX_OK)
        status = fmx__bench_random(device, c->batch, &call.losses);
    if (status == FMX_OK && scratch > 0)
        status = fmx__bench_random(device, scratch, &call.scratch);
    if (status == FMX_OK)
        status = fmx__bench_measure(results, name, NULL, step, &call);
    fmx_buffer_release(call.output);
    fmx_buffer_release(call.target);
    fmx_buffer_release(call.grad);
    fmx_buffer_release(call.losses);
    fmx_buffer_release(call.scratch);
    return status;
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    const fmx__option_group *group = NULL;
    fmx_status status = FMX_OK;
    for (size_t k = 0; status == FMX_OK && (group = fmx__loss_stage(k)) != NULL; ++k) {
        for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_loss); ++i) {
            const fmx_case_loss *c = &fmx_cases_loss[i];
            const fmx__loss *loss = fmx__loss_find(group);
            bool rows = c->channels == 1;
            /* a softmax has channels, a row positions */
            if (!c->bench || (loss->kind == FMX__LOSS_CROSS_ENTROPY && rows) ||
                (loss->kind == FMX__LOSS_SI_SNR && c->positions == 1))
                continue;
            status = run_case(device, results, loss, c, FMX__LOSS_IN_ORDER);
            if (status == FMX_OK && loss->activation == NULL && strcmp(c->name, "sources") == 0)
                status = run_case(device, results, loss, c, FMX__LOSS_PERMUTE_AUTO);
        }
    }
    return status;
}

const fmx__bench fmx__bench_loss = {"loss", run};
