#include "synthesis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/synthesis.h"
#include "fmx_test.h"
#include "synthesis_ref.h"

static const double pi = 3.14159265358979323846;
static const double reach = 100;

/* A case on the device. */
typedef struct job {
    const fmx_case_synthesis *c;
    float *lines; /* [parts * lines][2] */
    uint32_t *plan;
    float *out;
    fmx_buffer *line_buffer;
    fmx_buffer *plan_buffer;
    fmx_buffer *out_buffer;
    fmx__synthesis_of of;
} job;

static fmx__synthesis_head *heads(const job *j)
{
    return (fmx__synthesis_head *)j->plan;
}

static fmx__synthesis_part *parts(const job *j)
{
    return (fmx__synthesis_part *)(heads(j) + j->of.rows);
}

static fmx__synthesis_hump *humps(const job *j)
{
    return (fmx__synthesis_hump *)(parts(j) + j->of.parts);
}

/* Rising offsets within some 40 points, weights of any size. */
static void fill_lines(job *j, size_t multiplets)
{
    const fmx_case_synthesis *c = j->c;
    float *random = fmx_test_random(2 * multiplets * c->lines, 5);
    for (size_t m = 0; m < multiplets; ++m) {
        float at = -20.0F * random[2 * m * c->lines];
        for (size_t i = 0; i < c->lines; ++i) {
            size_t k = m * c->lines + i;
            j->lines[2 * k] = at;
            j->lines[2 * k + 1] = 1.1F + random[2 * k + 1];
            at += 3.0F * fabsf(random[2 * k]);
        }
    }
    free(random);
}

/* Places all over the axis and beyond both ends; widths and stretches that differ. */
static void fill_plan(job *j)
{
    const fmx_case_synthesis *c = j->c;
    double phase = c->phase_deg * pi / 180;
    for (size_t r = 0; r < c->rows; ++r) {
        heads(j)[r] = (fmx__synthesis_head){
            .first_part = (uint32_t)(r * c->parts),
            .parts = (uint32_t)c->parts,
            .first_hump = (uint32_t)(r * c->humps),
            .humps = (uint32_t)c->humps,
            .divide = (uint32_t)c->divide,
            .cosine = (float)cos(phase),
            .sine = (float)sin(phase),
            .gauss = (float)c->gauss,
        };
        for (size_t k = 0; k < c->parts; ++k) {
            size_t m = (r + k) % (c->parts + 1);
            const float *first = j->lines + 2 * m * c->lines;
            double place =
                ((double)k + 0.37 * (double)(r % 5)) / (double)c->parts * ((double)c->points + 30) -
                15;
            double width = c->half_width * (1 + (double)k / 4);
            double stretch = 1 + 0.02 * ((double)(r % 3) - 1);
            double arm = reach * width;
            parts(j)[r * c->parts + k] = (fmx__synthesis_part){
                .first_line = (uint32_t)(m * c->lines),
                .lines = (uint32_t)c->lines,
                .base = (int32_t)floor(place),
                .fraction = (float)(place - floor(place)),
                .amount = (float)(0.3 + (double)k),
                .half_width = (float)width,
                .stretch = (float)stretch,
                .window = fmx__synthesis_window(
                    place + stretch * (double)first[0] - arm,
                    place + stretch * (double)first[2 * c->lines - 2] + arm, c->points),
            };
        }
        for (size_t k = 0; k < c->humps; ++k)
            humps(j)[r * c->humps + k] = (fmx__synthesis_hump){
                .place = (float)((double)c->points * (0.2 + 0.5 * (double)k)),
                .inverse = 4.0F / (float)c->points,
                .height = k % 2 == 0 ? 0.2F : -0.05F,
            };
    }
}

