/* Twin of kernels/phase.cl. */
#ifndef FIDMIX_PHASE_REF_H
#define FIDMIX_PHASE_REF_H

#include <stddef.h>

/* One row, data [points][2], in place: data[j] *= exp(i pi/180 (p0_deg + p1_deg j / points)). */
void fmx_ref_phase(float *data, size_t points, double p0_deg, double p1_deg);

#endif
