#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "kernel_sources.h"
#include "launch.h"
#include "limits.h"

Test(device, selectors)
{
    fmx_test test = fmx_test_open();
    fmx_device *other = NULL;
    fmx_test_ok(&test, fmx_device_open(test.ctx, "0", &other), "index");
    fmx_device_close(other);
    fmx_test_ok(&test, fmx_device_open(test.ctx, "cpu", &other), "kind");
    fmx_device_close(other);
    fmx_test_refused(&test, fmx_device_open(test.ctx, "99", &other), FMX_ERROR_NO_DEVICE,
                     "there is");
    fmx_test_refused(&test, fmx_device_open(test.ctx, "no such name", &other), FMX_ERROR_NO_DEVICE,
                     "no such name");
    fmx_test_close(&test);
}

Test(device, none_is_a_status_that_says_what_to_install)
{
    setenv("OCL_ICD_VENDORS", "/nowhere", 1);
    fmx_test test = fmx_test_open_host();
    fmx_device *device = NULL;
    fmx_test_refused(&test, fmx_device_open(test.ctx, "auto", &device), FMX_ERROR_NO_DEVICE,
                     "pocl-opencl-icd");
    cr_assert_null(device);
    fmx_test_close(&test);
}

Test(device, build_log_has_file_and_line)
{
    fmx_test test = fmx_test_open();
    fmx_test_refused(&test,
                     fmx__build_source(test.device, "broken.cl", "\n\n__kernel void f( { }\n", ""),
                     FMX_ERROR_BUILD, "broken.cl:3");
    fmx_test_ok(&test,
                fmx__build_source(test.device, "good.cl", "__kernel void f(int a) { }\n", ""),
                "a good kernel");
    fmx_test_close(&test);
}

/* The pieces of a kernel file are in the embedded text: its compiler has no folder to look in, and
 * the key of its binary is made of that text. */
Test(device, kernel_sources_hold_their_pieces)
{
    bool found = false;
    for (size_t i = 0; i < fmx__kernel_source_count; ++i) {
        const fmx__kernel_source *source = &fmx__kernel_sources[i];
        cr_assert_null(strstr(source->text, "\n#include"), "%s still includes", source->file);
        if (strcmp(source->file, "explain.cl") == 0)
            found = strstr(source->text, "\n#line 1 \"explain_model.clh\"\n") != NULL;
    }
    cr_assert(found, "explain.cl lacks explain_model.clh");
}

Test(buffer, ranges_and_sizes)
{
    fmx_test test = fmx_test_open();
    fmx_buffer *buffer = NULL;
    char bytes[64] = {0};
    fmx_test_refused(&test, fmx_buffer_create(test.device, 0, &buffer), FMX_ERROR_SHAPE, "0 bytes");
    fmx_test_refused(&test, fmx_buffer_create(test.device, SIZE_MAX / 2, &buffer),
                     FMX_ERROR_DEVICE_MEMORY, "largest allocation");
    cr_assert_null(buffer);
    fmx_test_ok(&test, fmx_buffer_create(test.device, 64, &buffer), "64 bytes");
    fmx_test_refused(&test, fmx_buffer_write(buffer, 32, bytes, 33), FMX_ERROR_SHAPE, "exceed");
    fmx_test_refused(&test, fmx_buffer_read(buffer, SIZE_MAX, bytes, 2), FMX_ERROR_SHAPE, "exceed");
    fmx_buffer_release(buffer);
    fmx_buffer_release(NULL);
    fmx_test_close(&test);
}

Test(buffer, pool_reuses)
{
    fmx_test test = fmx_test_open();
    fmx__device_guard(test.device, false);
    fmx_buffer *first = NULL;
    fmx_buffer *second = NULL;
    fmx_test_ok(&test, fmx_buffer_create(test.device, 1 << 20, &first), "first");
    fmx_buffer_release(first);
    fmx_test_ok(&test, fmx_buffer_create(test.device, 900000, &second), "second");
    cr_assert_eq(first, second, "a released buffer of 1 MiB serves 900000 bytes");
    cr_assert_eq(fmx_buffer_bytes(second), 900000);
    fmx_buffer_release(second);
    fmx_test_ok(&test, fmx_buffer_create(test.device, 100000, &second), "much smaller");
    cr_assert_neq(first, second, "1 MiB must not serve 100000 bytes");
    fmx_buffer_release(second);
    fmx_test_close(&test);
}

/* The guard area must notice a kernel that writes too far: one told that it reaches 64 bytes, but
 * made to write 128. */
