#include "identify_query.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch.h"
#include "quiet.h"
#include "recipe_sections.h"

enum { MOST = FMX__IDENTIFY_MOST };

static const double wide_offset_ppm = 0.15;
static const double same_offset_ppm = 0.002;
static const double least_gain = 0.1;     /* of certainty(), for an offset that is not clear */
static const double no_second_fit = -100; /* logits */
static const double most_range = 1500;    /* of the tallest line over the noise, as it is taken */

/* ---- model and library ----------------------------------------------------------------------- */

static fmx_status open_library(fmx__identify_query *work, const char *library)
{
    work->library_path = library;
    if (fmx__identify_is_hdf5(library))
        return fmx__identify_engine_read(work, library);
    fmx_status status = fmx_spin_library_add(work->ctx, library, &work->spins);
    if (status == FMX_OK && strcmp(library, "spin_systems") == 0) /* samples have any pH */
        status = fmx_spin_library_add(work->ctx, "spin_states", &work->spins);
    work->has_spins = status == FMX_OK;
    return status;
}

/* A query model's own axis is that of its windows; spectra lie on the recipe's. */
static fmx_status take_axis(fmx__identify_query *work)
{
    const fmx__axis *axis = NULL;
    work->facts = *fmx__query_model_describe(work->model);
    fmx_status status = fmx__recipe_axis(work->ctx, work->recipe, &axis);
    if (status != FMX_OK)
        return status;
    work->facts.axis = (fmx__model_axis){
        .first_ppm = axis->first_ppm, .last_ppm = axis->last_ppm, .points = (size_t)axis->points};
    snprintf(work->facts.axis.nucleus, sizeof work->facts.axis.nucleus, "%.15s", axis->nucleus);
    return FMX_OK;
}

fmx_status fmx__identify_query_open(fmx__identify_query *work, const char *model_path,
                                    const char *library)
{
    work->ctx = fmx__device_context(work->device);
    work->model_path = model_path;
    fmx_status status = fmx__query_model_open(work->device, model_path, &work->model);
    for (size_t i = 0; status == FMX_OK && i < work->overrides; ++i)
        status = fmx__query_model_set(work->model, work->override[i]);
    if (status != FMX_OK)
        return status;
    work->recipe = fmx__query_model_recipe(work->model);
    work->options = fmx__recipe_find(work->recipe, "queries")->options;
    status = take_axis(work);
    if (status != FMX_OK)
        return status;
    size_t points = work->facts.axis.points;
    status = fmx__identify_axis(work->ctx, &work->facts.axis, &work->ppm);
    if (status == FMX_OK)
        status =
            fmx__alloc(work->ctx, MOST * points, sizeof *work->spectra, "spectra", &work->spectra);
    if (status == FMX_OK)
        status = fmx_buffer_create(work->device, MOST * points * sizeof(float), &work->on_device);
    if (status == FMX_OK)
        status = open_library(work, library);
    return status;
}

void fmx__identify_query_close(fmx__identify_query *work)
{
    for (size_t i = 0; i < work->count; ++i)
        fmx__found_clear(&work->item[i]);
    for (size_t i = 0; i < work->engines; ++i) {
        fmx__identify_engine_clear(work->engine[i]);
        free(work->engine[i]);
    }
    free(work->item);
    free(work->engine);
    fmx_spin_library_clear(&work->spins);
    fmx_buffer_release(work->on_device);
    free(work->spectra);
    free(work->ppm);
    fmx__query_model_close(work->model);
}

/* ---- spectra --------------------------------------------------------------------------------- */

/* Sum of the amounts of what is named. */
static double strength(const fmx__found *item)
{
    double sum = 0;
    for (size_t i = 0; i < item->named; ++i)
        sum += item->compound[i].amount;
    return sum;
}

/* Keeps the pictures of what the page will draw: the first spectra, or with `joint` the strongest
 * one. */
