/* safetensors: named tensors behind a JSON header, as PyTorch's and others' tools write them.
 *
 * A file is the header's length (8 bytes, little-endian), the header (a JSON object: for each
 * tensor dtype, shape and the offsets of its bytes from the end of the header; `__metadata__`, a
 * map of texts), and the data, without holes or overlaps. */
#ifndef FIDMIX_SAFETENSORS_H
#define FIDMIX_SAFETENSORS_H

#include "base.h"

enum {
    FMX__TENSOR_RANK_MOST = 8,
    FMX__SAFETENSORS_HEADER_MOST = 100000000, /* bytes; the limit of the format's own library */
    FMX__SAFETENSORS_VALUES_MOST = 1 << 20,   /* values in a header: 64 bytes each, once parsed */
};

typedef enum fmx__tensor_type {
    FMX__TENSOR_F32,
    FMX__TENSOR_F64,
    FMX__TENSOR_F16,
    FMX__TENSOR_BF16,
    FMX__TENSOR_I64,
    FMX__TENSOR_I32,
    FMX__TENSOR_I16,
    FMX__TENSOR_I8,
    FMX__TENSOR_U8,
    FMX__TENSOR_BOOL,
    FMX__TENSOR_TYPES
} fmx__tensor_type;

/* "F32"; static storage. */
const char *fmx__tensor_type_name(fmx__tensor_type type);

/* Bytes of one value. */
size_t fmx__tensor_type_bytes(fmx__tensor_type type);

typedef struct fmx__tensor_entry {
    const char *name; /* UTF-8 */
    fmx__tensor_type type;
    size_t rank;                         /* 0: one value */
    size_t shape[FMX__TENSOR_RANK_MOST]; /* [rank], the fastest axis last */
    size_t values;                       /* product of the shape; 0 where an axis is 0 */
    size_t bytes;
    size_t offset; /* in the file; 0 in a plan */
} fmx__tensor_entry;

typedef struct fmx__text_pair {
    const char *key;
    const char *text;
} fmx__text_pair;

/* ---- reading ----------------------------------------------------------------------------------
 */

typedef struct fmx__safetensors fmx__safetensors;

/* Opens a file and reads its header; the data stay where they are until they are asked for.
 * Everything that the header says is checked against the file's real size: lengths, offsets without
 * holes and overlaps, shape times size of the type, duplicate names, nesting, UTF-8. Release with
 * fmx__safetensors_close. Errors: FMX_ERROR_NOT_FOUND, FMX_ERROR_READ, FMX_ERROR_FORMAT (file,
 * tensor, offset), FMX_ERROR_UNSUPPORTED (a type that is not in the list above, more than 8 axes),
 * FMX_ERROR_MEMORY. */
fmx_status fmx__safetensors_open(fmx_context *ctx, const char *path, fmx__safetensors **out);

/* NULL is allowed. */
void fmx__safetensors_close(fmx__safetensors *file);

/* Tensors in the order of their data; the pointers stay valid until the file is closed. */
size_t fmx__safetensors_count(const fmx__safetensors *file);
const fmx__tensor_entry *fmx__safetensors_at(const fmx__safetensors *file, size_t index);

/* The tensor of that name; NULL where there is none. */
const fmx__tensor_entry *fmx__safetensors_find(const fmx__safetensors *file, const char *name);

/* Text of a metadata key; NULL where there is none. Valid until the file is closed. */
const char *fmx__safetensors_text(const fmx__safetensors *file, const char *key);

/* Fails unless the file has the tensor with exactly that shape and a type that
 * fmx__safetensors_read takes. Errors:
 * FMX_ERROR_NOT_FOUND (with the nearest name), FMX_ERROR_UNSUPPORTED (another type),
 * FMX_ERROR_SHAPE. */
fmx_status fmx__safetensors_expect(fmx__safetensors *file, const char *name, size_t rank,
                                   const size_t *shape, const fmx__tensor_entry **out);

/* Reads values [first, first + count) of a tensor of this file (F32; F16 and BF16, exact in float)
 * as float: by pieces, so that no copy of the whole is needed. Errors: FMX_ERROR_UNSUPPORTED
 * (another type), FMX_ERROR_ARGUMENT (past the end), FMX_ERROR_READ (also when the file became
 * shorter). */
fmx_status fmx__safetensors_read(fmx__safetensors *file, const fmx__tensor_entry *tensor,
                                 size_t first, size_t count, float *out);

/* The same for any type, in bytes as stored. */
fmx_status fmx__safetensors_read_bytes(fmx__safetensors *file, const fmx__tensor_entry *tensor,
                                       size_t first, size_t bytes, void *out);

/* ---- writing ----------------------------------------------------------------------------------
 */

/* What will be written: tensors with name, type, rank and shape (the rest is worked out), in the
 * order in which their data will come; wider types first, so that every tensor is aligned. */
typedef struct fmx__safetensors_plan {
    const fmx__tensor_entry *tensor;
    size_t count;
    const fmx__text_pair *metadata;
    size_t metadata_count;
} fmx__safetensors_plan;

typedef struct fmx__safetensors_writer fmx__safetensors_writer;

/* Begins a file beside `path` and writes its header, padded with spaces so that the data begin at a
 * multiple of 8; nothing of the plan is needed after the call. Errors: FMX_ERROR_ARGUMENT (a name
 * given twice, not UTF-8, or "__metadata__"; sizes that overflow; narrow types before wider ones),
 * FMX_ERROR_EXISTS, FMX_ERROR_WRITE, FMX_ERROR_MEMORY. */
fmx_status fmx__safetensors_writer_open(fmx_context *ctx, const char *path, bool overwrite,
                                        const fmx__safetensors_plan *plan,
                                        fmx__safetensors_writer **out);

/* Appends bytes to the data, in pieces of any size. Errors: FMX_ERROR_WRITE, FMX_ERROR_ARGUMENT
 * (more than planned). */
fmx_status fmx__safetensors_writer_append(fmx__safetensors_writer *writer, const void *data,
                                          size_t bytes);

/* Syncs and renames. Errors: FMX_ERROR_WRITE, FMX_ERROR_ARGUMENT (less than planned). */
fmx_status fmx__safetensors_writer_finish(fmx__safetensors_writer *writer);

/* Releases a writer; an unfinished file is removed. NULL is allowed. */
void fmx__safetensors_writer_close(fmx__safetensors_writer *writer);

/* ---- shared by the two ------------------------------------------------------------------------
 */

/* Works out values and bytes from type and shape; false where they overflow. */
bool fmx__tensor_measure(fmx__tensor_entry *tensor);

#endif
