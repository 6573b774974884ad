/* What every kind of model is read from: the recipe, the graph and the weights of one file. */
#ifndef FIDMIX_MODEL_NETWORK_H
#define FIDMIX_MODEL_NETWORK_H

#include "model.h"

/* Starts as zeros; release with fmx__model_network_clear. */
typedef struct fmx__model_network {
    fmx_device *device;
    fmx_context *ctx;
    fmx__model_facts facts;
    fmx__recipe recipe;
    fmx__graph graph;
    fmx__weights weights;
    fmx__model_heads heads;
    fmx__op_step step;
} fmx__model_network;

/* The facts of a file, and the recipe they hold; where they hold none, it stays empty. Both are to
 * be released, also after an error. Errors: FMX_ERROR_FORMAT, FMX_ERROR_RECIPE. */
fmx_status fmx__model_read_recipe(fmx_context *ctx, const char *path, const fmx__safetensors *file,
                                  fmx__model_facts *facts, fmx__recipe *recipe);

/* Opens the file and reads facts and recipe; close the file when all is read. */
fmx_status fmx__model_network_open(fmx_device *device, const char *path, fmx__safetensors **file,
                                   fmx__model_network *network);

/* The graph of the recipe for an input of that shape, and its heads. */
fmx_status fmx__model_network_build(fmx__model_network *network, size_t channels, size_t positions);

/* The weights of the file, on the device. */
fmx_status fmx__model_network_read(fmx__model_network *network, fmx__safetensors *file);
void fmx__model_network_clear(fmx__model_network *network);

/* What fmx__model_set does. */
fmx_status fmx__model_network_set(fmx__model_network *net, const char *assignment);

#endif