static void forget(fmx__identify_query *work, size_t last)
{
    size_t weaker = last;
    if (work->pictures && !work->joint && last < FMX__FOUND_MOST_DRAWN)
        return;
    if (work->pictures && work->joint) {
        if (last == 0)
            return;
        if (strength(&work->item[last]) > strength(&work->item[work->strongest])) {
            weaker = work->strongest;
            work->strongest = last;
        }
    }
    fmx__found_forget(&work->item[weaker]);
}

/* Chain and network over the first `count` spectra on the device, the items place[count]. `item`
 * takes the answer for spectrum i. */
typedef struct look {
    fmx__query_chain *chain;
    const size_t *place;
    size_t count;
    const uint8_t *candidate; /* [count][compounds]; NULL: all */
    const double *offset_ppm; /* [count]; NULL: looked for */
    double *guess_ppm;        /* [count] takes where offsets seem to be; NULL: not asked for */
    fmx_status (*item)(fmx__identify_query *work, const struct look *look,
                       const fmx__query_answer *answer, const float *logit, size_t i);
} look;

static fmx_status run(fmx__identify_query *work, const look *l)
{
    double width_hz[MOST];
    fmx__query_answer answer = {0};
    float *logit = NULL;
    for (size_t i = 0; i < l->count; ++i)
        width_hz[i] = work->item[l->place[i]].width_hz;
    fmx__query_spectra spectra = {.spectra = work->on_device,
                                  .count = l->count,
                                  .width_hz = width_hz,
                                  .candidate = l->candidate,
                                  .offset_ppm = l->offset_ppm};
    fmx_status status = fmx__query_chain_run(l->chain, &spectra, &answer);
    for (size_t i = 0; status == FMX_OK && l->guess_ppm != NULL && i < l->count; ++i)
        l->guess_ppm[i] = answer.guess_ppm[i];
    if (status == FMX_OK && answer.queries > 0)
        status = fmx__alloc(work->ctx, answer.queries, sizeof *logit, "logits", &logit);
    if (status == FMX_OK && answer.queries > 0)
        status = fmx__query_model_ask(work->model, answer.windows, answer.queries, logit);
    for (size_t i = 0; status == FMX_OK && i < l->count; ++i)
        status = l->item(work, l, &answer, logit, i);
    free(logit);
    return status;
}

static fmx_status take_first(fmx__identify_query *work, const look *l,
                             const fmx__query_answer *answer, const float *logit, size_t i)
{
    return fmx__identify_query_item(work, answer, logit, i, &work->item[l->place[i]]);
}

/* Only where the offset is clear now. */
static fmx_status take_clear(fmx__identify_query *work, const look *l,
                             const fmx__query_answer *answer, const float *logit, size_t i)
{
    return answer->clear[i] ? take_first(work, l, answer, logit, i) : FMX_OK;
}

/* Only where something was named (in noise alone a fit of the few candidates left would make more
 * of each) and fewer candidates see the offset where it was. */
static fmx_status take_again(fmx__identify_query *work, const look *l,
                             const fmx__query_answer *answer, const float *logit, size_t i)
{
    fmx__found *item = &work->item[l->place[i]];
    fmx__found second = {0};
    if (item->named == 0 || answer->clear[i] != item->offset_clear ||
        fabs(answer->offset_ppm[i] - item->offset_ppm) > same_offset_ppm)
        return FMX_OK;
    fmx_status status = fmx__identify_query_item(work, answer, logit, i, &second);
    if (status != FMX_OK) {
        fmx__found_clear(&second);
        return status;
    }
    return fmx__found_again(work->ctx, item, &second);
}

/* Fits what is not improbable once more: look-alikes that are gone no longer take a share of what
 * is there. */
