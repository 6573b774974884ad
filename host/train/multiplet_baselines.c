#include "multiplet_baselines.h"

#include <math.h>
#include <string.h>

enum { SWEEPS = 400, MOST_COMPOUNDS = 1024 };

/* Where value [position][line] of the library lies in an input. */
static size_t place_of(const fmx__multiplets *m, size_t value)
{
    size_t position = value / m->file.lines;
    size_t line = value % m->file.lines;
    return m->options->layout == FMX__MULTIPLETS_TRANSPOSED ? line * m->file.positions + position
                                                            : value;
}

void fmx__take_largest(double *amount, size_t classes, size_t parts, double one, uint32_t *found)
{
    for (size_t k = 0; k < parts; ++k) {
        size_t best = 0;
        for (size_t c = 1; c < classes; ++c)
            best = amount[c] > amount[best] ? c : best;
        found[k] = (uint32_t)best;
        amount[best] -= one;
    }
}

size_t fmx__labels_in_common(const uint32_t *a, const uint32_t *b, size_t parts)
{
    uint64_t taken = 0;
    size_t common = 0;
    for (size_t i = 0; i < parts && parts <= 64; ++i) {
        for (size_t j = 0; j < parts; ++j) {
            if ((taken >> j & 1) == 0 && a[i] == b[j]) {
                taken |= UINT64_C(1) << j;
                ++common;
                break;
            }
        }
    }
    return common;
}

static double product(const fmx__multiplets *m, size_t compound, const double *residual)
{
    const double *area = m->file.area + compound * m->values;
    double sum = 0;
    for (size_t i = 0; i < m->values; ++i)
        sum += area[i] * residual[i];
    return sum;
}

void fmx__multiplets_least_squares(const fmx__multiplets *m, const float *input, uint32_t *found)
{
    enum { MOST_VALUES = 8192 };
    double residual[MOST_VALUES];
    double amount[MOST_COMPOUNDS] = {0};
    size_t compounds = m->file.compounds < MOST_COMPOUNDS ? m->file.compounds : MOST_COMPOUNDS;
    memset(found, 0, m->file.parts * sizeof *found);
    if (m->values > MOST_VALUES)
        return;
    for (size_t i = 0; i < m->values; ++i)
        residual[i] = (double)input[place_of(m, i)];
    for (size_t sweep = 0; sweep < SWEEPS; ++sweep) {
        for (size_t c = 0; c < compounds; ++c) {
            const double *area = m->file.area + c * m->values;
            double own = product(m, c, area);
            if (!(own > 0))
                continue;
            double next = fmax(0, amount[c] + product(m, c, residual) / own);
            for (size_t i = 0; i < m->values; ++i)
                residual[i] -= (next - amount[c]) * area[i];
            amount[c] = next;
        }
    }
    fmx__take_largest(amount, compounds, m->file.parts, 1, found);
}

static double distance(const fmx__multiplets *m, const float *input, const uint32_t *compound)
{
    double sum = 0;
    for (size_t i = 0; i < m->values; ++i) {
        double value = (double)input[place_of(m, i)];
        for (size_t k = 0; k < m->file.parts; ++k)
            value -= m->file.area[compound[k] * m->values + i];
        sum += value * value;
    }
    return sum;
}

void fmx__multiplets_look_up(const fmx__multiplets *m, const float *input, uint32_t *found)
{
    uint32_t at[FMX__MULTIPLETS_PARTS] = {0};
    size_t parts = m->file.parts;
    double least = INFINITY;
    for (;;) {
        double d = distance(m, input, at);
        if (d < least) {
            least = d;
            memcpy(found, at, parts * sizeof *found);
        }
        size_t k = parts;
        while (k > 0 && at[k - 1] + 1 == m->file.compounds)
            --k;
        if (k == 0)
            return;
        ++at[k - 1];
        for (size_t j = k; j < parts; ++j)
            at[j] = at[k - 1];
    }
}
