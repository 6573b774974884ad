#include <math.h>
#include <stdio.h>

#include "html_internal.h"
#include "plot_axis.h"

enum { LEFT = 58, RIGHT = 14, TOP = 22, BOTTOM = 44, MOST_DRAWN = 1200 };

typedef struct frame {
    const fmx__html_diagram *diagram;
    double width; /* of the data area */
    double height;
} frame;

static double x_at(const frame *f, double x)
{
    const fmx__html_diagram *d = f->diagram;
    return LEFT + (x - d->x_low) / (d->x_high - d->x_low) * f->width;
}

static double y_at(const frame *f, double y)
{
    const fmx__html_diagram *d = f->diagram;
    double share = d->y_log ? log(fmax(y, d->y_low) / d->y_low) / log(d->y_high / d->y_low)
                            : (y - d->y_low) / (d->y_high - d->y_low);
    return TOP + (1 - share) * f->height;
}

static void y_tick(fmx__svg *page, const frame *f, double value, const char *text)
{
    double y = y_at(f, value);
    fmx__svg_line(page, "g", LEFT, y, LEFT + f->width, y);
    fmx__svg_label(page, "t", FMX__SVG_END, LEFT - 8, y + 4, text);
}

static void y_axis(fmx__svg *page, const frame *f)
{
    const fmx__html_diagram *d = f->diagram;
    char text[40];
    if (!d->y_log) {
        fmx__ticks ticks = fmx__ticks_between(d->y_low, d->y_high, 6);
        for (size_t i = 0; i < ticks.count; ++i) {
            fmx__tick_text(text, &ticks, i);
            y_tick(page, f, fmx__tick_value(&ticks, i), text);
        }
        return;
    }
    static const double mantissa[] = {1, 2, 5};
    bool sparse = d->y_high / d->y_low > 300;
    int last = (int)ceil(log10(d->y_high));
    for (int power = (int)floor(log10(d->y_low)); power <= last; ++power) {
        for (size_t i = 0; i < (sparse ? 1 : FMX__COUNT(mantissa)); ++i) {
            double value = mantissa[i] * pow(10, power);
            if (value < d->y_low * 0.999 || value > d->y_high * 1.001)
                continue;
            snprintf(text, sizeof text, "%g", value);
            y_tick(page, f, value, text);
        }
    }
}

static void x_axis(fmx__svg *page, const frame *f)
{
    const fmx__html_diagram *d = f->diagram;
    char text[40];
    double foot = TOP + f->height;
    fmx__ticks ticks = fmx__ticks_between(fmin(d->x_low, d->x_high), fmax(d->x_low, d->x_high),
                                          (size_t)(f->width / 60));
    fmx__svg_line(page, "a", LEFT, foot, LEFT + f->width, foot);
    for (size_t i = 0; i < ticks.count; ++i) {
        double x = x_at(f, fmx__tick_value(&ticks, i));
        fmx__tick_text(text, &ticks, i);
        fmx__svg_line(page, "a", x, foot, x, foot + 5);
        fmx__svg_label(page, "t", FMX__SVG_MIDDLE, x, foot + 18, text);
    }
    fmx__svg_label(page, "t", FMX__SVG_MIDDLE, LEFT + f->width / 2, foot + 37, d->x_name);
}

static void curve_path(fmx__svg *page, const frame *f, const fmx__html_curve *curve, size_t index)
{
    bool pen_up = true;
    size_t every = curve->count / MOST_DRAWN + 1;
    fmx__html_format(page, "<path class=\"l k%zu\" d=\"", index % FMX__HTML_COLOURS);
    for (size_t i = 0; i < curve->count; i += every) {
        if (!isfinite(curve->x[i]) || !isfinite(curve->y[i])) {
            pen_up = true;
            continue;
        }
        fmx__html_format(page, "%c%.1f %.1f", pen_up ? 'M' : 'L', x_at(f, curve->x[i]),
                         y_at(f, curve->y[i]));
        pen_up = false;
    }
    fmx__svg_raw(page, "\"/>\n");
    for (size_t i = 0; curve->marks && i < curve->count; ++i)
        if (isfinite(curve->x[i]) && isfinite(curve->y[i]))
            fmx__html_format(page, "<circle class=\"k%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.4\"/>\n",
                             index % FMX__HTML_COLOURS, x_at(f, curve->x[i]), y_at(f, curve->y[i]));
}

void fmx__html_diagram_draw(fmx__svg *page, const fmx__html_diagram *diagram,
                            const fmx__html_curve *curve, size_t curves)
{
    frame f = {diagram, diagram->width_px - LEFT - RIGHT, diagram->height_px - TOP - BOTTOM};
    fmx__svg_raw(page, "<figure><h3>");
    fmx__svg_escaped(page, diagram->title);
    fmx__svg_raw(page, "</h3>\n<p class=\"key\">");
    for (size_t i = 0; i < curves; ++i) {
        fmx__html_format(page, "<span><i class=\"sw b%zu\"></i>", i % FMX__HTML_COLOURS);
        fmx__svg_escaped(page, curve[i].name);
        fmx__svg_raw(page, "</span> ");
    }
    fmx__svg_raw(page, "</p>\n");
    fmx__html_picture(page, diagram->title, diagram->width_px, diagram->height_px, 320);
    y_axis(page, &f);
    x_axis(page, &f);
    fmx__svg_label(page, "t", FMX__SVG_START, 4, 10, diagram->y_name);
    if (diagram->diagonal)
        fmx__svg_line(page, "d", x_at(&f, diagram->x_low), y_at(&f, diagram->x_low),
                      x_at(&f, diagram->x_high), y_at(&f, diagram->x_high));
    for (size_t i = 0; i < curves; ++i)
        curve_path(page, &f, &curve[i], i);
    fmx__html_picture_end(page);
    fmx__svg_raw(page, "</figure>\n");
}
