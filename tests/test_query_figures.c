/* Figures of queries by hand. */
#include "query_figures.h"

#include <math.h>
#include <string.h>

#include "fmx_test.h"

static const fmx__source_figure *find(const fmx__source_evaluation *e, const char *name)
{
    for (size_t i = 0; i < e->figures; ++i)
        if (strcmp(e->figure[i].name, name) == 0)
            return &e->figure[i];
    cr_assert_fail("no figure %s", name);
    return NULL;
}

/* Two mixtures of three queries and one query more, which is left out. At 0.6: two hits, one false
 * positive, one miss, two rightly absent. */
static const float truth[] = {1, 0, 1, 0, 1, 0, 1};
static const float probability[] = {0.95F, 0.65F, 0.35F, 0.05F, 0.75F, 0.15F, 0};

static fmx__source_evaluation judge(size_t queries, size_t a_mixture)
{
    fmx_test test = fmx_test_open_host();
    fmx__source_evaluation out = {.facts = fmx__model_facts_none, .seed = 1};
    out.facts.threshold = 0.6F;
    const fmx__query_judged judged = {truth, probability, queries, a_mixture};
    fmx_test_ok(&test, fmx__query_figures(test.ctx, &judged, &out), "figures");
    fmx_test_close(&test);
    return out;
}

Test(query_figures, by_hand)
{
    fmx__source_evaluation out = judge(7, 3);
    cr_assert_eq(out.figures, 6);
    cr_assert_float_eq(find(&out, "precision_micro")->value, 2.0 / 3, 1e-12);
    cr_assert_float_eq(find(&out, "recall_micro")->value, 2.0 / 3, 1e-12);
    cr_assert_float_eq(find(&out, "f1_micro")->value, 2.0 / 3, 1e-12);
    cr_assert_float_eq(find(&out, "false_positive_rate")->value, 1.0 / 3, 1e-12);
    /* of nine pairs of present and absent one is in the wrong order */
    cr_assert_float_eq(find(&out, "auc_micro")->value, 8.0 / 9, 1e-12);
    /* six bins of one query each: 0.05 + 0.65 + 0.65 + 0.05 + 0.25 + 0.15, rounded to float */
    cr_assert_float_eq(find(&out, "calibration_error")->value, 1.8 / 6, 6 * FMX_TEST_EPS);
    const fmx__source_figure *f1 = find(&out, "f1_micro");
    cr_assert(f1->share && f1->low <= f1->value && f1->value <= f1->high);
}

/* Fewer queries than a mixture's: all of them count. */
Test(query_figures, less_than_a_mixture)
{
    fmx__source_evaluation out = judge(6, 64);
    cr_assert_float_eq(find(&out, "f1_micro")->value, 2.0 / 3, 1e-12);
}
