/* What a model file says besides its tensors: all that `identify` needs to use it on its own.
 *
 * A model is a safetensors file with PyTorch's names, shapes and layouts; the facts are texts of
 * its metadata: `fidmix.version`, `fidmix.recipe` (full text), `fidmix.classes` (JSON list of
 * names), `fidmix.axis` (JSON object), `fidmix.threshold` (number), `fidmix.tile_set`,
 * `fidmix.history` (CSV), `fidmix.layers` (JSON list). Tensors whose names begin with "fidmix." are
 * no parameters: the state of an optimiser, for instance. */
#ifndef FIDMIX_MODEL_FILE_H
#define FIDMIX_MODEL_FILE_H

#include "safetensors.h"

enum { FMX__MODEL_CLASSES_MOST = 65536, FMX__MODEL_LAYERS_MOST = 4096 };

/* The axis that spectra must have; as `axis` of the recipe. */
typedef struct fmx__model_axis {
    char nucleus[16]; /* "1H" */
    double first_ppm;
    double last_ppm;
    size_t points; /* 0: not stated */
} fmx__model_axis;

/* One line of the network's drawing. Its tensors are those called "<name>.<something>". */
typedef struct fmx__model_layer {
    char *name;
    char *op;                            /* "conv1d"; "" where the file does not say */
    size_t rank;                         /* of its output, without the batch; 0: not stated */
    size_t shape[FMX__TENSOR_RANK_MOST]; /* [channel][position] or [feature], before it the parts of
                                            a folded value */
    size_t parameters;                   /* of its tensors; filled by reading */
} fmx__model_layer;

/* Texts are owned and may be NULL where the file does not say. */
typedef struct fmx__model_facts {
    char *version; /* of fidmix; writing sets it */
    char *recipe;
    char **class_name; /* [classes] */
    size_t classes;
    fmx__model_axis axis;
    double threshold; /* probability above which a class is present, 0 to 1; NaN: not stated */
    char *tile_set;
    char *history;
    fmx__model_layer *layer; /* [layers], in the network's order */
    size_t layers;
    size_t parameters;           /* as Keras counts them: running means and variances included */
    size_t trainable_parameters; /* without those; both filled by reading */
} fmx__model_facts;

/* Facts that state nothing. */
extern const fmx__model_facts fmx__model_facts_none;

/* Reads the facts of an open file; a file of others has none of the texts, and layers by the names
 * of its tensors. *out is overwritten; release with fmx__model_facts_clear, also after an error.
 * Errors: FMX_ERROR_FORMAT (file and key), FMX_ERROR_MEMORY. */
fmx_status fmx__model_facts_read(fmx_context *ctx, const char *path, const fmx__safetensors *file,
                                 fmx__model_facts *out);

void fmx__model_facts_clear(fmx__model_facts *facts);

/* The facts as metadata for fmx__safetensors_plan: *out is [*count], one piece of memory released
 * with fmx__model_metadata_clear. What is not stated is left out. Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__model_metadata(fmx_context *ctx, const fmx__model_facts *facts,
                               fmx__text_pair **out, size_t *count);
void fmx__model_metadata_clear(fmx__text_pair *metadata, size_t count);

/* True for tensors that count as parameters, and as trainable ones: not the running statistics of
 * batch normalisation. */
bool fmx__model_is_parameter(const char *tensor);
bool fmx__model_is_trainable(const char *tensor);

/* Fails unless spectra of that axis fit the model: same nucleus and points, ends within half a
 * point. `what` names them in the message. Nothing is checked where the model states no axis.
 * Errors: FMX_ERROR_SHAPE. */
fmx_status fmx__model_check_axis(fmx_context *ctx, const fmx__model_facts *facts, const char *what,
                                 const fmx__model_axis *axis);

#endif
