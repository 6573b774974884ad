/* Searches: what a space draws, halving, resuming, and what is refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph.h"
#include "search_report.h"
#include "train_section.h"
#include "train_world.h"

enum { TRIALS = 6 };

static const char *const space_text = "fidmix: 1\n"
                                      "metric: validation_f1\n"
                                      "halving: {factor: 2, least_epochs: 2}\n"
                                      "space:\n"
                                      "  model.conv1d.filters: [2, 4]\n"
                                      "  model.max_pool.window: [200, 4, 3, 2]\n"
                                      "  train.optimiser.adam.learning_rate: {least: 0.001, "
                                      "most: 0.1, log: true}\n"
                                      "  train.batch: {least: 4, most: 8, step: 2}\n"
                                      "  trunk:\n"
                                      "    as it is: []\n"
                                      "    without:\n"
                                      "      - model.relu=off\n";

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "%s", path);
    fputs(text, file);
    fclose(file);
}

/* A space and a recipe, read. */
typedef struct setup {
    fmx_world w;
    fmx__search_space space;
    fmx__recipe recipe;
    char path[PATH + 64];
    char out[PATH + 64];
} setup;

static void read_recipe(setup *s)
{
    fmx_test_ok(&s->w.test,
                fmx__recipe_parse(s->w.test.ctx, "r.yml", fmx_train_model, strlen(fmx_train_model),
                                  &fmx__recipe_schema_full, NULL, 0, &s->recipe),
                "recipe");
}

static void open_setup(setup *s)
{
    fmx_world_open(&s->w, &fmx_usual_set);
    snprintf(s->path, sizeof s->path, "%s/space.yml", s->w.folder);
    snprintf(s->out, sizeof s->out, "%s/search", s->w.folder);
    write_text(s->path, space_text);
    fmx_test_ok(&s->w.test, fmx__search_space_read(s->w.test.ctx, s->path, &s->space), "space");
    read_recipe(s);
}

static void close_setup(setup *s)
{
    fmx__search_space_clear(&s->space);
    fmx__recipe_clear(&s->recipe);
    fmx_test_close(&s->w.test);
}

static fmx__search_job job_of(setup *s, const char *out)
{
    return (fmx__search_job){.device = s->w.test.device,
                             .recipe = &s->recipe,
                             .space = &s->space,
                             .spectra = s->w.spectra,
                             .out = out,
                             .trials = TRIALS,
                             .resume = true};
}

/* Draws of many trials: within their ranges, on their steps, every choice now and then, half of the
 * logarithmic ones below the geometric mean (600 draws: 5 standard deviations are 61). */
Test(search, draws)
{
    enum { N = 600 };
    setup s;
    size_t below = 0;
    size_t chosen[2] = {0};
    open_setup(&s);
    for (size_t trial = 0; trial < N; ++trial) {
        char *value[5] = {NULL};
        size_t choice[5];
        for (size_t k = 0; k < 5; ++k)
            fmx_test_ok(
                &s.w.test,
                fmx__search_value(s.w.test.ctx, &s.space, 7, trial, k, &value[k], &choice[k]),
                "value");
        double rate = strtod(value[2], NULL);
        double batch = strtod(value[3], NULL);
        cr_assert(rate >= 0.001 && rate <= 0.1, "%s", value[2]);
        cr_assert(batch >= 4 && batch <= 8 && fmod(batch, 2) <= 0, "%s", value[3]);
        below += rate < 0.01;
        ++chosen[choice[4]];
        for (size_t k = 0; k < 5; ++k)
            free(value[k]);
    }
    cr_assert(below > N / 2 - 61 && below < N / 2 + 61, "%zu", below);
    cr_assert(chosen[0] > N / 2 - 61 && chosen[0] < N / 2 + 61, "%zu", chosen[0]);
    close_setup(&s);
}

static void same_trials(const fmx__search_trial *a, const fmx__search_trial *b)
{
    for (size_t i = 0; i < TRIALS; ++i) {
        cr_assert_eq(a[i].number, b[i].number);
        cr_assert_eq(a[i].epochs, b[i].epochs);
        cr_assert_eq(a[i].rungs, b[i].rungs);
        cr_assert(a[i].score == b[i].score || isnan(a[i].score), "%g, %g", a[i].score, b[i].score);
    }
}

