#include <stdlib.h>

#include "bench.h"
#include "cli.h"

fmx_status fmx__cli_profile(fmx__cli *cli)
{
    fmx_profile_row *rows = NULL;
    size_t count = 0;
    fmx__bench_ceiling limits = {0};
    if (!fmx__cli_has(cli, "--profile") || cli->device == NULL)
        return FMX_OK;
    fmx_status status = fmx_device_profile_rows(cli->device, &rows, &count);
    if (status == FMX_OK)
        status = fmx__bench_measure_limits(cli->device, &limits);
    if (status == FMX_OK) {
        const fmx_device_info *info = fmx_device_describe(cli->device);
        fprintf(stderr,
                "profile of %s (%s, driver %s); limits measured: copy %.1f GB/s, FMA %.0f GFLOP/s\n"
                "%-16s %-16s %-28s %7s %10s %8s %10s %9s\n",
                info->name, info->platform, info->driver, limits.copy_gb_s, limits.fma_gflop_s,
                "stage", "stem", "kernel", "calls", "ms", "GB/s", "GFLOP/s", "roofline");
    }
    double total = 0;
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        const fmx_profile_row *r = &rows[i];
        double us = r->milliseconds * 1e3;
        double by_copy = r->bytes / (limits.copy_gb_s * 1e3);
        double by_fma = r->flops / (limits.fma_gflop_s * 1e3);
        total += r->milliseconds;
        fprintf(stderr, "%-16s %-16s %-28s %7llu %10.3f %8.2f %10.2f %8.0f%%\n", r->scope, r->stem,
                r->kernel, (unsigned long long)r->calls, r->milliseconds,
                us > 0 ? r->bytes / (us * 1e3) : 0, us > 0 ? r->flops / (us * 1e3) : 0,
                us > 0 ? 100 * (by_copy > by_fma ? by_copy : by_fma) / us : 0);
    }
    if (status == FMX_OK)
        fprintf(stderr, "%-16s %-16s %-28s %7s %10.3f\n", "total", "", "", "", total);
    free(rows);
    return status;
}
