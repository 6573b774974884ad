/* Classes, and the split by FIDs. */
#include "labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "labels_fixture.h"

static const fmx__split_options usual = {.validation = 0.2, .test = 0.2};

static fmx_status read_labels(const fmx_test *test, const char *path,
                              const fmx__split_options *split, fmx__labels *out)
{
    fmx_dataset *set = NULL;
    fmx_test_ok(test, fmx_dataset_open(test->ctx, path, &set), path);
    fmx_status status = fmx__labels_read(test->ctx, set, path, NULL, 0, split, out);
    fmx_dataset_close(set);
    return status;
}

static size_t count_of(const fmx__labels *labels, fmx__split split, size_t class_index)
{
    size_t count = 0;
    fmx__labels_members(labels, split, class_index, &count);
    return count;
}

Test(labels, names_are_classes)
{
    fmx_test test = fmx_test_open_host();
    fmx_labelled_row row[] = {
        {"b", "raw/b/1", -1, -1, 1},
        {"a", "raw/a/1", -1, -1, 1},
        {"b", "raw/b/2", -1, -1, 1},
        {"B", "raw/B/1", -1, -1, 1},
    };
    fmx__labels labels;
    fmx_test_ok(
        &test,
        read_labels(&test, fmx_labelled_set(&test, "n.h5", row, 4, 8, false), &usual, &labels),
        "labels");
    cr_assert_eq(labels.classes, 3);
    cr_assert_str_eq(labels.class_name[0], "B"); /* the order of bytes */
    cr_assert_str_eq(labels.class_name[1], "a");
    cr_assert_str_eq(labels.class_name[2], "b");
    const int32_t expected[] = {2, 1, 2, 0};
    cr_assert_arr_eq(labels.class_of, expected, sizeof expected);
    cr_assert_eq(count_of(&labels, FMX__SPLIT_ALL, 2), 2);
    cr_assert_eq(fmx__labels_count(&labels, FMX__SPLIT_ALL), 4);
    /* two FIDs: one for the test; one FID: for training */
    cr_assert_eq(count_of(&labels, FMX__SPLIT_TEST, 2), 1);
    cr_assert_eq(count_of(&labels, FMX__SPLIT_TRAIN, 2), 1);
    cr_assert_eq(count_of(&labels, FMX__SPLIT_TRAIN, 0), 1);
    fmx__labels_clear(&labels);
    fmx_test_close(&test);
}

/* Counts per class for n FIDs at 0.2 and 0.2, as labels.h states them. */
Test(labels, shares_of_a_class)
{
    fmx_test test = fmx_test_open_host();
    static const size_t fids[] = {1, 2, 3, 4, 5, 7, 10};
    static const size_t expected[][2] = {{0, 0}, {1, 0}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {2, 2}};
    for (size_t i = 0; i < sizeof fids / sizeof *fids; ++i) {
        fmx_labelled_row row[20];
        fmx__labels labels;
        fmx_labelled_compounds(row, 2, fids[i]);
        const char *path = fmx_labelled_set(&test, "s.h5", row, 2 * fids[i], 8, false);
        fmx_test_ok(&test, read_labels(&test, path, &usual, &labels), "labels");
        for (size_t k = 0; k < 2; ++k) {
            cr_assert_eq(count_of(&labels, FMX__SPLIT_TEST, k), expected[i][0], "%zu", fids[i]);
            cr_assert_eq(count_of(&labels, FMX__SPLIT_VALIDATION, k), expected[i][1]);
            cr_assert_eq(count_of(&labels, FMX__SPLIT_TRAIN, k),
                         fids[i] - expected[i][0] - expected[i][1]);
        }
        fmx__labels_clear(&labels);
    }
    fmx_test_close(&test);
}

/* 4 compounds of 5 FIDs, 3 copies of each (augmented), and TopSpin's spectrum of the first FID of
 * each compound as a row with a parent of its own: no FID is in two splits, and the order of the
 * rows does not matter. */
