#include <stdlib.h>

#include "bench.h"
#include "cases/fid_synthesis.h"
#include "fidmix/fid_synthesis.h"
#include "philox.h"

typedef struct state {
    fmx_signal signal;
    fmx_synthesis *row;
    fmx_synthesis_line *line;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx_synthesise(&s->signal, s->row);
}

static fmx_status make(fmx_device *device, const fmx_case_fid_synthesis *c, state *s)
{
    fmx_status status =
        fmx_signal_create(device, FMX_DOMAIN_TIME, true, c->rows, c->points, &s->signal);
    if (status == FMX_OK)
        status = fmx__alloc(NULL, c->lines, sizeof *s->line, "lines", &s->line);
    if (status == FMX_OK)
        status = fmx__alloc(NULL, c->rows, sizeof *s->row, "rows", &s->row);
    for (size_t i = 0; status == FMX_OK && i < c->lines; ++i) {
        uint32_t words[4];
        fmx__random_words(words, 1, FMX__PURPOSE_TEST, i, 0, 0);
        s->line[i] = (fmx_synthesis_line){4000 * (fmx__uniform(words[0]) - 0.5),
                                          fmx__uniform(words[1]), 1 + fmx__uniform(words[2]), 0};
    }
    for (size_t r = 0; status == FMX_OK && r < c->rows; ++r) {
        s->signal.row[r].sw_hz = 4807.7;
        s->signal.row[r].group_delay = c->group_delay;
        s->row[r] = (fmx_synthesis){.line = s->line,
                                    .count = c->lines,
                                    .gaussian_hz = c->gaussian_hz,
                                    .p0_deg = c->p0_deg,
                                    .p1_deg = c->p1_deg,
                                    .noise_sigma = 0.1};
    }
    return status;
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_fid_synthesis); ++i) {
        const fmx_case_fid_synthesis *c = &fmx_cases_fid_synthesis[i];
        state s = {0};
        if (!c->bench)
            continue;
        status = make(device, c, &s);
        if (status == FMX_OK) /* every round overwrites the whole batch */
            status = fmx__bench_measure(results, c->name, NULL, step, &s);
        fmx_signal_clear(&s.signal);
        free(s.row);
        free(s.line);
    }
    return status;
}

const fmx__bench fmx__bench_fid_synthesis = {"fid_synthesis", run};
