/* Networks on a device, without training: graph, weights and plan of a recipe's layers. */
#ifndef NETWORK_FIXTURE_H
#define NETWORK_FIXTURE_H

#include "fmx_test.h"
#include "plan.h"

/* A network with all its parts on the device. */
typedef struct fmx_network {
    fmx__recipe recipe;
    fmx__graph graph;
    fmx__weights weights;
    fmx__op_step step;
    fmx__plan *plan;
    size_t out; /* the value that the loss sits on */
    size_t batch;
} fmx_network;

typedef struct fmx_network_plan {
    const char *model; /* a recipe with nothing but `model`; its axis has FMX_NETWORK_POINTS */
    const char *out;   /* name of the layer that is kept and, in training, has the loss */
    size_t batch;
    bool unfused;
    bool training;
} fmx_network_plan;

enum { FMX_NETWORK_POINTS = 12 };

/* Recipe and graph alone; clear both, also after an error. */
fmx_status fmx_network_build(const fmx_test *test, const char *model, fmx__recipe *recipe,
                             fmx__graph *graph);

/* Close it also after an error. */
fmx_status fmx_network_open(const fmx_test *test, const fmx_network_plan *plan, fmx_network *n);
void fmx_network_close(fmx_network *n);

/* Forward and backward of the loss sum out^2 / 2. */
fmx_status fmx_network_step(fmx_network *n);

#endif
