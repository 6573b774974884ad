/* Facts of models: metadata and back, what damaged ones say, fidmix info. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "fmx_test.h"
#include "model_file.h"

static char path[600];

static const fmx__tensor_entry tensors[] = {
    {.name = "b1.conv.weight", .type = FMX__TENSOR_F32, .rank = 3, .shape = {4, 1, 3}},
    {.name = "b1.conv.bias", .type = FMX__TENSOR_F32, .rank = 1, .shape = {4}},
    {.name = "norm.weight", .type = FMX__TENSOR_F32, .rank = 1, .shape = {4}},
    {.name = "norm.bias", .type = FMX__TENSOR_F32, .rank = 1, .shape = {4}},
    {.name = "norm.running_mean", .type = FMX__TENSOR_F32, .rank = 1, .shape = {4}},
    {.name = "norm.running_var", .type = FMX__TENSOR_F32, .rank = 1, .shape = {4}},
    {.name = "fidmix.adam.m.norm.bias", .type = FMX__TENSOR_F32, .rank = 1, .shape = {4}},
    {.name = "out.weight", .type = FMX__TENSOR_F32, .rank = 2, .shape = {2, 8}},
    {.name = "out.bias", .type = FMX__TENSOR_F32, .rank = 1, .shape = {2}},
};
enum { VALUES = 12 + 4 + 5 * 4 + 16 + 2 };

static void write_model(const fmx_test *test, const fmx__text_pair *metadata, size_t count)
{
    static const float values[VALUES];
    fmx__safetensors_writer *writer = NULL;
    fmx__safetensors_plan plan = {tensors, FMX__COUNT(tensors), metadata, count};
    snprintf(path, sizeof path, "%s/model.safetensors", fmx_test_folder());
    fmx_test_ok(test, fmx__safetensors_writer_open(test->ctx, path, true, &plan, &writer), "open");
    fmx_test_ok(test, fmx__safetensors_writer_append(writer, values, sizeof values), "append");
    fmx_test_ok(test, fmx__safetensors_writer_finish(writer), "finish");
    fmx__safetensors_writer_close(writer);
}

static fmx_status read_facts(fmx_context *ctx, fmx__model_facts *facts)
{
    fmx__safetensors *file = NULL;
    *facts = fmx__model_facts_none;
    fmx_status status = fmx__safetensors_open(ctx, path, &file);
    if (status == FMX_OK)
        status = fmx__model_facts_read(ctx, path, file, facts);
    fmx__safetensors_close(file);
    return status;
}

static char *names[] = {(char *)"alanine", (char *)"gluc\xc3\xb6se"};
static fmx__model_layer layers[] = {
    {.name = (char *)"b1.conv", .op = (char *)"conv1d", .rank = 2, .shape = {4, 8}},
    {.name = (char *)"b1.relu", .op = (char *)"relu", .rank = 2, .shape = {4, 8}},
    {.name = (char *)"norm", .op = (char *)"batch_norm", .rank = 2, .shape = {4, 8}},
    {.name = (char *)"out", .op = (char *)"dense", .rank = 1, .shape = {2}}};
static const fmx__model_facts facts_in = {.recipe = (char *)"fidmix: 1\nname: \"t\"\n",
                                          .class_name = names,
                                          .classes = 2,
                                          .axis = {"1H", 10, 0.1, 21800},
                                          .threshold = 0.25,
                                          .tile_set = (char *)"pocl-8",
                                          .history = (char *)"epoch,loss\n1,0.5\n",
                                          .layer = layers,
                                          .layers = FMX__COUNT(layers)};

static void write_known(const fmx_test *test)
{
    fmx__text_pair *metadata = NULL;
    size_t count = 0;
    fmx_test_ok(test, fmx__model_metadata(test->ctx, &facts_in, &metadata, &count), "metadata");
    write_model(test, metadata, count);
    fmx__model_metadata_clear(metadata, count);
}

Test(model_file, round_trip)
{
    fmx_test test = fmx_test_open_host();
    fmx__model_facts facts;
    write_known(&test);
    fmx_test_ok(&test, read_facts(test.ctx, &facts), "read");
    cr_assert_str_eq(facts.version, fmx_version());
    cr_assert_str_eq(facts.recipe, facts_in.recipe);
    cr_assert_str_eq(facts.tile_set, facts_in.tile_set);
    cr_assert_str_eq(facts.history, facts_in.history);
    cr_assert_eq(facts.classes, 2);
    cr_assert_str_eq(facts.class_name[1], names[1]);
    cr_assert_eq(facts.threshold, 0.25);
    cr_assert_str_eq(facts.axis.nucleus, "1H");
    cr_assert_eq(facts.axis.last_ppm, 0.1);
    cr_assert_eq(facts.axis.points, 21800);
    cr_assert_eq(facts.layers, 4);
    static const size_t parameters[] = {16, 0, 16, 18};
    for (size_t i = 0; i < 4; ++i) {
        cr_assert_str_eq(facts.layer[i].name, layers[i].name);
        cr_assert_str_eq(facts.layer[i].op, layers[i].op);
        cr_assert_eq(facts.layer[i].rank, layers[i].rank);
        cr_assert_eq(facts.layer[i].shape[0], layers[i].shape[0]);
        cr_assert_eq(facts.layer[i].parameters, parameters[i]);
    }
    cr_assert_eq(facts.parameters, 50);
    cr_assert_eq(facts.trainable_parameters, 42);
    fmx__model_facts_clear(&facts);
    fmx_test_close(&test);
}

/* Nothing is stated: layers by the names of the tensors. */
Test(model_file, of_others)
{
    fmx_test test = fmx_test_open_host();
    fmx__model_facts facts;
    write_model(&test, NULL, 0);
    fmx_test_ok(&test, read_facts(test.ctx, &facts), "read");
    cr_assert_null(facts.version);
    cr_assert_null(facts.recipe);
    cr_assert_eq(facts.classes, 0);
    cr_assert(isnan(facts.threshold));
    cr_assert_eq(facts.axis.points, 0);
    cr_assert_eq(facts.layers, 3);
    cr_assert_str_eq(facts.layer[0].name, "b1.conv");
    cr_assert_str_eq(facts.layer[0].op, "conv1d");
    cr_assert_str_eq(facts.layer[1].op, "batch_norm");
    cr_assert_str_eq(facts.layer[2].op, "dense");
    cr_assert_eq(facts.layer[2].parameters, 18);
    cr_assert_eq(facts.parameters, 50);
    fmx_test_ok(&test, fmx__model_check_axis(test.ctx, &facts, "x", &facts_in.axis), "any axis");
    fmx__model_facts_clear(&facts);
    fmx_test_close(&test);
}

