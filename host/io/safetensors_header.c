/* The header of a safetensors file is hostile: it is looked through for nesting, number of values
 * and broken texts before the JSON parser sees it, and every number is checked afterwards. */
#include <stdlib.h>
#include <string.h>

#include "safetensors_internal.h"
#include "utf8.h"

static const struct {
    const char *name;
    size_t bytes;
} types[FMX__TENSOR_TYPES] = {
    [FMX__TENSOR_F32] = {"F32", 4}, [FMX__TENSOR_F64] = {"F64", 8},
    [FMX__TENSOR_F16] = {"F16", 2}, [FMX__TENSOR_BF16] = {"BF16", 2},
    [FMX__TENSOR_I64] = {"I64", 8}, [FMX__TENSOR_I32] = {"I32", 4},
    [FMX__TENSOR_I16] = {"I16", 2}, [FMX__TENSOR_I8] = {"I8", 1},
    [FMX__TENSOR_U8] = {"U8", 1},   [FMX__TENSOR_BOOL] = {"BOOL", 1},
};

const char *fmx__tensor_type_name(fmx__tensor_type type)
{
    return types[type].name;
}

size_t fmx__tensor_type_bytes(fmx__tensor_type type)
{
    return types[type].bytes;
}

bool fmx__tensor_measure(fmx__tensor_entry *tensor)
{
    size_t values = 1;
    bool is_empty = false;
    /* zeros apart: they would hide an overflow of the axes before them */
    for (size_t i = 0; i < tensor->rank; ++i) {
        is_empty = is_empty || tensor->shape[i] == 0;
        if (tensor->shape[i] != 0 && !fmx__size_mul(values, tensor->shape[i], &values))
            return false;
    }
    if (!fmx__size_mul(values, types[tensor->type].bytes, &tensor->bytes))
        return false;
    tensor->values = is_empty ? 0 : values;
    tensor->bytes = is_empty ? 0 : tensor->bytes;
    return true;
}

/* ---- before the parser ------------------------------------------------------------------------
 */

enum { DEPTH_MOST = 3, TEXT_OFFSET = 8 }; /* {"tensor": {"shape": [...]}}; offset of the header */

/* Passes one text of the header, *at behind its first quote. Returns what is wrong, or NULL. */
static const char *pass_text(const char *text, size_t bytes, size_t *at)
{
    while (*at < bytes && text[*at] != '"') {
        uint32_t code = 0;
        size_t length = fmx__utf8_decode(text + *at, bytes - *at, &code);
        if (length == 0)
            return "not UTF-8";
        if (code < 0x20)
            return "a control character in a text";
        if (code == '\\') {
            if (bytes - *at >= 6 && memcmp(text + *at, "\\u0000", 6) == 0)
                return "a zero character in a text";
            length = 2;
        }
        *at += length;
    }
    if (*at >= bytes)
        return "a text that does not end";
    ++*at;
    return NULL;
}

/* Looks through the header: at most three levels, a bounded number of values, sound texts.
 * Returns what is wrong (at *at), or NULL. */
static const char *look_through(const char *text, size_t bytes, size_t *at)
{
    size_t depth = 0;
    size_t values = 0;
    while (*at < bytes) {
        char c = text[(*at)++];
        const char *wrong = NULL;
        switch (c) {
        case '"':
            wrong = pass_text(text, bytes, at);
            break;
        case '{':
        case '[':
            wrong = ++depth > DEPTH_MOST ? "nested more deeply than tensors are" : NULL;
            ++values;
            break;
        case '}':
        case ']':
            wrong = depth-- == 0 ? "a bracket closes that was not opened" : NULL;
            break;
        case ',':
            ++values;
            break;
        default:
            wrong = (unsigned char)c < 0x20 && strchr("\t\n\r", c) == NULL ? "a control character"
                                                                           : NULL;
        }
        if (wrong == NULL && values > FMX__SAFETENSORS_VALUES_MOST)
            wrong = "more than 1048576 values";
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

/* ---- after it ---------------------------------------------------------------------------------
 */

/* Whole numbers that a double holds exactly. */
static bool take_size(const cJSON *item, size_t *out)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) ||
        item->valuedouble >= 9007199254740992.0)
        return false;
    *out = (size_t)item->valuedouble;
    return (double)*out == item->valuedouble;
}

