/* A library on an axis: its multiplets as the kernel of synthesis.h takes them. */
#ifndef FIDMIX_MULTIPLET_TABLE_H
#define FIDMIX_MULTIPLET_TABLE_H

#include "fidmix/library.h"
#include "synthesis.h"

/* Where points lie: point j at first_ppm + j (last_ppm - first_ppm) / (points - 1). */
typedef struct fmx__multiplet_axis {
    double first_ppm;
    double last_ppm;
    size_t points;
} fmx__multiplet_axis;

typedef struct fmx__table_multiplet {
    uint32_t first_line;
    uint32_t lines;
    double place; /* points */
    double low;   /* offsets of the outer lines */
    double high;
    double protons;
} fmx__table_multiplet;

typedef struct fmx__multiplet_table {
    const fmx_library *library;
    fmx__multiplet_axis axis;
    double points_per_hz;
    fmx__table_multiplet *multiplet; /* [library->multiplets] */
    size_t most;                     /* multiplets of an entry at most */
    fmx_buffer *lines;               /* fmx__synthesis_line [line_count] */
    size_t line_count;
} fmx__multiplet_table;

/* Lines within merge_hz of each other become one at their centre of gravity. `library` must outlive
 * the table. Release with fmx__multiplet_table_clear, also after an error. Errors: FMX_ERROR_SHAPE
 * (an axis that does not descend, more than 2^32 lines), FMX_ERROR_MEMORY, device errors. */
fmx_status fmx__multiplet_table_create(fmx_device *device, const fmx_library *library,
                                       const fmx__multiplet_axis *axis, double merge_hz,
                                       fmx__multiplet_table *out);
void fmx__multiplet_table_clear(fmx__multiplet_table *table);

/* What of a half width (points) is left to draw the lines of an entry with: all of it, unless they
 * have a width of their own; then at least 0.75, which keeps a row of narrow lines smooth. */
double fmx__multiplet_half_width(const fmx__multiplet_table *table, const fmx_library_entry *entry,
                                 double half_width);

/* Multiplet number `index` of the library, moved by shift_points, as a part of a plan; false where
 * all of it lies outside of the axis. */
bool fmx__multiplet_part(const fmx__multiplet_table *table, size_t index, double place,
                         double stretch, double half_width, double reach, double amount,
                         fmx__synthesis_part *out);

#endif
