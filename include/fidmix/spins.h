/** @file spins.h
 *  Spin systems of compounds, and the lines that they give at a field: docs/spin_systems.md.
 */
#ifndef FIDMIX_SPINS_H
#define FIDMIX_SPINS_H

#include <stdbool.h>
#include <stddef.h>

#include "fidmix/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Limits of one compound in a file. */
enum {
    FMX_SPINS_MOST_GROUPS = 128,
    FMX_SPINS_MOST_PER_GROUP = 27, /**< nine methyl groups */
    FMX_SPINS_MOST_COMPOUNDS = 100000,
};

/** Magnetically equivalent spins 1/2: one shift, and the same coupling to every spin outside. */
typedef struct fmx_spin_group {
    char id[16];
    double ppm;        /**< chemical shift against DSS */
    int n;             /**< spins in the group */
    double population; /**< share of the form that it belongs to, (0, 1]; 1: no other form */
} fmx_spin_group;

/** Scalar coupling of every spin of one group with every spin of another. */
typedef struct fmx_spin_coupling {
    size_t a; /**< index of a group */
    size_t b; /**< another one */
    double hz;
} fmx_spin_coupling;

typedef struct fmx_compound {
    char *name;
    char **synonym; /**< [synonym_count] */
    size_t synonym_count;
    bool is_metabolite; /**< as the table's third column says; false in YAML */
    char *source;       /**< where shifts and couplings come from; "" when not known */
    fmx_spin_group *group;
    size_t group_count;
    fmx_spin_coupling *coupling;
    size_t coupling_count;
} fmx_compound;

/** Compounds, in the order of their file. */
typedef struct fmx_spin_library {
    fmx_compound *compound;
    size_t count;
    size_t capacity;
} fmx_spin_library;

/** Reads spin systems: YAML (data/spin_systems.yml) or a table of tab-separated values (entry,
 * name,
 *  ..., spins as "id:ppm id:ppm", couplings as "id-id:Hz"); which one is told by the content. The
 *  table lists spins one by one; equivalent ones are found and grouped, and entries that repeat a
 *  name keep their entry as "name (entry)". *out is released with fmx_spin_library_clear, also
 * after an error. Errors: FMX_ERROR_NOT_FOUND, FMX_ERROR_READ, FMX_ERROR_FORMAT (the message names
 * file, line and key), FMX_ERROR_MEMORY. */
fmx_status fmx_spin_library_read(fmx_context *ctx, const char *path, fmx_spin_library *out);

/** Appends the spin systems at `path` to those of `library`, which stays as it is after an error.
 *  Errors: as fmx_spin_library_read. */
fmx_status fmx_spin_library_add(fmx_context *ctx, const char *path, fmx_spin_library *library);

/** Releases what a library holds and empties it. */
void fmx_spin_library_clear(fmx_spin_library *library);

/** Index of the compound with this name or, where none has it, this synonym; letter case ignored.
 *  False when there is none. */
bool fmx_spin_library_find(const fmx_spin_library *library, const char *name, size_t *index);

/** One line of a spectrum at a field. */
typedef struct fmx_line {
    double hz;        /**< from 0 ppm, shift times field */
    double intensity; /**< in protons */
} fmx_line;

/** Lines by rising frequency. */
typedef struct fmx_line_list {
    fmx_line *line;
    size_t count;
    double protons; /**< sum of the intensities: protons of the compound, weighted by population */
} fmx_line_list;

typedef struct fmx_spin_options {
    double merge_hz; /**< lines within this distance become one at their centre of gravity */
    double least;    /**< lines below this share of one proton are dropped, the rest of their part
                          scaled up to its number of protons */
    size_t most_states;   /**< parts with more product states are cut at their weakest couplings */
    bool use_equivalence; /**< false: every spin for itself, for tests (and 2^n states) */
    bool use_cache;       /**< keep line lists on disk, in the cache folder */
} fmx_spin_options;

/** 0.02 Hz, a tenth of the narrowest line; 1e-5; ten spins. */
#define FMX_SPIN_OPTIONS_DEFAULT                                                                   \
    {                                                                                              \
        0.02, 1e-5, 1024, true, true                                                               \
    }

/** The lines of a compound at a field whose 1H frequency of 0 ppm is `field_mhz`. Exact for every
 *  part of the coupling graph with at most most_states product states (groups counted as n + 1
 *  states); for larger parts the couplings across the weakest |J / (nu_a - nu_b)| are taken to
 * first order (only their J Iz Iz), whose error in a line's position is of the order J^2 / (2 |nu_a
 * - nu_b|) of the couplings that were cut. options NULL: the defaults. *out is released with
 * fmx_line_list_clear, also after an error. Errors: FMX_ERROR_ARGUMENT, FMX_ERROR_UNSUPPORTED (a
 * part too large even when cut), FMX_ERROR_MEMORY, FMX_ERROR_INTERRUPTED. */
fmx_status fmx_spin_lines(fmx_context *ctx, const fmx_compound *compound, double field_mhz,
                          const fmx_spin_options *options, fmx_line_list *out);

/** Releases what a list holds and empties it. */
void fmx_line_list_clear(fmx_line_list *list);

#ifdef __cplusplus
}
#endif
#endif
