/* One case of a network operation with its tensors on the device: for tests and benchmarks. */
#ifndef FMX_OP_RUN_H
#define FMX_OP_RUN_H

#include "op.h"

typedef struct fmx_op_case {
    const char *name;
    const fmx__op *op;
    const void *options; /* the op's options struct; NULL: its defaults */
    size_t batch;
    size_t in_count;
    fmx__shape in[FMX__OP_INPUTS];
    bool inference; /* forward only, training off */
    bool relu;      /* fused */
    bool bench;     /* measured by the benchmark */
} fmx_op_case;

/* The device's tensors of a case, with random inputs, weights and grad_out; for a benchmark or a
 * test of its own. */
typedef struct fmx_op_run {
    fmx__op_plan plan;
    fmx__op_step step;
    fmx__op_call call;
    fmx_buffer *in[FMX__OP_INPUTS];
    fmx_buffer *weight[FMX__OP_WEIGHTS];
    fmx_buffer *grad_in[FMX__OP_INPUTS];
    fmx_buffer *grad_weight[FMX__OP_WEIGHTS];
} fmx_op_run;

/* The site of a case. */
fmx__op_site fmx_op_site(fmx_device *device, const fmx_op_case *c);

/* Plans the case and makes its tensors: inputs, weights and grad_out uniform on [-1, 1) (variances
 * on [0.1, 1), weights that start as PyTorch's by its law), the same for the same seed. Release
 * with fmx_op_run_close, also after an error. */
fmx_status fmx_op_run_open(fmx_device *device, const fmx_op_case *c, uint64_t seed,
                           fmx_op_run *out);
void fmx_op_run_close(fmx_op_run *run);

#endif
