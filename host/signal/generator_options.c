#include <stdlib.h>
#include <string.h>

#include "generator.h"
#include "library_file.h"
#include "mixture_draw.h"

static const char *const amounts[] = {"log_uniform", "uniform", "equal", NULL};
static const char *const scales[] = {"maximum", "area", "as_stored", NULL};
static const char *const shifts[] = {"uniform", "heavy", "measured", NULL};
static const char *const widths[] = {"compound", "mixture", NULL};
static const char *const sources[] = {"parts", "classes", NULL};

#define FMX_FIELD(name) offsetof(fmx__generator_options, name)
static const fmx__option option_table[] = {
    {"spins", FMX__OPTION_TEXT, FMX_FIELD(spins), "", 0, 0, NULL,
     "what mixtures are made of: a file of spin systems, spin_systems for those built in, or a "
     "library that `fidmix library` made"},
    {"only", FMX__OPTION_NAMES, FMX_FIELD(only), "", 0, FMX__GENERATOR_NAMES, NULL,
     "compounds that are classes; empty: all. The others may come as foreign signals"},
    {"exclude", FMX__OPTION_NAMES, FMX_FIELD(exclude), "", 0, FMX__GENERATOR_NAMES, NULL,
     "compounds that are no classes"},
    {"field_mhz", FMX__OPTION_NUMBER, FMX_FIELD(field_mhz), "MHz", 1, 3000, NULL,
     "1H frequency of 0 ppm; of a library it must be the file's"},
    {"least", FMX__OPTION_INTEGER, FMX_FIELD(least), "compounds", 0, FMX__MIXTURE_MOST, NULL,
     "fewest compounds; 0: noise alone may come"},
    {"most", FMX__OPTION_INTEGER, FMX_FIELD(most), "compounds", 1, FMX__MIXTURE_MOST, NULL,
     "most compounds; every number between is as likely"},
    {"amounts", FMX__OPTION_CHOICE, FMX_FIELD(amounts), "", 0, 0, amounts,
     "distribution of the amounts between 1 and ratio"},
    {"ratio", FMX__OPTION_NUMBER, FMX_FIELD(ratio), "", 1, 1e6, NULL,
     "largest amount over the smallest"},
    {"scale", FMX__OPTION_CHOICE, FMX_FIELD(scale), "", 0, 0, scales,
     "what a compound's spectrum is divided by before it is weighted with its amount; as_stored: "
     "nothing, amounts are molar"},
    {"snr_least", FMX__OPTION_NUMBER, FMX_FIELD(snr_least), "", 0, 1e9, NULL,
     "least ratio of the tallest peak to the standard deviation of the noise"},
    {"snr_most", FMX__OPTION_NUMBER, FMX_FIELD(snr_most), "", 0, 1e9, NULL,
     "highest ratio, its logarithm is uniform between the two; 0: no noise"},
    {"widths", FMX__OPTION_CHOICE, FMX_FIELD(widths), "", 0, 0, widths,
     "whether a line width is drawn for each compound or for the whole mixture"},
    {"width_least_hz", FMX__OPTION_NUMBER, FMX_FIELD(width_least_hz), "Hz", 0.01, 1000, NULL,
     "least width of lines at half height, window functions included"},
    {"width_most_hz", FMX__OPTION_NUMBER, FMX_FIELD(width_most_hz), "Hz", 0.01, 1000, NULL,
     "greatest width; uniform between the two"},
    {"broad", FMX__OPTION_NUMBER, FMX_FIELD(broad), "", 0, 1, NULL,
     "share of multiplets whose lines are 1 to 3 times as wide"},
    {"shifts", FMX__OPTION_CHOICE, FMX_FIELD(shifts), "", 0, 0, shifts,
     "how multiplets are moved: uniform within +- shift_ppm, or heavy: 80 % by a normal "
     "distribution of shift_ppm / 8, 15 % of 0.3 shift_ppm, 5 % uniform; or measured, all normal "
     "and times 0.7 to 2 for a mixture: multiplets 70 % of 0.07 shift_ppm, 20 % of 0.28, 10 % of "
     "1, compounds 85 % of 0.14, 15 % of 0.44"},
    {"shift_ppm", FMX__OPTION_NUMBER, FMX_FIELD(shift_ppm), "ppm", 0, 1, NULL,
     "by how much every multiplet is moved on its own"},
    {"stretch", FMX__OPTION_NUMBER, FMX_FIELD(stretch), "", 0, 0.5, NULL,
     "couplings of a compound are longer or shorter by up to this share"},
    {"attenuated", FMX__OPTION_NUMBER, FMX_FIELD(attenuated), "", 0, 1, NULL,
     "share of multiplets that are weaker than they should be (exchange, saturation): by any "
     "factor below 1"},
    {"foreign", FMX__OPTION_INTEGER, FMX_FIELD(foreign), "signals", 0, FMX__MIXTURE_MOST, NULL,
     "most signals of no class that are added, with amounts as compounds have; every number from 0 "
     "is as likely"},
    {"scattered", FMX__OPTION_NUMBER, FMX_FIELD(scattered), "", 0, 1, NULL,
     "share of these that are any compound with its multiplets at places of their own; the others "
     "are compounds that are no classes (without any, all are scattered)"},
    {"humps", FMX__OPTION_INTEGER, FMX_FIELD(humps), "humps", 0, 64, NULL,
     "most Gaussian humps, broad signals and baseline; every number from 0 is as likely"},
    {"hump_height", FMX__OPTION_NUMBER, FMX_FIELD(hump_height), "", 0, 100, NULL,
     "their heights, up or down, in peaks of a compound of the largest amount"},
    {"hump_width_ppm", FMX__OPTION_NUMBER, FMX_FIELD(hump_width_ppm), "ppm", 0.001, 100, NULL,
     "their greatest width to 1/e; the least is a tenth of it"},
    {"phase_deg", FMX__OPTION_NUMBER, FMX_FIELD(phase_deg), "degrees", 0, 90, NULL,
     "residual phase error of a mixture, drawn from +- this"},
    {"gauss", FMX__OPTION_NUMBER, FMX_FIELD(gauss), "", 0, 1, NULL,
     "greatest share of a Gaussian in the lines of a mixture (pseudo-Voigt)"},
    {"reach", FMX__OPTION_NUMBER, FMX_FIELD(reach), "half widths", 1, 100000, NULL,
     "how far lines are followed to either side: what is cut off is below 1 / reach^2 of a line"},
    {"cell", FMX__OPTION_NUMBER, FMX_FIELD(cell), "points", 0.01, 16, NULL,
     "a point is the mean over this much of the axis: 1 as resample's area gives it, 0.01 for "
     "samples"},
    {"divide", FMX__OPTION_BOOL, FMX_FIELD(divide), "", 0, 0, NULL,
     "the mixture is divided by its maximum"},
    {"by_noise", FMX__OPTION_BOOL, FMX_FIELD(by_noise), "", 0, 0, NULL,
     "the mixture is divided by the standard deviation of its noise instead"},
    {"offset_ppm", FMX__OPTION_NUMBER, FMX_FIELD(offset_ppm), "ppm", 0, 1, NULL,
     "all lines of a mixture are moved together by up to +- this: another reference"},
    {"broad_mixtures", FMX__OPTION_NUMBER, FMX_FIELD(broad_mixtures), "", 0, 1, NULL,
     "share of the mixtures whose lines are all 1.4 or 2.2 times as wide"},
    {"water", FMX__OPTION_NUMBER, FMX_FIELD(water), "", 0, 1e6, NULL,
     "greatest height of what is left of the water between 4.65 and 4.9 ppm, in peaks of a "
     "compound "
     "of the largest amount"},
    {"noise_smooth", FMX__OPTION_NUMBER, FMX_FIELD(noise_smooth), "", 0, 1, NULL,
     "noise of neighbouring points is alike, as window function and zero filling make it: weight "
     "of "
     "the point before"},
    {"noise_bias", FMX__OPTION_NUMBER, FMX_FIELD(noise_bias), "sigmas", 0, 100, NULL,
     "greatest height at which the noise of a mixture stands, as baseline corrections leave it"},
    {"spread", FMX__OPTION_NUMBER, FMX_FIELD(spread), "", 0, 0.5, NULL,
     "standard deviation of a multiplet's share of its compound: relaxation, pulse"},
    {"even", FMX__OPTION_NUMBER, FMX_FIELD(even), "", 0, 1, NULL,
     "share of the mixtures whose amounts differ by at most a factor of 3"},
    {"shim", FMX__OPTION_NUMBER, FMX_FIELD(shim), "", 0, 0.9, NULL,
     "greatest share of every line that stands up to 2 Hz beside it and is up to 1.5 Hz wider, in "
     "three of five mixtures"},
    {"common", FMX__OPTION_NAMES, FMX_FIELD(common), "", 0, FMX__GENERATOR_NAMES, NULL,
     "classes that come more often; names that the library lacks are left out"},
    {"common_mixtures", FMX__OPTION_NUMBER, FMX_FIELD(common_mixtures), "", 0, 1, NULL,
     "share of the mixtures that are made of these alone"},
    {"held_out", FMX__OPTION_NUMBER, FMX_FIELD(held_out), "", 0, 0.9, NULL,
     "share of the compounds that never come, by a hash of their names"},
    {"sources", FMX__OPTION_CHOICE, FMX_FIELD(sources), "", 0, 0, sources,
     "order of the target sources: constituents as drawn, or a place for each class"},
};
#undef FMX_FIELD

