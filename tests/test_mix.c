/* `fidmix mix` as a user runs it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "labels.h"
#include "program_fixture.h"

/* What a dataset of mixtures holds. */
typedef struct mixtures {
    size_t rows;
    size_t points;
    size_t classes;
    size_t width;
    float *spectra;
    float *target;
    float *sigma;
    int32_t *parent;
    uint8_t *split;
} mixtures;

static mixtures read_mixtures(const char *name)
{
    char path[512];
    fmx_test test = fmx_test_open_host();
    fmx_dataset *set = NULL;
    mixtures m = {0};
    fmx_column_type type;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    fmx_test_ok(&test, fmx_dataset_open(test.ctx, path, &set), name);
    const fmx_dataset_info *info = fmx_dataset_describe(set);
    m.rows = info->rows;
    m.points = info->points;
    m.classes = info->classes;
    cr_assert(fmx_dataset_find_column(set, "parent", &type, &m.width) && m.width > 0);
    m.spectra = calloc(m.rows * m.points, sizeof *m.spectra);
    m.target = calloc(m.rows * m.classes, sizeof *m.target);
    m.sigma = calloc(m.rows, sizeof *m.sigma);
    m.parent = calloc(m.rows * m.width, sizeof *m.parent);
    m.split = calloc(m.rows, sizeof *m.split);
    cr_assert(m.spectra && m.target && m.sigma && m.parent && m.split);
    fmx_test_ok(&test, fmx_dataset_read_spectra(set, 0, m.rows, m.spectra), "spectra");
    fmx_test_ok(&test,
                fmx_dataset_read_column(set, "target", FMX_COLUMN_FLOAT, 0, m.rows, m.target),
                "target");
    fmx_test_ok(&test,
                fmx_dataset_read_column(set, "noise_sigma", FMX_COLUMN_FLOAT, 0, m.rows, m.sigma),
                "noise_sigma");
    fmx_test_ok(&test, fmx_dataset_read_column(set, "parent", FMX_COLUMN_INT, 0, m.rows, m.parent),
                "parent");
    if (fmx_dataset_find_column(set, "split", &type, &(size_t){0}))
        fmx_test_ok(&test,
                    fmx_dataset_read_column(set, "split", FMX_COLUMN_BYTE, 0, m.rows, m.split),
                    "split");
    fmx_dataset_close(set);
    fmx_test_close(&test);
    return m;
}

static void release(mixtures *m)
{
    free(m->spectra);
    free(m->target);
    free(m->sigma);
    free(m->parent);
    free(m->split);
}

static void same_mixtures(const char *first, const char *second)
{
    mixtures a = read_mixtures(first);
    mixtures b = read_mixtures(second);
    cr_assert(a.rows == b.rows && a.points == b.points && a.classes == b.classes &&
              a.width == b.width);
    cr_assert_arr_eq(a.spectra, b.spectra, a.rows * a.points * sizeof *a.spectra, "%s, %s", first,
                     second);
    cr_assert_arr_eq(a.target, b.target, a.rows * a.classes * sizeof *a.target);
    cr_assert_arr_eq(a.parent, b.parent, a.rows * a.width * sizeof *a.parent);
    cr_assert_arr_eq(a.sigma, b.sigma, a.rows * sizeof *a.sigma);
    release(&a);
    release(&b);
}

/* Spectra of three compounds, six FIDs each, on an axis of few points. */
static void make_spectra(void)
{
    folder = fmx_test_folder();
    succeeds("simulate --spins " FMX_SOURCE_DIR "/data/spin_systems.yml --out $D/raw "
             "--only L-Alanine,L-Lactate,Citrate --per-compound 6 --points 8192 --quiet");
    succeeds("process $D/raw --out $D/spectra.h5 --recipe process --set axis.points=2001 --quiet");
}

