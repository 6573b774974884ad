/* YAML, recipes, overrides, and docs/recipes.md held against the parser. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "embedded.h"
#include "fmx_test.h"
#include "recipe.h"
#include "recipe_sections.h"
#include "train_section.h"
#include "utf8.h"
#include "yaml_tree.h"

/* ---- a schema of its own, so that these tests do not change with the stages -------------------
 */

typedef struct window_options {
    double lb_hz;
    bool on;
    int shape;
    int64_t order;
    char file[FMX__TEXT_OPTION];
    fmx__numbers ppm;
    char from[FMX__TEXT_OPTION];
} window_options;

static const char *const shapes[] = {"linear", "cubic", NULL};
static const fmx__option window_table[] = {
    {"lb_hz", FMX__OPTION_NUMBER, offsetof(window_options, lb_hz), "Hz", 0, 100, NULL, "width"},
    {"on", FMX__OPTION_BOOL, offsetof(window_options, on), "", 0, 0, NULL, "switch"},
    {"shape", FMX__OPTION_CHOICE, offsetof(window_options, shape), "", 0, 0, shapes, "shape"},
    {"order", FMX__OPTION_INTEGER, offsetof(window_options, order), "", 0, 9, NULL, "order"},
    {"file", FMX__OPTION_TEXT, offsetof(window_options, file), "", 0, 0, NULL, "file"},
    {"ppm", FMX__OPTION_NUMBERS, offsetof(window_options, ppm), "ppm", -100, 300, NULL, "regions"},
    {"from", FMX__OPTION_NAMES, offsetof(window_options, from), "", 0, 0, NULL, "names"},
};
static const window_options window_defaults = {
    0.3, true, 1, 2, "a \"b\"\\\n\x7f\xc2\x85\xe2\x80\xa8\xf0\x9f\x98\x80", {2, {0.5, 9.5}}, ""};
static const fmx__option_group window_group = {"window",         "A window.",
                                               window_table,     FMX__COUNT(window_table),
                                               &window_defaults, sizeof window_defaults};
static const fmx__option_group plain_group = {"fft", "No options.", NULL, 0, NULL, 0};
static const fmx__option_group axis_group = {"axis",           "The axis.",
                                             window_table,     FMX__COUNT(window_table),
                                             &window_defaults, sizeof window_defaults};

static const fmx__option_group *own_stage(size_t index)
{
    static const fmx__option_group *const stages[] = {&window_group, &plain_group};
    return index < FMX__COUNT(stages) ? stages[index] : NULL;
}

static const fmx__recipe_section base_sections[] = {
    {"axis", "The axis.", &axis_group, NULL, true},
};
static const fmx__recipe_schema base = {base_sections, FMX__COUNT(base_sections), NULL};
static const fmx__recipe_section own_sections[] = {
    {"train", "Not implied.", &axis_group, NULL, false},
    {"train.loss", "A list within a map.", NULL, own_stage, false},
    {"process", "Stages.", NULL, own_stage, false},
};
static const fmx__recipe_schema own = {own_sections, FMX__COUNT(own_sections), &base};

static fmx_status parse(const fmx_test *test, const char *text, fmx__recipe *out)
{
    return fmx__recipe_parse(test->ctx, "r.yml", text, strlen(text), &own, NULL, 0, out);
}

static const window_options *window(const fmx__recipe *recipe, size_t n)
{
    const fmx__recipe_stage *stage =
        fmx__recipe_stage_find(fmx__recipe_find(recipe, "process"), "window", n);
    cr_assert_not_null(stage);
    return stage->options;
}

/* ---- YAML -------------------------------------------------------------------------------------
 */

