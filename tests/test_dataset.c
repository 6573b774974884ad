/* Datasets: written, interrupted, killed, resumed, read back, read by h5py. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic_file.h"
#include "dataset_fixture.h"
#include "fmx_test.h"

static char folder[512];
static char path[600];
static char part[700];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "%s", fmx_test_folder());
    snprintf(path, sizeof path, "%s/out.h5", folder);
    snprintf(part, sizeof part, "%s.part", path);
}

static fmx_dataset_writer *open_writer(const fmx_test *test, const fmx_set *set, bool resume)
{
    fmx_dataset_writer *writer = NULL;
    fmx_dataset_plan plan = set->plan;
    plan.resume = resume;
    fmx_test_ok(test, fmx_dataset_writer_open(test->ctx, path, &plan, &writer), "open");
    return writer;
}

static void refused(const fmx_test *test, const fmx_dataset_plan *plan, fmx_status status,
                    const char *what)
{
    fmx_dataset_writer *writer = NULL;
    fmx_test_refused(test, fmx_dataset_writer_open(test->ctx, path, plan, &writer), status, what);
    cr_assert_null(writer);
}

/* Rows in an order that is not theirs. */
static void append_all(const fmx_test *test, fmx_dataset_writer *writer, const fmx_set *set)
{
    for (size_t i = 0; i < set->plan.rows; ++i) {
        size_t row = (i * 11 + 3) % set->plan.rows; /* 11 divides none of the sizes used */
        fmx_test_ok(test, fmx_set_append(writer, set, row), "append");
        cr_assert(fmx_dataset_writer_has(writer, row));
    }
}

static void write_all(const fmx_test *test, const fmx_set *set, bool resume)
{
    fmx_dataset_writer *writer = open_writer(test, set, resume);
    append_all(test, writer, set);
    fmx_test_ok(test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    cr_assert_eq(access(part, F_OK), -1, "the part is still there");
}

static bool there(const char *name)
{
    char file[700];
    snprintf(file, sizeof file, "%s/%s", folder, name);
    return access(file, F_OK) == 0;
}

Test(dataset, written_and_read_back)
{
    static const size_t sizes[][2] = {{1, 1}, {1, 4096}, {2, 3}, {13, 257}, {64, 1000}};
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        for (int variant = 0; variant < 4; ++variant) {
            make_folder();
            fmx_set *set = fmx_set_plan(sizes[i][0], sizes[i][1], variant & 1);
            set->plan.compress = variant & 2;
            write_all(&test, set, false);
            fmx_set_check(test.ctx, path, set, NULL);
        }
    }
    fmx_test_close(&test);
}

Test(dataset, above_the_limit_in_shards_shown_as_one)
{
    fmx_test test = fmx_test_open_host();
    for (int rich = 0; rich < 2; ++rich) {
        make_folder();
        fmx_set *set = fmx_set_plan(13, 100, rich);
        set->plan.shard_bytes = 5 * 100 * sizeof(float) + 1; /* 5, 5 and 3 rows */
        fmx_dataset_writer *writer = open_writer(&test, set, false);
        for (size_t row = 0; row < 5; ++row) {
            cr_assert_not(there("out.shard-0001.h5"));
            fmx_test_ok(&test, fmx_set_append(writer, set, row), "append");
        }
        cr_assert(there("out.shard-0001.h5"), "a full shard is renamed at once");
        cr_assert_not(there("out.h5"));
        append_all(&test, writer, set);
        fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
        fmx_dataset_writer_close(writer);
        cr_assert(there("out.shard-0003.h5") && !there("out.shard-0004.h5"));
        fmx_set_check(test.ctx, path, set, NULL);
        cr_assert_eq(chdir("/"), 0); /* shards are found beside the view, wherever we are */
        fmx_set_check(test.ctx, path, set, NULL);
        cr_assert_eq(chdir(folder), 0);
        fmx_set_check(test.ctx, "out.h5", set, NULL);
        fmx_dataset *data = NULL;
        fmx_test_ok(&test, fmx_dataset_open(test.ctx, path, &data), "open");
        cr_assert_eq(fmx_dataset_describe(data)->shards, 3);
        fmx_dataset_close(data);
        cr_assert_eq(unlink("out.shard-0002.h5"), 0);
        fmx_test_refused(&test, fmx_dataset_open(test.ctx, path, &data), FMX_ERROR_NOT_FOUND,
                         "out.shard-0002.h5");
    }
    fmx_test_close(&test);
}

