/* FIDs written as Bruker folders: read back by us, and by nmrglue where Python has it. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "bruker_fixture.h"

/* One line at 3.1 ppm, decaying, behind a delay of 67.98 points. */
static fmx_fid make_decay(size_t points)
{
    fmx_fid fid = {
        .name = (char *)"made",
        .kind = FMX_KIND_FID,
        .nucleus = "1H",
        .points = points,
        .is_complex = true,
        .sw_hz = 7211.53846153846,
        .obs_mhz = 500.1325,
        .base_mhz = 500.13,
        .group_delay = 67.98,
        .scans = 32,
        .solvent = (char *)"D2O",
        .title = (char *)"na\xc3\xafve / second",
    };
    double f_hz = 3.1 * fid.base_mhz - (fid.obs_mhz - fid.base_mhz) * 1e6;
    fid.data = calloc(points, 2 * sizeof *fid.data);
    cr_assert_not_null(fid.data);
    for (size_t i = 0; i < points; ++i) {
        double t = ((double)i - fid.group_delay) / fid.sw_hz;
        double size = t < 0 ? 0 : 1234.5 * exp(-t / 0.2);
        fid.data[2 * i] = (float)(size * cos(2 * M_PI * f_hz * t));
        fid.data[2 * i + 1] = (float)(size * sin(2 * M_PI * f_hz * t));
    }
    return fid;
}

/* What is stored is rounded to a multiple of 2^NC, at most 2^-28 of the largest value: half of that
 * is the error, and reading rounds to single precision once more. */
static void expect_equal(const fmx_fid *written, const fmx_fid *found)
{
    double largest = 0;
    cr_assert_eq(found->points, written->points);
    for (size_t i = 0; i < 2 * written->points; ++i)
        largest = fmax(largest, fabs((double)written->data[i]));
    double allowed = largest * (ldexp(1, -29) + FMX_TEST_EPS);
    for (size_t i = 0; i < 2 * written->points; ++i)
        cr_assert_float_eq(found->data[i], written->data[i], allowed, "value %zu", i);
    cr_assert_eq(found->sw_hz, written->sw_hz);
    cr_assert_eq(found->obs_mhz, written->obs_mhz);
    cr_assert_eq(found->base_mhz, written->base_mhz);
    cr_assert_eq(found->group_delay, written->group_delay);
    cr_assert_eq(found->reversed, written->reversed);
    cr_assert_eq(found->reference_mhz, written->reference_mhz);
    cr_assert_eq(found->scans, written->scans);
    cr_assert_str_eq(found->nucleus, written->nucleus);
    cr_assert_str_eq(found->solvent, written->solvent);
    cr_assert_str_eq(found->title, written->title);
}

Test(bruker_write, reads_back)
{
    static const size_t sizes[] = {1, 2, 255, 8191, 16384, 16385};
    static const float scales[] = {1, 1e-30f, 1e-42f, 2.7e35f, 0, 1.0f / 3};
    fmx_test test = fmx_test_open_host();
    const char *root = fmx_test_folder();
    for (size_t i = 0; i < FMX__COUNT(sizes); ++i) {
        char folder[128];
        fmx_fid fid = make_decay(sizes[i]);
        fmx_fid found;
        fid.group_delay = i % 2 == 0 ? 67.98 : 0;
        fid.reversed = i % 3 == 0;
        fid.reference_mhz = i % 2 == 0 ? 500.1300123 : 0;
        for (size_t k = 0; k < 2 * sizes[i]; ++k)
            fid.data[k] *= scales[i];
        snprintf(folder, sizeof folder, "%s/made %zu/1", root, i);
        fmx_test_ok(&test, fmx_bruker_write(test.ctx, folder, &fid), folder);
        fmx_test_ok(&test, fmx_fixture_read(&test, folder, &found), folder);
        expect_equal(&fid, &found);
        fmx_fid_clear(&found);
        free(fid.data);
    }
    fmx_test_close(&test);
}

/* Integers of up to 24 bits, as receivers give them, come back bit for bit. */
Test(bruker_write, integers_are_exact)
{
    fmx_test test = fmx_test_open_host();
    fmx_fid fid = make_decay(512);
    fmx_fid found;
    float *random = fmx_test_random(1024, 5);
    for (size_t i = 0; i < 1024; ++i)
        fid.data[i] = (float)floor((double)random[i] * 16777216.0);
    const char *folder = fmx_fixture_path(fmx_test_folder(), "a/1");
    fmx_test_ok(&test, fmx_bruker_write(test.ctx, folder, &fid), "write");
    fmx_test_ok(&test, fmx_fixture_read(&test, folder, &found), "read");
    cr_assert_eq(memcmp(fid.data, found.data, 1024 * sizeof *fid.data), 0);
    fmx_fid_clear(&found);
    free(random);
    free(fid.data);
    fmx_test_close(&test);
}