static fmx_status refuse(fmx__safetensors *file, fmx_status status, const char *tensor,
                         const char *what)
{
    return fmx__fail(file->ctx, status, "%s: tensor \"%.120s\": %s", file->path, tensor, what);
}

static fmx_status take_type(fmx__safetensors *file, const cJSON *item, fmx__tensor_entry *out)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(item, "dtype");
    if (!cJSON_IsString(type))
        return refuse(file, FMX_ERROR_FORMAT, out->name, "no text \"dtype\"");
    for (size_t i = 0; i < FMX__TENSOR_TYPES; ++i) {
        if (strcmp(types[i].name, type->valuestring) == 0) {
            out->type = (fmx__tensor_type)i;
            return FMX_OK;
        }
    }
    return fmx__fail(file->ctx, FMX_ERROR_UNSUPPORTED,
                     "%s: tensor \"%.120s\": dtype \"%.20s\" is not read; save it as F32",
                     file->path, out->name, type->valuestring);
}

static fmx_status take_shape(fmx__safetensors *file, const cJSON *item, fmx__tensor_entry *out)
{
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(item, "shape");
    const cJSON *axis = NULL;
    if (!cJSON_IsArray(shape))
        return refuse(file, FMX_ERROR_FORMAT, out->name, "no list \"shape\"");
    cJSON_ArrayForEach(axis, shape)
    {
        if (out->rank == FMX__TENSOR_RANK_MOST)
            return refuse(file, FMX_ERROR_UNSUPPORTED, out->name, "more than 8 axes");
        if (!take_size(axis, &out->shape[out->rank]))
            return refuse(file, FMX_ERROR_FORMAT, out->name,
                          "shape: whole numbers, not negative, are expected");
        ++out->rank;
    }
    return fmx__tensor_measure(out)
               ? FMX_OK
               : refuse(file, FMX_ERROR_FORMAT, out->name, "its shape is larger than any memory");
}

static fmx_status take_tensor(fmx__safetensors *file, const cJSON *item, fmx__tensor_entry *out)
{
    size_t begin = 0;
    size_t end = 0;
    *out = (fmx__tensor_entry){.name = item->string};
    if (!cJSON_IsObject(item) || cJSON_GetArraySize(item) != 3)
        return refuse(file, FMX_ERROR_FORMAT, out->name,
                      "dtype, shape and data_offsets are expected, each once");
    fmx_status status = take_type(file, item, out);
    if (status == FMX_OK)
        status = take_shape(file, item, out);
    if (status != FMX_OK)
        return status;
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(item, "data_offsets");
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
        !take_size(offsets->child, &begin) || !take_size(offsets->child->next, &end))
        return refuse(file, FMX_ERROR_FORMAT, out->name, "data_offsets: two whole numbers");
    if (begin > end || end > file->data_bytes)
        return fmx__fail(
            file->ctx, FMX_ERROR_FORMAT,
            "%s: tensor \"%.120s\": data_offsets %zu to %zu, but the file has %zu bytes "
            "of data; it is cut short or damaged",
            file->path, out->name, begin, end, file->data_bytes);
    if (end - begin != out->bytes)
        return fmx__fail(file->ctx, FMX_ERROR_FORMAT,
                         "%s: tensor \"%.120s\": data_offsets %zu to %zu are %zu bytes, its shape "
                         "takes %zu",
                         file->path, out->name, begin, end, end - begin, out->bytes);
    out->offset = file->data_offset + begin;
    return FMX_OK;
}

