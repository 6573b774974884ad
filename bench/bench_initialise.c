#include "bench.h"
#include "cases/initialise.h"
#include "initialise.h"

typedef struct state {
    fmx_device *device;
    const fmx_case_initialise *c;
    fmx_buffer *out;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx__initialise(s->device, &s->c->weight, 0, 1, s->out);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_initialise); ++i) {
        state s = {device, &fmx_cases_initialise[i], NULL};
        if (!s.c->bench)
            continue;
        status = fmx__bench_random(device, fmx__op_weight_count(&s.c->weight), &s.out);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, s.c->name, NULL, step, &s);
        fmx_buffer_release(s.out);
    }
    return status;
}

const fmx__bench fmx__bench_initialise = {"initialise", run};
