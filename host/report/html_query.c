/* The page of a query model's answer. */
#include <math.h>
#include <stdlib.h>

#include "atomic_file.h"
#include "c_locale.h"
#include "found_view.h"

enum { MOST_PEAKS = 40, MOST_NEARLY = 12 };

static const double least_peak = 10;     /* sigma */
static const double least_nearly = 0.02; /* probability */

/* Rules of this page only. */
static const char rules[] =
    "<style>\na{color:inherit;text-decoration-color:var(--line);text-underline-offset:3px}\n"
    "td.p{white-space:nowrap}td.why{min-width:250px}\n.against{font-size:13.5px;margin:2px 0 "
    "6px}\nsvg "
    ".x{font-size:10.5px;font-weight:600;"
    "fill:var(--pos)}\nh3 .ci{font-weight:400;margin-left:8px}\n"
    ".bar{display:inline-block;height:9px;border-radius:3px;margin-right:7px;background:var(--c0);"
    "print-color-adjust:exact;-webkit-print-color-adjust:exact}\n"
    "h2.item{font-size:23px;overflow-wrap:anywhere}\n</style>\n";

static void head(fmx__svg *svg, const fmx__found_page *page)
{
    const char *title = page->title != NULL ? page->title : "What is in it";
    fmx__svg_raw(svg, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n"
                      "<meta name=\"color-scheme\" content=\"light dark\"/>\n");
    fmx__svg_element(svg, "title", title);
    fmx__svg_raw(svg, "\n");
    fmx__html_style(svg);
    fmx__svg_raw(svg, rules);
    fmx__svg_raw(svg, "</head>\n<body>\n<main>\n<header>\n");
    fmx__svg_element(svg, "h1", title);
    fmx__svg_raw(svg, "\n");
    if (page->facts > 0)
        fmx__svg_raw(svg, "<dl>\n");
    for (size_t i = 0; i < page->facts; ++i) {
        if (page->fact[i].value == NULL || page->fact[i].value[0] == '\0')
            continue;
        fmx__svg_element(svg, "dt", page->fact[i].name);
        fmx__svg_element(svg, "dd", page->fact[i].value);
        fmx__svg_raw(svg, "\n");
    }
    if (page->facts > 0)
        fmx__svg_raw(svg, "</dl>\n");
}

static void contents(fmx__svg *svg, const fmx__found_page *page)
{
    static const char *const entries[][2] = {{"named", "Named"},
                                             {"spectrum", "Spectrum"},
                                             {"compounds", "Each compound"},
                                             {"unassigned", "Unassigned"}};
    fmx__svg_raw(svg, "<nav>");
    if (page->items == 1) {
        for (size_t i = 0; i < FMX__COUNT(entries); ++i)
            fmx__html_format(svg, "<a href=\"#%s-1\">%s</a> ", entries[i][0], entries[i][1]);
    } else {
        for (size_t i = 0; i < page->items; ++i) {
            fmx__html_format(svg, "<a href=\"#named-%zu\">", i + 1);
            fmx__svg_escaped(svg, page->item[i].path);
            fmx__svg_raw(svg, "</a> ");
        }
    }
    fmx__svg_raw(svg, "</nav>\n</header>\n");
}

static void named_row(fmx__svg *svg, const fmx__found_view *view, size_t i)
{
    const fmx__found_compound *c = &view->item->compound[i];
    char doubt[FMX__FOUND_DOUBTS][FMX__FOUND_DOUBT_BYTES];
    size_t doubts = fmx__found_doubts(c, doubt);
    double scale = c->amount > 0 ? 100 * c->proportion / c->amount : NAN;
    fmx__html_format(svg, "<tr><th><a href=\"#c-%zu-%zu\">", view->number, i + 1);
    fmx__svg_escaped(svg, c->name);
    fmx__html_format(
        svg, "</a></th><td class=\"p\"><i class=\"bar\" style=\"width:%.0fpx\"></i>%.3f</td>",
        fmax(60 * c->probability, 1), c->probability);
    fmx__svg_raw(svg, "<td class=\"num\">");
    fmx__html_interval(svg, 100 * c->proportion, c->amount_low * scale, c->amount_high * scale,
                       "\xC2\xA0%");
    fmx__svg_raw(svg, "</td><td class=\"num\">");
    fmx__html_interval(svg, c->amount, c->amount_low, c->amount_high, "");
    if (isfinite(c->shift_ppm))
        fmx__html_format(svg, "</td><td class=\"num\">%+.4f</td><td class=\"why\">", c->shift_ppm);
    else
        fmx__svg_raw(svg, "</td><td class=\"num\">\xE2\x80\x93</td><td class=\"why\">");
    if (doubts > 0)
        fmx__svg_escaped(svg, doubt[0]);
    if (doubts > 1)
        fmx__html_format(svg, "; <a href=\"#c-%zu-%zu\">%zu more</a>", view->number, i + 1,
                         doubts - 1);
    fmx__svg_raw(svg, "</td></tr>\n");
}

