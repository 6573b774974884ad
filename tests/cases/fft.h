/* Cases of fft, shared by test and benchmark. */
#ifndef FMX_CASES_FFT_H
#define FMX_CASES_FFT_H

#include "fidmix/fft.h"

typedef struct fmx_case_fft {
    const char *name;
    size_t rows;
    size_t points;
    double group_delay;
    int scale; /* fmx_fft_scale */
    int bench; /* measured by the benchmark */
} fmx_case_fft;

/* fft_short_wide ends at 128 and takes 16 rows an item, fft_wide changes from two launches to one
 * at 4 rows per compute unit, fft_pass from one pass to two above 4096; other lengths take the
 * chirp. */
static const fmx_case_fft fmx_cases_fft[] = {
    {"one point", 1, 1, 0, FMX_FFT_UNSCALED, 0},
    {"two points", 3, 2, 0, FMX_FFT_UNSCALED, 0},
    {"tile of rows - 1", 15, 64, 0, FMX_FFT_UNSCALED, 0},
    {"tile of rows", 16, 64, 3.25, FMX_FFT_BY_POINTS, 0},
    {"tile of rows + 1", 17, 64, 0, FMX_FFT_BY_ROOT, 0},
    {"odd", 3, 7, 0.5, FMX_FFT_UNSCALED, 0},
    {"power - 1", 3, 127, 0, FMX_FFT_UNSCALED, 0},
    {"power", 3, 128, 0, FMX_FFT_UNSCALED, 0},
    {"power + 1", 3, 129, 0, FMX_FFT_UNSCALED, 0},
    {"prime", 2, 1009, 67.986, FMX_FFT_UNSCALED, 0},
    {"smooth", 3, 3360, 0, FMX_FFT_UNSCALED, 0},
    {"one pass", 5, 4096, 76.0, FMX_FFT_UNSCALED, 0},
    {"two passes", 5, 8192, 76.0, FMX_FFT_UNSCALED, 0},
    {"negative delay", 2, 8192, -1.75, FMX_FFT_UNSCALED, 0},
    {"21800", 3, 21800, 0.986, FMX_FFT_UNSCALED, 0},
    {"published", 64, 32768, 0.986, FMX_FFT_UNSCALED, 1},
    {"published, 65536", 64, 65536, 0.986, FMX_FFT_UNSCALED, 1},
    {"published, 21800", 64, 21800, 0.986, FMX_FFT_UNSCALED, 1},
    {"one row, 65536", 1, 65536, 0.986, FMX_FFT_UNSCALED, 1},
    {"long", 1, 131072, 67.986, FMX_FFT_UNSCALED, 1},
};

#endif
