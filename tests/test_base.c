#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic_file.h"
#include "fmx_test.h"
#include "options.h"
#include "philox.h"

Test(status, every_code_has_name_text_and_exit_code)
{
#define FMX_CHECK_CODE(code, exit_code, text)                                                      \
    cr_assert_str_eq(fmx_status_name(code), #code);                                                \
    cr_assert_gt(strlen(fmx_status_text(code)), 3);                                                \
    cr_assert_eq(fmx_status_exit_code(code), exit_code);
    FMX_STATUS_LIST(FMX_CHECK_CODE)
#undef FMX_CHECK_CODE
    cr_assert_str_eq(fmx_status_name((fmx_status)999), "FMX_UNKNOWN");
}

Test(context, keeps_the_message_and_what_is_put_in_front)
{
    fmx_test test = fmx_test_open_host();
    cr_assert_str_eq(fmx_context_message(test.ctx), "");
    fmx_status status = fmx__fail(test.ctx, FMX_ERROR_FORMAT, "offset %d", 12);
    status = fmx__fail_in(test.ctx, status, "file %s", "fid");
    cr_assert_eq(status, FMX_ERROR_FORMAT);
    cr_assert_str_eq(fmx_context_message(test.ctx), "file fid: offset 12");
    fmx_context_clear(test.ctx);
    cr_assert_eq(fmx_context_status(test.ctx), FMX_OK);
    fmx_context_interrupt(test.ctx);
    cr_assert_eq(fmx__check_interrupt(test.ctx), FMX_ERROR_INTERRUPTED);
    fmx_test_close(&test);
}

Test(sizes, overflow_is_seen)
{
    size_t out = 7;
    cr_assert(fmx__size_mul(3, 5, &out));
    cr_assert_eq(out, 15);
    cr_assert_not(fmx__size_mul(SIZE_MAX / 2, 3, &out));
    cr_assert_not(fmx__size_add(SIZE_MAX, 1, &out));
    cr_assert_eq(out, 15);
    fmx_test test = fmx_test_open_host();
    void *memory = &test;
    fmx_test_refused(&test, fmx__alloc(test.ctx, SIZE_MAX, 2, "rows", &memory), FMX_ERROR_MEMORY,
                     "rows");
    cr_assert_null(memory);
    fmx__fail_allocation(test.ctx, 1);
    fmx_test_refused(&test, fmx__alloc(test.ctx, 1, 2, "rows", &memory), FMX_ERROR_MEMORY, "rows");
    fmx_test_close(&test);
}

/* Known answers of the authors' Random123 library, kat_vectors, philox4x32 with 10 rounds. */
Test(philox, known_answers)
{
    static const uint32_t cases[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d,
         0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09,
         0x94fdcceb, 0x5001e420, 0x24126ea1},
    };
    for (int i = 0; i < 3; ++i) {
        uint32_t out[4];
        fmx__philox(out, cases[i], cases[i] + 4);
        cr_assert_arr_eq(out, cases[i] + 6, sizeof out, "case %d", i);
    }
}

typedef struct sample_options {
    double lb_hz;
    int64_t points;
    bool on;
    int shape;
    char file[FMX__TEXT_OPTION];
    fmx__numbers ppm;
} sample_options;

static const char *const shapes[] = {"linear", "cubic", NULL};
static const fmx__option table[] = {
    {"lb_hz", FMX__OPTION_NUMBER, offsetof(sample_options, lb_hz), "Hz", 0, 100, NULL, ""},
    {"points", FMX__OPTION_INTEGER, offsetof(sample_options, points), "", 1, 1e6, NULL, ""},
    {"on", FMX__OPTION_BOOL, offsetof(sample_options, on), "", 0, 0, NULL, ""},
    {"shape", FMX__OPTION_CHOICE, offsetof(sample_options, shape), "", 0, 0, shapes, ""},
    {"file", FMX__OPTION_TEXT, offsetof(sample_options, file), "", 0, 0, NULL, ""},
    {"ppm", FMX__OPTION_NUMBERS, offsetof(sample_options, ppm), "ppm", -100, 300, NULL, ""},
};

