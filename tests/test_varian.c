/* Varian and Agilent FIDs: every pitfall that real files showed, each as a fixture written here,
 * and the real ones of the shared working set. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "bruker_fixture.h"

enum { POINTS = 8, HEADER = 32, BLOCK = 28 };

static const char procpar_text[] =
    "sfrq 1 1 1e+09 0 0 2 1 11 1 64\n1 499.8192724 \n0 \n"
    "sw 5 1 5 5 0 2 1 8 1 64\n1 6000.15 \n0 \n"
    "tn 2 2 4 0 0 2 1 9 1 64\n1 \"H1\"\n0 \n"
    "solvent 2 2 0 0 0 2 1 0 1 64\n1 \"D2O \\\"heavy\\\"\"\n0 \n"
    "nt 7 1 1e9 0 1 2 1 0 1 64\n1 128 \n0 \n"
    "list 1 1 1 0 1 2 1 0 1 64\n3 1 2 3 \n0 \n"
    "names 2 2 1 0 1 2 1 0 1 64\n2 \"two\nlines\" \n\"b\"\n3 \"x\" \"y\" \"z\" \n";

static void put_32(unsigned char *to, int32_t value)
{
    fmx_fixture_bytes(&value, 4, true, to);
}

/* Header fields by number (nblocks, ntraces, np, ebytes, tbytes, bbytes, -, nbheaders), values
 * 1, -2, 3 ... of the type that status tells. */
typedef struct plan {
    int status;
    int changed; /* field, -1: none */
    int32_t value;
    size_t bytes; /* of the file; 0: all */
} plan;

static const char *write_folder(const plan *p, const char *parameters, bool upper)
{
    unsigned char file[HEADER + BLOCK + 2 * POINTS * 4] = {0};
    const char *folder = fmx_fixture_path(fmx_test_folder(), "sample.fid");
    int width = (p->status & 0xc) != 0 ? 4 : 2;
    int32_t field[] = {1, 1, 2 * POINTS, width, 2 * POINTS * width, 2 * POINTS * width + BLOCK,
                       0, 1};
    if (p->changed >= 0)
        field[p->changed] = p->value;
    for (int i = 0; i < 8; ++i)
        put_32(file + 4 * i, field[i]);
    file[26] = (unsigned char)(p->status >> 8);
    file[27] = (unsigned char)p->status;
    for (int i = 0; i < 2 * POINTS; ++i) {
        unsigned char *to = file + HEADER + BLOCK + i * width;
        int32_t whole = (i + 1) * (i % 2 == 0 ? 1 : -1);
        int16_t narrow = (int16_t)whole;
        float single = (float)whole;
        if ((p->status & 8) != 0)
            fmx_fixture_bytes(&single, 4, true, to);
        else if (width == 4)
            put_32(to, whole);
        else
            fmx_fixture_bytes(&narrow, 2, true, to);
    }
    size_t all = HEADER + BLOCK + 2 * POINTS * (size_t)width;
    fmx_fixture_file(folder, upper ? "FID" : "fid", file, p->bytes > 0 ? p->bytes : all);
    fmx_fixture_text(folder, upper ? "PROCPAR" : "procpar", parameters);
    fmx_fixture_text(folder, upper ? "TEXT" : "text", "a sample\r\nof two lines\n");
    return folder;
}

static void expect_points(const fmx_fid *fid, size_t points)
{
    cr_assert_eq(fid->points, points, "%zu points", fid->points);
    for (size_t i = 0; i < 2 * points; ++i)
        cr_assert_eq(fid->data[i], (float)(i + 1) * (i % 2 == 0 ? 1 : -1), "value %zu", i);
}

Test(varian, types_and_names)
{
    static const int status[] = {0x41, 0x45, 0x49, 0xc9};
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < 2 * FMX__COUNT(status); ++i) {
        plan p = {status[i / 2], -1, 0, 0};
        fmx_fid fid;
        const char *folder = write_folder(&p, procpar_text, i % 2 == 1);
        fmx_test_ok(&test, fmx_fixture_read(&test, folder, &fid), folder);
        cr_assert_str_eq(fid.format, "varian");
        cr_assert_eq(fid.kind, FMX_KIND_FID);
        expect_points(&fid, POINTS);
        cr_assert_str_eq(fid.nucleus, "1H");
        cr_assert_str_eq(fid.solvent, "D2O \\\"heavy\\\"");
        cr_assert_str_eq(fid.title, "a sample / of two lines");
        cr_assert_eq(fid.scans, 128);
        cr_assert_eq(fid.obs_mhz, 499.8192724);
        cr_assert_eq(fid.sw_hz, 6000.15);
        cr_assert_eq(fid.group_delay, 0.0);
        cr_assert_eq(fid.reference_mhz, 0.0);
        cr_assert(fid.reversed);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}

