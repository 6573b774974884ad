/* Bruker FIDs: every pitfall that real files showed, each as a fixture written here. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "bruker_fixture.h"

static int warnings;

static void count_warning(void *user, fmx_log_level level, const char *text)
{
    (void)user;
    (void)text;
    warnings += level == FMX_LOG_WARNING;
}

/* Reads the fixture and expects values 1, -2, 3, ... times `scale`. */
static fmx_fid expect_points(const fmx_test *test, const char *folder, size_t points, double scale)
{
    fmx_fid fid;
    fmx_test_ok(test, fmx_fixture_read(test, folder, &fid), folder);
    cr_assert_eq(fid.kind, FMX_KIND_FID);
    cr_assert(fid.is_complex);
    cr_assert_eq(fid.points, points, "%zu points, expected %zu", fid.points, points);
    for (size_t i = 0; i < 2 * points; ++i)
        cr_assert_eq(fid.data[i], (float)(scale * (double)(i + 1) * (i % 2 == 0 ? 1 : -1)),
                     "value %zu is %g", i, (double)fid.data[i]);
    return fid;
}

Test(bruker, plain)
{
    fmx_test test = fmx_test_open_host();
    const char *folder = fmx_fixture_experiment(NULL, NULL);
    fmx_fixture_text(folder, "pdata/1/title", "first line \r\n\r\n second\tline\r\n");
    fmx_fid fid = expect_points(&test, folder, 8, 1);
    cr_assert_str_eq(fid.format, "bruker");
    cr_assert_str_eq(fid.path, folder);
    cr_assert_str_eq(fid.name, "sample");
    cr_assert_str_eq(fid.nucleus, "1H");
    cr_assert_str_eq(fid.solvent, "D2O");
    cr_assert_str_eq(fid.title, "first line / second line");
    cr_assert_eq(fid.scans, 16);
    cr_assert_eq(fid.sw_hz, 5000.0);
    cr_assert_eq(fid.obs_mhz, 500.1325);
    cr_assert_eq(fid.base_mhz, 500.13);
    cr_assert_eq(fid.group_delay, 67.98);
    fmx_fid_clear(&fid);
    cr_assert_null(fid.data);
    fmx_test_close(&test);
}

Test(bruker, parameters_only)
{
    fmx_test test = fmx_test_open_host();
    fmx_source source = {(char *)fmx_fixture_experiment(NULL, NULL), "bruker", FMX_KIND_FID};
    fmx_fid fid;
    fmx_test_ok(&test, fmx_fid_read(test.ctx, &source, FMX_READ_PARAMETERS, &fid), "read");
    cr_assert_null(fid.data);
    cr_assert_eq(fid.points, 8);
    fmx_fid_clear(&fid);
    source.format = "varia";
    fmx_test_refused(&test, fmx_fid_read(test.ctx, &source, FMX_READ_DATA, &fid),
                     FMX_ERROR_ARGUMENT, "varia");
    fmx_test_close(&test);
}

