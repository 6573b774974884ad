#include "zero_filling.h"

#include <math.h>
#include <stdlib.h>

#include "fidmix/zero_filling.h"
#include "signal_internal.h"

enum { GROUP = 64, WIDE = 8 }; /* items per group; complex points per item of the wide variant */

#define FMX_FIELD(name) offsetof(fmx_zero_filling, name)
static const fmx__option option_table[] = {
    {"points", FMX__OPTION_INTEGER, FMX_FIELD(points), "points", 0, (double)FMX__MOST_POINTS, NULL,
     "complex points of a row afterwards; 0: by factor"},
    {"factor", FMX__OPTION_INTEGER, FMX_FIELD(factor), "", 1, 64, NULL,
     "points over the power of two that holds the measured points"},
    {"first_point", FMX__OPTION_NUMBER, FMX_FIELD(first_point), "", 0, 1, NULL,
     "weight of the first point"},
};
#undef FMX_FIELD

static const fmx_zero_filling defaults = FMX_ZERO_FILLING_DEFAULT;

extern const fmx__stage fmx__stage_zero_filling;

fmx_status fmx__check_delays(const fmx_signal *signal, const char *stage)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    for (size_t i = 0; i < signal->rows; ++i) {
        const fmx_row *row = &signal->row[i];
        if (row->valid > signal->points)
            return fmx__fail(ctx, FMX_ERROR_SHAPE, "%s: row %zu has %zu measured points of %zu",
                             stage, i, row->valid, signal->points);
        if (!(row->group_delay >= 0) || floor(row->group_delay) >= (double)row->valid)
            return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                             "%s: row %zu (%s) has a group delay of %g points and %zu measured "
                             "points; set group_delay to 0 where there is none",
                             stage, i, row->name, row->group_delay, row->valid);
    }
    return FMX_OK;
}

fmx_status fmx__move_rows(fmx_signal *signal, size_t points, const fmx__row_move *move,
                          const float *weight)
{
    bool wide = fmx__device_wide(signal->device);
    fmx_signal fresh = {0};
    fmx_status status =
        fmx__signal_create_raw(signal->device, FMX_DOMAIN_TIME, true, signal->rows, points, &fresh);
    if (status != FMX_OK)
        return status;
    double moved = 0; /* points read */
    for (size_t i = 0; i < signal->rows; ++i)
        moved += (double)move[i].keep + move[i].fold + move[i].wrap;
    fmx__arg args[] = {
        fmx__arg_buffer(fresh.data, fmx__signal_bytes(&fresh)),
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_data(move, signal->rows * sizeof *move),
        fmx__arg_data(weight, signal->rows * sizeof *weight),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(points),
        fmx__arg_u32(signal->points),
    };
    size_t per_item = wide ? WIDE : 1;
    fmx__launch job = {
        .stem = "zero_filling",
        .kernel = wide ? "zero_filling_wide" : "zero_filling",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {(points + per_item - 1) / per_item, signal->rows},
        .local = {GROUP},
        .bytes = (moved + (double)signal->rows * (double)points) * 2 * sizeof(float),
    };
    status = fmx__launch_kernel(signal->device, &job);
    if (status == FMX_OK) {
        fmx__signal_replace(signal, fresh.data, FMX_DOMAIN_TIME, true, points);
        fresh.data = NULL;
    }
    fmx_signal_clear(&fresh);
    return status;
}

/* Points of a row afterwards; 0 when the measured points of some row do not fit. */
static size_t points_of(const fmx_signal *signal, const fmx_zero_filling *options, size_t *longest)
{
    *longest = 1;
    for (size_t i = 0; i < signal->rows; ++i)
        *longest = signal->row[i].valid > *longest ? signal->row[i].valid : *longest;
    size_t points = 1;
    while (points < *longest)
        points *= 2;
    points = options->points > 0 ? (size_t)options->points : points * (size_t)options->factor;
    return points < *longest || points > FMX__MOST_POINTS ? 0 : points;
}

fmx_status fmx_zero_fill(fmx_signal *signal, const fmx_zero_filling *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    fmx__row_move *move = NULL;
    float *weight = NULL;
    size_t longest = 0;
    fmx_status status = fmx__need(signal, "zero_filling", FMX_DOMAIN_TIME, true);
    if (status == FMX_OK)
        status = fmx__options_check(ctx, &fmx__stage_zero_filling.group, options);
    if (status == FMX_OK)
        status = fmx__check_delays(signal, "zero_filling");
    size_t points = status == FMX_OK ? points_of(signal, options, &longest) : 0;
    if (status == FMX_OK && points == 0)
        status = fmx__fail(ctx, FMX_ERROR_SHAPE,
                           "zero_filling: rows of %zu measured points cannot become rows of %lld "
                           "points (factor %lld); ask for more points, at most %zu",
                           longest, (long long)options->points, (long long)options->factor,
                           FMX__MOST_POINTS);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, signal->rows, sizeof *move, "zero filling's rows", &move);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, signal->rows, sizeof *weight, "zero filling's weights", &weight);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i) {
        const fmx_row *row = &signal->row[i];
        size_t delay = (size_t)row->group_delay;
        move[i] = (fmx__row_move){.first = (uint32_t)delay,
                                  .keep = (uint32_t)(row->valid - delay),
                                  .wrap = (uint32_t)delay};
        weight[i] = delay > 0 ? 1.0f : (float)options->first_point;
    }
    if (status == FMX_OK)
        status = fmx__move_rows(signal, points, move, weight);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i)
        signal->row[i].group_delay -= floor(signal->row[i].group_delay);
    free(weight);
    free(move);
    return status;
}

static fmx_status run(fmx_signal *signal, const void *options)
{
    return fmx_zero_fill(signal, options);
}

const fmx__stage fmx__stage_zero_filling = {
    .group = {.name = "zero_filling",
              .doc = "Lengthens the decay with zeros.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .needs = FMX__NEEDS_TIME,
    .run = run,
};
