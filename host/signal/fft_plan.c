#include "fft_plan.h"

#include <math.h>

/* The layouts meant here are those of the comments in kernels/fft.cl. */
enum {
    LANES = 16,         /* columns or rows of a wide item */
    SHORT_POINTS = 128, /* longest length of fft_short_wide */
    GROUP_POINTS = 16,  /* points per item of fft_pass */
    GROUP_ITEMS = 256,
    GROUP_LOCAL = 160, /* bytes of local memory per item, at most: 8 * 16 * (1 + 1/16 + 1/32) */
    SLOTS = 4, /* wide: rows in flight per compute unit, whose scratch stays in the L2 cache */
};
static const uint64_t stream_bytes = 8u << 20; /* results of this size go past the cache */

static unsigned log2_of(uint32_t n)
{
    unsigned k = 0;
    while (n >> k > 1)
        ++k;
    return k;
}

/* cos and sin of 2 pi a / n, with the symmetry of the octants exact: the angle is reduced to at
 * most 1/8 turn around the nearest quarter before sin and cos see it. */
static void put_twiddle(float out[2], uint64_t a, uint64_t n)
{
    const double turn = 6.283185307179586476925286766559;
    a %= n;
    unsigned quarter = (unsigned)((8 * a / n + 1) / 2); /* nearest, 0 to 4 */
    double x = turn * ((double)a - 0.25 * (double)quarter * (double)n) / (double)n;
    double c = cos(x);
    double s = sin(x);
    switch (quarter & 3) {
    case 0:
        out[0] = (float)c;
        out[1] = (float)s;
        break;
    case 1:
        out[0] = (float)-s;
        out[1] = (float)c;
        break;
    case 2:
        out[0] = (float)-c;
        out[1] = (float)-s;
        break;
    default:
        out[0] = (float)s;
        out[1] = (float)-c;
        break;
    }
}

/* ---- stages of a pass ----------------------------------------------------------------------- */

/* Wide: radices of the first, middle and last stage of a 2^lg-point transform; 1: stage absent. */
static const uint8_t wide_radices[11][3] = {{1, 1, 1},   {1, 1, 2}, {1, 1, 4}, {1, 1, 8},
                                            {4, 1, 4},   {4, 1, 8}, {8, 1, 8}, {16, 1, 8},
                                            {16, 1, 16}, {8, 8, 8}, {16, 8, 8}};

static uint32_t wide_word(unsigned lg)
{
    const uint8_t *r = wide_radices[lg];
    return (uint32_t)r[0] | (uint32_t)r[1] << 8 | (uint32_t)r[2] << 16;
}

/* Both stage tables return their floats and, with table NULL, only count. */
static size_t wide_stages(float *table, unsigned lg)
{
    size_t at = 0;
    uint32_t m = 1u << lg;
    for (int stage = 0; stage < 2; ++stage) {
        uint32_t radix = wide_radices[lg][stage];
        if (radix == 1)
            continue;
        for (uint32_t i = 0; i < m / radix; ++i) {
            for (uint32_t k = 1; k < radix; ++k, at += 2) {
                if (table != NULL)
                    put_twiddle(table + at, (uint64_t)i * k, m);
            }
        }
        m /= radix;
    }
    return at;
}

/* fft_pass: log2 of the radices, 4 bits each; what is left of powers of 16 comes first. */
static uint32_t group_word(unsigned lg)
{
    uint32_t word = 0;
    unsigned shift = 0;
    if ((lg & 3) != 0) {
        word = lg & 3;
        shift = 4;
        lg &= ~3u;
    }
    for (; lg > 0; lg -= 4, shift += 4)
        word |= 4u << shift;
    return word;
}

static size_t group_stages(float *table, unsigned lg)
{
    size_t at = 0;
    uint32_t p = 1;
    for (uint32_t word = group_word(lg); word != 0; word >>= 4) {
        uint32_t radix = 1u << (word & 15);
        for (uint32_t r = 1; p > 1 && r < radix; ++r) {
            for (uint32_t q = 0; q < p; ++q, at += 2) {
                if (table != NULL)
                    put_twiddle(table + at, (uint64_t)q * r, (uint64_t)p * radix);
            }
        }
        p *= radix;
    }
    return at;
}

/* ---- the table ------------------------------------------------------------------------------ */

static uint32_t group_items(const fmx__fft_shape *s)
{
    uint32_t items = GROUP_ITEMS;
    while (items > s->largest_group || (uint64_t)GROUP_LOCAL * items > s->local_bytes)
        items /= 2;
    return items;
}

