/* autophase by lines: lines that were missed, sought in what the fit left. Only enqueues. */
#include "autophase_internal.h"
#include "quantile.h"

#include <math.h>

enum { GROUP = 64, LANES = 16, HALF = FMX__REST_TAPS / 2 };

static const double width_hz = 0.7; /* half width of a line with usual apodisation */

/* Least squares of A / (w + i f) + mean + slope over the window, as a sum over its points: the line
 * without its own mean and slope, over its squared length. */
static void taps_of(float *taps, double h_hz)
{
    double g[2][FMX__REST_TAPS];
    double mean[2] = {0};
    double slope[2] = {0};
    double squares = 0; /* sum of n^2 */
    double length = 0;
    for (int n = -HALF; n <= HALF; ++n) {
        double f = -h_hz * n;
        double q = 1 / (width_hz * width_hz + f * f);
        g[0][n + HALF] = width_hz * q;
        g[1][n + HALF] = -f * q;
        squares += n * n;
        for (int part = 0; part < 2; ++part) {
            mean[part] += g[part][n + HALF] / FMX__REST_TAPS;
            slope[part] += g[part][n + HALF] * n;
        }
    }
    for (int n = -HALF; n <= HALF; ++n) {
        for (int part = 0; part < 2; ++part) {
            double *at = &g[part][n + HALF];
            *at -= mean[part] + slope[part] / squares * n;
            length += *at * *at;
        }
    }
    for (int i = 0; i < FMX__REST_TAPS; ++i) {
        taps[i] = (float)(g[0][i] / length);
        taps[i + FMX__REST_TAPS] = (float)(g[1][i] / length);
    }
}

fmx_status fmx__autophase_taps(fmx__autophase_work *work)
{
    fmx_status status = fmx__alloc(fmx__device_context(work->device), work->rows,
                                   2 * FMX__REST_TAPS * sizeof(float), "taps", &work->taps);
    for (size_t i = 0; status == FMX_OK && i < work->rows; ++i)
        taps_of(work->taps + i * 2 * FMX__REST_TAPS, work->param[i].h_hz);
    return status;
}

static fmx__arg facts_of(const fmx__autophase_work *work)
{
    return fmx__arg_data(work->param, work->rows * sizeof *work->param);
}

static fmx__arg of_points(const fmx__autophase_work *work, fmx_buffer *buffer, size_t planes)
{
    return fmx__arg_buffer(buffer, work->rows * work->most * planes * sizeof(float));
}

static fmx__arg of_lines(const fmx__autophase_work *work, fmx_buffer *buffer, size_t words)
{
    return fmx__arg_buffer(buffer, work->rows * FMX__FIT_LINES * words * sizeof(float));
}

static fmx__launch over_points(const fmx__autophase_work *work, const char *kernel,
                               const char *wide_kernel)
{
    bool wide = fmx__device_wide(work->device);
    return (fmx__launch){
        .stem = "autophase_rest",
        .kernel = wide ? wide_kernel : kernel,
        .dims = 2,
        .global = {wide ? (work->most + LANES - 1) / LANES : work->most, work->rows},
        .local = {wide ? GROUP / LANES : GROUP}};
}

fmx_status fmx__autophase_rest(fmx__autophase_work *work)
{
    double points = (double)work->rows * (double)work->most;
    fmx__arg args[] = {
        of_points(work, work->rest, 3),
        of_points(work, work->z, 2),
        of_lines(work, work->line[0], 8),
        of_lines(work, work->centres, 1),
        fmx__arg_buffer(work->count, work->rows * sizeof(uint32_t)),
        facts_of(work),
        fmx__arg_u32(work->rows),
        fmx__arg_u32(work->most),
    };
    fmx__launch job = over_points(work, "autophase_rest", "autophase_rest_wide");
    job.arg = args;
    job.arg_count = FMX__COUNT(args);
    job.flops = 20 * points * FMX__FIT_LINES; /* with every line there; fewer are the rule */
    job.bytes = 5 * points * sizeof(float);
    return fmx__launch_kernel(work->device, &job);
}

static fmx_status seek(fmx__autophase_work *work)
{
    double points = (double)work->rows * (double)work->most;
    fmx__arg args[] = {
        of_points(work, work->difference, 1),
        of_points(work, work->rest, 3),
        fmx__arg_data(work->taps, work->rows * 2 * FMX__REST_TAPS * sizeof(float)),
        fmx__arg_buffer(work->state, work->rows * 4 * sizeof(float)),
        facts_of(work),
        fmx__arg_u32(work->rows),
        fmx__arg_u32(work->most),
    };
    fmx__launch job = over_points(work, "autophase_seek", "autophase_seek_wide");
    job.arg = args;
    job.arg_count = FMX__COUNT(args);
    job.flops = (8 * FMX__REST_TAPS + 30) * points;
    job.bytes = 4 * points * sizeof(float);
    return fmx__launch_kernel(work->device, &job);
}

static fmx_status keep(fmx__autophase_work *work)
{
    double lines = (double)work->rows * FMX__FIT_LINES;
    fmx__arg args[] = {
        of_points(work, work->difference, 1),
        of_lines(work, work->line[0], 8),
        of_lines(work, work->centres, 1),
        fmx__arg_buffer(work->count, work->rows * sizeof(uint32_t)),
        fmx__arg_buffer(work->median, work->rows * sizeof(float)),
        facts_of(work),
        fmx__arg_u32(work->rows),
        fmx__arg_u32(work->most),
    };
    fmx__launch job = {.stem = "autophase_rest",
                       .kernel = "autophase_keep",
                       .arg = args,
                       .arg_count = FMX__COUNT(args),
                       .dims = 1,
                       .global = {work->rows},
                       .flops = 6 * lines,
                       .bytes = 10 * lines * sizeof(float)};
    return fmx__launch_kernel(work->device, &job);
}

fmx_status fmx__autophase_seek(fmx__autophase_work *work)
{
    const fmx__quantile_of of = {.data = work->difference,
                                 .rows = work->rows,
                                 .stride = work->most,
                                 .step = 1,
                                 .count = work->most,
                                 .absolute = true};
    fmx_status status = seek(work);
    if (status == FMX_OK)
        status = fmx__quantile(work->median, &of, 0.5, work->device);
    return status == FMX_OK ? keep(work) : status;
}