static fmx_status look_again(fmx__identify_query *work, const look *before)
{
    size_t compounds = work->engine[work->current]->library->compounds;
    uint8_t *candidate = NULL;
    if (work->options->again < no_second_fit)
        return FMX_OK;
    fmx_status status =
        fmx__alloc(work->ctx, before->count * compounds, 1, "candidates", &candidate);
    for (size_t i = 0; status == FMX_OK && i < before->count; ++i) {
        const fmx__found *item = &work->item[before->place[i]];
        for (size_t k = 0; k < item->compounds; ++k)
            candidate[i * compounds + item->compound[k].id] =
                item->compound[k].logit > work->options->again;
    }
    look again = *before;
    again.candidate = candidate;
    again.guess_ppm = NULL;
    again.item = take_again;
    if (status == FMX_OK)
        status = run(work, &again);
    free(candidate);
    return status;
}

/* Both looks at the first spectra in memory. */
static fmx_status look_twice(fmx__identify_query *work, const look *l)
{
    size_t bytes = l->count * work->facts.axis.points * sizeof(float);
    fmx_status status = fmx_buffer_write(work->on_device, 0, work->spectra, bytes);
    if (status == FMX_OK)
        status = run(work, l);
    return status == FMX_OK ? look_again(work, l) : status;
}

/* A second look at spectra whose offset is not clear, further away: instruments' own references are
 * off by 0.1 ppm where nobody put in a compound to set them by. */
static fmx_status look_further(fmx__identify_query *work, const size_t *place, size_t count)
{
    fmx__identify_engine *engine = work->engine[work->current];
    fmx_status status = FMX_OK;
    if (count == 0 || work->options->offset_ppm >= wide_offset_ppm)
        return FMX_OK;
    if (engine->wide == NULL) {
        engine->wide_options = *work->options;
        engine->wide_options.offset_ppm = wide_offset_ppm;
        status = fmx__query_chain_create(work->device, &engine->table, &engine->wide_options, MOST,
                                         &engine->wide);
    }
    const look wide = {.chain = engine->wide, .place = place, .count = count, .item = take_clear};
    return status == FMX_OK ? look_twice(work, &wide) : status;
}

/* How many more names are right than wrong, as probabilities have it. */
static double certainty(const fmx__found *item)
{
    double sum = 0;
    for (size_t i = 0; i < item->named; ++i)
        sum += 2 * item->compound[i].probability - 1;
    return sum;
}

/* Puts the answer `other` in the place of the item's if it is the better one; frees the worse. */
static void keep_better(fmx__found *item, fmx__found *other)
{
    fmx__found old = *item;
    if (certainty(other) > certainty(item) + least_gain) {
        *item = *other;
        *other = old;
        item->path = old.path;
        item->name = old.name;
        item->row = old.row;
        item->is_row = old.is_row;
        other->path = other->name = NULL;
    }
    fmx__found_clear(other);
}

/* Where few candidates are in a spectrum they cannot agree on an offset by much. Then the likeliest
 * one is tried as well as none, and that stays which names more; where nothing is named without one
 * (noise, water) a second try would only be a second chance of a wrong name. The spectra are the
 * first in memory; their answers at the guess stand behind all others for the time being. */
static fmx_status look_at_guess(fmx__identify_query *work, const size_t *place, size_t count,
                                const double *guess_ppm)
{
    size_t there[MOST];
    fmx_status status = count == 0 ? FMX_OK
                                   : fmx__grow(work->ctx, &work->item, &work->capacity,
                                               work->count + count, sizeof *work->item, "answers");
    if (status != FMX_OK || count == 0)
        return status;
    for (size_t i = 0; i < count; ++i) {
        there[i] = work->count + i;
        work->item[there[i]] = (fmx__found){.width_hz = work->item[place[i]].width_hz};
    }
    const look guess = {.chain = work->engine[work->current]->chain,
                        .place = there,
                        .count = count,
                        .offset_ppm = guess_ppm,
                        .item = take_first};
    status = look_twice(work, &guess);
    for (size_t i = 0; i < count; ++i) {
        if (status == FMX_OK)
            keep_better(&work->item[place[i]], &work->item[there[i]]);
        else
            fmx__found_clear(&work->item[there[i]]);
    }
    return status;
}