static char *beside(const char *folder, const char *name)
{
    static char path[2][PATH + 128];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

/* Six trials by halves, 2, 4 and 6 epochs: windows of 200 positions cannot be and stay without a
 * score. A search that is interrupted and goes on ends with the same files. */
Test(search, halves_and_resumes)
{
    setup s;
    fmx__search_trial *whole = NULL;
    fmx__search_trial *parts = NULL;
    char other[PATH + 64];
    size_t scored = 0;
    size_t far = 0;
    open_setup(&s);
    snprintf(other, sizeof other, "%s/other", s.w.folder);
    fmx__search_job job = job_of(&s, s.out);
    fmx_test_ok(&s.w.test, fmx__search_run(&job, &whole), "search");
    for (size_t i = 0; i < TRIALS; ++i) {
        bool possible = strcmp(whole[i].value[1], "200") != 0;
        cr_assert_eq(isnan(whole[i].score) != 0, !possible, "trial %zu", whole[i].number);
        cr_assert_eq(whole[i].note == NULL, possible);
        scored += possible;
        far += whole[i].rungs == 3;
        if (i > 0 && possible && whole[i].rungs == whole[i - 1].rungs)
            cr_assert_leq(whole[i].score, whole[i - 1].score);
    }
    cr_assert(scored >= 2 && scored < TRIALS, "%zu", scored);
    cr_assert(far >= 1 && far <= 3, "%zu reached the end", far);
    job.out = other;
    for (size_t steps = 3; steps < 12; steps += 6) {
        fmx_world_interrupt_search(&s.w, &job, steps);
        job.device = s.w.test.device;
    }
    fmx_test_ok(&s.w.test, fmx__search_run(&job, &parts), "search");
    same_trials(whole, parts);
    fmx_same_files(beside(s.out, "trials.csv"), beside(other, "trials.csv"), "trials.csv");
    for (size_t i = 0; i < TRIALS; ++i) {
        char name[64];
        snprintf(name, sizeof name, "trial_%04zu.safetensors", whole[i].number);
        if (!isnan(whole[i].score))
            fmx_same_files(beside(s.out, name), beside(other, name), name);
    }
    fmx__search_trials_clear(whole, TRIALS, s.space.entries);
    fmx__search_trials_clear(parts, TRIALS, s.space.entries);
    close_setup(&s);
}

Test(search, refusals)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"space: {a: [1]}\n", "fidmix"},
        {"fidmix: 1\n", "space: a map of 1 to 32 keys is needed"},
        {"fidmix: 1\nspaces: {a: [1]}\n", "space.yml:2: spaces: unknown"},
        {"fidmix: 1\nspace: {a: 1}\n", "space.yml:2: a: a list of values, a range or variants"},
        {"fidmix: 1\nspace: {a: []}\n", "a list of 1 to 64 values"},
        {"fidmix: 1\nspace: {a: {least: 2, most: 1}}\n", "with A below B"},
        {"fidmix: 1\nspace: {a: {least: 0, most: 1, log: true}}\n", "log needs least above 0"},
        {"fidmix: 1\nspace: {a: {b: [c]}}\n", "a setting is written as key=value"},
        {"fidmix: 1\ngoal: high\nspace: {a: [1]}\n", "goal: least or most"},
    };
    setup s;
    fmx__search_trial *trial = NULL;
    open_setup(&s);
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        fmx__search_space space;
        write_text(s.path, cases[i].text);
        fmx_test_refused(&s.w.test, fmx__search_space_read(s.w.test.ctx, s.path, &space),
                         FMX_ERROR_FORMAT, cases[i].message);
        fmx__search_space_clear(&space);
        fmx_context_clear(s.w.test.ctx);
    }
    /* no trial can be trained; then the folder is of another search */
    fmx__search_job job = job_of(&s, s.out);
    fmx__search_space_clear(&s.space);
    write_text(s.path, "fidmix: 1\nspace: {model.max_pool.window: [200, 300]}\n");
    fmx_test_ok(&s.w.test, fmx__search_space_read(s.w.test.ctx, s.path, &s.space), "space");
    fmx_test_refused(&s.w.test, fmx__search_run(&job, &trial), FMX_ERROR_RECIPE,
                     "no trial came to an end; trial 1: ");
    fmx__search_trials_clear(trial, trial != NULL ? TRIALS : 0, 1);
    fmx_context_clear(s.w.test.ctx);
    job.resume = false;
    fmx_test_refused(&s.w.test, fmx__search_run(&job, &trial), FMX_ERROR_EXISTS,
                     "--resume goes on with it");
    fmx_context_clear(s.w.test.ctx);
    job.resume = true;
    fmx_test_ok(&s.w.test, fmx__recipe_set(s.w.test.ctx, &s.recipe, "seed=4"), "seed");
    fmx_test_refused(&s.w.test, fmx__search_run(&job, &trial), FMX_ERROR_EXISTS,
                     "is a search by another recipe, seed or space");
    close_setup(&s);
}

/* Every trial of the published search is a network. */
Test(search, published_space)
{
    setup s;
    char path[PATH];
    open_setup(&s);
    fmx__search_space_clear(&s.space);
    snprintf(path, sizeof path, "%s/data/spaces/s1_cnn.yml", FMX_SOURCE_DIR);
    fmx_test_ok(&s.w.test, fmx__search_space_read(s.w.test.ctx, path, &s.space), path);
    for (size_t trial = 0; trial < 40; ++trial) {
        fmx__recipe recipe;
        fmx__graph graph = {0};
        fmx_test_ok(
            &s.w.test,
            fmx__recipe_read(s.w.test.ctx, "s1_cnn", &fmx__recipe_schema_full, NULL, 0, &recipe),
            "s1_cnn");
        fmx_test_ok(&s.w.test, fmx__search_apply(s.w.test.ctx, &s.space, 1, trial, &recipe),
                    "apply");
        fmx_test_ok(&s.w.test, fmx__graph_create(s.w.test.ctx, &recipe, 21800, &graph), "graph");
        fmx__graph_clear(&graph);
        fmx__recipe_clear(&recipe);
    }
    close_setup(&s);
}

/* The program: ranks on stdout, writes the page, goes on with more trials. */
Test(search, program)
{
    char command[4 * PATH];
    setup s;
    open_setup(&s);
    write_text(beside(s.w.folder, "r.yml"), fmx_train_model);
    snprintf(command, sizeof command,
             "cd %s && " FMX_PROGRAM " search r.yml --space space.yml --trials 2 --out o --spectra "
             "s.h5 > two.txt && " FMX_PROGRAM " search r.yml --space space.yml --trials 4 --out o "
             "--spectra s.h5 --resume > four.txt && grep -q '^   1 ' two.txt && "
             "[ $(grep -c 'train.batch=' four.txt) = 4 ] && grep -q '<circle' o/report.html && "
             "grep -q 'as it is' o/report.html",
             s.w.folder);
    cr_assert_eq(system(command), 0, "%s", command);
    close_setup(&s);
}
