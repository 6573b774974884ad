#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "query_chain_internal.h"
#include "scan_offset.h"

static const double ordinary_hz = 1.2;

/* ---- memory ---------------------------------------------------------------------------------- */

/* At least `bytes`; what was in it is lost. */
static fmx_status make_room(fmx__query_chain *c, fmx__query_room *room, size_t bytes)
{
    if (bytes <= room->bytes)
        return FMX_OK;
    fmx_buffer_release(room->buffer);
    *room = (fmx__query_room){0};
    bytes += bytes / 4;
    fmx_status status = fmx_buffer_create(c->device, bytes, &room->buffer);
    room->bytes = status == FMX_OK ? bytes : 0;
    return status;
}

/* Room with `bytes` of host memory in it. */
static fmx_status send(fmx__query_chain *c, fmx__query_room *room, const void *data, size_t bytes)
{
    fmx_status status = make_room(c, room, bytes > 0 ? bytes : 1);
    return status == FMX_OK && bytes > 0 ? fmx_buffer_write(room->buffer, 0, data, bytes) : status;
}

/* Which multiplets are looked at. */
static void mark_seen(fmx__query_chain *c)
{
    const fmx_library *library = c->table->library;
    for (size_t m = 0; m < c->table->patterns; ++m) {
        double ppm = library->multiplet[m].ppm;
        c->seen[m] = c->table->pattern[m].count > 0 &&
                     !(ppm >= c->options->water_low_ppm && ppm <= c->options->water_high_ppm);
    }
}

fmx_status fmx__query_chain_create(fmx_device *device, const fmx__pattern_table *table,
                                   const fmx__query_options *options, size_t most,
                                   fmx__query_chain **out)
{
    fmx_context *ctx = fmx__device_context(device);
    const fmx__multiplet_axis *axis = &table->axis;
    fmx__query_chain *c = NULL;
    *out = NULL;
    if (most < 1 || table->patterns < 1)
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "queries: room for %zu spectra and %zu multiplets; there must be at least "
                         "one of each",
                         most, table->patterns);
    fmx_status status = fmx__alloc(ctx, 1, sizeof *c, "a query chain", &c);
    if (status != FMX_OK)
        return status;
    c->device = device;
    c->ctx = ctx;
    c->table = table;
    c->options = options;
    c->most = most;
    c->points_per_ppm = (double)(axis->points - 1) / (axis->first_ppm - axis->last_ppm);
    status = fmx__alloc(ctx, table->patterns, sizeof *c->seen, "multiplets", &c->seen);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, most, sizeof *c->width, "widths", &c->width);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, most, sizeof *c->centre, "offsets", &c->centre);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, most, sizeof *c->offset_ppm, "offsets", &c->offset_ppm);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, most, sizeof *c->clear, "offsets", &c->clear);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, most, sizeof *c->guess_ppm, "offsets", &c->guess_ppm);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, most, sizeof *c->of, "spectra", &c->of);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, table->library->compounds, sizeof *c->scratch, "survivors",
                            &c->scratch);
    if (status == FMX_OK) {
        mark_seen(c);
        *out = c;
    } else {
        fmx__query_chain_release(c);
    }
    return status;
}

void fmx__query_chain_release(fmx__query_chain *c)
{
    if (c == NULL)
        return;
    fmx__query_room *const rooms[] = {
        &c->pair_room,   &c->hit_room,    &c->width_room, &c->centre_room,    &c->head_room,
        &c->column_room, &c->part_room,   &c->fact_room,  &c->part_fact_room, &c->fitted_room,
        &c->window_room, &c->number_room, &c->out_room,
    };
    for (size_t i = 0; i < FMX__COUNT(rooms); ++i)
        fmx_buffer_release(rooms[i]->buffer);
    free(c->seen);
    free(c->width);
    free(c->centre);
    free(c->offset_ppm);
    free(c->clear);
    free(c->guess_ppm);
    free(c->of);
    free(c->scratch);
    free(c->pair);
    free(c->hit);
    free(c->survivor);
    free(c->query);
    free(c->multiplet);
    free(c->part);
    free(c->fact);
    free(c->part_fact);
    free(c->window);
    free(c->number);
    free(c);
}

/* The table's line width for every spectrum; where it is not known the spectrum tells, or else it
 * is an ordinary one. */
