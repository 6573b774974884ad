#include "quantile_ref.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *left, const void *right)
{
    float a = *(const float *)left;
    float b = *(const float *)right;
    return (a > b) - (a < b);
}

double fmx_ref_quantile(const float *at, size_t step, size_t lag, size_t count, bool absolute,
                        float centre, float limit, double q)
{
    float *sorted = malloc(count * sizeof *sorted);
    size_t m = 0;
    if (sorted == NULL)
        return NAN;
    for (size_t i = 0; i < count; ++i) {
        /* rounding the double difference once gives the float difference */
        float v = (float)((double)at[i * step] - (lag > 0 ? at[i * step + lag] : centre));
        v = absolute ? fabsf(v) : v;
        if (v <= limit)
            sorted[m++] = v;
    }
    qsort(sorted, m, sizeof *sorted, ascending);
    double h = q * ((double)m - 1);
    size_t low = m > 0 ? (size_t)h : 0;
    double result = NAN;
    if (m > 0)
        result = sorted[low];
    if (low + 1 < m)
        result += ((double)sorted[low + 1] - sorted[low]) * (h - (double)low);
    free(sorted);
    return result;
}
