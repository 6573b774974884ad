/* The exact lines of a cluster of groups of equivalent spins.
 *
 *   H = sum_g nu_g Iz_g + sum_{a<b} J_ab I_a . I_b       (Hz; nu = shift times field)
 *
 * n equivalent spins 1/2 behave as one spin of I = n/2, n/2 - 1, ..., that occurs
 * C(n, k) - C(n, k - 1) times for I = n/2 - k; couplings within a group shift all its levels alike
 * and drop out. For every choice of total spins H is real symmetric in the product basis
 * |m_1, m_2, ...> and does not mix different M = sum m, so each M is diagonalised alone. I- takes M
 * to M - 1: the line between levels i of M and f of M - 1 lies at E_i - E_f and has the intensity
 * |<f| I- |i>|^2 / 2^(N - 1), which adds up to the number N of spins. */
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>

#include "spins_internal.h"

/* One choice of total spins: states are mixed-radix numbers, digit g = I_g - m_g. */
typedef struct basis {
    size_t groups;
    int two_i[FMX__CLUSTER_MOST_GROUPS];     /* 2 I_g */
    size_t stride[FMX__CLUSTER_MOST_GROUPS]; /* of digit g in the number of a state */
    size_t states;
    size_t levels;  /* values of M: 1 + sum 2 I_g */
    size_t *first;  /* [levels + 1]: where each M begins in `order` */
    size_t *order;  /* [states]: states by rising lowering number, then number */
    size_t *within; /* [states]: position of a state inside its M */
} basis;

/* Levels of one M. */
typedef struct block {
    size_t size;
    double *vector; /* [size][size], one eigenvector per column, column-major */
    double *energy; /* [size] */
} block;

double fmx__binomial(int n, int k)
{
    double value = 1;
    if (k < 0 || k > n)
        return 0;
    for (int i = 1; i <= k; ++i)
        value = value * (n - k + i) / i;
    return floor(value + 0.5);
}

static int digit_of(const basis *b, size_t state, size_t group)
{
    return (int)(state / b->stride[group] % ((size_t)b->two_i[group] + 1));
}

/* <m - 1| I- |m> for digit d = I - m: sqrt(I (I + 1) - m (m - 1)) = sqrt((d + 1) (2 I - d)). */
static double lowering(int two_i, int digit)
{
    return sqrt((double)(digit + 1) * (two_i - digit));
}

static void basis_release(basis *b)
{
    free(b->first);
    free(b->order);
    free(b->within);
}

static fmx_status basis_make(fmx_context *ctx, const int *two_i, size_t groups, basis *b)
{
    *b = (basis){.groups = groups, .states = 1, .levels = 1};
    for (size_t g = 0; g < groups; ++g) {
        b->two_i[g] = two_i[g];
        b->stride[g] = b->states;
        b->states *= (size_t)two_i[g] + 1;
        b->levels += (size_t)two_i[g];
    }
    fmx_status status = fmx__alloc(ctx, b->levels + 2, sizeof *b->first, "spin states", &b->first);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, b->states, sizeof *b->order, "spin states", &b->order);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, b->states, sizeof *b->within, "spin states", &b->within);
    if (status != FMX_OK)
        return status;
    /* counting sort by the number of lowerings; first[] is shifted by one while it counts */
    for (size_t pass = 0; pass < 2; ++pass) {
        for (size_t s = 0; s < b->states; ++s) {
            size_t lowered = 0;
            for (size_t g = 0; g < groups; ++g)
                lowered += (size_t)digit_of(b, s, g);
            if (pass == 0) {
                ++b->first[lowered + 2];
            } else {
                size_t at = b->first[lowered + 1]++;
                b->order[at] = s;
            }
        }
        for (size_t l = 2; pass == 0 && l < b->levels + 2; ++l)
            b->first[l] += b->first[l - 1];
    }
    for (size_t l = 0; l < b->levels; ++l) {
        for (size_t at = b->first[l]; at < b->first[l + 1]; ++at)
            b->within[b->order[at]] = at - b->first[l];
    }
    return FMX_OK;
}

