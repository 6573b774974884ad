#include "simulate_job.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "atomic_file.h"
#include "fidmix/fidmix.h"
#include "launch.h"
#include "simulate_plan.h"

enum { BATCH = 8, STAMP_MOST_BYTES = 1 << 20 };

/* One run. */
typedef struct work {
    const fmx__simulate_job *job;
    fmx_context *ctx;
    fmx_spin_library library;
    fmx__plan plan;
    fmx_simulator *simulator;
    fmx_simulated_sample *sample; /* [plan.fids] */
    size_t *sample_of;            /* [plan.fids]: index in the plan */
    fmx_simulated_truth *truth;   /* [plan.fids] */
    size_t written;
} work;

/* Library, plan, simulator, and one entry for every FID. */
static fmx_status prepare(work *w)
{
    const fmx__simulate_job *job = w->job;
    size_t at = 0;
    fmx_status status = fmx_spin_library_read(w->ctx, job->spins, &w->library);
    if (status == FMX_OK && job->replicates > 0)
        status = fmx__plan_compounds(w->ctx, &w->library, job->only, job->replicates, &w->plan);
    if (status == FMX_OK && job->mixtures != NULL)
        status = fmx__plan_mixtures(w->ctx, &w->library, job->mixtures, &w->plan);
    if (status == FMX_OK)
        status = fmx__plan_name(w->ctx, &w->plan);
    if (status == FMX_OK)
        status = fmx_simulator_create(w->ctx, &w->library, &job->options, &w->simulator);
    size_t fids = w->plan.fids;
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, fids, sizeof *w->sample, "samples", &w->sample);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, fids, sizeof *w->sample_of, "samples", &w->sample_of);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, fids, sizeof *w->truth, "samples", &w->truth);
    for (size_t s = 0; status == FMX_OK && s < w->plan.count; ++s) {
        const fmx__plan_sample *sample = &w->plan.sample[s];
        for (uint32_t r = 0; r < sample->replicates; ++r, ++at) {
            w->sample[at] =
                (fmx_simulated_sample){sample->safe, r + 1, sample->part, sample->count};
            w->sample_of[at] = s;
        }
    }
    return status;
}

/* Everything that the output depends on, as text: what --resume compares. */
static fmx_status make_stamp(work *w, char **out)
{
    const fmx_simulation *o = &w->job->options;
    const char *only = w->job->only;
    const char *mixtures = w->job->mixtures;
    return fmx__format(
        w->ctx, out,
        "fidmix simulate %s\nspins %s\nonly %s\nmixtures %s\nfids %zu\nseed %" PRIu64 "\n"
        "field_mhz %.17g\npoints %zu\nsw_hz %.17g\ncentre_ppm %.17g\ngroup_delay %.17g\n"
        "line_width_hz %.17g:%.17g\ngaussian_hz %.17g\nsnr %.17g\nwater %.17g\nwater_ppm %.17g\n"
        "water_width_hz %.17g\nphase_error %.17g:%.17g\nbaseline_error %.17g\nreference %d\n"
        "reference_amount %.17g\nsnr_high %.17g\nmultiplet_shift_ppm %.17g\n",
        fmx_version(), w->job->spins, only != NULL ? only : "", mixtures != NULL ? mixtures : "",
        w->plan.fids, o->seed, o->field_mhz, o->points, o->sw_hz, o->centre_ppm, o->group_delay,
        o->width_low_hz, o->width_high_hz, o->gaussian_hz, o->snr, o->water, o->water_ppm,
        o->water_width_hz, o->p0_deg, o->p1_deg, o->baseline_error, o->reference,
        o->reference_amount, o->snr_high, o->multiplet_shift_ppm);
}

/* A stamp half-written, by a run that was killed, is nothing. */
static bool is_empty_or_absent(const char *folder)
{
    static const char part[] = "simulation.txt.";
    DIR *dir = opendir(folder);
    bool empty = dir != NULL || errno == ENOENT;
    for (struct dirent *e = NULL; empty && dir != NULL && (e = readdir(dir)) != NULL;)
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
                strncmp(e->d_name, part, strlen(part)) == 0;
    if (dir != NULL)
        closedir(dir);
    return empty;
}

