/* What the rows of a dataset are: compound, FID they came from, training, validation or test.
 *
 * Classes. A labelled dataset brings its own (`class_name`, `target`); otherwise a row's class is
 * its name and the classes are the names in the order of their bytes. Foreign rows are of no class:
 * those that `foreign` names, and in a labelled dataset those with targets that are all zero.
 *
 * Split. Where the dataset has a column `split` it is used. Otherwise FIDs are dealt out, never
 * rows: all rows with one parent, and all spectra below one experiment folder (TopSpin's own
 * spectrum beside ours), go together. Within a class with n FIDs, test gets round(test n) of them
 * and validation round(validation n), at least one each where their fraction is above zero, and at
 * least one FID stays for training: validation gives way first, then test. Which FIDs: the class's
 * FIDs in the order of their paths, shuffled by Philox with key (split_seed, SPLIT) and counter
 * (hash of the class's name). So the split depends neither on the order of rows, nor on other
 * classes, nor on a recipe's `seed`: train and mix agree. With folds, the FIDs behind those for
 * test go to the folds in turn, beginning with fold hash mod folds, and one fold is validation:
 * test stays what it is, and every other FID is in one fold, but for the only one of a class, which
 * always trains. */
#ifndef FIDMIX_LABELS_H
#define FIDMIX_LABELS_H

#include "base.h"
#include "fidmix/dataset.h"

enum {
    FMX__SPLITS = 3,
    FMX__CLASS_NONE = -1,    /* a mixture */
    FMX__CLASS_FOREIGN = -2, /* nothing that is a class */
};

/* Codes of the column `split`; ALL is for choosing rows only. */
typedef enum fmx__split {
    FMX__SPLIT_TRAIN = 0,
    FMX__SPLIT_VALIDATION = 1,
    FMX__SPLIT_TEST = 2,
    FMX__SPLIT_ALL = 3,
} fmx__split;

extern const char *const fmx__split_names[]; /* "train", "validation", "test", "all", NULL */

typedef struct fmx__split_options {
    double validation; /* fraction of each class's FIDs */
    double test;
    int64_t seed;        /* "split_seed" */
    int64_t folds;       /* 0: none; the FIDs that are not test are dealt to so many folds */
    int64_t fold;        /* which of them, from 0, is validation */
    const char *foreign; /* compounds that are no class, separated by commas; NULL: none */
} fmx__split_options;

typedef struct fmx__labels {
    size_t rows;
    size_t classes;
    char **class_name; /* [classes] */
    int32_t *class_of; /* [rows]; else FMX__CLASS_NONE or FMX__CLASS_FOREIGN */
    float *target;     /* [rows][classes] proportions; NULL: 1 at class_of */
    uint8_t *split;    /* [rows], fmx__split */
    int32_t *parent;   /* [rows]: row of the FID that it came from; the first of a mixture's */
    bool stored_split; /* the dataset had the column */
    uint32_t *member[FMX__SPLITS + 1]; /* [rows]: rows of a split, class by class, then
                                          mixtures, then foreign rows */
    size_t *first[FMX__SPLITS + 1];    /* [classes + 3]: where a class begins in it */
} fmx__labels;

/* Reads the labels of an open dataset (`path` heads messages). With class_name given (a model's),
 * those are the classes, in that order, and a row of another is refused. Release with
 * fmx__labels_clear, also after an error. Errors: FMX_ERROR_FORMAT (labels that do not match or are
 * not finite, a row without a name, one class only, an unknown split), FMX_ERROR_ARGUMENT
 * (fractions), those of reading. */
fmx_status fmx__labels_read(fmx_context *ctx, fmx_dataset *dataset, const char *path,
                            const char *const *class_name, size_t classes,
                            const fmx__split_options *split, fmx__labels *out);

void fmx__labels_clear(fmx__labels *labels);

/* The rows of a class (classes: mixtures, classes + 1: foreign ones) in a split, ascending. */
const uint32_t *fmx__labels_members(const fmx__labels *labels, fmx__split split, size_t class_index,
                                    size_t *count);

/* Rows of a split. */
size_t fmx__labels_count(const fmx__labels *labels, fmx__split split);

/* FMX_ERROR_FORMAT unless the split has rows and, with `every_class`, a pure row of every class;
 * the message says what is missing and what to do. */
fmx_status fmx__labels_need(fmx_context *ctx, const fmx__labels *labels, const char *path,
                            fmx__split split, bool every_class);

/* Whether a row's name and the first `length` bytes of `listed` are of one compound. Where a name
 * became a folder's, letters that file systems mind are underscores in it. */
bool fmx__same_compound(const char *name, const char *listed, size_t length);

/* Fills labels->split from FIDs, host/signal/labels_split.c. `source` are the rows' paths. */
fmx_status fmx__labels_deal(fmx_context *ctx, fmx__labels *labels, const int32_t *parents,
                            size_t width, char *const *source, const fmx__split_options *options);

#endif
