/* Every real Bruker file of the shared working set: parameters against the table in its README,
 * values against what nmrglue reads (golden/bruker_values.txt, made by golden/make_bruker.py). */
#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "bruker_fixture.h"
#include "io.h"

enum { COLUMNS = 17, FIDS = 47, SPECTRA_ALONE = 3 };

/* The delay that the columns GRPDLY and DSPFVS/DECIM/DIGMOD stand for, by the rules written above
 * the table. */
static double expected_delay(const char *grpdly, const char *filter)
{
    static const struct {
        const char *filter;
        double points;
    } known[] = {
        {"10/24/1", 61.020833333}, {"12/24/1", 70.166666667}, {"12/8/1", 53.25},
        {"10/6/1", 59.083333333},  {"10/12/1", 60.375},       {"12/32/1", 72.125},
        {"12/12/1", 69.5},         {"12/16/1", 71.625},       {"0/1680/1", 0},
    };
    if (strncmp(filter, "-1/", 3) == 0)
        return 0;
    if (strcmp(grpdly, "absent") != 0 && strcmp(grpdly, "-1") != 0)
        return atof(grpdly);
    for (size_t i = 0; i < FMX__COUNT(known); ++i) {
        if (strcmp(known[i].filter, filter) == 0)
            return known[i].points;
    }
    cr_assert_fail("no delay known for %s", filter);
    return NAN;
}

static void check_row(const fmx_test *test, char *cell[COLUMNS], const char *data)
{
    const char *path = fmx_fixture_path(data, cell[1]);
    bool is_fid = strcmp(cell[0], "Bruker") == 0;
    fmx_fid fid;
    fmx_test_ok(test, fmx_fixture_read(test, path, &fid), path);
    cr_assert_eq(fid.kind, is_fid ? FMX_KIND_FID : FMX_KIND_SPECTRUM, "%s", path);
    cr_assert_str_eq(fid.nucleus, cell[5], "%s", path);
    cr_assert_float_eq(fid.obs_mhz, atof(cell[6]), 1e-9 * fid.obs_mhz, "%s", path);
    /* the table has 15 digits */
    cr_assert_float_eq(fid.sw_hz, atof(cell[8]), 1e-9 * fid.sw_hz, "%s: %.12g Hz", path, fid.sw_hz);
    cr_assert_eq(fid.scans, atoi(cell[12]), "%s", path);
    if (is_fid) {
        cr_assert_float_eq(fid.base_mhz, atof(cell[7]), 1e-9 * fid.obs_mhz, "%s", path);
        cr_assert_eq(fid.points, (size_t)atoi(cell[9]) / 2, "%s", path);
        cr_assert_float_eq(fid.group_delay, expected_delay(cell[10], cell[11]), 1e-8, "%s: %.9g",
                           path, fid.group_delay);
        cr_assert_str_eq(fid.solvent, cell[16], "%s", path);
    } else {
        cr_assert_eq(fid.points, (size_t)atoi(strchr(cell[11], '=') + 1), "%s", path);
    }
    fmx_fid_clear(&fid);
}

Test(bruker_shared, parameters_of_every_file)
{
    fmx_test test = fmx_test_open_host();
    char data[4096];
    char line[8192];
    int fids = 0;
    int spectra = 0;
    snprintf(data, sizeof data, "%s", fmx_test_shared("data"));
    FILE *table = fopen(fmx_fixture_path(data, "README.md"), "r");
    cr_assert_not_null(table);
    while (fgets(line, sizeof line, table) != NULL) {
        char *cell[COLUMNS];
        if (strncmp(line, "| Bruker ", 9) != 0 || !fmx_fixture_row(line, cell, COLUMNS))
            continue;
        check_row(&test, cell, data);
        fids += strcmp(cell[0], "Bruker") == 0;
        spectra += strcmp(cell[0], "Bruker 1r only") == 0;
    }
    fclose(table);
    cr_assert_eq(fids, FIDS);
    cr_assert_eq(spectra, SPECTRA_ALONE);
    fmx_test_close(&test);
}

