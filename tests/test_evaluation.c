#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluation.h"
#include "fmx_test.h"

static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};

static fmx__evaluation evaluate(const fmx_test *test, const fmx__evaluation_input *input)
{
    fmx__evaluation result;
    fmx_test_ok(test, fmx__evaluate(test->ctx, input, &result), "evaluate");
    return result;
}

/* Equal, or both undefined; 1e-12 is what sums of a few hundred doubles in another order leave. */
static void check_value(double got, double expected, const char *what)
{
    if (isnan(expected))
        cr_assert(isnan(got), "%s: got %.15g, expected none", what, got);
    else
        cr_assert(fabs(got - expected) <= 1e-12 * fmax(1, fabs(expected)),
                  "%s: got %.15g, expected %.15g", what, got, expected);
}

static void check_figure(const fmx__figure *got, double value, double low, double high,
                         const char *what)
{
    check_value(got->value, value, what);
    check_value(got->low, low, what);
    check_value(got->high, high, what);
}

static fmx__figure *figure_of_key(fmx__evaluation *result, const char *key)
{
    size_t components = 0;
    int used = 0;
    fmx__figure *figures = result->figure;
    if (sscanf(key, "k%zu.%n", &components, &used) == 1 && used > 0) {
        size_t g = 0;
        while (g < result->component_count && result->component[g].components != components)
            ++g;
        cr_assert_lt(g, result->component_count, "%s: no such group", key);
        figures = result->component[g].figure;
        key += used;
    }
    for (size_t f = 0; f < FMX__FIGURE_COUNT; ++f)
        if (strcmp(fmx__figure_infos[f].key, key) == 0)
            return &figures[f];
    cr_assert_fail("%s: no such figure", key);
    return NULL;
}

static float *read_table(FILE *file, size_t count)
{
    float *table = malloc(count * sizeof *table);
    for (size_t i = 0; i < count; ++i)
        cr_assert_eq(fscanf(file, "%f", &table[i]), 1);
    return table;
}

/* Every figure, of all mixtures and of each number of components, with its interval, against
 * scikit-learn and loops over the definitions (tests/golden/make_evaluation.py). */
Test(evaluation, golden)
{
    fmx_test test = fmx_test_open_host();
    FILE *file = fopen(FMX_SOURCE_DIR "/tests/golden/evaluation.txt", "r");
    fmx__evaluation_input input = {.method = "golden", .class_name = names};
    unsigned long long seed = 0;
    cr_assert_not_null(file);
    cr_assert_geq(fscanf(file, "%*[^\n]\n%zu %zu %lf %llu %zu", &input.mixtures, &input.classes,
                         &input.threshold, &seed, &input.resamples),
                  5);
    input.seed = seed;
    size_t cells = input.mixtures * input.classes;
    float *truth = read_table(file, cells);
    float *presence = read_table(file, cells);
    float *proportion = read_table(file, cells);
    input.truth = truth;
    input.presence = presence;
    input.proportion = proportion;
    fmx__evaluation result = evaluate(&test, &input);
    char key[64];
    double value;
    double low;
    double high;
    size_t compared = 0;
    while (fscanf(file, "%63s %lf %lf %lf", key, &value, &low, &high) == 4) {
        check_figure(figure_of_key(&result, key), value, low, high, key);
        ++compared;
    }
    cr_assert_eq(result.component_count, 5);
    cr_assert_eq(compared, FMX__FIGURE_COUNT + 5 * FMX__FIGURE_SUMS);
    fclose(file);
    fmx__evaluation_clear(&result);
    free(truth);
    free(presence);
    free(proportion);
    fmx_test_close(&test);
}

/* Three classes; pairs (a,b), (a,c), (b,c) at 0.5 and the three alone: nine cells. */
static const float toy_truth[6][3] = {{1, 0, 0}, {0.5f, 0.5f, 0}, {0.5f, 0, 0.5f},
                                      {0, 1, 0}, {0, 0.5f, 0.5f}, {0, 0, 1}};
static const float toy_presence[6][3] = {
    {0.94f, 0.04f, 0.02f}, /* a: found */
    {0.5f, 0.2f, 0.3f},    /* a found; b third, over 0.10 */
    {0.6f, 0.35f, 0.05f},  /* a found; c third, under 0.10 */
    {0.3f, 0.4f, 0.3f},    /* b: found */
    {0.1f, 0.45f, 0.45f},  /* both found */
    {0.7f, 0.2f, 0.1f},    /* c taken for a; third; 0.1 is >= 0.10 */
};

static fmx__evaluation_input toy(void)
{
    return (fmx__evaluation_input){.method = "toy",
                                   .mixtures = 6,
                                   .classes = 3,
                                   .class_name = names,
                                   .truth = toy_truth[0],
                                   .presence = toy_presence[0],
                                   .threshold = 0.4,
                                   .resamples = 50};
}

