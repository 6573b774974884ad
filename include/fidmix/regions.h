/** @file regions.h
 *  Regions: what of a compound's spectrum is its own, docs/stages/regions.md.
 */
#ifndef FIDMIX_REGIONS_H
#define FIDMIX_REGIONS_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_regions_action {
    FMX_REGIONS_KEEP,    /**< points outside the regions are replaced, as published */
    FMX_REGIONS_EXCLUDE, /**< points inside are */
} fmx_regions_action;

typedef enum fmx_regions_fill {
    FMX_REGIONS_NOISE, /**< Gaussian noise of row.noise_sigma around zero */
    FMX_REGIONS_ZERO,
} fmx_regions_fill;

typedef enum fmx_regions_offset {
    FMX_REGIONS_EDGE, /**< minus the value at the region's first edge (highest ppm), as published */
    FMX_REGIONS_LINE, /**< minus the straight line between the values at both edges */
    FMX_REGIONS_NONE,
} fmx_regions_offset;

typedef enum fmx_regions_water {
    FMX_REGIONS_WATER_KEEP, /**< treated as any other points */
    FMX_REGIONS_WATER_ZERO,
    FMX_REGIONS_WATER_NOISE, /**< needs fill noise */
} fmx_regions_water;

/** Options of regions. */
typedef struct fmx_regions {
    char file[256];        /**< table for recipes, see fmx_region_table_read; not read otherwise */
    int action;            /**< fmx_regions_action */
    int fill;              /**< fmx_regions_fill */
    int offset;            /**< fmx_regions_offset; kept regions only */
    int64_t edge_points;   /**< the value at an edge is the mean of so many points */
    int water;             /**< fmx_regions_water, for every row, also one without regions */
    double water_from_ppm; /**< residual water, ppm */
    double water_to_ppm;
} fmx_regions;

/** The published values. */
#define FMX_REGIONS_DEFAULT                                                                        \
    {                                                                                              \
        "", FMX_REGIONS_KEEP, FMX_REGIONS_NOISE, FMX_REGIONS_EDGE, 1, FMX_REGIONS_WATER_KEEP, 4.5, \
            5.5                                                                                    \
    }

/** One line of a table. */
typedef struct fmx_region {
    char name[128]; /**< of the row, letter case ignored */
    double min_ppm;
    double max_ppm;
} fmx_region;

typedef struct fmx_region_table {
    fmx_region *region;
    size_t count;
} fmx_region_table;

/** Reads a table: CSV with the columns name, min_ppm, max_ppm, named so in its first line; one line
 *  per region, any number per name; lines that begin with # are comments. Release with
 *  fmx_region_table_clear, also after an error. Errors: FMX_ERROR_NOT_FOUND, FMX_ERROR_READ,
 *  FMX_ERROR_FORMAT (naming the line), FMX_ERROR_MEMORY. */
fmx_status fmx_region_table_read(fmx_context *ctx, const char *path, fmx_region_table *out);
void fmx_region_table_clear(fmx_region_table *table);

/** Replaces what the table does not give to a row's name, on the row's own axis, in place; a
 * complex batch becomes real first. Regions of a name that overlap are one. A row whose name is not
 * in the table stays (but for water), and the log says so; as it does where noise is to be filled
 * in and noise_sigma is not known (then zeros are). Draws: purpose REGIONS, draw 0, by point.
 *  Errors: FMX_ERROR_SHAPE (time domain), FMX_ERROR_ARGUMENT, device errors. */
fmx_status fmx_apply_regions(fmx_signal *signal, const fmx_regions *options,
                             const fmx_region_table *table);

#ifdef __cplusplus
}
#endif
#endif