Test(options, text_round_trip)
{
    static const char *const given[][2] = {{"lb_hz", "0.3"},    {"points", "65536"},
                                           {"on", "true"},      {"shape", "cubic"},
                                           {"file", "a b.csv"}, {"ppm", "[0.5, 9.5]"}};
    fmx_test test = fmx_test_open_host();
    sample_options options = {0};
    for (size_t i = 0; i < FMX__COUNT(given); ++i) {
        char *text = NULL;
        fmx_test_ok(&test,
                    fmx__option_set(test.ctx, table, FMX__COUNT(table), &options, "r.yml:3",
                                    given[i][0], given[i][1]),
                    given[i][0]);
        fmx_test_ok(&test, fmx__option_text(test.ctx, &table[i], &options, &text), given[i][0]);
        cr_assert_str_eq(text, given[i][1]);
        free(text);
    }
    cr_assert_eq(options.ppm.count, 2);
    cr_assert_float_eq(options.ppm.value[1], 9.5, 0);
    fmx_test_close(&test);
}

Test(options, refusals_name_the_nearest)
{
    static const char *const given[][3] = {
        {"lb_hx", "1", "did you mean \"lb_hz\""},
        {"lb_hz", "1e9", "outside 0 to 100 Hz"},
        {"lb_hz", "wide", "not a number"},
        {"lb_hz", "nan", "not a number"},
        {"points", "1.5", "whole"},
        {"on", "maybe", "neither"},
        {"shape", "cubik", "did you mean \"cubic\""},
        {"ppm", "[1, x]", "not a number"},
        {"lb_hz", "", "not a number"},
    };
    fmx_test test = fmx_test_open_host();
    sample_options options = {0};
    for (size_t i = 0; i < FMX__COUNT(given); ++i)
        fmx_test_refused(&test,
                         fmx__option_set(test.ctx, table, FMX__COUNT(table), &options, "r.yml:3",
                                         given[i][0], given[i][1]),
                         FMX_ERROR_RECIPE, given[i][2]);
    fmx_test_close(&test);
}

Test(atomic_file, whole_or_not_at_all)
{
    fmx_test test = fmx_test_open_host();
    char path[512];
    char *text = NULL;
    size_t bytes = 0;
    snprintf(path, sizeof path, "%s/a/b", fmx_test_folder());
    fmx_test_ok(&test, fmx__make_folders(test.ctx, path), "folders");
    snprintf(path + strlen(path), 16, "/out.txt");
    fmx_test_ok(&test, fmx__atomic_write(test.ctx, path, false, "one", 3), "write");
    fmx_test_refused(&test, fmx__atomic_write(test.ctx, path, false, "two", 3), FMX_ERROR_EXISTS,
                     path);
    fmx__atomic_file file;
    fmx_test_ok(&test, fmx__atomic_open(test.ctx, path, true, &file), "open");
    fputs("unfinished", file.stream);
    fmx__atomic_abandon(&file);
    fmx_test_ok(&test, fmx__read_file(test.ctx, path, 100, &text, &bytes), "read");
    cr_assert_str_eq(text, "one");
    free(text);
    fmx_test_refused(&test, fmx__read_file(test.ctx, path, 2, &text, &bytes), FMX_ERROR_FORMAT,
                     "more than");
    fmx_test_refused(&test, fmx__read_file(test.ctx, "/nowhere/x", 2, &text, &bytes),
                     FMX_ERROR_NOT_FOUND, "/nowhere/x");
    fmx_test_refused(&test, fmx__read_file(test.ctx, "/tmp", 2, &text, &bytes), FMX_ERROR_READ,
                     "not a regular file");
    fmx_test_refused(&test, fmx__atomic_write(test.ctx, "/nowhere/x", false, "a", 1),
                     FMX_ERROR_WRITE, "make its folder");
    fmx_test_close(&test);
}

/* /dev/full refuses every byte as a full disk does. */
Test(atomic_file, full_disk)
{
    fmx_test test = fmx_test_open_host();
    fmx__atomic_file file = {0};
    fmx_test_ok(&test, fmx__format(test.ctx, &file.path, "/tmp/fidmix-never"), "path");
    fmx_test_ok(&test, fmx__format(test.ctx, &file.beside, "/tmp/fidmix-never.part"), "beside");
    file.stream = fopen("/dev/full", "wb");
    cr_assert_not_null(file.stream);
    fputs("x", file.stream);
    fmx_test_refused(&test, fmx__atomic_commit(test.ctx, &file), FMX_ERROR_WRITE, "free space");
    cr_assert_eq(access("/tmp/fidmix-never", F_OK), -1);
    fmx_test_close(&test);
}
