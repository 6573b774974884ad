/* fidmix info, as its users see it: lines, JSON, failures, exit codes. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bruker_fixture.h"

/* Runs the program; what it wrote to either stream is in static storage. */
static int run(const char *arguments, const char **out, const char **err)
{
    static char text[2][65536];
    static char folder[64];
    char command[8192];
    snprintf(folder, sizeof folder, "%s", fmx_test_folder());
    snprintf(command, sizeof command, FMX_PROGRAM " %s > %s/out 2> %s/err", arguments, folder,
             folder);
    int code = system(command);
    for (int i = 0; i < 2; ++i) {
        FILE *file = fopen(fmx_fixture_path(folder, i == 0 ? "out" : "err"), "r");
        cr_assert_not_null(file);
        text[i][fread(text[i], 1, sizeof text[i] - 1, file)] = '\0';
        fclose(file);
    }
    *out = text[0];
    *err = text[1];
    return WEXITSTATUS(code);
}

/* A tree with two FIDs, a lone spectrum and, where asked, a FID without acqus. */
static const char *make_tree(bool damaged)
{
    static char root[64];
    unsigned char zeros[4 * 16] = {0};
    snprintf(root, sizeof root, "%s", fmx_test_folder());
    for (int i = 1; i <= 2; ++i) {
        const char *folder = fmx_fixture_path(root, i == 1 ? "urea/1" : "urea/10");
        fmx_fixture_acqus(folder, NULL, NULL);
        fmx_fixture_fid(folder, 16, false);
    }
    fmx_fixture_text(root, "urea/1/title", "a \"quoted\" \xb5M\nsecond");
    fmx_fixture_text(root, "water/3/pdata/1/procs",
                     "##$SI= 16\n##$SF= 500\n##$SW_p= 5000\n##$OFFSET= 10\n##$AXNUC= <1H>\n");
    fmx_fixture_file(root, "water/3/pdata/1/1r", zeros, sizeof zeros);
    if (damaged)
        fmx_fixture_fid(fmx_fixture_path(root, "urea/2"), 16, false);
    return root;
}

Test(info, lines)
{
    const char *out;
    const char *err;
    const char *root = make_tree(false);
    char expected[4096];
    char arguments[256];
    snprintf(arguments, sizeof arguments, "info %s", root);
    cr_assert_eq(run(arguments, &out, &err), 0, "%s", err);
    snprintf(expected, sizeof expected,
             "%s/urea/1: bruker fid, 1H, 8 complex points, 5000 Hz, 500.132500 MHz, group delay "
             "67.98, 16 scans, D2O, \"a \"quoted\" \xc2\xb5M / second\"\n"
             "%s/urea/10: bruker fid, 1H, 8 complex points, 5000 Hz, 500.132500 MHz, group delay "
             "67.98, 16 scans, D2O\n"
             "%s/water/3/pdata/1: bruker spectrum, 1H, 16 real points, 5000 Hz, 500.002500 MHz, "
             "10.000 to 0.625 ppm, 0 scans\n",
             root, root, root);
    cr_assert_str_eq(out, expected);
    cr_assert_str_eq(err, "");
}

static const char *text_of(const cJSON *item, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(item, key);
    cr_assert(cJSON_IsString(value), "%s", key);
    return value->valuestring;
}

static double number_of(const cJSON *item, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(item, key);
    cr_assert(cJSON_IsNumber(value), "%s", key);
    return value->valuedouble;
}