static int by_offset(const void *a, const void *b)
{
    const fmx__tensor_entry *x = a;
    const fmx__tensor_entry *y = b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    if (x->bytes != y->bytes) /* empty ones come before the one that begins there */
        return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
    const fmx__tensor_entry *const *x = a;
    const fmx__tensor_entry *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static int by_text(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    return strcmp(*x, *y);
}

/* Texts only, each key once. */
static fmx_status check_metadata(fmx__safetensors *file)
{
    const cJSON *item = NULL;
    const char **key = NULL;
    size_t count = 0;
    if (file->metadata == NULL)
        return FMX_OK;
    if (!cJSON_IsObject(file->metadata))
        return fmx__fail(file->ctx, FMX_ERROR_FORMAT,
                         "%s: __metadata__: a map of texts is expected", file->path);
    fmx_status status = fmx__alloc(file->ctx, (size_t)cJSON_GetArraySize(file->metadata),
                                   sizeof *key, "metadata keys", &key);
    if (status != FMX_OK)
        return status;
    cJSON_ArrayForEach(item, file->metadata)
    {
        if (!cJSON_IsString(item))
            status =
                fmx__fail(file->ctx, FMX_ERROR_FORMAT, "%s: __metadata__: \"%.120s\" is not a text",
                          file->path, item->string);
        key[count++] = item->string;
    }
    if (count > 0)
        qsort(key, count, sizeof *key, by_text);
    for (size_t i = 1; status == FMX_OK && i < count; ++i) {
        if (strcmp(key[i - 1], key[i]) == 0)
            status = fmx__fail(file->ctx, FMX_ERROR_FORMAT,
                               "%s: __metadata__: \"%.120s\" stands twice", file->path, key[i]);
    }
    free(key);
    return status;
}

/* Data without holes and overlaps, names without doubles. */
static fmx_status check_order(fmx__safetensors *file)
{
    size_t expected = file->data_offset;
    if (file->count > 0)
        qsort(file->tensor, file->count, sizeof *file->tensor, by_offset);
    for (size_t i = 0; i < file->count; ++i) {
        const fmx__tensor_entry *t = &file->tensor[i];
        file->by_name[i] = t;
        if (t->offset != expected)
            return fmx__fail(file->ctx, FMX_ERROR_FORMAT,
                             "%s: tensor \"%.120s\": its data begin at offset %zu of the file, the "
                             "tensor before it ends at %zu",
                             file->path, t->name, t->offset, expected);
        expected += t->bytes; /* within the file: checked for each tensor */
    }
    if (expected != file->data_offset + file->data_bytes)
        return fmx__fail(file->ctx, FMX_ERROR_FORMAT,
                         "%s: offset %zu: %zu bytes that belong to no tensor", file->path, expected,
                         file->data_offset + file->data_bytes - expected);
    if (file->count > 0)
        qsort(file->by_name, file->count, sizeof *file->by_name, by_name);
    for (size_t i = 1; i < file->count; ++i) {
        if (strcmp(file->by_name[i - 1]->name, file->by_name[i]->name) == 0)
            return refuse(file, FMX_ERROR_FORMAT, file->by_name[i]->name, "stands twice");
    }
    return FMX_OK;
}

static fmx_status parse_json(fmx__safetensors *file, const char *text, size_t bytes)
{
    size_t at = 0;
    const char *end = NULL;
    const char *wrong = bytes == 0 || text[0] != '{' ? "does not begin with {" : NULL;
    if (wrong == NULL)
        wrong = look_through(text, bytes, &at);
    if (wrong == NULL) {
        file->header = cJSON_ParseWithLengthOpts(text, bytes, &end, 0);
        at = end != NULL ? (size_t)(end - text) : 0;
        if (file->header == NULL)
            wrong = "not JSON";
        else if (at + strspn(end, " \t\n\r") < bytes)
            wrong = "text behind the header";
    }
    return wrong == NULL
               ? FMX_OK
               : fmx__fail(file->ctx, FMX_ERROR_FORMAT, "%s: offset %zu: the header is damaged: %s",
                           file->path, TEXT_OFFSET + at, wrong);
}

fmx_status fmx__safetensors_parse(fmx__safetensors *file, const char *text, size_t bytes)
{
    const cJSON *item = NULL;
    fmx_status status = parse_json(file, text, bytes);
    if (status != FMX_OK)
        return status;
    size_t most = (size_t)cJSON_GetArraySize(file->header);
    status = fmx__alloc(file->ctx, most, sizeof *file->tensor, "tensors", &file->tensor);
    if (status == FMX_OK)
        status = fmx__alloc(file->ctx, most, sizeof *file->by_name, "tensors", &file->by_name);
    cJSON_ArrayForEach(item, file->header)
    {
        if (status != FMX_OK)
            return status;
        if (strcmp(item->string, "__metadata__") != 0)
            status = take_tensor(file, item, &file->tensor[file->count++]);
        else if (file->metadata == NULL)
            file->metadata = item;
        else
            status =
                fmx__fail(file->ctx, FMX_ERROR_FORMAT, "%s: __metadata__ stands twice", file->path);
    }
    if (status == FMX_OK)
        status = check_metadata(file);
    return status == FMX_OK ? check_order(file) : status;
}
