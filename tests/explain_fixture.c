#include "explain_fixture.h"

fmx_explain_run fmx_explain_run_open(const fmx_test *test, fmx_explain_job *j)
{
    fmx_explain_run r = {.job = j};
    const struct {
        const void *data;
        size_t bytes;
    } from[FMX_EXPLAIN_BUFFERS] = {
        {j->pattern, j->patterns * sizeof *j->pattern},
        {j->heights, j->heights_count * sizeof(float)},
        {j->head, j->count * sizeof *j->head},
        {j->column, j->columns * sizeof *j->column},
        {j->part, j->parts * sizeof *j->part},
        {j->spectra, j->count * j->points * sizeof(float)},
        {NULL, j->columns * sizeof *r.fact},
        {NULL, j->parts * sizeof *r.part_fact},
        {NULL, j->count * j->points * sizeof(float)},
    };
    for (size_t i = 0; i < FMX_EXPLAIN_BUFFERS; ++i)
        fmx_test_ok(
            test,
            from[i].data != NULL
                ? fmx_buffer_create_copy(test->device, from[i].data, from[i].bytes, &r.buffer[i])
                : fmx_buffer_create(test->device, from[i].bytes, &r.buffer[i]),
            "buffer");
    j->table.records = r.buffer[FMX_EXPLAIN_RECORDS];
    j->table.heights = r.buffer[FMX_EXPLAIN_HEIGHTS];
    r.of = (fmx__explain_of){
        .spectra = r.buffer[FMX_EXPLAIN_SPECTRA],
        .count = j->count,
        .points = j->points,
        .table = &j->table,
        .heads = r.buffer[FMX_EXPLAIN_HEADS],
        .columns = r.buffer[FMX_EXPLAIN_COLUMNS],
        .column_count = j->columns,
        .parts = r.buffer[FMX_EXPLAIN_PARTS],
        .part_count = j->parts,
    };
    r.fact = malloc(j->columns * sizeof *r.fact);
    r.part_fact = malloc(j->parts * sizeof *r.part_fact);
    r.part = malloc(j->parts * sizeof *r.part);
    r.fitted = malloc(j->count * j->points * sizeof *r.fitted);
    return r;
}

void fmx_explain_run_close(fmx_explain_run *run)
{
    for (size_t i = 0; i < FMX_EXPLAIN_BUFFERS; ++i)
        fmx_buffer_release(run->buffer[i]);
    free(run->fact);
    free(run->part_fact);
    free(run->part);
    free(run->fitted);
}

void fmx_explain_fit(const fmx_test *test, fmx_explain_run *r, const fmx__explain_options *options)
{
    const fmx_explain_job *j = r->job;
    fmx_buffer **b = r->buffer;
    r->of.options = options;
    fmx_test_ok(test,
                fmx_buffer_write(b[FMX_EXPLAIN_PARTS], 0, j->part, j->parts * sizeof *j->part),
                "parts");
    fmx_test_ok(test,
                fmx__explain(test->device, b[FMX_EXPLAIN_FACTS], b[FMX_EXPLAIN_PART_FACTS],
                             b[FMX_EXPLAIN_FITTED], &r->of),
                "explain");
    fmx_test_ok(test,
                fmx_buffer_read(b[FMX_EXPLAIN_FACTS], 0, r->fact, j->columns * sizeof *r->fact),
                "facts");
    fmx_test_ok(test,
                fmx_buffer_read(b[FMX_EXPLAIN_PART_FACTS], 0, r->part_fact,
                                j->parts * sizeof *r->part_fact),
                "facts of parts");
    fmx_test_ok(test, fmx_buffer_read(b[FMX_EXPLAIN_PARTS], 0, r->part, j->parts * sizeof *r->part),
                "parts");
    fmx_test_ok(test,
                fmx_buffer_read(b[FMX_EXPLAIN_FITTED], 0, r->fitted,
                                j->count * j->points * sizeof *r->fitted),
                "fitted");
}

static fmx_ref_explain_options twin_options(const fmx__explain_options *o,
                                            fmx_ref_explain_round *round)
{
    for (size_t i = 0; i < o->rounds; ++i)
        round[i] =
            (fmx_ref_explain_round){o->round[i].spacing, o->round[i].steps, o->round[i].sweeps};
    return (fmx_ref_explain_options){
        .floor = o->floor,
        .share = o->share,
        .near = o->near,
        .far = o->far,
        .above = o->above,
        .knee = o->knee,
        .relax = o->relax,
        .prior = o->prior,
        .narrow = o->narrow,
        .broad = o->broad,
        .broad_share = o->broad_share,
        .low_first = o->low_first,
        .low_end = o->low_end,
        .low_weight = o->low_weight,
        .first_sweeps = o->first_sweeps,
        .round = round,
        .rounds = o->rounds,
    };
}

fmx_explain_twin fmx_explain_twin_fit(const fmx_explain_job *j, const fmx__explain_options *options)
{
    fmx__explain_options defaults = fmx__explain_defaults();
    fmx_ref_explain_round round[FMX__EXPLAIN_ROUNDS];
    fmx_ref_explain_options o = twin_options(options != NULL ? options : &defaults, round);
    fmx_explain_twin t = {
        .pattern = calloc(j->patterns, sizeof *t.pattern),
        .column = calloc(j->columns, sizeof *t.column),
        .part = calloc(j->parts, sizeof *t.part),
        .fitted = calloc(j->count * j->points, sizeof *t.fitted),
    };
    for (size_t i = 0; i < j->patterns; ++i)
        t.pattern[i] =
            (fmx_ref_explain_pattern){j->heights + j->pattern[i].first, j->pattern[i].count,
                                      j->pattern[i].base, j->pattern[i].highest};
    for (size_t i = 0; i < j->parts; ++i)
        t.part[i] = (fmx_ref_explain_part){
            .pattern = j->part[i].pattern < j->patterns ? &t.pattern[j->part[i].pattern] : NULL,
            .shift = j->part[i].shift,
            .centre = j->part[i].centre};
    for (size_t i = 0; i < j->columns; ++i)
        t.column[i] = (fmx_ref_explain_column){.part = t.part + j->column[i].first_part,
                                               .parts = j->column[i].parts};
    for (size_t m = 0; m < j->count; ++m)
        cr_assert_eq(fmx_ref_explain(t.fitted + m * j->points, j->spectra + m * j->points,
                                     j->points, t.column + j->head[m].first_column,
                                     j->head[m].columns, &o),
                     0);
    return t;
}

void fmx_explain_twin_clear(fmx_explain_twin *twin)
{
    free(twin->pattern);
    free(twin->column);
    free(twin->part);
    free(twin->fitted);
}