Test(evaluation, published_counting_of_pairs)
{
    fmx_test test = fmx_test_open_host();
    fmx__evaluation_input input = toy();
    fmx__evaluation r = evaluate(&test, &input);
    cr_assert_eq(r.pairs, 6);
    cr_assert_eq(r.pair_cells, 9); /* 29 classes: 841 */
    check_value(r.figure[FMX__FIGURE_TOP2_PAIRS].value, 6.0 / 9, "top 2");
    check_value(r.figure[FMX__FIGURE_TENTH_PAIRS].value, 8.0 / 9, "0.10");
    const float top2[9] = {1, 1, 1, 0, 1, 1, 0, 1, 0};
    const float tenth[9] = {1, 1, 1, 1, 1, 1, 0, 1, 1};
    const float deviation[9] = {
        0.94f - 1,    0,       0.6f - 0.5f, 0.2f - 0.5f, 0.4f - 1, 0.45f - 0.5f, 0.05f - 0.5f,
        0.45f - 0.5f, 0.1f - 1};
    cr_assert_arr_eq(r.pair_top2, top2, sizeof top2);
    cr_assert_arr_eq(r.pair_tenth, tenth, sizeof tenth);
    double sum = 0;
    for (int i = 0; i < 9; ++i) {
        sum += fabsf(deviation[i]);
        cr_assert_float_eq(r.pair_deviation[i], deviation[i], 1e-7, "cell %d", i);
    }
    cr_assert_float_eq(r.figure[FMX__FIGURE_DEVIATION_PAIRS].value, sum / 9, 1e-7);
    fmx__evaluation_clear(&r);
    fmx_test_close(&test);
}

Test(evaluation, tables_by_hand)
{
    fmx_test test = fmx_test_open_host();
    fmx__evaluation_input input = toy();
    fmx__evaluation r = evaluate(&test, &input);
    /* called at 0.4: a; a; a; b; b and c; a */
    const uint32_t confusion[9] = {1, 0, 0, 0, 1, 0, 1, 0, 0};
    const uint32_t taken_for[9] = {3, 0, 0, 0, 2, 0, 1, 0, 1};
    cr_assert_arr_eq(r.confusion, confusion, sizeof confusion);
    cr_assert_arr_eq(r.taken_for, taken_for, sizeof taken_for);
    const size_t counts[3][4] = {{3, 3, 1, 0}, {3, 2, 0, 1}, {3, 1, 0, 2}};
    for (int c = 0; c < 3; ++c) {
        const fmx__class_result *k = &r.class_result[c];
        cr_assert_eq(k->present, counts[c][0]);
        cr_assert_eq(k->true_positives, counts[c][1]);
        cr_assert_eq(k->false_positives, counts[c][2]);
        cr_assert_eq(k->misses, counts[c][3]);
    }
    check_value(r.class_result[0].precision, 0.75, "precision of a");
    check_value(r.class_result[2].recall, 1.0 / 3, "recall of c");
    check_value(r.class_result[1].f1, 0.8, "F1 of b");
    /* a: 0.94 0.5 0.6 against 0.3 0.1 0.7: 7 of 9 pairs in order */
    check_value(r.class_result[0].auc, 7.0 / 9, "AUC of a");
    /* b: 0.2 0.4 0.45 against 0.04 0.35 0.2: 1.5 + 3 + 3 */
    check_value(r.class_result[1].auc, 7.5 / 9, "AUC of b, one tie");
    check_value(r.figure[FMX__FIGURE_PRECISION_MICRO].value, 6.0 / 7, "precision");
    check_value(r.figure[FMX__FIGURE_RECALL_MICRO].value, 6.0 / 9, "recall");
    check_value(r.figure[FMX__FIGURE_FALSE_POSITIVE_RATE].value, 1.0 / 9, "false positive rate");
    check_value(r.figure[FMX__FIGURE_EXACT_MATCH].value, 3.0 / 6, "exact");
    check_value(r.figure[FMX__FIGURE_PRECISION_MACRO].value, (0.75 + 1 + 1) / 3, "macro");
    cr_assert_eq(r.component_count, 2);
    cr_assert_eq(r.component[1].components, 2);
    cr_assert_eq(r.component[1].mixtures, 3);
    check_value(r.component[1].figure[FMX__FIGURE_EXACT_MATCH].value, 1.0 / 3, "exact, pairs");
    fmx__evaluation_clear(&r);
    fmx_test_close(&test);
}

