#include <math.h>
#include <stdlib.h>

#include "cases/initialise.h"
#include "fmx_test.h"
#include "initialise.h"
#include "initialise_ref.h"
#include "normal_ref.h"
#include "philox.h"

enum { SEED = 11, TENSOR = 3 };

static float *fill(const fmx_test *test, const fmx__op_weight *weight, uint32_t tensor)
{
    size_t count = fmx__op_weight_count(weight);
    fmx_buffer *buffer = NULL;
    float *out = malloc(count * sizeof *out);
    fmx_test_ok(test, fmx_buffer_create(test->device, count * sizeof *out, &buffer), "buffer");
    fmx_test_ok(test, fmx__initialise(test->device, weight, tensor, SEED, buffer), weight->name);
    fmx_test_ok(test, fmx_buffer_read(buffer, 0, out, count * sizeof *out), "read");
    fmx_buffer_release(buffer);
    return out;
}

/* The words of value i, attempt by attempt. */
static void words_of(uint32_t words[4], size_t i, uint32_t attempt)
{
    const uint32_t counter[4] = {(uint32_t)(i / 4), TENSOR, 0, attempt};
    const uint32_t key[2] = {SEED, FMX__PURPOSE_WEIGHTS};
    fmx__philox(words, counter, key);
}

/* Box-Muller as kernels/common.clh: elements 0, 1 from words 0, 1, elements 2, 3 from words 2, 3.
 */
static double normal_of(size_t i, uint32_t attempt)
{
    uint32_t words[4];
    size_t first = i % 4 / 2 * 2;
    words_of(words, i, attempt);
    double u = fmin(words[first] / 4294967296.0 + 1.0 / 8589934592.0, 1 - 1.0 / 16777216);
    double turns = (words[first + 1] >> 8) / 16777216.0;
    double angle = 2 * 3.14159265358979323846 * turns;
    return sqrt(-2 * log(u)) * (i % 2 == 0 ? cos(angle) : sin(angle));
}

static double twin(const fmx__op_weight *weight, size_t i)
{
    uint32_t kind = 0;
    uint32_t words[4];
    double a = 0;
    double draw[8];
    fmx__initialise_law(weight, &kind, &a);
    if (kind == 0)
        return a;
    words_of(words, i, 0);
    if (kind == 1)
        return fmx_ref_initialise_uniform(words[i % 4], a);
    if (kind == FMX__LAW_NORMAL)
        return a * normal_of(i, 0);
    for (uint32_t attempt = 0; attempt < 8; ++attempt)
        draw[attempt] = normal_of(i, attempt);
    return fmx_ref_initialise_normal(draw, a);
}

static double deviation_of(const float *values, size_t count)
{
    double squares = 0;
    for (size_t i = 0; i < count; ++i)
        squares += (double)values[i] * values[i];
    return sqrt(squares / (double)count);
}

Test(initialise, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t k = 0; k < FMX__COUNT(fmx_cases_initialise); ++k) {
        fmx_case_initialise c = fmx_cases_initialise[k];
        uint32_t kind = 0;
        double a = 0;
        size_t off = 0;
        if (c.bench)
            c.weight.dim[0] = 40000;
        fmx__initialise_law(&c.weight, &kind, &a);
        float *got = fill(&test, &c.weight, TENSOR);
        float *again = fill(&test, &c.weight, TENSOR);
        /* one rounding of the product and of a itself; normals: FMX_REF_NORMAL_ERROR */
        double tolerance = a * (kind >= 2 ? FMX_REF_NORMAL_ERROR : 2 * FMX_TEST_EPS);
        for (size_t i = 0; i < c.weight.dim[0]; ++i)
            off += !(fabs(got[i] - twin(&c.weight, i)) <= tolerance);
        /* a draw whose distance from 2 is within the error may be cut here and not there */
        cr_assert_leq(off, kind == 2 ? c.weight.dim[0] / 10000 : 0, "%s: %zu values", c.name, off);
        cr_assert_arr_eq(got, again, c.weight.dim[0] * sizeof *got);
        free(got);
        free(again);
    }
    fmx_test_close(&test);
}

/* The variances that the names promise: 2 / (in + out) and 2 / in; the relative standard deviation
 * of a sample's standard deviation is at most 1 / sqrt(2 n) sqrt(kurtosis - 1) < 1 / sqrt(n); five
 * of them. */
Test(initialise, laws)
{
    enum { N = 100000 };
    fmx_test test = fmx_test_open();
    fmx__op_weight glorot = {"weight", 2, {100, N / 100}, true, FMX__INIT_GLOROT_UNIFORM, 30, 20};
    fmx__op_weight he = glorot;
    he.init = FMX__INIT_HE_NORMAL;
    float *g = fill(&test, &glorot, 0);
    float *h = fill(&test, &he, 1);
    float *other = fill(&test, &glorot, 2);
    cr_assert_float_eq(deviation_of(g, N) / sqrt(2.0 / 50), 1, 5 / sqrt(N));
    cr_assert_float_eq(deviation_of(h, N) / sqrt(2.0 / 30), 1, 5 / sqrt(N));
    double product = 0;
    for (size_t i = 0; i < N; ++i)
        product += (double)g[i] * other[i];
    cr_assert_leq(fabs(product / N) / (2.0 / 50), 5 / sqrt(N), "tensors are not independent");
    free(g);
    free(h);
    free(other);
    fmx_test_close(&test);
}

