#include "mixture.h"

#include <stdlib.h>

#include "bench.h"
#include "cases/mixture.h"

typedef struct state {
    fmx_device *device;
    fmx_buffer *out;
    fmx_buffer *facts;
    fmx__mixture_of of;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx__mixture(s->device, s->out, s->facts, &s->of);
}

static fmx_status make_plan(state *s, const fmx_case_mixture *c)
{
    size_t words = fmx__mixture_words(c->most);
    uint32_t *plan = NULL;
    fmx_status status = fmx__alloc(NULL, c->mixtures * words, sizeof *plan, "a plan", &plan);
    for (size_t m = 0; status == FMX_OK && m < c->mixtures; ++m) {
        fmx__mixture_head *head = (fmx__mixture_head *)(plan + m * words);
        fmx__mixture_part *part = (fmx__mixture_part *)(head + 1);
        *head = (fmx__mixture_head){
            .parts = (uint32_t)c->most, .item_low = (uint32_t)m, .noise = (float)c->noise};
        for (size_t k = 0; k < c->most; ++k)
            part[k] = (fmx__mixture_part){(uint32_t)((m * 7 + k * 13) % c->library),
                                          (float)(1.0 / (double)(k + 1)), 0};
    }
    if (status == FMX_OK)
        status = fmx_buffer_create_copy(s->device, plan, c->mixtures * words * sizeof *plan,
                                        &s->of.plan);
    free(plan);
    return status;
}

static fmx_status measure(fmx_device *device, fmx__bench_run *results, const fmx_case_mixture *c)
{
    state s = {.device = device,
               .of = {.library_rows = c->library,
                      .points = c->points,
                      .most = c->most,
                      .count = c->mixtures,
                      .divide = c->divide == 1,
                      .by_noise = c->divide == 2}};
    fmx_status status = make_plan(&s, c);
    if (status == FMX_OK)
        status = fmx__bench_random(device, c->library * c->points, &s.of.library);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, c->mixtures * c->points * sizeof(float), &s.out);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, c->mixtures * 2 * sizeof(float), &s.facts);
    if (status == FMX_OK)
        status = fmx__bench_measure(results, c->name, NULL, step, &s);
    fmx_buffer_release(s.facts);
    fmx_buffer_release(s.out);
    fmx_buffer_release(s.of.library);
    fmx_buffer_release(s.of.plan);
    return status;
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_mixture); ++i) {
        if (fmx_cases_mixture[i].bench)
            status = measure(device, results, &fmx_cases_mixture[i]);
    }
    return status;
}

const fmx__bench fmx__bench_mixture = {"mixture", run};
