/* .npy: NumPy's files, round trips, hostile headers. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fmx_test.h"
#include "npy.h"

enum { MOST = 1 << 20 };

static char path[600];

static void make_path(void)
{
    snprintf(path, sizeof path, "%s/array.npy", fmx_test_folder());
}

/* A file of version `version`.0 with that header and `data` zero bytes. */
static void put(int version, const char *header, size_t data)
{
    FILE *file = fopen(path, "wb");
    size_t length = strlen(header);
    fwrite("\x93NUMPY", 1, 6, file);
    fputc(version, file);
    fputc(0, file);
    for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
        fputc((int)(length >> 8 * i & 255), file);
    fwrite(header, 1, length, file);
    for (size_t i = 0; i < data; ++i)
        fputc(0, file);
    cr_assert_eq(fclose(file), 0);
}

/* Arrays of NumPy that other tests use too. */
Test(npy, of_numpy)
{
    fmx_test test = fmx_test_open_host();
    fmx__npy npy;
    fmx_test_ok(&test,
                fmx__npy_read(test.ctx, FMX_SOURCE_DIR "/tests/golden/noise_input.npy", MOST, &npy),
                "read");
    cr_assert_eq(npy.type, FMX__NPY_FLOAT);
    cr_assert_gt(npy.values, 0);
    free(npy.data);
    fmx_test_close(&test);
}

Test(npy, round_trip)
{
    static const float floats[12] = {1, -2.5f, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12.25f};
    static const double doubles[5] = {1, 2, 3, 4, 1e-300};
    const fmx__npy cases[] = {
        {.type = FMX__NPY_FLOAT, .rank = 3, .shape = {2, 3, 2}, .data = (void *)floats},
        {.type = FMX__NPY_FLOAT, .rank = 0, .data = (void *)floats},
        {.type = FMX__NPY_FLOAT, .rank = 2, .shape = {3, 0}, .data = NULL},
        {.type = FMX__NPY_DOUBLE, .rank = 1, .shape = {5}, .data = (void *)doubles},
        {.type = FMX__NPY_COMPLEX, .rank = 2, .shape = {2, 3}, .data = (void *)floats},
        {.type = FMX__NPY_FLOAT,
         .rank = 8,
         .shape = {1, 2, 1, 3, 1, 2, 1, 1},
         .data = (void *)floats},
    };
    fmx_test test = fmx_test_open_host();
    make_path();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx__npy got;
        fmx_test_ok(&test, fmx__npy_write(test.ctx, path, true, &cases[i]), "write");
        fmx_test_ok(&test, fmx__npy_read(test.ctx, path, MOST, &got), "read");
        cr_assert_eq(got.type, cases[i].type);
        cr_assert_eq(got.rank, cases[i].rank);
        cr_assert_eq(memcmp(got.shape, cases[i].shape, sizeof got.shape), 0);
        size_t bytes = got.values * (got.type == FMX__NPY_FLOAT ? 4 : 8);
        cr_assert(bytes == 0 || memcmp(got.data, cases[i].data, bytes) == 0);
        free(got.data);
    }
    fmx_test_refused(&test, fmx__npy_write(test.ctx, path, false, &cases[0]), FMX_ERROR_EXISTS,
                     "array.npy");
    const fmx__npy many = {.type = FMX__NPY_FLOAT, .rank = 9};
    fmx_test_refused(&test, fmx__npy_write(test.ctx, path, true, &many), FMX_ERROR_ARGUMENT,
                     "at most 8 axes");
    fmx_test_close(&test);
}

Test(npy, headers)
{
    static const struct {
        int version;
        const char *header;
        size_t data;
        fmx_status status;
        const char *what;
    } cases[] = {
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8, FMX_OK, ""},
        {2, "{\"shape\":(1L,2),\"fortran_order\":False,\"descr\":\"<f8\"}\n", 16, FMX_OK, ""},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 7, FMX_ERROR_FORMAT,
         "7 bytes of values"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 12, FMX_ERROR_FORMAT,
         "12 bytes of values"},
        {1, "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", 8, FMX_ERROR_UNSUPPORTED,
         "type \">f4\""},
        {1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", 8, FMX_ERROR_UNSUPPORTED,
         "Fortran order"},
        {3, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8, FMX_ERROR_UNSUPPORTED,
         "format 3.0"},
        {1, "{'descr': '<f4', 'fortran_order': False}", 0, FMX_ERROR_FORMAT, "are expected"},
        {1, "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4,
         FMX_ERROR_FORMAT, "are expected"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}", 8, FMX_ERROR_FORMAT,
         "are expected"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", 8, FMX_ERROR_FORMAT,
         "are expected"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2}", 8, FMX_ERROR_FORMAT,
         "are expected"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 8,
         FMX_ERROR_FORMAT, "are expected"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 8,
         FMX_ERROR_FORMAT, "another number"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 4,
         FMX_ERROR_FORMAT, "are expected"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x", 4, FMX_ERROR_FORMAT,
         "are expected"},
        {1, "", 0, FMX_ERROR_FORMAT, "are expected"},
    };
    fmx_test test = fmx_test_open_host();
    make_path();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx__npy npy;
        put(cases[i].version, cases[i].header, cases[i].data);
        fmx_status status = fmx__npy_read(test.ctx, path, MOST, &npy);
        if (cases[i].status == FMX_OK)
            fmx_test_ok(&test, status, cases[i].header);
        else
            fmx_test_refused(&test, status, cases[i].status, cases[i].what);
        free(npy.data);
    }
    fmx_test_close(&test);
}

Test(npy, cut_and_mutated)
{
    static const float floats[6] = {1, 2, 3, 4, 5, 6};
    const fmx__npy array = {
        .type = FMX__NPY_FLOAT, .rank = 2, .shape = {2, 3}, .data = (void *)floats};
    fmx_test test = fmx_test_open_host();
    char *good = NULL;
    size_t bytes = 0;
    make_path();
    fmx_test_ok(&test, fmx__npy_write(test.ctx, path, true, &array), "write");
    fmx_test_ok(&test, fmx__read_file(test.ctx, path, MOST, &good, &bytes), "read");
    cr_assert_eq(bytes, 128 + 24);
    fmx__npy npy;
    int fd = open(path, O_RDWR);
    for (size_t at = 0; at < 128; ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            char changed = (char)(good[at] ^ 1 << bit);
            cr_assert_eq(pwrite(fd, &changed, 1, (off_t)at), 1);
            if (fmx__npy_read(test.ctx, path, MOST, &npy) == FMX_OK)
                cr_assert_leq(npy.values * 4, 24);
            free(npy.data);
        }
        cr_assert_eq(pwrite(fd, good + at, 1, (off_t)at), 1);
    }
    for (size_t at = bytes; at-- > 0;) {
        cr_assert_eq(ftruncate(fd, (off_t)at), 0);
        cr_assert_neq(fmx__npy_read(test.ctx, path, MOST, &npy), FMX_OK, "cut at %zu", at);
        cr_assert_null(npy.data);
    }
    close(fd);
    free(good);
    fmx_test_close(&test);
}
