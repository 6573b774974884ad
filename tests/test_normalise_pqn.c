/* The stage's method pqn: against the API's three calls, in any batch, from any file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fmx_test.h"
#include "normalise_pqn.h"

enum { ROWS = 7, POINTS = 1009, VALUES = ROWS * POINTS };

static const double first_ppm = 10;
static const double step_ppm = -0.01;

/* Rows of different concentration on one axis, every third with a huge line. */
static fmx_signal make(const fmx_test *test, const float *x, size_t rows)
{
    fmx_signal signal = fmx_test_spectra(test, false, rows, POINTS, 1);
    for (size_t i = 0; i < rows; ++i) {
        signal.row[i].ppm_first = first_ppm;
        signal.row[i].ppm_step = step_ppm;
        signal.row[i].noise_sigma = 0.05f;
    }
    fmx_test_ok(test, fmx_buffer_write(signal.data, 0, x, rows * POINTS * sizeof *x), "write");
    return signal;
}

static float *make_values(uint64_t seed)
{
    float *x = fmx_test_random(VALUES, seed);
    for (size_t k = 0; k < VALUES; ++k) {
        size_t row = k / POINTS;
        x[k] = (1.1f + x[k]) * (float)(row + 1) + (row % 3 == 1 && k % POINTS < 40 ? 1e3f : 0);
    }
    return x;
}

