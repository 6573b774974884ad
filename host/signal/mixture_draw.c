#include "mixture_draw.h"

#include <math.h>
#include <stdlib.h>

#include "philox.h"

/* Positions in the stream of a mixture: 0 the mixture, 1 + k its compounds, then these. */
enum {
    FOREIGN = 128,      /* its first foreign signal */
    AUGMENTATION = 256, /* what augments the first part */
};

static const char *const modes[] = {"pairs", "random", NULL};
static const char *const amounts[] = {"log_uniform", "uniform", "equal", NULL};
static const char *const scales[] = {"maximum", "area", "as_stored", NULL};

#define FMX_FIELD(name) offsetof(fmx__mixture_options, name)
static const fmx__option option_table[] = {
    {"mode", FMX__OPTION_CHOICE, FMX_FIELD(mode), "", 0, 0, modes,
     "pairs: every pair of classes, a class with itself included, at 0.5/0.5; random: compounds "
     "and amounts drawn"},
    {"rounds", FMX__OPTION_INTEGER, FMX_FIELD(rounds), "", 1, 1000000, NULL,
     "pairs: times that all of them are made, from spectra drawn anew"},
    {"count", FMX__OPTION_INTEGER, FMX_FIELD(count), "", 1, 1000000000, NULL,
     "random: number of mixtures"},
    {"least", FMX__OPTION_INTEGER, FMX_FIELD(least), "compounds", 0, FMX__MIXTURE_MOST, NULL,
     "random: fewest compounds; 0: noise alone may come"},
    {"most", FMX__OPTION_INTEGER, FMX_FIELD(most), "compounds", 0, FMX__MIXTURE_MOST, NULL,
     "random: most compounds; every number between is as likely"},
    {"amounts", FMX__OPTION_CHOICE, FMX_FIELD(amounts), "", 0, 0, amounts,
     "random: distribution of the amounts between 1 and ratio"},
    {"ratio", FMX__OPTION_NUMBER, FMX_FIELD(ratio), "", 1, 1e6, NULL,
     "random: largest amount over the smallest"},
    {"scale", FMX__OPTION_CHOICE, FMX_FIELD(scale), "", 0, 0, scales,
     "what a spectrum of the dataset is divided by before it is weighted with its proportion"},
    {"foreign", FMX__OPTION_INTEGER, FMX_FIELD(foreign), "signals", 0, FMX__MIXTURE_MOST, NULL,
     "random: most signals of no class that are added, with amounts as compounds have; every "
     "number from 0 is as likely"},
    {"displaced", FMX__OPTION_NUMBER, FMX_FIELD(displaced), "", 0, 1, NULL,
     "share of these that are spectra of any compound, turned round the axis by a drawn distance; "
     "the others are of the compounds of database.foreign (without any, all are turned)"},
    {"augment", FMX__OPTION_BOOL, FMX_FIELD(augment), "", 0, 0, NULL,
     "each constituent is augmented on its own, as the section augment says"},
    {"snr_least", FMX__OPTION_NUMBER, FMX_FIELD(snr_least), "", 0, 1e9, NULL,
     "least ratio of the tallest peak to the standard deviation of the noise that is added"},
    {"snr_most", FMX__OPTION_NUMBER, FMX_FIELD(snr_most), "", 0, 1e9, NULL,
     "highest ratio, its logarithm is uniform between the two; 0: no noise is added"},
    {"divide", FMX__OPTION_BOOL, FMX_FIELD(divide), "", 0, 0, NULL,
     "the mixture is divided by its maximum"},
    {"split", FMX__OPTION_CHOICE, FMX_FIELD(split), "", 0, 0, fmx__split_names,
     "which spectra the constituents come from"},
};
#undef FMX_FIELD

static const fmx__mixture_options defaults = {
    .mode = FMX__MIXTURE_PAIRS,
    .rounds = 1,
    .count = 1000,
    .least = 1,
    .most = 6,
    .amounts = FMX__MIXTURE_LOG_UNIFORM,
    .ratio = 20,
    .displaced = 0.5,
    .scale = FMX__MIXTURE_BY_MAXIMUM,
    .divide = true,
    .split = FMX__SPLIT_TEST,
};

const fmx__option_group fmx__mixture_group = {
    .name = "mixtures",
    .doc = "How spectra of pure compounds are mixed.",
    .options = option_table,
    .option_count = FMX__COUNT(option_table),
    .defaults = &defaults,
    .options_size = sizeof defaults,
};

