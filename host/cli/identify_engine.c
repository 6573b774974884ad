/* Libraries for the fields of the spectra. */
#include <math.h>
#include <stdlib.h>

#include "identify_query.h"

/* Lines at another field are other lines: at 2 % a coupling of 15 Hz is off by 0.3 Hz. */
#define SAME_FIELD 0.02

void fmx__identify_engine_clear(fmx__identify_engine *engine)
{
    size_t patterns = engine->table.widths * engine->table.patterns;
    for (size_t i = 0; engine->heights != NULL && i < patterns; ++i)
        free(engine->heights[i]);
    free(engine->heights);
    fmx__query_chain_release(engine->chain);
    fmx__query_chain_release(engine->wide);
    fmx__pattern_table_clear(&engine->table);
    fmx_library_release(engine->library);
    *engine = (fmx__identify_engine){0};
}

/* A library must have something to look for. */
static fmx_status check_patterns(const fmx__identify_query *work, const fmx__pattern_table *table)
{
    for (size_t i = 0; i < table->patterns; ++i)
        if (table->pattern[i].count > 0)
            return FMX_OK;
    return fmx__fail(work->ctx, FMX_ERROR_FORMAT,
                     "%s: none of its compounds has a line between %g and %g ppm, where %s looks; "
                     "take a library of %s spin systems in ppm",
                     work->library_path, work->facts.axis.last_ppm, work->facts.axis.first_ppm,
                     work->model_path, work->facts.axis.nucleus);
}

/* Takes the library over. */
static fmx_status add_engine(fmx__identify_query *work, fmx_library *library, size_t *out)
{
    const fmx__multiplet_axis axis = {work->facts.axis.first_ppm, work->facts.axis.last_ppm,
                                      work->facts.axis.points};
    fmx__identify_engine *engine = NULL;
    fmx_status status = fmx__alloc(work->ctx, 1, sizeof *engine, "a library", &engine);
    if (status != FMX_OK) {
        fmx_library_release(library);
        return status;
    }
    engine->library = library;
    status = fmx__grow(work->ctx, &work->engine, &work->engine_capacity, work->engines + 1,
                       sizeof *work->engine, "libraries");
    if (status == FMX_OK)
        status = fmx__pattern_table_create(work->device, library, &axis, NULL, 0, &engine->table);
    if (status == FMX_OK)
        status = check_patterns(work, &engine->table);
    if (status == FMX_OK)
        status = fmx__alloc(work->ctx, engine->table.widths * engine->table.patterns,
                            sizeof *engine->heights, "patterns", &engine->heights);
    if (status == FMX_OK)
        status = fmx__query_chain_create(work->device, &engine->table, work->options,
                                         FMX__IDENTIFY_MOST, &engine->chain);
    if (status != FMX_OK) {
        fmx__identify_engine_clear(engine);
        free(engine);
        return status;
    }
    *out = work->engines++;
    work->engine[*out] = engine;
    return FMX_OK;
}

fmx_status fmx__identify_engine_read(fmx__identify_query *work, const char *path)
{
    fmx_library *library = NULL;
    size_t engine = 0;
    fmx_status status = fmx_library_read(work->ctx, path, &library);
    return status == FMX_OK ? add_engine(work, library, &engine) : status;
}

/* A library of the spin systems at a field. */
static fmx_status build(fmx__identify_query *work, double field_mhz, size_t *out)
{
    fmx_library_options options = FMX_LIBRARY_DEFAULT;
    fmx_library *library = NULL;
    size_t left_out = 0;
    options.field_mhz = field_mhz;
    fmx__log(work->ctx, FMX_LOG_INFO, "%s: lines of %zu spin systems at %.2f MHz",
             work->library_path, work->spins.count, field_mhz);
    fmx_status status =
        fmx_library_build(work->ctx, &work->spins, NULL, &options, &library, &left_out);
    return status == FMX_OK ? add_engine(work, library, out) : status;
}

fmx_status fmx__identify_engine_for(fmx__identify_query *work, const char *path, double field_mhz,
                                    size_t *out)
{
    if (!(field_mhz > 0) && (work->has_spins || work->engines == 0))
        return fmx__fail(
            work->ctx, FMX_ERROR_FORMAT,
            "%s: its field is not known; give it a library made for that field (fidmix "
            "library %s --out library.h5 --field-mhz F)",
            path, work->library_path);
    for (size_t i = 0; i < work->engines; ++i) {
        double have = work->engine[i]->library->field_mhz;
        *out = i;
        if (!(field_mhz > 0) || fabs(field_mhz / have - 1) <= SAME_FIELD)
            return FMX_OK;
    }
    if (work->has_spins)
        return build(work, field_mhz, out);
    return fmx__fail(
        work->ctx, FMX_ERROR_FORMAT,
        "%s: a spectrum of %.1f MHz, but %s holds lines at %g MHz, which look different; make one "
        "for it (fidmix library SPINS --out library_%.0f.h5 --field-mhz %.2f), or give the spin "
        "systems themselves as --library",
        path, field_mhz, work->library_path, work->engine[0]->library->field_mhz, field_mhz,
        field_mhz);
}
