#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot_axis.h"
#include "plot_internal.h"

/* Pixels. */
enum {
    MARGIN = 28, /* around everything */
    HEADER = 78, /* title and the line below it */
    LEGEND_ROW = 22,
    Y_LABELS = 40,   /* numbers left of an intensity axis */
    MAIN_AXIS = 58,  /* ticks, numbers and name below the main panel */
    PANEL_HEAD = 34, /* letter and magnification above a panel */
    ZOOM_AXIS = 30,  /* ticks and numbers below a zoom */
    ZOOM_GAP = 44,   /* between zooms side by side, beside their labels */
    MOST_LEGEND_ROWS = 4,
};
#define TEXT_BUDGET 800e3   /* bytes of path data aimed at */
#define BYTES_PER_COLUMN 13 /* two relative points of noise, measured */
#define MOST_NEGATIVE 0.35  /* part of a stack's row that may hang below its zero line */

double fmx__plot_x(const fmx__plot_panel *panel, double ppm)
{
    return panel->left + (panel->region.high_ppm - ppm) /
                             (panel->region.high_ppm - panel->region.low_ppm) * panel->width;
}

/* Rows of a crowded stack may reach into the row above. */
static double overlap(const fmx__plot *plot)
{
    return plot->data->traces > 8 ? 1.6 : 1.0;
}

double fmx__plot_pitch(const fmx__plot *plot, const fmx__plot_panel *panel)
{
    return panel->height / ((double)plot->data->traces + overlap(plot) - 1);
}

double fmx__plot_px_per_unit(const fmx__plot *plot, const fmx__plot_panel *panel)
{
    double height =
        plot->stacked ? fmx__plot_pitch(plot, panel) * overlap(plot) * 0.94 : panel->height;
    return height / (panel->high - panel->low);
}

double fmx__plot_zero_y(const fmx__plot *plot, const fmx__plot_panel *panel, size_t trace)
{
    double foot = panel->top + panel->height;
    if (plot->stacked)
        foot -= (double)(plot->data->traces - 1 - trace) * fmx__plot_pitch(plot, panel);
    return foot + panel->low * fmx__plot_px_per_unit(plot, panel);
}

void fmx__plot_trace_label(const fmx__plot *plot, size_t trace, double font_px, double width_px,
                           char label[FMX__PLOT_LABEL])
{
    const fmx_plot_trace *t = &plot->data->trace[trace];
    const char *name = t->name != NULL && t->name[0] != '\0' ? t->name : "unnamed";
    char field[40] = "";
    if (plot->fields_differ && !plot->stacked && t->field_mhz > 0) {
        memcpy(field, ", ", 3);
        fmx__svg_fixed(field + 2, t->field_mhz, 1);
        memcpy(field + strlen(field), " MHz", 5);
    }
    double left = width_px - fmx__svg_text_width(field, font_px);
    fmx__svg_fit(label, FMX__PLOT_LABEL - sizeof field, name, font_px, left);
    memcpy(label + strlen(label), field, strlen(field) + 1);
}

double fmx__plot_legend_step(const fmx__plot *plot, size_t trace, double *x, size_t *row)
{
    char label[FMX__PLOT_LABEL];
    fmx__plot_trace_label(plot, trace, 12, 260, label);
    double width = 28 + fmx__svg_text_width(label, 12);
    if (*x + width > plot->width - MARGIN && *x > MARGIN) {
        *x = MARGIN;
        ++*row;
    }
    double at = *x;
    *x += width + 22;
    return at;
}

static fmx_status check_trace(fmx_context *ctx, const fmx_plot_data *data, size_t index)
{
    const float *row = data->trace[index].intensity;
    const char *name = data->trace[index].name != NULL ? data->trace[index].name : "";
    if (row == NULL)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "spectrum %zu (\"%s\") has no intensities",
                         index + 1, name);
    for (size_t i = 0; i < data->points; ++i) {
        if (!isfinite(row[i]))
            return fmx__fail(
                ctx, FMX_ERROR_FORMAT,
                "spectrum %zu (\"%s\"): the intensity at point %zu (%.4g ppm) is not a "
                "number; process it again, or choose others by name",
                index + 1, name, i, data->ppm[i]);
    }
    return FMX_OK;
}

