/* How far each method of baseline is from a known baseline, in standard deviations of the noise.
 *
 * usage: baseline_known [SEEDS]        (24 unless told; one batch of spectra a baseline)
 *
 * Spectra of 32768 points, 12 to -1 ppm, 40 Lorentzian lines of 10 to 3000 sigma and 1 to 3 Hz at
 * 600 MHz between 0.8 and 8.5 ppm, noise of sigma = 1, plus one of the baselines below. Prints per
 * baseline and method the root mean square of (estimate - truth) over the whole row (median and
 * worst of the seeds) and over the points within 0.02 ppm of a line (median).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "fidmix/fidmix.h"
#include "philox.h"

enum { POINTS = 32768, LINES = 40, MOST_SEEDS = 64 };
static const double first_ppm = 12;
static const double step_ppm = -13.0 / POINTS;
static const double two_pi = 6.283185307179586;

typedef struct shape {
    const char *name;
    double (*at)(double ppm);
} shape;

static double none(double ppm)
{
    (void)ppm;
    return 0;
}

static double wave(double ppm)
{
    return 20 * cos(two_pi * ppm / 13 + 1);
}

static double roll(double ppm)
{
    return 20 * cos(two_pi * ppm / 3 + 1);
}

static double fifth(double ppm)
{
    double u = (ppm - 5.5) / 6.5;
    return 30 * (u - 5 * u * u * u + 4 * u * u * u * u * u + 0.3 * u * u);
}

static double humps(double ppm)
{
    return 60 * exp(-2.77 * pow((ppm - 1.9) / 1.5, 2)) + 30 * exp(-2.77 * pow((ppm - 7) / 0.6, 2));
}

static const shape shapes[] = {
    {"none", none},         {"wave of 13 ppm", wave}, {"wave of 3 ppm", roll},
    {"fifth order", fifth}, {"two humps", humps},
};

typedef struct method {
    const char *name;
    fmx_baseline options;
} method;

/* draw 0: lines, 1: noise */
static double uniform(uint64_t seed, uint32_t draw, size_t at)
{
    uint32_t word[4];
    fmx__random_words(word, seed, FMX__PURPOSE_TEST, seed, draw, (uint32_t)at);
    return (word[0] + 0.5) / 4294967296.0;
}

/* Lines into x, and where they are into near. */
static void add_lines(float *x, unsigned char *near, uint64_t seed)
{
    for (size_t k = 0; k < LINES; ++k) {
        double ppm = 0.8 + 7.7 * uniform(seed, 0, 3 * k);
        double height = 10 * pow(300, uniform(seed, 0, 3 * k + 1));
        double half_ppm = (0.5 + uniform(seed, 0, 3 * k + 2)) / 600;
        for (size_t i = 0; i < POINTS; ++i) {
            double u = first_ppm + step_ppm * (double)i - ppm;
            x[i] += (float)(height / (1 + pow(u / half_ppm, 2)));
            if (fabs(u) < 0.02)
                near[i] = 1;
        }
    }
}

