#include "assignment_ref.h"

#include <math.h>
#include <stdlib.h>

static size_t members(size_t set)
{
    size_t count = 0;
    for (; set != 0; set &= set - 1)
        ++count;
    return count;
}

double fmx_ref_assignment(const double *cost, size_t n, size_t *columns)
{
    size_t sets = (size_t)1 << n;
    double *best = calloc(sets, sizeof *best);
    if (best == NULL)
        return NAN;
    for (size_t set = 1; set < sets; ++set) {
        size_t row = members(set) - 1;
        best[set] = INFINITY;
        for (size_t j = 0; j < n; ++j) {
            if (set >> j & 1)
                best[set] = fmin(best[set], best[set ^ (size_t)1 << j] + cost[row * n + j]);
        }
    }
    double least = best[sets - 1];
    for (size_t set = sets - 1, row = n; columns != NULL && row-- > 0;) {
        size_t j = 0;
        while (!(set >> j & 1) || best[set ^ (size_t)1 << j] + cost[row * n + j] != best[set])
            ++j;
        columns[row] = j;
        set ^= (size_t)1 << j;
    }
    free(best);
    return least;
}