/* How N splits, and where the parts of the table are, in floats. */
typedef struct layout {
    bool two; /* two passes of 2^lg1 and 2^lg2 points; otherwise one of 2^lg1 */
    unsigned lg1;
    unsigned lg2;
    size_t stages2; /* stage table of pass 2; that of pass 1 is at 0 */
    size_t t1;      /* twiddles between the passes: wide T1[k1][cos 16 | sin 16], else [k1][t2] */
    size_t t2;      /* wide: T2[block][k1] */
    size_t end;
} layout;

static void wide_between(const layout *y, uint32_t n, float *table)
{
    uint32_t n1 = 1u << y->lg1;
    uint32_t n2 = 1u << y->lg2;
    float w[2];
    for (uint32_t k = 0; k < n1; ++k) {
        for (uint32_t l = 0; l < LANES; ++l) {
            put_twiddle(w, (uint64_t)k * l, n);
            table[y->t1 + 32 * (size_t)k + l] = w[0];
            table[y->t1 + 32 * (size_t)k + 16 + l] = w[1];
        }
    }
    for (uint32_t b = 0; b < n2 / LANES; ++b) {
        for (uint32_t k = 0; k < n1; ++k)
            put_twiddle(table + y->t2 + 2 * ((size_t)b * n1 + k), (uint64_t)k * b * LANES, n);
    }
}

static void group_between(const layout *y, uint32_t n, float *table)
{
    uint32_t n1 = 1u << y->lg1;
    uint32_t n2 = 1u << y->lg2;
    for (uint32_t k = 0; k < n1; ++k) {
        for (uint32_t t = 0; t < n2; ++t)
            put_twiddle(table + y->t1 + 2 * ((size_t)k * n2 + t), (uint64_t)k * t, n);
    }
}

static layout walk(const fmx__fft_shape *s, float *table)
{
    layout y = {.lg1 = log2_of(s->n)};
    size_t (*stages)(float *, unsigned) = s->wide ? wide_stages : group_stages;
    y.two = s->n > (s->wide ? SHORT_POINTS : GROUP_POINTS * group_items(s));
    if (!y.two) {
        y.end = stages(table, y.lg1);
        return y;
    }
    y.lg2 = y.lg1 / 2;
    y.lg1 -= y.lg2;
    uint32_t n1 = 1u << y.lg1;
    uint32_t n2 = 1u << y.lg2;
    y.stages2 = stages(table, y.lg1);
    y.t1 = y.stages2 + stages(table != NULL ? table + y.stages2 : NULL, y.lg2);
    y.t1 = (y.t1 + 15) / 16 * 16;
    y.t2 = s->wide ? y.t1 + 32 * (size_t)n1 : 0;
    y.end = s->wide ? y.t2 + 2 * (size_t)n1 * (n2 / LANES) : y.t1 + 2 * (size_t)s->n;
    if (table != NULL && s->wide)
        wide_between(&y, s->n, table);
    else if (table != NULL)
        group_between(&y, s->n, table);
    return y;
}

size_t fmx__fft_table(const fmx__fft_shape *shape, float *table)
{
    size_t floats = walk(shape, table).end;
    return floats > 0 ? floats : 2; /* a buffer cannot be empty */
}

/* ---- the launches --------------------------------------------------------------------------- */

bool fmx__fft_possible(const fmx__fft_shape *s)
{
    if (s->n < 2 || s->n > FMX__FFT_MOST_POINTS || (s->n & (s->n - 1)) != 0 || s->rows == 0 ||
        s->in_stride < s->n || s->out_stride < s->n)
        return false;
    if (!s->wide)
        return s->largest_group >= 64 && s->local_bytes >= 64 * GROUP_LOCAL;
    uint64_t longest = (uint64_t)1 << (log2_of(s->n) + 1) / 2;
    return s->local_bytes >= 256 * (s->n > SHORT_POINTS ? longest : s->n);
}

/* Wide: whole rows by an item each where there are enough of them; otherwise both passes are
 * launches of their own over blocks of columns, so that one row uses every compute unit. */
static bool whole_rows(const fmx__fft_shape *s)
{
    return s->rows >= SLOTS * (s->compute_units > 0 ? s->compute_units : 1);
}

static uint32_t slots_of(const fmx__fft_shape *s)
{
    return s->wide && whole_rows(s) ? SLOTS * (s->compute_units > 0 ? s->compute_units : 1)
                                    : s->rows;
}

size_t fmx__fft_scratch_bytes(const fmx__fft_shape *s)
{
    return walk(s, NULL).two ? 2 * sizeof(float) * (size_t)s->n * slots_of(s) : 0;
}

static size_t reach(uint64_t first, uint64_t stride, const fmx__fft_shape *s)
{
    return (size_t)(first + (s->rows - 1) * stride + s->n) * 2 * sizeof(float);
}

