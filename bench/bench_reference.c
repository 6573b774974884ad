#include "bench.h"
#include "cases/reference.h"

typedef struct state {
    fmx_signal signal;
    const fmx_case_reference *c;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    fmx_reference options = s->c->options;
    options.again = true; /* every round after the first finds referenced rows */
    return fmx_reference_axis(&s->signal, &options);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_reference); ++i) {
        state s = {.c = &fmx_cases_reference[i]};
        if (!s.c->bench)
            continue;
        status = fmx__bench_signal(device, FMX_DOMAIN_FREQUENCY, s.c->is_complex, s.c->rows,
                                   s.c->points, &s.signal);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, s.c->name, NULL, step, &s);
        fmx_signal_clear(&s.signal);
    }
    return status;
}

const fmx__bench fmx__bench_reference = {"reference", run};
