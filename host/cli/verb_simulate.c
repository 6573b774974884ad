#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "simulate_job.h"

/* "LO:HI" or one number for both. */
static fmx_status read_pair(fmx__cli *cli, const char *name, double *low, double *high)
{
    const char *text = fmx__cli_value(cli, name);
    if (text == NULL)
        return FMX_OK;
    char *end = NULL;
    *low = strtod(text, &end);
    *high = *low;
    bool good = end != text;
    if (good && *end == ':') {
        const char *second = end + 1;
        *high = strtod(second, &end);
        good = end != second;
    }
    if (!good || *end != '\0')
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "%s: \"%s\" is not a number or a pair LO:HI",
                         name, text);
    return FMX_OK;
}

static fmx_status read_reference(fmx__cli *cli, int *out)
{
    static const char *const names[] = {"DSS", "TSP", "TMS", "none"};
    const char *text = fmx__cli_value(cli, "--reference");
    for (size_t i = 0; text != NULL && i < FMX__COUNT(names); ++i) {
        if (strcmp(text, names[i]) == 0) {
            *out = (int)i;
            return FMX_OK;
        }
    }
    return text == NULL ? FMX_OK
                        : fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                                    "--reference: \"%s\" is not DSS, TSP, TMS or none", text);
}

static fmx_status read_options(fmx__cli *cli, fmx_simulation *o)
{
    const fmx_simulation defaults = FMX_SIMULATION_DEFAULT;
    *o = defaults;
    const struct {
        const char *name;
        double *value;
        double least, most;
    } number[] = {
        {"--field-mhz", &o->field_mhz, 1, 3000},
        {"--sw-hz", &o->sw_hz, 100, 1e6},
        {"--centre-ppm", &o->centre_ppm, -1000, 1000},
        {"--group-delay", &o->group_delay, 0, 128},
        {"--gaussian-hz", &o->gaussian_hz, 0, 1e4},
        {"--multiplet-shift-ppm", &o->multiplet_shift_ppm, 0, 1},
        {"--water", &o->water, 0, 1e6},
        {"--water-ppm", &o->water_ppm, -1000, 1000},
        {"--water-width-hz", &o->water_width_hz, 0.01, 1e4},
        {"--baseline-error", &o->baseline_error, 0, 100},
        {"--reference-amount", &o->reference_amount, 0, 1e6},
    };
    double sw_ppm = 0;
    int64_t points = 0;
    int64_t seed = 0;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(number); ++i)
        status = fmx__cli_number(cli, number[i].name, *number[i].value, number[i].least,
                                 number[i].most, number[i].value);
    if (status == FMX_OK)
        status = fmx__cli_number(cli, "--sw-ppm", 0, 0.1, 1e4, &sw_ppm);
    if (status == FMX_OK && sw_ppm > 0 && fmx__cli_has(cli, "--sw-hz"))
        status = fmx__fail(cli->ctx, FMX_ERROR_USAGE, "give --sw-hz or --sw-ppm, not both");
    if (status == FMX_OK && sw_ppm > 0)
        o->sw_hz = sw_ppm * o->field_mhz;
    if (status == FMX_OK)
        status = fmx__cli_integer(cli, "--points", (int64_t)o->points, 64, 1 << 24, &points);
    if (status == FMX_OK)
        status = fmx__cli_integer(cli, "--seed", (int64_t)o->seed, 0, INT64_MAX, &seed);
    if (status == FMX_OK)
        status = read_pair(cli, "--line-width-hz", &o->width_low_hz, &o->width_high_hz);
    if (status == FMX_OK)
        status = read_pair(cli, "--phase-error", &o->p0_deg, &o->p1_deg);
    if (status == FMX_OK)
        status = read_pair(cli, "--snr", &o->snr, &o->snr_high);
    if (status == FMX_OK)
        status = read_reference(cli, &o->reference);
    o->points = (size_t)points;
    o->seed = (uint64_t)seed;
    return status;
}

