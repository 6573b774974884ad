#include <math.h>

#include "plot_internal.h"

/* Far enough outside any picture to be cut, small enough for differences to fit 32 bits. */
#define FAR_UNITS 1e8

typedef struct column {
    int64_t index;
    size_t least; /* points with the smallest and the largest intensity */
    size_t most;
} column;

size_t fmx__plot_most_points(const fmx__plot *plot, const fmx__plot_panel *panel)
{
    size_t points = panel->end - panel->first;
    size_t columns = (size_t)ceil(panel->width / plot->column_px) + 4;
    return points < 2 * columns ? points : 2 * columns;
}

static fmx__plot_point place(const fmx__plot *plot, const fmx__plot_panel *panel, size_t trace,
                             size_t i)
{
    const fmx_plot_data *data = plot->data;
    double value = (double)data->trace[trace].intensity[i] / plot->unit[trace];
    if (plot->stacked) /* what is cut stays in its row */
        value = fmin(fmax(value, panel->low), panel->high);
    double y = fmx__plot_zero_y(plot, panel, trace) - value * fmx__plot_px_per_unit(plot, panel);
    double x = fmx__plot_x(panel, data->ppm[i]);
    return (fmx__plot_point){
        (int32_t)lround(fmin(fmax(x * FMX__PLOT_UNIT, -FAR_UNITS), FAR_UNITS)),
        (int32_t)lround(fmin(fmax(y * FMX__PLOT_UNIT, -FAR_UNITS), FAR_UNITS)),
    };
}

static size_t keep(const fmx__plot *plot, const fmx__plot_panel *panel, size_t trace,
                   const column *c, fmx__plot_point *out)
{
    size_t before = c->least < c->most ? c->least : c->most;
    size_t after = c->least < c->most ? c->most : c->least;
    out[0] = place(plot, panel, trace, before);
    if (after == before)
        return 1;
    out[1] = place(plot, panel, trace, after);
    return 2;
}

size_t fmx__plot_reduce(const fmx__plot *plot, const fmx__plot_panel *panel, size_t trace,
                        fmx__plot_point *out)
{
    const float *row = plot->data->trace[trace].intensity;
    double columns = ceil(panel->width / plot->column_px);
    column now = {.index = INT64_MIN};
    size_t count = 0;
    for (size_t i = panel->first; i < panel->end; ++i) {
        double x = (fmx__plot_x(panel, plot->data->ppm[i]) - panel->left) / plot->column_px;
        /* neighbours outside the panel get the column before the first or behind the last */
        int64_t index = (int64_t)floor(fmin(fmax(x, -1), columns + 1));
        if (index != now.index) {
            if (now.index != INT64_MIN)
                count += keep(plot, panel, trace, &now, out + count);
            now = (column){index, i, i};
        }
        if (row[i] < row[now.least])
            now.least = i;
        if (row[i] > row[now.most])
            now.most = i;
    }
    if (now.index != INT64_MIN)
        count += keep(plot, panel, trace, &now, out + count);
    return count;
}

/* Writes one step; `letter` is the command that stands, so that it need not be repeated. */
static void step(fmx__svg *svg, char *letter, int32_t dx, int32_t dy)
{
    char wanted = dy == 0 ? 'h' : dx == 0 ? 'v' : 'l';
    if (dx == 0 && dy == 0)
        return;
    char text[2] = {wanted, '\0'};
    int32_t value[2] = {wanted == 'v' ? dy : dx, dy};
    if (wanted != *letter)
        fmx__svg_raw(svg, text);
    for (int i = 0; i < (wanted == 'l' ? 2 : 1); ++i) {
        if (value[i] >= 0 && (i > 0 || wanted == *letter))
            fmx__svg_raw(svg, " ");
        fmx__svg_integer(svg, value[i]);
    }
    *letter = wanted;
}

void fmx__plot_path(fmx__svg *svg, const fmx__plot_point *point, size_t count)
{
    char letter = '\0';
    if (count == 0)
        return;
    fmx__plot_point at = point[0];
    fmx__svg_raw(svg, "<path d=\"M");
    fmx__svg_integer(svg, at.x);
    fmx__svg_raw(svg, " ");
    fmx__svg_integer(svg, at.y);
    for (size_t i = 1; i < count; ++i) {
        bool level = i + 1 < count && point[i].y == at.y && point[i + 1].y == at.y;
        if (level)
            continue;
        step(svg, &letter, point[i].x - at.x, point[i].y - at.y);
        at = point[i];
    }
    fmx__svg_raw(svg, "\"/>\n");
}
