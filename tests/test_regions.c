#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "cases/regions.h"
#include "fmx_test.h"
#include "normal_ref.h"
#include "philox.h"
#include "regions_ref.h"
#include "signal_internal.h"

static const float sigma = 0.05f;
static const char *const names[] = {"", "a", "b"};

enum { REGIONS = sizeof fmx_case_region / sizeof *fmx_case_region };

static fmx_region_table table_of_cases(void)
{
    static fmx_region copy[REGIONS];
    memcpy(copy, fmx_case_region, sizeof copy);
    return (fmx_region_table){copy, REGIONS};
}

static bool is_in(double ppm, double from, double to)
{
    return ppm > from - 1e-9 && ppm < to + 1e-9;
}

/* What the twin says of a row; water afterwards, point by point. */
static void expect_row(const fmx_case_regions *c, const fmx_row *row, uint64_t seed, const float *x,
                       double *out)
{
    const fmx_regions *o = &c->options;
    bool *inside = calloc(c->points, sizeof *inside);
    double *noise = calloc(c->points, sizeof *noise);
    bool named = false;
    cr_assert(inside != NULL && noise != NULL);
    for (size_t j = 0; j < c->points; ++j) {
        double ppm = row->ppm_first + (double)j * row->ppm_step;
        if (o->fill == FMX_REGIONS_NOISE)
            noise[j] = sigma * fmx_ref_normal(seed, FMX__PURPOSE_REGIONS, row->item, 0, j);
        for (size_t k = 0; k < REGIONS; ++k) {
            if (strcasecmp(fmx_case_region[k].name, row->name) != 0)
                continue;
            named = true;
            inside[j] |= is_in(ppm, fmx_case_region[k].min_ppm, fmx_case_region[k].max_ppm);
        }
    }
    fmx_ref_regions(out, x, inside, noise, c->points, named && o->action == FMX_REGIONS_KEEP,
                    o->offset, (size_t)o->edge_points);
    for (size_t j = 0; j < c->points; ++j) {
        double ppm = row->ppm_first + (double)j * row->ppm_step;
        if (o->water != FMX_REGIONS_WATER_KEEP && is_in(ppm, o->water_from_ppm, o->water_to_ppm))
            out[j] = o->water == FMX_REGIONS_WATER_ZERO ? 0 : noise[j];
    }
    free(inside);
    free(noise);
}

/* Kept points lose a mean of edge_points values below 1 (a rounding each), and a line between two
 * such; noise errs by its own bound. */
static double tolerance(const fmx_case_regions *c)
{
    return (2 * (double)c->options.edge_points + 8) * FMX_TEST_EPS + sigma * FMX_REF_NORMAL_ERROR;
}

static void check_case(const fmx_test *test, const fmx_case_regions *c)
{
    size_t count = c->rows * c->points;
    fmx_region_table table = table_of_cases();
    fmx_signal signal = fmx_test_spectra(test, false, c->rows, c->points, 8);
    float *x = fmx_test_random(count, 8);
    float *got = fmx_test_random(count, 1);
    double *expected = malloc(c->points * sizeof *expected);
    cr_assert_not_null(expected);
    signal.seed = UINT64_C(0xfeedbeef00000012);
    for (size_t i = 0; i < c->rows; ++i) {
        signal.row[i].noise_sigma = sigma;
        signal.row[i].item = 3 + (i << 32);
        strcpy(signal.row[i].name, names[i % 3]);
    }
    fmx_test_ok(test, fmx_apply_regions(&signal, &c->options, &table), c->name);
    fmx_test_ok(test, fmx_signal_read(&signal, got), c->name);
    for (size_t i = 0; i < c->rows; ++i) {
        expect_row(c, &signal.row[i], signal.seed, x + i * c->points, expected);
        for (size_t j = 0; j < c->points; ++j)
            cr_assert_leq(fabs(got[i * c->points + j] - expected[j]), tolerance(c),
                          "%s, row %zu, point %zu: got %.9g, expected %.9g", c->name, i, j,
                          got[i * c->points + j], expected[j]);
    }
    fmx_signal_clear(&signal);
    free(x);
    free(got);
    free(expected);
}

Test(regions, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_regions / sizeof *fmx_cases_regions; ++i)
        check_case(&test, &fmx_cases_regions[i]);
    fmx_test_close(&test);
}

