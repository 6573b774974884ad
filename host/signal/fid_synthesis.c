#include "synthesis_table.h"

#include <math.h>
#include <stdlib.h>

#include "philox.h"
#include "signal_internal.h"

enum { GROUP = 64 };

/* A launch of more work could take longer than a second on a slow device. */
static const double most_flops = 4e9;
static const double flops_per_point = 8; /* a complex product and its addition, per line */

/* One batch under construction. */
typedef struct synthesis {
    fmx_signal *signal;
    const fmx_synthesis *row;
    double sw_hz;
    double group_delay;
    size_t half;                   /* half length of the digital filter; 0: none */
    size_t settled;                /* first point that the filter's transient does not reach */
    double *u0;                    /* [rows] */
    double *delay;                 /* [rows]: group delay and phase error, points */
    fmx__synthesis_filter *filter; /* [rows] */
} synthesis;

static fmx_status check_row(fmx_context *ctx, const synthesis *s, size_t r)
{
    const fmx_synthesis *row = &s->row[r];
    const fmx_row *known = &s->signal->row[r];
    if (known->sw_hz != s->sw_hz || known->group_delay != s->group_delay)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                         "synthesis: row %zu has another sw_hz or group_delay than row 0; a batch "
                         "has one",
                         r);
    if (!(row->gaussian_hz >= 0 && row->gaussian_hz <= s->sw_hz / 20) ||
        !(row->noise_sigma >= 0 && row->noise_sigma < 1e30) || !isfinite(row->p0_deg) ||
        !(fabs(row->p1_deg) <= 360))
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                         "synthesis: row %zu: gaussian_hz is 0 to sw_hz / 20, noise_sigma not "
                         "negative, p1_deg -360 to 360",
                         r);
    for (size_t i = 0; i < row->count; ++i) {
        const fmx_synthesis_line *line = &row->line[i];
        if (!(fabs(line->hz) <= s->sw_hz / 2) || !isfinite(line->amplitude) ||
            !isfinite(line->phase_deg) || !(line->width_hz >= 0 && line->width_hz <= s->sw_hz / 20))
            return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                             "synthesis: row %zu, line %zu (%g Hz, width %g Hz): lines lie within "
                             "+-sw_hz / 2 (sw_hz is %g) and are 0 to sw_hz / 20 wide",
                             r, i, line->hz, line->width_hz, s->sw_hz);
    }
    return FMX_OK;
}

static fmx_status prepare(fmx_context *ctx, synthesis *s)
{
    size_t rows = s->signal->rows;
    s->sw_hz = s->signal->row[0].sw_hz;
    s->group_delay = s->signal->row[0].group_delay;
    if (!(s->sw_hz > 0) || !isfinite(s->sw_hz) ||
        (s->group_delay != 0 && !(s->group_delay >= 8 && s->group_delay <= 128)))
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                         "synthesis: sw_hz must be above 0 and group_delay 0 or 8 to 128 points");
    s->half = fmx__synthesis_half(s->group_delay);
    s->settled = s->half > 0 ? (size_t)ceil(s->group_delay + 1 + (double)s->half) : 0;
    fmx_status status = fmx__alloc(ctx, rows, sizeof *s->u0, "a synthesis", &s->u0);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, rows, sizeof *s->delay, "a synthesis", &s->delay);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, rows, sizeof *s->filter, "a synthesis", &s->filter);
    for (size_t r = 0; status == FMX_OK && r < rows; ++r) {
        status = check_row(ctx, s, r);
        s->delay[r] = s->group_delay - s->row[r].p1_deg / 360;
        s->u0[r] = (double)s->settled - s->delay[r];
        if (status == FMX_OK && s->half > 0)
            status = fmx__synthesis_filter_make(ctx, s->half, s->delay[r], &s->filter[r]);
    }
    return status;
}

static void release(synthesis *s)
{
    for (size_t r = 0; s->filter != NULL && r < s->signal->rows; ++r)
        free(s->filter[r].tap);
    free(s->filter);
    free(s->delay);
    free(s->u0);
}

/* Where a sum of lines goes. */
typedef struct target {
    fmx_buffer *buffer;
    size_t rows;
    size_t stride; /* points of a row */
    size_t first;  /* first point to write */
    size_t points; /* how many */
} target;

