/* JCAMP-DX: the forms of numbers, blocks, labels, and the real files. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "bruker_fixture.h"
#include "jcamp_table.h"

enum { MOST = 40 };

static fmx_status decode(const fmx_test *test, const char *text, size_t points, float *out,
                         size_t *count)
{
    fmx__jcamp_table table = {"a.dx", 100, text, strlen(text), 1, points};
    return fmx__jcamp_decode(test->ctx, &table, 1, out, count);
}

/* The same numbers in every form; the example of McDonald and Wilks 1988, figure 1, first. */
Test(jcamp, forms_of_numbers)
{
    static const struct {
        const char *text;
        size_t count;
        float value[12];
    } cases[] = {
        {"1 1 2 3 3 2 1 0 -1 -2 -3\n", 10, {1, 2, 3, 3, 2, 1, 0, -1, -2, -3}},
        {"1+1+2+3+3+2+1+0-1-2-3\n", 10, {1, 2, 3, 3, 2, 1, 0, -1, -2, -3}},
        {"1ABCCBA@abc\n", 10, {1, 2, 3, 3, 2, 1, 0, -1, -2, -3}},
        {"1AJJ%jjjjjj\n", 10, {1, 2, 3, 3, 2, 1, 0, -1, -2, -3}},
        {"1AJT%jX\n", 10, {1, 2, 3, 3, 2, 1, 0, -1, -2, -3}},
        {"1ABCTBA@abc\n", 10, {1, 2, 3, 3, 2, 1, 0, -1, -2, -3}},
        /* several digits; E is a squeezed 5 behind a whole number */
        {"16384E123 F45j10\n", 3, {5123, 645, 535}},
        {"7 A00J0T\n", 3, {100, 110, 120}},
        {"7 % \n", 0, {0}}, /* refused below: no value before it */
        /* exponents, points, commas, comments, either line end */
        {"0.5 1.5E+02, -2.5e-01;.5 $$ 77\r\n1.5 4\r\n", 4, {150, -0.25F, 0.5F, 4}},
        /* a line that follows a difference begins with its check value */
        {"0A5J1\n2B6J2\n4C8\n", 3, {15, 26, 38}},
        {"0A5J1T\n3C7J2\n", 4, {15, 26, 37, 49}},
        {"0A5J1\n2B6\n", 2, {15, 26}},
        {"0A5\n2B6\n", 2, {15, 26}}, /* no difference: a value of its own */
        {"", 0, {0}},
        {"\n\n  \n", 0, {0}},
        {"0 7 s0\n", 12, {0}}, /* 90 times: refused below */
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        float out[12];
        size_t count = 0;
        if (strchr(cases[i].text, '%') == cases[i].text + 2 || strchr(cases[i].text, 's') != NULL) {
            fmx_test_refused(&test, decode(&test, cases[i].text, 12, out, &count), FMX_ERROR_FORMAT,
                             "line 100");
            continue;
        }
        fmx_test_ok(&test, decode(&test, cases[i].text, 12, out, &count), cases[i].text);
        cr_assert_eq(count, cases[i].count, "%s: %zu", cases[i].text, count);
        for (size_t k = 0; k < count; ++k)
            cr_assert_eq(out[k], cases[i].value[k], "%s: value %zu is %g", cases[i].text, k,
                         (double)out[k]);
    }
    fmx_test_close(&test);
}

Test(jcamp, broken_numbers)
{
    static const char *const cases[][2] = {
        {"0A5J1\n2B7J2\n", "line 101: the check value is 27, the line before ends with 26"},
        {"0 1 ? 3\n", "missing value"},
        {"0 1 # 3\n", "belongs to no number"},
        {"0 T\n", "a repetition without a value"},
        {"0 J\n", "a difference without a value"},
        {"A5J1\n", "does not begin with a number"},
        {"0 1\n1 + 2\n", "line 101: a sign or a point"},
        {"0 1 .\n", "a sign or a point"},
        {"0 1 2 3 4 5 6 7 8 9 10 11 12 13\n", "more points"},
        {"0 7 s99999999999999999999\n", "more points"},
        {"0 9999999999999999999999999999999999999999\n", "single precision"},
        {"0 1.5E+999\n", "single precision"},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        float out[12];
        size_t count = 0;
        fmx_test_refused(&test, decode(&test, cases[i][0], 12, out, &count), FMX_ERROR_FORMAT,
                         cases[i][1]);
    }
    fmx_test_close(&test);
}