Test(mix, pairs_are_the_sums_of_their_parents)
{
    make_spectra();
    succeeds("mix $D/spectra.h5 --out $D/pairs.h5");
    mixtures m = read_mixtures("pairs.h5");
    char path[512];
    fmx_test test = fmx_test_open_host();
    fmx_dataset *set = NULL;
    cr_assert(m.rows == 6 && m.classes == 3 && m.width == 2);
    snprintf(path, sizeof path, "%s/spectra.h5", folder);
    fmx_test_ok(&test, fmx_dataset_open(test.ctx, path, &set), path);
    float *part[2] = {malloc(m.points * sizeof(float)), malloc(m.points * sizeof(float))};
    for (size_t i = 0; i < m.rows; ++i) {
        double top[2] = {0};
        double highest = 0;
        for (int k = 0; k < 2; ++k) {
            fmx_test_ok(
                &test,
                fmx_dataset_read_spectra(set, (size_t)m.parent[2 * i + (size_t)k], 1, part[k]),
                "part");
            for (size_t j = 0; j < m.points; ++j)
                top[k] = fmax(top[k], (double)part[k][j]);
        }
        for (size_t j = 0; j < m.points; ++j)
            highest = fmax(highest,
                           0.5 * (double)part[0][j] / top[0] + 0.5 * (double)part[1][j] / top[1]);
        for (size_t j = 0; j < m.points; ++j) {
            double sum = 0.5 * (double)part[0][j] / top[0] + 0.5 * (double)part[1][j] / top[1];
            /* weights, two fma and the division round once each: of values up to 1 */
            cr_assert_float_eq(m.spectra[i * m.points + j], sum / highest,
                               8 * FMX_TEST_EPS / highest, "mixture %zu, point %zu", i, j);
        }
        cr_assert_eq(m.split[i], FMX__SPLIT_TEST);
    }
    free(part[0]);
    free(part[1]);
    fmx_dataset_close(set);
    fmx_test_close(&test);
    release(&m);
}

/* Training, validation and test mixtures of one dataset have no FID in common, and together they
 * use all of them. */
Test(mix, splits_share_no_fid)
{
    static const char *const names[] = {"train", "validation", "test"};
    int used[18] = {0};
    make_spectra();
    for (int s = 0; s < 3; ++s) {
        char command[512];
        snprintf(command, sizeof command,
                 "mix $D/spectra.h5 --out $D/%s.h5 --seed %d --set mixtures.mode=random "
                 "--set mixtures.most=3 --set mixtures.count=100 --set mixtures.split=%s",
                 names[s], s + 7, names[s]);
        succeeds(command);
        snprintf(command, sizeof command, "%s.h5", names[s]);
        mixtures m = read_mixtures(command);
        for (size_t i = 0; i < m.rows * m.width; ++i) {
            if (m.parent[i] >= 0)
                used[m.parent[i]] |= 1 << s;
        }
        release(&m);
    }
    for (int i = 0; i < 18; ++i)
        cr_assert(used[i] == 1 || used[i] == 2 || used[i] == 4, "FID %d: splits %d", i, used[i]);
}

static const char *const general =
    "--set mixtures.mode=random --set mixtures.least=0 --set mixtures.most=3 "
    "--set mixtures.count=3000 --set mixtures.snr_least=20 --set mixtures.snr_most=200";

static void mix_general(const char *in, const char *out, const char *more)
{
    char command[1024];
    snprintf(command, sizeof command, "mix $D/%s --out $D/%s %s %s", in, out, general, more);
    succeeds(command);
}

