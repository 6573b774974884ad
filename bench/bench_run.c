#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"

enum { LEAST_ROUNDS = 11, MOST_ROUNDS = 101 };
static const double usual_longest_us = 1.5e6;

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* One step: device time of all its kernels, wall time, bytes and FLOPs. */
typedef struct sample {
    double device_us;
    double wall_us;
    double bytes;
    double flops;
} sample;

static fmx_status take_sample(fmx_device *device, fmx__bench_step restore, fmx__bench_step step,
                              void *state, sample *out)
{
    fmx_profile_row *rows = NULL;
    size_t count = 0;
    *out = (sample){0};
    fmx_status status = restore != NULL ? restore(state) : FMX_OK;
    if (status == FMX_OK)
        status = fmx_device_finish(device);
    if (status == FMX_OK)
        status = fmx_device_profile(device, true);
    double start = now_us();
    if (status == FMX_OK)
        status = step(state);
    if (status == FMX_OK)
        status = fmx_device_finish(device);
    out->wall_us = now_us() - start;
    if (status == FMX_OK)
        status = fmx_device_profile_rows(device, &rows, &count);
    for (size_t i = 0; i < count; ++i) {
        out->device_us += rows[i].milliseconds * 1e3;
        out->bytes += rows[i].bytes;
        out->flops += rows[i].flops;
    }
    free(rows);
    return status;
}

static void fill_result(const fmx__bench_ceiling *limits, fmx__bench_result *r, double *device_us,
                        double *wall_us, size_t rounds, const sample *last)
{
    qsort(device_us, rounds, sizeof *device_us, ascending);
    qsort(wall_us, rounds, sizeof *wall_us, ascending);
    r->rounds = rounds;
    r->median_us = device_us[rounds / 2];
    r->least_us = device_us[0];
    r->wall_us = wall_us[rounds / 2];
    r->gb_s = last->bytes / (r->median_us * 1e3);
    r->gflop_s = last->flops / (r->median_us * 1e3);
    if (limits->copy_gb_s > 0 && limits->fma_gflop_s > 0) {
        double by_copy = last->bytes / (limits->copy_gb_s * 1e3);
        double by_fma = last->flops / (limits->fma_gflop_s * 1e3);
        r->roofline = (by_copy > by_fma ? by_copy : by_fma) / r->median_us;
    }
}

fmx_status fmx__bench_measure(fmx__bench_run *run, const char *name, fmx__bench_step restore,
                              fmx__bench_step step, void *state)
{
    double device_us[MOST_ROUNDS];
    double wall_us[MOST_ROUNDS];
    sample s;
    size_t rounds = 0;
    fmx_status status = fmx__grow(NULL, &run->result, &run->capacity, run->count + 1,
                                  sizeof *run->result, "results");
    if (status == FMX_OK)
        status = take_sample(run->device, restore, step, state, &s);
    if (status != FMX_OK)
        return status;
    fmx__bench_result *r = &run->result[run->count];
    *r = (fmx__bench_result){.first_us = s.wall_us};
    snprintf(r->stem, sizeof r->stem, "%s", run->stem);
    snprintf(r->name, sizeof r->name, "%s", name);
    double longest_us = run->longest_us > 0 ? run->longest_us : usual_longest_us;
    double start = now_us();
    while (rounds < MOST_ROUNDS && (rounds < LEAST_ROUNDS || now_us() - start < longest_us)) {
        status = take_sample(run->device, restore, step, state, &s);
        if (status != FMX_OK)
            return status;
        device_us[rounds] = s.device_us;
        wall_us[rounds] = s.wall_us;
        ++rounds;
    }
    fill_result(&run->limits, r, device_us, wall_us, rounds, &s);
    ++run->count;
    return fmx_device_profile(run->device, false);
}

void fmx__bench_clear(fmx__bench_run *run)
{
    free(run->result);
    run->result = NULL;
    run->count = run->capacity = 0;
}
