/* Batches for training: what is in them, and that it depends on (seed, epoch, item) alone. */
#include "batches.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment_chain.h"
#include "labels_fixture.h"
#include "recipe_sections.h"

enum { CLASSES = 5, FIDS = 6, ROWS = CLASSES * FIDS, POINTS = 257 };

static const fmx__split_options usual = {.validation = 0.2, .test = 0.2};

/* A dataset of five compounds, opened. */
typedef struct world {
    fmx_test test;
    fmx_dataset *set;
    char path[512];
    fmx__labels labels;
    fmx__recipe recipe; /* with a list augment */
    float spectra[ROWS][POINTS];
} world;

static void open_rows(world *w, const fmx_labelled_row *row, size_t rows)
{
    static const char text[] =
        "fidmix: 1\naugment:\n  - augmentation: {shift_ppm: [-0.2, 0.2], noise: [0.01, 0.02], "
        "amplitude: [0.5, 2], normalise: max}\n";
    w->test = fmx_test_open();
    snprintf(w->path, sizeof w->path, "%s",
             fmx_labelled_set(&w->test, "b.h5", row, rows, POINTS, false));
    fmx_test_ok(&w->test, fmx_dataset_open(w->test.ctx, w->path, &w->set), "open");
    fmx_test_ok(&w->test,
                fmx__labels_read(w->test.ctx, w->set, w->path, NULL, 0, &usual, &w->labels),
                "labels");
    fmx_test_ok(&w->test,
                fmx__recipe_parse(w->test.ctx, "text", text, sizeof text - 1,
                                  &fmx__recipe_schema_process, NULL, 0, &w->recipe),
                "recipe");
    fmx_test_ok(&w->test, fmx_dataset_read_spectra(w->set, 0, rows, &w->spectra[0][0]), "read");
}

static void world_open(world *w)
{
    fmx_labelled_row row[ROWS];
    fmx_labelled_compounds(row, CLASSES, FIDS);
    open_rows(w, row, ROWS);
}

static void world_close(world *w)
{
    fmx__recipe_clear(&w->recipe);
    fmx__labels_clear(&w->labels);
    fmx_dataset_close(w->set);
    fmx_test_close(&w->test);
}

static fmx__mixture_options general(void)
{
    fmx__mixture_options o = *(const fmx__mixture_options *)fmx__mixture_group.defaults;
    o.mode = FMX__MIXTURE_RANDOM;
    o.least = 0;
    o.most = 3;
    o.count = 50;
    o.snr_least = 20;
    o.snr_most = 200;
    return o;
}

/* Everything of one epoch. */
typedef struct epoch {
    size_t items;
    float *spectra; /* [items][POINTS] */
    float *target;  /* [items][CLASSES] */
} epoch;

static void epoch_clear(epoch *e)
{
    free(e->spectra);
    free(e->target);
}

/* Draws an epoch in batches of plan->batch; the buffers are NaN before each batch. */
static epoch draw_epoch(world *w, fmx__batches_plan plan, bool resident, size_t number)
{
    epoch e = {0};
    fmx__spectra_store store;
    fmx__batches *b = NULL;
    fmx_buffer *spectra = NULL;
    fmx_buffer *target = NULL;
    size_t spectra_bytes = plan.batch * POINTS * sizeof(float);
    size_t target_bytes = plan.batch * CLASSES * sizeof(float);
    fmx_test_ok(&w->test,
                fmx__spectra_store_open(w->test.device, w->set, w->path, resident ? 1 << 30 : 0,
                                        fmx__batches_rows(plan.mixtures, plan.batch), &store),
                "store");
    cr_assert_eq(store.resident, resident);
    plan.store = &store;
    plan.labels = &w->labels;
    fmx_test_ok(&w->test, fmx__batches_create(&plan, &b), "batches");
    e.items = fmx__batches_items(b);
    size_t padded = (e.items + plan.batch) * POINTS;
    e.spectra = calloc(padded, sizeof(float));
    e.target = calloc((e.items + plan.batch) * CLASSES, sizeof(float));
    cr_assert(e.spectra != NULL && e.target != NULL);
    fmx_test_ok(&w->test, fmx_buffer_create(w->test.device, spectra_bytes, &spectra), "buffer");
    fmx_test_ok(&w->test, fmx_buffer_create(w->test.device, target_bytes, &target), "buffer");
    for (size_t i = 0; i < fmx__batches_count(b); ++i) {
        size_t count = 0;
        float *to = e.spectra + i * plan.batch * POINTS;
        float *target_to = e.target + i * plan.batch * CLASSES;
        fmx_test_ok(&w->test, fmx__batches_next(b, number, i, spectra, target, &count), "next");
        cr_assert_eq(count,
                     e.items - i * plan.batch < plan.batch ? e.items - i * plan.batch : plan.batch);
        fmx_test_ok(&w->test, fmx_buffer_read(spectra, 0, to, spectra_bytes), "read");
        fmx_test_ok(&w->test, fmx_buffer_read(target, 0, target_to, target_bytes), "read");
        for (size_t k = count * POINTS; k < plan.batch * POINTS; ++k)
            cr_assert_eq(to[k], 0, "behind the last item");
        for (size_t k = count * CLASSES; k < plan.batch * CLASSES; ++k)
            cr_assert_eq(target_to[k], 0, "behind the last item");
    }
    fmx_buffer_release(target);
    fmx_buffer_release(spectra);
    fmx__batches_release(b);
    fmx__spectra_store_clear(&store);
    return e;
}