static void job_open(const fmx_test *test, const fmx_case_synthesis *c, job *j)
{
    size_t multiplets = c->parts + 1;
    *j = (job){.c = c};
    j->of = (fmx__synthesis_of){.line_count = multiplets * c->lines,
                                .rows = c->rows,
                                .parts = c->rows * c->parts,
                                .humps = c->rows * c->humps,
                                .points = c->points,
                                .reach = reach,
                                .cell = c->cell};
    size_t bytes = fmx__synthesis_plan_bytes(j->of.rows, j->of.parts, j->of.humps);
    j->lines = malloc(multiplets * c->lines * 2 * sizeof(float));
    j->plan = malloc(bytes);
    j->out = malloc(c->rows * c->points * sizeof(float));
    cr_assert(j->lines != NULL && j->plan != NULL && j->out != NULL);
    fill_lines(j, multiplets);
    fill_plan(j);
    fmx_test_ok(test,
                fmx_buffer_create_copy(test->device, j->lines,
                                       multiplets * c->lines * 2 * sizeof(float), &j->line_buffer),
                c->name);
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, j->plan, bytes, &j->plan_buffer),
                c->name);
    fmx_test_ok(
        test, fmx_buffer_create(test->device, c->rows * c->points * sizeof(float), &j->out_buffer),
        c->name);
    j->of.lines = j->line_buffer;
    j->of.plan = j->plan_buffer;
}

static void job_run(const fmx_test *test, job *j)
{
    size_t bytes = j->c->rows * j->c->points * sizeof(float);
    fmx_test_ok(test, fmx__synthesis(test->device, j->out_buffer, &j->of), j->c->name);
    fmx_test_ok(test, fmx_buffer_read(j->out_buffer, 0, j->out, bytes), j->c->name);
}

static void job_close(job *j)
{
    fmx_buffer_release(j->out_buffer);
    fmx_buffer_release(j->plan_buffer);
    fmx_buffer_release(j->line_buffer);
    free(j->out);
    free(j->plan);
    free(j->lines);
}

/* What float may err by in one line at x, whose operands are below `size` (points).
 *   x    3 roundings of numbers up to size; the angle changes by at most 1 / g per point
 *   d    g^2 + x^2 - h^2 errs by 3 eps of its terms (h comes as a float); the angle changes by
 *        y / (y^2 + d^2) per unit
 *   t    quotient 2.5 units of 2^-23 (OpenCL), polynomial 2e-8 and 9 roundings, 2 subtractions
 * divided by 2 pi h. The dispersive part: x as before, quotient, logarithm (2 units), and the fade;
 * its derivative is at most 1 / g, too, before 2 / (4 pi h). erf: 1.5e-7 each, exp 2 units, and
 * their arguments' errors. */
static double line_error(double x, double size, const fmx_ref_shape *s)
{
    double g = s->half_width;
    double h = s->cell / 2;
    double eps = FMX_TEST_EPS;
    double dx = 3 * eps * size;
    double y = 2 * g * h;
    double d = g * g + x * x - h * h;
    double angle = atan2(y, d);
    double e_angle = dx / g + 4 * eps * (g * g + x * x + h * h) * y / (y * y + d * d) +
                     angle * (24 * eps) + 2e-8 * fmin(angle, 1) +
                     4 * eps * (angle > pi / 4 ? 1 : 0);
    double e = e_angle / (2 * pi * h) + angle / (2 * pi * h) * 4 * eps;
    double ratio = fabs(log((g * g + (x + h) * (x + h)) / (g * g + (x - h) * (x - h))));
    double e_log = 2 * dx / g + 16 * eps + 8 * eps * ratio;
    e += fabs(s->sine) * e_log / (4 * pi * h);
    if (s->gauss > 0)
        e += s->gauss * (2 * (1.5e-7 + 8 * eps) + 2 * 1.13 * 0.84 / g * (dx + 4 * eps * (1 + h))) /
             (4 * h);
    return e;
}

static fmx_ref_shape shape_of(const job *j, const fmx__synthesis_head *head,
                              const fmx__synthesis_part *p)
{
    return (fmx_ref_shape){(double)p->half_width, j->c->cell,         reach,
                           (double)head->cosine,  (double)head->sine, (double)head->gauss};
}

