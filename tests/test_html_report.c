#include "html_report.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fmx_test.h"
#include "history_csv.h"
#include "html_check.h"
#include "report_fixture.h"

Test(html_report, is_one_clean_file)
{
    fmx_test test = fmx_test_open_host();
    fmx_report_fixture f;
    char *text = NULL;
    size_t bytes = 0;
    fmx_test_ok(&test, fmx_report_fixture_make(test.ctx, 24, &f), "fixture");
    fmx_test_ok(&test, fmx__report_text(test.ctx, &f.report, &text, &bytes), "report");
    cr_assert_eq(strlen(text), bytes);
    cr_assert_lt(bytes, 5000000U);
    cr_assert_gt(fmx_check_markup(text), 2000U);
    fmx_check_references(text);
    fmx_check_own(text);
    cr_assert_null(strstr(text, "<b>&"));
    cr_assert_not_null(strstr(text, "&lt;b&gt;&amp;&quot;arg"));
    cr_assert_not_null(strstr(text, "conv&lt;1&gt;"));
    cr_assert_not_null(strstr(text, "prefers-color-scheme:dark"));
    free(text);
    fmx_report_fixture_clear(&f);
    fmx_test_close(&test);
}

Test(html_report, shows_every_figure_of_every_method)
{
    fmx_test test = fmx_test_open_host();
    fmx_report_fixture f;
    char *text = NULL;
    size_t bytes = 0;
    fmx_test_ok(&test, fmx_report_fixture_make(test.ctx, 5, &f), "fixture");
    fmx_test_ok(&test, fmx__report_text(test.ctx, &f.report, &text, &bytes), "report");
    for (size_t i = 0; i < FMX__FIGURE_COUNT; ++i) {
        for (int m = 0; m < 2; ++m) {
            const fmx__figure *figure = &f.evaluation[m].figure[i];
            char cell[160];
            double scale = fmx__figure_infos[i].share ? 100 : 1;
            bool share = fmx__figure_infos[i].share;
            int digits = !share ? 4 : figure->value < 0.0995 ? 2 : 1;
            cr_assert(!isnan(figure->value));
            snprintf(cell, sizeof cell,
                     "<b>%.*f%s</b> <span class=\"ci\">%.*f\xE2\x80\x93%.*f</span>", digits,
                     scale * figure->value, share ? "\xC2\xA0%" : "", digits, scale * figure->low,
                     digits, scale * figure->high);
            cr_assert_not_null(strstr(text, cell), "%s: %s", fmx__figure_infos[i].key, cell);
        }
    }
    free(text);
    fmx_report_fixture_clear(&f);
    fmx_test_close(&test);
}

Test(html_report, same_contents_same_bytes_in_any_language)
{
    fmx_test test = fmx_test_open_host();
    fmx_report_fixture f;
    char *first = NULL;
    char *second = NULL;
    size_t bytes = 0;
    size_t again = 0;
    fmx_test_ok(&test, fmx_report_fixture_make(test.ctx, 12, &f), "fixture");
    fmx_test_ok(&test, fmx__report_text(test.ctx, &f.report, &first, &bytes), "report");
    fmx_test_decimal_comma();
    fmx_test_ok(&test, fmx__report_text(test.ctx, &f.report, &second, &again), "report");
    setlocale(LC_ALL, "C");
    cr_assert_eq(bytes, again);
    cr_assert_eq(memcmp(first, second, bytes), 0);
    free(first);
    free(second);
    fmx_report_fixture_clear(&f);
    fmx_test_close(&test);
}

/* Nothing but an evaluation; many classes; one. */
Test(html_report, little_and_much)
{
    static const size_t sizes[] = {2, 21, 65, 130};
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
        fmx_report_fixture f;
        char *text = NULL;
        size_t bytes = 0;
        fmx_test_ok(&test, fmx_report_fixture_make(test.ctx, sizes[i], &f), "fixture");
        fmx__report bare = {.method = f.method, .methods = 1};
        fmx_test_ok(&test, fmx__report_text(test.ctx, i == 0 ? &bare : &f.report, &text, &bytes),
                    "report");
        fmx_check_markup(text);
        fmx_check_own(text);
        cr_assert_lt(bytes, 5000000U, "%zu classes: %zu bytes", sizes[i], bytes);
        free(text);
        fmx_report_fixture_clear(&f);
    }
    fmx_test_close(&test);
}

static fmx_report_fixture shared;

static fmx_status make(void *user)
{
    char *text = NULL;
    size_t bytes = 0;
    fmx_status status = fmx__report_text(user, &shared.report, &text, &bytes);
    free(text);
    return status;
}

Test(html_report, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open_host();
    fmx_status status = FMX_ERROR_MEMORY;
    size_t n = 1;
    fmx_test_ok(&test, fmx_report_fixture_make(test.ctx, 4, &shared), "fixture");
    for (; status != FMX_OK; ++n) {
        cr_assert_lt(n, 1000U);
        fmx__fail_allocation(test.ctx, n);
        status = make(test.ctx);
        cr_assert(status == FMX_OK || status == FMX_ERROR_MEMORY);
    }
    cr_assert_gt(n, 20U);
    fmx_report_fixture_clear(&shared);
    fmx_test_close(&test);
}

Test(html_report, file_is_whole_and_not_overwritten)
{
    fmx_test test = fmx_test_open_host();
    fmx_report_fixture f;
    char path[1024];
    struct stat info;
    fmx_test_ok(&test, fmx_report_fixture_make(test.ctx, 3, &f), "fixture");
    snprintf(path, sizeof path, "%s/report.html", fmx_test_folder());
    fmx_test_ok(&test, fmx__report_write(test.ctx, &f.report, path, false), "write");
    cr_assert_eq(stat(path, &info), 0);
    fmx_test_refused(&test, fmx__report_write(test.ctx, &f.report, path, false), FMX_ERROR_EXISTS,
                     "report.html");
    fmx_test_ok(&test, fmx__report_write(test.ctx, &f.report, path, true), "overwrite");
    f.report.methods = 0;
    fmx_test_refused(&test, fmx__report_write(test.ctx, &f.report, path, true), FMX_ERROR_SHAPE,
                     "not 0");
    f.report.methods = 2;
    f.evaluation[1].mixtures -= 1;
    fmx_test_refused(&test, fmx__report_write(test.ctx, &f.report, path, true), FMX_ERROR_SHAPE,
                     "other mixtures");
    f.evaluation[1].mixtures += 1;
    fmx_report_fixture_clear(&f);
    fmx_test_close(&test);
}

Test(html_report, history_with_gaps)
{
    fmx_test test = fmx_test_open_host();
    fmx__history h;
    fmx_test_ok(
        &test,
        fmx__history_read(test.ctx, "# made by\nepoch,loss,f1\r\n1,0.5,\r\n\r\n2,x,0.25\n3", &h),
        "history");
    cr_assert_eq(h.columns, 3);
    cr_assert_eq(h.rows, 3);
    cr_assert_str_eq(h.name[2], "f1");
    cr_assert_eq(h.value[1], 2);
    cr_assert_eq(h.value[3], 0.5);
    cr_assert(isnan(h.value[4]) && isnan(h.value[5]) && isnan(h.value[6]) && isnan(h.value[8]));
    cr_assert_eq(h.value[7], 0.25);
    fmx__history_clear(&h);
    fmx_test_ok(&test, fmx__history_read(test.ctx, "", &h), "empty");
    cr_assert_eq(h.rows, 0);
    fmx__history_clear(&h);
    fmx_test_close(&test);
}
