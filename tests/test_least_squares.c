#include "least_squares.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"

enum { CLASSES = 5, ROWS = 9, POINTS = 1500 };

/* Classes 0 to 3 have two rows each, class 4 one; peaks of two rows of a class differ in width. */
static const uint32_t class_of[ROWS] = {0, 1, 2, 3, 0, 1, 2, 3, 4};

static void add_peak(float *row, double centre, double width, double height)
{
    for (size_t j = 0; j < POINTS; ++j)
        row[j] += (float)(height / (1 + pow(((double)j - centre) / width, 2)));
}

/* A spectrum of class c: three peaks, shifted by `by` points. */
static void add_class(float *row, size_t c, double width, double by, double amount)
{
    add_peak(row, 150 + 90 * (double)c + by, width, amount);
    add_peak(row, 700 + 130 * (double)c + by, width, 0.5 * amount);
    add_peak(row, 420 + 61 * (double)((c * 3) % 5) + by, width, 0.7 * amount);
}

static fmx__least_squares_library library_of(float *spectra)
{
    memset(spectra, 0, (size_t)ROWS * POINTS * sizeof *spectra);
    for (size_t r = 0; r < ROWS; ++r)
        add_class(spectra + r * POINTS, class_of[r], r < 4 ? 3 : 3.3, 0, 1);
    return (fmx__least_squares_library){.spectra = spectra,
                                        .class_of = class_of,
                                        .rows = ROWS,
                                        .points = POINTS,
                                        .classes = CLASSES};
}

static fmx__least_squares open_library(const fmx_test *test,
                                       const fmx__least_squares_library *library)
{
    fmx__least_squares ls;
    fmx_test_ok(test, fmx__least_squares_open(test->device, library, &ls), "open");
    return ls;
}

Test(least_squares, proportions_of_a_mixture)
{
    fmx_test test = fmx_test_open();
    float *spectra = malloc((size_t)ROWS * POINTS * sizeof *spectra);
    fmx__least_squares_library library = library_of(spectra);
    for (int means = 0; means < 2; ++means) {
        float mixture[POINTS] = {0};
        float presence[CLASSES];
        float proportion[CLASSES];
        library.means = means == 1;
        fmx__least_squares ls = open_library(&test, &library);
        cr_assert_eq(ls.rows, means ? CLASSES : ROWS);
        add_class(mixture, 1, means ? 3.15 : 3, 0, 3);
        add_class(mixture, 4, 3.3, 0, 1);
        fmx_test_ok(&test, fmx__least_squares_run(&ls, mixture, 1, presence, proportion), "run");
        const double expected[CLASSES] = {0, 0.75, 0, 0, 0.25};
        for (size_t c = 0; c < CLASSES; ++c) {
            /* a mean of two widths is no Lorentzian: 1e-3 */
            cr_assert_float_eq(proportion[c], expected[c], means ? 2e-3 : 1e-4, "class %zu: %g", c,
                               (double)proportion[c]);
            cr_assert(expected[c] > 0 ? presence[c] > 0.2 : presence[c] < 5e-3, "class %zu: %g", c,
                      (double)presence[c]);
        }
        fmx__least_squares_clear(&ls);
    }
    free(spectra);
    fmx_test_close(&test);
}

/* Shifted by 8 points, more than a width, the rigid library loses most of the peak. */
Test(least_squares, shifted_copies_find_shifted_compounds)
{
    fmx_test test = fmx_test_open();
    float *spectra = malloc((size_t)ROWS * POINTS * sizeof *spectra);
    fmx__least_squares_library library = library_of(spectra);
    float mixture[POINTS] = {0};
    float presence[2][CLASSES];
    float proportion[CLASSES];
    add_class(mixture, 2, 3, 8, 0.6);
    add_class(mixture, 0, 3, -8, 0.4);
    for (size_t k = 0; k < 2; ++k) {
        library.shift = 8 * k;
        library.shift_steps = 2 * k;
        fmx__least_squares ls = open_library(&test, &library);
        cr_assert_eq(ls.rows, k ? 5 * ROWS : ROWS);
        fmx_test_ok(&test, fmx__least_squares_run(&ls, mixture, 1, presence[k], proportion), "run");
        fmx__least_squares_clear(&ls);
    }
    cr_assert_lt(presence[0][2], 0.5f);
    cr_assert_gt(presence[1][2], 0.8f);
    cr_assert_float_eq(proportion[2], 0.6, 1e-3);
    cr_assert_float_eq(proportion[0], 0.4, 1e-3);
    free(spectra);
    fmx_test_close(&test);
}

/* A line ten times as high as the others, where points do not count, changes nothing. */
Test(least_squares, ignored_points_are_ignored)
{
    fmx_test test = fmx_test_open();
    float *spectra = malloc((size_t)ROWS * POINTS * sizeof *spectra);
    fmx__least_squares_library library = library_of(spectra);
    float *weight = malloc(POINTS * sizeof *weight);
    float *mixture = calloc((size_t)2 * POINTS, sizeof *mixture);
    float presence[2 * CLASSES];
    float proportion[2 * CLASSES];
    for (size_t j = 0; j < POINTS; ++j)
        weight[j] = j < 1300 || j > 1400;
    add_peak(spectra + 3 * (size_t)POINTS, 1350, 2, 5);
    library.weight = weight;
    add_class(mixture, 1, 3, 0, 1);
    add_class(mixture, 3, 3, 0, 1);
    memcpy(mixture + POINTS, mixture, POINTS * sizeof *mixture);
    for (size_t j = 1300; j <= 1400; ++j)
        mixture[POINTS + j] += 10;
    fmx__least_squares ls = open_library(&test, &library);
    fmx_test_ok(&test, fmx__least_squares_run(&ls, mixture, 2, presence, proportion), "run");
    cr_assert_arr_eq(presence, presence + CLASSES, CLASSES * sizeof *presence);
    cr_assert_arr_eq(proportion, proportion + CLASSES, CLASSES * sizeof *proportion);
    cr_assert_float_eq(proportion[1], 0.5, 0.01);
    cr_assert_float_eq(proportion[3], 0.5, 0.01);
    fmx__least_squares_clear(&ls);
    free(spectra);
    free(weight);
    free(mixture);
    fmx_test_close(&test);
}

