/* What the files of the spin simulation share. */
#ifndef FIDMIX_SPINS_INTERNAL_H
#define FIDMIX_SPINS_INTERNAL_H

#include "base.h"
#include "fidmix/spins.h"

enum { FMX__CLUSTER_MOST_GROUPS = 16, FMX__CLUSTER_MOST_STATES = 1 << 14 };

/* Groups whose couplings among each other are treated exactly. */
typedef struct fmx__spin_cluster {
    size_t groups;
    int n[FMX__CLUSTER_MOST_GROUPS];
    double hz[FMX__CLUSTER_MOST_GROUPS]; /* shift times field */
    double j_hz[FMX__CLUSTER_MOST_GROUPS][FMX__CLUSTER_MOST_GROUPS];
} fmx__spin_cluster;

/* Lines under construction; capacity grows. */
typedef struct fmx__line_sink {
    fmx_line *line;
    size_t count;
    size_t capacity;
    double cutoff; /* weaker transitions are left out */
} fmx__line_sink;

/* Appends the lines of a cluster, each with intensity times `weight`; without a cutoff they add up
 * to weight times its number of spins. */
fmx_status fmx__cluster_lines(fmx_context *ctx, const fmx__spin_cluster *cluster, double weight,
                              fmx__line_sink *sink);

/* Work of fmx__cluster_lines: the sum over blocks of (block size)^3, over all total spins. */
double fmx__cluster_cost(const fmx__spin_cluster *cluster);

fmx_status fmx__line_append(fmx_context *ctx, fmx__line_sink *sink, double hz, double intensity);

/* Sorts by frequency and merges lines within merge_hz into their centre of gravity, in place. */
void fmx__lines_merge(fmx__line_sink *sink, double merge_hz);

/* n choose k, for n up to 60. */
double fmx__binomial(int n, int k);

/* Groups equivalent spins: class_of[i] is the index of the first spin that spin i is equivalent to.
 * Spins are equivalent when their shifts are equal and each has the same coupling to every spin
 * outside the group. j_hz is [spins][spins], symmetric. */
void fmx__find_equivalent(const double *ppm, const double *j_hz, size_t spins, size_t *class_of);

/* Appends an empty compound to the library; released with it. */
fmx_status fmx__compound_append(fmx_context *ctx, fmx_spin_library *library, fmx_compound **out);

/* Readers of the two forms; text ends with a zero byte and may be changed. */
fmx_status fmx__spins_read_table(fmx_context *ctx, const char *path, char *text,
                                 fmx_spin_library *out);
fmx_status fmx__spins_read_yaml(fmx_context *ctx, const char *path, const char *text, size_t bytes,
                                fmx_spin_library *out);

#endif
