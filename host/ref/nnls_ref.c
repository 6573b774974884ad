#include "nnls_ref.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

void fmx_ref_nnls_gram(double *gram, const float *library, size_t rows, size_t points)
{
    for (size_t i = 0; i < rows; ++i) {
        for (size_t k = 0; k < rows; ++k) {
            double sum = 0;
            for (size_t j = 0; j < points; ++j)
                sum += (double)library[i * points + j] * library[k * points + j];
            gram[i * rows + k] = sum;
        }
    }
}

typedef struct work {
    size_t rows;
    const double *gram;
    double *right;  /* A b */
    bool *passive;  /* free to be positive */
    size_t *member; /* indices of the passive set */
    double *factor; /* [rows][rows]: Cholesky factor of its Gram matrix */
    double *s;      /* its unconstrained solution, by member */
} work;

/* Solves the normal equations of the passive set by Cholesky; returns its size. */
static size_t solve_passive(work *w)
{
    size_t n = 0;
    for (size_t k = 0; k < w->rows; ++k)
        if (w->passive[k])
            w->member[n++] = k;
    for (size_t i = 0; i < n; ++i) {
        for (size_t k = 0; k <= i; ++k) {
            double sum = w->gram[w->member[i] * w->rows + w->member[k]];
            for (size_t j = 0; j < k; ++j)
                sum -= w->factor[i * w->rows + j] * w->factor[k * w->rows + j];
            w->factor[i * w->rows + k] =
                i == k ? sqrt(sum > 0 ? sum : 1e-300) : sum / w->factor[k * w->rows + k];
        }
    }
    for (size_t i = 0; i < n; ++i) {
        double sum = w->right[w->member[i]];
        for (size_t j = 0; j < i; ++j)
            sum -= w->factor[i * w->rows + j] * w->s[j];
        w->s[i] = sum / w->factor[i * w->rows + i];
    }
    for (size_t i = n; i-- > 0;) {
        double sum = w->s[i];
        for (size_t j = i + 1; j < n; ++j)
            sum -= w->factor[j * w->rows + i] * w->s[j];
        w->s[i] = sum / w->factor[i * w->rows + i];
    }
    return n;
}

/* From x towards s until the first member reaches zero; false when s itself is positive. */
static bool step_back(work *w, double *x, size_t n)
{
    double alpha = 2;
    for (size_t i = 0; i < n; ++i) {
        double at = x[w->member[i]];
        if (w->s[i] <= 0 && at / (at - w->s[i]) < alpha)
            alpha = at / (at - w->s[i]);
    }
    if (alpha > 1)
        return false;
    for (size_t i = 0; i < n; ++i) {
        double *at = &x[w->member[i]];
        bool leaves = w->s[i] <= 0 && *at / (*at - w->s[i]) <= alpha;
        *at += alpha * (w->s[i] - *at);
        if (leaves || *at <= 0) {
            *at = 0;
            w->passive[w->member[i]] = false;
        }
    }
    return true;
}

/* The row with the steepest descent that is not passive yet; rows when there is none. */
static size_t steepest(const work *w, const double *x, double least)
{
    size_t best = w->rows;
    for (size_t k = 0; k < w->rows; ++k) {
        double descent = w->right[k];
        for (size_t j = 0; j < w->rows; ++j)
            descent -= w->gram[k * w->rows + j] * x[j];
        if (!w->passive[k] && w->gram[k * w->rows + k] > 0 && descent > least) {
            least = descent;
            best = k;
        }
    }
    return best;
}

int fmx_ref_nnls(double *x, const double *gram, const float *library, size_t rows, size_t points,
                 const float *spectrum)
{
    work w = {.rows = rows,
              .gram = gram,
              .right = calloc(rows, sizeof *w.right),
              .passive = calloc(rows, sizeof *w.passive),
              .member = calloc(rows, sizeof *w.member),
              .factor = calloc(rows * rows, sizeof *w.factor),
              .s = calloc(rows, sizeof *w.s)};
    double top = 0;
    int result = -1;
    if (w.right == NULL || w.passive == NULL || w.member == NULL || w.factor == NULL || w.s == NULL)
        goto out;
    for (size_t k = 0; k < rows; ++k) {
        x[k] = 0;
        for (size_t j = 0; j < points; ++j)
            w.right[k] += (double)library[k * points + j] * spectrum[j];
        top = fmax(top, fabs(w.right[k]));
    }
    for (size_t round = 0; round < 3 * rows + 10; ++round) {
        size_t next = steepest(&w, x, 1e-12 * top);
        if (next == rows)
            break;
        w.passive[next] = true;
        size_t n = solve_passive(&w);
        while (step_back(&w, x, n))
            n = solve_passive(&w);
        for (size_t i = 0; i < n; ++i)
            x[w.member[i]] = w.s[i];
    }
    result = 0;
out:
    free(w.right);
    free(w.passive);
    free(w.member);
    free(w.factor);
    free(w.s);
    return result;
}
