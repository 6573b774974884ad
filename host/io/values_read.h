/* Binary numbers of instrument files: a run of values of one type, in either byte order. */
#ifndef FIDMIX_VALUES_READ_H
#define FIDMIX_VALUES_READ_H

#include "base.h"

/* The first three are Bruker's DTYPA. */
enum { FMX__VALUE_INT32, FMX__VALUE_FLOAT32, FMX__VALUE_FLOAT64, FMX__VALUE_INT16 };

typedef struct fmx__values {
    const char *path;
    uint64_t offset; /* of the first value, bytes */
    int64_t type;
    bool big_endian;
    double scale; /* every value is multiplied by it */
} fmx__values;

size_t fmx__value_bytes(int64_t type);

/* An unsigned number of up to 8 bytes. */
uint64_t fmx__bits_at(const void *at, size_t bytes, bool big_endian);

/* One value of a type. */
double fmx__value_at(const void *at, int64_t type, bool big_endian);

/* Decodes n values at `bytes` as `values` says (path and offset do not matter) into out[0],
 * out[stride] ... Returns the index of the first that is no finite number of single precision, n
 * when there is none. */
size_t fmx__values_decode(const fmx__values *values, const void *bytes, size_t n, size_t stride,
                          float *out);

/* Reads the first `count` values into out[0], out[stride], ... Errors: FMX_ERROR_READ,
 * FMX_ERROR_FORMAT (file shorter; a value that is not finite, with its offset). */
fmx_status fmx__values_read(fmx_context *ctx, const fmx__values *values, size_t count,
                            size_t stride, float *out);

/* Size of a regular file in bytes. */
fmx_status fmx__file_bytes(fmx_context *ctx, const char *path, uint64_t *bytes);

#endif