static fmx_status choose_widths(fmx__query_chain *c, const fmx__query_spectra *in)
{
    size_t points = c->table->axis.points;
    float *spectrum = NULL;
    fmx_status status = fmx__alloc(c->ctx, points, sizeof *spectrum, "a spectrum", &spectrum);
    for (size_t s = 0; status == FMX_OK && s < in->count; ++s) {
        double width_hz = in->width_hz[s];
        if (!(width_hz > 0)) {
            status = fmx_buffer_read(in->spectra, s * points * sizeof *spectrum, spectrum,
                                     points * sizeof *spectrum);
            if (status == FMX_OK)
                status =
                    fmx__query_width(c->ctx, spectrum, points, c->table->points_per_hz, &width_hz);
        }
        c->width[s] = (uint32_t)fmx__pattern_width(c->table, width_hz > 0 ? width_hz : ordinary_hz);
    }
    free(spectrum);
    return status;
}

/* ---- scan ------------------------------------------------------------------------------------ */

/* All multiplets of the candidates of each spectrum, compound by compound. */
static fmx_status list_pairs(fmx__query_chain *c, const fmx__query_spectra *in)
{
    const fmx_library *library = c->table->library;
    fmx_status status = FMX_OK;
    c->pairs = 0;
    for (size_t s = 0; status == FMX_OK && s < in->count; ++s) {
        const uint8_t *candidate =
            in->candidate != NULL ? in->candidate + s * library->compounds : NULL;
        c->of[s] = (fmx__query_state){.first_pair = c->pairs};
        status = fmx__grow(c->ctx, &c->pair, &c->pair_capacity, 2 * (c->pairs + c->table->patterns),
                           sizeof *c->pair, "multiplets");
        for (size_t m = 0; status == FMX_OK && m < c->table->patterns; ++m) {
            size_t entry = c->table->pattern[m].entry;
            if (!c->seen[m] ||
                (candidate != NULL && candidate[library->entry[entry].compound] == 0))
                continue;
            c->pair[2 * c->pairs] = (uint32_t)s;
            c->pair[2 * c->pairs++ + 1] = (uint32_t)m;
        }
        c->of[s].pairs = c->pairs - c->of[s].first_pair;
    }
    return status;
}

static size_t reach_of(const fmx__query_chain *c, double ppm)
{
    double points = ceil(ppm * c->points_per_ppm);
    return points < FMX__SCAN_MOST_REACH ? (size_t)points : FMX__SCAN_MOST_REACH;
}

/* The shifts of single multiplets come on top. */
static double offset_reach(const fmx__query_chain *c)
{
    return c->options->offset_ppm + 0.01;
}

/* Hits of all pairs, into c->hit. */
static fmx_status scan(fmx__query_chain *c, const fmx__query_spectra *in, double reach_ppm)
{
    size_t bytes = 2 * c->pairs * sizeof *c->hit;
    if (c->pairs == 0)
        return FMX_OK;
    fmx_status status = send(c, &c->centre_room, c->centre, in->count * sizeof *c->centre);
    if (status == FMX_OK)
        status = make_room(c, &c->hit_room, bytes);
    if (status == FMX_OK)
        status = fmx__grow(c->ctx, &c->hit, &c->hit_capacity, 2 * c->pairs, sizeof *c->hit, "hits");
    const fmx__scan_of of = {
        .spectra = in->spectra,
        .count = in->count,
        .table = c->table,
        .width = c->width_room.buffer,
        .centre = c->centre_room.buffer,
        .pairs = c->pair_room.buffer,
        .pair_count = c->pairs,
        .reach = reach_of(c, reach_ppm),
        .quantile = (float)c->options->quantile,
    };
    if (status == FMX_OK)
        status = fmx__multiplet_scan(c->device, c->hit_room.buffer, &of);
    return status == FMX_OK ? fmx_buffer_read(c->hit_room.buffer, 0, c->hit, bytes) : status;
}

static void set_offset(fmx__query_chain *c, size_t s, double points)
{
    c->centre[s] = (float)points;
    c->offset_ppm[s] = -(double)c->centre[s] / c->points_per_ppm;
}

