#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "atomic_file.h"
#include "plot_axis.h"
#include "plot_internal.h"

enum { PX_PER_PPM_LABEL = 78, PX_PER_Y_LABEL = 40, MINOR = 4, MAJOR = 7, LABEL_PX = 12 };

typedef struct pen {
    const fmx__plot *plot;
    fmx__svg svg;
    fmx__plot_point *point; /* scratch for one trace */
} pen;

/* ---- words -------------------------------------------------------------------------------------
 */

static void title_text(const fmx__plot *plot, char *text, size_t bytes)
{
    const fmx_plot_data *data = plot->data;
    const char *title = plot->options->title;
    char whole[512];
    if (title == NULL && data->traces == 1 && data->trace[0].name != NULL)
        title = data->trace[0].name;
    if (title == NULL) {
        snprintf(whole, sizeof whole, "%zu spectr%s", data->traces, data->traces == 1 ? "um" : "a");
        title = whole;
    }
    fmx__svg_fit(text, bytes, title, 18, plot->width - 56);
}

/* "¹H at 600.1 MHz · 12 spectra, stacked, each scaled to its own maximum" */
static void subtitle_text(const fmx__plot *plot, char text[384])
{
    static const char dot[] = " \xC2\xB7 ";
    const fmx_plot_data *data = plot->data;
    char nucleus[40] = "";
    char field[80] = "";
    if (data->nucleus != NULL)
        fmx__axis_nucleus_text(nucleus, data->nucleus);
    if (data->trace[0].field_mhz > 0 && !plot->fields_differ) {
        fmx__svg_fixed(field, data->trace[0].field_mhz, 1);
        memcpy(field + strlen(field), " MHz", 5);
    } else if (plot->fields_differ) {
        snprintf(field, sizeof field, "several fields");
    }
    char many[160] = "";
    char count[40] = "";
    if (data->traces > 1)
        snprintf(many, sizeof many, "%s, %s", plot->stacked ? "stacked" : "overlaid",
                 plot->own ? "each scaled to its own maximum" : "on a common scale");
    if (data->traces > 1 && plot->options->title != NULL) /* otherwise the title says it */
        snprintf(count, sizeof count, "%zu spectra, ", data->traces);
    if (plot->options->gain != 1) {
        char gain[40];
        fmx__svg_fixed(gain, plot->options->gain, plot->options->gain < 10 ? 1 : 0);
        size_t length = strlen(many);
        snprintf(many + length, sizeof many - length, "%smagnified %s times",
                 length > 0 ? ", " : "", gain);
    }
    if (plot->cut) {
        size_t length = strlen(many);
        snprintf(many + length, sizeof many - length, "%slines beyond the scale cut",
                 length > 0 ? ", " : "");
    }
    snprintf(text, 384, "%s%s%s%s%s%s", nucleus, nucleus[0] && field[0] ? " at " : "", field,
             (nucleus[0] || field[0]) && many[0] ? dot : "", count, many);
}

static void describe(pen *p)
{
    const fmx__plot *plot = p->plot;
    char text[512];
    char high[40];
    char low[40];
    fmx__svg_fixed(high, plot->panel[0].region.high_ppm, 2);
    fmx__svg_fixed(low, plot->panel[0].region.low_ppm, 2);
    snprintf(text, sizeof text, "NMR spectra from %s to %s ppm, falling to the right: ", high, low);
    fmx__svg_raw(&p->svg, "<desc id=\"d\">");
    fmx__svg_escaped(&p->svg, text);
    for (size_t t = 0; t < plot->data->traces && t < 20; ++t) {
        fmx__svg_raw(&p->svg, t > 0 ? ", " : "");
        fmx__svg_escaped(&p->svg,
                         plot->data->trace[t].name ? plot->data->trace[t].name : "unnamed");
    }
    fmx__svg_raw(&p->svg, plot->data->traces > 20 ? ", and more</desc>\n" : "</desc>\n");
}

