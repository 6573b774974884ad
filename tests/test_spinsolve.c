/* Spinsolve and Prospa folders: written here, and the real ones. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "bruker_fixture.h"

enum { POINTS = 5, HEADER = 32, BYTES = HEADER + POINTS * 12 };

static const char plain_text[] = "Sample                              = \"a sample\"\r\n"
                                 "Solvent  = \"Water\"\r\n"
                                 "b1Freq = 80.5d\r\n"
                                 "dwellTime = 400.0\n"
                                 "nrScans=8\n"
                                 "rxChannel = \"1H\"\n"
                                 "lowestFrequency = -850\n";

static unsigned char file[BYTES];

static void put_32(size_t at, uint32_t value)
{
    fmx_fixture_bytes(&value, 4, false, file + at);
}

static void put_float(size_t at, float value)
{
    fmx_fixture_bytes(&value, 4, false, file + at);
}

/* An axis of 0 2 4 ..., points 1 - 1i, 2 - 2i ... */
static void build(void)
{
    memset(file, 0, sizeof file);
    memcpy(file, "SORPATAD1.1V", 12);
    put_32(12, 504);
    put_32(16, POINTS);
    put_32(20, 1);
    put_32(24, 1);
    put_32(28, 1);
    for (size_t i = 0; i < POINTS; ++i) {
        put_float(HEADER + 4 * i, 2 * (float)i);
        put_float(HEADER + 4 * POINTS + 8 * i, (float)(i + 1));
        put_float(HEADER + 4 * POINTS + 8 * i + 4, -(float)(i + 1));
    }
}

static const char *write_folder(const char *parameters, const char *name)
{
    const char *folder = fmx_fixture_path(fmx_test_folder(), "reaction");
    build();
    fmx_fixture_file(folder, name, file, sizeof file);
    fmx_fixture_text(folder, "acqu.par", parameters);
    return folder;
}

Test(spinsolve, decay)
{
    fmx_test test = fmx_test_open_host();
    fmx_fid fid;
    fmx_test_ok(&test, fmx_fixture_read(&test, write_folder(plain_text, "data.1d"), &fid), "read");
    cr_assert_str_eq(fid.format, "spinsolve");
    cr_assert_eq(fid.kind, FMX_KIND_FID);
    cr_assert_eq(fid.points, POINTS);
    for (size_t i = 0; i < POINTS; ++i) {
        cr_assert_eq(fid.data[2 * i], (float)(i + 1));
        cr_assert_eq(fid.data[2 * i + 1], -(float)(i + 1));
    }
    cr_assert_str_eq(fid.name, "reaction");
    cr_assert_str_eq(fid.nucleus, "1H");
    cr_assert_str_eq(fid.solvent, "Water");
    cr_assert_str_eq(fid.title, "a sample");
    cr_assert_eq(fid.scans, 8);
    cr_assert_eq(fid.obs_mhz, 80.5);
    cr_assert_eq(fid.sw_hz, 2500.0);
    cr_assert(fid.reversed);
    /* the centre is 400 Hz above 0 ppm */
    cr_assert_lt(fabs(fid.obs_mhz - fid.reference_mhz - 400e-6), 1e-12);
    fmx_fid_clear(&fid);
    /* Prospa: no shift, another title */
    fmx_test_ok(&test,
                fmx_fixture_read(&test,
                                 write_folder("expName = \"1Pulse\"\nb1Freq = 14.79565d\n"
                                              "dwellTime = 100.0\n",
                                              "data.1d"),
                                 &fid),
                "read");
    cr_assert_eq(fid.reference_mhz, 0.0);
    cr_assert_str_eq(fid.title, "1Pulse");
    cr_assert_eq(fid.scans, 1);
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}

/* The vendor's spectrum: real part, turned round so that it falls. */
Test(spinsolve, spectrum)
{
    fmx_test test = fmx_test_open_host();
    fmx_fid fid;
    fmx_test_ok(&test, fmx_fixture_read(&test, write_folder(plain_text, "spectrum.1d"), &fid),
                "read");
    cr_assert_eq(fid.kind, FMX_KIND_SPECTRUM);
    cr_assert(!fid.is_complex);
    cr_assert_eq(fid.ppm_first, 8.0);
    cr_assert_eq(fid.ppm_step, -2.0);
    for (size_t i = 0; i < POINTS; ++i)
        cr_assert_eq(fid.data[i], (float)(POINTS - i));
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}

