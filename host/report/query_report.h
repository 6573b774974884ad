/* What a query model says of a spectrum: the compounds of a library with their multiplets, and what
 * nobody explains; as JSON, as a table and as a page for chemists. docs/identify.md.
 *
 * Plain values, so that whatever found them can fill them. Heights are in units of the spectrum's
 * noise sigma, ppm in the spectrum's own reference. What is not known is NaN or NULL. */
#ifndef FIDMIX_QUERY_REPORT_H
#define FIDMIX_QUERY_REPORT_H

#include <stdio.h>

#include <cjson/cJSON.h>

#include "base.h"

/* One multiplet of a compound, where the fit put it. */
typedef struct fmx__found_multiplet {
    double ppm;       /* its middle, as found */
    double low_ppm;   /* its last and ... */
    double high_ppm;  /* ... its first line, as found */
    double shift_ppm; /* above the library's place, once the reference is put right */
    double protons;
    double share;       /* its own amplitude over the compound's: 1 where its multiplets agree */
    double residual;    /* weighted root mean square of what is left there */
    double correlation; /* of its pattern with what is left when all others are taken away */
    double overlap;     /* share of others' signal at its place, 0 to 1 */
    size_t lines;
    size_t first; /* point of the axis where `own` begins */
    size_t count;
    float *own; /* [count] this multiplet in the fit; NULL: not kept */
} fmx__found_multiplet;

/* One candidate. */
typedef struct fmx__found_compound {
    const char *name;     /* borrowed, as are the next three */
    const char *also;     /* other names with the same lines, "a; b"; "" or NULL: none */
    const char *synonyms; /* "" or NULL: none */
    const char *source;
    size_t id;    /* of the compound in its library */
    double logit; /* of the probability */
    double probability;
    double proportion; /* of the amounts of what is named */
    double shift_ppm;  /* mean of its multiplets by protons */
    double amount;     /* signal of one proton: sum of heights over the points of the axis */
    double amount_low; /* 95 % interval */
    double amount_high;
    double collinearity; /* largest with another candidate of the fit, 0 to 1 */
    const char *rival;   /* that candidate; NULL: not known */
    double residual;     /* mean square of what is left in its windows, weighted */
    double explained;    /* share of its windows that it explains */
    double weakest;      /* amplitude of its weakest multiplet over the compound's */
    fmx__found_multiplet *multiplet;
    size_t multiplets;
    size_t spectra; /* joint: in how many of them it is a candidate of the fit; 0: not joined */
} fmx__found_compound;

/* A spectrum, or with `joined` several of one sample. */
typedef struct fmx__found {
    char *path;
    char **joined; /* [joined_count] paths of the spectra; NULL: one */
    size_t joined_count;
    char *name; /* of the sample, "": not known */
    size_t row;
    bool is_row;                   /* of a dataset */
    fmx__found_compound *compound; /* all candidates that were looked at, the most probable first */
    size_t compounds;
    size_t named;      /* the first `named` of them reach the threshold */
    size_t candidates; /* of the library */
    double threshold;
    double offset_ppm; /* how far the spectrum lies above the library's reference */
    bool offset_clear; /* its lines agree on that */
    double width_hz;   /* of its lines */
    double seconds;
    size_t drawn;    /* joint: which of the spectra is drawn */
    float *observed; /* [points] sigma units; NULL: not kept */
    float *fitted;   /* [points] all of the fit, candidates that are not named included */
} fmx__found;

/* Releases what the item owns: texts that are not borrowed, arrays. */
void fmx__found_clear(fmx__found *item);

/* Sorts the candidates by probability (equal ones as they came), counts those named, gives them
 * their proportions and sorts their multiplets by falling ppm. */
void fmx__found_sort(fmx__found *item);

/* Releases the pictures: spectrum, fit and the multiplets' shapes. */
void fmx__found_forget(fmx__found *item);

/* Largest overlap (cosine) of each named compound's shape with another candidate's, where the
 * shapes are kept: collinearity and rival. `own` may be on any scale that a compound's multiplets
 * share. Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__found_rivals(fmx_context *ctx, fmx__found *item, size_t points);

/* A second look at a spectrum, for which only some of its candidates were fitted: `second` becomes
 * `first`, with the means of both logits. Candidates that were not looked at again stay as they
 * were; pictures are those of `second`. Clears `second`, also after an error. Errors:
 * FMX_ERROR_MEMORY. */
