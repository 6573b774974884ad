/* What the tests of losses share: one loss on one batch is run twice on the device and compared
 * with its twin, whose gradient is compared with finite differences. */
#ifndef FMX_LOSS_FIXTURE_H
#define FMX_LOSS_FIXTURE_H

#include "fmx_golden.h"
#include "fmx_test.h"
#include "loss.h"

typedef struct fmx_loss_fixture {
    const char *name;
    const fmx__loss *loss;
    fmx__loss_options options;
    size_t batch;
    fmx__shape output;
    fmx__shape target;
    float *x;
    float *t;
    float *losses[2]; /* of two runs */
    float *grad[2];
} fmx_loss_fixture;

/* A loss with weight 0.5, the given permutation, and otherwise odd options. */
fmx_loss_fixture fmx_loss_open(const char *name, const char *loss, size_t batch, fmx__shape output,
                               fmx__shape target, int permutation);

/* Outputs up to 8. Targets of classes: proportions of which half are 0, and items without any;
 * labels: every fourth is none; other targets like the outputs. */
void fmx_loss_fill(fmx_loss_fixture *f);

/* Copies what is given. */
void fmx_loss_give(fmx_loss_fixture *f, const float *x, const float *t);

/* Runs it: losses[run], grad[run]. */
void fmx_loss_run(const fmx_test *test, fmx_loss_fixture *f, int run);

/* Runs it twice and fails unless twin, finite differences and bits agree. */
void fmx_loss_check(const fmx_test *test, fmx_loss_fixture *f);

/* Runs the loss `kind` ("labels": a cross-entropy) on the tensors "<kind>.<number>.x" and ".t" of
 * golden/loss.safetensors and compares with its ".losses" and ".grad" as with the twin. */
void fmx_loss_check_golden(const fmx_test *test, fmx__safetensors *file, const char *kind,
                           size_t number);

void fmx_loss_close(fmx_loss_fixture *f);

#endif
