/* Phase correction with angles of each row's own, host/signal/phase.c. */
#ifndef FIDMIX_PHASE_ROWS_H
#define FIDMIX_PHASE_ROWS_H

#include "fidmix/device.h"

/* data[row][j] *= exp(i pi/180 (p0_deg[row] + p1_deg[row] j / points)), data complex64
 * [rows][points]; the angles are host arrays, copied before the call returns. Only enqueues.
 * Errors: FMX_ERROR_ARGUMENT (an angle that is not finite), FMX_ERROR_SHAPE, device errors. */
fmx_status fmx__phase_rows(fmx_buffer *data, size_t rows, size_t points, const double *p0_deg,
                           const double *p1_deg, fmx_device *device);

#endif