static void about(fmx__svg *svg, const fmx__found *item)
{
    fmx__html_format(svg, "<p class=\"lead\">%zu of %zu candidates reach the probability %.3g.",
                     item->named, item->candidates, item->threshold);
    if (item->offset_clear)
        fmx__html_format(svg, " The spectrum's reference lies %+.4f ppm above the library's.",
                         item->offset_ppm);
    else
        fmx__svg_raw(svg, " The lines do not agree on an offset to the library's reference.");
    if (item->width_hz > 0)
        fmx__html_format(svg, " Lines are %.2f Hz wide.", item->width_hz);
    fmx__svg_raw(svg, "</p>\n");
    if (item->joined == NULL)
        return;
    fmx__html_format(svg,
                     "<p class=\"note\">Named from %zu spectra together: ", item->joined_count);
    for (size_t i = 0; i < item->joined_count; ++i) {
        fmx__svg_raw(svg, i > 0 ? ", " : "");
        fmx__svg_escaped(svg, item->joined[i]);
    }
    if (item->observed != NULL && item->drawn < item->joined_count) {
        fmx__svg_raw(svg, ". Drawn is ");
        fmx__svg_escaped(svg, item->joined[item->drawn]);
    }
    fmx__svg_raw(svg, ".</p>\n");
}

/* Candidates that came near the threshold. */
static void nearly(fmx__svg *svg, const fmx__found *item)
{
    size_t end = item->named;
    while (end < item->compounds && end < item->named + MOST_NEARLY &&
           item->compound[end].probability >= least_nearly)
        ++end;
    if (end == item->named)
        return;
    fmx__svg_raw(svg, "<p class=\"note\">Not named, but next: ");
    for (size_t i = item->named; i < end; ++i) {
        fmx__svg_raw(svg, i > item->named ? ", " : "");
        fmx__svg_escaped(svg, item->compound[i].name);
        fmx__html_format(svg, "\xC2\xA0%.2f", item->compound[i].probability);
    }
    fmx__svg_raw(svg, ".</p>\n");
}

static void named(fmx__svg *svg, const fmx__found_view *view)
{
    const fmx__found *item = view->item;
    fmx__html_format(svg, "<section id=\"named-%zu\">\n<h2 class=\"item\">", view->number);
    fmx__svg_escaped(svg, item->path);
    if (item->is_row)
        fmx__html_format(svg, " row %zu", item->row);
    if (item->name != NULL && item->name[0] != '\0') {
        fmx__svg_raw(svg, " <span class=\"ci\">");
        fmx__svg_escaped(svg, item->name);
        fmx__svg_raw(svg, "</span>");
    }
    fmx__svg_raw(svg, "</h2>\n");
    about(svg, item);
    if (item->named > 0) {
        fmx__svg_raw(svg, "<div class=\"wide\"><table>\n<thead><tr><th>compound</th>"
                          "<th>probability</th><th class=\"num\">share of molecules</th>"
                          "<th class=\"num\">amount</th><th class=\"num\">moved / ppm</th>"
                          "<th>what speaks against it</th></tr></thead>\n<tbody>\n");
        for (size_t i = 0; i < item->named; ++i)
            named_row(svg, view, i);
        fmx__svg_raw(svg, "</tbody></table></div>\n<p class=\"note\">Amount: signal of one proton, "
                          "in units of the noise, so amounts of one spectrum compare as molecules "
                          "do; with its 95\xC2\xA0% interval, which holds what noise and overlap "
                          "explain, not saturation. Share: of the compounds named.</p>\n");
    }
    nearly(svg, item);
    fmx__svg_raw(svg, "</section>\n");
}

static void peak_row(fmx__svg *svg, const fmx__found_peak *peak, size_t number, double tallest)
{
    fmx__html_format(
        svg,
        "<tr><td class=\"num\">%zu</td><td class=\"num\">%.4f</td><td class=\"num\">"
        "%.0f</td><td class=\"num\">%.2f\xC2\xA0%%</td><td class=\"num\">%.0f\xC2\xA0%%"
        "</td><td>",
        number, peak->ppm, peak->height, tallest > 0 ? 100 * peak->height / tallest : 0,
        peak->observed > 0 ? 100 * fmin(peak->height / peak->observed, 1) : 100);
    if (peak->nearest != NULL) {
        fmx__svg_escaped(svg, peak->nearest->name);
        if (peak->distance_ppm > 0)
            fmx__html_format(svg, " <span class=\"ci\">%.3f ppm off</span>", peak->distance_ppm);
        else
            fmx__svg_raw(svg, " <span class=\"ci\">among its lines</span>");
    }
    fmx__svg_raw(svg, "</td><td>");
    if (peak->maybe != NULL) {
        fmx__svg_escaped(svg, peak->maybe->name);
        fmx__html_format(svg, " <span class=\"ci\">%.2f</span>", peak->maybe->probability);
    }
    fmx__svg_raw(svg, "</td></tr>\n");
}

