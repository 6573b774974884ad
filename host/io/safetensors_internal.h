/* What the reader of safetensors and the check of its header share. */
#ifndef FIDMIX_SAFETENSORS_INTERNAL_H
#define FIDMIX_SAFETENSORS_INTERNAL_H

#include <cjson/cJSON.h>

#include "safetensors.h"

struct fmx__safetensors {
    fmx_context *ctx;
    char *path;
    int fd;
    size_t data_offset; /* where the data begin in the file */
    size_t data_bytes;
    cJSON *header; /* owns the names */
    const cJSON *metadata;
    fmx__tensor_entry *tensor; /* [count], by offset */
    size_t count;
    const fmx__tensor_entry **by_name; /* [count] */
};

/* Takes the header apart (text, `bytes` long) and fills header, metadata, tensor, by_name; path,
 * data_offset and data_bytes are set. Errors: FMX_ERROR_FORMAT, FMX_ERROR_UNSUPPORTED,
 * FMX_ERROR_MEMORY. */
fmx_status fmx__safetensors_parse(fmx__safetensors *file, const char *text, size_t bytes);

#endif
