#include <math.h>
#include <stdlib.h>

#include "bench.h"
#include "philox.h"

enum { LINES = 40 };
static const double pi = 3.14159265358979323846;

static double draw(size_t item, uint32_t position, double low, double high)
{
    uint32_t words[4];
    fmx__random_words(words, 1, FMX__PURPOSE_TEST, item, position, 0);
    return low + (high - low) * fmx__uniform(words[0]);
}

fmx_status fmx__bench_random(fmx_device *device, size_t floats, fmx_buffer **out)
{
    float *data = NULL;
    *out = NULL;
    fmx_status status = fmx__alloc(NULL, floats, sizeof *data, "random data", &data);
    for (size_t i = 0; status == FMX_OK && i < floats; ++i)
        data[i] = (float)draw(i, 0, -1, 1);
    if (status == FMX_OK)
        status = fmx_buffer_create_copy(device, data, floats * sizeof *data, out);
    free(data);
    return status;
}

/* Adds one line to a row: a decay, or its Lorentzian (absorption + i dispersion). */
static void add_line(float *row, fmx_domain domain, bool is_complex, size_t points, double hz,
                     double width_hz, double sw_hz)
{
    for (size_t n = 0; n < points; ++n) {
        double re = 0;
        double im = 0;
        if (domain == FMX_DOMAIN_TIME) {
            double t = (double)n / sw_hz;
            re = exp(-pi * width_hz * t) * cos(2 * pi * hz * t);
            im = exp(-pi * width_hz * t) * sin(2 * pi * hz * t);
        } else {
            double x = ((0.5 - (double)n / (double)points) * sw_hz - hz) / (0.5 * width_hz);
            re = 1 / (1 + x * x);
            im = -x / (1 + x * x);
        }
        row[is_complex ? 2 * n : n] += (float)re;
        if (is_complex)
            row[2 * n + 1] += (float)im;
    }
}

fmx_status fmx__bench_signal(fmx_device *device, fmx_domain domain, bool is_complex, size_t rows,
                             size_t points, fmx_signal *out)
{
    const double sw_hz = 8000;
    const double obs_mhz = 600;
    size_t width = points * (is_complex ? 2 : 1);
    float *row = NULL;
    fmx_status status = fmx_signal_create(device, domain, is_complex, rows, points, out);
    if (status == FMX_OK)
        status = fmx__alloc(NULL, width, sizeof *row, "a row", &row);
    for (size_t line = 0; status == FMX_OK && line < LINES; ++line)
        add_line(row, domain, is_complex, points, draw(line, 1, -2700, 2700),
                 draw(line, 2, 0.7, 2.5), sw_hz);
    for (size_t i = 0; status == FMX_OK && i < width; ++i)
        row[i] += (float)draw(i, 3, -0.02, 0.02);
    for (size_t r = 0; status == FMX_OK && r < rows; ++r) {
        status = fmx_buffer_write(out->data, r * width * sizeof *row, row, width * sizeof *row);
        out->row[r] = (fmx_row){.item = r,
                                .sw_hz = sw_hz,
                                .obs_mhz = obs_mhz,
                                .sf_mhz = obs_mhz / (1 + 4.7e-6),
                                .valid = points,
                                .ppm_first = 4.7 + sw_hz / obs_mhz / 2,
                                .ppm_step = -sw_hz / obs_mhz / (double)points};
    }
    free(row);
    return status;
}

fmx_status fmx__bench_renew_decays(fmx_signal *signal, size_t rows, size_t points, size_t valid,
                                   double group_delay)
{
    fmx_device *device = signal->device;
    fmx_signal_clear(signal);
    fmx_status status = fmx_signal_create(device, FMX_DOMAIN_TIME, true, rows, points, signal);
    signal->device = device;
    for (size_t i = 0; status == FMX_OK && i < rows; ++i) {
        signal->row[i].valid = valid;
        signal->row[i].group_delay = group_delay;
    }
    return status;
}
