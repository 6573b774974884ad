/* Processed Bruker spectra: 1r, 1i, procs, with and without an acquisition beside them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "bruker_fixture.h"

enum { POINTS = 16 };

static const char *const procs_text = "##$BYTORDP= 0\n##$DTYPP= 0\n##$NC_proc= 0\n##$OFFSET= 10\n"
                                      "##$SF= 500\n##$SI= 16\n##$STSI= 16\n##$SW_p= 8000\n"
                                      "##$XDIM= 8\n##$AXNUC= <13C>\n";

/* Values start, start + 1, ... of one type and order. */
static void write_values(const char *folder, const char *name, int type, bool big_endian,
                         size_t count, double start)
{
    unsigned char bytes[8 * 64];
    size_t width = type == 2 ? 8 : 4;
    for (size_t i = 0; i < count; ++i) {
        double wide = start + (double)i;
        float narrow = (float)wide;
        int32_t whole = (int32_t)wide;
        const void *value = type == 2   ? (void *)&wide
                            : type == 1 ? (void *)&narrow
                                        : (void *)&whole;
        fmx_fixture_bytes(value, width, big_endian, bytes + i * width);
    }
    fmx_fixture_file(folder, name, bytes, count * width);
}

/* "<new folder>/s/1/pdata/1" with procs (and `changed` behind) and a 1r of 1, 2, 3, ... */
static const char *make_spectrum(const char *changed, int type, bool big_endian)
{
    static char folder[256];
    char text[1024];
    snprintf(folder, sizeof folder, "%s/s/1/pdata/1", fmx_test_folder());
    snprintf(text, sizeof text, "%s%s", procs_text, changed);
    fmx_fixture_text(folder, "procs", text);
    write_values(folder, "1r", type, big_endian, POINTS, 1);
    return folder;
}

static fmx_fid expect_real(const fmx_test *test, const char *folder, size_t points, double scale)
{
    fmx_fid fid;
    fmx_test_ok(test, fmx_fixture_read(test, folder, &fid), folder);
    cr_assert_eq(fid.kind, FMX_KIND_SPECTRUM);
    cr_assert_not(fid.is_complex);
    cr_assert_eq(fid.points, points);
    for (size_t i = 0; i < points; ++i)
        cr_assert_eq(fid.data[i], (float)(scale * (double)(i + 1)), "point %zu", i);
    return fid;
}

Test(bruker_spectrum, types_orders_and_scale)
{
    fmx_test test = fmx_test_open_host();
    for (int type = 0; type <= 2; ++type) {
        for (int big = 0; big <= 1; ++big) {
            char changed[64];
            snprintf(changed, sizeof changed, "##$DTYPP= %d\n##$BYTORDP= %d\n##$NC_proc= -4\n",
                     type, big);
            fmx_fid fid =
                expect_real(&test, make_spectrum(changed, type, big != 0), POINTS, 1.0 / 16);
            fmx_fid_clear(&fid);
        }
    }
    fmx_test_close(&test);
}

Test(bruker_spectrum, axis_and_what_procs_knows)
{
    fmx_test test = fmx_test_open_host();
    fmx_fid fid = expect_real(&test, make_spectrum("", 0, false), POINTS, 1);
    cr_assert_eq(fid.ppm_first, 10.0);
    cr_assert_float_eq(fid.ppm_step, -1.0, 1e-15); /* 8000 Hz / 500 MHz / 16 */
    cr_assert_eq(fid.sw_hz, 8000.0);
    cr_assert_eq(fid.base_mhz, 500.0);
    /* the centre of the axis, 2 ppm */
    cr_assert_float_eq(fid.obs_mhz, 500.001, 1e-12);
    cr_assert_str_eq(fid.nucleus, "13C");
    cr_assert_str_eq(fid.name, "s");
    cr_assert_str_eq(fid.solvent, "");
    cr_assert_str_eq(fid.title, "");
    cr_assert_eq(fid.group_delay, 0.0);
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}

Test(bruker_spectrum, acquisition_beside_it)
{
    fmx_test test = fmx_test_open_host();
    const char *folder = make_spectrum("", 0, false);
    fmx_fixture_acqus(fmx_fixture_path(folder, "../.."), NULL, NULL);
    fmx_fixture_text(folder, "title", "own");
    fmx_fid fid = expect_real(&test, folder, POINTS, 1);
    cr_assert_str_eq(fid.nucleus, "1H");
    cr_assert_str_eq(fid.solvent, "D2O");
    cr_assert_str_eq(fid.title, "own");
    cr_assert_eq(fid.scans, 16);
    cr_assert_eq(fid.obs_mhz, 500.1325);
    cr_assert_eq(fid.base_mhz, 500.0, "SF, not BF1: the axis stands on it");
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}

/* A strip transform stores STSI points; 0 and values that are not smaller than SI mean all. */
Test(bruker_spectrum, strips)
{
    fmx_test test = fmx_test_open_host();
    fmx_fid fid = expect_real(&test, make_spectrum("##$STSI= 8\n", 0, false), 8, 1);
    cr_assert_float_eq(fid.ppm_step, -2.0, 1e-15);
    fmx_fid_clear(&fid);
    fid = expect_real(&test, make_spectrum("##$STSI= 0\n", 0, false), POINTS, 1);
    fmx_fid_clear(&fid);
    fid = expect_real(&test, make_spectrum("##$STSI= 99\n", 0, false), POINTS, 1);
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}

