#include "decay_set.h"

#include <math.h>
#include <stdlib.h>

#include "line_fit.h"
#include "philox.h"

static const char *const line_names[] = {"lorentz", "pseudo_voigt", NULL};

#define FMX_FIELD(name) offsetof(fmx__decays_options, name)
static const fmx__option table[] = {
    {"frequency_least_hz", FMX__OPTION_NUMBER, FMX_FIELD(frequency_least_hz), "Hz", 0, 1e9, NULL,
     "lowest frequency"},
    {"frequency_most_hz", FMX__OPTION_NUMBER, FMX_FIELD(frequency_most_hz), "Hz", 0, 1e9, NULL,
     "highest frequency"},
    {"frequencies", FMX__OPTION_INTEGER, FMX_FIELD(frequencies), "", 1, 65536, NULL,
     "frequencies, evenly from the lowest to the highest"},
    {"t2_least_s", FMX__OPTION_NUMBER, FMX_FIELD(t2_least_s), "s", 1e-6, 1e6, NULL, "shortest T2"},
    {"t2_most_s", FMX__OPTION_NUMBER, FMX_FIELD(t2_most_s), "s", 1e-6, 1e6, NULL, "longest T2"},
    {"times", FMX__OPTION_INTEGER, FMX_FIELD(times), "", 1, 65536, NULL,
     "values of T2, evenly from the shortest to the longest; each with every frequency"},
    {"amplitude_least", FMX__OPTION_NUMBER, FMX_FIELD(amplitude_least), "", 0, 1e9, NULL,
     "least amplitude, uniform"},
    {"amplitude_most", FMX__OPTION_NUMBER, FMX_FIELD(amplitude_most), "", 0, 1e9, NULL,
     "greatest amplitude"},
    {"noise_mean", FMX__OPTION_NUMBER, FMX_FIELD(noise_mean), "", -1e9, 1e9, NULL,
     "mean of the noise: an offset"},
    {"noise", FMX__OPTION_NUMBER, FMX_FIELD(noise), "", 0, 1e9, NULL,
     "standard deviation of the noise"},
    {"points", FMX__OPTION_INTEGER, FMX_FIELD(points), "points", 8, 1 << 19, NULL,
     "points of a decay; its spectrum has half as many"},
    {"sample_hz", FMX__OPTION_NUMBER, FMX_FIELD(sample_hz), "Hz", 1e-3, 1e9, NULL,
     "points per second"},
    {"test", FMX__OPTION_NUMBER, FMX_FIELD(test), "", 0, 0.9, NULL,
     "share of the decays that is never trained on"},
    {"validation", FMX__OPTION_NUMBER, FMX_FIELD(validation), "", 0, 0.9, NULL,
     "share of the others that is kept for validation"},
    {"fresh", FMX__OPTION_BOOL, FMX_FIELD(fresh), "", 0, 0, NULL,
     "each epoch of training has amplitudes, phases and noise of its own; otherwise decays stay"},
    {"prominence", FMX__OPTION_NUMBER, FMX_FIELD(prominence), "", 1e-9, 1e9, NULL,
     "target line: prominence of the peak that is fitted"},
    {"line", FMX__OPTION_CHOICE, FMX_FIELD(line), "", 0, 0, line_names,
     "target line: lorentz gives place (Hz), area and half width (Hz), pseudo_voigt the Gaussian "
     "share too"},
};
#undef FMX_FIELD

static const fmx__decays_options defaults = {50,
                                             1000,
                                             50,
                                             0.1,
                                             4,
                                             25,
                                             1,
                                             10,
                                             -0.05,
                                             0.05,
                                             4000,
                                             4000,
                                             0.05,
                                             0.2,
                                             false,
                                             0.049,
                                             FMX__LINE_LORENTZ};

const fmx__option_group fmx__decays_group = {
    .name = "decays",
    .doc = "Simple decays of one line each, generated (train.source: decays).",
    .options = table,
    .option_count = FMX__COUNT(table),
    .defaults = &defaults,
    .options_size = sizeof defaults,
};