Test(yaml, tree_with_lines)
{
    static const char text[] = "a: 1\nb:\n  - x\n  - {c: \"2\", d: }\ne: &n [1, 2]\nf: *n\n";
    fmx_test test = fmx_test_open_host();
    fmx__yaml yaml;
    double number = 0;
    const char *word = NULL;
    fmx_test_ok(&test, fmx__yaml_parse(test.ctx, "f.yml", text, strlen(text), &yaml), "parse");
    cr_assert_eq(yaml.root->count, 4);
    const fmx__yaml_node *b = fmx__yaml_get(yaml.root, "b");
    cr_assert_eq(b->kind, FMX__YAML_LIST);
    cr_assert_eq(b->line, 2);
    cr_assert_str_eq(b->child[0]->text, "x");
    cr_assert_eq(b->child[1]->line, 4);
    cr_assert(fmx__yaml_get(b->child[1], "c")->quoted);
    cr_assert_str_eq(fmx__yaml_get(b->child[1], "d")->text, "");
    cr_assert_not(fmx__yaml_get(b->child[1], "d")->quoted);
    const fmx__yaml_node *f = fmx__yaml_get(yaml.root, "f");
    cr_assert_eq(f->line, 6);
    cr_assert_eq(f->count, 2);
    cr_assert_str_eq(f->child[1]->text, "2");
    cr_assert_null(fmx__yaml_get(yaml.root, "g"));
    fmx_test_ok(&test, fmx__yaml_number(test.ctx, &yaml, yaml.root, "a", 0, 2, &number), "a");
    cr_assert_eq(number, 1);
    fmx_test_refused(&test, fmx__yaml_number(test.ctx, &yaml, yaml.root, "a", 2, 3, &number),
                     FMX_ERROR_FORMAT, "f.yml:1: a: \"1\" is not a number from 2 to 3");
    fmx_test_refused(&test, fmx__yaml_text(test.ctx, &yaml, yaml.root, "b", &word),
                     FMX_ERROR_FORMAT, "f.yml:2: b: a single value is needed, not a list");
    fmx_test_refused(&test, fmx__yaml_text(test.ctx, &yaml, yaml.root, "z", &word),
                     FMX_ERROR_FORMAT, "f.yml:1: \"z\" is missing");
    fmx__yaml_clear(&yaml);
    fmx_test_close(&test);
}

Test(yaml, refusals)
{
    static const char *const given[][2] = {
        {"a: 1\nb: 2\na: 3\n", "f.yml:3: the key \"a\" stands twice, first on line 1"},
        {"a: [1\n", "f.yml:2: not YAML"},
        {"a: *b\n", "f.yml:1: an alias"},
        {"a: &a [*a]\n", "f.yml:1: an alias"},
        {"a: !!int 1\n", "tags"},
        {"a: 1\n---\nb: 2\n", "f.yml:2: a second document"},
        {"[a]: 1\n", "a key must be a plain word"},
        {"a: \"x\\0y\"\n", "a zero byte inside a value"},
        {"a: \xff\n", "save it as UTF-8"},
        {"a: \x01\n", "save it as UTF-8"},
    };
    fmx_test test = fmx_test_open_host();
    fmx__yaml yaml;
    for (size_t i = 0; i < FMX__COUNT(given); ++i) {
        fmx_test_refused(
            &test, fmx__yaml_parse(test.ctx, "f.yml", given[i][0], strlen(given[i][0]), &yaml),
            FMX_ERROR_FORMAT, given[i][1]);
        fmx__yaml_clear(&yaml);
    }
    fmx_test_refused(&test, fmx__yaml_read(test.ctx, "/nowhere/x.yml", &yaml), FMX_ERROR_NOT_FOUND,
                     "/nowhere/x.yml");
    fmx__yaml_clear(&yaml);
    fmx_test_ok(&test, fmx__yaml_parse(test.ctx, "f.yml", "# empty\n", 8, &yaml), "empty");
    cr_assert_null(yaml.root);
    fmx__yaml_clear(&yaml);
    fmx_test_close(&test);
}

