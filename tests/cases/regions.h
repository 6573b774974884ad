/* Cases of regions, shared by test and benchmark. */
#ifndef FMX_CASES_REGIONS_H
#define FMX_CASES_REGIONS_H

#include "fidmix/regions.h"

typedef struct fmx_case_regions {
    const char *name;
    size_t rows;
    size_t points; /* from 12 (and a little more) to -1 ppm; row i is named by i % 3: none, a, b */
    fmx_regions options;
    int bench; /* measured by the benchmark */
} fmx_case_regions;

#define FMX_REGIONS_WITH(action, fill, offset, edge_points, water)                                 \
    {                                                                                              \
        "", FMX_REGIONS_##action, FMX_REGIONS_##fill, FMX_REGIONS_##offset, edge_points,           \
            FMX_REGIONS_WATER_##water, 4.5, 5.5                                                    \
    }

/* "a" has regions that overlap, touch water, reach past the axis and hold less than a point; "b"
 * one.
 */
static const fmx_region fmx_case_region[] = {
    {"a", 1.2, 1.4},   {"A", 1.35, 1.6}, {"a", 4.0, 4.8}, {"a", 5.6, 5.60001},
    {"a", 11.5, 20.0}, {"b", 7.0, 7.5},  {"c", 0.0, 10.0}};

/* Blocks of 4 points, 16 blocks an item of the wide variant. */
static const fmx_case_regions fmx_cases_regions[] = {
    {"one point", 3, 1, FMX_REGIONS_WITH(KEEP, NOISE, EDGE, 1, KEEP), 0},
    {"tile - 1", 3, 63, FMX_REGIONS_WITH(KEEP, NOISE, LINE, 1, KEEP), 0},
    {"tile", 3, 64, FMX_REGIONS_WITH(KEEP, NOISE, EDGE, 2, KEEP), 0},
    {"tile + 1", 3, 65, FMX_REGIONS_WITH(EXCLUDE, NOISE, EDGE, 1, KEEP), 0},
    {"prime", 5, 4099, FMX_REGIONS_WITH(KEEP, NOISE, EDGE, 1, KEEP), 0},
    {"lines", 5, 4099, FMX_REGIONS_WITH(KEEP, ZERO, LINE, 8, KEEP), 0},
    {"no offset", 4, 1009, FMX_REGIONS_WITH(KEEP, NOISE, NONE, 1, NOISE), 0},
    {"water zero", 4, 1009, FMX_REGIONS_WITH(KEEP, NOISE, NONE, 1, ZERO), 0},
    {"exclude, water", 4, 1009, FMX_REGIONS_WITH(EXCLUDE, NOISE, EDGE, 1, ZERO), 0},
    {"published", 64, 65536, FMX_REGIONS_DEFAULT, 1},
};

#endif
