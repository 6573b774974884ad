#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "atomic_file.h"
#include "cli.h"
#include "simulate_plan.h"

enum { BATCH = 8, STAMP_MOST_BYTES = 1 << 20 };

/* One run of the verb. */
typedef struct job {
    fmx__cli *cli;
    const char *out;
    fmx_simulation options;
    fmx_spin_library library;
    fmx__plan plan;
    fmx_simulator *simulator;
    fmx_simulated_sample *sample; /* [plan.fids] */
    size_t *sample_of;            /* [plan.fids]: index in the plan */
    fmx_simulated_truth *truth;   /* [plan.fids] */
    size_t written;
} job;

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
        {"--snr", &o->snr, 0, 1e9},
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
        status = read_reference(cli, &o->reference);
    o->points = (size_t)points;
    o->seed = (uint64_t)seed;
    return status;
}

/* Library, plan, simulator, and one entry for every FID. */
static fmx_status prepare(job *j)
{
    fmx__cli *cli = j->cli;
    const char *spins = fmx__cli_value(cli, "--spins");
    const char *mixtures = fmx__cli_value(cli, "--mixtures");
    int64_t replicates = 1;
    size_t at = 0;
    j->out = fmx__cli_value(cli, "--out");
    if (spins == NULL || j->out == NULL || j->out[0] == '\0')
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "--spins FILE and --out DIR are needed");
    fmx_status status = read_options(cli, &j->options);
    if (status == FMX_OK)
        status = fmx__cli_integer(cli, "--per-compound", 1, 1, 1000000, &replicates);
    if (status == FMX_OK)
        status = fmx_spin_library_read(cli->ctx, spins, &j->library);
    bool pure =
        mixtures == NULL || fmx__cli_has(cli, "--per-compound") || fmx__cli_has(cli, "--only");
    if (status == FMX_OK && pure)
        status = fmx__plan_compounds(cli->ctx, &j->library, fmx__cli_value(cli, "--only"),
                                     (uint32_t)replicates, &j->plan);
    if (status == FMX_OK && mixtures != NULL)
        status = fmx__plan_mixtures(cli->ctx, &j->library, mixtures, &j->plan);
    if (status == FMX_OK)
        status = fmx__plan_name(cli->ctx, &j->plan);
    if (status == FMX_OK)
        status = fmx_simulator_create(cli->ctx, &j->library, &j->options, &j->simulator);
    size_t fids = j->plan.fids;
    if (status == FMX_OK)
        status = fmx__alloc(cli->ctx, fids, sizeof *j->sample, "samples", &j->sample);
    if (status == FMX_OK)
        status = fmx__alloc(cli->ctx, fids, sizeof *j->sample_of, "samples", &j->sample_of);
    if (status == FMX_OK)
        status = fmx__alloc(cli->ctx, fids, sizeof *j->truth, "samples", &j->truth);
    for (size_t s = 0; status == FMX_OK && s < j->plan.count; ++s) {
        const fmx__plan_sample *sample = &j->plan.sample[s];
        for (uint32_t r = 0; r < sample->replicates; ++r, ++at) {
            j->sample[at] =
                (fmx_simulated_sample){sample->safe, r + 1, sample->part, sample->count};
            j->sample_of[at] = s;
        }
    }
    return status;
}

/* Everything that the output depends on, as text: what --resume compares. */
static fmx_status make_stamp(job *j, char **out)
{
    const fmx_simulation *o = &j->options;
    const char *only = fmx__cli_value(j->cli, "--only");
    const char *mixtures = fmx__cli_value(j->cli, "--mixtures");
    return fmx__format(
        j->cli->ctx, out,
        "fidmix simulate %s\nspins %s\nonly %s\nmixtures %s\nfids %zu\nseed %" PRIu64 "\n"
        "field_mhz %.17g\npoints %zu\nsw_hz %.17g\ncentre_ppm %.17g\ngroup_delay %.17g\n"
        "line_width_hz %.17g:%.17g\ngaussian_hz %.17g\nsnr %.17g\nwater %.17g\nwater_ppm %.17g\n"
        "water_width_hz %.17g\nphase_error %.17g:%.17g\nbaseline_error %.17g\nreference %d\n"
        "reference_amount %.17g\n",
        fmx_version(), fmx__cli_value(j->cli, "--spins"), only != NULL ? only : "",
        mixtures != NULL ? mixtures : "", j->plan.fids, o->seed, o->field_mhz, o->points, o->sw_hz,
        o->centre_ppm, o->group_delay, o->width_low_hz, o->width_high_hz, o->gaussian_hz, o->snr,
        o->water, o->water_ppm, o->water_width_hz, o->p0_deg, o->p1_deg, o->baseline_error,
        o->reference, o->reference_amount);
}