/* Beside a FID the spectrum is one where it is named itself. */
Test(spinsolve, spectrum_by_name)
{
    fmx_test test = fmx_test_open_host();
    fmx_fid fid;
    char folder[512];
    snprintf(folder, sizeof folder, "%s", write_folder(plain_text, "spectrum.1d"));
    fmx_fixture_file(folder, "data.1d", file, sizeof file);
    fmx_test_ok(&test, fmx_fixture_read(&test, folder, &fid), "folder");
    cr_assert_eq(fid.kind, FMX_KIND_FID);
    fmx_fid_clear(&fid);
    fmx_test_ok(&test, fmx_fixture_read(&test, fmx_fixture_path(folder, "spectrum.1d"), &fid),
                "file");
    cr_assert_eq(fid.kind, FMX_KIND_SPECTRUM);
    fmx_fid_clear(&fid);
    cr_assert_eq(chdir(folder), 0);
    fmx_test_ok(&test, fmx_fixture_read(&test, "spectrum.1d", &fid), "relative");
    cr_assert_eq(fid.kind, FMX_KIND_SPECTRUM);
    fmx_fid_clear(&fid);
    fmx_test_close(&test);
}

Test(spinsolve, refused)
{
    static const struct {
        const char *text;
        size_t at;
        uint32_t value;
        fmx_status status;
        const char *part;
    } cases[] = {
        {"dwellTime = 400\n", 0, 0, FMX_ERROR_FORMAT, "b1Freq is missing"},
        {"b1Freq = 80\n", 0, 0, FMX_ERROR_FORMAT, "dwellTime is missing"},
        {"b1Freq = 80\ndwellTime = 0\n", 0, 0, FMX_ERROR_FORMAT, "dwellTime = \"0\""},
        {"b1Freq = 80x\ndwellTime = 1\n", 0, 0, FMX_ERROR_FORMAT, "b1Freq = \"80x\""},
        {"b1Freq = 80\ndwellTime = 1\nlowestFrequency = ?\n", 0, 0, FMX_ERROR_FORMAT,
         "lowestFrequency = \"?\""},
        {plain_text, 4, 0, FMX_ERROR_FORMAT, "header of Prospa"},
        {plain_text, 12, 501, FMX_ERROR_UNSUPPORTED, "type 501"},
        {plain_text, 16, 0, FMX_ERROR_FORMAT, "0 x 1 points"},
        {plain_text, 16, 0xffffffffU, FMX_ERROR_FORMAT, "4294967295 x 1"},
        {plain_text, 16, POINTS + 1, FMX_ERROR_FORMAT, "6 points need 104"},
        {plain_text, 20, 2, FMX_ERROR_FORMAT, "5 x 2 points"},
        {plain_text, HEADER + 4 * POINTS, 0x7f800000U, FMX_ERROR_FORMAT, "byte 52"},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx_fid fid;
        const char *folder = write_folder(cases[i].text, "data.1d");
        if (cases[i].at > 0) {
            put_32(cases[i].at, cases[i].value);
            fmx_fixture_file(folder, "data.1d", file, sizeof file);
        }
        fmx_test_refused(&test, fmx_fixture_read(&test, folder, &fid), cases[i].status,
                         cases[i].part);
    }
    fmx_test_close(&test);
}

Test(spinsolve, damage_and_allocations)
{
    fmx_test test = fmx_test_open_host();
    char folder[200];
    unsigned char copy[sizeof file];
    snprintf(folder, sizeof folder, "%s", write_folder(plain_text, "data.1d"));
    fmx_fixture_each_failure(&test, folder);
    memcpy(copy, file, sizeof file);
    fmx_fixture_damage(&test, folder, folder, "data.1d", copy, sizeof copy, sizeof copy);
    fmx_fixture_damage(&test, folder, folder, "acqu.par", plain_text, sizeof plain_text - 1, 400);
    fmx_test_close(&test);
}

Test(spinsolve, shared_table)
{
    static const struct {
        const char *name;
        double obs_mhz;
        double sw_hz;
        double centre_ppm; /* 0: not known */
        size_t points;
        int scans;
        const char *nucleus;
    } cases[] = {
        {"glycine_reaction_80MHz_103717", 80.4875791072845, 2500, 4.74, 16384, 8, "1H"},
        {"PPD_PhProp_CH2Cl2_61MHz", 61.4931292366236, 5000, 4.7365, 32768, 1, "1H"},
        {"prospa_water_TEMPO_10mM_14MHz", 14.79565, 10000, 0, 16384, 4, ""},
    };
    fmx_test test = fmx_test_open_host();
    fmx_test_shared("data/spinsolve");
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        char below[200];
        fmx_fid fid;
        snprintf(below, sizeof below, "data/spinsolve/%s", cases[i].name);
        fmx_test_ok(&test, fmx_fixture_read(&test, fmx_test_shared(below), &fid), below);
        cr_assert_eq(fid.points, cases[i].points);
        cr_assert_eq(fid.obs_mhz, cases[i].obs_mhz);
        cr_assert_eq(fid.sw_hz, cases[i].sw_hz);
        cr_assert_eq(fid.scans, cases[i].scans);
        cr_assert_str_eq(fid.nucleus, cases[i].nucleus);
        if (cases[i].centre_ppm > 0)
            cr_assert_lt(fabs((fid.obs_mhz / fid.reference_mhz - 1) * 1e6 - cases[i].centre_ppm),
                         1e-3);
        fmx_fid_clear(&fid);
    }
    fmx_test_close(&test);
}