Test(dataset, rows_that_never_came_are_left_out)
{
    fmx_test test = fmx_test_open_host();
    bool keep[13];
    for (int sharded = 0; sharded < 2; ++sharded) {
        make_folder();
        fmx_set *set = fmx_set_plan(13, 20, false);
        set->plan.shard_bytes = sharded ? 3 * 20 * sizeof(float) : 0;
        fmx_dataset_writer *writer = open_writer(&test, set, false);
        for (size_t row = 0; row < 13; ++row) {
            keep[row] = row % 5 != 1 && row / 3 != 1; /* the second shard is empty */
            if (keep[row])
                fmx_test_ok(&test, fmx_set_append(writer, set, row), "append");
        }
        fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
        fmx_dataset_writer_close(writer);
        fmx_set_check(test.ctx, path, set, keep);
    }
    fmx_test_close(&test);
}

static void same_bytes(const fmx_test *test, const char *a, const char *b)
{
    char *text[2];
    size_t bytes[2];
    fmx_test_ok(test, fmx__read_file(test->ctx, a, 1 << 26, &text[0], &bytes[0]), a);
    fmx_test_ok(test, fmx__read_file(test->ctx, b, 1 << 26, &text[1], &bytes[1]), b);
    cr_assert_eq(bytes[0], bytes[1]);
    cr_assert_arr_eq(text[0], text[1], bytes[0]);
    free(text[0]);
    free(text[1]);
}

Test(dataset, resumed_is_equal_to_the_byte)
{
    fmx_test test = fmx_test_open_host();
    char whole[600];
    fmx_set *set = fmx_set_plan(13, 100, true);
    make_folder();
    write_all(&test, set, false);
    snprintf(whole, sizeof whole, "%s", path);
    sleep(1); /* object times, if there were any, would now differ */
    make_folder();
    fmx_dataset_writer *writer = open_writer(&test, set, false);
    for (size_t row = 12; row > 6; --row)
        fmx_test_ok(&test, fmx_set_append(writer, set, row), "append");
    fmx_dataset_writer_close(writer);
    cr_assert_eq(access(path, F_OK), -1);
    writer = open_writer(&test, set, true);
    cr_assert_eq(fmx_dataset_writer_count(writer), 6);
    for (size_t row = 0; row < 13; ++row) {
        cr_assert_eq(fmx_dataset_writer_has(writer, row), row > 6, "row %zu", row);
        if (row <= 6)
            fmx_test_ok(&test, fmx_set_append(writer, set, row), "append");
    }
    fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    same_bytes(&test, whole, path);
    writer = open_writer(&test, set, true); /* complete: nothing to do */
    cr_assert(fmx_dataset_writer_finished(writer));
    cr_assert_eq(fmx_dataset_writer_count(writer), 13);
    fmx_test_ok(&test, fmx_set_append(writer, set, 0), "append");
    fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    cr_assert_eq(access(part, F_OK), -1);
    same_bytes(&test, whole, path);
    fmx_test_close(&test);
}

