#include "bench.h"
#include "cases/penalty.h"
#include "penalty.h"

static fmx_status step(void *user)
{
    return fmx__penalties_run(user, true);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_penalty); ++i) {
        const fmx_case_penalty *c = &fmx_cases_penalty[i];
        fmx__penalty_tensor t = {.count = c->count, .l1 = c->l1, .l2 = c->l2};
        fmx__penalties p = {0};
        if (!c->bench)
            continue;
        status = fmx__bench_random(device, c->count, &t.value);
        if (status == FMX_OK)
            status = fmx__bench_random(device, c->count, &t.grad);
        if (status == FMX_OK)
            status = fmx__penalties_create(device, &t, 1, &p);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, c->name, NULL, step, &p);
        fmx__penalties_clear(&p);
        fmx_buffer_release(t.value);
        fmx_buffer_release(t.grad);
    }
    return status;
}

const fmx__bench fmx__bench_penalty = {"penalty", run};