/* The keys that docs/interface promises. */
Test(info, json)
{
    const char *out;
    const char *err;
    char arguments[256];
    const char *root = make_tree(false);
    snprintf(arguments, sizeof arguments, "info --json %s/urea/10 %s/water %s/urea/1", root, root,
             root);
    cr_assert_eq(run(arguments, &out, &err), 0, "%s", err);
    cJSON *array = cJSON_Parse(out);
    cr_assert_eq(cJSON_GetArraySize(array), 3, "%s", out);
    const cJSON *item = cJSON_GetArrayItem(array, 2);
    cr_assert_str_eq(text_of(item, "path") + strlen(root), "/urea/1");
    cr_assert_str_eq(text_of(item, "kind"), "fid");
    cr_assert_str_eq(text_of(item, "format"), "bruker");
    cr_assert_str_eq(text_of(item, "name"), "urea");
    cr_assert_str_eq(text_of(item, "nucleus"), "1H");
    cr_assert_str_eq(text_of(item, "solvent"), "D2O");
    cr_assert_str_eq(text_of(item, "title"), "a \"quoted\" \xc2\xb5M / second");
    cr_assert_eq(number_of(item, "points"), 8.0);
    cr_assert_eq(number_of(item, "sw_hz"), 5000.0);
    cr_assert_eq(number_of(item, "obs_mhz"), 500.1325);
    cr_assert_eq(number_of(item, "group_delay"), 67.98);
    cr_assert_eq(number_of(item, "scans"), 16.0);
    item = cJSON_GetArrayItem(array, 1);
    cr_assert_str_eq(text_of(item, "kind"), "spectrum");
    cr_assert_eq(number_of(item, "points"), 16.0);
    cr_assert_eq(number_of(item, "ppm_first"), 10.0);
    cr_assert_eq(number_of(item, "ppm_last"), 0.625);
    cJSON_Delete(array);
    snprintf(arguments, sizeof arguments, "info %s/urea/10 --json", root);
    cr_assert_eq(run(arguments, &out, &err), 0);
    cr_assert_eq(out[0], '[', "an array for one path too");
}

/* A recipe of the project, by its file and by the name that it has in the binary. */
Test(info, recipe)
{
    const char *out;
    const char *err;
    static const char *const paths[] = {FMX_SOURCE_DIR "/data/recipes/process.yml", "process.yml"};
    for (int i = 0; i < 2; ++i) {
        char arguments[512];
        snprintf(arguments, sizeof arguments, "info --json %s", paths[i]);
        cr_assert_eq(run(arguments, &out, &err), 0, "%s", err);
        cJSON *array = cJSON_Parse(out);
        const cJSON *item = cJSON_GetArrayItem(array, 0);
        cr_assert_str_eq(text_of(item, "path"), paths[i]);
        cr_assert_str_eq(text_of(item, "kind"), "recipe");
        cr_assert_str_eq(text_of(item, "format"), "yaml");
        cr_assert_eq(number_of(item, "parameters"), 0.0);
        cr_assert_gt(cJSON_GetArraySize(cJSON_GetObjectItem(item, "process")), 0);
        cJSON_Delete(array);
        snprintf(arguments, sizeof arguments, "info %s", paths[i]);
        cr_assert_eq(run(arguments, &out, &err), 0, "%s", err);
        cr_assert(strstr(out, ": recipe \"") != NULL && strstr(out, "apodisation") != NULL, "%s",
                  out);
    }
    cr_assert_eq(run("info nowhere.yml", &out, &err), 3);
    cr_assert(strstr(err, "nowhere.yml") != NULL, "%s", err);
}

static double parameters_of(const char *arguments)
{
    const char *out;
    const char *err;
    cr_assert_eq(run(arguments, &out, &err), 0, "%s", err);
    cJSON *array = cJSON_Parse(out);
    double parameters = number_of(cJSON_GetArrayItem(array, 0), "parameters");
    cJSON_Delete(array);
    return parameters;
}

/* --set changes the recipe that is shown, and is refused by commands that read none. */
Test(info, settings)
{
    const char *out;
    const char *err;
    double shipped = parameters_of("info --json s2_toy");
    double wider = parameters_of("info --json s2_toy --set 'model.dense[0].units=100'");
    /* 36 units more, each with 6 x 21 weights, a bias and a weight to each of 10 outputs */
    cr_assert_eq(wider - shipped, 36.0 * (126 + 1 + 10));
    cr_assert_eq(run("info s2_toy --set model.none=1", &out, &err), 3);
    cr_assert_eq(run("devices --set train.epochs=1", &out, &err), 2);
    cr_assert(strstr(err, "--set: fidmix devices reads no recipe") != NULL, "%s", err);
}

/* The published networks, by their names in the binary: Keras counts the running values of batch
 * normalisation as parameters that are not trainable. */