/* Expected values and tolerance of row r, before the division. */
static void expect_row(const job *j, size_t r, double *expected, double *error)
{
    const fmx_case_synthesis *c = j->c;
    const fmx__synthesis_head *head = &heads(j)[r];
    double additions = (double)(c->lines + c->parts + c->humps + 2) * FMX_TEST_EPS;
    for (size_t i = 0; i < c->points; ++i)
        expected[i] = error[i] = 0;
    for (size_t k = 0; k < c->parts; ++k) {
        const fmx__synthesis_part *p = &parts(j)[head->first_part + k];
        const float *lines = j->lines + 2 * (size_t)p->first_line;
        fmx_ref_shape shape = shape_of(j, head, p);
        double place = (double)p->base + (double)p->fraction;
        size_t first = (size_t)16 * (p->window & 0xffff);
        size_t end = first + (size_t)16 * (p->window >> 16);
        end = end < c->points ? end : c->points;
        fmx_ref_synthesis_part(expected, first, end, lines, p->lines, place, (double)p->amount,
                               (double)p->stretch, &shape);
        for (size_t i = first; i < end; ++i) {
            for (size_t l = 0; l < p->lines; ++l) {
                double offset = (double)p->stretch * (double)lines[2 * l];
                double x = (double)i - place - offset;
                double weight = (double)p->amount * (double)lines[2 * l + 1];
                double size = fabs((double)i - place) + 1 + fabs(offset);
                error[i] += weight * (line_error(x, size, &shape) +
                                      additions * fabs(fmx_ref_synthesis_line(x, &shape)));
            }
        }
    }
    for (size_t k = 0; k < c->humps; ++k) {
        const fmx__synthesis_hump *h = &humps(j)[head->first_hump + k];
        fmx_ref_synthesis_hump(expected, c->points, (double)h->place, 1 / (double)h->inverse,
                               (double)h->height);
        /* u^2 up to a few, each operation one rounding; exp 2 units */
        for (size_t i = 0; i < c->points; ++i)
            error[i] += fabs((double)h->height) * 24 * FMX_TEST_EPS;
    }
}

static void check_row(const job *j, size_t r, double *expected, double *error)
{
    const fmx_case_synthesis *c = j->c;
    const float *got = j->out + r * c->points;
    double top = 0;
    double top_error = 0;
    expect_row(j, r, expected, error);
    for (size_t i = 0; i < c->points; ++i) {
        top = fmax(top, expected[i]);
        top_error = fmax(top_error, error[i]);
    }
    double divisor = c->divide != 0 && top > 0 ? top : 1;
    for (size_t i = 0; i < c->points; ++i) {
        double value = expected[i] / divisor;
        double tolerance = error[i] / divisor + 1e-37;
        if (c->divide != 0 && top > 0) /* the largest value errs, and the quotient */
            tolerance += fabs(value) * (top_error / top + 6 * FMX_TEST_EPS);
        cr_assert(fabs((double)got[i] - value) <= tolerance,
                  "%s: row %zu, point %zu: %.9g, expected %.9g, tolerance %.2g", c->name, r, i,
                  (double)got[i], value, tolerance);
    }
}

static void check_case(const fmx_test *test, const fmx_case_synthesis *c)
{
    job j;
    size_t bytes = c->rows * c->points * sizeof(float);
    size_t rows = c->bench ? 5 : c->rows; /* the twin takes its time */
    double *expected = malloc(2 * c->points * sizeof *expected);
    float *first = malloc(bytes);
    cr_assert(expected != NULL && first != NULL);
    job_open(test, c, &j);
    job_run(test, &j);
    for (size_t r = 0; r < rows; ++r)
        check_row(&j, r, expected, expected + c->points);
    memcpy(first, j.out, bytes);
    job_run(test, &j);
    cr_assert_arr_eq(first, j.out, bytes, "%s: a second run gives other bits", c->name);
    job_close(&j);
    free(first);
    free(expected);
}

Test(synthesis, twin, .timeout = 120)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_synthesis / sizeof *fmx_cases_synthesis; ++i) {
        /* under Oclgrind, hours */
        if (!fmx_cases_synthesis[i].bench || getenv("FIDMIX_SMALL_CASES") == NULL)
            check_case(&test, &fmx_cases_synthesis[i]);
    }
    fmx_test_close(&test);
}