Test(model_file, refused)
{
    static const fmx__text_pair cases[] = {
        {"fidmix.classes", "3"},
        {"fidmix.classes", "[\"a\", 3]"},
        {"fidmix.classes", "[\"a\", \"\"]"},
        {"fidmix.classes", "[\"a\"] x"},
        {"fidmix.classes", "[[[["},
        {"fidmix.axis", "[]"},
        {"fidmix.axis", "{\"nucleus\":\"1H\",\"first_ppm\":10,\"last_ppm\":0}"},
        {"fidmix.axis", "{\"nucleus\":\"1H\",\"first_ppm\":0,\"last_ppm\":10,\"points\":9}"},
        {"fidmix.axis", "{\"nucleus\":\"1H\",\"first_ppm\":10,\"last_ppm\":0,\"points\":1}"},
        {"fidmix.axis", "{\"nucleus\":\"1H\",\"first_ppm\":10,\"last_ppm\":0,\"points\":2.5}"},
        {"fidmix.axis", "{\"nucleus\":\"1H\",\"first_ppm\":1e9,\"last_ppm\":0,\"points\":9}"},
        {"fidmix.axis", "{\"nucleus\":\"a nucleus by far too long\",\"first_ppm\":10,"
                        "\"last_ppm\":0,\"points\":9}"},
        {"fidmix.threshold", "1.5"},
        {"fidmix.threshold", "\"0.5\""},
        {"fidmix.threshold", ""},
        {"fidmix.layers", "[{}]"},
        {"fidmix.layers", "[{\"name\":\"a\",\"op\":\"x\",\"shape\":[-1]}]"},
        {"fidmix.layers", "[{\"name\":\"a\",\"op\":\"x\",\"shape\":[1,1,1,1,1,1,1,1,1]}]"},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx__model_facts facts;
        write_model(&test, &cases[i], 1);
        fmx_test_refused(&test, read_facts(test.ctx, &facts), FMX_ERROR_FORMAT, cases[i].key);
        fmx__model_facts_clear(&facts);
    }
    fmx_test_close(&test);
}

Test(model_file, axis)
{
    static const struct {
        fmx__model_axis axis;
        const char *what;
    } cases[] = {
        {{"13C", 10, 0.1, 21800}, "nucleus 13C, but the model knows 1H"},
        {{"1H", 10, 0.1, 21801}, "takes 21800 from 10 to 0.1"},
        {{"1H", 10.001, 0.1, 21800}, "x: 21800 points from 10.001"},
        {{"1H", 10, 0.11, 21800}, "process the FIDs with the recipe inside the model"},
    };
    fmx_test test = fmx_test_open_host();
    fmx_test_ok(&test, fmx__model_check_axis(test.ctx, &facts_in, "x", &facts_in.axis), "same");
    for (size_t i = 0; i < FMX__COUNT(cases); ++i)
        fmx_test_refused(&test, fmx__model_check_axis(test.ctx, &facts_in, "x", &cases[i].axis),
                         FMX_ERROR_SHAPE, cases[i].what);
    fmx_test_close(&test);
}

