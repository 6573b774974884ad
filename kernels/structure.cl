/* Exchange of two axes, float [rows][a][b][n] -> [rows][b][a][n]. Exact; backward is the same with a
 * and b exchanged.
 *
 *   to[row][j][i][k] = from[row][i][j][k],   i < a, j < b, k < n
 *
 * structure_transpose  n = 1: a group moves a tile of 16 x 16 through local memory, so that both sides
 *                      are read and written along their fast axis
 * structure_swap       one item per float of the output, neighbours along n
 *
 * For PoCL: structure_transpose_wide, one item per tile of 16 x 16: a vector of 16 is picked from 16
 * rows; structure_swap_wide, one item per run of n floats.
 *
 * Twin: host/ref/structure_ref.c.
 */
#define STRUCTURE_TILE 16

__attribute__((reqd_work_group_size(STRUCTURE_TILE, STRUCTURE_TILE, 1))) FMX_SUBGROUP_KERNEL
__kernel void structure_transpose(__global float *to, __global const float *from, ulong rows, uint a,
                                  uint b)
{
    __local float tile[STRUCTURE_TILE][STRUCTURE_TILE + 1]; /* + 1: columns in different banks */
    size_t x = get_local_id(0);
    size_t y = get_local_id(1);
    size_t first_b = get_group_id(0) * STRUCTURE_TILE;
    size_t first_a = get_group_id(1) * STRUCTURE_TILE;
    size_t start = get_group_id(2) * a * b;
    if (first_a + y < a && first_b + x < b)
        tile[y][x] = from[start + (first_a + y) * b + first_b + x];
    barrier(CLK_LOCAL_MEM_FENCE);
    if (first_b + y < b && first_a + x < a)
        to[start + (first_b + y) * a + first_a + x] = tile[x][y];
}

FMX_SUBGROUP_KERNEL
__kernel void structure_swap(__global float *to, __global const float *from, ulong rows, uint a,
                             uint b, uint n)
{
    size_t at = get_global_id(0);
    size_t row = get_global_id(1);
    size_t count = (size_t)a * b * n;
    if (at >= count || row >= rows)
        return;
    uint run = (uint)at / n; /* j a + i */
    uint k = (uint)at - run * n;
    uint j = run / a;
    uint i = run - j * a;
    to[row * count + at] = from[row * count + ((size_t)i * b + j) * n + k];
}

#ifdef FMX_VARIANT_CPU
__kernel void structure_transpose_wide(__global float *to, __global const float *from, ulong rows,
                                       uint a, uint b)
{
    size_t tiles_a = (a + STRUCTURE_TILE - 1) / STRUCTURE_TILE;
    size_t tiles_b = (b + STRUCTURE_TILE - 1) / STRUCTURE_TILE;
    size_t tile = get_global_id(0);
    size_t row = tile / (tiles_a * tiles_b);
    if (row >= rows)
        return;
    size_t i = tile % tiles_a * STRUCTURE_TILE;
    size_t first_j = tile / tiles_a % tiles_b * STRUCTURE_TILE;
    size_t end_j = min(first_j + STRUCTURE_TILE, (size_t)b);
    to += row * a * b;
    from += row * a * b + i * b;
    if (i + STRUCTURE_TILE > a) {
        for (size_t j = first_j; j < end_j; ++j) {
            for (size_t t = 0; t < a - i; ++t)
                to[j * a + i + t] = from[t * b + j];
        }
        return;
    }
    for (size_t j = first_j; j < end_j; ++j) {
        __global const float *at = from + j;
        size_t s = b;
        vstore16((float16)(at[0], at[s], at[2 * s], at[3 * s], at[4 * s], at[5 * s], at[6 * s],
                           at[7 * s], at[8 * s], at[9 * s], at[10 * s], at[11 * s], at[12 * s],
                           at[13 * s], at[14 * s], at[15 * s]),
                 0, to + j * a + i);
    }
}

__kernel void structure_swap_wide(__global float *to, __global const float *from, ulong rows, uint a,
                                  uint b, uint n)
{
    size_t runs = (size_t)a * b;
    size_t at = get_global_id(0);
    if (at >= rows * runs)
        return;
    size_t row = at / runs;
    size_t j = at % runs / a;
    size_t i = at % a;
    from += (row * runs + i * b + j) * n;
    to += at * n;
    size_t k = 0;
    for (; k + 16 <= n; k += 16)
        vstore16(vload16(0, from + k), 0, to + k);
    for (; k < n; ++k)
        to[k] = from[k];
}
#endif
