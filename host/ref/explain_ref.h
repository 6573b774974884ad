/* Plain C twin of kernels/explain.cl: the same steps, in double and point by point. */
#ifndef FIDMIX_EXPLAIN_REF_H
#define FIDMIX_EXPLAIN_REF_H

#include <stddef.h>
#include <stdint.h>

typedef struct fmx_ref_explain_round {
    double spacing;
    size_t steps;
    size_t sweeps;
} fmx_ref_explain_round;

typedef struct fmx_ref_explain_options {
    double floor, share, near, far;
    double above, knee, relax;
    double prior, narrow, broad, broad_share;
    size_t low_first, low_end;
    double low_weight;
    size_t first_sweeps;
    const fmx_ref_explain_round *round;
    size_t rounds;
} fmx_ref_explain_options;

typedef struct fmx_ref_explain_pattern {
    const float *heights; /* [count] */
    size_t count;
    int base;
    double highest;
} fmx_ref_explain_pattern;

typedef struct fmx_ref_explain_part {
    const fmx_ref_explain_pattern *pattern;
    double shift; /* in and out */
    double centre;
    double fact[4];
} fmx_ref_explain_part;

typedef struct fmx_ref_explain_column {
    fmx_ref_explain_part *part;
    size_t parts;
    double fact[8];
} fmx_ref_explain_column;

/* Fits one spectrum; facts as in explain.h. 0 on success, -1 without memory. */
int fmx_ref_explain(double *fitted, const float *spectrum, size_t points,
                    fmx_ref_explain_column *column, size_t columns,
                    const fmx_ref_explain_options *options);

/* The height of a pattern at point p when shifted. */
double fmx_ref_explain_shape(const fmx_ref_explain_pattern *pattern, double shift, long p);

#endif
