/* safetensors: files of the format's own library, round trips, hostile headers. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fmx_golden.h"
#include "fmx_test.h"
#include "safetensors.h"

static char path[600];

static void make_path(void)
{
    snprintf(path, sizeof path, "%s/model.safetensors", fmx_test_folder());
}

static const char *golden(void)
{
    return FMX_SOURCE_DIR "/tests/golden/types.safetensors";
}

/* A file of a header and `data` zero bytes. */
static void put(const char *header, size_t length, size_t data)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    for (size_t i = 0; i < 8; ++i)
        fputc((int)((uint64_t)length >> 8 * i & 255), file);
    fwrite(header, 1, strlen(header), file);
    for (size_t i = 0; i < data; ++i)
        fputc(0, file);
    cr_assert_eq(fclose(file), 0);
}

/* ---- files of others --------------------------------------------------------------------------
 */

Test(safetensors, golden)
{
    static const struct {
        const char *name;
        fmx__tensor_type type;
        size_t rank;
        size_t shape[3];
    } cases[] = {
        {"layer.weight", FMX__TENSOR_F32, 3, {3, 2, 5}},
        {"layer.bias", FMX__TENSOR_F32, 1, {3}},
        {"wide", FMX__TENSOR_F64, 1, {4}},
        {"half", FMX__TENSOR_F16, 1, {4}},
        {"tracked", FMX__TENSOR_I64, 0, {0}},
        {"whole", FMX__TENSOR_I32, 2, {2, 2}},
        {"short", FMX__TENSOR_I16, 1, {3}},
        {"tiny", FMX__TENSOR_I8, 1, {3}},
        {"bytes", FMX__TENSOR_U8, 1, {5}},
        {"truth", FMX__TENSOR_BOOL, 1, {3}},
        {"empty", FMX__TENSOR_F32, 2, {0, 4}},
        {"gr\xc3\xb6\xc3\x9f"
         "e \"x\"",
         FMX__TENSOR_F32,
         1,
         {1}},
    };
    fmx_test test = fmx_test_open_host();
    fmx__safetensors *file = NULL;
    const fmx__tensor_entry *tensor = NULL;
    float got[30];
    fmx_test_ok(&test, fmx__safetensors_open(test.ctx, golden(), &file), "open");
    cr_assert_eq(fmx__safetensors_count(file), FMX__COUNT(cases));
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        tensor = fmx__safetensors_find(file, cases[i].name);
        cr_assert_not_null(tensor, "%s", cases[i].name);
        cr_assert_eq(tensor->type, cases[i].type, "%s", cases[i].name);
        cr_assert_eq(tensor->rank, cases[i].rank, "%s", cases[i].name);
        for (size_t k = 0; k < tensor->rank; ++k)
            cr_assert_eq(tensor->shape[k], cases[i].shape[k], "%s", cases[i].name);
    }
    for (size_t i = 1; i < FMX__COUNT(cases); ++i)
        cr_assert_leq(fmx__safetensors_at(file, i - 1)->offset,
                      fmx__safetensors_at(file, i)->offset);
    cr_assert_null(fmx__safetensors_at(file, FMX__COUNT(cases)));
    cr_assert_null(fmx__safetensors_find(file, "layer"));
    cr_assert_str_eq(fmx__safetensors_text(file, "format"), "np");
    cr_assert_str_eq(fmx__safetensors_text(file, "note"), "line\nbreak \"and\" \xc2\xb5");
    cr_assert_null(fmx__safetensors_text(file, "Note"));
    tensor = fmx__safetensors_find(file, "layer.weight");
    fmx_test_ok(&test, fmx__safetensors_read(file, tensor, 0, 30, got), "read");
    for (size_t i = 0; i < 30; ++i)
        cr_assert_eq(got[i], (float)i - 2);
    fmx_test_ok(&test, fmx__safetensors_read(file, tensor, 28, 2, got), "a piece");
    cr_assert_eq(got[1], 27);
    int64_t tracked = 0;
    tensor = fmx__safetensors_find(file, "tracked");
    fmx_test_ok(&test, fmx__safetensors_read_bytes(file, tensor, 0, 8, &tracked), "bytes");
    cr_assert_eq(tracked, 7);
    fmx__safetensors_close(file);
    fmx_test_close(&test);
}

