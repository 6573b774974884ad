/* Twin of kernels/regions.cl. */
#ifndef FIDMIX_REGIONS_REF_H
#define FIDMIX_REGIONS_REF_H

#include <stdbool.h>
#include <stddef.h>

/* One row. inside[j]: point j lies in a region (runs of points are one region). keep: what is
 * outside becomes noise[j], and a region loses its offset (0: value at its first edge, 1: line
 * between its edges, 2: none; an edge is the mean of edge_points points); otherwise what is inside
 * becomes noise[j]. */
void fmx_ref_regions(double *out, const float *x, const bool *inside, const double *noise,
                     size_t points, bool keep, int offset, size_t edge_points);

#endif
