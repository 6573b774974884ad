/* What the readers share: the table of formats and the walk through a tree of files. */
#ifndef FIDMIX_IO_H
#define FIDMIX_IO_H

#include "base.h"
#include "fidmix/fid.h"

enum {
    FMX__DEPTH_MOST = 64,   /* folders below the given path */
    FMX__START_MOST = 2048, /* bytes of a file that the walk shows to the formats */
};

/* One entry of the walk: a folder, or a regular file. */
typedef struct fmx__entry {
    const char *path; /* as the user would write it, no slash at the end */
    bool is_folder;
    bool with_processed; /* processed spectra are wanted beside a FID */
    int depth;           /* folders below the path that the user named; 0: that path itself */
    const char *start;   /* of a file: its first bytes, a zero behind them */
    size_t start_bytes;  /* 0 where it cannot be read */
    const struct fmx__name *name; /* of a folder: what lies in it; NULL where that is not known */
    size_t name_count;
} fmx__entry;

/* One name in a folder. */
typedef struct fmx__name {
    char *path;
    unsigned char type; /* as readdir tells it: DT_REG, DT_DIR, DT_UNKNOWN ... */
} fmx__name;

/* True when a regular file of this name lies in the folder. */
bool fmx__entry_has(const fmx__entry *entry, const char *name);

/* A format knows its data by content and reads them; one row of the table in
 * source_read.c each. */
typedef struct fmx__reader {
    const char *name; /* as in `fidmix info --json` */

    /* Files by which a user may name the folder that they lie in ("fid", "1r"), NULL at the end;
     * NULL: the format's data are single files. */
    const char *const *files;

    /* Appends what the entry itself holds, not what lies below it; the first format that appends
     * something has the entry. Errors: FMX_ERROR_MEMORY only. */
    fmx_status (*find)(fmx_context *ctx, const fmx__entry *entry, fmx_source_list *list);

    /* Fills *out (zeroed, path and name set); fmx_fid_read clears it after an error. */
    fmx_status (*read)(fmx_context *ctx, const fmx_source *source, fmx_read_depth depth,
                       fmx_fid *out);
} fmx__reader;

extern const fmx__reader fmx__reader_bruker;
extern const fmx__reader fmx__reader_varian;
extern const fmx__reader fmx__reader_jcamp;
extern const fmx__reader fmx__reader_jeol;
extern const fmx__reader fmx__reader_nmrml;
extern const fmx__reader fmx__reader_nmrpipe;
extern const fmx__reader fmx__reader_spinsolve;
extern const fmx__reader fmx__reader_tnmr;
extern const fmx__reader fmx__reader_zip; /* archives that are refused */

extern const fmx__reader *const fmx__readers[];
extern const size_t fmx__reader_count;

/* Appends one source; `format` is static. */
fmx_status fmx__source_append(fmx_context *ctx, fmx_source_list *list, const char *path,
                              const char *format, fmx_kind kind);

/* True when "<folder>/<name>" is a regular file (symbolic links followed). */
bool fmx__is_file_in(const char *folder, const char *name);

/* Order of two paths: byte-wise, runs of digits by value. */
int fmx__compare_paths(const char *a, const char *b);

/* "H1" and "1H" are 1H: true where `text` is a nucleus in either order and fits. */
bool fmx__nucleus_name(const char *text, char nucleus[16]);

/* The text of a file on one line, released with free(); "" where path is NULL, and with a warning
 * where the file cannot be read: a title is no reason to refuse a FID. Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__title_read(fmx_context *ctx, const char *path, char **out);

/* Turns points of `parts` floats round, for axes that rise. */
void fmx__turn_round(float *data, size_t points, size_t parts);

/* The name of the sample that the data at `path` belong to: the nearest folder, the last included,
 * whose name is neither digits only nor "pdata"; UTF-8, released with free(). */
fmx_status fmx__sample_name(fmx_context *ctx, const char *path, char **out);

#endif
