/* What the files of a spectrum plot share: the plan of the picture, made before anything is drawn.
 */
#ifndef FIDMIX_PLOT_INTERNAL_H
#define FIDMIX_PLOT_INTERNAL_H

#include "fidmix/plot.h"
#include "svg.h"

enum { FMX__MOST_ZOOMS = 12, FMX__PLOT_COLOURS = 6, FMX__PLOT_LABEL = 128 };

/* Coordinates inside traces are whole tenths of a pixel. */
#define FMX__PLOT_UNIT 10.0

typedef struct fmx__plot_point {
    int32_t x;
    int32_t y;
} fmx__plot_point;

/* One pair of axes. */
typedef struct fmx__plot_panel {
    fmx_plot_region region;
    double left; /* data area, pixels */
    double top;
    double width;
    double height;
    double low; /* intensity (over the trace's unit) at the foot and the head of the data area, or
                   of one row of a stack */
    double high;
    size_t first; /* points first .. end - 1 are drawn: the region and a neighbour on either side */
    size_t end;
    size_t inner_first; /* the points inside the region, at least one */
    size_t inner_end;
} fmx__plot_panel;

/* The plan. panel[0] is the main one, the others are zooms. */
typedef struct fmx__plot {
    fmx_context *ctx;
    const fmx_plot_data *data;
    const fmx_plot_options *options;
    bool stacked;
    bool own; /* every trace over its own largest magnitude */
    bool fields_differ;
    bool cut;     /* something in the main panel is taller or deeper than its place */
    double *unit; /* [traces]: intensities are divided by it */
    double width;
    double height;
    double labels;    /* room for the labels of a stack, at the right */
    double column_px; /* a trace keeps its smallest and largest point of every column */
    size_t legend_rows;
    fmx__plot_panel panel[1 + FMX__MOST_ZOOMS];
    size_t panels;
} fmx__plot;

/* Checks data and options and lays the picture out; releases with fmx__plot_plan_clear, also after
 * an error. */
fmx_status fmx__plot_plan(fmx_context *ctx, const fmx_plot_data *data,
                          const fmx_plot_options *options, fmx__plot *out);
void fmx__plot_plan_clear(fmx__plot *plot);

/* Pixels of a position in a panel. */
double fmx__plot_x(const fmx__plot_panel *panel, double ppm);

/* Height of a trace's zero line, and pixels per unit of intensity. */
double fmx__plot_zero_y(const fmx__plot *plot, const fmx__plot_panel *panel, size_t trace);
double fmx__plot_px_per_unit(const fmx__plot *plot, const fmx__plot_panel *panel);

/* Distance between the zero lines of a stack. */
double fmx__plot_pitch(const fmx__plot *plot, const fmx__plot_panel *panel);

/* "name" or, where fields differ, "name, 600.1 MHz", shortened to width_px. */
void fmx__plot_trace_label(const fmx__plot *plot, size_t trace, double font_px, double width_px,
                           char label[FMX__PLOT_LABEL]);

/* Places the legend's entry `trace` after the one before it: *x, *row are where the pen stands. */
double fmx__plot_legend_step(const fmx__plot *plot, size_t trace, double *x, size_t *row);

/* Reduces one trace in a panel to at most two points a column, smallest and largest in the order in
 * which they come. `out` holds fmx__plot_most_points. Returns their number. */
size_t fmx__plot_reduce(const fmx__plot *plot, const fmx__plot_panel *panel, size_t trace,
                        fmx__plot_point *out);
size_t fmx__plot_most_points(const fmx__plot *plot, const fmx__plot_panel *panel);

/* A path through the points, relative whole numbers, level runs joined. */
void fmx__plot_path(fmx__svg *svg, const fmx__plot_point *point, size_t count);

/* The style sheet: light colours, and dark ones where the viewer prefers them. */
void fmx__plot_style(fmx__svg *svg, size_t traces);

#endif
