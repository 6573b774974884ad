/* Text files that live in the binary: data/ (recipes, spin systems), as scripts/cmake/
 * embed_files.cmake wrote them. */
#ifndef FIDMIX_EMBEDDED_H
#define FIDMIX_EMBEDDED_H

#include <stddef.h>

typedef struct fmx__embedded {
    const char *file; /* without its folder: "process.yml" */
    const char *text; /* zero-terminated */
    size_t bytes;
} fmx__embedded;

extern const fmx__embedded fmx__data_files[];
extern const size_t fmx__data_file_count;

#endif