Test(safetensors, reading_refused)
{
    fmx_test test = fmx_test_open_host();
    fmx__safetensors *file = NULL;
    const fmx__tensor_entry *tensor = NULL;
    const size_t shape[3] = {3, 2, 5};
    const size_t other[2] = {3, 10};
    const size_t four[1] = {4};
    float got[30];
    fmx_test_ok(&test, fmx__safetensors_open(test.ctx, golden(), &file), "open");
    fmx_test_ok(&test, fmx__safetensors_expect(file, "layer.weight", 3, shape, &tensor), "expect");
    fmx_test_refused(&test, fmx__safetensors_read(file, tensor, 1, 30, got), FMX_ERROR_ARGUMENT,
                     "values 1 to 31 of 30");
    fmx_test_refused(&test, fmx__safetensors_read(file, tensor, SIZE_MAX, 2, got),
                     FMX_ERROR_ARGUMENT, "layer.weight");
    fmx_test_refused(&test, fmx__safetensors_expect(file, "layer.wieght", 3, shape, &tensor),
                     FMX_ERROR_NOT_FOUND, "the nearest is \"layer.weight\"");
    fmx_test_refused(&test, fmx__safetensors_expect(file, "layer.weight", 2, other, &tensor),
                     FMX_ERROR_SHAPE, "is 3 x 2 x 5, 3 x 10 is expected");
    fmx_test_refused(&test, fmx__safetensors_expect(file, "wide", 1, four, &tensor),
                     FMX_ERROR_UNSUPPORTED, "\"wide\" is F64; save it as F32");
    tensor = fmx__safetensors_find(file, "wide");
    fmx_test_refused(&test, fmx__safetensors_read(file, tensor, 0, 1, got), FMX_ERROR_UNSUPPORTED,
                     "\"wide\" is F64");
    fmx__safetensors_close(file);
    fmx_test_close(&test);
}

/* Half precision is exact in float: every kind of value, read whole and by pieces. */
Test(safetensors, halves)
{
    static const struct {
        const char *type;
        uint16_t bits;
        float value;
    } cases[] = {
        {"F16", 0x0000, 0},         {"F16", 0x8000, -0.0f},         {"F16", 0x3c00, 1},
        {"F16", 0xc100, -2.5f},     {"F16", 0x7bff, 65504},         {"F16", 0x0400, 0x1p-14f},
        {"F16", 0x0001, 0x1p-24f},  {"F16", 0x83ff, -0x1.ff8p-15f}, {"F16", 0x7c00, INFINITY},
        {"F16", 0xfc00, -INFINITY}, {"F16", 0x7e00, NAN},           {"BF16", 0x3f80, 1},
        {"BF16", 0xc020, -2.5f},    {"BF16", 0x0001, 0x1p-133f},    {"BF16", 0x7f80, INFINITY},
    };
    fmx_test test = fmx_test_open_host();
    make_path();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        char header[128];
        fmx__safetensors *file = NULL;
        float got[3];
        snprintf(header, sizeof header,
                 "{\"a\":{\"dtype\":\"%s\",\"shape\":[3],\"data_offsets\":[0,6]}}", cases[i].type);
        put(header, strlen(header), 0);
        FILE *stream = fopen(path, "ab");
        const uint16_t values[3] = {0, cases[i].bits, cases[i].bits};
        fwrite(values, sizeof *values, 3, stream);
        fclose(stream);
        fmx_test_ok(&test, fmx__safetensors_open(test.ctx, path, &file), "open");
        fmx_test_ok(&test, fmx__safetensors_read(file, fmx__safetensors_at(file, 0), 0, 3, got),
                    "whole");
        float piece = 0;
        fmx_test_ok(&test, fmx__safetensors_read(file, fmx__safetensors_at(file, 0), 2, 1, &piece),
                    "piece");
        cr_assert_eq(got[0], 0);
        cr_assert(memcmp(&got[1], &cases[i].value, sizeof(float)) == 0 ||
                  (isnan(got[1]) && isnan(cases[i].value)));
        cr_assert_eq(memcmp(&got[1], &got[2], sizeof(float)), 0);
        cr_assert_eq(memcmp(&got[1], &piece, sizeof(float)), 0);
        fmx__safetensors_close(file);
    }
    fmx_test_close(&test);
}