Test(dataset, outputs_and_parts_are_never_taken_over)
{
    fmx_test test = fmx_test_open_host();
    make_folder();
    fmx_set *set = fmx_set_plan(13, 100, false);
    fmx_dataset_plan other = set->plan;
    fmx_dataset_writer *writer = open_writer(&test, set, false);
    fmx_test_ok(&test, fmx_set_append(writer, set, 4), "append");
    refused(&test, &set->plan, FMX_ERROR_EXISTS, "another process");
    fmx_dataset_writer_close(writer);
    refused(&test, &set->plan, FMX_ERROR_EXISTS, "go on with --resume");
    other.resume = true;
    other.recipe = "another";
    refused(&test, &other, FMX_ERROR_EXISTS, "another recipe");
    other = set->plan;
    other.resume = true;
    other.points = 99;
    refused(&test, &other, FMX_ERROR_EXISTS, "another recipe");
    set->source[4] = "elsewhere"; /* the tree changed: its row is made again */
    writer = open_writer(&test, set, true);
    cr_assert_eq(fmx_dataset_writer_count(writer), 0);
    append_all(&test, writer, set);
    fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    fmx_set_check(test.ctx, path, set, NULL);
    refused(&test, &set->plan, FMX_ERROR_EXISTS, "exists already; remove it");
    set->plan.resume = true;
    set->source[4] = "again elsewhere";
    refused(&test, &set->plan, FMX_ERROR_EXISTS, "other inputs");
    fmx_test_close(&test);
}

Test(dataset, abandon_leaves_nothing)
{
    fmx_test test = fmx_test_open_host();
    make_folder();
    fmx_set *set = fmx_set_plan(13, 100, false);
    set->plan.shard_bytes = 5 * 100 * sizeof(float);
    fmx_dataset_writer *writer = open_writer(&test, set, false);
    for (size_t row = 0; row < 7; ++row)
        fmx_test_ok(&test, fmx_set_append(writer, set, row), "append");
    fmx_dataset_writer_abandon(writer);
    cr_assert_eq(rmdir(folder), 0, "the folder is not empty");
    fmx_dataset_writer_abandon(NULL);
    fmx_dataset_writer_close(NULL);
    fmx_dataset_close(NULL);
    fmx_test_close(&test);
}

/* Bytes of the journal are flipped or cut off: the rows before are kept, the others are asked for
 * again, and the output is right. */
Test(dataset, a_damaged_part_costs_rows_only)
{
    fmx_test test = fmx_test_open_host();
    for (size_t trial = 0; trial < 24; ++trial) {
        char journal[800];
        make_folder();
        fmx_set *set = fmx_set_plan(5, 30, true);
        fmx_dataset_writer *writer = open_writer(&test, set, false);
        for (size_t row = 0; row < 4; ++row)
            fmx_test_ok(&test, fmx_set_append(writer, set, row), "append");
        fmx_dataset_writer_close(writer);
        snprintf(journal, sizeof journal, "%s/rows-0001", part);
        struct stat info;
        cr_assert_eq(stat(journal, &info), 0);
        off_t at = info.st_size * (off_t)trial / 24;
        FILE *file = fopen(journal, "r+b");
        if (trial % 2) {
            cr_assert_eq(ftruncate(fileno(file), at), 0);
        } else {
            fseek(file, at, SEEK_SET);
            int byte = fgetc(file);
            fseek(file, at, SEEK_SET);
            fputc(byte ^ 0x10, file);
        }
        fclose(file);
        writer = open_writer(&test, set, true);
        cr_assert_eq(fmx_dataset_writer_count(writer), trial * 4 / 24, "trial %zu", trial);
        for (size_t row = 0; row < 5; ++row) {
            if (!fmx_dataset_writer_has(writer, row))
                fmx_test_ok(&test, fmx_set_append(writer, set, row), "append");
        }
        fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
        fmx_dataset_writer_close(writer);
        fmx_set_check(test.ctx, path, set, NULL);
    }
    fmx_test_close(&test);
}

/* tests/dataset_kill.c: a program of its own, because Criterion's sockets do not like forks. */
Test(dataset, killed_at_any_moment_it_resumes)
{
    for (int sharded = 0; sharded < 2; ++sharded) {
        char command[1024];
        make_folder();
        snprintf(command, sizeof command, "%s %s %d", FMX_DATASET_KILL, folder, sharded);
        cr_assert_eq(system(command), 0, "%s", command);
    }
}

