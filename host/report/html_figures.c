#include <math.h>
#include <stdio.h>

#include "html_internal.h"

enum { SPAN_WIDTH = 260, SPAN_ROW = 13 };

static bool undefined_for_all(const fmx__report *report, size_t figure)
{
    for (size_t m = 0; m < report->methods; ++m)
        if (!isnan(report->method[m].evaluation->figure[figure].value))
            return false;
    return true;
}

/* A share and its interval of every method on a line from 0 to 100 %. */
static void span(fmx__svg *page, const fmx__report *report, size_t figure)
{
    double height = SPAN_ROW * (double)report->methods + 2;
    fmx__html_format(page,
                     "<td class=\"span\"><svg viewBox=\"0 0 %d %.0f\" width=\"%d\" height=\"%.0f\" "
                     "aria-hidden=\"true\">",
                     SPAN_WIDTH, height, SPAN_WIDTH, height);
    for (int i = 0; i <= 4; ++i) {
        double x = 6 + (SPAN_WIDTH - 12) * 0.25 * i;
        fmx__svg_line(page, "g", x, 0, x, height);
    }
    for (size_t m = 0; m < report->methods; ++m) {
        const fmx__figure *f = &report->method[m].evaluation->figure[figure];
        double y = SPAN_ROW * ((double)m + 0.5) + 1;
        char style[32];
        if (isnan(f->value))
            continue;
        snprintf(style, sizeof style, "l k%zu", m);
        if (!isnan(f->low) && !isnan(f->high))
            fmx__svg_line(page, style, 6 + (SPAN_WIDTH - 12) * f->low, y,
                          6 + (SPAN_WIDTH - 12) * f->high, y);
        fmx__html_format(page, "<circle class=\"k%zu\" cx=\"%.2f\" cy=\"%.1f\" r=\"3.6\"/>", m,
                         6 + (SPAN_WIDTH - 12) * f->value, y);
    }
    fmx__svg_raw(page, "</svg></td>");
}

static void figure_row(fmx__svg *page, const fmx__report *report, size_t figure)
{
    const fmx__figure_info *info = &fmx__figure_infos[figure];
    fmx__svg_raw(page, "<tr><th>");
    fmx__svg_escaped(page, info->title);
    fmx__svg_raw(page, info->higher_is_better ? "</th>"
                                              : " <span class=\"ci\">(low is good)</span></th>");
    for (size_t m = 0; m < report->methods; ++m) {
        fmx__svg_raw(page, "<td class=\"num\">");
        fmx__html_figure(page, info, &report->method[m].evaluation->figure[figure]);
        fmx__svg_raw(page, "</td>");
    }
    if (info->share)
        span(page, report, figure);
    else
        fmx__svg_raw(page, "<td class=\"span\"></td>");
    fmx__svg_raw(page, "</tr>\n");
}

void fmx__html_summary(fmx__svg *page, const fmx__report *report)
{
    const fmx__evaluation *first = report->method[0].evaluation;
    fmx__html_section(page, "summary", "Figures", "Each with its 95\xC2\xA0% interval.");
    fmx__svg_raw(page, "<div class=\"wide\"><table>\n<thead><tr><th>figure</th>");
    fmx__html_method_heads(page, report, 1);
    fmx__svg_raw(page, "<th class=\"span\">0 to 100\xC2\xA0%</th></tr></thead>\n<tbody>\n");
    for (size_t f = 0; f < FMX__FIGURE_COUNT; ++f)
        if (!undefined_for_all(report, f))
            figure_row(page, report, f);
    fmx__svg_raw(page, "</tbody></table></div>\n");
    if (first->pairs > 0)
        fmx__html_format(page,
                         "<p class=\"note\">Pairs are mixtures of one compound or of two in equal "
                         "amounts: %zu mixtures with %zu constituents.</p>\n",
                         first->pairs, first->pair_cells);
    fmx__html_section_end(page);
}