static void same_epoch(const epoch *a, const epoch *b, const char *what)
{
    cr_assert_eq(a->items, b->items, "%s", what);
    cr_assert_arr_eq(a->spectra, b->spectra, a->items * POINTS * sizeof(float), "%s", what);
    cr_assert_arr_eq(a->target, b->target, a->items * CLASSES * sizeof(float), "%s", what);
}

/* One epoch with batches of 1, 7 and 32 items, resident or not, is the same to the bit. */
static void independent_of_the_batch(world *w, const fmx__batches_plan *plan, const char *what)
{
    fmx__batches_plan p = *plan;
    p.batch = 32;
    epoch whole = draw_epoch(w, p, true, 3);
    static const size_t batches[] = {1, 7, 32, 7};
    for (int i = 0; i < 4; ++i) {
        p.batch = batches[i];
        epoch other = draw_epoch(w, p, i < 2, 3);
        same_epoch(&whole, &other, what);
        epoch_clear(&other);
    }
    p.batch = 32;
    epoch next = draw_epoch(w, p, true, 4);
    cr_assert_neq(memcmp(whole.spectra, next.spectra, whole.items * POINTS * sizeof(float)), 0,
                  "%s: another epoch is the same", what);
    epoch_clear(&next);
    epoch_clear(&whole);
}

Test(batches, independent_of_the_batch)
{
    world w;
    world_open(&w);
    fmx__mixture_options mixtures = general();
    fmx__mixture_options augmented = mixtures;
    const fmx__recipe_part *augment = fmx__recipe_find(&w.recipe, "augment");
    augmented.augment = true;
    fmx__batches_plan plan = {.split = FMX__SPLIT_TRAIN, .shuffle = true, .seed = 9};
    independent_of_the_batch(&w, &plan, "rows");
    plan.augment = augment;
    plan.copies = 3;
    independent_of_the_batch(&w, &plan, "rows, augmented");
    plan.shuffle = false;
    plan.mixtures = &mixtures;
    independent_of_the_batch(&w, &plan, "mixtures");
    plan.mixtures = &augmented;
    plan.shuffle = true;
    independent_of_the_batch(&w, &plan, "mixtures, augmented");
    world_close(&w);
}

/* Plain rows come in the order of the split, as stored, whatever the epoch. */
Test(batches, plain_rows)
{
    world w;
    world_open(&w);
    for (int s = 0; s <= FMX__SPLITS; ++s) {
        fmx__batches_plan plan = {.split = (fmx__split)s, .batch = 4};
        epoch e = draw_epoch(&w, plan, true, (size_t)s);
        cr_assert_eq(e.items, fmx__labels_count(&w.labels, (fmx__split)s));
        for (size_t i = 0; i < e.items; ++i) {
            size_t row = w.labels.member[s][i];
            cr_assert_arr_eq(e.spectra + i * POINTS, w.spectra[row], POINTS * sizeof(float));
            for (size_t k = 0; k < CLASSES; ++k)
                cr_assert_eq(e.target[i * CLASSES + k], k == row / FIDS, "item %zu", i);
        }
        epoch_clear(&e);
    }
    world_close(&w);
}