/* How tests of operations read the goldens of tests/golden/make_keras.py. */
Test(safetensors, golden_cases)
{
    fmx__safetensors *file = fmx_test_tensors("keras_ops.safetensors");
    const fmx__tensor_entry *weight = NULL;
    float *values = fmx_test_tensor(file, &weight, "conv1d.%zu.weight", (size_t)2);
    cr_assert_eq(weight->rank, 3);
    cr_assert_eq(weight->shape[2], 9);
    cr_assert_eq(fmx_test_setting(file, "conv1d.2", "kernel"), 9);
    cr_assert_eq(fmx_test_setting(file, "conv1d.2", "stride"), 4);
    cr_assert(fmx_test_setting_is(file, "conv1d.2", "padding", "same"));
    cr_assert_not(fmx_test_setting_is(file, "conv1d.8", "padding", "same"));
    cr_assert_eq(fmx_test_setting(file, "adam.0", "eps"), 1e-7);
    free(values);
    fmx__safetensors_close(file);
}

/* ---- headers that lie -------------------------------------------------------------------------
 */

#define TENSOR(name, shape, begin, end)                                                            \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end "]}"

Test(safetensors, hostile_headers)
{
    static const struct {
        const char *header;
        size_t data;
        fmx_status status;
        const char *what;
    } cases[] = {
        {"", 0, FMX_ERROR_FORMAT, "does not begin with {"},
        {" {}", 0, FMX_ERROR_FORMAT, "does not begin with {"},
        {"{}", 4, FMX_ERROR_FORMAT, "4 bytes that belong to no tensor"},
        {"{} x", 0, FMX_ERROR_FORMAT, "offset 10: the header is damaged: text behind"},
        {"{\"a\":{}", 0, FMX_ERROR_FORMAT, "not JSON"},
        {"{}}", 0, FMX_ERROR_FORMAT, "a bracket closes"},
        {"{\"a", 0, FMX_ERROR_FORMAT, "a text that does not end"},
        {"{\"a\\", 0, FMX_ERROR_FORMAT, "a text that does not end"},
        {"{\"a\xff\":1}", 0, FMX_ERROR_FORMAT, "offset 11: the header is damaged: not UTF-8"},
        {"{\"a\\u0000\":1}", 0, FMX_ERROR_FORMAT, "a zero character"},
        {"{\"a\x01\":1}", 0, FMX_ERROR_FORMAT, "a control character in a text"},
        {"{\x01}", 0, FMX_ERROR_FORMAT, "a control character"},
        {"{\"a\":{\"b\":[[", 0, FMX_ERROR_FORMAT, "nested more deeply"},
        {"{\"a\":1}", 0, FMX_ERROR_FORMAT, "\"a\": dtype, shape and data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"x\":1}}", 4,
         FMX_ERROR_FORMAT, "each once"},
        {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[]}}", 0, FMX_ERROR_FORMAT,
         "data_offsets: two"},
        {"{\"a\":{\"dtype\":3,\"shape\":[],\"data_offsets\":[0,4]}}", 4, FMX_ERROR_FORMAT,
         "no text \"dtype\""},
        {"{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4,
         FMX_ERROR_UNSUPPORTED, "dtype \"F8_E4M3\" is not read"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,4]}}", 4, FMX_ERROR_FORMAT,
         "no list \"shape\""},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":{\"x\":0,\"y\":4}}}", 4,
         FMX_ERROR_FORMAT, "data_offsets: two"},
        {"{" TENSOR("a", "-1", "0", "4") "}", 4, FMX_ERROR_FORMAT, "not negative"},
        {"{" TENSOR("a", "1.5", "0", "4") "}", 4, FMX_ERROR_FORMAT, "whole numbers"},
        {"{" TENSOR("a", "1e400", "0", "4") "}", 4, FMX_ERROR_FORMAT, "whole numbers"},
        {"{" TENSOR("a", "9007199254740992", "0", "4") "}", 4, FMX_ERROR_FORMAT, "whole numbers"},
        {"{" TENSOR("a", "\"1\"", "0", "4") "}", 4, FMX_ERROR_FORMAT, "whole numbers"},
        {"{" TENSOR("a", "1,1,1,1,1,1,1,1,1", "0", "4") "}", 4, FMX_ERROR_UNSUPPORTED, "8 axes"},
        {"{" TENSOR("a", "4294967296,4294967296", "0", "0") "}", 0, FMX_ERROR_FORMAT, "memory"},
        {"{" TENSOR("a", "4294967296,1073741824", "0", "0") "}", 0, FMX_ERROR_FORMAT, "memory"},
        {"{" TENSOR("a", "4294967296,4294967296,0", "0", "0") "}", 0, FMX_ERROR_FORMAT, "memory"},
        {"{" TENSOR("a", "1", "4", "0") "}", 4, FMX_ERROR_FORMAT, "data_offsets 4 to 0"},
        {"{" TENSOR("a", "1", "0", "4") "}", 3, FMX_ERROR_FORMAT, "has 3 bytes of data"},
        {"{" TENSOR("a", "1", "-4", "0") "}", 4, FMX_ERROR_FORMAT, "data_offsets: two"},
        {"{" TENSOR("a", "2", "0", "4") "}", 4, FMX_ERROR_FORMAT, "are 4 bytes, its shape takes 8"},
        {"{" TENSOR("a", "1", "4", "8") "}", 8, FMX_ERROR_FORMAT, "begin at offset"},
        {"{" TENSOR("a", "1", "0", "4") "," TENSOR("b", "1", "0", "4") "}", 4, FMX_ERROR_FORMAT,
         "\"b\": its data begin at offset"},
        {"{" TENSOR("a", "1", "0", "4") "," TENSOR("b", "1", "8", "12") "}", 12, FMX_ERROR_FORMAT,
         "\"b\": its data begin at offset"},
        {"{" TENSOR("a", "1", "0", "4") "," TENSOR("a", "1", "4", "8") "}", 8, FMX_ERROR_FORMAT,
         "\"a\": stands twice"},
        {"{" TENSOR("a", "1", "0", "4") "," TENSOR("\\u0061", "1", "4", "8") "}", 8,
         FMX_ERROR_FORMAT, "\"a\": stands twice"},
        {"{\"__metadata__\":3}", 0, FMX_ERROR_FORMAT, "a map of texts"},
        {"{\"__metadata__\":{\"k\":3}}", 0, FMX_ERROR_FORMAT, "\"k\" is not a text"},
        {"{\"__metadata__\":{\"k\":\"\",\"k\":\"\"}}", 0, FMX_ERROR_FORMAT, "\"k\" stands twice"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, FMX_ERROR_FORMAT, "__metadata__ stands"},
    };
    fmx_test test = fmx_test_open_host();
    make_path();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx__safetensors *file = NULL;
        put(cases[i].header, strlen(cases[i].header), cases[i].data);
        fmx_status status = fmx__safetensors_open(test.ctx, path, &file);
        cr_assert_not_null(strstr(fmx_context_message(test.ctx), "model.safetensors: "));
        fmx_test_refused(&test, status, cases[i].status, cases[i].what);
        cr_assert_null(file);
    }
    fmx_test_close(&test);
}

