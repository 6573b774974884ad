/* A row of values as a line in a picture. */
#include <math.h>
#include <stdlib.h>

#include "html_internal.h"
#include "plot_internal.h"

static int32_t tenths(double px)
{
    return (int32_t)lround(px * FMX__PLOT_UNIT);
}

/* The smallest and the largest of values [first, end) in the order in which they come; how many
 * points that is. */
static size_t extremes(const float *value, size_t first, size_t end, size_t at[2])
{
    size_t low = first;
    size_t high = first;
    for (size_t i = first; i < end; ++i) {
        if (value[i] < value[low])
            low = i;
        if (value[i] > value[high])
            high = i;
    }
    at[0] = low < high ? low : high;
    at[1] = low < high ? high : low;
    return first >= end ? 0 : low == high ? 1 : 2;
}

void fmx__html_trace(fmx__svg *page, const fmx__html_strip *s, const float *value, size_t count,
                     const char *style)
{
    fmx__plot_point *point = NULL;
    size_t columns = (size_t)ceil(s->width / s->column_px);
    size_t drawn = 0;
    if (page->status != FMX_OK || count == 0)
        return;
    fmx_status status = fmx__alloc(page->ctx, 2 * columns + 2, sizeof *point, "a trace", &point);
    for (size_t c = 0; status == FMX_OK && c < columns; ++c) {
        size_t at[2];
        size_t points = extremes(value, c * count / columns, (c + 1) * count / columns, at);
        for (size_t k = 0; k < points; ++k) {
            double y = s->zero_y - (double)value[at[k]] * s->up;
            double x = s->left + ((double)at[k] + 0.5) / (double)count * s->width;
            point[drawn++] = (fmx__plot_point){tenths(x), tenths(fmin(fmax(y, s->head), s->foot))};
        }
    }
    if (status == FMX_OK) {
        fmx__html_format(page, "<g class=\"%s\" transform=\"scale(.1)\">", style);
        fmx__plot_path(page, point, drawn);
        fmx__svg_raw(page, "</g>\n");
    }
    free(point);
    if (page->status == FMX_OK)
        page->status = status;
}
