/* Forward alone, and forward with backward as in a step of training (backward overwrites what
 * forward saved). bench/peers/lstm_torch.py measures PyTorch beside it. */
#include <stdio.h>

#include "bench.h"
#include "cases/recurrent.h"

typedef struct state {
    const fmx_op_case *c;
    fmx_op_run run;
} state;

static fmx_status forward(void *user)
{
    state *s = user;
    return s->c->op->forward(&s->run.call);
}

static fmx_status both(void *user)
{
    state *s = user;
    fmx_status status = s->c->op->forward(&s->run.call);
    return status == FMX_OK ? s->c->op->backward(&s->run.call) : status;
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    char name[64];
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_recurrent); ++i) {
        state s = {.c = &fmx_cases_recurrent[i]};
        if (!s.c->bench)
            continue;
        status = fmx_op_run_open(device, s.c, 1, &s.run);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, s.c->name, NULL, forward, &s);
        snprintf(name, sizeof name, "%s, both", s.c->name);
        if (status == FMX_OK)
            status = fmx__bench_measure(results, name, NULL, both, &s);
        fmx_op_run_close(&s.run);
    }
    return status;
}

const fmx__bench fmx__bench_recurrent = {"recurrent", run};
