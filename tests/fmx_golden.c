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

fmx__safetensors *fmx_test_tensors(const char *name)
{
    char path[1024];
    fmx__safetensors *file = NULL;
    snprintf(path, sizeof path, "%s/tests/golden/%s", FMX_SOURCE_DIR, name);
    cr_assert_eq(fmx__safetensors_open(NULL, path, &file), FMX_OK, "%s", path);
    return file;
}

float *fmx_test_tensor(fmx__safetensors *file, const fmx__tensor_entry **tensor, const char *format,
                       ...)
{
    char name[256];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    const fmx__tensor_entry *found = fmx__safetensors_find(file, name);
    cr_assert_not_null(found, "no golden tensor \"%s\"", name);
    float *values = malloc(found->values * sizeof *values + 1);
    cr_assert_not_null(values);
    cr_assert_eq(fmx__safetensors_read(file, found, 0, found->values, values), FMX_OK, "%s", name);
    if (tensor != NULL)
        *tensor = found;
    return values;
}

/* What stands behind "key=". */
static const char *setting(fmx__safetensors *file, const char *name, const char *key)
{
    const char *text = fmx__safetensors_text(file, name);
    size_t length = strlen(key);
    cr_assert_not_null(text, "no golden \"%s\"", name);
    for (const char *at = text; at != NULL; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strncmp(at, key, length) == 0 && at[length] == '=')
            return at + length + 1;
    }
    cr_assert_fail("golden \"%s\" has no %s", name, key);
    return "";
}

double fmx_test_setting(fmx__safetensors *file, const char *name, const char *key)
{
    return strtod(setting(file, name, key), NULL);
}

bool fmx_test_setting_is(fmx__safetensors *file, const char *name, const char *key,
                         const char *word)
{
    const char *text = setting(file, name, key);
    size_t length = strlen(word);
    return strncmp(text, word, length) == 0 && (text[length] == ' ' || text[length] == '\0');
}