static void header(pen *p)
{
    const fmx__plot *plot = p->plot;
    char text[512];
    fmx__svg_raw(&p->svg, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
    fmx__svg_attribute(&p->svg, "width", ceil(plot->width));
    fmx__svg_attribute(&p->svg, "height", ceil(plot->height));
    fmx__svg_raw(&p->svg, " viewBox=\"0 0 ");
    fmx__svg_number(&p->svg, ceil(plot->width));
    fmx__svg_raw(&p->svg, " ");
    fmx__svg_number(&p->svg, ceil(plot->height));
    fmx__svg_raw(&p->svg, "\" role=\"img\" aria-labelledby=\"t d\">\n<title id=\"t\">");
    title_text(plot, text, sizeof text);
    fmx__svg_escaped(&p->svg, text);
    fmx__svg_raw(&p->svg, "</title>\n");
    describe(p);
    fmx__plot_style(&p->svg, plot->data->traces);
    fmx__svg_rect(&p->svg, "bg", 0, 0, ceil(plot->width), ceil(plot->height));
    fmx__svg_label(&p->svg, "ti", FMX__SVG_START, 28, 42, text);
    subtitle_text(plot, text);
    fmx__svg_label(&p->svg, "su", FMX__SVG_START, 28, 63, text);
}

static void legend(pen *p)
{
    const fmx__plot *plot = p->plot;
    double x = 28;
    size_t row = 0;
    for (size_t t = 0; plot->legend_rows > 0 && t < plot->data->traces; ++t) {
        char label[FMX__PLOT_LABEL];
        char style[32];
        double at = fmx__plot_legend_step(plot, t, &x, &row);
        double y = 92 + 22 * (double)row;
        bool last_row = row + 1 == plot->legend_rows;
        if (last_row && t + 1 < plot->data->traces) {
            size_t next_row = row;
            double next_x = x;
            fmx__plot_legend_step(plot, t + 1, &next_x, &next_row);
            if (next_row > row) { /* the next one has no room */
                snprintf(label, sizeof label, "and %zu more", plot->data->traces - t);
                fmx__svg_label(&p->svg, "mu", FMX__SVG_START, at, y, label);
                return;
            }
        }
        if (row >= plot->legend_rows)
            return;
        snprintf(style, sizeof style, "sw s%zu", t);
        fmx__svg_line(&p->svg, style, at + 1, y - 4, at + 19, y - 4);
        fmx__plot_trace_label(plot, t, LABEL_PX, 260, label);
        fmx__svg_label(&p->svg, "nm", FMX__SVG_START, at + 28, y, label);
    }
}

/* ---- axes --------------------------------------------------------------------------------------
 */

static void ppm_grid(pen *p, const fmx__plot_panel *panel, const fmx__ticks *ticks)
{
    for (size_t i = 0; i < ticks->count; ++i) {
        double x = fmx__plot_x(panel, fmx__tick_value(ticks, i));
        fmx__svg_line(&p->svg, "gr", x, panel->top, x, panel->top + panel->height);
    }
}

static void ppm_axis(pen *p, const fmx__plot_panel *panel, const fmx__ticks *ticks, bool named)
{
    double y = panel->top + panel->height;
    double fine = ticks->step / ticks->parts;
    char text[80];
    fmx__svg_line(&p->svg, "ax", panel->left, y, panel->left + panel->width, y);
    int64_t last = (int64_t)floor(panel->region.high_ppm / fine + 1e-9);
    for (int64_t k = (int64_t)ceil(panel->region.low_ppm / fine - 1e-9); k <= last; ++k) {
        double x = fmx__plot_x(panel, (double)k * fine);
        if (k % (int64_t)ticks->parts != 0)
            fmx__svg_line(&p->svg, "mi", x, y, x, y + MINOR);
    }
    for (size_t i = 0; i < ticks->count; ++i) {
        double x = fmx__plot_x(panel, fmx__tick_value(ticks, i));
        fmx__tick_text(text, ticks, i);
        fmx__svg_line(&p->svg, "ax", x, y, x, y + MAJOR);
        fmx__svg_label(&p->svg, "tk", FMX__SVG_MIDDLE, x, y + 20, text);
    }
    if (!named)
        return;
    char nucleus[40] = "";
    if (p->plot->data->nucleus != NULL)
        fmx__axis_nucleus_text(nucleus, p->plot->data->nucleus);
    snprintf(text, sizeof text, "%s%schemical shift / ppm", nucleus, nucleus[0] ? " " : "");
    fmx__svg_label(&p->svg, "", FMX__SVG_MIDDLE, panel->left + panel->width / 2, y + 41, text);
}

/* Numbers left of an overlay; the power of ten stands in the axis' name. */
static void intensity_axis(pen *p, const fmx__plot_panel *panel, bool named)
{
    int exponent = fmx__axis_exponent(fmax(panel->high, -panel->low));
    double power = pow(10, exponent);
    size_t most = (size_t)fmax(2, panel->height / PX_PER_Y_LABEL);
    fmx__ticks ticks = fmx__ticks_between(panel->low / power, panel->high / power, most);
    char text[96];
    for (size_t i = 0; i < ticks.count; ++i) {
        double value = fmx__tick_value(&ticks, i);
        double y = fmx__plot_zero_y(p->plot, panel, 0) -
                   value * power * fmx__plot_px_per_unit(p->plot, panel);
        fmx__tick_text(text, &ticks, i);
        fmx__svg_line(&p->svg, value == 0 ? "zl" : "gr", panel->left, y, panel->left + panel->width,
                      y);
        fmx__svg_label(&p->svg, "tk", FMX__SVG_END, panel->left - 8, y + 4, text);
    }
    const char *name = p->plot->own ? "relative intensity" : "intensity";
    char ten[40] = "";
    if (exponent != 0)
        fmx__axis_power_text(ten, exponent);
    if (named)
        snprintf(text, sizeof text, "%s%s%s", name, ten[0] ? " / " : "", ten);
    else
        snprintf(text, sizeof text, "%s%s", ten[0] ? "/ " : "", ten);
    fmx__svg_label(&p->svg, "mu", named ? FMX__SVG_START : FMX__SVG_END,
                   named ? 28 : panel->left - 8, panel->top - 12, text);
}

/* A stack on a common scale has a bar of a round intensity left of its first row: how many units.
 */
static double bar_value(const fmx__plot *plot, const fmx__plot_panel *panel)
{
    double pitch = fmx__plot_pitch(plot, panel);
    double wanted = fmin(pitch * 0.8, panel->height * 0.25) / fmx__plot_px_per_unit(plot, panel);
    double power = pow(10, floor(log10(wanted)));
    return power * (wanted / power >= 5 ? 5 : wanted / power >= 2 ? 2 : 1);
}

/* "bar: 5 x 10^6", with real signs. */
static void bar_text(char text[96], double value)
{
    int exponent = (int)floor(log10(value) + 1e-9);
    char number[40];
    char power[40] = "";
    bool plain = exponent >= -3 && exponent <= 3;
    fmx__svg_fixed(number, plain ? value : value / pow(10, exponent),
                   plain && exponent < 0 ? (unsigned)-exponent : 0);
    if (!plain)
        fmx__axis_power_text(power, exponent);
    snprintf(text, 96, "bar: %s%s%s", number, plain ? "" : " \xC3\x97 ", power);
}

static void scale_bar(pen *p, const fmx__plot_panel *panel)
{
    double value = bar_value(p->plot, panel);
    double foot = fmx__plot_zero_y(p->plot, panel, 0);
    double head = foot - value * fmx__plot_px_per_unit(p->plot, panel);
    double x = panel->left - 10;
    char text[96];
    fmx__svg_line(&p->svg, "ba", x, foot, x, head);
    fmx__svg_line(&p->svg, "ba", x - 3, foot, x + 3, foot);
    fmx__svg_line(&p->svg, "ba", x - 3, head, x + 3, head);
    bar_text(text, value);
    if (panel == p->plot->panel) /* zooms have it in their heading */
        fmx__svg_label(&p->svg, "mu", FMX__SVG_START, 28, panel->top - 12, text);
}

/* Names beside a stack, as many as have room. */
static void stack_names(pen *p, const fmx__plot_panel *panel)
{
    const fmx__plot *plot = p->plot;
    double pitch = fmx__plot_pitch(plot, panel);
    size_t every = (size_t)fmax(1, ceil(13 / pitch));
    double x = panel->left + panel->width;
    for (size_t t = 0; t < plot->data->traces; t += every) {
        char label[FMX__PLOT_LABEL];
        char field[40];
        double y = fmx__plot_zero_y(plot, panel, t);
        fmx__plot_trace_label(plot, t, LABEL_PX, fmin(250, 0.28 * plot->width), label);
        bool two = plot->fields_differ && pitch >= 30 && plot->data->trace[t].field_mhz > 0;
        fmx__svg_label(&p->svg, "nm", FMX__SVG_START, x + 12, y + (two ? -3 : 4), label);
        if (two) {
            fmx__svg_fixed(field, plot->data->trace[t].field_mhz, 1);
            memcpy(field + strlen(field), " MHz", 5);
            fmx__svg_label(&p->svg, "mu", FMX__SVG_START, x + 12, y + 11, field);
        }
    }
}

/* ---- panels ------------------------------------------------------------------------------------
 */

static void zoom_name(char text[8], size_t zoom)
{
    text[0] = (char)('A' + zoom);
    text[1] = '\0';
}

/* Bands on the main panel where the zooms are; letters step up where bands crowd. */
static void zoom_bands(pen *p)
{
    const fmx__plot_panel *main_panel = &p->plot->panel[0];
    double taken[FMX__MOST_ZOOMS];
    for (size_t z = 0; z + 1 < p->plot->panels; ++z) {
        const fmx_plot_region *region = &p->plot->panel[1 + z].region;
        double x1 = fmax(fmx__plot_x(main_panel, region->high_ppm), main_panel->left);
        double x2 =
            fmin(fmx__plot_x(main_panel, region->low_ppm), main_panel->left + main_panel->width);
        taken[z] = -1e9;
        if (x2 < x1)
            continue;
        char text[8];
        zoom_name(text, z);
        double middle = (x1 + x2) / 2;
        size_t neighbours = 0;
        for (size_t before = 0; before < z; ++before)
            neighbours += fabs(taken[before] - middle) < 13;
        taken[z] = middle;
        if (x2 - x1 < 2) {
            x1 = middle - 1;
            x2 = middle + 1;
        }
        fmx__svg_rect(&p->svg, "zb", x1, main_panel->top, x2 - x1, main_panel->height);
        fmx__svg_label(&p->svg, "zt", FMX__SVG_MIDDLE, middle,
                       main_panel->top - 5 - 13 * (double)(neighbours % 2), text);
    }
}

/* "A   3.40 to 3.20 ppm   height x 8.3": how much more of its panel a line fills. */
static void zoom_head(pen *p, size_t zoom)
{
    const fmx__plot_panel *panel = &p->plot->panel[1 + zoom];
    char name[8];
    char high[40];
    char low[40];
    char times[40];
    char text[160];
    double width = panel->region.high_ppm - panel->region.low_ppm;
    const fmx__plot_panel *whole = &p->plot->panel[0];
    /* panels differ in height: what counts is the part of it */
    double factor = (whole->high - whole->low) / (panel->high - panel->low);
    if (factor >= 1000) { /* three digits */
        double unit = pow(10, floor(log10(factor)) - 2);
        factor = round(factor / unit) * unit;
    }
    unsigned decimals = width < 0.05 ? 4 : width < 0.5 ? 3 : 2;
    zoom_name(name, zoom);
    fmx__svg_fixed(high, panel->region.high_ppm, decimals);
    fmx__svg_fixed(low, panel->region.low_ppm, decimals);
    fmx__svg_fixed(times, factor, factor >= 10 ? 0 : factor >= 1 ? 1 : 2);
    fmx__svg_label(&p->svg, "zt", FMX__SVG_START, panel->left + 2, panel->top - 12, name);
    snprintf(text, sizeof text, "%s \xE2\x80\x93 %s ppm", high, low);
    if (p->plot->stacked && !p->plot->own) {
        char bar[96];
        bar_text(bar, bar_value(p->plot, panel));
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, ", %s", bar);
    }
    fmx__svg_label(&p->svg, "mu", FMX__SVG_START, panel->left + 18, panel->top - 12, text);
    snprintf(text, sizeof text, "height \xC3\x97 %s", times);
    if (fabs(factor - 1) > 0.05)
        fmx__svg_label(&p->svg, "mu", FMX__SVG_END, panel->left + panel->width - 2, panel->top - 12,
                       text);
}

