#include "raw_write.h"

#include <math.h>
#include <string.h>

#include "atomic_file.h"
#include "base.h"
#include "c_locale.h"
#include "npy.h"

static fmx_status write_npy(fmx_context *ctx, const char *path, const fmx_fid *fid)
{
    const fmx__npy array = {
        .type = fid->is_complex ? FMX__NPY_COMPLEX : FMX__NPY_FLOAT,
        .rank = 1,
        .shape = {fid->points},
        .values = fid->points,
        .data = fid->data,
    };
    return fmx__npy_write(ctx, path, false, &array);
}

/* 0 ppm of a FID, MHz. */
static double zero_mhz(const fmx_fid *fid)
{
    return fid->reference_mhz > 0 ? fid->reference_mhz : fid->base_mhz;
}

static void write_rows(FILE *to, const fmx_fid *fid)
{
    bool decay = fid->kind == FMX_KIND_FID;
    fprintf(to, "# nucleus: %s\n# obs_mhz: %.12g\n# zero_ppm_mhz: %.12g\n# sw_hz: %.12g\n",
            fid->nucleus, fid->obs_mhz, zero_mhz(fid), fid->sw_hz);
    if (decay)
        fprintf(to, "# group_delay: %.9g\n# reversed: %s\n", fid->group_delay,
                fid->reversed ? "yes" : "no");
    fprintf(to, "# solvent: %s\n# title: %s\n%s,real%s\n", fid->solvent, fid->title,
            decay ? "time_s" : "ppm", fid->is_complex ? ",imaginary" : "");
    for (size_t i = 0; i < fid->points; ++i) {
        double x = decay ? (double)i / fid->sw_hz : fid->ppm_first + (double)i * fid->ppm_step;
        const float *at = fid->data + i * (fid->is_complex ? 2 : 1);
        /* nine digits bring a float back */
        fprintf(to, "%.12g,%.9g", x, (double)at[0]);
        if (fid->is_complex)
            fprintf(to, ",%.9g", (double)at[1]);
        fputc('\n', to);
    }
}

static fmx_status write_csv(fmx_context *ctx, const char *path, const fmx_fid *fid)
{
    fmx__atomic_file file = {0};
    fmx__c_locale locale;
    fmx_status status = fmx__atomic_open(ctx, path, false, &file);
    if (status != FMX_OK)
        return status;
    fmx__c_locale_enter(&locale);
    write_rows(file.stream, fid);
    fmx__c_locale_leave(&locale);
    return fmx__atomic_commit(ctx, &file);
}

static const char *const npy_endings[] = {".npy", NULL};
static const char *const csv_endings[] = {".csv", NULL};
static const char *const jcamp_endings[] = {".dx", ".jdx", ".jcamp", NULL};
static const char *const nmrpipe_endings[] = {".pipe", ".fid", ".ft1", ".ft", NULL};
static const char *const no_endings[] = {NULL};

static const fmx__raw_format formats[] = {
    {"npy", npy_endings, "NumPy array of complex64, the points as acquired", write_npy},
    {"csv", csv_endings, "text with a header: time or ppm, real, imaginary", write_csv},
    {"jcamp-dx", jcamp_endings, "JCAMP-DX 6.0, whole numbers as differences (DIF/DUP)",
     fmx__jcamp_write},
    {"nmrpipe", nmrpipe_endings, "NMRPipe, one dimension", fmx__nmrpipe_write},
    {"bruker", no_endings, "Bruker experiment folder; FIDs only", fmx_bruker_write},
};

const fmx__raw_format *fmx__raw_format_at(size_t index)
{
    return index < FMX__COUNT(formats) ? &formats[index] : NULL;
}

static bool ends_with(const char *path, const char *ending)
{
    size_t n = strlen(path);
    size_t m = strlen(ending);
    return n > m && strcmp(path + n - m, ending) == 0;
}

const fmx__raw_format *fmx__raw_format_find(const char *name, const char *path)
{
    for (size_t i = 0; i < FMX__COUNT(formats); ++i) {
        if (name != NULL && strcmp(formats[i].name, name) == 0)
            return &formats[i];
        for (const char *const *e = formats[i].ending; name == NULL && *e != NULL; ++e) {
            if (ends_with(path, *e))
                return &formats[i];
        }
        if (name == NULL && formats[i].ending[0] == NULL)
            return &formats[i];
    }
    return NULL;
}