/* Nine levels of nine aliases each would be 9^9 values. */
Test(yaml, aliases_and_depth_are_limited)
{
    fmx_test test = fmx_test_open_host();
    fmx__yaml yaml;
    char text[4096] = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        size_t used = strlen(text);
        used += (size_t)snprintf(text + used, sizeof text - used, "a%d: &a%d [*a%d", i, i, i - 1);
        for (int j = 1; j < 9; ++j)
            used += (size_t)snprintf(text + used, sizeof text - used, ", *a%d", i - 1);
        snprintf(text + used, sizeof text - used, "]\n");
    }
    fmx_test_refused(&test, fmx__yaml_parse(test.ctx, "f.yml", text, strlen(text), &yaml),
                     FMX_ERROR_FORMAT, "more values");
    fmx__yaml_clear(&yaml);
    /* a long text behind many aliases: 2000 bytes 500 times, from 4096 */
    memset(text, 'x', sizeof text);
    memcpy(text, "a: &a ", 6);
    memcpy(text + 2000, "\nb: [", 5);
    for (size_t at = 2005; at + 4 <= sizeof text; at += 4)
        memcpy(text + at, "*a ,", 4);
    text[sizeof text - 1] = ']';
    fmx_test_refused(&test, fmx__yaml_parse(test.ctx, "f.yml", text, sizeof text, &yaml),
                     FMX_ERROR_FORMAT, "aliases make more text");
    fmx__yaml_clear(&yaml);
    memset(text, '[', sizeof text);
    fmx_test_refused(&test, fmx__yaml_parse(test.ctx, "f.yml", text, sizeof text, &yaml),
                     FMX_ERROR_FORMAT, "nested too deeply");
    fmx__yaml_clear(&yaml);
    fmx_test_close(&test);
}

/* ---- recipes ----------------------------------------------------------------------------------
 */

Test(recipe, values_and_defaults)
{
    static const char text[] = "fidmix: 1\nname: \"my job\"\nseed: 9007199254740992\n"
                               "process:\n  - fft\n  - window: {lb_hz: 1.5, ppm: [9, 1e1]}\n"
                               "  - window\n  - window:\n  - window:\n      shape: linear\n"
                               "      on: false\n      file: 5\n      order: 0\n      ppm: []\n";
    fmx_test test = fmx_test_open_host();
    fmx__recipe recipe;
    fmx_test_ok(&test, parse(&test, text, &recipe), "parse");
    cr_assert_str_eq(recipe.source, text);
    cr_assert_str_eq(recipe.head.name, "my job");
    cr_assert_eq(recipe.head.seed, 9007199254740992);
    const fmx__recipe_part *process = fmx__recipe_find(&recipe, "process");
    cr_assert(process->given);
    cr_assert_eq(process->count, 5);
    cr_assert_eq(process->stage[0].group, &plain_group);
    cr_assert_eq(window(&recipe, 0)->lb_hz, 1.5);
    cr_assert_eq(window(&recipe, 0)->ppm.value[1], 10);
    for (size_t n = 1; n < 3; ++n)
        cr_assert_arr_eq(window(&recipe, n), &window_defaults, sizeof window_defaults);
    cr_assert_eq(window(&recipe, 3)->shape, 0);
    cr_assert_not(window(&recipe, 3)->on);
    cr_assert_str_eq(window(&recipe, 3)->file, "5");
    cr_assert_eq(window(&recipe, 3)->ppm.count, 0);
    cr_assert_not(fmx__recipe_find(&recipe, "axis")->given);
    cr_assert_null(fmx__recipe_find(&recipe, "nothing"));
    cr_assert_null(fmx__recipe_stage_find(process, "window", 4));
    fmx__recipe_clear(&recipe);
    fmx_test_close(&test);
}

static void check_round_trip(const fmx_test *test, const fmx__recipe_schema *schema,
                             const fmx__recipe *recipe)
{
    fmx__recipe again;
    char *text = NULL;
    char *second = NULL;
    fmx_test_ok(test, fmx__recipe_text(test->ctx, recipe, &text), "text");
    fmx_test_ok(test,
                fmx__recipe_parse(test->ctx, "text", text, strlen(text), schema, NULL, 0, &again),
                text);
    fmx_test_ok(test, fmx__recipe_text(test->ctx, &again, &second), "text again");
    cr_assert_str_eq(text, second);
    cr_assert_arr_eq(&again.head, &recipe->head, sizeof again.head);
    for (size_t i = 0; i < recipe->part_count; ++i) {
        const fmx__recipe_part *part = &recipe->part[i];
        cr_assert_eq(again.part[i].count, part->count);
        cr_assert_eq(again.part[i].given, part->given || part->section->implied);
        if (part->options != NULL)
            cr_assert_arr_eq(again.part[i].options, part->options,
                             part->section->group->options_size);
        for (size_t j = 0; j < part->count; ++j) {
            cr_assert_eq(again.part[i].stage[j].group, part->stage[j].group);
            if (part->stage[j].group->options_size > 0)
                cr_assert_arr_eq(again.part[i].stage[j].options, part->stage[j].options,
                                 part->stage[j].group->options_size);
        }
    }
    fmx__recipe_clear(&again);
    free(text);
    free(second);
}

