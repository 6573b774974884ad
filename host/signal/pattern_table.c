#include "pattern_table.h"

#include <math.h>
#include <stdlib.h>

/* Lines closer than this are one: an eighth of the narrowest width. */
static const double merge_hz = 0.1;

/* Points beyond the ends of the axis that are still drawn. */
enum { MARGIN = 1024, ROW = 4096, BATCH_VALUES = 1 << 22 };

/* Where a multiplet is drawn: `length` points from `low` of the axis on. */
typedef struct place {
    double half_width; /* points */
    int32_t low;
    size_t length; /* 0: nowhere near the axis */
    size_t row;
    size_t at; /* in its row, a multiple of 16 */
} place;

/* One width being drawn. */
typedef struct drawing {
    fmx_device *device;
    fmx__pattern_table *table;
    fmx__multiplet_table lines;
    place *place;              /* [patterns] */
    fmx__synthesis_part *part; /* [patterns] */
    fmx__synthesis_head *head; /* [rows] */
    size_t row_points;
    size_t rows;
    float *heights; /* of all widths so far */
    size_t capacity;
    fmx__pattern_shape *shape; /* [widths][patterns] */
    fmx__pattern_sample *sample;
    size_t sample_capacity;
} drawing;

static size_t round_up(size_t value)
{
    return (value + FMX__SYNTHESIS_BLOCK - 1) / FMX__SYNTHESIS_BLOCK * FMX__SYNTHESIS_BLOCK;
}

/* ---- layout ---------------------------------------------------------------------------------- */

static place place_of(const fmx__table_multiplet *m, size_t points, double half_width)
{
    place p = {.half_width = half_width};
    double arm = FMX__PATTERN_REACH * half_width;
    double low = fmax(floor(m->place + m->low - arm), -(double)MARGIN);
    double high = fmin(ceil(m->place + m->high + arm), (double)(points + MARGIN));
    if (high >= low && fabs(m->place) < 1e9) {
        p.low = (int32_t)low;
        p.length = (size_t)(high - low) + 1;
    }
    return p;
}

/* Where everything is drawn: one pattern after the other in rows of equal length. */
static void lay_out(drawing *d, double width_hz)
{
    const fmx_library *l = d->table->library;
    size_t row = 0;
    size_t at = 0;
    d->row_points = ROW;
    for (size_t e = 0; e < l->entries; ++e) {
        double half_width = fmx__multiplet_half_width(&d->lines, &l->entry[e],
                                                      width_hz / 2 * d->lines.points_per_hz);
        for (size_t i = 0; i < l->entry[e].multiplet_count; ++i) {
            place *p = &d->place[l->entry[e].first_multiplet + i];
            *p = place_of(&d->lines.multiplet[l->entry[e].first_multiplet + i],
                          d->table->axis.points, half_width);
            if (round_up(p->length) > d->row_points)
                d->row_points = round_up(p->length);
        }
    }
    for (size_t i = 0; i < d->table->patterns; ++i) {
        size_t length = round_up(d->place[i].length);
        if (at + length > d->row_points) {
            ++row;
            at = 0;
        }
        d->place[i].row = row;
        d->place[i].at = at;
        at += length;
    }
    d->rows = row + 1;
}

/* ---- drawing --------------------------------------------------------------------------------- */

static fmx__synthesis_part part_of(const drawing *d, size_t index)
{
    const fmx__table_multiplet *m = &d->lines.multiplet[index];
    const place *p = &d->place[index];
    double whole = floor(m->place);
    fmx__synthesis_part part = {
        .first_line = m->first_line,
        .lines = m->lines,
        .fraction = (float)(m->place - whole),
        .amount = 1,
        .half_width = (float)p->half_width,
        .stretch = 1,
    };
    /* where a part is drawn its place is within the axis, the margin and the multiplet's arms */
    part.base = p->length > 0 ? (int32_t)(whole - (double)p->low + (double)p->at) : 0;
    part.window =
        p->length > 0
            ? fmx__synthesis_window((double)p->at, (double)(p->at + p->length) - 1, d->row_points)
            : 0;
    return part;
}

