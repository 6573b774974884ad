#include "regions_ref.h"

static double mean(const float *x, size_t first, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; ++i)
        sum += x[first + i];
    return sum / (double)count;
}

void fmx_ref_regions(double *out, const float *x, const bool *inside, const double *noise,
                     size_t points, bool keep, int offset, size_t edge_points)
{
    for (size_t j = 0; j < points; ++j)
        out[j] = inside[j] == keep ? x[j] : noise[j];
    for (size_t first = 0; keep && offset != 2 && first < points; ++first) {
        if (!inside[first])
            continue;
        size_t end = first;
        while (end < points && inside[end])
            ++end;
        size_t n = edge_points < end - first ? edge_points : end - first;
        double a = mean(x, first, n);
        double b = offset == 1 ? mean(x, end - n, n) : a;
        for (size_t j = first; j < end; ++j) {
            double t = end - first > 1 ? (double)(j - first) / (double)(end - first - 1) : 0;
            out[j] = x[j] - (a + (b - a) * t);
        }
        first = end;
    }
}