Test(buffer, guard_notices_a_write_past_the_end)
{
    fmx_test test = fmx_test_open();
    fmx_buffer *small = NULL;
    fmx_buffer *large = NULL;
    fmx_test_ok(&test, fmx_buffer_create(test.device, 64, &small), "small");
    fmx_test_ok(&test, fmx_buffer_create(test.device, 128, &large), "large");
    fmx_test_ok(&test, fmx_buffer_zero(large, 0, 128), "zero");
    fmx__arg args[] = {fmx__arg_buffer(small, 64), fmx__arg_buffer(large, 128), fmx__arg_u32(2)};
    fmx__launch job = {.stem = "limits",
                       .kernel = "limits_copy",
                       .arg = args,
                       .arg_count = 3,
                       .dims = 1,
                       .global = {2},
                       .local = {16}};
    fmx_test_ok(&test, fmx__launch_kernel(test.device, &job), "copy");
    fmx_buffer_release(small);
    fmx_buffer_release(large);
    cr_assert(fmx__device_guard_broken(test.device));
    cr_assert_eq(fmx__device_live_buffers(test.device), 0);
    fmx_device_close(test.device);
    fmx_context_destroy(test.ctx);
}

Test(buffer, nan_filled_when_guarded)
{
    fmx_test test = fmx_test_open();
    fmx_buffer *buffer = NULL;
    float values[16];
    fmx_test_ok(&test, fmx_buffer_create(test.device, sizeof values, &buffer), "buffer");
    fmx_test_ok(&test, fmx_buffer_read(buffer, 0, values, sizeof values), "read");
    for (int i = 0; i < 16; ++i)
        cr_assert(values[i] != values[i], "new memory is NaN under test");
    fmx_buffer_release(buffer);
    fmx_test_close(&test);
}

Test(launch, arguments_are_checked)
{
    fmx_test test = fmx_test_open();
    fmx_buffer *buffer = NULL;
    fmx_test_ok(&test, fmx_buffer_create(test.device, 64, &buffer), "buffer");
    fmx__arg args[] = {fmx__arg_buffer(buffer, 64), fmx__arg_buffer(buffer, 64),
                       fmx__arg_u32((size_t)1 << 33)};
    fmx__launch job = {.stem = "limits",
                       .kernel = "limits_copy",
                       .arg = args,
                       .arg_count = 2,
                       .dims = 1,
                       .global = {1},
                       .local = {64}};
    fmx_test_refused(&test, fmx__launch_kernel(test.device, &job), FMX_ERROR_INTERNAL,
                     "takes 3 arguments");
    job.arg_count = 3;
    fmx_test_refused(&test, fmx__launch_kernel(test.device, &job), FMX_ERROR_SHAPE, "32 bits");
    job.kernel = "no_such_kernel";
    fmx_test_refused(&test, fmx__launch_kernel(test.device, &job), FMX_ERROR_DEVICE,
                     "no_such_kernel");
    fmx_buffer_release(buffer);
    fmx_test_close(&test);
}

Test(profile, counts_calls_and_bytes)
{
    fmx_test test = fmx_test_open();
    fmx_buffer *a = NULL;
    fmx_buffer *b = NULL;
    fmx_profile_row *rows = NULL;
    size_t count = 0;
    fmx_test_ok(&test, fmx_buffer_create(test.device, 6400, &a), "a");
    fmx_test_ok(&test, fmx_buffer_create(test.device, 6400, &b), "b");
    fmx_test_ok(&test, fmx_device_profile(test.device, true), "on");
    for (int i = 0; i < 3; ++i)
        fmx_test_ok(&test, fmx__limits_copy(test.device, a, b, 1600), "copy");
    fmx_test_ok(&test, fmx_device_profile_rows(test.device, &rows, &count), "rows");
    cr_assert_eq(count, 1);
    cr_assert_str_eq(rows[0].kernel, "limits_copy");
    cr_assert_eq(rows[0].calls, 3);
    cr_assert_float_eq(rows[0].bytes, 3 * 2 * 6400.0, 0);
    cr_assert_gt(rows[0].milliseconds, 0);
    free(rows);
    fmx_buffer_release(a);
    fmx_buffer_release(b);
    fmx_test_close(&test);
}

/* From 64 MB on, buffers of a CPU device take another way: large pages. */
Test(device, large_buffers_hold_what_they_were_given)
{
    const size_t count = ((size_t)64 << 18) + 1000;
    fmx_buffer *buffer = NULL;
    fmx_test test = fmx_test_open();
    float *given = fmx_test_random(count, 3);
    float *got = malloc(count * sizeof *got);
    cr_assert_not_null(got);
    for (int guard = 0; guard < 2; ++guard) {
        fmx__device_guard(test.device, guard == 1);
        fmx_test_ok(&test,
                    fmx_buffer_create_copy(test.device, given, count * sizeof *given, &buffer),
                    "large buffer");
        fmx_test_ok(&test, fmx_buffer_read(buffer, 0, got, count * sizeof *got), "read");
        cr_assert_arr_eq(got, given, count * sizeof *got);
        fmx_buffer_release(buffer);
    }
    free(got);
    free(given);
    fmx_test_close(&test);
}
