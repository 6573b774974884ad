/* What the files of the report share. A page is written as SVG is: the first failure sticks. */
#ifndef FIDMIX_HTML_INTERNAL_H
#define FIDMIX_HTML_INTERNAL_H

#include "html_report.h"
#include "svg.h"

enum { FMX__HTML_LINE = 512 };

/* Markup with numbers in it, at most FMX__HTML_LINE - 1 bytes; texts go through fmx__svg_escaped.
 */
void fmx__html_format(fmx__svg *page, const char *format, ...) FMX__PRINTF(2, 3);

/* <section id="id"><h2>title</h2><p>lead</p>; lead is markup and may be NULL. */
void fmx__html_section(fmx__svg *page, const char *id, const char *title, const char *lead);
void fmx__html_section_end(fmx__svg *page);

/* "98.8 %" or "0.0123", a dash where undefined. `text` holds at least 40 bytes. */
void fmx__html_value(char *text, const fmx__figure_info *info, double value);

/* The value with its interval, as the content of a table cell. */
void fmx__html_figure(fmx__svg *page, const fmx__figure_info *info, const fmx__figure *figure);

/* A share in percent, one decimal below ten. `text` holds at least 40 bytes. */
void fmx__html_percent(char *text, double share);

/* Name of a mixture, escaped. */
void fmx__html_mixture(fmx__svg *page, const fmx__report *report, size_t mixture);

/* The methods as heading cells, each of `columns` columns. */
void fmx__html_method_heads(fmx__svg *page, const fmx__report *report, size_t columns);

/* "<svg ...><title>title</title>" of a picture of that size; it shrinks to `least_px` and is
 * scrolled sideways on narrower screens. Close with fmx__html_picture_end. */
void fmx__html_picture(fmx__svg *page, const char *title, double width_px, double height_px,
                       double least_px);
void fmx__html_picture_end(fmx__svg *page);

/* Swatch and name of every method: <p class="key">. */
void fmx__html_method_key(fmx__svg *page, const fmx__report *report);

void fmx__html_style(fmx__svg *page);

/* Ends the page and hands its text over, released with free(); what failed first, if anything did.
 */
fmx_status fmx__html_finish(fmx__svg *page, char **out, size_t *bytes);

/* Where a row of values is drawn: value 0 at zero_y, `up` pixels for each unit (negative: down). */
typedef struct fmx__html_strip {
    double left;
    double width;
    double zero_y;
    double up;
    double head; /* what is beyond is cut */
    double foot;
    double column_px;
} fmx__html_strip;

/* Draws values over their index, at most two points a column: the smallest and the largest. */
void fmx__html_trace(fmx__svg *page, const fmx__html_strip *strip, const float *value, size_t count,
                     const char *style);

/* The sections. */
void fmx__html_summary(fmx__svg *page, const fmx__report *report);
void fmx__html_components(fmx__svg *page, const fmx__report *report);
void fmx__html_classes(fmx__svg *page, const fmx__report *report);
void fmx__html_identification(fmx__svg *page, const fmx__report *report);
void fmx__html_confusion(fmx__svg *page, const fmx__report *report);
void fmx__html_pairs(fmx__svg *page, const fmx__report *report);
void fmx__html_reliability(fmx__svg *page, const fmx__report *report);
void fmx__html_history(fmx__svg *page, const fmx__report *report);
void fmx__html_overlays(fmx__svg *page, const fmx__report *report);
void fmx__html_layers(fmx__svg *page, const fmx__report *report);

/* A C x C table of numbers as a picture with the classes along both sides. */
typedef struct fmx__html_matrix {
    const char *title;       /* for screen readers */
    const char *const *name; /* [classes] */
    size_t classes;
    const char *rows; /* what a row is: "in the mixture" */
    const char *columns;
    const char *unit;                                           /* behind a value in tooltips */
    double (*value)(const void *of, size_t row, size_t column); /* NaN: there is none */
    const void *of;
    double most;  /* magnitude of the full colour */
    double least; /* the smallest value, negative where values have signs */
    bool counts;  /* numbers of mixtures: errors but on the diagonal, with a colour of its own */
    double most_found; /* of the diagonal's full colour */
    unsigned decimals;
} fmx__html_matrix;

double fmx__html_matrix_width(const fmx__html_matrix *matrix); /* pixels */
void fmx__html_matrix_draw(fmx__svg *page, const fmx__html_matrix *matrix);

/* One curve of a diagram; NaN breaks it. */
typedef struct fmx__html_curve {
    const char *name;
    const double *x; /* [count] */
    const double *y;
    size_t count;
    bool marks; /* a dot at every point */
} fmx__html_curve;

typedef struct fmx__html_diagram {
    const char *title;
    const char *x_name;
    const char *y_name;
    double x_low, x_high; /* left and right end: ppm fall */
    double y_low, y_high;
    bool y_log;    /* y_low > 0 */
    bool diagonal; /* a dashed line where y is x */
    double width_px, height_px;
} fmx__html_diagram;

/* Curves with axes; their names stand above in their colours. */
void fmx__html_diagram_draw(fmx__svg *page, const fmx__html_diagram *diagram,
                            const fmx__html_curve *curve, size_t curves);

enum { FMX__HTML_COLOURS = 6 };

#endif
