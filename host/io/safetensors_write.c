#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "atomic_file.h"
#include "safetensors.h"
#include "utf8.h"

static const size_t NUMBER_MOST = 1000000000000000; /* 1e15 */

struct fmx__safetensors_writer {
    fmx_context *ctx;
    fmx__atomic_file file;
    size_t planned; /* bytes of data */
    size_t written;
};

static fmx_status refuse(fmx_context *ctx, const char *path, const char *name, const char *what)
{
    return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "%s: tensor \"%.120s\": %s", path, name, what);
}

static int by_text(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    return strcmp(*x, *y);
}

/* Each name once; `what` heads the message. */
static fmx_status check_doubles(fmx_context *ctx, const char *path, const char **names,
                                size_t count)
{
    if (count > 0)
        qsort(names, count, sizeof *names, by_text);
    for (size_t i = 1; i < count; ++i) {
        if (strcmp(names[i - 1], names[i]) == 0)
            return refuse(ctx, path, names[i], "stands twice in the plan");
    }
    return FMX_OK;
}

/* Adds {"dtype": "F32", "shape": [...], "data_offsets": [begin, end]}; *end moves on. */
static fmx_status add_tensor(fmx_context *ctx, const char *path, const fmx__tensor_entry *planned,
                             size_t *end, cJSON *header)
{
    fmx__tensor_entry t = *planned;
    size_t begin = *end;
    if (!fmx__utf8_valid(t.name) || strcmp(t.name, "__metadata__") == 0)
        return refuse(ctx, path, t.name, "not a name that a tensor can have");
    if (t.rank > FMX__TENSOR_RANK_MOST)
        return refuse(ctx, path, t.name, "more than 8 axes");
    /* above, the JSON printer would write "1e+15", which readers do not take for a whole number */
    if (!fmx__tensor_measure(&t) || !fmx__size_add(begin, t.bytes, end) || *end >= NUMBER_MOST)
        return refuse(ctx, path, t.name, "too large");
    if (begin % fmx__tensor_type_bytes(t.type) != 0)
        return refuse(ctx, path, t.name, "would not be aligned; put wider types first");
    cJSON *item = cJSON_AddObjectToObject(header, t.name);
    cJSON_AddStringToObject(item, "dtype", fmx__tensor_type_name(t.type));
    cJSON *shape = cJSON_AddArrayToObject(item, "shape");
    bool done = shape != NULL;
    for (size_t i = 0; done && i < t.rank; ++i)
        done = t.shape[i] < NUMBER_MOST &&
               cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)t.shape[i]));
    cJSON *offsets = cJSON_AddArrayToObject(item, "data_offsets");
    done = done && cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)begin)) &&
           cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)*end));
    return done ? FMX_OK
                : fmx__fail(ctx, FMX_ERROR_MEMORY, "%s: out of memory for its header", path);
}

static fmx_status add_metadata(fmx_context *ctx, const char *path,
                               const fmx__safetensors_plan *plan, cJSON *header)
{
    if (plan->metadata_count == 0)
        return FMX_OK;
    cJSON *map = cJSON_AddObjectToObject(header, "__metadata__");
    bool done = map != NULL;
    for (size_t i = 0; done && i < plan->metadata_count; ++i) {
        const fmx__text_pair *pair = &plan->metadata[i];
        if (!fmx__utf8_valid(pair->key) || !fmx__utf8_valid(pair->text))
            return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "%s: metadata \"%.120s\" is not UTF-8", path,
                             pair->key);
        if (cJSON_GetObjectItemCaseSensitive(map, pair->key) != NULL)
            return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "%s: metadata \"%.120s\" stands twice", path,
                             pair->key);
        done = cJSON_AddStringToObject(map, pair->key, pair->text) != NULL;
    }
    return done ? FMX_OK
                : fmx__fail(ctx, FMX_ERROR_MEMORY, "%s: out of memory for its header", path);
}