/* A shuffled epoch has every training row `copies` times, and no other. */
Test(batches, training_never_sees_other_rows)
{
    world w;
    world_open(&w);
    fmx__batches_plan plan = {
        .split = FMX__SPLIT_TRAIN, .shuffle = true, .copies = 2, .batch = 8, .seed = 3};
    for (size_t number = 0; number < 3; ++number) {
        size_t seen[ROWS] = {0};
        epoch e = draw_epoch(&w, plan, true, number);
        for (size_t i = 0; i < e.items; ++i) {
            size_t row = 0;
            while (row < ROWS &&
                   memcmp(w.spectra[row], e.spectra + i * POINTS, sizeof w.spectra[row]) != 0)
                ++row;
            cr_assert_lt(row, ROWS);
            ++seen[row];
        }
        for (size_t row = 0; row < ROWS; ++row)
            cr_assert_eq(seen[row], w.labels.split[row] == FMX__SPLIT_TRAIN ? 2 : 0, "row %zu",
                         row);
        epoch_clear(&e);
    }
    world_close(&w);
}

/* A thirty-second of the axis at least, to either side. */
static size_t turn_of(const fmx__mixture_drawn *d, size_t k)
{
    size_t least = POINTS / 32;
    size_t allowed = POINTS - 2 * least;
    return d->displaced[k] ? least + (size_t)((uint64_t)d->turn[k] * allowed >> 32) : 0;
}

/* Mixtures are those that the mixer draws for this split and epoch, of rows of the split; signals
 * of no class have no target. */
Test(batches, mixtures_are_what_was_drawn)
{
    world w;
    world_open(&w);
    fmx__mixture_options o = general();
    size_t foreign = 0;
    o.snr_least = o.snr_most = 0;
    o.foreign = 3;
    for (int s = 0; s < FMX__SPLITS; ++s) {
        fmx__mixer mixer;
        fmx__batches_plan plan = {
            .split = (fmx__split)s, .mixtures = &o, .items = 20, .batch = 6, .seed = 77};
        epoch e = draw_epoch(&w, plan, true, 5);
        cr_assert_eq(e.items, 20);
        fmx_test_ok(&w.test,
                    fmx__mixer_create(w.test.ctx, &o, &w.labels, w.path, (fmx__split)s, 77, &mixer),
                    "mixer");
        for (size_t i = 0; i < e.items; ++i) {
            fmx__mixture_drawn d;
            double target[CLASSES] = {0};
            double sum[POINTS] = {0};
            double top = 0;
            fmx__mixer_draw(&mixer, i, fmx__mixture_draw_of((fmx__split)s, 5), &d);
            for (size_t k = 0; k < d.parts; ++k) {
                size_t turn = turn_of(&d, k);
                cr_assert_eq(w.labels.split[d.row[k]], s);
                foreign += k >= d.named;
                if (k < d.named)
                    target[d.class_index[k]] += d.proportion[k];
                for (size_t j = 0; j < POINTS; ++j) /* heights are 1 */
                    sum[j] += d.proportion[k] * (double)w.spectra[d.row[k]][(j + turn) % POINTS];
            }
            for (size_t j = 0; j < POINTS; ++j)
                top = fmax(top, sum[j]);
            /* weight, fma of 6 parts of weight up to 20, division; relative to the highest point */
            for (size_t j = 0; j < POINTS; ++j)
                cr_assert_float_eq(e.spectra[i * POINTS + j], top > 0 ? sum[j] / top : 0,
                                   24 * FMX_TEST_EPS, "item %zu, point %zu", i, j);
            for (size_t k = 0; k < CLASSES; ++k)
                cr_assert_eq(e.target[i * CLASSES + k], (float)target[k]);
        }
        fmx__mixer_clear(&mixer);
        epoch_clear(&e);
    }
    cr_assert_gt(foreign, 40, "of 60 mixtures with 1.5 each");
    world_close(&w);
}

/* Augmenting constituents must not change how much of each there is: the amplitude of the recipe
 * does not act, so noise and shift apart the sum of a mixture of one keeps its height. */