static fmx_status launch_sum(fmx_device *device, const fmx__synthesis_table *table,
                             fmx_buffer *const buffer[3], const target *to, size_t row_first,
                             size_t row_count, size_t skip, size_t most)
{
    bool wide = buffer[2] != NULL;
    fmx__arg args[13];
    size_t count = 0;
    double lines = 0;
    for (size_t r = row_first; r < row_first + row_count; ++r) {
        double left = (double)table->rows[4 * r + 1] - (double)skip;
        lines += fmax(0, fmin(left, (double)most));
    }
    args[count++] = fmx__arg_buffer(to->buffer, to->rows * to->stride * 2 * sizeof(float));
    args[count++] = fmx__arg_buffer(buffer[0], table->total * FMX__SYNTHESIS_PLANES * 4);
    args[count++] = fmx__arg_buffer(buffer[1], table->total * 32 * sizeof(float));
    if (wide)
        args[count++] = fmx__arg_buffer(buffer[2], table->total * 32 * sizeof(float));
    args[count++] = fmx__arg_data(table->rows + 4 * row_first, row_count * 4 * sizeof(uint32_t));
    args[count++] = fmx__arg_u32(table->total);
    args[count++] = fmx__arg_u32(row_first);
    args[count++] = fmx__arg_u32(row_count);
    args[count++] = fmx__arg_u32(to->points);
    args[count++] = fmx__arg_u32(to->first);
    args[count++] = fmx__arg_u32(to->stride);
    args[count++] = fmx__arg_u32(skip);
    args[count++] = fmx__arg_u32(most);
    size_t tiles = (to->points + table->tile - 1) / table->tile;
    fmx__launch job = {
        .stem = "fid_synthesis",
        .kernel = wide ? "fid_synthesis_wide" : "fid_synthesis",
        .arg = args,
        .arg_count = count,
        .dims = 2,
        .groups = {tiles, row_count, 1},
        .local = {wide ? 1 : GROUP, 1, 1},
        .fixed_group = true,
        .flops = flops_per_point * lines * (double)to->points,
        .bytes = (double)(row_count * to->points) * 2 * sizeof(float) * (skip > 0 ? 2 : 1),
    };
    return fmx__launch_kernel(device, &job);
}

/* Sums the lines of a table into `to`, in launches of bounded length. */
static fmx_status sum_lines(fmx_device *device, const fmx__synthesis_table *table, const target *to)
{
    fmx_buffer *buffer[3] = {NULL, NULL, NULL};
    double per_line = flops_per_point * (double)to->points;
    size_t most = (size_t)fmax(1, most_flops / per_line / FMX__SYNTHESIS_CHUNK);
    most = fmin((double)most * FMX__SYNTHESIS_CHUNK, (double)table->most);
    size_t batch = most > 0 ? (size_t)fmax(1, most_flops / (per_line * (double)most)) : to->rows;
    size_t size = table->total > 0 ? table->total : 1;
    fmx_status status =
        fmx_buffer_create_copy(device, table->lines, size * FMX__SYNTHESIS_PLANES * 4, &buffer[0]);
    if (status == FMX_OK)
        status = fmx_buffer_create_copy(device, table->near, size * 32 * sizeof(float), &buffer[1]);
    if (status == FMX_OK && table->far != NULL)
        status = fmx_buffer_create_copy(device, table->far, size * 32 * sizeof(float), &buffer[2]);
    for (size_t skip = 0; status == FMX_OK && (skip == 0 || skip < table->most); skip += most) {
        for (size_t r = 0; status == FMX_OK && r < to->rows; r += batch)
            status = launch_sum(device, table, buffer, to, r,
                                r + batch < to->rows ? batch : to->rows - r, skip, most);
        if (most == 0)
            break;
    }
    for (size_t i = 0; i < 3; ++i)
        fmx_buffer_release(buffer[i]);
    return status;
}

/* The part that the filter has settled on: exact exponentials. */
static fmx_status make_settled(fmx_context *ctx, synthesis *s, bool wide)
{
    fmx__synthesis_table table = {0};
    fmx__synthesis_grid grid = {.sw_hz = s->sw_hz, .scale = 1, .wide = wide};
    if (s->settled >= s->signal->points)
        return FMX_OK;
    target to = {.buffer = s->signal->data,
                 .rows = s->signal->rows,
                 .stride = s->signal->points,
                 .first = s->settled,
                 .points = s->signal->points - s->settled};
    fmx_status status = fmx__synthesis_table_make(ctx, s->row, s->signal->rows, s->u0, &grid,
                                                  s->half > 0 ? s->filter : NULL, &table);
    if (status == FMX_OK)
        status = sum_lines(s->signal->device, &table, &to);
    fmx__synthesis_table_clear(&table);
    return status;
}

static fmx_status launch_onset(synthesis *s, fmx_buffer *fine, size_t fine_points, fmx_buffer *taps,
                               const int32_t *offset)
{
    fmx_signal *signal = s->signal;
    size_t points = s->settled < signal->points ? s->settled : signal->points;
    size_t count = s->filter[0].count;
    fmx__arg args[] = {
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_buffer(fine, signal->rows * fine_points * 2 * sizeof(float)),
        fmx__arg_buffer(taps, signal->rows * count * sizeof(float)),
        fmx__arg_data(offset, signal->rows * sizeof *offset),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(points),
        fmx__arg_u32(signal->points),
        fmx__arg_u32(fine_points),
        fmx__arg_u32(count),
        fmx__arg_u32(FMX__SYNTHESIS_RATIO),
    };
    double items = (double)(signal->rows * points);
    fmx__launch job = {
        .stem = "fid_synthesis",
        .kernel = "fid_synthesis_onset",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {points, signal->rows, 1},
        .local = {16, 1, 1},
        .flops = 4 * items * (double)count,
        .bytes = 8 * items + (double)signal->rows * (double)(8 * fine_points + 4 * count),
    };
    return fmx__launch_kernel(signal->device, &job);
}

