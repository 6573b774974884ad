/* The benchmark of a network operation: forward and backward of each case marked for it. */
#ifndef FIDMIX_BENCH_OPS_H
#define FIDMIX_BENCH_OPS_H

#include "bench.h"
#include "op_run.h"

/* Measures "NAME" (forward) and "NAME, backward" of every case with `bench` set. */
fmx_status fmx__bench_ops(fmx_device *device, fmx__bench_run *results, const fmx_op_case *cases,
                          size_t count);

/* The same for one case with options that differ from the defaults, as fmx_op_options takes them.
 */
fmx_status fmx__bench_op_with(fmx_device *device, fmx__bench_run *results, const fmx_op_case *given,
                              const char *settings);

#endif
