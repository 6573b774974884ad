/* What is refused of an archive before any of it is unpacked. */
#include <string.h>
#include <sys/stat.h>

#include "zip_internal.h"

enum { NAME_BYTES_MOST = 1024, PART_BYTES_MOST = 255, DEPTH_MOST = 64 };

const fmx__zip_limits fmx__zip_limits_default = {
    .entries = (uint64_t)1 << 18,
    .entry_bytes = (uint64_t)4 << 30,
    .total_bytes = (uint64_t)16 << 30,
    .ratio = 256, /* deflate packs 1032 to 1 at most, measurements rarely beyond 10 to 1 */
    .ratio_anyway = (uint64_t)16 << 20,
};

bool fmx__zip_begins(const char *start, size_t bytes)
{
    return bytes >= 4 && (memcmp(start, "PK\3\4", 4) == 0 || memcmp(start, "PK\5\6", 4) == 0);
}

bool fmx__zip_is_document(const char *start, size_t bytes)
{
    static const char *const first[] = {"[Content_Types].xml", "mimetype", "META-INF/"};
    enum { HEADER = 30 };
    for (size_t i = 0; i < FMX__COUNT(first); ++i) {
        size_t length = strlen(first[i]);
        if (bytes >= HEADER + length && memcmp(start + HEADER, first[i], length) == 0)
            return true;
    }
    return false;
}

const char *fmx__zip_bad_name(const char *name)
{
    size_t depth = 0;
    if (name[0] == '\0')
        return "it has no name";
    if (strlen(name) > NAME_BYTES_MOST)
        return "its name has more than 1024 bytes";
    if (name[0] == '/')
        return "an absolute path";
    if (((name[0] | 0x20) >= 'a' && (name[0] | 0x20) <= 'z') && name[1] == ':')
        return "a path with a drive letter";
    if (strchr(name, '\\') != NULL)
        return "a backslash in its path";
    for (const char *part = name; *part != '\0';) {
        size_t length = strcspn(part, "/");
        if (length == 2 && memcmp(part, "..", 2) == 0)
            return "a path that leads out of the archive (..)";
        if (length > PART_BYTES_MOST)
            return "a part of its path has more than 255 bytes";
        if (++depth > DEPTH_MOST)
            return "it lies more than 64 folders deep";
        part += length + strspn(part + length, "/");
    }
    return NULL;
}

/* Why an entry that is no file and no folder is refused, from the Unix mode that its archiver kept;
 * NULL where it is one. */
static const char *bad_kind(zip_t *zip, zip_uint64_t index)
{
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    if (zip_file_get_external_attributes(zip, index, 0, &system, &attributes) != 0 ||
        (system != ZIP_OPSYS_UNIX && system != ZIP_OPSYS_OS_X))
        return NULL;
    switch (attributes >> 16 & S_IFMT) {
    case 0:
    case S_IFREG:
    case S_IFDIR:
        return NULL;
    case S_IFLNK:
        return "a symbolic link";
    case S_IFIFO:
        return "a pipe";
    case S_IFSOCK:
        return "a socket";
    default:
        return "a device";
    }
}

static fmx_status refuse(fmx_context *ctx, const char *path, const char *name, const char *reason)
{
    return fmx__fail(ctx, FMX_ERROR_FORMAT,
                     "%s: entry \"%.200s\": %s; such an archive is not unpacked", path, name,
                     reason);
}

static fmx_status check_entry(const fmx__zip_check *c, zip_uint64_t index, uint64_t *total)
{
    zip_stat_t facts;
    zip_stat_init(&facts);
    if (zip_stat_index(c->zip, index, 0, &facts) != 0 || (facts.valid & ZIP_STAT_NAME) == 0 ||
        (facts.valid & ZIP_STAT_SIZE) == 0)
        return fmx__fail(c->ctx, FMX_ERROR_FORMAT,
                         "%s: entry %ju: its name or size is missing; copy the archive again",
                         c->path, (uintmax_t)index);
    const char *reason = fmx__zip_bad_name(facts.name);
    if (reason == NULL)
        reason = bad_kind(c->zip, index);
    /* a name leads to the first entry that has it */
    if (reason == NULL && zip_name_locate(c->zip, facts.name, 0) != (zip_int64_t)index)
        reason = "its name stands twice, and one would overwrite the other";
    if (reason != NULL)
        return refuse(c->ctx, c->path, facts.name, reason);
    if ((facts.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && facts.encryption_method != ZIP_EM_NONE)
        return fmx__fail(c->ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: entry \"%.200s\": encrypted; unpack the archive with its password "
                         "and give the folder",
                         c->path, facts.name);
    if (facts.size > c->limits->entry_bytes || facts.size > c->limits->total_bytes - *total)
        return fmx__fail(c->ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: entry \"%.200s\": %ju bytes unpacked after %ju, at most %ju of one "
                         "entry and %ju of all are; unpack the archive and give the folder",
                         c->path, facts.name, (uintmax_t)facts.size, (uintmax_t)*total,
                         (uintmax_t)c->limits->entry_bytes, (uintmax_t)c->limits->total_bytes);
    *total += facts.size;
    return FMX_OK;
}

fmx_status fmx__zip_check_all(const fmx__zip_check *c, uint64_t *total)
{
    zip_int64_t entries = zip_get_num_entries(c->zip, 0);
    uint64_t most = 0;
    fmx_status status = FMX_OK;
    *total = 0;
    if (entries < 0 || (uint64_t)entries > c->limits->entries)
        return fmx__fail(c->ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: %jd entries, at most %ju are read; unpack the archive and give the "
                         "folder",
                         c->path, (intmax_t)entries, (uintmax_t)c->limits->entries);
    for (zip_int64_t i = 0; status == FMX_OK && i < entries; ++i)
        status = check_entry(c, (zip_uint64_t)i, total);
    /* total_bytes is far below the range */
    most = c->bytes > c->limits->total_bytes / c->limits->ratio
               ? c->limits->total_bytes
               : c->bytes * c->limits->ratio + c->limits->ratio_anyway;
    if (status == FMX_OK && *total > most)
        status =
            fmx__fail(c->ctx, FMX_ERROR_FORMAT,
                      "%s: %ju bytes that would be %ju unpacked, more than %ju to 1: such an "
                      "archive is made to fill disks and is not unpacked",
                      c->path, (uintmax_t)c->bytes, (uintmax_t)*total, (uintmax_t)c->limits->ratio);
    return status;
}