Test(evaluation, ties_count_against_unless_proportions_differ)
{
    fmx_test test = fmx_test_open_host();
    float truth[2][3] = {{0, 0, 1}, {0, 0, 1}};
    float presence[2][3] = {{1, 1, 1}, {0, 0, 0}};
    float proportion[2][3] = {{0.1f, 0, 0.9f}, {0, 0, 0}};
    fmx__evaluation_input input = toy();
    input.mixtures = 2;
    input.truth = truth[0];
    input.presence = presence[0];
    input.proportion = proportion[0];
    fmx__evaluation r = evaluate(&test, &input);
    check_value(r.figure[FMX__FIGURE_TOP_K].value, 0.5, "top k");
    check_value(r.figure[FMX__FIGURE_TOP2_PAIRS].value, 0.5, "top 2");
    fmx__evaluation_clear(&r);
    fmx_test_close(&test);
}

Test(evaluation, noise_only_has_no_recall)
{
    fmx_test test = fmx_test_open_host();
    float truth[2][3] = {{0}};
    float presence[2][3] = {{0.1f, 0, 0}, {0, 0.7f, 0}};
    fmx__evaluation_input input = toy();
    input.mixtures = 2;
    input.truth = truth[0];
    input.presence = presence[0];
    input.resamples = 20;
    fmx__evaluation r = evaluate(&test, &input);
    check_value(r.figure[FMX__FIGURE_PRECISION_MICRO].value, 0, "precision");
    cr_assert(isnan(r.figure[FMX__FIGURE_RECALL_MICRO].value));
    cr_assert(isnan(r.figure[FMX__FIGURE_RECALL_MICRO].low));
    cr_assert(isnan(r.figure[FMX__FIGURE_AUC_MICRO].value));
    cr_assert(isnan(r.figure[FMX__FIGURE_TOP_K].value));
    check_value(r.figure[FMX__FIGURE_FALSE_POSITIVES].value, 0.5, "false positives");
    check_value(r.figure[FMX__FIGURE_EXACT_MATCH].value, 0.5, "exact");
    cr_assert_eq(r.pairs, 0);
    input.threshold = 0.9; /* nothing called: nothing to be precise about */
    fmx__evaluation_clear(&r);
    r = evaluate(&test, &input);
    cr_assert(isnan(r.figure[FMX__FIGURE_PRECISION_MICRO].value));
    cr_assert(isnan(r.figure[FMX__FIGURE_F1_MACRO].value));
    check_value(r.figure[FMX__FIGURE_EXACT_MATCH].value, 1, "exact");
    fmx__evaluation_clear(&r);
    fmx_test_close(&test);
}

Test(evaluation, everything_present_has_no_false_positive_rate)
{
    fmx_test test = fmx_test_open_host();
    float truth[3] = {0.2f, 0.3f, 0.5f};
    float presence[3] = {1, 1, 0.2f};
    fmx__evaluation_input input = toy();
    input.mixtures = 1;
    input.truth = truth;
    input.presence = presence;
    fmx__evaluation r = evaluate(&test, &input);
    cr_assert(isnan(r.figure[FMX__FIGURE_FALSE_POSITIVE_RATE].value));
    cr_assert(isnan(r.figure[FMX__FIGURE_AUC_MACRO].value));
    check_figure(&r.figure[FMX__FIGURE_RECALL_MICRO], 2.0 / 3, 2.0 / 3, 2.0 / 3, "one mixture");
    fmx__evaluation_clear(&r);
    fmx_test_close(&test);
}

Test(evaluation, reliability_bins)
{
    fmx_test test = fmx_test_open_host();
    fmx__evaluation_input input = toy();
    fmx__evaluation r = evaluate(&test, &input);
    size_t cells = 0;
    for (int b = 0; b < FMX__EVALUATION_BINS; ++b)
        cells += r.bin[b].cells;
    cr_assert_eq(cells, 18);
    cr_assert_eq(r.bin[9].cells, 1); /* 0.94 */
    check_value(r.bin[9].predicted, 0.94f, "bin");
    check_value(r.bin[9].observed, 1, "bin");
    cr_assert_eq(r.bin[4].cells, 3); /* 0.4, 0.45, 0.45 */
    check_value(r.bin[4].observed, 1, "bin");
    fmx__evaluation_clear(&r);
    float score[18];
    memcpy(score, toy_presence, sizeof score);
    score[0] = 3; /* a score that is no probability */
    input.presence = score;
    r = evaluate(&test, &input);
    cr_assert(isnan(r.figure[FMX__FIGURE_CALIBRATION_ERROR].value));
    cr_assert(isnan(r.bin[9].predicted));
    check_value(r.figure[FMX__FIGURE_TOP2_PAIRS].value, 6.0 / 9, "top 2");
    fmx__evaluation_clear(&r);
    fmx_test_close(&test);
}

