/* Twin of structure. */
#ifndef FIDMIX_STRUCTURE_REF_H
#define FIDMIX_STRUCTURE_REF_H

#include <stddef.h>

/* to[row][j][i][k] = from[row][i][j][k], i < a, j < b, k < n. */
void fmx_ref_swap_axes(size_t rows, size_t a, size_t b, size_t n, const double *from, double *to);

#endif
