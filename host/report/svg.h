/* Writes SVG: escaped text, short numbers, no dependence on the locale. The first failure sticks:
 * calls after it do nothing, and the caller looks at `status` once. */
#ifndef FIDMIX_SVG_H
#define FIDMIX_SVG_H

#include "base.h"

typedef struct fmx__svg {
    fmx_context *ctx;
    fmx_status status;
    char *text; /* zero-terminated once anything was written; owned */
    size_t length;
    size_t capacity;
} fmx__svg;

typedef enum fmx__svg_anchor {
    FMX__SVG_START,
    FMX__SVG_MIDDLE,
    FMX__SVG_END,
} fmx__svg_anchor;

/* Writes value with `decimals` (0 to 9) digits after the point into text (at least 40 bytes); no
 * "-0". Values beyond 1e15 are cut to it. */
void fmx__svg_fixed(char *text, double value, unsigned decimals);

/* Estimated width of text in pixels at font_px, from the proportions of a common sans-serif: a
 * viewer's own font differs by some percent, so leave room. */
double fmx__svg_text_width(const char *text, double font_px);

/* Shortens text with an ellipsis so that its estimated width is at most width_px. `out` holds
 * `bytes` bytes (at least 8). */
void fmx__svg_fit(char *out, size_t bytes, const char *text, double font_px, double width_px);

/* Markup as it is. */
void fmx__svg_raw(fmx__svg *svg, const char *markup);

/* Text content or attribute value: & < > " ' escaped, broken UTF-8 and characters that XML forbids
 * replaced by U+FFFD. */
void fmx__svg_escaped(fmx__svg *svg, const char *text);

/* At most two decimals, without trailing zeros. */
void fmx__svg_number(fmx__svg *svg, double value);
void fmx__svg_integer(fmx__svg *svg, int64_t value);

/*  name="value" with a blank in front. */
void fmx__svg_attribute(fmx__svg *svg, const char *name, double value);

void fmx__svg_line(fmx__svg *svg, const char *style, double x1, double y1, double x2, double y2);
void fmx__svg_rect(fmx__svg *svg, const char *style, double x, double y, double width,
                   double height);

/* A line of text; `style` is a class, y the baseline. */
void fmx__svg_label(fmx__svg *svg, const char *style, fmx__svg_anchor anchor, double x, double y,
                    const char *text);

/* <name>text</name>, escaped: title and desc. */
void fmx__svg_element(fmx__svg *svg, const char *name, const char *text);

#endif
