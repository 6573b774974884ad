/* Libraries in files, below include/fidmix/library.h. */
#ifndef FIDMIX_LIBRARY_FILE_H
#define FIDMIX_LIBRARY_FILE_H

#include "base.h"
#include "fidmix/library.h"

enum {
    FMX__LIBRARY_MOST_LINES = 1 << 28,
    FMX__LIBRARY_LONGEST_TEXT = 4096, /* of a name, the synonyms or the source of an entry */
};

/* Whether the file at `path` is HDF5 with the lines of a library; false also where it cannot be
 * opened. */
bool fmx__library_is(fmx_context *ctx, const char *path);

/* Whether `name` is one of "a; b; c" (NULL: none), letter case ignored. */
bool fmx__library_is_among(const char *list, const char *name);

/* Fills what follows from the lines: places and protons of multiplets, protons of entries. */
void fmx__library_sum(fmx_library *library);

#endif
