#include "dataset_part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic_file.h"
#include "dataset_journal.h"

static bool exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

/* Names that only we give: nothing else in the folder is ever removed. */
static bool own_name(const char *name)
{
    return strcmp(name, "lock") == 0 || strcmp(name, "building.h5") == 0 ||
           strncmp(name, "plan", 4) == 0 || strncmp(name, "rows-", 5) == 0;
}

void fmx__part_remove(fmx_dataset_writer *w)
{
    DIR *folder = opendir(w->part);
    /* the plan goes last: a part without one is known to hold nothing */
    for (int pass = 0; folder != NULL && pass < 2; ++pass) {
        struct dirent *entry = NULL;
        rewinddir(folder);
        while ((entry = readdir(folder)) != NULL) {
            bool late = strcmp(entry->d_name, "plan") == 0 || strcmp(entry->d_name, "lock") == 0;
            if (own_name(entry->d_name) && late == (pass == 1))
                unlinkat(dirfd(folder), entry->d_name, 0);
        }
    }
    if (folder != NULL)
        closedir(folder);
    rmdir(w->part);
}

/* Path of a file in the part. */
static fmx_status in_part(const fmx_dataset_writer *w, const char *name, char **out)
{
    return fmx__format(w->ctx, out, "%s/%s", w->part, name);
}

static fmx_status take_lock(fmx_dataset_writer *w)
{
    char *path = NULL;
    fmx_status status = in_part(w, "lock", &path);
    if (status == FMX_OK && mkdir(w->part, 0777) != 0 && errno != EEXIST)
        status = fmx__fail(w->ctx, FMX_ERROR_WRITE, "%s: cannot make the folder: %s%s", w->part,
                           strerror(errno),
                           errno == ENOENT   ? "; make the folder above it first"
                           : errno == EACCES ? "; choose a folder that you may write to"
                                             : "");
    if (status == FMX_OK) {
        w->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (w->lock < 0)
            status =
                fmx__fail(w->ctx, FMX_ERROR_WRITE, "%s: cannot write: %s", path, strerror(errno));
        else if (flock(w->lock, LOCK_EX | LOCK_NB) != 0)
            status = fmx__fail(w->ctx, FMX_ERROR_EXISTS,
                               "%s: another process is writing it; wait for it to end", w->path);
    }
    free(path);
    return status;
}

/* Compares the part's plan with ours. *same is false where there is none. Errors:
 * FMX_ERROR_EXISTS when there is another. */
static fmx_status compare_plan(fmx_dataset_writer *w, bool *same)
{
    char *path = NULL;
    char *text = NULL;
    size_t bytes = 0;
    *same = false;
    fmx_status status = in_part(w, "plan", &path);
    if (status == FMX_OK && exists(path)) {
        status = fmx__read_file(w->ctx, path, (size_t)1 << 30, &text, &bytes);
        if (status == FMX_OK && strcmp(text, w->plan_text) != 0)
            status = fmx__fail(w->ctx, FMX_ERROR_EXISTS,
                               "%s: an unfinished part of another recipe, axis or layout; give the "
                               "same as then, or remove that folder",
                               w->part);
        *same = status == FMX_OK;
    }
    free(text);
    free(path);
    return status;
}

static fmx_status found_row(void *user, uint32_t row, uint64_t offset, const char *payload,
                            size_t bytes)
{
    fmx_dataset_writer *w = user;
    const float *spectrum = NULL;
    const char **column = NULL;
    fmx_status status = fmx__alloc(w->ctx, w->column_count, sizeof *column, "columns", &column);
    /* the tree may have changed: only the row of the same source counts */
    if (status == FMX_OK && row < w->rows &&
        fmx__payload_unpack(w, payload, bytes, column, &spectrum) &&
        strcmp(column[1], w->source[row]) == 0) {
        fmx__dataset_shard *shard = &w->shard[row / w->shard_rows];
        if (w->offset[row] == FMX__ROW_ABSENT) {
            ++shard->stored;
            ++w->stored;
        }
        w->offset[row] = offset;
    }
    free(column);
    return status;
}