/* Leaves of the first *count spectra in memory, the items place[], those whose offset is not clear
 * and that hold at least so many names. */
static void keep_unclear(fmx__identify_query *work, size_t least_named, size_t *place,
                         double *guess_ppm, size_t *count)
{
    size_t points = work->facts.axis.points;
    size_t kept = 0;
    for (size_t i = 0; i < *count; ++i) {
        const fmx__found *item = &work->item[place[i]];
        if (item->offset_clear || item->named < least_named)
            continue;
        memmove(work->spectra + kept * points, work->spectra + i * points,
                points * sizeof *work->spectra);
        guess_ppm[kept] = guess_ppm[i];
        place[kept++] = place[i];
    }
    *count = kept;
}

/* Answers for what waits. */
static fmx_status ask(void *user)
{
    fmx__identify_query *work = user;
    size_t place[MOST];
    double guess_ppm[MOST];
    size_t count = work->waiting;
    size_t unclear = count;
    size_t first = work->count - count;
    if (count == 0)
        return FMX_OK;
    for (size_t i = 0; i < count; ++i)
        place[i] = first + i;
    work->waiting = 0;
    const look usual = {.chain = work->engine[work->current]->chain,
                        .place = place,
                        .count = count,
                        .guess_ppm = guess_ppm,
                        .item = take_first};
    fmx_status status = look_twice(work, &usual);
    if (status == FMX_OK) {
        keep_unclear(work, 0, place, guess_ppm, &unclear);
        status = look_further(work, place, unclear);
    }
    if (status == FMX_OK) {
        keep_unclear(work, 1, place, guess_ppm, &unclear);
        status = look_at_guess(work, place, unclear, guess_ppm);
    }
    for (size_t i = 0; status == FMX_OK && i < count; ++i)
        forget(work, first + i);
    return status;
}

/* Noise of a spectrum as the chain takes it. Below that share of the tallest line (not of the
 * water) phase, baseline and line shape are what deviates, and models have learned no taller ones.
 * Nor is anything there that is not above what the quietest tenth of the spectrum shows. */
static fmx_status noise_of(const fmx__identify_query *work, const fmx__identify_spectrum *spectrum,
                           double *sigma)
{
    double tallest = 0;
    double quiet = 0;
    for (size_t i = 0; i < work->facts.axis.points; ++i)
        if (work->ppm[i] < work->options->water_low_ppm ||
            work->ppm[i] > work->options->water_high_ppm)
            tallest = fmax(tallest, (double)spectrum->value[i]);
    fmx_status status =
        fmx__quiet_deviation(work->ctx, spectrum->value, work->ppm, work->facts.axis.points,
                             work->options->water_low_ppm, work->options->water_high_ppm, &quiet);
    *sigma = fmax(spectrum->noise_sigma, fmax(quiet, tallest / most_range));
    return status;
}

/* Puts a spectrum in units of its noise at the end of those that wait. */
static fmx_status wait(fmx__identify_query *work, const fmx__identify_spectrum *spectrum,
                       double sigma)
{
    size_t points = work->facts.axis.points;
    float *to = work->spectra + work->waiting * points;
    fmx_status status = fmx__grow(work->ctx, &work->item, &work->capacity, work->count + 1,
                                  sizeof *work->item, "answers");
    if (status != FMX_OK)
        return status;
    fmx__found *item = &work->item[work->count++];
    ++work->waiting;
    *item = (fmx__found){
        .row = spectrum->row, .is_row = spectrum->is_row, .width_hz = spectrum->line_width_hz};
    for (size_t i = 0; i < points; ++i)
        to[i] = (float)((double)spectrum->value[i] / sigma);
    status = fmx__format(work->ctx, &item->path, "%s", spectrum->path);
    if (status == FMX_OK)
        status = fmx__format(work->ctx, &item->name, "%s", spectrum->name);
    return status;
}