Test(mix, repeats_and_noise_is_what_it_says)
{
    make_spectra();
    mix_general("spectra.h5", "a.h5", "");
    mix_general("spectra.h5", "b.h5", "");
    same_mixtures("a.h5", "b.h5");
    mix_general("spectra.h5", "c.h5", "--seed 2");
    mixtures a = read_mixtures("a.h5");
    mixtures c = read_mixtures("c.h5");
    size_t empty = 0;
    cr_assert_neq(memcmp(a.target, c.target, a.rows * a.classes * sizeof *a.target), 0);
    for (size_t i = 0; i < a.rows; ++i) {
        double sum = 0;
        double square = 0;
        float highest = 0;
        for (size_t k = 0; k < a.classes; ++k)
            sum += (double)a.target[i * a.classes + k];
        for (size_t j = 0; j < a.points; ++j) {
            float x = a.spectra[i * a.points + j];
            highest = fmaxf(highest, x);
            square += (double)x * (double)x;
        }
        cr_assert_eq(highest, 1, "mixture %zu", i);
        if (sum > 0) {
            cr_assert_float_eq(sum, 1, 3 * FMX_TEST_EPS);
            continue;
        }
        ++empty; /* noise alone: its deviation within 5 standard errors */
        cr_assert_float_eq(sqrt(square / (double)a.points) / (double)a.sigma[i], 1,
                           5 / sqrt(2.0 * (double)a.points), "mixture %zu", i);
    }
    cr_assert(empty > 600 && empty < 900, "%zu of noise alone", empty);
    release(&a);
    release(&c);
}

/* Variants that `fidmix augment` wrote stay on the side of the split on which their FID is. */
Test(mix, augmented_spectra_stay_with_their_fid)
{
    int used[2][18] = {{0}};
    make_spectra();
    succeeds("augment $D/spectra.h5 --out $D/augmented.h5 --quiet "
             "--set augment.augmentation.copies=3");
    for (int k = 0; k < 2; ++k) {
        static const char *const from[] = {"spectra", "augmented"};
        char command[256];
        snprintf(command, sizeof command,
                 "mix $D/%s.h5 --out $D/%d.h5 --set mixtures.mode=random --set mixtures.most=3 "
                 "--set mixtures.count=100",
                 from[k], k);
        succeeds(command);
        snprintf(command, sizeof command, "%d.h5", k);
        mixtures m = read_mixtures(command);
        for (size_t i = 0; i < m.rows * m.width; ++i) {
            if (m.parent[i] >= 0)
                used[k][m.parent[i]] = 1;
        }
        release(&m);
    }
    cr_assert_arr_eq(used[0], used[1], sizeof used[0]);
}

/* Each constituent is augmented on its own: other spectra, the same amounts. */
Test(mix, constituents_are_augmented)
{
    make_spectra();
    cr_assert_eq(shell("printf 'fidmix: 1\\nseed: 4\\naugment:\\n  - augmentation: {shift_ppm: "
                       "[-0.02, 0.02], lorentzian_hz: [0, 1]}\\nmixtures: {mode: random, most: 3, "
                       "count: 40, augment: true}\\n' > $D/augmented.yml"),
                 0);
    succeeds("mix $D/spectra.h5 --out $D/a.h5 --recipe $D/augmented.yml");
    succeeds("mix $D/spectra.h5 --out $D/b.h5 --recipe $D/augmented.yml");
    succeeds("mix $D/spectra.h5 --out $D/c.h5 --recipe $D/augmented.yml "
             "--set mixtures.augment=false");
    same_mixtures("a.h5", "b.h5");
    mixtures a = read_mixtures("a.h5");
    mixtures c = read_mixtures("c.h5");
    cr_assert_arr_eq(a.target, c.target, a.rows * a.classes * sizeof *a.target);
    cr_assert_arr_eq(a.parent, c.parent, a.rows * a.width * sizeof *a.parent);
    for (size_t i = 0; i < a.rows; ++i)
        cr_assert_neq(memcmp(a.spectra + i * a.points, c.spectra + i * a.points,
                             a.points * sizeof *a.spectra),
                      0, "mixture %zu", i);
    release(&a);
    release(&c);
    fails("mix $D/spectra.h5 --out $D/x.h5 --set mixtures.augment=true", 3, "augment: no stage");
}

/* Foreign signals stand behind the compounds in `parent` and have no target; the compounds are
 * those that the same mixtures have without. */
