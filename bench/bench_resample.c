#include "bench.h"
#include "cases/resample.h"
#include "signal_internal.h"

typedef struct state {
    fmx_signal signal;
    fmx_signal work;
    const fmx_case_resample *c;
} state;

/* The stage replaces its batch: every round starts from a copy. */
static fmx_status restore(void *user)
{
    state *s = user;
    fmx_signal_clear(&s->work);
    fmx_status status = fmx__signal_create_raw(s->signal.device, FMX_DOMAIN_FREQUENCY, false,
                                               s->c->rows, s->c->points, &s->work);
    if (status == FMX_OK)
        status = fmx_buffer_copy(s->work.data, 0, s->signal.data, 0, fmx__signal_bytes(&s->work));
    for (size_t i = 0; status == FMX_OK && i < s->c->rows; ++i)
        s->work.row[i] = s->signal.row[i];
    return status;
}

static fmx_status step(void *user)
{
    state *s = user;
    return fmx_resample_axis(&s->work, &s->c->options);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_resample); ++i) {
        state s = {.c = &fmx_cases_resample[i]};
        if (!s.c->bench)
            continue;
        status = fmx__bench_signal(device, FMX_DOMAIN_FREQUENCY, false, s.c->rows, s.c->points,
                                   &s.signal);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, s.c->name, restore, step, &s);
        fmx_signal_clear(&s.work);
        fmx_signal_clear(&s.signal);
    }
    return status;
}

const fmx__bench fmx__bench_resample = {"resample", run};
