#include "explain.h"

#include <math.h>

/* as in kernels/explain_facts.clh */
enum { GROUP = 128, FACT_SUMS = 15, FACT_TOTALS = 10 };

typedef struct settings {
    uint32_t count;
    uint32_t points;
    uint32_t stride;
    uint32_t columns;
    uint32_t parts;
    uint32_t patterns;
    uint32_t widths;
    uint32_t heights;
    uint32_t sweeps;
    uint32_t candidates;
    uint32_t low_first;
    uint32_t low_end;
    float low_weight;
    float floor;
    float share;
    float near;
    float far;
    float above;
    float knee;
    float relax;
    float spacing;
    float prior;
    float narrow;
    float broad;
    float broad_share;
} settings;

typedef struct fit {
    fmx_device *device;
    const fmx__explain_of *of;
    fmx__explain_options options;
    settings set;
    fmx_buffer *scratch;
    size_t scratch_bytes;
    fmx_buffer *facts;
    fmx_buffer *part_facts;
    fmx_buffer *fitted;
} fit;

fmx__explain_options fmx__explain_defaults(void)
{
    return (fmx__explain_options){
        .floor = 3,
        .share = 0.1,
        .near = 0.04,
        .far = 0.005,
        .above = 0.3,
        .knee = 2,
        .relax = 1.5,
        .prior = 2,
        .narrow = 12,
        .broad = 44,
        .broad_share = 0.35,
        .low_weight = 1,
        .first_sweeps = 24,
        .round = {{2, 10, 12}, {1, 6, 12}, {0.5, 4, 12}, {0.25, 4, 20}},
        .rounds = 4,
    };
}

static fmx_status check_options(fmx_context *ctx, const fmx__explain_options *o)
{
    const struct {
        const char *name;
        double value;
        double low;
        double high;
    } limits[] = {
        {"floor", o->floor, 1e-3, 1e6},
        {"share", o->share, 0, 10},
        {"near", o->near, 0, 10},
        {"far", o->far, 0, 10},
        {"above", o->above, 1e-3, 1},
        {"knee", o->knee, 1e-3, 1e3},
        {"relax", o->relax, 0.1, 1.95},
        {"prior", o->prior, 0, 1e6},
        {"narrow", o->narrow, 0.1, 1e4},
        {"broad", o->broad, 0.1, 1e4},
        {"broad_share", o->broad_share, 0, 1},
        {"low_weight", o->low_weight, 0, 1},
    };
    for (size_t i = 0; i < FMX__COUNT(limits); ++i)
        if (!(limits[i].value >= limits[i].low && limits[i].value <= limits[i].high))
            return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "explain: %s is %g; %g to %g is possible",
                             limits[i].name, limits[i].value, limits[i].low, limits[i].high);
    if (o->rounds > FMX__EXPLAIN_ROUNDS)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "explain: %zu rounds; at most %d are possible",
                         o->rounds, (int)FMX__EXPLAIN_ROUNDS);
    for (size_t i = 0; i < o->rounds; ++i)
        if (!(o->round[i].spacing > 0 && o->round[i].spacing <= 16) ||
            o->round[i].steps > (FMX__EXPLAIN_CANDIDATES - 1) / 2)
            return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                             "explain: round %zu takes %zu steps of %g points; at most %d steps of "
                             "up to 16 points are possible",
                             i, o->round[i].steps, o->round[i].spacing,
                             (int)(FMX__EXPLAIN_CANDIDATES - 1) / 2);
    return FMX_OK;
}

static fmx_status check(fmx_context *ctx, const fmx__explain_of *of, const fmx_buffer *facts,
                        const fmx_buffer *part_facts)
{
    if (of->count < 1 || of->points < 1 || of->points > FMX__EXPLAIN_MOST_POINTS)
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "explain: %zu spectra of %zu points; at least one of each, and at most %d "
                         "points",
                         of->count, of->points, (int)FMX__EXPLAIN_MOST_POINTS);
    if (of->column_count > 0 &&
        (!facts || !part_facts || of->part_count < 1 || of->table->patterns < 1 ||
         of->table->widths < 1 || of->table->heights_count < 1))
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "explain: %zu columns of %zu parts on %zu patterns of %zu widths and %zu "
                         "heights; columns need facts, parts and patterns",
                         of->column_count, of->part_count, of->table->patterns, of->table->widths,
                         of->table->heights_count);
    if (of->column_count > FMX__EXPLAIN_MOST_COLUMNS || of->part_count > FMX__EXPLAIN_MOST_PARTS ||
        of->count > FMX__EXPLAIN_MOST_COLUMNS || of->table->heights_count > UINT32_MAX / 2 ||
        (of->table->widths > 0 && of->table->patterns > UINT32_MAX / 2 / of->table->widths))
        return fmx__fail(
            ctx, FMX_ERROR_SHAPE,
            "explain: %zu spectra, %zu columns, %zu parts, %zu patterns of %zu widths, "
            "%zu heights are too many; fit fewer spectra at a time",
            of->count, of->column_count, of->part_count, of->table->patterns, of->table->widths,
            of->table->heights_count);
    return FMX_OK;
}

