/* All stages that a recipe's `process` list may name. */
#include "stage.h"

const fmx__stage *const fmx__stages[] = {
    &fmx__stage_apodisation,
    &fmx__stage_real_part,
};
const size_t fmx__stage_count = FMX__COUNT(fmx__stages);
