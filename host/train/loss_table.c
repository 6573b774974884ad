/* The kinds of loss: their options, and what they can be put on. */
#include <string.h>

#include "assignment.h"
#include "loss.h"

static const char *const permutations[] = {"none", "auto", "exhaustive", "hungarian", NULL};

#define FMX_FIELD(name) offsetof(fmx__loss_options, name)
#define COMMON_ROWS                                                                                \
    {"layer",                                                                                      \
     FMX__OPTION_TEXT,                                                                             \
     FMX_FIELD(layer),                                                                             \
     "",                                                                                           \
     0,                                                                                            \
     0,                                                                                            \
     NULL,                                                                                         \
     "layer whose output is compared; empty: the last layer"},                                     \
        {"target",                                                                                 \
         FMX__OPTION_TEXT,                                                                         \
         FMX_FIELD(target),                                                                        \
         "",                                                                                       \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "what it is compared with: classes, labels, sources, spectrum or line, as far as the "    \
         "source of training has them"},                                                           \
    {                                                                                              \
        "weight", FMX__OPTION_NUMBER, FMX_FIELD(weight), "", 0, 1e6, NULL,                         \
            "factor of this loss in the sum of all"                                                \
    }
#define PERMUTATION_ROW                                                                            \
    {                                                                                              \
        "permutation", FMX__OPTION_CHOICE, FMX_FIELD(permutation), "", 0, 0, permutations,         \
            "compares the sources with the targets in the order in which that costs least: "       \
            "exhaustive for up to 4 sources, hungarian for up to 64, auto for either; none: in "   \
            "their own order"                                                                      \
    }

static const fmx__option cross_entropy_table[] = {
    COMMON_ROWS,
    PERMUTATION_ROW,
    {"double_softmax", FMX__OPTION_BOOL, FMX_FIELD(double_softmax), "", 0, 0, NULL,
     "takes the softmax layer's output as if it were logits, so that softmax is applied twice: a "
     "slip of published networks, to compare with them"},
};
static const fmx__option binary_table[] = {
    COMMON_ROWS,
    {"positive_weight", FMX__OPTION_NUMBER, FMX_FIELD(positive_weight), "", 0, 1e6, NULL,
     "factor of the classes that are present"},
};
static const fmx__option plain_table[] = {COMMON_ROWS, PERMUTATION_ROW};
static const fmx__option huber_table[] = {
    COMMON_ROWS,
    PERMUTATION_ROW,
    {"delta", FMX__OPTION_NUMBER, FMX_FIELD(delta), "", 1e-6, 1e6, NULL,
     "deviation from which on the loss grows linearly"},
};
static const fmx__option si_snr_table[] = {
    COMMON_ROWS,
    PERMUTATION_ROW,
    {"epsilon", FMX__OPTION_NUMBER, FMX_FIELD(epsilon), "", 1e-30, 1e6, NULL,
     "added to every energy, so that a silent source has a finite loss; the energy of a source "
     "below which it counts as silent"},
};
#undef FMX_FIELD

#define FMX_DEFAULTS(TARGET)                                                                       \
    {                                                                                              \
        .target = TARGET, .weight = 1, .positive_weight = 1, .delta = 1, .epsilon = 1e-8           \
    }
static const fmx__loss_options of_classes = FMX_DEFAULTS("classes");
static const fmx__loss_options of_spectrum = FMX_DEFAULTS("spectrum");
static const fmx__loss_options of_sources = FMX_DEFAULTS("sources");

#define FMX_GROUP(NAME, TABLE, DEFAULTS, DOC)                                                      \
    {                                                                                              \
        .name = NAME, .doc = DOC, .options = TABLE, .option_count = FMX__COUNT(TABLE),             \
        .defaults = &(DEFAULTS), .options_size = sizeof(fmx__loss_options)                         \
    }

static const fmx__loss kinds[] = {
    {FMX_GROUP("cross_entropy", cross_entropy_table, of_classes,
               "Categorical cross-entropy of a softmax layer with proportions, or with one class "
               "for each position (target: labels)."),
     FMX__LOSS_CROSS_ENTROPY, "softmax"},
    {FMX_GROUP("binary_cross_entropy", binary_table, of_classes,
               "Binary cross-entropy of a sigmoid layer with presence, for each class by itself."),
     FMX__LOSS_BINARY_CROSS_ENTROPY, "sigmoid"},
    {FMX_GROUP("mse", plain_table, of_spectrum, "Mean of the squared deviations."), FMX__LOSS_MSE,
     NULL},
    {FMX_GROUP("mae", plain_table, of_spectrum, "Mean of the absolute deviations."), FMX__LOSS_MAE,
     NULL},
    {FMX_GROUP("huber", huber_table, of_spectrum,
               "Mean of half the squared deviations, linear beyond delta."),
     FMX__LOSS_HUBER, NULL},
    {FMX_GROUP("si_snr", si_snr_table, of_sources,
               "Negative scale-invariant signal-to-noise ratio in dB, the mean over the sources."),
     FMX__LOSS_SI_SNR, NULL},
};

const fmx__option_group *fmx__loss_stage(size_t index)
{
    return index < FMX__COUNT(kinds) ? &kinds[index].group : NULL;
}

