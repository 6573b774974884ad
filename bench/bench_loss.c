#include "bench.h"
#include "cases/loss.h"
#include "loss.h"

typedef struct state {
    fmx_device *device;
    const fmx__loss *loss;
    const fmx_case_loss *c;
    fmx_buffer *buffer[4]; /* logits, target, losses, gradient */
} state;

static fmx_status step(void *user)
{
    static const fmx__loss_options options = {"", 1, 1};
    state *s = user;
    return fmx__loss_run(s->device, s->loss, &options, s->c->batch, s->c->classes, s->buffer[0],
                         s->buffer[1], s->buffer[2], s->buffer[3]);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    const fmx__option_group *group = NULL;
    fmx_status status = FMX_OK;
    for (size_t k = 0; status == FMX_OK && (group = fmx__loss_stage(k)) != NULL; ++k) {
        for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_loss); ++i) {
            state s = {device, fmx__loss_find(group), &fmx_cases_loss[i], {NULL}};
            if (!s.c->bench)
                continue;
            for (size_t b = 0; status == FMX_OK && b < 4; ++b)
                status = fmx__bench_random(device, s.c->batch * s.c->classes, &s.buffer[b]);
            if (status == FMX_OK)
                status = fmx__bench_measure(results, group->name, NULL, step, &s);
            for (size_t b = 0; b < 4; ++b)
                fmx_buffer_release(s.buffer[b]);
        }
    }
    return status;
}

const fmx__bench fmx__bench_loss = {"loss", run};