/* A row does not depend on the rows around it. */
Test(synthesis, independent_of_batch)
{
    fmx_test test = fmx_test_open();
    const fmx_case_synthesis *c = &fmx_cases_synthesis[6];
    job j;
    job_open(&test, c, &j);
    job_run(&test, &j);
    float *last = malloc(c->points * sizeof *last);
    cr_assert_not_null(last);
    memcpy(last, j.out + (c->rows - 1) * c->points, c->points * sizeof *last);
    job_close(&j);
    job_open(&test, c, &j);
    heads(&j)[0] = heads(&j)[c->rows - 1];
    fmx_buffer_release(j.plan_buffer);
    fmx_test_ok(&test,
                fmx_buffer_create_copy(test.device, j.plan,
                                       fmx__synthesis_plan_bytes(j.of.rows, j.of.parts, j.of.humps),
                                       &j.plan_buffer),
                "plan");
    j.of.plan = j.plan_buffer;
    job_run(&test, &j);
    cr_assert_arr_eq(last, j.out, c->points * sizeof *last);
    job_close(&j);
    free(last);
    fmx_test_close(&test);
}

/* However narrow the line and coarse the axis, the values add up to its area wherever it lies. */
Test(synthesis, area_of_a_narrow_line)
{
    enum { POINTS = 512, PLACES = 11 };
    fmx_test test = fmx_test_open();
    const double width = 0.05; /* half width, points */
    const float line[2] = {0, 1};
    static fmx__synthesis_head plan[PLACES * 2];
    fmx__synthesis_part *part = (fmx__synthesis_part *)(plan + PLACES);
    static float out[PLACES * POINTS];
    fmx__synthesis_of of = {.line_count = 1,
                            .rows = PLACES,
                            .parts = PLACES,
                            .points = POINTS,
                            .reach = 4000,
                            .cell = 1};
    fmx_buffer *result = NULL;
    for (size_t r = 0; r < PLACES; ++r) {
        plan[r] = (fmx__synthesis_head){.first_part = (uint32_t)r, .parts = 1, .cosine = 1};
        part[r] = (fmx__synthesis_part){.lines = 1,
                                        .base = 256,
                                        .fraction = (float)r / PLACES,
                                        .amount = 1,
                                        .half_width = (float)width,
                                        .stretch = 1,
                                        .window = fmx__synthesis_window(56, 456, POINTS)};
    }
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, line, sizeof line, &of.lines), "lines");
    fmx_test_ok(&test,
                fmx_buffer_create_copy(test.device, plan,
                                       fmx__synthesis_plan_bytes(PLACES, PLACES, 0), &of.plan),
                "plan");
    fmx_test_ok(&test, fmx_buffer_create(test.device, sizeof out, &result), "out");
    fmx_test_ok(&test, fmx__synthesis(test.device, result, &of), "synthesis");
    fmx_test_ok(&test, fmx_buffer_read(result, 0, out, sizeof out), "read");
    for (size_t r = 0; r < PLACES; ++r) {
        double sum = 0;
        for (size_t i = 0; i < POINTS; ++i)
            sum += (double)out[r * POINTS + i];
        /* outside of 200 points to either side lies 2/pi g/200; 400 roundings */
        cr_assert_float_eq(sum, 1, 2 / pi * width / 190 + 400 * FMX_TEST_EPS, "%zu: %.9f", r, sum);
    }
    fmx_buffer_release(result);
    fmx_buffer_release(of.plan);
    fmx_buffer_release(of.lines);
    fmx_test_close(&test);
}

Test(synthesis, windows)
{
    cr_assert_eq(fmx__synthesis_window(0, 15, 100), 1U << 16);
    cr_assert_eq(fmx__synthesis_window(-40, 16, 100), 2U << 16);
    cr_assert_eq(fmx__synthesis_window(17, 400, 100), 1U | 6U << 16);
    cr_assert_eq(fmx__synthesis_window(-9, -1, 100), 0);
    cr_assert_eq(fmx__synthesis_window(100, 120, 100), 0);
}

