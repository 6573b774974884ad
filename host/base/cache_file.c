/* A file holds a magic word, the length and the XXH3 checksum of key and content, the key in full,
 * and the content; anything that does not agree is ignored, because a damaged program binary can
 * end the process inside the driver. */
#include "cache_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "atomic_file.h"

static const char magic[8] = "fmxbin2";
enum { LARGEST_CONTENT = 256 << 20 };

typedef struct header {
    char magic[8];
    uint64_t key_bytes;
    uint64_t data_bytes;
    uint64_t checksum[2];
} header;

/* Folder of the cache: $FIDMIX_CACHE_DIR, else $XDG_CACHE_HOME/fidmix, else ~/.cache/fidmix.
 * An empty FIDMIX_CACHE_DIR switches the cache off (*out is NULL). */
static fmx_status cache_path(fmx_context *ctx, const char *key, const char *ending, bool make,
                             char **out)
{
    const char *own = getenv("FIDMIX_CACHE_DIR");
    const char *xdg = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    char *folder = NULL;
    fmx_status status = FMX_OK;
    *out = NULL;
    if (own != NULL && own[0] == '\0')
        return FMX_OK;
    if (own != NULL)
        status = fmx__format(ctx, &folder, "%s", own);
    else if (xdg != NULL && xdg[0] == '/')
        status = fmx__format(ctx, &folder, "%s/fidmix", xdg);
    else if (home != NULL && home[0] == '/')
        status = fmx__format(ctx, &folder, "%s/.cache/fidmix", home);
    if (status != FMX_OK || folder == NULL)
        return status;
    if (make)
        status = fmx__make_folders(ctx, folder);
    XXH128_hash_t hash = XXH3_128bits(key, strlen(key));
    if (status == FMX_OK)
        status =
            fmx__format(ctx, out, "%s/%016llx%016llx.%s", folder, (unsigned long long)hash.high64,
                        (unsigned long long)hash.low64, ending);
    free(folder);
    return status;
}

static void checksum(uint64_t out[2], const char *key, const unsigned char *data, size_t bytes)
{
    XXH128_hash_t first = XXH3_128bits(key, strlen(key));
    XXH128_hash_t both = XXH3_128bits_withSeed(data, bytes, first.low64);
    out[0] = both.low64;
    out[1] = both.high64;
}

/* Reads the entry at path; NULL unless everything about it is right. */
static unsigned char *read_entry(FILE *file, const char *key, size_t *bytes)
{
    header head;
    size_t key_bytes = strlen(key);
    if (fread(&head, sizeof head, 1, file) != 1 || memcmp(head.magic, magic, sizeof magic) != 0 ||
        head.key_bytes != key_bytes || head.data_bytes == 0 || head.data_bytes > LARGEST_CONTENT)
        return NULL;
    size_t total = key_bytes + head.data_bytes;
    unsigned char *all = malloc(total + 1);
    if (all == NULL)
        return NULL;
    uint64_t sum[2] = {0, 0};
    bool good = fread(all, 1, total + 1, file) == total && memcmp(all, key, key_bytes) == 0;
    if (good) {
        memmove(all, all + key_bytes, head.data_bytes);
        checksum(sum, key, all, head.data_bytes);
        good = sum[0] == head.checksum[0] && sum[1] == head.checksum[1];
    }
    if (!good) {
        free(all);
        return NULL;
    }
    *bytes = head.data_bytes;
    return all;
}

void fmx__cache_load(fmx_context *ctx, const char *key, const char *ending, unsigned char **data,
                     size_t *bytes)
{
    char *path = NULL;
    *data = NULL;
    *bytes = 0;
    if (cache_path(NULL, key, ending, false, &path) != FMX_OK || path == NULL)
        return;
    FILE *file = fopen(path, "rb");
    if (file != NULL) {
        *data = read_entry(file, key, bytes);
        fclose(file);
        if (*data == NULL)
            fmx__log(ctx, FMX_LOG_DEBUG, "%s: damaged cache entry ignored", path);
    }
    free(path);
}

void fmx__cache_store(fmx_context *ctx, const char *key, const char *ending,
                      const unsigned char *data, size_t bytes)
{
    char *path = NULL;
    char *all = NULL;
    header head = {.key_bytes = strlen(key), .data_bytes = bytes};
    memcpy(head.magic, magic, sizeof magic);
    checksum(head.checksum, key, data, bytes);
    size_t total = sizeof head + head.key_bytes + bytes;
    fmx_status status = cache_path(NULL, key, ending, true, &path);
    if (status == FMX_OK && path != NULL) {
        status = fmx__alloc(NULL, total, 1, "a cache entry", &all);
        if (status == FMX_OK) {
            memcpy(all, &head, sizeof head);
            memcpy(all + sizeof head, key, head.key_bytes);
            memcpy(all + sizeof head + head.key_bytes, data, bytes);
            status = fmx__atomic_write(NULL, path, true, all, total);
        }
    }
    if (status != FMX_OK)
        fmx__log(ctx, FMX_LOG_DEBUG, "cache entry not written: %s", fmx_status_text(status));
    free(all);
    free(path);
}
