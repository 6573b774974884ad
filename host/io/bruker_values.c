/* Binary values of fid, 1r and 1i. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bruker.h"

enum { CHUNK_VALUES = 1 << 16 };

size_t fmx__bruker_value_bytes(int64_t type)
{
    return type == 2 ? 8 : 4;
}

fmx_status fmx__bruker_file_bytes(fmx_context *ctx, const char *path, uint64_t *bytes)
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

static double decode(const unsigned char *s, const fmx__bruker_values *values)
{
    uint64_t word = 0;
    size_t bytes = fmx__bruker_value_bytes(values->type);
    for (size_t i = 0; i < bytes; ++i)
        word = word << 8 | s[values->big_endian ? i : bytes - 1 - i];
    if (values->type == 2) {
        double value;
        memcpy(&value, &word, sizeof value);
        return value;
    }
    uint32_t half = (uint32_t)word;
    if (values->type == 1) {
        float value;
        memcpy(&value, &half, sizeof value);
        return value;
    }
    /* two's complement without an implementation-defined conversion */
    return half < 0x80000000u ? (double)half : (double)half - 4294967296.0;
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

fmx_status fmx__bruker_read_values(fmx_context *ctx, const fmx__bruker_values *values, size_t count,
                                   size_t stride, float *out)
{
    unsigned char *chunk = NULL;
    size_t width = fmx__bruker_value_bytes(values->type);
    fmx_status status = FMX_OK;
    int fd = open(values->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fmx__fail(ctx, FMX_ERROR_READ, "%s: %s", values->path, strerror(errno));
    size_t most = count < CHUNK_VALUES ? count : CHUNK_VALUES;
    status = fmx__alloc(ctx, most, width, values->path, &chunk);
    for (size_t at = 0; status == FMX_OK && at < count;) {
        size_t n = count - at < most ? count - at : most;
        status = read_bytes(ctx, values->path, fd, chunk, n * width, (uint64_t)at * width);
        for (size_t i = 0; status == FMX_OK && i < n; ++i) {
            double value = decode(chunk + i * width, values) * values->scale;
            if (!(fabs(value) <= 3.4028234663852886e38)) /* FLT_MAX; false for NaN */
                status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                                   "%s: the value at byte %ju is not a finite number of single "
                                   "precision; check the data type and byte order in the "
                                   "parameter file",
                                   values->path, (uintmax_t)(at + i) * width);
            else
                out[(at + i) * stride] = (float)value;
        }
        at += n;
    }
    free(chunk);
    close(fd);
    return status;
}
