/* The section `queries` of a recipe. */
#include "query_chain.h"

#define FMX_FIELD(name) offsetof(fmx__query_options, name)
static const fmx__option option_table[] = {
    {"offset_ppm", FMX__OPTION_NUMBER, FMX_FIELD(offset_ppm), "ppm", 0, 0.2, NULL,
     "the spectrum's reference may differ from the library's by up to +- this"},
    {"reach_ppm", FMX__OPTION_NUMBER, FMX_FIELD(reach_ppm), "ppm", 0.001, 0.2, NULL,
     "a multiplet is looked for within +- this of its place"},
    {"quantile", FMX__OPTION_NUMBER, FMX_FIELD(quantile), "", 0, 0.5, NULL,
     "which quantile of observed / expected is a multiplet's amplitude"},
    {"least", FMX__OPTION_NUMBER, FMX_FIELD(least), "sigmas", 0, 1000, NULL,
     "least height of a compound's tallest line, by its weakest multiplet, that is worth a "
     "question"},
    {"survivors", FMX__OPTION_INTEGER, FMX_FIELD(survivors), "compounds", 1, FMX__QUERY_SURVIVORS,
     NULL, "compounds of a spectrum that are fitted, the likeliest first"},
    {"certain", FMX__OPTION_NUMBER, FMX_FIELD(certain), "", 0, 100, NULL,
     "compounds whose amount in the fit is above so many of its standard deviations are asked "
     "about, the others are not there"},
    {"again", FMX__OPTION_NUMBER, FMX_FIELD(again), "", -1000, 1000, NULL,
     "logit below which a candidate is left out when a spectrum is fitted once more; the logits of "
     "both fits are averaged; below -100: there is no second fit"},
    {"detect", FMX__OPTION_NUMBER, FMX_FIELD(detect), "sigmas", 0, 1000, NULL,
     "a compound is named only where its tallest line rises this far above the noise in the fit"},
    {"water_low_ppm", FMX__OPTION_NUMBER, FMX_FIELD(water_low_ppm), "ppm", -1000, 1000, NULL,
     "multiplets from here on ..."},
    {"water_high_ppm", FMX__OPTION_NUMBER, FMX_FIELD(water_high_ppm), "ppm", -1000, 1000, NULL,
     "... to here are not looked at: what is left of the water"},
    {"fields_mhz", FMX__OPTION_TEXT, FMX_FIELD(fields_mhz), "", 0, 0, NULL,
     "training: 1H frequencies in MHz, separated by commas, among which mixtures are shared out; "
     "empty: library.field_mhz"},
    {"candidates_least", FMX__OPTION_INTEGER, FMX_FIELD(candidates_least), "compounds", 1, 1e6,
     NULL, "training: fewest compounds of the library that may be named in a mixture"},
    {"candidates_most", FMX__OPTION_INTEGER, FMX_FIELD(candidates_most), "compounds", 1, 1e6, NULL,
     "training: most of them; their number is log-uniform"},
    {"unknown", FMX__OPTION_NUMBER, FMX_FIELD(unknown), "", 0, 1, NULL,
     "training: share of a mixture's compounds that are no candidates, as if the library lacked "
     "them"},
    {"strangers", FMX__OPTION_NUMBER, FMX_FIELD(strangers), "", 0, 1, NULL,
     "training: share of mixtures of which no compound is a candidate: all of their queries are "
     "about what is not there"},
    {"items", FMX__OPTION_INTEGER, FMX_FIELD(items), "queries", 1, FMX__QUERY_SURVIVORS, NULL,
     "training: queries of a mixture, a sample of all there are"},
    {"twins_ppm", FMX__OPTION_NUMBER, FMX_FIELD(twins_ppm), "ppm", 0, 1, NULL,
     "training: an absent compound whose multiplets all coincide with those of a present one "
     "within "
     "this is no query, because nobody could tell"},
};
#undef FMX_FIELD

static const fmx__query_options defaults = {
    .offset_ppm = 0.03,
    .reach_ppm = 0.04,
    .quantile = 0.15,
    .least = 3,
    .survivors = 200,
    .certain = 1,
    .again = -2.5,
    .detect = 5,
    .water_low_ppm = 4.6,
    .water_high_ppm = 4.95,
    .candidates_least = 100,
    .candidates_most = 1200,
    .unknown = 0.1,
    .items = 64,
    .twins_ppm = 0.02,
};

const fmx__option_group fmx__query_group = {
    .name = "queries",
    .doc =
        "How compounds of a library are looked for in a spectrum, for models that are asked about "
        "one compound at a time (train.source: queries).",
    .options = option_table,
    .option_count = FMX__COUNT(option_table),
    .defaults = &defaults,
    .options_size = sizeof defaults,
};