static void traces(pen *p, size_t index)
{
    const fmx__plot *plot = p->plot;
    const fmx__plot_panel *panel = &plot->panel[index];
    char text[160];
    snprintf(text, sizeof text,
             "<g clip-path=\"url(#c%zu)\"><g transform=\"scale(.1)\" stroke-width=\"%d\">\n", index,
             plot->data->traces > 16 ? 9 : 11);
    fmx__svg_raw(&p->svg, text);
    for (size_t t = plot->data->traces; t-- > 0;) { /* the first one comes to lie on top */
        snprintf(text, sizeof text, "<g class=\"s%zu\">", t);
        fmx__svg_raw(&p->svg, text);
        if (plot->data->trace[t].name != NULL)
            fmx__svg_element(&p->svg, "title", plot->data->trace[t].name);
        size_t count = fmx__plot_reduce(plot, panel, t, p->point);
        fmx__plot_path(&p->svg, p->point, count);
        fmx__svg_raw(&p->svg, "</g>\n");
    }
    fmx__svg_raw(&p->svg, "</g></g>\n");
}

static void draw_panel(pen *p, size_t index)
{
    const fmx__plot *plot = p->plot;
    const fmx__plot_panel *panel = &plot->panel[index];
    size_t most = (size_t)fmax(3, panel->width / PX_PER_PPM_LABEL);
    fmx__ticks ticks = fmx__ticks_between(panel->region.low_ppm, panel->region.high_ppm, most);
    char text[64];
    snprintf(text, sizeof text, "<clipPath id=\"c%zu\">", index);
    fmx__svg_raw(&p->svg, text);
    /* a line at the very top keeps its width */
    fmx__svg_rect(&p->svg, "cp", panel->left, panel->top - 2, panel->width, panel->height + 2);
    fmx__svg_raw(&p->svg, "</clipPath>\n");
    ppm_grid(p, panel, &ticks);
    if (!plot->stacked)
        intensity_axis(p, panel, index == 0);
    for (size_t t = 0; plot->stacked && t < plot->data->traces; ++t) {
        double y = fmx__plot_zero_y(plot, panel, t);
        fmx__svg_line(&p->svg, "zl", panel->left, y, panel->left + panel->width, y);
    }
    if (index == 0)
        zoom_bands(p);
    else
        zoom_head(p, index - 1);
    traces(p, index);
    ppm_axis(p, panel, &ticks, index == 0);
    bool rightmost = panel->left + panel->width > plot->panel[0].left + plot->panel[0].width - 1;
    if (plot->stacked && rightmost)
        stack_names(p, panel);
    if (plot->stacked && !plot->own)
        scale_bar(p, panel);
}

