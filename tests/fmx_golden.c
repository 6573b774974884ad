#include "fmx_golden.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

float *fmx_test_golden(const char *name, size_t *floats)
{
    char path[1024];
    char *file = NULL;
    size_t bytes = 0;
    snprintf(path, sizeof path, "%s/tests/golden/%s", FMX_SOURCE_DIR, name);
    cr_assert_eq(fmx__read_file(NULL, path, (size_t)1 << 20, &file, &bytes), FMX_OK, "%s", path);
    /* magic, version 1.0, length of the header, header (a Python dictionary), data */
    cr_assert(bytes > 10 && memcmp(file, "\x93NUMPY\x01\x00", 8) == 0, "%s is no .npy 1.0", name);
    size_t start = 10 + ((size_t)(unsigned char)file[8] | (size_t)(unsigned char)file[9] << 8);
    cr_assert(start <= bytes && (bytes - start) % sizeof(float) == 0, "%s: its size", name);
    file[start - 1] = '\0';
    cr_assert(strstr(file + 10, "'<f4'") != NULL || strstr(file + 10, "'<c8'") != NULL,
              "%s: neither float32 nor complex64", name);
    cr_assert(strstr(file + 10, "'fortran_order': False") != NULL, "%s: its order", name);
    *floats = (bytes - start) / sizeof(float);
    float *data = malloc(bytes - start + 1);
    cr_assert_not_null(data);
    memcpy(data, file + start, bytes - start);
    free(file);
    return data;
}
