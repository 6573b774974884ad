/** @file fid.h
 *  What an instrument wrote: free induction decays, and spectra that its software processed.
 *
 *  A reader recognises a format by content, not by name. Data come back as the points that were
 *  acquired: byte order, padding and quantisation are undone, the digital filter's group delay is
 *  not (see `group_delay`).
 */
#ifndef FIDMIX_FID_H
#define FIDMIX_FID_H

#include <stdbool.h>
#include <stddef.h>

#include "fidmix/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_kind {
    FMX_KIND_FID,      /**< time domain */
    FMX_KIND_SPECTRUM, /**< frequency domain, as the vendor's software processed it */
    FMX_KIND_DATASET,
    FMX_KIND_MODEL,
    FMX_KIND_RECIPE,
} fmx_kind;

/** A zip archive that was unpacked to be read; what is in it is private. */
typedef struct fmx_archive fmx_archive;

/** Where a FID or spectrum lies. `path` names what a user would name: the Bruker experiment folder
 *  (".../7", not ".../7/fid"), for a processed spectrum its ".../7/pdata/1" folder, and for what
 *  lies in a zip archive the archive and the path in it ("measured.zip/sample/7"). */
typedef struct fmx_source {
    char *path;
    const char *format; /**< "bruker", ...: static storage, as in `fidmix info --json` */
    fmx_kind kind;
    const fmx_archive *archive; /**< that it lies in, of the list that it came in; NULL: none */
} fmx_source;

/** A growing list of sources, in the order of their paths (byte-wise; numbers by value). */
typedef struct fmx_source_list {
    fmx_source *item;
    size_t count;
    size_t capacity;
    fmx_archive *archive; /**< those unpacked for the sources; removed by fmx_source_list_clear */
} fmx_source_list;

/** One FID (kind FMX_KIND_FID) or processed spectrum (FMX_KIND_SPECTRUM). */
typedef struct fmx_fid {
    char *path;         /**< as found below the path that was given */
    char *name;         /**< sample: nearest folder above the data whose name is not a number */
    const char *format; /**< static storage */
    fmx_kind kind;
    char nucleus[16]; /**< "1H", "13C", ...; empty when the file does not say */
    size_t points;    /**< complex points of a FID; points of a spectrum */
    bool is_complex;  /**< a spectrum may be real only (1r without 1i); a FID is always complex */
    float *data;      /**< [points][2] (re, im), or [points] when !is_complex; NULL when only the
                           parameters were asked for. A spectrum runs from high to low ppm and has
                           the imaginary sign of the forward transform in signal.h. */
    double sw_hz;     /**< spectral width, Hz */
    double obs_mhz;   /**< transmitter frequency, MHz (Bruker SFO1): the centre of the spectrum */
    double base_mhz;  /**< nominal frequency of 0 ppm, MHz (Bruker BF1); of a spectrum the one that
                           its axis stands on (SF) */
    double reference_mhz; /**< frequency of 0 ppm where the user set one in the vendor's software
                               (Bruker SF in pdata/1/procs, unless it equals BF1); 0: not known */
    bool reversed;        /**< FID: it turns the other way (data of another maker, Bruker REVERSE):
                               `data` are as acquired, fmx_signal_load takes the conjugate */
    double group_delay;   /**< points of digital-filter delay to remove; 0: none */
    double ppm_first;     /**< spectrum: chemical shift of point 0, ppm */
    double ppm_step;      /**< spectrum: from one point to the next, ppm (negative) */
    int scans;
    char *solvent; /**< UTF-8, never NULL once read */
    char *title;   /**< UTF-8, lines joined by " / ", never NULL once read */
} fmx_fid;

/** What fmx_fid_read brings. */
typedef enum fmx_read_depth {
    FMX_READ_PARAMETERS, /**< everything but `data` */
    FMX_READ_DATA,
} fmx_read_depth;

/** Appends every FID and processed spectrum at or below `path` to `list`. A Bruker experiment with
 * a FID is one source of kind FID; its processed spectra become sources of their own only where
 *  `with_processed` is set or there is no FID. Symbolic links are followed once; loops and devices
 *  are skipped. Zip archives are unpacked into a folder below $TMPDIR (or /tmp), which
 *  fmx_source_list_clear removes; `path` may also lead into one. One that is refused is an error
 *  where it was named, and below a folder a source whose reading fails. A tree without any source
 *  is no error: the list stays as it was. Errors: FMX_ERROR_NOT_FOUND (no such path),
 *  FMX_ERROR_READ, of a named archive FMX_ERROR_FORMAT and FMX_ERROR_UNSUPPORTED, FMX_ERROR_WRITE
 *  (no room to unpack one). */
fmx_status fmx_source_find(fmx_context *ctx, const char *path, bool with_processed,
                           fmx_source_list *list);

/** Releases the items of a list with what was unpacked for them and empties it. */
void fmx_source_list_clear(fmx_source_list *list);

/** Reads one source into *out (released with fmx_fid_clear, also after an error).
 *  Errors: FMX_ERROR_NOT_FOUND (a file went away), FMX_ERROR_READ, FMX_ERROR_FORMAT (the message
 *  names file, field and offset), FMX_ERROR_UNSUPPORTED, FMX_ERROR_MEMORY. */
fmx_status fmx_fid_read(fmx_context *ctx, const fmx_source *source, fmx_read_depth depth,
                        fmx_fid *out);

/** Releases what a fmx_fid holds and zeroes it. */
void fmx_fid_clear(fmx_fid *fid);

/** Writes a FID as Bruker experiment folder `folder` (fid, acqus, acqu, pdata/1/{procs,proc,title})
 *  that TopSpin and nmrglue open: little-endian int32 (DTYPA 0), values scaled by a power of two
 *  (NC) so that the largest uses 24 to 29 bits; GRPDLY and the matching DECIM/DSPFVS say the group
 *  delay. Each file is written beside, synced and renamed. Errors: FMX_ERROR_EXISTS when `folder`
 *  holds a fid already, FMX_ERROR_WRITE. */
fmx_status fmx_bruker_write(fmx_context *ctx, const char *folder, const fmx_fid *fid);

#ifdef __cplusplus
}
#endif
#endif