static fmx_status find_offsets(fmx__query_chain *c, const fmx__query_spectra *in)
{
    for (size_t s = 0; s < in->count; ++s) {
        c->clear[s] = false;
        c->guess_ppm[s] = in->offset_ppm != NULL ? in->offset_ppm[s] : 0;
        set_offset(c, s, -c->guess_ppm[s] * c->points_per_ppm);
    }
    if (in->offset_ppm != NULL || !(c->options->offset_ppm > 0) || c->pairs == 0)
        return FMX_OK;
    fmx_status status = scan(c, in, offset_reach(c));
    for (size_t s = 0; status == FMX_OK && s < in->count; ++s) {
        size_t first = c->of[s].first_pair;
        const fmx__scan_list list = {
            .table = c->table,
            .width = c->width[s],
            .pair = (const uint32_t(*)[2])(c->pair + 2 * first),
            .hit = (const fmx__scan_hit(*)[2])(c->hit + 2 * first),
            .count = c->of[s].pairs,
        };
        double points = fmx__scan_offset(&list, 0, reach_of(c, offset_reach(c)), &c->clear[s]);
        c->guess_ppm[s] = -(double)(float)points / c->points_per_ppm;
        if (c->clear[s])
            set_offset(c, s, points);
    }
    return status;
}

/* ---- fit ------------------------------------------------------------------------------------- */

/* Columns and parts of all survivors: multiplets begin where the scan saw them best. */
static fmx_status list_columns(fmx__query_chain *c, size_t spectra, fmx__explain_head *head,
                               fmx__explain_column *column)
{
    fmx_status status = FMX_OK;
    c->parts = 0;
    for (size_t s = 0; s < spectra; ++s)
        head[s] = (fmx__explain_head){.first_column = (uint32_t)c->of[s].first_query,
                                      .columns = (uint32_t)c->of[s].queries,
                                      .width = c->width[s]};
    for (size_t q = 0; status == FMX_OK && q < c->queries; ++q) {
        const fmx__query_survivor *survivor = &c->survivor[q];
        uint32_t spectrum = c->pair[2 * (size_t)survivor->first_pair];
        status = fmx__grow(c->ctx, &c->part, &c->part_capacity, c->parts + survivor->pairs,
                           sizeof *c->part, "multiplets");
        c->query[q] = (fmx__query){.spectrum = spectrum,
                                   .compound = survivor->compound,
                                   .entry = survivor->entry,
                                   .first_multiplet = (uint32_t)c->parts,
                                   .multiplets = survivor->pairs,
                                   .weakest = survivor->weakest};
        column[q] = (fmx__explain_column){(uint32_t)c->parts, survivor->pairs, spectrum, 0};
        for (size_t i = 0; status == FMX_OK && i < survivor->pairs; ++i) {
            size_t pair = survivor->first_pair + i;
            c->part[c->parts++] = (fmx__explain_part){.pattern = c->pair[2 * pair + 1],
                                                      .shift = c->hit[2 * pair].shift,
                                                      .centre = c->centre[spectrum],
                                                      .column = (uint32_t)q};
        }
    }
    return status;
}

static fmx_status send_columns(fmx__query_chain *c, size_t spectra)
{
    fmx__explain_head *head = NULL;
    fmx__explain_column *column = NULL;
    fmx_status status = fmx__alloc(c->ctx, spectra, sizeof *head, "spectra", &head);
    if (status == FMX_OK)
        status = fmx__alloc(c->ctx, c->queries + 1, sizeof *column, "queries", &column);
    if (status == FMX_OK)
        status = fmx__grow(c->ctx, &c->query, &c->query_capacity, c->queries + 1, sizeof *c->query,
                           "queries");
    if (status == FMX_OK)
        status = list_columns(c, spectra, head, column);
    if (status == FMX_OK)
        status = send(c, &c->head_room, head, spectra * sizeof *head);
    if (status == FMX_OK)
        status = send(c, &c->column_room, column, c->queries * sizeof *column);
    if (status == FMX_OK)
        status = send(c, &c->part_room, c->part, c->parts * sizeof *c->part);
    free(column);
    free(head);
    return status;
}

/* Points of the axis from `high_ppm` down. */
static size_t point_at(const fmx__query_chain *c, double ppm)
{
    const fmx__multiplet_axis *axis = &c->table->axis;
    double at = (axis->first_ppm - ppm) * c->points_per_ppm;
    return at <= 0 ? 0 : at >= (double)axis->points ? axis->points : (size_t)at;
}

