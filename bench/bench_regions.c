#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "cases/regions.h"

typedef struct state {
    fmx_signal signal;
    fmx_region region[FMX__COUNT(fmx_case_region)];
    fmx_region_table table;
    const fmx_case_regions *c;
} state;

static fmx_status step(void *user)
{
    state *s = user;
    return fmx_apply_regions(&s->signal, &s->c->options, &s->table);
}

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_regions); ++i) {
        state s = {.c = &fmx_cases_regions[i]};
        if (!s.c->bench)
            continue;
        memcpy(s.region, fmx_case_region, sizeof s.region);
        s.table = (fmx_region_table){s.region, FMX__COUNT(s.region)};
        status = fmx__bench_signal(device, FMX_DOMAIN_FREQUENCY, false, s.c->rows, s.c->points,
                                   &s.signal);
        for (size_t row = 0; status == FMX_OK && row < s.c->rows; ++row) {
            snprintf(s.signal.row[row].name, sizeof s.signal.row[row].name, "a");
            s.signal.row[row].noise_sigma = 1;
        }
        if (status == FMX_OK)
            status = fmx__bench_measure(results, s.c->name, NULL, step, &s);
        fmx_signal_clear(&s.signal);
    }
    return status;
}

const fmx__bench fmx__bench_regions = {"regions", run};
