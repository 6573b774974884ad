#include "html_source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "c_locale.h"
#include "html_internal.h"

enum { AROUND_HZ = 15, MOST_CURVE = 4096, RADAR = 260 };

static const double around_ppm = 0.15;

static void head(fmx__svg *page, const fmx__source_evaluation *e)
{
    fmx__svg_raw(page,
                 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                 "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n"
                 "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>Evaluation of ");
    fmx__svg_escaped(page, e->recipe.head.name);
    fmx__svg_raw(page, "</title>\n");
    fmx__html_style(page);
    fmx__svg_raw(page, "</head>\n<body>\n<main>\n<header>\n<h1>Evaluation of ");
    fmx__svg_escaped(page, e->recipe.head.name);
    fmx__html_format(page,
                     "</h1>\n<p class=\"lead\">%zu test items that training has not seen; target "
                     "%s; %zu weights.</p>\n</header>\n",
                     e->items, e->target, e->facts.parameters);
}

static void number(fmx__svg *page, const fmx__source_figure *f, double value)
{
    if (f->share)
        fmx__html_format(page, "%.2f\xC2\xA0%%", 100 * value);
    else
        fmx__html_format(page, "%.5g", value);
}

static void figures(fmx__svg *page, const fmx__source_evaluation *e)
{
    fmx__html_section(
        page, "summary", "Figures",
        "With 95\xC2\xA0% intervals: shares of labels by Wilson, others by 1000 resamples of "
        "the items or mixtures.");
    fmx__svg_raw(page, "<table><thead><tr><th>figure</th><th>method</th><th class=\"num\">value"
                       "</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < e->figures; ++i) {
        const fmx__source_figure *f = &e->figure[i];
        fmx__html_format(page, "<tr><td>%s</td><td>%s</td><td class=\"num\"><b>", f->name,
                         f->method);
        number(page, f, f->value);
        fmx__svg_raw(page, "</b>");
        if (isfinite(f->low)) {
            fmx__svg_raw(page, " <span class=\"ci\">");
            number(page, f, f->low);
            fmx__svg_raw(page, "\xE2\x80\x93");
            number(page, f, f->high);
            fmx__svg_raw(page, "</span>");
        }
        fmx__svg_raw(page, "</td></tr>\n");
    }
    fmx__svg_raw(page, "</tbody></table>\n");
    fmx__html_section_end(page);
}

/* ---- pictures ---------------------------------------------------------------------------------
 */

/* Curves over x0 + i dx, i from `from` to `to`. */
static void draw(fmx__svg *page, const char *title, const char *x_name, double x0, double dx,
                 size_t from, size_t to, const char *const *name, const float *const *values,
                 size_t curves)
{
    double *x = calloc((to - from) * (curves + 1), sizeof *x);
    fmx__html_curve curve[3] = {{0}};
    fmx__html_diagram diagram = {.title = title,
                                 .x_name = x_name,
                                 .y_name = "",
                                 .x_low = x0 + dx * (double)from,
                                 .x_high = x0 + dx * (double)(to - 1),
                                 .y_low = 0,
                                 .y_high = 1e-12,
                                 .width_px = 480,
                                 .height_px = 240};
    if (x == NULL) {
        if (page->status == FMX_OK)
            page->status = fmx__fail(page->ctx, FMX_ERROR_MEMORY, "no memory for a picture");
        return;
    }
    for (size_t i = from; i < to; ++i)
        x[i - from] = x0 + dx * (double)i;
    for (size_t c = 0; c < curves && c < FMX__COUNT(curve); ++c) {
        double *y = x + (c + 1) * (to - from);
        for (size_t i = from; i < to; ++i) {
            y[i - from] = (double)values[c][i];
            diagram.y_low = fmin(diagram.y_low, 1.05 * y[i - from]);
            diagram.y_high = fmax(diagram.y_high, 1.05 * y[i - from]);
        }
        curve[c] = (fmx__html_curve){name[c], x, y, to - from, to - from < 64};
    }
    fmx__html_diagram_draw(page, &diagram, curve, curves);
    free(x);
}

/* A FID, over the time. */
static void draw_fid(fmx__svg *page, const fmx__source_evaluation *e, size_t index)
{
    static const char *const name[] = {"FID"};
    const float *values[] = {e->example[index].input};
    size_t shown = e->input_positions < MOST_CURVE ? e->input_positions : MOST_CURVE;
    draw(page, "FID", "s", 0, 1 / e->sample_hz, 0, shown, name, values, 1);
}

/* Predicted and true spectrum within 15 Hz of the true maximum. */
static void draw_spectrum(fmx__svg *page, const fmx__source_evaluation *e, size_t index)
{
    static const char *const name[] = {"true", "predicted"};
    const float *values[] = {e->example[index].target, e->example[index].output};
    double step_hz = e->sample_hz / (double)e->input_positions;
    size_t around = (size_t)ceil(AROUND_HZ / step_hz);
    size_t top = 1 < e->positions ? 1 : 0; /* not the offset at 0 Hz */
    for (size_t i = top; i < e->positions; ++i)
        top = values[0][i] > values[0][top] ? i : top;
    size_t from = top > around ? top - around : 0;
    size_t to = top + around + 1 < e->positions ? top + around + 1 : e->positions;
    draw(page, "spectrum around the line", "Hz", 0, step_hz, from, to, name, values, 2);
}