static fmx_status fit(fmx__query_chain *c, const fmx__query_spectra *in)
{
    const fmx__pattern_table *t = c->table;
    size_t points = t->axis.points;
    fmx__explain_options options = fmx__explain_defaults();
    options.narrow = 0.006 * c->points_per_ppm;
    options.broad = 0.022 * c->points_per_ppm;
    options.low_first = point_at(c, c->options->water_high_ppm);
    options.low_end = point_at(c, c->options->water_low_ppm);
    options.low_weight = 0.05;
    fmx__explain_of of = {
        .spectra = in->spectra,
        .count = in->count,
        .points = points,
        .table = t,
        .heads = c->head_room.buffer,
        .columns = c->column_room.buffer,
        .column_count = c->queries,
        .parts = c->part_room.buffer,
        .part_count = c->parts,
        .options = &options,
    };
    size_t fact_count = c->queries * FMX__EXPLAIN_FACTS;
    size_t part_fact_count = c->parts * FMX__EXPLAIN_PART_FACTS;
    fmx_status status = make_room(c, &c->fact_room, (fact_count + 1) * sizeof(float));
    if (status == FMX_OK)
        status = make_room(c, &c->part_fact_room, (part_fact_count + 1) * sizeof(float));
    if (status == FMX_OK)
        status = make_room(c, &c->fitted_room, in->count * points * sizeof(float));
    if (status == FMX_OK)
        status = fmx__explain(c->device, c->queries > 0 ? c->fact_room.buffer : NULL,
                              c->queries > 0 ? c->part_fact_room.buffer : NULL,
                              c->fitted_room.buffer, &of);
    return status;
}

/* Mean of the eight largest amounts of a spectrum's queries. */
static float mean_of_largest(const fmx__query_chain *c, const fmx__query_state *of)
{
    float largest[8] = {0};
    float sum = 0;
    for (size_t q = of->first_query; q < of->first_query + of->queries; ++q) {
        float v = c->query[q].amount;
        for (size_t i = 0; i < FMX__COUNT(largest); ++i) {
            if (v > largest[i]) {
                float moved = largest[i];
                largest[i] = v;
                v = moved;
            }
        }
    }
    for (size_t i = 0; i < FMX__COUNT(largest); ++i)
        sum += largest[i] / (float)FMX__COUNT(largest);
    return sum;
}

/* Leaves what the fit is certain of. */
static void keep_certain(fmx__query_chain *c, size_t spectra)
{
    size_t kept = 0;
    for (size_t s = 0; s < spectra; ++s) {
        size_t first = c->of[s].first_query;
        size_t end = first + c->of[s].queries;
        c->of[s].first_query = kept;
        for (size_t q = first; q < end; ++q) {
            const float *fact = c->fact + q * FMX__EXPLAIN_FACTS;
            if (!(fact[FMX__EXPLAIN_AMOUNT] > (float)c->options->certain * fact[FMX__EXPLAIN_SD]))
                continue;
            c->query[kept] = c->query[q];
            c->survivor[kept] = c->survivor[q];
            memmove(c->fact + kept * FMX__EXPLAIN_FACTS, fact, FMX__EXPLAIN_FACTS * sizeof *fact);
            ++kept;
        }
        c->of[s].queries = kept - c->of[s].first_query;
        c->of[s].mean_amount = mean_of_largest(c, &c->of[s]);
    }
    c->queries = kept;
}

/* What the fit found, and what follows from it for the whole spectrum. */
static fmx_status read_fit(fmx__query_chain *c)
{
    size_t fact_count = c->queries * FMX__EXPLAIN_FACTS;
    size_t part_fact_count = c->parts * FMX__EXPLAIN_PART_FACTS;
    fmx_status status =
        fmx__grow(c->ctx, &c->fact, &c->fact_capacity, fact_count, sizeof *c->fact, "facts");
    if (status == FMX_OK)
        status = fmx__grow(c->ctx, &c->part_fact, &c->part_fact_capacity, part_fact_count,
                           sizeof *c->part_fact, "facts");
    if (status == FMX_OK)
        status = fmx__grow(c->ctx, &c->multiplet, &c->multiplet_capacity, c->parts,
                           sizeof *c->multiplet, "multiplets");
    if (status == FMX_OK)
        status = fmx_buffer_read(c->fact_room.buffer, 0, c->fact, fact_count * sizeof *c->fact);
    if (status == FMX_OK)
        status = fmx_buffer_read(c->part_fact_room.buffer, 0, c->part_fact,
                                 part_fact_count * sizeof *c->part_fact);
    if (status == FMX_OK)
        status = fmx_buffer_read(c->part_room.buffer, 0, c->part, c->parts * sizeof *c->part);
    for (size_t q = 0; status == FMX_OK && q < c->queries; ++q) {
        fmx__query *query = &c->query[q];
        float *most = &c->of[query->spectrum].most_amount;
        query->amount = c->fact[q * FMX__EXPLAIN_FACTS + FMX__EXPLAIN_AMOUNT];
        query->amount_sd = c->fact[q * FMX__EXPLAIN_FACTS + FMX__EXPLAIN_SD];
        query->collinearity = c->fact[q * FMX__EXPLAIN_FACTS + FMX__EXPLAIN_COLLINEARITY];
        query->residual = c->fact[q * FMX__EXPLAIN_FACTS + FMX__EXPLAIN_RESIDUAL];
        query->explained = c->fact[q * FMX__EXPLAIN_FACTS + FMX__EXPLAIN_EXPLAINED];
        *most = fmaxf(*most, query->amount);
    }
    return status;
}