/* Draws rows [first, first + rows) into `to`; their patterns are [pattern, end). */
static fmx_status draw_rows(drawing *d, size_t first, size_t rows, size_t pattern, size_t end,
                            float *to)
{
    fmx_buffer *out = NULL;
    fmx_buffer *plan = NULL;
    size_t heads_bytes = rows * sizeof *d->head;
    size_t bytes = rows * d->row_points * sizeof *to;
    double work = 0;
    for (size_t r = 0; r < rows; ++r)
        d->head[r] = (fmx__synthesis_head){.cosine = 1};
    for (size_t i = pattern; i < end; ++i) {
        fmx__synthesis_head *head = &d->head[d->place[i].row - first];
        if (head->parts++ == 0)
            head->first_part = (uint32_t)(i - pattern);
        d->part[i] = part_of(d, i);
        work += (double)d->place[i].length * d->part[i].lines;
    }
    fmx__synthesis_of of = {.lines = d->lines.lines,
                            .line_count = d->lines.line_count,
                            .rows = rows,
                            .parts = end - pattern,
                            .points = d->row_points,
                            .reach = FMX__PATTERN_REACH,
                            .cell = 1,
                            .work = work};
    fmx_status status = fmx_buffer_create(d->device, bytes, &out);
    if (status == FMX_OK)
        status =
            fmx_buffer_create(d->device, fmx__synthesis_plan_bytes(rows, end - pattern, 0), &plan);
    if (status == FMX_OK)
        status = fmx_buffer_write(plan, 0, d->head, heads_bytes);
    if (status == FMX_OK)
        status = fmx_buffer_write(plan, heads_bytes, d->part + pattern,
                                  (end - pattern) * sizeof *d->part);
    of.plan = plan;
    if (status == FMX_OK)
        status = fmx__synthesis(d->device, out, &of);
    if (status == FMX_OK)
        status = fmx_buffer_read(out, 0, to, bytes);
    fmx_buffer_release(plan);
    fmx_buffer_release(out);
    return status;
}

/* ---- from drawn rows to patterns ------------------------------------------------------------- */

/* The FMX__PATTERN_MOST_POINTS points in a row with the largest sum; *length is reduced to them. */
static size_t strongest(const float *v, size_t *length)
{
    const size_t most = FMX__PATTERN_MOST_POINTS;
    size_t best = 0;
    double sum = 0;
    if (*length <= most)
        return 0;
    for (size_t i = 0; i < most; ++i)
        sum += v[i];
    double top = sum;
    for (size_t i = most; i < *length; ++i) {
        sum += (double)v[i] - v[i - most];
        if (sum > top) {
            top = sum;
            best = i + 1 - most;
        }
    }
    *length = most;
    return best;
}

/* Room for `length` heights and the zeros in front of them. */
static fmx_status make_room(drawing *d, size_t length)
{
    fmx_context *ctx = fmx__device_context(d->device);
    fmx__pattern_table *t = d->table;
    size_t need = t->heights_count + FMX__PATTERN_PAD + length;
    size_t samples = t->samples_count + FMX__PATTERN_SAMPLES;
    fmx_status status = FMX_OK;
    if (need > UINT32_MAX - FMX__PATTERN_PAD)
        return fmx__fail(ctx, FMX_ERROR_SHAPE, "a library with patterns of more than 2^32 points");
    if (need > d->capacity)
        status =
            fmx__grow(ctx, &d->heights, &d->capacity, 2 * need, sizeof *d->heights, "patterns");
    if (status == FMX_OK && samples > d->sample_capacity)
        status = fmx__grow(ctx, &d->sample, &d->sample_capacity, 2 * samples, sizeof *d->sample,
                           "patterns");
    for (size_t i = 0; status == FMX_OK && i < FMX__PATTERN_PAD; ++i)
        d->heights[t->heights_count++] = 0;
    return status;
}

