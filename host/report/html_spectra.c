/* Mixtures with their constituents, and what the layers answer. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "html_internal.h"
#include "plot_axis.h"
#include "plot_internal.h"

enum {
    WIDTH = 1130,
    ABOVE = 210, /* pixels for the mixture, and below for the constituents */
    BELOW = 150,
    SIDE = 10,
    FOOT = 44,
    SMALL_WIDTH = 260,
    SMALL_HEIGHT = 54,
    MOST_CHANNELS = 16,
};

/* Does not count for the scale of 1H spectra, ppm. */
#define WATER_LOW 4.5
#define WATER_HIGH 5.0

static void ppm_axis(fmx__svg *page, const fmx__report *report, double y)
{
    double high = report->ppm[0];
    double low = report->ppm[report->points - 1];
    double width = WIDTH - 2 * SIDE;
    char text[96];
    fmx__ticks ticks = fmx__ticks_between(fmin(low, high), fmax(low, high), 14);
    fmx__svg_line(page, "a", SIDE, y, SIDE + width, y);
    for (size_t i = 0; i < ticks.count; ++i) {
        double x = SIDE + (high - fmx__tick_value(&ticks, i)) / (high - low) * width;
        fmx__tick_text(text, &ticks, i);
        fmx__svg_line(page, "a", x, y, x, y + 5);
        fmx__svg_label(page, "t", FMX__SVG_MIDDLE, x, y + 18, text);
    }
    char nucleus[40] = "";
    if (report->nucleus != NULL)
        fmx__axis_nucleus_text(nucleus, report->nucleus);
    snprintf(text, sizeof text, "%s chemical shift / ppm", nucleus);
    fmx__svg_label(page, "t", FMX__SVG_MIDDLE, WIDTH / 2.0, y + 36, text);
}

/* ---- a mixture and its constituents -----------------------------------------------------------
 */

/* The largest magnitude, leaving out what is left of the water. */
static double highest(const fmx__report *report, const float *value)
{
    bool is_proton = report->nucleus != NULL && strcmp(report->nucleus, "1H") == 0;
    double most = 0;
    for (size_t i = 0; i < report->points; ++i)
        if (!is_proton || report->ppm[i] < WATER_LOW || report->ppm[i] > WATER_HIGH)
            most = fmax(most, fabs((double)value[i]));
    return most;
}

/* "glucose 0.998": what the first method says beside each constituent. */
static void overlay_key(fmx__svg *page, const fmx__report *report, const fmx__report_overlay *o)
{
    const fmx__report_method *method = &report->method[0];
    char text[40];
    fmx__svg_raw(page, "<p class=\"key\"><span><i class=\"sw ink\"></i>mixture</span> ");
    for (size_t k = 0; k < o->parts; ++k) {
        const fmx__report_part *part = &o->part[k];
        double presence =
            (double)method->input->presence[o->mixture * method->input->classes + part->of_class];
        fmx__html_format(page, "<span><i class=\"sw b%zu\"></i>", k % FMX__HTML_COLOURS);
        fmx__svg_escaped(page, method->input->class_name[part->of_class]);
        fmx__html_percent(text, part->proportion);
        fmx__html_format(page, ", %s <span class=\"said\">(%s, %.3f)%s</span></span> ", text,
                         presence >= method->evaluation->threshold ? "named" : "missed", presence,
                         part->spectrum == NULL ? ", spectrum not at hand" : "");
    }
    fmx__svg_raw(page, "</p>\n");
}

/* Of the tallest line that a constituent has in the mixture; 0 where it is not at hand. */
static double height_of(const fmx__report *report, const fmx__report_part *part)
{
    return part->spectrum != NULL ? part->weight * highest(report, part->spectrum) : 0;
}

static void overlay(fmx__svg *page, const fmx__report *report, const fmx__report_overlay *o)
{
    double most = highest(report, o->spectrum);
    fmx__html_strip s = {SIDE, WIDTH - 2 * SIDE, ABOVE, 0, 2, ABOVE + BELOW, 0.6};
    double tallest = 0;
    char style[32];
    fmx__svg_raw(page, "<figure><h3>");
    fmx__html_mixture(page, report, o->mixture);
    fmx__svg_raw(page, "</h3>\n");
    overlay_key(page, report, o);
    fmx__html_picture(page, "A mixture, and its constituents mirrored below", WIDTH,
                      ABOVE + BELOW + FOOT, 760);
    fmx__svg_line(page, "g", SIDE, ABOVE, WIDTH - SIDE, ABOVE);
    s.up = most > 0 ? (ABOVE - 12) / most : 0;
    fmx__html_trace(page, &s, o->spectrum, report->points, "m");
    for (size_t k = 0; k < o->parts; ++k)
        tallest = fmax(tallest, height_of(report, &o->part[k]));
    for (size_t k = o->parts; k-- > 0;) {
        const fmx__report_part *part = &o->part[k];
        if (!(height_of(report, part) > 0))
            continue;
        s.up = -(BELOW - 8) * part->weight / tallest;
        s.head = ABOVE - 40;
        snprintf(style, sizeof style, "h k%zu", k % FMX__HTML_COLOURS);
        fmx__html_trace(page, &s, part->spectrum, report->points, style);
    }
    ppm_axis(page, report, ABOVE + BELOW);
    fmx__html_picture_end(page);
    fmx__svg_raw(page, "</figure>\n");
}

