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
    uint64_t *offset; /* [rows]: of the payload in its shard's journal, or FMX__ROW_... */
    char *payload;
    size_t payload_capacity;
    int lock;
};

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