Test(regions, repeats_to_the_bit)
{
    fmx_test test = fmx_test_open();
    enum { COUNT = 3 * 1009 };
    fmx_regions options = FMX_REGIONS_DEFAULT;
    fmx_region_table table = table_of_cases();
    float *got[2];
    for (int run = 0; run < 2; ++run) {
        fmx_signal signal = fmx_test_spectra(&test, true, 3, 1009, 4);
        for (size_t i = 0; i < 3; ++i) {
            signal.row[i].noise_sigma = 1;
            strcpy(signal.row[i].name, names[i]);
        }
        got[run] = fmx_test_random(COUNT, 1);
        fmx_test_ok(&test, fmx_apply_regions(&signal, &options, &table), "regions");
        fmx_test_ok(&test, fmx_signal_read(&signal, got[run]), "read");
        fmx_signal_clear(&signal);
    }
    cr_assert_arr_eq(got[0], got[1], COUNT * sizeof(float));
    free(got[0]);
    free(got[1]);
    fmx_test_close(&test);
}

/* The table that ships is read, and every bad one is refused with its line. */
Test(regions, tables)
{
    fmx_test test = fmx_test_open_host();
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {"", "no column name"},
        {"name,min_ppm\nx,1\n", "no column max_ppm"},
        {"name,min_ppm,max_ppm\nx,1\n", ":2: no value"},
        {"name,min_ppm,max_ppm\n# c\nx,2,1\n", ":3: "},
        {"name,min_ppm,max_ppm\nx,1,2\ny,one,2\n", ":3: \"one\""},
        {"name,min_ppm,max_ppm\nx,1,nan\n", ":2: "},
        {"name,min_ppm,max_ppm\n,1,2\n", ":2: the name"},
    };
    fmx_region_table table;
    fmx_test_ok(&test, fmx_region_table_read(test.ctx, FMX_SOURCE_DIR "/data/regions.csv", &table),
                "the table that ships");
    cr_assert_gt(table.count, 10);
    for (size_t i = 0; i < table.count; ++i)
        cr_assert(table.region[i].min_ppm > -0.5 && table.region[i].max_ppm < 10.5);
    fmx_region_table_clear(&table);
    char path[1024];
    snprintf(path, sizeof path, "%s/bad.csv", fmx_test_folder());
    fmx_test_refused(&test, fmx_region_table_read(test.ctx, path, &table), FMX_ERROR_NOT_FOUND,
                     "bad.csv");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        FILE *file = fopen(path, "w");
        cr_assert_not_null(file);
        fputs(bad[i].text, file);
        fclose(file);
        fmx_test_refused(&test, fmx_region_table_read(test.ctx, path, &table), FMX_ERROR_FORMAT,
                         bad[i].says);
        fmx_region_table_clear(&table);
    }
    remove(path);
    fmx_test_close(&test);
}

static void keep_line(void *user, fmx_log_level level, const char *text)
{
    (void)level;
    snprintf(user, 256, "%s", text);
}

static void count_line(void *user, fmx_log_level level, const char *text)
{
    (void)level;
    *(int *)user += strstr(text, "b and others (3 of 4 spectra): ") != NULL;
    *(int *)user += 100;
}

