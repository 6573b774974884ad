/* Twin of kernels/reference.cl. */
#ifndef FIDMIX_REFERENCE_REF_H
#define FIDMIX_REFERENCE_REF_H

#include <stddef.h>

typedef struct fmx_ref_line {
    long peak;     /* index in the window; -1: none inside */
    double offset; /* of the apex from there, points */
    double height; /* above base */
    double width;  /* full width at half height, points; -1: not whole */
    double base;
    double sigma;
    double rival; /* largest value above base, more than a width away */
} fmx_ref_line;

/* One window: value i is data[i * stride], i < count. */
fmx_ref_line fmx_ref_reference(const float *data, size_t stride, size_t count);

#endif
