/* JSON, table and page of a query model's answer, from a made-up one. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "found_fixture.h"
#include "html_check.h"

static char *page_of(fmx_test *test, const fmx_found_fixture *f, size_t items)
{
    const fmx__found_fact facts[] = {{"model", "identify <5>"}, {"library", NULL}};
    fmx__found list[20];
    char *text = NULL;
    size_t bytes = 0;
    cr_assert(items <= 20);
    for (size_t i = 0; i < items; ++i)
        list[i] = f->item;
    fmx__found_page page = {.title = "Juice",
                            .fact = facts,
                            .facts = 2,
                            .item = list,
                            .items = items,
                            .nucleus = "1H",
                            .ppm = f->ppm,
                            .points = FMX_FOUND_POINTS};
    fmx_test_ok(test, fmx__found_page_text(test->ctx, &page, &text, &bytes), "page");
    cr_assert_eq(strlen(text), bytes);
    cr_assert_lt(bytes, 4000000U);
    return text;
}

Test(query_report, best_first_with_shares)
{
    fmx_test test = fmx_test_open_host();
    fmx_found_fixture f;
    fmx_test_ok(&test, fmx_found_fixture_make(test.ctx, false, &f), "fixture");
    static const char *const order[] = {"L-Alanine", "Glycine", "L-Lactate", "L-Valine"};
    for (size_t i = 0; i < FMX_FOUND_COMPOUNDS; ++i)
        cr_assert_str_eq(f.item.compound[i].name, order[i]);
    cr_assert_eq(f.item.named, 3);
    /* amounts 120, 60, 90 */
    cr_assert_float_eq(f.item.compound[0].proportion, 120.0 / 270, 1e-12);
    cr_assert_float_eq(f.item.compound[1].proportion, 60.0 / 270, 1e-12);
    cr_assert_float_eq(f.item.compound[3].proportion, 0, 0);
    cr_assert_gt(f.item.compound[0].multiplet[0].ppm, f.item.compound[0].multiplet[1].ppm);
    fmx_found_fixture_clear(&f);
    fmx_test_close(&test);
}

/* The unknown peak comes first; alanine's quartet, a third too high in the fit, leaves nothing
 * above; every point of it is in `left`. */
Test(query_report, what_nobody_explains)
{
    fmx_test test = fmx_test_open_host();
    fmx_found_fixture f;
    fmx__found_peak *peak = NULL;
    size_t count = 0;
    fmx_test_ok(&test, fmx_found_fixture_make(test.ctx, false, &f), "fixture");
    fmx_test_ok(
        &test,
        fmx__found_unassigned(test.ctx, &f.item, f.ppm, FMX_FOUND_POINTS, 10, 40, &peak, &count),
        "peaks");
    cr_assert_eq(count, 1, "%zu peaks", count);
    cr_assert_float_eq(peak[0].ppm, FMX_FOUND_UNKNOWN_PPM, 0.0011);
    cr_assert_float_eq(peak[0].height, 400, 2);
    cr_assert_str_eq(peak[0].nearest->name, "L-Lactate"); /* 4.105 + 0.021: 1.374 off */
    cr_assert_float_eq(peak[0].distance_ppm, FMX_FOUND_UNKNOWN_PPM - 4.126, 0.002);
    cr_assert_str_eq(peak[0].maybe->name, "L-Valine");
    free(peak);
    /* with nothing named its lines are unassigned, too; at most as many as asked for */
    f.item.named = 0;
    fmx_test_ok(
        &test,
        fmx__found_unassigned(test.ctx, &f.item, f.ppm, FMX_FOUND_POINTS, 10, 5, &peak, &count),
        "peaks");
    cr_assert_eq(count, 5);
    cr_assert_null(peak[0].nearest);
    for (size_t i = 1; i < count; ++i) {
        cr_assert_leq(peak[i].height, peak[i - 1].height);
        for (size_t k = 0; k < i; ++k)
            cr_assert_geq(fabs(peak[i].ppm - peak[k].ppm), 0.01);
    }
    free(peak);
    fmx_found_fixture_clear(&f);
    fmx_test_close(&test);
}

