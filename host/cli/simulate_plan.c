#include "simulate_plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "csv_read.h"
#include "options.h"

enum { CSV_MOST_BYTES = 256 << 20 };

void fmx__plan_clear(fmx__plan *plan)
{
    for (size_t i = 0; i < plan->count; ++i) {
        free(plan->sample[i].name);
        free(plan->sample[i].part);
    }
    free(plan->sample);
    *plan = (fmx__plan){0};
}

/* Appends an empty sample. */
static fmx_status add_sample(fmx_context *ctx, fmx__plan *plan, const char *name,
                             uint32_t replicates, fmx__plan_sample **out)
{
    fmx_status status = FMX_OK;
    if (plan->count == plan->capacity)
        status = fmx__grow(ctx, &plan->sample, &plan->capacity, 2 * plan->count + 64,
                           sizeof *plan->sample, "samples");
    if (status != FMX_OK)
        return status;
    fmx__plan_sample *sample = &plan->sample[plan->count];
    *sample = (fmx__plan_sample){.replicates = replicates};
    status = fmx__format(ctx, &sample->name, "%s", name);
    if (status == FMX_OK) {
        ++plan->count;
        plan->fids += replicates;
        *out = sample;
    }
    return status;
}

static fmx_status add_part(fmx_context *ctx, fmx__plan_sample *sample, size_t compound,
                           double amount)
{
    fmx_status status = FMX_OK;
    if (sample->count == sample->capacity)
        status = fmx__grow(ctx, &sample->part, &sample->capacity, 2 * sample->count + 4,
                           sizeof *sample->part, "parts of a sample");
    if (status == FMX_OK)
        sample->part[sample->count++] = (fmx_simulated_part){compound, amount};
    return status;
}

static fmx_status unknown(fmx_context *ctx, const fmx_spin_library *library, const char *where,
                          const char *name)
{
    const char **names = NULL;
    const char *near = NULL;
    fmx_status status = fmx__alloc(ctx, library->count, sizeof *names, "names", &names);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0; i < library->count; ++i)
        names[i] = library->compound[i].name;
    near = fmx__nearest_name(name, names, library->count);
    status = fmx__fail(ctx, FMX_ERROR_NOT_FOUND, "%s: no compound \"%s\" in the spin systems%s%s%s",
                       where, name, near ? "; did you mean \"" : "", near ? near : "",
                       near ? "\"?" : "");
    free(names);
    return status;
}

static fmx_status add_compound(fmx_context *ctx, const fmx_spin_library *library, size_t index,
                               uint32_t replicates, fmx__plan *plan)
{
    fmx__plan_sample *sample = NULL;
    fmx_status status = add_sample(ctx, plan, library->compound[index].name, replicates, &sample);
    return status == FMX_OK ? add_part(ctx, sample, index, 1) : status;
}

/* Finds the compound at `at`, up to a comma or the end: the longest name that fits, because names
 * hold commas. Returns where the name ends; NULL when nothing fits. */
static char *longest_name(const fmx_spin_library *library, char *at, size_t *index)
{
    char *best = NULL;
    for (char *end = at;; ++end) {
        if (*end != ',' && *end != '\0')
            continue;
        char kept = *end;
        size_t found = 0;
        *end = '\0';
        if (fmx_spin_library_find(library, at, &found)) {
            best = end;
            *index = found;
        }
        *end = kept;
        if (kept == '\0')
            return best;
    }
}

fmx_status fmx__plan_compounds(fmx_context *ctx, const fmx_spin_library *library, const char *only,
                               uint32_t replicates, fmx__plan *plan)
{
    char *copy = NULL;
    fmx_status status = FMX_OK;
    for (size_t i = 0; only == NULL && status == FMX_OK && i < library->count; ++i)
        status = add_compound(ctx, library, i, replicates, plan);
    if (only == NULL)
        return status;
    status = fmx__format(ctx, &copy, "%s", only);
    for (char *at = copy; status == FMX_OK && at != NULL;) {
        size_t index = 0;
        at += strspn(at, " ");
        char *end = longest_name(library, at, &index);
        bool again = false;
        if (end == NULL) {
            at[strcspn(at, ",")] = '\0';
            status = unknown(ctx, library, "--only", at);
            break;
        }
        for (size_t i = 0; i < plan->count; ++i)
            again = again || plan->sample[i].part[0].compound == index;
        if (!again)
            status = add_compound(ctx, library, index, replicates, plan);
        at = *end == ',' ? end + 1 : NULL;
    }
    free(copy);
    return status;
}