Test(info, published_networks)
{
    static const struct {
        const char *name;
        double parameters;
        double trainable;
        int layers;
    } known[] = {{"s1_multibranch", 269705197, 269704981, 26},
                 {"s1_cnn", 1260349, 1260349 - 2 * (16 + 32 + 64 + 128), 24},
                 {"s1_lstm", 123431, 123431 - 2 * (16 + 32 + 64 + 64), 23}};
    static const struct {
        const char *name;
        double parameters;
    } generated[] = {
        {"s2_toy_published", 50246},           {"s2_toy", 127 * 64 + 65 * 10 + 127 * 10},
        {"s2_toy_published_adam", 50246},      {"s3_fid_to_spectrum", 24000000},
        {"s3_fid_to_spectrum_adam", 24000000}, {"s3_fid_to_lorentz", 10660349}};
    const char *out;
    const char *err;
    for (size_t i = 0; i < sizeof known / sizeof *known; ++i) {
        char arguments[256];
        snprintf(arguments, sizeof arguments, "info --json %s", known[i].name);
        cr_assert_eq(run(arguments, &out, &err), 0, "%s", err);
        cJSON *array = cJSON_Parse(out);
        const cJSON *item = cJSON_GetArrayItem(array, 0);
        const cJSON *layers = cJSON_GetObjectItem(item, "layers");
        double sum = 0;
        cr_assert_eq(number_of(item, "parameters"), known[i].parameters);
        cr_assert_eq(number_of(item, "trainable_parameters"), known[i].trainable);
        cr_assert_eq(cJSON_GetArraySize(layers), known[i].layers, "%d layers",
                     cJSON_GetArraySize(layers));
        for (int k = 0; k < cJSON_GetArraySize(layers); ++k)
            sum += number_of(cJSON_GetArrayItem(layers, k), "parameters");
        cr_assert_eq(sum, known[i].parameters);
        const cJSON *last = cJSON_GetArrayItem(layers, known[i].layers - 1);
        cr_assert_str_eq(text_of(last, "op"), "softmax");
        const cJSON *shape = cJSON_GetObjectItem(last, "shape");
        cr_assert_eq(cJSON_GetArraySize(shape), 1);
        cr_assert_eq(cJSON_GetArrayItem(shape, 0)->valuedouble, 29.0);
        cJSON_Delete(array);
        snprintf(arguments, sizeof arguments, "info %s", known[i].name);
        cr_assert_eq(run(arguments, &out, &err), 0, "%s", err);
        cr_assert(strstr(out, "dense > softmax  = 29  [") != NULL, "%s", out);
    }
    for (size_t i = 0; i < sizeof generated / sizeof *generated; ++i) {
        char arguments[256];
        snprintf(arguments, sizeof arguments, "info --json %s", generated[i].name);
        cr_assert_eq(run(arguments, &out, &err), 0, "%s", err);
        cJSON *array = cJSON_Parse(out);
        const cJSON *item = cJSON_GetArrayItem(array, 0);
        cr_assert_eq(number_of(item, "parameters"), generated[i].parameters);
        cr_assert_eq(number_of(item, "trainable_parameters"), generated[i].parameters);
        cJSON_Delete(array);
    }
}

