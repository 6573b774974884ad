#include "bench.h"
#include "cases/real_part.h"

typedef struct state {
    fmx_signal signal;
    const fmx_case_real_part *c;
} state;

/* The stage replaces its buffer, so each round takes a fresh one from the pool; its contents do not
 * change the work. */
static fmx_status step(void *user)
{
    state *s = user;
    fmx_signal signal = {0};
    fmx_status status = fmx_signal_create(s->signal.device, FMX_DOMAIN_FREQUENCY, true, s->c->rows,
                                          s->c->points, &signal);
    if (status == FMX_OK)
        status = fmx_to_real(&signal, &s->c->options);
    fmx_signal_clear(&signal);
    return status;
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_real_part); ++i) {
        state s = {.signal = {.device = device}, .c = &fmx_cases_real_part[i]};
        if (s.c->bench)
            status = fmx__bench_measure(results, s.c->name, NULL, step, &s);
    }
    return status;
}

const fmx__bench fmx__bench_real_part = {"real_part", run};
