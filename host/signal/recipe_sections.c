#include "recipe_sections.h"

#include "augment.h"
#include "decay_set.h"
#include "generator.h"
#include "mixture_draw.h"
#include "multiplets.h"
#include "stage.h"

/* By fmx_simulate_reference. */
static const char *const references[] = {"DSS", "TSP", "TMS", "none", NULL};

#define FMX_FIELD(name) offsetof(fmx__axis, name)
static const fmx__option axis_table[] = {
    {"nucleus", FMX__OPTION_TEXT, FMX_FIELD(nucleus), "", 0, 0, NULL,
     "nucleus of the job; FIDs of others go to a file beside the output"},
    {"first_ppm", FMX__OPTION_NUMBER, FMX_FIELD(first_ppm), "ppm", -1000, 1000, NULL,
     "chemical shift of the first point; the axis descends"},
    {"last_ppm", FMX__OPTION_NUMBER, FMX_FIELD(last_ppm), "ppm", -1000, 1000, NULL,
     "chemical shift of the last point"},
    {"points", FMX__OPTION_INTEGER, FMX_FIELD(points), "points", 2, 1 << 24, NULL,
     "points of every spectrum"},
};
#undef FMX_FIELD

#define FMX_FIELD(name) offsetof(fmx__database, name)
static const fmx__option database_table[] = {
    {"path", FMX__OPTION_TEXT, FMX_FIELD(path), "", 0, 0, NULL,
     "a FID, or any tree of them, that `fidmix run` processes"},
    {"with_processed", FMX__OPTION_BOOL, FMX_FIELD(with_processed), "", 0, 0, NULL,
     "spectra that the vendor's software processed become rows too"},
    {"validation", FMX__OPTION_NUMBER, FMX_FIELD(split.validation), "", 0, 0.9, NULL,
     "share of each compound's FIDs that is kept for validation"},
    {"test", FMX__OPTION_NUMBER, FMX_FIELD(split.test), "", 0, 0.9, NULL,
     "share of each compound's FIDs that is kept for tests"},
    {"split_seed", FMX__OPTION_INTEGER, FMX_FIELD(split.seed), "", 0, 9007199254740992.0, NULL,
     "seed of the choice of these FIDs; apart from seed, so that all recipes choose alike"},
    {"spins", FMX__OPTION_TEXT, FMX_FIELD(spins), "", 0, 0, NULL,
     "spin systems that `fidmix run` simulates FIDs from: a file, or spin_systems for those built "
     "in; empty: the FIDs at path are used"},
    {"only", FMX__OPTION_NAMES, FMX_FIELD(only), "", 0, FMX__ONLY_OPTION, NULL,
     "simulated: these compounds; empty: all"},
    {"foreign", FMX__OPTION_NAMES, FMX_FIELD(foreign), "", 0, FMX__ONLY_OPTION, NULL,
     "compounds that are no class: their spectra are signals without target, so that a network "
     "learns to leave the unknown unnamed; simulated beside those of only"},
    {"per_compound", FMX__OPTION_INTEGER, FMX_FIELD(per_compound), "FIDs", 1, 1e6, NULL,
     "simulated: FIDs of each compound"},
    {"field_mhz", FMX__OPTION_NUMBER, FMX_FIELD(field_mhz), "MHz", 1, 3000, NULL,
     "simulated: 1H frequency of 0 ppm"},
    {"fid_points", FMX__OPTION_INTEGER, FMX_FIELD(fid_points), "points", 64, 1 << 24, NULL,
     "simulated: complex points of a FID"},
    {"width_least_hz", FMX__OPTION_NUMBER, FMX_FIELD(width_least_hz), "Hz", 0.01, 1000, NULL,
     "simulated: least Lorentzian width, one for all lines of a FID"},
    {"width_most_hz", FMX__OPTION_NUMBER, FMX_FIELD(width_most_hz), "Hz", 0.01, 1000, NULL,
     "simulated: greatest Lorentzian width"},
    {"snr_least", FMX__OPTION_NUMBER, FMX_FIELD(snr_least), "", 0, 1e9, NULL,
     "simulated: least signal to noise, docs/simulate.md; 0: no noise"},
    {"snr_most", FMX__OPTION_NUMBER, FMX_FIELD(snr_most), "", 0, 1e9, NULL,
     "simulated: greatest signal to noise, log-uniform between the two"},
    {"multiplet_shift_ppm", FMX__OPTION_NUMBER, FMX_FIELD(multiplet_shift_ppm), "ppm", 0, 1, NULL,
     "simulated: each multiplet is moved by up to +- this"},
    {"water", FMX__OPTION_NUMBER, FMX_FIELD(water), "", 0, 1e6, NULL,
     "simulated: height of the water line in highest lines of the sample; 0: none"},
    {"reference", FMX__OPTION_CHOICE, FMX_FIELD(reference), "", 0, 0, references,
     "simulated: reference compound in every sample; DSS has three weak multiplets besides its "
     "line at "
     "0 ppm, TSP and TMS have none"},
};
#undef FMX_FIELD