/* Samples, mean and norm of the last `length` heights. */
static void measure(drawing *d, const float *height, const fmx__pattern *p, fmx__pattern_shape *out)
{
    fmx__pattern_table *t = d->table;
    size_t samples = p->counted < FMX__PATTERN_SAMPLES ? p->counted : FMX__PATTERN_SAMPLES;
    size_t counted = 0;
    double sum = 0;
    double square = 0;
    out->first = (uint32_t)t->samples_count;
    out->samples = (uint32_t)samples;
    for (size_t i = 0; i < p->count; ++i) {
        sum += height[i];
        if (!(height[i] > FMX__PATTERN_COUNTED))
            continue;
        /* counted point number k is sample s when it is the first with k samples >= s counted */
        size_t s = t->samples_count - out->first;
        if (s < samples && counted * samples >= s * p->counted)
            d->sample[t->samples_count++] = (fmx__pattern_sample){(uint32_t)i, 1 / height[i]};
        ++counted;
    }
    double mean = sum / p->count;
    for (size_t i = 0; i < p->count; ++i)
        square += (height[i] - mean) * (height[i] - mean);
    out->mean = (float)mean;
    out->inverse = square > 0 ? (float)(1 / sqrt(square)) : 0;
}

static fmx_status keep(drawing *d, const float *v, const place *p, size_t index)
{
    fmx__pattern_table *t = d->table;
    fmx__pattern *out = &t->pattern[index];
    size_t length = p->length;
    size_t skipped = strongest(v, &length);
    size_t top = 0;
    v += skipped;
    for (size_t i = 1; i < length; ++i)
        top = v[i] > v[top] ? i : top;
    out->first = FMX__PATTERN_PAD;
    out->base = p->low + (int32_t)skipped;
    int64_t tallest = (int64_t)out->base + (int64_t)top;
    if (length == 0 || !(v[top] > 0) || tallest < 0 || tallest >= (int64_t)t->axis.points)
        return FMX_OK;
    fmx_status status = make_room(d, length);
    if (status != FMX_OK)
        return status;
    out->first = (uint32_t)t->heights_count;
    out->count = (uint32_t)length;
    out->highest = v[top];
    for (size_t i = 0; i < length; ++i) {
        float height = v[i] / v[top];
        d->heights[t->heights_count++] = height;
        out->counted += height > FMX__PATTERN_COUNTED;
    }
    measure(d, d->heights + out->first, out, &d->shape[index]);
    return FMX_OK;
}

/* All patterns at one width. */
static fmx_status draw_width(drawing *d, size_t width)
{
    fmx_context *ctx = fmx__device_context(d->device);
    float *rows = NULL;
    size_t next = 0;
    lay_out(d, d->table->width_hz[width]);
    size_t batch = BATCH_VALUES / d->row_points > 0 ? BATCH_VALUES / d->row_points : 1;
    batch = batch < d->rows ? batch : d->rows;
    fmx_status status =
        fmx__alloc(ctx, batch * d->row_points, sizeof *rows, "drawn patterns", &rows);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, batch, sizeof *d->head, "drawn patterns", &d->head);
    for (size_t first = 0; status == FMX_OK && first < d->rows; first += batch) {
        size_t count = d->rows - first < batch ? d->rows - first : batch;
        size_t end = next;
        while (end < d->table->patterns && d->place[end].row < first + count)
            ++end;
        status = draw_rows(d, first, count, next, end, rows);
        for (; status == FMX_OK && next < end; ++next) {
            const place *p = &d->place[next];
            status = keep(d, rows + (p->row - first) * d->row_points + p->at, p,
                          width * d->table->patterns + next);
        }
    }
    free(rows);
    free(d->head);
    d->head = NULL;
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static fmx_status check(fmx_context *ctx, const fmx_library *library,
                        const fmx__multiplet_axis *axis, const double *width_hz, size_t widths)
{
    if (axis->points > FMX__PATTERN_MOST_AXIS || library->multiplets < 1)
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "patterns of %zu multiplets on an axis of %zu points; there must be at "
                         "least one and at most %d points",
                         library->multiplets, axis->points, (int)FMX__PATTERN_MOST_AXIS);
    if (widths < 1 || widths > FMX__PATTERN_WIDTHS)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "patterns at %zu widths; 1 to %d are possible",
                         widths, (int)FMX__PATTERN_WIDTHS);
    for (size_t i = 0; i < widths; ++i) {
        if (!(width_hz[i] > (i > 0 ? width_hz[i - 1] : 0) && width_hz[i] <= 100))
            return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                             "patterns: width %zu is %g Hz; widths must rise, from above 0 to 100",
                             i, width_hz[i]);
    }
    return FMX_OK;
}

