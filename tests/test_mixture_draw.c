/* What mixtures are made of: exact numbers, their distributions, refusals. */
#include "mixture_draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "labels_fixture.h"

enum { CLASSES = 8, ROWS = 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10 };

static const fmx__split_options usual = {.validation = 0.2, .test = 0.2};

/* 3 + k FIDs of class k; those of the compounds in `foreign` are no class. */
static void read_labels_but(const fmx_test *test, const char *foreign, fmx__labels *labels)
{
    fmx__split_options split = usual;
    split.foreign = foreign;
    fmx_labelled_row all[CLASSES * 10];
    fmx_labelled_row row[ROWS];
    fmx_dataset *set = NULL;
    size_t rows = 0;
    fmx_labelled_compounds(all, CLASSES, 10);
    for (size_t k = 0; k < CLASSES; ++k)
        for (size_t i = 0; i < 3 + k; ++i)
            row[rows++] = all[10 * k + i];
    const char *path = fmx_labelled_set(test, "d.h5", row, rows, 8, false);
    fmx_test_ok(test, fmx_dataset_open(test->ctx, path, &set), "open");
    fmx_test_ok(test, fmx__labels_read(test->ctx, set, path, NULL, 0, &split, labels), "labels");
    fmx_dataset_close(set);
}

static void read_labels(const fmx_test *test, fmx__labels *labels)
{
    read_labels_but(test, NULL, labels);
}

static fmx__mixture_options general(int amounts)
{
    fmx__mixture_options o = *(const fmx__mixture_options *)fmx__mixture_group.defaults;
    o.mode = FMX__MIXTURE_RANDOM;
    o.least = 0;
    o.most = 8;
    o.amounts = amounts;
    o.snr_least = 20;
    o.snr_most = 200;
    o.split = FMX__SPLIT_ALL;
    return o;
}

/* The part at *at, behind the class that was read. */
static void check_part(const fmx__mixture_drawn *drawn, size_t k, char **at, const char *line)
{
    size_t row = strtoull(*at, at, 10);
    double proportion = strtod(*at, at); /* cr_assert may evaluate its arguments twice */
    unsigned long displaced = strtoul(*at, at, 10);
    unsigned long turn = strtoul(*at, at, 10);
    cr_assert_eq(drawn->row[k], row, "%s: part %zu", line, k);
    cr_assert_eq(drawn->proportion[k], proportion, "%s: part %zu", line, k);
    cr_assert_eq(drawn->displaced[k], displaced != 0, "%s: part %zu", line, k);
    cr_assert_eq(drawn->turn[k], turn, "%s: part %zu", line, k);
}

/* labels[1] is used for the lines "foreign". */
static void check_line(const fmx_test *test, const fmx__labels labels[2], char *line)
{
    static const char *const kinds[] = {"log_uniform", "uniform", "equal", "pairs", "foreign"};
    fmx__mixer mixer;
    fmx__mixture_drawn drawn;
    int kind = 0;
    char *at = strchr(line, ' ');
    *at++ = '\0';
    while (strcmp(kinds[kind], line) != 0)
        ++kind;
    bool foreign = kind == 4;
    fmx__mixture_options o = general(kind < 3 ? kind : FMX__MIXTURE_EQUAL);
    if (kind == 3)
        o.mode = FMX__MIXTURE_PAIRS;
    if (foreign) {
        o.amounts = FMX__MIXTURE_LOG_UNIFORM;
        o.most = 6;
        o.foreign = 3;
    }
    fmx_test_ok(test,
                fmx__mixer_create(test->ctx, &o, &labels[foreign], "d.h5", FMX__SPLIT_ALL,
                                  UINT64_C(0x123456789abcdef0), &mixer),
                "mixer");
    uint64_t mixture = strtoull(at, &at, 10);
    uint32_t draw = (uint32_t)strtoull(at, &at, 10);
    size_t parts = strtoull(at, &at, 10);
    size_t named = strtoull(at, &at, 10);
    fmx__mixer_draw(&mixer, mixture, draw, &drawn);
    cr_assert(drawn.parts == parts && drawn.named == named, "%s %llu", line,
              (unsigned long long)mixture);
    double snr = strtod(at, &at); /* cr_assert may evaluate its arguments twice */
    cr_assert_eq(drawn.snr, snr, "%a, expected %a", drawn.snr, snr);
    for (size_t k = 0; k < parts; ++k) {
        if (k < named) {
            size_t class_index = strtoull(at, &at, 10);
            cr_assert_eq(drawn.class_index[k], class_index, "%s: part %zu", line, k);
        } else {
            at = strchr(at, '-') + 1;
        }
        check_part(&drawn, k, &at, line);
    }
    fmx__mixer_clear(&mixer);
}