Test(model_file, no_memory)
{
    fmx_test test = fmx_test_open_host();
    fmx_status status = FMX_ERROR_MEMORY;
    write_known(&test);
    for (size_t n = 1; status != FMX_OK; ++n) {
        fmx__model_facts facts;
        fmx__fail_allocation(test.ctx, n);
        status = read_facts(test.ctx, &facts);
        fmx__fail_allocation(test.ctx, 0);
        cr_assert(status == FMX_OK || status == FMX_ERROR_MEMORY);
        fmx__model_facts_clear(&facts);
    }
    status = FMX_ERROR_MEMORY;
    for (size_t n = 1; status != FMX_OK; ++n) {
        fmx__text_pair *metadata = NULL;
        size_t count = 0;
        fmx__fail_allocation(test.ctx, n);
        status = fmx__model_metadata(test.ctx, &facts_in, &metadata, &count);
        fmx__fail_allocation(test.ctx, 0);
        cr_assert(status == FMX_OK || status == FMX_ERROR_MEMORY);
        fmx__model_metadata_clear(metadata, count);
    }
    fmx_test_close(&test);
}

/* The program's standard output, in static storage; its exit code. */
static int run(const char *arguments, const char **out)
{
    static char text[16384];
    char command[2048];
    snprintf(command, sizeof command, FMX_PROGRAM " %s 2>&1", arguments);
    FILE *stream = popen(command, "r");
    cr_assert_not_null(stream);
    text[fread(text, 1, sizeof text - 1, stream)] = '\0';
    *out = text;
    return WEXITSTATUS(pclose(stream));
}

Test(model_file, info)
{
    fmx_test test = fmx_test_open_host();
    const char *out = NULL;
    char arguments[1024];
    write_known(&test);
    snprintf(arguments, sizeof arguments, "info %s", path);
    cr_assert_eq(run(arguments, &out), 0, "%s", out);
    cr_assert_str_eq(
        out + strlen(path),
        ": safetensors model, 50 parameters, 42 of them trainable, 4 layers, 1H, 21800 "
        "points, 10.000 to 0.100 ppm, 2 classes, threshold 0.25\n");
    snprintf(arguments, sizeof arguments, "info --json %s", path);
    cr_assert_eq(run(arguments, &out), 0, "%s", out);
    cJSON *array = cJSON_Parse(out);
    const cJSON *item = cJSON_GetArrayItem(array, 0);
    cr_assert_str_eq(cJSON_GetObjectItem(item, "kind")->valuestring, "model");
    cr_assert_str_eq(cJSON_GetObjectItem(item, "format")->valuestring, "safetensors");
    cr_assert_eq(cJSON_GetObjectItem(item, "parameters")->valuedouble, 50);
    cr_assert_eq(cJSON_GetObjectItem(item, "trainable_parameters")->valuedouble, 42);
    cr_assert_eq(cJSON_GetArraySize(cJSON_GetObjectItem(item, "classes")), 2);
    const cJSON *layer = cJSON_GetArrayItem(cJSON_GetObjectItem(item, "layers"), 2);
    cr_assert_str_eq(cJSON_GetObjectItem(layer, "name")->valuestring, "norm");
    cr_assert_str_eq(cJSON_GetObjectItem(layer, "op")->valuestring, "batch_norm");
    cr_assert_eq(cJSON_GetArraySize(cJSON_GetObjectItem(layer, "shape")), 2);
    cr_assert_eq(cJSON_GetObjectItem(layer, "parameters")->valuedouble, 16);
    cJSON_Delete(array);
    /* known by content under another name; by name when damaged */
    snprintf(arguments, sizeof arguments, "info %s.old", path);
    char other[700];
    snprintf(other, sizeof other, "%s.old", path);
    cr_assert_eq(rename(path, other), 0);
    cr_assert_eq(run(arguments, &out), 0, "%s", out);
    FILE *file = fopen(path, "wb");
    fputs("nothing of the kind", file);
    fclose(file);
    snprintf(arguments, sizeof arguments, "info %s", path);
    cr_assert_eq(run(arguments, &out), 3, "%s", out);
    cr_assert_not_null(strstr(out, "no safetensors file"), "%s", out);
    fmx_test_close(&test);
}
