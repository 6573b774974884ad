#include <stdlib.h>

#include "bench.h"
#include "cases/normalise.h"

typedef struct state {
    fmx_signal signal;
    float *reference;
    const fmx_case_normalise *c;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    fmx_normalise options = {.method = s->c->method};
    return s->c->method == FMX_NORMALISE_PQN ? fmx_normalise_quotient(&s->signal, s->reference, 5)
                                             : fmx_normalise_rows(&s->signal, &options);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_normalise); ++i) {
        state s = {.c = &fmx_cases_normalise[i]};
        if (!s.c->bench)
            continue;
        status = fmx__bench_signal(device, FMX_DOMAIN_FREQUENCY, false, s.c->rows, s.c->points,
                                   &s.signal);
        if (status == FMX_OK)
            status =
                fmx__alloc(NULL, s.c->points, sizeof *s.reference, "a reference", &s.reference);
        if (status == FMX_OK && s.c->method == FMX_NORMALISE_PQN)
            status = fmx_normalise_reference(&s.signal, s.reference);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, s.c->name, NULL, step, &s);
        free(s.reference);
        fmx_signal_clear(&s.signal);
    }
    return status;
}

const fmx__bench fmx__bench_normalise = {"normalise", run};
