/* FIDs as Bruker experiment folders, as TopSpin writes them. The fid is written last: a folder that
 * has one is complete. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "atomic_file.h"
#include "c_locale.h"
#include "fidmix/fid.h"

enum {
    POINTS_MOST = 1 << 27,
    CHUNK_VALUES = 1 << 14,
    LARGEST_BITS = 29,      /* the largest value lies in [2^28, 2^29) */
    DSPFVS_WITH_GRPDLY = 20 /* firmware that states its delay in GRPDLY */
};

/* Rate at which the receivers with that firmware sample, Hz: SW_h * DECIM. */
static const double sample_rate_hz = 2e7;

/* What is written besides what fmx_fid holds. */
typedef struct layout {
    int nc;  /* value = stored * 2^nc */
    long si; /* points of a spectrum: the next power of two */
    double sf_mhz;
    double offset_ppm;
} layout;

static fmx_status check_range(fmx_context *ctx, const char *name, double value, double least,
                              double most)
{
    if (value >= least && value <= most)
        return FMX_OK;
    return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "a FID with %s %g cannot be written; %g to %g can",
                     name, value, least, most);
}

/* The ranges are those that the reader accepts. */
static fmx_status check(fmx_context *ctx, const fmx_fid *fid)
{
    if (fid->kind != FMX_KIND_FID || !fid->is_complex || fid->data == NULL)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "only complex FIDs with data can be written");
    fmx_status status = check_range(ctx, "points", (double)fid->points, 1, POINTS_MOST);
    if (status == FMX_OK)
        status = check_range(ctx, "sw_hz", fid->sw_hz, 0.1, 1e9);
    if (status == FMX_OK)
        status = check_range(ctx, "obs_mhz", fid->obs_mhz, 0.01, 1e4);
    if (status == FMX_OK)
        status = check_range(ctx, "base_mhz", fid->base_mhz, 0.01, 1e4);
    if (status == FMX_OK)
        status = check_range(ctx, "group_delay", fid->group_delay, 0, 100000);
    if (status == FMX_OK)
        status = check_range(ctx, "scans", fid->scans, 0, INT_MAX);
    for (size_t i = 0; status == FMX_OK && i < 2 * fid->points; ++i) {
        if (!isfinite(fid->data[i]))
            status = fmx__fail(ctx, FMX_ERROR_ARGUMENT, "value %zu of the FID is not finite", i);
    }
    return status;
}

static layout plan(const fmx_fid *fid)
{
    float largest = 0;
    int exponent = 0;
    layout l = {.si = 1, .sf_mhz = fid->reference_mhz > 0 ? fid->reference_mhz : fid->base_mhz};
    for (size_t i = 0; i < 2 * fid->points; ++i)
        largest = fmaxf(largest, fabsf(fid->data[i]));
    if (largest > 0) {
        (void)frexpf(largest, &exponent); /* largest in [2^(exponent - 1), 2^exponent) */
        l.nc = exponent - LARGEST_BITS;
    }
    while ((size_t)l.si < fid->points)
        l.si *= 2;
    l.offset_ppm = ((fid->obs_mhz - l.sf_mhz) * 1e6 + 0.5 * fid->sw_hz) / l.sf_mhz;
    return l;
}

/* "##$KEY= 5000" with the fewest digits that read back to the same value. */
static void put_number(FILE *to, const char *key, double value)
{
    char text[40];
    for (int digits = 15; digits <= 17; ++digits) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    fprintf(to, "##$%s= %s\n", key, text);
}

/* "##$KEY= <text>"; what would end the text or the line becomes a blank. */
static void put_text(FILE *to, const char *key, const char *text)
{
    fprintf(to, "##$%s= <", key);
    for (; text != NULL && *text != '\0'; ++text) {
        bool kept = (unsigned char)*text >= ' ' && *text != '<' && *text != '>';
        fputc(kept ? *text : ' ', to);
    }
    fputs(">\n", to);
}

static void put_head(FILE *to)
{
    fprintf(to, "##TITLE= Parameter file, TOPSPIN\t\tVersion 3.2\n##JCAMPDX= 5.0\n"
                "##DATATYPE= Parameter Values\n##ORIGIN= fidmix " FMX_VERSION "\n"
                "##OWNER= fidmix\n");
}

/* Keys in TopSpin's order, which is alphabetic. */
static void put_acqus(FILE *to, const fmx_fid *fid, const layout *l)
{
    bool filtered = fid->group_delay > 0;
    put_head(to);
    put_number(to, "AQ_mod", 3);
    put_number(to, "BF1", fid->base_mhz);
    put_number(to, "BYTORDA", 0);
    put_number(to, "DATE", 0); /* not known */
    put_number(to, "DECIM", fmax(1, sample_rate_hz / fid->sw_hz));
    put_number(to, "DIGMOD", filtered);
    put_number(to, "DS", 0);
    put_number(to, "DSPFIRM", 0);
    put_number(to, "DSPFVS", filtered ? DSPFVS_WITH_GRPDLY : -1);
    put_number(to, "DTYPA", 0);
    put_text(to, "EXP", "");
    put_number(to, "GRPDLY", fid->group_delay);
    put_text(to, "INSTRUM", "fidmix");
    put_number(to, "NC", l->nc);
    put_number(to, "NS", fid->scans);
    put_text(to, "NUC1", fid->nucleus);
    put_number(to, "O1", (fid->obs_mhz - fid->base_mhz) * 1e6);
    put_number(to, "PARMODE", 0);
    put_text(to, "PROBHD", "");
    put_text(to, "PULPROG", "zg");
    put_number(to, "RG", 1);
    put_number(to, "SFO1", fid->obs_mhz);
    put_text(to, "SOLVENT", fid->solvent);
    put_number(to, "SW", fid->sw_hz / fid->obs_mhz);
    put_number(to, "SW_h", fid->sw_hz);
    put_number(to, "TD", 2 * (double)fid->points);
    put_number(to, "TE", 298);
    fputs("##END=\n", to);
}