/* ---- windows --------------------------------------------------------------------------------- */

static fmx_status show(fmx__query_chain *c, const fmx__query_spectra *in)
{
    const fmx__pattern_table *t = c->table;
    size_t windows = c->queries * FMX__QUERY_PARTS;
    size_t numbers = c->queries * FMX__QUERY_WINDOW;
    fmx_status status =
        fmx__grow(c->ctx, &c->window, &c->window_capacity, windows, sizeof *c->window, "windows");
    if (status == FMX_OK)
        status = fmx__grow(c->ctx, &c->number, &c->number_capacity, numbers, sizeof *c->number,
                           "numbers");
    for (size_t q = 0; status == FMX_OK && q < c->queries; ++q)
        fmx__query_describe(c, q);
    if (status == FMX_OK)
        status = send(c, &c->window_room, c->window, windows * sizeof *c->window);
    if (status == FMX_OK)
        status = send(c, &c->number_room, c->number, numbers * sizeof *c->number);
    if (status == FMX_OK)
        status = make_room(c, &c->out_room, numbers * FMX__QUERY_CHANNELS * sizeof(float));
    const fmx__query_windows_of of = {
        .spectra = in->spectra,
        .fitted = c->fitted_room.buffer,
        .count = in->count,
        .points = t->axis.points,
        .heights = t->heights,
        .heights_count = t->heights_count,
        .windows = c->window_room.buffer,
        .numbers = c->number_room.buffer,
        .queries = c->queries,
    };
    return status == FMX_OK ? fmx__query_windows(c->device, c->out_room.buffer, &of) : status;
}

fmx_status fmx__query_chain_run(fmx__query_chain *c, const fmx__query_spectra *in,
                                fmx__query_answer *out)
{
    size_t compounds = c->table->library->compounds;
    *out = (fmx__query_answer){0};
    if (in->count < 1 || in->count > c->most)
        return fmx__fail(c->ctx, FMX_ERROR_ARGUMENT, "queries: %zu spectra; 1 to %zu are possible",
                         in->count, c->most);
    c->queries = 0;
    c->parts = 0;
    fmx_status status = choose_widths(c, in);
    if (status == FMX_OK)
        status = list_pairs(c, in);
    if (status == FMX_OK)
        status = send(c, &c->width_room, c->width, in->count * sizeof *c->width);
    if (status == FMX_OK)
        status = send(c, &c->pair_room, c->pair, 2 * c->pairs * sizeof *c->pair);
    if (status == FMX_OK)
        status = find_offsets(c, in);
    if (status == FMX_OK)
        status = scan(c, in, c->options->reach_ppm);
    for (size_t s = 0; status == FMX_OK && s < in->count; ++s)
        status = fmx__query_prefilter(c, s,
                                      in->candidate != NULL ? in->candidate + s * compounds : NULL);
    if (status == FMX_OK)
        status = send_columns(c, in->count);
    if (status == FMX_OK)
        status = fit(c, in);
    if (status == FMX_OK && c->queries > 0)
        status = read_fit(c);
    if (status == FMX_OK)
        keep_certain(c, in->count);
    if (status == FMX_OK && c->queries > 0)
        status = show(c, in);
    if (status == FMX_OK)
        *out = (fmx__query_answer){
            .query = c->query,
            .queries = c->queries,
            .multiplet = c->multiplet,
            .multiplets = c->parts,
            .offset_ppm = c->offset_ppm,
            .width = c->width,
            .clear = c->clear,
            .guess_ppm = c->guess_ppm,
            .windows = c->queries > 0 ? c->out_room.buffer : NULL,
            .fitted = c->fitted_room.buffer,
        };
    return status;
}
