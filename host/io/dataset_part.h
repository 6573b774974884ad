/* The folder of an unfinished dataset. */
#ifndef FIDMIX_DATASET_PART_H
#define FIDMIX_DATASET_PART_H

#include "dataset_writer.h"

/* Makes or enters the folder, takes its lock and compares its plan; with resume, finds the rows
 * that are stored. *complete is set when the output is there already. Errors: FMX_ERROR_EXISTS,
 * FMX_ERROR_WRITE, FMX_ERROR_READ. */
fmx_status fmx__part_enter(fmx_dataset_writer *w, bool resume, bool *complete);

/* Removes the folder; nothing in it is needed any more. */
void fmx__part_remove(fmx_dataset_writer *w);

#endif