static bool is_empty_or_absent(const char *folder)
{
    DIR *dir = opendir(folder);
    bool empty = dir != NULL || errno == ENOENT;
    for (struct dirent *e = NULL; empty && dir != NULL && (e = readdir(dir)) != NULL;)
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    if (dir != NULL)
        closedir(dir);
    return empty;
}

/* Makes the output folder, or checks that what is there was begun with the same options. */
static fmx_status claim_output(job *j)
{
    fmx_context *ctx = j->cli->ctx;
    char *stamp = NULL;
    char *path = NULL;
    char *there = NULL;
    size_t bytes = 0;
    fmx_status status = make_stamp(j, &stamp);
    if (status == FMX_OK)
        status = fmx__format(ctx, &path, "%s/simulation.txt", j->out);
    if (status == FMX_OK && is_empty_or_absent(j->out)) {
        status = fmx__make_folders(ctx, j->out);
        if (status == FMX_OK)
            status = fmx__atomic_write(ctx, path, false, stamp, strlen(stamp));
    } else if (status == FMX_OK && !fmx__cli_has(j->cli, "--resume")) {
        status = fmx__fail(
            ctx, FMX_ERROR_EXISTS,
            "%s: exists and is not empty; name another --out, or go on with --resume", j->out);
    } else if (status == FMX_OK) {
        status = fmx__read_file(ctx, path, STAMP_MOST_BYTES, &there, &bytes);
        if (status != FMX_OK || strcmp(there, stamp) != 0)
            status = fmx__fail(ctx, FMX_ERROR_EXISTS,
                               "%s: was not made by the same command, see %s; resume with the "
                               "options named there, or name another --out",
                               j->out, path);
    }
    free(there);
    free(path);
    free(stamp);
    return status;
}

/* Writes row `row` of a batch as DIR/NAME/k unless it is there. */
static fmx_status write_fid(job *j, const fmx_signal *signal, size_t row, const float *data,
                            size_t index)
{
    static char nucleus[] = "1H";
    static char solvent[] = "D2O";
    fmx_context *ctx = j->cli->ctx;
    const fmx_row *known = &signal->row[row];
    const fmx__plan_sample *sample = &j->plan.sample[j->sample_of[index]];
    char *folder = NULL;
    char *file = NULL;
    char *title = NULL;
    struct stat info;
    fmx_status status = fmx__format(ctx, &folder, "%s/%s/%" PRIu32, j->out, sample->safe,
                                    j->sample[index].replicate);
    if (status == FMX_OK)
        status = fmx__format(ctx, &file, "%s/fid", folder);
    if (status == FMX_OK)
        status = fmx__format(ctx, &title, "%s / simulated by fidmix %s, seed %" PRIu64,
                             sample->name, fmx_version(), j->options.seed);
    if (status == FMX_OK && stat(file, &info) != 0) {
        fmx_fid fid = {
            .kind = FMX_KIND_FID,
            .points = signal->points,
            .is_complex = true,
            .data = (float *)data, /* read only */
            .sw_hz = known->sw_hz,
            .obs_mhz = known->obs_mhz,
            .base_mhz = known->sf_mhz,
            .group_delay = known->group_delay,
            .scans = 1,
            .solvent = solvent,
            .title = title,
        };
        memcpy(fid.nucleus, nucleus, sizeof nucleus);
        status = fmx_bruker_write(ctx, folder, &fid);
        ++j->written;
    }
    free(title);
    free(file);
    free(folder);
    return status;
}