Test(recipe, text_reads_back_to_the_same)
{
    static const char *const given[] = {
        "fidmix: 1\n",
        "fidmix: 1\nprocess: []\n",
        "fidmix: 1\nname: 'a: [b] # c'\nseed: 3\ntrain: {}\naxis: {lb_hz: 0.1}\n",
        "fidmix: 1\nprocess:\n  - fft\n  - window: {lb_hz: 33.333333333333336}\n  - fft\n",
        "fidmix: 1\ntrain: {lb_hz: 2, loss: fft}\nprocess:\n  - window: {from: [a, b]}\n",
    };
    static const char *const overrides[] = {"name= # \"x\\", "axis.file=", "axis.ppm=1,2"};
    fmx_test test = fmx_test_open_host();
    fmx__recipe recipe;
    for (size_t i = 0; i < FMX__COUNT(given); ++i) {
        fmx_test_ok(&test,
                    fmx__recipe_parse(test.ctx, "r.yml", given[i], strlen(given[i]), &own,
                                      overrides, i % 2 ? FMX__COUNT(overrides) : 0, &recipe),
                    given[i]);
        check_round_trip(&test, &own, &recipe);
        fmx__recipe_clear(&recipe);
    }
    fmx_test_close(&test);
}

/* A program that speaks German reads and writes the same recipes. */
Test(recipe, decimal_comma)
{
    static const char given[] =
        "fidmix: 1\naxis: {lb_hz: 0.125}\nprocess:\n  - window: {lb_hz: 33.333333333333336}\n";
    fmx_test test = fmx_test_open_host();
    fmx__recipe recipe;
    char *as_c = NULL;
    char *as_german = NULL;
    fmx_test_ok(&test,
                fmx__recipe_parse(test.ctx, "r.yml", given, strlen(given), &own, NULL, 0, &recipe),
                "as C");
    fmx_test_ok(&test, fmx__recipe_text(test.ctx, &recipe, &as_c), "as C");
    fmx__recipe_clear(&recipe);
    fmx_test_decimal_comma();
    fmx_test_ok(&test,
                fmx__recipe_parse(test.ctx, "r.yml", given, strlen(given), &own, NULL, 0, &recipe),
                "with a decimal comma");
    fmx_test_ok(&test, fmx__recipe_text(test.ctx, &recipe, &as_german), "with a decimal comma");
    setlocale(LC_ALL, "C");
    cr_assert_str_eq(as_german, as_c);
    cr_assert_not_null(strstr(as_german, "33.333333333333336"), "%s", as_german);
    fmx__recipe_clear(&recipe);
    free(as_german);
    free(as_c);
    fmx_test_close(&test);
}

/* The same for numbers that are read from a YAML tree (spin systems). */
Test(yaml, decimal_comma)
{
    static const char given[] = "value: 1.25\n";
    fmx_test test = fmx_test_open_host();
    fmx__yaml yaml;
    double value = 0;
    fmx_test_decimal_comma();
    fmx_test_ok(&test, fmx__yaml_parse(test.ctx, "t.yml", given, strlen(given), &yaml), "parse");
    fmx_test_ok(&test, fmx__yaml_number(test.ctx, &yaml, yaml.root, "value", 0, 2, &value),
                "number");
    setlocale(LC_ALL, "C");
    cr_assert_eq(value, 1.25);
    fmx__yaml_clear(&yaml);
    fmx_test_close(&test);
}

