#include <stdio.h>

#include "bench.h"
#include "cases/fft.h"
#include "fft_rows.h"

typedef struct state {
    fmx_signal signal;
    fmx_buffer *out;
    const fmx_case_fft *c;
} state;

/* The stage: transform, order and ramp. Its output is its next input; only the domain goes back. */
static fmx_status stage(void *user)
{
    state *s = user;
    fmx_fft_options options = {.scale = FMX_FFT_BY_ROOT};
    s->signal.domain = FMX_DOMAIN_TIME;
    s->signal.row[0].group_delay = s->c->group_delay;
    return fmx_fft(&s->signal, &options);
}

static fmx_status rows_only(void *user)
{
    state *s = user;
    fmx__fft of = {.out = s->out,
                   .in = s->signal.data,
                   .rows = s->c->rows,
                   .points = s->c->points,
                   .scale = 1};
    return fmx__fft_rows(s->signal.device, &of);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_fft); ++i) {
        state s = {.c = &fmx_cases_fft[i]};
        char name[64];
        if (!s.c->bench)
            continue;
        status =
            fmx__bench_signal(device, FMX_DOMAIN_TIME, true, s.c->rows, s.c->points, &s.signal);
        if (status == FMX_OK)
            status = fmx_buffer_create(device, fmx_buffer_bytes(s.signal.data), &s.out);
        snprintf(name, sizeof name, "%s, rows only", s.c->name);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, name, NULL, rows_only, &s);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, s.c->name, NULL, stage, &s);
        fmx_buffer_release(s.out);
        fmx_signal_clear(&s.signal);
    }
    return status;
}

const fmx__bench fmx__bench_fft = {"fft", run};