static fmx_status check_data(fmx_context *ctx, const fmx_plot_data *data)
{
    if (data->traces == 0)
        return fmx__fail(ctx, FMX_ERROR_SHAPE, "there is no spectrum to draw");
    if (data->points < 2)
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "a plot needs an axis of at least 2 points, and this one has %zu",
                         data->points);
    for (size_t i = 0; i < data->points; ++i) {
        if (!isfinite(data->ppm[i]))
            return fmx__fail(ctx, FMX_ERROR_FORMAT, "ppm axis: point %zu is not a number", i);
        if (i > 0 && !(data->ppm[i] < data->ppm[i - 1]))
            return fmx__fail(
                ctx, FMX_ERROR_SHAPE,
                "ppm axis: point %zu (%g) does not lie below the point before it (%g); "
                "the axis must run from high to low ppm",
                i, data->ppm[i], data->ppm[i - 1]);
    }
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < data->traces; ++i)
        status = check_trace(ctx, data, i);
    return status;
}

static fmx_status check_options(fmx_context *ctx, const fmx_plot_options *o)
{
    if (o->layout < FMX_PLOT_AUTOMATIC || o->layout > FMX_PLOT_STACK ||
        o->scale < FMX_PLOT_SCALE_AUTOMATIC || o->scale > FMX_PLOT_SCALE_OWN)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "plot: unknown layout or scale");
    if (!(o->width_px >= 320 && o->width_px <= 10000))
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "plot: a width of %g px is outside 320 to 10000",
                         o->width_px);
    if (!(o->height_px >= 0 && o->height_px <= 20000))
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "plot: a height of %g px is outside 0 to 20000",
                         o->height_px);
    if (!(o->gain > 0) || !isfinite(o->gain))
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "plot: the gain must be above 0, not %g",
                         o->gain);
    if (o->zooms > FMX__MOST_ZOOMS)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "plot: %zu zooms; at most %d fit a picture",
                         o->zooms, FMX__MOST_ZOOMS);
    for (size_t i = 0; i < o->unscaled_count; ++i) {
        const fmx_plot_region *region = &o->unscaled[i];
        if (!(region->high_ppm > region->low_ppm))
            return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                             "unscaled: %g:%g is not a region from high to low ppm",
                             region->high_ppm, region->low_ppm);
    }
    return FMX_OK;
}

