/* Unpacking into a folder that nobody else can enter. Names were checked before: none leads out of
 * the folder, and nothing in the folder is a link. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "values_read.h"
#include "zip_internal.h"

enum { CHUNK_BYTES = 1 << 16 };

/* ---- the temporary folder --------------------------------------------------------------------
 */

/* Empties a folder. What cannot be removed stays; nothing can be done about it. */
static void remove_inside(int folder)
{
    DIR *names = fdopendir(folder);
    if (names == NULL) {
        close(folder);
        return;
    }
    for (struct dirent *e = readdir(names); e != NULL; e = readdir(names)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            unlinkat(folder, e->d_name, 0) == 0)
            continue;
        int below = openat(folder, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below >= 0)
            remove_inside(below);
        (void)unlinkat(folder, e->d_name, AT_REMOVEDIR);
    }
    closedir(names);
}

static void remove_folder(const char *path)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder >= 0)
        remove_inside(folder);
    (void)rmdir(path);
}

static fmx_status make_folder(fmx_context *ctx, const char *archive, uint64_t total, char **out)
{
    const char *base = getenv("TMPDIR");
    struct statvfs room;
    char *folder = NULL;
    if (base == NULL || base[0] == '\0')
        base = "/tmp";
    if (statvfs(base, &room) == 0 &&
        (uint64_t)room.f_bavail * (uint64_t)room.f_frsize < total + total / 16)
        return fmx__fail(ctx, FMX_ERROR_WRITE,
                         "%s: %ju bytes unpacked, and %s has room for %ju; set TMPDIR to a folder "
                         "with more room",
                         archive, (uintmax_t)total, base,
                         (uintmax_t)room.f_bavail * (uintmax_t)room.f_frsize);
    fmx_status status = fmx__format(ctx, &folder, "%s/fidmix-zip-XXXXXX", base);
    if (status == FMX_OK && mkdtemp(folder) == NULL) {
        status = fmx__fail(ctx, FMX_ERROR_WRITE,
                           "%s: no temporary folder in %s: %s; set TMPDIR to a folder that can be "
                           "written",
                           archive, base, strerror(errno));
        free(folder);
        folder = NULL;
    }
    *out = folder;
    return status;
}

/* ---- entries ---------------------------------------------------------------------------------
 */

typedef struct unpacking {
    fmx_context *ctx;
    zip_t *zip;
    const char *path;       /* of the archive */
    const char *folder;     /* where to */
    unsigned char *chunk;   /* CHUNK_BYTES */
    const char *last_above; /* the folder made last, which most entries share */
    size_t last_length;
} unpacking;

static fmx_status entry_failed(const unpacking *u, const char *name, const char *why)
{
    return fmx__fail(u->ctx, FMX_ERROR_FORMAT, "%s: entry \"%.200s\": %s; copy the archive again",
                     u->path, name, why);
}

static fmx_status write_failed(const unpacking *u, const char *name)
{
    /* a file where another entry wants a folder, or the other way round */
    if (errno == ENOTDIR || errno == EEXIST || errno == EISDIR)
        return fmx__fail(u->ctx, FMX_ERROR_FORMAT,
                         "%s: entry \"%.200s\": its place is taken by another entry; such an "
                         "archive is not unpacked",
                         u->path, name);
    return fmx__fail(u->ctx, FMX_ERROR_WRITE, "%s: entry \"%.200s\" cannot be unpacked into %s: %s",
                     u->path, name, u->folder, strerror(errno));
}

