/* Writers of other formats: what is written is read back, exactly where the format allows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "bruker_fixture.h"
#include "npy.h"
#include "program_fixture.h"
#include "raw_write.h"

/* A FID or spectrum with every field set; points: whole numbers of 28 bits, or random ones. */
static fmx_fid make(fmx_kind kind, bool is_complex, size_t points, bool whole)
{
    size_t values = points * (is_complex ? 2 : 1);
    fmx_fid fid = {
        .name = strdup("sample"),
        .path = strdup("sample"),
        .kind = kind,
        .nucleus = "13C",
        .points = points,
        .is_complex = is_complex,
        .sw_hz = 6000,
        .obs_mhz = 125.7125,
        .base_mhz = 125.7,
        .reference_mhz = 125.7001,
        .reversed = kind == FMX_KIND_FID,
        .group_delay = kind == FMX_KIND_FID && points > 80 ? 67.984375 : 0,
        .ppm_first = 200,
        .ppm_step = -6000 / 125.7001 / (double)points,
        .scans = 16,
        .solvent = strdup("D2O"),
        .title = strdup("a title"),
        .data = fmx_test_random(values, 7),
    };
    for (size_t i = 0; i < values; ++i) {
        float value = fid.data[i];
        fid.data[i] = whole ? rintf(value * 16777215.0F) : value;
        if (whole && i % 7 > 3) /* runs of equal values and of equal differences */
            fid.data[i] = i % 14 > 7 ? 5.0F * (float)i : -3.0F;
    }
    return fid;
}

static void expect_same(const fmx_fid *a, const fmx_fid *b, double tolerance, bool keeps_sense)
{
    double most = 0;
    size_t parts = a->is_complex ? 2 : 1;
    cr_assert_eq(a->points, b->points);
    cr_assert_eq(a->is_complex, b->is_complex);
    for (size_t i = 0; i < a->points * parts; ++i)
        most = fmax(most, fabs((double)b->data[i]));
    for (size_t i = 0; i < a->points * parts; ++i) {
        double sign = !keeps_sense && b->reversed && i % parts == 1 ? -1 : 1;
        cr_assert_leq(fabs((double)a->data[i] - sign * (double)b->data[i]), tolerance * most,
                      "value %zu: %.9g and %.9g", i, (double)a->data[i], (double)b->data[i]);
    }
    cr_assert_str_eq(a->nucleus, b->nucleus);
    cr_assert_str_eq(a->title, b->title);
    cr_assert_eq(a->kind, b->kind);
    /* NMRPipe's header is single precision */
    cr_assert_lt(fabs(a->obs_mhz - b->obs_mhz), 1e-7 * b->obs_mhz);
    if (a->kind == FMX_KIND_FID) {
        cr_assert_lt(fabs(a->sw_hz - b->sw_hz), 1e-6 * b->sw_hz);
        double shift_a = a->obs_mhz / a->reference_mhz - 1;
        double shift_b = b->obs_mhz / b->reference_mhz - 1;
        cr_assert_lt(fabs(shift_a - shift_b), 1e-10, "%g and %g", shift_a, shift_b);
        cr_assert_lt(fabs(a->group_delay - b->group_delay), 1e-5);
        cr_assert_eq(a->reversed, keeps_sense && b->reversed);
    } else {
        cr_assert_lt(fabs(a->ppm_first - b->ppm_first), 1e-4);
        cr_assert_lt(fabs(a->ppm_step / b->ppm_step - 1), 1e-6);
    }
}

/* tolerance: of the largest value. A float has 24 bits; JCAMP's whole numbers have 30 below the
 * largest, so that rounding costs half of 2^-29. */
