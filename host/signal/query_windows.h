/* What a query network is shown of a compound: windows of the spectrum around its multiplets, on
 * the device. docs/stages/query_windows.md. */
#ifndef FIDMIX_QUERY_WINDOWS_H
#define FIDMIX_QUERY_WINDOWS_H

#include "launch.h"

enum {
    FMX__QUERY_PARTS = 8,    /* multiplets of a compound that a network sees */
    FMX__QUERY_WINDOW = 192, /* positions of a window */
    FMX__QUERY_SIGNALS = 3,  /* channels: spectrum, pattern, spectrum less the others */
    FMX__QUERY_CHANNELS = FMX__QUERY_PARTS * FMX__QUERY_SIGNALS + 1, /* the last: numbers */
};

/* One window, as kernels/query_windows.cl reads it. */
typedef struct fmx__query_window {
    int32_t start;         /* point of the axis where it begins */
    uint32_t step;         /* points that a position is the mean of; 0: no window, zeros */
    uint32_t spectrum;     /* */
    uint32_t first_height; /* of the pattern, in `heights` */
    uint32_t count;        /* of its points */
    int32_t base;          /* where they begin on the axis, shifted */
    float own;             /* height of the pattern's tallest point in the fit, sigmas */
    float inverse;         /* 1 / the height that the window is divided by, sigmas */
} fmx__query_window;

typedef struct fmx__query_windows_of {
    fmx_buffer *spectra; /* float [count][points], sigma units */
    fmx_buffer *fitted;  /* float [count][points]: all that the fit explains */
    size_t count;
    size_t points;
    fmx_buffer *heights; /* float: 1 at each pattern's tallest point */
    size_t heights_count;
    fmx_buffer *windows; /* fmx__query_window [queries][FMX__QUERY_PARTS]; spectra and heights in
                            them must be there */
    fmx_buffer *numbers; /* float [queries][FMX__QUERY_WINDOW], handed on as the last channel */
    size_t queries;
} fmx__query_windows_of;

/* out float [queries][FMX__QUERY_CHANNELS][FMX__QUERY_WINDOW]. Enqueues only. Errors:
 * FMX_ERROR_SHAPE, device errors. */
fmx_status fmx__query_windows(fmx_device *device, fmx_buffer *out, const fmx__query_windows_of *of);

#endif
