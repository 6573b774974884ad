#include "atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static fmx_status cannot(fmx_context *ctx, const char *verb, const char *path)
{
    const char *remedy = errno == ENOSPC   ? "; free space on that disk"
                         : errno == EACCES ? "; choose a folder that you may write to"
                         : errno == ENOENT ? "; make its folder first"
                         : errno == EROFS  ? "; the disk is read-only"
                                           : "";
    return fmx__fail(ctx, FMX_ERROR_WRITE, "%s: cannot %s: %s%s", path, verb, strerror(errno),
                     remedy);
}

/* Syncs the folder that holds path, so that a rename in it survives a power cut. */
static void sync_folder_of(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return;
    char *slash = strrchr(copy, '/');
    if (slash != NULL)
        slash[slash == copy] = '\0';
    int fd = open(slash != NULL ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); /* some file systems refuse to sync folders; the rename stands anyway */
        close(fd);
    }
    free(copy);
}

fmx_status fmx__atomic_open(fmx_context *ctx, const char *path, bool overwrite,
                            fmx__atomic_file *out)
{
    *out = (fmx__atomic_file){0};
    struct stat info;
    if (!overwrite && lstat(path, &info) == 0)
        return fmx__fail(ctx, FMX_ERROR_EXISTS,
                         "%s: exists already; remove it or name another output", path);
    fmx_status status = fmx__format(ctx, &out->path, "%s", path);
    if (status == FMX_OK)
        status = fmx__format(ctx, &out->beside, "%s.%ld.part", path, (long)getpid());
    if (status == FMX_OK) {
        out->stream = fopen(out->beside, "wb");
        if (out->stream == NULL)
            status = cannot(ctx, "write", path);
    }
    if (status != FMX_OK)
        fmx__atomic_abandon(out);
    return status;
}

fmx_status fmx__atomic_commit(fmx_context *ctx, fmx__atomic_file *file)
{
    bool bad =
        ferror(file->stream) != 0 || fflush(file->stream) != 0 || fsync(fileno(file->stream)) != 0;
    int kept = errno;
    bad = fclose(file->stream) != 0 || bad;
    file->stream = NULL;
    fmx_status status = FMX_OK;
    if (bad) {
        errno = kept != 0 ? kept : EIO;
        status = cannot(ctx, "write", file->path);
    } else if (rename(file->beside, file->path) != 0) {
        status = cannot(ctx, "rename the finished file to", file->path);
    } else {
        sync_folder_of(file->path);
    }
    fmx__atomic_abandon(file);
    return status;
}

void fmx__atomic_abandon(fmx__atomic_file *file)
{
    if (file->stream != NULL)
        fclose(file->stream);
    if (file->beside != NULL)
        unlink(file->beside);
    free(file->beside);
    free(file->path);
    *file = (fmx__atomic_file){0};
}

fmx_status fmx__atomic_rename(fmx_context *ctx, const char *beside, const char *path)
{
    int fd = open(beside, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cannot(ctx, "open", beside);
    int bad = fsync(fd);
    close(fd);
    if (bad != 0)
        return cannot(ctx, "sync", beside);
    if (rename(beside, path) != 0)
        return cannot(ctx, "rename the finished file to", path);
    sync_folder_of(path);
    return FMX_OK;
}

fmx_status fmx__atomic_write(fmx_context *ctx, const char *path, bool overwrite, const void *data,
                             size_t bytes)
{
    fmx__atomic_file file;
    fmx_status status = fmx__atomic_open(ctx, path, overwrite, &file);
    if (status != FMX_OK)
        return status;
    if (bytes > 0 && fwrite(data, 1, bytes, file.stream) != bytes)
        errno = errno != 0 ? errno : EIO;
    return fmx__atomic_commit(ctx, &file);
}

fmx_status fmx__make_folders(fmx_context *ctx, const char *path)
{
    char *copy = NULL;
    fmx_status status = fmx__format(ctx, &copy, "%s", path);
    if (status != FMX_OK)
        return status;
    for (char *at = copy + 1; status == FMX_OK; ++at) {
        char kept = *at;
        if (kept != '/' && kept != '\0')
            continue;
        *at = '\0';
        struct stat info;
        if (mkdir(copy, 0777) != 0 &&
            (errno != EEXIST || stat(copy, &info) != 0 || !S_ISDIR(info.st_mode))) {
            errno = errno == EEXIST ? ENOTDIR : errno;
            status = cannot(ctx, "make the folder", copy);
        }
        *at = kept;
        if (kept == '\0')
            break;
    }
    free(copy);
    return status;
}