Test(query_report, doubts_are_said)
{
    fmx_test test = fmx_test_open_host();
    fmx_found_fixture f;
    char text[FMX__FOUND_DOUBTS][FMX__FOUND_DOUBT_BYTES];
    fmx_test_ok(&test, fmx_found_fixture_make(test.ctx, false, &f), "fixture");
    fmx__found_compound *alanine = &f.item.compound[0];
    cr_assert_eq(fmx__found_doubts(alanine, text), 4);
    cr_assert_not_null(strstr(text[0], "3.776 ppm has only 62 %"));
    cr_assert_not_null(strstr(text[1], "2.4 times"));
    cr_assert_not_null(strstr(text[2], "L-Lactate looks much alike"));
    cr_assert_not_null(strstr(text[3], "+0.018 ppm"), "%s", text[3]);
    cr_assert_eq(fmx__found_doubts(&f.item.compound[1], text), 1);
    cr_assert_not_null(strstr(text[0], "single line at 3.552"));
    cr_assert_eq(fmx__found_doubts(&f.item.compound[2], text), 0);
    alanine->amount_low = -1;
    alanine->multiplet[0].overlap = alanine->multiplet[1].overlap = 0.8;
    alanine->multiplet[1].share = 1.9;
    cr_assert_eq(fmx__found_doubts(alanine, text), FMX__FOUND_DOUBTS);
    cr_assert_not_null(strstr(text[0], "told from zero"));
    cr_assert_not_null(strstr(text[2], "1.9 times"));
    fmx_found_fixture_clear(&f);
    fmx_test_close(&test);
}

/* The cosine of two shapes: here of two Lorentzians of one half width w a distance d apart,
 * 1 / (1 + (d / 2w)^2), the integral of their product over that of a square. */
Test(query_report, look_alikes_are_found)
{
    fmx_test test = fmx_test_open_host();
    fmx_found_fixture f;
    fmx_test_ok(&test, fmx_found_fixture_make(test.ctx, false, &f), "fixture");
    fmx_test_ok(&test, fmx__found_rivals(test.ctx, &f.item, FMX_FOUND_POINTS), "rivals");
    for (size_t i = 0; i < f.item.named; ++i) /* they lie far apart; tails are cut */
        cr_assert(f.item.compound[i].collinearity >= 0 && f.item.compound[i].collinearity < 0.01);
    /* valine, not named, gets glycine's line one half width beside it */
    fmx__found_compound *glycine = &f.item.compound[1];
    fmx__found_multiplet *line = &f.item.compound[3].multiplet[0];
    f.item.compound[3].multiplets = 1;
    free(line->own);
    line->count = glycine->multiplet[0].count;
    line->first = glycine->multiplet[0].first + 1;
    line->own = malloc(line->count * sizeof *line->own);
    cr_assert_not_null(line->own);
    memcpy(line->own, glycine->multiplet[0].own, line->count * sizeof *line->own);
    fmx_test_ok(&test, fmx__found_rivals(test.ctx, &f.item, FMX_FOUND_POINTS), "rivals");
    cr_assert_str_eq(glycine->rival, "L-Valine");
    /* a point is 0.001 ppm, w 0.0012 ppm; sampling and cut tails: one percent */
    cr_assert_float_eq(glycine->collinearity, 1 / (1 + pow(0.001 / 0.0024, 2)), 0.01);
    fmx__found_forget(&f.item);
    fmx_test_ok(&test, fmx__found_rivals(test.ctx, &f.item, FMX_FOUND_POINTS), "rivals");
    cr_assert(isnan(glycine->collinearity) && glycine->rival == NULL);
    fmx_found_fixture_clear(&f);
    fmx_test_close(&test);
}

/* Makes three items of one sample: the second twice as strong, the third without glycine. */
static void make_three(fmx_test *test, fmx_found_fixture f[3], fmx__found item[3])
{
    for (size_t k = 0; k < 3; ++k) {
        fmx_test_ok(test, fmx_found_fixture_make(test->ctx, false, &f[k]), "fixture");
        for (size_t i = 0; k == 1 && i < FMX_FOUND_COMPOUNDS; ++i) {
            f[k].item.compound[i].amount *= 2;
            f[k].item.compound[i].amount_low *= 2;
            f[k].item.compound[i].amount_high *= 2;
        }
        free(f[k].item.path);
        fmx_test_ok(test, fmx__format(test->ctx, &f[k].item.path, "raw/mix/%zu", 7 * (k + 1)),
                    "path");
        item[k] = f[k].item;
    }
    fmx__found_compound *glycine = &item[2].compound[1];
    free(glycine->multiplet[0].own);
    free(glycine->multiplet);
    memmove(glycine, glycine + 1, 2 * sizeof *glycine);
    --item[2].compounds;
    --item[2].named;
}

