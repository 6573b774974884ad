/* The walk through a tree of files, and the table of formats. A new format is one row here. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "c_locale.h"
#include "io.h"

static const fmx__reader *const readers[] = {
    &fmx__reader_bruker, &fmx__reader_varian,  &fmx__reader_spinsolve, &fmx__reader_jcamp,
    &fmx__reader_jeol,   &fmx__reader_nmrpipe, &fmx__reader_nmrml,     &fmx__reader_tnmr,
};

/* A folder, known by device and inode: each is entered once, whatever links lead to it. */
typedef struct folder_id {
    dev_t device;
    ino_t inode;
    bool used;
} folder_id;

typedef struct walk {
    fmx_context *ctx;
    fmx_source_list *list;
    bool with_processed;
    folder_id *seen; /* open addressing, capacity a power of two, at most half full */
    size_t seen_count;
    size_t seen_capacity;
    char start[FMX__START_MOST + 1]; /* of the file that is shown to the formats */
} walk;

typedef struct name_list {
    char **item;
    size_t count;
    size_t capacity;
} name_list;

static folder_id *slot_of(folder_id *table, size_t capacity, dev_t device, ino_t inode)
{
    uint64_t mixed = ((uint64_t)inode ^ (uint64_t)device << 32) * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(mixed >> 32) & (capacity - 1);
    while (table[at].used && (table[at].device != device || table[at].inode != inode))
        at = (at + 1) & (capacity - 1);
    return &table[at];
}

/* Notes a folder; *first says whether it is new. */
static fmx_status note_folder(walk *w, const struct stat *info, bool *first)
{
    fmx_status status = FMX_OK;
    if (2 * (w->seen_count + 1) > w->seen_capacity) {
        size_t capacity = w->seen_capacity == 0 ? 64 : 2 * w->seen_capacity;
        folder_id *table = NULL;
        status = fmx__alloc(w->ctx, capacity, sizeof *table, "folders seen", &table);
        if (status != FMX_OK)
            return status;
        for (size_t i = 0; i < w->seen_capacity; ++i) {
            if (w->seen[i].used)
                *slot_of(table, capacity, w->seen[i].device, w->seen[i].inode) = w->seen[i];
        }
        free(w->seen);
        w->seen = table;
        w->seen_capacity = capacity;
    }
    folder_id *slot = slot_of(w->seen, w->seen_capacity, info->st_dev, info->st_ino);
    *first = !slot->used;
    w->seen_count += *first;
    *slot = (folder_id){info->st_dev, info->st_ino, true};
    return FMX_OK;
}

fmx_status fmx__source_append(fmx_context *ctx, fmx_source_list *list, const char *path,
                              const char *format, fmx_kind kind)
{
    char *copy = NULL;
    fmx_status status = fmx__format(ctx, &copy, "%s", path);
    if (status == FMX_OK)
        status = fmx__grow(ctx, &list->item, &list->capacity, list->count + 1, sizeof *list->item,
                           "list of sources");
    if (status != FMX_OK) {
        free(copy);
        return status;
    }
    list->item[list->count++] = (fmx_source){copy, format, kind};
    return FMX_OK;
}

void fmx_source_list_clear(fmx_source_list *list)
{
    for (size_t i = 0; i < list->count; ++i)
        free(list->item[i].path);
    free(list->item);
    *list = (fmx_source_list){0};
}

/* The first bytes of a file; how many. A file that cannot be read has none. */
static size_t look_into(walk *w, const char *path)
{
    size_t bytes = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd >= 0 ? 1 : 0;
    while (n > 0 && bytes < FMX__START_MOST) {
        n = read(fd, w->start + bytes, FMX__START_MOST - bytes);
        bytes += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        close(fd);
    w->start[bytes] = '\0';
    return bytes;
}

/* Shows an entry to every format until one takes it. */
static fmx_status offer(walk *w, const char *path, bool is_folder, int depth)
{
    const fmx__entry entry = {
        .path = path,
        .is_folder = is_folder,
        .with_processed = w->with_processed,
        .depth = depth,
        .start = w->start,
        .start_bytes = is_folder ? 0 : look_into(w, path),
    };
    size_t before = w->list->count;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(readers); ++i) {
        if (w->list->count == before)
            status = readers[i]->find(w->ctx, &entry, w->list);
    }
    return status;
}

static void clear_names(name_list *names)
{
    for (size_t i = 0; i < names->count; ++i)
        free(names->item[i]);
    free(names->item);
    *names = (name_list){0};
}

static int by_name(const void *a, const void *b)
{
    return fmx__compare_paths(*(char *const *)a, *(char *const *)b);
}

/* The paths in a folder, in order. A folder that cannot be read is a warning. */
static fmx_status list_folder(walk *w, const char *path, name_list *names)
{
    DIR *folder = opendir(path);
    fmx_status status = FMX_OK;
    if (folder == NULL) {
        fmx__log(w->ctx, FMX_LOG_WARNING, "%s: cannot be read, left out: %s", path,
                 strerror(errno));
        return FMX_OK;
    }
    const char *slash = strcmp(path, "/") == 0 ? "" : "/";
    for (struct dirent *e = readdir(folder); status == FMX_OK && e != NULL; e = readdir(folder)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        status = fmx__grow(w->ctx, &names->item, &names->capacity, names->count + 1,
                           sizeof *names->item, path);
        if (status == FMX_OK)
            status =
                fmx__format(w->ctx, &names->item[names->count], "%s%s%s", path, slash, e->d_name);
        if (status == FMX_OK)
            ++names->count;
    }
    closedir(folder);
    if (names->count > 1)
        qsort(names->item, names->count, sizeof *names->item, by_name);
    return status;
}