static const char fid_text[] = "##TITLE= a sample\r\n"
                               "##JCAMPDX= 6.0 $$ some writer\r\n"
                               "##DATATYPE= NMR FID\r\n"
                               "##.OBSERVE FREQUENCY= 500.1325\r\n"
                               "##.OBSERVE NUCLEUS= ^13C\r\n"
                               "##.SOLVENTNAME=\tCDCl3\r\n"
                               "##.AVERAGES= 16\r\n"
                               "##$BF1= 500.13\r\n"
                               "##$SF= 500.1301\r\n"
                               "##$GRPDLY= 67.98\r\n"
                               "##NTUPLES= NMR FID\r\n"
                               "##SYMBOL= X, R, I, N\r\n"
                               "##VAR_DIM= 4, 4, 4, 2\r\n"
                               "##UNITS= SECONDS, ARBITRARY UNITS, ARBITRARY UNITS,\r\n"
                               "##FIRST= 0, 1, 1, 1\r\n"
                               "##LAST= 0.0006, 1, 1, 2\r\n"
                               "##FACTOR= 0.0002, 2, 0.5, 1\r\n"
                               "##PAGE=\tN=1\r\n"
                               "##DATATABLE=\t(X++(R..R)), XYDATA\r\n"
                               "0A0J1J1J1\r\n3D3\r\n"
                               "##PAGE= N=2\r\n"
                               "##DATA TABLE= (X++(I..I)), XYDATA\r\n"
                               "0 -10 -20\r\n2 -30 -40\r\n"
                               "##END NTUPLES= NMR FID\r\n"
                               "##END=\r\n";

static const char *write_text(const char *text)
{
    const char *folder = fmx_test_folder();
    fmx_fixture_text(folder, "a.dx", text);
    return fmx_fixture_path(folder, "a.dx");
}

Test(jcamp, fid)
{
    fmx_test test = fmx_test_open_host();
    fmx_fid fid;
    fmx_test_ok(&test, fmx_fixture_read(&test, write_text(fid_text), &fid), "read");
    cr_assert_str_eq(fid.format, "jcamp-dx");
    cr_assert_eq(fid.kind, FMX_KIND_FID);
    cr_assert_eq(fid.points, 4);
    for (size_t i = 0; i < 4; ++i) {
        cr_assert_eq(fid.data[2 * i], 2 * (10 + 11 * (float)i));
        cr_assert_eq(fid.data[2 * i + 1], -5 * (float)(i + 1));
    }
    cr_assert_str_eq(fid.nucleus, "13C");
    cr_assert_str_eq(fid.solvent, "CDCl3");
    cr_assert_str_eq(fid.title, "a sample");
    cr_assert_eq(fid.scans, 16);
    cr_assert_lt(fabs(fid.sw_hz - 5000), 1e-9);
    cr_assert_eq(fid.obs_mhz, 500.1325);
    cr_assert_eq(fid.base_mhz, 500.13);
    cr_assert_eq(fid.reference_mhz, 500.1301);
    cr_assert_eq(fid.group_delay, 67.98);
    cr_assert(!fid.reversed);
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}

/* A spectrum by XYDATA, on an axis in ppm that rises, in Hz from 0 ppm, and in Hz from the right
 * end. */