/* The start of the decay: the converter's points through the digital filter. */
static fmx_status make_onset(fmx_context *ctx, synthesis *s, bool wide)
{
    size_t rows = s->signal->rows;
    size_t fine_points = FMX__SYNTHESIS_RATIO * (2 * s->half + 6);
    size_t count = s->filter[0].count;
    fmx__synthesis_table table = {0};
    fmx__synthesis_grid grid = {s->sw_hz * FMX__SYNTHESIS_RATIO, 1, wide};
    fmx_buffer *fine = NULL;
    fmx_buffer *taps = NULL;
    float *tap = NULL;
    double *u0 = NULL;
    int32_t *offset = NULL;
    fmx_status status = fmx__alloc(ctx, rows, sizeof *u0, "a synthesis", &u0);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, rows, sizeof *offset, "a synthesis", &offset);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, rows * count, sizeof *tap, "digital filters", &tap);
    for (size_t r = 0; status == FMX_OK && r < rows; ++r) {
        u0[r] = 0.5;
        offset[r] = s->filter[r].offset;
        for (size_t t = 0; t < count; ++t)
            tap[r * count + t] = (float)s->filter[r].tap[t];
    }
    if (status == FMX_OK)
        status = fmx__synthesis_table_make(ctx, s->row, rows, u0, &grid, NULL, &table);
    if (status == FMX_OK)
        status =
            fmx_buffer_create(s->signal->device, rows * fine_points * 2 * sizeof(float), &fine);
    if (status == FMX_OK)
        status = fmx_buffer_create_copy(s->signal->device, tap, rows * count * sizeof *tap, &taps);
    target to = {fine, rows, fine_points, 0, fine_points};
    if (status == FMX_OK)
        status = sum_lines(s->signal->device, &table, &to);
    if (status == FMX_OK)
        status = launch_onset(s, fine, fine_points, taps, offset);
    fmx_buffer_release(fine);
    fmx_buffer_release(taps);
    fmx__synthesis_table_clear(&table);
    free(tap);
    free(offset);
    free(u0);
    return status;
}

static fmx_status add_noise(fmx_context *ctx, synthesis *s, bool wide)
{
    fmx_signal *signal = s->signal;
    size_t rows = signal->rows;
    float *sigma = NULL;
    float *error = NULL;
    uint32_t *item = NULL;
    fmx_status status = fmx__alloc(ctx, rows, sizeof *sigma, "noise", &sigma);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, rows * FMX_SYNTHESIS_ERRORS * 2, sizeof *error, "noise", &error);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, rows * 2, sizeof *item, "noise", &item);
    for (size_t r = 0; status == FMX_OK && r < rows; ++r) {
        sigma[r] = (float)s->row[r].noise_sigma;
        item[2 * r] = (uint32_t)signal->row[r].item;
        item[2 * r + 1] = (uint32_t)(signal->row[r].item >> 32);
        for (size_t i = 0; i < FMX_SYNTHESIS_ERRORS * 2; ++i)
            error[r * FMX_SYNTHESIS_ERRORS * 2 + i] = s->row[r].error[i / 2][i % 2];
    }
    if (status == FMX_OK) {
        fmx__arg args[] = {
            fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
            fmx__arg_data(sigma, rows * sizeof *sigma),
            fmx__arg_data(item, rows * 2 * sizeof *item),
            fmx__arg_data(error, rows * FMX_SYNTHESIS_ERRORS * 2 * sizeof *error),
            fmx__arg_u32(rows),
            fmx__arg_u32(signal->points),
            fmx__arg_u32((size_t)ceil(s->group_delay)),
            fmx__arg_u32(fmx__random_key(signal->seed)),
        };
        double points = (double)rows * (double)signal->points;
        fmx__launch job = {
            .stem = "fid_synthesis",
            .kernel = wide ? "fid_synthesis_noise_wide" : "fid_synthesis_noise",
            .arg = args,
            .arg_count = FMX__COUNT(args),
            .dims = 2,
            .global = {(signal->points + (wide ? 31 : 1)) / (wide ? 32 : 2), rows, 1},
            .local = {wide ? 16 : GROUP, 1, 1},
            .flops = 100 * points, /* ten rounds and two transforms for each pair of points */
            .bytes = 16 * points,
        };
        status = fmx__launch_kernel(signal->device, &job);
    }
    free(item);
    free(error);
    free(sigma);
    return status;
}

fmx_status fmx_synthesise(fmx_signal *signal, const fmx_synthesis *row)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    synthesis s = {.signal = signal, .row = row};
    bool wide = fmx__device_wide(signal->device);
    fmx_status status = fmx__need(signal, "synthesis", FMX_DOMAIN_TIME, true);
    if (status == FMX_OK)
        status = prepare(ctx, &s);
    if (status == FMX_OK)
        status = make_settled(ctx, &s, wide);
    if (status == FMX_OK && s.half > 0)
        status = make_onset(ctx, &s, wide);
    if (status == FMX_OK)
        status = add_noise(ctx, &s, wide);
    for (size_t r = 0; status == FMX_OK && r < signal->rows; ++r)
        signal->row[r].valid = signal->points;
    release(&s);
    return status;
}
