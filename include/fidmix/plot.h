/** @file plot.h
 *  Spectra as a picture: one self-contained SVG file, ppm falling to the right, readable on a light
 *  and on a dark page (the viewer's setting decides).
 *
 *  Works on plain arrays; nothing here needs a device. Every pixel column of a trace shows its
 *  smallest and its largest point, so that no line vanishes however many points there are.
 */
#ifndef FIDMIX_PLOT_H
#define FIDMIX_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "fidmix/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One spectrum. */
typedef struct fmx_plot_trace {
    const char *name;       /**< label, UTF-8; broken bytes are shown as U+FFFD; NULL: none */
    const float *intensity; /**< [points] */
    double field_mhz;       /**< shown beside the name; 0: not known */
} fmx_plot_trace;

/** Spectra on one axis. Nothing is copied or kept. */
typedef struct fmx_plot_data {
    const double *ppm; /**< [points], descending */
    size_t points;
    const fmx_plot_trace *trace; /**< [traces] */
    size_t traces;
    const char *nucleus; /**< "1H"; NULL or "": not known */
} fmx_plot_data;

typedef struct fmx_plot_region {
    double high_ppm;
    double low_ppm;
} fmx_plot_region;

typedef enum fmx_plot_layout {
    FMX_PLOT_AUTOMATIC, /**< overlaid up to six spectra, stacked beyond */
    FMX_PLOT_OVERLAY,   /**< on one baseline, one colour each */
    FMX_PLOT_STACK,     /**< one baseline each, the first on top, labelled at the right; lines that
                             hang far below their baseline are cut */
} fmx_plot_layout;

typedef enum fmx_plot_scale {
    FMX_PLOT_SCALE_AUTOMATIC, /**< common when overlaid, own when stacked */
    FMX_PLOT_SCALE_COMMON,    /**< intensities compare between spectra */
    FMX_PLOT_SCALE_OWN,       /**< each spectrum divided by its largest magnitude in the region */
} fmx_plot_scale;

typedef struct fmx_plot_options {
    int layout;                      /**< fmx_plot_layout */
    int scale;                       /**< fmx_plot_scale */
    fmx_plot_region region;          /**< part shown; {0, 0}: the whole axis */
    const fmx_plot_region *zoom;     /**< [zooms] magnified parts, drawn as panels below */
    size_t zooms;                    /**< at most 12 */
    const fmx_plot_region *unscaled; /**< [unscaled_count] parts that do not count for the scale
                                          (water): their taller lines are cut */
    size_t unscaled_count;
    const char *title; /**< NULL: the name of a single spectrum, "N spectra" otherwise */
    double width_px;   /**< 320 to 10000 */
    double height_px;  /**< up to 20000; 0: as the content needs */
    double gain;       /**< vertical magnification, > 0; what leaves a panel is cut */
} fmx_plot_options;

#define FMX_PLOT_DEFAULT                                                                           \
    {                                                                                              \
        FMX_PLOT_AUTOMATIC, FMX_PLOT_SCALE_AUTOMATIC, {0, 0}, NULL, 0, NULL, 0, NULL, 1120, 0, 1   \
    }

/** Draws spectra into *out, the text of an SVG document, zero-terminated, released with free().
 *  `bytes` (may be NULL) is its length.
 *  Errors: FMX_ERROR_SHAPE (no spectrum, fewer than two points, an axis that does not descend),
 *  FMX_ERROR_FORMAT (an intensity or shift that is not finite), FMX_ERROR_ARGUMENT (a region
 * outside the axis or not high to low, too small a picture), FMX_ERROR_MEMORY. */
fmx_status fmx_plot_text(fmx_context *ctx, const fmx_plot_data *data,
                         const fmx_plot_options *options, char **out, size_t *bytes);

/** Draws spectra into a file, whole or not at all. Errors: those of fmx_plot_text, FMX_ERROR_EXISTS
 *  when `path` exists and !overwrite (found before anything is drawn), FMX_ERROR_WRITE. */
fmx_status fmx_plot_write(fmx_context *ctx, const fmx_plot_data *data,
                          const fmx_plot_options *options, const char *path, bool overwrite);

#ifdef __cplusplus
}
#endif
#endif
