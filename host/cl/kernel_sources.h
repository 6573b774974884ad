/* The kernel files, embedded by scripts/cmake/embed_files.cmake. */
#ifndef FIDMIX_KERNEL_SOURCES_H
#define FIDMIX_KERNEL_SOURCES_H

#include <stddef.h>

typedef struct fmx__kernel_source {
    const char *file; /* "apodisation.cl" */
    const char *text; /* zero-terminated */
    size_t bytes;
} fmx__kernel_source;

extern const fmx__kernel_source fmx__kernel_sources[];
extern const size_t fmx__kernel_source_count;

#endif