static void add_noise(float *x, uint64_t seed)
{
    for (size_t i = 0; i < POINTS; ++i) {
        double radius = sqrt(-2 * log(uniform(seed, 1, 2 * i)));
        x[i] += (float)(radius * cos(two_pi * uniform(seed, 1, 2 * i + 1)));
    }
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static void report(const char *name, const float *clean, const float *got,
                   const unsigned char *near, size_t seeds)
{
    double all[MOST_SEEDS];
    double lines[MOST_SEEDS];
    for (size_t s = 0; s < seeds; ++s) {
        double sum = 0;
        double near_sum = 0;
        size_t near_count = 0;
        for (size_t i = s * POINTS; i < (s + 1) * POINTS; ++i) {
            double off = (double)got[i] - (double)clean[i];
            sum += off * off;
            near_sum += near[i] ? off * off : 0;
            near_count += near[i];
        }
        all[s] = sqrt(sum / POINTS);
        lines[s] = sqrt(near_sum / (double)near_count);
    }
    qsort(all, seeds, sizeof *all, ascending);
    qsort(lines, seeds, sizeof *lines, ascending);
    printf("  %-28s %8.3f %8.3f %8.3f\n", name, all[seeds / 2], all[seeds - 1], lines[seeds / 2]);
}

static fmx_status correct(fmx_device *device, const float *raw, size_t seeds,
                          const fmx_baseline *options, float *got)
{
    fmx_signal signal;
    fmx_status status =
        fmx_signal_create(device, FMX_DOMAIN_FREQUENCY, false, seeds, POINTS, &signal);
    if (status != FMX_OK)
        return status;
    for (size_t s = 0; s < seeds; ++s)
        signal.row[s].ppm_step = step_ppm;
    status = fmx_buffer_write(signal.data, 0, raw, seeds * POINTS * sizeof *raw);
    if (status == FMX_OK && options != NULL)
        status = fmx_correct_baseline(&signal, options);
    if (status == FMX_OK)
        status = fmx_signal_read(&signal, got);
    fmx_signal_clear(&signal);
    return status;
}

static fmx_baseline with(int kind, double length_ppm, double asymmetry, int64_t order)
{
    fmx_baseline options = FMX_BASELINE_DEFAULT;
    options.method = kind;
    options.length_ppm = length_ppm;
    options.asymmetry = asymmetry;
    options.order = order;
    return options;
}

static fmx_status compare(fmx_device *device, size_t seeds, const float *clean, float *raw,
                          float *got, const unsigned char *near)
{
    const method methods[] = {
        {"percentile", with(FMX_BASELINE_PERCENTILE, 1, 0.01, 5)},
        {"median", with(FMX_BASELINE_MEDIAN, 1, 0.01, 5)},
        {"als", with(FMX_BASELINE_ALS, 0.5, 0.01, 5)},
        {"als, asymmetry 0.001", with(FMX_BASELINE_ALS, 0.5, 0.001, 5)},
        {"als, length 1 ppm", with(FMX_BASELINE_ALS, 1, 0.01, 5)},
        {"polynomial", with(FMX_BASELINE_POLYNOMIAL, 1, 0.01, 5)},
        {"polynomial, order 9", with(FMX_BASELINE_POLYNOMIAL, 1, 0.01, 9)},
    };
    fmx_status status = FMX_OK;
    for (size_t k = 0; status == FMX_OK && k < sizeof shapes / sizeof *shapes; ++k) {
        for (size_t i = 0; i < seeds * POINTS; ++i)
            raw[i] = clean[i] + (float)shapes[k].at(first_ppm + step_ppm * (double)(i % POINTS));
        printf("%-30s   median    worst  at lines\n", shapes[k].name);
        status = correct(device, raw, seeds, NULL, got);
        if (status == FMX_OK)
            report("uncorrected", clean, got, near, seeds);
        for (size_t m = 0; status == FMX_OK && m < sizeof methods / sizeof *methods; ++m) {
            status = correct(device, raw, seeds, &methods[m].options, got);
            if (status == FMX_OK)
                report(methods[m].name, clean, got, near, seeds);
        }
    }
    return status;
}

int main(int argc, char **argv)
{
    size_t seeds = argc > 1 ? strtoul(argv[1], NULL, 10) : 24;
    fmx_context *ctx = NULL;
    fmx_device *device = NULL;
    float *clean = NULL;
    float *raw = NULL;
    float *got = NULL;
    unsigned char *near = NULL;
    seeds = seeds < 1 ? 1 : seeds > MOST_SEEDS ? MOST_SEEDS : seeds;
    fmx_status status = fmx_context_create(&ctx);
    if (status == FMX_OK)
        status = fmx_device_open(ctx, NULL, &device);
    if (status == FMX_OK) {
        clean = calloc(seeds * POINTS, sizeof *clean);
        raw = calloc(seeds * POINTS, sizeof *raw);
        got = calloc(seeds * POINTS, sizeof *got);
        near = calloc(seeds * POINTS, 1);
        status = clean && raw && got && near ? FMX_OK : FMX_ERROR_MEMORY;
    }
    for (size_t s = 0; status == FMX_OK && s < seeds; ++s) {
        add_lines(clean + s * POINTS, near + s * POINTS, s);
        add_noise(clean + s * POINTS, s);
    }
    if (status == FMX_OK)
        status = compare(device, seeds, clean, raw, got, near);
    if (status != FMX_OK)
        fprintf(stderr, "baseline_known: %s\n", ctx ? fmx_context_message(ctx) : "no memory");
    free(near);
    free(got);
    free(raw);
    free(clean);
    fmx_device_close(device);
    fmx_context_destroy(ctx);
    return status == FMX_OK ? 0 : 1;
}
