/* Learning-rate schedules against PyTorch's and Keras's (golden/make_schedule.py). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "schedule.h"

static const fmx__schedule *find(const char *name)
{
    const fmx__option_group *group = NULL;
    size_t i = 0;
    while ((group = fmx__schedule_stage(i)) != NULL && strcmp(group->name, name) != 0)
        ++i;
    cr_assert_not_null(group, "no schedule %s", name);
    return fmx__schedule_find(group);
}

static const fmx__schedule *read_settings(fmx_context *ctx, char *text, fmx__schedule_options *o)
{
    char *rest = NULL;
    const fmx__schedule *schedule = find(strtok_r(text, " ", &rest));
    const fmx__option_group *group = &schedule->group;
    *o = *(const fmx__schedule_options *)group->defaults;
    for (char *word = NULL; (word = strtok_r(NULL, " ", &rest)) != NULL;) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        cr_assert_eq(fmx__option_set(ctx, group->options, group->option_count, o, "", word, value),
                     FMX_OK, "%s", fmx_context_message(ctx));
    }
    return schedule;
}

/* tolerance: relative to the rate at the start. */
static size_t check_file(const char *name, double tolerance)
{
    char path[512];
    char line[4096];
    size_t cases = 0;
    fmx_context *ctx = NULL;
    snprintf(path, sizeof path, "%s/tests/golden/%s", FMX_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    cr_assert(file != NULL && fmx_context_create(&ctx) == FMX_OK, "%s", path);
    for (; fgets(line, sizeof line, file) != NULL; ++cases) {
        fmx__schedule_options o;
        char *bar = strchr(line, '|');
        *bar = '\0';
        char *at = bar + 1;
        double rate = strtod(at, &at);
        const fmx__schedule *schedule = read_settings(ctx, line, &o);
        for (char *word = strtok(at, " \n"); word != NULL; word = strtok(NULL, " \n")) {
            char *value = NULL;
            fmx__schedule_place place = {.step = strtoull(word, &value, 10), .steps = 2000};
            double expected = strtod(value + 1, NULL);
            double got = rate * fmx__schedule_share(schedule, &o, &place);
            cr_assert_float_eq(got, expected, tolerance * rate, "%s: %s, step %llu: %.9g, not %.9g",
                               name, schedule->group.name, (unsigned long long)place.step, got,
                               expected);
        }
    }
    fclose(file);
    fmx_context_destroy(ctx);
    return cases;
}

/* Double, multiplied from step to step: 1500 roundings of 1.1e-16 at most. */
Test(schedule, pytorch)
{
    cr_assert_eq(check_file("schedule_pytorch.txt", 1500 * 1.2e-16), 6);
}

/* Float32: a quotient, a power or cosine (2 ulp), a product and a sum. */
Test(schedule, keras)
{
    cr_assert_eq(check_file("schedule_keras.txt", 6 * FMX_TEST_EPS), 6);
}

/* The published ones: 0.1 * 0.96^(step / 500), 0.2 * 0.96^floor(step / 50). */
Test(schedule, published)
{
    fmx__schedule_options smooth = {.factor = 0.96, .every = 500};
    fmx__schedule_options stairs = {.factor = 0.96, .every = 50, .staircase = true};
    const fmx__schedule *exponential = find("exponential");
    fmx__schedule_place place = {.step = 250};
    cr_assert_float_eq(fmx__schedule_share(exponential, &smooth, &place), sqrt(0.96), 1e-15);
    cr_assert_float_eq(fmx__schedule_share(exponential, &stairs, &place), pow(0.96, 5), 1e-15);
    place.step = 249;
    cr_assert_float_eq(fmx__schedule_share(exponential, &stairs, &place), pow(0.96, 4), 1e-15);
}

/* By epochs; a cosine without a length ends with the training. */
Test(schedule, units)
{
    fmx__schedule_options halves = {.factor = 0.5, .every = 2, .unit = FMX__SCHEDULE_EPOCHS};
    fmx__schedule_options cosine = {.warmup = 20, .floor = 0.5};
    fmx__schedule_place place = {.step = 70, .epoch = 7, .steps = 120, .epochs = 12};
    cr_assert_eq(fmx__schedule_share(find("step"), &halves, &place), 0.125);
    cr_assert_float_eq(fmx__schedule_share(find("cosine"), &cosine, &place), 0.75, 1e-15);
    place.step = 120;
    cr_assert_eq(fmx__schedule_share(find("cosine"), &cosine, &place), 0.5);
    cosine.unit = FMX__SCHEDULE_EPOCHS;
    cosine.warmup = 2;
    cr_assert_float_eq(fmx__schedule_share(find("cosine"), &cosine, &place), 0.75, 1e-15);
    cosine.warmup = 14; /* longer than the training: it only warms up */
    cr_assert_float_eq(fmx__schedule_share(find("cosine"), &cosine, &place), 0.5, 1e-15);
}