/* Makes the folders above an entry, and the entry itself where it is one; `target` is its path. */
static fmx_status make_above(unpacking *u, const char *name, char *target)
{
    char *first = target + strlen(u->folder) + 1;
    char *last = strrchr(first, '/');
    size_t length = last != NULL ? (size_t)(last - first) : 0;
    if (last == NULL || (u->last_above != NULL && u->last_length == length &&
                         memcmp(u->last_above, name, length) == 0))
        return FMX_OK;
    for (char *slash = strchr(first, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        struct stat info;
        *slash = '\0';
        bool made = mkdir(target, 0700) == 0 ||
                    (errno == EEXIST && lstat(target, &info) == 0 && S_ISDIR(info.st_mode));
        *slash = '/';
        if (!made)
            return write_failed(u, name);
    }
    u->last_above = name;
    u->last_length = length;
    return FMX_OK;
}

static fmx_status copy_bytes(const unpacking *u, zip_file_t *from, int to, const char *name,
                             uint64_t bytes)
{
    uint64_t done = 0;
    for (;;) {
        fmx_status status = fmx__check_interrupt(u->ctx);
        if (status != FMX_OK)
            return status;
        zip_int64_t n = zip_fread(from, u->chunk, CHUNK_BYTES);
        if (n < 0)
            return entry_failed(u, name, zip_file_strerror(from));
        if (n == 0)
            break;
        done += (uint64_t)n;
        if (done > bytes)
            return entry_failed(u, name, "it holds more bytes than the archive says");
        for (zip_int64_t at = 0; at < n;) {
            ssize_t m = write(to, u->chunk + at, (size_t)(n - at));
            if (m < 0 && errno != EINTR)
                return write_failed(u, name);
            at += m > 0 ? m : 0;
        }
    }
    return done == bytes ? FMX_OK
                         : entry_failed(u, name, "it holds fewer bytes than the archive says");
}

static fmx_status unpack_file(const unpacking *u, zip_uint64_t index, const zip_stat_t *facts,
                              const char *target)
{
    zip_file_t *from = zip_fopen_index(u->zip, index, 0);
    if (from == NULL)
        return entry_failed(u, facts->name, zip_strerror(u->zip));
    int to = open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    fmx_status status =
        to < 0 ? write_failed(u, facts->name) : copy_bytes(u, from, to, facts->name, facts->size);
    if (to >= 0 && close(to) != 0 && status == FMX_OK)
        status = write_failed(u, facts->name);
    zip_fclose(from);
    return status;
}

static fmx_status unpack_entry(unpacking *u, zip_uint64_t index)
{
    zip_stat_t facts;
    char *target = NULL;
    zip_stat_init(&facts);
    if (zip_stat_index(u->zip, index, 0, &facts) != 0)
        return entry_failed(u, "", zip_strerror(u->zip));
    fmx_status status = fmx__format(u->ctx, &target, "%s/%s", u->folder, facts.name);
    if (status == FMX_OK)
        status = make_above(u, facts.name, target);
    if (status == FMX_OK && facts.name[strlen(facts.name) - 1] != '/')
        status = unpack_file(u, index, &facts, target);
    free(target);
    return status;
}

/* ---- archives --------------------------------------------------------------------------------
 */

static fmx_status open_zip(fmx_context *ctx, const char *path, zip_t **out)
{
    int code = 0;
    *out = zip_open(path, ZIP_RDONLY, &code);
    if (*out != NULL)
        return FMX_OK;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    fmx_status status = code == ZIP_ER_MEMORY ? FMX_ERROR_MEMORY
                        : code == ZIP_ER_OPEN || code == ZIP_ER_READ || code == ZIP_ER_SEEK
                            ? FMX_ERROR_READ
                            : FMX_ERROR_FORMAT;
    status =
        fmx__fail(ctx, status, "%s: %s; copy the archive again", path, zip_error_strerror(&error));
    zip_error_fini(&error);
    return status;
}

static fmx_status unpack_all(fmx_context *ctx, zip_t *zip, const struct fmx_archive *archive)
{
    unpacking u = {.ctx = ctx, .zip = zip, .path = archive->path, .folder = archive->folder};
    zip_int64_t entries = zip_get_num_entries(zip, 0);
    fmx_status status = fmx__alloc(ctx, CHUNK_BYTES, 1, archive->path, &u.chunk);
    for (zip_int64_t i = 0; status == FMX_OK && i < entries; ++i)
        status = unpack_entry(&u, (zip_uint64_t)i);
    free(u.chunk);
    return status;
}

fmx_status fmx__zip_open(fmx_context *ctx, const char *path, const fmx__zip_limits *limits,
                         struct fmx_archive **out)
{
    fmx__zip_check check = {.ctx = ctx, .path = path, .limits = limits};
    struct fmx_archive *archive = NULL;
    uint64_t total = 0;
    *out = NULL;
    fmx_status status = fmx__file_bytes(ctx, path, &check.bytes);
    if (status == FMX_OK)
        status = fmx__zip_check_directory(ctx, path, check.bytes);
    if (status == FMX_OK)
        status = open_zip(ctx, path, &check.zip);
    if (status == FMX_OK)
        status = fmx__zip_check_all(&check, &total);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, 1, sizeof *archive, path, &archive);
    if (status == FMX_OK)
        status = fmx__format(ctx, &archive->path, "%s", path);
    if (status == FMX_OK)
        status = make_folder(ctx, path, total, &archive->folder);
    if (status == FMX_OK)
        status = unpack_all(ctx, check.zip, archive);
    if (check.zip != NULL)
        zip_discard(check.zip);
    if (status != FMX_OK) {
        fmx__zip_close(archive);
        archive = NULL;
    }
    *out = archive;
    return status;
}

void fmx__zip_close(struct fmx_archive *archive)
{
    if (archive == NULL)
        return;
    if (archive->folder != NULL)
        remove_folder(archive->folder);
    free(archive->folder);
    free(archive->path);
    free(archive);
}