Test(jcamp, spectrum)
{
    static const char head[] = "##TITLE=x\n##JCAMP-DX=5.00\n##DATA TYPE=\tNMR SPECTRUM\n"
                               "##.OBSERVE FREQUENCY=100\n##YFACTOR=0.5\n##NPOINTS=4\n";
    static const struct {
        const char *axis;
        double first_ppm;
        double step_ppm;
        bool turned;
    } cases[] = {
        {"##XUNITS=PPM\n##FIRSTX=1\n##LASTX=7\n", 7, -2, true},
        {"##XUNITS=HZ\n##FIRSTX=800\n##LASTX=200\n", 8, -2, false},
        {"##XUNITS=HZ\n##FIRSTX=600\n##LASTX=0\n##.SHIFT REFERENCE=(INTERNAL, D2O, 1, 9.5)\n", 9.5,
         -2, false},
        {"##XUNITS=HZ\n##FIRSTX=600\n##LASTX=0\n##.SHIFT REFERENCE= INTERNAL, D2O, 2, 7.5\n", 9.5,
         -2, false},
        {"##XUNITS=HZ\n##FIRSTX=600\n##LASTX=0\n##$OFFSET= 9.5\n", 9.5, -2, false},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        char text[1000];
        fmx_fid fid;
        snprintf(text, sizeof text, "%s%s##XYDATA= (X++(Y..Y))\n3 2 4 6 8\n##END=\n", head,
                 cases[i].axis);
        fmx_test_ok(&test, fmx_fixture_read(&test, write_text(text), &fid), cases[i].axis);
        cr_assert_eq(fid.kind, FMX_KIND_SPECTRUM);
        cr_assert_eq(fid.points, 4);
        cr_assert(!fid.is_complex);
        cr_assert_lt(fabs(fid.ppm_first - cases[i].first_ppm), 1e-12, "%zu: %g", i, fid.ppm_first);
        cr_assert_lt(fabs(fid.ppm_step - cases[i].step_ppm), 1e-12);
        for (size_t k = 0; k < 4; ++k)
            cr_assert_eq(fid.data[k], (float)(cases[i].turned ? 4 - k : k + 1));
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}

/* Blocks in blocks: the FID counts, whatever stands before it; without one the spectrum. */
Test(jcamp, link)
{
    char text[6000];
    fmx_test test = fmx_test_open_host();
    fmx_fid fid;
    snprintf(text, sizeof text,
             "##TITLE=both\n##JCAMPDX=5.0\n##DATA TYPE=LINK\n##BLOCKS=3\n"
             "##TITLE=structure\n##DATA TYPE=\n##END=\n"
             "##TITLE=spectrum\n##DATA TYPE=NMR SPECTRUM\n##XYDATA=(X++(Y..Y))\n0 1\n##END=\n"
             "##TITLE=inner\n##DATA TYPE=LINK\n%s##END=\n##END=\n",
             fid_text);
    fmx_test_ok(&test, fmx_fixture_read(&test, write_text(text), &fid), "read");
    cr_assert_eq(fid.kind, FMX_KIND_FID);
    cr_assert_str_eq(fid.title, "a sample");
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}

static void replace(char *text, const char *from, const char *to)
{
    char *at = strstr(text, from);
    cr_assert_not_null(at, "%s", from);
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    memcpy(at, to, strlen(to));
}

Test(jcamp, refused)
{
    static const struct {
        const char *from;
        const char *to;
        fmx_status status;
        const char *part;
    } cases[] = {
        {"##VAR_DIM= 4, 4", "##VAR_DIM= 4, 5", FMX_ERROR_FORMAT, "a table of 4 points, 5"},
        {"##VAR_DIM= 4, 4", "##VAR_DIM= 4, 3", FMX_ERROR_FORMAT, "more points"},
        {"##VAR_DIM= 4, 4", "##VAR_DIM= 4, 99999999", FMX_ERROR_FORMAT, "for each byte"},
        {"##VAR_DIM= 4, 4", "##VAR_DIM= 4, x", FMX_ERROR_FORMAT, "VAR_DIM"},
        {"##SYMBOL= X, R", "##SYMBOL= X, Q", FMX_ERROR_FORMAT, "SYMBOL"},
        {"##.OBSERVE FREQUENCY= 500.1325", "##.OBSERVE FREQUENCY= 0", FMX_ERROR_FORMAT,
         ".OBSERVE FREQUENCY= 0"},
        {"##LAST= 0.0006", "##LAST= nan", FMX_ERROR_FORMAT, "first and last"},
        {"##UNITS= SECONDS", "##UNITS= FURLONGS", FMX_ERROR_FORMAT, "expected SECONDS"},
        {"##FACTOR= 0.0002, 2", "##FACTOR= 0.0002, two", FMX_ERROR_FORMAT, "a factor for each"},
        {"(X++(I..I))", "(XY..XY)", FMX_ERROR_UNSUPPORTED, "a table of another form"},
        {"3D3", "3D4", FMX_ERROR_FORMAT, "line 21: the check value"},
        {"##$GRPDLY= 67.98", "##$GRPDLY= -7", FMX_ERROR_FORMAT, "GRPDLY"},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        char text[sizeof fid_text + 100];
        fmx_fid fid;
        strcpy(text, fid_text);
        replace(text, cases[i].from, cases[i].to);
        fmx_test_refused(&test, fmx_fixture_read(&test, write_text(text), &fid), cases[i].status,
                         cases[i].part);
    }
    fmx_test_close(&test);
}

/* Parameter files of instruments are JCAMP too, but no measurements. */
Test(jcamp, not_a_measurement)
{
    static const char *const texts[] = {
        "##TITLE= Parameter file\n##JCAMPDX= 5.0\n##DATATYPE= Parameter Values\n##END=\n",
        "##TITLE= infrared\n##JCAMP-DX=4.24\n##DATA TYPE= INFRARED SPECTRUM\n##END=\n",
        "# no JCAMP\n##TITLE=\n",
        "##",
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(texts); ++i) {
        fmx_source_list list = {0};
        fmx_test_ok(&test, fmx_source_find(test.ctx, write_text(texts[i]), false, &list), "find");
        cr_assert_eq(list.count, 0, "text %zu", i);
        fmx_source_list_clear(&list);
    }
    fmx_test_close(&test);
}

Test(jcamp, damage_and_allocations)
{
    fmx_test test = fmx_test_open_host();
    char path[300];
    char folder[300];
    snprintf(path, sizeof path, "%s", write_text(fid_text));
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    fmx_fixture_each_failure(&test, path);
    fmx_fixture_damage(&test, folder, folder, "a.dx", fid_text, sizeof fid_text - 1,
                       sizeof fid_text - 1);
    fmx_test_close(&test);
}

/* One measurement in two formats. */
Test(jcamp, shared_pairs)
{
    static const struct {
        const char *jcamp;
        const char *other;
        float tolerance; /* decimals that the writer printed */
        float scale;     /* 2^NC, which the folder's values are multiplied by */
    } pairs[] = {
        {"data/jcamp/aspirin_50-78-2/1h.fid.dx", "data/bruker/aspirin_CDCl3_300", 0, 0.25F},
        {"data/jcamp/1-naphthoic_acid_86-55-5/1h.fid.dx",
         "data/bruker/1-naphthoic_acid_acetone_500", 0, 0.5F},
        {"data/spinsolve/glycine_reaction_80MHz_103717/nmr_fid.dx",
         "data/spinsolve/glycine_reaction_80MHz_103717/data.1d", 1.3e-4F, 1},
    };
    fmx_test test = fmx_test_open_host();
    fmx_test_shared("data/jcamp");
    for (size_t i = 0; i < FMX__COUNT(pairs); ++i) {
        fmx_fid a;
        fmx_fid b;
        char path[1000];
        snprintf(path, sizeof path, "%s", fmx_test_shared(pairs[i].jcamp));
        fmx_test_ok(&test, fmx_fixture_read(&test, path, &a), path);
        snprintf(path, sizeof path, "%s", fmx_test_shared(pairs[i].other));
        fmx_test_ok(&test, fmx_fixture_read(&test, path, &b), path);
        cr_assert_eq(a.points, b.points);
        for (size_t k = 0; k < 2 * a.points; ++k)
            cr_assert_leq(fabsf(pairs[i].scale * a.data[k] - b.data[k]), pairs[i].tolerance,
                          "%s: value %zu", path, k);
        cr_assert_eq(a.reversed, b.reversed);
        cr_assert_eq(a.group_delay, b.group_delay);
        cr_assert_lt(fabs(a.sw_hz - b.sw_hz), 1e-3);
        cr_assert_lt(fabs(a.obs_mhz - b.obs_mhz), 1e-9);
        cr_assert_lt(fabs(a.reference_mhz - b.reference_mhz), 1e-7, "%.9f %.9f", a.reference_mhz,
                     b.reference_mhz);
        fmx_fid_clear(&a);
        fmx_fid_clear(&b);
    }
    fmx_test_close(&test);
}

/* Every real file is read; how many of each kind. */
Test(jcamp, shared_files)
{
    fmx_test test = fmx_test_open_host();
    fmx_source_list list = {0};
    size_t decays = 0;
    fmx_test_ok(&test, fmx_source_find(test.ctx, fmx_test_shared("data/jcamp"), true, &list),
                "find");
    for (size_t i = 0; i < list.count; ++i) {
        fmx_fid fid;
        fmx_test_ok(&test, fmx_fid_read(test.ctx, &list.item[i], FMX_READ_DATA, &fid),
                    list.item[i].path);
        decays += fid.kind == FMX_KIND_FID;
        cr_assert(strcmp(fid.nucleus, "1H") == 0 || strcmp(fid.nucleus, "13C") == 0);
        fmx_fid_clear(&fid);
    }
    cr_assert_eq(list.count, 40, "%zu files", list.count);
    cr_assert_eq(decays, 23, "%zu decays", decays);
    fmx_source_list_clear(&list);
    fmx_test_close(&test);
}