/* A quarter of ones, and of what a law draws: exact. */
Test(initialise, scale)
{
    fmx_test test = fmx_test_open();
    fmx__op_weight weight = {"weight", 1, {37}, true, FMX__INIT_ONES, 1, 1, 0};
    fmx__op_weight quarter = weight;
    for (int k = 0; k < 2; ++k) {
        weight.init = quarter.init = k == 0 ? FMX__INIT_ONES : FMX__INIT_GLOROT_UNIFORM;
        quarter.scale = 0.25;
        float *whole = fill(&test, &weight, 0);
        float *part = fill(&test, &quarter, 0);
        for (size_t i = 0; i < 37; ++i)
            cr_assert_eq(part[i], whole[i] / 4);
        free(whole);
        free(part);
    }
    fmx_test_close(&test);
}

/* ---- every law --------------------------------------------------------------------------------
 */

static double normal_below(double x)
{
    return erfc(-x / sqrt(2)) / 2;
}

/* Distribution functions of the laws in units of the standard deviation or half width given. */
static double share_below(char law, double x)
{
    double cut = normal_below(2) - normal_below(-2);
    if (law == 'u')
        return fmin(fmax((x + 1) / 2, 0), 1);
    if (law == 'c')
        return fmin(fmax((normal_below(x) - normal_below(-2)) / cut, 0), 1);
    return normal_below(x);
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Keras 2.15 (glorot, he, lecun: VarianceScaling; uniform, normal, truncated_normal with their
 * defaults) and PyTorch 2.6 (pytorch, xavier, kaiming), for fan_in 30, fan_out 20. A cut normal of
 * VarianceScaling has the standard deviation wanted behind the cut: before it, that over 0.8796.
 * Kolmogorov and Smirnov: the largest distance of the distributions is below 1.95 / sqrt(n) in 999
 * of 1000 samples; the sample is one and the same every time. */
Test(initialise, every_law)
{
    enum { N = 100000 };
    static const struct {
        fmx__initialiser init;
        char law; /* uniform, normal, cut normal */
        double scale;
    } cases[] = {
        {FMX__INIT_GLOROT_UNIFORM, 'u', 0.34641016151377546}, /* sqrt(6 / 50) */
        {FMX__INIT_GLOROT_NORMAL, 'c', 0.2 / 0.87962566103423978},
        {FMX__INIT_HE_UNIFORM, 'u', 0.44721359549995793}, /* sqrt(6 / 30) */
        {FMX__INIT_HE_NORMAL, 'c', 0.2581988897471611 / 0.87962566103423978},
        {FMX__INIT_LECUN_UNIFORM, 'u', 0.31622776601683794}, /* sqrt(3 / 30) */
        {FMX__INIT_LECUN_NORMAL, 'c', 0.18257418583505536 / 0.87962566103423978},
        {FMX__INIT_PYTORCH, 'u', 0.18257418583505536},       /* 1 / sqrt(30) */
        {FMX__INIT_XAVIER_NORMAL, 'n', 0.2},                 /* sqrt(2 / 50) */
        {FMX__INIT_KAIMING_NORMAL, 'n', 0.2581988897471611}, /* sqrt(2 / 30) */
        {FMX__INIT_UNIFORM, 'u', 0.05},
        {FMX__INIT_NORMAL, 'n', 0.05},
        {FMX__INIT_TRUNCATED_NORMAL, 'c', 0.05},
    };
    fmx_test test = fmx_test_open();
    for (size_t k = 0; k < FMX__COUNT(cases); ++k) {
        fmx__op_weight weight = {"weight", 2, {100, N / 100}, true, cases[k].init, 30, 20};
        const char *name = fmx__initialiser_names[cases[k].init];
        float *values = fill(&test, &weight, (uint32_t)k);
        double apart = 0;
        qsort(values, N, sizeof *values, by_value);
        for (size_t i = 0; i < N; ++i) {
            double below = share_below(cases[k].law, (double)values[i] / cases[k].scale);
            apart = fmax(apart, fmax(below - (double)i / N, (double)(i + 1) / N - below));
        }
        cr_assert_leq(apart, 1.95 / sqrt(N), "%s: %g", name, apart);
        if (cases[k].law != 'n') /* one rounding beyond the edge */
            cr_assert_leq(fmax(-(double)values[0], (double)values[N - 1]),
                          cases[k].scale * (cases[k].law == 'c' ? 2 : 1) * (1 + 2 * FMX_TEST_EPS),
                          "%s", name);
        free(values);
    }
    fmx_test_close(&test);
}

/* Rows of a wide matrix, columns of a tall one, are orthonormal but for the rounding to float of
 * each factor. */
Test(initialise, orthogonal)
{
    static const size_t sizes[][3] = {{1, 1, 1},  {1, 7, 1},  {7, 1, 1},  {50, 200, 1},
                                      {64, 8, 4}, {31, 3, 5}, {16, 16, 1}};
    fmx_test test = fmx_test_open();
    for (size_t k = 0; k < FMX__COUNT(sizes); ++k) {
        size_t rows = sizes[k][0];
        size_t columns = sizes[k][1] * sizes[k][2];
        fmx__op_weight weight = {
            "weight", 3, {sizes[k][0], sizes[k][1], sizes[k][2]}, true, FMX__INIT_ORTHOGONAL, 1, 1};
        float *q = fill(&test, &weight, (uint32_t)k);
        bool wide = columns >= rows;
        size_t vectors = wide ? rows : columns;
        size_t length = wide ? columns : rows;
        for (size_t i = 0; i < vectors * vectors; ++i) {
            double product = 0;
            for (size_t j = 0; j < length; ++j) {
                size_t a = wide ? i / vectors * columns + j : j * columns + i / vectors;
                size_t b = wide ? i % vectors * columns + j : j * columns + i % vectors;
                product += (double)q[a] * (double)q[b];
            }
            cr_assert_float_eq(product, i / vectors == i % vectors, 2 * FMX_TEST_EPS,
                               "%zu x %zu: %zu: %g", rows, columns, i, product);
        }
        free(q);
    }
    fmx_test_close(&test);
}