/* The figures of mixtures of one number of compounds. */
static void component_table(fmx__svg *page, const fmx__report *report, size_t g)
{
    static const fmx__figure_name shown[] = {
        FMX__FIGURE_TOP_K,        FMX__FIGURE_EXACT_MATCH, FMX__FIGURE_PRECISION_MICRO,
        FMX__FIGURE_RECALL_MICRO, FMX__FIGURE_F1_MICRO,    FMX__FIGURE_FALSE_POSITIVE_RATE};
    static const char *const titles[] = {
        "among the k most probable", "mixtures without any error", "precision", "recall", "F1",
        "false positive rate"};
    const fmx__component_result *group = &report->method[0].evaluation->component[g];
    fmx__html_format(page,
                     "<div><h3>%zu compound%s <span class=\"ci\">%zu mixture%s</span></h3>\n"
                     "<div class=\"wide\"><table class=\"small\"><thead><tr><th></th>",
                     group->components, group->components == 1 ? "" : "s", group->mixtures,
                     group->mixtures == 1 ? "" : "s");
    fmx__html_method_heads(page, report, 1);
    fmx__svg_raw(page, "</tr></thead>\n<tbody>\n");
    for (size_t s = 0; s < FMX__COUNT(shown); ++s) {
        if (isnan(group->figure[shown[s]].value))
            continue;
        fmx__html_format(page, "<tr><th>%s</th>", titles[s]);
        for (size_t m = 0; m < report->methods; ++m) {
            fmx__svg_raw(page, "<td class=\"num\">");
            fmx__html_figure(page, &fmx__figure_infos[shown[s]],
                             &report->method[m].evaluation->component[g].figure[shown[s]]);
            fmx__svg_raw(page, "</td>");
        }
        fmx__svg_raw(page, "</tr>\n");
    }
    fmx__svg_raw(page, "</tbody></table></div></div>\n");
}

void fmx__html_components(fmx__svg *page, const fmx__report *report)
{
    const fmx__evaluation *first = report->method[0].evaluation;
    fmx__html_section(page, "components", "By number of compounds in the mixture",
                      "The same figures for mixtures of one compound, of two, and so on.");
    fmx__svg_raw(page, "<div class=\"pair\">\n");
    for (size_t g = 0; g < first->component_count; ++g)
        component_table(page, report, g);
    fmx__svg_raw(page, "</div>\n");
    fmx__html_section_end(page);
}

/* Hits, false, missed, precision, recall, F1, AUC of one class. */
static void class_cells(fmx__svg *page, const fmx__class_result *r)
{
    static const fmx__figure_info share = {"", "", true, true};
    const double value[] = {r->precision, r->recall, r->f1};
    char text[40];
    fmx__html_format(page,
                     "<td class=\"num first\">%zu</td><td class=\"num\">%zu</td>"
                     "<td class=\"num\">%zu</td>",
                     r->true_positives, r->false_positives, r->misses);
    for (size_t i = 0; i < FMX__COUNT(value); ++i) {
        fmx__html_value(text, &share, value[i]);
        fmx__html_format(page, "<td class=\"num\">%s</td>", text);
    }
    if (isnan(r->auc))
        fmx__svg_raw(page, "<td class=\"num\">\xE2\x80\x93</td>");
    else
        fmx__html_format(page, "<td class=\"num\">%.4f</td>", r->auc);
}

void fmx__html_classes(fmx__svg *page, const fmx__report *report)
{
    const fmx__evaluation *first = report->method[0].evaluation;
    fmx__html_section(page, "compounds", "By compound",
                      "Mixtures that hold the compound; how often it was named rightly (hits), "
                      "named though absent (false), and missed. AUC: how well presence tells "
                      "mixtures with the compound from those without, whatever the threshold.");
    fmx__svg_raw(page, "<div class=\"wide\"><table class=\"small\">\n<thead><tr><th></th>"
                       "<th></th>");
    fmx__html_method_heads(page, report, 7);
    fmx__svg_raw(page, "</tr>\n<tr><th>compound</th><th class=\"num\">in mixtures</th>");
    for (size_t m = 0; m < report->methods; ++m)
        fmx__svg_raw(page, "<th class=\"num first\">hits</th><th class=\"num\">false</th>"
                           "<th class=\"num\">missed</th><th class=\"num\">precision</th>"
                           "<th class=\"num\">recall</th><th class=\"num\">F1</th>"
                           "<th class=\"num\">AUC</th>");
    fmx__svg_raw(page, "</tr></thead>\n<tbody>\n");
    for (size_t c = 0; c < first->classes; ++c) {
        fmx__svg_raw(page, "<tr><th>");
        fmx__svg_escaped(page, first->class_name[c]);
        fmx__html_format(page, "</th><td class=\"num\">%zu</td>", first->class_result[c].present);
        for (size_t m = 0; m < report->methods; ++m)
            class_cells(page, &report->method[m].evaluation->class_result[c]);
        fmx__svg_raw(page, "</tr>\n");
    }
    fmx__svg_raw(page, "</tbody></table></div>\n");
    fmx__html_section_end(page);
}
