#include <string.h>

#include "fuzz_formats.h"

static const char *const bruker_files[] = {"7/acqus",      "7/fid",        "7/pdata/1/procs",
                                           "7/pdata/1/1r", "7/pdata/1/1i", "7/pdata/1/title",
                                           "7/acqu",       "7/ser",        NULL};
static const char *const varian_files[] = {"procpar", "fid", "text", NULL};
static const char *const spinsolve_files[] = {"acqu.par", "data.1d", "spectrum.1d", "nmr_fid.dx",
                                              NULL};
static const char *const single_file[] = {"input", NULL};

enum {
    FOLDER = 96 * 1024, /* the walk: two handles of folders of 32 KiB, names, the start of a file */
    TEXT = 64,          /* texts become UTF-8 and tables of keys: some copies, records, indices */
    RECIPE = 4 << 20,   /* the options of 256 stages, twice */
    RECIPE_EACH = 4096, /* 16 nodes of YAML, and the text of every option of a stage named */
};

/* A point is 8 bytes. JCAMP-DX: 64 points of a byte and 4096 anyway (docs/formats.md). nmrML:
 * deflate packs 1032 to 1, base64 3 to 4; the values and the points made of them are held together.
 */
static const fmx_fuzz_format formats[] = {
    {"bruker", FMX_FUZZ_SOURCES, bruker_files, TEXT, FOLDER, 1, 0},
    {"varian", FMX_FUZZ_SOURCES, varian_files, TEXT, FOLDER, 1, 0},
    {"spinsolve", FMX_FUZZ_SOURCES, spinsolve_files, 544 + TEXT, FOLDER + 32768, 65, 4096},
    {"jcamp", FMX_FUZZ_SOURCES, single_file, 544 + TEXT, FOLDER + 32768, 64, 4096},
    {"jeol", FMX_FUZZ_SOURCES, single_file, TEXT, FOLDER, 1, 0},
    {"nmrpipe", FMX_FUZZ_SOURCES, single_file, TEXT, FOLDER, 1, 0},
    {"nmrml", FMX_FUZZ_SOURCES, single_file, 2 * 774 + TEXT, FOLDER, 774 / 8 + 1, 8},
    {"zip", FMX_FUZZ_SOURCES, single_file, TEXT, FOLDER, 1, 0},
    {"recipe", FMX_FUZZ_RECIPE, single_file, RECIPE_EACH, RECIPE, 0, 0},
    {"safetensors", FMX_FUZZ_SAFETENSORS, single_file, 256, FOLDER, 0, 0},
};

const fmx_fuzz_format *fmx_fuzz_format_at(size_t index)
{
    return index < sizeof formats / sizeof *formats ? &formats[index] : NULL;
}

const fmx_fuzz_format *fmx_fuzz_format_find(const char *name)
{
    const fmx_fuzz_format *format = formats;
    for (size_t i = 0; (format = fmx_fuzz_format_at(i)) != NULL && strcmp(format->name, name) != 0;)
        ++i;
    return format;
}
