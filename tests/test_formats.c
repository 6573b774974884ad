/* Every real file of the shared working set that is not Bruker's (test_bruker_shared.c): values as
 * nmrglue reads them (golden/formats.txt, made by golden/make_formats.py), parameters as the table
 * of facts in the set's README has them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "bruker_fixture.h"
#include "io.h"

enum { VALUE_ROWS = 70, FACT_ROWS = 70, WEIGHTS = 251 };

/* ---- values ----------------------------------------------------------------------------------
 */

typedef struct golden {
    char format[16];
    char path[512];
    size_t points;
    int is_complex;
    double value[4];
    double magnitudes;
    double weighted;
} golden;

static bool parse(const char *line, golden *out)
{
    return sscanf(line, "%15s %511s %zu %d %lf %lf %lf %lf %lf %lf", out->format, out->path,
                  &out->points, &out->is_complex, &out->value[0], &out->value[1], &out->value[2],
                  &out->value[3], &out->magnitudes, &out->weighted) == 10;
}

static void check_values(const fmx_fid *fid, const golden *g)
{
    /* where nmrglue has complex points and fidmix the real part of a spectrum only, or not */
    cr_assert_str_eq(fid->format, g->format, "%s", g->path);
    cr_assert_eq(fid->points, g->points, "%s: %zu points", g->path, fid->points);
    cr_assert_eq(fid->is_complex, g->is_complex != 0, "%s", g->path);
    size_t count = fid->points * (fid->is_complex ? 2 : 1);
    const size_t at[4] = {0, 1, count - 2, count - 1};
    double magnitudes = 0;
    double weighted = 0;
    double most = 0;
    for (size_t i = 0; i < count; ++i) {
        double value = (double)fid->data[i];
        magnitudes += fabs(value);
        weighted += value * (double)(1 + i % WEIGHTS);
        most += fabs(value) * (double)(1 + i % WEIGHTS);
    }
    /* each value was rounded to single precision, by at most half a unit in the last place */
    for (int i = 0; i < 4; ++i)
        cr_assert_leq(fabs((double)fid->data[at[i]] - g->value[i]),
                      FMX_TEST_EPS * fabs(g->value[i]), "%s: value %zu: %.9g, nmrglue %.9g",
                      g->path, at[i], (double)fid->data[at[i]], g->value[i]);
    cr_assert_leq(fabs(magnitudes - g->magnitudes), FMX_TEST_EPS * magnitudes, "%s: %.12g, %.12g",
                  g->path, magnitudes, g->magnitudes);
    cr_assert_leq(fabs(weighted - g->weighted), FMX_TEST_EPS * most, "%s: %.12g, %.12g", g->path,
                  weighted, g->weighted);
}

Test(formats, values_as_nmrglue_reads_them)
{
    fmx_test test = fmx_test_open_host();
    char data[4096];
    char line[1024];
    size_t rows = 0;
    golden g;
    snprintf(data, sizeof data, "%s", fmx_test_shared("data"));
    FILE *file = fopen(FMX_SOURCE_DIR "/tests/golden/formats.txt", "r");
    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        fmx_fid fid;
        if (line[0] == '#')
            continue;
        cr_assert(parse(line, &g), "%s", line);
        fmx_test_ok(&test, fmx_fixture_read(&test, fmx_fixture_path(data, g.path), &fid), g.path);
        check_values(&fid, &g);
        fmx_fid_clear(&fid);
        ++rows;
    }
    fclose(file);
    cr_assert_eq(rows, VALUE_ROWS);
    fmx_test_close(&test);
}

/* ---- parameters ------------------------------------------------------------------------------
 */

enum {
    FORMAT,
    PATH,
    NUCLEUS = 5,
    OBS,
    BASE,
    WIDTH,
    POINTS,
    DELAY,
    FILTER,
    SCANS,
    SIZES = 15,
    SOLVENT,
    COLUMNS
};

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* A number of the table: equal to within half a unit of its last decimal, and 1e-9 of it. */
static void check_number(double is, const char *cell, const char *path, const char *what)
{
    const char *point = strchr(cell, '.');
    size_t decimals = point != NULL ? strspn(point + 1, "0123456789") : 0;
    double expected = atof(cell);
    if (strpbrk(cell, "eE") != NULL) { /* 4.9984E8, in Hz */
        expected *= 1e-6;
        decimals = 9;
    }
    cr_assert_leq(fabs(is - expected), 0.5 * pow(10, -(double)decimals) + 1e-9 * fabs(expected),
                  "%s: %s %.12g, the table has %s", path, what, is, cell);
}

static void check_nucleus(const fmx_fid *fid, const char *cell)
{
    static const char *const names[][2] = {
        {"Proton", "1H"}, {"Fluorine19", "19F"}, {"Phosphorus31", "31P"}};
    char expected[16] = "";
    if (cell[0] == '\0' || begins(cell, "label"))
        return;
    for (size_t i = 0; i < FMX__COUNT(names); ++i) {
        if (strcmp(cell, names[i][0]) == 0)
            strcpy(expected, names[i][1]);
    }
    if (expected[0] == '\0')
        cr_assert(fmx__nucleus_name(cell, expected), "%s", cell);
    cr_assert_str_eq(fid->nucleus, expected, "%s", fid->path);
}

