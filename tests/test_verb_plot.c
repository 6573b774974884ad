/* The command `fidmix plot`, run as a user runs it, on datasets that the test writes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base.h"
#include "fidmix/dataset.h"
#include "fmx_test.h"

enum { ROWS = 60, POINTS = 400 };

/* Writes <folder>/<file>: compound_00 ..., the odd rows twice as tall, ppm from 10 down. */
static void write_dataset(const fmx_test *test, const char *path, double ppm_first)
{
    static double ppm[POINTS];
    static char names[ROWS][24];
    static const char *sources[ROWS];
    fmx_dataset_writer *writer = NULL;
    for (size_t i = 0; i < POINTS; ++i)
        ppm[i] = ppm_first - 0.025 * (double)i;
    for (size_t i = 0; i < ROWS; ++i) {
        snprintf(names[i], sizeof names[i], "compound_%02zu", i);
        sources[i] = names[i];
    }
    fmx_dataset_plan plan = {.rows = ROWS,
                             .points = POINTS,
                             .ppm = ppm,
                             .source = sources,
                             .recipe = "",
                             .nucleus = "1H"};
    fmx_test_ok(test, fmx_dataset_writer_open(test->ctx, path, &plan, &writer), "open");
    for (size_t i = 0; i < ROWS; ++i) {
        float *spectrum = fmx_test_random(POINTS, i);
        spectrum[i] = i % 2 ? 200 : 100;
        fmx_dataset_row row = {.name = names[i], .spectrum = spectrum, .field_mhz = 600};
        fmx_test_ok(test, fmx_dataset_writer_append(writer, i, &row), "append");
        free(spectrum);
    }
    fmx_test_ok(test, fmx_dataset_writer_finish(writer), "finish");
    fmx_dataset_writer_close(writer);
}

/* Runs `fidmix <arguments>` in the folder; returns the exit code, and what it said in *said (freed
 * by the caller). */
static int run(const fmx_test *test, const char *folder, const char *arguments, char **said)
{
    char command[4096];
    char path[512];
    size_t bytes = 0;
    snprintf(path, sizeof path, "%s/said", folder);
    snprintf(command, sizeof command, "cd %s && " FMX_PROGRAM " %s > said 2>&1", folder, arguments);
    int code = system(command);
    cr_assert(WIFEXITED(code), "%s ended by a signal", arguments);
    fmx_test_ok(test, fmx__read_file(test->ctx, path, 1 << 20, said, &bytes),
                "reading what it said");
    return WEXITSTATUS(code);
}

static void check(const fmx_test *test, const char *folder, const char *arguments, int code,
                  const char *part)
{
    char *said = NULL;
    int got = run(test, folder, arguments, &said);
    cr_assert_eq(got, code, "fidmix %s: exit code %d, not %d: %s", arguments, got, code, said);
    cr_assert(strstr(said, part) != NULL, "fidmix %s does not say \"%s\": %s", arguments, part,
              said);
    free(said);
}

static char *read_picture(const fmx_test *test, const char *folder, const char *name)
{
    char path[512];
    char *text = NULL;
    size_t bytes = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    fmx_test_ok(test, fmx__read_file(test->ctx, path, 4 << 20, &text, &bytes), name);
    return text;
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; ++at)
        ++count;
    return count;
}