/* A limit on file sizes refuses a write as a full disk does. */
Test(dataset, no_space)
{
    fmx_test test = fmx_test_open_host();
    struct rlimit limit;
    make_folder();
    fmx_set *set = fmx_set_plan(8, 1000, false);
    fmx_dataset_writer *writer = open_writer(&test, set, false);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    rlim_t most = limit.rlim_max;
    limit.rlim_cur = 10000; /* two rows and a half */
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    fmx_test_ok(&test, fmx_set_append(writer, set, 0), "append");
    fmx_test_ok(&test, fmx_set_append(writer, set, 1), "append");
    fmx_test_refused(&test, fmx_set_append(writer, set, 2), FMX_ERROR_WRITE, "rows-0001");
    cr_assert_not(fmx_dataset_writer_has(writer, 2));
    fmx_test_refused(&test, fmx_dataset_writer_finish(writer), FMX_ERROR_WRITE, "building.h5");
    cr_assert_eq(access(path, F_OK), -1);
    fmx_dataset_writer_close(writer);
    limit.rlim_cur = most;
    setrlimit(RLIMIT_FSIZE, &limit);
    writer = open_writer(&test, set, true);
    cr_assert_eq(fmx_dataset_writer_count(writer), 2);
    append_all(&test, writer, set);
    fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    fmx_set_check(test.ctx, path, set, NULL);
    fmx_test_close(&test);
}

