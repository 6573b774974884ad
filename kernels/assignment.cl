/* Assignments: which column each row of a cost matrix takes, so that their sum is least.
 *
 * assignment_exhaustive        all permutations of up to 4 rows in lexicographic order, the first
 *                              among equals
 * assignment_hungarian[_wide]  up to 64 rows, shortest augmenting paths (Kuhn 1955, Munkres 1957,
 *                              in the form of Jonker and Volgenant 1987); the lowest column among
 *                              equals
 *
 * costs       float [batch][n][n], row i and column j
 * columns     uint [batch][n]: the column of row i
 * totals      float [batch]: the sum of what was taken, row after row
 *
 * Costs that are NaN or infinite give some permutation, and show in the sum where they are taken.
 *
 * Exhaustive: an item per matrix. Hungarian: a group per matrix, whose items share the columns;
 * _wide: an item per matrix, without barriers, for PoCL. Both do the same operations in the same
 * order.
 *
 * Twin: host/ref/assignment_ref.c.
 */
#define ASSIGNMENT_MOST 64
#define ASSIGNMENT_NONE 255u

/* Permutation number `index` of `count` columns in lexicographic order: 4 bits for each. */
static inline uint assignment_permutation(uint index, uint count)
{
    uint left = 0x3210u; /* not given yet, in order */
    uint result = 0u;
    uint ways = count < 4u ? (count == 3u ? 6u : count) : 24u; /* of what is left */
    for (uint i = 0u; i < count; ++i) {
        ways /= count - i;
        uint at = index / ways * 4u;
        index %= ways;
        result |= (left >> at & 15u) << (4u * i);
        uint low = (1u << at) - 1u;
        left = (left & low) | (left >> 4 & ~low);
    }
    return result;
}

FMX_SUBGROUP_KERNEL
__kernel void assignment_exhaustive(__global uint *columns, __global float *totals,
                                    __global const float *costs, ulong batch, uint n)
{
    size_t item = get_global_id(0);
    if (item >= batch)
        return;
    __global const float *cost = costs + item * n * n;
    uint ways = n < 4u ? (n == 3u ? 6u : n) : 24u;
    uint best = 0u;
    float least = INFINITY;
    for (uint way = 0u; way < ways; ++way) {
        uint permutation = assignment_permutation(way, n);
        float sum = 0.0f;
        for (uint i = 0u; i < n; ++i)
            sum += cost[i * n + (permutation >> (4u * i) & 15u)];
        if (way == 0u || sum < least) {
            least = sum;
            best = permutation;
        }
    }
    for (uint i = 0u; i < n; ++i)
        columns[item * n + i] = best >> (4u * i) & 15u;
    totals[item] = least;
}

/* The sum of what was assigned. */
static inline float assignment_total(__global const uint *columns, __global const float *cost,
                                     uint n)
{
    float sum = 0.0f;
    for (uint i = 0u; i < n; ++i)
        sum += cost[i * n + columns[i]];
    return sum;
}

/* Column j is held by row match[j], or ASSIGNMENT_NONE. One row after the other enters: a tree of
 * reduced costs cost - u - v grows from it by its nearest column until a free one is reached, and
 * the path there is turned over. `near`: a column's distance to the tree, `way`: the one before. */
