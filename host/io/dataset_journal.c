#include "dataset_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static const char magic[8] = "fmxrow1\n";

/* In front of each payload; in the byte order of the machine, a part never travels. */
typedef struct header {
    char magic[8];
    uint64_t bytes; /* of the payload */
    uint32_t row;
    uint32_t payload_crc; /* CRC-32 */
    uint32_t zero;
    uint32_t header_crc; /* of all before */
} header;

static uint32_t checksum(const void *data, size_t bytes)
{
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), data, bytes);
}

static fmx_status cannot_write(fmx_context *ctx, const char *path, int code)
{
    return fmx__fail(ctx, FMX_ERROR_WRITE, "%s: cannot write: %s%s", path, strerror(code),
                     code == ENOSPC || code == EDQUOT
                         ? "; free space on that disk, then run the same command with --resume"
                         : "");
}

static int write_all(int fd, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0) {
        ssize_t n = write(fd, at, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? EIO : errno;
        at += n;
        bytes -= (size_t)n;
    }
    return 0;
}

fmx_status fmx__journal_append(fmx_context *ctx, const char *path, uint32_t row,
                               const char *payload, size_t bytes, uint64_t *offset)
{
    header head = {.bytes = bytes, .row = row, .payload_crc = checksum(payload, bytes)};
    memcpy(head.magic, magic, sizeof magic);
    head.header_crc = checksum(&head, offsetof(header, header_crc));
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return cannot_write(ctx, path, errno);
    struct stat info;
    int code = fstat(fd, &info) == 0 ? 0 : errno;
    if (code == 0)
        code = write_all(fd, &head, sizeof head);
    if (code == 0)
        code = write_all(fd, payload, bytes);
    if (code != 0 && ftruncate(fd, info.st_size) != 0)
        fmx__log(ctx, FMX_LOG_DEBUG, "%s: the incomplete row at the end is skipped later", path);
    if (close(fd) != 0 && code == 0)
        code = errno;
    if (code != 0)
        return cannot_write(ctx, path, code);
    *offset = (uint64_t)info.st_size + sizeof head;
    return FMX_OK;
}

/* Reads exactly that many bytes; false at the end of the file or on an error. */
static bool read_at(int fd, uint64_t offset, void *out, size_t bytes)
{
    char *at = out;
    while (bytes > 0) {
        ssize_t n = pread(fd, at, bytes, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        offset += (uint64_t)n;
        bytes -= (size_t)n;
    }
    return true;
}

/* Reads header and payload of the row at `start`; *intact says whether both are whole. */
static fmx_status read_row(fmx_context *ctx, int fd, uint64_t start, size_t most, char **payload,
                           size_t *capacity, header *head, bool *intact)
{
    *intact =
        read_at(fd, start, head, sizeof *head) && memcmp(head->magic, magic, sizeof magic) == 0 &&
        head->header_crc == checksum(head, offsetof(header, header_crc)) && head->bytes <= most;
    if (!*intact)
        return FMX_OK;
    fmx_status status =
        fmx__grow(ctx, payload, capacity, (size_t)head->bytes + 1, 1, "row of a dataset");
    if (status == FMX_OK)
        *intact = read_at(fd, start + sizeof *head, *payload, (size_t)head->bytes) &&
                  head->payload_crc == checksum(*payload, (size_t)head->bytes);
    return status;
}

fmx_status fmx__journal_scan(fmx_context *ctx, const char *path, size_t most,
                             fmx__journal_visit visit, void *user)
{
    char *payload = NULL;
    size_t capacity = 0;
    uint64_t at = 0;
    bool intact = true;
    struct stat info;
    fmx_status status = FMX_OK;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? FMX_OK
                               : fmx__fail(ctx, FMX_ERROR_READ, "%s: %s", path, strerror(errno));
    while (status == FMX_OK && intact) {
        header head;
        status = read_row(ctx, fd, at, most, &payload, &capacity, &head, &intact);
        if (status == FMX_OK && intact) {
            status = visit(user, head.row, at + sizeof head, payload, (size_t)head.bytes);
            at += sizeof head + head.bytes;
        }
    }
    if (status == FMX_OK && fstat(fd, &info) == 0 && (uint64_t)info.st_size > at &&
        ftruncate(fd, (off_t)at) != 0)
        status = cannot_write(ctx, path, errno);
    free(payload);
    close(fd);
    return status;
}

fmx_status fmx__journal_read(fmx_context *ctx, int fd, const char *path, uint64_t offset,
                             size_t most, char **payload, size_t *capacity, size_t *bytes)
{
    header head;
    bool intact = false;
    fmx_status status =
        read_row(ctx, fd, offset - sizeof head, most, payload, capacity, &head, &intact);
    if (status == FMX_OK && !intact)
        status =
            fmx__fail(ctx, FMX_ERROR_READ,
                      "%s: the row at byte %llu changed after it was written; is the disk well?",
                      path, (unsigned long long)offset);
    *bytes = intact ? (size_t)head.bytes : 0;
    return status;
}
