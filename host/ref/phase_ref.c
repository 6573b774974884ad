#include "phase_ref.h"

#include <math.h>

void fmx_ref_phase(float *data, size_t points, double p0_deg, double p1_deg)
{
    const double pi = 3.14159265358979323846;
    for (size_t j = 0; j < points; ++j) {
        double angle = pi / 180 * (p0_deg + p1_deg * (double)j / (double)points);
        double re = data[2 * j];
        double im = data[2 * j + 1];
        data[2 * j] = (float)(re * cos(angle) - im * sin(angle));
        data[2 * j + 1] = (float)(re * sin(angle) + im * cos(angle));
    }
}