static fmx_status run(fmx__cli *cli)
{
    fmx__simulate_job job = {
        .spins = fmx__cli_value(cli, "--spins"),
        .only = fmx__cli_value(cli, "--only"),
        .mixtures = fmx__cli_value(cli, "--mixtures"),
        .out = fmx__cli_value(cli, "--out"),
        .resume = fmx__cli_has(cli, "--resume"),
    };
    fmx__simulate_result result = {0};
    int64_t replicates = 1;
    bool pure = job.mixtures == NULL || fmx__cli_has(cli, "--per-compound") || job.only != NULL;
    if (job.spins == NULL || job.out == NULL || job.out[0] == '\0')
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "--spins FILE and --out DIR are needed");
    fmx_status status = read_options(cli, &job.options);
    if (status == FMX_OK)
        status = fmx__cli_integer(cli, "--per-compound", 1, 1, 1000000, &replicates);
    if (status == FMX_OK)
        status = fmx__cli_device(cli, &job.device);
    job.replicates = pure ? (uint32_t)replicates : 0;
    if (status == FMX_OK)
        status = fmx__simulate(&job, &result);
    if (status == FMX_OK)
        fmx__log(cli->ctx, FMX_LOG_INFO,
                 "%s: %zu FIDs of %zu samples, %zu of them written now; "
                 "truth.csv says what is in them",
                 job.out, result.fids, result.samples, result.written);
    return status;
}

static const fmx__cli_option options[] = {
    {"--spins", "FILE", "spin systems, e.g. data/spin_systems.yml; spin_systems: those built in",
     false},
    {"--out", "DIR", "folder to make: DIR/NAME/1, DIR/NAME/2 ... and DIR/truth.csv", false},
    {"--only", "A,B", "these compounds only (names or synonyms)", false},
    {"--per-compound", "N", "FIDs of each compound (default 1)", false},
    {"--mixtures", "FILE",
     "CSV of sample,compound,amount: DIR/SAMPLE/1; compounds alone then only where --only or "
     "--per-compound asks for them",
     false},
    {"--field-mhz", "F", "1H frequency of 0 ppm (default 400)", false},
    {"--snr", "LO:HI", "highest line over noise, drawn per FID (default 200; 0: no noise)", false},
    {"--points", "N", "complex points (default 16384)", false},
    {"--sw-hz", "W", "spectral width in Hz (default 12 ppm)", false},
    {"--sw-ppm", "W", "spectral width in ppm", false},
    {"--centre-ppm", "P", "place of the transmitter (default 4.7)", false},
    {"--line-width-hz", "LO:HI", "Lorentzian widths, drawn per FID (default 0.8:1.6)", false},
    {"--multiplet-shift-ppm", "X", "moves each multiplet by up to +- this (default 0)", false},
    {"--gaussian-hz", "W", "Gaussian part of the widths (default 0.2)", false},
    {"--water", "X", "height of the water line in highest lines (default 1; 0: none)", false},
    {"--water-ppm", "P", "its place, +-0.02 ppm (default 4.7)", false},
    {"--water-width-hz", "W", "its width (default 4)", false},
    {"--phase-error", "P0:P1", "p0 and p1 are drawn from +- these, degrees (default 180:30)",
     false},
    {"--baseline-error", "X", "error of the first points, in amplitudes (default 0.01)", false},
    {"--group-delay", "D", "of the digital filter, points (default 67.9842; 0: none)", false},
    {"--reference", "NAME", "DSS, TSP, TMS or none, at 0 ppm (default DSS)", false},
    {"--reference-amount", "X", "its amount (default 0.1)", false},
    {"--resume", NULL, "goes on in a folder that the same command began", false},
};

const fmx__verb fmx__verb_simulate = {
    .name = "simulate",
    .usage = "--spins FILE --out DIR [--only A,B] [--per-compound N] [--mixtures FILE]",
    .summary = "makes raw Bruker folders of compounds and mixtures from spin systems",
    .examples =
        "  fidmix simulate --spins data/spin_systems.yml --out raw --per-compound 5\n"
        "  fidmix simulate --spins data/spin_systems.yml --out mixed --mixtures mixtures.csv\n"
        "  fidmix simulate --spins data/spin_systems.yml --out clean --only Ethanol --snr 0 "
        "--water 0 --phase-error 0:0 --baseline-error 0\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .run = run,
};
