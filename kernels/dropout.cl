/* Dropout: y = x scale where a draw says keep, 0 elsewhere, float [batch][floats]; backward is the same
 * with gradients, and draws again instead of keeping a mask.
 *
 * keep: 32-bit word < keep_below (2^32 (1 - rate)); scale = 1 / (1 - rate).
 * Philox key (seed, DROPOUT), counter (element / 4 of the item, layer, step, item of the batch): the word
 * at element % 4. So a mask depends on seed, layer, step and place only.
 *
 * One item per four values of one item of the batch.
 *
 * Twin: host/ref/dropout_ref.c.
 */

FMX_SUBGROUP_KERNEL
__kernel void dropout(__global float *y, __global const float *x, ulong batch, ulong floats,
                      uint keep_below, float scale, uint layer, uint seed, uint step)
{
    size_t block = get_global_id(0);
    size_t b = get_global_id(1);
    if (block * 4 >= floats || b >= batch)
        return;
    uint4 words = fmx_philox((uint4)((uint)block, layer, step, (uint)b),
                             (uint2)(seed, FMX_PURPOSE_DROPOUT));
    size_t start = b * floats + block * 4;
    size_t count = min((size_t)4, (size_t)floats - block * 4);
    uint word[4] = {words.x, words.y, words.z, words.w};
    for (size_t i = 0; i < count; ++i)
        y[start + i] = word[i] < keep_below ? x[start + i] * scale : 0.0f;
}