/* 1i counts where it fits 1r; its sign is turned. */
Test(bruker_spectrum, imaginary_part)
{
    fmx_test test = fmx_test_open_host();
    const char *folder = make_spectrum("##$NC_proc= 1\n", 0, false);
    fmx_fid fid;
    write_values(folder, "1i", 0, false, POINTS, 100);
    fmx_test_ok(&test, fmx_fixture_read(&test, folder, &fid), "read");
    cr_assert(fid.is_complex);
    for (size_t i = 0; i < POINTS; ++i) {
        cr_assert_eq(fid.data[2 * i], 2.0f * (float)(i + 1));
        cr_assert_eq(fid.data[2 * i + 1], -2.0f * (float)(i + 100));
    }
    fmx_fid_clear(&fid);
    write_values(folder, "1i", 0, false, POINTS - 1, 100);
    fid = expect_real(&test, folder, POINTS, 2);
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}

Test(bruker_spectrum, refusals)
{
    static const struct {
        const char *changed;
        const char *part;
    } cases[] = {
        {"##$SI= 17\n##$STSI= 0\n", "1r: 64 bytes"},
        {"##$SI= 134217728\n##$STSI= 0\n", "1r: 64 bytes"},
        {"##$SI= 1e9\n", "##$SI= 1e9"},
        {"##$SI= 0\n", "##$SI= 0"},
        {"##$DTYPP= 2\n", "1r: 64 bytes"},
        {"##$DTYPP= 3\n", "##$DTYPP= 3"},
        {"##$BYTORDP= -1\n", "##$BYTORDP= -1"},
        {"##$SF= nan\n", "##$SF= nan"},
        {"##$SW_p= 0\n", "##$SW_p= 0"},
        {"##$OFFSET= inf\n", "##$OFFSET= inf"},
        {"##$NC_proc= 1000\n", "##$NC_proc= 1000"},
        {"##$NC_proc= 150\n", "1r: the value at byte 0"},
    };
    fmx_test test = fmx_test_open_host();
    fmx_fid fid;
    for (size_t i = 0; i < FMX__COUNT(cases); ++i)
        fmx_test_refused(&test,
                         fmx_fixture_read(&test, make_spectrum(cases[i].changed, 0, false), &fid),
                         FMX_ERROR_FORMAT, cases[i].part);
    fmx_source source = {(char *)make_spectrum("", 0, false), "bruker", FMX_KIND_SPECTRUM};
    cr_assert_eq(unlink(fmx_fixture_path(source.path, "1r")), 0);
    fmx_test_refused(&test, fmx_fid_read(test.ctx, &source, FMX_READ_DATA, &fid),
                     FMX_ERROR_NOT_FOUND, "1/1r");
    cr_assert_eq(unlink(fmx_fixture_path(source.path, "procs")), 0);
    fmx_test_refused(&test, fmx_fid_read(test.ctx, &source, FMX_READ_DATA, &fid), FMX_ERROR_FORMAT,
                     "procs: missing");
    fmx_test_close(&test);
}

/* Every truncation and three changes of every byte: a status, never a crash. */
Test(bruker_spectrum, damaged_files)
{
    static const char *const names[] = {"procs", "1r", "1i"};
    fmx_test test = fmx_test_open_host();
    const char *folder = make_spectrum("", 0, false);
    fmx_source source = {(char *)folder, "bruker", FMX_KIND_SPECTRUM};
    write_values(folder, "1i", 0, false, POINTS, 100);
    for (size_t which = 0; which < FMX__COUNT(names); ++which) {
        char data[1024];
        FILE *file = fopen(fmx_fixture_path(folder, names[which]), "rb");
        cr_assert_not_null(file);
        size_t bytes = fread(data, 1, sizeof data, file);
        fclose(file);
        for (size_t round = 0; round < 4 * bytes; ++round) {
            static const unsigned char flips[3] = {0xff, 0x80, 0x01};
            size_t at = round / 4;
            char kept = data[at];
            if (round % 4 < 3)
                data[at] = (char)(data[at] ^ flips[round % 4]);
            fmx_fixture_file(folder, names[which], data, round % 4 == 3 ? at : bytes);
            data[at] = kept;
            fmx_fid fid;
            if (fmx_fid_read(test.ctx, &source, FMX_READ_DATA, &fid) == FMX_OK)
                cr_assert(fid.points <= POINTS && fid.ppm_step < 0);
            fmx_fid_clear(&fid);
        }
        fmx_fixture_file(folder, names[which], data, bytes);
    }
    fmx_test_close(&test);
}

Test(bruker_spectrum, out_of_memory)
{
    fmx_test test = fmx_test_open_host();
    fmx_fid fid;
    fmx_source source = {(char *)make_spectrum("", 0, false), "bruker", FMX_KIND_SPECTRUM};
    fmx_fixture_acqus(fmx_fixture_path(source.path, "../.."), NULL, NULL);
    write_values(source.path, "1i", 0, false, POINTS, 100);
    fmx_status status = FMX_ERROR_MEMORY;
    size_t nth = 0;
    while (status != FMX_OK) {
        fmx__fail_allocation(test.ctx, ++nth);
        status = fmx_fid_read(test.ctx, &source, FMX_READ_DATA, &fid);
        cr_assert(status == FMX_OK || status == FMX_ERROR_MEMORY, "%s",
                  fmx_context_message(test.ctx));
    }
    cr_assert_gt(nth, 10);
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}
