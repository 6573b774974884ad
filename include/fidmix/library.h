/** @file library.h
 *  Libraries of compounds: the lines of each at one field, split into multiplets, ready to search
 *  and to mix from. docs/library.md.
 */
#ifndef FIDMIX_LIBRARY_H
#define FIDMIX_LIBRARY_H

#include "fidmix/spins.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Neighbouring lines of one compound, moved together by pH, salt and temperature. */
typedef struct fmx_library_multiplet {
    double ppm;        /**< centre of gravity */
    double low_ppm;    /**< first and ... */
    double high_ppm;   /**< ... last line */
    double protons;    /**< sum of its lines */
    size_t first_line; /**< in the library's arrays; lines by rising ppm */
    size_t line_count;
} fmx_library_multiplet;

/** One spin system or measured spectrum. Several entries may describe one compound: its variants.
 */
typedef struct fmx_library_entry {
    char *name;
    char *synonyms; /**< separated by "; ", "" where there are none */
    char *source;
    size_t compound;
    double protons;
    size_t first_multiplet; /**< by rising ppm */
    size_t multiplet_count;
    double width_hz; /**< full width at half height that its lines have already (a measured
                          spectrum); 0: they are sharp */
    bool is_between; /**< nobody measured it: it lies between two variants */
} fmx_library_entry;

typedef struct fmx_library_compound {
    char *name;
    char *also; /**< other names whose lines are the same (enantiomers, spellings), separated by
                     "; ", "" where there are none */
    size_t first_entry;
    size_t entry_count;
} fmx_library_compound;

typedef struct fmx_library {
    double field_mhz; /**< 1H frequency of 0 ppm that the lines hold for */
    double gap_ppm;   /**< lines further apart belong to different multiplets */
    fmx_library_compound *compound;
    size_t compounds;
    fmx_library_entry *entry; /**< those of one compound follow each other */
    size_t entries;
    fmx_library_multiplet *multiplet;
    size_t multiplets;
    double *line_ppm;
    float *line_protons;
    size_t lines;
} fmx_library;

typedef struct fmx_library_options {
    double field_mhz;
    double gap_ppm;    /**< lines further apart belong to different multiplets; 0: 0.025 ppm, and
                            at least 18 Hz, wider than any coupling between protons */
    double weak_share; /**< the weakest lines that together hold this share of an entry's protons
                            are left out, the others scaled up */
    bool between;      /**< entries between neighbouring variants of a compound whose shifts
                            differ by 0.03 to 0.6 ppm: in fast exchange the shifts of a sample lie
                            anywhere between those of both states */
} fmx_library_options;

#define FMX_LIBRARY_DEFAULT                                                                        \
    {                                                                                              \
        600, 0, 0.002, true                                                                        \
    }

/** Which spin systems describe one compound: compound_of[i] is the index of the first of them. Two
 *  do when a name of one (its name, without " (entry)" at its end and without what follows " - ",
 *  or a synonym) is the name of the other, letter case ignored. */
void fmx_library_group(const fmx_spin_library *spins, size_t *compound_of);

/** Makes a library of the compounds that spin systems [0, spins->count) belong to; `keep` [count]
 *  says which ones (NULL: all). Compounds that nobody can tell apart (as many multiplets, middles
 *  within 0.008 ppm, protons within 15 %, patterns alike) become variants of one, under the
 *  shortest name of those that are metabolites, else the first one's; the message log says how
 * many. A system that cannot be solved is left out with a warning; *left_out (NULL: not wanted)
 * counts them. options NULL: the defaults. Release *out with fmx_library_release. Errors:
 * FMX_ERROR_ARGUMENT (naming the option), FMX_ERROR_UNSUPPORTED (none could be solved),
 * FMX_ERROR_MEMORY, FMX_ERROR_INTERRUPTED.
 */
fmx_status fmx_library_build(fmx_context *ctx, const fmx_spin_library *spins, const bool *keep,
                             const fmx_library_options *options, fmx_library **out,
                             size_t *left_out);

/** A measured spectrum of one pure compound. */
typedef struct fmx_library_spectrum {
    const char *name;
    const char *source;
    double field_mhz;   /**< frequency of 0 ppm; 0: not known */
    double protons;     /**< of the compound; 0: as the library has them under this name, else 1 */
    double noise_sigma; /**< standard deviation of its noise; 0: it has none */
    const float *value; /**< [points], phased, with a flat baseline */
    const double *ppm;  /**< [points], descending */
    size_t points;
} fmx_library_spectrum;

typedef struct fmx_library_region {
    double low_ppm;
    double high_ppm;
} fmx_library_region;

typedef struct fmx_library_measured {
    double field_mhz;                   /**< of the library, where there is none yet */
    double gap_ppm;                     /**< likewise; 0: as fmx_library_options */
    const fmx_library_region *left_out; /**< [left_out_count]: solvent, reference */
    size_t left_out_count;
} fmx_library_measured;

/** Makes a library of `base` (NULL: nothing) and measured spectra, each an entry "NAME (measured)"
 *  of the compound that is called so, or of a new one. Points above 5 sigma and 0.2 % of the
 *  highest become narrow lines, split into multiplets where the gap says so; multiplets of less
 *  than 1 % of the area are left out (satellites of 13C), so are those of DSS beside a line at 0
 * ppm, and the regions named. The entry keeps the width that its lines have: a quarter of those
 * that stand alone are narrower. A spectrum without signal or with values that are not finite is
 * left out with a warning; *left_out (NULL: not wanted) counts them. Release *out with
 * fmx_library_release. Errors: FMX_ERROR_UNSUPPORTED (a spectrum of another field),
 * FMX_ERROR_FORMAT (none could be used), FMX_ERROR_ARGUMENT, FMX_ERROR_MEMORY. */
fmx_status fmx_library_add_measured(fmx_context *ctx, const fmx_library *base,
                                    const fmx_library_spectrum *spectrum, size_t count,
                                    const fmx_library_measured *options, fmx_library **out,
                                    size_t *left_out);

/** Writes a library to a file that must not exist yet; whole or not at all. Errors:
 *  FMX_ERROR_EXISTS, FMX_ERROR_WRITE, FMX_ERROR_MEMORY. */
fmx_status fmx_library_write(fmx_context *ctx, const fmx_library *library, const char *path);

/** Reads a library. Errors: FMX_ERROR_NOT_FOUND, FMX_ERROR_READ, FMX_ERROR_FORMAT,
 *  FMX_ERROR_UNSUPPORTED, FMX_ERROR_MEMORY. Release *out with fmx_library_release. */
fmx_status fmx_library_read(fmx_context *ctx, const char *path, fmx_library **out);

/** NULL is allowed. */
void fmx_library_release(fmx_library *library);

/** Index of the compound with this name or, where none has it, of one with this name among its
 *  others or with an entry of this name or synonym; letter case ignored. False when there is none.
 */
bool fmx_library_find(const fmx_library *library, const char *name, size_t *compound);

#ifdef __cplusplus
}
#endif
#endif
