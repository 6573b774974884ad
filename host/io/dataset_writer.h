/* What the files that write a dataset share.
 *
 * The folder "<path>.part" holds: lock (held while a process writes), plan (what the part is for;
 * it is written first), rows-NNNN (the journal of shard N), building.h5. A shard that is complete
 * is built, renamed into place, and only then loses its journal. */
#ifndef FIDMIX_DATASET_WRITER_H
#define FIDMIX_DATASET_WRITER_H

#include "dataset_hdf5.h"

#define FMX__ROW_ABSENT UINT64_MAX      /* not stored */
#define FMX__ROW_BUILT (UINT64_MAX - 1) /* in a shard that is in place */

enum { FMX__FIXED_COLUMNS = 7 }; /* name source parent field_mhz p0_deg p1_deg noise_sigma */

typedef struct fmx__dataset_shard {
    size_t stored;
    bool built;
} fmx__dataset_shard;

typedef struct fmx__dataset_building fmx__dataset_building;

struct fmx_dataset_writer {
    fmx_context *ctx;
    char *path;
    char *part;      /* folder */
    char *plan_text; /* content of its plan file */
    char *recipe;
    char *nucleus;
    char *inputs; /* number and checksum of the sources */
    uint64_t seed;
    bool compress;
    bool finished;
    bool self_parent;
    size_t rows;
    size_t points;
    size_t stored;
    double *ppm;       /* [points] */
    char **source;     /* [rows], UTF-8 */
    char **class_name; /* [classes] */
    size_t classes;
    fmx_column *column; /* every column in file order; names are owned */
    size_t column_count;
    bool has_split;
    size_t shard_rows;         /* rows of a full shard; == rows when there is only one file */
    fmx__dataset_shard *shard; /* [shard_count] */
    size_t shard_count;
    char **shard_file; /* [shard_count]: where shards lie; NULL: at fmx__shard_path's own names */
    uint64_t *offset;  /* [rows]: of the payload in its shard's journal, or FMX__ROW_... */
    char *payload;
    size_t payload_capacity;
    int lock;
    bool in_order;
    fmx__dataset_building *making; /* in_order: the file under way; NULL between files */
};

/* One file in the making. */
struct fmx__dataset_building {
    fmx_dataset_writer *w;
    const char *beside; /* its path until it is complete */
    hid_t file;
    size_t rows;   /* of the file */
    char **values; /* [column_count]: all values of a column, rows in order */
    char *texts;   /* what the text columns point into, until the columns are put */
    size_t texts_used;
    size_t texts_capacity;
};

/* Begins a file: room on the disk, attributes, axis, memory for the columns. */
fmx_status fmx__building_begin(fmx__dataset_building *b, char *beside, bool spectra);

/* Makes the dataset of spectra, which is of `space`. */
hid_t fmx__building_spectra(fmx__dataset_building *b, hid_t space, hid_t properties);

/* Takes row `at`'s columns (each value; texts by their first character); put_columns writes those
 * of all rows. */
fmx_status fmx__building_take(fmx__dataset_building *b, size_t at, const char *const *column);
fmx_status fmx__building_put_columns(fmx__dataset_building *b);

/* Closes the file, syncs and renames it to `path`, or removes it unless status is FMX_OK. */
fmx_status fmx__building_end(fmx__dataset_building *b, fmx_status status, const char *path);

/* in_order: the row into its file, which is put into place with its last row (the only file: by
 * fmx__direct_finish). */
fmx_status fmx__direct_append(fmx_dataset_writer *w, size_t row, const fmx_dataset_row *values);
fmx_status fmx__direct_finish(fmx_dataset_writer *w);

/* Drops the file under way, if any. */
void fmx__direct_drop(fmx_dataset_writer *w);

/* First row of shard s, and of the one behind it. */
size_t fmx__shard_first(const fmx_dataset_writer *w, size_t shard);

/* "out.shard-0001.h5" for shard 0; the output itself when there is only one file. */
fmx_status fmx__shard_path(const fmx_dataset_writer *w, size_t shard, char **out);
fmx_status fmx__shard_journal(const fmx_dataset_writer *w, size_t shard, char **out);

/* Most bytes that a row's payload may have. */
size_t fmx__payload_most(const fmx_dataset_writer *w);

/* A payload is the columns, each value in turn (texts: uint32 length, bytes, zero), padded to four,
 * and the spectrum. Packing fills w->payload. */
fmx_status fmx__payload_pack(fmx_dataset_writer *w, size_t row, const fmx_dataset_row *values,
                             size_t *bytes);

/* The columns of a payload alone, and where each one's value lies in it. */
fmx_status fmx__payload_columns(fmx_dataset_writer *w, size_t row, const fmx_dataset_row *values,
                                size_t *bytes);
bool fmx__payload_find(const fmx_dataset_writer *w, const char *payload, size_t bytes,
                       const char **column, size_t *end);

/* Where each column's value of a payload lies (texts: at the first character), and the spectrum.
 * False when the payload is not one of this plan. */
bool fmx__payload_unpack(const fmx_dataset_writer *w, const char *payload, size_t bytes,
                         const char **column, const float **spectrum);

/* Makes shard `shard` from its journal and renames it into place. */
fmx_status fmx__dataset_build(fmx_dataset_writer *w, size_t shard);

/* True when the root attribute `inputs` of a dataset is that text. */
bool fmx__dataset_inputs_are(fmx_dataset *dataset, const char *inputs);

/* Makes the file that shows all shards as one and renames it into place. */
fmx_status fmx__dataset_build_view(fmx_dataset_writer *w);

#endif