Test(safetensors, sound_headers)
{
    static const struct {
        const char *header;
        size_t data;
        size_t count;
    } cases[] = {
        {"{}", 0, 0},
        {"{}      \n", 0, 0},
        {"{\"__metadata__\":{}}", 0, 0},
        {"{" TENSOR("b", "1", "4", "8") ", " TENSOR("a", "", "0", "4") "}", 8, 2},
        {"{" TENSOR("b", "1", "0", "4") "," TENSOR("a", "0", "0", "0") "}", 4, 2},
        {"{" TENSOR("b", "1", "0", "4") "," TENSOR("a", "9,0", "4", "4") "}", 4, 2},
        {"{" TENSOR("", "1,1,1,1,1,1,1,1", "0", "4") "}", 4, 1},
    };
    fmx_test test = fmx_test_open_host();
    make_path();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx__safetensors *file = NULL;
        put(cases[i].header, strlen(cases[i].header), cases[i].data);
        fmx_test_ok(&test, fmx__safetensors_open(test.ctx, path, &file), cases[i].header);
        cr_assert_eq(fmx__safetensors_count(file), cases[i].count);
        if (cases[i].count == 2)
            cr_assert_str_eq(fmx__safetensors_at(file, i == 5)->name, "a");
        fmx__safetensors_close(file);
    }
    fmx_test_close(&test);
}

/* Lengths of the header that the file does not have, nested brackets and endless lists by the
 * megabyte: refused before the parser's recursion or memory feel them. */
