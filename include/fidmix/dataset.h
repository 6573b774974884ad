/** @file dataset.h
 *  Datasets: spectra on one axis with what is known of each, in HDF5 that h5py opens.
 *
 *  `spectra` float32 [N][L], `ppm` float64 [L] descending, `name` and `source` strings [N],
 * `parent` int32 [N] or [N][k], `field_mhz`, `p0_deg`, `p1_deg`, `noise_sigma` float32 [N]; where
 * labelled `target` float32 [N][C] and `class_name` strings [C]; `split` uint8 [N]; further columns
 * at will. Root attributes `fidmix_version`, `recipe`, `seed`, `nucleus`, `inputs`. No object
 * times: equal contents give equal bytes.
 *
 *  A dataset whose spectra exceed 2 GiB lies in several files: out.shard-0001.h5 ..., each a
 * dataset of its own, and out.h5, which shows them as one (an HDF5 virtual dataset). Keep them
 * together.
 *
 *  While it is written, finished rows lie in the folder "out.h5.part"; the output appears when it
 *  is complete, by renaming. A process that is killed at any moment leaves at most that folder (and
 *  complete shards), and `resume` goes on from the rows in it.
 */
#ifndef FIDMIX_DATASET_H
#define FIDMIX_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fidmix/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_column_type {
    FMX_COLUMN_FLOAT, /**< float */
    FMX_COLUMN_INT,   /**< int32_t */
    FMX_COLUMN_BYTE,  /**< uint8_t */
    FMX_COLUMN_TEXT,  /**< char *, UTF-8 */
} fmx_column_type;

/** One value (width 0: a dataset [N]) or `width` values (a dataset [N][width]) for each row. */
typedef struct fmx_column {
    const char *name;
    fmx_column_type type;
    size_t width; /**< 0 for FMX_COLUMN_TEXT */
} fmx_column;

/** What will be written. Copied where it is needed after the call. */
typedef struct fmx_dataset_plan {
    size_t rows;               /**< at most; rows that are never appended are left out */
    size_t points;             /**< L */
    const double *ppm;         /**< [points], descending */
    const char *const *source; /**< [rows]: path of each row's data as given */
    const char *recipe;        /**< full text of the recipe in effect */
    const char *nucleus;       /**< "1H" */
    uint64_t seed;
    size_t parents; /**< values of `parent` for each row; 0: every row is its own parent */
    const char *const *class_name; /**< [classes]; NULL when not labelled */
    size_t classes;                /**< > 0: rows have a target */
    bool has_split;
    const fmx_column *column; /**< [column_count] further columns */
    size_t column_count;
    bool compress;      /**< deflate; off by default, noise does not compress */
    bool resume;        /**< go on with an unfinished part of the same plan */
    size_t shard_bytes; /**< of spectra in one file; 0: 2 GiB */
    const char *inputs; /**< what the rows depend on beside sources and recipe: another text is
                             another dataset to `resume`; NULL: nothing */
    bool in_order;      /**< every row will come, in ascending order: spectra go straight to their
                             file, at the rate of the disk. What survives the end of the process
                             are complete files only: resume goes on from the last one. Not with
                             compress, which keeps the journal. */
} fmx_dataset_plan;

typedef struct fmx_dataset_row {
    const char *name;
    const float *spectrum; /**< [points] */
    const int32_t *parent; /**< [plan.parents]; -1: unused */
    float field_mhz;
    float p0_deg;
    float p1_deg;
    float noise_sigma;
    const float *target; /**< [plan.classes] */
    uint8_t split;
    const void *const *column; /**< [plan.column_count]: each points to its values (text: char *) */
} fmx_dataset_row;

typedef struct fmx_dataset_writer fmx_dataset_writer;

/** Begins (or, with plan.resume, goes on with) the dataset `path`. With resume, a dataset that is
 *  there and complete for the same recipe and sources is no error: fmx_dataset_writer_finished.
 *  Errors: FMX_ERROR_EXISTS (the output, its shards or an unfinished part is there, or the part was
 *  made by another plan, or another process writes it), FMX_ERROR_WRITE, FMX_ERROR_ARGUMENT,
 *  FMX_ERROR_MEMORY. */
fmx_status fmx_dataset_writer_open(fmx_context *ctx, const char *path, const fmx_dataset_plan *plan,
                                   fmx_dataset_writer **out);

/** The whole output was there already: append and finish do nothing. */
bool fmx_dataset_writer_finished(const fmx_dataset_writer *writer);

/** Row `row` is stored (by this or an earlier run). */
bool fmx_dataset_writer_has(const fmx_dataset_writer *writer, size_t row);

