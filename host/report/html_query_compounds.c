/* Each compound that was named: its multiplets over the spectrum, and what speaks against it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "found_view.h"
#include "plot_axis.h"

enum { WIDTH = 260, HEIGHT = 120, FOOT = 20, MOST_MULTIPLETS = 24 };

#define MARGIN_PPM 0.02 /* shown on either side of a multiplet */
#define LEAST_PPM 0.07  /* width of a picture */
#define TALLEST 2.5     /* heights beyond that many of the compound's own are cut */

void fmx__html_interval(fmx__svg *svg, double value, double low, double high, const char *unit)
{
    if (isnan(value)) {
        fmx__svg_raw(svg, "\xE2\x80\x93");
        return;
    }
    double size = fmax(fabs(value), isnan(high) ? 0 : fabs(high));
    int decimals = size >= 1000 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
    fmx__html_format(svg, "<b>%.*f</b>%s", decimals, value, unit);
    if (!isnan(low) && !isnan(high))
        fmx__html_format(svg, " <span class=\"ci\">%.*f to %.*f</span>", decimals, low, decimals,
                         high);
}

void fmx__html_found_key(fmx__svg *svg)
{
    fmx__svg_raw(svg,
                 "<p class=\"key\"><span><i class=\"sw ink\"></i>observed</span> <span><i "
                 "class=\"sw b0\"></i>this compound</span> <span><i class=\"sw b1\"></i>all others "
                 "in the fit</span></p>\n");
}

/* Points of the axis that a multiplet's picture shows. */
static size_t window(const fmx__found_page *page, const fmx__found_multiplet *m, size_t *first)
{
    double step = (page->ppm[0] - page->ppm[page->points - 1]) / (double)(page->points - 1);
    double spare = fmax(MARGIN_PPM, 0.5 * (LEAST_PPM - (m->high_ppm - m->low_ppm)));
    double from = (page->ppm[0] - m->high_ppm - spare) / step;
    double to = (page->ppm[0] - m->low_ppm + spare) / step;
    double last = (double)(page->points - 1);
    from = fmin(fmax(floor(from), 0), last);
    to = fmin(fmax(ceil(to), 0), last);
    *first = (size_t)from;
    return (size_t)to - *first + 1;
}

/* The compound's own part of a window, and everything else of the fit; the tallest own point. */
static double split(const fmx__found_view *view, const fmx__found_compound *c, size_t first,
                    size_t count, float *own, float *others)
{
    double most = 0;
    for (size_t i = 0; i < count; ++i)
        own[i] = 0;
    for (size_t m = 0; m < c->multiplets; ++m) {
        const fmx__found_multiplet *one = &c->multiplet[m];
        for (size_t k = 0; one->own != NULL && k < one->count; ++k) {
            size_t at = one->first + k;
            if (at >= first && at < first + count)
                own[at - first] += one->own[k];
        }
    }
    for (size_t i = 0; i < count; ++i) {
        const float *fitted = view->item->fitted != NULL ? view->item->fitted : view->named;
        others[i] = fitted[first + i] - own[i];
        most = fmax(most, (double)own[i]);
    }
    return most;
}

static void small_axis(fmx__svg *svg, const fmx__found_page *page, size_t first, size_t count)
{
    double high = page->ppm[first];
    double low = page->ppm[first + count - 1];
    char text[40];
    fmx__ticks ticks = fmx__ticks_between(low, high, 4);
    fmx__svg_line(svg, "a", 0, HEIGHT, WIDTH, HEIGHT);
    for (size_t i = 0; i < ticks.count; ++i) {
        double x = (high - fmx__tick_value(&ticks, i)) / (high - low) * WIDTH;
        fmx__tick_text(text, &ticks, i);
        fmx__svg_line(svg, "a", x, HEIGHT, x, HEIGHT + 4);
        if (x > 14 && x < WIDTH - 14)
            fmx__svg_label(svg, "t", FMX__SVG_MIDDLE, x, HEIGHT + 16, text);
    }
}

static void caption(fmx__svg *svg, const fmx__found_multiplet *m)
{
    fmx__html_format(svg, "<figcaption><b>%.3f ppm</b>, %.2g H", m->ppm, m->protons);
    if (isfinite(m->shift_ppm))
        fmx__html_format(svg, ", moved %+.3f", m->shift_ppm);
    if (isfinite(m->share))
        fmx__html_format(svg, ", height %.0f\xC2\xA0%%", 100 * m->share);
    if (isfinite(m->residual))
        fmx__html_format(svg, ", misfit %.1f", m->residual);
    if (isfinite(m->overlap) && m->overlap >= 0.005)
        fmx__html_format(svg, ", others %.0f\xC2\xA0%%", 100 * m->overlap);
    fmx__svg_raw(svg, "</figcaption>");
}

