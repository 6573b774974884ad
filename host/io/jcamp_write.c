/* JCAMP-DX 6.0: NMR FID and NMR SPECTRUM, as whole numbers in difference form. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "base.h"
#include "c_locale.h"
#include "raw_write.h"

enum { LINE_MOST = 72, LARGEST_BITS = 30 };

/* A number with a pseudo-digit in front: letters[0] for 0, the capitals from letters[1], the small
 * ones from letters[2] on. */
static void put_pseudo(FILE *to, int64_t value, const char letters[3], int *length)
{
    char digits[24];
    uint64_t size = value < 0 ? (uint64_t)-value : (uint64_t)value;
    int n = snprintf(digits, sizeof digits, "%ju", (uintmax_t)size);
    int first = digits[0] - '0';
    if (first == 0)
        digits[0] = letters[0];
    else
        digits[0] = (char)(letters[value < 0 ? 2 : 1] + first - 1);
    fwrite(digits, 1, (size_t)n, to);
    *length += n;
}

/* The length of a run of equal values, itself included: S to Z are 1 to 8, s is 9. */
static void put_repeat(FILE *to, size_t times, int *length)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%zu", times);
    digits[0] = digits[0] == '9' ? 's' : (char)('S' + digits[0] - '1');
    fwrite(digits, 1, (size_t)n, to);
    *length += n;
}

typedef struct part {
    const float *data;
    size_t stride;
    size_t points;
    double scale; /* whole number = value * scale */
} part;

static int64_t whole(const part *p, size_t i)
{
    return (int64_t)llrint((double)p->data[i * p->stride] * p->scale);
}

/* A line begins with the number of its first point and that point in squeezed form: a new one on
 * the first line, the last of the line before on all others, as a check. */
static void put_table(FILE *to, const part *p)
{
    static const char squeezed[] = {'@', 'A', 'a'};
    static const char difference[] = {'%', 'J', 'j'};
    size_t i = 1;
    for (size_t line = 0; line == 0 || i < p->points; ++line) {
        int length = fprintf(to, "%zu", i - 1);
        put_pseudo(to, whole(p, i - 1), squeezed, &length);
        while (i < p->points && length < LINE_MOST) {
            int64_t d = whole(p, i) - whole(p, i - 1);
            size_t run = 1;
            while (i + run < p->points && whole(p, i + run) - whole(p, i + run - 1) == d)
                ++run;
            put_pseudo(to, d, difference, &length);
            if (run > 1)
                put_repeat(to, run, &length);
            i += run;
        }
        fputc('\n', to);
    }
    if (p->points > 1) { /* the last check value */
        int length = fprintf(to, "%zu", p->points - 1);
        put_pseudo(to, whole(p, p->points - 1), squeezed, &length);
        fputc('\n', to);
    }
}

/* 1 where all values are whole numbers of 30 bits, so that they come back bit for bit; else the
 * power of two that brings the largest to 30 bits. */
static double scale_of(const fmx_fid *fid)
{
    double most = 0;
    bool whole_numbers = true;
    int exponent = 0;
    for (size_t i = 0; i < fid->points * (fid->is_complex ? 2 : 1); ++i) {
        double value = (double)fid->data[i];
        most = fmax(most, fabs(value));
        whole_numbers = whole_numbers && value == rint(value);
    }
    if (most == 0 || (whole_numbers && most < ldexp(1, LARGEST_BITS)))
        return 1;
    (void)frexp(most, &exponent);
    return ldexp(1, LARGEST_BITS - exponent);
}

/* Text on one line, in which nothing begins a comment or a record. */
static void put_text(FILE *to, const char *label, const char *text)
{
    fprintf(to, "##%s= ", label);
    for (const char *c = text; *c != '\0'; ++c)
        fputc((c[0] == '$' && c[1] == '$') || (c[0] == '#' && c[1] == '#') ? ' ' : *c, to);
    fputc('\n', to);
}

