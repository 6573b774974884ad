#include "decay.h"

#include <stdlib.h>

#include "bench.h"
#include "cases/decay.h"

typedef struct state {
    fmx_device *device;
    fmx_buffer *fid;
    fmx_buffer *scratch;
    fmx_buffer *magnitude;
    fmx__decays_of of;
} state;

static fmx_status make(void *user)
{
    state *s = user;
    return fmx__decays(s->device, s->fid, &s->of);
}

static fmx_status transform(void *user)
{
    state *s = user;
    return fmx__decays_spectrum(s->device, s->magnitude, s->scratch, s->fid, s->of.count,
                                s->of.points);
}

static fmx_status make_rows(state *s, size_t count)
{
    fmx__decay *rows = NULL;
    fmx_status status = fmx__alloc(NULL, count, sizeof *rows, "decays", &rows);
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        rows[i] = fmx__decay_of(50 + 19.0 * (double)i, 0.3, 1, 5, 4000);
        rows[i].item_low = (uint32_t)i;
    }
    if (status == FMX_OK)
        status = fmx_buffer_create_copy(s->device, rows, count * sizeof *rows, &s->of.rows);
    free(rows);
    return status;
}

static fmx_status measure(fmx_device *device, fmx__bench_run *results, const fmx_case_decay *c)
{
    state s = {.device = device,
               .of = {.count = c->rows, .points = c->points, .mean = -0.05, .sigma = 0.05}};
    size_t values = c->rows * c->points;
    fmx_status status = make_rows(&s, c->rows);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, values * sizeof(float), &s.fid);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, 2 * values * sizeof(float), &s.scratch);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, values / 2 * sizeof(float), &s.magnitude);
    if (status == FMX_OK)
        status = fmx__bench_measure(results, c->name, NULL, make, &s);
    if (status == FMX_OK)
        status = fmx__bench_measure(results, "published, spectrum", NULL, transform, &s);
    fmx_buffer_release(s.magnitude);
    fmx_buffer_release(s.scratch);
    fmx_buffer_release(s.fid);
    fmx_buffer_release(s.of.rows);
    return status;
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_decay); ++i) {
        if (fmx_cases_decay[i].bench)
            status = measure(device, results, &fmx_cases_decay[i]);
    }
    return status;
}

const fmx__bench fmx__bench_decay = {"decay", run};