fmx_status fmx__mixture_check(fmx_context *ctx, const fmx__mixture_options *o)
{
    if (o->mode == FMX__MIXTURE_RANDOM && o->least > o->most)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "mixtures: least (%lld compounds) is above most (%lld)",
                         (long long)o->least, (long long)o->most);
    if (o->mode == FMX__MIXTURE_RANDOM && o->most + o->foreign > FMX__MIXTURE_MOST)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "mixtures: most (%lld) and foreign (%lld) are together above %d",
                         (long long)o->most, (long long)o->foreign, (int)FMX__MIXTURE_MOST);
    if ((o->snr_least > 0) != (o->snr_most > 0) || o->snr_least > o->snr_most)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "mixtures: snr_least (%g) and snr_most (%g) are either both 0 (no noise) "
                         "or a range, the lower first",
                         o->snr_least, o->snr_most);
    return FMX_OK;
}

size_t fmx__mixture_parts(const fmx__mixture_options *o)
{
    int64_t most = o->mode == FMX__MIXTURE_PAIRS ? 2 : o->most + o->foreign;
    return most > 0 ? (size_t)most : 1;
}

fmx_status fmx__mixer_create(fmx_context *ctx, const fmx__mixture_options *options,
                             const fmx__labels *labels, const char *path, fmx__split split,
                             uint64_t seed, fmx__mixer *out)
{
    bool pairs = options->mode == FMX__MIXTURE_PAIRS;
    *out = (fmx__mixer){.options = options, .labels = labels, .split = split, .seed = seed};
    fmx_status status = fmx__mixture_check(ctx, options);
    if (status == FMX_OK)
        status = fmx__labels_need(ctx, labels, path, split, pairs);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, labels->classes, sizeof *out->class_index, "classes",
                            &out->class_index);
    for (size_t i = 0; status == FMX_OK && i < labels->classes; ++i) {
        size_t count = 0;
        fmx__labels_members(labels, split, i, &count);
        if (count > 0)
            out->class_index[out->classes++] = (uint32_t)i;
        else
            fmx__log(ctx, FMX_LOG_WARNING,
                     "%s: the class \"%s\" has no spectrum in the split \"%s\": no mixture will "
                     "contain it",
                     path, labels->class_name[i], fmx__split_names[split]);
    }
    if (status != FMX_OK)
        return status;
    out->foreign = fmx__labels_members(labels, split, labels->classes + 1, &out->foreigners);
    out->most = fmx__mixture_parts(options);
    if (pairs) {
        out->count = (size_t)options->rounds * out->classes * (out->classes + 1) / 2;
    } else {
        out->count = (size_t)options->count;
        if ((size_t)options->most > out->classes)
            status =
                fmx__fail(ctx, FMX_ERROR_RECIPE,
                          "mixtures: most is %lld compounds, but %s has spectra of %zu in the "
                          "split \"%s\"",
                          (long long)options->most, path, out->classes, fmx__split_names[split]);
    }
    if (status == FMX_OK && out->count > UINT32_MAX)
        status =
            fmx__fail(ctx, FMX_ERROR_RECIPE, "mixtures: %zu mixtures are too many", out->count);
    return status;
}

void fmx__mixer_clear(fmx__mixer *mixer)
{
    free(mixer->class_index);
    *mixer = (fmx__mixer){0};
}

uint32_t fmx__mixture_draw_of(fmx__split split, size_t epoch)
{
    return (uint32_t)split << 29 | (uint32_t)(epoch & 0x1fffffff);
}

double fmx__random_power(double base, uint32_t word)
{
    double root = base;
    double result = 1;
    for (uint32_t bit = UINT32_C(1) << 31; bit != 0 && root > 1; bit >>= 1) {
        root = sqrt(root);
        if ((word & bit) != 0)
            result *= root;
    }
    return result;
}

static double amount_of(const fmx__mixture_options *o, uint32_t word)
{
    switch (o->amounts) {
    case FMX__MIXTURE_LOG_UNIFORM:
        return fmx__random_power(o->ratio, word);
    case FMX__MIXTURE_UNIFORM:
        return 1 + (o->ratio - 1) * fmx__uniform(word);
    default:
        return 1;
    }
}