Test(query_report, spectra_of_one_sample_are_joined)
{
    fmx_test test = fmx_test_open_host();
    fmx_found_fixture f[3];
    fmx__found item[3];
    fmx__found joined;
    make_three(&test, f, item);
    fmx_test_ok(&test, fmx__found_join(test.ctx, item, 3, FMX_FOUND_COMPOUNDS, -5, &joined),
                "join");
    cr_assert_str_eq(joined.path, "raw/mix");
    cr_assert_eq(joined.joined_count, 3);
    cr_assert_str_eq(joined.joined[1], "raw/mix/14");
    cr_assert_eq(joined.drawn, 1);
    cr_assert_not_null(joined.observed);
    cr_assert_eq(joined.compounds, FMX_FOUND_COMPOUNDS);
    cr_assert_float_eq(joined.seconds, 3 * 0.7, 1e-12);
    for (size_t i = 0; i < joined.compounds; ++i) {
        const fmx__found_compound *c = &joined.compound[i];
        if (strcmp(c->name, "L-Alanine") == 0) {
            cr_assert_float_eq(c->probability, 0.999, 1e-9);
            cr_assert_eq(c->spectra, 3);
            /* scaled to the sum of the named in the second (540): 120 x 540/270, 240 and, without
               glycine, 120 x 540/210 */
            double expected = (240 + 240 + 120 * 540.0 / 210) / 3;
            cr_assert_float_eq(c->amount, expected, 1e-9);
            cr_assert(c->amount_low < expected && c->amount_high > expected);
        }
        if (strcmp(c->name, "Glycine") == 0) {
            double logit = (2 * log(0.97 / 0.03) - 5) / 3;
            cr_assert_float_eq(c->logit, logit, 1e-9);
            cr_assert_float_eq(c->probability, 1 / (1 + exp(-logit)), 1e-9);
            cr_assert_eq(c->spectra, 2);
            cr_assert_eq(c->multiplets, 1);
        }
    }
    cr_assert_eq(joined.named, 3);
    fmx__found_clear(&joined);
    for (size_t k = 0; k < 3; ++k)
        free(f[k].ppm);
    fmx_test_refused(&test, fmx__found_join(test.ctx, NULL, 0, 1, -5, &joined), FMX_ERROR_ARGUMENT,
                     "no spectra");
    fmx_test_close(&test);
}

/* The first look has all candidates; the second lacks glycine and sees the others with other logits
 * and amounts. */
Test(query_report, a_second_look_takes_the_place_of_the_first)
{
    fmx_test test = fmx_test_open_host();
    fmx_found_fixture f[3];
    fmx__found item[3];
    double before[2] = {0};
    make_three(&test, f, item);
    fmx__found_clear(&item[1]);
    size_t count = item[0].compounds;
    for (size_t i = 0; i < item[0].compounds; ++i)
        if (strcmp(item[0].compound[i].name, "Glycine") == 0)
            before[0] = item[0].compound[i].logit;
    for (size_t i = 0; i < item[2].compounds; ++i) {
        fmx__found_compound *c = &item[2].compound[i];
        cr_assert_str_neq(c->name, "Glycine");
        if (strcmp(c->name, "L-Alanine") == 0) {
            before[1] = c->logit;
            c->logit -= 1;
            c->amount = 77;
        }
    }
    fmx_test_ok(&test, fmx__found_again(test.ctx, &item[0], &item[2]), "again");
    cr_assert_eq(item[0].compounds, count);
    cr_assert_str_eq(item[0].path, "raw/mix/7");
    cr_assert_null(item[2].compound);
    for (size_t i = 0; i < item[0].compounds; ++i) {
        const fmx__found_compound *c = &item[0].compound[i];
        cr_assert(i == 0 || c->probability <= item[0].compound[i - 1].probability);
        if (strcmp(c->name, "Glycine") == 0)
            cr_assert_eq(c->logit, before[0]);
        if (strcmp(c->name, "L-Alanine") == 0) {
            cr_assert_float_eq(c->logit, before[1] - 0.5, 1e-9);
            cr_assert_float_eq(c->probability, 1 / (1 + exp(0.5 - before[1])), 1e-9);
            cr_assert_eq(c->amount, 77);
            cr_assert_eq(c->multiplets, 2);
        }
    }
    fmx__found_clear(&item[0]);
    for (size_t k = 0; k < 3; ++k)
        free(f[k].ppm);
    fmx_test_close(&test);
}

