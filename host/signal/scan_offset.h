/* What the hits of multiplet_scan say of one spectrum: how far its reference is off, and which
 * compounds may be in it. docs/stages/multiplet_scan.md. */
#ifndef FIDMIX_SCAN_OFFSET_H
#define FIDMIX_SCAN_OFFSET_H

#include "multiplet_scan.h"

/* The hits of one spectrum. */
typedef struct fmx__scan_list {
    const fmx__pattern_table *table;
    size_t width;                  /* index, as it was scanned with */
    const uint32_t (*pair)[2];     /* [count]: spectrum, pattern */
    const fmx__scan_hit (*hit)[2]; /* [count] */
    size_t count;
} fmx__scan_list;

/* How likely a multiplet is found `distance_points` from where it is expected, 1 at 0: what the
 * kernel weighs amplitudes with. */
double fmx__scan_prior(double distance_points);

/* The shift in points that the multiplets of most entries share: the mode of the second hits'
 * shifts within +-reach (of the scan) around its centre. A hit weighs r^8, times 0.3 for a single
 * line, times height / 30 below 30 sigma. Of an entry with n >= 2 multiplets in the list (they
 * follow each other there) the weights, smoothed over shifts by a Gaussian of 4 points and divided
 * by n, are its agreement, at most 1; an entry adds n times its square, so that compounds that are
 * not there, whose multiplets fit here and there, hardly count, however many there are; entries
 * that nobody measured (is_between) do not. *clear is false unless the sum is at least 1 and
 * stands out of that at other shifts by four standard deviations; where nothing agrees at all the
 * centre is returned. */
double fmx__scan_offset(const fmx__scan_list *list, double centre, size_t reach, bool *clear);

/* What a compound is worth. */
typedef struct fmx__scan_score {
    float weakest;  /* amplitude times prior of the weakest multiplet of its best entry; 0: none */
    uint32_t entry; /* of the library; UINT32_MAX: none of its multiplets was looked for */
} fmx__scan_score;

/* Scores [library->compounds] of all compounds: of an entry the smallest amplitude times prior
 * around `centre` over its multiplets in the list; where those are five or more, the larger of that
 * and 0.6 of the second smallest; of a compound its best entry. Multiplets outside of the axis do
 * not count. Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__scan_compounds(fmx_context *ctx, const fmx__scan_list *list, double centre,
                               fmx__scan_score *score);

#endif
