/* The options of augmentation and the scalars that are drawn from them. */
#include "augmentation.h"

#include <math.h>
#include <string.h>

#include "philox.h"

/* What a scalar is drawn for: its position in the random stream. Values are fixed: they are in
 * every result. Samples of the device lie below. */
enum { SCALARS = 0x20000000 };
typedef enum quantity {
    SHIFT,
    STRETCH,
    LORENTZIAN,
    GAUSSIAN,
    P0,
    P1,
    RIPPLE,
    RIPPLE_PPM,
    RIPPLE_TURNS,
    NOISE,
    SLOW_NOISE,
    AMPLITUDE,
    WARP = 32,
    BASELINE = 64,
} quantity;

static const char *const distributions[] = {"uniform", "normal", "log_uniform", NULL};
static const char *const interpolations[] = {"nearest", "linear", "cubic", NULL};
static const char *const normalisations[] = {"none", "max", "area", NULL};

#define RANGE(key, name, unit, least, most, doc)                                                   \
    {key,                                                                                          \
     FMX__OPTION_NUMBERS,                                                                          \
     offsetof(fmx__augmentation_options, name.range),                                              \
     unit,                                                                                         \
     least,                                                                                        \
     most,                                                                                         \
     NULL,                                                                                         \
     doc},                                                                                         \
    {                                                                                              \
#name "_distribution", FMX__OPTION_CHOICE,                                                 \
            offsetof(fmx__augmentation_options, name.distribution), "", 0, 0, distributions,       \
            "how " key " is drawn"                                                                 \
    }
#define FMX_FIELD(name) offsetof(fmx__augmentation_options, name)
static const fmx__option option_table[] = {
    {"copies", FMX__OPTION_INTEGER, FMX_FIELD(copies), "", 1, FMX__AUGMENTATION_COPIES, NULL,
     "draws of each spectrum that `fidmix augment` writes"},
    RANGE("shift_ppm", shift, "ppm", -100, 100, "shift towards high ppm; the ends are joined"),
    RANGE("stretch", stretch, "", -0.5, 0.5,
          "the spectrum becomes wider about the middle of its axis, relative"),
    RANGE("warp_ppm", warp, "ppm", -10, 10, "local warp: displacement at each knot"),
    {"warp_knots", FMX__OPTION_INTEGER, FMX_FIELD(warp_knots), "", 2, FMX__AUGMENTATION_WARP, NULL,
     "knots of the warp, evenly over the axis"},
    RANGE("lorentzian_hz", lorentzian, "Hz", 0, 1000,
          "Lorentzian broadening: full width at half height added"),
    RANGE("gaussian_hz", gaussian, "Hz", 0, 1000,
          "Gaussian broadening: full width at half height of the Gaussian"),
    RANGE("p0_deg", p0, "degrees", -360, 360, "phase error, zero order"),
    RANGE("p1_deg", p1, "degrees", -3600, 3600,
          "phase error, first order, from the high-ppm end over the whole width"),
    RANGE("baseline", baseline, "maxima", -10, 10,
          "baseline: coefficient of each Legendre polynomial over the axis"),
    {"baseline_order", FMX__OPTION_INTEGER, FMX_FIELD(baseline_order), "", 0,
     FMX__AUGMENTATION_COEFFICIENTS - 1, NULL, "highest order of the baseline"},
    RANGE("ripple", ripple, "maxima", -10, 10, "amplitude of a sine over the axis"),
    RANGE("ripple_ppm", ripple_ppm, "ppm", 1e-3, 1000, "period of that sine"),
    RANGE("noise", noise, "maxima", 0, 10, "standard deviation of white noise"),
    RANGE("slow_noise", slow_noise, "maxima", 0, 10,
          "standard deviation of low-frequency noise at its knots"),
    {"slow_noise_knots", FMX__OPTION_INTEGER, FMX_FIELD(slow_noise_knots), "", 2,
     FMX__AUGMENTATION_SLOW, NULL, "knots of the low-frequency noise, evenly over the axis"},
    RANGE("amplitude", amplitude, "", 0, 1e6, "factor of everything"),
    {"interpolation", FMX__OPTION_CHOICE, FMX_FIELD(interpolation), "", 0, 0, interpolations,
     "between points; nearest moves by whole points"},
    {"normalise", FMX__OPTION_CHOICE, FMX_FIELD(normalise), "", 0, 0, normalisations,
     "the last step: division by the largest value or by the area (1 ppm)"},
};
#undef FMX_FIELD

