/* Products and transforms of libraries in a recording, and products of views. They compile for
 * seconds at first. */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "clblast_gemm.h"
#include "clfft_plan.h"
#include "fmx_test.h"
#include "launch.h"
#include "recording.h"

/* CLBlast's direct kernel; its large one, with copies padded and transposed in a temporary buffer,
 * in which the second needs more room than the first; the direct one again. */
static const fmx__gemm_of products[] = {
    {.m = 33, .n = 20, .k = 40, .alpha = 1},
    {.m = 640, .n = 520, .k = 577, .alpha = 1.5, .transpose_b = true},
    {.m = 577, .n = 520, .k = 641, .alpha = 0.5, .beta = 0.25, .transpose_a = true},
    {.m = 64, .n = 64, .k = 64, .alpha = 1, .beta = 1, .c_first = 5},
};

enum { PRODUCTS = sizeof products / sizeof *products, FLOATS = 640 * 640 };

typedef struct matrices {
    fmx_test test;
    fmx_buffer *a;
    fmx_buffer *b;
    fmx_buffer *c[PRODUCTS];
} matrices;

static void fill(const fmx_test *test, fmx_buffer *buffer, size_t floats, uint64_t seed)
{
    float *data = fmx_test_random(floats, seed);
    fmx_test_ok(test, fmx_buffer_write(buffer, 0, data, floats * 4), "write");
    free(data);
}

static void open_matrices(matrices *m)
{
    *m = (matrices){.test = fmx_test_open()};
    fmx_test_ok(&m->test, fmx_buffer_create(m->test.device, FLOATS * 4, &m->a), "a");
    fmx_test_ok(&m->test, fmx_buffer_create(m->test.device, FLOATS * 4, &m->b), "b");
    fill(&m->test, m->a, FLOATS, 1);
    fill(&m->test, m->b, FLOATS, 2);
    for (size_t i = 0; i < PRODUCTS; ++i) {
        fmx_test_ok(&m->test, fmx_buffer_create(m->test.device, FLOATS * 4, &m->c[i]), "c");
        fill(&m->test, m->c[i], FLOATS, 3 + i);
    }
}

static fmx_status multiply(matrices *m)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < PRODUCTS; ++i) {
        fmx__gemm_of of = products[i];
        of.a = m->a;
        of.b = m->b;
        of.c = m->c[i];
        status = fmx__gemm(m->test.device, &of);
    }
    return status;
}

static void close_matrices(matrices *m)
{
    fmx_buffer_release(m->a);
    fmx_buffer_release(m->b);
    for (size_t i = 0; i < PRODUCTS; ++i)
        fmx_buffer_release(m->c[i]);
    fmx_test_close(&m->test);
}

Test(recorded_libraries, products)
{
    matrices m;
    float *direct = malloc((size_t)PRODUCTS * FLOATS * 4);
    float *recorded = malloc((size_t)FLOATS * 4);
    fmx__recording *recording = NULL;
    fmx_profile_row *rows = NULL;
    size_t count = 0;
    cr_assert(direct != NULL && recorded != NULL);
    open_matrices(&m);
    for (int run = 0; run < 2; ++run)
        fmx_test_ok(&m.test, multiply(&m), "direct");
    for (size_t i = 0; i < PRODUCTS; ++i) {
        fmx_test_ok(&m.test, fmx_buffer_read(m.c[i], 0, direct + i * FLOATS, FLOATS * 4), "read");
        fill(&m.test, m.c[i], FLOATS, 3 + i);
    }
    fmx_test_ok(&m.test, fmx__recording_begin(m.test.device, &recording), "begin");
    fmx_test_ok(&m.test, multiply(&m), "record");
    fmx_test_ok(&m.test, fmx__recording_end(m.test.device), "end");
    cr_assert_eq(fmx__recording_length(recording), PRODUCTS);
    fmx_test_ok(&m.test, fmx_device_profile(m.test.device, true), "profile");
    fmx_test_ok(&m.test, fmx__recording_run(recording), "run");
    fmx_test_ok(&m.test, fmx_device_profile_rows(m.test.device, &rows, &count), "rows");
    cr_assert_eq(count, 1);
    cr_assert_str_eq(rows[0].kernel, "clblast");
    cr_assert_eq(rows[0].calls, PRODUCTS);
    fmx_test_ok(&m.test, fmx_device_profile(m.test.device, false), "profile");
    fmx__device_fail_allocation(m.test.device, 1);
    fmx__fail_allocation(m.test.ctx, 1);
    fmx_test_ok(&m.test, fmx__recording_run(recording), "a run without allocations");
    fmx__device_fail_allocation(m.test.device, 0);
    fmx__fail_allocation(m.test.ctx, 0);
    for (size_t i = 0; i < PRODUCTS; ++i) {
        fmx_test_ok(&m.test, fmx_buffer_read(m.c[i], 0, recorded, FLOATS * 4), "read");
        cr_assert_arr_eq(recorded, direct + i * FLOATS, FLOATS * 4, "product %zu", i);
    }
    fmx__recording_destroy(recording);
    close_matrices(&m);
    free(rows);
    free(recorded);
    free(direct);
}

