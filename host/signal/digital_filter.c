#include "fidmix/digital_filter.h"

#include <stdlib.h>

#include "signal_internal.h"
#include "zero_filling.h"

static const char *const modes[] = {"phase_ramp", "time_shift", NULL};
static const char *const starts[] = {"fold", "cut", "wrap", NULL};

static const fmx__option option_table[] = {
    {"mode", FMX__OPTION_CHOICE, offsetof(fmx_digital_filter, mode), "", 0, 0, modes,
     "phase_ramp removes the delay exactly; time_shift its whole points only"},
    {"start", FMX__OPTION_CHOICE, offsetof(fmx_digital_filter, start), "", 0, 0, starts,
     "time_shift: what becomes of the points before the start of the decay"},
};

static const fmx_digital_filter defaults = FMX_DIGITAL_FILTER_DEFAULT;

extern const fmx__stage fmx__stage_digital_filter;

/* nmrglue folds all but four of the delay's points and drops two more than the delay from the end
 * (fileio/bruker.py, rm_dig_filter: skip = n + 2, add = skip - 6). */
enum { FOLD_LEAVES = 4, FOLD_DROPS = 2 };

static fmx__row_move move_of(const fmx_row *row, int start)
{
    size_t delay = (size_t)row->group_delay;
    size_t keep = row->valid - delay;
    fmx__row_move move = {.first = (uint32_t)delay, .keep = (uint32_t)keep};
    if (start == FMX_DIGITAL_FILTER_WRAP)
        move.wrap = (uint32_t)delay;
    if (start == FMX_DIGITAL_FILTER_FOLD) {
        size_t dropped = keep > FOLD_DROPS ? (size_t)FOLD_DROPS : 0;
        size_t fold = delay > FOLD_LEAVES ? delay - FOLD_LEAVES : 0;
        move.keep = (uint32_t)(keep - dropped);
        move.fold = (uint32_t)(fold < keep - dropped ? fold : keep - dropped);
    }
    return move;
}

static fmx_status shift(fmx_signal *signal, int start)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    fmx__row_move *move = NULL;
    float *weight = NULL;
    bool needed = false;
    fmx_status status = fmx__alloc(ctx, signal->rows, sizeof *move, "digital filter rows", &move);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, signal->rows, sizeof *weight, "digital filter weights", &weight);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i) {
        move[i] = signal->row[i].group_delay > 0
                      ? move_of(&signal->row[i], start)
                      : (fmx__row_move){.keep = (uint32_t)signal->row[i].valid};
        weight[i] = 1;
        needed = needed || signal->row[i].group_delay > 0;
    }
    if (status == FMX_OK && needed)
        status = fmx__move_rows(signal, signal->points, move, weight);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i) {
        signal->row[i].group_delay = 0;
        signal->row[i].valid = move[i].wrap > 0 ? signal->points : move[i].keep;
    }
    free(weight);
    free(move);
    return status;
}

fmx_status fmx_remove_digital_filter(fmx_signal *signal, const fmx_digital_filter *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    fmx_status status = fmx__need(signal, "digital_filter", FMX_DOMAIN_TIME, true);
    if (status == FMX_OK)
        status = fmx__options_check(ctx, &fmx__stage_digital_filter.group, options);
    if (status == FMX_OK)
        status = fmx__check_delays(signal, "digital_filter");
    if (status == FMX_OK && options->mode == FMX_DIGITAL_FILTER_TIME_SHIFT)
        status = shift(signal, options->start);
    return status;
}

static fmx_status run(fmx_signal *signal, const void *options)
{
    return fmx_remove_digital_filter(signal, options);
}

const fmx__stage fmx__stage_digital_filter = {
    .group = {.name = "digital_filter",
              .doc = "Removes the group delay of the receiver's digital filter.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .needs = FMX__NEEDS_TIME,
    .run = run,
};
