#include <string.h>

#include "bench.h"
#include "cases/optimiser.h"
#include "optimiser_slab.h"

typedef struct state {
    fmx_device *device;
    const fmx__optimiser *optimiser;
    const fmx_case_optimiser *c;
    fmx__optimiser_call call;
    fmx__optimiser_step step;
    fmx_buffer *moment[FMX__OPTIMISER_MOMENTS];
    fmx__norms *norms;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx__optimiser_run(s->device, s->optimiser, &s->c->options, &s->call);
}

static fmx_status norm(void *user)
{
    state *s = user;
    return fmx__norms_run(s->norms, &s->call.grad, 1);
}

static fmx_status make(state *s)
{
    const char *name[FMX__OPTIMISER_MOMENTS];
    const fmx__option_group *group = NULL;
    size_t count = s->c->count;
    for (size_t i = 0; (group = fmx__optimiser_stage(i)) != NULL; ++i) {
        if (strcmp(group->name, s->c->kind) == 0)
            s->optimiser = fmx__optimiser_find(group);
    }
    s->step = fmx__optimiser_at(s->optimiser, &s->c->options, s->c->options.learning_rate, 100);
    s->call = (fmx__optimiser_call){.count = count, .moment = s->moment, .step = &s->step};
    fmx_status status = fmx__bench_random(s->device, count, &s->call.value);
    if (status == FMX_OK)
        status = fmx__bench_random(s->device, count, &s->call.grad);
    for (size_t m = 0;
         status == FMX_OK && m < fmx__optimiser_moments(s->optimiser, &s->c->options, name); ++m) {
        status = fmx__bench_random(s->device, count, &s->moment[m]);
        if (status == FMX_OK) /* squares are not negative */
            status = fmx_buffer_zero(s->moment[m], 0, count * sizeof(float));
    }
    return status;
}

static fmx_status measure(fmx_device *device, fmx__bench_run *results, const fmx_case_optimiser *c)
{
    state s = {.device = device, .c = c};
    const fmx__norm_tensor all = {0, 0, c->count};
    const fmx__norm_clip clip = {.limit = 1};
    bool norms = strcmp(c->kind, "adam") == 0; /* once is enough */
    fmx_status status = make(&s);
    if (status == FMX_OK)
        status = fmx__bench_measure(results, c->name, NULL, step, &s);
    if (status == FMX_OK && norms)
        status = fmx__norms_create(device, &all, 1, &clip, &s.norms);
    if (status == FMX_OK && norms)
        status = fmx__bench_measure(results, "norm of the gradient", NULL, norm, &s);
    fmx__norms_destroy(s.norms);
    fmx_buffer_release(s.call.value);
    fmx_buffer_release(s.call.grad);
    for (size_t m = 0; m < FMX__OPTIMISER_MOMENTS; ++m)
        fmx_buffer_release(s.moment[m]);
    return status;
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_optimiser); ++i) {
        if (fmx_cases_optimiser[i].bench)
            status = measure(device, results, &fmx_cases_optimiser[i]);
    }
    return status;
}

const fmx__bench fmx__bench_optimiser = {"optimiser", run};