static void put_head(FILE *to, const fmx_fid *fid)
{
    bool decay = fid->kind == FMX_KIND_FID;
    put_text(to, "TITLE", fid->title[0] != '\0' ? fid->title : fid->name);
    fprintf(to, "##JCAMPDX= 6.0 $$ fidmix %s\n", FMX_VERSION);
    fprintf(to, "##DATA TYPE= NMR %s\n##DATA CLASS= NTUPLES\n", decay ? "FID" : "SPECTRUM");
    fprintf(to, "##ORIGIN= fidmix\n##OWNER= none\n##.OBSERVE FREQUENCY= %.15g\n", fid->obs_mhz);
    if (fid->nucleus[0] != '\0')
        fprintf(to, "##.OBSERVE NUCLEUS= ^%s\n", fid->nucleus);
    fprintf(to, "##.ACQUISITION MODE= SIMULTANEOUS\n##.AVERAGES= %d\n", fid->scans);
    put_text(to, ".SOLVENT NAME", fid->solvent);
    fprintf(to, "##$SFO1= %.15g\n##$BF1= %.15g\n", fid->obs_mhz, fid->base_mhz);
    if (fid->reference_mhz > 0)
        fprintf(to, "##$SF= %.15g\n", fid->reference_mhz);
    fprintf(to, "##$SW_h= %.15g\n", fid->sw_hz);
    if (decay)
        fprintf(to, "##$DIGMOD= %d\n##$DSPFVS= %d\n##$GRPDLY= %.15g\n##$REVERSE= %s\n",
                fid->group_delay > 0, fid->group_delay > 0 ? 20 : -1, fid->group_delay,
                fid->reversed ? "yes" : "no");
}

static void put_tuples(FILE *to, const fmx_fid *fid, double factor)
{
    bool decay = fid->kind == FMX_KIND_FID;
    bool pairs = fid->is_complex;
    size_t n = fid->points;
    double step = decay ? 1 / fid->sw_hz : fid->ppm_step;
    double first = decay ? 0 : fid->ppm_first;
    const char *what = decay ? "FID" : "SPECTRUM";
    fprintf(to, "##NTUPLES= NMR %s\n", what);
    fprintf(to, "##VAR_NAME= %s, %s/REAL%s%s%s\n", decay ? "TIME" : "FREQUENCY", what,
            pairs ? ", " : "", pairs ? what : "", pairs ? "/IMAG" : "");
    fprintf(to, "##SYMBOL= X, R%s\n", pairs ? ", I" : "");
    fprintf(to, "##VAR_TYPE= INDEPENDENT, DEPENDENT%s\n", pairs ? ", DEPENDENT" : "");
    fprintf(to, "##VAR_FORM= AFFN, ASDF%s\n", pairs ? ", ASDF" : "");
    fprintf(to, pairs ? "##VAR_DIM= %zu, %zu, %zu\n" : "##VAR_DIM= %zu, %zu\n", n, n, n);
    fprintf(to, "##UNITS= %s, ARBITRARY UNITS%s\n", decay ? "SECONDS" : "PPM",
            pairs ? ", ARBITRARY UNITS" : "");
    fprintf(to, pairs ? "##FACTOR= %.17g, %.17g, %.17g\n" : "##FACTOR= %.17g, %.17g\n", step,
            factor, factor);
    fprintf(to, "##FIRST= %.17g, %.9g%s\n", first, (double)fid->data[0], pairs ? ", 0" : "");
    fprintf(to, "##LAST= %.17g, %.9g%s\n", first + step * (double)(n - 1),
            (double)fid->data[(n - 1) * (pairs ? 2 : 1)], pairs ? ", 0" : "");
}

fmx_status fmx__jcamp_write(fmx_context *ctx, const char *path, const fmx_fid *fid)
{
    static const char symbol[] = {'R', 'I'};
    fmx__atomic_file file = {0};
    fmx__c_locale locale;
    size_t parts = fid->is_complex ? 2 : 1;
    double scale = scale_of(fid);
    fmx_status status = fmx__atomic_open(ctx, path, false, &file);
    if (status != FMX_OK)
        return status;
    fmx__c_locale_enter(&locale);
    put_head(file.stream, fid);
    put_tuples(file.stream, fid, 1 / scale);
    for (size_t k = 0; k < parts; ++k) {
        const part p = {fid->data + k, parts, fid->points, scale};
        fprintf(file.stream, "##PAGE= N=%zu\n##DATA TABLE= (X++(%c..%c)), XYDATA\n", k + 1,
                symbol[k], symbol[k]);
        put_table(file.stream, &p);
    }
    fprintf(file.stream, "##END NTUPLES= NMR %s\n##END=\n",
            fid->kind == FMX_KIND_FID ? "FID" : "SPECTRUM");
    fmx__c_locale_leave(&locale);
    return fmx__atomic_commit(ctx, &file);
}
