#include "bench.h"
#include "cases/optimiser.h"
#include "optimiser.h"

typedef struct state {
    fmx__adam adam;
    fmx_device *device;
    const fmx_case_optimiser *c;
    fmx__adam_step step;
    fmx_buffer *buffer[4]; /* value, m, v, gradient */
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx__adam_run(s->device, &s->adam, s->c->count, s->buffer[0], s->buffer[1], s->buffer[2],
                         s->buffer[3], &s->step);
}

static fmx_status measure(fmx_device *device, fmx__bench_run *results, const fmx_case_optimiser *c)
{
    state s = {.device = device, .c = c};
    s.adam = (fmx__adam){c->learning_rate, c->beta1, c->beta2, c->epsilon, c->pytorch};
    s.step = fmx__adam_at(&s.adam, c->learning_rate, 100);
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(s.buffer); ++i)
        status = fmx__bench_random(device, c->count, &s.buffer[i]);
    if (status == FMX_OK) /* squares are not negative */
        status = fmx_buffer_zero(s.buffer[2], 0, c->count * sizeof(float));
    if (status == FMX_OK)
        status = fmx__bench_measure(results, c->name, NULL, step, &s);
    for (size_t i = 0; i < FMX__COUNT(s.buffer); ++i)
        fmx_buffer_release(s.buffer[i]);
    return status;
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_optimiser); ++i) {
        if (fmx_cases_optimiser[i].bench)
            status = measure(device, results, &fmx_cases_optimiser[i]);
    }
    return status;
}

const fmx__bench fmx__bench_optimiser = {"optimiser", run};