Test(batches, constituents_keep_their_scale)
{
    world w;
    world_open(&w);
    fmx__mixture_options o = general();
    o.least = o.most = 1;
    o.snr_least = o.snr_most = 0;
    o.augment = true;
    o.divide = false;
    fmx__batches_plan plan = {.split = FMX__SPLIT_TRAIN,
                              .augment = fmx__recipe_find(&w.recipe, "augment"),
                              .mixtures = &o,
                              .batch = 16,
                              .seed = 1};
    epoch e = draw_epoch(&w, plan, true, 0);
    size_t distinct = 0;
    for (size_t i = 0; i < e.items; ++i) {
        float top = 0;
        for (size_t j = 0; j < POINTS; ++j)
            top = fmaxf(top, e.spectra[i * POINTS + j]);
        /* 1, with noise of up to 0.02 at 257 points; interpolation may halve a single point */
        cr_assert(top > 0.45F && top < 1.15F, "mixture %zu: highest %g", i, (double)top);
        distinct += i > 0 && memcmp(e.spectra + i * POINTS, e.spectra, POINTS * sizeof(float)) != 0;
    }
    cr_assert_eq(distinct, e.items - 1);
    epoch_clear(&e);
    world_close(&w);
}

/* What `fidmix augment` makes of every row, in its own way through the list. */
typedef struct collected {
    const world *w;
    float *out;
} collected;

static fmx_status give_rows(void *user, size_t first, size_t count, float *out)
{
    const collected *c = user;
    memcpy(out, c->w->spectra[first], count * sizeof c->w->spectra[0]);
    return FMX_OK;
}

static fmx_status take_rows(void *user, size_t first, size_t count, const float *spectra)
{
    const collected *c = user;
    memcpy(c->out + first * POINTS, spectra, count * POINTS * sizeof(float));
    return FMX_OK;
}

/* Rows augmented on the fly are those of `fidmix augment`, to the bit, through two stages. */
Test(batches, augmented_as_in_bulk)
{
    static const char text[] = "fidmix: 1\naugment:\n  - shift: {shift_ppm: 0.5, steps: 2}\n"
                               "  - augmentation: {copies: 3, noise: [0.01, 0.02]}\n";
    enum { COPIES = 5 * 3, PICKS = ROWS * COPIES };
    world w;
    fmx__recipe recipe;
    fmx__augment_chain *chain = NULL;
    fmx_buffer *library = NULL;
    fmx_buffer *out = NULL;
    size_t bytes = (size_t)PICKS * POINTS * sizeof(float);
    fmx__augment_pick *pick = calloc(PICKS, sizeof *pick);
    float *bulk = malloc(bytes);
    float *got = malloc(bytes);
    cr_assert(pick != NULL && bulk != NULL && got != NULL);
    world_open(&w);
    fmx_test_ok(&w.test,
                fmx__recipe_parse(w.test.ctx, "text", text, sizeof text - 1,
                                  &fmx__recipe_schema_process, NULL, 0, &recipe),
                "recipe");
    const fmx__recipe_part *stages = fmx__recipe_find(&recipe, "augment");
    collected all = {&w, bulk};
    fmx__augment_axis axis = {POINTS, -10.0 / POINTS, 5};
    fmx__augment_job job = {.device = w.test.device,
                            .stages = stages,
                            .axis = axis,
                            .end = PICKS,
                            .source = give_rows,
                            .sink = take_rows,
                            .user = &all};
    fmx_test_ok(&w.test, fmx__augment_run(&job), "in bulk");
    fmx_test_ok(&w.test,
                fmx__augment_chain_create(w.test.device, stages, &axis, PICKS, false, &chain),
                "chain");
    fmx_test_ok(&w.test,
                fmx_buffer_create_copy(w.test.device, w.spectra, sizeof w.spectra, &library),
                "library");
    fmx_test_ok(&w.test, fmx_buffer_create(w.test.device, bytes, &out), "out");
    for (size_t i = 0; i < PICKS; ++i)
        pick[i] =
            (fmx__augment_pick){(uint32_t)(i / COPIES), i / COPIES, (uint32_t)(i % COPIES), 400};
    for (int round = 0; round < 2; ++round) {
        fmx_test_ok(&w.test, fmx__augment_chain_run(chain, library, pick, PICKS, out), "run");
        fmx_test_ok(&w.test, fmx_buffer_read(out, 0, got, bytes), "read");
        /* draws beyond the copies of the list are new ones */
        cr_assert_eq(memcmp(got, bulk, bytes) == 0, round == 0, "round %d", round);
        for (size_t i = 0; i < PICKS; ++i)
            pick[i].draw += COPIES;
    }
    fmx_test_refused(&w.test, fmx__augment_chain_run(chain, library, pick, PICKS + 1, out),
                     FMX_ERROR_SHAPE, "were planned");
    fmx_buffer_release(out);
    fmx_buffer_release(library);
    fmx__augment_chain_release(chain);
    fmx__recipe_clear(&recipe);
    free(got);
    free(bulk);
    free(pick);
    world_close(&w);
}

