/* Twin of kernels/synthesis.cl. */
#ifndef FIDMIX_SYNTHESIS_REF_H
#define FIDMIX_SYNTHESIS_REF_H

#include <stddef.h>

/* How lines look. */
typedef struct fmx_ref_shape {
    double half_width; /* points */
    double cell;       /* points */
    double reach;      /* half widths */
    double cosine;
    double sine;
    double gauss;
} fmx_ref_shape;

/* Mean of a line of area 1 over the cell around a point at distance x of it. */
double fmx_ref_synthesis_line(double x, const fmx_ref_shape *shape);

/* out[j] += amount * sum over lines of weight line(j - place - stretch offset), first <= j < end.
 */
void fmx_ref_synthesis_part(double *out, size_t first, size_t end, const float *offset_weight,
                            size_t lines, double place, double amount, double stretch,
                            const fmx_ref_shape *shape);

/* out[j] += height exp(-((j - place) / width)^2), j < points. */
void fmx_ref_synthesis_hump(double *out, size_t points, double place, double width, double height);

#endif
