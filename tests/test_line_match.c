/* Offsets and shifts against a library of pure spectra. */
#include "line_match.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fidmix/dataset.h"
#include "fmx_test.h"

enum { POINTS = 8192, COMPOUNDS = 12, MULTIPLETS = 3 };

static const double first_ppm = 9.5;
static const double last_ppm = 0.5;
static double ppm[POINTS];
static const char *const names[COMPOUNDS] = {"a", "b", "c", "d", "e", "f",
                                             "g", "h", "i", "j", "k", "l"};

static double uniform(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return (double)*state / 4294967296.0;
}

/* Multiplet m of compound c: a triplet or doublet of Lorentzians, 0.01 ppm apart, 0.002 wide. Its
 * place and pattern depend on (c, m) alone. */
static void add_multiplet(double *x, size_t c, size_t m, double shift_ppm, double amount)
{
    uint32_t state = (uint32_t)(17 * c + m + 1);
    uniform(&state);
    double centre = 1 + 7.5 * uniform(&state) + shift_ppm;
    size_t lines = 2 + (c + m) % 2;
    for (size_t l = 0; l < lines; ++l) {
        double place = centre + 0.01 * ((double)l - 0.5 * (double)(lines - 1));
        double height = amount * (lines == 3 && l == 1 ? 2 : 1);
        for (size_t j = 0; j < POINTS; ++j) {
            double d = (ppm[j] - place) / 0.001;
            x[j] += height / (1 + d * d);
        }
    }
}

static void fill_axis(void)
{
    for (size_t j = 0; j < POINTS; ++j)
        ppm[j] = first_ppm + (last_ppm - first_ppm) * (double)j / (POINTS - 1);
}

/* The pure spectra as they stand in the library, as a dataset; `compounds` of them. */
static const char *write_library(const fmx_test *test, size_t compounds)
{
    static char path[512];
    static const char *source[COMPOUNDS];
    double *x = calloc(POINTS, sizeof *x);
    float *row = calloc(POINTS, sizeof *row);
    fmx_dataset_writer *writer = NULL;
    cr_assert(x != NULL && row != NULL);
    for (size_t c = 0; c < compounds; ++c)
        source[c] = names[c];
    snprintf(path, sizeof path, "%s/library.h5", fmx_test_folder());
    fmx_dataset_plan plan = {.rows = compounds,
                             .points = POINTS,
                             .ppm = ppm,
                             .source = source,
                             .recipe = "fidmix: 1\n",
                             .nucleus = "1H"};
    fmx_test_ok(test, fmx_dataset_writer_open(test->ctx, path, &plan, &writer), path);
    for (size_t c = 0; c < compounds; ++c) {
        int32_t parent = (int32_t)c;
        memset(x, 0, POINTS * sizeof *x);
        for (size_t m = 0; m < MULTIPLETS; ++m)
            add_multiplet(x, c, m, 0, 3);
        for (size_t j = 0; j < POINTS; ++j)
            row[j] = (float)x[j];
        fmx_dataset_row values = {.name = names[c], .spectrum = row, .parent = &parent};
        fmx_test_ok(test, fmx_dataset_writer_append(writer, c, &values), "append");
    }
    fmx_test_ok(test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    free(row);
    free(x);
    return path;
}

/* Compounds 0, 2, 4 ..., each shifted by shift[c] + offset, with noise of a hundredth of a line. */
static void make_mixture(float *out, const double *shift, double offset)
{
    double *x = calloc(POINTS, sizeof *x);
    uint32_t state = 5;
    cr_assert_not_null(x);
    for (size_t c = 0; c < COMPOUNDS; c += 2)
        for (size_t m = 0; m < MULTIPLETS; ++m)
            add_multiplet(x, c, m, shift[c] + offset, 1 + (double)(c % 3));
    for (size_t j = 0; j < POINTS; ++j)
        out[j] = (float)(x[j] + 0.017 * (uniform(&state) + uniform(&state) - 1) * 1.4);
    free(x);
}

static fmx__line_search *open_search(const fmx_test *test, const fmx__line_library *library,
                                     const float *spectrum)
{
    fmx__line_search *search = NULL;
    fmx_test_ok(test, fmx__line_search_open(test->ctx, library, spectrum, &search), "search");
    return search;
}

/* The offset within half a bandwidth; with it taken away, each shift within a point (0.0011 ppm):
 * a maximum over three points and noise of a hundredth do not let it be told better. */
Test(line_match, offset_and_shifts)
{
    fmx_test test = fmx_test_open_host();
    fmx__line_library library;
    float *x = calloc(POINTS, sizeof *x);
    double shift[COMPOUNDS] = {0};
    double found[COMPOUNDS / 2];
    size_t wanted[COMPOUNDS / 2];
    fill_axis();
    fmx_test_ok(&test,
                fmx__line_library_read(test.ctx, write_library(&test, COMPOUNDS), names, COMPOUNDS,
                                       ppm, POINTS, &library),
                "library");
    cr_assert_geq(library.multiplets, COMPOUNDS * (MULTIPLETS - 1));
    for (size_t c = 0; c < COMPOUNDS; ++c) {
        shift[c] = 0.0008 * ((double)c - 5);
        if (c % 2 == 0)
            wanted[c / 2] = c;
    }
    fmx__line_search *search = NULL;
    static const double offsets[] = {0, 0.0175, -0.0213};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; ++i) {
        double offset = 0;
        bool clear = false;
        make_mixture(x, shift, offsets[i]);
        fmx_test_ok(&test, fmx__line_offset(test.ctx, &library, x, &offset, &clear), "offset");
        cr_assert(clear, "%g", offsets[i]);
        cr_assert_float_eq(offset, offsets[i], 0.003, "%g instead of %g", offset, offsets[i]);
        fmx__line_move(x, POINTS, library.step_ppm, offset);
        search = open_search(&test, &library, x);
        fmx__line_shifts(search, wanted, COMPOUNDS / 2, found);
        fmx__line_search_close(search);
        for (size_t w = 0; w < COMPOUNDS / 2; ++w)
            cr_assert_float_eq(found[w], shift[wanted[w]] + offsets[i] - offset, 0.0011,
                               "%s: %g, offset %g of %g", names[wanted[w]], found[w], offset,
                               offsets[i]);
    }
    fmx__line_library_clear(&library);
    free(x);
    fmx_test_close(&test);
}

