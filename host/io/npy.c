/* A .npy file: magic "\x93NUMPY", version, length of the header (2 bytes in 1.0, 4 in 2.0), a
 * Python dictionary with the keys descr, fortran_order and shape, the values. */
#include "npy.h"

#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"

enum { MAGIC_BYTES = 6, ALIGN_BYTES = 64, HEADER_MOST = 65535 };

static const char magic[] = "\x93NUMPY";
static const struct {
    const char *descr;
    size_t bytes;
} types[FMX__NPY_TYPES] = {
    [FMX__NPY_FLOAT] = {"<f4", 4}, [FMX__NPY_DOUBLE] = {"<f8", 8}, [FMX__NPY_COMPLEX] = {"<c8", 8}};

static fmx_status refuse(fmx_context *ctx, fmx_status status, const char *path, const char *what)
{
    return fmx__fail(ctx, status, "%s: %s", path, what);
}

static void pass_blanks(const char **at)
{
    *at += strspn(*at, " \t\n");
}

/* Takes a text in quotes of either kind; false where there is none or it has no room. */
static bool take_quoted(const char **at, char *out, size_t room)
{
    pass_blanks(at);
    char quote = **at;
    if (quote != '\'' && quote != '"')
        return false;
    size_t length = 0;
    for (++*at; **at != quote; ++*at) {
        if (**at == '\0' || **at == '\\' || length + 1 == room)
            return false;
        out[length++] = **at;
    }
    ++*at;
    out[length] = '\0';
    return true;
}

/* Takes "(3, 4)", "(3,)" or "()". */
static bool take_shape(const char **at, fmx__npy *out)
{
    pass_blanks(at);
    if (*(*at)++ != '(')
        return false;
    for (;;) {
        pass_blanks(at);
        if (**at == ')') {
            ++*at;
            return true;
        }
        size_t value = 0;
        size_t digits = strspn(*at, "0123456789");
        if (digits == 0 || digits > 19 || out->rank == FMX__NPY_RANK_MOST)
            return false;
        for (size_t i = 0; i < digits; ++i) {
            if (!fmx__size_mul(value, 10, &value) ||
                !fmx__size_add(value, (size_t)((*at)[i] - '0'), &value))
                return false;
        }
        out->shape[out->rank++] = value;
        *at += digits;
        *at += **at == 'L'; /* files of Python 2 */
        pass_blanks(at);
        if (**at == ',')
            ++*at;
        else if (**at != ')')
            return false;
    }
}

/* Takes the dictionary apart; each key once, in any order. */
static bool take_header(const char *at, char descr[16], bool *fortran, fmx__npy *out)
{
    unsigned seen = 0;
    pass_blanks(&at);
    if (*at++ != '{')
        return false;
    for (;;) {
        char key[32];
        unsigned bit = 0;
        bool done = false;
        pass_blanks(&at);
        if (*at == '}')
            return seen == 7 && at[1 + strspn(at + 1, " \t\n")] == '\0';
        if (!take_quoted(&at, key, sizeof key))
            return false;
        pass_blanks(&at);
        if (*at++ != ':')
            return false;
        pass_blanks(&at);
        if (strcmp(key, "descr") == 0) {
            bit = 1;
            done = take_quoted(&at, descr, 16);
        } else if (strcmp(key, "fortran_order") == 0) {
            bit = 2;
            *fortran = strncmp(at, "True", 4) == 0;
            done = *fortran || strncmp(at, "False", 5) == 0;
            at += done ? 5 - *fortran : 0;
        } else if (strcmp(key, "shape") == 0) {
            bit = 4;
            done = take_shape(&at, out);
        }
        if (!done || (seen & bit) != 0)
            return false;
        seen |= bit;
        pass_blanks(&at);
        if (*at == ',')
            ++at;
        else if (*at != '}')
            return false;
    }
}

/* Works out values and their bytes; false where they overflow. */
static bool measure(fmx__npy *npy, size_t *bytes)
{
    npy->values = 1;
    for (size_t i = 0; i < npy->rank; ++i) {
        if (!fmx__size_mul(npy->values, npy->shape[i], &npy->values))
            return false;
    }
    return fmx__size_mul(npy->values, types[npy->type].bytes, bytes);
}

