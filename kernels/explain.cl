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
#include "explain_lanes.clh"
#include "explain_model.clh"

#define EXPLAIN_AROUND 20 /* points on either side for the local maximum */
#define EXPLAIN_BLOCK 64  /* points of a block ... */
#define EXPLAIN_BLOCKS 6  /* ... and blocks on either side for the wide maximum */
#define EXPLAIN_REST 4    /* sweeps; only each fourth looks at columns that are at 0 */

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

#include "explain_shifts.clh"

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

#include "explain_facts.clh"
