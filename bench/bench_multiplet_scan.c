#include "multiplet_scan.h"

#include <stdlib.h>

#include "bench.h"
#include "cases/multiplet_scan.h"
#include "scan_fixture.h"

typedef struct state {
    fmx_device *device;
    fmx_library *library;
    fmx__pattern_table table;
    fmx_buffer *hits;
    fmx__scan_of of;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx__multiplet_scan(s->device, s->hits, &s->of);
}

/* Every multiplet in every spectrum, nearest width, no offset. */
static fmx_status fill(state *s, const fmx_case_multiplet_scan *c)
{
    fmx_context *ctx = fmx__device_context(s->device);
    uint32_t *pairs = NULL;
    size_t patterns = s->table.patterns;
    s->of = (fmx__scan_of){.count = c->count,
                           .table = &s->table,
                           .pair_count = c->count * patterns,
                           .reach = c->reach,
                           .quantile = (float)c->quantile};
    fmx_status status =
        fmx__alloc(ctx, s->of.pair_count, 2 * sizeof *pairs, "a list of pairs", &pairs);
    for (size_t i = 0; status == FMX_OK && i < s->of.pair_count; ++i) {
        pairs[2 * i] = (uint32_t)(i / patterns);
        pairs[2 * i + 1] = (uint32_t)(i % patterns);
    }
    if (status == FMX_OK)
        status = fmx_buffer_create_copy(s->device, pairs, s->of.pair_count * 2 * sizeof *pairs,
                                        &s->of.pairs);
    if (status == FMX_OK)
        status = fmx__bench_random(s->device, c->count * c->points, &s->of.spectra);
    if (status == FMX_OK)
        status = fmx_buffer_create(s->device, c->count * sizeof(uint32_t), &s->of.width);
    if (status == FMX_OK)
        status = fmx_buffer_zero(s->of.width, 0, c->count * sizeof(uint32_t));
    if (status == FMX_OK)
        status = fmx_buffer_create(s->device, c->count * sizeof(float), &s->of.centre);
    if (status == FMX_OK)
        status = fmx_buffer_zero(s->of.centre, 0, c->count * sizeof(float));
    if (status == FMX_OK)
        status =
            fmx_buffer_create(s->device, s->of.pair_count * 2 * sizeof(fmx__scan_hit), &s->hits);
    free(pairs);
    return status;
}

/* Noise only: no shift can be told from another, so none is left out early. */
static fmx_status measure(fmx_device *device, fmx__bench_run *results,
                          const fmx_case_multiplet_scan *c)
{
    static const double width_hz = 1.1;
    const fmx__multiplet_axis axis = {10, 0.5, c->points};
    state s = {.device = device, .library = fmx_scan_library(c->entries, 700, 11)};
    fmx_status status = FMX_OK;
    if (s.library == NULL)
        return fmx__fail(fmx__device_context(device), FMX_ERROR_MEMORY, "a library of %zu entries",
                         c->entries);
    status = fmx__pattern_table_create(device, s.library, &axis, &width_hz, 1, &s.table);
    if (status == FMX_OK)
        status = fill(&s, c);
    if (status == FMX_OK)
        status = fmx__bench_measure(results, c->name, NULL, step, &s);
    fmx_buffer_release(s.hits);
    fmx_buffer_release(s.of.pairs);
    fmx_buffer_release(s.of.spectra);
    fmx_buffer_release(s.of.width);
    fmx_buffer_release(s.of.centre);
    fmx__pattern_table_clear(&s.table);
    fmx_library_release(s.library);
    return status;
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_multiplet_scan); ++i) {
        if (fmx_cases_multiplet_scan[i].bench)
            status = measure(device, results, &fmx_cases_multiplet_scan[i]);
    }
    return status;
}

const fmx__bench fmx__bench_multiplet_scan = {"multiplet_scan", run};
