#include "synthesis.h"

#include <math.h>
#include <stdlib.h>

#include "bench.h"
#include "cases/synthesis.h"
#include "generator.h"

enum { BATCH = 64, COMPOUNDS = 12, POINTS = 4096 };

static const double reach = 200;

typedef struct state {
    fmx_device *device;
    fmx_buffer *out;
    fmx__synthesis_of of;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx__synthesis(s->device, s->out, &s->of);
}

/* Multiplets 30 points wide, at places all over the axis. */
static void fill(state *s, const fmx_case_synthesis *c, fmx__synthesis_line *line,
                 fmx__synthesis_head *head)
{
    fmx__synthesis_part *part = (fmx__synthesis_part *)(head + c->rows);
    double phase = c->phase_deg / 57.29577951308232;
    for (size_t i = 0; i < c->lines; ++i)
        line[i] = (fmx__synthesis_line){-15.0F + 30.0F * (float)i / (float)c->lines, 1};
    for (size_t r = 0; r < c->rows; ++r) {
        head[r] = (fmx__synthesis_head){.first_part = (uint32_t)(r * c->parts),
                                        .parts = (uint32_t)c->parts,
                                        .divide = (uint32_t)c->divide,
                                        .cosine = (float)cos(phase),
                                        .sine = (float)sin(phase),
                                        .gauss = (float)c->gauss};
        for (size_t k = 0; k < c->parts; ++k) {
            double place = (double)((r * 977 + k * 1511) % c->points);
            double arm = 15 + reach * c->half_width;
            uint32_t window = fmx__synthesis_window(place - arm, place + arm, c->points);
            part[r * c->parts + k] = (fmx__synthesis_part){.lines = (uint32_t)c->lines,
                                                           .base = (int32_t)place,
                                                           .fraction = 0.3F,
                                                           .amount = 1,
                                                           .half_width = (float)c->half_width,
                                                           .stretch = 1,
                                                           .window = window};
            s->of.work += 16.0 * (double)(window >> 16) * (double)c->lines;
        }
    }
}

static fmx_status measure(fmx_device *device, fmx__bench_run *results, const fmx_case_synthesis *c)
{
    state s = {.device = device,
               .of = {.line_count = c->lines,
                      .rows = c->rows,
                      .parts = c->rows * c->parts,
                      .points = c->points,
                      .reach = reach,
                      .cell = c->cell}};
    size_t bytes = fmx__synthesis_plan_bytes(c->rows, s.of.parts, 0);
    fmx__synthesis_line *line = NULL;
    void *plan = NULL;
    fmx_status status = fmx__alloc(NULL, c->lines, sizeof *line, "lines", &line);
    if (status == FMX_OK)
        status = fmx__alloc(NULL, 1, bytes, "a plan", &plan);
    if (status == FMX_OK) {
        fill(&s, c, line, plan);
        status = fmx_buffer_create_copy(device, line, c->lines * sizeof *line, &s.of.lines);
    }
    if (status == FMX_OK)
        status = fmx_buffer_create_copy(device, plan, bytes, &s.of.plan);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, c->rows * c->points * sizeof(float), &s.out);
    if (status == FMX_OK)
        status = fmx__bench_measure(results, c->name, NULL, step, &s);
    fmx_buffer_release(s.out);
    fmx_buffer_release(s.of.plan);
    fmx_buffer_release(s.of.lines);
    free(plan);
    free(line);
    return status;
}

/* All of a batch: draws on the host, constituents, sums with noise, proportions. */
typedef struct whole {
    fmx__generator *generator;
    fmx__generator_batch batch;
    uint64_t next;
} whole;

static fmx_status fill_batch(void *user)
{
    whole *w = user;
    w->next += BATCH;
    return fmx__generator_fill(w->generator, w->next, BATCH, 0, &w->batch);
}

static fmx_status measure_whole(fmx_device *device, fmx__bench_run *results)
{
    const fmx__generator_options options = {.spins = "spin_systems",
                                            .field_mhz = 600,
                                            .least = COMPOUNDS,
                                            .most = COMPOUNDS,
                                            .ratio = 20,
                                            .snr_least = 20,
                                            .snr_most = 200,
                                            .width_least_hz = 0.8,
                                            .width_most_hz = 2.5,
                                            .shift_ppm = 0.02,
                                            .reach = reach,
                                            .cell = 1,
                                            .divide = true};
    fmx__generator_plan plan = {
        .device = device, .options = &options, .axis = {9.5, 0.5, POINTS}, .batch = BATCH};
    fmx_library *library = NULL;
    whole w = {0};
    fmx_status status = fmx__generator_library(NULL, &options, &library);
    plan.library = library;
    if (status == FMX_OK)
        status = fmx__generator_create(&plan, &w.generator);
    if (status == FMX_OK)
        status =
            fmx_buffer_create(device, (size_t)BATCH * POINTS * sizeof(float), &w.batch.spectra);
    if (status == FMX_OK)
        status = fmx_buffer_create(
            device, BATCH * fmx__generator_classes(w.generator) * sizeof(float), &w.batch.classes);
    if (status == FMX_OK)
        status = fmx__bench_measure(results, "64 drawn mixtures of 12", NULL, fill_batch, &w);
    fmx_buffer_release(w.batch.classes);
    fmx_buffer_release(w.batch.spectra);
    fmx__generator_release(w.generator);
    fmx_library_release(library);
    return status;
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_synthesis); ++i) {
        if (fmx_cases_synthesis[i].bench)
            status = measure(device, results, &fmx_cases_synthesis[i]);
    }
    return status == FMX_OK ? measure_whole(device, results) : status;
}

const fmx__bench fmx__bench_synthesis = {"synthesis", run};