Test(mix, foreign_signals_have_no_target)
{
    make_spectra();
    mix_general("spectra.h5", "a.h5", "--set mixtures.most=2 --set database.foreign=Citrate");
    mix_general("spectra.h5", "b.h5",
                "--set mixtures.most=2 --set database.foreign=Citrate --set mixtures.foreign=2 "
                "--set mixtures.displaced=0");
    mixtures a = read_mixtures("a.h5");
    mixtures b = read_mixtures("b.h5");
    size_t foreign = 0;
    cr_assert(a.classes == 2 && b.classes == 2 && a.width == 2 && b.width == 4);
    cr_assert_arr_eq(a.target, b.target, a.rows * a.classes * sizeof *a.target);
    for (size_t i = 0; i < a.rows; ++i) {
        const int32_t *parent = b.parent + 4 * i;
        size_t named = 0;
        while (named < 2 && a.parent[2 * i + named] >= 0) {
            cr_assert_eq(parent[named], a.parent[2 * i + named], "mixture %zu", i);
            ++named;
        }
        /* FIDs are in the order of their compounds' names: Citrate's come first */
        for (size_t k = 0; k < named; ++k)
            cr_assert_geq(parent[k], 6, "mixture %zu", i);
        for (size_t k = named; k < 4 && parent[k] >= 0; ++k, ++foreign)
            cr_assert_lt(parent[k], 6, "mixture %zu", i);
    }
    /* 0, 1 or 2, as likely: within 5 standard deviations of their sum */
    cr_assert_float_eq((double)foreign, (double)a.rows, 5 * sqrt(2.0 / 3 * (double)a.rows));
    release(&a);
    release(&b);
}

Test(mix, resumes_to_the_same_contents)
{
    make_spectra();
    mix_general("spectra.h5", "whole.h5", "");
    char script[1024];
    /* ended hard as soon as the first rows are stored */
    snprintf(script, sizeof script,
             FMX_PROGRAM " mix $D/spectra.h5 --out $D/cut.h5 %s 2> /dev/null & pid=$!; "
                         "until ls -s $D/cut.h5.part/rows-* 2> /dev/null | grep -q '^ *[1-9]'; "
                         "do kill -0 $pid || exit 1; done; kill -9 $pid; wait $pid; "
                         "[ ! -e $D/cut.h5 ] && ls $D/cut.h5.part/rows-* > /dev/null",
             general);
    cr_assert_eq(shell(script), 0, "it was to be cut off amidst its work");
    mix_general("spectra.h5", "cut.h5", "--resume");
    same_mixtures("whole.h5", "cut.h5");
    mix_general("spectra.h5", "cut.h5", "--resume");
    cr_assert(strstr(messages(), "up to date") != NULL, "%s", messages());
    fails("mix $D/spectra.h5 --out $D/cut.h5", 5, "exists");
}

Test(mix, refusals_before_any_work)
{
    make_spectra();
    fails("mix $D/spectra.h5", 2, "--out");
    fails("mix $D/nowhere.h5 --out $D/x.h5", 3, "nowhere.h5");
    fails("mix $D/spectra.h5 --out $D/x.h5 --set mixtures.mode=random", 3, "most is 6 compounds");
    fails("mix $D/spectra.h5 --out $D/x.h5 --set mixtures.splt=test", 3, "split");
    fails("mix $D/spectra.h5 --out $D/x.h5 --set mixtures.snr_least=5", 3, "both 0");
    fails("mix $D/spectra.h5 --out $D/x.h5 --set database.test=0", 3, "\"test\" has no spectra");
    fails("mix $D/spectra.h5 --out $D/x.h5 --set database.test=0.6 --set database.validation=0.6",
          2, "below 1");
    fails("mix $D/spectra.h5 --out $D/x.h5 --set axis.points=100", 3, "axis: 100 points");
    fails("mix $D/spectra.h5 --out $D/no/such/x.h5", 5, "x.h5");
    cr_assert_eq(shell("mkdir $D/one && cp -r $D/raw/Citrate $D/one/"), 0);
    succeeds("process $D/one --out $D/one.h5 --quiet");
    fails("mix $D/one.h5 --out $D/x.h5", 3, "of one class");
    fails("mix $D/raw/truth.csv --out $D/x.h5", 3, "truth.csv");
    cr_assert_eq(shell("[ ! -e $D/x.h5 ] && [ ! -e $D/x.h5.part ]"), 0);
}