void fmx__html_overlays(fmx__svg *page, const fmx__report *report)
{
    fmx__html_section(page, "spectra", "Mixtures and their constituents", NULL);
    if (report->overlays == 0 || report->points < 2) {
        fmx__svg_raw(page, "<p class=\"lead\">No spectra were given.</p>\n");
    } else {
        fmx__svg_raw(page, "<p class=\"lead\">The mixture above; mirrored below its constituents, "
                           "each weighted with its true proportion, as they were measured before "
                           "shifts and noise were put on. In brackets: whether ");
        fmx__svg_escaped(page, report->method[0].input->method);
        fmx__svg_raw(page, " named it, and its presence.");
        fmx__svg_raw(page, report->nucleus != NULL && strcmp(report->nucleus, "1H") == 0
                               ? " The water, 4.5 to 5 ppm, does not count for the scale; lines "
                                 "that are too tall for it are cut.</p>\n"
                               : "</p>\n");
        for (size_t i = 0; i < report->overlays && i < FMX__REPORT_MOST_OVERLAYS; ++i)
            overlay(page, report, &report->overlay[i]);
    }
    fmx__html_section_end(page);
}

/* ---- layers -----------------------------------------------------------------------------------
 */

/* Largest minus smallest answer of a channel. */
static double spread(const fmx__report_layer *layer, size_t channel, double *low, double *high)
{
    const float *row = layer->answer + channel * layer->positions;
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t i = 0; i < layer->positions; ++i) {
        *low = fmin(*low, (double)row[i]);
        *high = fmax(*high, (double)row[i]);
    }
    return *high - *low;
}

static void small_trace(fmx__svg *page, const float *row, size_t count, double low, double high,
                        const char *style, const char *name)
{
    double range = high > low ? high - low : 1;
    double up = (SMALL_HEIGHT - 8) / range;
    fmx__html_strip s = {
        2, SMALL_WIDTH - 4, SMALL_HEIGHT - 4 + fmin(low, high) * up, up, 0, SMALL_HEIGHT, 1};
    fmx__html_format(page, "<figure><svg viewBox=\"0 0 %d %d\" role=\"img\">", SMALL_WIDTH,
                     SMALL_HEIGHT);
    fmx__svg_element(page, "title", name);
    if (low <= 0 && high >= 0)
        fmx__svg_line(page, "g", 0, s.zero_y, SMALL_WIDTH, s.zero_y);
    fmx__html_trace(page, &s, row, count, style);
    fmx__svg_raw(page, "</svg><figcaption>");
    fmx__svg_escaped(page, name);
    fmx__html_format(page, ", %.3g to %.3g</figcaption></figure>\n", low, high);
}

/* The channels with the widest answers, in the order of their numbers. */
static size_t choose_channels(const fmx__report_layer *layer, size_t chosen[MOST_CHANNELS])
{
    double best[MOST_CHANNELS];
    size_t count = 0;
    double low = 0;
    double high = 0;
    for (size_t c = 0; c < layer->channels; ++c) {
        double now = spread(layer, c, &low, &high);
        size_t at = count;
        while (at > 0 && best[at - 1] < now)
            --at;
        if (at >= MOST_CHANNELS)
            continue;
        count += count < MOST_CHANNELS;
        for (size_t k = count - 1; k > at; --k) {
            best[k] = best[k - 1];
            chosen[k] = chosen[k - 1];
        }
        best[at] = now;
        chosen[at] = c;
    }
    for (size_t i = 1; i < count; ++i) { /* few: by insertion */
        size_t c = chosen[i];
        size_t k = i;
        for (; k > 0 && chosen[k - 1] > c; --k)
            chosen[k] = chosen[k - 1];
        chosen[k] = c;
    }
    return count;
}

static void layer_figures(fmx__svg *page, const fmx__report_layer *layer)
{
    size_t chosen[MOST_CHANNELS];
    size_t count = choose_channels(layer, chosen);
    char name[40];
    double low = 0;
    double high = 0;
    fmx__svg_raw(page, "<h3>");
    fmx__svg_escaped(page, layer->name);
    fmx__svg_raw(page, " <span class=\"ci\">");
    fmx__svg_escaped(page, layer->op);
    fmx__html_format(page, ", %zu channel%s of %zu positions", layer->channels,
                     layer->channels == 1 ? "" : "s", layer->positions);
    if (count < layer->channels)
        fmx__html_format(page, "; the %zu with the widest answers", count);
    fmx__svg_raw(page, "</span></h3>\n<div class=\"many\">\n");
    for (size_t i = 0; i < count; ++i) {
        spread(layer, chosen[i], &low, &high);
        snprintf(name, sizeof name, "channel %zu", chosen[i]);
        small_trace(page, layer->answer + chosen[i] * layer->positions, layer->positions, low, high,
                    "h k0", name);
    }
    fmx__svg_raw(page, "</div>\n");
}

void fmx__html_layers(fmx__svg *page, const fmx__report *report)
{
    fmx__html_section(page, "layers", "What each convolution answers", NULL);
    if (report->layers == 0) {
        fmx__svg_raw(page, "<p class=\"lead\">The model's layers were not looked at.</p>\n");
    } else {
        fmx__svg_raw(page, "<p class=\"lead\">To ");
        fmx__html_mixture(page, report, report->layer_mixture);
        fmx__svg_raw(page, ", each channel on a scale of its own, over the same axis of chemical "
                           "shift, which falls to the right.</p>\n");
        if (report->layer_spectrum != NULL && report->points > 1) {
            double most = highest(report, report->layer_spectrum);
            fmx__svg_raw(page, "<div class=\"many\">\n");
            small_trace(page, report->layer_spectrum, report->points, fmin(0, -0.05 * most), most,
                        "m", "the spectrum");
            fmx__svg_raw(page, "</div>\n");
        }
        for (size_t i = 0; i < report->layers; ++i)
            layer_figures(page, &report->layer[i]);
    }
    fmx__html_section_end(page);
}