static const fmx__generator_options defaults = {
    .spins = "spin_systems",
    .field_mhz = 600,
    .least = 1,
    .most = 12,
    .ratio = 20,
    .snr_least = 20,
    .snr_most = 200,
    .width_least_hz = 0.8,
    .width_most_hz = 2,
    .shift_ppm = 0.01,
    .scattered = 0.5,
    .hump_height = 0.1,
    .hump_width_ppm = 1,
    .reach = 200,
    .cell = 1,
    .divide = true,
};

const fmx__option_group fmx__generator_group = {
    .name = "library",
    .doc = "Mixtures made from spin systems on the fly (train.source: library).",
    .options = option_table,
    .option_count = FMX__COUNT(option_table),
    .defaults = &defaults,
    .options_size = sizeof defaults,
};

fmx_status fmx__generator_check(fmx_context *ctx, const fmx__generator_options *o)
{
    if (o->least > o->most)
        return fmx__fail(ctx, FMX_ERROR_RECIPE, "library: least (%lld) is above most (%lld)",
                         (long long)o->least, (long long)o->most);
    if (o->most + o->foreign >= FMX__MIXTURE_MOST)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "library: most (%lld) and foreign (%lld) are together above %d",
                         (long long)o->most, (long long)o->foreign, (int)FMX__MIXTURE_MOST - 1);
    if ((o->snr_least > 0) != (o->snr_most > 0) || o->snr_least > o->snr_most)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "library: snr_least (%g) and snr_most (%g) are either both 0 (no noise) "
                         "or a range, the lower first",
                         o->snr_least, o->snr_most);
    if (o->width_least_hz > o->width_most_hz)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "library: width_least_hz (%g) is above width_most_hz (%g)",
                         o->width_least_hz, o->width_most_hz);
    return FMX_OK;
}

fmx_status fmx__generator_library(fmx_context *ctx, const fmx__generator_options *o,
                                  fmx_library **out)
{
    fmx_spin_library spins = {0};
    fmx_library_options options = FMX_LIBRARY_DEFAULT;
    *out = NULL;
    if (fmx__library_is(ctx, o->spins)) {
        fmx_status status = fmx_library_read(ctx, o->spins, out);
        if (status == FMX_OK && (*out)->field_mhz != o->field_mhz)
            status = fmx__fail(ctx, FMX_ERROR_RECIPE,
                               "library: %s was made for %g MHz, the recipe says %g: make one with "
                               "fidmix library --field-mhz %g, or name its spin systems",
                               o->spins, (*out)->field_mhz, o->field_mhz, o->field_mhz);
        return status;
    }
    options.field_mhz = o->field_mhz;
    fmx_status status = fmx_spin_library_read(ctx, o->spins, &spins);
    if (status == FMX_OK)
        status = fmx_library_build(ctx, &spins, NULL, &options, out, NULL);
    fmx_spin_library_clear(&spins);
    return status;
}
