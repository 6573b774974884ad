/* Explain: spectra as non-negative sums of the compounds that may be in them, each multiplet at a place
 * of its own. docs/stages/explain.md.
 *
 *   cost = sum over points p of rho((d[p] - sum over columns c, parts j of c of
 *                                    amount_c highest_j shape_j[p - base_j - shift_j]) inverse[p])
 *   inverse[p] = 1 / max(floor + share e[p] + near (largest e within 20 points of p),
 *                        far (largest e within 384 to 447 points of p)),  e = max(d, -d - 2 floor, 0)
 *   rho(u) = u^2 / 2 up to u = knee (all of the negative side), a straight line from there to
 *            knee / above, then above u^2 / 2 and what makes it continuous: convex, its slope is
 *            psi(u) = min(u, max(knee, above u))
 *
 * spectra    float [count][points], in units of the noise
 * heads      [count], columns [columns], parts [parts]: explain.h; shifts are in and out
 * records    [widths][patterns], heights: fmx__pattern_table; 32 zeros in front of each pattern's
 *            heights and behind the last one's
 * scratch    residual, inverse, fitted [count][stride]; curvature [columns]; whether a spectrum is
 *            finite [count]; first point and end of each part's window, int [parts][2]
 * facts      [columns][8], [0] holds the amount while the fit goes on; part_facts [parts][4]
 *
 * Rows of scratch have EXPLAIN_MARGIN points more on either side, where inverse is 0: no pattern needs
 * a check of bounds. A shape between points is interpolated by four of its heights (Catmull-Rom).
 *
 * explain_start    a group per spectrum: residual, inverse
 * explain_sweeps   a group per spectrum: coordinate descent, one column after the other. The curvature of
 *                  a column is that of rho at most, a part counted as often as parts of its column overlap
 *                  it, so that no step with relax < 2 can raise the cost.
 * explain_shifts   a group per spectrum: one part after the other looks for a better place
 * explain_fitted   a group per spectrum: residual and fitted afresh
 * explain_facts    a group per column
 *
 * One source: a lane is an item of the group (GPU), or one of the sixteen of a vector in a group of a
 * single item (PoCL). Sums: each lane its own points in order, part after part, then the lanes.
 * Twin: host/ref/explain_ref.c.
 */
#define EXPLAIN_MARGIN 2048  /* points */
#define EXPLAIN_FARTHEST 512 /* shift of a part, points */
#define EXPLAIN_AROUND 20    /* points on either side for the local maximum */
#define EXPLAIN_BLOCK 64     /* points of a block ... */
#define EXPLAIN_BLOCKS 6     /* ... and blocks on either side for the wide maximum */
#define EXPLAIN_PAD 32       /* zeros between patterns */
#define EXPLAIN_CANDIDATES 64
#define EXPLAIN_REST 4 /* sweeps; only each fourth looks at columns that are at 0 */
#define EXPLAIN_FACTS 8
#define EXPLAIN_LENGTH 4.0f /* points whose errors go together */
#define EXPLAIN_SMALL 0.25f  /* what is lower than this share of the noise does not move */
#define EXPLAIN_SEEN 0.1f /* share of a pattern's top above which its points are looked at */

#ifdef FMX_VARIANT_CPU
typedef float16 explain_lanes;
typedef int16 explain_choice;
#define EXPLAIN_FIRST 0
#define EXPLAIN_STEP 16
#define EXPLAIN_LANES 16
#define EXPLAIN_LOAD(p) vload16(0, (p))
#define EXPLAIN_STORE(v, p) vstore16((v), 0, (p))
#define EXPLAIN_SUM(v, scratch) explain_sum16(v)
#define EXPLAIN_INDEX ((int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define EXPLAIN_FENCE()
#define EXPLAIN_PUT(i, v, sums) ((sums)[i] = explain_sum16(v))
#define EXPLAIN_GET(i, sums) ((sums)[i])

static inline float explain_sum16(float16 v)
{
    float8 a = v.lo + v.hi;
    float4 b = a.lo + a.hi;
    float2 c = b.lo + b.hi;
    return c.x + c.y;
}

static inline void explain_add(size_t values, __local float *sums)
{
}
#else
typedef float explain_lanes;
typedef int explain_choice;
#define EXPLAIN_FIRST get_local_id(0)
#define EXPLAIN_STEP get_local_size(0)
#define EXPLAIN_LANES 1
#define EXPLAIN_LOAD(p) (*(p))
#define EXPLAIN_STORE(v, p) (*(p) = (v))
#define EXPLAIN_SUM(v, scratch) fmx_group_sum((v), (scratch))
#define EXPLAIN_INDEX 0
#define EXPLAIN_FENCE() barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#define EXPLAIN_PUT(i, v, sums) ((sums)[(i) * get_local_size(0) + get_local_id(0)] = (v))
#define EXPLAIN_GET(i, sums) ((sums)[(i) * get_local_size(0)])

/* Adds up what the items put into each of `values` rows: many small sums with two barriers.
 * PoCL 3.1 drops a loop that starts at the item's number in this place; this one is the same for all. */
