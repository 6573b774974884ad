#include "resample_ref.h"

#include <math.h>

/* Value of point i, the end points repeated. */
static double point(const float *x, size_t count, double i)
{
    return x[(size_t)fmax(0, fmin((double)count - 1, i))];
}

/* Hermite form: values x0, x1 and slopes by central differences. */
static double cubic(const float *x, size_t count, double i, double t)
{
    double x0 = point(x, count, i);
    double x1 = point(x, count, i + 1);
    double slope0 = (x1 - point(x, count, i - 1)) / 2;
    double slope1 = (point(x, count, i + 2) - x0) / 2;
    return (1 + 2 * t) * (1 - t) * (1 - t) * x0 + t * (1 - t) * (1 - t) * slope0 +
           t * t * (3 - 2 * t) * x1 - t * t * (1 - t) * slope1;
}

/* Mean over [p - width / 2, p + width / 2] where sample i covers [i - 1/2, i + 1/2]. */
static double area(const float *x, size_t count, double p, double width)
{
    double low = fmax(p - width / 2, -0.5);
    double high = fmin(p + width / 2, (double)count - 0.5);
    double sum = 0;
    for (size_t i = (size_t)(low + 0.5); i < count && (double)i - 0.5 < high; ++i)
        sum += x[i] * fmax(0, fmin(high, (double)i + 0.5) - fmax(low, (double)i - 0.5));
    return sum / (high - low);
}

double fmx_ref_resample(const float *x, size_t count, double p, int method, double width)
{
    double i = floor(p);
    double t = p - i;
    if (method == 2 && width > 1)
        return area(x, count, p, width);
    if (method == 1)
        return cubic(x, count, i, t);
    return point(x, count, i) + t * (point(x, count, i + 1) - point(x, count, i));
}
