#define _GNU_SOURCE /* memmem */
#include "dataset_heap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A block: "GCOL", version, three zeros, size of the block (64 bits); then objects: index and
 * number of references (16 bits each), four zeros, size (64 bits), data padded to eight bytes. The
 * object of index 0 is the free space; its size includes its own head. */
enum { HEAD_BYTES = 16, LEAST_BLOCK = 4096, PIECE_BYTES = 1 << 20 };
static const unsigned char signature[8] = {'G', 'C', 'O', 'L', 1, 0, 0, 0};
static const uint64_t small_file_bytes = (uint64_t)64 << 20;

/* A reference: length (32 bits), address of the block (64), index (32). */
enum { REFERENCE_BYTES = 16, PIECE_REFERENCES = 4096 };

/* The block that was read last. */
typedef struct heap {
    fmx_context *ctx;
    const char *path;
    int fd;
    uint64_t file_bytes;
    uint64_t at;
    unsigned char *block; /* NULL: none */
    size_t bytes;
} heap;

static uint64_t little(const unsigned char *s, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = bytes; i-- > 0;)
        value = value << 8 | s[i];
    return value;
}

static fmx_status open_heap(fmx_context *ctx, const char *path, heap *out)
{
    struct stat info;
    *out = (heap){.ctx = ctx, .path = path};
    out->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (out->fd < 0 || fstat(out->fd, &info) != 0)
        return fmx__fail(ctx, FMX_ERROR_READ, "%s: %s", path, strerror(errno));
    out->file_bytes = (uint64_t)info.st_size;
    return FMX_OK;
}

static void close_heap(heap *h)
{
    if (h->fd >= 0)
        close(h->fd);
    free(h->block);
}

static fmx_status read_at(const heap *h, uint64_t at, void *out, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n = pread(h->fd, (char *)out + done, bytes - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fmx__fail(h->ctx, FMX_ERROR_READ, "%s: %s", h->path,
                             n < 0 ? strerror(errno) : "became shorter while it was read");
        done += (size_t)n;
    }
    return FMX_OK;
}

static fmx_status damaged(const heap *h, uint64_t at)
{
    return fmx__fail(h->ctx, FMX_ERROR_FORMAT,
                     "%s: the texts at byte %ju (a global heap) are damaged; make the file again",
                     h->path, (uintmax_t)at);
}

/* Finds object `index` in the block, 0 for none in particular; NULL unless every object lies within
 * the block and they fill it. As in HDF5, the last object of an index counts. */
static const unsigned char *find_object(const heap *h, uint64_t index)
{
    const unsigned char *found = index == 0 ? h->block : NULL;
    uint64_t at = HEAD_BYTES;
    while (h->bytes - at >= HEAD_BYTES) {
        const unsigned char *object = h->block + at;
        uint64_t own = little(object, 2);
        uint64_t size = little(object + 8, 8);
        uint64_t left = h->bytes - at;
        if (size > left)
            return NULL;
        uint64_t need = own == 0 ? size : HEAD_BYTES + (size + 7) / 8 * 8;
        if (need < HEAD_BYTES || need > left)
            return NULL;
        if (own == index && own > 0)
            found = object;
        at += need;
    }
    return found;
}

/* Reads the block at `at` and follows its objects. */
static fmx_status read_block(heap *h, uint64_t at)
{
    unsigned char head[HEAD_BYTES];
    free(h->block);
    h->block = NULL;
    if (at > h->file_bytes || h->file_bytes - at < LEAST_BLOCK)
        return damaged(h, at);
    fmx_status status = read_at(h, at, head, sizeof head);
    if (status != FMX_OK)
        return status;
    uint64_t bytes = little(head + 8, 8);
    if (memcmp(head, signature, 5) != 0 || bytes < LEAST_BLOCK || bytes > h->file_bytes - at)
        return damaged(h, at);
    status = fmx__alloc(h->ctx, (size_t)bytes, 1, "texts of a dataset", &h->block);
    if (status == FMX_OK)
        status = read_at(h, at, h->block, (size_t)bytes);
    h->at = at;
    h->bytes = (size_t)bytes;
    if (status == FMX_OK && find_object(h, 0) == NULL)
        status = damaged(h, at);
    return status;
}

