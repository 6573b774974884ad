/* Twin of pool: rows of in_n -> rows of out_n. */
#ifndef FIDMIX_POOL_REF_H
#define FIDMIX_POOL_REF_H

#include <stddef.h>

typedef struct fmx_ref_pool {
    size_t rows;
    size_t in_n;
    size_t out_n;
    size_t window; /* 0: adaptive */
    size_t stride;
    size_t left; /* places before the row */
    int whole;   /* means are over the window, also where it ends outside */
} fmx_ref_pool;

/* Outputs and places before the row for Keras's "same", or "valid". */
void fmx_ref_pool_same(fmx_ref_pool *p);
void fmx_ref_pool_valid(fmx_ref_pool *p);

/* The places that output j looks at: first <= n < end. */
void fmx_ref_pool_places(const fmx_ref_pool *p, size_t j, size_t *first, size_t *end);

void fmx_ref_pool_max(const fmx_ref_pool *p, double *y, const double *x);

/* To the first of equal values. */
void fmx_ref_pool_max_gradient(const fmx_ref_pool *p, double *grad_x, const double *grad_y,
                               const double *x);

void fmx_ref_pool_average(const fmx_ref_pool *p, double *y, const double *x);
void fmx_ref_pool_average_gradient(const fmx_ref_pool *p, double *grad_x, const double *grad_y);

#endif
