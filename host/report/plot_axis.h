/* Where the ticks of an axis stand and what is written beside them. */
#ifndef FIDMIX_PLOT_AXIS_H
#define FIDMIX_PLOT_AXIS_H

#include <stddef.h>
#include <stdint.h>

/* Ticks at value(i) = (first + i) step, i < count. */
typedef struct fmx__ticks {
    int64_t first;
    size_t count;
    double step;       /* 1, 2 or 5 times a power of ten */
    unsigned parts;    /* minor divisions of a step: 5, 4, 5 */
    unsigned decimals; /* digits after the point that tell the ticks apart */
} fmx__ticks;

/* The finest ticks within [low, high] that are at most `most` (>= 2) in number; count is 0 where
 * low < high does not hold. */
fmx__ticks fmx__ticks_between(double low, double high, size_t most);

double fmx__tick_value(const fmx__ticks *ticks, size_t i);

/* Text of a tick; `text` holds at least 40 bytes. */
void fmx__tick_text(char *text, const fmx__ticks *ticks, size_t i);

/* The power of ten to divide an axis by so that its labels stay short: 0 where the largest
 * magnitude lies within [0.1, 10000). */
int fmx__axis_exponent(double largest);

/* A value for people, three significant digits, in `text` of at least 40 bytes: "12.3",
 * "4.56 x 10^7" with real signs and superscripts. */
void fmx__axis_value_text(char *text, double value);

/* "10" with the exponent in superscript digits, UTF-8; `text` holds at least 40 bytes. */
void fmx__axis_power_text(char *text, int exponent);

/* "1H" with its mass number in superscript digits; `text` holds at least 40 bytes. */
void fmx__axis_nucleus_text(char *text, const char *nucleus);

#endif
