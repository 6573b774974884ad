/* What the tests of network operations share: one case is planned, run forward and backward on the
 * device, compared with its twin (in double), whose gradient is compared with finite differences of
 * its own forward; and everything is run twice for the same bits.
 *
 * How to add a case: a row in tests/cases/<stem>.h. FIDMIX_SMALL_CASES=1 leaves out the cases of
 * the benchmark, for Oclgrind (scripts/check_oclgrind.sh).
 */
#ifndef FMX_OP_FIXTURE_H
#define FMX_OP_FIXTURE_H

#include "fmx_golden.h"
#include "fmx_test.h"
#include "op_run.h"

/* A case with its tensors in double; [batch][channels][positions] as on the device. */
typedef struct fmx_op_fixture {
    const fmx_op_case *c;
    const void *options;
    fmx__op_plan plan;
    fmx__op_step step;
    uint32_t layer;
    double *in[FMX__OP_INPUTS];
    double *weight[FMX__OP_WEIGHTS]; /* before the step */
    double *grad_out;                /* already masked where a relu is fused */
    /* to be filled by the twin; *_tol: how far the device may be from it */
    double *out; /* before a fused relu */
    double *out_tol;
    double *weight_after[FMX__OP_WEIGHTS]; /* statistics; a copy of `weight` to begin with */
    double *weight_tol[FMX__OP_WEIGHTS];
    double *grad_in[FMX__OP_INPUTS];
    double *grad_in_tol[FMX__OP_INPUTS];
    double *grad_weight[FMX__OP_WEIGHTS];
    double *grad_weight_tol[FMX__OP_WEIGHTS];
} fmx_op_fixture;

/* The twin of an op, called with a fixture. `forward` fills out, out_tol (and weight_after);
 * `backward` fills the gradients and their tolerances, and may rely on forward's results. */
typedef struct fmx_op_twin {
    void (*forward)(fmx_op_fixture *f);
    void (*backward)(fmx_op_fixture *f);
    bool no_differences; /* no finite differences (the gradient is not that of forward) */
} fmx_op_twin;

/* Runs one case and fails the test where it is not right. A case of the benchmark is run with two
 * items; finite differences are tried where the output has at most 20000 values. */
void fmx_op_check(const fmx_test *test, const fmx_op_case *given, const fmx_op_twin *twin);

/* Runs a case of one input on the tensors "<name>.input", "<name>.<weight>" and
 * "<name>.grad_output" of a golden file, <name> the case's, and compares with "output",
 * "grad_input" and "grad_<weight>" there, within the twin's tolerances and the golden's own
 * rounding. */
void fmx_op_check_golden(const fmx_test *test, const fmx_op_case *c, const fmx_op_twin *twin,
                         fmx__safetensors *file);

/* The one or (where `file` is not NULL) the other, with options that differ from the defaults, as
 * fmx_op_options takes them. */
void fmx_op_check_with(const fmx_test *test, const fmx_op_case *given, const char *settings,
                       const fmx_op_twin *twin, fmx__safetensors *file);

/* Turns sums of absolute terms into tolerances of sums of `terms` products in float. A sum of n
 * terms rounds at most n times, each time by at most one part in 2^24 of what stands there, which
 * is at most the sum of the absolute terms: n eps size. For long sums the roundings are
 * independent: 6 sqrt(n) eps size holds but for one case in 10^7 (Higham and Mary 2019). */
void fmx_op_sum_tolerance(double *size, size_t count, size_t terms);

/* A plan for the op must be refused with FMX_ERROR_RECIPE and a message that contains `part`. */
void fmx_op_refused(const fmx_test *test, const fmx_op_case *c, const char *part);

#endif
