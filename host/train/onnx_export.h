/* A trained model as an ONNX file; docs/training/onnx.md. */
#ifndef FIDMIX_ONNX_EXPORT_H
#define FIDMIX_ONNX_EXPORT_H

#include "base.h"

typedef struct fmx__onnx_result {
    size_t nodes;
    size_t bytes;
} fmx__onnx_result;

/* Reads `model` (safetensors) and writes `out`; needs no device. Errors: those of reading a model,
 * FMX_ERROR_UNSUPPORTED (a layer that ONNX has nothing for; 2 GiB and more, which its format cannot
 * hold), FMX_ERROR_EXISTS, FMX_ERROR_WRITE, FMX_ERROR_MEMORY. */
fmx_status fmx__onnx_export(fmx_context *ctx, const char *model, const char *out, bool overwrite,
                            fmx__onnx_result *result);

#endif
