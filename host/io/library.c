#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "library_file.h"

void fmx_library_release(fmx_library *library)
{
    if (library == NULL)
        return;
    for (size_t i = 0; library->compound != NULL && i < library->compounds; ++i) {
        free(library->compound[i].name);
        free(library->compound[i].also);
    }
    for (size_t i = 0; library->entry != NULL && i < library->entries; ++i) {
        free(library->entry[i].name);
        free(library->entry[i].synonyms);
        free(library->entry[i].source);
    }
    free(library->compound);
    free(library->entry);
    free(library->multiplet);
    free(library->line_ppm);
    free(library->line_protons);
    free(library);
}

bool fmx__library_is_among(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at != NULL && *at != '\0';) {
        const char *end = strstr(at, "; ");
        size_t own = end != NULL ? (size_t)(end - at) : strlen(at);
        if (own == length && strncasecmp(at, name, length) == 0)
            return true;
        at = end != NULL ? end + 2 : at + own;
    }
    return false;
}

bool fmx_library_find(const fmx_library *library, const char *name, size_t *compound)
{
    for (size_t i = 0; i < library->compounds; ++i) {
        if (strcasecmp(library->compound[i].name, name) == 0) {
            *compound = i;
            return true;
        }
    }
    for (size_t i = 0; i < library->compounds; ++i) {
        if (fmx__library_is_among(library->compound[i].also, name)) {
            *compound = i;
            return true;
        }
    }
    for (size_t i = 0; i < library->entries; ++i) {
        const fmx_library_entry *e = &library->entry[i];
        if (strcasecmp(e->name, name) == 0 || fmx__library_is_among(e->synonyms, name)) {
            *compound = e->compound;
            return true;
        }
    }
    return false;
}

void fmx__library_sum(fmx_library *library)
{
    for (size_t i = 0; i < library->multiplets; ++i) {
        fmx_library_multiplet *m = &library->multiplet[i];
        double moment = 0;
        m->protons = 0;
        for (size_t k = m->first_line; k < m->first_line + m->line_count; ++k) {
            m->protons += library->line_protons[k];
            moment += library->line_protons[k] * library->line_ppm[k];
        }
        m->ppm = moment / m->protons;
        m->low_ppm = library->line_ppm[m->first_line];
        m->high_ppm = library->line_ppm[m->first_line + m->line_count - 1];
    }
    for (size_t i = 0; i < library->entries; ++i) {
        fmx_library_entry *e = &library->entry[i];
        e->protons = 0;
        for (size_t k = 0; k < e->multiplet_count; ++k)
            e->protons += library->multiplet[e->first_multiplet + k].protons;
    }
}