/* Checks the blocks that begin in [from, to), one behind the other. */
static fmx_status search(heap *h, uint64_t from, uint64_t to)
{
    unsigned char *piece = NULL;
    uint64_t at = from;
    fmx_status status = fmx__alloc(h->ctx, PIECE_BYTES, 1, "a piece of a file", &piece);
    while (status == FMX_OK && at < to && to - at >= sizeof signature) {
        size_t bytes = to - at < PIECE_BYTES ? (size_t)(to - at) : PIECE_BYTES;
        status = fmx__check_interrupt(h->ctx);
        if (status == FMX_OK)
            status = read_at(h, at, piece, bytes);
        const unsigned char *found =
            status == FMX_OK ? memmem(piece, bytes, signature, sizeof signature) : NULL;
        if (found == NULL) {
            at += bytes - (sizeof signature - 1); /* it may begin in the last bytes */
        } else {
            at += (size_t)(found - piece);
            status = read_block(h, at);
            at += h->bytes;
        }
    }
    free(piece);
    return status;
}

fmx_status fmx__heap_check(fmx_context *ctx, const char *path, hid_t spectra)
{
    heap h;
    fmx_status status = open_heap(ctx, path, &h);
    bool small = status == FMX_OK && h.file_bytes <= small_file_bytes;
    if (status == FMX_OK && spectra < 0 && small) {
        status = search(&h, 0, h.file_bytes);
    } else if (status == FMX_OK && spectra >= 0 && !small) {
        haddr_t offset = H5Dget_offset(spectra);
        uint64_t stored = offset == HADDR_UNDEF ? 0 : H5Dget_storage_size(spectra);
        uint64_t first = offset == HADDR_UNDEF ? h.file_bytes : offset;
        if (first > h.file_bytes || stored > h.file_bytes - first)
            status =
                fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: spectra: beyond the end of the file", path);
        if (status == FMX_OK)
            status = search(&h, 0, first);
        if (status == FMX_OK)
            status = search(&h, first + stored, h.file_bytes);
    }
    close_heap(&h);
    return status;
}

static fmx_status check_reference(heap *h, const char *name, const unsigned char *reference)
{
    uint64_t length = little(reference, 4);
    uint64_t address = little(reference + 4, 8);
    uint64_t index = little(reference + 12, 4);
    fmx_status status = FMX_OK;
    if (address == 0) /* no text */
        return FMX_OK;
    if (h->block == NULL || h->at != address)
        status = read_block(h, address);
    if (status != FMX_OK)
        return fmx__fail_in(h->ctx, status, "%s", name);
    const unsigned char *object = index > 0 ? find_object(h, index) : NULL;
    if (object == NULL || little(object + 8, 8) != length)
        return fmx__fail_in(h->ctx, damaged(h, address), "%s", name);
    return FMX_OK;
}

/* Addresses and sizes of 64 bits, as everybody writes them. */
static fmx_status check_sizes(fmx_context *ctx, const char *path, const char *name, hid_t texts)
{
    size_t address_bytes = 0;
    size_t size_bytes = 0;
    hid_t file = H5Iget_file_id(texts);
    hid_t creation = file >= 0 ? H5Fget_create_plist(file) : H5I_INVALID_HID;
    bool usual = creation >= 0 && H5Pget_sizes(creation, &address_bytes, &size_bytes) >= 0 &&
                 address_bytes == 8 && size_bytes == 8;
    if (creation >= 0)
        H5Pclose(creation);
    if (file >= 0)
        H5Fclose(file);
    if (usual)
        return FMX_OK;
    return fmx__fail(ctx, FMX_ERROR_UNSUPPORTED,
                     "%s: %s: texts in a file with addresses of %zu bytes; write it with 8", path,
                     name, address_bytes);
}

fmx_status fmx__heap_check_texts(fmx_context *ctx, const char *path, const char *name, hid_t texts,
                                 size_t first, size_t count)
{
    heap h;
    unsigned char *piece = NULL;
    haddr_t offset = H5Dget_offset(texts);
    if (offset == HADDR_UNDEF)
        return FMX_OK;
    fmx_status status = check_sizes(ctx, path, name, texts);
    if (status != FMX_OK)
        return status;
    status = open_heap(ctx, path, &h);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, PIECE_REFERENCES, REFERENCE_BYTES, name, &piece);
    for (size_t at = 0; status == FMX_OK && at < count;) {
        size_t n = count - at < PIECE_REFERENCES ? count - at : PIECE_REFERENCES;
        status = read_at(&h, offset + (first + at) * REFERENCE_BYTES, piece, n * REFERENCE_BYTES);
        for (size_t i = 0; status == FMX_OK && i < n; ++i)
            status = check_reference(&h, name, piece + i * REFERENCE_BYTES);
        at += n;
    }
    free(piece);
    close_heap(&h);
    return status;
}
