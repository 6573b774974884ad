/* Spin systems as tab-separated values: entry, name, metabolite, n_spins, spins "id:ppm ...",
 * couplings "id-id:Hz ...". Spins come one by one; equivalent ones are grouped. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "c_locale.h"
#include "spins_internal.h"

enum { COLUMNS = 6, MOST_SPINS = 128, ID_BYTES = 16 };

/* The spins of one row. */
typedef struct spin_row {
    size_t spins;
    char id[MOST_SPINS][ID_BYTES];
    double ppm[MOST_SPINS];
    double j_hz[MOST_SPINS * MOST_SPINS]; /* [spins][spins] once all are known */
    size_t class_of[MOST_SPINS];
} spin_row;

static bool read_number(const char *text, double *out)
{
    char *end = NULL;
    *out = fmx__c_strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*out);
}

static size_t spin_named(const spin_row *row, const char *id)
{
    size_t i = 0;
    while (i < row->spins && strcmp(row->id[i], id) != 0)
        ++i;
    return i;
}

static const char *read_spins(char *field, spin_row *row)
{
    char *rest = NULL;
    row->spins = 0;
    for (char *word = strtok_r(field, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        char *colon = strchr(word, ':');
        if (row->spins == MOST_SPINS)
            return "more than 128 spins";
        if (colon == NULL || colon == word || colon - word >= ID_BYTES)
            return "a spin is not written as id:ppm";
        *colon = '\0';
        memcpy(row->id[row->spins], word, (size_t)(colon - word) + 1);
        if (spin_named(row, word) < row->spins)
            return "a spin occurs twice";
        double *ppm = &row->ppm[row->spins++];
        if (!read_number(colon + 1, ppm) || fabs(*ppm) > 1000)
            return "a shift is not a number of ppm";
    }
    return row->spins > 0 ? NULL : "no spins";
}

static const char *read_couplings(char *field, spin_row *row)
{
    char *rest = NULL;
    memset(row->j_hz, 0, row->spins * row->spins * sizeof *row->j_hz);
    for (char *word = strtok_r(field, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        char *dash = strchr(word, '-');
        char *colon = dash != NULL ? strchr(dash, ':') : NULL;
        double hz = 0;
        if (colon == NULL)
            return "a coupling is not written as id-id:Hz";
        *dash = *colon = '\0';
        size_t a = spin_named(row, word);
        size_t b = spin_named(row, dash + 1);
        if (a == row->spins || b == row->spins || a == b)
            return "a coupling names a spin that is not there";
        if (!read_number(colon + 1, &hz) || fabs(hz) > 1000)
            return "a coupling is not a number of Hz";
        row->j_hz[a * row->spins + b] = hz;
        row->j_hz[b * row->spins + a] = hz;
    }
    return NULL;
}

/* Groups and couplings of a row, into the compound. */
static fmx_status group_spins(fmx_context *ctx, spin_row *row, fmx_compound *out)
{
    size_t group_of[MOST_SPINS];
    fmx__find_equivalent(row->ppm, row->j_hz, row->spins, row->class_of);
    for (size_t i = 0; i < row->spins; ++i)
        out->group_count += row->class_of[i] == i;
    fmx_status status =
        fmx__alloc(ctx, out->group_count, sizeof *out->group, "a spin system", &out->group);
    size_t pairs = out->group_count * (out->group_count - 1) / 2;
    if (status == FMX_OK && pairs > 0)
        status = fmx__alloc(ctx, pairs, sizeof *out->coupling, "a spin system", &out->coupling);
    size_t groups = 0;
    for (size_t i = 0; status == FMX_OK && i < row->spins; ++i) {
        if (row->class_of[i] == i) {
            group_of[i] = groups++;
            out->group[group_of[i]] = (fmx_spin_group){.ppm = row->ppm[i], .population = 1};
            memcpy(out->group[group_of[i]].id, row->id[i], ID_BYTES);
        }
        ++out->group[group_of[row->class_of[i]]].n;
    }
    for (size_t a = 0; status == FMX_OK && a < row->spins; ++a) {
        for (size_t b = a + 1; row->class_of[a] == a && b < row->spins; ++b) {
            double hz = row->j_hz[a * row->spins + b];
            if (row->class_of[b] == b && hz != 0)
                out->coupling[out->coupling_count++] =
                    (fmx_spin_coupling){group_of[a], group_of[b], hz};
        }
    }
    return status;
}

static fmx_status name_compound(fmx_context *ctx, const fmx_spin_library *library, char **column,
                                fmx_compound *out)
{
    /* the compound itself is the last of the library, and has no name yet */
    bool again = false;
    for (size_t i = 0; !again && i + 1 < library->count; ++i)
        again = strcmp(library->compound[i].name, column[1]) == 0;
    fmx_status status = again ? fmx__format(ctx, &out->name, "%s (%s)", column[1], column[0])
                              : fmx__format(ctx, &out->name, "%s", column[1]);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, 1, sizeof *out->synonym, "a synonym", &out->synonym);
    if (status == FMX_OK)
        status = fmx__format(ctx, &out->synonym[0], "%s", column[0]);
    if (status == FMX_OK) {
        out->is_metabolite = strcmp(column[2], "1") == 0;
        out->synonym_count = 1;
        status = fmx__format(ctx, &out->source, "GISSMO entry %s", column[0]);
    }
    return status;
}

static fmx_status read_row(fmx_context *ctx, const char *path, size_t line_number, char *line,
                           spin_row *row, fmx_spin_library *out)
{
    char *column[COLUMNS] = {0};
    size_t columns = 0;
    for (char *at = line; at != NULL && columns < COLUMNS; ++columns) {
        column[columns] = at;
        at = strchr(at, '\t');
        if (at != NULL)
            *at++ = '\0';
    }
    const char *wrong = columns < COLUMNS                              ? "fewer than six columns"
                        : column[1][0] == '\0' || column[0][0] == '\0' ? "no entry or no name"
                                                                       : read_spins(column[4], row);
    if (wrong == NULL)
        wrong = read_couplings(column[5], row);
    if (wrong != NULL)
        return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s:%zu: %s; see docs/spin_systems.md", path,
                         line_number, wrong);
    fmx_compound *compound = NULL;
    fmx_status status = fmx__compound_append(ctx, out, &compound);
    if (status == FMX_OK)
        status = name_compound(ctx, out, column, compound);
    if (status == FMX_OK)
        status = group_spins(ctx, row, compound);
    for (size_t g = 0; status == FMX_OK && g < compound->group_count; ++g) {
        if (compound->group[g].n > FMX_SPINS_MOST_PER_GROUP)
            status = fmx__fail(ctx, FMX_ERROR_FORMAT, "%s:%zu: more than %d equivalent spins", path,
                               line_number, FMX_SPINS_MOST_PER_GROUP);
    }
    return status;
}

fmx_status fmx__spins_read_table(fmx_context *ctx, const char *path, char *text,
                                 fmx_spin_library *out)
{
    spin_row *row = NULL;
    fmx_status status = fmx__alloc(ctx, 1, sizeof *row, "a spin system", &row);
    size_t number = 1;
    char *line = strchr(text, '\n'); /* behind the column names */
    while (status == FMX_OK && line != NULL && line[1] != '\0') {
        char *next = strchr(++line, '\n');
        ++number;
        if (next != NULL) {
            *next = '\0';
            if (next > line && next[-1] == '\r')
                next[-1] = '\0';
        }
        if (line[0] != '\0')
            status = read_row(ctx, path, number, line, row, out);
        line = next;
    }
    free(row);
    return status;
}
