/* Mixtures made from spin systems: draws, targets, spectra. */
#include "generator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "mixture_draw.h"

enum { POINTS = 1024, BATCH = 16, MOST = 4 };

static const uint64_t seed = 77;

static const fmx__generator_options plain = {
    .spins = "spin_systems",
    .only = "L-Alanine, Citrate, Acetate, L-Lactate, Succinate, L-Valine",
    .field_mhz = 500,
    .least = 1,
    .most = MOST,
    .ratio = 20,
    .width_least_hz = 1,
    .width_most_hz = 2,
    .widths = FMX__GENERATOR_BY_COMPOUND,
    .shift_ppm = 0.02,
    .reach = 200,
    .cell = 1,
    .divide = true,
};

/* Everything at once. */
static const fmx__generator_options rich = {
    .spins = "spin_systems",
    .only = "L-Alanine, Citrate, Acetate, L-Lactate, Succinate, L-Valine",
    .field_mhz = 500,
    .most = MOST,
    .ratio = 20,
    .snr_least = 20,
    .snr_most = 200,
    .width_least_hz = 1,
    .width_most_hz = 2,
    .widths = FMX__GENERATOR_BY_MIXTURE,
    .broad = 0.3,
    .shifts = FMX__GENERATOR_HEAVY,
    .shift_ppm = 0.04,
    .stretch = 0.02,
    .attenuated = 0.3,
    .foreign = 5,
    .scattered = 0.5,
    .humps = 3,
    .hump_height = 0.2,
    .hump_width_ppm = 1,
    .phase_deg = 5,
    .gauss = 0.3,
    .reach = 200,
    .cell = 1,
    .divide = true,
};

/* As real samples are. */
static const fmx__generator_options real = {
    .spins = "spin_systems",
    .field_mhz = 500,
    .least = 2,
    .most = MOST,
    .ratio = 20,
    .scale = FMX__MIXTURE_AS_STORED,
    .snr_least = 50,
    .snr_most = 500,
    .width_least_hz = 1,
    .width_most_hz = 2,
    .widths = FMX__GENERATOR_BY_MIXTURE,
    .shifts = FMX__GENERATOR_MEASURED,
    .shift_ppm = 0.018,
    .foreign = 2,
    .scattered = 1,
    .reach = 100,
    .cell = 1,
    .by_noise = true,
    .offset_ppm = 0.02,
    .broad_mixtures = 0.5,
    .water = 1,
    .held_out = 0.3,
    .noise_smooth = 0.75,
    .noise_bias = 1,
    .spread = 0.1,
    .even = 0.5,
    .shim = 0.3,
    .common = "L-Alanine, Citrate, no such compound, L-Valine, Glycine, Taurine, Creatine",
    .common_mixtures = 0.5,
};

/* A generator and what it fills. */
typedef struct job {
    const fmx_test *test;
    fmx_library *library;
    fmx__generator *generator;
    size_t classes;
    size_t slots;
    size_t most; /* places in labels */
    fmx__generator_batch batch;
    float *spectra;
    float *share;
    float *labels;
    float *sources;
} job;

static void make(const job *j, size_t floats, fmx_buffer **buffer, float **host)
{
    fmx_test_ok(j->test, fmx_buffer_create(j->test->device, floats * sizeof(float), buffer),
                "make");
    *host = calloc(floats, sizeof **host);
    cr_assert_not_null(*host);
}

static void job_open(const fmx_test *test, const fmx__generator_options *options, size_t batch,
                     job *j)
{
    *j = (job){.test = test};
    fmx_test_ok(test, fmx__generator_library(test->ctx, options, &j->library), "library");
    fmx__generator_plan plan = {.device = test->device,
                                .library = j->library,
                                .options = options,
                                .axis = {9, 0.5, POINTS},
                                .batch = batch,
                                .seed = seed};
    fmx_test_ok(test, fmx__generator_create(&plan, &j->generator), "create");
    j->classes = fmx__generator_classes(j->generator);
    j->slots = fmx__generator_slots(j->generator);
    j->most = (size_t)options->most;
    make(j, batch * POINTS, &j->batch.spectra, &j->spectra);
    make(j, batch * j->classes, &j->batch.classes, &j->share);
    make(j, batch * j->most, &j->batch.labels, &j->labels);
    make(j, batch * j->slots * POINTS, &j->batch.sources, &j->sources);
}