/* The header as text, and the bytes of data that it describes. */
static fmx_status make_header(fmx_context *ctx, const char *path, const fmx__safetensors_plan *plan,
                              char **text, size_t *planned)
{
    const char **names = NULL;
    cJSON *header = cJSON_CreateObject();
    fmx_status status =
        header != NULL ? FMX_OK
                       : fmx__fail(ctx, FMX_ERROR_MEMORY, "%s: out of memory for its header", path);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, plan->count, sizeof *names, "names of tensors", &names);
    if (status == FMX_OK)
        status = add_metadata(ctx, path, plan, header);
    *planned = 0;
    for (size_t i = 0; status == FMX_OK && i < plan->count; ++i) {
        names[i] = plan->tensor[i].name;
        status = add_tensor(ctx, path, &plan->tensor[i], planned, header);
    }
    if (status == FMX_OK)
        status = check_doubles(ctx, path, names, plan->count);
    if (status == FMX_OK) {
        *text = cJSON_PrintUnformatted(header);
        if (*text == NULL)
            status = fmx__fail(ctx, FMX_ERROR_MEMORY, "%s: out of memory for its header", path);
        else if (strlen(*text) > FMX__SAFETENSORS_HEADER_MOST - 8)
            status = fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                               "%s: a header of %zu bytes; readers take 100000000. Keep a shorter "
                               "history",
                               path, strlen(*text));
    }
    cJSON_Delete(header);
    free(names);
    return status;
}

static void put(fmx__safetensors_writer *w, const void *data, size_t bytes)
{
    errno = 0;
    if (bytes > 0 && fwrite(data, 1, bytes, w->file.stream) != bytes && errno == 0)
        errno = EIO;
}

fmx_status fmx__safetensors_writer_open(fmx_context *ctx, const char *path, bool overwrite,
                                        const fmx__safetensors_plan *plan,
                                        fmx__safetensors_writer **out)
{
    fmx__safetensors_writer *w = NULL;
    char *text = NULL;
    *out = NULL;
    fmx_status status = fmx__alloc(ctx, 1, sizeof *w, path, &w);
    if (status == FMX_OK)
        status = make_header(ctx, path, plan, &text, &w->planned);
    if (status == FMX_OK)
        status = fmx__atomic_open(ctx, path, overwrite, &w->file);
    if (status == FMX_OK) {
        size_t bytes = strlen(text);
        size_t padding = (8 - bytes % 8) % 8;
        uint64_t length = bytes + padding;
        unsigned char head[8];
        for (size_t i = 0; i < sizeof head; ++i)
            head[i] = (unsigned char)(length >> 8 * i);
        w->ctx = ctx;
        put(w, head, sizeof head);
        put(w, text, bytes);
        put(w, "        ", padding);
        *out = w;
        w = NULL;
    }
    cJSON_free(text);
    fmx__safetensors_writer_close(w);
    return status;
}

fmx_status fmx__safetensors_writer_append(fmx__safetensors_writer *w, const void *data,
                                          size_t bytes)
{
    if (bytes > w->planned - w->written)
        return fmx__fail(w->ctx, FMX_ERROR_ARGUMENT,
                         "%s: more than the %zu bytes that were planned", w->file.path, w->planned);
    put(w, data, bytes);
    w->written += bytes;
    if (ferror(w->file.stream) != 0)
        return fmx__fail(w->ctx, FMX_ERROR_WRITE, "%s: cannot write: %s%s", w->file.path,
                         strerror(errno), errno == ENOSPC ? "; free space on that disk" : "");
    return FMX_OK;
}

fmx_status fmx__safetensors_writer_finish(fmx__safetensors_writer *w)
{
    if (w->written != w->planned)
        return fmx__fail(w->ctx, FMX_ERROR_ARGUMENT, "%s: %zu of %zu planned bytes were written",
                         w->file.path, w->written, w->planned);
    return fmx__atomic_commit(w->ctx, &w->file);
}

void fmx__safetensors_writer_close(fmx__safetensors_writer *w)
{
    if (w == NULL)
        return;
    fmx__atomic_abandon(&w->file);
    free(w);
}