Test(verb_plot, draws_what_is_asked_for)
{
    fmx_test test = fmx_test_open_host();
    char folder[256];
    char path[512];
    char *text = NULL;
    snprintf(folder, sizeof folder, "%s", fmx_test_folder());
    snprintf(path, sizeof path, "%s/s.h5", folder);
    write_dataset(&test, path, 10);

    check(&test, folder, "plot s.h5 --out all.svg", 0, "drawing 48 of 60 spectra");
    text = read_picture(&test, folder, "all.svg");
    cr_assert_eq(count_of(text, "<path "), 48);
    cr_assert_not_null(strstr(text, ">s.h5<"));
    cr_assert_not_null(strstr(text, "48 spectra, stacked"));
    free(text);

    check(&test, folder, "plot s.h5 --name compound_07 --name compound_03 --out two.svg", 0, "");
    text = read_picture(&test, folder, "two.svg");
    cr_assert_eq(count_of(text, "<path "), 2);
    cr_assert_not_null(strstr(text, ">compound_07<"));
    cr_assert_not_null(strstr(text, ">compound_03<"));
    cr_assert_not_null(strstr(text, "overlaid, on a common scale"));
    cr_assert_not_null(strstr(text, "600.0 MHz"));
    free(text);

    check(&test, folder,
          "plot s.h5 --max 3 --stack --scale common --ppm 9:2 --zoom 8:7 --zoom 4.5:5 --width 700 "
          "--height 900 --gain 2 --unscaled 3:2.5 --title 'A & B' --out three.svg",
          0, "drawing 3 of 60");
    text = read_picture(&test, folder, "three.svg");
    cr_assert_eq(count_of(text, "<path "), 9);
    cr_assert_not_null(strstr(text, ">A &amp; B<"));
    cr_assert_not_null(strstr(text, "width=\"700\" height=\"900\""));
    cr_assert_not_null(strstr(text, "stacked, on a common scale, magnified 2.0 times"));
    free(text);

    check(&test, folder, "plot s.h5 s.h5 --name compound_01 --out both.svg", 0, "");
    text = read_picture(&test, folder, "both.svg");
    cr_assert_eq(count_of(text, "<path "), 2);
    free(text);
    fmx_test_close(&test);
}

Test(verb_plot, refusals)
{
    static const struct {
        const char *arguments;
        int code;
        const char *part;
    } cases[] = {
        {"plot s.h5", 2, "--out"},
        {"plot --out a.svg", 2, "usage"},
        {"plot nowhere.h5 --out a.svg", 3, "nowhere.h5"},
        {"plot text.h5 --out a.svg", 3, "text.h5"},
        {"plot s.h5 --name compound_0 --out a.svg", 3, "did you mean \"compound_0"},
        {"plot s.h5 --name zzzzzzzzzzzzzzzzzz --out a.svg", 3, "no spectrum is called"},
        {"plot s.h5 --out there.svg", 5, "there.svg"},
        {"plot s.h5 --out nowhere/a.svg", 5, "nowhere/a.svg"},
        {"plot s.h5 --ppm 4 --out a.svg", 2, "--ppm: \"4\" is not a region"},
        {"plot s.h5 --zoom 4:x --out a.svg", 2, "--zoom: \"4:x\" is not a region"},
        {"plot s.h5 --zoom 4:4 --out a.svg", 2, "--zoom: \"4:4\" is not a region"},
        {"plot s.h5 --zoom 40:30 --out a.svg", 2, "outside the axis"},
        {"plot s.h5 --stack --overlay --out a.svg", 2, "exclude each other"},
        {"plot s.h5 --scale big --out a.svg", 2, "neither common nor own"},
        {"plot s.h5 --max 0 --out a.svg", 2, "--max"},
        {"plot s.h5 --width 10 --out a.svg", 2, "--width"},
        {"plot s.h5 --height 100 --out a.svg", 2, "give at least"},
        {"plot s.h5 other.h5 --out a.svg", 3, "another ppm axis"},
        {"plot s.h5 --zom 4:3 --out a.svg", 2, "did you mean --zoom"},
    };
    fmx_test test = fmx_test_open_host();
    char folder[256];
    char path[512];
    struct stat info;
    snprintf(folder, sizeof folder, "%s", fmx_test_folder());
    snprintf(path, sizeof path, "%s/s.h5", folder);
    write_dataset(&test, path, 10);
    snprintf(path, sizeof path, "%s/other.h5", folder);
    write_dataset(&test, path, 11);
    snprintf(path, sizeof path, "cd %s && echo kept > there.svg && echo no dataset > text.h5",
             folder);
    cr_assert_eq(system(path), 0);
    for (size_t i = 0; i < FMX__COUNT(cases); ++i)
        check(&test, folder, cases[i].arguments, cases[i].code, cases[i].part);
    snprintf(path, sizeof path, "%s/a.svg", folder);
    cr_assert_neq(stat(path, &info), 0, "a refused command left a picture");
    char *text = read_picture(&test, folder, "there.svg");
    cr_assert_str_eq(text, "kept\n");
    free(text);
    check(&test, folder, "plot s.h5 --out there.svg --overwrite", 0, "");
    text = read_picture(&test, folder, "there.svg");
    cr_assert_not_null(strstr(text, "</svg>"));
    free(text);
    fmx_test_close(&test);
}
