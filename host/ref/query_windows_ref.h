#ifndef FIDMIX_QUERY_WINDOWS_REF_H
#define FIDMIX_QUERY_WINDOWS_REF_H

#include <stddef.h>
#include <stdint.h>

/* One window of 192 positions, 3 channels; the fields of fmx__query_window. obs and fitted are the
 * spectrum's rows [points], pattern its heights [count]. */
typedef struct fmx_ref_query_window {
    long start;
    size_t step;
    size_t count;
    long base;
    double own;
    double inverse;
} fmx_ref_query_window;

void fmx_ref_query_windows(double *out, const float *obs, const float *fitted, size_t points,
                           const float *pattern, const fmx_ref_query_window *window);

#endif