Test(labels, no_fid_in_two_splits)
{
    enum { CLASSES = 4, FIDS = 5, COPIES = 3, ROWS = CLASSES * (FIDS * COPIES + 1) };
    fmx_test test = fmx_test_open_host();
    fmx_labelled_row fid[CLASSES * FIDS];
    fmx_labelled_row row[2][ROWS];
    static const char *const processed[] = {"raw/c00/0/pdata/1", "raw/c01/0/pdata/1",
                                            "raw/c02/0/pdata/7", "raw/c03/0/pdata/1"};
    size_t rows = 0;
    fmx_labelled_compounds(fid, CLASSES, FIDS);
    for (size_t i = 0; i < CLASSES * FIDS; ++i) {
        for (size_t copy = 0; copy < COPIES; ++copy) {
            row[0][rows] = fid[i];
            row[0][rows++].parent = (int32_t)i;
        }
    }
    for (size_t i = 0; i < CLASSES; ++i)
        row[0][rows++] =
            (fmx_labelled_row){fid[i * FIDS].name, processed[i], (int32_t)(100 + i), -1, 1};
    for (size_t i = 0; i < ROWS; ++i)
        row[1][i] = row[0][(i * 31) % ROWS]; /* 31 and 64 have no common divisor */
    fmx__labels labels[2];
    for (int order = 0; order < 2; ++order)
        fmx_test_ok(&test,
                    read_labels(&test, fmx_labelled_set(&test, "f.h5", row[order], ROWS, 8, false),
                                &usual, &labels[order]),
                    "labels");
    for (size_t i = 0; i < ROWS; ++i) {
        for (size_t k = 0; k < i; ++k) {
            bool same_fid = row[0][i].parent == row[0][k].parent ||
                            strncmp(row[0][i].source, row[0][k].source, 9) == 0;
            if (same_fid)
                cr_assert_eq(labels[0].split[i], labels[0].split[k], "rows %zu and %zu", i, k);
        }
        cr_assert_eq(labels[1].split[i], labels[0].split[(i * 31) % ROWS], "row %zu", i);
    }
    for (size_t k = 0; k < CLASSES; ++k)
        for (int s = 0; s < FMX__SPLITS; ++s)
            cr_assert_gt(count_of(&labels[0], (fmx__split)s, k), 0, "class %zu, split %d", k, s);
    fmx__labels_clear(&labels[0]);
    fmx__labels_clear(&labels[1]);
    fmx_test_close(&test);
}

/* Another seed deals out otherwise; other classes do not matter. */
Test(labels, split_seed_and_other_classes)
{
    fmx_test test = fmx_test_open_host();
    fmx_labelled_row row[60];
    fmx__split_options other = usual;
    fmx__labels labels[3];
    other.seed = 1;
    fmx_labelled_compounds(row, 6, 10);
    const char *path = fmx_labelled_set(&test, "a.h5", row, 60, 8, false);
    fmx_test_ok(&test, read_labels(&test, path, &usual, &labels[0]), "labels");
    fmx_test_ok(&test, read_labels(&test, path, &other, &labels[1]), "labels");
    path = fmx_labelled_set(&test, "b.h5", row + 40, 20, 8, false);
    fmx_test_ok(&test, read_labels(&test, path, &usual, &labels[2]), "labels");
    cr_assert_neq(memcmp(labels[0].split, labels[1].split, 60), 0);
    cr_assert_arr_eq(labels[0].split + 40, labels[2].split, 20);
    for (int i = 0; i < 3; ++i)
        fmx__labels_clear(&labels[i]);
    fmx_test_close(&test);
}

