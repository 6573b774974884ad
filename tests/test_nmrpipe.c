/* NMRPipe files of one dimension: written here, and the real ones. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "bruker_fixture.h"

enum { POINTS = 6, HEADER = 2048 };

typedef struct plan {
    int big;
    int transformed;
    int is_real;
    int at; /* number of the header that is changed; 0: none */
    float value;
    size_t bytes; /* 0: all */
} plan;

static unsigned char file[HEADER + POINTS * 8];

static void put(const plan *p, size_t n, float value)
{
    fmx_fixture_bytes(&value, 4, p->big != 0, file + 4 * n);
}

static const char *write_file(const plan *p)
{
    size_t parts = p->is_real ? 1 : 2;
    memset(file, 0, sizeof file);
    put(p, 1, 4008636160.0F);
    put(p, 2, 2.345F);
    put(p, 9, 1);
    memcpy(file + 4 * 16, "C13", 3);
    put(p, 56, p->is_real ? 1 : 0);
    put(p, 99, POINTS);
    put(p, 100, 6000);
    put(p, 101, 8000); /* the last point; the centre (point 3) lies 2 x 1000 Hz above */
    put(p, 119, 100);
    put(p, 220, p->transformed ? 1 : 0);
    memcpy(file + 4 * 297, "a title", 7);
    if (p->at > 0)
        put(p, (size_t)p->at, p->value);
    for (size_t part = 0; part < parts; ++part) {
        for (size_t i = 0; i < POINTS; ++i)
            put(p, HEADER / 4 + part * POINTS + i, (part == 0 ? 1.0F : -1.0F) * (float)(i + 1));
    }
    const char *folder = fmx_test_folder();
    fmx_fixture_file(folder, "a.fid", file, p->bytes > 0 ? p->bytes : HEADER + POINTS * 4 * parts);
    return fmx_fixture_path(folder, "a.fid");
}

Test(nmrpipe, plain)
{
    fmx_test test = fmx_test_open_host();
    for (int i = 0; i < 6; ++i) {
        plan p = {.big = i & 1, .transformed = i >= 2, .is_real = i >= 4};
        fmx_fid fid;
        fmx_test_ok(&test, fmx_fixture_read(&test, write_file(&p), &fid), "read");
        cr_assert_str_eq(fid.format, "nmrpipe");
        cr_assert_eq(fid.kind, p.transformed ? FMX_KIND_SPECTRUM : FMX_KIND_FID);
        cr_assert_eq(fid.points, POINTS);
        cr_assert_eq(fid.is_complex, !p.is_real);
        for (size_t k = 0; k < POINTS; ++k)
            cr_assert_eq(fid.data[p.is_real ? k : 2 * k], (float)(k + 1));
        if (!p.is_real)
            cr_assert_eq(fid.data[1], -1.0F);
        cr_assert_str_eq(fid.nucleus, "13C");
        cr_assert_str_eq(fid.title, "a title");
        cr_assert_eq(fid.obs_mhz, 100.0);
        cr_assert_eq(fid.sw_hz, 6000.0);
        cr_assert(!fid.reversed);
        /* the centre is 10 kHz, 100 ppm, above 0 ppm */
        cr_assert_lt(fabs((fid.obs_mhz / fid.reference_mhz - 1) * 1e6 - 100), 1e-9);
        cr_assert_eq(fid.ppm_first, 130.0);
        cr_assert_eq(fid.ppm_step, -10.0);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}

Test(nmrpipe, refused)
{
    static const struct {
        plan plan;
        fmx_status status;
        const char *part;
    } cases[] = {
        {{.at = 9, .value = 2}, FMX_ERROR_UNSUPPORTED, "2 dimensions"},
        {{.at = 99, .value = 0}, FMX_ERROR_FORMAT, "byte 396: FDSIZE is 0"},
        {{.at = 99, .value = 2.5F}, FMX_ERROR_FORMAT, "FDSIZE is 2.5"},
        {{.at = 99, .value = NAN}, FMX_ERROR_FORMAT, "FDSIZE is nan"},
        {{.at = 99, .value = 1e30F}, FMX_ERROR_FORMAT, "FDSIZE is"},
        {{.at = 99, .value = 7}, FMX_ERROR_FORMAT, "7 points need 2104"},
        {{.at = 100, .value = -1}, FMX_ERROR_FORMAT, "FDF2SW is -1"},
        {{.at = 101, .value = INFINITY}, FMX_ERROR_FORMAT, "FDF2ORIG is inf"},
        {{.at = 119, .value = NAN}, FMX_ERROR_FORMAT, "FDF2OBS is nan"},
        {{.at = 40, .value = 70}, FMX_ERROR_FORMAT, "FDDMXVAL is 70"},
        {{.is_real = 1}, FMX_ERROR_UNSUPPORTED, "real points only"},
        {{.bytes = HEADER + POINTS * 8 - 1}, FMX_ERROR_FORMAT, "copy the file again"},
        {{.at = 513, .value = NAN}, FMX_ERROR_FORMAT, "byte 2052"},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx_fid fid;
        plan p = cases[i].plan;
        char path[200];
        snprintf(path, sizeof path, "%s", write_file(&p));
        if (p.at >= HEADER / 4) { /* a value, not the header */
            put(&p, (size_t)p.at, p.value);
            *strrchr(path, '/') = '\0';
            fmx_fixture_file(path, "a.fid", file, HEADER + POINTS * 8);
        }
        fmx_test_refused(&test, fmx_fixture_read(&test, path, &fid), cases[i].status,
                         cases[i].part);
    }
    fmx_test_close(&test);
}

Test(nmrpipe, damage_and_allocations)
{
    static const plan plain = {0};
    fmx_test test = fmx_test_open_host();
    char folder[200];
    unsigned char copy[sizeof file];
    snprintf(folder, sizeof folder, "%s", write_file(&plain));
    fmx_fixture_each_failure(&test, folder);
    *strrchr(folder, '/') = '\0';
    memcpy(copy, file, sizeof file);
    fmx_fixture_damage(&test, folder, folder, "a.fid", copy, sizeof copy, sizeof copy);
    fmx_test_close(&test);
}

Test(nmrpipe, shared_table)
{
    static const struct {
        const char *name;
        fmx_kind kind;
        double obs_mhz;
        double sw_hz;
        double centre_ppm;
        size_t points;
    } cases[] = {
        {"test-run01.fid", FMX_KIND_FID, 125.681, 50000, 101.274, 1500},
        {"nmrpipe_1d_time.fid", FMX_KIND_FID, 500, 50000, 99, 16},
        {"nmrpipe_1d_freq.fid", FMX_KIND_SPECTRUM, 500, 50000, 99, 16},
    };
    fmx_test test = fmx_test_open_host();
    fmx_test_shared("data/nmrpipe");
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        char below[200];
        fmx_fid fid;
        snprintf(below, sizeof below, "data/nmrpipe/%s", cases[i].name);
        fmx_test_ok(&test, fmx_fixture_read(&test, fmx_test_shared(below), &fid), below);
        cr_assert_eq(fid.kind, cases[i].kind);
        cr_assert_eq(fid.points, cases[i].points);
        cr_assert_lt(fabs(fid.obs_mhz - cases[i].obs_mhz), 1e-5);
        cr_assert_eq(fid.sw_hz, cases[i].sw_hz);
        cr_assert_lt(fabs((fid.obs_mhz / fid.reference_mhz - 1) * 1e6 - cases[i].centre_ppm), 1e-3);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}
