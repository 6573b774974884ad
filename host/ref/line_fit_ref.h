/* Twin of kernels/line_fit.cl. */
#ifndef FIDMIX_LINE_FIT_REF_H
#define FIDMIX_LINE_FIT_REF_H

#include <stdbool.h>
#include <stddef.h>

/* Index of the first peak with that prominence, otherwise of the (first) highest point. */
size_t fmx_ref_line_peak(const float *y, size_t points, double least);

/* Least squares of the line to all points, to convergence: line = x0, A, gamma (point k at k step),
 * eta. Returns the sum of squares. */
double fmx_ref_line_fit(double line[4], const float *y, size_t points, double step, double least,
                        bool voigt);

/* Value of a line at x, its derivatives by x0, A, gamma and eta in *by. */
double fmx_ref_line_value(const double line[4], double x, bool voigt, double by[4]);

#endif