/* Every integer and every scalar, to the bit, as another implementation draws them. */
Test(mixture_draw, exact)
{
    fmx_test test = fmx_test_open_host();
    fmx__labels labels[2];
    char line[2048];
    size_t lines = 0;
    FILE *file = fopen(FMX_SOURCE_DIR "/tests/golden/mixture_draw.txt", "r");
    cr_assert_not_null(file);
    read_labels(&test, &labels[0]);
    read_labels_but(&test, "c05, c02", &labels[1]);
    for (; fgets(line, sizeof line, file) != NULL; ++lines)
        check_line(&test, labels, line);
    cr_assert_eq(lines, 205);
    fclose(file);
    fmx__labels_clear(&labels[0]);
    fmx__labels_clear(&labels[1]);
    fmx_test_close(&test);
}

/* Largest distance of the sorted values from the uniform distribution function on [0, 1). */
static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double distance(double *value, size_t count)
{
    double largest = 0;
    qsort(value, count, sizeof *value, ascending);
    for (size_t i = 0; i < count; ++i) {
        largest = fmax(largest, fabs(value[i] - (double)i / (double)count));
        largest = fmax(largest, fabs(value[i] - (double)(i + 1) / (double)count));
    }
    return largest;
}

/* Numbers of compounds and compounds are as likely, ratios of amounts and SNR are log-uniform:
 * chi-square within 5 standard deviations of its mean, Kolmogorov's distance within 2.2 / sqrt(n)
 * (probability 1e-4). */
Test(mixture_draw, distributions)
{
    enum { MIXTURES = 20000 };
    fmx_test test = fmx_test_open_host();
    fmx__labels labels;
    fmx__mixer mixer;
    fmx__mixture_options o = general(FMX__MIXTURE_LOG_UNIFORM);
    double *snr = calloc(MIXTURES, sizeof *snr);
    double *share = calloc(MIXTURES, sizeof *share);
    size_t parts[9] = {0};
    size_t classes[CLASSES] = {0};
    size_t pairs = 0;
    size_t compounds = 0;
    cr_assert(snr != NULL && share != NULL);
    read_labels(&test, &labels);
    fmx_test_ok(&test, fmx__mixer_create(test.ctx, &o, &labels, "d.h5", FMX__SPLIT_ALL, 5, &mixer),
                "mixer");
    for (size_t m = 0; m < MIXTURES; ++m) {
        fmx__mixture_drawn d;
        double sum = 0;
        fmx__mixer_draw(&mixer, m, 0, &d);
        ++parts[d.parts];
        snr[m] = log(d.snr / 20) / log(10);
        for (size_t k = 0; k < d.parts; ++k) {
            ++classes[d.class_index[k]];
            ++compounds;
            sum += d.proportion[k];
            cr_assert_eq(labels.class_of[d.row[k]], (int32_t)d.class_index[k]);
            for (size_t i = 0; i < k; ++i)
                cr_assert_neq(d.class_index[k], d.class_index[i], "a compound twice");
        }
        cr_assert(d.parts == 0 || fabs(sum - 1) < 1e-15 * 8, "mixture %zu sums to %.17g", m, sum);
        if (d.parts == 2) { /* the difference of two uniform values: its distribution function */
            double t = log(d.proportion[0] / d.proportion[1]) / log(20);
            share[pairs++] = t < 0 ? (1 + t) * (1 + t) / 2 : 1 - (1 - t) * (1 - t) / 2;
        }
    }
    double chi = 0;
    for (size_t i = 0; i < 9; ++i)
        chi += pow((double)parts[i] - MIXTURES / 9.0, 2) / (MIXTURES / 9.0);
    cr_assert_lt(chi, 8 + 5 * sqrt(16), "numbers of compounds: chi-square %g", chi);
    chi = 0;
    for (size_t i = 0; i < CLASSES; ++i)
        chi += pow((double)classes[i] - (double)compounds / CLASSES, 2) /
               ((double)compounds / CLASSES);
    cr_assert_lt(chi, 7 + 5 * sqrt(14), "compounds: chi-square %g", chi);
    cr_assert_lt(distance(snr, MIXTURES), 2.2 / sqrt(MIXTURES));
    cr_assert_lt(distance(share, pairs), 2.2 / sqrt((double)pairs));
    fmx__mixer_clear(&mixer);
    fmx__labels_clear(&labels);
    free(share);
    free(snr);
    fmx_test_close(&test);
}