Test(recipe, lists_within_maps)
{
    static const char *const given[] = {
        "fidmix: 1\ntrain: {lb_hz: 2, loss: {window: {from: [a, 'b']}}}\n",
        "fidmix: 1\ntrain:\n  loss:\n    - window: {from: \"a, b\"}\n  lb_hz: 2\n",
    };
    static const char *const overrides[] = {"train.loss.window.order=5", "train.lb_hz=3"};
    fmx_test test = fmx_test_open_host();
    fmx__recipe recipe;
    for (size_t i = 0; i < FMX__COUNT(given); ++i) {
        fmx_test_ok(&test,
                    fmx__recipe_parse(test.ctx, "r.yml", given[i], strlen(given[i]), &own,
                                      overrides, FMX__COUNT(overrides), &recipe),
                    given[i]);
        const fmx__recipe_part *loss = fmx__recipe_find(&recipe, "train.loss");
        const window_options *train = fmx__recipe_find(&recipe, "train")->options;
        cr_assert_float_eq(train->lb_hz, 3, 1e-12);
        cr_assert_eq(loss->count, 1);
        const window_options *window = loss->stage[0].options;
        cr_assert_str_eq(window->from, "a, b");
        cr_assert_eq(window->order, 5);
        fmx__recipe_clear(&recipe);
    }
    fmx_test_refused(&test, parse(&test, "fidmix: 1\ntrain: {loss: {}}\n", &recipe),
                     FMX_ERROR_RECIPE, "a list of stages is needed");
    fmx__recipe_clear(&recipe);
    fmx_test_refused(&test, parse(&test, "fidmix: 1\ntrain.loss: [fft]\n", &recipe),
                     FMX_ERROR_RECIPE, "unknown key");
    fmx__recipe_clear(&recipe);
    fmx_test_close(&test);
}

Test(recipe, refusals)
{
    static const char *const given[][2] = {
        {"", "r.yml:1: a recipe is a map of sections, this is empty"},
        {"[1]\n", "this is a list"},
        {"name: x\n", "\"fidmix\" is missing"},
        {"fidmix: one\n", "r.yml:1: fidmix: \"one\" is not a number"},
        {"fidmix: 0\n", "r.yml:1: fidmix: 0 is outside"},
        {"fidmix: 1\nsed: 3\n", "r.yml:2: unknown key \"sed\"; did you mean \"seed\"?"},
        {"fidmix: 1\nproces:\n", "did you mean \"process\"?"},
        {"fidmix: 1\nseed: 1.5\n", "r.yml:2: seed: 1.5 is not a whole number"},
        {"fidmix: 1\nseed: \"1\"\n", "r.yml:2: seed: \"1\" is text"},
        {"fidmix: 1\nseed: [1]\n", "r.yml:2: seed: a single value is needed here, not a list"},
        {"fidmix: 1\nprocess: fft\n", "r.yml:2: process: a list of stages is needed"},
        {"fidmix: 1\nprocess:\n  - windov\n",
         "r.yml:3: process: there is no stage \"windov\"; did you mean \"window\"?"},
        {"fidmix: 1\nprocess:\n  - window:\n      lb: 1\n",
         "r.yml:4: process.window: unknown key \"lb\"; did you mean"},
        {"fidmix: 1\nprocess:\n  - window: {lb_hz: wide}\n",
         "r.yml:3: process.window.lb_hz: \"wide\" is not a number; unit Hz"},
        {"fidmix: 1\nprocess:\n  - window: {lb_hz: 101}\n", "outside 0 to 100 Hz"},
        {"fidmix: 1\nprocess:\n  - window: {shape: cubik}\n", "did you mean \"cubic\"?"},
        {"fidmix: 1\nprocess:\n  - window: {ppm: [1, [2]]}\n", "every item must be a number"},
        {"fidmix: 1\nprocess:\n  - window: {ppm: {a: 1}}\n", "a list of numbers is needed"},
        {"fidmix: 1\nprocess:\n  - window: [1]\n", "options are written as \"key: value\""},
        {"fidmix: 1\nprocess:\n  - window: 5\n", "options are written as \"key: value\""},
        {"fidmix: 1\nprocess:\n  - window:\n    lb_hz: 1\n", "indent the options"},
        {"fidmix: 1\nprocess:\n  - [fft]\n", "r.yml:3: process: an item is the name of a stage"},
        {"fidmix: 1\naxis: 5\n", "r.yml:2: axis: options are written"},
        {"fidmix: 1\nprocess:\n  - fft: {a: 1}\n", "process.fft: unknown key \"a\""},
    };
    fmx_test test = fmx_test_open_host();
    fmx__recipe recipe;
    for (size_t i = 0; i < FMX__COUNT(given); ++i) {
        fmx_test_refused(&test, parse(&test, given[i][0], &recipe), FMX_ERROR_RECIPE, given[i][1]);
        fmx__recipe_clear(&recipe);
    }
    fmx_test_refused(&test, parse(&test, "fidmix: 1\nmodel: {}\n", &recipe), FMX_ERROR_UNSUPPORTED,
                     "r.yml:2: model: this version of fidmix does not handle");
    fmx__recipe_clear(&recipe);
    fmx_test_refused(&test, parse(&test, "fidmix: 2\nnew: {}\n", &recipe), FMX_ERROR_UNSUPPORTED,
                     "r.yml:1: fidmix: format 2 is newer");
    fmx__recipe_clear(&recipe);
    fmx_test_refused(&test, parse(&test, "fidmix: 1\na: [\n", &recipe), FMX_ERROR_FORMAT,
                     "r.yml:3: not YAML");
    fmx__recipe_clear(&recipe);
    fmx_test_close(&test);
}