static void put_procs(FILE *to, const fmx_fid *fid, const layout *l)
{
    put_head(to);
    put_text(to, "AXNUC", fid->nucleus);
    put_number(to, "BC_mod", 0);
    put_number(to, "BYTORDP", 0);
    put_number(to, "DTYPP", 0);
    put_number(to, "FT_mod", 0);
    put_number(to, "FTSIZE", (double)l->si);
    put_number(to, "GB", 0);
    put_number(to, "LB", 0.3);
    put_number(to, "NC_proc", 0);
    put_number(to, "OFFSET", l->offset_ppm);
    put_number(to, "PHC0", 0);
    put_number(to, "PHC1", 0);
    put_number(to, "PH_mod", 0);
    put_number(to, "PPARMOD", 0);
    fprintf(to, "##$REVERSE= %s\n", fid->reversed ? "yes" : "no");
    put_number(to, "SF", l->sf_mhz);
    put_number(to, "SI", (double)l->si);
    put_number(to, "SSB", 0);
    put_number(to, "STSI", 0);
    put_number(to, "STSR", 0);
    put_number(to, "SW_p", fid->sw_hz);
    put_number(to, "TDeff", 0);
    put_number(to, "TDoff", 0);
    put_number(to, "WDW", 1);
    put_number(to, "XDIM", 0);
    fputs("##END=\n", to);
}

/* The lines that a reader joined by " / ". */
static void put_title(FILE *to, const fmx_fid *fid, const layout *l)
{
    (void)l;
    for (const char *at = fid->title; at != NULL && *at != '\0';) {
        const char *end = strstr(at, " / ");
        size_t length = end != NULL ? (size_t)(end - at) : strlen(at);
        fwrite(at, 1, length, to);
        fputc('\n', to);
        at += length + (end != NULL ? 3 : 0);
    }
}

/* Little-endian int32, rounded to nearest. */
static void put_fid(FILE *to, const fmx_fid *fid, const layout *l)
{
    unsigned char chunk[4 * CHUNK_VALUES];
    for (size_t at = 0; at < 2 * fid->points;) {
        size_t used = 0;
        for (; used < sizeof chunk && at < 2 * fid->points; ++at, used += 4) {
            int32_t value = (int32_t)nearbyint(ldexp(fid->data[at], -l->nc));
            uint32_t word = (uint32_t)value;
            for (size_t i = 0; i < 4; ++i)
                chunk[used + i] = (unsigned char)(word >> 8 * i);
        }
        fwrite(chunk, 1, used, to);
    }
}

typedef struct part {
    const char *name;
    void (*put)(FILE *to, const fmx_fid *fid, const layout *l);
} part;

static const part parts[] = {
    {"acqus", put_acqus},        {"acqu", put_acqus},          {"pdata/1/procs", put_procs},
    {"pdata/1/proc", put_procs}, {"pdata/1/title", put_title}, {"fid", put_fid},
};

static fmx_status write_part(fmx_context *ctx, const char *folder, const part *p, bool overwrite,
                             const fmx_fid *fid, const layout *l)
{
    fmx__atomic_file file = {0};
    char *path = NULL;
    fmx_status status = fmx__format(ctx, &path, "%s/%s", folder, p->name);
    if (status == FMX_OK)
        status = fmx__atomic_open(ctx, path, overwrite, &file);
    if (status == FMX_OK) {
        p->put(file.stream, fid, l);
        status = fmx__atomic_commit(ctx, &file);
    }
    free(path);
    return status;
}

static fmx_status refuse_existing(fmx_context *ctx, const char *folder, const char *name)
{
    char *path = NULL;
    struct stat info;
    fmx_status status = fmx__format(ctx, &path, "%s/%s", folder, name);
    if (status == FMX_OK && lstat(path, &info) == 0)
        status =
            fmx__fail(ctx, FMX_ERROR_EXISTS,
                      "%s: exists already; remove the experiment or name another folder", path);
    free(path);
    return status;
}

fmx_status fmx_bruker_write(fmx_context *ctx, const char *folder, const fmx_fid *fid)
{
    char *processed = NULL;
    fmx_status status = check(ctx, fid);
    if (status == FMX_OK)
        status = refuse_existing(ctx, folder, "fid");
    if (status == FMX_OK)
        status = refuse_existing(ctx, folder, "ser");
    if (status == FMX_OK)
        status = fmx__format(ctx, &processed, "%s/pdata/1", folder);
    if (status == FMX_OK)
        status = fmx__make_folders(ctx, processed);
    if (status == FMX_OK) {
        const layout l = plan(fid);
        fmx__c_locale locale;
        fmx__c_locale_enter(&locale);
        /* parameters without a fid are what an interrupted run left: written anew */
        for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(parts); ++i)
            status = write_part(ctx, folder, &parts[i], i + 1 < FMX__COUNT(parts), fid, &l);
        fmx__c_locale_leave(&locale);
    }
    free(processed);
    return status;
}