Test(dataset, refusals)
{
    fmx_test test = fmx_test_open_host();
    make_folder();
    fmx_set *set = fmx_set_plan(3, 4, false);
    fmx_dataset_plan plan = set->plan;
    double rising[4] = {4, 3, 3, 1};
    plan.rows = 0;
    refused(&test, &plan, FMX_ERROR_ARGUMENT, "0 rows of 4 points");
    plan = set->plan;
    plan.ppm = rising;
    refused(&test, &plan, FMX_ERROR_ARGUMENT, "ppm must descend; it does not at point 2");
    static const fmx_column bad[] = {{"spectra", FMX_COLUMN_INT, 0}, {"p0_deg", FMX_COLUMN_INT, 0},
                                     {"a/b", FMX_COLUMN_INT, 0},     {"", FMX_COLUMN_INT, 0},
                                     {"texts", FMX_COLUMN_TEXT, 2},  {".", FMX_COLUMN_INT, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        plan = set->plan;
        plan.column = &bad[i];
        plan.column_count = 1;
        refused(&test, &plan, FMX_ERROR_ARGUMENT, "cannot be added");
    }
    cr_assert_eq(access(part, F_OK), -1);
    fmx_dataset_writer *writer = open_writer(&test, set, false);
    fmx_test_refused(&test, fmx_dataset_writer_finish(writer), FMX_ERROR_ARGUMENT, "without rows");
    fmx_test_refused(&test, fmx_set_append(writer, set, 3), FMX_ERROR_ARGUMENT, "row 3 of 3");
    fmx_dataset_writer_abandon(writer);
    snprintf(path, sizeof path, "%s/none/out.h5", folder);
    refused(&test, &set->plan, FMX_ERROR_WRITE, "make the folder above it first");
    fmx_test_close(&test);
}

Test(dataset, other_encodings_become_utf8)
{
    fmx_test test = fmx_test_open_host();
    make_folder();
    fmx_set *set = fmx_set_plan(1, 2, false);
    set->source[0] = "gel\xf6st/1";
    fmx_dataset_writer *writer = open_writer(&test, set, false);
    float spectrum[2] = {1, 2};
    fmx_dataset_row row = {.name = "\xff", .spectrum = spectrum};
    fmx_test_ok(&test, fmx_dataset_writer_append(writer, 0, &row), "append");
    fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    fmx_dataset *data = NULL;
    char **text = NULL;
    fmx_test_ok(&test, fmx_dataset_open(test.ctx, path, &data), "open");
    fmx_test_ok(&test, fmx_dataset_read_text(data, "source", 0, 1, &text), "source");
    cr_assert_str_eq(text[0], "gel\xef\xbf\xbdst/1");
    free(text);
    fmx_test_ok(&test, fmx_dataset_read_text(data, "name", 0, 1, &text), "name");
    cr_assert_str_eq(text[0], "\xef\xbf\xbd");
    free(text);
    fmx_dataset_close(data);
    fmx_test_close(&test);
}

/* Every allocation of our own fails once, in writing, resuming and reading. */
Test(dataset, failing_memory)
{
    fmx_test test = fmx_test_open_host();
    for (int sharded = 0; sharded < 2; ++sharded) {
        fmx_status status = FMX_ERROR_MEMORY;
        make_folder();
        fmx_set *set = fmx_set_plan(3, 4, true);
        set->plan.shard_bytes = sharded ? 2 * 4 * sizeof(float) : 0;
        set->plan.resume = true;
        for (size_t n = 1; status != FMX_OK && n < 2000; ++n) {
            fmx_dataset_writer *writer = NULL;
            fmx__fail_allocation(test.ctx, n);
            status = fmx_dataset_writer_open(test.ctx, path, &set->plan, &writer);
            for (size_t row = 0; status == FMX_OK && row < 3; ++row) {
                if (!fmx_dataset_writer_has(writer, row))
                    status = fmx_set_append(writer, set, row);
            }
            if (status == FMX_OK)
                status = fmx_dataset_writer_finish(writer);
            fmx__fail_allocation(test.ctx, 0);
            cr_assert(status == FMX_OK || status == FMX_ERROR_MEMORY, "allocation %zu: %s", n,
                      fmx_context_message(test.ctx));
            fmx_dataset_writer_close(writer);
        }
        cr_assert_eq(status, FMX_OK, "%s", fmx_context_message(test.ctx));
        fmx_set_check(test.ctx, path, set, NULL);
        status = FMX_ERROR_MEMORY;
        for (size_t n = 1; status != FMX_OK && n < 200; ++n) {
            fmx_dataset *data = NULL;
            char **text = NULL;
            fmx__fail_allocation(test.ctx, n);
            status = fmx_dataset_open(test.ctx, path, &data);
            if (status == FMX_OK)
                status = fmx_dataset_read_text(data, "name", 0, 3, &text);
            fmx__fail_allocation(test.ctx, 0);
            cr_assert(status == FMX_OK || status == FMX_ERROR_MEMORY);
            free(text);
            fmx_dataset_close(data);
        }
        cr_assert_eq(status, FMX_OK);
    }
    fmx_test_close(&test);
}

Test(dataset, interrupted_while_finishing)
{
    fmx_test test = fmx_test_open_host();
    make_folder();
    fmx_set *set = fmx_set_plan(64, 16, false);
    fmx_dataset_writer *writer = open_writer(&test, set, false);
    append_all(&test, writer, set);
    fmx_context_interrupt(test.ctx);
    cr_assert_eq(fmx_dataset_writer_finish(writer), FMX_ERROR_INTERRUPTED);
    fmx_dataset_writer_close(writer);
    cr_assert_eq(access(path, F_OK), -1);
    fmx_test_close(&test);
    test = fmx_test_open_host();
    writer = open_writer(&test, set, true);
    cr_assert_eq(fmx_dataset_writer_count(writer), 64);
    fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    fmx_set_check(test.ctx, path, set, NULL);
    fmx_test_close(&test);
}

/* h5py reads what the interface promises; once for one file, once for shards. */
Test(dataset, h5py)
{
    const char *python = getenv("FIDMIX_PYTHON") != NULL ? getenv("FIDMIX_PYTHON") : "python3";
    char command[2048];
    fmx_test test = fmx_test_open_host();
    snprintf(command, sizeof command, "%s -c 'import h5py' 2> /dev/null", python);
    if (system(command) != 0) {
        fmx_test_close(&test);
        fmx_test_skip("no Python with h5py");
    }
    for (int sharded = 0; sharded < 2; ++sharded) {
        make_folder();
        fmx_set *set = fmx_set_plan(13, 100, true);
        set->plan.shard_bytes = sharded ? 5 * 100 * sizeof(float) : 0;
        write_all(&test, set, false);
        snprintf(command, sizeof command, "cd / && %s %s/tests/interop/check_dataset.py %s %d",
                 python, FMX_SOURCE_DIR, path, sharded ? 3 : 0);
        cr_assert_eq(system(command), 0, "%s", command);
    }
    fmx_test_close(&test);
}