/* What is there lacks nothing, and each explains its share of the signal; of what is not there,
 * most multiplets are missed: those whose tallest one happens to lie on something else. */
Test(line_match, supports)
{
    fmx_test test = fmx_test_open_host();
    fmx__line_library library;
    fmx__line_support support[COMPOUNDS];
    float *x = calloc(POINTS, sizeof *x);
    double *all = calloc(POINTS, sizeof *all);
    size_t wanted[COMPOUNDS];
    const double shift[COMPOUNDS] = {0};
    double explained = 0;
    cr_assert(x != NULL && all != NULL);
    fill_axis();
    fmx_test_ok(&test,
                fmx__line_library_read(test.ctx, write_library(&test, COMPOUNDS), names, COMPOUNDS,
                                       ppm, POINTS, &library),
                "library");
    for (size_t c = 0; c < COMPOUNDS; ++c)
        wanted[c] = c;
    make_mixture(x, shift, 0);
    fmx__line_search *search = open_search(&test, &library, x);
    fmx__line_supports(search, wanted, COMPOUNDS, support);
    fmx__line_search_close(search);
    for (size_t c = 0; c < COMPOUNDS; ++c) {
        cr_assert(!support[c].single_line && support[c].multiplets >= MULTIPLETS - 1);
        if (c % 2 != 0)
            continue;
        cr_assert_eq(support[c].lacking, 0, "%s", names[c]);
        explained += support[c].explained;
    }
    /* the amounts are exact; 3 sigma cut off some of the tails, a twentieth of a Lorentzian */
    cr_assert_float_eq(explained, 1, 0.1, "%g", explained);
    add_multiplet(all, 1, 0, 0, 3); /* one multiplet of a compound, the others not */
    for (size_t j = 0; j < POINTS; ++j)
        x[j] = (float)(all[j] + 0.01 * sin((double)(j * j % 1013)));
    search = open_search(&test, &library, x);
    fmx__line_supports(search, wanted + 1, 1, support);
    fmx__line_search_close(search);
    cr_assert_gt(support[0].lacking, 0);
    fmx__line_library_clear(&library);
    free(all);
    free(x);
    fmx_test_close(&test);
}