FMX_SUBGROUP_KERNEL
__kernel void assignment_hungarian(__global uint *columns, __global float *totals,
                                   __global const float *costs, uint n, __local float *floats,
                                   __local uint *words)
{
    __local float *u = floats;
    __local float *v = floats + ASSIGNMENT_MOST;
    __local float *near = floats + 2 * ASSIGNMENT_MOST;
    __local uint *match = words;
    __local uint *way = words + ASSIGNMENT_MOST;
    __local uint *taken = words + 2 * ASSIGNMENT_MOST;
    __local uint *found = words + 3 * ASSIGNMENT_MOST;
    size_t item = get_group_id(0);
    size_t l = get_local_id(0);
    size_t items = get_local_size(0);
    __global const float *cost = costs + item * n * n;
    for (size_t j = l; j < n; j += items) {
        u[j] = 0.0f;
        v[j] = 0.0f;
        match[j] = ASSIGNMENT_NONE;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint entering = 0u; entering < n; ++entering) {
        uint row = entering;
        uint last = ASSIGNMENT_NONE;
        for (size_t j = l; j < n; j += items) {
            near[j] = INFINITY;
            way[j] = ASSIGNMENT_NONE;
            taken[j] = 0u;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint step = 0u; step < n; ++step) {
            for (size_t j = l; j < n; j += items) {
                float distance = cost[row * n + j] - u[row] - v[j];
                if (taken[j] == 0u && distance < near[j]) {
                    near[j] = distance;
                    way[j] = last;
                }
            }
            barrier(CLK_LOCAL_MEM_FENCE);
            if (l == 0) {
                uint best = ASSIGNMENT_NONE;
                for (uint j = 0u; j < n; ++j) {
                    if (taken[j] == 0u && (best == ASSIGNMENT_NONE || near[j] < near[best]))
                        best = j;
                }
                *found = best;
            }
            barrier(CLK_LOCAL_MEM_FENCE);
            uint best = *found;
            float delta = near[best];
            barrier(CLK_LOCAL_MEM_FENCE);
            for (size_t j = l; j < n; j += items) {
                if (taken[j] != 0u) {
                    u[match[j]] += delta;
                    v[j] -= delta;
                } else {
                    near[j] -= delta;
                }
            }
            if (l == 0)
                u[entering] += delta;
            barrier(CLK_LOCAL_MEM_FENCE);
            if (l == 0)
                taken[best] = 1u;
            last = best;
            row = match[best];
            barrier(CLK_LOCAL_MEM_FENCE);
            if (row == ASSIGNMENT_NONE)
                break;
        }
        if (l == 0) {
            for (uint j = last; j != ASSIGNMENT_NONE; j = way[j])
                match[j] = way[j] == ASSIGNMENT_NONE ? entering : match[way[j]];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (size_t j = l; j < n; j += items)
        columns[item * n + match[j]] = (uint)j;
    barrier(CLK_GLOBAL_MEM_FENCE);
    if (l == 0)
        totals[item] = assignment_total(columns + item * n, cost, n);
}

#ifdef FMX_VARIANT_CPU
__kernel void assignment_hungarian_wide(__global uint *columns, __global float *totals,
                                        __global const float *costs, uint n, ulong batch)
{
    float u[ASSIGNMENT_MOST];
    float v[ASSIGNMENT_MOST];
    float near[ASSIGNMENT_MOST];
    uint match[ASSIGNMENT_MOST];
    uint way[ASSIGNMENT_MOST];
    bool taken[ASSIGNMENT_MOST];
    size_t item = get_global_id(0);
    if (item >= batch)
        return;
    __global const float *cost = costs + item * n * n;
    for (uint j = 0u; j < n; ++j) {
        u[j] = 0.0f;
        v[j] = 0.0f;
        match[j] = ASSIGNMENT_NONE;
    }
    for (uint entering = 0u; entering < n; ++entering) {
        uint row = entering;
        uint last = ASSIGNMENT_NONE;
        for (uint j = 0u; j < n; ++j) {
            near[j] = INFINITY;
            way[j] = ASSIGNMENT_NONE;
            taken[j] = false;
        }
        while (row != ASSIGNMENT_NONE) {
            uint best = ASSIGNMENT_NONE;
            for (uint j = 0u; j < n; ++j) {
                if (taken[j])
                    continue;
                float distance = cost[row * n + j] - u[row] - v[j];
                if (distance < near[j]) {
                    near[j] = distance;
                    way[j] = last;
                }
                if (best == ASSIGNMENT_NONE || near[j] < near[best])
                    best = j;
            }
            float delta = near[best];
            u[entering] += delta;
            for (uint j = 0u; j < n; ++j) {
                if (taken[j]) {
                    u[match[j]] += delta;
                    v[j] -= delta;
                } else {
                    near[j] -= delta;
                }
            }
            taken[best] = true;
            last = best;
            row = match[best];
        }
        for (uint j = last; j != ASSIGNMENT_NONE; j = way[j])
            match[j] = way[j] == ASSIGNMENT_NONE ? entering : match[way[j]];
    }
    for (uint j = 0u; j < n; ++j)
        columns[item * n + match[j]] = j;
    totals[item] = assignment_total(columns + item * n, cost, n);
}
#endif
