#include <math.h>
#include <stdlib.h>

#include "assignment.h"
#include "assignment_ref.h"
#include "cases/assignment.h"
#include "fmx_golden.h"
#include "fmx_test.h"

/* What came back. */
typedef struct answer {
    uint32_t *columns;
    float *totals;
} answer;

static answer run(const fmx_test *test, fmx__assignment_method method, size_t batch, size_t n,
                  const float *costs)
{
    fmx_buffer *buffer[3] = {NULL};
    answer a = {malloc(batch * n * sizeof(uint32_t)), malloc(batch * sizeof(float))};
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, costs, batch * n * n * 4, &buffer[0]),
                "costs");
    fmx_test_ok(test, fmx_buffer_create(test->device, batch * n * 4, &buffer[1]), "columns");
    fmx_test_ok(test, fmx_buffer_create(test->device, batch * 4, &buffer[2]), "totals");
    fmx_test_ok(
        test, fmx__assignment_run(test->device, method, batch, n, buffer[0], buffer[1], buffer[2]),
        "run");
    fmx_test_ok(test, fmx_buffer_read(buffer[1], 0, a.columns, batch * n * 4), "columns");
    fmx_test_ok(test, fmx_buffer_read(buffer[2], 0, a.totals, batch * 4), "totals");
    for (int i = 0; i < 3; ++i)
        fmx_buffer_release(buffer[i]);
    return a;
}

static void clear(answer *a)
{
    free(a->columns);
    free(a->totals);
}

/* Each column once, and the total is the sum of what was taken, row after row. */
static void check_permutation(const uint32_t *columns, const float *cost, float total, size_t n,
                              const char *name)
{
    bool taken[FMX__ASSIGNMENT_MOST] = {false};
    float sum = 0;
    for (size_t i = 0; i < n; ++i) {
        cr_assert(columns[i] < n && !taken[columns[i]], "%s: row %zu takes column %u", name, i,
                  columns[i]);
        taken[columns[i]] = true;
        sum += cost[i * n + columns[i]];
    }
    cr_assert_eq(sum, total, "%s: %g, says %g", name, (double)sum, (double)total);
}

/* n rows are chosen by reduced costs, each off by the rounding of up to n changes of the two
 * potentials, which stay below twice the largest cost; and the sum itself. */
static double tolerance(const float *cost, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n * n; ++i)
        most = fmax(most, fabs((double)cost[i]));
    return 4 * (double)(n * n) * FMX_TEST_EPS * most;
}

static void check_case(const fmx_test *test, const fmx_case_assignment *c,
                       fmx__assignment_method method, bool ties)
{
    float *costs = fmx_test_random(c->batch * c->n * c->n, 3);
    double *cost = calloc(c->n * c->n, sizeof *cost);
    for (size_t i = 0; ties && i < c->batch * c->n * c->n; ++i)
        costs[i] = floorf(4 * costs[i]);
    answer a = run(test, method, c->batch, c->n, costs);
    answer again = run(test, method, c->batch, c->n, costs);
    for (size_t b = 0; b < c->batch; ++b) {
        const float *given = costs + b * c->n * c->n;
        check_permutation(a.columns + b * c->n, given, a.totals[b], c->n, c->name);
        for (size_t i = 0; i < c->n * c->n; ++i)
            cost[i] = (double)given[i];
        if (c->n > 16 || (c->n > 12 && b > 0))
            continue;
        double least = fmx_ref_assignment(cost, c->n, NULL);
        /* small whole numbers are added without rounding */
        double allowed = ties ? 0 : tolerance(given, c->n);
        cr_assert_leq(fabs((double)a.totals[b] - least), allowed, "%s, matrix %zu: %.9g, %.9g",
                      c->name, b, (double)a.totals[b], least);
    }
    cr_assert_arr_eq(a.columns, again.columns, c->batch * c->n * sizeof(uint32_t));
    cr_assert_arr_eq(a.totals, again.totals, c->batch * sizeof(float));
    clear(&a);
    clear(&again);
    free(costs);
    free(cost);
}