/* Predicted over true parameters on spokes: 1 is right, the rim 2. */
static void draw_radar(fmx__svg *page, const fmx__source_evaluation *e, size_t index)
{
    static const char *const names[] = {"x0", "area", "gamma", "eta"};
    const fmx__source_example *x = &e->example[index];
    double middle = RADAR / 2.0;
    double rim = RADAR / 2.0 - 30;
    size_t spokes = e->channels < 4 ? e->channels : 4;
    double px[4];
    double py[4];
    fmx__html_picture(page, "parameters of the line, predicted over true", RADAR, RADAR, RADAR);
    for (int ring = 1; ring <= 2; ++ring)
        fmx__html_format(page,
                         "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"none\" "
                         "stroke=\"currentColor\" stroke-opacity=\"%s\"/>\n",
                         middle, middle, rim * ring / 2, ring == 1 ? "0.6" : "0.2");
    for (size_t k = 0; k < spokes; ++k) {
        double angle = 6.283185307179586 * (double)k / (double)spokes;
        double ratio = (double)x->output[k] / (double)x->target[k];
        double shown = isfinite(ratio) ? fmin(fmax(ratio, 0), 2) / 2 : 0;
        px[k] = middle + rim * shown * sin(angle);
        py[k] = middle - rim * shown * cos(angle);
        fmx__html_format(page,
                         "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
                         "stroke=\"currentColor\" stroke-opacity=\"0.3\"/>\n",
                         middle, middle, middle + rim * sin(angle), middle - rim * cos(angle));
        char label[64];
        snprintf(label, sizeof label, "%s %.3g / %.3g", names[k], (double)x->output[k],
                 (double)x->target[k]);
        fmx__svg_label(page, "t", FMX__SVG_MIDDLE, middle + (rim + 14) * sin(angle) * 0.8,
                       middle - (rim + 14) * cos(angle) + 4, label);
    }
    fmx__svg_raw(page, "<polygon fill=\"currentColor\" fill-opacity=\"0.15\" "
                       "stroke=\"currentColor\" points=\"");
    for (size_t k = 0; k < spokes; ++k)
        fmx__html_format(page, "%.1f,%.1f ", px[k], py[k]);
    fmx__svg_raw(page, "\"/>\n");
    fmx__html_picture_end(page);
}

static void examples(fmx__svg *page, const fmx__source_evaluation *e)
{
    if (!(e->sample_hz > 0) || e->outputs != e->channels * e->positions)
        return;
    bool spectrum = strcmp(e->target, "spectrum") == 0;
    fmx__html_section(page, "examples", "Examples",
                      spectrum ? "The first test items: the FID, and its magnitude spectrum within "
                                 "15 Hz of the line."
                               : "The first test items: the FID, and each parameter of its line as "
                                 "predicted over true: the inner ring is 1.");
    for (size_t i = 0; i < e->examples; ++i) {
        fmx__svg_raw(page, "<div class=\"pair\">\n");
        draw_fid(page, e, i);
        if (spectrum)
            draw_spectrum(page, e, i);
        else
            draw_radar(page, e, i);
        fmx__svg_raw(page, "</div>\n");
    }
    fmx__html_section_end(page);
}

/* True and given spectrum of one constituent around its tallest line, within the mixture. */
static void draw_part(fmx__svg *page, const fmx__source_evaluation *e,
                      const fmx__source_parts *mixture, size_t part)
{
    static const char *const name[] = {"mixture", "true", "network"};
    const float *truth = mixture->spectrum + (1 + 2 * part) * e->input_positions;
    const float *values[] = {mixture->spectrum, truth, truth + e->input_positions};
    double first = e->facts.axis.first_ppm;
    double step = (e->facts.axis.last_ppm - first) / (double)(e->input_positions - 1);
    size_t around = (size_t)ceil(around_ppm / fabs(step));
    size_t top = 0;
    for (size_t i = 0; i < e->input_positions; ++i)
        top = truth[i] > truth[top] ? i : top;
    size_t from = top > around ? top - around : 0;
    size_t to = top + around + 1 < e->input_positions ? top + around + 1 : e->input_positions;
    draw(page, e->facts.class_name[mixture->class_index[part]], "ppm", first, step, from, to, name,
         values, FMX__COUNT(values));
}

static void mixtures(fmx__svg *page, const fmx__source_evaluation *e)
{
    if (e->mixtures == 0)
        return;
    fmx__html_section(page, "examples", "Examples",
                      "The first test mixtures: the largest constituents, each around its tallest "
                      "line: the mixture, what the constituent adds to it, and what the network "
                      "says that it adds.");
    for (size_t i = 0; i < e->mixtures; ++i) {
        fmx__svg_raw(page, "<div class=\"pair\">\n");
        for (size_t k = 0; k < e->mixture[i].parts; ++k)
            draw_part(page, e, &e->mixture[i], k);
        fmx__svg_raw(page, "</div>\n");
    }
    fmx__html_section_end(page);
}

static void recipe(fmx__svg *page, const fmx__source_evaluation *e)
{
    fmx__svg_raw(page, "<details><summary>Recipe</summary><pre>");
    fmx__svg_escaped(page, e->facts.recipe);
    fmx__svg_raw(page, "</pre></details>\n");
}

fmx_status fmx__report_source(fmx_context *ctx, const fmx__source_evaluation *evaluation,
                              const char *path, bool overwrite)
{
    fmx__svg page = {.ctx = ctx};
    char *text = NULL;
    size_t bytes = 0;
    const fmx__report history = {.history = evaluation->facts.history};
    fmx__c_locale locale;
    fmx__c_locale_enter(&locale);
    head(&page, evaluation);
    figures(&page, evaluation);
    fmx__html_history(&page, &history);
    examples(&page, evaluation);
    mixtures(&page, evaluation);
    recipe(&page, evaluation);
    fmx_status status = fmx__html_finish(&page, &text, &bytes);
    fmx__c_locale_leave(&locale);
    if (status == FMX_OK)
        status = fmx__atomic_write(ctx, path, overwrite, text, bytes);
    free(text);
    return status;
}