/* Fills the upper triangle of H in one M into `h`, [size][size] column-major, zeroed before. */
static void fill_hamiltonian(const fmx__spin_cluster *c, const basis *b, size_t level, double *h)
{
    size_t size = b->first[level + 1] - b->first[level];
    for (size_t column = 0; column < size; ++column) {
        size_t state = b->order[b->first[level] + column];
        double m[FMX__CLUSTER_MOST_GROUPS];
        double diagonal = 0;
        for (size_t g = 0; g < b->groups; ++g) {
            m[g] = 0.5 * b->two_i[g] - digit_of(b, state, g);
            diagonal += c->hz[g] * m[g];
            for (size_t a = 0; a < g; ++a)
                diagonal += c->j_hz[a][g] * m[a] * m[g];
        }
        h[column * size + column] = diagonal;
        /* J/2 (I+_a I-_b): raises a, lowers b */
        for (size_t a = 0; a < b->groups; ++a) {
            int da = digit_of(b, state, a);
            for (size_t g = 0; da > 0 && g < b->groups; ++g) {
                int dg = digit_of(b, state, g);
                if (g == a || dg == b->two_i[g] || c->j_hz[a][g] == 0)
                    continue;
                size_t other = b->within[state - b->stride[a] + b->stride[g]];
                if (other < column)
                    h[column * size + other] = 0.5 * c->j_hz[a][g] * lowering(b->two_i[a], da - 1) *
                                               lowering(b->two_i[g], dg);
            }
        }
    }
}

static void block_release(block *out)
{
    free(out->vector);
    free(out->energy);
    *out = (block){0};
}

static fmx_status block_solve(fmx_context *ctx, const fmx__spin_cluster *c, const basis *b,
                              size_t level, block *out)
{
    *out = (block){.size = b->first[level + 1] - b->first[level]};
    fmx_status status =
        fmx__alloc(ctx, out->size * out->size, sizeof(double), "a spin Hamiltonian", &out->vector);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, out->size, sizeof(double), "spin energies", &out->energy);
    if (status != FMX_OK)
        return status;
    fill_hamiltonian(c, b, level, out->vector);
    lapack_int n = (lapack_int)out->size;
    lapack_int rc = LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'U', n, out->vector, n, out->energy);
    if (rc == LAPACK_WORK_MEMORY_ERROR || rc == LAPACK_TRANSPOSE_MEMORY_ERROR)
        return fmx__fail(ctx, FMX_ERROR_MEMORY,
                         "no memory to diagonalise a block of %zu spin states", out->size);
    if (rc != 0)
        return fmx__fail(ctx, FMX_ERROR_INTERNAL, "dsyevd of a block of %zu spin states gave %d",
                         out->size, (int)rc);
    return FMX_OK;
}

/* Appends the lines between a block and the one below it. */
static fmx_status append_transitions(fmx_context *ctx, const basis *b, size_t level,
                                     const block *upper, const block *lower, double scale,
                                     fmx__line_sink *sink)
{
    double *lowered = NULL; /* I- V_upper: [lower][upper], column-major */
    double *element = NULL; /* V_lower^T I- V_upper */
    size_t size = lower->size * upper->size;
    fmx_status status = fmx__alloc(ctx, size, sizeof *lowered, "spin transitions", &lowered);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, size, sizeof *element, "spin transitions", &element);
    for (size_t row = 0; status == FMX_OK && row < upper->size; ++row) {
        size_t state = b->order[b->first[level] + row];
        for (size_t g = 0; g < b->groups; ++g) {
            int d = digit_of(b, state, g);
            if (d == b->two_i[g])
                continue;
            double factor = lowering(b->two_i[g], d);
            size_t to = b->within[state + b->stride[g]];
            for (size_t v = 0; v < upper->size; ++v)
                lowered[v * lower->size + to] += factor * upper->vector[v * upper->size + row];
        }
    }
    if (status == FMX_OK)
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, (int)lower->size, (int)upper->size,
                    (int)lower->size, 1.0, lower->vector, (int)lower->size, lowered,
                    (int)lower->size, 0.0, element, (int)lower->size);
    for (size_t v = 0; status == FMX_OK && v < upper->size; ++v) {
        for (size_t f = 0; status == FMX_OK && f < lower->size; ++f) {
            double t = element[v * lower->size + f];
            if (scale * t * t > sink->cutoff)
                status =
                    fmx__line_append(ctx, sink, upper->energy[v] - lower->energy[f], scale * t * t);
        }
    }
    free(lowered);
    free(element);
    return status;
}

