/* A run over raw data: what the survey keeps for it, what is read again, how it is interrupted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "process.h"
#include "program_fixture.h"

enum { POINTS = 8192 }; /* of a FID by make_raw */
static const size_t fid_bytes = (size_t)POINTS * 2 * sizeof(float);

typedef struct job {
    fmx_test test;
    fmx_source_list sources;
    fmx__recipe recipe;
    fmx__process_survey survey;
    fmx__axis axis;
    float *spectra; /* [rows][axis.points] */
    size_t stored;
} job;

static fmx_status store(void *user, size_t row, const float *spectrum, const fmx_row *facts,
                        const fmx_source *source)
{
    job *j = user;
    size_t points = (size_t)j->axis.points;
    (void)facts;
    (void)source;
    memcpy(j->spectra + row * points, spectrum, points * sizeof *spectrum);
    ++j->stored;
    return FMX_OK;
}

/* Surveys $D/raw; keep_bytes of the data may be kept. The recipe is a file or a built-in one. */
static job survey_for(const char *recipe, size_t keep_bytes)
{
    job j = {.test = fmx_test_open()};
    char raw[512];
    const fmx__axis *axis = NULL;
    snprintf(raw, sizeof raw, "%s/raw", folder);
    fmx_test_ok(&j.test, fmx_source_find(j.test.ctx, raw, false, &j.sources), raw);
    fmx_test_ok(
        &j.test,
        fmx__recipe_read(j.test.ctx, recipe, &fmx__recipe_schema_process, NULL, 0, &j.recipe),
        "recipe");
    fmx_test_ok(&j.test, fmx__recipe_axis(j.test.ctx, &j.recipe, &axis), "axis");
    j.axis = *axis;
    fmx_test_ok(&j.test, fmx__process_survey_sources(j.test.ctx, &j.sources, keep_bytes, &j.survey),
                "survey");
    cr_assert_eq(j.survey.count, 1);
    j.spectra = calloc(j.survey.group[0].count * (size_t)j.axis.points, sizeof *j.spectra);
    cr_assert_not_null(j.spectra);
    return j;
}

static job survey(size_t keep_bytes)
{
    return survey_for("process", keep_bytes);
}

static fmx_status process(job *j)
{
    fmx__process_job work = {
        .device = j->test.device,
        .stages = fmx__recipe_find(&j->recipe, "process"),
        .axis = j->axis,
        .sink = store,
        .user = j,
    };
    j->stored = 0;
    return fmx__process_run(&work, &j->survey.group[0]);
}

static size_t kept_items(const job *j)
{
    size_t kept = 0;
    for (size_t i = 0; i < j->survey.group[0].count; ++i)
        kept += j->survey.group[0].item[i].kept.data != NULL;
    return kept;
}

static void close_job(job *j)
{
    free(j->spectra);
    fmx__process_survey_clear(&j->survey);
    fmx__recipe_clear(&j->recipe);
    fmx_source_list_clear(&j->sources);
    fmx_test_close(&j->test);
}

/* What is kept is not read again: the files may be gone. It is released as it is loaded. */
Test(process_run, what_is_kept_is_not_read_again)
{
    make_raw("L-Alanine,L-Lactate");
    job j = survey(4 * fid_bytes);
    cr_assert_eq(kept_items(&j), 4);
    cr_assert_eq(shell("rm $D/raw/*/*/fid"), 0);
    fmx_test_ok(&j.test, process(&j), "run");
    cr_assert_eq(j.stored, 4);
    cr_assert_eq(kept_items(&j), 0);
    close_job(&j);
}

/* What does not fit is read when it is needed, and gives the same. */
Test(process_run, what_is_not_kept_is_read_again)
{
    make_raw("L-Alanine,L-Lactate");
    job all = survey(SIZE_MAX);
    job two = survey(2 * fid_bytes + fid_bytes / 2);
    job none = survey(0);
    cr_assert_eq(kept_items(&all), 4);
    cr_assert_eq(kept_items(&two), 2);
    cr_assert_eq(kept_items(&none), 0);
    fmx_test_ok(&all.test, process(&all), "all kept");
    fmx_test_ok(&two.test, process(&two), "two kept");
    fmx_test_ok(&none.test, process(&none), "none kept");
    size_t values = 4 * (size_t)all.axis.points;
    cr_assert_arr_eq(two.spectra, all.spectra, values * sizeof(float));
    cr_assert_arr_eq(none.spectra, all.spectra, values * sizeof(float));
    close_job(&all);
    close_job(&two);
    close_job(&none);
}

Test(process_run, a_file_that_goes_meanwhile_is_named)
{
    make_raw("L-Alanine");
    job j = survey(fid_bytes);
    cr_assert_eq(shell("rm $D/raw/*/*/fid"), 0);
    fmx_test_refused(&j.test, process(&j), FMX_ERROR_UNSUPPORTED, "changed while it was processed");
    close_job(&j);
}

/* A value that is no number is that file's failure, found before anything is processed. */
Test(process_run, a_value_that_is_no_number_is_a_failure_of_its_file)
{
    make_raw("L-Alanine");
    cr_assert_eq(shell("f=$D/raw/L-Alanine/1 && "
                       "sed -i 's/^##$DTYPA=.*/##$DTYPA= 2/; s/^##$TD=.*/##$TD= 8192/' $f/acqus && "
                       "head -c 65536 /dev/zero | tr '\\0' '\\377' > $f/fid"),
                 0);
    job j = survey(SIZE_MAX);
    cr_assert_eq(j.survey.group[0].count, 1);
    cr_assert_eq(j.survey.failure_count, 1);
    cr_assert_not_null(strstr(j.survey.failure[0].reason, "not a finite number"), "%s",
                       j.survey.failure[0].reason);
    fmx_test_ok(&j.test, process(&j), "the other");
    cr_assert_eq(j.stored, 1);
    close_job(&j);
}

static void interrupt_at(void *user, fmx_log_level level, const char *text)
{
    (void)level;
    if (strstr(text, "filled with zeros") != NULL)
        fmx_context_interrupt(user);
}

/* An interruption is noticed in front of the next stage, not only behind the batch. */
Test(process_run, interrupted_between_stages)
{
    char recipe[512];
    make_raw("L-Alanine");
    snprintf(recipe, sizeof recipe, "%s/regions.yml", folder);
    cr_assert_eq(shell("printf 'fidmix: 1\\nprocess: [digital_filter, zero_filling, fft, {regions: "
                       "{file: " FMX_SOURCE_DIR
                       "/data/regions.csv}}, resample]\\n' > $D/regions.yml"),
                 0);
    job j = survey_for(recipe, SIZE_MAX);
    fmx_context_set_log(j.test.ctx, interrupt_at, j.test.ctx, FMX_LOG_INFO);
    fmx_test_refused(&j.test, process(&j), FMX_ERROR_INTERRUPTED, "interrupted");
    cr_assert_eq(j.stored, 0);
    close_job(&j);
}
