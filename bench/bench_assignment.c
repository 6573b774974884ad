#include "assignment.h"
#include "bench.h"
#include "cases/assignment.h"

typedef struct state {
    fmx_device *device;
    fmx__assignment_method method;
    const fmx_case_assignment *c;
    fmx_buffer *buffer[3]; /* costs, columns, totals */
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx__assignment_run(s->device, s->method, s->c->batch, s->c->n, s->buffer[0],
                               s->buffer[1], s->buffer[2]);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_assignment); ++i) {
        state s = {device, FMX__ASSIGNMENT_HUNGARIAN, &fmx_cases_assignment[i], {NULL}};
        if (!s.c->bench)
            continue;
        if (s.c->n <= FMX__ASSIGNMENT_EXHAUSTIVE_MOST)
            s.method = FMX__ASSIGNMENT_EXHAUSTIVE;
        status = fmx__bench_random(device, s.c->batch * s.c->n * s.c->n, &s.buffer[0]);
        for (size_t b = 1; status == FMX_OK && b < 3; ++b)
            status = fmx__bench_random(device, s.c->batch * s.c->n, &s.buffer[b]);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, s.c->name, NULL, step, &s);
        for (size_t b = 0; b < 3; ++b)
            fmx_buffer_release(s.buffer[b]);
    }
    return status;
}

const fmx__bench fmx__bench_assignment = {"assignment", run};