/* Makes the output folder, or checks that what is there was begun with the same options. */
static fmx_status claim_output(work *w)
{
    fmx_context *ctx = w->ctx;
    char *stamp = NULL;
    char *path = NULL;
    char *there = NULL;
    size_t bytes = 0;
    fmx_status status = make_stamp(w, &stamp);
    if (status == FMX_OK)
        status = fmx__format(ctx, &path, "%s/simulation.txt", w->job->out);
    if (status == FMX_OK && is_empty_or_absent(w->job->out)) {
        status = fmx__make_folders(ctx, w->job->out);
        if (status == FMX_OK)
            status = fmx__atomic_write(ctx, path, false, stamp, strlen(stamp));
    } else if (status == FMX_OK && !w->job->resume) {
        status = fmx__fail(
            ctx, FMX_ERROR_EXISTS,
            "%s: exists and is not empty; name another --out, or go on with --resume", w->job->out);
    } else if (status == FMX_OK) {
        status = fmx__read_file(ctx, path, STAMP_MOST_BYTES, &there, &bytes);
        if (status != FMX_OK || strcmp(there, stamp) != 0)
            status = fmx__fail(ctx, FMX_ERROR_EXISTS,
                               "%s: was not made by the same command, see %s; resume with the "
                               "options named there, or name another --out",
                               w->job->out, path);
    }
    free(there);
    free(path);
    free(stamp);
    return status;
}

/* Writes row `row` of a batch as DIR/NAME/k unless it is there. */
static fmx_status write_fid(work *w, const fmx_signal *signal, size_t row, const float *data,
                            size_t index)
{
    static char nucleus[] = "1H";
    static char solvent[] = "D2O";
    fmx_context *ctx = w->ctx;
    const fmx_row *known = &signal->row[row];
    const fmx__plan_sample *sample = &w->plan.sample[w->sample_of[index]];
    char *folder = NULL;
    char *file = NULL;
    char *title = NULL;
    struct stat info;
    fmx_status status = fmx__format(ctx, &folder, "%s/%s/%" PRIu32, w->job->out, sample->safe,
                                    w->sample[index].replicate);
    if (status == FMX_OK)
        status = fmx__format(ctx, &file, "%s/fid", folder);
    if (status == FMX_OK)
        status = fmx__format(ctx, &title, "%s / simulated by fidmix %s, seed %" PRIu64,
                             sample->name, fmx_version(), w->job->options.seed);
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
        ++w->written;
    }
    free(title);
    free(file);
    free(folder);
    return status;
}

static fmx_status make_all(work *w)
{
    fmx_context *ctx = w->ctx;
    float *data = NULL;
    size_t fids = w->plan.fids;
    fmx_status status =
        fmx__alloc(ctx, BATCH * w->job->options.points, 2 * sizeof *data, "FIDs", &data);
    for (size_t first = 0; status == FMX_OK && first < fids; first += BATCH) {
        size_t count = fids - first < BATCH ? fids - first : BATCH;
        fmx_signal signal = {0};
        status = fmx_simulator_make(w->simulator, w->job->device, &w->sample[first], count, &signal,
                                    &w->truth[first]);
        if (status == FMX_OK)
            status = fmx_signal_read(&signal, data);
        for (size_t i = 0; status == FMX_OK && i < count; ++i) {
            status = fmx__check_interrupt(ctx);
            if (status == FMX_OK)
                status = write_fid(w, &signal, i, data + 2 * i * w->job->options.points, first + i);
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
static fmx_status write_truth(work *w)
{
    fmx_context *ctx = w->ctx;
    fmx__atomic_file file = {0};
    char *path = NULL;
    fmx_status status = fmx__format(ctx, &path, "%s/truth.csv", w->job->out);
    if (status == FMX_OK)
        status = fmx__atomic_open(ctx, path, true, &file);
    if (status == FMX_OK) {
        fputs("path,compound,amount,p0_deg,p1_deg,line_width_hz,snr,field_mhz,water_ppm\n",
              file.stream);
        for (size_t i = 0; i < w->plan.fids; ++i) {
            const fmx__plan_sample *sample = &w->plan.sample[w->sample_of[i]];
            const fmx_simulated_truth *t = &w->truth[i];
            for (size_t p = 0; p < sample->count; ++p) {
                fprintf(file.stream, "%s/%" PRIu32 ",", sample->safe, w->sample[i].replicate);
                put_field(file.stream, w->library.compound[sample->part[p].compound].name);
                fprintf(file.stream, ",%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g\n",
                        sample->part[p].amount, t->p0_deg, t->p1_deg, t->line_width_hz, t->snr,
                        w->job->options.field_mhz, t->water_ppm);
            }
        }
        status = fmx__atomic_commit(ctx, &file);
    }
    free(path);
    return status;
}

fmx_status fmx__simulate(const fmx__simulate_job *job, fmx__simulate_result *result)
{
    work w = {.job = job, .ctx = fmx__device_context(job->device)};
    fmx_status status = prepare(&w);
    if (status == FMX_OK)
        status = claim_output(&w);
    if (status == FMX_OK)
        status = make_all(&w);
    if (status == FMX_OK)
        status = write_truth(&w);
    *result = (fmx__simulate_result){w.plan.fids, w.plan.count, w.written};
    fmx_simulator_destroy(w.simulator);
    fmx__plan_clear(&w.plan);
    fmx_spin_library_clear(&w.library);
    free(w.truth);
    free(w.sample_of);
    free(w.sample);
    return status;
}
