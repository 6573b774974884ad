/* What a fuzz target's input stands for: the files of one folder.
 *
 * An input is a run of files. Each begins with the mark and one character, which picks the file's
 * name from the format's list ('0' the first one); what stands before the first mark belongs to
 * name 0, so that a format of single files needs no mark at all. A mark rather than a length:
 * inserting a byte into one file leaves the others as they are. */
#ifndef FMX_FUZZ_FORMATS_H
#define FMX_FUZZ_FORMATS_H

#include <stdbool.h>
#include <stddef.h>

#define FMX_FUZZ_MARK "@#F:"

/* Memory for a zip archive among the files, whatever it unpacks to: decompression, and 32 KiB for
 * each of 64 folders in folders. What the readers then take is a multiple of the unpacked bytes and
 * not counted, nor are the points. */
#define FMX_FUZZ_UNPACKING ((size_t)5 << 19)

typedef enum fmx_fuzz_reading {
    FMX_FUZZ_SOURCES,     /* fmx_source_find, then fmx_fid_read of all */
    FMX_FUZZ_RECIPE,      /* fmx__recipe_parse with every section, then written and read again */
    FMX_FUZZ_SAFETENSORS, /* fmx__safetensors_open and fmx__model_facts_read */
} fmx_fuzz_reading;

typedef struct fmx_fuzz_format {
    const char *name; /* of the target: fuzz_<name> */
    fmx_fuzz_reading reading;
    const char *const *file; /* names in the folder, NULL at the end */

    /* The most memory in use at a time is bytes_each for each byte of input, and bytes_anyway. */
    size_t bytes_each;
    size_t bytes_anyway;
    size_t points_each; /* of all sources together for each byte of input, and points_anyway */
    size_t points_anyway;
} fmx_fuzz_format;

/* NULL past the last. */
const fmx_fuzz_format *fmx_fuzz_format_at(size_t index);
const fmx_fuzz_format *fmx_fuzz_format_find(const char *name);

#endif
