/* Which of its classes a trained classifier sees in a FID or a spectrum of a dataset. */
#ifndef FIDMIX_IDENTIFY_CLASSES_H
#define FIDMIX_IDENTIFY_CLASSES_H

#include <stdio.h>

#include <cjson/cJSON.h>

#include "identify_input.h"
#include "line_match.h"
#include "model.h"

/* Why a name is taken back. */
typedef enum fmx__identify_doubts {
    FMX__DOUBT_NONE,
    FMX__DOUBT_LACKS, /* multiplets that ought to rise well above the noise are not there */
    FMX__DOUBT_ALONE, /* it has one line, and nearly all of the signal is unexplained */
} fmx__identify_doubts;

/* One spectrum with the model's answer. */
typedef struct fmx__identified {
    char *path;        /* of the FID, or of the dataset */
    char *name;        /* sample, where it is known */
    size_t row;        /* dataset: its row */
    bool is_row;       /* of a dataset */
    float *presence;   /* [classes] probabilities */
    float *proportion; /* [classes] */
    double *shift_ppm; /* [classes] above the library's place, NAN: not known; NULL: no library */
    uint8_t *doubt;    /* [classes] fmx__identify_doubts */
    double explained;  /* share of the signal that what is named explains; NAN: not known */
    double offset_ppm; /* that the spectrum was moved by, downwards */
    double seconds;    /* from the file to the names, shared evenly among what ran together */
} fmx__identified;

enum { FMX__IDENTIFY_BATCH = 16 };

typedef struct fmx__identify {
    fmx_device *device;
    fmx_context *ctx;
    const char *model_path;
    const char *const *override; /* of its recipe: "key=value" */
    size_t overrides;
    fmx__model *model;
    const fmx__model_facts *facts;
    double *ppm;               /* [facts->axis.points] */
    fmx__line_library library; /* of pure compounds; without: no multiplets */
    bool given;                /* it is the user's; otherwise the lines of the spin systems that the
                                  model learned from, */
    double lines_mhz;          /* at this field; 0: not yet */
    bool calibrate;            /* spectra are referenced to it */
    float *spectra;            /* [FMX__IDENTIFY_BATCH][points] */
    size_t waiting;            /* of them, for the last items of the list */
    fmx__identified *item;
    size_t count;
    size_t capacity;
    fmx__identify_failed failed;
    void *user;
} fmx__identify;

/* Opens the model; device, override, failed and user are the caller's. Release with
 * fmx__identify_close, also after an error. Errors: those of fmx__model_open. */
fmx_status fmx__identify_open(fmx__identify *work, const char *model_path);

/* Takes a dataset of pure spectra for shifts and, with `calibrate`, for referencing. Errors: those
 * of fmx__line_library_read. */
fmx_status fmx__identify_library(fmx__identify *work, const char *path, bool calibrate);
void fmx__identify_close(fmx__identify *work);

/* Adds what is at `path`: every FID of a tree, processed as the model's recipe says, or every row
 * of a dataset. Inputs of another nucleus or axis, unreadable ones and those with values that are
 * not finite go to `failed`. Progress is "process", in rows. Errors: what `failed` returns, device
 * errors, FMX_ERROR_MEMORY, FMX_ERROR_INTERRUPTED. */
fmx_status fmx__identify_path(fmx__identify *work, const char *path);

/* Whether a spectrum of this field needs other lines than those that are drawn: without a library
 * of the user's, those of the spin systems that the model learned from. */
bool fmx__identify_other_lines(const fmx__identify *work, double field_mhz);

/* Draws them, for the spectrum at `path`. Where they cannot be had, a warning. Errors:
 * FMX_ERROR_MEMORY, FMX_ERROR_INTERRUPTED. */
fmx_status fmx__identify_lines(fmx__identify *work, const char *path, double field_mhz);

/* Holds the names against the lines, where there are any: doubts, the share explained, shifts of
 * what stays named. Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__identify_compare(fmx__identify *work, fmx__identified *item, const float *spectrum);
const char *fmx__identify_doubt_text(fmx__identify_doubts doubt);

/* Makes one answer of all: spectra of one sample. Logits of presence are averaged, and proportions
 * and shifts as they are. The path is the folder that all lie in. */
fmx_status fmx__identify_join(fmx__identify *work);

/* Probability from which a compound is named. */
double fmx__identify_threshold(const fmx__identify *work);

/* Classes of an item from the threshold on that are not doubted, the most probable first, in
 * order[classes]; their number. */
size_t fmx__identify_named(const fmx__identify *work, const fmx__identified *item, size_t *order);

/* The answers as a table. */
fmx_status fmx__identify_print(const fmx__identify *work, FILE *to);

/* The same as an array, docs/identify.md; NULL: memory ran out. */
cJSON *fmx__identify_json(const fmx__identify *work);

#endif