Test(query_report, folders_in_common)
{
    static const char *const cases[][3] = {
        {"a/b/7", "a/b/14", "a/b"}, {"a/b", "a/b/14", "a/b"}, {"a/b/14", "a/b", "a/b"},
        {"a/b", "a/b", "a/b"},      {"/a", "/b", "/"},        {"a", "b", "."},
        {"ab/c", "a/c", "."},       {"a/bc", "a/bd", "a"},    {"/x/y/1", "/x/z", "/x"}};
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        char path[32];
        snprintf(path, sizeof path, "%s", cases[i][0]);
        fmx__common_folder(path, cases[i][1]);
        cr_assert_str_eq(path, cases[i][2], "%s and %s: %s", cases[i][0], cases[i][1], path);
    }
}

Test(query_report, joining_may_run_out_of_memory)
{
    fmx_test test = fmx_test_open_host();
    fmx_status status = FMX_ERROR_MEMORY;
    size_t n = 1;
    for (; status != FMX_OK; ++n) {
        fmx_found_fixture f[3];
        fmx__found item[3];
        fmx__found joined;
        make_three(&test, f, item);
        cr_assert_lt(n, 100U);
        fmx__fail_allocation(test.ctx, n);
        status = fmx__found_join(test.ctx, item, 3, FMX_FOUND_COMPOUNDS, -5, &joined);
        fmx__fail_allocation(test.ctx, 0);
        cr_assert(status == FMX_OK || status == FMX_ERROR_MEMORY);
        fmx__found_clear(&joined);
        for (size_t k = 0; k < 3; ++k)
            free(f[k].ppm);
    }
    cr_assert_gt(n, 5U);
    fmx_test_close(&test);
}

Test(query_report, json_has_the_fixed_keys)
{
    static const char *const keys[] = {"path", "compounds", "candidates", "threshold", "seconds"};
    static const char *const of_compound[] = {"name",    "probability", "proportion",  "shift_ppm",
                                              "amount",  "amount_low",  "amount_high", "multiplets",
                                              "against", "also"};
    fmx_test test = fmx_test_open_host();
    fmx_found_fixture f;
    fmx_test_ok(&test, fmx_found_fixture_make(test.ctx, true, &f), "fixture");
    cJSON *one = fmx__found_json(test.ctx, &f.item, false);
    cr_assert_not_null(one);
    for (size_t i = 0; i < FMX__COUNT(keys); ++i)
        cr_assert_not_null(cJSON_GetObjectItem(one, keys[i]), "%s", keys[i]);
    const cJSON *list = cJSON_GetObjectItem(one, "compounds");
    cr_assert_eq(cJSON_GetArraySize(list), 3);
    for (size_t i = 0; i < FMX__COUNT(of_compound); ++i)
        cr_assert_not_null(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 0), of_compound[i]), "%s",
                           of_compound[i]);
    const cJSON *also = cJSON_GetObjectItem(cJSON_GetArrayItem(list, 0), "also");
    cr_assert_eq(cJSON_GetArraySize(also), 2);
    cr_assert_str_eq(cJSON_GetArrayItem(also, 0)->valuestring, "D-Alanine");
    cr_assert_str_eq(cJSON_GetArrayItem(also, 1)->valuestring, "<DL>");
    for (int i = 1; i < 3; ++i) { /* "" and NULL */
        also = cJSON_GetObjectItem(cJSON_GetArrayItem(list, i), "also");
        cr_assert(cJSON_IsArray(also) && cJSON_GetArraySize(also) == 0);
    }
    cr_assert_eq(cJSON_GetArraySize(cJSON_GetObjectItem(one, "paths")), 3);
    cr_assert_null(cJSON_GetObjectItem(one, "others"));
    cJSON_Delete(one);
    one = fmx__found_json(test.ctx, &f.item, true);
    cr_assert_eq(cJSON_GetArraySize(cJSON_GetObjectItem(one, "others")), 1);
    cJSON_Delete(one);
    fmx_found_fixture_clear(&f);
    fmx_test_close(&test);
}