const fmx__loss *fmx__loss_find(const fmx__option_group *group)
{
    for (size_t i = 0; i < FMX__COUNT(kinds); ++i) {
        if (&kinds[i].group == group)
            return &kinds[i];
    }
    return NULL;
}

const fmx__loss *fmx__loss_named(const char *name)
{
    for (size_t i = 0; i < FMX__COUNT(kinds); ++i) {
        if (strcmp(kinds[i].group.name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

bool fmx__loss_takes_logits(const fmx__loss *loss, const fmx__loss_options *options)
{
    return loss->activation != NULL && !options->double_softmax;
}

static bool same_shape(const fmx__shape *a, const fmx__shape *b)
{
    return a->channels == b->channels && a->positions == b->positions &&
           a->is_complex == b->is_complex;
}

bool fmx__loss_has_labels(const fmx__loss *loss, const fmx__shape *output, const fmx__shape *target)
{
    return loss->kind == FMX__LOSS_CROSS_ENTROPY && target->positions == 1 &&
           target->channels == output->positions && !same_shape(output, target);
}

/* The same values in the same order: a spectrum is as good from a flat layer. */
static bool same_values(const fmx__shape *output, const fmx__shape *target)
{
    bool flat = (output->channels == 1 || output->positions == 1) &&
                (target->channels == 1 || target->positions == 1);
    return same_shape(output, target) || (flat && output->is_complex == target->is_complex &&
                                          fmx__shape_floats(output) == fmx__shape_floats(target));
}

/* Whether the sources can be put in another order. */
static fmx_status check_permutation(const fmx__loss *loss, const fmx__loss_options *options,
                                    const fmx__loss_site *site)
{
    bool labels = fmx__loss_has_labels(loss, &site->output, &site->target);
    size_t sources = labels ? site->output.positions : site->output.channels;
    size_t most = options->permutation == FMX__LOSS_PERMUTE_EXHAUSTIVE
                      ? FMX__ASSIGNMENT_EXHAUSTIVE_MOST
                      : FMX__ASSIGNMENT_MOST;
    if (loss->activation != NULL && !labels)
        return fmx__fail(site->ctx, FMX_ERROR_RECIPE,
                         "%s: permutation: the target \"%s\" says a share of each class and has no "
                         "order; take labels",
                         site->where, options->target);
    if (!labels && !same_shape(&site->output, &site->target))
        return fmx__fail(site->ctx, FMX_ERROR_RECIPE,
                         "%s: permutation: \"%s\" must have the target's channels, one for each "
                         "source, not %zu x %zu against %zu x %zu",
                         site->where, site->layer, site->output.channels, site->output.positions,
                         site->target.channels, site->target.positions);
    if (sources > most)
        return fmx__fail(site->ctx, FMX_ERROR_RECIPE,
                         "%s: permutation: %s takes up to %zu sources, \"%s\" has %zu", site->where,
                         permutations[options->permutation], most, site->layer, sources);
    return FMX_OK;
}

fmx_status fmx__loss_check(const fmx__loss *loss, const fmx__loss_options *options,
                           const fmx__loss_site *site)
{
    const fmx__shape *output = &site->output;
    const fmx__shape *target = &site->target;
    bool classifies = loss->activation != NULL;
    bool is_real = classifies || loss->kind == FMX__LOSS_SI_SNR;
    bool labels = fmx__loss_has_labels(loss, output, target);
    if (classifies && (site->op == NULL || strcmp(site->op, loss->activation) != 0))
        return fmx__fail(site->ctx, FMX_ERROR_RECIPE, "%s: needs a %s layer, \"%s\" is %s",
                         site->where, loss->activation, site->layer,
                         site->op == NULL ? "an input" : site->op);
    if (is_real && (output->is_complex || target->is_complex))
        return fmx__fail(site->ctx, FMX_ERROR_RECIPE, "%s: takes real values, %s is complex",
                         site->where, output->is_complex ? site->layer : options->target);
    if (fmx__shape_items(output) > 1)
        return fmx__fail(site->ctx, FMX_ERROR_RECIPE,
                         "%s: \"%s\" is folded into %zu parts; put unfold behind it, and the loss "
                         "on that",
                         site->where, site->layer, fmx__shape_items(output));
    bool fits = loss->kind == FMX__LOSS_SI_SNR ? same_shape(output, target)
                                               : labels || same_values(output, target);
    if (!fits)
        return fmx__fail(site->ctx, FMX_ERROR_RECIPE,
                         "%s: \"%s\" gives %zu x %zu%s values (channels x positions), the target "
                         "\"%s\" has %zu x %zu%s; %s",
                         site->where, site->layer, output->channels, output->positions,
                         output->is_complex ? " complex" : "", options->target, target->channels,
                         target->positions, target->is_complex ? " complex" : "",
                         loss->kind == FMX__LOSS_CROSS_ENTROPY
                             ? "they must be equal, or the target have one class for each position"
                             : "they must be equal");
    return options->permutation != FMX__LOSS_IN_ORDER ? check_permutation(loss, options, site)
                                                      : FMX_OK;
}