Test(evaluation, repeats_to_the_bit_and_depends_on_the_seed)
{
    fmx_test test = fmx_test_open_host();
    fmx__evaluation_input input = toy();
    input.resamples = 0;
    fmx__evaluation a = evaluate(&test, &input);
    fmx__evaluation b = evaluate(&test, &input);
    cr_assert_eq(a.resamples, FMX__EVALUATION_RESAMPLES);
    cr_assert_arr_eq(a.figure, b.figure, sizeof a.figure);
    fmx__evaluation_clear(&b);
    input.seed = 1;
    input.resamples = 50;
    b = evaluate(&test, &input);
    cr_assert(a.figure[FMX__FIGURE_DEVIATION_ALL].low != b.figure[FMX__FIGURE_DEVIATION_ALL].low);
    cr_assert_eq(a.figure[FMX__FIGURE_DEVIATION_ALL].value,
                 b.figure[FMX__FIGURE_DEVIATION_ALL].value);
    fmx__evaluation_clear(&a);
    fmx__evaluation_clear(&b);
    fmx_test_close(&test);
}

/* F1 by hand: calling the first 1, 2, 3, 4 scores gives 2/4, 4/5, 4/6, 6/7; all five 6/8. */
Test(evaluation, threshold_with_the_best_f1)
{
    fmx_test test = fmx_test_open_host();
    float truth[5] = {1, 0, 1, 1, 0};
    float presence[5] = {0.9f, 0.6f, 0.8f, 0.4f, 0.1f};
    double threshold = 0;
    fmx_test_ok(&test, fmx__evaluation_threshold(test.ctx, 1, 5, truth, presence, &threshold),
                "threshold");
    check_value(threshold, 0.5 * ((double)0.4f + 0.1f), "threshold");
    presence[4] = 0.4f; /* equal scores are called together: 6/8 < 4/5 */
    fmx_test_ok(&test, fmx__evaluation_threshold(test.ctx, 1, 5, truth, presence, &threshold),
                "threshold");
    check_value(threshold, 0.5 * ((double)0.8f + 0.6f), "threshold");
    memset(truth, 0, sizeof truth);
    fmx_test_refused(&test, fmx__evaluation_threshold(test.ctx, 1, 5, truth, presence, &threshold),
                     FMX_ERROR_FORMAT, "no mixture holds");
    presence[1] = NAN;
    fmx_test_refused(&test, fmx__evaluation_threshold(test.ctx, 1, 5, truth, presence, &threshold),
                     FMX_ERROR_FORMAT, "class 1");
    fmx_test_refused(&test, fmx__evaluation_threshold(test.ctx, 0, 5, truth, presence, &threshold),
                     FMX_ERROR_SHAPE, "nothing to choose");
    fmx_test_close(&test);
}

Test(evaluation, refusals)
{
    fmx_test test = fmx_test_open_host();
    fmx__evaluation_input input = toy();
    fmx__evaluation result;
    float bad[18];
    memcpy(bad, toy_presence, sizeof bad);
    bad[4] = NAN;
    input.presence = bad;
    fmx_test_refused(&test, fmx__evaluate(test.ctx, &input, &result), FMX_ERROR_FORMAT,
                     "mixture 1, class b");
    input.presence = toy_presence[0];
    input.proportion = bad;
    fmx_test_refused(&test, fmx__evaluate(test.ctx, &input, &result), FMX_ERROR_FORMAT,
                     "mixture 1, class b");
    input.proportion = NULL;
    memcpy(bad, toy_truth, sizeof bad);
    bad[17] = -1;
    input.truth = bad;
    fmx_test_refused(&test, fmx__evaluate(test.ctx, &input, &result), FMX_ERROR_FORMAT,
                     "mixture 5, class c");
    input.truth = toy_truth[0];
    input.mixtures = 0;
    fmx_test_refused(&test, fmx__evaluate(test.ctx, &input, &result), FMX_ERROR_SHAPE,
                     "nothing to evaluate");
    input.mixtures = ((size_t)1 << 30) + 1;
    fmx_test_refused(&test, fmx__evaluate(test.ctx, &input, &result), FMX_ERROR_SHAPE, "2^30");
    input.mixtures = 6;
    fmx_context_interrupt(test.ctx);
    fmx_test_refused(&test, fmx__evaluate(test.ctx, &input, &result), FMX_ERROR_INTERRUPTED, "");
    fmx_test_close(&test);
}

Test(evaluation, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open_host();
    fmx__evaluation_input input = toy();
    fmx__evaluation result;
    fmx_status status = FMX_ERROR_MEMORY;
    size_t nth = 1;
    for (; status == FMX_ERROR_MEMORY && nth < 100; ++nth) {
        fmx__fail_allocation(test.ctx, nth);
        status = fmx__evaluate(test.ctx, &input, &result);
        fmx__fail_allocation(test.ctx, 0);
    }
    fmx_test_ok(&test, status, "evaluate");
    cr_assert_gt(nth, 15, "only %zu allocations failed", nth);
    fmx__evaluation_clear(&result);
    fmx_test_close(&test);
}