/* Noise alone: no offset, no shift. */
Test(line_match, nothing_there)
{
    fmx_test test = fmx_test_open_host();
    fmx__line_library library;
    float *x = calloc(POINTS, sizeof *x);
    double offset = 1;
    double shift[2];
    const size_t wanted[] = {0, 7};
    bool clear = true;
    uint32_t state = 3;
    fill_axis();
    fmx_test_ok(&test,
                fmx__line_library_read(test.ctx, write_library(&test, COMPOUNDS), names, COMPOUNDS,
                                       ppm, POINTS, &library),
                "library");
    for (int noisy = 0; noisy < 2; ++noisy) {
        fmx_test_ok(&test, fmx__line_offset(test.ctx, &library, x, &offset, &clear), "offset");
        cr_assert(!clear && offset == 0);
        fmx__line_search *search = open_search(&test, &library, x);
        fmx__line_shifts(search, wanted, 2, shift);
        fmx__line_search_close(search);
        cr_assert(isnan(shift[0]) && isnan(shift[1]));
        for (size_t j = 0; j < POINTS; ++j)
            x[j] = (float)(uniform(&state) - 0.5);
    }
    fmx__line_library_clear(&library);
    free(x);
    fmx_test_close(&test);
}

/* By whole points it is a copy; by half a point the mean of two; what comes from beyond is zero. */
Test(line_match, moves)
{
    float x[] = {1, 2, 4, 8, 16};
    const float up[] = {4, 8, 16, 0, 0};
    const float down[] = {0, 1, 2, 4, 8};
    const float half[] = {0.5F, 1.5F, 3, 6, 12};
    float y[5];
    memcpy(y, x, sizeof y);
    fmx__line_move(y, 5, 0.5, -1); /* what lay 1 ppm too low moves up: to lower points */
    cr_assert_arr_eq(y, up, sizeof y);
    memcpy(y, x, sizeof y);
    fmx__line_move(y, 5, 0.5, 0.5);
    cr_assert_arr_eq(y, down, sizeof y);
    memcpy(y, x, sizeof y);
    fmx__line_move(y, 5, 0.5, 0.25);
    cr_assert_arr_eq(y, half, sizeof y);
}

Test(line_match, refusals)
{
    fmx_test test = fmx_test_open_host();
    fmx__line_library library;
    static const char *const others[] = {"x", "y"};
    fill_axis();
    const char *path = write_library(&test, 2);
    fmx_test_refused(&test,
                     fmx__line_library_read(test.ctx, path, others, 2, ppm, POINTS, &library),
                     FMX_ERROR_FORMAT, "none of the 2 compounds");
    fmx__line_library_clear(&library);
    fmx_test_refused(&test,
                     fmx__line_library_read(test.ctx, path, names, 2, ppm, POINTS / 2, &library),
                     FMX_ERROR_FORMAT, "process the library's FIDs with the model's recipe");
    fmx__line_library_clear(&library);
    fmx_test_refused(
        &test, fmx__line_library_read(test.ctx, "nowhere.h5", names, 2, ppm, POINTS, &library),
        FMX_ERROR_NOT_FOUND, "nowhere.h5");
    fmx__line_library_clear(&library);
    fmx_test_close(&test);
}

typedef struct whole {
    const char *path;
    const float *spectrum;
    const fmx_test *test;
} whole;

static fmx_status do_all(const whole *w)
{
    fmx__line_library library;
    const size_t wanted[] = {0};
    double shift = 0;
    bool clear = false;
    fmx__line_support support;
    fmx__line_search *search = NULL;
    fmx_status status =
        fmx__line_library_read(w->test->ctx, w->path, names, COMPOUNDS, ppm, POINTS, &library);
    if (status == FMX_OK)
        status = fmx__line_offset(w->test->ctx, &library, w->spectrum, &shift, &clear);
    if (status == FMX_OK)
        status = fmx__line_search_open(w->test->ctx, &library, w->spectrum, &search);
    if (status == FMX_OK) {
        fmx__line_shifts(search, wanted, 1, &shift);
        fmx__line_supports(search, wanted, 1, &support);
    }
    fmx__line_search_close(search);
    fmx__line_library_clear(&library);
    return status;
}

Test(line_match, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open_host();
    float *x = calloc(POINTS, sizeof *x);
    const double shift[COMPOUNDS] = {0};
    fill_axis();
    whole w = {write_library(&test, COMPOUNDS), x, &test};
    make_mixture(x, shift, 0);
    fmx_status status = FMX_ERROR_MEMORY;
    size_t n = 0;
    while (status != FMX_OK && n < 200) {
        fmx__fail_allocation(test.ctx, ++n);
        status = do_all(&w);
        fmx__fail_allocation(test.ctx, 0);
        cr_assert(status == FMX_OK || status == FMX_ERROR_MEMORY, "allocation %zu", n);
    }
    cr_assert(status == FMX_OK && n > 8, "%zu", n);
    free(x);
    fmx_test_close(&test);
}