/* Noise is hardly explained: each class takes about 1 / sqrt(points) of its norm. */
Test(least_squares, noise_holds_nothing)
{
    fmx_test test = fmx_test_open();
    float *spectra = malloc((size_t)ROWS * POINTS * sizeof *spectra);
    fmx__least_squares_library library = library_of(spectra);
    float *noise = fmx_test_random((size_t)20 * POINTS, 3);
    float presence[20 * CLASSES];
    float proportion[20 * CLASSES];
    fmx__least_squares ls = open_library(&test, &library);
    fmx_test_ok(&test, fmx__least_squares_run(&ls, noise, 20, presence, proportion), "run");
    for (size_t i = 0; i < 20 * CLASSES; ++i)
        cr_assert_lt(presence[i], 4 / sqrt(POINTS), "%zu: %g", i, (double)presence[i]);
    fmx__least_squares_clear(&ls);
    free(noise);
    free(spectra);
    fmx_test_close(&test);
}

Test(least_squares, batches_do_not_show)
{
    fmx_test test = fmx_test_open();
    size_t count = FMX__LEAST_SQUARES_BATCH + 3;
    float *spectra = malloc((size_t)ROWS * POINTS * sizeof *spectra);
    fmx__least_squares_library library = library_of(spectra);
    float *mixture = fmx_test_random(count * POINTS, 3);
    float *presence = malloc(2 * count * CLASSES * sizeof *presence);
    float *proportion = presence + count * CLASSES;
    float one[2 * CLASSES];
    fmx__least_squares ls = open_library(&test, &library);
    fmx_test_ok(&test, fmx__least_squares_run(&ls, mixture, count, presence, proportion), "run");
    for (size_t m = count - 5; m < count; ++m) {
        fmx_test_ok(&test, fmx__least_squares_run(&ls, mixture + m * POINTS, 1, one, one + CLASSES),
                    "run");
        cr_assert_arr_eq(one, presence + m * CLASSES, CLASSES * sizeof *one);
        cr_assert_arr_eq(one + CLASSES, proportion + m * CLASSES, CLASSES * sizeof *one);
    }
    mixture[(count - 1) * POINTS] = NAN;
    fmx_test_refused(&test, fmx__least_squares_run(&ls, mixture, count, presence, proportion),
                     FMX_ERROR_FORMAT, "spectra from 256 on: least squares: spectrum 2");
    fmx__least_squares_clear(&ls);
    free(spectra);
    free(mixture);
    free(presence);
    fmx_test_close(&test);
}

Test(least_squares, refusals)
{
    fmx_test test = fmx_test_open();
    float *spectra = malloc((size_t)ROWS * POINTS * sizeof *spectra);
    fmx__least_squares_library library = library_of(spectra);
    fmx__least_squares ls;
    library.classes = 4;
    fmx_test_refused(&test, fmx__least_squares_open(test.device, &library, &ls), FMX_ERROR_SHAPE,
                     "row 8");
    library.classes = CLASSES;
    library.shift_steps = 4000;
    fmx_test_refused(&test, fmx__least_squares_open(test.device, &library, &ls), FMX_ERROR_SHAPE,
                     "fewer copies");
    library.shift_steps = 1;
    library.shift = POINTS;
    fmx_test_refused(&test, fmx__least_squares_open(test.device, &library, &ls), FMX_ERROR_SHAPE,
                     "shift by less");
    library.shift = 3;
    spectra[2 * POINTS + 5] = INFINITY;
    fmx_test_refused(&test, fmx__least_squares_open(test.device, &library, &ls), FMX_ERROR_FORMAT,
                     "row 2");
    library.rows = 0;
    fmx_test_refused(&test, fmx__least_squares_open(test.device, &library, &ls), FMX_ERROR_SHAPE,
                     "library of 0");
    fmx__least_squares_clear(NULL);
    free(spectra);
    fmx_test_close(&test);
}

typedef struct attempt {
    fmx_device *device;
    const fmx__least_squares_library *library;
    const float *mixture;
} attempt;

static fmx_status open_and_run(void *user)
{
    attempt *a = user;
    fmx__least_squares ls;
    float presence[CLASSES];
    float proportion[CLASSES];
    fmx_status status = fmx__least_squares_open(a->device, a->library, &ls);
    if (status == FMX_OK)
        status = fmx__least_squares_run(&ls, a->mixture, 1, presence, proportion);
    fmx__least_squares_clear(&ls);
    return status;
}

Test(least_squares, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    float *spectra = malloc((size_t)ROWS * POINTS * sizeof *spectra);
    fmx__least_squares_library library = library_of(spectra);
    library.means = true;
    attempt a = {test.device, &library, spectra};
    fmx_test_each_failure(&test, open_and_run, &a);
    free(spectra);
    fmx_test_close(&test);
}
