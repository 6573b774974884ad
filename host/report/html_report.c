#include "html_report.h"

#include <stdlib.h>

#include "atomic_file.h"
#include "c_locale.h"
#include "html_internal.h"

static fmx_status check(fmx_context *ctx, const fmx__report *report)
{
    if (report->methods < 1 || report->methods > FMX__REPORT_METHODS)
        return fmx__fail(ctx, FMX_ERROR_SHAPE, "a report has 1 to %d methods, not %zu",
                         (int)FMX__REPORT_METHODS, report->methods);
    for (size_t m = 1; m < report->methods; ++m) {
        const fmx__evaluation *a = report->method[0].evaluation;
        const fmx__evaluation *b = report->method[m].evaluation;
        if (a->mixtures != b->mixtures || a->classes != b->classes ||
            a->component_count != b->component_count)
            return fmx__fail(ctx, FMX_ERROR_SHAPE,
                             "%s was evaluated on other mixtures than %s: %zu of %zu classes, not "
                             "%zu of %zu",
                             b->method, a->method, b->mixtures, b->classes, a->mixtures,
                             a->classes);
    }
    return FMX_OK;
}

static void head(fmx__svg *page, const fmx__report *report)
{
    const char *title = report->title != NULL ? report->title : "Evaluation";
    fmx__svg_raw(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                       "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n"
                       "<meta name=\"color-scheme\" content=\"light dark\"/>\n");
    fmx__svg_element(page, "title", title);
    fmx__svg_raw(page, "\n");
    fmx__html_style(page);
    fmx__svg_raw(page, "</head>\n<body>\n<main>\n<header>\n");
    fmx__svg_element(page, "h1", title);
    fmx__html_format(page, "\n<p class=\"lead\">%zu mixtures, %zu compounds.</p>\n",
                     report->method[0].evaluation->mixtures, report->method[0].evaluation->classes);
}

static void facts(fmx__svg *page, const fmx__report *report)
{
    if (report->facts == 0)
        return;
    fmx__svg_raw(page, "<dl>\n");
    for (size_t i = 0; i < report->facts; ++i) {
        if (report->fact[i].value == NULL || report->fact[i].value[0] == '\0')
            continue;
        fmx__svg_element(page, "dt", report->fact[i].name);
        fmx__svg_element(page, "dd", report->fact[i].value);
        fmx__svg_raw(page, "\n");
    }
    fmx__svg_raw(page, "</dl>\n");
}

static void contents(fmx__svg *page)
{
    static const char *const entries[][2] = {
        {"summary", "Figures"},         {"mixtures", "Mixtures"},    {"components", "By number"},
        {"compounds", "Compounds"},     {"confusion", "Confusion"},  {"pairs", "Pairs"},
        {"reliability", "Reliability"}, {"training", "Training"},    {"spectra", "Spectra"},
        {"layers", "Convolutions"},     {"made", "How it was made"},
    };
    fmx__svg_raw(page, "<nav>");
    for (size_t i = 0; i < FMX__COUNT(entries); ++i)
        fmx__html_format(page, "<a href=\"#%s\">%s</a> ", entries[i][0], entries[i][1]);
    fmx__svg_raw(page, "</nav>\n</header>\n");
}

static void made(fmx__svg *page, const fmx__report *report)
{
    const fmx__evaluation *first = report->method[0].evaluation;
    fmx__html_section(page, "made", "How it was made", NULL);
    fmx__html_format(page,
                     "<p>Intervals are the 2.5th to 97.5th percentiles of %zu resamples of the "
                     "mixtures with replacement (bootstrap, seed %llu). An interval around 0 or "
                     "100\xC2\xA0%% without width does not prove perfection: no error in N "
                     "mixtures leaves up to 3/N possible. Methods are compared on the same "
                     "mixtures.</p>\n",
                     first->resamples, (unsigned long long)first->seed);
    fmx__svg_raw(page, "<p>A compound is named when its presence reaches the method's threshold");
    for (size_t m = 0; m < report->methods; ++m) {
        fmx__svg_raw(page, m == 0 ? ": " : ", ");
        fmx__svg_escaped(page, report->method[m].input->method);
        fmx__html_format(page, " %.4g", report->method[m].evaluation->threshold);
    }
    fmx__svg_raw(page, ". Thresholds are chosen on validation mixtures or given, never on the "
                       "mixtures shown here.</p>\n");
    if (report->recipe != NULL && report->recipe[0] != '\0') {
        fmx__svg_raw(page, "<details><summary>Recipe</summary><pre>");
        fmx__svg_escaped(page, report->recipe);
        fmx__svg_raw(page, "</pre></details>\n");
    }
    fmx__html_section_end(page);
}

fmx_status fmx__report_text(fmx_context *ctx, const fmx__report *report, char **out, size_t *bytes)
{
    static void (*const section[])(fmx__svg *, const fmx__report *) = {
        fmx__html_summary,
        fmx__html_identification,
        fmx__html_components,
        fmx__html_classes,
        fmx__html_confusion,
        fmx__html_pairs,
        fmx__html_reliability,
        fmx__html_history,
        fmx__html_overlays,
        fmx__html_layers,
        made,
    };
    fmx__svg page = {.ctx = ctx};
    fmx__c_locale locale;
    *out = NULL;
    fmx_status status = check(ctx, report);
    if (status != FMX_OK)
        return status;
    fmx__c_locale_enter(&locale);
    head(&page, report);
    facts(&page, report);
    contents(&page);
    for (size_t i = 0; i < FMX__COUNT(section); ++i)
        section[i](&page, report);
    status = fmx__html_finish(&page, out, bytes);
    fmx__c_locale_leave(&locale);
    return status;
}

fmx_status fmx__report_write(fmx_context *ctx, const fmx__report *report, const char *path,
                             bool overwrite)
{
    char *text = NULL;
    size_t bytes = 0;
    fmx_status status = fmx__report_text(ctx, report, &text, &bytes);
    if (status == FMX_OK)
        status = fmx__atomic_write(ctx, path, overwrite, text, bytes);
    free(text);
    return status;
}