static size_t expected_points(const fmx_fid *fid, char *const cell[COLUMNS])
{
    size_t count = (size_t)atol(cell[POINTS]);
    if (fid->kind == FMX_KIND_SPECTRUM && begins(cell[FORMAT], "JCAMP"))
        return (size_t)atol(cell[SIZES]); /* "16384,16384 of 16384 ok" */
    bool are_reals = begins(cell[FORMAT], "JCAMP") || begins(cell[FORMAT], "Varian") ||
                     begins(cell[FORMAT], "nmrML");
    /* Spinsolve's own JCAMP-DX file is counted in points */
    return are_reals && strstr(cell[PATH], "spinsolve") == NULL ? count / 2 : count;
}

/* The delay of a JCAMP-DX file by Bruker: GRPDLY, else the entry for DSPFVS and DECIM. */
static void check_delay(const fmx_fid *fid, char *const cell[COLUMNS])
{
    double expected = atof(cell[DELAY]);
    int filter[2];
    char line[128];
    if (fid->kind != FMX_KIND_FID || !begins(cell[FORMAT], "JCAMP"))
        return;
    if (expected < 0 && sscanf(cell[FILTER], "%d/%d/1", &filter[0], &filter[1]) == 2) {
        FILE *file = fopen(FMX_SOURCE_DIR "/tests/golden/bruker_delays.txt", "r");
        cr_assert_not_null(file);
        while (fgets(line, sizeof line, file) != NULL) {
            int entry[2];
            double points = 0;
            if (sscanf(line, "%d %d %lf", &entry[0], &entry[1], &points) == 3 &&
                entry[0] == filter[0] && entry[1] == filter[1])
                expected = points;
        }
        fclose(file);
        cr_assert_gt(expected, 0, "%s: %s", cell[PATH], cell[FILTER]);
    }
    cr_assert_leq(fabs(fid->group_delay - expected), 1e-6, "%s: %.9g and %.9g", cell[PATH],
                  fid->group_delay, expected);
}

static void check_facts(const fmx_fid *fid, char *const cell[COLUMNS])
{
    bool is_jeol = begins(cell[FORMAT], "JEOL");
    bool is_varian = begins(cell[FORMAT], "Varian");
    if (strstr(cell[PATH], "prospa_") == NULL) /* Prospa's files do not tell it, the table does */
        check_nucleus(fid, cell[NUCLEUS]);
    /* JEOL's is the frequency of 0 ppm */
    check_number(is_jeol ? fid->base_mhz : fid->obs_mhz, cell[OBS], cell[PATH], "frequency");
    if (fid->kind == FMX_KIND_FID && atof(cell[BASE]) > 0)
        check_number(is_varian ? fid->reference_mhz : fid->base_mhz, cell[BASE], cell[PATH],
                     "base frequency");
    if (fid->kind == FMX_KIND_FID && atof(cell[WIDTH]) > 0)
        check_number(fid->sw_hz, cell[WIDTH], cell[PATH], "width");
    cr_assert_eq(fid->points, expected_points(fid, cell), "%s: %zu points", cell[PATH],
                 fid->points);
    check_delay(fid, cell);
    if (atoi(cell[SCANS]) > 0)
        cr_assert_eq(fid->scans, atoi(cell[SCANS]), "%s: %d scans", cell[PATH], fid->scans);
    if (cell[SOLVENT][0] != '\0')
        cr_assert_str_eq(fid->solvent, cell[SOLVENT], "%s", cell[PATH]);
}

Test(formats, parameters_as_the_table_has_them)
{
    fmx_test test = fmx_test_open_host();
    char data[4096];
    char line[8192];
    int rows = 0;
    snprintf(data, sizeof data, "%s", fmx_test_shared("data"));
    FILE *table = fopen(fmx_fixture_path(data, "README.md"), "r");
    cr_assert_not_null(table);
    while (fgets(line, sizeof line, table) != NULL) {
        static const char *const formats[] = {"JCAMP",    "Varian", "JEOL",
                                              "Magritek", "nmrML",  "NMRPipe"};
        char *cell[COLUMNS];
        fmx_fid fid;
        bool known = false;
        if (!fmx_fixture_row(line, cell, COLUMNS))
            continue;
        for (size_t i = 0; i < FMX__COUNT(formats); ++i)
            known = known || begins(cell[FORMAT], formats[i]);
        if (!known)
            continue;
        fmx_test_ok(&test, fmx_fixture_read(&test, fmx_fixture_path(data, cell[PATH]), &fid),
                    cell[PATH]);
        check_facts(&fid, cell);
        fmx_fid_clear(&fid);
        ++rows;
    }
    fclose(table);
    cr_assert_eq(rows, FACT_ROWS, "%d rows", rows);
    fmx_test_close(&test);
}