static const fmx__axis axis_defaults = {"1H", 10, 0, 21800};
static const fmx__database database_defaults = {
    .split = {.validation = 0.2, .test = 0.2},
    .per_compound = 10,
    .field_mhz = 400,
    .fid_points = 16384,
    .width_least_hz = 0.8,
    .width_most_hz = 1.6,
    .snr_least = 200,
    .snr_most = 200,
    .water = 1,
};

static const fmx__option_group axis_group = {
    .name = "axis",
    .doc = "The points that all spectra of a dataset share.",
    .options = axis_table,
    .option_count = FMX__COUNT(axis_table),
    .defaults = &axis_defaults,
    .options_size = sizeof axis_defaults,
};

static const fmx__option_group database_group = {
    .name = "database",
    .doc = "Where the FIDs come from.",
    .options = database_table,
    .option_count = FMX__COUNT(database_table),
    .defaults = &database_defaults,
    .options_size = sizeof database_defaults,
};

static const fmx__option_group *process_stage(size_t index)
{
    return index < fmx__stage_count ? &fmx__stages[index]->group : NULL;
}

static const fmx__recipe_section sections[] = {
    {"axis", "The points that all spectra of a dataset share.", &axis_group, NULL, true},
    {"database", "Where the FIDs come from.", &database_group, NULL, false},
    {"process", "What takes a FID to a spectrum: a list of stages, run in the order written.", NULL,
     process_stage, false},
    {"augment",
     "What `fidmix augment` makes of every spectrum: a list of stages, each working on all that "
     "the "
     "one before it made.",
     NULL, fmx__augment_group, false},
    {"mixtures", "How spectra of pure compounds are mixed.", &fmx__mixture_group, NULL, false},
    {"multiplets", "Mixtures of multiplets on a short axis, generated (train.source: multiplets).",
     &fmx__multiplets_group, NULL, false},
    {"library", "Mixtures made from spin systems on the fly (train.source: library).",
     &fmx__generator_group, NULL, false},
    {"decays", "Simple decays of one line each, generated (train.source: decays).",
     &fmx__decays_group, NULL, false},
};

const fmx__recipe_schema fmx__recipe_schema_process = {sections, FMX__COUNT(sections), NULL};

fmx__split_options fmx__database_split(const fmx__database *database)
{
    fmx__split_options split = database->split;
    split.foreign = database->foreign;
    return split;
}

fmx_status fmx__recipe_axis(fmx_context *ctx, const fmx__recipe *recipe, const fmx__axis **out)
{
    const fmx__recipe_part *part = fmx__recipe_find(recipe, "axis");
    *out = NULL;
    if (part == NULL)
        return fmx__fail(ctx, FMX_ERROR_INTERNAL, "%s: a schema without axis", recipe->file);
    const fmx__axis *axis = part->options;
    if (!(axis->first_ppm > axis->last_ppm))
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s: axis: first_ppm (%g) must be above last_ppm (%g): spectra run from "
                         "high to low ppm",
                         recipe->file, axis->first_ppm, axis->last_ppm);
    *out = axis;
    return FMX_OK;
}
