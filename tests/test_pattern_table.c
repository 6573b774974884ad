/* Multiplets of a library drawn on an axis. */
#include "pattern_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "synthesis_ref.h"

enum { ENTRIES = 4, MULTIPLETS = 6, LINES = 408 };

static const double field_mhz = 500;
static const fmx__multiplet_axis axis = {10, 0, 10001}; /* 0.001 ppm: 0.5 Hz */

/* A library made by hand. Multiplets: 0 a single line, 1 a triplet, 2 a comb wider than a pattern
 * may be, its right half the stronger, 3 outside of the axis, 4 half outside, 5 measured. */
typedef struct made {
    fmx_library library;
    fmx_library_entry entry[ENTRIES];
    fmx_library_multiplet multiplet[MULTIPLETS];
    double ppm[LINES];
    float protons[LINES];
} made;

static void add(made *m, size_t multiplet, double ppm, float protons)
{
    fmx_library_multiplet *to = &m->multiplet[multiplet];
    size_t i = m->library.lines++;
    m->ppm[i] = ppm;
    m->protons[i] = protons;
    if (to->line_count++ == 0)
        to->first_line = i;
    to->ppm = (to->ppm * to->protons + ppm * protons) / (to->protons + protons);
    to->protons += protons;
}

static void make(made *m)
{
    memset(m, 0, sizeof *m);
    add(m, 0, 3.21037, 9);
    add(m, 1, 1.30, 0.75F);
    add(m, 1, 1.314, 1.5F);
    add(m, 1, 1.328, 0.75F);
    for (int i = 0; i < 400; ++i)
        add(m, 2, 3 + 0.005 * i, i < 200 ? 0.01F : 0.004F);
    add(m, 3, 11.5, 1);
    add(m, 4, -0.002, 0.5F);
    add(m, 4, 0.003, 1);
    add(m, 5, 7, 1);
    m->entry[0] = (fmx_library_entry){.first_multiplet = 0, .multiplet_count = 2};
    m->entry[1] = (fmx_library_entry){.first_multiplet = 2, .multiplet_count = 1};
    m->entry[2] = (fmx_library_entry){.first_multiplet = 3, .multiplet_count = 2};
    m->entry[3] = (fmx_library_entry){.first_multiplet = 5, .multiplet_count = 1, .width_hz = 1.0};
    m->library.field_mhz = field_mhz;
    m->library.entry = m->entry;
    m->library.entries = ENTRIES;
    m->library.multiplet = m->multiplet;
    m->library.multiplets = MULTIPLETS;
    m->library.line_ppm = m->ppm;
    m->library.line_protons = m->protons;
}

/* What a multiplet draws at point p for amount 1. */
static double drawn(const made *m, size_t multiplet, double width_points, double p)
{
    const fmx_library_multiplet *from = &m->multiplet[multiplet];
    fmx_ref_shape shape = {.half_width = width_points / 2, .cell = 1, .reach = 8, .cosine = 1};
    double sum = 0;
    for (size_t i = from->first_line; i < from->first_line + from->line_count; ++i)
        sum += m->protons[i] *
               fmx_ref_synthesis_line(p - (axis.first_ppm - m->ppm[i]) / 0.001, &shape);
    return sum;
}

static void check_pattern(const made *m, const fmx__pattern_table *t, const float *heights,
                          size_t width, size_t index)
{
    const fmx__pattern *p = &t->pattern[width * t->patterns + index];
    double left = t->width_hz[width] * t->points_per_hz;
    size_t counted = 0;
    double top = 0;
    if (m->entry[p->entry].width_hz > 0)
        left = fmax(1.5, left - m->entry[p->entry].width_hz * t->points_per_hz);
    cr_assert(p->first >= FMX__PATTERN_PAD && p->count > 0 && p->count <= FMX__PATTERN_MOST_POINTS,
              "%zu: %u", index, p->count);
    cr_assert(p->first + (size_t)p->count <= t->heights_count);
    for (size_t i = 0; i < p->count; ++i) {
        double expected = drawn(m, index, left, (double)p->base + (double)i);
        double got = (double)p->highest * heights[p->first + i];
        /* the polynomials of the kernel are good to 3e-7 of the top; places of lines, floats of up
         * to 1000 points, to 3e-5 points, over which a line changes by less than 1e-4 of its top */
        cr_assert_leq(fabs(got - expected), 2e-4 * p->highest,
                      "multiplet %zu, point %zu: %g for %g", index, i, got, expected);
        counted += heights[p->first + i] > 0.3F;
        top = fmax(top, heights[p->first + i]);
    }
    cr_assert_eq(top, 1.0);
    cr_assert_eq(p->counted, counted);
    cr_assert_float_eq(p->protons, m->multiplet[index].protons, 1e-6);
}