/* ---- public ------------------------------------------------------------------------------------
 */

fmx_status fmx_plot_text(fmx_context *ctx, const fmx_plot_data *data,
                         const fmx_plot_options *options, char **out, size_t *bytes)
{
    fmx__plot plot;
    pen p = {.plot = &plot, .svg = {.ctx = ctx}};
    size_t most = 0;
    *out = NULL;
    fmx_status status = fmx__plot_plan(ctx, data, options, &plot);
    for (size_t i = 0; status == FMX_OK && i < plot.panels; ++i) {
        size_t need = fmx__plot_most_points(&plot, &plot.panel[i]);
        most = need > most ? need : most;
    }
    if (status == FMX_OK)
        status = fmx__alloc(ctx, most, sizeof *p.point, "plot points", &p.point);
    if (status == FMX_OK) {
        header(&p);
        legend(&p);
        for (size_t i = 0; i < plot.panels; ++i)
            draw_panel(&p, i);
        fmx__svg_raw(&p.svg, "</svg>\n");
        status = p.svg.status;
    }
    if (status == FMX_OK) {
        *out = p.svg.text;
        p.svg.text = NULL;
        if (bytes != NULL)
            *bytes = p.svg.length;
    }
    free(p.svg.text);
    free(p.point);
    fmx__plot_plan_clear(&plot);
    return status;
}

fmx_status fmx_plot_write(fmx_context *ctx, const fmx_plot_data *data,
                          const fmx_plot_options *options, const char *path, bool overwrite)
{
    char *text = NULL;
    size_t bytes = 0;
    struct stat info;
    fmx_status status = FMX_OK;
    if (!overwrite && lstat(path, &info) == 0)
        status =
            fmx__fail(ctx, FMX_ERROR_EXISTS,
                      "%s: exists already; remove it, name another output or overwrite it", path);
    if (status == FMX_OK)
        status = fmx_plot_text(ctx, data, options, &text, &bytes);
    if (status == FMX_OK)
        status = fmx__atomic_write(ctx, path, overwrite, text, bytes);
    free(text);
    return status;
}
