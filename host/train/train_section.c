#include "train_section.h"

#include "graph.h"
#include "loss.h"
#include "optimiser.h"
#include "penalty.h"
#include "query_chain.h"
#include "recipe_sections.h"
#include "schedule.h"

static const char *const sources[] = {"rows",   "mixtures", "multiplets", "library",
                                      "decays", "queries",  NULL};

#define FMX_FIELD(name) offsetof(fmx__train, name)
static const fmx__option train_table[] = {
    {"source", FMX__OPTION_CHOICE, FMX_FIELD(source), "", 0, 0, sources,
     "what is trained on: the dataset's rows, mixtures of them made on the fly as the section "
     "mixtures says, or, without a dataset, what the section multiplets, library or decays "
     "generates; queries: is this compound in this mixture, for any library"},
    {"augment", FMX__OPTION_BOOL, FMX_FIELD(augment), "", 0, 0, NULL,
     "rows are varied as they are drawn, as the section augment says"},
    {"shuffle", FMX__OPTION_BOOL, FMX_FIELD(shuffle), "", 0, 0, NULL,
     "items come in an order drawn anew for each epoch; otherwise rows come in the dataset's "
     "order"},
    {"validate", FMX__OPTION_BOOL, FMX_FIELD(validate), "", 0, 0, NULL,
     "each epoch is judged on the validation items, and the best weights are kept; otherwise none "
     "are needed and the last weights are the model, which helps to compare programs only"},
    {"batch", FMX__OPTION_INTEGER, FMX_FIELD(batch), "items", 1, 65536, NULL, "items of a step"},
    {"epochs", FMX__OPTION_INTEGER, FMX_FIELD(epochs), "epochs", 1, 1e6, NULL, "epochs at most"},
    {"items", FMX__OPTION_INTEGER, FMX_FIELD(items), "items", 0, 1e9, NULL,
     "items of an epoch; 0: all rows, or the mixtures' own count"},
    {"validation_items", FMX__OPTION_INTEGER, FMX_FIELD(validation), "items", 0, 1e9, NULL,
     "items to validate with; 0: as `items`"},
    {"stop_patience", FMX__OPTION_INTEGER, FMX_FIELD(stop_patience), "epochs", 0, 1e6, NULL,
     "epochs without a better validation loss after which training stops; 0: never"},
    {"stop_least", FMX__OPTION_NUMBER, FMX_FIELD(stop_least), "", 0, 1e6, NULL,
     "by how much the validation loss must fall to count as better"},
    {"plateau_patience", FMX__OPTION_INTEGER, FMX_FIELD(plateau_patience), "epochs", 0, 1e6, NULL,
     "epochs without a better validation loss after which the learning rate falls; 0: never"},
    {"plateau_factor", FMX__OPTION_NUMBER, FMX_FIELD(plateau_factor), "", 0, 1, NULL,
     "factor of the learning rate then"},
    {"plateau_least", FMX__OPTION_NUMBER, FMX_FIELD(plateau_least), "", 0, 1e6, NULL,
     "by how much the validation loss must fall to count as better there"},
    {"plateau_floor", FMX__OPTION_NUMBER, FMX_FIELD(plateau_floor), "", 0, 1, NULL,
     "lowest learning rate"},
    {"checkpoint", FMX__OPTION_INTEGER, FMX_FIELD(checkpoint), "epochs", 1, 1e6, NULL,
     "epochs between checkpoints, from which --resume goes on"},
    {"log_steps", FMX__OPTION_INTEGER, FMX_FIELD(log_steps), "steps", 0, 1e9, NULL,
     "steps between lines of the log that say a step's loss; 0: none"},
    {"accumulate", FMX__OPTION_INTEGER, FMX_FIELD(accumulate), "batches", 1, 65536, NULL,
     "batches whose gradients are averaged into one step of the optimiser: a batch so many times "
     "as large without its memory"},
    {"calibrate", FMX__OPTION_BOOL, FMX_FIELD(calibrate), "", 0, 0, NULL,
     "at the end the logits are scaled and shifted to the largest likelihood of the validation "
     "items, within the last layer, so that probabilities are met as often as they say"},
};
#undef FMX_FIELD

/* The published schedule: up to 400 epochs, early stopping (patience 30), learning rate halved on a
 * plateau (patience 2, min_delta 1e-4, floor 1e-8). */
static const fmx__train train_defaults = {
    FMX__TRAIN_ROWS, false, true, true, 32, 400, 0, 0, 30, 0, 2, 0.5, 1e-4, 1e-8, 1, 0, 1, false};

static const fmx__option_group train_group = {
    .name = "train",
    .doc = "How the network is trained.",
    .options = train_table,
    .option_count = FMX__COUNT(train_table),
    .defaults = &train_defaults,
    .options_size = sizeof train_defaults,
};

