/* Candidate phases, 16 in a pass, host/signal/autophase_tries.c. */
#ifndef FIDMIX_AUTOPHASE_TRIES_H
#define FIDMIX_AUTOPHASE_TRIES_H

#include "autophase_internal.h"

enum { FMX__TRIES = 16 };

typedef struct fmx__autophase_tries {
    fmx__autophase_work *work;
    fmx_buffer *z; /* complex64 [rows][stride], not owned */
    size_t stride;
    size_t chunks;
    bool entropy; /* ACME's objective on all points; else negative area on those in use */
    bool begun;   /* work->state holds the best so far */
    fmx_buffer *candidates;
    fmx_buffer *objectives; /* float [rows][FMX__TRIES], of the last pass */
    fmx_buffer *sums;
} fmx__autophase_tries;

fmx_status fmx__autophase_tries_open(fmx__autophase_work *work, fmx_buffer *z, size_t stride,
                                     bool entropy, fmx__autophase_tries *tries);
void fmx__autophase_tries_close(fmx__autophase_tries *tries);

/* Tries 16 pairs (a0, a1) in turns, absolute or added to the best so far; the best of all passes
 * stays in work->state. */
fmx_status fmx__autophase_try(fmx__autophase_tries *tries, float offset[FMX__TRIES][2],
                              bool absolute);

fmx_status fmx__autophase_acme(fmx__autophase_work *work);
fmx_status fmx__autophase_negative_area(fmx__autophase_work *work);

/* Z without its local baseline, complex64 [rows][most], in *out (released by the caller). */
fmx_status fmx__autophase_leveled(fmx__autophase_work *work, fmx_buffer **out);

#endif