Test(bruker_write, refusals)
{
    fmx_test test = fmx_test_open_host();
    char folder[128];
    fmx_fid good = make_decay(16);
    fmx_fid bad = good;
    snprintf(folder, sizeof folder, "%s/x/1", fmx_test_folder());
    bad.kind = FMX_KIND_SPECTRUM;
    fmx_test_refused(&test, fmx_bruker_write(test.ctx, folder, &bad), FMX_ERROR_ARGUMENT, "FIDs");
    bad = good;
    bad.sw_hz = (double)NAN;
    fmx_test_refused(&test, fmx_bruker_write(test.ctx, folder, &bad), FMX_ERROR_ARGUMENT, "sw_hz");
    bad = good;
    bad.points = 0;
    fmx_test_refused(&test, fmx_bruker_write(test.ctx, folder, &bad), FMX_ERROR_ARGUMENT, "points");
    bad = good;
    bad.group_delay = -1;
    fmx_test_refused(&test, fmx_bruker_write(test.ctx, folder, &bad), FMX_ERROR_ARGUMENT,
                     "group_delay");
    good.data[3] = INFINITY;
    fmx_test_refused(&test, fmx_bruker_write(test.ctx, folder, &good), FMX_ERROR_ARGUMENT,
                     "value 3");
    good.data[3] = 0;
    cr_assert_eq(access(folder, F_OK), -1, "a refused FID leaves nothing");
    fmx_test_ok(&test, fmx_bruker_write(test.ctx, folder, &good), "write");
    fmx_test_refused(&test, fmx_bruker_write(test.ctx, folder, &good), FMX_ERROR_EXISTS, "x/1/fid");
    /* what an interrupted run leaves, parameters without a fid, is no obstacle */
    cr_assert_eq(unlink(fmx_fixture_path(folder, "fid")), 0);
    fmx_test_ok(&test, fmx_bruker_write(test.ctx, folder, &good), "write again");
    fmx_fixture_text(folder, "file", "");
    fmx_test_refused(&test, fmx_bruker_write(test.ctx, fmx_fixture_path(folder, "file/1"), &good),
                     FMX_ERROR_WRITE, "file");
    free(good.data);
    fmx_test_close(&test);
}

/* Text that would end a parameter stays inside it. */
Test(bruker_write, hostile_text)
{
    fmx_test test = fmx_test_open_host();
    fmx_fid fid = make_decay(16);
    fmx_fid found;
    fid.solvent = (char *)"D2O>\n##$TD= 4\n<";
    fid.title = (char *)"";
    const char *folder = fmx_fixture_path(fmx_test_folder(), "x/1");
    fmx_test_ok(&test, fmx_bruker_write(test.ctx, folder, &fid), "write");
    fmx_test_ok(&test, fmx_fixture_read(&test, folder, &found), "read");
    cr_assert_eq(found.points, 16);
    cr_assert_str_eq(found.solvent, "D2O  ##$TD= 4");
    cr_assert_str_eq(found.title, "");
    fmx_fid_clear(&found);
    free(fid.data);
    fmx_test_close(&test);
}

/* A program that speaks German writes and reads the same files. */
Test(bruker_write, decimal_comma)
{
    fmx_test test = fmx_test_open_host();
    char folder[128];
    snprintf(folder, sizeof folder, "%s", fmx_test_folder());
    fmx_test_decimal_comma();
    fmx_fid fid = make_decay(64);
    fmx_fid found;
    const char *experiment = fmx_fixture_path(folder, "made/1");
    fmx_test_ok(&test, fmx_bruker_write(test.ctx, experiment, &fid), "write");
    cr_assert_str_eq(localeconv()->decimal_point, ",", "the caller's language is back");
    fmx_test_ok(&test, fmx_fixture_read(&test, experiment, &found), "read");
    cr_assert_str_eq(localeconv()->decimal_point, ",");
    expect_equal(&fid, &found);
    setlocale(LC_ALL, "C");
    fmx_fid_clear(&found);
    fmx_test_ok(&test, fmx_fixture_read(&test, experiment, &found), "read as C does");
    expect_equal(&fid, &found);
    fmx_fid_clear(&found);
    free(fid.data);
    fmx_test_close(&test);
}

/* tests/interop/check_bruker.py opens the folder with nmrglue. */
Test(bruker_write, nmrglue_opens_it)
{
    fmx_test test = fmx_test_open_host();
    const char *python = getenv("FIDMIX_PYTHON") != NULL ? getenv("FIDMIX_PYTHON") : "python3";
    char command[1024];
    snprintf(command, sizeof command, "%s -c 'import nmrglue' 2> /dev/null", python);
    if (system(command) != 0)
        fmx_test_skip("no Python with nmrglue");
    char folder[128];
    fmx_fid fid = make_decay(16384);
    snprintf(folder, sizeof folder, "%s/made/1", fmx_test_folder());
    fmx_test_ok(&test, fmx_bruker_write(test.ctx, folder, &fid), folder);
    fmx_fixture_file(folder, "expected.f32", fid.data, 2 * fid.points * sizeof *fid.data);
    snprintf(command, sizeof command, "%s " FMX_SOURCE_DIR "/tests/interop/check_bruker.py %s 3.1",
             python, folder);
    cr_assert_eq(system(command), 0, "%s", command);
    free(fid.data);
    fmx_test_close(&test);
}