#define FMX_FIELD(name) offsetof(fmx__train_average, name)
static const fmx__option average_table[] = {
    {"decay", FMX__OPTION_NUMBER, FMX_FIELD(decay), "", 0, 0.9999999, NULL,
     "what the average keeps from one step to the next; 0.999 is usual, 0: no average"},
};
#undef FMX_FIELD

static const fmx__train_average average_defaults = {0};

static const fmx__option_group average_group = {
    .name = "average",
    .doc = "An exponential moving average of the weights, which is what is judged and saved.",
    .options = average_table,
    .option_count = FMX__COUNT(average_table),
    .defaults = &average_defaults,
    .options_size = sizeof average_defaults,
};

#define FMX_FIELD(name) offsetof(fmx__train_fold, name)
static const fmx__option fold_table[] = {
    {"count", FMX__OPTION_INTEGER, FMX_FIELD(count), "folds", 0, 1000, NULL,
     "how many; 0: none, database.validation says what validates"},
    {"index", FMX__OPTION_INTEGER, FMX_FIELD(index), "", 0, 999, NULL,
     "which of them validates, from 0"},
};
#undef FMX_FIELD

static const fmx__train_fold fold_defaults = {0, 0};

static const fmx__option_group fold_group = {
    .name = "fold",
    .doc = "Cross-validation.",
    .options = fold_table,
    .option_count = FMX__COUNT(fold_table),
    .defaults = &fold_defaults,
    .options_size = sizeof fold_defaults,
};

#define FMX_FIELD(name) offsetof(fmx__evaluate_options, name)
static const fmx__option evaluate_table[] = {
    {"threshold", FMX__OPTION_NUMBER, FMX_FIELD(threshold), "", 0, 1, NULL,
     "probability from which a compound is named; 0: the one with the best F1 on the validation "
     "items"},
    {"bootstrap", FMX__OPTION_INTEGER, FMX_FIELD(bootstrap), "", 2, 1e6, NULL,
     "resamples behind the 95 % intervals"},
};
#undef FMX_FIELD

static const fmx__evaluate_options evaluate_defaults = {0, 1000};

static const fmx__option_group evaluate_group = {
    .name = "evaluate",
    .doc = "How the model is judged and used.",
    .options = evaluate_table,
    .option_count = FMX__COUNT(evaluate_table),
    .defaults = &evaluate_defaults,
    .options_size = sizeof evaluate_defaults,
};

static const fmx__recipe_section sections[] = {
    {"queries", NULL, &fmx__query_group, NULL, false},
    {"model", "The network: a list of layers. Each takes the one above, or what `from` names.",
     NULL, fmx__graph_stage, false},
    {"train", "How the network is trained.", &train_group, NULL, false},
    {"train.loss", "What the network's outputs are compared with: a list, within `train`.", NULL,
     fmx__loss_stage, false},
    {"train.penalty", "What large weights add to the loss: a list, within `train`.", NULL,
     fmx__penalty_stage, false},
    {"train.optimiser", "What takes gradients to weights: one, within `train`.", NULL,
     fmx__optimiser_stage, false},
    {"train.schedule",
     "How the learning rate changes: one, within `train`; without it `plateau`. The keys plateau_* "
     "hold for `plateau` only.",
     NULL, fmx__schedule_stage, false},
    {"train.average",
     "A moving average of the weights, which is what is judged and saved: a map, within `train`.",
     &average_group, NULL, false},
    {"train.fold",
     "Cross-validation: the FIDs that are not for test are dealt to folds, one of which validates; "
     "a "
     "map, within `train`.",
     &fold_group, NULL, false},
    {"evaluate", "How the model is judged and used.", &evaluate_group, NULL, false},
};

const fmx__recipe_schema fmx__recipe_schema_full = {sections, FMX__COUNT(sections),
                                                    &fmx__recipe_schema_process};

fmx_status fmx__train_options(fmx_context *ctx, const fmx__recipe *recipe, const fmx__train **out)
{
    const fmx__recipe_part *loss = fmx__recipe_find(recipe, "train.loss");
    const fmx__recipe_part *optimiser = fmx__recipe_find(recipe, "train.optimiser");
    *out = fmx__recipe_find(recipe, "train")->options;
    if (loss->count == 0)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s: train.loss is missing; write, for instance, \"loss: cross_entropy\" "
                         "below train",
                         recipe->file);
    if (optimiser->count != 1)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s: train.optimiser names %zu optimisers, one is needed; write, for "
                         "instance, \"optimiser: {adam: {learning_rate: 0.001}}\" below train",
                         recipe->file, optimiser->count);
    if (fmx__recipe_find(recipe, "train.schedule")->count > 1)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s: train.schedule names several schedules; give one", recipe->file);
    if ((*out)->augment && fmx__recipe_find(recipe, "augment")->count == 0)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s: train.augment is on, but the recipe has no list augment; write one, "
                         "or turn it off",
                         recipe->file);
    return FMX_OK;
}