Test(assignment, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_assignment); ++i) {
        const fmx_case_assignment *c = &fmx_cases_assignment[i];
        for (int ties = 0; ties < 2; ++ties) {
            check_case(&test, c, FMX__ASSIGNMENT_HUNGARIAN, ties);
            if (c->n <= FMX__ASSIGNMENT_EXHAUSTIVE_MOST)
                check_case(&test, c, FMX__ASSIGNMENT_EXHAUSTIVE, ties);
        }
    }
    fmx_test_close(&test);
}

Test(assignment, scipy)
{
    static const char *const names[] = {"three",  "ties",    "twenty",
                                        "absent", "decibel", "sixtyfour"};
    fmx_test test = fmx_test_open();
    fmx__safetensors *file = fmx_test_tensors("assignment.safetensors");
    for (size_t k = 0; k < FMX__COUNT(names); ++k) {
        const fmx__tensor_entry *entry = NULL;
        float *costs = fmx_test_tensor(file, &entry, "%s.costs", names[k]);
        float *totals = fmx_test_tensor(file, NULL, "%s.totals", names[k]);
        size_t batch = entry->shape[0];
        size_t n = entry->shape[1];
        answer a = run(&test, FMX__ASSIGNMENT_HUNGARIAN, batch, n, costs);
        for (size_t b = 0; b < batch; ++b) {
            const float *cost = costs + b * n * n;
            check_permutation(a.columns + b * n, cost, a.totals[b], n, names[k]);
            cr_assert_leq(fabs((double)a.totals[b] - (double)totals[b]), tolerance(cost, n),
                          "%s, matrix %zu: %.9g, scipy %.9g", names[k], b, (double)a.totals[b],
                          (double)totals[b]);
        }
        clear(&a);
        free(costs);
        free(totals);
    }
    fmx__safetensors_close(file);
    fmx_test_close(&test);
}

/* Where all are equal everything stays in its place; what is not finite still gives a permutation,
 * and shows. */
Test(assignment, equal_and_not_finite)
{
    fmx_test test = fmx_test_open();
    for (size_t n = 1; n <= 6; ++n) {
        for (int method = 0; method < 2; ++method) {
            const float values[3] = {0.25F, NAN, INFINITY};
            float costs[36];
            if (method == FMX__ASSIGNMENT_EXHAUSTIVE && n > FMX__ASSIGNMENT_EXHAUSTIVE_MOST)
                continue;
            for (size_t v = 0; v < 3; ++v) {
                for (size_t i = 0; i < n * n; ++i)
                    costs[i] = values[v];
                answer a = run(&test, method, 1, n, costs);
                bool taken[6] = {false};
                for (size_t i = 0; i < n; ++i) {
                    cr_assert(a.columns[i] < n && !taken[a.columns[i]]);
                    taken[a.columns[i]] = true;
                    cr_assert(v != 0 || a.columns[i] == i, "n %zu, row %zu: %u", n, i,
                              a.columns[i]);
                }
                cr_assert(v == 0 ? a.totals[0] == 0.25F * (float)n : !isfinite(a.totals[0]));
                clear(&a);
            }
        }
    }
    fmx_test_close(&test);
}

Test(assignment, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_buffer *b = NULL;
    fmx_test_ok(&test, fmx_buffer_create(test.device, 4, &b), "buffer");
    fmx_test_refused(&test,
                     fmx__assignment_run(test.device, FMX__ASSIGNMENT_EXHAUSTIVE, 1, 5, b, b, b),
                     FMX_ERROR_ARGUMENT, "1 to 4 can be assigned exhaustively");
    fmx_test_refused(&test,
                     fmx__assignment_run(test.device, FMX__ASSIGNMENT_HUNGARIAN, 1, 65, b, b, b),
                     FMX_ERROR_ARGUMENT, "65 rows");
    fmx_test_refused(&test,
                     fmx__assignment_run(test.device, FMX__ASSIGNMENT_HUNGARIAN, 1, 0, b, b, b),
                     FMX_ERROR_ARGUMENT, "0 rows");
    fmx_buffer_release(b);
    fmx_test_close(&test);
}