Test(pattern_table, drawn)
{
    fmx_test test = fmx_test_open();
    static made m;
    make(&m);
    fmx__pattern_table t;
    fmx_test_ok(&test, fmx__pattern_table_create(test.device, &m.library, &axis, NULL, 0, &t),
                "create");
    cr_assert_eq(t.widths, 5);
    cr_assert_eq(t.patterns, MULTIPLETS);
    float *heights = malloc(t.heights_count * sizeof *heights);
    fmx__pattern *records = malloc(5 * MULTIPLETS * sizeof *records);
    fmx_test_ok(&test, fmx_buffer_read(t.heights, 0, heights, t.heights_count * sizeof *heights),
                "read");
    fmx_test_ok(&test, fmx_buffer_read(t.records, 0, records, 5 * MULTIPLETS * sizeof *records),
                "read");
    cr_assert_eq(memcmp(records, t.pattern, 5 * MULTIPLETS * sizeof *records), 0);
    for (size_t i = 0; i < 5 * MULTIPLETS; ++i) {
        for (size_t k = 1; t.pattern[i].count > 0 && k <= FMX__PATTERN_PAD; ++k)
            cr_assert_eq(heights[t.pattern[i].first - k], 0);
    }
    for (size_t k = 1; k <= FMX__PATTERN_PAD; ++k)
        cr_assert_eq(heights[t.heights_count - k], 0);
    for (size_t w = 0; w < t.widths; ++w) {
        for (size_t i = 0; i < MULTIPLETS; ++i) {
            if (i == 3)
                cr_assert_eq(t.pattern[w * t.patterns + i].count, 0);
            else
                check_pattern(&m, &t, heights, w, i);
        }
    }
    free(heights);
    free(records);
    fmx__pattern_table_clear(&t);
    fmx_test_close(&test);
}

/* Samples rise, are counted points and, where not all are taken, lie evenly among them. */
static void check_shape(const fmx__pattern *p, const fmx__pattern_shape *shape,
                        const fmx__pattern_sample *samples, const float *height)
{
    double sum = 0;
    double square = 0;
    size_t counted = 0;
    size_t taken = 0;
    cr_assert_eq(shape->samples, p->counted < 64 ? p->counted : 64);
    for (size_t i = 0; i < p->count; ++i) {
        const fmx__pattern_sample *next = &samples[shape->first + taken];
        sum += height[i];
        if (taken < shape->samples && next->point == i) {
            cr_assert_gt(height[i], 0.3F);
            cr_assert_eq(next->inverse, 1 / height[i]);
            /* within one point of an even share */
            cr_assert_leq(fabs((double)counted - (double)taken * p->counted / shape->samples), 1);
            ++taken;
        }
        counted += height[i] > 0.3F;
    }
    cr_assert_eq(taken, shape->samples);
    cr_assert_float_eq(shape->mean, sum / p->count, 1e-6);
    for (size_t i = 0; i < p->count; ++i)
        square += pow(height[i] - sum / p->count, 2);
    cr_assert_float_eq(shape->inverse * sqrt(square), 1, 1e-6);
}

Test(pattern_table, shapes)
{
    fmx_test test = fmx_test_open();
    static made m;
    make(&m);
    fmx__pattern_table t;
    fmx_test_ok(&test, fmx__pattern_table_create(test.device, &m.library, &axis, NULL, 0, &t),
                "create");
    size_t all = t.widths * t.patterns;
    float *heights = malloc(t.heights_count * sizeof *heights);
    fmx__pattern_shape *shapes = malloc(all * sizeof *shapes);
    fmx__pattern_sample *samples = malloc(t.samples_count * sizeof *samples);
    fmx_test_ok(&test, fmx_buffer_read(t.heights, 0, heights, t.heights_count * sizeof *heights),
                "read");
    fmx_test_ok(&test, fmx_buffer_read(t.shapes, 0, shapes, all * sizeof *shapes), "read");
    fmx_test_ok(&test, fmx_buffer_read(t.samples, 0, samples, t.samples_count * sizeof *samples),
                "read");
    for (size_t i = 0; i < all; ++i) {
        if (t.pattern[i].count > 0)
            check_shape(&t.pattern[i], &shapes[i], samples, heights + t.pattern[i].first);
    }
    cr_assert_eq(shapes[2].samples, 64); /* the comb */
    free(samples);
    free(shapes);
    free(heights);
    fmx__pattern_table_clear(&t);
    fmx_test_close(&test);
}

