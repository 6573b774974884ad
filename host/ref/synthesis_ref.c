#include "synthesis_ref.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

double fmx_ref_synthesis_line(double x, const fmx_ref_shape *s)
{
    double g = s->half_width;
    double h = s->cell / 2;
    double low = x - h;
    double high = x + h;
    /* the difference of two arc tangents, without cancellation far out */
    double absorption = atan2(2 * g * h, g * g + low * high) / (2 * pi * h);
    double far = x / (s->reach * g);
    double fade = far * far < 1 ? 1 - far * far : 0;
    double dispersion = log((g * g + high * high) / (g * g + low * low)) / (4 * pi * h) * fade;
    double root = sqrt(log(2)) / g;
    double gauss = (erf(root * high) - erf(root * low)) / (4 * h);
    return (1 - s->gauss) * (s->cosine * absorption + s->sine * dispersion) + s->gauss * gauss;
}

void fmx_ref_synthesis_part(double *out, size_t first, size_t end, const float *offset_weight,
                            size_t lines, double place, double amount, double stretch,
                            const fmx_ref_shape *shape)
{
    for (size_t j = first; j < end; ++j) {
        double sum = 0;
        for (size_t i = 0; i < lines; ++i)
            sum += (double)offset_weight[2 * i + 1] *
                   fmx_ref_synthesis_line(
                       (double)j - place - stretch * (double)offset_weight[2 * i], shape);
        out[j] += amount * sum;
    }
}

void fmx_ref_synthesis_hump(double *out, size_t points, double place, double width, double height)
{
    for (size_t j = 0; j < points; ++j) {
        double u = ((double)j - place) / width;
        out[j] += height * exp(-u * u);
    }
}