fmx_status fmx__found_again(fmx_context *ctx, fmx__found *first, fmx__found *second);

/* One item for several spectra of one sample, whose items (of one library, sorted) are taken over
 * and cleared. Logits are averaged, `absent` standing where a compound is no candidate; amounts are
 * the means of all spectra, each scaled so that what is named together has the same sum as in the
 * spectrum that is drawn: the one with pictures or, of several, the strongest; their interval takes
 * in how the spectra scatter. Multiplets are those of the spectrum drawn. `library` is the number
 * of the library's compounds. Release with fmx__found_clear, also after an error. Errors:
 * FMX_ERROR_MEMORY. */
fmx_status fmx__found_join(fmx_context *ctx, fmx__found *item, size_t count, size_t library,
                           double absent, fmx__found *out);

/* Cuts a path (not empty) to the folder that it and another one lie in, "." where there is none;
 * where one lies below the other, that is the upper one. */
void fmx__common_folder(char *path, const char *other);

/* ---- what nobody explains -------------------------------------------------------------------- */

typedef struct fmx__found_peak {
    double ppm;
    double height;   /* of what is left, sigma units */
    double observed; /* of the spectrum there */
    size_t point;
    const fmx__found_compound *nearest; /* named compound with the nearest multiplet; NULL: none */
    double distance_ppm;                /* to that multiplet's lines, 0: among them */
    const fmx__found_compound *maybe;   /* the most probable one not named whose line would stand
                                           here; NULL: none */
} fmx__found_peak;

/* Heights of what the named compounds leave: out[points] = observed - their multiplets. */
void fmx__found_left(const fmx__found *item, size_t points, float *out);

/* Maxima of what is left that rise `least` sigma and two fifths of the height there,
 * at least 0.01 ppm apart, by falling height; at most `most`. *out is released with free().
 * Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__found_unassigned(fmx_context *ctx, const fmx__found *item, const double *ppm,
                                 size_t points, double least, size_t most, fmx__found_peak **out,
                                 size_t *count);

/* ---- what speaks against a compound ---------------------------------------------------------- */

enum { FMX__FOUND_DOUBT_BYTES = 240, FMX__FOUND_DOUBTS = 6 };

/* Sentences for chemists, the gravest first; their number. */
size_t fmx__found_doubts(const fmx__found_compound *compound,
                         char text[FMX__FOUND_DOUBTS][FMX__FOUND_DOUBT_BYTES]);

/* ---- output ---------------------------------------------------------------------------------- */

/* One entry of `identify --json`; `all`: candidates below the threshold too, as `others`. NULL:
 * memory ran out. */
cJSON *fmx__found_json(fmx_context *ctx, const fmx__found *item, bool all);

/* The same as a table. */
void fmx__found_print(const fmx__found *item, FILE *to);

typedef struct fmx__found_fact {
    const char *name;
    const char *value;
} fmx__found_fact;

/* A page of one or more items that share an axis; what is NULL is left out. */
typedef struct fmx__found_page {
    const char *title;
    const fmx__found_fact *fact;
    size_t facts;
    const fmx__found *item;
    size_t items;
    const char *nucleus;
    const double *ppm; /* [points], descending */
    size_t points;
} fmx__found_page;

enum { FMX__FOUND_MOST_DRAWN = 12 }; /* items with pictures; those beyond are tables only */

/* The page as text. Same contents, same bytes. *out is released with free(). Errors:
 * FMX_ERROR_SHAPE (an axis without points), FMX_ERROR_MEMORY. */
fmx_status fmx__found_page_text(fmx_context *ctx, const fmx__found_page *page, char **out,
                                size_t *bytes);

/* The same as a file, written beside `path`, synced and renamed. Also FMX_ERROR_EXISTS,
 * FMX_ERROR_WRITE. */
fmx_status fmx__found_page_write(fmx_context *ctx, const fmx__found_page *page, const char *path,
                                 bool overwrite);

#endif
