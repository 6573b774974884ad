#include "bench.h"
#include "cases/completion.h"

typedef struct state {
    fmx_signal signal;
    const fmx_case_completion *c;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx_complete_ends(&s->signal, &s->c->options);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_completion); ++i) {
        state s = {.c = &fmx_cases_completion[i]};
        if (!s.c->bench)
            continue;
        status = fmx__bench_signal(device, FMX_DOMAIN_FREQUENCY, s.c->is_complex, s.c->rows,
                                   s.c->points, &s.signal);
        for (size_t row = 0; status == FMX_OK && row < s.c->rows; ++row)
            s.signal.row[row].noise_sigma = 1;
        if (status == FMX_OK)
            status = fmx__bench_measure(results, s.c->name, NULL, step, &s);
        fmx_signal_clear(&s.signal);
    }
    return status;
}

const fmx__bench fmx__bench_completion = {"completion", run};
