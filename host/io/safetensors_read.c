#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options.h"
#include "safetensors_internal.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors files are little-endian; this machine is not, and no values are turned here"
#endif

enum { LENGTH_BYTES = 8 };

/* Exactly `bytes` bytes at `offset`: the file is read where it lies, so that another part of it
 * being written over or cut off is an error, not a signal as with a mapping. */
static fmx_status read_at(fmx__safetensors *file, size_t offset, size_t bytes, void *out)
{
    char *to = out;
    while (bytes > 0) {
        ssize_t n = pread(file->fd, to, bytes, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fmx__fail(file->ctx, FMX_ERROR_READ, "%s: %s", file->path, strerror(errno));
        if (n == 0)
            return fmx__fail(file->ctx, FMX_ERROR_READ,
                             "%s: ends at offset %zu; it was cut short while it was read",
                             file->path, offset);
        to += n;
        offset += (size_t)n;
        bytes -= (size_t)n;
    }
    return FMX_OK;
}

static fmx_status open_file(fmx__safetensors *file, size_t *size)
{
    struct stat info;
    /* O_NONBLOCK: opening a pipe must not hang */
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->fd < 0 || fstat(file->fd, &info) != 0)
        return fmx__fail(file->ctx, errno == ENOENT ? FMX_ERROR_NOT_FOUND : FMX_ERROR_READ,
                         "%s: %s", file->path, strerror(errno));
    if (!S_ISREG(info.st_mode) || info.st_size < 0)
        return fmx__fail(file->ctx, FMX_ERROR_READ, "%s: not a regular file", file->path);
    *size = (size_t)info.st_size;
    if (*size < LENGTH_BYTES)
        return fmx__fail(file->ctx, FMX_ERROR_FORMAT,
                         "%s: %zu bytes, too short for a safetensors file", file->path, *size);
    return FMX_OK;
}

static fmx_status read_header(fmx__safetensors *file)
{
    unsigned char length[LENGTH_BYTES];
    uint64_t bytes = 0;
    size_t size = 0;
    char *text = NULL;
    fmx_status status = open_file(file, &size);
    if (status == FMX_OK)
        status = read_at(file, 0, sizeof length, length);
    if (status != FMX_OK)
        return status;
    for (size_t i = LENGTH_BYTES; i-- > 0;)
        bytes = bytes << 8 | length[i];
    if (bytes > FMX__SAFETENSORS_HEADER_MOST || bytes > size - LENGTH_BYTES)
        return fmx__fail(
            file->ctx, FMX_ERROR_FORMAT,
            "%s: offset 0: a header of %ju bytes; the file has %zu, and at most %d are "
            "read. It is damaged or no safetensors file",
            file->path, (uintmax_t)bytes, size, FMX__SAFETENSORS_HEADER_MOST);
    file->data_offset = LENGTH_BYTES + (size_t)bytes;
    file->data_bytes = size - file->data_offset;
    status = fmx__alloc(file->ctx, (size_t)bytes + 1, 1, "the header of a model", &text);
    if (status == FMX_OK)
        status = read_at(file, LENGTH_BYTES, (size_t)bytes, text);
    if (status == FMX_OK)
        status = fmx__safetensors_parse(file, text, (size_t)bytes);
    free(text);
    return status;
}

fmx_status fmx__safetensors_open(fmx_context *ctx, const char *path, fmx__safetensors **out)
{
    fmx__safetensors *file = NULL;
    *out = NULL;
    fmx_status status = fmx__alloc(ctx, 1, sizeof *file, path, &file);
    if (status != FMX_OK)
        return status;
    file->ctx = ctx;
    file->fd = -1;
    status = fmx__format(ctx, &file->path, "%s", path);
    if (status == FMX_OK)
        status = read_header(file);
    if (status == FMX_OK)
        *out = file;
    else
        fmx__safetensors_close(file);
    return status;
}

void fmx__safetensors_close(fmx__safetensors *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0)
        close(file->fd);
    cJSON_Delete(file->header);
    free(file->by_name);
    free(file->tensor);
    free(file->path);
    free(file);
}

size_t fmx__safetensors_count(const fmx__safetensors *file)
{
    return file->count;
}

const fmx__tensor_entry *fmx__safetensors_at(const fmx__safetensors *file, size_t index)
{
    return index < file->count ? &file->tensor[index] : NULL;
}