Test(labels, a_split_column_is_used)
{
    fmx_test test = fmx_test_open_host();
    fmx_labelled_row row[] = {
        {"a", "x", -1, 2, 1}, {"b", "y", -1, 0, 1}, {"a", "z", -1, 1, 1}, {"b", "w", -1, 0, 1}};
    fmx__labels labels;
    fmx_test_ok(
        &test,
        read_labels(&test, fmx_labelled_set(&test, "c.h5", row, 4, 8, true), &usual, &labels),
        "labels");
    const uint8_t expected[] = {2, 0, 1, 0};
    cr_assert_arr_eq(labels.split, expected, 4);
    cr_assert(labels.stored_split);
    cr_assert_null(labels.target, "pure rows need no targets");
    fmx_test_ok(&test, fmx__labels_need(test.ctx, &labels, "c.h5", FMX__SPLIT_TRAIN, false), "all");
    fmx_test_refused(&test, fmx__labels_need(test.ctx, &labels, "c.h5", FMX__SPLIT_TRAIN, true),
                     FMX_ERROR_FORMAT, "\"a\" has no spectrum");
    fmx__labels_clear(&labels);
    row[0].split = 3;
    fmx_test_refused(
        &test,
        read_labels(&test, fmx_labelled_set(&test, "d.h5", row, 4, 8, true), &usual, &labels),
        FMX_ERROR_FORMAT, "split of row 0 is 3");
    fmx__labels_clear(&labels);
    fmx_test_close(&test);
}

/* The classes of a model, in its order. */
Test(labels, classes_of_a_model)
{
    fmx_test test = fmx_test_open_host();
    static const char *const model[] = {"x", "b", "a"};
    fmx_labelled_row row[] = {{"a", "x", -1, -1, 1}, {"b", "y", -1, -1, 1}, {"a", "z", -1, -1, 1}};
    for (int targets = 0; targets < 2; ++targets) {
        fmx_dataset *set = NULL;
        fmx__labels labels;
        const char *path =
            fmx_labelled_set(&test, targets ? "t.h5" : "u.h5", row, 3, 8, targets != 0);
        fmx_test_ok(&test, fmx_dataset_open(test.ctx, path, &set), "open");
        fmx_test_ok(&test, fmx__labels_read(test.ctx, set, path, model, 3, &usual, &labels),
                    "labels");
        const int32_t expected[] = {2, 1, 2};
        cr_assert_arr_eq(labels.class_of, expected, sizeof expected);
        cr_assert_eq(labels.classes, 3);
        cr_assert_str_eq(labels.class_name[0], "x");
        fmx__labels_clear(&labels);
        fmx_test_refused(&test, fmx__labels_read(test.ctx, set, path, model, 2, &usual, &labels),
                         FMX_ERROR_FORMAT, "\"a\" is not among the 2 classes");
        fmx__labels_clear(&labels);
        fmx_dataset_close(set);
    }
    fmx_test_close(&test);
}

/* Compounds of no class: as listed, with the letters that folders have instead; the others' split
 * does not change, foreign FIDs are dealt out too, and classes of a model do not refuse them. */
Test(labels, foreign_compounds)
{
    enum { FIDS = 10, ROWS = 6 * FIDS };
    fmx_test test = fmx_test_open_host();
    fmx_labelled_row row[ROWS];
    static const char *const model[] = {"c04", "c00", "c02", "c05"};
    fmx__split_options split = usual;
    fmx__labels without;
    fmx__labels labels;
    fmx_labelled_compounds(row, 6, FIDS);
    for (size_t i = 0; i < FIDS; ++i)
        row[FIDS + i].name = "N_c(0)";
    const char *path = fmx_labelled_set(&test, "g.h5", row, ROWS, 8, false);
    fmx_test_ok(&test, read_labels(&test, path, &usual, &without), "labels");
    split.foreign = "c0, c03, N,c(0), 5";
    fmx_test_ok(&test, read_labels(&test, path, &split, &labels), "labels");
    cr_assert_eq(labels.classes, 4);
    cr_assert_eq(fmx__labels_count(&labels, FMX__SPLIT_ALL), ROWS);
    cr_assert_eq(count_of(&labels, FMX__SPLIT_ALL, 4), 0, "no mixtures");
    cr_assert_eq(count_of(&labels, FMX__SPLIT_ALL, 5), 2 * FIDS);
    cr_assert_eq(count_of(&labels, FMX__SPLIT_TEST, 5), 4);
    cr_assert_eq(count_of(&labels, FMX__SPLIT_VALIDATION, 5), 4);
    for (size_t i = 0; i < ROWS; ++i) {
        bool foreign = i / FIDS == 1 || i / FIDS == 3;
        cr_assert_eq(labels.class_of[i] == FMX__CLASS_FOREIGN, foreign, "row %zu", i);
        cr_assert(foreign || labels.split[i] == without.split[i], "row %zu", i);
    }
    fmx__labels_clear(&without);
    fmx__labels_clear(&labels);
    fmx_dataset *set = NULL;
    fmx_test_ok(&test, fmx_dataset_open(test.ctx, path, &set), "open");
    fmx_test_ok(&test, fmx__labels_read(test.ctx, set, path, model, 4, &split, &labels), "model");
    cr_assert_eq(labels.class_of[0], 1);
    cr_assert_eq(labels.class_of[FIDS], FMX__CLASS_FOREIGN);
    fmx__labels_clear(&labels);
    fmx_test_refused(&test, fmx__labels_read(test.ctx, set, path, model, 4, &usual, &labels),
                     FMX_ERROR_FORMAT, "not among the 4 classes");
    fmx__labels_clear(&labels);
    fmx_dataset_close(set);
    fmx_test_close(&test);
}

