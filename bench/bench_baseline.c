#include "bench.h"
#include "cases/baseline.h"

typedef struct state {
    fmx_signal signal;
    fmx_buffer *kept;
    const fmx_case_baseline *c;
} state;

static fmx_status restore(void *user)
{
    state *s = user;
    return fmx_buffer_copy(s->signal.data, 0, s->kept, 0, fmx_buffer_bytes(s->kept));
}

static fmx_status step(void *user)
{
    state *s = user;
    return fmx_correct_baseline(&s->signal, &s->c->options);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_baseline); ++i) {
        state s = {.c = &fmx_cases_baseline[i]};
        if (!s.c->bench)
            continue;
        size_t bytes = s.c->rows * s.c->points * sizeof(float);
        status = fmx__bench_signal(device, FMX_DOMAIN_FREQUENCY, false, s.c->rows, s.c->points,
                                   &s.signal);
        if (status == FMX_OK)
            status = fmx_buffer_create(device, bytes, &s.kept);
        if (status == FMX_OK)
            status = fmx_buffer_copy(s.kept, 0, s.signal.data, 0, bytes);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, s.c->name, restore, step, &s);
        fmx_buffer_release(s.kept);
        fmx_signal_clear(&s.signal);
    }
    return status;
}

const fmx__bench fmx__bench_baseline = {"baseline", run};