const fmx__tensor_entry *fmx__safetensors_find(const fmx__safetensors *file, const char *name)
{
    size_t low = 0;
    size_t high = file->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, file->by_name[middle]->name);
        if (order == 0)
            return file->by_name[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *fmx__safetensors_text(const fmx__safetensors *file, const char *key)
{
    const cJSON *item =
        file->metadata != NULL ? cJSON_GetObjectItemCaseSensitive(file->metadata, key) : NULL;
    return item != NULL ? item->valuestring : NULL;
}

static fmx_status not_there(fmx__safetensors *file, const char *name)
{
    const char **names = NULL;
    fmx_status status = fmx__alloc(file->ctx, file->count, sizeof *names, "names", &names);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0; i < file->count; ++i)
        names[i] = file->tensor[i].name;
    const char *nearest = file->count <= 4096 ? fmx__nearest_name(name, names, file->count) : NULL;
    status = fmx__fail(file->ctx, FMX_ERROR_NOT_FOUND, "%s: no tensor \"%s\"%s%.120s%s", file->path,
                       name, nearest != NULL ? "; the nearest is \"" : "",
                       nearest != NULL ? nearest : "", nearest != NULL ? "\"" : "");
    free(names);
    return status;
}

/* "12 x 1 x 3" */
static void shape_text(size_t rank, const size_t *shape, char out[FMX__TENSOR_RANK_MOST * 24])
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < rank && i < FMX__TENSOR_RANK_MOST; ++i)
        at += (size_t)snprintf(out + at, FMX__TENSOR_RANK_MOST * 24 - at, "%s%zu",
                               i > 0 ? " x " : "", shape[i]);
}

/* float16 and bfloat16 are exact in float32. */
static bool is_loaded(fmx__tensor_type type)
{
    return type == FMX__TENSOR_F32 || type == FMX__TENSOR_F16 || type == FMX__TENSOR_BF16;
}

static float half_value(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = half >> 10 & 31;
    uint32_t fraction = half & 1023;
    /* zero and subnormal: fraction 2^-24, exact */
    if (exponent == 0)
        return (sign != 0 ? -1.0f : 1.0f) * (float)fraction * 5.9604644775390625e-8f;
    uint32_t bits = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
    float value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float brain_value(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

fmx_status fmx__safetensors_expect(fmx__safetensors *file, const char *name, size_t rank,
                                   const size_t *shape, const fmx__tensor_entry **out)
{
    char is[FMX__TENSOR_RANK_MOST * 24];
    char wanted[FMX__TENSOR_RANK_MOST * 24];
    const fmx__tensor_entry *tensor = fmx__safetensors_find(file, name);
    *out = NULL;
    if (tensor == NULL)
        return not_there(file, name);
    if (!is_loaded(tensor->type))
        return fmx__fail(file->ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: tensor \"%s\" is %s; save it as F32", file->path, name,
                         fmx__tensor_type_name(tensor->type));
    if (tensor->rank != rank ||
        (rank > 0 && memcmp(tensor->shape, shape, rank * sizeof *shape) != 0)) {
        shape_text(tensor->rank, tensor->shape, is);
        shape_text(rank, shape, wanted);
        return fmx__fail(file->ctx, FMX_ERROR_SHAPE,
                         "%s: tensor \"%s\" is %s, %s is expected; the file belongs to another "
                         "model",
                         file->path, name, is, wanted);
    }
    *out = tensor;
    return FMX_OK;
}

fmx_status fmx__safetensors_read_bytes(fmx__safetensors *file, const fmx__tensor_entry *tensor,
                                       size_t first, size_t bytes, void *out)
{
    if (first > tensor->bytes || bytes > tensor->bytes - first)
        return fmx__fail(file->ctx, FMX_ERROR_ARGUMENT,
                         "%s: tensor \"%.120s\": bytes %zu to %zu of %zu", file->path, tensor->name,
                         first, first + bytes, tensor->bytes);
    return read_at(file, tensor->offset + first, bytes, out);
}

fmx_status fmx__safetensors_read(fmx__safetensors *file, const fmx__tensor_entry *tensor,
                                 size_t first, size_t count, float *out)
{
    if (!is_loaded(tensor->type))
        return fmx__fail(file->ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: tensor \"%.120s\" is %s; save it as F32", file->path, tensor->name,
                         fmx__tensor_type_name(tensor->type));
    if (first > tensor->values || count > tensor->values - first)
        return fmx__fail(file->ctx, FMX_ERROR_ARGUMENT,
                         "%s: tensor \"%.120s\": values %zu to %zu of %zu", file->path,
                         tensor->name, first, first + count, tensor->values);
    size_t size = fmx__tensor_type_bytes(tensor->type);
    /* narrow values lie in the upper half of `out` and are widened from the front */
    char *from = (char *)out + count * (sizeof *out - size);
    fmx_status status = fmx__safetensors_read_bytes(file, tensor, first * size, count * size, from);
    if (status != FMX_OK || tensor->type == FMX__TENSOR_F32)
        return status;
    for (size_t i = 0; i < count; ++i) {
        uint16_t half = 0;
        memcpy(&half, from + i * sizeof half, sizeof half);
        out[i] = tensor->type == FMX__TENSOR_F16 ? half_value(half) : brain_value(half);
    }
    return FMX_OK;
}
