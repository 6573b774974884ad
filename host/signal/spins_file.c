/* A library of spin systems and the choice of its reader. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "embedded.h"
#include "spins_internal.h"

enum { MOST_BYTES = 64 << 20 };

fmx_status fmx__compound_append(fmx_context *ctx, fmx_spin_library *library, fmx_compound **out)
{
    if (library->count == FMX_SPINS_MOST_COMPOUNDS)
        return fmx__fail(ctx, FMX_ERROR_FORMAT, "more than %d compounds", FMX_SPINS_MOST_COMPOUNDS);
    fmx_status status = FMX_OK;
    if (library->count == library->capacity)
        status = fmx__grow(ctx, &library->compound, &library->capacity, 2 * library->count + 64,
                           sizeof *library->compound, "compounds");
    if (status == FMX_OK)
        *out = &library->compound[library->count++];
    return status;
}

/* "spin_systems" and "spin_states", where there is no such file. */
static const fmx__embedded *built_in(const char *name)
{
    static const char *const shipped[][2] = {{"spin_systems", "spin_systems.yml"},
                                             {"spin_states", "spin_states.yml"}};
    for (size_t i = 0; i < fmx__data_file_count; ++i) {
        for (size_t k = 0; k < FMX__COUNT(shipped); ++k) {
            if (strcmp(name, shipped[k][0]) == 0 &&
                strcmp(fmx__data_files[i].file, shipped[k][1]) == 0)
                return &fmx__data_files[i];
        }
    }
    return NULL;
}

/* The table begins with its column names; everything else is YAML. */
static bool is_table(const char *text)
{
    return strncmp(text, "entry\t", 6) == 0;
}

fmx_status fmx_spin_library_read(fmx_context *ctx, const char *path, fmx_spin_library *out)
{
    char *text = NULL;
    size_t bytes = 0;
    *out = (fmx_spin_library){0};
    const fmx__embedded *shipped = access(path, F_OK) != 0 ? built_in(path) : NULL;
    fmx_status status = FMX_OK;
    if (shipped != NULL) {
        bytes = shipped->bytes;
        status = fmx__format(ctx, &text, "%s", shipped->text);
    } else {
        status = fmx__read_file(ctx, path, MOST_BYTES, &text, &bytes);
    }
    if (status == FMX_OK && strlen(text) != bytes)
        status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                           "%s: a zero byte at offset %zu; spin systems are text, see "
                           "docs/spin_systems.md",
                           path, strlen(text));
    else if (status == FMX_OK && is_table(text))
        status = fmx__spins_read_table(ctx, path, text, out);
    else if (status == FMX_OK)
        status = fmx__spins_read_yaml(ctx, path, text, bytes, out);
    if (status == FMX_OK && out->count == 0)
        status = fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: no spin systems in it", path);
    free(text);
    return status;
}

fmx_status fmx_spin_library_add(fmx_context *ctx, const char *path, fmx_spin_library *library)
{
    fmx_spin_library one = {0};
    fmx_status status = fmx_spin_library_read(ctx, path, &one);
    if (status == FMX_OK)
        status = fmx__grow(ctx, &library->compound, &library->capacity, library->count + one.count,
                           sizeof *library->compound, "compounds");
    for (size_t i = 0; status == FMX_OK && i < one.count; ++i)
        library->compound[library->count++] = one.compound[i];
    if (status == FMX_OK)
        one.count = 0; /* they have moved */
    fmx_spin_library_clear(&one);
    return status;
}

void fmx_spin_library_clear(fmx_spin_library *library)
{
    for (size_t i = 0; i < library->count; ++i) {
        fmx_compound *c = &library->compound[i];
        for (size_t s = 0; s < c->synonym_count; ++s)
            free(c->synonym[s]);
        free(c->synonym);
        free(c->name);
        free(c->source);
        free(c->group);
        free(c->coupling);
    }
    free(library->compound);
    *library = (fmx_spin_library){0};
}

bool fmx_spin_library_find(const fmx_spin_library *library, const char *name, size_t *index)
{
    for (size_t i = 0; i < library->count; ++i) {
        if (strcasecmp(library->compound[i].name, name) == 0) {
            *index = i;
            return true;
        }
    }
    for (size_t i = 0; i < library->count; ++i) {
        for (size_t s = 0; s < library->compound[i].synonym_count; ++s) {
            if (strcasecmp(library->compound[i].synonym[s], name) == 0) {
                *index = i;
                return true;
            }
        }
    }
    return false;
}