static void fill_settings(fit *f)
{
    const fmx__explain_of *of = f->of;
    const fmx__explain_options *o = &f->options;
    f->set = (settings){
        .count = (uint32_t)of->count,
        .points = (uint32_t)of->points,
        .stride = (uint32_t)((of->points + 15) / 16 * 16 + 2 * FMX__EXPLAIN_MARGIN),
        .columns = (uint32_t)of->column_count,
        .parts = (uint32_t)of->part_count,
        .patterns = (uint32_t)of->table->patterns,
        .widths = (uint32_t)of->table->widths,
        .heights = (uint32_t)of->table->heights_count,
        .low_first = (uint32_t)(o->low_first < of->points ? o->low_first : of->points),
        .low_end = (uint32_t)(o->low_end < of->points ? o->low_end : of->points),
        .low_weight = (float)o->low_weight,
        .floor = (float)o->floor,
        .share = (float)o->share,
        .near = (float)o->near,
        .far = (float)o->far,
        .above = (float)o->above,
        .knee = (float)o->knee,
        .relax = (float)o->relax,
        .prior = (float)o->prior,
        .narrow = (float)o->narrow,
        .broad = (float)o->broad,
        .broad_share = (float)o->broad_share,
    };
}

/* Points that a pass over all parts touches, about: patterns are a few hundred points long. */
static double touched(const fit *f)
{
    return 200.0 * (double)f->of->part_count;
}

static fmx__arg scratch_arg(const fit *f)
{
    return fmx__arg_buffer(f->scratch, f->scratch_bytes);
}

static fmx__arg facts_arg(const fit *f)
{
    return f->set.columns > 0
               ? fmx__arg_buffer(f->facts, f->of->column_count * FMX__EXPLAIN_FACTS * sizeof(float))
               : fmx__arg_none();
}

static fmx__arg heads_arg(const fit *f)
{
    return fmx__arg_buffer(f->of->heads, f->of->count * sizeof(fmx__explain_head));
}

/* What all kernels but the first end with. */
enum { LIBRARY_ARGS = 5 };

static void library_args(const fit *f, fmx__arg *args)
{
    const fmx__explain_of *of = f->of;
    bool some = of->column_count > 0;
    args[0] = some ? fmx__arg_buffer(of->columns, of->column_count * sizeof(fmx__explain_column))
                   : fmx__arg_none();
    args[1] = some ? fmx__arg_buffer(of->parts, of->part_count * sizeof(fmx__explain_part))
                   : fmx__arg_none();
    args[2] = some ? fmx__arg_buffer(of->table->records,
                                     of->table->widths * of->table->patterns * sizeof(fmx__pattern))
                   : fmx__arg_none();
    args[3] = some ? fmx__arg_buffer(of->table->heights, of->table->heights_count * sizeof(float))
                   : fmx__arg_none();
    args[4] = fmx__arg_data(&f->set, sizeof f->set);
}

static fmx_status launch(const fit *f, const char *kernel, const fmx__arg *args, size_t count,
                         size_t groups, double points)
{
    fmx__launch job = {
        .stem = "explain",
        .kernel = kernel,
        .arg = args,
        .arg_count = count,
        .dims = 1,
        .groups = {groups},
        .local = {fmx__device_wide(f->device) ? 1 : GROUP},
        /* a shape takes 7, what is done with it about 13 */
        .flops = 20 * points,
        /* patterns and rows once: what a kernel reads again comes from caches */
        .bytes = sizeof(float) * (touched(f) + 3 * (double)f->of->count * f->set.stride),
    };
    return fmx__launch_kernel(f->device, &job);
}

static fmx__arg sums_arg(void)
{
    return fmx__arg_local(GROUP * sizeof(float));
}