static void add(fmx__fft_pass *pass, fmx__arg arg)
{
    pass->arg[pass->launch.arg_count++] = arg;
}

/* The statement of work that both variants share: 5 N log2 N operations in all, by convention. */
static void state_work(fmx__fft_pass *pass, const fmx__fft_shape *s, size_t passes)
{
    double points = (double)s->n * s->rows;
    pass->launch.stem = "fft";
    pass->launch.arg = pass->arg;
    pass->launch.dims = 2;
    pass->launch.fixed_group = true;
    pass->launch.flops = 5 * points * log2_of(s->n) / (double)passes;
    pass->launch.bytes = points * 4 * sizeof(float);
}

static void add_rows(fmx__fft_pass *pass, const fmx__fft_shape *s)
{
    add(pass, fmx__arg_u32(s->rows));
    add(pass, fmx__arg_u64(s->out_first));
    add(pass, fmx__arg_u64(s->out_stride));
    add(pass, fmx__arg_u64(s->in_first));
    add(pass, fmx__arg_u64(s->in_stride));
}

static size_t short_pass(const fmx__fft_shape *s, const fmx__fft_buffers *b, fmx__fft_pass *pass)
{
    pass->launch = (fmx__launch){
        .kernel = "fft_short_wide", .groups = {(s->rows + LANES - 1) / LANES, 1}, .local = {1, 1}};
    state_work(pass, s, 1);
    add(pass, fmx__arg_buffer(b->out, reach(s->out_first, s->out_stride, s)));
    add(pass, fmx__arg_buffer(b->in, reach(s->in_first, s->in_stride, s)));
    add(pass, fmx__arg_buffer(b->table, fmx__fft_table(s, NULL) * sizeof(float)));
    add(pass, fmx__arg_local((size_t)2 * s->n * 32 * sizeof(float)));
    add(pass, fmx__arg_u32(s->n));
    add(pass, fmx__arg_u32(wide_word(log2_of(s->n))));
    add(pass, fmx__arg_u32(0));
    add_rows(pass, s);
    add(pass, fmx__arg_u32(s->inverse));
    add(pass, fmx__arg_f32(s->scale));
    return 1;
}

static void wide_pass(const fmx__fft_shape *s, const fmx__fft_buffers *b, const layout *y,
                      unsigned mode, fmx__fft_pass *pass)
{
    size_t n1 = (size_t)1 << y->lg1;
    size_t n2 = (size_t)1 << y->lg2;
    bool whole = mode == 3;
    pass->launch = (fmx__launch){.kernel = "fft_wide",
                                 .groups = {whole ? 1 : (mode == 1 ? n2 : n1) / LANES, slots_of(s)},
                                 .local = {1, 1}};
    state_work(pass, s, whole ? 1 : 2);
    bool stream = !s->in_place && 8ull * s->n * s->rows >= stream_bytes;
    add(pass, fmx__arg_buffer(b->out, reach(s->out_first, s->out_stride, s)));
    add(pass, fmx__arg_buffer(b->in, reach(s->in_first, s->in_stride, s)));
    add(pass, fmx__arg_buffer(b->scratch, fmx__fft_scratch_bytes(s)));
    add(pass, fmx__arg_buffer(b->table, y->end * sizeof(float)));
    add(pass, fmx__arg_local(256 * (n1 > n2 ? n1 : n2)));
    add(pass, fmx__arg_u32(n1));
    add(pass, fmx__arg_u32(n2));
    add(pass, fmx__arg_u32(wide_word(y->lg1)));
    add(pass, fmx__arg_u32(wide_word(y->lg2)));
    add(pass, fmx__arg_u32(0));
    add(pass, fmx__arg_u32(y->stages2));
    add(pass, fmx__arg_u32(y->t1));
    add(pass, fmx__arg_u32(y->t2));
    add_rows(pass, s);
    add(pass, fmx__arg_u32(mode | (stream ? 4 : 0)));
    add(pass, fmx__arg_u32(s->inverse));
    add(pass, fmx__arg_f32(s->scale));
}

/* One launch of fft_pass; see its comment for the names. */
typedef struct group_pass {
    fmx__arg out;
    fmx__arg in;
    unsigned lg;
    uint32_t flags;
    size_t stages; /* floats */
    size_t between;
    size_t n4;
    size_t columns;
    size_t outer;
    uint64_t out_first, os, dc, dk;
    uint64_t in_first, so, sc, sj;
    float scale;
} group_pass;

