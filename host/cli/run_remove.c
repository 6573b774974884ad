#define _XOPEN_SOURCE 700 /* nftw */
#include "run_remove.h"

#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPEN_FOLDERS = 16 };

static int remove_entry(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
    (void)facts;
    (void)kind;
    (void)where;
    return remove(path);
}

/* A file, or a folder with all that is in it; links are removed, not followed. */
static fmx_status remove_tree(fmx_context *ctx, const char *path)
{
    if (access(path, F_OK) != 0)
        return FMX_OK;
    if (nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) != 0)
        return fmx__fail(ctx, FMX_ERROR_WRITE, "%s: outdated, but cannot be removed: %s", path,
                         strerror(errno));
    return FMX_OK;
}

static fmx_status remove_shards(fmx_context *ctx, const char *path)
{
    const char *dot = strrchr(path, '.');
    char *pattern = NULL;
    glob_t found = {0};
    if (dot == NULL || strcmp(dot, ".h5") != 0)
        return FMX_OK;
    fmx_status status = fmx__format(ctx, &pattern, "%.*s.shard-*.h5", (int)(dot - path), path);
    if (status == FMX_OK && glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; status == FMX_OK && i < found.gl_pathc; ++i)
            status = remove_tree(ctx, found.gl_pathv[i]);
        globfree(&found);
    }
    free(pattern);
    return status;
}

fmx_status fmx__run_remove(fmx_context *ctx, const char *path)
{
    static const char *const endings[] = {"", ".part", ".last", ".best", ".history.csv"};
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(endings); ++i) {
        char *beside = NULL;
        status = fmx__format(ctx, &beside, "%s%s", path, endings[i]);
        if (status == FMX_OK)
            status = remove_tree(ctx, beside);
        free(beside);
    }
    return status == FMX_OK ? remove_shards(ctx, path) : status;
}
