#include "bench.h"
#include "cases/limits.h"
#include "limits.h"

typedef struct state {
    fmx_device *device;
    fmx_buffer *a;
    fmx_buffer *b;
    const fmx_case_limits *c;
} state;

static fmx_status copy_step(void *user)
{
    state *s = user;
    return fmx__limits_copy(s->device, s->a, s->b, 16 * s->c->items);
}

static fmx_status fma_step(void *user)
{
    state *s = user;
    return fmx__limits_fma(s->device, s->a, s->c->items / 64, s->c->steps, 0.75f, 0.5f);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_limits); ++i) {
        state s = {.device = device, .c = &fmx_cases_limits[i]};
        if (!s.c->bench)
            continue;
        status = fmx_buffer_create(device, 64 * s.c->items, &s.a);
        if (status == FMX_OK)
            status = fmx_buffer_create(device, 64 * s.c->items, &s.b);
        if (status == FMX_OK)
            status = fmx_buffer_zero(s.b, 0, 64 * s.c->items);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, "copy 64 MiB", NULL, copy_step, &s);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, "fma", NULL, fma_step, &s);
        fmx_buffer_release(s.a);
        fmx_buffer_release(s.b);
    }
    return status;
}

const fmx__bench fmx__bench_limits = {"limits", run};

fmx_status fmx__bench_measure_limits(fmx_device *device, fmx__bench_ceiling *out)
{
    /* both limits stand after a few repetitions: no command shall wait for long for its profile */
    fmx__bench_run results = {.device = device, .stem = "limits", .longest_us = 1e5};
    fmx_status status = run(device, &results);
    if (status == FMX_OK) {
        out->copy_gb_s = results.result[0].gb_s;
        out->fma_gflop_s = results.result[1].gflop_s;
    }
    fmx__bench_clear(&results);
    return status;
}
