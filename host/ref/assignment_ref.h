/* Twin of assignment. */
#ifndef FIDMIX_ASSIGNMENT_REF_H
#define FIDMIX_ASSIGNMENT_REF_H

#include <stddef.h>

/* The least sum of cost [n][n] over all permutations, n up to 20, and in columns [n] (may be NULL)
 * one that has it: over sets of columns, best[set] = min over j in set of best[set less j] +
 * cost[|set| - 1][j]. NAN where memory is missing. */
double fmx_ref_assignment(const double *cost, size_t n, size_t *columns);

#endif