#define OFF                                                                                        \
    {                                                                                              \
        {2, {0, 0}}, FMX__AUGMENTATION_UNIFORM                                                     \
    }
static const fmx__augmentation_options defaults = {
    .copies = 1,
    .shift = OFF,
    .stretch = OFF,
    .warp = OFF,
    .warp_knots = 6,
    .lorentzian = OFF,
    .gaussian = OFF,
    .p0 = OFF,
    .p1 = OFF,
    .baseline = OFF,
    .baseline_order = 2,
    .ripple = OFF,
    .ripple_ppm = {{2, {0.5, 2}}, FMX__AUGMENTATION_UNIFORM},
    .noise = OFF,
    .slow_noise = OFF,
    .slow_noise_knots = 24,
    .amplitude = {{2, {1, 1}}, FMX__AUGMENTATION_UNIFORM},
    .interpolation = FMX__AUGMENTATION_CUBIC,
    .normalise = FMX__AUGMENTATION_AS_IS,
};

const fmx__option_group fmx__augmentation_group = {
    .name = "augmentation",
    .doc = "Draws variants of every spectrum: each quantity from its range [low, high], uniform, "
           "normal (mean in the middle, standard deviation a quarter of the range) or log_uniform. "
           "\"maxima\" are multiples of the spectrum's largest value.",
    .options = option_table,
    .option_count = FMX__COUNT(option_table),
    .defaults = &defaults,
    .options_size = sizeof defaults,
};

fmx_status fmx__augmentation_check(fmx_context *ctx, const void *options)
{
    for (size_t i = 0; i < FMX__COUNT(option_table); ++i) {
        const fmx__option *option = &option_table[i];
        if (option->type != FMX__OPTION_NUMBERS)
            continue;
        const fmx__augmentation_range *of = (const void *)((const char *)options + option->offset);
        const double *value = of->range.value;
        if (of->range.count != 2 || !(value[0] <= value[1]))
            return fmx__fail(ctx, FMX_ERROR_RECIPE,
                             "augmentation.%s: needs the two ends of a range, [low, high]",
                             option->key);
        if (of->distribution == FMX__AUGMENTATION_LOG_UNIFORM && !(value[0] > 0))
            return fmx__fail(ctx, FMX_ERROR_RECIPE,
                             "augmentation.%s: log_uniform needs a low end above 0, not %g",
                             option->key, value[0]);
    }
    return FMX_OK;
}

/* ---- drawing --------------------------------------------------------------------------------- */

typedef struct stream {
    uint64_t seed;
    uint64_t item;
    uint32_t draw;
} stream;

static void words_of(const stream *s, uint32_t position, uint32_t words[4])
{
    fmx__random_words(words, s->seed, FMX__PURPOSE_AUGMENT, s->item, s->draw,
                      (uint32_t)SCALARS + position);
}

/* One value; `least` bounds what a normal distribution may give. */
static double drawn(const fmx__augmentation_range *of, const stream *s, uint32_t position,
                    double least)
{
    const double two_pi = 6.28318530717958648;
    double low = of->range.value[0];
    double high = of->range.value[1];
    uint32_t words[4];
    double value;
    if (low == high)
        return low;
    words_of(s, position, words);
    double u = fmx__uniform(words[0]);
    switch (of->distribution) {
    case FMX__AUGMENTATION_NORMAL:
        value = sqrt(-2 * log(u + 0x1p-33)) * cos(two_pi * fmx__uniform(words[1]));
        value = 0.5 * (low + high) + 0.25 * (high - low) * value;
        break;
    case FMX__AUGMENTATION_LOG_UNIFORM:
        value = low * exp(u * log(high / low));
        break;
    default:
        value = low + (high - low) * u;
        break;
    }
    return value < least ? least : value;
}