Test(safetensors, hostile_lengths)
{
    static const size_t lengths[] = {3, 100000001, SIZE_MAX, SIZE_MAX - 7, (size_t)1 << 63};
    fmx_test test = fmx_test_open_host();
    fmx__safetensors *file = NULL;
    make_path();
    for (size_t i = 0; i < FMX__COUNT(lengths); ++i) {
        put("{}", lengths[i], 0);
        fmx_test_refused(&test, fmx__safetensors_open(test.ctx, path, &file), FMX_ERROR_FORMAT,
                         "offset 0: a header of");
    }
    enum { LONG = 8 << 20 };
    char *text = calloc(LONG + 1, 1);
    static const char *const fillers[] = {"[", "0,", "\"\":0,", "{\"a\":"};
    static const char *const reasons[] = {"nested", "more than 1048576 values",
                                          "more than 1048576 values", "nested"};
    for (size_t i = 0; i < FMX__COUNT(fillers); ++i) {
        size_t n = strlen(fillers[i]);
        text[0] = '{';
        for (size_t at = 1; at < LONG; ++at)
            text[at] = fillers[i][(at - 1) % n];
        put(text, LONG, 0);
        fmx_test_refused(&test, fmx__safetensors_open(test.ctx, path, &file), FMX_ERROR_FORMAT,
                         reasons[i]);
    }
    free(text);
    fmx_test_refused(&test, fmx__safetensors_open(test.ctx, "/nowhere/x", &file),
                     FMX_ERROR_NOT_FOUND, "/nowhere/x");
    fmx_test_refused(&test, fmx__safetensors_open(test.ctx, fmx_test_folder(), &file),
                     FMX_ERROR_READ, "not a regular file");
    fmx_test_close(&test);
}

/* Opens and reads all; any status will do, a crash will not. */
static bool try_file(const fmx_test *test)
{
    fmx__safetensors *file = NULL;
    char got[4096];
    bool opened = fmx__safetensors_open(test->ctx, path, &file) == FMX_OK;
    for (size_t i = 0; opened && i < fmx__safetensors_count(file); ++i) {
        const fmx__tensor_entry *tensor = fmx__safetensors_at(file, i);
        cr_assert_leq(tensor->bytes, sizeof got);
        fmx_test_ok(test, fmx__safetensors_read_bytes(file, tensor, 0, tensor->bytes, got), "read");
        cr_assert_eq(fmx__safetensors_find(file, tensor->name), tensor);
    }
    fmx__safetensors_close(file);
    return opened;
}

Test(safetensors, cut_and_mutated)
{
    static const unsigned char flips[] = {0x01, 0x04, 0x20, 0x80, 0xff};
    fmx_test test = fmx_test_open_host();
    char *good = NULL;
    size_t bytes = 0;
    make_path();
    fmx_test_ok(&test, fmx__read_file(test.ctx, golden(), 1 << 20, &good, &bytes), "read");
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    cr_assert_eq(pwrite(fd, good, bytes, 0), (ssize_t)bytes);
    size_t header = 8 + ((size_t)(unsigned char)good[0] | (size_t)(unsigned char)good[1] << 8);
    for (size_t at = 0; at < header; ++at) {
        for (size_t k = 0; k < FMX__COUNT(flips); ++k) {
            char changed = (char)(good[at] ^ flips[k]);
            cr_assert_eq(pwrite(fd, &changed, 1, (off_t)at), 1);
            (void)try_file(&test);
        }
        cr_assert_eq(pwrite(fd, good + at, 1, (off_t)at), 1);
    }
    cr_assert(try_file(&test), "as it was");
    for (size_t at = bytes; at-- > 0;) {
        cr_assert_eq(ftruncate(fd, (off_t)at), 0);
        cr_assert_not(try_file(&test), "cut at %zu", at);
    }
    close(fd);
    free(good);
    fmx_test_close(&test);
}