static fmx_status record_products(void *user)
{
    matrices *m = user;
    fmx__recording *recording = NULL;
    fmx_status status = fmx__recording_begin(m->test.device, &recording);
    if (status == FMX_OK)
        status = multiply(m);
    if (status == FMX_OK)
        status = fmx__recording_end(m->test.device);
    fmx__recording_destroy(recording);
    return status;
}

Test(recorded_libraries, each_failure)
{
    matrices m;
    open_matrices(&m);
    fmx_test_each_failure(&m.test, record_products, &m);
    close_matrices(&m);
}

/* The plan stays with the recording when the device forgets it. */
static void check_transform(size_t points)
{
    fmx_test test = fmx_test_open();
    enum { ROWS = 3 };
    size_t bytes = 2 * ROWS * points * 4;
    float *in = fmx_test_random(bytes / 4, 1);
    float *direct = fmx_test_random(bytes / 4, 2);
    float *recorded = fmx_test_random(bytes / 4, 3);
    fmx__recording *recording = NULL;
    fmx_buffer *x = NULL;
    fmx_buffer *y = NULL;
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, in, bytes, &x), "x");
    fmx_test_ok(&test, fmx_buffer_create(test.device, bytes, &y), "y");
    fmx__clfft_of there = {.out = y,
                           .in = x,
                           .rows = ROWS,
                           .points = points,
                           .in_stride = points,
                           .out_stride = points,
                           .scale = 0.5};
    fmx__clfft_of back = there;
    back.in = y;
    back.inverse = true;
    for (int run = 0; run < 2; ++run) {
        if (run == 1) {
            fmx_test_ok(&test, fmx_buffer_zero(y, 0, bytes), "y");
            fmx_test_ok(&test, fmx__recording_begin(test.device, &recording), "begin");
        }
        fmx_test_ok(&test, fmx__clfft(test.device, &there), "there");
        fmx_test_ok(&test, fmx__clfft(test.device, &back), "back, in place");
        if (run == 0)
            fmx_test_ok(&test, fmx_buffer_read(y, 0, direct, bytes), "read");
    }
    fmx_test_ok(&test, fmx__recording_end(test.device), "end");
    fmx__device_cache_clear(test.device);
    for (int run = 0; run < 2; ++run) {
        fmx_test_ok(&test, fmx__recording_run(recording), "run");
        fmx_test_ok(&test, fmx_buffer_read(y, 0, recorded, bytes), "read");
        cr_assert_arr_eq(recorded, direct, bytes);
    }
    fmx__recording_destroy(recording);
    fmx_buffer_release(x);
    fmx_buffer_release(y);
    free(recorded);
    free(direct);
    free(in);
    fmx_test_close(&test);
}

Test(recorded_libraries, transforms)
{
    check_transform(4 * 3 * 5 * 7);
}

/* In several passes, with a temporary buffer between them. */
Test(recorded_libraries, long_transforms)
{
    check_transform(3 * 8192);
}

/* Matrices that are parts of one buffer, as offsets and as views. */
Test(recorded_libraries, products_of_views)
{
    fmx_test test = fmx_test_open();
    enum { STEP = 1024 }; /* floats: a multiple of every alignment tried */
    float through[400];
    float plain[400];
    fmx_buffer *parent = NULL;
    fmx__gemm_of of = {.m = 20, .n = 20, .k = 40, .alpha = 1};
    fmx_test_ok(&test, fmx_buffer_create(test.device, 3 * STEP * 4, &parent), "parent");
    fill(&test, parent, 3 * STEP, 1);
    fmx_test_ok(&test, fmx__buffer_view(parent, 0, 800 * 4, &of.a), "a");
    fmx_test_ok(&test, fmx__buffer_view(parent, STEP * 4, 800 * 4, &of.b), "b");
    fmx_test_ok(&test, fmx__buffer_view(parent, 2 * STEP * 4, 400 * 4, &of.c), "c");
    fmx_test_ok(&test, fmx__gemm(test.device, &of), "gemm");
    fmx_test_ok(&test, fmx_buffer_read(of.c, 0, through, sizeof through), "read");
    fmx_buffer_release(of.a);
    fmx_buffer_release(of.b);
    fmx_buffer_release(of.c);
    of.a = of.b = of.c = parent;
    of.b_first = STEP;
    of.c_first = 2 * STEP;
    fmx_test_ok(&test, fmx_buffer_zero(parent, 2 * STEP * 4, sizeof plain), "c");
    fmx_test_ok(&test, fmx__gemm(test.device, &of), "gemm");
    fmx_test_ok(&test, fmx_buffer_read(parent, 2 * STEP * 4, plain, sizeof plain), "read");
    cr_assert_arr_eq(through, plain, sizeof plain);
    fmx_buffer_release(parent);
    fmx_test_close(&test);
}