/* First point at or below a shift; `points` when there is none. */
static size_t first_at_or_below(const fmx_plot_data *data, double ppm)
{
    size_t low = 0;
    size_t high = data->points;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (data->ppm[middle] <= ppm)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Sets region and points of a panel; a region that sticks out of the axis is cut. */
static fmx_status set_region(const fmx__plot *plot, fmx_plot_region wanted, const char *what,
                             fmx__plot_panel *panel)
{
    const fmx_plot_data *data = plot->data;
    double first = data->ppm[0];
    double last = data->ppm[data->points - 1];
    if (wanted.high_ppm == 0 && wanted.low_ppm == 0)
        wanted = (fmx_plot_region){first, last};
    if (!isfinite(wanted.high_ppm) || !isfinite(wanted.low_ppm) ||
        !(wanted.high_ppm > wanted.low_ppm))
        return fmx__fail(plot->ctx, FMX_ERROR_ARGUMENT,
                         "%s: %g:%g is not a region from high to low ppm", what, wanted.high_ppm,
                         wanted.low_ppm);
    panel->region.high_ppm = fmin(wanted.high_ppm, first);
    panel->region.low_ppm = fmax(wanted.low_ppm, last);
    if (!(panel->region.high_ppm - panel->region.low_ppm > 1e-9 * (first - last)))
        return fmx__fail(plot->ctx, FMX_ERROR_ARGUMENT,
                         "%s: %g:%g ppm lies outside the axis, which runs from %g to %g ppm", what,
                         wanted.high_ppm, wanted.low_ppm, first, last);
    size_t inside = first_at_or_below(data, panel->region.high_ppm);
    size_t end = first_at_or_below(data, panel->region.low_ppm);
    if (end < data->points && data->ppm[end] == panel->region.low_ppm)
        ++end;
    panel->first = inside > 0 ? inside - 1 : 0;
    panel->end = end < data->points ? end + 1 : data->points;
    /* between two points of the axis: then those two */
    panel->inner_first = inside < end ? inside : panel->first;
    panel->inner_end = inside < end ? end : panel->end;
    return FMX_OK;
}

/* Whether a point counts for the scale: not inside a region that the caller took out of it. */
static bool counts(const fmx__plot *plot, size_t i)
{
    for (size_t k = 0; k < plot->options->unscaled_count; ++k) {
        const fmx_plot_region *region = &plot->options->unscaled[k];
        if (plot->data->ppm[i] <= region->high_ppm && plot->data->ppm[i] >= region->low_ppm)
            return false;
    }
    return true;
}

static void set_units(fmx__plot *plot)
{
    const fmx__plot_panel *main_panel = &plot->panel[0];
    for (size_t t = 0; t < plot->data->traces; ++t) {
        const float *row = plot->data->trace[t].intensity;
        double largest = 0;
        for (size_t i = main_panel->inner_first; i < main_panel->inner_end; ++i)
            largest = counts(plot, i) ? fmax(largest, fabs((double)row[i])) : largest;
        plot->unit[t] = plot->own && largest > 0 ? largest : 1;
    }
}

/* Range of intensities of a panel, zero included. */
static void set_range(const fmx__plot *plot, fmx__plot_panel *panel)
{
    double low = 0;
    double high = 0;
    double lowest = 0; /* of what does not count, too */
    for (size_t t = 0; t < plot->data->traces; ++t) {
        const float *row = plot->data->trace[t].intensity;
        for (size_t i = panel->inner_first; i < panel->inner_end; ++i) {
            double value = (double)row[i] / plot->unit[t];
            lowest = fmin(lowest, value);
            if (!counts(plot, i))
                continue;
            low = fmin(low, value);
            high = fmax(high, value);
        }
    }
    if (!(high - low > 0))
        high = 1;
    /* what is cut below leaves a stump to be seen */
    low = fmin(low, fmax(lowest, -0.1 * high));
    double range = high - low;
    if (plot->stacked && high > 0)
        low = fmax(low, -MOST_NEGATIVE * high);
    panel->high = (plot->stacked ? high : high + 0.04 * range) / plot->options->gain;
    panel->low = plot->stacked ? low : low - 0.015 * range;
    if (plot->options->gain > 1)
        panel->low = fmax(panel->low, -0.08 * panel->high);
    if (!(panel->high > panel->low)) /* all negative, and a gain */
        panel->high = panel->low + range;
}

/* Whether the main panel cuts a line. */
static bool cuts(const fmx__plot *plot)
{
    const fmx__plot_panel *panel = &plot->panel[0];
    for (size_t t = 0; t < plot->data->traces; ++t) {
        const float *row = plot->data->trace[t].intensity;
        for (size_t i = panel->inner_first; i < panel->inner_end; ++i) {
            double value = (double)row[i] / plot->unit[t];
            if (value > panel->high * (1 + 1e-6) || value < panel->low - 1e-6 * panel->high)
                return true;
        }
    }
    return false;
}

static double default_height(const fmx__plot *plot, bool zoom)
{
    double n = (double)plot->data->traces;
    if (!plot->stacked)
        return zoom ? 210 : 400;
    double pitch = n <= 3 ? 110 : n <= 8 ? 72 : n <= 16 ? 48 : n <= 48 ? 30 : fmax(6, 1440 / n);
    double height = fmax(pitch * n, 160);
    return zoom ? fmax(180, 0.6 * height) : height;
}

static size_t zoom_columns(const fmx__plot *plot)
{
    size_t zooms = plot->panels - 1;
    size_t most = plot->width >= 840 ? 3 : plot->width >= 560 ? 2 : 1;
    if (zooms == 4 && most == 3)
        return 2;
    return zooms < most ? zooms : most;
}

/* Puts the panels: the main one over the whole width, the zooms in rows below. */
static fmx_status place_panels(fmx__plot *plot)
{
    double y_labels = plot->stacked ? 0 : Y_LABELS;
    double inner = plot->width - 2.0 * MARGIN - plot->labels;
    size_t columns = zoom_columns(plot);
    size_t rows = columns > 0 ? (plot->panels - 2) / columns + 1 : 0;
    double head = plot->stacked && plot->own && plot->panels == 1 ? PANEL_HEAD / 3.0 : PANEL_HEAD;
    double top = HEADER + (double)plot->legend_rows * LEGEND_ROW + head;
    double fixed = top + MAIN_AXIS + (double)rows * (PANEL_HEAD + ZOOM_AXIS) + MARGIN / 2.0;
    double main_px = default_height(plot, false);
    double zoom_px = default_height(plot, true);
    if (plot->options->height_px > 0) {
        double left = plot->options->height_px - fixed;
        main_px = rows > 0 ? 0.6 * left : left;
        zoom_px = rows > 0 ? 0.4 * left / (double)rows : 0;
        if (main_px < 60 || (rows > 0 && zoom_px < 50))
            return fmx__fail(
                plot->ctx, FMX_ERROR_ARGUMENT,
                "plot: a height of %g px is too small for this; give at least %.0f, or "
                "none",
                plot->options->height_px,
                ceil(fixed + fmax(100, rows > 0 ? (double)rows * 125 : 0)));
    }
    plot->height = fixed + main_px + (double)rows * zoom_px;
    fmx__plot_panel *first = &plot->panel[0];
    first->left = MARGIN + y_labels;
    first->width = inner - y_labels;
    first->top = top;
    first->height = main_px;
    double zoom_width =
        columns > 0 ? (inner - (double)(columns - 1) * ZOOM_GAP) / (double)columns : 0;
    for (size_t i = 1; i < plot->panels; ++i) {
        size_t row = (i - 1) / columns;
        size_t column = (i - 1) % columns;
        fmx__plot_panel *panel = &plot->panel[i];
        panel->left = MARGIN + y_labels + (double)column * (zoom_width + ZOOM_GAP);
        panel->width = zoom_width - y_labels;
        panel->top = top + main_px + MAIN_AXIS + PANEL_HEAD +
                     (double)row * (zoom_px + ZOOM_AXIS + PANEL_HEAD);
        panel->height = zoom_px;
    }
    return FMX_OK;
}

/* Room for names: at the right of a stack, above an overlay. */
static void place_names(fmx__plot *plot)
{
    size_t traces = plot->data->traces;
    double x = MARGIN;
    size_t row = 0;
    for (size_t t = 0; plot->stacked && t < traces; ++t) {
        char label[FMX__PLOT_LABEL];
        fmx__plot_trace_label(plot, t, 12, fmin(250, 0.28 * plot->width), label);
        plot->labels = fmax(plot->labels, 14 + fmx__svg_text_width(label, 12) * 1.04);
    }
    for (size_t t = 0; !plot->stacked && traces > 1 && t < traces; ++t)
        fmx__plot_legend_step(plot, t, &x, &row);
    plot->legend_rows = plot->stacked || traces == 1 ? 0 : row + 1;
    if (plot->legend_rows > MOST_LEGEND_ROWS)
        plot->legend_rows = MOST_LEGEND_ROWS;
}

static void choose(fmx__plot *plot)
{
    const fmx_plot_data *data = plot->data;
    const fmx_plot_options *options = plot->options;
    plot->stacked = options->layout == FMX_PLOT_STACK ||
                    (options->layout == FMX_PLOT_AUTOMATIC && data->traces > FMX__PLOT_COLOURS);
    plot->own = options->scale == FMX_PLOT_SCALE_OWN ||
                (options->scale == FMX_PLOT_SCALE_AUTOMATIC && plot->stacked);
    for (size_t t = 1; t < data->traces; ++t) /* within 0.5 MHz they are the same magnet */
        plot->fields_differ |= fabs(data->trace[t].field_mhz - data->trace[0].field_mhz) > 0.5;
    plot->width = options->width_px;
    plot->panels = 1 + options->zooms;
}

fmx_status fmx__plot_plan(fmx_context *ctx, const fmx_plot_data *data,
                          const fmx_plot_options *options, fmx__plot *out)
{
    *out = (fmx__plot){.ctx = ctx, .data = data, .options = options};
    fmx_status status = check_options(ctx, options);
    if (status == FMX_OK)
        status = check_data(ctx, data);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, data->traces, sizeof *out->unit, "plot scales", &out->unit);
    if (status != FMX_OK)
        return status;
    choose(out);
    status = set_region(out, options->region, "ppm", &out->panel[0]);
    for (size_t i = 0; status == FMX_OK && i < options->zooms; ++i)
        status = set_region(out, options->zoom[i], "zoom", &out->panel[1 + i]);
    if (status != FMX_OK)
        return status;
    place_names(out);
    status = place_panels(out);
    if (status != FMX_OK)
        return status;
    set_units(out);
    double total_px = 0;
    for (size_t i = 0; i < out->panels; ++i) {
        set_range(out, &out->panel[i]);
        total_px += out->panel[i].width;
    }
    out->cut = cuts(out);
    out->column_px = fmax(0.5, total_px * (double)data->traces * BYTES_PER_COLUMN / TEXT_BUDGET);
    return FMX_OK;
}

void fmx__plot_plan_clear(fmx__plot *plot)
{
    free(plot->unit);
    *plot = (fmx__plot){0};
}