/* True when the file is this shard, complete, from the same sources. */
static bool shard_is_ours(fmx_dataset_writer *w, size_t shard, const char *path)
{
    fmx_dataset *set = NULL;
    char **source = NULL;
    size_t first = fmx__shard_first(w, shard);
    size_t rows = fmx__shard_first(w, shard + 1) - first;
    bool ours = fmx_dataset_open(w->ctx, path, &set) == FMX_OK;
    if (ours) {
        const fmx_dataset_info *info = fmx_dataset_describe(set);
        ours = info->rows == rows && info->points == w->points &&
               strcmp(info->recipe, w->recipe) == 0 &&
               fmx_dataset_read_text(set, "source", 0, rows, &source) == FMX_OK;
    }
    for (size_t i = 0; ours && i < rows; ++i)
        ours = strcmp(source[i], w->source[first + i]) == 0;
    free(source);
    fmx_dataset_close(set);
    fmx_context_clear(w->ctx);
    return ours;
}

/* The rows of one shard: from the shard's file where its journal is gone, else from the journal. */
static fmx_status find_rows(fmx_dataset_writer *w, size_t shard)
{
    char *path = NULL;
    char *journal = NULL;
    size_t first = fmx__shard_first(w, shard);
    size_t rows = fmx__shard_first(w, shard + 1) - first;
    fmx_status status = fmx__shard_path(w, shard, &path);
    if (status == FMX_OK)
        status = fmx__shard_journal(w, shard, &journal);
    bool placed = status == FMX_OK && w->shard_count > 1 && exists(path);
    if (placed && !exists(journal) && shard_is_ours(w, shard, path)) {
        w->shard[shard] = (fmx__dataset_shard){.stored = rows, .built = true};
        w->stored += rows;
        for (size_t i = 0; i < rows; ++i)
            w->offset[first + i] = FMX__ROW_BUILT;
    } else if (status == FMX_OK) {
        if (placed)
            unlink(path); /* it is made again from the journal, or from new rows */
        status = fmx__journal_scan(w->ctx, journal, fmx__payload_most(w), found_row, w);
    }
    free(journal);
    free(path);
    return status;
}

/* A shard's place must be free before a new dataset begins. */
static fmx_status check_shards_free(fmx_dataset_writer *w)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && w->shard_count > 1 && i < w->shard_count; ++i) {
        char *path = NULL;
        status = fmx__shard_path(w, i, &path);
        if (status == FMX_OK && exists(path))
            status = fmx__fail(w->ctx, FMX_ERROR_EXISTS,
                               "%s: exists already; remove it or name another output", path);
        free(path);
    }
    return status;
}

/* The output is there: complete for the same recipe and inputs? */
static fmx_status check_output(fmx_dataset_writer *w, bool resume, bool *complete)
{
    fmx_dataset *set = NULL;
    *complete = false;
    if (!exists(w->path))
        return FMX_OK;
    if (resume && fmx_dataset_open(w->ctx, w->path, &set) == FMX_OK) {
        const fmx_dataset_info *info = fmx_dataset_describe(set);
        *complete = strcmp(info->recipe, w->recipe) == 0 && info->points == w->points &&
                    fmx__dataset_inputs_are(set, w->inputs);
        if (*complete)
            w->stored = info->rows;
    }
    fmx_dataset_close(set);
    fmx_context_clear(w->ctx);
    if (*complete)
        return FMX_OK;
    return fmx__fail(w->ctx, FMX_ERROR_EXISTS,
                     "%s: exists already%s; remove it or name another output", w->path,
                     resume ? " and is of another recipe or other inputs" : "");
}

fmx_status fmx__part_enter(fmx_dataset_writer *w, bool resume, bool *complete)
{
    char *plan = NULL;
    bool same = false;
    fmx_status status = check_output(w, resume, complete);
    if (status != FMX_OK)
        return status;
    if (*complete) {
        /* killed in the last step; a folder without a plan was being removed */
        if (exists(w->part) && take_lock(w) == FMX_OK && compare_plan(w, &same) == FMX_OK)
            fmx__part_remove(w);
        fmx_context_clear(w->ctx);
        return FMX_OK;
    }
    status = take_lock(w);
    if (status == FMX_OK)
        status = compare_plan(w, &same);
    if (status == FMX_OK && same && !resume)
        status = fmx__fail(w->ctx, FMX_ERROR_EXISTS,
                           "%s: an unfinished part of this output; go on with --resume, or remove "
                           "that folder",
                           w->part);
    if (status == FMX_OK && !same) {
        status = check_shards_free(w);
        if (status == FMX_OK)
            status = in_part(w, "plan", &plan);
        if (status == FMX_OK)
            status = fmx__atomic_write(w->ctx, plan, false, w->plan_text, strlen(w->plan_text));
        free(plan);
        if (status != FMX_OK)
            fmx__part_remove(w); /* nothing was begun */
    }
    for (size_t i = 0; status == FMX_OK && same && i < w->shard_count; ++i)
        status = find_rows(w, i);
    return status;
}