static fmx_status add_row(fmx_context *ctx, const fmx_spin_library *library, const char *path,
                          const fmx__csv_row *row, size_t first_sample, fmx__plan *plan)
{
    char where[512];
    char *end = NULL;
    size_t compound = 0;
    fmx__plan_sample *sample = NULL;
    snprintf(where, sizeof where, "%s:%zu", path, row->line);
    if (row->count != 3 || row->field[0][0] == '\0')
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: %zu fields; three are expected: sample,compound,amount", where,
                         row->count);
    double amount = strtod(row->field[2], &end);
    if (end == row->field[2] || *end != '\0' || !(amount > 0 && amount < 1e9))
        return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: amount \"%s\" is not a number above 0", where,
                         row->field[2]);
    if (!fmx_spin_library_find(library, row->field[1], &compound))
        return unknown(ctx, library, where, row->field[1]);
    /* the newest first: rows of one sample mostly follow each other */
    for (size_t i = plan->count; sample == NULL && i-- > first_sample;) {
        if (strcmp(plan->sample[i].name, row->field[0]) == 0)
            sample = &plan->sample[i];
    }
    fmx_status status = FMX_OK;
    if (sample == NULL)
        status = add_sample(ctx, plan, row->field[0], 1, &sample);
    for (size_t p = 0; status == FMX_OK && p < sample->count; ++p) {
        if (sample->part[p].compound == compound)
            return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: %s occurs twice in the sample %s", where,
                             row->field[1], row->field[0]);
    }
    return status == FMX_OK ? add_part(ctx, sample, compound, amount) : status;
}

fmx_status fmx__plan_mixtures(fmx_context *ctx, const fmx_spin_library *library, const char *path,
                              fmx__plan *plan)
{
    fmx__csv csv = {0};
    size_t first_sample = plan->count;
    fmx_status status = fmx__csv_read(ctx, path, CSV_MOST_BYTES, &csv);
    bool headed = status == FMX_OK && csv.count > 0 && csv.row[0].count == 3 &&
                  strcasecmp(csv.row[0].field[0], "sample") == 0 &&
                  strcasecmp(csv.row[0].field[2], "amount") == 0;
    if (status == FMX_OK && csv.count == (size_t)headed)
        status =
            fmx__fail(ctx, FMX_ERROR_FORMAT,
                      "%s: no mixtures in it; rows of sample,compound,amount are expected", path);
    for (size_t i = headed; status == FMX_OK && i < csv.count; ++i)
        status = add_row(ctx, library, path, &csv.row[i], first_sample, plan);
    fmx__csv_clear(&csv);
    return status;
}

/* Letters, digits and some signs stay, everything else becomes "_"; no leading dot or dash, and no
 * name that is a number or means something in a Bruker tree. */
static void make_safe(const char *name, char *out, size_t bytes)
{
    size_t used = 0;
    size_t digits = strspn(name, "0123456789");
    if (name[digits] == '\0' || strcasecmp(name, "pdata") == 0)
        used = (size_t)snprintf(out, bytes, "sample_");
    for (; *name != '\0' && used + 1 < bytes; ++name) {
        char c = *name;
        bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    (strchr("+()", c) != NULL) || (used > 0 && strchr("-.", c) != NULL);
        out[used++] = kept ? c : '_';
    }
    while (used > 0 && out[used - 1] == '.')
        out[used - 1] = '_';
    out[used] = '\0';
}

static bool is_taken(const fmx__plan *plan, size_t count, const char *safe)
{
    for (size_t i = 0; i < count; ++i) {
        if (strcasecmp(plan->sample[i].safe, safe) == 0)
            return true;
    }
    return false;
}

fmx_status fmx__plan_name(fmx_context *ctx, fmx__plan *plan)
{
    char base[FMX__SAFE_NAME_BYTES - 16];
    for (size_t i = 0; i < plan->count; ++i) {
        fmx__plan_sample *sample = &plan->sample[i];
        make_safe(sample->name, base, sizeof base);
        snprintf(sample->safe, sizeof sample->safe, "%s", base);
        for (unsigned n = 2; is_taken(plan, i, sample->safe); ++n)
            snprintf(sample->safe, sizeof sample->safe, "%s_%u", base, n);
    }
    return fmx__check_interrupt(ctx);
}
