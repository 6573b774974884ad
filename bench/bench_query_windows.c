#include "bench.h"
#include "cases/query_windows.h"
#include "query_windows.h"

typedef struct state {
    fmx_device *device;
    fmx__query_windows_of of;
    fmx_buffer *out;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx__query_windows(s->device, s->out, &s->of);
}

enum { HEIGHTS = 65536, PATTERN = 400, QUERIES_MOST = 256 };

static fmx_status make_windows(const fmx_case_query_windows *c, state *s)
{
    static fmx__query_window window[QUERIES_MOST * FMX__QUERY_PARTS];
    size_t count = c->queries * FMX__QUERY_PARTS;
    for (size_t i = 0; i < count; ++i)
        window[i] = (fmx__query_window){
            .start = (int32_t)(i * 7919 % (c->points - FMX__QUERY_WINDOW)),
            .step = c->step,
            .spectrum = (uint32_t)(i % c->spectra),
            .first_height = (uint32_t)(i * 31 % (HEIGHTS - PATTERN)),
            .count = PATTERN,
            .base = (int32_t)(i * 7919 % (c->points - FMX__QUERY_WINDOW)) - 100,
            .own = 20,
            .inverse = 0.05F,
        };
    return fmx_buffer_create_copy(s->device, window, count * sizeof *window, &s->of.windows);
}

static fmx_status run_case(fmx_device *device, const fmx_case_query_windows *c,
                           fmx__bench_run *results)
{
    state s = {.device = device};
    s.of = (fmx__query_windows_of){
        .count = c->spectra, .points = c->points, .heights_count = HEIGHTS, .queries = c->queries};
    fmx_status status = fmx__bench_random(device, c->spectra * c->points, &s.of.spectra);
    if (status == FMX_OK)
        status = fmx__bench_random(device, c->spectra * c->points, &s.of.fitted);
    if (status == FMX_OK)
        status = fmx__bench_random(device, HEIGHTS, &s.of.heights);
    if (status == FMX_OK)
        status = fmx__bench_random(device, c->queries * FMX__QUERY_WINDOW, &s.of.numbers);
    if (status == FMX_OK)
        status = make_windows(c, &s);
    if (status == FMX_OK)
        status = fmx_buffer_create(
            device, c->queries * FMX__QUERY_CHANNELS * FMX__QUERY_WINDOW * sizeof(float), &s.out);
    if (status == FMX_OK)
        status = fmx__bench_measure(results, c->name, NULL, step, &s);
    fmx_buffer_release(s.out);
    fmx_buffer_release(s.of.windows);
    fmx_buffer_release(s.of.numbers);
    fmx_buffer_release(s.of.heights);
    fmx_buffer_release(s.of.fitted);
    fmx_buffer_release(s.of.spectra);
    return status;
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_query_windows); ++i) {
        if (fmx_cases_query_windows[i].bench)
            status = run_case(device, &fmx_cases_query_windows[i], results);
    }
    return status;
}

extern const fmx__bench fmx__bench_query_windows;
const fmx__bench fmx__bench_query_windows = {"query_windows", run};
