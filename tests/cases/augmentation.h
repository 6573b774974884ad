/* Cases of augmentation, shared by test and benchmark. */
#ifndef FMX_CASES_AUGMENTATION_H
#define FMX_CASES_AUGMENTATION_H

#include <string.h>

#include "../../host/signal/augmentation.h" /* this file has the same name */

/* Which quantities a case draws. */
enum {
    FMX_AUGMENT_SHIFT = 1,
    FMX_AUGMENT_STRETCH = 2,
    FMX_AUGMENT_WARP = 4,
    FMX_AUGMENT_BASELINE = 8,
    FMX_AUGMENT_RIPPLE = 16,
    FMX_AUGMENT_NOISE = 32,
    FMX_AUGMENT_SLOW = 64,
    FMX_AUGMENT_AMPLITUDE = 128,
    FMX_AUGMENT_LORENTZIAN = 256,
    FMX_AUGMENT_GAUSSIAN = 512,
    FMX_AUGMENT_PHASE = 1024,
    FMX_AUGMENT_DIRECT = 255, /* all but the way through the time domain */
    FMX_AUGMENT_ALL = 2047,
};

typedef struct fmx_case_augmentation {
    const char *name;
    size_t rows; /* of the library */
    size_t points;
    size_t items;
    int what;
    int interpolation;
    int normalise;
    int bench; /* measured by the benchmark */
} fmx_case_augmentation;

static inline void fmx_case_range(fmx__augmentation_range *out, bool wanted, double low,
                                  double high)
{
    if (!wanted)
        return;
    out->range.value[0] = low;
    out->range.value[1] = high;
}

/* The options of a case; ranges that keep every quantity well away from zero. */
static inline fmx__augmentation_options fmx_case_options(const fmx_case_augmentation *c)
{
    fmx__augmentation_options o;
    memcpy(&o, fmx__augmentation_group.defaults, sizeof o);
    fmx_case_range(&o.shift, c->what & FMX_AUGMENT_SHIFT, -0.05, 0.05);
    fmx_case_range(&o.stretch, c->what & FMX_AUGMENT_STRETCH, -0.015, 0.015);
    fmx_case_range(&o.warp, c->what & FMX_AUGMENT_WARP, -0.01, 0.01);
    fmx_case_range(&o.baseline, c->what & FMX_AUGMENT_BASELINE, -0.05, 0.05);
    fmx_case_range(&o.ripple, c->what & FMX_AUGMENT_RIPPLE, 0.01, 0.02);
    fmx_case_range(&o.noise, c->what & FMX_AUGMENT_NOISE, 1e-3, 1e-2);
    fmx_case_range(&o.slow_noise, c->what & FMX_AUGMENT_SLOW, 1e-3, 1e-2);
    fmx_case_range(&o.amplitude, c->what & FMX_AUGMENT_AMPLITUDE, 0.2, 5);
    fmx_case_range(&o.lorentzian, c->what & FMX_AUGMENT_LORENTZIAN, 0.5, 3);
    fmx_case_range(&o.gaussian, c->what & FMX_AUGMENT_GAUSSIAN, 0.5, 3);
    fmx_case_range(&o.p0, c->what & FMX_AUGMENT_PHASE, -8, 8);
    fmx_case_range(&o.p1, c->what & FMX_AUGMENT_PHASE, -20, 20);
    o.p0.distribution = FMX__AUGMENTATION_NORMAL;
    if (c->what & FMX_AUGMENT_NOISE)
        o.noise.distribution = FMX__AUGMENTATION_LOG_UNIFORM;
    o.warp_knots = 5;
    o.baseline_order = 4;
    o.slow_noise_knots = 30;
    o.interpolation = c->interpolation;
    o.normalise = c->normalise;
    return o;
}

/* Blocks of 16 and 64 points, 1024 parts of the sum; a row of 19 is the shortest with a block
 * that is read without joining the ends. */
static const fmx_case_augmentation fmx_cases_augmentation[] = {
    {"one point", 2, 1, 3, FMX_AUGMENT_SHIFT | FMX_AUGMENT_NOISE, 2, 1, 0},
    {"tile - 1", 3, 15, 5, FMX_AUGMENT_DIRECT, 2, 0, 0},
    {"tile", 3, 16, 5, FMX_AUGMENT_DIRECT, 2, 1, 0},
    {"tile + 1", 3, 17, 5, FMX_AUGMENT_DIRECT, 1, 2, 0},
    {"block - 1", 3, 63, 4, FMX_AUGMENT_DIRECT, 2, 2, 0},
    {"block", 3, 64, 4, FMX_AUGMENT_DIRECT, 1, 1, 0},
    {"block + 1", 3, 65, 4, FMX_AUGMENT_DIRECT, 2, 2, 0},
    {"parts + 1", 3, 1025, 4, FMX_AUGMENT_DIRECT, 2, 2, 0},
    {"prime", 5, 4099, 7, FMX_AUGMENT_DIRECT, 2, 1, 0},
    {"shift alone", 5, 1009, 7, FMX_AUGMENT_SHIFT, 2, 0, 0},
    {"stretch alone", 5, 1009, 7, FMX_AUGMENT_STRETCH, 1, 0, 0},
    {"warp alone", 5, 1009, 7, FMX_AUGMENT_WARP, 2, 0, 0},
    {"baseline alone", 5, 1009, 7, FMX_AUGMENT_BASELINE, 2, 0, 0},
    {"ripple alone", 5, 1009, 7, FMX_AUGMENT_RIPPLE, 2, 0, 0},
    {"slow noise alone", 5, 1009, 7, FMX_AUGMENT_SLOW, 2, 0, 0},
    {"white noise alone", 5, 1009, 7, FMX_AUGMENT_NOISE, 2, 0, 0},
    {"broadening, two points", 2, 2, 2, FMX_AUGMENT_LORENTZIAN, 2, 0, 0},
    {"Lorentzian", 3, 211, 4, FMX_AUGMENT_LORENTZIAN, 2, 0, 0},
    {"Gaussian", 3, 225, 4, FMX_AUGMENT_GAUSSIAN, 2, 0, 0},
    {"phase", 3, 256, 4, FMX_AUGMENT_PHASE, 2, 0, 0},
    {"everything", 3, 509, 5, FMX_AUGMENT_ALL, 2, 1, 0},
    {"published, roll", 29, 21800, 64, FMX_AUGMENT_SHIFT, 0, 0, 1},
    {"published", 29, 21800, 64, FMX_AUGMENT_SHIFT | FMX_AUGMENT_NOISE | FMX_AUGMENT_AMPLITUDE, 2,
     1, 1},
    {"published, warped", 29, 21800, 64, FMX_AUGMENT_DIRECT, 2, 1, 2},
    {"published, everything", 29, 21800, 64, FMX_AUGMENT_ALL, 2, 1, 2},
};

#endif
