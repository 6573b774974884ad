/* Locally connected layer along positions (cross-correlation whose weights differ from position to
 * position): in [batch][channels][in_n], weight [filters][channels][taps][out_n], bias
 * [filters][out_n], out [batch][filters][out_n].
 *
 *   forward   out[b][f][n] = bias[f][n] + sum_{c,t} weight[f][c][t][n] in[b][c][n + t - left]
 *   input     grad_in[b][c][i] = sum_{f,t} weight[f][c][t][n] grad_out[b][f][n], n = i + left - t
 *   weight    grad_weight[f][c][t][n] = sum_b grad_out[b][f][n] in[b][c][n + t - left]
 *             grad_bias[f][n] = sum_b grad_out[b][f][n]
 *
 * What lies outside of a row counts as 0. Positions lie next to each other in every operand, so all
 * three are products value by value, without a sum across positions; a tile of filters and items
 * reuses what it loads. locally_connected1d_*: an item a position; _wide: 16, for PoCL. Sums have a
 * fixed order: channels (filters) outside, taps inside; items of the batch ascending.
 *
 * Twin: host/ref/locally_connected1d_ref.c.
 */

typedef struct {
    long batch;
    long channels;
    long filters;
    long taps;
    long in_n;
    long out_n;
    long left;
} local_sizes;

#define LOCAL_V float
#define LOCAL_WIDTH 1
#define LOCAL(name) locally_connected1d_##name
#define LOCAL_FEW 2
#define LOCAL_MANY 4
#define LOCAL_POSITION 0
#define LOCAL_FEW_ID 1
#define LOCAL_MANY_ID 2
#define LOCAL_ATTRIBUTE FMX_SUBGROUP_KERNEL
#include "locally_connected1d_tile.clh"

#ifdef FMX_VARIANT_CPU
/* PoCL's vstore16 becomes three stores; this is one. */
typedef float16 __attribute__((aligned(4))) local_float16;

#define LOCAL_V float16
#define LOCAL_WIDTH 16
#define LOCAL(name) locally_connected1d_##name##_wide
#define LOCAL_FEW 2
#define LOCAL_MANY 8
#define LOCAL_POSITION 2
#define LOCAL_FEW_ID 1
#define LOCAL_MANY_ID 0
#define LOCAL_ATTRIBUTE
#include "locally_connected1d_tile.clh"
#endif
