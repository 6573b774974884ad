#include "nnls.h"

#include "bench.h"
#include "cases/nnls.h"

typedef struct state {
    fmx_device *device;
    fmx_buffer *amounts;
    fmx__nnls_of of;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    fmx_status status =
        fmx__nnls_gram(s->device, s->of.gram, s->of.library, s->of.rows, s->of.points);
    if (status == FMX_OK)
        status = fmx__nnls(s->device, s->amounts, &s->of);
    return status;
}

/* Noise on noise: nearly half of the amounts are above zero, more than in any mixture. */
static fmx_status measure(fmx_device *device, fmx__bench_run *results, const fmx_case_nnls *c)
{
    size_t stride = fmx__nnls_stride(c->rows);
    state s = {.device = device,
               .of = {.rows = c->rows, .points = c->points, .count = c->mixtures}};
    fmx_status status = fmx__bench_random(device, c->rows * c->points, &s.of.library);
    if (status == FMX_OK)
        status = fmx__bench_random(device, c->mixtures * c->points, &s.of.spectra);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, c->rows * stride * sizeof(float), &s.of.gram);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, c->mixtures * stride * sizeof(float), &s.of.gradient);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, c->mixtures * stride * sizeof(float), &s.amounts);
    if (status == FMX_OK)
        status = fmx__bench_measure(results, c->name, NULL, step, &s);
    fmx_buffer_release(s.amounts);
    fmx_buffer_release(s.of.gradient);
    fmx_buffer_release(s.of.gram);
    fmx_buffer_release(s.of.spectra);
    fmx_buffer_release(s.of.library);
    return status;
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_nnls); ++i) {
        if (fmx_cases_nnls[i].bench)
            status = measure(device, results, &fmx_cases_nnls[i]);
    }
    return status;
}

const fmx__bench fmx__bench_nnls = {"nnls", run};
