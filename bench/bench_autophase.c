#include "bench.h"
#include "cases/autophase.h"
#include "launch.h"

typedef struct state {
    fmx_signal signal;
    fmx_buffer *original;
    const fmx_case_autophase *c;
} state;

static fmx_status restore(void *user)
{
    state *s = user;
    size_t bytes = fmx_buffer_bytes(s->original);
    for (size_t i = 0; i < s->signal.rows; ++i)
        s->signal.row[i].p0_deg = s->signal.row[i].p1_deg = 0;
    return fmx_buffer_copy(s->signal.data, 0, s->original, 0, bytes);
}

static fmx_status step(void *user)
{
    state *s = user;
    return fmx_find_phase(&s->signal, &s->c->options);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_autophase); ++i) {
        state s = {.c = &fmx_cases_autophase[i]};
        if (!s.c->bench)
            continue;
        status = fmx__bench_signal(device, FMX_DOMAIN_FREQUENCY, true, s.c->rows, s.c->points,
                                   &s.signal);
        const fmx_phase turn = {71, -53};
        if (status == FMX_OK)
            status = fmx_apply_phase(&s.signal, &turn);
        size_t bytes = s.c->rows * s.c->points * 2 * sizeof(float);
        if (status == FMX_OK)
            status = fmx_buffer_create(device, bytes, &s.original);
        if (status == FMX_OK)
            status = fmx_buffer_copy(s.original, 0, s.signal.data, 0, bytes);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, s.c->name, restore, step, &s);
        fmx_buffer_release(s.original);
        fmx_signal_clear(&s.signal);
    }
    return status;
}

const fmx__bench fmx__bench_autophase = {"autophase", run};
