#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"

/* The file, or its first `most` bytes where it is `longer` and that is allowed. */
static fmx_status read_some(fmx_context *ctx, const char *path, size_t most, bool longer,
                            char **out, size_t *bytes)
{
    struct stat info;
    fmx_status status = FMX_OK;
    *out = NULL;
    *bytes = 0;
    /* O_NONBLOCK: opening a pipe must not hang */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) != 0) {
        status = fmx__fail(ctx, errno == ENOENT ? FMX_ERROR_NOT_FOUND : FMX_ERROR_READ, "%s: %s",
                           path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(info.st_mode)) {
        status = fmx__fail(ctx, FMX_ERROR_READ, "%s: not a regular file", path);
        goto out;
    }
    if (info.st_size < 0 || (!longer && (uintmax_t)info.st_size > most)) {
        status = fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: %jd bytes, more than the %zu that are read",
                           path, (intmax_t)info.st_size, most);
        goto out;
    }
    size_t size = (uintmax_t)info.st_size < most ? (size_t)info.st_size : most;
    status = fmx__alloc(ctx, size + 1, 1, path, out);
    while (status == FMX_OK && *bytes < size) {
        ssize_t n = read(fd, *out + *bytes, size - *bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            status = fmx__fail(ctx, FMX_ERROR_READ, "%s: %s", path, strerror(errno));
        if (n <= 0)
            break; /* the file shrank: what there is counts */
        *bytes += (size_t)n;
    }
out:
    if (fd >= 0)
        close(fd);
    if (status != FMX_OK) {
        free(*out);
        *out = NULL;
    }
    return status;
}

fmx_status fmx__read_file(fmx_context *ctx, const char *path, size_t most, char **out,
                          size_t *bytes)
{
    return read_some(ctx, path, most, false, out, bytes);
}

fmx_status fmx__read_start(fmx_context *ctx, const char *path, size_t most, char **out,
                           size_t *bytes)
{
    return read_some(ctx, path, most, true, out, bytes);
}
