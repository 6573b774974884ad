#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "launch.h"

/* out[i] = a[i] + 2 b[i], without b: a[i] */
static const char source[] =
    "__kernel void add(__global float *out, __global const float *a, __global const float *b,\n"
    "                  const uint count)\n"
    "{\n"
    "    size_t i = get_global_id(0);\n"
    "    if (i < count)\n"
    "        out[i] = b == 0 ? a[i] : fma(2.0f, b[i], a[i]);\n"
    "}\n";

enum { COUNT = 1000 };

static fmx_status add(fmx_device *device, fmx_buffer *out, fmx_buffer *a, fmx_buffer *b)
{
    fmx__arg args[] = {fmx__arg_buffer(out, COUNT * 4), fmx__arg_buffer(a, COUNT * 4),
                       b != NULL ? fmx__arg_buffer(b, COUNT * 4) : fmx__arg_none(),
                       fmx__arg_u32(COUNT)};
    fmx__launch job = {.stem = "test",
                       .kernel = "add",
                       .arg = args,
                       .arg_count = 4,
                       .dims = 1,
                       .global = {COUNT},
                       .local = {64}};
    fmx__device_test_source(device, source);
    return fmx__launch_kernel(device, &job);
}

/* A buffer of `parts` aligned parts of COUNT floats with random numbers. */
static fmx_buffer *make_parent(const fmx_test *test, size_t parts, size_t *step, float **data)
{
    size_t alignment = fmx__buffer_alignment(test->device);
    fmx_buffer *parent = NULL;
    *step = (COUNT * 4 + alignment - 1) / alignment * alignment;
    *data = fmx_test_random(parts * *step / 4, 1);
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, *data, parts * *step, &parent),
                "parent");
    return parent;
}

Test(buffer_view, kernels_read_and_write_through_views)
{
    fmx_test test = fmx_test_open();
    size_t step = 0;
    float *data = NULL;
    fmx_buffer *parent = make_parent(&test, 3, &step, &data);
    float *got = calloc(3 * step, 1);
    fmx_buffer *view[3];
    for (size_t i = 0; i < 3; ++i) {
        fmx_test_ok(&test, fmx__buffer_view(parent, i * step, COUNT * 4, &view[i]), "view");
        cr_assert_eq(fmx_buffer_bytes(view[i]), COUNT * 4);
    }
    fmx_test_ok(&test, add(test.device, view[1], view[0], view[2]), "between views");
    fmx_test_ok(&test, add(test.device, view[2], view[1], NULL), "after it, without b");
    fmx_test_ok(&test, fmx_buffer_read(parent, 0, got, 3 * step), "read");
    for (size_t i = 0; i < 3 * step / 4; ++i) {
        size_t part = i / (step / 4);
        size_t at = i % (step / 4);
        float sum = at < COUNT ? data[at] + 2 * data[2 * step / 4 + at] : 0;
        /* what lies between the views stays */
        cr_assert_eq(got[i], part == 0 || at >= COUNT ? data[i] : sum, "value %zu", i);
    }
    for (size_t i = 0; i < 3; ++i)
        fmx_buffer_release(view[i]);
    fmx_buffer_release(parent);
    free(got);
    free(data);
    fmx_test_close(&test);
}

/* Written through a view, through the parent, through another view over the same place: each
 * command sees what the one before it wrote. */