Test(labels, refusals)
{
    fmx_test test = fmx_test_open_host();
    fmx_labelled_row row[] = {{"a", "x", -1, -1, 1}, {"a", "y", -1, -1, 1}, {"", "z", -1, -1, 1}};
    fmx__labels labels;
    const char *path = fmx_labelled_set(&test, "r.h5", row, 2, 8, false);
    fmx_test_refused(&test, read_labels(&test, path, &usual, &labels), FMX_ERROR_FORMAT,
                     "of one class");
    fmx__labels_clear(&labels);
    fmx__split_options wrong = {.validation = 0.5, .test = 0.5};
    fmx_test_refused(&test, read_labels(&test, path, &wrong, &labels), FMX_ERROR_ARGUMENT,
                     "below 1");
    fmx__labels_clear(&labels);
    path = fmx_labelled_set(&test, "q.h5", row, 3, 8, false);
    fmx_test_refused(&test, read_labels(&test, path, &usual, &labels), FMX_ERROR_FORMAT, "no name");
    fmx__labels_clear(&labels);
    row[1].name = "b";
    path = fmx_labelled_set(&test, "e.h5", row, 2, 8, false);
    fmx_test_ok(&test, read_labels(&test, path, &usual, &labels), "labels");
    fmx_test_refused(&test, fmx__labels_need(test.ctx, &labels, path, FMX__SPLIT_TEST, false),
                     FMX_ERROR_FORMAT, "has no spectra; it takes more FIDs");
    fmx__labels_clear(&labels);
    fmx_test_close(&test);
}

Test(labels, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open_host();
    fmx_labelled_row row[12];
    fmx_labelled_compounds(row, 3, 4);
    for (int targets = 0; targets < 2; ++targets) {
        fmx_dataset *set = NULL;
        const char *path =
            fmx_labelled_set(&test, targets ? "m.h5" : "k.h5", row, 12, 8, targets != 0);
        fmx_test_ok(&test, fmx_dataset_open(test.ctx, path, &set), "open");
        fmx_status status = FMX_ERROR_MEMORY;
        size_t n = 0;
        while (status != FMX_OK && n < 100) {
            fmx__labels labels;
            fmx__fail_allocation(test.ctx, ++n);
            status = fmx__labels_read(test.ctx, set, path, NULL, 0, &usual, &labels);
            fmx__fail_allocation(test.ctx, 0);
            cr_assert(status == FMX_OK || status == FMX_ERROR_MEMORY, "allocation %zu", n);
            fmx__labels_clear(&labels);
        }
        cr_assert(status == FMX_OK && n > 10, "%zu", n);
        fmx_dataset_close(set);
    }
    fmx_test_close(&test);
}