/* 0 ppm is at reffrq, or as far from the centre as the reference line tells. */
Test(varian, reference)
{
    static const plan plain = {0x45, -1, 0, 0};
    static const char *const more[] = {
        "reffrq 1 1 1 0 0 2 1 0 1 64\n1 499.816882219\n0\n",
        "rfl 1 1 1 0 0 2 1 0 1 64\n1 709.893787395\n0\nrfp 1 1 1 0 0 2 1 0 1 64\n1 100\n0\n",
        "reffrq 1 1 1 0 0 2 1 0 1 64\n1 125.7\n0\n",
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(more); ++i) {
        char text[2000];
        fmx_fid fid;
        snprintf(text, sizeof text, "%s%s", procpar_text, more[i]);
        fmx_test_ok(&test, fmx_fixture_read(&test, write_folder(&plain, text, false), &fid),
                    "read");
        if (i < 2) /* reffrq is written with 1e-9 MHz */
            cr_assert_lt(fabs(fid.reference_mhz - 499.816882219), 1.1e-9);
        else
            cr_assert_eq(fid.reference_mhz, 0.0);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}

Test(varian, truncated)
{
    fmx_test test = fmx_test_open_host();
    plan p = {0x45, -1, 0, HEADER + BLOCK + 3 * 8 + 5};
    fmx_fid fid;
    fmx_test_ok(&test, fmx_fixture_read(&test, write_folder(&p, procpar_text, false), &fid),
                "read");
    expect_points(&fid, 3);
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}

Test(varian, refused_data)
{
    static const struct {
        plan plan;
        fmx_status status;
        const char *part;
    } cases[] = {
        {{0x45, -1, 0, 20}, FMX_ERROR_FORMAT, "20 bytes"},
        {{0x45, -1, 0, HEADER + BLOCK + 7}, FMX_ERROR_FORMAT, "before its first point"},
        {{0x45, 2, 0, 0}, FMX_ERROR_FORMAT, "byte 8: np is 0"},
        {{0x45, 2, -16, 0}, FMX_ERROR_FORMAT, "np is -16"},
        {{0x45, 2, 0x7fffffff, 0}, FMX_ERROR_FORMAT, "np is 2147483647"},
        {{0x45, 3, 2, 0}, FMX_ERROR_FORMAT, "ebytes is 2"},
        {{0x45, 4, 63, 0}, FMX_ERROR_FORMAT, "tbytes is 63"},
        {{0x44, -1, 0, 0}, FMX_ERROR_FORMAT, "status is 68"},
        {{0x47, -1, 0, 0}, FMX_ERROR_UNSUPPORTED, "spectrum"},
        {{0x45, 0, 5, 0}, FMX_ERROR_UNSUPPORTED, "holds 5 FIDs"},
        {{0x45, 1, 3, 0}, FMX_ERROR_UNSUPPORTED, "holds 3 FIDs"},
        {{0x45, 7, -1, 0}, FMX_ERROR_FORMAT, "nbheaders is -1"},
        {{0x45, 7, 8, 0}, FMX_ERROR_FORMAT, "before its first point"},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx_fid fid;
        const char *folder = write_folder(&cases[i].plan, procpar_text, false);
        fmx_test_refused(&test, fmx_fixture_read(&test, folder, &fid), cases[i].status,
                         cases[i].part);
    }
    fmx_test_close(&test);
}

Test(varian, refused_parameters)
{
    static const struct {
        const char *text;
        const char *part;
    } cases[] = {
        {"", "no parameter"},
        {"##TITLE= acqus\n##$TD= 3\n", "eleven fields"},
        {"sw 1 1 5 5 0 2 1 8 1 64\n1 6000 \n0 \n", "sfrq is missing"},
        {"sfrq 1 1 1e9 0 0 2 1 11 1 64\n1 fast \n0 \n", "sfrq = \"fast\""},
        {"sfrq 1 1 1e9 0 0 2 1 11 1 64\n1 -5 \n0 \n", "sfrq = \"-5\""},
        {"sfrq 1 1 1e9 0 0 2 1 11 1 64\n1 nan \n0 \n", "sfrq = \"nan\""},
        {"sfrq 1 1 1e9 0 0 2 1 11 1 64\n1 500 \n0 \nsw 1 1 5 5 0 2 1 8 1 64\n0\n0 \n",
         "sw is missing"},
        {"tn 2 2 4 0 0 2 1 9 1 64\n1 \"H1\n0 \n", "does not end"},
        {"sfrq 1 1 1e9 0 0 2 1 11 1 64\n99999999999 500 \n0 \n", "line 2: the number of values"},
        {"sfrq 1 1 1e9 0 0 2 1 11 1 64\n1000000 500 \n0 \n", "a value is missing"},
        {"sfrq 1 1 1e9\n0 0 2 1 11 1 64\n1 500 \n0 \n", "eleven fields"},
    };
    static const plan plain = {0x45, -1, 0, 0};
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx_fid fid;
        const char *folder = write_folder(&plain, cases[i].text, false);
        fmx_test_refused(&test, fmx_fixture_read(&test, folder, &fid), FMX_ERROR_FORMAT,
                         cases[i].part);
    }
    fmx_test_close(&test);
}