Test(batches, refusals)
{
    world w;
    fmx_labelled_row row[6];
    fmx__spectra_store store;
    fmx__batches *b = NULL;
    fmx_buffer *small = NULL;
    fmx_labelled_compounds(row, 2, 3);
    row[4].height = NAN;
    open_rows(&w, row, 6);
    fmx_test_refused(&w.test,
                     fmx__spectra_store_open(w.test.device, w.set, w.path, 1 << 20, 8, &store),
                     FMX_ERROR_FORMAT, "spectrum 4 (\"c01\") is not finite at point 128");
    fmx__spectra_store_clear(&store);
    world_close(&w);
    row[4].height = 0;
    open_rows(&w, row, 6);
    fmx_test_ok(&w.test, fmx__spectra_store_open(w.test.device, w.set, w.path, 1 << 20, 8, &store),
                "store");
    fmx__mixture_options o = general();
    o.most = 2;
    fmx__batches_plan plan = {
        .store = &store, .labels = &w.labels, .split = FMX__SPLIT_ALL, .mixtures = &o, .batch = 4};
    fmx_test_refused(&w.test, fmx__batches_create(&plan, &b), FMX_ERROR_FORMAT,
                     "nothing above zero");
    o.most = 3;
    fmx_test_refused(&w.test, fmx__batches_create(&plan, &b), FMX_ERROR_RECIPE, "spectra of 2");
    plan.mixtures = NULL;
    plan.batch = 0;
    fmx_test_refused(&w.test, fmx__batches_create(&plan, &b), FMX_ERROR_ARGUMENT, "0 items");
    plan.batch = 4;
    fmx_test_ok(&w.test, fmx__batches_create(&plan, &b), "batches");
    fmx_test_ok(&w.test, fmx_buffer_create(w.test.device, 16, &small), "buffer");
    fmx_test_refused(&w.test, fmx__batches_next(b, 0, 0, small, NULL, NULL), FMX_ERROR_SHAPE,
                     "4 spectra of 257");
    fmx_test_refused(&w.test, fmx__batches_next(b, 0, 2, small, NULL, NULL), FMX_ERROR_ARGUMENT,
                     "batch 2 of 2");
    fmx_buffer_release(small);
    fmx__batches_release(b);
    fmx__spectra_store_clear(&store);
    world_close(&w);
}

typedef struct creating {
    world *w;
    const fmx__batches_plan *plan;
} creating;

static fmx_status create_and_draw(void *user)
{
    const creating *c = user;
    fmx__batches_plan plan = *c->plan;
    fmx__spectra_store store;
    fmx__batches *b = NULL;
    fmx_status status =
        fmx__spectra_store_open(c->w->test.device, c->w->set, c->w->path, 1 << 30, 0, &store);
    plan.store = &store;
    plan.labels = &c->w->labels;
    if (status == FMX_OK)
        status = fmx__batches_create(&plan, &b);
    fmx__batches_release(b);
    fmx__spectra_store_clear(&store);
    return status;
}

Test(batches, every_allocation_may_fail)
{
    world w;
    world_open(&w);
    fmx__mixture_options o = general();
    o.augment = true;
    o.foreign = 2;
    fmx__batches_plan plan = {.split = FMX__SPLIT_TRAIN,
                              .shuffle = true,
                              .augment = fmx__recipe_find(&w.recipe, "augment"),
                              .mixtures = &o,
                              .batch = 4};
    creating c = {&w, &plan};
    fmx_test_each_failure(&w.test, create_and_draw, &c);
    plan.mixtures = NULL;
    fmx_test_each_failure(&w.test, create_and_draw, &c);
    plan.augment = NULL;
    fmx_test_each_failure(&w.test, create_and_draw, &c);
    world_close(&w);
}
