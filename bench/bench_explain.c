#include "explain.h"

#include "bench.h"
#include "cases/explain.h"

enum { RECORDS, HEIGHTS, HEADS, COLUMNS, PARTS, SPECTRA, FACTS, PART_FACTS, FITTED, BUFFERS };

typedef struct state {
    fmx_device *device;
    fmx_explain_job job;
    fmx_buffer *buffer[BUFFERS];
    fmx__explain_of of;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx__explain(s->device, s->buffer[FACTS], s->buffer[PART_FACTS], s->buffer[FITTED],
                        &s->of);
}

/* Shifts as they were before the last fit. */
static fmx_status restore(void *user)
{
    state *s = user;
    return fmx_buffer_write(s->buffer[PARTS], 0, s->job.part, s->job.parts * sizeof *s->job.part);
}

static fmx_status create(state *s)
{
    fmx_explain_job *j = &s->job;
    const struct {
        const void *data;
        size_t bytes;
    } from[BUFFERS] = {
        [RECORDS] = {j->pattern, j->patterns * sizeof *j->pattern},
        [HEIGHTS] = {j->heights, j->heights_count * sizeof(float)},
        [HEADS] = {j->head, j->count * sizeof *j->head},
        [COLUMNS] = {j->column, j->columns * sizeof *j->column},
        [PARTS] = {j->part, j->parts * sizeof *j->part},
        [SPECTRA] = {j->spectra, j->count * j->points * sizeof(float)},
        [FACTS] = {NULL, j->columns * FMX__EXPLAIN_FACTS * sizeof(float)},
        [PART_FACTS] = {NULL, j->parts * FMX__EXPLAIN_PART_FACTS * sizeof(float)},
        [FITTED] = {NULL, j->count * j->points * sizeof(float)},
    };
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < BUFFERS; ++i)
        status = from[i].data != NULL
                     ? fmx_buffer_create_copy(s->device, from[i].data, from[i].bytes, &s->buffer[i])
                     : fmx_buffer_create(s->device, from[i].bytes, &s->buffer[i]);
    j->table.records = s->buffer[RECORDS];
    j->table.heights = s->buffer[HEIGHTS];
    s->of = (fmx__explain_of){
        .spectra = s->buffer[SPECTRA],
        .count = j->count,
        .points = j->points,
        .table = &s->job.table,
        .heads = s->buffer[HEADS],
        .columns = s->buffer[COLUMNS],
        .column_count = j->columns,
        .parts = s->buffer[PARTS],
        .part_count = j->parts,
    };
    return status;
}

/* A third of the compounds is there, as it is behind a search for multiplets. */
static fmx_status measure(fmx_device *device, fmx__bench_run *results, const fmx_case_explain *c)
{
    const fmx_explain_mix mix = {.present = 0.33, .shift = 4, .noise = 1, .seed = 3};
    state s = {.device = device, .job = fmx_explain_make(c, &mix)};
    fmx_status status = create(&s);
    if (status == FMX_OK)
        status = fmx__bench_measure(results, c->name, restore, step, &s);
    for (size_t i = 0; i < BUFFERS; ++i)
        fmx_buffer_release(s.buffer[i]);
    fmx_explain_clear(&s.job);
    return status;
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_explain); ++i) {
        if (fmx_cases_explain[i].bench)
            status = measure(device, results, &fmx_cases_explain[i]);
    }
    return status;
}

const fmx__bench fmx__bench_explain = {"explain", run};
