#include "bench_ops.h"

#include <stdio.h>
#include <stdlib.h>

#include "launch.h"
#include "op_options.h"

typedef struct state {
    const fmx_op_case *c;
    fmx_op_run run;
} state;

static fmx_status forward(void *user)
{
    state *s = user;
    return s->c->op->forward(&s->run.call);
}

static fmx_status backward(void *user)
{
    state *s = user;
    return s->c->op->backward(&s->run.call);
}

fmx_status fmx__bench_ops(fmx_device *device, fmx__bench_run *results, const fmx_op_case *cases,
                          size_t count)
{
    char name[64];
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        state s = {.c = &cases[i]};
        if (!s.c->bench)
            continue;
        status = fmx_op_run_open(device, s.c, 1, &s.run);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, s.c->name, NULL, forward, &s);
        snprintf(name, sizeof name, "%s, backward", s.c->name);
        if (status == FMX_OK && !s.c->inference)
            status = fmx__bench_measure(results, name, NULL, backward, &s);
        fmx_op_run_close(&s.run);
    }
    return status;
}

fmx_status fmx__bench_op_with(fmx_device *device, fmx__bench_run *results, const fmx_op_case *given,
                              const char *settings)
{
    fmx_op_case c = *given;
    void *options = fmx_op_options(fmx__device_context(device), c.op, settings);
    if (options == NULL)
        return FMX_ERROR_INTERNAL;
    c.options = options;
    fmx_status status = fmx__bench_ops(device, results, &c, 1);
    free(options);
    return status;
}