/* A file that becomes shorter while it is open is an error, not a signal. */
Test(safetensors, cut_while_open)
{
    fmx_test test = fmx_test_open_host();
    fmx__safetensors *file = NULL;
    float got[1];
    make_path();
    static const char header[] = "{" TENSOR("a", "1", "0", "4") "}";
    put(header, strlen(header), 4);
    fmx_test_ok(&test, fmx__safetensors_open(test.ctx, path, &file), "open");
    cr_assert_eq(truncate(path, (off_t)(8 + strlen(header) + 2)), 0);
    fmx_test_refused(&test, fmx__safetensors_read(file, fmx__safetensors_at(file, 0), 0, 1, got),
                     FMX_ERROR_READ, "cut short while it was read");
    fmx__safetensors_close(file);
    fmx_test_close(&test);
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static const fmx__tensor_entry tensors[] = {
    {.name = "count", .type = FMX__TENSOR_I64, .rank = 1, .shape = {1}},
    {.name = "layer.weight", .type = FMX__TENSOR_F32, .rank = 3, .shape = {3, 2, 5}},
    {.name = "empty", .type = FMX__TENSOR_F32, .rank = 2, .shape = {2, 0}},
    {.name = "one", .type = FMX__TENSOR_F32},
    {.name = "gr\xc3\xb6\xc3\x9f"
             "e",
     .type = FMX__TENSOR_F32,
     .rank = 1,
     .shape = {3}},
};
static const fmx__text_pair metadata[] = {{"note", "line\nbreak \"and\" \xc2\xb5"}, {"empty", ""}};
static const fmx__safetensors_plan plan = {tensors, FMX__COUNT(tensors), metadata,
                                           FMX__COUNT(metadata)};

static fmx_status write_all(fmx_context *ctx, bool overwrite, const fmx__safetensors_plan *from)
{
    fmx__safetensors_writer *writer = NULL;
    int64_t count = -3;
    float values[34];
    for (size_t i = 0; i < 34; ++i)
        values[i] = 0.5f * (float)i;
    fmx_status status = fmx__safetensors_writer_open(ctx, path, overwrite, from, &writer);
    if (status == FMX_OK)
        status = fmx__safetensors_writer_append(writer, &count, sizeof count);
    /* pieces that end within tensors */
    for (size_t i = 0; status == FMX_OK && i < 34; i += 17)
        status = fmx__safetensors_writer_append(writer, values + i, 17 * sizeof *values);
    if (status == FMX_OK)
        status = fmx__safetensors_writer_finish(writer);
    fmx__safetensors_writer_close(writer);
    return status;
}

Test(safetensors, round_trip)
{
    fmx_test test = fmx_test_open_host();
    fmx__safetensors *file = NULL;
    char *first = NULL;
    char *second = NULL;
    size_t bytes = 0;
    float got[3];
    make_path();
    fmx_test_ok(&test, write_all(test.ctx, false, &plan), "write");
    fmx_test_ok(&test, fmx__safetensors_open(test.ctx, path, &file), "open");
    cr_assert_eq(fmx__safetensors_count(file), FMX__COUNT(tensors));
    cr_assert_eq(fmx__safetensors_at(file, 0)->offset % 8, 0);
    cr_assert_str_eq(fmx__safetensors_text(file, "note"), metadata[0].text);
    cr_assert_str_eq(fmx__safetensors_text(file, "empty"), "");
    for (size_t i = 0; i < FMX__COUNT(tensors); ++i) {
        const fmx__tensor_entry *t = fmx__safetensors_find(file, tensors[i].name);
        cr_assert_not_null(t, "%s", tensors[i].name);
        cr_assert_eq(t->type, tensors[i].type);
        cr_assert_eq(t->rank, tensors[i].rank);
        cr_assert_eq(memcmp(t->shape, tensors[i].shape, sizeof t->shape), 0);
    }
    fmx_test_ok(
        &test, fmx__safetensors_read(file, fmx__safetensors_find(file, tensors[4].name), 0, 3, got),
        "read");
    cr_assert_eq(got[2], 16.5f);
    fmx__safetensors_close(file);
    fmx_test_ok(&test, fmx__read_file(test.ctx, path, 1 << 20, &first, &bytes), "read");
    fmx_test_refused(&test, write_all(test.ctx, false, &plan), FMX_ERROR_EXISTS, path);
    fmx_test_ok(&test, write_all(test.ctx, true, &plan), "again");
    size_t again = 0;
    fmx_test_ok(&test, fmx__read_file(test.ctx, path, 1 << 20, &second, &again), "read");
    cr_assert(again == bytes && memcmp(first, second, bytes) == 0, "same contents, same bytes");
    free(first);
    free(second);
    fmx_test_close(&test);
}

Test(safetensors, writing_refused)
{
    static const fmx__tensor_entry narrow_first[] = {
        {.name = "a", .type = FMX__TENSOR_U8, .rank = 1, .shape = {3}},
        {.name = "b", .type = FMX__TENSOR_F32, .rank = 1, .shape = {1}}};
    static const fmx__tensor_entry twice[] = {{.name = "a"}, {.name = "b"}, {.name = "a"}};
    static const fmx__tensor_entry reserved[] = {{.name = "__metadata__"}};
    static const fmx__tensor_entry broken[] = {{.name = "\xff"}};
    static const fmx__tensor_entry huge[] = {
        {.name = "a", .rank = 2, .shape = {1u << 31, 1u << 31}}};
    static const fmx__tensor_entry many_axes[] = {{.name = "a", .rank = 9}};
    static const fmx__text_pair doubled[] = {{"k", ""}, {"K", ""}, {"k", ""}};
    static const fmx__text_pair no_text[] = {{"k", "\xff"}};
    static const struct {
        fmx__safetensors_plan plan;
        const char *what;
    } cases[] = {
        {{narrow_first, 2, NULL, 0}, "\"b\": would not be aligned"},
        {{twice, 3, NULL, 0}, "\"a\": stands twice"},
        {{reserved, 1, NULL, 0}, "not a name"},
        {{broken, 1, NULL, 0}, "not a name"},
        {{huge, 1, NULL, 0}, "too large"},
        {{many_axes, 1, NULL, 0}, "more than 8 axes"},
        {{NULL, 0, doubled, 3}, "metadata \"k\" stands twice"},
        {{NULL, 0, no_text, 1}, "is not UTF-8"},
    };
    fmx_test test = fmx_test_open_host();
    fmx__safetensors_writer *writer = NULL;
    float values[64] = {0};
    make_path();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx_test_refused(
            &test, fmx__safetensors_writer_open(test.ctx, path, false, &cases[i].plan, &writer),
            FMX_ERROR_ARGUMENT, cases[i].what);
        cr_assert_null(writer);
    }
    fmx_test_ok(&test, fmx__safetensors_writer_open(test.ctx, path, false, &plan, &writer), "open");
    fmx_test_refused(&test, fmx__safetensors_writer_append(writer, values, 8 + 34 * 4 + 1),
                     FMX_ERROR_ARGUMENT, "more than the 144 bytes");
    fmx_test_ok(&test, fmx__safetensors_writer_append(writer, values, 12), "append");
    fmx_test_refused(&test, fmx__safetensors_writer_finish(writer), FMX_ERROR_ARGUMENT,
                     "12 of 144 planned bytes");
    fmx__safetensors_writer_close(writer);
    cr_assert_eq(access(path, F_OK), -1, "nothing is left");
    fmx_test_close(&test);
}