/* Pair number p of the pairs i <= j of n, row by row: (0, 0), (0, 1) ... (1, 1) ... */
static void pair_of(size_t p, size_t n, uint32_t *i, uint32_t *j)
{
    size_t first = 0;
    while (p >= n - first) {
        p -= n - first;
        ++first;
    }
    *i = (uint32_t)first;
    *j = (uint32_t)(first + p);
}

static bool chosen(const fmx__mixture_drawn *drawn, size_t count, uint32_t class_index)
{
    for (size_t k = 0; k < count; ++k) {
        if (drawn->class_index[k] == class_index)
            return true;
    }
    return false;
}

/* Compound k of a mixture. */
static void draw_named(const fmx__mixer *mixer, size_t k, const uint32_t word[4],
                       const uint32_t *pair, fmx__mixture_drawn *out)
{
    size_t members = 0;
    if (pair != NULL) {
        out->class_index[k] = mixer->class_index[pair[k]];
    } else { /* a sample without repetition, R. W. Floyd: one of the first n - named + k + 1 */
        size_t last = mixer->classes - out->named + k;
        uint32_t c = mixer->class_index[fmx__random_below(word[0], last + 1)];
        out->class_index[k] = chosen(out, k, c) ? mixer->class_index[last] : c;
    }
    const uint32_t *member =
        fmx__labels_members(mixer->labels, mixer->split, out->class_index[k], &members);
    out->row[k] = member[fmx__random_below(word[1], members)];
    out->displaced[k] = false;
    out->turn[k] = 0;
}

/* Part k, a signal of no class: a foreign compound's, or any spectrum but mixtures, turned. */
static void draw_foreign(const fmx__mixer *mixer, size_t k, const uint32_t word[4],
                         fmx__mixture_drawn *out)
{
    const fmx__labels *labels = mixer->labels;
    size_t pure = labels->first[mixer->split][labels->classes];
    out->displaced[k] = mixer->foreigners == 0 || fmx__uniform(word[0]) < mixer->options->displaced;
    size_t rows = mixer->foreigners + (out->displaced[k] ? pure : 0);
    size_t chosen_row = fmx__random_below(word[1], rows);
    out->row[k] = chosen_row < mixer->foreigners
                      ? mixer->foreign[chosen_row]
                      : labels->member[mixer->split][chosen_row - mixer->foreigners];
    out->turn[k] = out->displaced[k] ? word[3] : 0;
}

void fmx__mixer_draw(const fmx__mixer *mixer, uint64_t mixture, uint32_t draw,
                     fmx__mixture_drawn *out)
{
    const fmx__mixture_options *o = mixer->options;
    bool pairs = o->mode == FMX__MIXTURE_PAIRS;
    size_t n = mixer->classes;
    uint32_t word[4];
    uint32_t pair[2] = {0};
    double sum = 0;
    fmx__random_words(word, mixer->seed, FMX__PURPOSE_MIXTURE, mixture, draw, 0);
    out->named =
        pairs ? 2 : (size_t)o->least + fmx__random_below(word[0], (size_t)(o->most - o->least) + 1);
    out->parts = out->named + (pairs ? 0 : fmx__random_below(word[2], (size_t)o->foreign + 1));
    out->snr =
        o->snr_most > 0 ? o->snr_least * fmx__random_power(o->snr_most / o->snr_least, word[1]) : 0;
    if (pairs)
        pair_of((size_t)(mixture % (n * (n + 1) / 2)), n, &pair[0], &pair[1]);
    for (size_t k = 0; k < out->parts; ++k) {
        bool named = k < out->named;
        size_t position = named ? 1 + k : FOREIGN + k - out->named;
        fmx__random_words(word, mixer->seed, FMX__PURPOSE_MIXTURE, mixture, draw,
                          (uint32_t)position);
        if (named)
            draw_named(mixer, k, word, pairs ? pair : NULL, out);
        else
            draw_foreign(mixer, k, word, out);
        out->proportion[k] = pairs ? 1 : amount_of(o, word[2]);
        sum += named || out->named == 0 ? out->proportion[k] : 0;
        fmx__random_words(word, mixer->seed, FMX__PURPOSE_MIXTURE, mixture, draw,
                          (uint32_t)k + AUGMENTATION);
        out->identity[k] = (uint64_t)word[1] << 32 | word[0];
        out->copy[k] = word[2];
    }
    for (size_t k = 0; k < out->parts; ++k)
        out->proportion[k] /= sum;
}
