/* The walk through a tree of files, and into the zip archives in it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "zip_archive.h"

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
    fmx_archive *archive; /* that the walk is in */
    folder_id *seen;      /* open addressing, capacity a power of two, at most half full */
    size_t seen_count;
    size_t seen_capacity;
    char start[FMX__START_MOST + 1]; /* of the file that is shown to the formats */
} walk;

typedef struct name_list {
    fmx__name *item;
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

static fmx_status walk_archive(walk *w, const char *path, const char *inside, int depth);

/* Shows an entry to every format until one takes it. */
static fmx_status offer(walk *w, const fmx__entry *entry)
{
    size_t before = w->list->count;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < fmx__reader_count; ++i) {
        if (w->list->count == before)
            status = fmx__readers[i]->find(w->ctx, entry, w->list);
    }
    return status;
}

static fmx_status offer_file(walk *w, const char *path, int depth)
{
    const fmx__entry entry = {
        .path = path,
        .with_processed = w->with_processed,
        .depth = depth,
        .start = w->start,
        .start_bytes = look_into(w, path),
    };
    if (fmx__zip_begins(entry.start, entry.start_bytes))
        return walk_archive(w, path, "", depth);
    return offer(w, &entry);
}

/* `names` may be NULL. */
static fmx_status offer_folder(walk *w, const char *path, int depth, const name_list *names)
{
    w->start[0] = '\0';
    const fmx__entry entry = {
        .path = path,
        .is_folder = true,
        .with_processed = w->with_processed,
        .depth = depth,
        .start = w->start,
        .name = names != NULL ? names->item : NULL,
        .name_count = names != NULL ? names->count : 0,
    };
    return offer(w, &entry);
}

static void clear_names(name_list *names)
{
    for (size_t i = 0; i < names->count; ++i)
        free(names->item[i].path);
    free(names->item);
    *names = (name_list){0};
}

static int by_name(const void *a, const void *b)
{
    const fmx__name *x = a;
    const fmx__name *y = b;
    return fmx__compare_paths(x->path, y->path);
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
            status = fmx__format(w->ctx, &names->item[names->count].path, "%s%s%s", path, slash,
                                 e->d_name);
        if (status == FMX_OK)
            names->item[names->count++].type = e->d_type;
    }
    closedir(folder);
    if (names->count > 1)
        qsort(names->item, names->count, sizeof *names->item, by_name);
    return status;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool is_file_of(const fmx__reader *reader, const char *path)
{
    for (const char *const *f = reader->files; f != NULL && *f != NULL; ++f) {
        if (strcmp(last_part(path), *f) == 0)
            return true;
    }
    return false;
}

/* Bit i is set where two of the files by which format i knows its folders lie here: none of its
 * files is then a measurement for itself, and they need not be looked into. */
static unsigned long formats_of(const name_list *names)
{
    unsigned long formats = 0;
    for (size_t i = 0; i < fmx__reader_count; ++i) {
        size_t found = 0;
        for (size_t k = 0; fmx__readers[i]->files != NULL && k < names->count; ++k)
            found += is_file_of(fmx__readers[i], names->item[k].path);
        formats |= found >= 2 ? 1UL << i : 0;
    }
    return formats;
}

static bool is_part(unsigned long formats, const char *path)
{
    for (size_t i = 0; i < fmx__reader_count; ++i) {
        if ((formats >> i & 1) != 0 && is_file_of(fmx__readers[i], path))
            return true;
    }
    return false;
}

static fmx_status walk_entry(walk *w, const char *path, int depth);

static fmx_status walk_folder(walk *w, const char *path, int depth)
{
    name_list names = {0};
    fmx_status status = fmx__check_interrupt(w->ctx);
    if (status == FMX_OK)
        status = list_folder(w, path, &names);
    if (status == FMX_OK)
        status = offer_folder(w, path, depth, &names);
    unsigned long formats = formats_of(&names);
    for (size_t i = 0; status == FMX_OK && i < names.count; ++i) {
        const fmx__name *name = &names.item[i];
        if (name->type != DT_REG)
            status = walk_entry(w, name->path, depth + 1);
        else if (!is_part(formats, name->path))
            status = offer_file(w, name->path, depth + 1);
    }
    clear_names(&names);
    return status;
}

/* What is neither file nor folder. */
static fmx_status pass_over(walk *w, const char *path, const char *what)
{
    fmx__log(w->ctx, FMX_LOG_WARNING, "%s: %s, passed over", path, what);
    return FMX_OK;
}