static void add_group(const fmx__fft_shape *s, const fmx__fft_buffers *b, const layout *y,
                      const group_pass *g, fmx__fft_pass *pass)
{
    uint32_t items = group_items(s);
    /* no group wider than its columns fill, and none narrower than one column */
    while (items > 16 && (uint64_t)items / 2 * GROUP_POINTS >= (uint64_t)g->columns << g->lg)
        items /= 2;
    while (GROUP_POINTS * items >> g->lg == 0)
        items *= 2;
    unsigned lg_columns = log2_of(GROUP_POINTS * items) - g->lg;
    size_t columns = (size_t)1 << lg_columns;
    size_t length = (size_t)1 << g->lg;
    pass->launch = (fmx__launch){.kernel = "fft_pass",
                                 .groups = {(g->columns + columns - 1) / columns, g->outer},
                                 .local = {items, 1}};
    state_work(pass, s, y->two ? 2 : 1);
    add(pass, g->out);
    add(pass, g->in);
    add(pass, fmx__arg_buffer(b->table, fmx__fft_table(s, NULL) * sizeof(float)));
    add(pass, fmx__arg_local(g->lg > 4 ? 8 * columns * (length + length / 16 + 1) : 8));
    add(pass, fmx__arg_u32(g->lg));
    add(pass, fmx__arg_u32(lg_columns));
    add(pass, fmx__arg_u32(group_word(g->lg)));
    add(pass, fmx__arg_u32(g->flags));
    add(pass, fmx__arg_u32(g->stages / 2));
    add(pass, fmx__arg_u32(g->between / 2));
    add(pass, fmx__arg_u32(g->n4));
    add(pass, fmx__arg_u32(g->columns));
    const uint64_t strides[] = {g->out_first, g->os, g->dc, g->dk,
                                g->in_first,  g->so, g->sc, g->sj};
    for (size_t i = 0; i < FMX__COUNT(strides); ++i)
        add(pass, fmx__arg_u64(strides[i]));
    add(pass, fmx__arg_f32(g->scale));
}

static size_t group_passes(const fmx__fft_shape *s, const fmx__fft_buffers *b, const layout *y,
                           fmx__fft_pass pass[2])
{
    fmx__arg out = fmx__arg_buffer(b->out, reach(s->out_first, s->out_stride, s));
    fmx__arg in = fmx__arg_buffer(b->in, reach(s->in_first, s->in_stride, s));
    group_pass one = {.out = out,
                      .in = in,
                      .lg = y->lg1,
                      .flags = s->inverse ? 12 : 0,
                      .columns = s->rows,
                      .outer = 1,
                      .out_first = s->out_first,
                      .dc = s->out_stride,
                      .dk = 1,
                      .in_first = s->in_first,
                      .sc = s->in_stride,
                      .sj = 1,
                      .scale = s->scale};
    if (!y->two) {
        add_group(s, b, y, &one, &pass[0]);
        return 1;
    }
    uint64_t n1 = (uint64_t)1 << y->lg1;
    uint64_t n2 = (uint64_t)1 << y->lg2;
    fmx__arg scratch = fmx__arg_buffer(b->scratch, fmx__fft_scratch_bytes(s));
    group_pass first = {.out = scratch,
                        .in = in,
                        .lg = y->lg1,
                        .flags = s->inverse ? 7 : 3,
                        .between = y->t1,
                        .n4 = n2,
                        .columns = n2,
                        .outer = s->rows,
                        .os = s->n,
                        .dc = 1,
                        .dk = n2,
                        .in_first = s->in_first,
                        .so = s->in_stride,
                        .sc = 1,
                        .sj = n2,
                        .scale = s->scale};
    group_pass second = {.out = out,
                         .in = scratch,
                         .lg = y->lg2,
                         .flags = s->inverse ? 10 : 2,
                         .stages = y->stages2,
                         .columns = n1,
                         .outer = s->rows,
                         .out_first = s->out_first,
                         .os = s->out_stride,
                         .dc = 1,
                         .dk = n1,
                         .so = s->n,
                         .sc = n2,
                         .sj = 1,
                         .scale = 1};
    add_group(s, b, y, &first, &pass[0]);
    add_group(s, b, y, &second, &pass[1]);
    return 2;
}

size_t fmx__fft_passes(const fmx__fft_shape *s, const fmx__fft_buffers *b, fmx__fft_pass pass[2])
{
    layout y = walk(s, NULL);
    if (!s->wide)
        return group_passes(s, b, &y, pass);
    if (!y.two)
        return short_pass(s, b, &pass[0]);
    if (whole_rows(s)) {
        wide_pass(s, b, &y, 3, &pass[0]);
        return 1;
    }
    wide_pass(s, b, &y, 1, &pass[0]);
    wide_pass(s, b, &y, 2, &pass[1]);
    return 2;
}