/* Lines of one choice of total spins. */
static fmx_status solve_choice(fmx_context *ctx, const fmx__spin_cluster *c, const int *two_i,
                               double scale, fmx__line_sink *sink)
{
    basis b = {0};
    block upper = {0};
    block lower = {0};
    fmx_status status = basis_make(ctx, two_i, c->groups, &b);
    for (size_t level = 0; status == FMX_OK && level < b.levels; ++level) {
        status = fmx__check_interrupt(ctx);
        if (status == FMX_OK)
            status = block_solve(ctx, c, &b, level, &lower);
        if (status == FMX_OK && level > 0)
            status = append_transitions(ctx, &b, level - 1, &upper, &lower, scale, sink);
        block_release(&upper);
        upper = lower;
        lower = (block){0};
    }
    block_release(&upper);
    basis_release(&b);
    return status;
}

/* Goes to the next choice of k_g = 0 .. n_g / 2 (I_g = n_g / 2 - k_g); false after the last. */
static bool next_choice(const fmx__spin_cluster *c, int *k)
{
    for (size_t g = 0; g < c->groups; ++g) {
        if (++k[g] <= c->n[g] / 2)
            return true;
        k[g] = 0;
    }
    return false;
}

/* Total spins of a choice, and how often it occurs. */
static double choice_spins(const fmx__spin_cluster *c, const int *k, int *two_i)
{
    double times = 1;
    for (size_t g = 0; g < c->groups; ++g) {
        two_i[g] = c->n[g] - 2 * k[g];
        times *= fmx__binomial(c->n[g], k[g]) - fmx__binomial(c->n[g], k[g] - 1);
    }
    return times;
}

fmx_status fmx__cluster_lines(fmx_context *ctx, const fmx__spin_cluster *cluster, double weight,
                              fmx__line_sink *sink)
{
    int k[FMX__CLUSTER_MOST_GROUPS] = {0};
    int two_i[FMX__CLUSTER_MOST_GROUPS];
    int spins = 0;
    for (size_t g = 0; g < cluster->groups; ++g)
        spins += cluster->n[g];
    fmx_status status = FMX_OK;
    do {
        double times = choice_spins(cluster, k, two_i);
        status = solve_choice(ctx, cluster, two_i, ldexp(weight * times, 1 - spins), sink);
    } while (status == FMX_OK && next_choice(cluster, k));
    return status;
}

double fmx__cluster_cost(const fmx__spin_cluster *cluster)
{
    int k[FMX__CLUSTER_MOST_GROUPS] = {0};
    int two_i[FMX__CLUSTER_MOST_GROUPS];
    double cost = 0;
    do {
        /* block sizes are the coefficients of prod_g (1 + x + ... + x^(2 I_g)) */
        double size[FMX__CLUSTER_MOST_GROUPS * FMX_SPINS_MOST_PER_GROUP + 1] = {1};
        size_t levels = 1;
        choice_spins(cluster, k, two_i);
        for (size_t g = 0; g < cluster->groups; ++g) {
            size_t more = (size_t)two_i[g];
            for (size_t l = levels + more; l-- > 0;) {
                double sum = 0;
                for (size_t d = 0; d <= more && d <= l; ++d)
                    sum += l - d < levels ? size[l - d] : 0;
                size[l] = sum;
            }
            levels += more;
        }
        for (size_t l = 0; l < levels; ++l)
            cost += size[l] * size[l] * size[l];
    } while (next_choice(cluster, k));
    return cost;
}