static fmx_status start(const fit *f)
{
    size_t values = f->of->count * f->of->points;
    fmx__arg args[] = {
        scratch_arg(f),
        facts_arg(f),
        fmx__arg_buffer(f->of->spectra, values * sizeof(float)),
        heads_arg(f),
        fmx__arg_data(&f->set, sizeof f->set),
        sums_arg(),
    };
    return launch(f, "explain_start", args, FMX__COUNT(args), f->of->count, (double)values);
}

static fmx_status sweeps(fit *f, size_t count)
{
    fmx__arg args[3 + LIBRARY_ARGS + 1] = {scratch_arg(f), facts_arg(f), heads_arg(f)};
    f->set.sweeps = (uint32_t)count;
    library_args(f, args + 3);
    args[3 + LIBRARY_ARGS] = sums_arg();
    /* columns at zero rest in three of four sweeps; about half of them are */
    return launch(f, "explain_sweeps", args, FMX__COUNT(args), f->of->count,
                  touched(f) * (1 + 0.6 * (double)count));
}

static fmx_status shifts(fit *f, const fmx__explain_round *round)
{
    fmx__arg args[3 + LIBRARY_ARGS + 1] = {scratch_arg(f), facts_arg(f), heads_arg(f)};
    f->set.spacing = (float)round->spacing;
    f->set.candidates = (uint32_t)(2 * round->steps + 1);
    library_args(f, args + 3);
    args[3 + LIBRARY_ARGS] = fmx__arg_local(GROUP * sizeof(float));
    return launch(f, "explain_shifts", args, FMX__COUNT(args), f->of->count,
                  0.5 * touched(f) * (double)(2 * round->steps + 3));
}

static fmx_status finish(fit *f)
{
    size_t values = f->of->count * f->of->points;
    fmx__arg fitted[5 + LIBRARY_ARGS] = {
        scratch_arg(f),
        fmx__arg_buffer(f->fitted, values * sizeof(float)),
        fmx__arg_buffer(f->of->spectra, values * sizeof(float)),
        facts_arg(f),
        heads_arg(f),
    };
    library_args(f, fitted + 5);
    fmx_status status = launch(f, "explain_fitted", fitted, FMX__COUNT(fitted), f->of->count,
                               touched(f) + 2 * (double)values);
    if (status != FMX_OK || f->of->column_count == 0)
        return status;
    fmx__arg facts[4 + LIBRARY_ARGS + 1] = {
        scratch_arg(f),
        facts_arg(f),
        fmx__arg_buffer(f->part_facts, f->of->part_count * FMX__EXPLAIN_PART_FACTS * sizeof(float)),
        heads_arg(f),
    };
    library_args(f, facts + 4);
    facts[4 + LIBRARY_ARGS] = fmx__arg_local((FACT_SUMS * GROUP + FACT_TOTALS) * sizeof(float));
    return launch(f, "explain_facts", facts, FMX__COUNT(facts), f->of->column_count,
                  20 * touched(f));
}

fmx_status fmx__explain(fmx_device *device, fmx_buffer *facts, fmx_buffer *part_facts,
                        fmx_buffer *fitted, const fmx__explain_of *of)
{
    fmx_context *ctx = fmx__device_context(device);
    fit f = {.device = device,
             .of = of,
             .options = of->options ? *of->options : fmx__explain_defaults(),
             .facts = facts,
             .part_facts = part_facts,
             .fitted = fitted};
    fmx_status status = check(ctx, of, facts, part_facts);
    if (status == FMX_OK)
        status = check_options(ctx, &f.options);
    if (status != FMX_OK)
        return status;
    fill_settings(&f);
    f.scratch_bytes = sizeof(float) * (of->count * (3 * (size_t)f.set.stride + 1) +
                                       of->column_count + 2 * of->part_count);
    status = fmx_buffer_create(device, f.scratch_bytes, &f.scratch);
    if (status == FMX_OK)
        status = start(&f);
    if (status == FMX_OK && of->column_count > 0)
        status = sweeps(&f, f.options.first_sweeps);
    for (size_t i = 0; status == FMX_OK && of->column_count > 0 && i < f.options.rounds; ++i) {
        if (f.options.round[i].steps > 0)
            status = shifts(&f, &f.options.round[i]);
        if (status == FMX_OK)
            status = sweeps(&f, f.options.round[i].sweeps);
    }
    if (status == FMX_OK)
        status = finish(&f);
    fmx_buffer_release(f.scratch);
    return status;
}
