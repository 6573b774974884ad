/* A spectrum with what was named in it: all of it, then strips on scales of their own. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "found_view.h"
#include "plot_axis.h"

enum {
    WIDTH = 1130,
    SIDE = 10,
    HEAD = 16,  /* room for the numbers of peaks */
    BODY = 190, /* pixels for the spectrum */
    LEFT = 56,  /* and below for what is left */
    FOOT = 40,
    STRIPS = 6,
    LEAST = 25, /* sigmas of a full scale, so that noise looks like noise */
};

/* A part of the axis. */
typedef struct range {
    size_t first;
    size_t end;
} range;

static double most_of(const float *value, range r)
{
    double most = 0;
    for (size_t i = r.first; i < r.end; ++i)
        most = fmax(most, (double)value[i]);
    return most;
}

static double place(const fmx__found_view *view, range r, double point)
{
    (void)view;
    return SIDE + (point - (double)r.first + 0.5) / (double)(r.end - r.first) * (WIDTH - 2 * SIDE);
}

static void axis(fmx__svg *svg, const fmx__found_view *view, range r, double y)
{
    const double *ppm = view->page->ppm;
    double high = ppm[r.first];
    double low = ppm[r.end - 1];
    char text[96];
    char nucleus[40] = "";
    fmx__ticks ticks = fmx__ticks_between(low, high, 16);
    fmx__svg_line(svg, "a", SIDE, y, WIDTH - SIDE, y);
    for (size_t i = 0; i < ticks.count; ++i) {
        double x = SIDE + (high - fmx__tick_value(&ticks, i)) / (high - low) * (WIDTH - 2 * SIDE);
        fmx__tick_text(text, &ticks, i);
        fmx__svg_line(svg, "a", x, y, x, y + 5);
        fmx__svg_label(svg, "t", FMX__SVG_MIDDLE, x, y + 17, text);
    }
    if (view->page->nucleus != NULL)
        fmx__axis_nucleus_text(nucleus, view->page->nucleus);
    snprintf(text, sizeof text, "%s chemical shift / ppm", nucleus);
    fmx__svg_label(svg, "t", FMX__SVG_MIDDLE, WIDTH / 2.0, y + 34, text);
}

/* The numbers of unassigned peaks above their places, as far as there is room for them. */
static void marks(fmx__svg *svg, const fmx__found_view *view, range r, double up)
{
    double used[64];
    size_t count = 0;
    char text[24];
    for (size_t i = 0; i < view->peaks && count < FMX__COUNT(used); ++i) {
        const fmx__found_peak *peak = &view->peak[i];
        bool room = peak->point >= r.first && peak->point < r.end;
        double x = room ? place(view, r, (double)peak->point) : 0;
        for (size_t k = 0; room && k < count; ++k)
            room = fabs(used[k] - x) > 15;
        if (!room)
            continue;
        used[count++] = x;
        double y = HEAD + BODY - fmin(peak->observed * up, BODY);
        snprintf(text, sizeof text, "%zu", i + 1);
        fmx__svg_label(svg, "x", FMX__SVG_MIDDLE, x, fmax(y - 4, 10), text);
    }
}

static void picture(fmx__svg *svg, const fmx__found_view *view, range r, double most,
                    const char *title)
{
    size_t count = r.end - r.first;
    double zero = HEAD + BODY;
    double up = BODY / fmax(most, LEAST);
    fmx__html_strip s = {SIDE, WIDTH - 2 * SIDE, zero, up, HEAD - 2, zero + 9, 0.6};
    fmx__html_picture(svg, title, WIDTH, HEAD + BODY + LEFT + FOOT, 760);
    fmx__svg_line(svg, "g", SIDE, zero, WIDTH - SIDE, zero);
    fmx__html_trace(svg, &s, view->item->observed + r.first, count, "m");
    fmx__html_trace(svg, &s, view->named + r.first, count, "h k0");
    s.zero_y = zero + LEFT / 2.0 + 10;
    s.head = zero + 10;
    s.foot = zero + LEFT;
    fmx__svg_line(svg, "g", SIDE, s.zero_y, WIDTH - SIDE, s.zero_y);
    fmx__html_trace(svg, &s, view->left + r.first, count, "h k1");
    marks(svg, view, r, up);
    axis(svg, view, r, HEAD + BODY + LEFT);
    fmx__html_picture_end(svg);
}

void fmx__html_found_spectrum(fmx__svg *svg, const fmx__found_view *view)
{
    range all = {0, view->page->points};
    char title[96];
    fmx__html_format(svg, "<section id=\"spectrum-%zu\">\n<h2>The spectrum</h2>\n", view->number);
    if (view->left == NULL) {
        fmx__svg_raw(svg, "<p class=\"lead\">Not drawn: the page has pictures of its first spectra "
                          "only.</p>\n</section>\n");
        return;
    }
    fmx__svg_raw(svg, "<p class=\"lead\">Numbers are those of the <a href=\"#unassigned-");
    fmx__html_format(
        svg,
        "%zu\">unassigned peaks</a>. Each strip has a scale of its own; lines too tall "
        "for it are cut.</p>\n",
        view->number);
    fmx__svg_raw(svg, "<p class=\"key\"><span><i class=\"sw ink\"></i>observed</span> <span><i "
                      "class=\"sw b0\"></i>all compounds named</span> <span><i class=\"sw "
                      "b1\"></i>what they leave, below</span></p>\n");
    picture(svg, view, all, most_of(view->item->observed, all), "The whole spectrum");
    for (size_t i = 0; i < STRIPS; ++i) {
        range r = {i * all.end / STRIPS, (i + 1) * all.end / STRIPS};
        if (r.end - r.first < 2)
            continue;
        snprintf(title, sizeof title, "%.2f to %.2f ppm", view->page->ppm[r.first],
                 view->page->ppm[r.end - 1]);
        /* what was named must be seen; something far taller is cut */
        double most = most_of(view->item->observed, r);
        double named = most_of(view->named, r);
        double left = most_of(view->left, r);
        if (named > 20 && most > 4 * named && left > 2 * named)
            most = 4 * named;
        picture(svg, view, r, most, title);
    }
    fmx__svg_raw(svg, "</section>\n");
}