static fmx_status take(void *user, const fmx__identify_spectrum *spectrum)
{
    fmx__identify_query *work = user;
    size_t engine = 0;
    double sigma = spectrum->noise_sigma;
    fmx_status status =
        fmx__identify_engine_for(work, spectrum->path, spectrum->field_mhz, &engine);
    if (status == FMX_OK && !(sigma > 0 && isfinite(sigma)))
        status = fmx__fail(work->ctx, FMX_ERROR_FORMAT,
                           "%s: its noise is not known, and without it amounts mean nothing; "
                           "process the FID with the stage `noise`",
                           spectrum->path);
    if (status == FMX_OK && engine != work->current) {
        if (work->joint && work->count > 0)
            return fmx__fail(work->ctx, FMX_ERROR_FORMAT,
                             "%s: spectra that are named together must be of one field",
                             spectrum->path);
        status = ask(work);
        work->current = engine;
    }
    if (status == FMX_OK)
        status = noise_of(work, spectrum, &sigma);
    if (status == FMX_OK)
        status = wait(work, spectrum, sigma);
    if (status == FMX_OK && work->waiting == MOST)
        status = ask(work);
    return status;
}

fmx_status fmx__identify_query_path(fmx__identify_query *work, const char *path)
{
    size_t before = work->count;
    double seconds = 0;
    fmx__identify_input input = {
        .device = work->device,
        .ctx = work->ctx,
        .model_path = work->model_path,
        .facts = &work->facts,
        .recipe = work->recipe,
        .failed = work->failed,
        .failed_user = work->user,
        .take = take,
        .end = ask,
        .user = work,
    };
    fmx_status status = fmx__identify_walk(&input, path, &seconds);
    for (size_t i = before; i < work->count; ++i)
        work->item[i].seconds = seconds / (double)(work->count - before);
    return status;
}

fmx_status fmx__identify_query_end(fmx__identify_query *work)
{
    fmx__found joined = {0};
    if (!work->joint || work->count == 0)
        return FMX_OK;
    size_t library = work->engine[work->current]->library->compounds;
    fmx_status status = fmx__found_join(work->ctx, work->item, work->count, library,
                                        (double)FMX__QUERY_ABSENT, &joined);
    work->item[0] = joined;
    work->count = 1;
    return status;
}

/* ---- output ---------------------------------------------------------------------------------- */

cJSON *fmx__identify_query_json(const fmx__identify_query *work, bool all)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; array != NULL && i < work->count; ++i) {
        cJSON *one = fmx__found_json(work->ctx, &work->item[i], all);
        if (one == NULL || !cJSON_AddItemToArray(array, one)) {
            cJSON_Delete(one);
            cJSON_Delete(array);
            array = NULL;
        }
    }
    return array;
}

fmx_status fmx__identify_query_page(const fmx__identify_query *work, const char *path,
                                    bool overwrite)
{
    char *library = NULL;
    const fmx_library *lines = work->engines > 0 ? work->engine[work->current]->library : NULL;
    fmx_status status =
        fmx__format(work->ctx, &library, "%s, %zu compounds at %g MHz", work->library_path,
                    lines != NULL ? lines->compounds : 0, lines != NULL ? lines->field_mhz : 0);
    const fmx__found_fact facts[] = {
        {"model", work->model_path},
        {"library", library},
        {"made by", "fidmix " FMX_VERSION},
    };
    fmx__found_page page = {
        .title = "Compounds named",
        .fact = facts,
        .facts = FMX__COUNT(facts),
        .item = work->item,
        .items = work->count,
        .nucleus = work->facts.axis.nucleus,
        .ppm = work->ppm,
        .points = work->facts.axis.points,
    };
    if (status == FMX_OK)
        status = fmx__found_page_write(work->ctx, &page, path, overwrite);
    free(library);
    return status;
}
