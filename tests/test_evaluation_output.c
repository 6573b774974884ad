#include "evaluation_output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"

static const char *const names[] = {"alanine", "2,3-butanediol", "the \"third\""};
static const float truth[2][3] = {{0.5f, 0, 0.5f}, {0, 1, 0}};
static const float presence[2][3] = {{0.9f, 0.2f, 0.8f}, {0.1f, 0.7f, 0.6f}};
static const float proportion[2][3] = {{0.45f, 0, 0.55f}, {0, 1.0f / 3, 1e-7f}};

static fmx__evaluation_input example(const char *method)
{
    return (fmx__evaluation_input){.method = method,
                                   .mixtures = 2,
                                   .classes = 3,
                                   .class_name = names,
                                   .truth = truth[0],
                                   .presence = presence[0],
                                   .proportion = proportion[0],
                                   .threshold = 0.5,
                                   .seed = 9,
                                   .resamples = 20};
}

static char *content(const char *path)
{
    char *text = NULL;
    size_t bytes = 0;
    cr_assert_eq(fmx__read_file(NULL, path, 1 << 20, &text, &bytes), FMX_OK, "%s", path);
    return text;
}

Test(evaluation_output, csv_as_interface_says)
{
    fmx_test test = fmx_test_open_host();
    fmx__evaluation_input input = example("network");
    char path[1024];
    char first[] = "first";
    char second[] = "second, noisy";
    char *mixture_name[] = {first, second};
    snprintf(path, sizeof path, "%s/out.csv", fmx_test_folder());
    fmx_test_ok(&test, fmx__evaluation_csv(test.ctx, path, false, &input, NULL), "csv");
    char *text = content(path);
    cr_assert_str_eq(text, "mixture,class,true,predicted\n"
                           "1,alanine,0.5,0.45\n"
                           "1,\"2,3-butanediol\",0,0\n"
                           "1,\"the \"\"third\"\"\",0.5,0.55\n"
                           "2,alanine,0,0\n"
                           "2,\"2,3-butanediol\",1,0.33333334\n"
                           "2,\"the \"\"third\"\"\",0,1e-07\n");
    free(text);
    fmx_test_refused(&test, fmx__evaluation_csv(test.ctx, path, false, &input, NULL),
                     FMX_ERROR_EXISTS, "out.csv");
    input.proportion = NULL;
    fmx_test_ok(&test, fmx__evaluation_csv(test.ctx, path, true, &input, mixture_name), "csv");
    text = content(path);
    cr_assert_not_null(strstr(text, "\nfirst,alanine,0.5,0.9\n"));
    cr_assert_not_null(strstr(text, "\n\"second, noisy\",alanine,0,0.1\n"));
    free(text);
    fmx_context_interrupt(test.ctx);
    fmx_test_refused(&test, fmx__evaluation_csv(test.ctx, path, true, &input, NULL),
                     FMX_ERROR_INTERRUPTED, "");
    text = content(path); /* the interrupted one left it alone */
    cr_assert_not_null(strstr(text, "\nfirst,alanine,0.5,0.9\n"));
    free(text);
    fmx_test_close(&test);
}

static double number_at(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    cr_assert(cJSON_IsNumber(item), "%s is no number", key);
    return item->valuedouble;
}

Test(evaluation_output, json_has_every_figure)
{
    fmx_test test = fmx_test_open_host();
    fmx__evaluation_input input = example("network");
    fmx__evaluation e;
    fmx__evaluation other;
    fmx_test_ok(&test, fmx__evaluate(test.ctx, &input, &e), "evaluate");
    input.method = "least squares";
    input.threshold = 0.95;
    fmx_test_ok(&test, fmx__evaluate(test.ctx, &input, &other), "evaluate");
    const fmx__evaluation *both[] = {&e, &other};
    cJSON *made = fmx__evaluation_json(both, 2);
    cr_assert_not_null(made);
    char *text = cJSON_Print(made);
    cJSON *json = cJSON_Parse(text);
    cr_assert_not_null(json);
    cr_assert_eq(number_at(json, "seed"), 9);
    cr_assert_eq(number_at(json, "mixtures"), 2);
    for (size_t f = 0; f < FMX__FIGURE_COUNT; ++f) {
        const cJSON *figure = cJSON_GetObjectItemCaseSensitive(json, fmx__figure_infos[f].key);
        cr_assert_not_null(figure, "%s", fmx__figure_infos[f].key);
        if (isnan(e.figure[f].value))
            cr_assert(cJSON_IsNull(cJSON_GetObjectItem(figure, "value")));
        else
            cr_assert_float_eq(number_at(figure, "value"), e.figure[f].value, 1e-14);
        cr_assert_not_null(cJSON_GetObjectItem(figure, "low"));
        cr_assert_not_null(cJSON_GetObjectItem(figure, "high"));
    }
    const cJSON *groups = cJSON_GetObjectItem(json, "by_components");
    cr_assert_eq(cJSON_GetArraySize(groups), 2);
    cr_assert_eq(number_at(cJSON_GetArrayItem(groups, 1), "components"), 2);
    cr_assert_eq(cJSON_GetArraySize(cJSON_GetObjectItem(json, "by_class")), 3);
    cr_assert_eq(cJSON_GetArraySize(cJSON_GetObjectItem(json, "reliability")), 10);
    const cJSON *baseline = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "baselines"), 0);
    cr_assert_str_eq(cJSON_GetObjectItem(baseline, "method")->valuestring, "least squares");
    /* nothing is called at 0.95, though compounds are there */
    cr_assert_eq(number_at(cJSON_GetObjectItem(baseline, "precision_micro"), "value"), 0);
    free(text);
    cJSON_Delete(json);
    cJSON_Delete(made);
    fmx__evaluation_clear(&e);
    fmx__evaluation_clear(&other);
    fmx_test_close(&test);
}

Test(evaluation_output, text_side_by_side)
{
    fmx_test test = fmx_test_open_host();
    fmx__evaluation_input input = example("network");
    fmx__evaluation e;
    char *text = NULL;
    fmx_test_ok(&test, fmx__evaluate(test.ctx, &input, &e), "evaluate");
    const fmx__evaluation *both[] = {&e, &e};
    fmx_test_ok(&test, fmx__evaluation_text(test.ctx, both, 2, &text), "text");
    cr_assert_not_null(strstr(text, "2 mixtures, 3 classes"));
    cr_assert_not_null(strstr(text, "network"));
    cr_assert_not_null(strstr(text, "75.0 % ("));  /* precision: 3 of 4 */
    cr_assert_not_null(strstr(text, "100.0 % (")); /* recall */
    cr_assert_not_null(strstr(text, "1 mixture of 2 compounds"));
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        cr_assert_leq(strlen(line), 110, "%s", line);
    free(text);
    fmx__evaluation_clear(&e);
    fmx_test_close(&test);
}