static void unassigned(fmx__svg *svg, const fmx__found_view *view)
{
    double tallest = 0;
    fmx__html_format(svg, "<section id=\"unassigned-%zu\">\n<h2>What nobody explains</h2>\n",
                     view->number);
    if (view->left == NULL || view->peaks == 0) {
        fmx__html_format(svg, "<p class=\"lead\">%s</p>\n</section>\n",
                         view->left == NULL ? "The spectrum was not kept."
                                            : "No peak of ten times the noise is left over.");
        return;
    }
    for (size_t i = 0; i < view->page->points; ++i)
        tallest = fmax(tallest, (double)view->item->observed[i]);
    fmx__html_format(
        svg,
        "<p class=\"lead\">Peaks that rise at least %.0f times the noise and two fifths "
        "of the spectrum above all that is named, the tallest first%s.</p>\n",
        least_peak, view->peaks == MOST_PEAKS ? "; only the tallest 40" : "");
    fmx__svg_raw(svg, "<div class=\"wide\"><table class=\"small\">\n<thead><tr><th "
                      "class=\"num\">no.</th><th class=\"num\">ppm</th><th class=\"num\">height / "
                      "noise</th><th class=\"num\">of the tallest</th><th class=\"num\">of the "
                      "signal there</th><th>nearest "
                      "that is named</th><th>would fit, but is not named</th></tr></thead>\n"
                      "<tbody>\n");
    for (size_t i = 0; i < view->peaks; ++i)
        peak_row(svg, &view->peak[i], i + 1, tallest);
    fmx__svg_raw(svg, "</tbody></table></div>\n</section>\n");
}

/* All sections of one item. */
static void item_sections(fmx__svg *svg, const fmx__found_page *page, size_t index)
{
    fmx__found_view view = {.page = page, .item = &page->item[index], .number = index + 1};
    float *left = NULL;
    fmx__found_peak *peak = NULL;
    if (svg->status == FMX_OK && view.item->observed != NULL && index < FMX__FOUND_MOST_DRAWN) {
        svg->status = fmx__alloc(svg->ctx, 2 * page->points, sizeof *left, "what is left", &left);
        if (svg->status == FMX_OK)
            svg->status = fmx__found_unassigned(svg->ctx, view.item, page->ppm, page->points,
                                                least_peak, MOST_PEAKS, &peak, &view.peaks);
        if (svg->status == FMX_OK) {
            fmx__found_left(view.item, page->points, left);
            for (size_t i = 0; i < page->points; ++i)
                left[page->points + i] = view.item->observed[i] - left[i];
            view.left = left;
            view.named = left + page->points;
            view.peak = peak;
        }
    }
    if (svg->status == FMX_OK) {
        named(svg, &view);
        fmx__html_found_spectrum(svg, &view);
        fmx__html_found_compounds(svg, &view);
        unassigned(svg, &view);
    }
    free(peak);
    free(left);
}

fmx_status fmx__found_page_text(fmx_context *ctx, const fmx__found_page *page, char **out,
                                size_t *bytes)
{
    fmx__svg svg = {.ctx = ctx};
    fmx__c_locale locale;
    *out = NULL;
    if (page->points < 2)
        return fmx__fail(ctx, FMX_ERROR_SHAPE, "a page needs an axis of at least two points");
    fmx__c_locale_enter(&locale);
    head(&svg, page);
    contents(&svg, page);
    for (size_t i = 0; i < page->items; ++i)
        item_sections(&svg, page, i);
    fmx_status status = fmx__html_finish(&svg, out, bytes);
    fmx__c_locale_leave(&locale);
    return status;
}

fmx_status fmx__found_page_write(fmx_context *ctx, const fmx__found_page *page, const char *path,
                                 bool overwrite)
{
    char *text = NULL;
    size_t bytes = 0;
    fmx_status status = fmx__found_page_text(ctx, page, &text, &bytes);
    if (status == FMX_OK)
        status = fmx__atomic_write(ctx, path, overwrite, text, bytes);
    free(text);
    return status;
}
