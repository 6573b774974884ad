/* How many entries the end of an archive claims. libzip asks for memory for all of them before it
 * looks for the first, and a directory of 64 bits may claim any number. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "values_read.h"
#include "zip_internal.h"

/* Sizes of the records, and where the counts stand in them. */
enum {
    END_BYTES = 22,
    END_ENTRIES = 10,
    LOCATOR_BYTES = 20, /* right before the end where there is a directory of 64 bits */
    LOCATOR_OFFSET = 8,
    END_64_BYTES = 56,
    END_64_ENTRIES_HERE = 24,
    END_64_ENTRIES = 32,
    ENTRY_BYTES = 46, /* of the directory, without the name */
    TAIL_BYTES = 65535 + END_BYTES + LOCATOR_BYTES,
};

static uint64_t number_at(const unsigned char *at, size_t bytes)
{
    return fmx__bits_at(at, bytes, false);
}

/* The larger of the two counts in the record of 64 bits that a locator leads to; 0 where it leads
 * nowhere, which libzip refuses. */
static uint64_t entries_64(int fd, const unsigned char *locator)
{
    unsigned char record[END_64_BYTES];
    uint64_t offset = number_at(locator + LOCATOR_OFFSET, 8);
    if (offset > INT64_MAX || pread(fd, record, sizeof record, (off_t)offset) != sizeof record ||
        memcmp(record, "PK\6\6", 4) != 0)
        return 0;
    uint64_t here = number_at(record + END_64_ENTRIES_HERE, 8);
    uint64_t all = number_at(record + END_64_ENTRIES, 8);
    return here > all ? here : all;
}

/* The most that anything in the tail that looks like an end claims. */
static uint64_t most_entries(int fd, const unsigned char *tail, size_t bytes)
{
    uint64_t most = 0;
    for (size_t i = 0; i + END_BYTES <= bytes; ++i) {
        uint64_t found = 0;
        if (memcmp(tail + i, "PK\5\6", 4) != 0)
            continue;
        found = number_at(tail + i + END_ENTRIES, 2);
        if (i >= LOCATOR_BYTES && memcmp(tail + i - LOCATOR_BYTES, "PK\6\7", 4) == 0) {
            uint64_t wide = entries_64(fd, tail + i - LOCATOR_BYTES);
            /* 65535 says that the number stands there */
            found = wide > found || found == 0xffff ? wide : found;
        }
        most = found > most ? found : most;
    }
    return most;
}

fmx_status fmx__zip_check_directory(fmx_context *ctx, const char *path, uint64_t bytes)
{
    size_t length = bytes < TAIL_BYTES ? (size_t)bytes : TAIL_BYTES;
    unsigned char *tail = NULL;
    fmx_status status = FMX_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fmx__fail(ctx, FMX_ERROR_READ, "%s: %s", path, strerror(errno));
    status = fmx__alloc(ctx, length, 1, path, &tail);
    if (status == FMX_OK && pread(fd, tail, length, (off_t)(bytes - length)) != (ssize_t)length)
        status =
            fmx__fail(ctx, FMX_ERROR_READ, "%s: its last %zu bytes cannot be read", path, length);
    uint64_t entries = status == FMX_OK ? most_entries(fd, tail, length) : 0;
    if (entries > bytes / ENTRY_BYTES)
        status =
            fmx__fail(ctx, FMX_ERROR_FORMAT,
                      "%s: the end of the archive claims %ju entries, and %ju bytes hold %ju "
                      "at most; copy the archive again",
                      path, (uintmax_t)entries, (uintmax_t)bytes, (uintmax_t)(bytes / ENTRY_BYTES));
    free(tail);
    close(fd);
    return status;
}