Test(recipe, overrides)
{
    static const char text[] = "fidmix: 1\nprocess:\n  - window\n  - fft\n  - window\n";
    static const char *const set[] = {"seed=5", "axis.order=7", "process.window[1].lb_hz=4",
                                      "process.window[0].file=a=b.c[0]", "process.fft=off"};
    fmx_test test = fmx_test_open_host();
    fmx__recipe recipe;
    fmx_test_ok(&test,
                fmx__recipe_parse(test.ctx, "r.yml", text, strlen(text), &own, set, FMX__COUNT(set),
                                  &recipe),
                "parse");
    cr_assert_eq(recipe.head.seed, 5);
    const window_options *axis = fmx__recipe_find(&recipe, "axis")->options;
    cr_assert_eq(axis->order, 7);
    cr_assert(fmx__recipe_find(&recipe, "axis")->given);
    cr_assert_eq(fmx__recipe_find(&recipe, "process")->count, 2);
    cr_assert_eq(window(&recipe, 0)->lb_hz, 0.3);
    cr_assert_str_eq(window(&recipe, 0)->file, "a=b.c[0]");
    cr_assert_eq(window(&recipe, 1)->lb_hz, 4);
    fmx_test_ok(&test, fmx__recipe_set(test.ctx, &recipe, "process.window[0]=off"), "off");
    fmx_test_ok(&test, fmx__recipe_set(test.ctx, &recipe, "process.window.lb_hz=5"),
                "the one left");
    cr_assert_eq(window(&recipe, 0)->lb_hz, 5);
    fmx__recipe_clear(&recipe);
    fmx_test_close(&test);
}

Test(recipe, override_refusals)
{
    static const char text[] = "fidmix: 1\nprocess:\n  - window\n  - window\n";
    static const char *const given[][2] = {
        {"seed", "write key=value"},
        {"=5", "write key=value"},
        {"axis=5", "write key=value"},
        {"axis.a.b=5", "write key=value"},
        {"process=off", "write key=value"},
        {"process.window[x].lb_hz=5", "write key=value"},
        {"process.window[1.lb_hz=5", "write key=value"},
        {"name=\xff", "write key=value"},
        {"sed=5", "--set: unknown key \"sed\"; did you mean \"seed\"?"},
        {"seed=x", "--set seed: \"x\" is not a number"},
        {"axis.ordr=5", "--set axis: unknown key \"ordr\"; did you mean \"order\"?"},
        {"process.window.lb_hz=5", "say which: process.window[0] to [1]"},
        {"process.window[2].lb_hz=5", "has 2 of that name"},
        {"process.windov.lb_hz=5", "did you mean \"window\"?"},
        {"process.fft=off", "the recipe's process list has no stage \"fft\""},
        {"process.window[0]=on", "\"off\" takes the stage out"},
        {"process.window[0].lb_hz=500", "--set process.window.lb_hz: 500 is outside"},
    };
    fmx_test test = fmx_test_open_host();
    fmx__recipe recipe;
    fmx_test_ok(&test, parse(&test, text, &recipe), "parse");
    for (size_t i = 0; i < FMX__COUNT(given); ++i)
        fmx_test_refused(&test, fmx__recipe_set(test.ctx, &recipe, given[i][0]), FMX_ERROR_RECIPE,
                         given[i][1]);
    fmx_test_refused(&test, fmx__recipe_set(test.ctx, &recipe, "evaluate.x=1"),
                     FMX_ERROR_UNSUPPORTED, "evaluate");
    fmx__recipe_clear(&recipe);
    fmx_test_close(&test);
}