static fmx_status walk_entry(walk *w, const char *path, int depth);

static fmx_status walk_folder(walk *w, const char *path, int depth)
{
    name_list names = {0};
    fmx_status status = fmx__check_interrupt(w->ctx);
    if (status == FMX_OK)
        status = offer(w, path, true, depth);
    if (status == FMX_OK)
        status = list_folder(w, path, &names);
    for (size_t i = 0; status == FMX_OK && i < names.count; ++i)
        status = walk_entry(w, names.item[i], depth + 1);
    clear_names(&names);
    return status;
}

/* Files and folders only: pipes, sockets, devices and dangling links are passed over. */
static fmx_status walk_entry(walk *w, const char *path, int depth)
{
    struct stat info;
    bool first = false;
    if (stat(path, &info) != 0)
        return FMX_OK;
    if (S_ISREG(info.st_mode))
        return offer(w, path, false, depth);
    if (!S_ISDIR(info.st_mode))
        return FMX_OK;
    if (depth > FMX__DEPTH_MOST) {
        fmx__log(w->ctx, FMX_LOG_WARNING, "%s: more than %d folders deep, left out", path,
                 FMX__DEPTH_MOST);
        return FMX_OK;
    }
    fmx_status status = note_folder(w, &info, &first);
    return status == FMX_OK && first ? walk_folder(w, path, depth) : status;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* True when a file of this name stands for the folder that it lies in. */
static bool names_its_folder(const char *path)
{
    for (size_t i = 0; i < FMX__COUNT(readers); ++i) {
        for (const char *const *f = readers[i]->files; f != NULL && *f != NULL; ++f) {
            if (strcmp(last_part(path), *f) == 0)
                return true;
        }
    }
    return false;
}

/* A file was given: "7/fid" stands for "7", any other for itself. */
static fmx_status find_at_file(walk *w, char *path)
{
    if (!names_its_folder(path))
        return offer(w, path, false, 0);
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return offer(w, ".", true, 0);
    slash[slash == path] = '\0';
    return offer(w, path, true, 0);
}

static int by_path(const void *a, const void *b)
{
    const fmx_source *x = a;
    const fmx_source *y = b;
    return fmx__compare_paths(x->path, y->path);
}

fmx_status fmx_source_find(fmx_context *ctx, const char *path, bool with_processed,
                           fmx_source_list *list)
{
    walk w = {.ctx = ctx, .list = list, .with_processed = with_processed};
    struct stat info;
    char *copy = NULL;
    size_t before = list->count;
    if (stat(path, &info) != 0)
        return fmx__fail(ctx,
                         errno == ENOENT || errno == ENOTDIR ? FMX_ERROR_NOT_FOUND : FMX_ERROR_READ,
                         "%s: %s", path, strerror(errno));
    fmx_status status = fmx__format(ctx, &copy, "%s", path);
    if (status != FMX_OK)
        return status;
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; --n)
        copy[n - 1] = '\0';
    if (S_ISREG(info.st_mode)) {
        status = find_at_file(&w, copy);
    } else if (S_ISDIR(info.st_mode)) {
        DIR *folder = opendir(copy);
        if (folder == NULL)
            status = fmx__fail(ctx, FMX_ERROR_READ, "%s: %s", copy, strerror(errno));
        else
            status = walk_entry(&w, copy, 0);
        if (folder != NULL)
            closedir(folder);
    } else {
        status = fmx__fail(ctx, FMX_ERROR_READ, "%s: neither a file nor a folder", copy);
    }
    if (status == FMX_OK && list->count > before)
        qsort(list->item + before, list->count - before, sizeof *list->item, by_path);
    free(w.seen);
    free(copy);
    return status;
}

fmx_status fmx_fid_read(fmx_context *ctx, const fmx_source *source, fmx_read_depth depth,
                        fmx_fid *out)
{
    *out = (fmx_fid){.format = source->format, .kind = source->kind};
    const fmx__reader *reader = NULL;
    for (size_t i = 0; i < FMX__COUNT(readers); ++i) {
        if (source->format != NULL && strcmp(readers[i]->name, source->format) == 0)
            reader = readers[i];
    }
    if (reader == NULL)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "%s: \"%s\" is no format of FIDs or spectra",
                         source->path, source->format != NULL ? source->format : "");
    fmx_status status = fmx__format(ctx, &out->path, "%s", source->path);
    if (status == FMX_OK)
        status = fmx__sample_name(ctx, source->path, &out->name);
    if (status == FMX_OK) {
        fmx__c_locale locale;
        fmx__c_locale_enter(&locale);
        status = reader->read(ctx, source, depth, out);
        fmx__c_locale_leave(&locale);
    }
    if (status != FMX_OK)
        fmx_fid_clear(out);
    return status;
}

void fmx_fid_clear(fmx_fid *fid)
{
    free(fid->path);
    free(fid->name);
    free(fid->data);
    free(fid->solvent);
    free(fid->title);
    *fid = (fmx_fid){0};
}
