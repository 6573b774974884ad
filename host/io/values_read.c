#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "values_read.h"

enum { CHUNK_VALUES = 1 << 16 };

size_t fmx__value_bytes(int64_t type)
{
    return type == FMX__VALUE_FLOAT64 ? 8 : type == FMX__VALUE_INT16 ? 2 : 4;
}

fmx_status fmx__file_bytes(fmx_context *ctx, const char *path, uint64_t *bytes)
{
    struct stat info;
    *bytes = 0;
    if (stat(path, &info) != 0)
        return fmx__fail(ctx, errno == ENOENT ? FMX_ERROR_NOT_FOUND : FMX_ERROR_READ, "%s: %s",
                         path, strerror(errno));
    if (!S_ISREG(info.st_mode) || info.st_size < 0)
        return fmx__fail(ctx, FMX_ERROR_READ, "%s: not a regular file", path);
    *bytes = (uint64_t)info.st_size;
    return FMX_OK;
}

static uint32_t load_32(const unsigned char *s, bool swap)
{
    uint32_t word;
    memcpy(&word, s, sizeof word);
    return swap ? __builtin_bswap32(word) : word;
}

static uint64_t load_64(const unsigned char *s, bool swap)
{
    uint64_t word;
    memcpy(&word, s, sizeof word);
    return swap ? __builtin_bswap64(word) : word;
}

static double decode_short(const unsigned char *s, size_t i, bool swap)
{
    uint16_t word;
    int16_t value;
    memcpy(&word, s + 2 * i, sizeof word);
    word = swap ? __builtin_bswap16(word) : word;
    memcpy(&value, &word, sizeof value);
    return value;
}

static double decode_integer(const unsigned char *s, size_t i, bool swap)
{
    uint32_t word = load_32(s + 4 * i, swap);
    int32_t value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static double decode_single(const unsigned char *s, size_t i, bool swap)
{
    uint32_t word = load_32(s + 4 * i, swap);
    float value;
    memcpy(&value, &word, sizeof value);
    return (double)value;
}

static double decode_double(const unsigned char *s, size_t i, bool swap)
{
    uint64_t word = load_64(s + 8 * i, swap);
    double value;
    memcpy(&value, &word, sizeof value);
    return value;
}

/* A finite number of single precision; false for NaN. */
static bool is_single(double value)
{
    return fabs(value) <= (double)FLT_MAX;
}

uint64_t fmx__bits_at(const void *at, size_t bytes, bool big_endian)
{
    const unsigned char *s = at;
    uint64_t word = 0;
    for (size_t i = 0; i < bytes; ++i)
        word = word << 8 | s[big_endian ? i : bytes - 1 - i];
    return word;
}

double fmx__value_at(const void *at, int64_t type, bool big_endian)
{
    const bool swap = big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    return type == FMX__VALUE_FLOAT64   ? decode_double(at, 0, swap)
           : type == FMX__VALUE_FLOAT32 ? decode_single(at, 0, swap)
           : type == FMX__VALUE_INT16   ? decode_short(at, 0, swap)
                                        : decode_integer(at, 0, swap);
}

/* Whole numbers that a scale cannot take out of single precision, in either order: nothing to
 * check. Blocks of a fixed size, which compilers vectorise without being asked to. */
static void decode_integers(const unsigned char *s, size_t n, bool swap, double scale, float *out)
{
    enum { BLOCK = 16 };
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        uint32_t word[BLOCK];
        int32_t value[BLOCK];
        memcpy(word, s + 4 * i, sizeof word);
        for (size_t k = 0; swap && k < BLOCK; ++k)
            word[k] = __builtin_bswap32(word[k]);
        memcpy(value, word, sizeof value);
        for (size_t k = 0; k < BLOCK; ++k)
            out[i + k] = (float)(value[k] * scale);
    }
    for (; i < n; ++i)
        out[i] = (float)(decode_integer(s, i, swap) * scale);
}

/* A loop for each type. */
size_t fmx__values_decode(const fmx__values *values, const void *bytes, size_t n, size_t stride,
                          float *out)
{
    const unsigned char *s = bytes;
    const bool swap = values->big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    const double scale = values->scale;
    size_t bad = n;
    if (values->type == FMX__VALUE_INT32 && stride == 1 &&
        fabs(scale) * 0x1p31 <= (double)FLT_MAX) {
        decode_integers(s, n, swap, scale, out);
        return n;
    }
    /* backwards, so that the last one noted is the first */
#define FMX_DECODE(one)                                                                            \
    for (size_t i = n; i-- > 0;) {                                                                 \
        double value = one(s, i, swap) * scale;                                                    \
        bad = is_single(value) ? bad : i;                                                          \
        out[i * stride] = (float)value;                                                            \
    }
    if (values->type == FMX__VALUE_FLOAT64) {
        FMX_DECODE(decode_double)
    } else if (values->type == FMX__VALUE_FLOAT32) {
        FMX_DECODE(decode_single)
    } else if (values->type == FMX__VALUE_INT16) {
        FMX_DECODE(decode_short)
    } else {
        FMX_DECODE(decode_integer)
    }
#undef FMX_DECODE
    return bad;
}

/* Reads exactly `bytes` bytes. */
static fmx_status read_bytes(fmx_context *ctx, const char *path, int fd, unsigned char *out,
                             size_t bytes, uint64_t offset)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n = read(fd, out + done, bytes - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fmx__fail(ctx, FMX_ERROR_READ, "%s: %s", path, strerror(errno));
        if (n == 0)
            return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: ends at byte %ju, before its last value",
                             path, (uintmax_t)(offset + done));
        done += (size_t)n;
    }
    return FMX_OK;
}

fmx_status fmx__values_read(fmx_context *ctx, const fmx__values *values, size_t count,
                            size_t stride, float *out)
{
    unsigned char *chunk = NULL;
    size_t width = fmx__value_bytes(values->type);
    fmx_status status = FMX_OK;
    int fd = open(values->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fmx__fail(ctx, FMX_ERROR_READ, "%s: %s", values->path, strerror(errno));
    size_t most = count < CHUNK_VALUES ? count : CHUNK_VALUES;
    if (values->offset > 0 && lseek(fd, (off_t)values->offset, SEEK_SET) < 0)
        status = fmx__fail(ctx, FMX_ERROR_READ, "%s: %s", values->path, strerror(errno));
    if (status == FMX_OK)
        status = fmx__alloc(ctx, most, width, values->path, &chunk);
    for (size_t at = 0; status == FMX_OK && at < count;) {
        size_t n = count - at < most ? count - at : most;
        status = read_bytes(ctx, values->path, fd, chunk, n * width,
                            values->offset + (uint64_t)at * width);
        size_t good =
            status == FMX_OK ? fmx__values_decode(values, chunk, n, stride, out + at * stride) : n;
        if (good < n)
            status =
                fmx__fail(ctx, FMX_ERROR_FORMAT,
                          "%s: the value at byte %ju is not a finite number of single "
                          "precision; check the data type and byte order in the parameter file",
                          values->path, (uintmax_t)(values->offset + (at + good) * width));
        at += n;
    }
    free(chunk);
    close(fd);
    return status;
}