static void read_back(const job *j, fmx_buffer *buffer, float *host)
{
    fmx_test_ok(j->test, fmx_buffer_read(buffer, 0, host, fmx_buffer_bytes(buffer)), "read");
}

static void job_run(job *j, uint64_t first, size_t count, uint32_t draw)
{
    fmx_test_ok(j->test, fmx__generator_fill(j->generator, first, count, draw, &j->batch), "fill");
    read_back(j, j->batch.spectra, j->spectra);
    read_back(j, j->batch.classes, j->share);
    read_back(j, j->batch.labels, j->labels);
    read_back(j, j->batch.sources, j->sources);
}

static void job_close(job *j)
{
    fmx_buffer_release(j->batch.spectra);
    fmx_buffer_release(j->batch.classes);
    fmx_buffer_release(j->batch.labels);
    fmx_buffer_release(j->batch.sources);
    fmx__generator_release(j->generator);
    fmx_library_release(j->library);
    free(j->spectra);
    free(j->share);
    free(j->labels);
    free(j->sources);
}

/* Mixture number i is the same in whatever batch, at whatever place. */
Test(generator, independent_of_batch)
{
    fmx_test test = fmx_test_open();
    job all;
    job some;
    job_open(&test, &rich, BATCH, &all);
    job_open(&test, &rich, 5, &some);
    job_run(&all, 100, BATCH, 3);
    job_run(&some, 107, 2, 3);
    cr_assert_arr_eq(some.spectra, all.spectra + (size_t)7 * POINTS, 2 * POINTS * sizeof(float));
    cr_assert_arr_eq(some.share, all.share + 7 * all.classes, 2 * all.classes * sizeof(float));
    cr_assert_arr_eq(some.labels, all.labels + (size_t)7 * MOST, 2 * MOST * sizeof(float));
    cr_assert_arr_eq(some.sources, all.sources + 7 * all.slots * POINTS,
                     2 * all.slots * POINTS * sizeof(float));
    for (size_t i = 2 * (size_t)POINTS; i < 5 * (size_t)POINTS; ++i)
        cr_assert_eq(some.spectra[i], 0);
    for (size_t i = 2 * some.classes; i < 5 * some.classes; ++i)
        cr_assert_eq(some.share[i], 0);
    for (size_t i = 2 * (size_t)MOST; i < 5 * (size_t)MOST; ++i)
        cr_assert_eq(some.labels[i], -1);
    /* another draw, another mixture; the same again, the same bits */
    float *before = malloc(BATCH * POINTS * sizeof *before);
    cr_assert_not_null(before);
    memcpy(before, all.spectra, BATCH * POINTS * sizeof *before);
    job_run(&all, 100, BATCH, 4);
    cr_assert_arr_neq(before, all.spectra, BATCH * POINTS * sizeof *before);
    job_run(&all, 100, BATCH, 3);
    cr_assert_arr_eq(before, all.spectra, BATCH * POINTS * sizeof *before);
    free(before);
    job_close(&some);
    job_close(&all);
    fmx_test_close(&test);
}

/* The same with all that real samples have. */
Test(generator, real_samples_independent_of_batch)
{
    fmx_test test = fmx_test_open();
    job all;
    job some;
    job_open(&test, &real, BATCH, &all);
    job_open(&test, &real, 3, &some);
    job_run(&all, 40, BATCH, 2);
    job_run(&some, 45, 3, 2);
    cr_assert_arr_eq(some.spectra, all.spectra + (size_t)5 * POINTS, 3 * POINTS * sizeof(float));
    cr_assert_arr_eq(some.labels, all.labels + (size_t)5 * MOST, 3 * MOST * sizeof(float));
    job_close(&some);
    job_close(&all);
    fmx_test_close(&test);
}

/* Half of the mixtures hold common compounds alone; held-out ones never come; offset and width are
 * drawn within their bounds. */