Test(varian, allocation_failures)
{
    static const plan plain = {0x45, -1, 0, 0};
    fmx_test test = fmx_test_open_host();
    fmx_fixture_each_failure(&test, write_folder(&plain, procpar_text, false));
    fmx_test_close(&test);
}

/* The real folders: what the table of the shared README says. */
Test(varian, shared_table)
{
    static const struct {
        const char *name;
        const char *nucleus;
        double sfrq_mhz;
        double reffrq_mhz;
        double sw_hz;
        size_t points;
        int scans;
        const char *solvent;
    } cases[] = {
        {"2-ketobutyrate_HMDB00005_500", "1H", 499.8192724, 499.816882219, 6000.15000375, 24001,
         128, "D2O"},
        {"2-ketobutyrate_noesy_600", "1H", 599.4094446, 599.406589664, 7200.07200072, 28800, 64,
         "D2O"},
        {"sucrose_500", "1H", 499.8283936, 499.825999869, 5997.00149925, 24002, 64, "D2O"},
        {"1-methylhistidine_HMDB00001_500", "1H", 499.8286899, 499.826292116, 5997.00149925, 23985,
         64, "D2O"},
        {"2-ethyl-1-indanone_PROTON_700", "1H", 699.7362185, 699.732020113, 11160.7142857, 43527, 4,
         "cdcl3"},
        {"2-ethyl-1-indanone_CARBON_176", "13C", 175.9667588, 175.947756404, 41666.6666667, 41667,
         908, "cdcl3"},
        {"orcinol_DMSO_600", "1H", 599.1594624, 599.155867482, 9615.38461539, 37500, 8, "dmso"},
        {"isopropylidene_mannitol_1H_500", "1H", 500.1167863, 500.113790893, 8001.60032006, 16384,
         8, "dmso"},
        {"isopropylidene_mannitol_13C_126", "13C", 125.7675443, 125.753766779, 31434.1846758, 32768,
         64, "dmso"},
        {"THA_1H_600", "1H", 599.7931758, 599.790763004, 6009.61538462, 16384, 32, "cdcl3"},
        {"hop_extract_HTU_600", "1H", 599.8311617, 599.826355436, 12019.2307692, 32768, 160,
         "cd3od"},
    };
    fmx_test test = fmx_test_open_host();
    fmx_test_shared("data/varian");
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        char below[200];
        fmx_fid fid;
        snprintf(below, sizeof below, "data/varian/%s", cases[i].name);
        fmx_test_ok(&test, fmx_fixture_read(&test, fmx_test_shared(below), &fid), below);
        cr_assert_str_eq(fid.nucleus, cases[i].nucleus, "%s", below);
        cr_assert_eq(fid.obs_mhz, cases[i].sfrq_mhz, "%s", below);
        cr_assert_eq(fid.reference_mhz, cases[i].reffrq_mhz, "%s", below);
        cr_assert_eq(fid.sw_hz, cases[i].sw_hz, "%s", below);
        cr_assert_eq(fid.points, cases[i].points, "%s", below);
        cr_assert_eq(fid.scans, cases[i].scans, "%s", below);
        cr_assert_str_eq(fid.solvent, cases[i].solvent, "%s", below);
        cr_assert_str_eq(fid.name, cases[i].name);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}

/* Somebody converted this FID to Bruker's format: times 2048, truncated to whole numbers. */
Test(varian, shared_pair)
{
    fmx_test test = fmx_test_open_host();
    fmx_fid varian;
    fmx_fid bruker;
    char path[1000];
    snprintf(path, sizeof path, "%s", fmx_test_shared("data/varian/2-ethyl-1-indanone_CARBON_176"));
    fmx_test_ok(&test, fmx_fixture_read(&test, path, &varian), "varian");
    snprintf(path, sizeof path, "%s",
             fmx_test_shared("data/bruker/2-ethyl-1-indanone_13C_176_from_varian"));
    fmx_test_ok(&test, fmx_fixture_read(&test, path, &bruker), "bruker");
    cr_assert_eq(varian.points, bruker.points);
    cr_assert_eq(varian.reversed, bruker.reversed);
    for (size_t i = 0; i < 2 * varian.points; ++i)
        cr_assert_eq(truncf(2048 * varian.data[i]), bruker.data[i], "value %zu: %g and %g", i,
                     (double)varian.data[i], (double)bruker.data[i]);
    fmx_fid_clear(&varian);
    fmx_fid_clear(&bruker);
    fmx_test_close(&test);
}