Test(synthesis, sources)
{
    enum { MIXTURES = 2, SLOTS = 3, POINTS = 37, ROWS = 4 };
    fmx_test test = fmx_test_open();
    const float facts[2 * MIXTURES] = {9, 2, 9, 0.5F};
    const fmx__synthesis_slot slot[MIXTURES * SLOTS] = {{1, 0.5F},  {UINT32_MAX, 1}, {3, 2}, {0, 1},
                                                        {2, 0.25F}, {UINT32_MAX, 0}};
    float *rows = fmx_test_random(ROWS * POINTS, 8);
    static float out[MIXTURES * SLOTS * POINTS];
    fmx_buffer *rows_buffer = NULL;
    fmx_buffer *facts_buffer = NULL;
    fmx_buffer *slot_buffer = NULL;
    fmx_buffer *result = NULL;
    fmx_test_ok(
        &test,
        fmx_buffer_create_copy(test.device, rows, ROWS * POINTS * sizeof *rows, &rows_buffer),
        "rows");
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, facts, sizeof facts, &facts_buffer),
                "facts");
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, slot, sizeof slot, &slot_buffer),
                "slot");
    fmx_test_ok(&test, fmx_buffer_create(test.device, sizeof out, &result), "out");
    fmx_test_ok(&test,
                fmx__synthesis_sources(test.device, result, rows_buffer, ROWS, facts_buffer,
                                       slot_buffer, SLOTS, MIXTURES, POINTS),
                "sources");
    fmx_test_ok(&test, fmx_buffer_read(result, 0, out, sizeof out), "read");
    for (size_t s = 0; s < MIXTURES * SLOTS; ++s) {
        bool none = slot[s].row == UINT32_MAX;
        for (size_t i = 0; i < POINTS; ++i) {
            double expected = none ? 0
                                   : (double)slot[s].weight / (double)facts[2 * (s / SLOTS) + 1] *
                                         (double)rows[slot[s].row * POINTS + i];
            /* powers of two: exact */
            cr_assert_eq((double)out[s * POINTS + i], expected, "%zu, %zu", s, i);
        }
    }
    fmx_buffer_release(result);
    fmx_buffer_release(slot_buffer);
    fmx_buffer_release(facts_buffer);
    fmx_buffer_release(rows_buffer);
    free(rows);
    fmx_test_close(&test);
}

Test(synthesis, refusals)
{
    fmx_test test = fmx_test_open();
    job j;
    job_open(&test, &fmx_cases_synthesis[6], &j);
    fmx__synthesis_of of = j.of;
    of.rows = 0;
    fmx_test_refused(&test, fmx__synthesis(test.device, j.out_buffer, &of), FMX_ERROR_SHAPE,
                     "0 rows");
    of = j.of;
    of.points = FMX__SYNTHESIS_MOST_POINTS + 1;
    fmx_test_refused(&test, fmx__synthesis(test.device, j.out_buffer, &of), FMX_ERROR_SHAPE,
                     "points");
    of = j.of;
    of.cell = 0;
    fmx_test_refused(&test, fmx__synthesis(test.device, j.out_buffer, &of), FMX_ERROR_ARGUMENT,
                     "cell");
    of = j.of;
    of.reach = NAN;
    fmx_test_refused(&test, fmx__synthesis(test.device, j.out_buffer, &of), FMX_ERROR_ARGUMENT,
                     "reach");
    of = j.of;
    of.parts += 1000;
    fmx_test_refused(&test, fmx__synthesis(test.device, j.out_buffer, &of), FMX_ERROR_SHAPE, "");
    fmx_test_refused(&test,
                     fmx__synthesis_sources(test.device, j.out_buffer, j.out_buffer, 0,
                                            j.out_buffer, j.out_buffer, 1, 1, 1),
                     FMX_ERROR_SHAPE, "sources");
    job_close(&j);
    fmx_test_close(&test);
}