Test(generator, real_samples)
{
    enum { MIXTURES = 400 };
    fmx_test test = fmx_test_open();
    job j;
    size_t commons = 0;
    size_t only_common = 0;
    double offset[2] = {0};
    double widest = 0;
    job_open(&test, &real, 1, &j);
    const uint32_t *common = fmx__generator_common(j.generator, &commons);
    cr_assert(commons >= MOST && commons <= 6);
    for (uint64_t i = 0; i < MIXTURES; ++i) {
        fmx__generator_facts facts;
        bool all = true;
        fmx__generator_look(j.generator, i, 0, &facts);
        cr_assert(facts.compounds >= 2 && facts.compounds <= MOST);
        for (size_t k = 0; k < facts.compounds; ++k) {
            bool found = false;
            const char *name = j.library->compound[facts.compound[k]].name;
            cr_assert(!fmx__generator_holds_out(name, 0.3), "%s", name);
            for (size_t c = 0; c < commons; ++c)
                found = found || common[c] == facts.compound[k];
            all = all && found;
            for (size_t other = 0; other < k; ++other)
                cr_assert_neq(facts.compound[k], facts.compound[other]);
        }
        only_common += all;
        offset[0] = fmin(offset[0], facts.offset_ppm);
        offset[1] = fmax(offset[1], facts.offset_ppm);
        widest = fmax(widest, facts.width_hz);
    }
    /* five standard deviations of 10; some of the others are of common ones by chance */
    cr_assert(only_common > MIXTURES / 2 - 50 && only_common < MIXTURES / 2 + 60, "%zu",
              only_common);
    cr_assert(offset[0] >= -0.02 && offset[0] < -0.018 && offset[1] <= 0.02 && offset[1] > 0.018);
    cr_assert(widest > 3 && widest <= 2 * 2.2);
    job_close(&j);
    fmx_test_close(&test);
}

/* Proportions, labels and sources speak of the same constituents; without noise the sources add up
 * to the spectrum. */
static void check_targets(const job *j, size_t i, bool by_class)
{
    double sum = 0;
    size_t present = 0;
    size_t labelled = 0;
    for (size_t c = 0; c < j->classes; ++c) {
        float share = j->share[i * j->classes + c];
        sum += (double)share;
        present += share > 0;
    }
    cr_assert_float_eq(sum, 1, 1e-6);
    cr_assert(present >= 1 && present <= MOST);
    for (size_t k = 0; k < MOST; ++k) {
        float label = j->labels[i * MOST + k];
        if (label < 0)
            continue;
        ++labelled;
        cr_assert_gt(j->share[i * j->classes + (size_t)label], 0);
    }
    cr_assert_eq(labelled, present);
    for (size_t s = 0; s < j->slots; ++s) {
        const float *source = j->sources + (i * j->slots + s) * POINTS;
        double largest = 0;
        for (size_t p = 0; p < POINTS; ++p)
            largest = fmax(largest, (double)source[p]);
        bool there = by_class ? j->share[i * j->classes + s] > 0 : j->labels[i * MOST + s] >= 0;
        cr_assert_eq(largest > 0, there, "mixture %zu, source %zu", i, s);
    }
    for (size_t p = 0; p < POINTS; ++p) {
        double total = 0;
        for (size_t s = 0; s < j->slots; ++s)
            total += (double)j->sources[(i * j->slots + s) * POINTS + p];
        /* values up to 1 of up to MOST constituents, each rounded a few times */
        cr_assert_float_eq((double)j->spectra[i * POINTS + p], total, 8 * MOST * FMX_TEST_EPS);
    }
}

Test(generator, targets)
{
    fmx_test test = fmx_test_open();
    for (int by_class = 0; by_class < 2; ++by_class) {
        fmx__generator_options options = plain;
        options.sources = by_class ? FMX__GENERATOR_BY_CLASS : FMX__GENERATOR_BY_PART;
        job j;
        job_open(&test, &options, BATCH, &j);
        cr_assert_eq(j.slots, by_class ? 6 : MOST);
        job_run(&j, 0, BATCH, 0);
        for (size_t i = 0; i < BATCH; ++i)
            check_targets(&j, i, by_class != 0);
        job_close(&j);
    }
    fmx_test_close(&test);
}

