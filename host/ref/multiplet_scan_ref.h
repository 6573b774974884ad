/* Twin of kernels/multiplet_scan.cl. */
#ifndef FIDMIX_MULTIPLET_SCAN_REF_H
#define FIDMIX_MULTIPLET_SCAN_REF_H

#include <stddef.h>
#include <stdint.h>

/* One pattern in one spectrum. */
typedef struct fmx_ref_scan {
    const float *obs;
    size_t points;
    const float *height;
    size_t count;
    int32_t base;
    const uint32_t *sample; /* points of the pattern that quantiles are taken of */
    size_t samples;
    float quantile;
    double centre; /* points */
    size_t reach;
} fmx_ref_scan;

/* What multiplet_scan weighs: at shift rint(centre) - reach + i the quantile of observed / expected
 * (not below 0), the prior, the correlation and the largest value under the samples, each
 * [2 reach + 1]. 0 on success, -1 without memory. */
int fmx_ref_multiplet_scan(double *quantile, double *prior, double *correlation, double *height,
                           const fmx_ref_scan *scan);

#endif