/** Rows stored so far. */
size_t fmx_dataset_writer_count(const fmx_dataset_writer *writer);

/** Stores a row; rows come in any order, a row stored twice keeps the later. After the call it
 *  survives the end of the process. Errors: FMX_ERROR_WRITE (no space included; the rows before
 *  stay), FMX_ERROR_ARGUMENT. */
fmx_status fmx_dataset_writer_append(fmx_dataset_writer *writer, size_t row,
                                     const fmx_dataset_row *values);

/** Makes the output from the rows stored (in the order of their numbers) and removes the part. On
 *  failure the part stays. Errors: FMX_ERROR_WRITE, FMX_ERROR_ARGUMENT (no rows). */
fmx_status fmx_dataset_writer_finish(fmx_dataset_writer *writer);

/** Releases a writer; an unfinished part stays for a later resume. NULL is allowed. */
void fmx_dataset_writer_close(fmx_dataset_writer *writer);

/** Removes an unfinished part (complete shards included) and releases the writer. */
void fmx_dataset_writer_abandon(fmx_dataset_writer *writer);

/** Shows datasets that lie in the folder of `path` as one, in the order given, without copying a
 *  spectrum: parts that several machines wrote. They must have one axis, recipe, seed, nucleus,
 * list of classes and set of columns, and must stay where they are. Columns are taken over as they
 * stand. Errors: FMX_ERROR_EXISTS, FMX_ERROR_ARGUMENT (no parts, another folder), FMX_ERROR_FORMAT
 * (parts that differ), those of fmx_dataset_open, FMX_ERROR_WRITE. */
fmx_status fmx_dataset_join(fmx_context *ctx, const char *const *parts, size_t count,
                            const char *path);

/** A dataset open for reading. */
typedef struct fmx_dataset fmx_dataset;

typedef struct fmx_dataset_info {
    size_t rows;
    size_t points;
    const double *ppm;          /**< [points] */
    const char *fidmix_version; /**< "" where the file does not say, as the next two */
    const char *recipe;
    const char *nucleus;
    uint64_t seed;
    const char *const *class_name; /**< [classes] */
    size_t classes;                /**< 0: not labelled */
    size_t shards;                 /**< files that hold the spectra; 0: this one */
    const char *inputs; /**< number and checksum of the sources, and the plan's `inputs` */
} fmx_dataset_info;

/** Opens a dataset. Sizes, types and storage are checked against the real files; links to elsewhere
 *  and unknown filters are refused. Errors: FMX_ERROR_NOT_FOUND, FMX_ERROR_READ, FMX_ERROR_FORMAT
 *  (message with file and dataset), FMX_ERROR_UNSUPPORTED, FMX_ERROR_MEMORY. */
fmx_status fmx_dataset_open(fmx_context *ctx, const char *path, fmx_dataset **out);

/** What the dataset is; valid until it is closed. */
const fmx_dataset_info *fmx_dataset_describe(const fmx_dataset *dataset);

/** Reads rows [first, first + count) into out, [count][points]. Errors: FMX_ERROR_ARGUMENT (past
 * the end), FMX_ERROR_READ. */
fmx_status fmx_dataset_read_spectra(fmx_dataset *dataset, size_t first, size_t count, float *out);

/** Lists the columns, all datasets with one entry for each row but `spectra`, in the order of their
 *  names: *out is one piece of memory, names included, released with free(). Errors:
 *  FMX_ERROR_FORMAT, FMX_ERROR_MEMORY. */
fmx_status fmx_dataset_list_columns(fmx_dataset *dataset, fmx_column **out, size_t *count);

/** True when there is a column of that name; its type and width (0: one value a row). */
bool fmx_dataset_find_column(fmx_dataset *dataset, const char *name, fmx_column_type *type,
                             size_t *width);

/** Reads rows of a column of that type: float, int32_t or uint8_t [count] or [count][width] into
 * out. Errors: FMX_ERROR_NOT_FOUND, FMX_ERROR_FORMAT (another type), FMX_ERROR_ARGUMENT,
 *  FMX_ERROR_READ. */
fmx_status fmx_dataset_read_column(fmx_dataset *dataset, const char *name, fmx_column_type type,
                                   size_t first, size_t count, void *out);

/** Reads rows of a text column: *out is [count] strings in one piece of memory, released with
 *  free(). Errors as above. */
fmx_status fmx_dataset_read_text(fmx_dataset *dataset, const char *name, size_t first, size_t count,
                                 char ***out);

/** NULL is allowed. */
void fmx_dataset_close(fmx_dataset *dataset);

#ifdef __cplusplus
}
#endif
#endif
