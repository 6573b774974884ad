#include "run_stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>
#include <xxhash.h>

#include "atomic_file.h"

enum { MOST_BYTES = 1 << 20 };

struct fmx__run_stamps {
    fmx_context *ctx;
    char *path;
    cJSON *root; /* output -> {begun, finished} */
};

fmx_status fmx__run_stamps_open(fmx_context *ctx, const char *folder, fmx__run_stamps **out)
{
    fmx__run_stamps *stamps = NULL;
    char *text = NULL;
    size_t bytes = 0;
    *out = NULL;
    fmx_status status = fmx__alloc(ctx, 1, sizeof *stamps, "stamps of a run", &stamps);
    if (status != FMX_OK)
        return status;
    stamps->ctx = ctx;
    status = fmx__format(ctx, &stamps->path, "%s/run.json", folder);
    if (status == FMX_OK && fmx__read_file(ctx, stamps->path, MOST_BYTES, &text, &bytes) == FMX_OK)
        stamps->root = cJSON_ParseWithLength(text, bytes);
    free(text);
    if (status == FMX_OK && !cJSON_IsObject(stamps->root)) {
        cJSON_Delete(stamps->root);
        stamps->root = cJSON_CreateObject();
        if (stamps->root == NULL)
            status = fmx__fail(ctx, FMX_ERROR_MEMORY, "stamps of a run");
    }
    if (status == FMX_OK)
        *out = stamps;
    else
        fmx__run_stamps_close(stamps);
    return status;
}

void fmx__run_stamps_close(fmx__run_stamps *stamps)
{
    if (stamps == NULL)
        return;
    cJSON_Delete(stamps->root);
    free(stamps->path);
    free(stamps);
}

void fmx__run_key(const char *text, char out[FMX__RUN_KEY])
{
    XXH128_hash_t hash = XXH3_128bits(text, strlen(text));
    snprintf(out, FMX__RUN_KEY, "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
}

/* The key noted for an output under "begun" or "finished"; NULL when there is none. */
static const char *noted(const fmx__run_stamps *stamps, const char *output, const char *what)
{
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(stamps->root, output);
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, what));
}

bool fmx__run_finished(const fmx__run_stamps *stamps, const char *output, const char *key)
{
    const char *finished = noted(stamps, output, "finished");
    return finished != NULL && strcmp(finished, key) == 0;
}

bool fmx__run_outdated(const fmx__run_stamps *stamps, const char *output, const char *key)
{
    const char *begun = noted(stamps, output, "begun");
    return begun != NULL && strcmp(begun, key) != 0;
}

static fmx_status note(fmx__run_stamps *stamps, const char *output, const char *key, bool finished)
{
    cJSON *entry = cJSON_CreateObject();
    bool good = entry != NULL && cJSON_AddStringToObject(entry, "begun", key) != NULL &&
                (!finished || cJSON_AddStringToObject(entry, "finished", key) != NULL);
    cJSON_DeleteItemFromObjectCaseSensitive(stamps->root, output);
    if (!good || !cJSON_AddItemToObject(stamps->root, output, entry)) {
        cJSON_Delete(entry);
        return fmx__fail(stamps->ctx, FMX_ERROR_MEMORY, "stamps of a run");
    }
    char *text = cJSON_Print(stamps->root);
    fmx_status status =
        text == NULL ? fmx__fail(stamps->ctx, FMX_ERROR_MEMORY, "stamps of a run")
                     : fmx__atomic_write(stamps->ctx, stamps->path, true, text, strlen(text));
    cJSON_free(text);
    return status;
}

fmx_status fmx__run_begin(fmx__run_stamps *stamps, const char *output, const char *key)
{
    return note(stamps, output, key, false);
}

fmx_status fmx__run_finish(fmx__run_stamps *stamps, const char *output, const char *key)
{
    return note(stamps, output, key, true);
}