static fmx_status make_all(job *j)
{
    fmx_context *ctx = j->cli->ctx;
    fmx_device *device = NULL;
    float *data = NULL;
    size_t fids = j->plan.fids;
    fmx_status status = fmx__cli_device(j->cli, &device);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, BATCH * j->options.points, 2 * sizeof *data, "FIDs", &data);
    for (size_t first = 0; status == FMX_OK && first < fids; first += BATCH) {
        size_t count = fids - first < BATCH ? fids - first : BATCH;
        fmx_signal signal = {0};
        status = fmx_simulator_make(j->simulator, device, &j->sample[first], count, &signal,
                                    &j->truth[first]);
        if (status == FMX_OK)
            status = fmx_signal_read(&signal, data);
        for (size_t i = 0; status == FMX_OK && i < count; ++i) {
            status = fmx__check_interrupt(ctx);
            if (status == FMX_OK)
                status = write_fid(j, &signal, i, data + 2 * i * j->options.points, first + i);
            fmx__progress(ctx, "simulate", first + i + 1, fids);
        }
        fmx_signal_clear(&signal);
    }
    free(data);
    return status;
}

/* A field of CSV, quoted where it must be. */
static void put_field(FILE *to, const char *text)
{
    if (strpbrk(text, ",\"\n") == NULL) {
        fputs(text, to);
        return;
    }
    fputc('"', to);
    for (; *text != '\0'; ++text) {
        if (*text == '"')
            fputc('"', to);
        fputc(*text, to);
    }
    fputc('"', to);
}

/* DIR/truth.csv, last of all: a folder that has it is complete. */
static fmx_status write_truth(job *j)
{
    fmx_context *ctx = j->cli->ctx;
    fmx__atomic_file file = {0};
    char *path = NULL;
    fmx_status status = fmx__format(ctx, &path, "%s/truth.csv", j->out);
    if (status == FMX_OK)
        status = fmx__atomic_open(ctx, path, true, &file);
    if (status == FMX_OK) {
        fputs("path,compound,amount,p0_deg,p1_deg,line_width_hz,snr,field_mhz,water_ppm\n",
              file.stream);
        for (size_t i = 0; i < j->plan.fids; ++i) {
            const fmx__plan_sample *sample = &j->plan.sample[j->sample_of[i]];
            const fmx_simulated_truth *t = &j->truth[i];
            for (size_t p = 0; p < sample->count; ++p) {
                fprintf(file.stream, "%s/%" PRIu32 ",", sample->safe, j->sample[i].replicate);
                put_field(file.stream, j->library.compound[sample->part[p].compound].name);
                fprintf(file.stream, ",%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g\n",
                        sample->part[p].amount, t->p0_deg, t->p1_deg, t->line_width_hz,
                        j->options.snr, j->options.field_mhz, t->water_ppm);
            }
        }
        status = fmx__atomic_commit(ctx, &file);
    }
    free(path);
    return status;
}

static fmx_status run(fmx__cli *cli)
{
    job j = {.cli = cli};
    fmx_status status = prepare(&j);
    if (status == FMX_OK)
        status = claim_output(&j);
    if (status == FMX_OK)
        status = make_all(&j);
    if (status == FMX_OK)
        status = write_truth(&j);
    if (status == FMX_OK)
        fmx__log(cli->ctx, FMX_LOG_INFO,
                 "%s: %zu FIDs of %zu samples, %zu of them written now; "
                 "truth.csv says what is in them",
                 j.out, j.plan.fids, j.plan.count, j.written);
    fmx_simulator_destroy(j.simulator);
    fmx__plan_clear(&j.plan);
    fmx_spin_library_clear(&j.library);
    free(j.truth);
    free(j.sample_of);
    free(j.sample);
    return status;
}

static const fmx__cli_option options[] = {
    {"--spins", "FILE", "spin systems, e.g. data/spin_systems.yml", false},
    {"--out", "DIR", "folder to make: DIR/NAME/1, DIR/NAME/2 ... and DIR/truth.csv", false},
    {"--only", "A,B", "these compounds only (names or synonyms)", false},
    {"--per-compound", "N", "FIDs of each compound (default 1)", false},
    {"--mixtures", "FILE",
     "CSV of sample,compound,amount: DIR/SAMPLE/1; compounds alone then only where --only or "
     "--per-compound asks for them",
     false},
    {"--field-mhz", "F", "1H frequency of 0 ppm (default 400)", false},
    {"--snr", "R", "highest line over noise (default 200; 0: no noise)", false},
    {"--points", "N", "complex points (default 16384)", false},
    {"--sw-hz", "W", "spectral width in Hz (default 12 ppm)", false},
    {"--sw-ppm", "W", "spectral width in ppm", false},
    {"--centre-ppm", "P", "place of the transmitter (default 4.7)", false},
    {"--line-width-hz", "LO:HI", "Lorentzian widths, drawn per FID (default 0.8:1.6)", false},
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
