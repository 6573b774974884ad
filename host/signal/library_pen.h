/* A library in the making: compounds, their entries, multiplets and lines are appended, each to the
 * last of what it belongs to. */
#ifndef FIDMIX_LIBRARY_PEN_H
#define FIDMIX_LIBRARY_PEN_H

#include "base.h"
#include "fidmix/library.h"

typedef struct fmx__library_pen {
    fmx_context *ctx;
    fmx_library *to;
    size_t compounds; /* room in its arrays */
    size_t entries;
    size_t multiplets;
    size_t ppm;
    size_t protons;
} fmx__library_pen;

/* A library without compounds; the caller takes or releases pen->to, also after an error. */
fmx_status fmx__library_pen_open(fmx_context *ctx, double field_mhz, double gap_ppm,
                                 fmx__library_pen *out);

/* The first `length` bytes of `name`; `also` as in fmx_library_compound. */
fmx_status fmx__library_pen_compound(fmx__library_pen *pen, const char *name, size_t length,
                                     const char *also);
fmx_status fmx__library_pen_entry(fmx__library_pen *pen, const char *name, const char *synonyms,
                                  const char *source, double width_hz);
fmx_status fmx__library_pen_multiplet(fmx__library_pen *pen);
fmx_status fmx__library_pen_line(fmx__library_pen *pen, double ppm, double protons);

/* The multiplets of an entry of another library, each moved by shift_ppm[multiplet] (NULL: not). */
fmx_status fmx__library_pen_lines(fmx__library_pen *pen, const fmx_library *from,
                                  const fmx_library_entry *entry, const double *shift_ppm);

/* An entry of another library. */
fmx_status fmx__library_pen_copy(fmx__library_pen *pen, const fmx_library *from,
                                 const fmx_library_entry *entry);

#endif