Test(query_report, page_is_one_clean_file)
{
    fmx_test test = fmx_test_open_host();
    fmx_found_fixture f;
    for (int joined = 0; joined < 2; ++joined) {
        fmx_test_ok(&test, fmx_found_fixture_make(test.ctx, joined == 1, &f), "fixture");
        char *text = page_of(&test, &f, 1);
        cr_assert_gt(fmx_check_markup(text), 100U);
        fmx_check_references(text);
        fmx_check_own(text);
        cr_assert_not_null(strstr(text, "does not tell it from D-Alanine; &lt;DL&gt;."));
        cr_assert_not_null(strstr(text, "&lt;2-aminopropanoic&gt; &amp; &quot;acid&quot;"));
        cr_assert_not_null(strstr(text, "prefers-color-scheme:dark"));
        cr_assert_not_null(strstr(text, "3 of 225 candidates"));
        cr_assert_not_null(strstr(text, "Not named, but next: L-Valine"));
        cr_assert_not_null(strstr(text, "id=\"c-1-3\""));
        cr_assert_null(strstr(text, "id=\"c-1-4\""));
        cr_assert_not_null(strstr(text, "juice &lt;3&gt;"));
        cr_assert_eq(strstr(text, "from 3 spectra together") != NULL, joined == 1);
        cr_assert_eq(strstr(text, "Drawn is raw/sample/2") != NULL, joined == 1);
        free(text);
        fmx_found_fixture_clear(&f);
    }
    fmx_test_close(&test);
}

/* Nothing named, nothing kept, many spectra: still a page. */
Test(query_report, little_and_much)
{
    fmx_test test = fmx_test_open_host();
    fmx_found_fixture f;
    fmx_test_ok(&test, fmx_found_fixture_make(test.ctx, false, &f), "fixture");
    char *text = page_of(&test, &f, 20);
    fmx_check_markup(text);
    cr_assert_not_null(strstr(text, "id=\"unassigned-20\""));
    cr_assert_not_null(strstr(text, "Not drawn"));
    free(text);
    f.item.named = 0;
    text = page_of(&test, &f, 1);
    fmx_check_markup(text);
    cr_assert_not_null(strstr(text, "None is named"));
    free(text);
    fmx__found bare = {.path = f.item.path, .threshold = 0.5};
    fmx_found_fixture g = {f.ppm, bare};
    text = page_of(&test, &g, 1);
    fmx_check_markup(text);
    fmx_check_own(text);
    free(text);
    fmx_found_fixture_clear(&f);
    fmx_test_close(&test);
}

Test(query_report, same_contents_same_bytes_in_any_language)
{
    fmx_test test = fmx_test_open_host();
    fmx_found_fixture f;
    fmx_test_ok(&test, fmx_found_fixture_make(test.ctx, true, &f), "fixture");
    char *first = page_of(&test, &f, 2);
    fmx_test_decimal_comma();
    char *second = page_of(&test, &f, 2);
    setlocale(LC_ALL, "C");
    cr_assert_str_eq(first, second);
    free(first);
    free(second);
    fmx_found_fixture_clear(&f);
    fmx_test_close(&test);
}

Test(query_report, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open_host();
    fmx_found_fixture f;
    fmx_status status = FMX_ERROR_MEMORY;
    size_t n = 1;
    fmx_test_ok(&test, fmx_found_fixture_make(test.ctx, true, &f), "fixture");
    for (; status != FMX_OK; ++n) {
        fmx__found_page page = {
            .item = &f.item, .items = 1, .ppm = f.ppm, .points = FMX_FOUND_POINTS};
        char *text = NULL;
        size_t bytes = 0;
        cr_assert_lt(n, 1000U);
        fmx__fail_allocation(test.ctx, n);
        status = fmx__found_page_text(test.ctx, &page, &text, &bytes);
        cr_assert(status == FMX_OK || status == FMX_ERROR_MEMORY);
        free(text);
    }
    cr_assert_gt(n, 20U);
    fmx_found_fixture_clear(&f);
    fmx_test_close(&test);
}

Test(query_report, file_is_not_overwritten)
{
    fmx_test test = fmx_test_open_host();
    fmx_found_fixture f;
    char path[1024];
    fmx_test_ok(&test, fmx_found_fixture_make(test.ctx, false, &f), "fixture");
    fmx__found_page page = {.item = &f.item, .items = 1, .ppm = f.ppm, .points = FMX_FOUND_POINTS};
    snprintf(path, sizeof path, "%s/page.html", fmx_test_folder());
    fmx_test_ok(&test, fmx__found_page_write(test.ctx, &page, path, false), "write");
    fmx_test_refused(&test, fmx__found_page_write(test.ctx, &page, path, false), FMX_ERROR_EXISTS,
                     "page.html");
    page.points = 1;
    fmx_test_refused(&test, fmx__found_page_write(test.ctx, &page, path, true), FMX_ERROR_SHAPE,
                     "two points");
    fmx_found_fixture_clear(&f);
    fmx_test_close(&test);
}