/* Where patterns begin and end, what they hold. */
Test(pattern_table, places)
{
    fmx_test test = fmx_test_open();
    static made m;
    make(&m);
    fmx__pattern_table t;
    const double width[] = {1, 2};
    fmx_test_ok(&test, fmx__pattern_table_create(test.device, &m.library, &axis, width, 2, &t),
                "create");
    /* 1 Hz: half width 1 point; the line lies at point 6789.63 */
    cr_assert_eq(t.pattern[0].base, 6781);
    cr_assert_eq(t.pattern[0].count, 18);
    cr_assert_eq(t.pattern[0].lines, 1);
    cr_assert_eq(t.pattern[0].counted, 4); /* at -1.63, -0.63, 0.37 and 1.37 */
    cr_assert_eq(t.pattern[1].lines, 3);
    cr_assert_eq(t.pattern[1].entry, 0);
    cr_assert_eq(t.pattern[1].base, 8672 - 8);
    cr_assert_eq(t.pattern[1].count, 28 + 17);
    /* the comb: 2000 points, the 1024 kept are the stronger ones at its right */
    cr_assert_eq(t.pattern[2].count, FMX__PATTERN_MOST_POINTS);
    cr_assert_eq(t.pattern[2].entry, 1);
    cr_assert_geq(t.pattern[2].base, 7000 - 1024);
    cr_assert_leq(t.pattern[2].base, 7000 - 990);
    /* reaches beyond the axis, but its top is on it */
    cr_assert_gt(t.pattern[4].base + (int)t.pattern[4].count, 10001);
    /* an own width of 1 Hz leaves 1.5 points at least, and 1 Hz of 2 */
    cr_assert_eq(t.pattern[5].count, 1 + 2 * 6);
    cr_assert_eq(t.pattern[t.patterns + 5].count, 1 + 2 * 8);
    cr_assert_eq(fmx__pattern_width(&t, 0.1), 0);
    cr_assert_eq(fmx__pattern_width(&t, 1.41), 0);
    cr_assert_eq(fmx__pattern_width(&t, 1.42), 1);
    cr_assert_eq(fmx__pattern_width(&t, 50), 1);
    fmx__pattern_table_clear(&t);
    fmx_test_close(&test);
}

typedef struct call {
    fmx_test test;
    const made *m;
} call;

static fmx_status create(void *user)
{
    const call *c = user;
    fmx__pattern_table t;
    fmx_status status =
        fmx__pattern_table_create(c->test.device, &c->m->library, &axis, NULL, 0, &t);
    fmx__pattern_table_clear(&t);
    return status;
}

Test(pattern_table, refused)
{
    fmx_test test = fmx_test_open();
    static made m;
    make(&m);
    fmx__pattern_table t;
    const fmx__multiplet_axis rising = {0, 10, 10001};
    const fmx__multiplet_axis longest = {10, 0, FMX__PATTERN_MOST_AXIS + 1};
    const double falling[] = {2, 1};
    const double none[] = {0};
    fmx_test_refused(&test,
                     fmx__pattern_table_create(test.device, &m.library, &rising, NULL, 0, &t),
                     FMX_ERROR_SHAPE, "descend");
    fmx__pattern_table_clear(&t);
    fmx_test_refused(&test,
                     fmx__pattern_table_create(test.device, &m.library, &longest, NULL, 0, &t),
                     FMX_ERROR_SHAPE, "262144 points");
    fmx__pattern_table_clear(&t);
    fmx_test_refused(&test,
                     fmx__pattern_table_create(test.device, &m.library, &axis, falling, 2, &t),
                     FMX_ERROR_ARGUMENT, "width 1 is 1 Hz");
    fmx__pattern_table_clear(&t);
    fmx_test_refused(&test, fmx__pattern_table_create(test.device, &m.library, &axis, none, 1, &t),
                     FMX_ERROR_ARGUMENT, "width 0 is 0 Hz");
    fmx__pattern_table_clear(&t);
    fmx_test_refused(&test, fmx__pattern_table_create(test.device, &m.library, &axis, none, 7, &t),
                     FMX_ERROR_ARGUMENT, "7 widths");
    fmx__pattern_table_clear(&t);
    call c = {test, &m};
    fmx_test_each_failure(&test, create, &c);
    fmx_test_close(&test);
}
