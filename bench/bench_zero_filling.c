#include "bench.h"
#include "cases/zero_filling.h"

typedef struct state {
    fmx_signal signal;
    const fmx_case_zero_filling *c;
} state;

/* The stage replaces the batch's buffer: every round starts from one of the case's length. Contents
 * do not change the work. */
static fmx_status restore(void *user)
{
    state *s = user;
    return fmx__bench_renew_decays(&s->signal, s->c->rows, s->c->points, s->c->valid,
                                   s->c->group_delay);
}

static fmx_status step(void *user)
{
    state *s = user;
    return fmx_zero_fill(&s->signal, &s->c->options);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_zero_filling); ++i) {
        state s = {.signal = {.device = device}, .c = &fmx_cases_zero_filling[i]};
        if (s.c->bench)
            status = fmx__bench_measure(results, s.c->name, restore, step, &s);
        fmx_signal_clear(&s.signal);
    }
    return status;
}

const fmx__bench fmx__bench_zero_filling = {"zero_filling", run};