Test(bruker, what_procs_tells_of_a_fid)
{
    static const struct {
        const char *procs;
        double reference_mhz;
        bool reversed;
    } cases[] = {
        {"##$SF= 500.130012\n##$REVERSE= no\n##$PHC0= 45\n", 500.130012, false},
        {"##$SF= 500.13\n##$REVERSE= yes\n", 0, true},
        {"##$SF= 125.7\n##$REVERSE=\n", 0, false}, /* of another nucleus */
        {"##$SF= nan\n##$REVERSE= yes\n", 0, true},
        {"nothing", 0, false},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        const char *folder = fmx_fixture_experiment(NULL, NULL);
        fmx_fixture_text(folder, "pdata/1/procs", cases[i].procs);
        fmx_fid fid = expect_points(&test, folder, 8, 1); /* as acquired */
        cr_assert_eq(fid.reversed, cases[i].reversed, "case %zu", i);
        cr_assert_eq(fid.reference_mhz, cases[i].reference_mhz, "case %zu", i);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}

/* NC is a power of two that the values are to be multiplied by. */
Test(bruker, byte_order_and_scale)
{
    fmx_test test = fmx_test_open_host();
    fmx_fid fid = expect_points(&test, fmx_fixture_experiment("##$BYTORDA= 1\n", NULL), 8, 1);
    fmx_fid_clear(&fid);
    fid = expect_points(&test, fmx_fixture_experiment("##$NC= -6\n", NULL), 8, 1.0 / 64);
    fmx_fid_clear(&fid);
    fid = expect_points(&test, fmx_fixture_experiment("##$BYTORDA= 1\n##$NC= 5\n", NULL), 8, 32);
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}

Test(bruker, floating_point_types)
{
    fmx_test test = fmx_test_open_host();
    for (int type = 1; type <= 2; ++type) {
        for (int big = 0; big <= 1; ++big) {
            unsigned char bytes[16 * 8];
            size_t width = type == 1 ? 4 : 8;
            char changed[64];
            snprintf(changed, sizeof changed, "##$DTYPA= %d\n##$BYTORDA= %d\n##$NC= -1\n", type,
                     big);
            const char *folder = fmx_fixture_experiment(changed, NULL);
            for (int i = 0; i < 16; ++i) {
                double wide = 2.0 * (i + 1) * (i % 2 == 0 ? 1 : -1);
                float narrow = (float)wide;
                fmx_fixture_bytes(type == 1 ? (void *)&narrow : (void *)&wide, width, big != 0,
                                  bytes + (size_t)i * width);
            }
            fmx_fixture_file(folder, "fid", bytes, 16 * width);
            fmx_fid fid = expect_points(&test, folder, 8, 1);
            fmx_fid_clear(&fid);
            double bad = (double)NAN;
            float narrow = INFINITY;
            fmx_fixture_bytes(type == 1 ? (void *)&narrow : (void *)&bad, width, big != 0,
                              bytes + 5 * width);
            fmx_fixture_file(folder, "fid", bytes, 16 * width);
            fmx_test_refused(&test, fmx_fixture_read(&test, folder, &fid), FMX_ERROR_FORMAT,
                             type == 1 ? "byte 20" : "byte 40");
        }
    }
    fmx_test_close(&test);
}

/* The extremes of int32 lose nothing but what single precision cannot hold. */
Test(bruker, extremes_of_int32)
{
    fmx_test test = fmx_test_open_host();
    static const int32_t values[4] = {INT32_MIN, INT32_MAX, -1, 0x01020304};
    unsigned char bytes[16];
    const char *folder = fmx_fixture_experiment("##$TD= 4\n", NULL);
    for (size_t i = 0; i < 4; ++i)
        fmx_fixture_bytes(&values[i], 4, false, bytes + 4 * i);
    fmx_fixture_file(folder, "fid", bytes, sizeof bytes);
    fmx_fid fid;
    fmx_test_ok(&test, fmx_fixture_read(&test, folder, &fid), "read");
    for (size_t i = 0; i < 4; ++i)
        cr_assert_eq(fid.data[i], (float)values[i]);
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}

/* TD against the size of the file. */
Test(bruker, sizes_that_lie)
{
    static const struct {
        const char *td;
        size_t values; /* in the file */
        size_t points; /* expected; 0: refused */
        int warns;
    } cases[] = {
        {"##$TD= 16\n", 256, 8, 0},      /* padded to 1024 bytes */
        {"##$TD= 16\n", 16 + 256, 8, 1}, /* more than padding behind */
        {"##$TD= 15\n", 16, 7, 0},       /* odd: a half point is none */
        {"##$TD= 6\n", 6, 3, 0},         /* not a power of two */
        {"##$TD= 32768\n", 16, 8, 1},    /* truncated acquisition */
        {"##$TD= 32768\n", 15, 7, 1},    /* ends in the middle of a point */
        {"##$TD= 268435456\n", 2, 1, 1}, /* the most, of a file of one point */
        {"##$TD= 16.0\n", 16, 8, 0},     /* a whole number all the same */
        {"##$TD= 16\n", 0, 0, 0},        /* nothing */
        {"##$TD= 16\n", 1, 0, 0},        /* half a point */
    };
    fmx_test test = fmx_test_open_host();
    fmx_context_set_log(test.ctx, count_warning, NULL, FMX_LOG_WARNING);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        const char *folder = fmx_fixture_experiment(cases[i].td, NULL);
        fmx_fid fid;
        fmx_fixture_fid(folder, cases[i].values, false);
        warnings = 0;
        if (cases[i].points == 0) {
            fmx_test_refused(&test, fmx_fixture_read(&test, folder, &fid), FMX_ERROR_FORMAT,
                             "no complex point");
            continue;
        }
        fid = expect_points(&test, folder, cases[i].points, 1);
        cr_assert_eq(warnings, cases[i].warns, "case %zu: %d warnings", i, warnings);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}

/* Which of DIGMOD, DSPFVS, GRPDLY and DECIM says the delay. */
Test(bruker, group_delay)
{
    static const struct {
        const char *changed;
        bool no_grpdly;
        double delay;
    } cases[] = {
        {"", false, 67.98},
        {"##$GRPDLY= 0\n##$DSPFVS= 12\n##$DECIM= 16\n", false, 0},
        {"##$GRPDLY= 76\n##$DSPFVS= 21\n##$DIGMOD= 3\n", false, 76},
        {"##$GRPDLY= 76\n##$DSPFVS= -1\n##$DIGMOD= 0\n", false, 0},
        {"##$GRPDLY= 76\n##$DSPFVS= 20\n##$DIGMOD= 0\n", false, 0},
        {"##$GRPDLY= 67.99\n##$DSPFVS= -1\n", false, 0},
        {"##$GRPDLY= -1\n##$DSPFVS= 0\n##$DECIM= 1680\n", false, 0},
        {"##$GRPDLY= -1\n##$DSPFVS= 12\n##$DECIM= 16\n", false, 71.625},
        {"##$GRPDLY= -1\n##$DSPFVS= 12\n##$DECIM= 1\n", false, 0},
        {"##$DSPFVS= 10\n##$DECIM= 24\n", true, 61 + 1 / 48.0},
        {"##$DSPFVS= 11\n##$DECIM= 16\n", true, 72.25},
        {"##$DSPFVS= 13\n##$DECIM= 2\n", true, 2.75},
        {"##$DSPFVS= 10\n##$DECIM= 2048\n", true, 70.492431640625},
        {"##$DSPFVS= 0\n", true, 0},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        const char *folder =
            fmx_fixture_experiment(cases[i].changed, cases[i].no_grpdly ? "GRPDLY" : NULL);
        fmx_fid fid = expect_points(&test, folder, 8, 1);
        cr_assert_float_eq(fid.group_delay, cases[i].delay, 1e-12, "case %zu: %.12g", i,
                           fid.group_delay);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}

/* The whole table, against nmrglue's (golden/bruker_delays.txt, made by golden/make_bruker.py). */
Test(bruker, table_of_group_delays)
{
    fmx_test test = fmx_test_open_host();
    char line[128];
    int entries = 0;
    FILE *golden = fopen(FMX_SOURCE_DIR "/tests/golden/bruker_delays.txt", "r");
    cr_assert_not_null(golden);
    while (fgets(line, sizeof line, golden) != NULL) {
        int dspfvs = 0;
        int decim = 0;
        double points = 0;
        char changed[128];
        if (sscanf(line, "%d %d %lf", &dspfvs, &decim, &points) != 3)
            continue;
        snprintf(changed, sizeof changed, "##$DSPFVS= %d\n##$DECIM= %d\n", dspfvs, decim);
        fmx_fid fid = expect_points(&test, fmx_fixture_experiment(changed, "GRPDLY"), 8, 1);
        /* nmrglue writes 17 digits of thirds and sixths */
        cr_assert_float_eq(fid.group_delay, points, 1e-12, "%d %d: %.15g", dspfvs, decim,
                           fid.group_delay);
        fmx_fid_clear(&fid);
        ++entries;
    }
    fclose(golden);
    cr_assert_eq(entries, 75);
    fmx_test_close(&test);
}

Test(bruker, refusals)
{
    static const struct {
        const char *changed;
        const char *without;
        fmx_status status;
        const char *part;
    } cases[] = {
        {"", "TD", FMX_ERROR_FORMAT, "acqus: ##$TD is missing"},
        {"", "SW_h", FMX_ERROR_FORMAT, "##$SW_h is missing"},
        {"", "SFO1", FMX_ERROR_FORMAT, "##$SFO1 is missing"},
        {"##$TD= 1\n", NULL, FMX_ERROR_FORMAT, "##$TD= 1"},
        {"##$TD= -16\n", NULL, FMX_ERROR_FORMAT, "##$TD= -16"},
        {"##$TD= 16.5\n", NULL, FMX_ERROR_FORMAT, "whole"},
        {"##$TD= 1e30\n", NULL, FMX_ERROR_FORMAT, "##$TD= 1e30"},
        {"##$TD= many\n", NULL, FMX_ERROR_FORMAT, "##$TD= many"},
        {"##$TD=\n", NULL, FMX_ERROR_FORMAT, "##$TD="},
        {"##$SW_h= nan\n", NULL, FMX_ERROR_FORMAT, "##$SW_h= nan is not a number from"},
        {"##$SW_h= 0\n", NULL, FMX_ERROR_FORMAT, "##$SW_h= 0"},
        {"##$SW_h= -5000\n", NULL, FMX_ERROR_FORMAT, "##$SW_h"},
        {"##$SW_h= 1e300\n", NULL, FMX_ERROR_FORMAT, "##$SW_h"},
        {"##$SFO1= inf\n", NULL, FMX_ERROR_FORMAT, "##$SFO1= inf"},
        {"##$SFO1= 0\n", NULL, FMX_ERROR_FORMAT, "##$SFO1= 0"},
        {"##$BF1= -1\n", NULL, FMX_ERROR_FORMAT, "##$BF1= -1"},
        {"##$BYTORDA= 2\n", NULL, FMX_ERROR_FORMAT, "##$BYTORDA= 2"},
        {"##$DTYPA= 3\n", NULL, FMX_ERROR_FORMAT, "##$DTYPA= 3"},
        {"##$NC= 5000\n", NULL, FMX_ERROR_FORMAT, "##$NC= 5000"},
        {"##$NC= 200\n", NULL, FMX_ERROR_FORMAT, "fid: the value at byte 0"},
        {"##$NS= -1\n", NULL, FMX_ERROR_FORMAT, "##$NS= -1"},
        {"##$GRPDLY= 1e9\n", NULL, FMX_ERROR_FORMAT, "##$GRPDLY= 1e9"},
        {"##$GRPDLY= -1\n", NULL, FMX_ERROR_UNSUPPORTED, "add a line ##$GRPDLY="},
        {"##$DSPFVS= 13\n##$DECIM= 128\n", "GRPDLY", FMX_ERROR_UNSUPPORTED, "DECIM 128"},
        {"##$AQ_mod= 0\n", NULL, FMX_ERROR_UNSUPPORTED, "qf"},
        {"##$AQ_mod= 2\n", NULL, FMX_ERROR_UNSUPPORTED, "qseq"},
        {"##$AQ_mod= 7\n", NULL, FMX_ERROR_FORMAT, "##$AQ_mod= 7"},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        const char *folder = fmx_fixture_experiment(cases[i].changed, cases[i].without);
        fmx_fid fid;
        fmx_test_refused(&test, fmx_fixture_read(&test, folder, &fid), cases[i].status,
                         cases[i].part);
        cr_assert_null(fid.path, "a failed read leaves nothing to release");
    }
    fmx_test_close(&test);
}

Test(bruker, missing_and_unusable_files)
{
    fmx_test test = fmx_test_open_host();
    fmx_fid fid;
    const char *folder = fmx_test_folder();
    fmx_fixture_fid(folder, 16, false);
    fmx_test_refused(&test, fmx_fixture_read(&test, folder, &fid), FMX_ERROR_FORMAT,
                     "/acqus: missing");
    fmx_fixture_text(folder, "acqus", "\x01\x02 not a parameter file");
    fmx_test_refused(&test, fmx_fixture_read(&test, folder, &fid), FMX_ERROR_FORMAT,
                     "acqus: no \"##KEY= value\"");
    fmx_fixture_text(folder, "acqus", "");
    fmx_test_refused(&test, fmx_fixture_read(&test, folder, &fid), FMX_ERROR_FORMAT, "0 bytes");
    folder = fmx_fixture_experiment(NULL, NULL);
    rename(fmx_fixture_path(folder, "acqus"), fmx_fixture_path(folder, "acqu"));
    fid = expect_points(&test, folder, 8, 1); /* acqu says what acqus would */
    fmx_fid_clear(&fid);
    rename(fmx_fixture_path(folder, "fid"), fmx_fixture_path(folder, "ser"));
    fmx_test_refused(&test, fmx_fixture_read(&test, folder, &fid), FMX_ERROR_UNSUPPORTED,
                     "two and more dimensions");
    fmx_test_close(&test);
}

/* Any line end, any blank, any encoding; keys that are absent have their defaults. */
Test(bruker, parameter_files_as_they_come)
{
    static const char *const texts[] = {
        "##$TD= 16\r\n##$SW_h= 5000\r\n##$SFO1= 500.1325\r\n##$NUC1= <1H>\r\n##END=\r\n",
        "##$TD= 16\r##$SW_h= 5000\r##$SFO1= 500.1325\r##$NUC1= <1H>\r",
        "##$TD=16\n##$SW_h =5000\n##$SFO1=\t500.1325 $$ MHz\n##$NUC1=<1H>",
        "\xef\xbb\xbf##$TD= 16\n$$ ##$TD= 99\n##$SW_h= 5000\n##$SFO1= 500.1325\n##$NUC1= < 1H >\n",
        "##$OWNER= <M\xfcller>\n##$TD= 16\n##$SW= 9.9973507\n##$SFO1= 500.1325\n##$NUCLEUS= <1H>\n",
        "##$X= <open\n##$TD= 16\n##$SW_h= 5000\n##$SFO1= 500.1325\n##$NUC1= <1H\n",
        "##\n##=\n##$\n##$=\n=\n##$TD= 16\n##$SW_h= 5000\n##$SFO1= 500.1325\n##$NUC1= <1H>\n",
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; ++i) {
        const char *folder = fmx_fixture_experiment(NULL, NULL);
        fmx_fixture_text(folder, "acqus", texts[i]);
        fmx_fid fid = expect_points(&test, folder, 8, 1);
        cr_assert_str_eq(fid.nucleus, "1H", "text %zu: \"%s\"", i, fid.nucleus);
        cr_assert_float_eq(fid.sw_hz, 5000, 1e-3, "text %zu", i);
        cr_assert_eq(fid.base_mhz, 500.1325);
        cr_assert_eq(fid.scans, 1);
        cr_assert_str_eq(fid.solvent, "");
        cr_assert_str_eq(fid.title, "");
        cr_assert_eq(fid.group_delay, 0.0);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}

#define FMX_BYTES(text) text, sizeof text - 1

Test(bruker, titles_in_any_encoding)
{
    static const struct {
        const char *bytes;
        size_t count;
        const char *title;
    } cases[] = {
        {FMX_BYTES("plain"), "plain"},
        {FMX_BYTES(""), ""},
        {FMX_BYTES(" \n\r\n"), ""},
        {FMX_BYTES("na\xc3\xafve \xc2\xb0\x43"), "na\xc3\xafve \xc2\xb0\x43"},
        {FMX_BYTES("na\xefve \xb0\x43"), "na\xc3\xafve \xc2\xb0\x43"},
        {FMX_BYTES("50 \x80"), "50 \xe2\x82\xac"},
        {FMX_BYTES("\xef\xbb\xbf\xc2\xb5M"), "\xc2\xb5M"},
        {FMX_BYTES("\xff\xfe\xb5\0M\0\n\0x\0"), "\xc2\xb5M / x"},
        {FMX_BYTES("\xfe\xff\0\xb5\0M"), "\xc2\xb5M"},
        {FMX_BYTES("m\0M\0 \0"), "mM"},
        {FMX_BYTES("\0m\0M"), "mM"},
        {FMX_BYTES("\xff\xfe\x3d\xd8\x00\xde"), "\xf0\x9f\x98\x80"},
        {FMX_BYTES("\xff\xfe\x3d\xd8x\0"), "\xef\xbf\xbdx"},
        {FMX_BYTES("a\0b"), "a b"},
        {FMX_BYTES("\xc0\x80\xed\xa0\x80"), "\xc3\x80\xe2\x82\xac\xc3\xad\xc2\xa0\xe2\x82\xac"},
        {FMX_BYTES("one\n\n two\r\nthree\x01"), "one / two / three"},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        const char *folder = fmx_fixture_experiment(NULL, NULL);
        /* beside the FID, where there is no pdata */
        fmx_fixture_file(folder, i % 2 == 0 ? "title" : "pdata/1/title", cases[i].bytes,
                         cases[i].count);
        fmx_fid fid = expect_points(&test, folder, 8, 1);
        cr_assert_str_eq(fid.title, cases[i].title, "title %zu: \"%s\"", i, fid.title);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}

/* Every truncation, and every byte changed in several ways: a status, never a crash; what is read
 * has sizes that the file really holds. */
Test(bruker, damaged_files)
{
    fmx_test test = fmx_test_open_host();
    const char *folder = fmx_fixture_experiment("##$NC= -3\n", NULL);
    for (int which = 0; which < 2; ++which) {
        const char *name = which == 0 ? "acqus" : "fid";
        char data[4096];
        FILE *file = fopen(fmx_fixture_path(folder, name), "rb");
        cr_assert_not_null(file);
        size_t bytes = fread(data, 1, sizeof data, file);
        fclose(file);
        size_t readable = 0;
        for (size_t round = 0; round < 4 * bytes; ++round) {
            static const unsigned char flips[3] = {0xff, 0x80, 0x01};
            size_t at = round / 4;
            size_t left = round % 4 == 3 ? at : bytes;
            char kept = data[at];
            if (round % 4 < 3)
                data[at] = (char)(data[at] ^ flips[round % 4]);
            fmx_fixture_file(folder, name, data, left);
            data[at] = kept;
            fmx_fid fid;
            if (fmx_fixture_read(&test, folder, &fid) == FMX_OK) {
                ++readable;
                cr_assert_leq(fid.points, 8);
                cr_assert(fid.sw_hz > 0 && fid.obs_mhz > 0);
            }
            fmx_fid_clear(&fid);
        }
        fmx_fixture_file(folder, name, data, bytes);
        cr_assert_gt(readable, bytes, "%s: nothing was read, so nothing was tried", name);
    }
    fmx_test_close(&test);
}

/* Each allocation fails once: a status, nothing leaks (seen by the sanitizer build). */
Test(bruker, out_of_memory)
{
    fmx_test test = fmx_test_open_host();
    fmx_fixture_each_failure(&test, fmx_fixture_experiment(NULL, NULL));
    fmx_test_close(&test);
}