static void write_dataset(const fmx_test *test, const char *path, const float *x, size_t rows,
                          double shift_ppm, double bend_ppm)
{
    double ppm[POINTS];
    const char *source[ROWS];
    fmx_dataset_writer *writer = NULL;
    for (size_t j = 0; j < POINTS; ++j)
        ppm[j] = first_ppm + shift_ppm + step_ppm * (double)j + (j == 500 ? bend_ppm : 0);
    for (size_t i = 0; i < ROWS; ++i)
        source[i] = "nowhere";
    fmx_dataset_plan plan = {.rows = rows,
                             .points = POINTS,
                             .ppm = ppm,
                             .source = source,
                             .recipe = "",
                             .nucleus = "1H"};
    fmx_test_ok(test, fmx_dataset_writer_open(test->ctx, path, &plan, &writer), "open");
    for (size_t i = 0; i < rows; ++i) {
        fmx_dataset_row row = {.name = "a row", .spectrum = x + i * POINTS};
        fmx_test_ok(test, fmx_dataset_writer_append(writer, i, &row), "append");
    }
    fmx_test_ok(test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
}

static fmx_normalise pqn_with(const char *path)
{
    fmx_normalise options = {.method = FMX_NORMALISE_PQN};
    cr_assert_lt(strlen(path), sizeof options.reference);
    snprintf(options.reference, sizeof options.reference, "%s", path);
    return options;
}

/* Rows of area 1, and the dataset of them. */
static float *make_area(const fmx_test *test, const float *x, const char *path)
{
    fmx_normalise area = {.method = FMX_NORMALISE_AREA};
    float *out = fmx_test_random(VALUES, 1);
    fmx_signal signal = make(test, x, ROWS);
    fmx_test_ok(test, fmx_normalise_rows(&signal, &area), "area");
    fmx_test_ok(test, fmx_signal_read(&signal, out), "read");
    fmx_signal_clear(&signal);
    write_dataset(test, path, out, ROWS, 0, 0);
    return out;
}

/* What the three calls of the API make of the rows. */
static float *three_calls(const fmx_test *test, const float *x)
{
    float reference[POINTS];
    fmx_normalise area = {.method = FMX_NORMALISE_AREA};
    float *out = fmx_test_random(VALUES, 1);
    fmx_signal signal = make(test, x, ROWS);
    fmx_test_ok(test, fmx_normalise_rows(&signal, &area), "area");
    fmx_test_ok(test, fmx_normalise_reference(&signal, reference), "reference");
    fmx_test_ok(test, fmx_normalise_quotient(&signal, reference, 5), "quotient");
    fmx_test_ok(test, fmx_signal_read(&signal, out), "read");
    fmx_signal_clear(&signal);
    return out;
}

static char *file_in(const char *folder, const char *name)
{
    static char path[256];
    cr_assert_lt(snprintf(path, sizeof path, "%s/%s", folder, name), (int)sizeof path);
    return path;
}

Test(normalise_pqn, equals_the_three_calls_in_any_batch)
{
    fmx_test test = fmx_test_open();
    static const size_t batches[] = {ROWS, 1, 2, 3};
    const char *path = file_in(fmx_test_folder(), "area.h5");
    float *x = make_values(3);
    float *area = make_area(&test, x, path);
    float *expected = three_calls(&test, x);
    float *got = fmx_test_random(VALUES, 1);
    fmx_normalise options = pqn_with(path);
    for (size_t b = 0; b < sizeof batches / sizeof *batches; ++b) {
        for (size_t first = 0; first < ROWS; first += batches[b]) {
            size_t count = ROWS - first < batches[b] ? ROWS - first : batches[b];
            fmx_signal signal = make(&test, x + first * POINTS, count);
            fmx_test_ok(&test, fmx_normalise_rows(&signal, &options), "pqn");
            fmx_test_ok(&test, fmx_signal_read(&signal, got + first * POINTS), "read");
            cr_assert_gt(signal.row[0].scale, 0);
            fmx_signal_clear(&signal);
        }
        cr_assert_arr_eq(got, expected, VALUES * sizeof *got, "batches of %zu rows", batches[b]);
    }
    cr_assert_neq(memcmp(got, area, VALUES * sizeof *got), 0, "the quotient does nothing");
    free(x);
    free(area);
    free(expected);
    free(got);
    fmx_test_close(&test);
}

Test(normalise_pqn, any_slice_of_the_file_gives_the_same_median)
{
    fmx_test test = fmx_test_open();
    static const size_t slices[][2] = {{0, 0},
                                       {ROWS * 4 * 1008, POINTS * 4 * 2},
                                       {ROWS * 4 * 1009, 0},
                                       {ROWS * 4 * 100, SIZE_MAX}};
    float expected[POINTS];
    float got[POINTS];
    const char *path = file_in(fmx_test_folder(), "area.h5");
    float *x = make_values(5);
    float *area = make_area(&test, x, path);
    fmx_signal signal = make(&test, area, ROWS);
    fmx_test_ok(&test, fmx_normalise_reference(&signal, expected), "reference");
    for (size_t i = 0; i < sizeof slices / sizeof *slices; ++i) {
        memset(got, 0xff, sizeof got);
        fmx_test_ok(&test,
                    fmx__normalise_dataset_median(&signal, path, slices[i][0], slices[i][1], got),
                    "median");
        cr_assert_arr_eq(got, expected, sizeof got, "slice %zu, chunk %zu bytes", slices[i][0],
                         slices[i][1]);
    }
    fmx_signal_clear(&signal);
    free(x);
    free(area);
    fmx_test_close(&test);
}

/* The reference is read once, and again when the file is another. */
Test(normalise_pqn, keeps_the_reference_of_a_file)
{
    fmx_test test = fmx_test_open();
    const char *path = file_in(fmx_test_folder(), "area.h5");
    const float *kept[3];
    float before = 0;
    float *x = make_values(3);
    float *other = make_values(4);
    free(make_area(&test, x, path));
    fmx_normalise options = pqn_with(path);
    fmx_signal signal = make(&test, x, 2);
    fmx_signal alone = make(&test, x, 1);
    fmx_test_ok(&test, fmx__normalise_reference_of(&signal, &options, &kept[0]), "first");
    fmx_test_ok(&test, fmx__normalise_reference_of(&alone, &options, &kept[1]), "second");
    cr_assert_eq(kept[0], kept[1], "the same file is read twice");
    before = kept[0][100];
    cr_assert_eq(remove(path), 0);
    free(make_area(&test, other, path));
    fmx_test_ok(&test, fmx__normalise_reference_of(&signal, &options, &kept[2]), "third");
    cr_assert_neq(kept[2][100], before, "a changed file is not read again");
    fmx_signal_clear(&signal);
    fmx_signal_clear(&alone);
    free(x);
    free(other);
    fmx_test_close(&test);
}

static void refused(const fmx_test *test, const char *path, fmx_signal *signal, fmx_status status,
                    const char *part)
{
    fmx_normalise options = pqn_with(path);
    fmx_test_refused(test, fmx_normalise_rows(signal, &options), status, part);
}

Test(normalise_pqn, refusals)
{
    fmx_test test = fmx_test_open();
    char folder[200];
    snprintf(folder, sizeof folder, "%s", fmx_test_folder());
    float *x = make_values(3);
    float *got = fmx_test_random(VALUES, 1);
    float *area = make_area(&test, x, file_in(folder, "area.h5"));
    fmx_signal signal = make(&test, x, ROWS);
    refused(&test, "", &signal, FMX_ERROR_RECIPE, "process.normalise.method=area");
    refused(&test, "", &signal, FMX_ERROR_RECIPE, "process.normalise.reference=area.h5");
    refused(&test, "/nowhere/area.h5", &signal, FMX_ERROR_NOT_FOUND, "/nowhere/area.h5");
    FILE *text = fopen(file_in(folder, "text.h5"), "w");
    cr_assert_not_null(text);
    fputs("no dataset", text);
    fclose(text);
    refused(&test, file_in(folder, "text.h5"), &signal, FMX_ERROR_FORMAT, "text.h5");
    write_dataset(&test, file_in(folder, "shifted.h5"), area, ROWS, 0.005, 0);
    refused(&test, file_in(folder, "shifted.h5"), &signal, FMX_ERROR_RECIPE, "same axis");
    write_dataset(&test, file_in(folder, "bent.h5"), area, ROWS, 0, 0.005);
    refused(&test, file_in(folder, "bent.h5"), &signal, FMX_ERROR_RECIPE, "at point 500");
    write_dataset(&test, file_in(folder, "raw.h5"), x, ROWS, 0, 0);
    refused(&test, file_in(folder, "raw.h5"), &signal, FMX_ERROR_RECIPE, "row 0 has the area");
    area[2 * POINTS + 7] = NAN;
    write_dataset(&test, file_in(folder, "nan.h5"), area, ROWS, 0, 0);
    refused(&test, file_in(folder, "nan.h5"), &signal, FMX_ERROR_RECIPE, "row 2 has the area");
    write_dataset(&test, file_in(folder, "short.h5"), area, 1, 0, 0);
    signal.points -= 1;
    refused(&test, file_in(folder, "short.h5"), &signal, FMX_ERROR_RECIPE, "1009 points");
    signal.points += 1;
    /* also when the reference is kept already: one row of the batch on another axis */
    fmx_normalise options = pqn_with(file_in(folder, "area.h5"));
    const float *reference = NULL;
    fmx_test_ok(&test, fmx__normalise_reference_of(&signal, &options, &reference), "reference");
    signal.row[ROWS - 1].ppm_first += 0.005;
    refused(&test, file_in(folder, "area.h5"), &signal, FMX_ERROR_RECIPE, "same axis");
    signal.points -= 1;
    refused(&test, file_in(folder, "area.h5"), &signal, FMX_ERROR_RECIPE, "1009 points");
    signal.points += 1;
    fmx_test_ok(&test, fmx_signal_read(&signal, got), "read");
    cr_assert_arr_eq(got, x, VALUES * sizeof *x, "a refusal leaves the rows alone");
    fmx_signal_clear(&signal);
    free(x);
    free(got);
    free(area);
    fmx_test_close(&test);
}

typedef struct call {
    fmx_signal signal;
    fmx_normalise options;
} call;

static fmx_status once(void *user)
{
    call *c = user;
    return fmx_normalise_rows(&c->signal, &c->options);
}

Test(normalise_pqn, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    const char *path = file_in(fmx_test_folder(), "area.h5");
    float *x = make_values(3);
    free(make_area(&test, x, path));
    call c = {make(&test, x, 2), pqn_with(path)};
    fmx_test_each_failure(&test, once, &c);
    fmx_signal_clear(&c.signal);
    free(x);
    fmx_test_close(&test);
}
