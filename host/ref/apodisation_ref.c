#include <math.h>

#include "apodisation_ref.h"

static const double pi = 3.14159265358979323846;

/* Window at t seconds since the decay began, of a decay that was acquired for `acquired` seconds.
 */
static double window_at(double t, double acquired, int window, double lb_hz, double gb_hz,
                        double offset, double end, int power)
{
    double phase = offset + (end - offset) * t / acquired;
    switch (window) {
    case 0: /* exponential */
        return exp(-pi * lb_hz * t);
    case 1: /* Gaussian */
        return exp(-(pi * lb_hz * t) * (pi * lb_hz * t) / (4 * log(2)));
    case 2: /* sine bell */
        return phase < 0 || phase > 1 ? 0 : pow(sin(pi * phase), power);
    default: /* Lorentz to Gauss */
        return exp(pi * lb_hz * t - (pi * gb_hz * t) * (pi * gb_hz * t) / (4 * log(2)));
    }
}

void fmx_ref_apodisation(float *data, size_t points, double sw_hz, double delay_points,
                         size_t valid, int window, double lb_hz, double gb_hz, double offset,
                         double end, int power)
{
    double acquired = ((double)valid - delay_points) / sw_hz;
    for (size_t n = 0; n < points; ++n) {
        double t = ((double)n - delay_points) / sw_hz;
        double w = window_at(t, acquired, window, lb_hz, gb_hz, offset, end, power);
        data[2 * n] = (float)(data[2 * n] * w);
        data[2 * n + 1] = (float)(data[2 * n + 1] * w);
    }
}
