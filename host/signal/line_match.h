/* Where the multiplets of known compounds lie in a spectrum: how far it is referenced otherwise
 * than the library, and how far each compound lies from its place there. On the host, in double.
 *
 * A library spectrum is cut into multiplets at gaps of 0.025 ppm without signal. Moved by d, a
 * multiplet is there with the amplitude A(d): of the ratios of spectrum to multiplet over its
 * points above 0.3 of its highest one the 15 % quantile, so that other signals on top of some of
 * the points do not matter, but what lacks a line is not there. Its place is the d within 0.04 ppm
 * where A(d) times a prior is greatest, between points by a parabola. It is believed with the
 * weight r^8, r the correlation of spectrum and multiplet there, 0.006 ppm around it included. */
#ifndef FIDMIX_LINE_MATCH_H
#define FIDMIX_LINE_MATCH_H

#include "base.h"
#include "fidmix/library.h"

/* Share of a multiplet's highest point above which its points are counted. */
#define FMX__LINE_COUNTED 0.3

typedef struct fmx__multiplet {
    size_t compound;
    size_t point; /* first one, 0.006 ppm before it begins */
    size_t count;
    size_t first;   /* of its heights */
    size_t counted; /* those above 0.3 of the highest */
    double highest;
    double area;
    bool lines; /* several: it is told from others by more than its place */
} fmx__multiplet;

typedef struct fmx__line_library {
    size_t compounds;
    size_t points;
    double step_ppm; /* between points, above zero; spectra descend */
    fmx__multiplet *multiplet;
    size_t multiplets;
    size_t multiplet_capacity;
    double *height; /* [heights] of all multiplets */
    size_t heights;
    size_t height_capacity;
} fmx__line_library;

/* Reads the pure spectra of `name[compounds]` on the axis ppm[points], from what `fidmix library`
 * writes (lines of 1.3 Hz; of several variants the first) or from a dataset on that axis, where
 * several of one name are averaged. Others do not count. Release with fmx__line_library_clear, also
 * after an error. Errors: FMX_ERROR_FORMAT (another axis; none of the names), those of reading. */
fmx_status fmx__line_library_read(fmx_context *ctx, const char *path, const char *const *name,
                                  size_t compounds, const double *ppm, size_t points,
                                  fmx__line_library *out);
void fmx__line_library_clear(fmx__line_library *library);

/* The same from lines in memory. Compounds that they lack have no multiplets. Errors:
 * FMX_ERROR_MEMORY. */
fmx_status fmx__line_library_draw(fmx_context *ctx, const fmx_library *from,
                                  const char *const *name, size_t compounds, const double *ppm,
                                  size_t points, fmx__line_library *out);

/* A spectrum's places are the library's plus *offset_ppm: the mode of the places of all multiplets
 * that rise above the noise, by their weights (single lines by 0.3 of it), smoothed by 0.002 ppm.
 * Multiplets that are not there vote too, but anywhere: *clear is false, and the offset 0, where
 * the mode is below twice the mean. spectrum[library->points]. Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__line_offset(fmx_context *ctx, const fmx__line_library *library,
                            const float *spectrum, double *offset_ppm, bool *clear);

/* A spectrum with its noise, ready for questions about compounds. */
typedef struct fmx__line_search fmx__line_search;

/* spectrum[library->points] and the library must outlive *out. Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__line_search_open(fmx_context *ctx, const fmx__line_library *library,
                                 const float *spectrum, fmx__line_search **out);
void fmx__line_search_close(fmx__line_search *search); /* NULL is allowed */

/* How far each of the compounds wanted[wanted_count] lies above its place in the library:
 * shift_ppm[i], the mean over its multiplets by area and weight, each with the prior 0.65 N(0.006)
 * + 0.35 N(0.022) ppm; NAN where none of them rises above the noise. */
void fmx__line_shifts(fmx__line_search *search, const size_t *wanted, size_t wanted_count,
                      double *shift_ppm);

/* What a spectrum says of a compound. */
typedef struct fmx__line_support {
    size_t multiplets;
    size_t lacking;   /* of them, those that ought to rise ten sigma above the noise, by the
                         compound's tallest multiplet, and nowhere within 0.04 ppm rise four */
    bool single_line; /* it has one multiplet, and that one line */
    double explained; /* share of the spectrum's signal that its lines explain at most, by the
                         amplitude of its tallest multiplet */
} fmx__line_support;

/* support[wanted_count]: whether all multiplets of the compounds wanted[wanted_count] are there. */
void fmx__line_supports(fmx__line_search *search, const size_t *wanted, size_t wanted_count,
                        fmx__line_support *support);

/* Moves a spectrum by -offset_ppm in place, so that what lay at the library's place plus the offset
 * lies at the library's place; linear between points, 0 beyond the ends. */
void fmx__line_move(float *spectrum, size_t points, double step_ppm, double offset_ppm);

#endif