Test(convert, round_trips)
{
    static const struct {
        const char *format;
        const char *name;
        fmx_kind kind;
        bool is_complex;
        bool whole;
        double tolerance;
    } cases[] = {
        {"nmrpipe", "a.fid", FMX_KIND_FID, true, false, 0},
        {"nmrpipe", "a.ft", FMX_KIND_SPECTRUM, true, false, 0},
        {"nmrpipe", "b.ft", FMX_KIND_SPECTRUM, false, true, 0},
        {"jcamp-dx", "a.dx", FMX_KIND_FID, true, true, 0},
        {"jcamp-dx", "b.dx", FMX_KIND_FID, true, false, 9.4e-10},
        {"jcamp-dx", "c.jdx", FMX_KIND_SPECTRUM, false, true, 0},
        {"jcamp-dx", "d.jcamp", FMX_KIND_SPECTRUM, false, false, 9.4e-10},
        {"bruker", "folder", FMX_KIND_FID, true, true, 0},
    };
    static const size_t sizes[] = {2, 3, 100, 1023};
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(cases) * FMX__COUNT(sizes); ++i) {
        size_t c = i / FMX__COUNT(sizes);
        const char *path = fmx_fixture_path(fmx_test_folder(), cases[c].name);
        fmx_fid fid =
            make(cases[c].kind, cases[c].is_complex, sizes[i % FMX__COUNT(sizes)], cases[c].whole);
        fmx_fid back;
        const fmx__raw_format *format = fmx__raw_format_find(NULL, path);
        cr_assert_str_eq(format->name, cases[c].format);
        fmx_test_ok(&test, format->write(test.ctx, path, &fid), path);
        fmx_test_ok(&test, fmx_fixture_read(&test, path, &back), path);
        cr_assert_str_eq(back.format, cases[c].format);
        expect_same(&back, &fid, cases[c].tolerance, strcmp(cases[c].format, "nmrpipe") != 0);
        fmx_test_refused(&test, format->write(test.ctx, path, &fid), FMX_ERROR_EXISTS, path);
        fmx_fid_clear(&back);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}

Test(convert, arrays_and_text)
{
    fmx_test test = fmx_test_open_host();
    fmx_fid fid = make(FMX_KIND_FID, true, 5, false);
    const char *base = fmx_test_folder();
    const char *array = fmx_fixture_path(base, "a.npy");
    const char *text = fmx_fixture_path(base, "a.csv");
    fmx__npy npy = {0};
    char *csv = NULL;
    size_t bytes = 0;
    fmx_test_ok(&test, fmx__raw_format_find(NULL, array)->write(test.ctx, array, &fid), array);
    fmx_test_ok(&test, fmx__npy_read(test.ctx, array, 1 << 20, &npy), array);
    cr_assert_eq(npy.type, FMX__NPY_COMPLEX);
    cr_assert_eq(npy.values, 5);
    cr_assert_arr_eq(npy.data, fid.data, 10 * sizeof(float));
    fmx_test_ok(&test, fmx__raw_format_find("csv", "x")->write(test.ctx, text, &fid), text);
    fmx_test_ok(&test, fmx__read_file(test.ctx, text, 1 << 20, &csv, &bytes), text);
    const char *rows = strstr(csv, "time_s,real,imaginary\n");
    cr_assert_not_null(rows);
    rows = strchr(rows, '\n') + 1;
    for (size_t i = 0; i < 5; ++i) {
        double x = 0;
        float re = 0;
        float im = 0;
        cr_assert_eq(sscanf(rows, "%lf,%f,%f", &x, &re, &im), 3, "%s", rows);
        cr_assert_lt(fabs(x - (double)i / 6000), 1e-15);
        cr_assert_eq(re, fid.data[2 * i]);
        cr_assert_eq(im, fid.data[2 * i + 1]);
        rows = strchr(rows, '\n') + 1;
    }
    free(csv);
    free(npy.data);
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}

/* As a user does: a simulated Bruker folder through every format and back to the same values. */
Test(convert, program)
{
    make_raw("Glycine");
    succeeds("convert $D/raw/Glycine/1 $D/first.npy");
    succeeds("convert $D/raw/Glycine/1 $D/a.dx");
    succeeds("convert $D/a.dx $D/b --to nmrpipe");
    succeeds("convert $D/b $D/folder/1");
    succeeds("convert $D/folder/1 $D/last.npy");
    cr_assert_eq(shell("cmp $D/first.npy $D/last.npy"), 0, "values changed on their way");
    succeeds("convert $D/raw/Glycine/1 $D/a.csv");
    cr_assert_eq(shell("head -9 $D/a.csv | grep -q '^time_s,real,imaginary'"), 0);
    fails("convert $D/raw $D/b.npy", 2, "2 measurements");
    fails("convert $D/raw/Glycine/1 $D/first.npy", 5, "first.npy");
    fails("convert $D/raw/Glycine/1 $D/c.npy --to wav", 2, "--to wav");
    fails("convert $D/nowhere $D/c.npy", 3, "nowhere");
    fails("convert $D/first.npy $D/c.npy", 3, "neither a FID nor a spectrum");
}