Test(safetensors, no_memory)
{
    fmx_test test = fmx_test_open_host();
    fmx_status status = FMX_ERROR_MEMORY;
    make_path();
    for (size_t n = 1; status != FMX_OK; ++n) {
        fmx__fail_allocation(test.ctx, n);
        status = write_all(test.ctx, true, &plan);
        fmx__fail_allocation(test.ctx, 0);
        cr_assert(status == FMX_OK || status == FMX_ERROR_MEMORY);
        cr_assert_lt(n, 100);
    }
    status = FMX_ERROR_MEMORY;
    for (size_t n = 1; status != FMX_OK; ++n) {
        fmx__safetensors *file = NULL;
        fmx__fail_allocation(test.ctx, n);
        status = fmx__safetensors_open(test.ctx, path, &file);
        fmx__fail_allocation(test.ctx, 0);
        cr_assert(status == FMX_OK || status == FMX_ERROR_MEMORY);
        fmx__safetensors_close(file);
    }
    fmx_test_close(&test);
}

Test(safetensors, other_readers)
{
    const char *python = getenv("FIDMIX_PYTHON") != NULL ? getenv("FIDMIX_PYTHON") : "python3";
    char command[2048];
    fmx_test test = fmx_test_open_host();
    snprintf(command, sizeof command, "%s -c 'import safetensors, numpy' 2> /dev/null", python);
    if (system(command) != 0) {
        fmx_test_close(&test);
        fmx_test_skip("no Python with safetensors");
    }
    make_path();
    fmx_test_ok(&test, write_all(test.ctx, false, &plan), "write");
    snprintf(command, sizeof command, "cd / && %s %s/tests/interop/check_safetensors.py %s", python,
             FMX_SOURCE_DIR, path);
    cr_assert_eq(system(command), 0, "%s", command);
    fmx_test_close(&test);
}