Test(bruker_shared, tree_is_found_whole)
{
    fmx_test test = fmx_test_open_host();
    fmx_source_list list = {0};
    fmx_test_ok(&test, fmx_source_find(test.ctx, fmx_test_shared("data/bruker"), false, &list),
                "bruker");
    cr_assert_eq(list.count, FIDS);
    fmx_test_ok(
        &test,
        fmx_source_find(test.ctx, fmx_test_shared("data/bruker_processed_only"), false, &list),
        "bruker_processed_only");
    cr_assert_eq(list.count, FIDS + SPECTRA_ALONE);
    for (size_t i = 0; i < list.count; ++i)
        cr_assert_eq(list.item[i].kind, i < FIDS ? FMX_KIND_FID : FMX_KIND_SPECTRUM);
    fmx_source_list_clear(&list);
    fmx_test_close(&test);
}

/* The sum of |value| over all points, in double. */
static double sum_of_magnitudes(const fmx_fid *fid, size_t from, size_t stride)
{
    double sum = 0;
    for (size_t i = from; i < fid->points * (fid->is_complex ? 2 : 1); i += stride)
        sum += fabs((double)fid->data[i]);
    return sum;
}

/* One line of the golden file: kind, path, points, first two and last two values, sum of
 * magnitudes, and for a spectrum the shifts of its first and last point. */
Test(bruker_shared, values_as_nmrglue_reads_them)
{
    fmx_test test = fmx_test_open_host();
    char data[4096];
    char line[1024];
    size_t lines = 0;
    snprintf(data, sizeof data, "%s", fmx_test_shared("data"));
    FILE *golden = fopen(FMX_SOURCE_DIR "/tests/golden/bruker_values.txt", "r");
    cr_assert_not_null(golden);
    while (fgets(line, sizeof line, golden) != NULL) {
        char kind[16];
        char path[512];
        size_t points = 0;
        double value[4];
        double sum = 0;
        double ppm[2] = {0, 0};
        if (line[0] == '#')
            continue;
        cr_assert_geq(sscanf(line, "%15s %511s %zu %lf %lf %lf %lf %lf %lf %lf", kind, path,
                             &points, &value[0], &value[1], &value[2], &value[3], &sum, &ppm[0],
                             &ppm[1]),
                      8, "%s", line);
        fmx_fid fid;
        fmx_test_ok(&test, fmx_fixture_read(&test, fmx_fixture_path(data, path), &fid), path);
        cr_assert_eq(fid.points, points, "%s", path);
        size_t stride = fid.kind == FMX_KIND_SPECTRUM && fid.is_complex ? 2 : 1;
        size_t last = points * (fid.is_complex ? 2 : 1) - stride;
        const size_t at[4] = {0, stride, last - stride, last};
        for (int i = 0; i < 4; ++i) /* rounding of the golden value to single precision */
            cr_assert_eq(fid.data[at[i]], (float)value[i], "%s: value %zu: %.9g, nmrglue %.9g",
                         path, at[i], (double)fid.data[at[i]], value[i]);
        /* each value was rounded once, by at most half a unit in the last place */
        cr_assert_float_eq(sum_of_magnitudes(&fid, 0, stride), sum, FMX_TEST_EPS * sum, "%s", path);
        if (fid.kind == FMX_KIND_SPECTRUM) {
            cr_assert_float_eq(fid.ppm_first, ppm[0], 1e-9, "%s", path);
            cr_assert_float_eq(fid.ppm_first + (double)(points - 1) * fid.ppm_step, ppm[1], 1e-9,
                               "%s", path);
        }
        fmx_fid_clear(&fid);
        ++lines;
    }
    fclose(golden);
    cr_assert_geq(lines, FIDS + SPECTRA_ALONE);
    fmx_test_close(&test);
}

/* The forward transform of a FID at one frequency from the transmitter, time counted from the end
 * of the group delay; exponential window of 1 Hz. */