/* Molar amounts: the area of a mixture is its protons; lines lie where they belong. */
Test(generator, places_and_areas)
{
    fmx_test test = fmx_test_open();
    fmx__generator_options options = plain;
    strcpy(options.only, "Acetate, Succinate");
    options.most = 1;
    options.shift_ppm = 0;
    options.scale = FMX__MIXTURE_AS_STORED;
    options.divide = false;
    options.reach = 2000;
    job j;
    job_open(&test, &options, BATCH, &j);
    job_run(&j, 0, BATCH, 0);
    for (size_t i = 0; i < BATCH; ++i) {
        bool acetate =
            strcmp(fmx__generator_names(j.generator)[(size_t)j.labels[i * j.most]], "Acetate") == 0;
        const fmx_library_entry *entry = NULL;
        size_t compound = 0;
        cr_assert(fmx_library_find(j.library, acetate ? "Acetate" : "Succinate", &compound));
        entry = &j.library->entry[j.library->compound[compound].first_entry];
        double place = (9 - j.library->multiplet[entry->first_multiplet].ppm) / 8.5 * (POINTS - 1);
        double sum = 0;
        size_t highest = 0;
        for (size_t p = 0; p < POINTS; ++p) {
            sum += (double)j.spectra[i * POINTS + p];
            highest = j.spectra[i * POINTS + p] > j.spectra[i * POINTS + highest] ? p : highest;
        }
        /* half widths below 0.24 points; 230 points to the nearest end: 2/pi g / d */
        cr_assert_float_eq(sum, entry->protons, entry->protons * 2e-3, "%g protons", sum);
        cr_assert_float_eq((double)highest, place, 0.501);
    }
    job_close(&j);
    fmx_test_close(&test);
}

Test(generator, nothing_at_all)
{
    fmx_test test = fmx_test_open();
    fmx__generator_options options = plain;
    options.least = 0;
    options.most = 1;
    job j;
    size_t empty = 0;
    job_open(&test, &options, BATCH, &j);
    job_run(&j, 0, BATCH, 0);
    for (size_t i = 0; i < BATCH; ++i) {
        float most = 0;
        for (size_t p = 0; p < POINTS; ++p)
            most = fmaxf(most, fabsf(j.spectra[i * POINTS + p]));
        empty += most == 0;
        cr_assert_eq(most == 0, j.labels[i * j.most] < 0);
    }
    cr_assert(empty > 0 && empty < BATCH);
    job_close(&j);
    fmx_test_close(&test);
}

static void refuse(const fmx_test *test, const fmx__generator_options *options,
                   const fmx_library *library, const char *part)
{
    fmx__generator *none = NULL;
    fmx__generator_plan plan = {.device = test->device,
                                .library = library,
                                .options = options,
                                .axis = {9, 0.5, POINTS},
                                .batch = 2};
    fmx_test_refused(test, fmx__generator_create(&plan, &none), FMX_ERROR_RECIPE, part);
    cr_assert_null(none);
}

Test(generator, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_library *library = NULL;
    fmx_test_ok(&test, fmx__generator_library(test.ctx, &plain, &library), "library");
    fmx__generator_options o = plain;
    o.least = 5;
    refuse(&test, &o, library, "least (5) is above most (4)");
    o = plain;
    o.most = 7;
    refuse(&test, &o, library, "most is 7 compounds, but there are 6");
    o = plain;
    o.foreign = 60;
    refuse(&test, &o, library, "together above");
    o = plain;
    o.snr_least = 5;
    refuse(&test, &o, library, "snr_least");
    o = plain;
    o.width_least_hz = 3;
    refuse(&test, &o, library, "width_least_hz");
    o = plain;
    strcpy(o.only, "L-Alanine, Alcohol");
    refuse(&test, &o, library, "no compound \"Alcohol\"");
    o = plain;
    strcpy(o.exclude, "Nothing");
    refuse(&test, &o, library, "library.exclude");
    fmx_library_release(library);
    fmx_test_close(&test);
}

static fmx__generator_plan failing;

static fmx_status create_and_fill(void *user)
{
    fmx__generator *generator = NULL;
    fmx_buffer *spectra = NULL;
    (void)user;
    fmx_status status = fmx__generator_create(&failing, &generator);
    if (status == FMX_OK)
        status = fmx_buffer_create(failing.device, 2 * POINTS * sizeof(float), &spectra);
    if (status == FMX_OK)
        status =
            fmx__generator_fill(generator, 0, 2, 0, &(fmx__generator_batch){.spectra = spectra});
    fmx_buffer_release(spectra);
    fmx__generator_release(generator);
    return status;
}

Test(generator, each_failure, .timeout = 60)
{
    fmx_test test = fmx_test_open();
    fmx_library *library = NULL;
    fmx_test_ok(&test, fmx__generator_library(test.ctx, &plain, &library), "library");
    failing = (fmx__generator_plan){.device = test.device,
                                    .library = library,
                                    .options = &plain,
                                    .axis = {9, 0.5, POINTS},
                                    .batch = 2};
    fmx_test_each_failure(&test, create_and_fill, NULL);
    fmx_library_release(library);
    fmx_test_close(&test);
}