/* What a row lacks is said once for all rows, and not where there is no table at all. */
Test(regions, says_it_once)
{
    fmx_test test = fmx_test_open();
    int lines = 0;
    fmx_regions options = FMX_REGIONS_DEFAULT;
    fmx_region_table table = table_of_cases();
    fmx_region_table none = {0};
    fmx_context_set_log(test.ctx, count_line, &lines, FMX_LOG_INFO);
    fmx_signal signal = fmx_test_spectra(&test, false, 4, 100, 1);
    for (size_t i = 0; i < 4; ++i) {
        strcpy(signal.row[i].name, i == 0 ? "unknown" : "b");
        signal.row[i].noise_sigma = 0;
    }
    fmx_test_ok(&test, fmx_apply_regions(&signal, &options, &table), "no noise, no name");
    cr_assert_eq(lines, 201, "%d", lines); /* the other line: unknown (1 of 4 spectra) */
    lines = 0;
    fmx_test_ok(&test, fmx_apply_regions(&signal, &options, &none), "no table");
    cr_assert_eq(lines, 0, "%d", lines);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

Test(regions, says_what_is_missing)
{
    fmx_test test = fmx_test_open();
    char text[256] = "";
    fmx_regions options = FMX_REGIONS_DEFAULT;
    fmx_region_table table = table_of_cases();
    fmx_context_set_log(test.ctx, keep_line, text, FMX_LOG_INFO);
    fmx_signal signal = fmx_test_spectra(&test, false, 1, 100, 1);
    strcpy(signal.row[0].name, "b");
    fmx_test_ok(&test, fmx_apply_regions(&signal, &options, &table), "no noise");
    cr_assert(strstr(text, "filled with zeros") != NULL, "%s", text);
    strcpy(signal.row[0].name, "unknown");
    fmx_test_ok(&test, fmx_apply_regions(&signal, &options, &table), "no name");
    cr_assert(strstr(text, "no regions") != NULL, "%s", text);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

static const fmx__stage *regions_stage(void)
{
    for (size_t i = 0; i < fmx__stage_count; ++i) {
        if (strcmp(fmx__stages[i]->group.name, "regions") == 0)
            return fmx__stages[i];
    }
    cr_assert_fail("no stage regions");
    return NULL;
}

Test(regions, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_regions options = FMX_REGIONS_DEFAULT;
    fmx_region_table table = table_of_cases();
    const fmx__stage *stage = regions_stage();
    fmx_signal signal = fmx_test_spectra(&test, false, 2, 64, 1);
    float before[2 * 64];
    float after[2 * 64];
    fmx_test_ok(&test, fmx_signal_read(&signal, before), "read");
    fmx_test_ok(&test, fmx__stage_run(stage, &signal, &options), "no table: nothing to do");
    fmx_test_ok(&test, fmx_signal_read(&signal, after), "read");
    cr_assert_arr_eq(before, after, sizeof before);
    strcpy(options.file, "/nowhere/regions.csv");
    fmx_test_refused(&test, fmx__stage_run(stage, &signal, &options), FMX_ERROR_NOT_FOUND,
                     "/nowhere/regions.csv");
    options.edge_points = 0;
    fmx_test_refused(&test, fmx_apply_regions(&signal, &options, &table), FMX_ERROR_ARGUMENT,
                     "edge_points");
    options.edge_points = 1;
    options.fill = FMX_REGIONS_ZERO;
    options.water = FMX_REGIONS_WATER_NOISE;
    fmx_test_refused(&test, fmx_apply_regions(&signal, &options, &table), FMX_ERROR_ARGUMENT,
                     "water");
    options.fill = FMX_REGIONS_NOISE;
    signal.row[1].ppm_step = 0;
    fmx_test_refused(&test, fmx_apply_regions(&signal, &options, &table), FMX_ERROR_ARGUMENT,
                     "row 1");
    fmx_signal_clear(&signal);
    signal = fmx_test_decays(&test, 1, 64, 1);
    fmx_test_refused(&test, fmx_apply_regions(&signal, &options, &table), FMX_ERROR_SHAPE,
                     "spectrum");
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

static void write_table(const char *path, const char *text, time_t changed_s)
{
    const struct timespec times[2] = {{changed_s, 0}, {changed_s, 0}};
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* The first of 100 points is kept or not, as a table with one region says. */
static bool first_is_kept(const fmx_test *test, const fmx_regions *options)
{
    float x[100];
    fmx_signal signal = fmx_test_spectra(test, false, 1, 100, 1);
    strcpy(signal.row[0].name, "a");
    fmx_test_ok(test, fmx__stage_run(regions_stage(), &signal, options), "stage");
    fmx_test_ok(test, fmx_signal_read(&signal, x), "read");
    fmx_signal_clear(&signal);
    return x[0] != 0;
}

/* Batch after batch, the file is read once; after a change it is read again. */
Test(regions, table_is_read_once)
{
    static const char with_first[] = "name,min_ppm,max_ppm\na,11,13\n";
    static const char without[] = "name,min_ppm,max_ppm\na,0,1\n";
    fmx_test test = fmx_test_open();
    fmx_regions options = FMX_REGIONS_DEFAULT;
    options.fill = FMX_REGIONS_ZERO;
    options.offset = FMX_REGIONS_NONE;
    snprintf(options.file, sizeof options.file, "%s/regions.csv", fmx_test_folder());
    write_table(options.file, with_first, 1000000);
    cr_assert(first_is_kept(&test, &options));
    write_table(options.file, without, 1000000);
    cr_assert(first_is_kept(&test, &options), "a file that seems the same is not read again");
    write_table(options.file, without, 1000001);
    cr_assert_not(first_is_kept(&test, &options));
    fmx_test_close(&test);
}

/* A program that speaks German reads the same table. */
Test(regions, decimal_comma)
{
    fmx_test test = fmx_test_open_host();
    fmx_region_table table;
    char path[1024];
    snprintf(path, sizeof path, "%s/regions.csv", fmx_test_folder());
    write_table(path, "name,min_ppm,max_ppm\na,1.25,2.5\n", 1000000);
    fmx_test_decimal_comma();
    fmx_test_ok(&test, fmx_region_table_read(test.ctx, path, &table), "read");
    setlocale(LC_ALL, "C");
    cr_assert_eq(table.count, 1);
    cr_assert(table.region[0].min_ppm == 1.25 && table.region[0].max_ppm == 2.5);
    fmx_region_table_clear(&table);
    fmx_test_close(&test);
}

static fmx_status apply_all(void *user)
{
    fmx_regions options = FMX_REGIONS_DEFAULT;
    fmx_region_table table = table_of_cases();
    return fmx_apply_regions(user, &options, &table);
}

Test(regions, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = fmx_test_spectra(&test, true, 2, 1000, 1);
    strcpy(signal.row[1].name, "a");
    fmx_test_each_failure(&test, apply_all, &signal);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}
