#include "query_windows_ref.h"

#include <math.h>

enum { WINDOW = 192 };

static double y_of(double v)
{
    return v < 0 ? -log1p(-v) : log1p(v);
}

void fmx_ref_query_windows(double *out, const float *obs, const float *fitted, size_t points,
                           const float *pattern, const fmx_ref_query_window *window)
{
    for (long w = 0; w < WINDOW; ++w) {
        double sum[3] = {0, 0, 0};
        for (size_t k = 0; k < window->step; ++k) {
            long j = window->start + w * (long)window->step + (long)k;
            long at = j - window->base;
            double p = at >= 0 && at < (long)window->count ? (double)pattern[at] : 0;
            double o = j >= 0 && j < (long)points ? (double)obs[j] : 0;
            double f = j >= 0 && j < (long)points ? (double)fitted[j] : 0;
            sum[0] += o;
            sum[1] += p;
            sum[2] += o - f + window->own * p;
        }
        double share = window->step > 0 ? 1 / (double)window->step : 0;
        out[w] = y_of(sum[0] * share * window->inverse);
        out[WINDOW + w] = sum[1] * share;
        out[2 * WINDOW + w] = y_of(sum[2] * share * window->inverse);
    }
}