static inline void explain_add(size_t values, __local float *sums)
{
    size_t n = get_local_size(0);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (size_t from = 0; from < values; from += n) {
        size_t i = from + get_local_id(0);
        if (i < values) {
            float sum = 0.0f;
            for (size_t k = 0; k < n; ++k)
                sum += sums[i * n + k];
            sums[i * n] = sum;
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}
#endif

typedef struct explain_settings {
    uint count;
    uint points;
    uint stride;
    uint columns;
    uint parts;
    uint patterns;
    uint widths;
    uint heights;
    uint sweeps;
    uint candidates;
    uint low_first; /* points [low_first, low_end) count low_weight of their weight */
    uint low_end;
    float low_weight;
    float floor;
    float share;
    float near;
    float far;
    float above;
    float knee;
    float relax;
    float spacing; /* of candidates, points */
    float prior;   /* how much -log of a shift's probability counts */
    float narrow;  /* points */
    float broad;
    float broad_share;
} explain_settings;

typedef struct explain_head {
    uint first;
    uint columns;
    uint width;
    uint unused;
} explain_head;

typedef struct explain_column {
    uint first;
    uint parts;
    uint spectrum;
    uint unused;
} explain_column;

typedef struct explain_part {
    uint pattern;
    float shift;
    float centre;
    uint column;
} explain_part;

typedef struct explain_pattern {
    uint first;
    uint count;
    int base;
    uint counted;
    float highest;
    float protons;
    uint entry;
    uint lines;
} explain_pattern;

/* A part at a shift: lane k stands for point start + k of a row with margins. */
typedef struct explain_place {
    __global const float *heights;
    int start;
    int span; /* 0: nothing there */
    float highest;
    float4 tap;
} explain_place;

/* What no kernel may reach is left out. */
static inline explain_place explain_at(__global const explain_pattern *record,
                                       __global const float *heights, float shift,
                                       const explain_settings *set)
{
    explain_place p;
    float whole = floor(shift);
    float t = 1.0f - (shift - whole);
    float t2 = t * t;
    float t3 = t2 * t;
    p.start = record->base + (int)whole - 1 + EXPLAIN_MARGIN;
    p.span = (int)record->count + 3;
    p.highest = record->highest;
    p.heights = heights + record->first - 3;
    p.tap = (float4)(t2 - 0.5f * t3 - 0.5f * t, 1.5f * t3 - 2.5f * t2 + 1.0f,
                     2.0f * t2 - 1.5f * t3 + 0.5f * t, 0.5f * t3 - 0.5f * t2);
    bool fits = record->count > 0 && record->count <= EXPLAIN_MARGIN / 2 &&
                record->first >= EXPLAIN_PAD && record->first + record->count + EXPLAIN_PAD <= set->heights &&
                p.start >= 0 && p.start + p.span + 16 <= (int)set->stride;
    if (!fits)
        p.span = 0;
    return p;
}

/* The record of a part, or NULL where it names none. */
static inline __global const explain_pattern *explain_record(
    __global const explain_pattern *records, __global const explain_part *part, uint width,
    const explain_settings *set)
{
    return part->pattern < set->patterns && width < set->widths
               ? records + (size_t)width * set->patterns + part->pattern
               : 0;
}

static inline explain_place explain_open(__global const explain_pattern *records,
                                         __global const float *heights,
                                         __global const explain_part *part, uint width,
                                         const explain_settings *set)
{
    __global const explain_pattern *record = explain_record(records, part, width, set);
    explain_place none;
    none.heights = heights;
    none.start = 0;
    none.span = 0;
    none.highest = 0.0f;
    none.tap = 0.0f;
    if (!record || !(fabs(part->shift) <= EXPLAIN_FARTHEST))
        return none;
    return explain_at(record, heights, part->shift, set);
}

static inline explain_lanes explain_shape(const explain_place *p, size_t k)
{
    __global const float *h = p->heights + k;
    explain_lanes v = p->tap.s0 * EXPLAIN_LOAD(h);
    v = fma((explain_lanes)(p->tap.s1), EXPLAIN_LOAD(h + 1), v);
    v = fma((explain_lanes)(p->tap.s2), EXPLAIN_LOAD(h + 2), v);
    return fma((explain_lanes)(p->tap.s3), EXPLAIN_LOAD(h + 3), v);
}

static inline explain_lanes explain_psi(explain_lanes u, const explain_settings *set)
{
    return fmin(u, fmax((explain_lanes)(set->knee), set->above * u));
}

static inline explain_lanes explain_rho(explain_lanes u, const explain_settings *set)
{
    float end = set->knee / set->above;
    explain_lanes inner = fmin(u, (explain_lanes)(set->knee));
    explain_lanes middle = clamp(u, (explain_lanes)(set->knee), (explain_lanes)(end)) - set->knee;
    explain_lanes outer = fmax(u, (explain_lanes)(end));
    return 0.5f * inner * inner + set->knee * middle +
           0.5f * set->above * (outer * outer - end * end);
}

/* How much a value can be wrong with its neighbours: its size, as long as it is no noise below 0. */
static inline explain_lanes explain_size(explain_lanes d, const explain_settings *set)
{
    return fmax(fmax(d, -d - 2.0f * set->floor), (explain_lanes)(0.0f));
}

/* columns and parts within their tables */
static inline uint explain_columns(__global const explain_head *head, const explain_settings *set)
{
    return head->first <= set->columns && head->columns <= set->columns - head->first ? head->columns
                                                                                      : 0;
}

static inline uint explain_parts(__global const explain_column *column, const explain_settings *set)
{
    return column->first <= set->parts && column->parts <= set->parts - column->first ? column->parts
                                                                                      : 0;
}

__kernel void explain_start(__global float *scratch, __global float *facts,
                            __global const float *spectra, __global const explain_head *heads,
                            __global const explain_settings *settings, __local float *local_sums)
{
    explain_settings set = *settings;
    size_t row = get_group_id(0);
    size_t l = EXPLAIN_FIRST;
    size_t step = EXPLAIN_STEP;
    size_t rows = (size_t)set.count * set.stride;
    __global const float *d = spectra + row * set.points;
    __global float *residual = scratch + row * set.stride;
    __global float *inverse = residual + rows;
    __global float *state = scratch + 3 * rows + set.columns;
    for (size_t p = l; p < set.stride; p += step)
        EXPLAIN_STORE((explain_lanes)(0.0f), residual + p);
    for (size_t p = l; p < set.stride; p += step)
        EXPLAIN_STORE((explain_lanes)(0.0f), inverse + p);
    EXPLAIN_FENCE();
    float bad = 0.0f;
    /* the last lanes of a row go one by one, by the first item or lane */
    for (size_t p = get_local_id(0); p < set.points; p += get_local_size(0)) {
        float v = d[p];
        bad += isfinite(v) ? 0.0f : 1.0f;
        residual[EXPLAIN_MARGIN + p] = v;
    }
    EXPLAIN_FENCE();
#ifndef FMX_VARIANT_CPU
    bad = fmx_group_sum(bad, local_sums);
#endif
    __global float *block = residual + 2 * rows; /* the row of fitted is not used yet */
    size_t blocks = set.stride / EXPLAIN_BLOCK + 1;
    for (size_t b = get_local_id(0); b < blocks; b += get_local_size(0)) {
        float most = 0.0f;
        size_t end = min((b + 1) * EXPLAIN_BLOCK, (size_t)set.stride);
        for (size_t p = b * EXPLAIN_BLOCK; p < end; ++p)
            most = fmax(most, fmax(residual[p], -residual[p] - 2.0f * set.floor));
        block[b] = most;
    }
    EXPLAIN_FENCE();
    for (size_t p = l; p < set.points; p += step) {
        __global const float *at = residual + EXPLAIN_MARGIN + p;
        explain_lanes most = 0.0f;
        for (int i = -EXPLAIN_AROUND; i <= EXPLAIN_AROUND; ++i)
            most = fmax(most, explain_size(EXPLAIN_LOAD(at + i), &set));
        explain_lanes scale = set.floor + set.share * explain_size(EXPLAIN_LOAD(at), &set) +
                              set.near * most;
        /* the same for all of a vector: blocks are whole vectors */
        float widest = 0.0f;
        for (int b = -EXPLAIN_BLOCKS; b <= EXPLAIN_BLOCKS; ++b)
            widest = fmax(widest, block[(EXPLAIN_MARGIN + p) / EXPLAIN_BLOCK + b]);
        scale = fmax(scale, (explain_lanes)(set.far * widest));
        explain_choice point = (int)p + EXPLAIN_INDEX;
        explain_choice low = point >= (int)set.low_first && point < (int)set.low_end;
        explain_lanes weight = 1.0f / scale;
        weight = low ? set.low_weight * weight : weight;
        weight = point < (int)set.points && bad == 0.0f ? weight : (explain_lanes)(0.0f);
        EXPLAIN_STORE(weight, inverse + EXPLAIN_MARGIN + p);
    }
    EXPLAIN_FENCE();
    for (size_t p = l; bad != 0.0f && p < set.stride; p += step)
        EXPLAIN_STORE((explain_lanes)(0.0f), residual + p);
    if (get_local_id(0) == 0)
        state[row] = bad;
    uint columns = explain_columns(heads + row, &set);
    for (size_t c = get_local_id(0); c < columns; c += get_local_size(0))
        facts[(heads[row].first + c) * EXPLAIN_FACTS] = 0.0f;
}

/* Window of every part and curvature of every column of a spectrum. */
static inline void explain_measure(__global float *scratch, __global const explain_head *head,
                                   __global const explain_column *columns,
                                   __global const explain_part *parts,
                                   __global const explain_pattern *records,
                                   __global const float *heights, const explain_settings *set,
                                   __local float *sums)
{
    size_t rows = (size_t)set->count * set->stride;
    __global const float *inverse = scratch + rows + get_group_id(0) * set->stride;
    __global float *curvature = scratch + 3 * rows;
    __global int *window = (__global int *)(curvature + set->columns + set->count);
    uint count = explain_columns(head, set);
    for (size_t c = head->first; c < head->first + count; ++c) {
        size_t first = columns[c].first;
        size_t end = first + explain_parts(columns + c, set);
        for (size_t j = first + get_local_id(0); j < end; j += get_local_size(0)) {
            explain_place p = explain_open(records, heights, parts + j, head->width, set);
            window[2 * j] = p.start;
            window[2 * j + 1] = p.start + p.span;
        }
        EXPLAIN_FENCE();
        explain_lanes sum = 0.0f;
        for (size_t j = first; j < end; ++j) {
            explain_place p = explain_open(records, heights, parts + j, head->width, set);
            float overlaps = 0.0f;
            for (size_t i = first; i < end; ++i)
                overlaps += window[2 * i] < window[2 * j + 1] && window[2 * j] < window[2 * i + 1]
                                ? 1.0f
                                : 0.0f;
            explain_lanes own = 0.0f;
            for (size_t k = EXPLAIN_FIRST; k < p.span; k += EXPLAIN_STEP) {
                explain_lanes v = EXPLAIN_LOAD(inverse + p.start + k) * explain_shape(&p, k);
                own = fma(v, v, own);
            }
            sum += overlaps * p.highest * p.highest * own;
        }
        float total = EXPLAIN_SUM(sum, sums);
        if (get_local_id(0) == 0)
            curvature[c] = total;
    }
    EXPLAIN_FENCE();
}

/* residual -= by times the shape */
static inline void explain_take(__global float *residual, const explain_place *p, float by)
{
    for (size_t k = EXPLAIN_FIRST; k < p->span; k += EXPLAIN_STEP) {
        __global float *r = residual + p->start + k;
        explain_lanes v = fma((explain_lanes)(-by), explain_shape(p, k), EXPLAIN_LOAD(r));
        EXPLAIN_STORE(v, r);
    }
    EXPLAIN_FENCE();
}

__kernel void explain_sweeps(__global float *scratch, __global float *facts,
                             __global const explain_head *heads,
                             __global const explain_column *columns,
                             __global const explain_part *parts,
                             __global const explain_pattern *records, __global const float *heights,
                             __global const explain_settings *settings, __local float *local_sums)
{
    explain_settings set = *settings;
    size_t row = get_group_id(0);
    size_t rows = (size_t)set.count * set.stride;
    __global const explain_head *head = heads + row;
    __global float *residual = scratch + row * set.stride;
    __global const float *inverse = residual + rows;
    __global const float *curvature = scratch + 3 * rows;
    uint count = explain_columns(head, &set);
    explain_measure(scratch, head, columns, parts, records, heights, &set, local_sums);
    for (uint sweep = 0; sweep < set.sweeps; ++sweep) {
        bool all = sweep % EXPLAIN_REST == 0;
        float relax = sweep + 2 < set.sweeps ? set.relax : 1.0f;
        for (uint n = 0; n < count; ++n) {
            size_t c = head->first + (sweep % 2 == 0 ? n : count - 1 - n);
            float amount = facts[c * EXPLAIN_FACTS];
            float bend = curvature[c];
            if (!(bend > 0.0f) || (amount == 0.0f && !all))
                continue;
            size_t first = columns[c].first;
            size_t end = first + explain_parts(columns + c, &set);
            explain_lanes sum = 0.0f;
            for (size_t j = first; j < end; ++j) {
                explain_place p = explain_open(records, heights, parts + j, head->width, &set);
                explain_lanes own = 0.0f;
                for (size_t k = EXPLAIN_FIRST; k < p.span; k += EXPLAIN_STEP) {
                    explain_lanes weight = EXPLAIN_LOAD(inverse + p.start + k);
                    explain_lanes u = weight * EXPLAIN_LOAD(residual + p.start + k);
                    own = fma(weight * explain_psi(u, &set), explain_shape(&p, k), own);
                }
                sum = fma((explain_lanes)(p.highest), own, sum);
            }
            float slope = EXPLAIN_SUM(sum, local_sums);
            float next = fmax(0.0f, amount + relax * slope / bend);
            if (next == amount)
                continue;
            EXPLAIN_FENCE(); /* all have read it */
            if (get_local_id(0) == 0)
                facts[c * EXPLAIN_FACTS] = next;
            for (size_t j = first; j < end; ++j) {
                explain_place p = explain_open(records, heights, parts + j, head->width, &set);
                explain_take(residual, &p, (next - amount) * p.highest);
            }
        }
    }
}

/* -log of how likely a multiplet is `away` points from where it is expected, 0 at its most likely. */
static inline float explain_unlikely(float away, const explain_settings *set)
{
    float near = away / set->narrow;
    float far = away / set->broad;
    float tail = set->broad_share * set->narrow / set->broad;
    float body = 1.0f - set->broad_share;
    float density = body * fmx_exp(-0.5f * near * near) + tail * fmx_exp(-0.5f * far * far);
    return -fmx_log(fmax(density / (body + tail), 1e-30f));
}

/* Places in the order 0, -1, 1, -2, 2 ... of the spacing, so that of equals the nearest wins. */
static inline float explain_candidate(float shift, size_t i, const explain_settings *set)
{
    float steps = (float)((i + 1) / 2);
    return shift + (i % 2 == 0 ? steps : -steps) * set->spacing;
}

#ifdef FMX_VARIANT_CPU
static inline float explain_cost(__global const float *residual, __global const float *inverse,
                                 const explain_place *p, float height, const explain_settings *set)
{
    float16 sum = 0.0f;
    for (size_t k = 0; k < p->span; k += 16) {
        float16 weight = vload16(0, inverse + p->start + k);
        float16 r = vload16(0, residual + p->start + k);
        float16 left = fma((float16)(-height), explain_shape(p, k), r);
        sum += explain_rho(weight * left, set) - explain_rho(weight * r, set);
    }
    return explain_sum16(sum);
}
#endif

/* The shift with the least cost. All items of the group get it. */
static inline float explain_best(__global const float *residual, __global const float *inverse,
                                 __global const explain_pattern *record,
                                 __global const float *heights, float shift, float centre,
                                 float height, const explain_settings *set, __local float *cost)
{
#ifdef FMX_VARIANT_CPU
    for (size_t i = 0; i < set->candidates; ++i) {
        explain_place p = explain_at(record, heights, explain_candidate(shift, i, set), set);
        cost[i] = explain_cost(residual, inverse, &p, height, set);
    }
    size_t teams = 1;
#else
    size_t n = get_local_size(0);
    size_t teams = max((size_t)1, n / EXPLAIN_CANDIDATES);
    size_t team = get_local_id(0) / EXPLAIN_CANDIDATES;
    size_t step = n < EXPLAIN_CANDIDATES ? n : EXPLAIN_CANDIDATES;
    for (size_t i = get_local_id(0) % EXPLAIN_CANDIDATES; i < set->candidates && team < teams;
         i += step) {
        explain_place p = explain_at(record, heights, explain_candidate(shift, i, set), set);
        float sum = 0.0f;
        for (size_t k = team; k < p.span; k += teams) {
            float weight = inverse[p.start + k];
            float r = residual[p.start + k];
            float left = fma(-height, explain_shape(&p, k), r);
            sum += explain_rho(weight * left, set) - explain_rho(weight * r, set);
        }
        cost[team * EXPLAIN_CANDIDATES + i] = sum;
    }
#endif
    EXPLAIN_FENCE();
    float best = shift;
    float least = INFINITY;
    for (size_t i = 0; i < set->candidates; ++i) {
        float candidate = explain_candidate(shift, i, set);
        float total = set->prior * explain_unlikely(candidate - centre, set);
        for (size_t t = 0; t < teams; ++t)
            total += cost[t * EXPLAIN_CANDIDATES + i];
        bool better = total < least && fabs(candidate) <= EXPLAIN_FARTHEST;
        least = better ? total : least;
        best = better ? candidate : best;
    }
    EXPLAIN_FENCE();
    return best;
}

__kernel void explain_shifts(__global float *scratch, __global const float *facts,
                             __global const explain_head *heads,
                             __global const explain_column *columns, __global explain_part *parts,
                             __global const explain_pattern *records, __global const float *heights,
                             __global const explain_settings *settings, __local float *local_costs)
{
    explain_settings set = *settings;
    size_t row = get_group_id(0);
    size_t rows = (size_t)set.count * set.stride;
    __global const explain_head *head = heads + row;
    __global float *residual = scratch + row * set.stride;
    __global const float *inverse = residual + rows;
    uint count = explain_columns(head, &set);
    for (size_t c = head->first; c < head->first + count; ++c) {
        float amount = facts[c * EXPLAIN_FACTS];
        if (!(amount > 0.0f))
            continue;
        size_t first = columns[c].first;
        size_t end = first + explain_parts(columns + c, &set);
        for (size_t j = first; j < end; ++j) {
            explain_place p = explain_open(records, heights, parts + j, head->width, &set);
            float height = amount * p.highest;
            if (p.span == 0 || height < EXPLAIN_SMALL)
                continue;
            float shift = parts[j].shift;
            explain_take(residual, &p, -height);
            float best = explain_best(residual, inverse,
                                      explain_record(records, parts + j, head->width, &set), heights,
                                      shift, parts[j].centre, height, &set, local_costs);
            if (best != shift) {
                EXPLAIN_FENCE();
                if (get_local_id(0) == 0)
                    parts[j].shift = best;
                p = explain_at(explain_record(records, parts + j, head->width, &set), heights, best,
                               &set);
            }
            explain_take(residual, &p, height);
        }
    }
}

__kernel void explain_fitted(__global float *scratch, __global float *out,
                             __global const float *spectra, __global const float *facts,
                             __global const explain_head *heads,
                             __global const explain_column *columns,
                             __global const explain_part *parts,
                             __global const explain_pattern *records, __global const float *heights,
                             __global const explain_settings *settings)
{
    explain_settings set = *settings;
    size_t row = get_group_id(0);
    size_t rows = (size_t)set.count * set.stride;
    __global const explain_head *head = heads + row;
    __global float *residual = scratch + row * set.stride;
    __global float *fitted = residual + 2 * rows;
    bool bad = scratch[3 * rows + set.columns + row] != 0.0f;
    uint count = explain_columns(head, &set);
    for (size_t p = EXPLAIN_FIRST; p < set.stride; p += EXPLAIN_STEP)
        EXPLAIN_STORE((explain_lanes)(0.0f), fitted + p);
    EXPLAIN_FENCE();
    for (size_t c = head->first; c < head->first + count; ++c) {
        float amount = facts[c * EXPLAIN_FACTS];
        if (!(amount > 0.0f))
            continue;
        size_t end = columns[c].first + explain_parts(columns + c, &set);
        for (size_t j = columns[c].first; j < end; ++j) {
            explain_place p = explain_open(records, heights, parts + j, head->width, &set);
            explain_take(fitted, &p, -amount * p.highest);
        }
    }
    for (size_t p = get_local_id(0); p < set.points; p += get_local_size(0)) {
        float v = fitted[EXPLAIN_MARGIN + p];
        out[row * set.points + p] = v;
        residual[EXPLAIN_MARGIN + p] = bad ? 0.0f : spectra[row * set.points + p] - v;
    }
}


/* The shape at lanes that begin anywhere, also before or behind its window. */
static inline explain_lanes explain_shape_near(const explain_place *p, int k)
{
    return k > -EXPLAIN_LANES && k < p->span ? explain_shape(p, k) : (explain_lanes)(0.0f);
}

/* What the parts [first, end) of a column add at point `at` of a row with margins, for amount 1. */
static inline explain_lanes explain_before(__global const int *window,
                                           __global const explain_pattern *records,
                                           __global const float *heights,
                                           __global const explain_part *parts, size_t first,
                                           size_t end, int at, uint width,
                                           const explain_settings *set)
{
    explain_lanes sum = 0.0f;
    for (size_t i = first; i < end; ++i) {
        if (window[2 * i] >= at + EXPLAIN_LANES || window[2 * i + 1] <= at)
            continue;
        explain_place p = explain_open(records, heights, parts + i, width, set);
        sum = fma((explain_lanes)(p.highest), explain_shape_near(&p, at - p.start), sum);
    }
    return sum;
}

/* Weighted product of the columns of two lists of parts. */
static inline float explain_product(__global const float *inverse, __global const int *window,
                                    __global const explain_pattern *records,
                                    __global const float *heights,
                                    __global const explain_part *parts, size_t first, size_t end,
                                    size_t other_first, size_t other_end, uint width,
                                    const explain_settings *set, __local float *sums)
{
    explain_lanes sum = 0.0f;
    bool any_overlap = false;
    for (size_t i = first; i < end; ++i)
        for (size_t j = other_first; j < other_end; ++j) {
            int low = max(window[2 * i], window[2 * j]);
            int high = min(window[2 * i + 1], window[2 * j + 1]);
            if (low >= high)
                continue;
            explain_place p = explain_open(records, heights, parts + i, width, set);
            explain_place q = explain_open(records, heights, parts + j, width, set);
            explain_lanes own = 0.0f;
            for (int at = low + (int)EXPLAIN_FIRST; at < high; at += (int)EXPLAIN_STEP) {
                explain_lanes weight = EXPLAIN_LOAD(inverse + at);
                own = fma(weight * explain_shape(&p, at - p.start),
                          weight * explain_shape(&q, at - q.start), own);
            }
            sum = fma((explain_lanes)(p.highest * q.highest), own, sum);
            any_overlap = true;
        }
    return any_overlap ? EXPLAIN_SUM(sum, sums) : 0.0f;
}

/* Largest cosine with another column of the spectrum: of all, and of those with an amount. */
static inline float2 explain_alike(__global const float *inverse, __global const float *curvature,
                                   __global const int *window, __global const float *facts,
                                   __global const explain_head *head,
                                   __global const explain_column *columns,
                                   __global const explain_part *parts,
                                   __global const explain_pattern *records,
                                   __global const float *heights, size_t c,
                                   const explain_settings *set, __local float *sums)
{
    float2 most = 0.0f;
    size_t first = columns[c].first;
    size_t end = first + explain_parts(columns + c, set);
    size_t last = head->first + explain_columns(head, set);
    for (size_t k = head->first; k < last; ++k) {
        if (k == c || !(curvature[k] > 0.0f))
            continue;
        size_t other = columns[k].first;
        float product =
            explain_product(inverse, window, records, heights, parts, first, end, other,
                            other + explain_parts(columns + k, set), head->width, set, sums);
        float alike = product / sqrt(curvature[c] * curvature[k]);
        most.x = fmax(most.x, alike);
        most.y = facts[k * EXPLAIN_FACTS] > 0.0f ? fmax(most.y, alike) : most.y;
    }
    return fmin(most, (float2)(1.0f));
}

/* Rows of local sums over a part's window. */
enum {
    EXPLAIN_SLOPE,  /* of the residual on the shape, weights without asymmetry */
    EXPLAIN_SQUARE, /* of the shape */
    EXPLAIN_GAIN,   /* of the cost, if the part went after those in front of it */
    EXPLAIN_LEFT,   /* squares of the weighted residual where the pattern is seen ... */
    EXPLAIN_LOOKED, /* ... on so many points */
    EXPLAIN_SIGNAL, /* above 0 there, and ... */
    EXPLAIN_FIT,    /* ... what of it is fitted */
    EXPLAIN_OTHERS, /* fitted by others, times the shape */
    EXPLAIN_ALL,    /* fitted, times the shape */
    EXPLAIN_POINTS,
    EXPLAIN_A, /* moments of the shape and of what the others leave */
    EXPLAIN_AA,
    EXPLAIN_E,
    EXPLAIN_EE,
    EXPLAIN_EA,
    EXPLAIN_SUMS
};

/* Behind those rows: totals of the column from EXPLAIN_GAIN to EXPLAIN_FIT; its smallest ratio; parts that
 * are on the axis, their curvatures, and these times (ratio - 1)^2. */
enum {
    EXPLAIN_LEAST = EXPLAIN_FIT - EXPLAIN_GAIN + 1,
    EXPLAIN_SHOWN,
    EXPLAIN_BEND,
    EXPLAIN_SCATTER,
    EXPLAIN_TOTALS
};

/* Sums of part j of the column that begins with part `first`, into local memory. */
static inline void explain_look(__global const float *residual, size_t rows,
                                __global const int *window,
                                __global const explain_pattern *records,
                                __global const float *heights, __global const explain_part *parts,
                                size_t first, size_t j, float amount, uint width,
                                const explain_settings *set, __local float *sums)
{
    __global const float *inverse = residual + rows;
    __global const float *fitted = inverse + rows;
    explain_place p = explain_open(records, heights, parts + j, width, set);
    float height = amount * p.highest;
    explain_lanes zero = 0.0f;
    explain_lanes slope = zero, square = zero, left = zero, looked = zero, gain = zero;
    explain_lanes others = zero, all_fit = zero, signal = zero, fit_seen = zero, points = zero;
    explain_lanes sum_a = zero, sum_aa = zero, sum_e = zero, sum_ee = zero, sum_ea = zero;
    for (size_t k = EXPLAIN_FIRST; k < p.span; k += EXPLAIN_STEP) {
        explain_lanes a = explain_shape(&p, k);
        explain_lanes weight = EXPLAIN_LOAD(inverse + p.start + k);
        explain_lanes r = EXPLAIN_LOAD(residual + p.start + k);
        explain_lanes fit = EXPLAIN_LOAD(fitted + p.start + k);
        explain_lanes own = height * a;
        explain_choice inside = (int)k + EXPLAIN_INDEX < p.span && weight > zero;
        explain_lanes in = inside ? zero + 1.0f : zero;
        explain_lanes seen = inside && a >= zero + EXPLAIN_SEEN ? zero + 1.0f : zero;
        explain_lanes before = amount * explain_before(window, records, heights, parts, first, j,
                                                       p.start + (int)k, width, set);
        explain_lanes e = in * (r + own);
        explain_lanes u = weight * r;
        gain += explain_rho(u + weight * (before + own), set) -
                explain_rho(u + weight * before, set);
        slope = fma(weight * u, a, slope);
        square = fma(weight * a, weight * a, square);
        left = fma(seen * u, u, left);
        looked += seen;
        signal += seen * fmax(r + fit, zero);
        fit_seen += seen * fmax(fmin(fit, r + fit), zero);
        others = fma(in * fmax(fit - own, zero), a, others);
        all_fit = fma(in * fmax(fit, zero), a, all_fit);
        points += in;
        sum_a += in * a;
        sum_aa = fma(in * a, a, sum_aa);
        sum_e += e;
        sum_ee = fma(e, e, sum_ee);
        sum_ea = fma(e, a, sum_ea);
    }
    EXPLAIN_PUT(EXPLAIN_SLOPE, slope, sums);
    EXPLAIN_PUT(EXPLAIN_SQUARE, square, sums);
    EXPLAIN_PUT(EXPLAIN_GAIN, gain, sums);
    EXPLAIN_PUT(EXPLAIN_LEFT, left, sums);
    EXPLAIN_PUT(EXPLAIN_LOOKED, looked, sums);
    EXPLAIN_PUT(EXPLAIN_SIGNAL, signal, sums);
    EXPLAIN_PUT(EXPLAIN_FIT, fit_seen, sums);
    EXPLAIN_PUT(EXPLAIN_OTHERS, others, sums);
    EXPLAIN_PUT(EXPLAIN_ALL, all_fit, sums);
    EXPLAIN_PUT(EXPLAIN_POINTS, points, sums);
    EXPLAIN_PUT(EXPLAIN_A, sum_a, sums);
    EXPLAIN_PUT(EXPLAIN_AA, sum_aa, sums);
    EXPLAIN_PUT(EXPLAIN_E, sum_e, sums);
    EXPLAIN_PUT(EXPLAIN_EE, sum_ee, sums);
    EXPLAIN_PUT(EXPLAIN_EA, sum_ea, sums);
    explain_add(EXPLAIN_SUMS, sums);
}

/* Facts of a part from its sums: ratio, root, correlation, others. */
static inline float4 explain_part_facts(__local const float *sums, float height)
{
    float square = EXPLAIN_GET(EXPLAIN_SQUARE, sums);
    float looked = EXPLAIN_GET(EXPLAIN_LOOKED, sums);
    float everything = EXPLAIN_GET(EXPLAIN_ALL, sums);
    float n = fmax(EXPLAIN_GET(EXPLAIN_POINTS, sums), 1.0f);
    float a = EXPLAIN_GET(EXPLAIN_A, sums) / n;
    float e = EXPLAIN_GET(EXPLAIN_E, sums) / n;
    float spread = (EXPLAIN_GET(EXPLAIN_AA, sums) / n - a * a) *
                   (EXPLAIN_GET(EXPLAIN_EE, sums) / n - e * e);
    float both = EXPLAIN_GET(EXPLAIN_EA, sums) / n - a * e;
    float4 fact;
    fact.s0 = height > 0.0f && square > 0.0f
                  ? 1.0f + EXPLAIN_GET(EXPLAIN_SLOPE, sums) / (height * square)
                  : 0.0f;
    fact.s1 = looked > 0.0f ? sqrt(EXPLAIN_GET(EXPLAIN_LEFT, sums) / looked) : 0.0f;
    fact.s2 = spread > 0.0f ? clamp(both / sqrt(spread), -1.0f, 1.0f) : 0.0f;
    fact.s3 = everything > 0.0f ? fmin(EXPLAIN_GET(EXPLAIN_OTHERS, sums) / everything, 1.0f) : 0.0f;
    return fact;
}

__kernel void explain_facts(__global const float *scratch, __global float *facts,
                            __global float *part_facts, __global const explain_head *heads,
                            __global const explain_column *columns,
                            __global const explain_part *parts,
                            __global const explain_pattern *records, __global const float *heights,
                            __global const explain_settings *settings, __local float *local_sums)
{
    explain_settings set = *settings;
    size_t c = get_group_id(0);
    size_t rows = (size_t)set.count * set.stride;
    size_t row = min(columns[c].spectrum, set.count - 1);
    __global const explain_head *head = heads + row;
    __global const float *curvature = scratch + 3 * rows;
    __global const int *window = (__global const int *)(curvature + set.columns + set.count);
    size_t first = columns[c].first;
    size_t end = first + explain_parts(columns + c, &set);
    float amount = facts[c * EXPLAIN_FACTS];
    __local float *total = local_sums + EXPLAIN_SUMS * get_local_size(0);
    for (size_t i = get_local_id(0); i < EXPLAIN_TOTALS; i += get_local_size(0))
        total[i] = i == EXPLAIN_LEAST ? INFINITY : 0.0f;
    EXPLAIN_FENCE();
    for (size_t j = first; j < end; ++j) {
        __global const explain_pattern *record = explain_record(records, parts + j, head->width, &set);
        float height = record ? amount * record->highest : 0.0f;
        explain_look(scratch + row * set.stride, rows, window, records, heights, parts, first, j,
                     amount, head->width, &set, local_sums);
        float4 fact = explain_part_facts(local_sums, height);
        if (get_local_id(0) == 0) {
            for (size_t i = 0; i < EXPLAIN_LEAST; ++i)
                total[i] += EXPLAIN_GET(EXPLAIN_GAIN + i, local_sums);
            float square = EXPLAIN_GET(EXPLAIN_SQUARE, local_sums);
            if (square > 0.0f) {
                float bend = record->highest * record->highest * square;
                total[EXPLAIN_LEAST] = fmin(total[EXPLAIN_LEAST], fact.s0);
                total[EXPLAIN_SHOWN] += 1.0f;
                total[EXPLAIN_BEND] += bend;
                total[EXPLAIN_SCATTER] += bend * (fact.s0 - 1.0f) * (fact.s0 - 1.0f);
            }
            vstore4(fact, j, part_facts);
        }
        EXPLAIN_FENCE();
    }
    float bend = curvature[c];
    float2 alike = 0.0f;
    if (bend > 0.0f)
        alike = explain_alike(scratch + rows + row * set.stride, curvature, window, facts, head,
                              columns, parts, records, heights, c, &set, local_sums);
    float looked = total[EXPLAIN_LOOKED - EXPLAIN_GAIN];
    float signal = total[EXPLAIN_SIGNAL - EXPLAIN_GAIN];
    float least = total[EXPLAIN_LEAST];
    float square = looked > 0.0f ? total[EXPLAIN_LEFT - EXPLAIN_GAIN] / looked : 0.0f;
    float own_share = fmax(1.0f - alike.y * alike.y, 1e-3f);
    float noise = bend > 0.0f ? EXPLAIN_LENGTH * fmax(square, 1.0f) / (bend * own_share) : 0.0f;
    float free_parts = total[EXPLAIN_BEND] * (total[EXPLAIN_SHOWN] - 1.0f);
    float scatter = free_parts > 0.0f ? total[EXPLAIN_SCATTER] / free_parts : 0.0f;
    if (get_local_id(0) == 0) {
        __global float *fact = facts + c * EXPLAIN_FACTS;
        fact[1] = sqrt(noise + amount * amount * scatter);
        fact[2] = total[0];
        fact[3] = alike.x;
        fact[4] = square;
        fact[5] = signal > 0.0f ? fmin(total[EXPLAIN_FIT - EXPLAIN_GAIN] / signal, 1.0f) : 0.0f;
        fact[6] = amount > 0.0f && isfinite(least) ? least : 0.0f;
        fact[7] = curvature[set.columns + row] != 0.0f ? 1.0f : 0.0f;
    }
}
