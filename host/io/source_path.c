/* Paths of sources: their order, and the name of the sample in them. */
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io.h"
#include "text_encoding.h"

static size_t digits_at(const char *s)
{
    return strspn(s, "0123456789");
}

int fmx__compare_paths(const char *a, const char *b)
{
    const char *x = a;
    const char *y = b;
    while (*x != '\0' && *y != '\0') {
        if (isdigit((unsigned char)*x) && isdigit((unsigned char)*y)) {
            x += strspn(x, "0");
            y += strspn(y, "0");
            size_t n = digits_at(x);
            size_t m = digits_at(y);
            int order = n != m ? (n < m ? -1 : 1) : strncmp(x, y, n);
            if (order != 0)
                return order;
            x += n;
            y += m;
        } else if (*x != *y) {
            return (unsigned char)*x < (unsigned char)*y ? -1 : 1;
        } else {
            ++x;
            ++y;
        }
    }
    if (*x != *y)
        return *x == '\0' ? -1 : 1;
    return strcmp(a, b); /* "01" and "1" */
}

bool fmx__is_file_in(const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct stat info;
    size_t length = strlen(folder);
    if (length + strlen(name) + 2 > sizeof path)
        return false;
    memcpy(path, folder, length);
    path[length] = '/';
    memcpy(path + length + 1, name, strlen(name) + 1);
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool fmx__entry_has(const fmx__entry *entry, const char *name)
{
    bool listed = entry->name == NULL;
    for (size_t i = 0; !listed && i < entry->name_count; ++i) {
        const char *slash = strrchr(entry->name[i].path, '/');
        if (slash != NULL && strcmp(slash + 1, name) == 0) {
            if (entry->name[i].type == DT_REG)
                return true;
            listed = true;
        }
    }
    return listed && fmx__is_file_in(entry->path, name);
}

/* The last component of path[0..length) that names a sample, as a range; false when there is none
 * or it stands above a "..". */
static bool find_name(const char *path, size_t length, size_t *from, size_t *to)
{
    size_t end = length;
    while (end > 0) {
        size_t start = end;
        while (start > 0 && path[start - 1] != '/')
            --start;
        size_t n = end - start;
        const char *part = path + start;
        if (n == 2 && memcmp(part, "..", 2) == 0)
            return false;
        bool skipped = n == 0 || digits_at(part) >= n || (n == 1 && part[0] == '.') ||
                       (n == 5 && memcmp(part, "pdata", 5) == 0);
        if (!skipped) {
            *from = start;
            *to = end;
            return true;
        }
        end = start > 0 ? start - 1 : 0;
    }
    return false;
}

fmx_status fmx__sample_name(fmx_context *ctx, const char *path, char **out)
{
    size_t from = 0;
    size_t to = 0;
    char *whole = NULL; /* where the path is relative and says too little: ".", "7" */
    *out = NULL;
    bool found = find_name(path, strlen(path), &from, &to);
    if (!found) {
        whole = realpath(path, NULL);
        if (whole != NULL) {
            path = whole;
            found = find_name(whole, strlen(whole), &from, &to);
        }
    }
    if (!found) { /* nothing but numbers: the whole path */
        from = 0;
        to = strlen(path);
    }
    fmx_status status = fmx__text_to_utf8(ctx, path + from, to - from, out);
    free(whole);
    return status;
}