static const char *name_of_kind(mode_t mode)
{
    return S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

static fmx_status walk_entry(walk *w, const char *path, int depth)
{
    struct stat info;
    bool first = false;
    if (stat(path, &info) != 0)
        return pass_over(
            w, path, errno == ELOOP ? "a link that leads to itself" : "a link that leads nowhere");
    if (S_ISREG(info.st_mode))
        return offer_file(w, path, depth);
    if (!S_ISDIR(info.st_mode))
        return pass_over(w, path, name_of_kind(info.st_mode));
    if (depth > FMX__DEPTH_MOST) {
        fmx__log(w->ctx, FMX_LOG_WARNING, "%s: more than %d folders deep, left out", path,
                 FMX__DEPTH_MOST);
        return FMX_OK;
    }
    fmx_status status = note_folder(w, &info, &first);
    return status == FMX_OK && first ? walk_folder(w, path, depth) : status;
}

/* True when a file of this name stands for the folder that it lies in. */
static bool names_its_folder(const char *path)
{
    for (size_t i = 0; i < fmx__reader_count; ++i) {
        if (is_file_of(fmx__readers[i], path))
            return true;
    }
    return false;
}

/* A file was given: "7/fid" stands for "7", any other for itself. */
static fmx_status find_at_file(walk *w, char *path)
{
    if (!names_its_folder(path))
        return offer_file(w, path, 0);
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return offer_folder(w, ".", 0, NULL);
    slash[slash == path] = '\0';
    return offer_folder(w, path, 0, NULL);
}

/* ---- archives --------------------------------------------------------------------------------
 */

/* The sources that an archive brought get the paths that a user would write. */
static fmx_status name_in_archive(walk *w, size_t before)
{
    fmx_status status = FMX_OK;
    for (size_t i = before; status == FMX_OK && i < w->list->count; ++i) {
        fmx_source *source = &w->list->item[i];
        char *path = NULL;
        status = fmx__format(w->ctx, &path, "%s%s", w->archive->path,
                             source->path + strlen(w->archive->folder));
        if (status == FMX_OK) {
            free(source->path);
            source->path = path;
            source->archive = w->archive;
        }
    }
    return status;
}

/* Finds in the unpacked archive what lies at and below `inside` ("" or "/sample/7"). */
static fmx_status walk_unpacked(walk *w, const char *inside, int depth)
{
    struct stat info;
    char *root = NULL;
    fmx_status status = fmx__format(w->ctx, &root, "%s%s", w->archive->folder, inside);
    if (status == FMX_OK && (strstr(inside, "/..") != NULL || stat(root, &info) != 0))
        status = fmx__fail(w->ctx, FMX_ERROR_NOT_FOUND, "%s: no such entry", root);
    else if (status == FMX_OK && S_ISREG(info.st_mode))
        status = find_at_file(w, root);
    else if (status == FMX_OK)
        status = walk_entry(w, root, depth);
    free(root);
    return status;
}

/* An archive that was named must be read. Another becomes a source whose reading fails and says
 * why, as does one that lies in an archive. */
static fmx_status walk_archive(walk *w, const char *path, const char *inside, int depth)
{
    fmx_archive *archive = NULL;
    size_t before = w->list->count;
    fmx_status status = FMX_OK;
    if (depth > 0 && fmx__zip_is_document(w->start, FMX__START_MOST))
        return FMX_OK;
    if (w->archive != NULL)
        return fmx__source_append(w->ctx, w->list, path, fmx__reader_zip.name, FMX_KIND_FID);
    status = fmx__zip_open(w->ctx, path, &fmx__zip_limits_default, &archive);
    if (depth > 0 && fmx__is_bad_input(status)) {
        fmx_context_clear(w->ctx);
        return fmx__source_append(w->ctx, w->list, path, fmx__reader_zip.name, FMX_KIND_FID);
    }
    if (status != FMX_OK)
        return status;
    w->archive = archive;
    fmx__show_as(w->ctx, archive->folder, archive->path);
    status = walk_unpacked(w, inside, depth);
    if (status == FMX_OK)
        status = name_in_archive(w, before);
    fmx__show_as(w->ctx, NULL, NULL);
    w->archive = NULL;
    if (w->list->count == before) { /* nothing for us in it */
        fmx__zip_close(archive);
        return status;
    }
    archive->next = w->list->archive;
    w->list->archive = archive;
    return status;
}

/* "measured.zip/sample/7": the path leads through a file, which must be an archive. */
static fmx_status find_inside(walk *w, char *path)
{
    struct stat info;
    char *inside = NULL;
    fmx_status status = fmx__format(w->ctx, &inside, "%s", path);
    for (char *slash = strrchr(path, '/'); status == FMX_OK && slash != NULL && slash > path;
         slash = strrchr(path, '/')) {
        *slash = '\0';
        if (stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
            fmx__zip_begins(w->start, look_into(w, path))) {
            status = walk_archive(w, path, inside + (slash - path), 0);
            free(inside);
            return status;
        }
    }
    if (status == FMX_OK)
        status = fmx__fail(w->ctx, FMX_ERROR_NOT_FOUND, "%s: %s", inside, strerror(ENOTDIR));
    free(inside);
    return status;
}

static int by_path(const void *a, const void *b)
{
    const fmx_source *x = a;
    const fmx_source *y = b;
    return fmx__compare_paths(x->path, y->path);
}

/* What lies at a path without a slash at its end. */
static fmx_status find_at(walk *w, char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        if (errno == ENOTDIR)
            return find_inside(w, path);
        return fmx__fail(w->ctx, errno == ENOENT ? FMX_ERROR_NOT_FOUND : FMX_ERROR_READ, "%s: %s",
                         path, strerror(errno));
    }
    if (S_ISREG(info.st_mode))
        return find_at_file(w, path);
    if (!S_ISDIR(info.st_mode))
        return fmx__fail(w->ctx, FMX_ERROR_READ, "%s: neither a file nor a folder but %s", path,
                         name_of_kind(info.st_mode));
    DIR *folder = opendir(path);
    if (folder == NULL)
        return fmx__fail(w->ctx, FMX_ERROR_READ, "%s: %s", path, strerror(errno));
    closedir(folder);
    return walk_entry(w, path, 0);
}

fmx_status fmx_source_find(fmx_context *ctx, const char *path, bool with_processed,
                           fmx_source_list *list)
{
    walk w = {.ctx = ctx, .list = list, .with_processed = with_processed};
    char *copy = NULL;
    size_t before = list->count;
    fmx_status status = fmx__format(ctx, &copy, "%s", path);
    if (status != FMX_OK)
        return status;
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; --n)
        copy[n - 1] = '\0';
    status = find_at(&w, copy);
    if (status == FMX_OK && list->count > before)
        qsort(list->item + before, list->count - before, sizeof *list->item, by_path);
    free(w.seen);
    free(copy);
    return status;
}