static void multiplet(fmx__svg *svg, const fmx__found_view *view, const fmx__found_compound *c,
                      const fmx__found_multiplet *m)
{
    const fmx__found_page *page = view->page;
    size_t first = 0;
    size_t count = window(page, m, &first);
    float *own = NULL;
    char title[120];
    if (svg->status != FMX_OK || count < 2)
        return;
    svg->status = fmx__alloc(svg->ctx, 2 * count, sizeof *own, "a multiplet", &own);
    if (svg->status != FMX_OK)
        return;
    double tallest = split(view, c, first, count, own, own + count);
    double most = 0;
    for (size_t i = 0; i < count; ++i)
        most = fmax(most, (double)view->item->observed[first + i]);
    most = fmax(fmax(fmin(most, TALLEST * tallest), 1.15 * tallest), 6);
    fmx__html_strip s = {0, WIDTH, HEIGHT - 8, (HEIGHT - 14) / most, 1, HEIGHT - 1, 0.8};
    snprintf(title, sizeof title, "%.70s at %.3f ppm", c->name, m->ppm);
    fmx__html_format(svg, "<figure><svg viewBox=\"0 0 %d %d\" role=\"img\">", WIDTH, HEIGHT + FOOT);
    fmx__svg_element(svg, "title", title);
    fmx__svg_line(svg, "g", 0, s.zero_y, WIDTH, s.zero_y);
    fmx__html_trace(svg, &s, view->item->observed + first, count, "m");
    fmx__html_trace(svg, &s, own + count, count, "h k1");
    fmx__html_trace(svg, &s, own, count, "h k0");
    small_axis(svg, page, first, count);
    fmx__svg_raw(svg, "</svg>");
    caption(svg, m);
    fmx__svg_raw(svg, "</figure>\n");
    free(own);
}

static void against(fmx__svg *svg, const fmx__found_compound *c)
{
    char doubt[FMX__FOUND_DOUBTS][FMX__FOUND_DOUBT_BYTES];
    size_t count = fmx__found_doubts(c, doubt);
    fmx__svg_raw(svg, "<p class=\"against\">Against it: ");
    for (size_t i = 0; i < count; ++i) {
        fmx__svg_escaped(svg, doubt[i]);
        fmx__svg_raw(svg, i + 1 < count ? "; " : ".");
    }
    fmx__svg_raw(svg, count == 0 ? "nothing that was looked for.</p>\n" : "</p>\n");
}

static void compound(fmx__svg *svg, const fmx__found_view *view, size_t index)
{
    const fmx__found_compound *c = &view->item->compound[index];
    fmx__html_format(svg, "<h3 id=\"c-%zu-%zu\">", view->number, index + 1);
    fmx__svg_escaped(svg, c->name);
    fmx__html_format(svg, " <span class=\"ci\">probability %.3f", c->probability);
    fmx__html_format(svg, ", amount ");
    fmx__html_interval(svg, c->amount, c->amount_low, c->amount_high, "");
    if (isfinite(c->shift_ppm))
        fmx__html_format(svg, ", moved %+.4f ppm", c->shift_ppm);
    fmx__svg_raw(svg, "</span></h3>\n");
    if (c->also != NULL && c->also[0] != '\0') {
        fmx__svg_raw(svg, "<p class=\"note\">Its spectrum does not tell it from ");
        fmx__svg_escaped(svg, c->also);
        fmx__svg_raw(svg, ".</p>\n");
    }
    if (c->synonyms != NULL && c->synonyms[0] != '\0') {
        char text[FMX__HTML_LINE];
        fmx__svg_fit(text, sizeof text, c->synonyms, 13, 900);
        fmx__svg_raw(svg, "<p class=\"note\">");
        fmx__svg_escaped(svg, text);
        fmx__svg_raw(svg, "</p>\n");
    }
    against(svg, c);
    if (view->left == NULL)
        return;
    fmx__svg_raw(svg, "<div class=\"many\">\n");
    for (size_t m = 0; m < c->multiplets && m < MOST_MULTIPLETS; ++m)
        multiplet(svg, view, c, &c->multiplet[m]);
    fmx__svg_raw(svg, "</div>\n");
    if (c->multiplets > MOST_MULTIPLETS)
        fmx__html_format(svg, "<p class=\"note\">%zu more are not drawn.</p>\n",
                         c->multiplets - MOST_MULTIPLETS);
}

void fmx__html_found_compounds(fmx__svg *svg, const fmx__found_view *view)
{
    fmx__html_format(svg, "<section id=\"compounds-%zu\">\n<h2>Each compound</h2>\n", view->number);
    if (view->item->named == 0) {
        fmx__svg_raw(svg, "<p class=\"lead\">None is named.</p>\n</section>\n");
        return;
    }
    fmx__svg_raw(svg,
                 "<p class=\"lead\">Every multiplet where the fit found it, on a scale of its own. "
                 "<b>moved</b>: ppm above its place in the library; <b>height</b>: against what "
                 "the compound's amount asks for; <b>misfit</b>: what is left there, 1 is what "
                 "noise and line shape explain; <b>others</b>: their share of the signal.</p>\n");
    fmx__html_found_key(svg);
    for (size_t i = 0; i < view->item->named; ++i)
        compound(svg, view, i);
    fmx__svg_raw(svg, "</section>\n");
}