/* Every allocation fails once; the n-th mutation of a good recipe is read or refused, never more.
 */
Test(recipe, failing_memory_and_mutations)
{
    static const char text[] = "fidmix: 1\nname: &n job\nprocess:\n  - window: {ppm: [1, 2]}\n"
                               "  - fft\naxis: {file: *n}\n";
    static const char bytes[] = "[]{}:,&*!|>'\"%@`#-? \n\t\0\xff"
                                "a0";
    fmx_test test = fmx_test_open_host();
    fmx__recipe recipe;
    fmx_status status = FMX_ERROR_MEMORY;
    for (size_t n = 1; status != FMX_OK && n < 1000; ++n) {
        fmx__fail_allocation(test.ctx, n);
        status = parse(&test, text, &recipe);
        fmx__fail_allocation(test.ctx, 0);
        cr_assert(status == FMX_OK || status == FMX_ERROR_MEMORY, "allocation %zu", n);
        fmx__recipe_clear(&recipe);
    }
    cr_assert_eq(status, FMX_OK);
    for (size_t at = 0; at < strlen(text); ++at) {
        for (size_t i = 0; i < sizeof bytes - 1; ++i) {
            char mutated[sizeof text];
            memcpy(mutated, text, sizeof text);
            mutated[at] = bytes[i];
            status =
                fmx__recipe_parse(test.ctx, "r.yml", mutated, strlen(text), &own, NULL, 0, &recipe);
            cr_assert(status == FMX_OK || fmx_status_exit_code(status) == 3, "byte %zu: %s", at,
                      fmx_context_message(test.ctx));
            if (status == FMX_OK)
                check_round_trip(&test, &own, &recipe);
            fmx__recipe_clear(&recipe);
        }
        status = fmx__recipe_parse(test.ctx, "r.yml", text, at, &own, NULL, 0, &recipe);
        cr_assert(status == FMX_OK || fmx_status_exit_code(status) == 3, "cut at %zu", at);
        fmx__recipe_clear(&recipe);
    }
    fmx_test_close(&test);
}

/* ---- the recipes that ship, and the documentation ---------------------------------------------
 */

Test(recipe, shipped_recipes_are_valid)
{
    fmx_test test = fmx_test_open_host();
    fmx__recipe recipe;
    const fmx__axis *axis = NULL;
    for (size_t i = 0; i < fmx__data_file_count; ++i) {
        const char *file = fmx__data_files[i].file;
        if (strncmp(fmx__data_files[i].text, "#", 1) != 0 ||
            strstr(fmx__data_files[i].text, "\nfidmix:") == NULL)
            continue; /* other data */
        fmx_test_ok(&test,
                    fmx__recipe_read(test.ctx, file, &fmx__recipe_schema_full, NULL, 0, &recipe),
                    file);
        fmx_test_ok(&test, fmx__recipe_axis(test.ctx, &recipe, &axis), file);
        size_t given = 0; /* sections that say what is to be done */
        for (size_t k = 0; k < recipe.part_count; ++k)
            given += recipe.part[k].given && !recipe.part[k].section->implied;
        cr_assert_gt(given, 0, "%s does nothing", file);
        check_round_trip(&test, &fmx__recipe_schema_full, &recipe);
        fmx__recipe_clear(&recipe);
    }
    fmx_test_ok(
        &test, fmx__recipe_read(test.ctx, "s1_process", &fmx__recipe_schema_full, NULL, 0, &recipe),
        "without its ending");
    cr_assert_str_eq(recipe.head.name, "s1_process");
    fmx_test_ok(&test, fmx__recipe_set(test.ctx, &recipe, "axis.last_ppm=11"), "set");
    fmx_test_refused(&test, fmx__recipe_axis(test.ctx, &recipe, &axis), FMX_ERROR_RECIPE,
                     "first_ppm (10) must be above last_ppm (11)");
    fmx__recipe_clear(&recipe);
    fmx_test_refused(
        &test,
        fmx__recipe_read(test.ctx, "nowhere.yml", &fmx__recipe_schema_full, NULL, 0, &recipe),
        FMX_ERROR_NOT_FOUND, "nowhere.yml: no such recipe");
    fmx__recipe_clear(&recipe);
    fmx_test_close(&test);
}

