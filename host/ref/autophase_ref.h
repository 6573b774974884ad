/* Twin of kernels/autophase.cl: the pieces of one row, in double. Phases are in turns. */
#ifndef FIDMIX_AUTOPHASE_REF_H
#define FIDMIX_AUTOPHASE_REF_H

#include <stdbool.h>
#include <stddef.h>

enum { FMX_REF_LINES = 128, FMX_REF_HALF = 191, FMX_REF_TAPS_HALF = 20 };

/* Facts of a row; see docs/stages/autophase.md. */
typedef struct fmx_ref_autophase_row {
    size_t dec;
    size_t m;
    size_t first;
    size_t end;
    size_t skip_first;
    size_t skip_end;
    size_t lag_coarse;
    size_t lag_fine;
    size_t apart;
    double h_hz;
    double x_first;
    double x_step;
    double noise;
    size_t apart_rest;
} fmx_ref_autophase_row;

typedef struct fmx_ref_line {
    double a;
    double f_hz;
    double w_hz;
    double error_rad;
    double variance;
    double turns;
} fmx_ref_line;

bool fmx_ref_autophase_used(const fmx_ref_autophase_row *row, size_t k, size_t margin);

/* z [m][2] = means of dec points of data. */
void fmx_ref_autophase_decimate(double *z, const float *data, const fmx_ref_autophase_row *row);

/* |G| at the coarse lag (turns NULL), or Re(G exp(-2 pi i (turns[0] + turns[1] x))) at the fine
 * one; NaN where a point is not used. */
void fmx_ref_autophase_difference(double *out, const float *z, const fmx_ref_autophase_row *row,
                                  const double *turns);

/* moments [blocks][2], and from them the start. */
void fmx_ref_autophase_blocks(double *moments, const float *z, double median, size_t blocks,
                              const fmx_ref_autophase_row *row);
void fmx_ref_autophase_start(double turns[2], const float *moments, size_t blocks,
                             const fmx_ref_autophase_row *row);

/* Peaks of d above least, none higher within apart points, at most FMX_REF_LINES, in ascending
 * order; returns how many. */
size_t fmx_ref_autophase_peaks(size_t *centres, const float *d, double least, size_t apart,
                               const fmx_ref_autophase_row *row);

/* The window about a centre, without mean and slope: window [2 HALF + 1][2]; and the line's start.
 */
void fmx_ref_autophase_window(double *window, fmx_ref_line *line, const float *z, size_t centre,
                              const double turns[2], const fmx_ref_autophase_row *row);

/* One step of line i of n; window is its own. */
fmx_ref_line fmx_ref_autophase_fit(const fmx_ref_line *line, const size_t *centres, size_t n,
                                   size_t i, const double *window, double noise, bool moves,
                                   const fmx_ref_autophase_row *row);

/* Moves turns by the robust straight line through the lines' errors. */
void fmx_ref_autophase_update(double turns[2], const fmx_ref_line *line, const size_t *centres,
                              size_t n, double prior_rad, const fmx_ref_autophase_row *row);

/* What n lines leave of z: rest [3][m], real part, imaginary part, and 1 / (1 + (f / 5 Hz)^2) times
 * the amplitude summed over lines. */
void fmx_ref_autophase_rest(double *rest, const float *z, const fmx_ref_line *line,
                            const size_t *centres, size_t n, const fmx_ref_autophase_row *row);

/* The amplitude that fits rest [3][stride] best at each point, turned back, minus 2 % of the third
 * plane; NaN where a point is not used. */
void fmx_ref_autophase_seek(double *out, const float *rest, size_t stride, const double turns[2],
                            const fmx_ref_autophase_row *row);

/* Sum of (Re G)^3 after phasing. */
double fmx_ref_autophase_cubes(const float *z, const double turns[2],
                               const fmx_ref_autophase_row *row);

/* ACME's objective of z [n][2] turned back by turns[0] + turns[1] j / n: entropy of the normalised
 * |differences| / 2, plus 1000 times the squares of what is negative, over n and the maximum. */
double fmx_ref_autophase_acme(const float *z, size_t n, const double turns[2]);

/* Sum of what is negative of z turned back, over the points of the region. */
double fmx_ref_autophase_negative(const float *z, const double turns[2],
                                  const fmx_ref_autophase_row *row);

/* z without its local baseline: the mean of 19 blocks of 32 points about each point's block,
 * weights 1 / (1 + (|G| / 3 s)^2)^2, s = median / 1.1774; 0 where a point is not used. */
void fmx_ref_autophase_leveled(double *out, const float *z, double median,
                               const fmx_ref_autophase_row *row);

#endif