/* Coefficients of u^k of sum_order c[order] P_order(u). */
static void polynomial_of(const double *c, float *out)
{
    static const double legendre[FMX__AUGMENTATION_COEFFICIENTS][FMX__AUGMENTATION_COEFFICIENTS] = {
        {1},
        {0, 1},
        {-1 / 2.0, 0, 3 / 2.0},
        {0, -3 / 2.0, 0, 5 / 2.0},
        {3 / 8.0, 0, -30 / 8.0, 0, 35 / 8.0},
        {0, 15 / 8.0, 0, -70 / 8.0, 0, 63 / 8.0},
    };
    for (size_t k = 0; k < FMX__AUGMENTATION_COEFFICIENTS; ++k) {
        double sum = 0;
        for (size_t order = 0; order < FMX__AUGMENTATION_COEFFICIENTS; ++order)
            sum += c[order] * legendre[order][k];
        out[k] = (float)sum;
    }
}

static void draw_spectral(const fmx__augmentation_options *o, const stream *s, float field_mhz,
                          fmx__augmentation_item *out)
{
    if (field_mhz > 0) {
        out->lorentzian_ppm = (float)(drawn(&o->lorentzian, s, LORENTZIAN, 0) / (double)field_mhz);
        out->gaussian_ppm = (float)(drawn(&o->gaussian, s, GAUSSIAN, 0) / (double)field_mhz);
    }
    out->p0_turns = (float)(drawn(&o->p0, s, P0, -INFINITY) / 360);
    out->p1_turns = (float)(drawn(&o->p1, s, P1, -INFINITY) / 360);
    out->spectral = out->lorentzian_ppm > 0 || out->gaussian_ppm > 0 || out->p0_turns != 0 ||
                    out->p1_turns != 0;
}

static void draw_shape(const fmx__augmentation_options *o, const stream *s,
                       fmx__augmentation_item *out)
{
    double c[FMX__AUGMENTATION_COEFFICIENTS] = {0};
    uint32_t words[4];
    for (int64_t k = 0; k <= o->baseline_order; ++k)
        c[k] = drawn(&o->baseline, s, (uint32_t)(BASELINE + k), -INFINITY);
    polynomial_of(c, out->baseline);
    for (int64_t k = 0; k < o->warp_knots; ++k)
        out->warp_ppm[k] = (float)drawn(&o->warp, s, (uint32_t)(WARP + k), -INFINITY);
    out->ripple = (float)drawn(&o->ripple, s, RIPPLE, -INFINITY);
    out->ripple_per_ppm = (float)(1 / drawn(&o->ripple_ppm, s, RIPPLE_PPM, 1e-3));
    words_of(s, RIPPLE_TURNS, words);
    out->ripple_turns = (float)fmx__uniform(words[0]);
}

void fmx__augmentation_draw(const fmx__augmentation_options *options, uint64_t seed, uint64_t item,
                            uint32_t draw, float field_mhz, fmx__augmentation_item *out)
{
    const stream s = {seed, item, draw};
    memset(out, 0, sizeof *out);
    out->item_low = (uint32_t)item;
    out->item_high = (uint32_t)(item >> 32);
    out->draw = draw;
    out->key = fmx__random_key(seed);
    out->shift_ppm = (float)drawn(&options->shift, &s, SHIFT, -INFINITY);
    /* normal: at worst the axis is compressed to a tenth */
    double stretch = drawn(&options->stretch, &s, STRETCH, -0.9);
    out->stretch = stretch == 0 ? 0 : (float)(1 / (1 + stretch) - 1);
    out->noise = (float)drawn(&options->noise, &s, NOISE, 0);
    out->slow_noise = (float)drawn(&options->slow_noise, &s, SLOW_NOISE, 0);
    out->amplitude = (float)drawn(&options->amplitude, &s, AMPLITUDE, 0);
    draw_spectral(options, &s, field_mhz, out);
    draw_shape(options, &s, out);
}

bool fmx__augmentation_needs_field(const fmx__augmentation_options *options)
{
    return options->lorentzian.range.value[1] > 0 || options->gaussian.range.value[1] > 0;
}