Test(recipe, documentation_is_that_of_the_parser)
{
    fmx_test test = fmx_test_open_host();
    char *page = NULL;
    char *keys = NULL;
    size_t bytes = 0;
    fmx_test_ok(&test,
                fmx__read_file(test.ctx, FMX_SOURCE_DIR "/docs/recipes.md", 1 << 24, &page, &bytes),
                "page");
    fmx_test_ok(&test, fmx__recipe_keys(test.ctx, &fmx__recipe_schema_full, &keys), "keys");
    const char *first = strstr(page, "<!-- keys -->\n");
    cr_assert_not_null(first);
    const char *got = first + strlen("<!-- keys -->\n");
    size_t same = 0;
    while (keys[same] != '\0' && keys[same] == got[same])
        ++same;
    cr_assert_eq(keys[same], '\0',
                 "docs/recipes.md differs from the parser before \"%.60s\"; run cmake --build "
                 "build/release --target recipe-docs",
                 keys + same);
    cr_assert(strncmp(got + same, "\n<!-- /keys -->", 15) == 0,
              "docs/recipes.md has more than the parser knows: \"%.60s\"", got + same);
    free(page);
    free(keys);
    fmx_test_close(&test);
}

/* The generator itself: one known table, written out here. */
Test(recipe, keys_name_type_unit_default_and_meaning)
{
    static const char *const rows[] = {
        "\n| `fidmix` | whole number, 1 to 1 |  | `1` | version of the recipe format; must be "
        "given "
        "|\n",
        "\n## `axis`\n",
        "\n## `process`\n",
        "\n### `process.window`\n\nA window.\n",
        "\n| `lb_hz` | number, 0 to 100 | Hz | `0.3` | width |\n",
        "\n| `on` | true or false |  | `true` | switch |\n",
        "\n| `shape` | one of `linear`, `cubic` |  | `cubic` | shape |\n",
        "\n| `order` | whole number, 0 to 9 |  | `2` | order |\n",
        "\n| `ppm` | list of numbers, -100 to 300 | ppm | `[0.5, 9.5]` | regions |\n",
        "\n| `name` | text |  | (empty) | what the recipe is called |\n",
        "\n### `process.fft`\n\nNo options.\n",
    };
    fmx_test test = fmx_test_open_host();
    char *keys = NULL;
    fmx_test_ok(&test, fmx__recipe_keys(test.ctx, &own, &keys), "keys");
    for (size_t i = 0; i < FMX__COUNT(rows); ++i)
        cr_assert_not_null(strstr(keys, rows[i]), "%s is not in %s", rows[i], keys);
    free(keys);
    fmx_test_close(&test);
}

Test(utf8, decode_and_repair)
{
    static const char *const given[][2] = {
        {"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"a\xe9"
         "b",
         "a\xef\xbf\xbd"
         "b"},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"x\xe2\x82", "x\xef\xbf\xbd\xef\xbf\xbd"},
        {"\x80", "\xef\xbf\xbd"},
        {"", ""},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(given); ++i) {
        char *text = NULL;
        fmx_test_ok(&test, fmx__utf8_repair(test.ctx, given[i][0], &text), "repair");
        cr_assert_str_eq(text, given[i][1]);
        cr_assert(fmx__utf8_valid(text));
        cr_assert_eq(fmx__utf8_valid(given[i][0]), strcmp(given[i][0], given[i][1]) == 0);
        free(text);
    }
    fmx_test_close(&test);
}