/* Where the header begins and ends in a file of `bytes` bytes. */
static fmx_status find_header(fmx_context *ctx, const char *path, const unsigned char *file,
                              size_t bytes, size_t *begin, size_t *end)
{
    if (bytes < MAGIC_BYTES + 4 || memcmp(file, magic, MAGIC_BYTES) != 0)
        return refuse(ctx, FMX_ERROR_FORMAT, path, "not a .npy file");
    unsigned version = file[MAGIC_BYTES];
    if ((version != 1 && version != 2) || file[MAGIC_BYTES + 1] != 0)
        return fmx__fail(ctx, FMX_ERROR_UNSUPPORTED, "%s: .npy format %u.%u; save it as 1.0 or 2.0",
                         path, version, file[MAGIC_BYTES + 1]);
    *begin = MAGIC_BYTES + 2 + (version == 1 ? 2 : 4);
    size_t length = (size_t)file[8] | (size_t)file[9] << 8;
    if (version == 2 && bytes >= *begin)
        length |= (size_t)file[10] << 16 | (size_t)file[11] << 24;
    if (bytes < *begin || length > HEADER_MOST || length > bytes - *begin)
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: offset 8: a header of %zu bytes in a file of "
                         "%zu; it is cut short or damaged",
                         path, length, bytes);
    *end = *begin + length;
    return FMX_OK;
}

static fmx_status take_file(fmx_context *ctx, const char *path, char *file, size_t bytes,
                            fmx__npy *out)
{
    char header[HEADER_MOST + 1];
    char descr[16] = "";
    bool fortran = false;
    size_t begin = 0;
    size_t end = 0;
    size_t needed = 0;
    fmx_status status = find_header(ctx, path, (const unsigned char *)file, bytes, &begin, &end);
    if (status != FMX_OK)
        return status;
    memcpy(header, file + begin, end - begin);
    header[end - begin] = '\0';
    if (strlen(header) != end - begin || !take_header(header, descr, &fortran, out))
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: offset %zu: descr, fortran_order and shape are expected", path,
                         begin);
    while (out->type < FMX__NPY_TYPES && strcmp(types[out->type].descr, descr) != 0)
        ++out->type;
    if (out->type == FMX__NPY_TYPES)
        return fmx__fail(ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: type \"%s\"; save it as float32, float64 or complex64, little-endian",
                         path, descr);
    if (fortran)
        return refuse(ctx, FMX_ERROR_UNSUPPORTED, path,
                      "Fortran order; save numpy.ascontiguousarray of it");
    if (!measure(out, &needed) || needed != bytes - end)
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: %zu bytes of values, its shape takes another number; it is cut short "
                         "or damaged",
                         path, bytes - end);
    status = fmx__alloc(ctx, needed, 1, path, &out->data);
    if (status == FMX_OK && needed > 0)
        memcpy(out->data, file + end, needed);
    return status;
}

fmx_status fmx__npy_read(fmx_context *ctx, const char *path, size_t most, fmx__npy *out)
{
    char *file = NULL;
    size_t bytes = 0;
    *out = (fmx__npy){0};
    fmx_status status = fmx__read_file(ctx, path, most, &file, &bytes);
    if (status == FMX_OK)
        status = take_file(ctx, path, file, bytes, out);
    free(file);
    if (status != FMX_OK)
        *out = (fmx__npy){0};
    return status;
}

fmx_status fmx__npy_write(fmx_context *ctx, const char *path, bool overwrite, const fmx__npy *npy)
{
    fmx__npy copy = *npy;
    fmx__atomic_file file;
    char header[512];
    size_t bytes = 0;
    if (npy->rank > FMX__NPY_RANK_MOST || npy->type >= FMX__NPY_TYPES || !measure(&copy, &bytes))
        return refuse(ctx, FMX_ERROR_ARGUMENT, path, "an array of at most 8 axes is expected");
    int at = snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                      types[npy->type].descr);
    for (size_t i = 0; i < npy->rank; ++i)
        at += snprintf(header + at, sizeof header - (size_t)at, "%zu%s", npy->shape[i],
                       npy->rank == 1      ? ","
                       : i + 1 < npy->rank ? ", "
                                           : "");
    at += snprintf(header + at, sizeof header - (size_t)at, "), }");
    /* values begin at a multiple of 64; the header ends in a newline */
    size_t length = (size_t)at + 1;
    size_t head = MAGIC_BYTES + 4;
    length += (ALIGN_BYTES - (head + length) % ALIGN_BYTES) % ALIGN_BYTES;
    memset(header + at, ' ', length - (size_t)at);
    header[length - 1] = '\n';
    fmx_status status = fmx__atomic_open(ctx, path, overwrite, &file);
    if (status != FMX_OK)
        return status;
    const unsigned char lead[4] = {1, 0, (unsigned char)length, (unsigned char)(length >> 8)};
    /* a failure stays with the stream; the commit reports it */
    fwrite(magic, 1, MAGIC_BYTES, file.stream);
    fwrite(lead, 1, sizeof lead, file.stream);
    fwrite(header, 1, length, file.stream);
    if (bytes > 0)
        fwrite(npy->data, 1, bytes, file.stream);
    return fmx__atomic_commit(ctx, &file);
}