static fmx_status check(fmx_context *ctx, const fmx__decays_options *o)
{
    const struct {
        const char *name;
        double least;
        double most;
    } ranges[] = {
        {"frequency_least_hz and frequency_most_hz", o->frequency_least_hz, o->frequency_most_hz},
        {"t2_least_s and t2_most_s", o->t2_least_s, o->t2_most_s},
        {"amplitude_least and amplitude_most", o->amplitude_least, o->amplitude_most},
    };
    for (size_t i = 0; i < FMX__COUNT(ranges); ++i) {
        if (ranges[i].least > ranges[i].most)
            return fmx__fail(ctx, FMX_ERROR_RECIPE, "decays: %s: %g is above %g; exchange the two",
                             ranges[i].name, ranges[i].least, ranges[i].most);
    }
    return FMX_OK;
}

fmx_status fmx__decay_set_create(fmx_context *ctx, const fmx__decays_options *options,
                                 uint64_t seed, fmx__decay_set *out)
{
    size_t all = (size_t)options->frequencies * (size_t)options->times;
    *out = (fmx__decay_set){.options = options, .seed = seed};
    fmx_status status = check(ctx, options);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, all, sizeof *out->pair, "decays", &out->pair);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0; i < all; ++i)
        out->pair[i] = (uint32_t)i;
    for (size_t i = all; i > 1; --i) {
        uint32_t word[4];
        fmx__random_words(word, seed, FMX__PURPOSE_SPLIT, i, 0, 0);
        size_t other = fmx__random_below(word[0], i);
        uint32_t kept = out->pair[i - 1];
        out->pair[i - 1] = out->pair[other];
        out->pair[other] = kept;
    }
    /* half a millionth: 0.95 is not quite 0.95 */
    size_t kept = (size_t)floor((1 - options->test) * (double)all + 5e-7);
    size_t trained = (size_t)floor((1 - options->validation) * (double)kept + 5e-7);
    out->count[FMX__SPLIT_TRAIN] = trained;
    out->count[FMX__SPLIT_VALIDATION] = kept - trained;
    out->count[FMX__SPLIT_TEST] = all - kept;
    out->first[FMX__SPLIT_VALIDATION] = trained;
    out->first[FMX__SPLIT_TEST] = kept;
    if (trained == 0)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "decays: none of %zu is left to train on; lower test or validation", all);
    return FMX_OK;
}

void fmx__decay_set_clear(fmx__decay_set *set)
{
    free(set->pair);
    *set = (fmx__decay_set){0};
}

/* Value number i of n, evenly from least to most. */
static double even(double least, double most, size_t i, size_t n)
{
    return n > 1 ? least + (most - least) * (double)i / (double)(n - 1) : least;
}

fmx__decay fmx__decay_set_make(const fmx__decay_set *set, fmx__split split, uint64_t number,
                               uint32_t draw)
{
    const fmx__decays_options *o = set->options;
    size_t frequencies = (size_t)o->frequencies;
    uint32_t pair = set->pair[set->first[split] + number % set->count[split]];
    uint64_t round = number / set->count[split];
    uint64_t item = round << 32 | pair;
    uint32_t draws = o->fresh ? draw : 0;
    uint32_t word[4];
    fmx__random_words(word, set->seed, FMX__PURPOSE_SPECTRUM, item, draws, 0);
    double amplitude =
        o->amplitude_least + (o->amplitude_most - o->amplitude_least) * fmx__uniform(word[0]);
    fmx__decay decay = fmx__decay_of(
        even(o->frequency_least_hz, o->frequency_most_hz, pair % frequencies, frequencies),
        fmx__uniform(word[1]),
        even(o->t2_least_s, o->t2_most_s, pair / frequencies, (size_t)o->times), amplitude,
        o->sample_hz);
    decay.item_low = (uint32_t)item;
    decay.item_high = (uint32_t)(item >> 32);
    decay.draw = draws;
    return decay;
}
