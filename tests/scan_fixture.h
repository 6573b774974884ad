/* A library of random multiplets for tests and benchmarks of what looks for them. */
#ifndef FMX_SCAN_FIXTURE_H
#define FMX_SCAN_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "fidmix/library.h"

/* `entries` compounds of one entry each, 2 to 8 multiplets at places from 0.8 to 4.6 and, every
 * fourth, 5 to 9.4 ppm: single lines, doublets, triplets, doublets of doublets, and multiplets of
 * up to 48 lines. The same for the same seed. NULL without memory; release with
 * fmx_library_release. */
fmx_library *fmx_scan_library(size_t entries, double field_mhz, uint64_t seed);

#endif