/* What does not depend on the width. */
static void describe(const drawing *d)
{
    const fmx_library *l = d->table->library;
    for (size_t w = 0; w < d->table->widths; ++w) {
        for (size_t e = 0; e < l->entries; ++e) {
            for (size_t i = 0; i < l->entry[e].multiplet_count; ++i) {
                size_t m = l->entry[e].first_multiplet + i;
                fmx__pattern *p = &d->table->pattern[w * d->table->patterns + m];
                p->entry = (uint32_t)e;
                p->protons = (float)l->multiplet[m].protons;
                p->lines = d->lines.multiplet[m].lines;
            }
        }
    }
}

static fmx_status upload(drawing *d)
{
    fmx__pattern_table *t = d->table;
    size_t all = t->widths * t->patterns;
    size_t samples = t->samples_count > 0 ? t->samples_count : 1; /* make_room made one at least */
    fmx_status status = make_room(d, 0);
    if (status == FMX_OK)
        status = fmx_buffer_create_copy(d->device, d->heights,
                                        t->heights_count * sizeof *d->heights, &t->heights);
    if (status == FMX_OK)
        status =
            fmx_buffer_create_copy(d->device, d->sample, samples * sizeof *d->sample, &t->samples);
    if (status == FMX_OK)
        status = fmx_buffer_create_copy(d->device, d->shape, all * sizeof *d->shape, &t->shapes);
    if (status == FMX_OK)
        status =
            fmx_buffer_create_copy(d->device, t->pattern, all * sizeof *t->pattern, &t->records);
    return status;
}

static fmx_status draw(drawing *d)
{
    fmx_context *ctx = fmx__device_context(d->device);
    fmx__pattern_table *t = d->table;
    size_t all = t->widths * t->patterns;
    fmx_status status = fmx__alloc(ctx, all, sizeof *t->pattern, "patterns", &t->pattern);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, all, sizeof *d->shape, "patterns", &d->shape);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, t->patterns, sizeof *d->place, "patterns", &d->place);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, t->patterns, sizeof *d->part, "patterns", &d->part);
    if (status == FMX_OK)
        describe(d);
    for (size_t w = 0; status == FMX_OK && w < t->widths; ++w)
        status = draw_width(d, w);
    if (status == FMX_OK)
        status = upload(d);
    free(d->sample);
    free(d->shape);
    free(d->heights);
    free(d->part);
    free(d->place);
    return status;
}

fmx_status fmx__pattern_table_create(fmx_device *device, const fmx_library *library,
                                     const fmx__multiplet_axis *axis, const double *width_hz,
                                     size_t widths, fmx__pattern_table *out)
{
    static const double usual_hz[] = {0.8, 1.1, 1.5, 2.1, 3.0};
    drawing d = {.device = device, .table = out};
    if (width_hz == NULL) {
        width_hz = usual_hz;
        widths = FMX__COUNT(usual_hz);
    }
    *out = (fmx__pattern_table){.library = library, .axis = *axis, .patterns = library->multiplets};
    fmx_status status = check(fmx__device_context(device), library, axis, width_hz, widths);
    if (status == FMX_OK) {
        out->widths = widths;
        for (size_t w = 0; w < widths; ++w)
            out->width_hz[w] = width_hz[w];
        status = fmx__multiplet_table_create(device, library, axis, merge_hz, &d.lines);
    }
    if (status == FMX_OK) {
        out->points_per_hz = d.lines.points_per_hz;
        status = draw(&d);
    }
    fmx__multiplet_table_clear(&d.lines);
    return status;
}

void fmx__pattern_table_clear(fmx__pattern_table *table)
{
    fmx_buffer_release(table->records);
    fmx_buffer_release(table->heights);
    fmx_buffer_release(table->shapes);
    fmx_buffer_release(table->samples);
    free(table->pattern);
    *table = (fmx__pattern_table){0};
}

size_t fmx__pattern_width(const fmx__pattern_table *table, double width_hz)
{
    size_t best = 0;
    for (size_t w = 1; w < table->widths; ++w) {
        if (fabs(log(width_hz / table->width_hz[w])) < fabs(log(width_hz / table->width_hz[best])))
            best = w;
    }
    return best;
}
