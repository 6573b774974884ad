/* JCAMP-DX files: labelled records, blocks in blocks, and which of them holds an NMR measurement.
 */
#ifndef FIDMIX_JCAMP_BLOCKS_H
#define FIDMIX_JCAMP_BLOCKS_H

#include "fidmix/fid.h"
#include "jcamp_parameters.h"

enum { FMX__JCAMP_TABLES = 4 };

/* The lines below a record with data. */
typedef struct fmx__jcamp_data {
    size_t line; /* of the first, from 1 */
    const char *text;
    size_t bytes;
    char symbol; /* 'R' or 'I' of a page, 'Y' of XYDATA */
} fmx__jcamp_data;

/* One block of data type NMR FID or NMR SPECTRUM. */
typedef struct fmx__jcamp_block {
    bool found;
    fmx_kind kind;
    bool tuples;       /* ##NTUPLES */
    const char *head;  /* from ##TITLE to the first table */
    size_t head_bytes; /* 0: no table */
    fmx__jcamp_data table[FMX__JCAMP_TABLES];
    size_t table_count;
    size_t others; /* further blocks of the same kind */
} fmx__jcamp_block;

/* True when the text begins like JCAMP-DX: "##TITLE" behind blanks and a byte order mark. */
bool fmx__jcamp_begins(const char *text, size_t bytes);

/* The block that is read: the first FID, else the first spectrum; found is false when there is
 * neither. Pointers are into `text`. */
void fmx__jcamp_find(const char *text, size_t bytes, fmx__jcamp_block *out);

/* Value of a label, compared without case, blanks and the characters - / _ ., and without the $ of
 * private ones; NULL when absent. `label` is in capitals without these: "OBSERVEFREQUENCY". */
const char *fmx__jcamp_text(const fmx__parameters *parameters, const char *label);

#endif