/* The published test: 29 compounds, 435 pairs, 841 cells. */
Test(mixture_draw, published_pairs)
{
    fmx_test test = fmx_test_open_host();
    fmx_labelled_row row[29 * 3];
    fmx_dataset *set = NULL;
    fmx__labels labels;
    fmx__mixer mixer;
    fmx__mixture_options o = *(const fmx__mixture_options *)fmx__mixture_group.defaults;
    int cells[29][29] = {{0}};
    size_t covered = 0;
    fmx_labelled_compounds(row, 29, 3);
    const char *path = fmx_labelled_set(&test, "p.h5", row, 87, 8, false);
    fmx_test_ok(&test, fmx_dataset_open(test.ctx, path, &set), "open");
    fmx_test_ok(&test, fmx__labels_read(test.ctx, set, path, NULL, 0, &usual, &labels), "labels");
    fmx_test_ok(&test, fmx__mixer_create(test.ctx, &o, &labels, path, FMX__SPLIT_TEST, 1, &mixer),
                "mixer");
    cr_assert_eq(mixer.count, 435);
    for (size_t m = 0; m < mixer.count; ++m) {
        fmx__mixture_drawn d;
        fmx__mixer_draw(&mixer, m, fmx__mixture_draw_of(FMX__SPLIT_TEST, 0), &d);
        cr_assert(d.parts == 2 && d.proportion[0] == 0.5 && d.proportion[1] == 0.5);
        cr_assert(labels.split[d.row[0]] == FMX__SPLIT_TEST &&
                  labels.split[d.row[1]] == FMX__SPLIT_TEST);
        cells[d.class_index[0]][d.class_index[1]] = 1;
        cells[d.class_index[1]][d.class_index[0]] = 1;
    }
    for (size_t i = 0; i < 29 * 29; ++i)
        covered += (size_t)cells[i / 29][i % 29];
    cr_assert_eq(covered, 841);
    fmx__mixer_clear(&mixer);
    fmx__labels_clear(&labels);
    fmx_dataset_close(set);
    fmx_test_close(&test);
}

static void refused(const fmx_test *test, const fmx__mixture_options *o, const fmx__labels *labels,
                    const char *part)
{
    fmx__mixer mixer;
    fmx_test_refused(test,
                     fmx__mixer_create(test->ctx, o, labels, "d.h5", FMX__SPLIT_ALL, 1, &mixer),
                     FMX_ERROR_RECIPE, part);
    fmx__mixer_clear(&mixer);
}

Test(mixture_draw, refusals)
{
    fmx_test test = fmx_test_open_host();
    fmx__labels labels;
    fmx__mixture_options o = general(FMX__MIXTURE_EQUAL);
    read_labels(&test, &labels);
    o.least = 9;
    refused(&test, &o, &labels, "above most");
    o.least = 1;
    o.most = 9;
    refused(&test, &o, &labels, "has spectra of 8");
    o.most = 8;
    o.foreign = 57;
    refused(&test, &o, &labels, "together above 64");
    o.foreign = 0;
    o.most = 2;
    o.snr_least = 0;
    refused(&test, &o, &labels, "snr_least");
    o.snr_least = 300;
    refused(&test, &o, &labels, "the lower first");
    fmx__labels_clear(&labels);
    fmx_test_close(&test);
}
