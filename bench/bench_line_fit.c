#include "line_fit.h"

#include <stdlib.h>

#include "bench.h"
#include "cases/line_fit.h"

typedef struct state {
    fmx_device *device;
    fmx_buffer *lines;
    fmx__line_fit_of of;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx__line_fit(s->device, s->lines, &s->of);
}

/* A Lorentzian of another place and width in each row, on an uneven ground. */
static fmx_status make_spectra(state *s)
{
    float *values = NULL;
    size_t points = s->of.points;
    fmx_status status = fmx__alloc(NULL, s->of.rows * points, sizeof *values, "spectra", &values);
    for (size_t i = 0; status == FMX_OK && i < s->of.rows * points; ++i) {
        double u = (double)(i % points) - 100 - 30.3 * (double)(i / points);
        double width = 1 + 0.1 * (double)(i / points);
        values[i] = (float)(width * width / (u * u + width * width)) +
                    1e-3f * (float)(i * 7919 % 1000) / 1000;
    }
    if (status == FMX_OK)
        status = fmx_buffer_create_copy(s->device, values, s->of.rows * points * sizeof *values,
                                        &s->of.spectra);
    free(values);
    return status;
}

static fmx_status measure(fmx_device *device, fmx__bench_run *results, const fmx_case_line_fit *c)
{
    state s = {.device = device,
               .of = {.rows = c->rows,
                      .points = c->points,
                      .step_hz = c->step_hz,
                      .least = 0.049,
                      .shape = c->voigt ? FMX__LINE_PSEUDO_VOIGT : FMX__LINE_LORENTZ}};
    fmx_status status = make_spectra(&s);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, c->rows * FMX__LINE_VALUES * sizeof(float), &s.lines);
    if (status == FMX_OK)
        status = fmx__bench_measure(results, c->name, NULL, step, &s);
    fmx_buffer_release(s.lines);
    fmx_buffer_release(s.of.spectra);
    return status;
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_line_fit); ++i) {
        if (fmx_cases_line_fit[i].bench)
            status = measure(device, results, &fmx_cases_line_fit[i]);
    }
    return status;
}

const fmx__bench fmx__bench_line_fit = {"line_fit", run};
