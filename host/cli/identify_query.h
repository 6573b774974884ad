/* Which compounds of a library a query model sees in spectra. */
#ifndef FIDMIX_IDENTIFY_QUERY_H
#define FIDMIX_IDENTIFY_QUERY_H

#include "fidmix/library.h"
#include "identify_input.h"
#include "query_model.h"
#include "query_report.h"

enum { FMX__IDENTIFY_MOST = 16 }; /* spectra that go through the chain together */

/* A library at one field with what the device knows of it. */
typedef struct fmx__identify_engine {
    fmx_library *library;
    fmx__pattern_table table;
    fmx__query_options wide_options;
    fmx__query_chain *chain;
    fmx__query_chain *wide; /* looks further for the offset; NULL: not needed so far */
    float **heights;        /* [widths x patterns] as far as they were asked for */
} fmx__identify_engine;

typedef struct fmx__identify_query {
    fmx_device *device;
    fmx_context *ctx;
    const char *model_path;
    const char *const *override; /* of its recipe: "key=value" */
    size_t overrides;
    const char *library_path;
    bool joint;
    bool pictures;
    fmx__query_model *model;
    fmx__model_facts facts; /* the model's, borrowed, with the axis of its recipe */
    const fmx__recipe *recipe;
    const fmx__query_options *options;
    double *ppm; /* [facts->axis.points] */
    fmx_spin_library
        spins; /* where the library is made from spin systems, at the spectra's field */
    bool has_spins;
    fmx__identify_engine **engine; /* their chains point into them */
    size_t engines;
    size_t engine_capacity;
    size_t current; /* engine of the spectra that wait */
    float *spectra; /* [FMX__IDENTIFY_MOST][points], sigma units */
    fmx_buffer *on_device;
    size_t waiting; /* of them, for the last items of the list */
    fmx__found *item;
    size_t count;
    size_t capacity;
    size_t strongest; /* joint: item with pictures */
    fmx__identify_failed failed;
    void *user;
} fmx__identify_query;

/* Opens model and library; device, override, joint, pictures, failed and user are the caller's.
 * `library` is what `fidmix library` wrote, for spectra within 2 % of its field, or spin systems (a
 * file, or "spin_systems"), of which one is made for each field. Release with
 * fmx__identify_query_close, also after an error. Errors: those of the files; FMX_ERROR_FORMAT (no
 * compound of the library has a line on the model's axis). */
fmx_status fmx__identify_query_open(fmx__identify_query *work, const char *model_path,
                                    const char *library);
void fmx__identify_query_close(fmx__identify_query *work);

/* Adds what is at `path`, as fmx__identify_walk finds it. Spectra of another field than the
 * library's and such without noise go to `failed`. */
fmx_status fmx__identify_query_path(fmx__identify_query *work, const char *path);

/* After the last path: with `joint`, makes one item of all. */
fmx_status fmx__identify_query_end(fmx__identify_query *work);

/* The answers as an array; `all`: those below the threshold too. NULL: memory ran out. */
cJSON *fmx__identify_query_json(const fmx__identify_query *work, bool all);

/* The answers as a page. */
fmx_status fmx__identify_query_page(const fmx__identify_query *work, const char *path,
                                    bool overwrite);

/* Takes what `fidmix library` wrote as the one engine. */
fmx_status fmx__identify_engine_read(fmx__identify_query *work, const char *path);

/* Engine for spectra of that field (0: not known), made where there is none yet: its number. */
fmx_status fmx__identify_engine_for(fmx__identify_query *work, const char *path, double field_mhz,
                                    size_t *out);
void fmx__identify_engine_clear(fmx__identify_engine *engine);

/* Puts what the chain and the network say of one spectrum into its item, in place of what was there
 * but texts and widths: candidates with their multiplets, pictures. */
fmx_status fmx__identify_query_item(fmx__identify_query *work, const fmx__query_answer *answer,
                                    const float *logit, size_t spectrum, fmx__found *out);

#endif