Test(buffer_view, overlapping_views_and_the_parent_agree)
{
    fmx_test test = fmx_test_open();
    size_t step = 0;
    float *data = NULL;
    float got[COUNT];
    fmx_buffer *parent = make_parent(&test, 2, &step, &data);
    fmx_buffer *whole = NULL;
    fmx_buffer *first = NULL;
    fmx_buffer *second = NULL;
    fmx_buffer *inner = NULL;
    fmx_test_ok(&test, fmx__buffer_view(parent, 0, 2 * step, &whole), "whole");
    fmx_test_ok(&test, fmx__buffer_view(parent, 0, COUNT * 4, &first), "first");
    fmx_test_ok(&test, fmx__buffer_view(whole, step, COUNT * 4, &second), "a view of a view");
    fmx_test_ok(&test, fmx__buffer_view(second, 0, COUNT * 4, &inner), "of a view of a view");
    fmx_test_ok(&test, add(test.device, second, first, first), "3 a");
    fmx_test_ok(&test, fmx_buffer_copy(whole, 0, whole, step, COUNT * 4), "copy within the parent");
    fmx_test_ok(&test, add(test.device, inner, first, parent), "9 a");
    fmx_test_ok(&test, fmx_buffer_zero(first, 0, COUNT * 4), "zero");
    fmx_test_ok(&test, add(test.device, first, second, parent), "9 a");
    fmx_test_ok(&test, fmx_buffer_copy(second, 4, first, 0, COUNT * 4 - 4), "copy between views");
    fmx_test_ok(&test, fmx_buffer_write(inner, 0, data, 4), "write");
    fmx_test_ok(&test, fmx_buffer_read(second, 0, got, sizeof got), "read");
    cr_assert_eq(got[0], data[0]);
    for (size_t i = 1; i < COUNT; ++i) {
        float triple = data[i - 1] + 2 * data[i - 1];
        cr_assert_eq(got[i], triple + 2 * triple, "value %zu", i);
    }
    fmx_buffer_release(parent); /* views keep its memory */
    fmx_test_ok(&test, fmx_buffer_read(first, 0, got, sizeof got), "read");
    fmx_buffer_release(whole);
    fmx_buffer_release(second);
    fmx_buffer_release(first);
    fmx_buffer_release(inner);
    free(data);
    fmx_test_close(&test);
}

/* The guard area behind the parent notices what a kernel writes past a view at its end. */
Test(buffer_view, guard_behind_the_parent)
{
    fmx_test test = fmx_test_open();
    size_t alignment = fmx__buffer_alignment(test.device);
    fmx_buffer *parent = NULL;
    fmx_buffer *view = NULL;
    float values[64] = {0};
    fmx_test_ok(&test, fmx_buffer_create(test.device, alignment + 16, &parent), "parent");
    fmx_test_ok(&test, fmx__buffer_view(parent, alignment, 16, &view), "view");
    fmx__arg args[] = {fmx__arg_buffer(view, 16), fmx__arg_data(values, sizeof values),
                       fmx__arg_none(), fmx__arg_u32(8)};
    fmx__launch job = {.stem = "test",
                       .kernel = "add",
                       .arg = args,
                       .arg_count = 4,
                       .dims = 1,
                       .global = {8},
                       .local = {8}};
    fmx__device_test_source(test.device, source);
    fmx_test_ok(&test, fmx__launch_kernel(test.device, &job), "too far");
    fmx_buffer_release(view);
    fmx_buffer_release(parent);
    cr_assert(fmx__device_guard_broken(test.device));
    fmx_device_close(test.device);
    fmx_context_destroy(test.ctx);
}

Test(buffer_view, refusals)
{
    fmx_test test = fmx_test_open();
    size_t alignment = fmx__buffer_alignment(test.device);
    fmx_buffer *parent = NULL;
    fmx_buffer *view = NULL;
    cr_assert_geq(alignment, 64);
    fmx_test_ok(&test, fmx_buffer_create(test.device, 2 * alignment, &parent), "parent");
    fmx_test_refused(&test, fmx__buffer_view(parent, 0, 0, &view), FMX_ERROR_SHAPE, "0 bytes");
    fmx_test_refused(&test, fmx__buffer_view(parent, 4, 4, &view), FMX_ERROR_SHAPE, "multiple");
    fmx_test_refused(&test, fmx__buffer_view(parent, alignment, alignment + 1, &view),
                     FMX_ERROR_SHAPE, "exceed");
    fmx_test_refused(&test, fmx__buffer_view(parent, SIZE_MAX - alignment + 1, alignment, &view),
                     FMX_ERROR_SHAPE, "exceed");
    cr_assert_null(view);
    fmx_test_ok(&test, fmx__buffer_view(parent, alignment, alignment, &view), "view");
    char bytes[4] = {0};
    fmx_test_refused(&test, fmx_buffer_write(view, alignment - 3, bytes, 4), FMX_ERROR_SHAPE,
                     "exceed");
    fmx_buffer_release(view);
    fmx_buffer_release(parent);
    fmx_test_close(&test);
}

static fmx_status make_view(void *user)
{
    fmx_buffer *view = NULL;
    fmx_status status = fmx__buffer_view(user, 0, 64, &view);
    fmx_buffer_release(view);
    return status;
}

Test(buffer_view, each_failure)
{
    fmx_test test = fmx_test_open();
    fmx_buffer *parent = NULL;
    fmx_test_ok(&test, fmx_buffer_create(test.device, 64, &parent), "parent");
    fmx_test_each_failure(&test, make_view, parent);
    fmx_buffer_release(parent);
    fmx_test_close(&test);
}
