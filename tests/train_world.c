#include "train_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const fmx_train_set fmx_usual_set = {.classes = CLASSES, .fids = FIDS};

void fmx_world_open(fmx_world *w, const fmx_train_set *set)
{
    w->test = fmx_test_open();
    snprintf(w->folder, sizeof w->folder, "%s", fmx_test_folder());
    snprintf(w->spectra, sizeof w->spectra, "%s/s.h5", w->folder);
    snprintf(w->out, sizeof w->out, "%s/m.safetensors", w->folder);
    fmx_test_ok(&w->test, fmx_train_write(w->test.ctx, w->spectra, set), "dataset");
}

const char *fmx_world_beside(const fmx_world *w, const char *end)
{
    static char path[PATH + 64];
    snprintf(path, sizeof path, "%s%s", w->out, end);
    return path;
}

const char *fmx_with_optimiser(const char *optimiser)
{
    static char recipe[4096];
    const char *end = strstr(fmx_train_model, "  optimiser:");
    snprintf(recipe, sizeof recipe, "%.*s  optimiser: {%s}\n", (int)(end - fmx_train_model),
             fmx_train_model, optimiser);
    return recipe;
}

fmx_train_run fmx_world_run(const fmx_world *w)
{
    return (fmx_train_run){.recipe = fmx_train_model, .spectra = w->spectra, .out = w->out};
}

fmx__train_result fmx_world_trained(const fmx_world *w, const fmx_train_run *run)
{
    fmx__train_result result;
    fmx_test_ok(&w->test, fmx_train(w->test.device, run, &result), "train");
    return result;
}

void fmx_same_files(const char *a, const char *b, const char *what)
{
    size_t count[2];
    char *bytes[2] = {fmx_train_bytes(a, &count[0]), fmx_train_bytes(b, &count[1])};
    cr_assert(bytes[0] != NULL && bytes[1] != NULL, "%s: no %s", what, bytes[0] == NULL ? a : b);
    cr_assert_eq(count[0], count[1], "%s", what);
    cr_assert_arr_eq(bytes[0], bytes[1], count[0], "%s", what);
    free(bytes[0]);
    free(bytes[1]);
}

void fmx_world_interrupt(fmx_world *w, const fmx_train_run *run, size_t left)
{
    fmx_train_stopper s = {w->test.ctx, left};
    fmx_context_set_progress(w->test.ctx, fmx_train_count_down, &s);
    fmx_test_refused(&w->test, fmx_train(w->test.device, run, NULL), FMX_ERROR_INTERRUPTED,
                     "interrupted");
    fmx_test_close(&w->test);
    w->test = fmx_test_open();
}

void fmx_world_interrupt_search(fmx_world *w, const fmx__search_job *job, size_t left)
{
    fmx__search_trial *trial = NULL;
    fmx_train_stopper s = {w->test.ctx, left};
    fmx_context_set_progress(w->test.ctx, fmx_train_count_down, &s);
    fmx_test_refused(&w->test, fmx__search_run(job, &trial), FMX_ERROR_INTERRUPTED, "interrupted");
    fmx_test_close(&w->test);
    w->test = fmx_test_open();
}
