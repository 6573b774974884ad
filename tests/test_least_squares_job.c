/* The baseline on datasets as fidmix makes them. */
#include "least_squares_job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "labels.h"
#include "mix_job.h"

enum { CLASSES = 6, FIDS = 6, ROWS = CLASSES * FIDS, POINTS = 2000 };

static const char *folder;
static char pure_path[512];
static char mixture_path[512];

static void add_peak(float *row, double centre, double width, double height)
{
    for (size_t j = 0; j < POINTS; ++j)
        row[j] += (float)(height / (1 + pow(((double)j - centre) / width, 2)));
}

/* Four peaks of class c; the FID moves all of them by up to 8 points (0.04 ppm). */
static void fill_spectrum(float *row, size_t c, size_t fid, const float *random)
{
    double by = 8 * random[c * FIDS + fid];
    double width = 1.5 + 0.1 * (double)fid;
    memset(row, 0, POINTS * sizeof *row);
    for (size_t k = 0; k < 4; ++k)
        add_peak(row, 150 + 100 * (double)((c * (k + 2) + 5 * k) % 17) + 13 * (double)c + by, width,
                 1 / (1.0 + (double)k));
}

static void make_pure(const fmx_test *test, const char *name, size_t points, bool broken)
{
    static char names[ROWS][16];
    static char sources[ROWS][24];
    static double ppm[POINTS];
    const char *source[ROWS];
    float row[POINTS];
    float *random = fmx_test_random(ROWS, 12);
    folder = fmx_test_folder();
    snprintf(pure_path, sizeof pure_path, "%s/%s", folder, name);
    for (size_t j = 0; j < points; ++j)
        ppm[j] = 10 - 10.0 * (double)j / (double)(points - 1);
    for (size_t i = 0; i < ROWS; ++i) {
        snprintf(names[i], sizeof names[i], "compound %zu", i / FIDS);
        snprintf(sources[i], sizeof sources[i], "raw/%zu/%zu", i / FIDS, i % FIDS);
        source[i] = sources[i];
    }
    fmx_dataset_plan plan = {.rows = ROWS,
                             .points = points,
                             .ppm = ppm,
                             .source = source,
                             .recipe = "fidmix: 1\n",
                             .nucleus = "1H"};
    fmx_dataset_writer *writer = NULL;
    fmx_test_ok(test, fmx_dataset_writer_open(test->ctx, pure_path, &plan, &writer), "open");
    for (size_t i = 0; i < ROWS; ++i) {
        fill_spectrum(row, i / FIDS, i % FIDS, random);
        if (broken)
            row[7] = NAN;
        fmx_dataset_row values = {.name = names[i], .spectrum = row, .field_mhz = 500};
        fmx_test_ok(test, fmx_dataset_writer_append(writer, i, &values), "append");
    }
    fmx_test_ok(test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    free(random);
}

static void make_mixtures(const fmx_test *test, const char *name, const char *mixtures)
{
    char text[512];
    fmx__recipe recipe = {0};
    fmx__mix_result result;
    snprintf(mixture_path, sizeof mixture_path, "%s/%s", folder, name);
    int bytes = snprintf(text, sizeof text,
                         "fidmix: 1\nname: test\nseed: 3\n"
                         "database: {validation: 0.2, test: 0.2}\nmixtures: {%s}\n",
                         mixtures);
    fmx_test_ok(test,
                fmx__recipe_parse(test->ctx, "test.yml", text, (size_t)bytes,
                                  &fmx__recipe_schema_process, NULL, 0, &recipe),
                "recipe");
    fmx__mix_job job = {
        .device = test->device, .in = pure_path, .out = mixture_path, .recipe = &recipe};
    fmx_test_ok(test, fmx__mix(&job, &result), "mix");
    fmx__recipe_clear(&recipe);
}

static fmx__evaluation judge(const fmx_test *test, const fmx__least_squares_job *job,
                             fmx__least_squares_scores *scores)
{
    fmx__evaluation result;
    fmx_test_ok(test, fmx__least_squares_score(job, scores), "least squares");
    fmx__evaluation_input input = fmx__least_squares_input(scores, "least squares", 1);
    fmx_test_ok(test, fmx__evaluate(test->ctx, &input, &result), "evaluate");
    return result;
}

static const char *const general =
    "mode: random, count: 300, least: 1, most: 3, amounts: log_uniform, ratio: 10, snr_least: 50, "
    "snr_most: 200, split: test";

Test(least_squares_job, names_mixtures_of_shifted_compounds)
{
    fmx_test test = fmx_test_open();
    make_pure(&test, "pure.h5", POINTS, false);
    make_mixtures(&test, "mixtures.h5", general);
    fmx__least_squares_job job = {
        .device = test.device, .spectra = pure_path, .mixtures = mixture_path};
    fmx__least_squares_scores rigid;
    fmx__least_squares_scores shifted;
    fmx__evaluation first = judge(&test, &job, &rigid);
    job.shift_ppm = 0.04;
    fmx__evaluation second = judge(&test, &job, &shifted);
    cr_assert_eq(shifted.mixtures, 300);
    cr_assert_eq(shifted.classes, CLASSES);
    cr_assert_str_eq(shifted.class_name[2], "compound 2");
    cr_assert_eq(shifted.seed, 3);
    cr_assert_eq(shifted.threshold_mixtures, 300);
    cr_assert(shifted.threshold > 0 && shifted.threshold < 0.5, "%g", shifted.threshold);
    for (size_t m = 0; m < 300; ++m) {
        double sum = 0;
        for (size_t c = 0; c < CLASSES; ++c)
            sum += shifted.truth[m * CLASSES + c];
        cr_assert_float_eq(sum, 1, 1e-5);
    }
    cr_assert_gt(second.figure[FMX__FIGURE_F1_MICRO].value, 0.95, "F1 %g",
                 second.figure[FMX__FIGURE_F1_MICRO].value);
    /* compounds are few and apart: both name them, but rigid lines miss some of the amount */
    cr_assert_lt(second.figure[FMX__FIGURE_DEVIATION].value,
                 0.7 * first.figure[FMX__FIGURE_DEVIATION].value, "%g, rigid %g",
                 second.figure[FMX__FIGURE_DEVIATION].value,
                 first.figure[FMX__FIGURE_DEVIATION].value);
    cr_assert_lt(second.figure[FMX__FIGURE_DEVIATION].value, 0.05);
    fmx__evaluation_clear(&first);
    fmx__evaluation_clear(&second);
    fmx__least_squares_scores_clear(&rigid);
    fmx__least_squares_scores_clear(&shifted);
    fmx_test_close(&test);
}

Test(least_squares_job, repeats_and_takes_a_given_threshold)
{
    fmx_test test = fmx_test_open();
    make_pure(&test, "pure.h5", POINTS, false);
    make_mixtures(&test, "pairs.h5", "mode: pairs, split: test");
    fmx__least_squares_job job = {
        .device = test.device, .spectra = pure_path, .mixtures = mixture_path, .shift_ppm = 0.04};
    fmx__least_squares_scores a;
    fmx__least_squares_scores b;
    fmx__evaluation first = judge(&test, &job, &a);
    cr_assert_eq(first.pair_cells, CLASSES * CLASSES);
    cr_assert_eq(first.figure[FMX__FIGURE_TOP2_PAIRS].value, 1);
    job.threshold = 0.25;
    job.spectra = NULL; /* the mixtures know what they are made of */
    fmx__evaluation second = judge(&test, &job, &b);
    cr_assert_eq(b.threshold, 0.25);
    cr_assert_eq(b.threshold_mixtures, 0);
    cr_assert_arr_eq(a.presence, b.presence, a.mixtures * CLASSES * sizeof *a.presence);
    cr_assert_arr_eq(a.proportion, b.proportion, a.mixtures * CLASSES * sizeof *a.presence);
    fmx__evaluation_clear(&first);
    fmx__evaluation_clear(&second);
    fmx__least_squares_scores_clear(&a);
    fmx__least_squares_scores_clear(&b);
    fmx_test_close(&test);
}

static void refused(const fmx_test *test, const fmx__least_squares_job *job, fmx_status expected,
                    const char *part)
{
    fmx__least_squares_scores scores;
    fmx_test_refused(test, fmx__least_squares_score(job, &scores), expected, part);
    fmx__least_squares_scores_clear(&scores);
}

Test(least_squares_job, refusals)
{
    fmx_test test = fmx_test_open();
    make_pure(&test, "pure.h5", POINTS, false);
    make_mixtures(&test, "pairs.h5", "mode: pairs, split: test");
    char missing[2048];
    fmx__least_squares_job job = {
        .device = test.device, .spectra = pure_path, .mixtures = pure_path};
    refused(&test, &job, FMX_ERROR_FORMAT, "no mixtures with known proportions");
    /* a source that has been moved is looked for beside the mixtures */
    snprintf(missing, sizeof missing, "mkdir %s/elsewhere && mv %s %s %s/elsewhere", folder,
             pure_path, mixture_path, folder);
    cr_assert_eq(system(missing), 0);
    fmx__least_squares_job moved = {.device = test.device, .mixtures = missing};
    fmx__least_squares_scores scores;
    snprintf(missing, sizeof missing, "%s/elsewhere/pairs.h5", folder);
    fmx_test_ok(&test, fmx__least_squares_score(&moved, &scores), "moved");
    fmx__least_squares_scores_clear(&scores);
    snprintf(missing, sizeof missing, "mv %s/elsewhere/pairs.h5 %s", folder, mixture_path);
    cr_assert_eq(system(missing), 0);
    job.mixtures = mixture_path;
    job.spectra = NULL;
    refused(&test, &job, FMX_ERROR_NOT_FOUND, "pure.h5");
    job.spectra = pure_path;
    snprintf(missing, sizeof missing, "%s/none.h5", folder);
    job.mixtures = missing;
    refused(&test, &job, FMX_ERROR_NOT_FOUND, "none.h5");
    job.mixtures = mixture_path;
    make_pure(&test, "short.h5", POINTS - 1, false);
    refused(&test, &job, FMX_ERROR_FORMAT, "short.h5 has 1999");
    make_pure(&test, "nan.h5", POINTS, true);
    refused(&test, &job, FMX_ERROR_FORMAT, "nan.h5");
    fmx_test_close(&test);
}
