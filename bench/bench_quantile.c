#include "bench.h"
#include "cases/quantile.h"
#include "quantile.h"

typedef struct state {
    fmx_device *device;
    fmx_buffer *out;
    fmx__quantile_of of;
    double q;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx__quantile(s->out, &s->of, s->q, s->device);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_quantile); ++i) {
        const fmx_case_quantile *c = &fmx_cases_quantile[i];
        if (!c->bench)
            continue;
        size_t stride = c->first + (c->count - 1) * c->step + c->lag + 1;
        fmx_buffer *data = NULL;
        state s = {.device = device, .q = c->q};
        status = fmx__bench_random(device, c->rows * stride, &data);
        if (status == FMX_OK)
            status = fmx_buffer_create(device, c->rows * sizeof(float), &s.out);
        s.of = (fmx__quantile_of){.data = data,
                                  .rows = c->rows,
                                  .stride = stride,
                                  .first = c->first,
                                  .step = c->step,
                                  .count = c->count,
                                  .lag = c->lag,
                                  .absolute = c->absolute};
        if (status == FMX_OK)
            status = fmx__bench_measure(results, c->name, NULL, step, &s);
        fmx_buffer_release(s.out);
        fmx_buffer_release(data);
    }
    return status;
}

const fmx__bench fmx__bench_quantile = {"quantile", run};
