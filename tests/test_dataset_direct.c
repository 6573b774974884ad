/* Datasets written in order: straight into their files, resumed by complete ones. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "dataset_fixture.h"
#include "fmx_test.h"

static char folder[512];

static fmx_set *plan_of(size_t rows, size_t points, bool rich, size_t shard_rows)
{
    fmx_set *set = fmx_set_plan(rows, points, rich);
    set->plan.in_order = true;
    set->plan.inputs = "those of the test";
    set->plan.shard_bytes = shard_rows * points * sizeof(float);
    return set;
}

static const char *in_folder(const char *name)
{
    static char path[4][700];
    static int next;
    char *out = path[next++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", folder, name);
    return out;
}

static fmx_dataset_writer *open_writer(const fmx_test *test, const fmx_set *set, const char *name,
                                       bool resume)
{
    fmx_dataset_writer *writer = NULL;
    fmx_dataset_plan plan = set->plan;
    plan.resume = resume;
    fmx_test_ok(test, fmx_dataset_writer_open(test->ctx, in_folder(name), &plan, &writer), name);
    return writer;
}

static void write_rows(const fmx_test *test, fmx_dataset_writer *writer, const fmx_set *set,
                       size_t first, size_t end)
{
    for (size_t row = first; row < end; ++row)
        fmx_test_ok(test, fmx_set_append(writer, set, row), "append");
}

Test(dataset_direct, written_and_read_back)
{
    static const size_t sizes[][2] = {{1, 1}, {1, 4096}, {2, 3}, {13, 257}, {64, 1000}};
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        for (int rich = 0; rich < 2; ++rich) {
            snprintf(folder, sizeof folder, "%s", fmx_test_folder());
            fmx_set *set = plan_of(sizes[i][0], sizes[i][1], rich, 1000);
            fmx_dataset_writer *writer = open_writer(&test, set, "out.h5", false);
            write_rows(&test, writer, set, 0, sizes[i][0]);
            cr_assert_eq(access(in_folder("out.h5"), F_OK), -1, "not before it is finished");
            fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
            fmx_dataset_writer_close(writer);
            fmx_set_check(test.ctx, in_folder("out.h5"), set, NULL);
            cr_assert_eq(access(in_folder("out.h5.part"), F_OK), -1, "the part is gone");
        }
    }
    fmx_test_close(&test);
}

/* Ended after any number of rows and resumed, the contents are those of one go. */
Test(dataset_direct, resumed_from_complete_files)
{
    enum { ROWS = 13, SHARD = 4 };
    fmx_test test = fmx_test_open_host();
    fmx_set *set = plan_of(ROWS, 100, true, SHARD);
    fmx_dataset_writer *writer = NULL;
    for (size_t stop = 0; stop <= ROWS; ++stop) {
        snprintf(folder, sizeof folder, "%s", fmx_test_folder());
        writer = open_writer(&test, set, "out.h5", false);
        write_rows(&test, writer, set, 0, stop);
        fmx_dataset_writer_close(writer);
        writer = open_writer(&test, set, "out.h5", true);
        size_t done = fmx_dataset_writer_count(writer);
        cr_assert_eq(done, stop == ROWS ? ROWS : stop / SHARD * SHARD, "after %zu rows: %zu", stop,
                     done);
        write_rows(&test, writer, set, done, ROWS);
        fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
        fmx_dataset_writer_close(writer);
        fmx_set_check(test.ctx, in_folder("out.h5"), set, NULL);
        writer = open_writer(&test, set, "out.h5", true);
        cr_assert(fmx_dataset_writer_finished(writer), "complete");
        fmx_dataset_writer_close(writer);
    }
    fmx_test_close(&test);
}

Test(dataset_direct, refusals)
{
    fmx_test test = fmx_test_open_host();
    snprintf(folder, sizeof folder, "%s", fmx_test_folder());
    fmx_set *set = plan_of(9, 50, true, 4);
    fmx_dataset_writer *writer = open_writer(&test, set, "out.h5", false);
    fmx_test_refused(&test, fmx_set_append(writer, set, 1), FMX_ERROR_ARGUMENT, "out of order");
    write_rows(&test, writer, set, 0, 6);
    fmx_test_refused(&test, fmx_set_append(writer, set, 8), FMX_ERROR_ARGUMENT, "out of order");
    fmx_test_ok(&test, fmx_set_append(writer, set, 2), "a row of a complete file is there");
    fmx_test_refused(&test, fmx_dataset_writer_finish(writer), FMX_ERROR_ARGUMENT, "6 of 9 rows");
    fmx_dataset_writer_close(writer);
    /* other inputs are another dataset */
    fmx_dataset_plan plan = set->plan;
    plan.resume = true;
    plan.inputs = "others";
    fmx_test_refused(&test, fmx_dataset_writer_open(test.ctx, in_folder("out.h5"), &plan, &writer),
                     FMX_ERROR_EXISTS, "another recipe");
    fmx_test_close(&test);
}

/* A full disk: what a file size limit refuses. The row fails, complete files stay. */
Test(dataset_direct, a_full_disk)
{
    fmx_test test = fmx_test_open_host();
    struct rlimit limit;
    snprintf(folder, sizeof folder, "%s", fmx_test_folder());
    fmx_set *set = plan_of(64, 4096, false, 1000);
    fmx_dataset_writer *writer = open_writer(&test, set, "out.h5", false);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 300000;
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    fmx_test_refused(&test, fmx_set_append(writer, set, 0), FMX_ERROR_WRITE, "--resume");
    limit.rlim_cur = before;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(access(in_folder("out.h5.part/building.h5"), F_OK), -1, "nothing is left of it");
    write_rows(&test, writer, set, 0, 64);
    fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    fmx_set_check(test.ctx, in_folder("out.h5"), set, NULL);
    fmx_test_close(&test);
}

Test(dataset_direct, columns_are_listed)
{
    fmx_test test = fmx_test_open_host();
    fmx_dataset *data = NULL;
    fmx_column *column = NULL;
    size_t count = 0;
    snprintf(folder, sizeof folder, "%s", fmx_test_folder());
    fmx_set *set = plan_of(5, 10, true, 100);
    fmx_dataset_writer *writer = open_writer(&test, set, "out.h5", false);
    write_rows(&test, writer, set, 0, 5);
    fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    fmx_test_ok(&test, fmx_dataset_open(test.ctx, in_folder("out.h5"), &data), "open");
    fmx_test_ok(&test, fmx_dataset_list_columns(data, &column, &count), "columns");
    /* seven of every dataset, target, split and the plan's own */
    cr_assert_eq(count, 9 + set->plan.column_count);
    for (size_t i = 0; i < set->plan.column_count; ++i) {
        size_t k = 0;
        while (k < count && strcmp(column[k].name, set->plan.column[i].name) != 0)
            ++k;
        cr_assert_lt(k, count, "%s is missing", set->plan.column[i].name);
        cr_assert_eq(column[k].type, set->plan.column[i].type);
        cr_assert_eq(column[k].width, set->plan.column[i].width);
    }
    for (size_t i = 0; i < count; ++i)
        cr_assert(strcmp(column[i].name, "spectra") != 0 && strcmp(column[i].name, "ppm") != 0 &&
                  strcmp(column[i].name, "class_name") != 0);
    free(column);
    fmx_dataset_close(data);
    fmx_test_close(&test);
}