static double complex transform_at(const fmx_fid *fid, double f_hz)
{
    double complex sum = 0;
    double complex turn = cexp(-2 * M_PI * I * f_hz / fid->sw_hz - M_PI / fid->sw_hz);
    double complex factor = cexp(2 * M_PI * I * f_hz * fid->group_delay / fid->sw_hz);
    for (size_t n = 0; n < fid->points; ++n) {
        double im = fid->reversed ? -(double)fid->data[2 * n + 1] : (double)fid->data[2 * n + 1];
        sum += factor * ((double)fid->data[2 * n] + I * im);
        factor *= turn;
    }
    return sum;
}

/* Sign, order and axis: around the tallest point of TopSpin's 1r, the magnitude of our transform of
 * the FID at the frequencies that the axis gives is tallest too. Returns by how many points not.
 * Where there is a 1i, the two complex stretches are equal but for one factor, |<a, b>| = |a| |b|,
 * and not so when the sign of one imaginary part is turned. */
static int compare_with_spectrum(const fmx_test *test, const char *path)
{
    enum { AROUND = 12, WINDOW = 2 * AROUND + 1 };
    fmx_fid fid;
    fmx_fid spectrum;
    double complex ours[WINDOW];
    size_t tallest = AROUND;
    int found = 0;
    double complex same = 0;
    double complex turned = 0;
    double size[2] = {0, 0};
    fmx_test_ok(test, fmx_fixture_read(test, path, &fid), path);
    fmx_test_ok(test, fmx_fixture_read(test, fmx_fixture_path(path, "pdata/1"), &spectrum), path);
    size_t stride = spectrum.is_complex ? 2 : 1;
    for (size_t i = AROUND; i + AROUND < spectrum.points; ++i) {
        if (spectrum.data[i * stride] > spectrum.data[tallest * stride])
            tallest = i;
    }
    for (int k = 0; k < WINDOW; ++k) {
        size_t at = tallest + (size_t)k - AROUND;
        double ppm = spectrum.ppm_first + (double)at * spectrum.ppm_step;
        double f_hz = ppm * spectrum.base_mhz - (fid.obs_mhz - spectrum.base_mhz) * 1e6;
        ours[k] = transform_at(&fid, f_hz);
        found = cabs(ours[k]) > cabs(ours[found]) ? k : found;
        const float *value = spectrum.data + at * stride;
        double complex theirs = (double)value[0] + I * (double)(spectrum.is_complex ? value[1] : 0);
        same += conj(theirs) * ours[k];
        turned += theirs * ours[k];
        size[0] += creal(theirs * conj(theirs));
        size[1] += creal(ours[k] * conj(ours[k]));
    }
    /* windows, zero-filling and baseline differ: 0.95 to 1 was found, 0.07 to 0.67 for `turned` */
    double scale = sqrt(size[0] * size[1]);
    if (spectrum.is_complex)
        cr_assert(cabs(same) > 0.9 * scale && cabs(turned) < 0.8 * scale, "%s: %.3f, %.3f", path,
                  cabs(same) / scale, cabs(turned) / scale);
    fmx_fid_clear(&fid);
    fmx_fid_clear(&spectrum);
    return found - AROUND;
}

/* The tallest line of the other eight is a water residue or an unphased or broad line, whose real
 * part and magnitude have their maxima up to six points apart. */
Test(bruker_shared, spectra_lie_where_the_transform_puts_them)
{
    fmx_test test = fmx_test_open_host();
    fmx_source_list list = {0};
    int spectra = 0;
    int equal = 0;
    fmx_test_ok(&test, fmx_source_find(test.ctx, fmx_test_shared("data/bruker"), false, &list),
                "bruker");
    for (size_t i = 0; i < list.count; ++i) {
        if (!fmx__is_file_in(list.item[i].path, "pdata/1/1r"))
            continue;
        int away = compare_with_spectrum(&test, list.item[i].path);
        cr_assert(abs(away) <= 6, "%s: %d points away", list.item[i].path, away);
        equal += abs(away) <= 1;
        ++spectra;
    }
    cr_assert_eq(spectra, 39);
    cr_assert_geq(equal, 31, "only %d of %d lie where they should", equal, spectra);
    fmx_source_list_clear(&list);
    fmx_test_close(&test);
}