Test(info, dataset)
{
    static const double ppm[3] = {9.5, 5, 0.5};
    static const char *const sources[2] = {"a/1", "b/1"};
    static const char *const classes[1] = {"urea"};
    static const float values[3] = {1, 2, 3};
    static const float target[1] = {1};
    fmx_test test = fmx_test_open_host();
    const char *out;
    const char *err;
    char path[128];
    char arguments[256];
    fmx_dataset_writer *writer = NULL;
    fmx_dataset_plan plan = {.rows = 2,
                             .points = 3,
                             .ppm = ppm,
                             .source = sources,
                             .recipe = "fidmix: 1\n",
                             .nucleus = "1H",
                             .class_name = classes,
                             .classes = 1};
    fmx_dataset_row row = {.name = "urea", .spectrum = values, .target = target};
    snprintf(path, sizeof path, "%s/set.h5", fmx_test_folder());
    fmx_test_ok(&test, fmx_dataset_writer_open(test.ctx, path, &plan, &writer), "open");
    for (size_t i = 0; i < 2; ++i)
        fmx_test_ok(&test, fmx_dataset_writer_append(writer, i, &row), "append");
    fmx_test_ok(&test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
    snprintf(arguments, sizeof arguments, "info --json %s", path);
    cr_assert_eq(run(arguments, &out, &err), 0, "%s", err);
    cJSON *array = cJSON_Parse(out);
    const cJSON *item = cJSON_GetArrayItem(array, 0);
    cr_assert_str_eq(text_of(item, "kind"), "dataset");
    cr_assert_str_eq(text_of(item, "format"), "hdf5");
    cr_assert_eq(number_of(item, "spectra"), 2.0);
    cr_assert_eq(number_of(item, "points"), 3.0);
    cr_assert_eq(number_of(item, "ppm_first"), 9.5);
    cr_assert_eq(number_of(item, "ppm_last"), 0.5);
    const cJSON *names = cJSON_GetObjectItem(item, "classes");
    cr_assert_eq(cJSON_GetArraySize(names), 1);
    cr_assert_str_eq(cJSON_GetArrayItem(names, 0)->valuestring, "urea");
    cJSON_Delete(array);
    snprintf(arguments, sizeof arguments, "info %s", path);
    cr_assert_eq(run(arguments, &out, &err), 0, "%s", err);
    cr_assert_str_eq(out + strlen(path),
                     ": hdf5 dataset, 1H, 2 spectra, 3 points, 9.500 to 0.500 ppm, 1 class\n");
    /* cut in the middle: still a dataset, but a damaged one */
    cr_assert_eq(truncate(path, 200), 0);
    cr_assert_eq(run(arguments, &out, &err), 3, "%s", out);
    cr_assert(strstr(err, "set.h5") != NULL, "%s", err);
    fmx_test_close(&test);
}

Test(info, failures)
{
    const char *out;
    const char *err;
    char arguments[256];
    const char *root = make_tree(true);
    snprintf(arguments, sizeof arguments, "info %s", root);
    cr_assert_eq(run(arguments, &out, &err), 0, "some are fine");
    cr_assert(strstr(err, "1 of 4 could not be used:") != NULL, "%s", err);
    cr_assert(strstr(err, "/urea/2/acqus: missing") != NULL, "%s", err);
    cr_assert(strstr(out, "/urea/10: bruker") != NULL);
    cr_assert_null(strstr(out, "/urea/2"));
    snprintf(arguments, sizeof arguments, "info %s/urea/2", root);
    cr_assert_eq(run(arguments, &out, &err), 3, "none is");
    cr_assert(strstr(err, "/urea/2/acqus: missing") != NULL, "%s", err);
    snprintf(arguments, sizeof arguments, "info %s/urea/2 %s/nowhere --json", root, root);
    cr_assert_eq(run(arguments, &out, &err), 3);
    cr_assert(strstr(err, "/nowhere: No such file") != NULL, "%s", err);
    cr_assert(strstr(err, "none of 2") != NULL, "%s", err);
    cr_assert_eq(cJSON_GetArraySize(cJSON_Parse(out)), 0);
    snprintf(arguments, sizeof arguments, "info %s/water/3/pdata/1/procs/x", root);
    cr_assert_eq(run(arguments, &out, &err), 3);
    cr_assert_eq(run("info", &out, &err), 2);
    cr_assert_eq(run("info --jsn x", &out, &err), 2);
    cr_assert(strstr(err, "--json") != NULL, "%s", err);
}

Test(info, real_tree)
{
    const char *out;
    const char *err;
    char arguments[4200];
    snprintf(arguments, sizeof arguments, "info --quiet %s", fmx_test_shared("data/bruker"));
    cr_assert_eq(run(arguments, &out, &err), 0, "%s", err);
    int lines = 0;
    for (const char *at = out; (at = strchr(at, '\n')) != NULL; ++at)
        ++lines;
    cr_assert_eq(lines, 47);
    cr_assert_str_eq(err, "");
}
