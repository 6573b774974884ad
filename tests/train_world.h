/* Trainings in a folder of their own, for tests (Criterion) on top of train_fixture.h. */
#ifndef FMX_TRAIN_WORLD_H
#define FMX_TRAIN_WORLD_H

#include "fmx_test.h"
#include "search.h"
#include "train_fixture.h"

enum { CLASSES = 4, FIDS = 8, PATH = 600 };

/* CLASSES compounds of FIDS rows. */
extern const fmx_train_set fmx_usual_set;

/* A device, a folder and a dataset in it. */
typedef struct fmx_world {
    fmx_test test;
    char folder[PATH];
    char spectra[PATH + 32];
    char out[PATH + 32];
} fmx_world;

void fmx_world_open(fmx_world *w, const fmx_train_set *set);

/* OUT with something behind it, until the next call. */
const char *fmx_world_beside(const fmx_world *w, const char *end);

/* The usual recipe with another optimiser. */
const char *fmx_with_optimiser(const char *optimiser);

/* Trains the usual recipe into OUT. */
fmx_train_run fmx_world_run(const fmx_world *w);

fmx__train_result fmx_world_trained(const fmx_world *w, const fmx_train_run *run);

/* Runs until `left` steps are done; an interrupted context stays so: another one goes on. */
void fmx_world_interrupt(fmx_world *w, const fmx_train_run *run, size_t left);

/* The same for a search. */
void fmx_world_interrupt_search(fmx_world *w, const fmx__search_job *job, size_t left);

/* Both files have the same bytes. */
void fmx_same_files(const char *a, const char *b, const char *what);

#endif
