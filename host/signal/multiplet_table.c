#include "multiplet_table.h"

#include <math.h>
#include <stdlib.h>

/* Where a chemical shift lies, in points. */
static double place_of(const fmx__multiplet_axis *axis, double ppm)
{
    return (axis->first_ppm - ppm) / (axis->first_ppm - axis->last_ppm) *
           (double)(axis->points - 1);
}

/* The lines of a multiplet by rising point, that is by falling ppm, merged. */
static void add_lines(const fmx__multiplet_table *t, const fmx_library_multiplet *from,
                      double merge_points, fmx__synthesis_line *line, fmx__table_multiplet *to)
{
    const fmx_library *l = t->library;
    size_t end = from->first_line;
    to->place = place_of(&t->axis, from->ppm);
    to->protons = from->protons;
    for (size_t i = from->first_line + from->line_count; i > end;) {
        double first = place_of(&t->axis, l->line_ppm[i - 1]) - to->place;
        double weight = 0;
        double moment = 0;
        for (; i > end; --i) {
            double offset = place_of(&t->axis, l->line_ppm[i - 1]) - to->place;
            if (offset - first > merge_points)
                break;
            weight += l->line_protons[i - 1];
            moment += l->line_protons[i - 1] * offset;
        }
        line[to->first_line + to->lines++] =
            (fmx__synthesis_line){(float)(moment / weight), (float)weight};
    }
    to->low = line[to->first_line].offset;
    to->high = line[to->first_line + to->lines - 1].offset;
}

fmx_status fmx__multiplet_table_create(fmx_device *device, const fmx_library *library,
                                       const fmx__multiplet_axis *axis, double merge_hz,
                                       fmx__multiplet_table *out)
{
    fmx_context *ctx = fmx__device_context(device);
    fmx__synthesis_line *line = NULL;
    *out = (fmx__multiplet_table){.library = library, .axis = *axis};
    if (axis->points < 2 || axis->points > FMX__SYNTHESIS_MOST_POINTS ||
        !(axis->first_ppm > axis->last_ppm) || library->lines > UINT32_MAX)
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "a library on an axis from %g to %g ppm in %zu points; it must descend, "
                         "with 2 to %d points",
                         axis->first_ppm, axis->last_ppm, axis->points,
                         (int)FMX__SYNTHESIS_MOST_POINTS);
    out->points_per_hz =
        (double)(axis->points - 1) / (axis->first_ppm - axis->last_ppm) / library->field_mhz;
    fmx_status status =
        fmx__alloc(ctx, library->multiplets, sizeof *out->multiplet, "multiplets", &out->multiplet);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, library->lines, sizeof *line, "lines", &line);
    for (size_t i = 0; status == FMX_OK && i < library->multiplets; ++i) {
        out->multiplet[i].first_line = (uint32_t)out->line_count;
        add_lines(out, &library->multiplet[i], merge_hz * out->points_per_hz, line,
                  &out->multiplet[i]);
        out->line_count += out->multiplet[i].lines;
    }
    for (size_t i = 0; i < library->entries; ++i)
        out->most = library->entry[i].multiplet_count > out->most
                        ? library->entry[i].multiplet_count
                        : out->most;
    if (status == FMX_OK)
        status = fmx_buffer_create_copy(device, line, out->line_count * sizeof *line, &out->lines);
    free(line);
    return status;
}

void fmx__multiplet_table_clear(fmx__multiplet_table *table)
{
    fmx_buffer_release(table->lines);
    free(table->multiplet);
    *table = (fmx__multiplet_table){0};
}

double fmx__multiplet_half_width(const fmx__multiplet_table *table, const fmx_library_entry *entry,
                                 double half_width)
{
    static const double least = 0.75;
    return entry->width_hz > 0
               ? fmax(half_width - entry->width_hz / 2 * table->points_per_hz, least)
               : half_width;
}

bool fmx__multiplet_part(const fmx__multiplet_table *table, size_t index, double place,
                         double stretch, double half_width, double reach, double amount,
                         fmx__synthesis_part *out)
{
    const fmx__table_multiplet *m = &table->multiplet[index];
    double arm = reach * half_width;
    double base = floor(place);
    *out = (fmx__synthesis_part){
        .first_line = m->first_line,
        .lines = m->lines,
        .fraction = (float)(place - base),
        .amount = (float)amount,
        .half_width = (float)half_width,
        .stretch = (float)stretch,
        .window = fmx__synthesis_window(place + stretch * m->low - arm,
                                        place + stretch * m->high + arm, table->axis.points),
    };
    if (out->window == 0)
        return false; /* before base is cast: it may be anywhere */
    out->base = (int32_t)base;
    return true;
}
