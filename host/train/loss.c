#include "loss.h"

enum { GROUP = 64 };

#define FMX_FIELD(name) offsetof(fmx__loss_options, name)
#define COMMON_ROWS                                                                                \
    {"layer",                                                                                      \
     FMX__OPTION_TEXT,                                                                             \
     FMX_FIELD(layer),                                                                             \
     "",                                                                                           \
     0,                                                                                            \
     0,                                                                                            \
     NULL,                                                                                         \
     "layer whose output is compared; empty: the last layer"},                                     \
    {                                                                                              \
        "weight", FMX__OPTION_NUMBER, FMX_FIELD(weight), "", 0, 1e6, NULL,                         \
            "factor of this loss in the sum of all"                                                \
    }

static const fmx__option cross_entropy_table[] = {COMMON_ROWS};
static const fmx__option binary_table[] = {
    COMMON_ROWS,
    {"positive_weight", FMX__OPTION_NUMBER, FMX_FIELD(positive_weight), "", 0, 1e6, NULL,
     "factor of the classes that are present"},
};
#undef FMX_FIELD

static const fmx__loss_options defaults = {"", 1, 1};

static const fmx__loss kinds[] = {
    {{.name = "cross_entropy",
      .doc = "Categorical cross-entropy of a softmax layer with the target proportions.",
      .options = cross_entropy_table,
      .option_count = FMX__COUNT(cross_entropy_table),
      .defaults = &defaults,
      .options_size = sizeof defaults},
     FMX__LOSS_CROSS_ENTROPY,
     "softmax"},
    {{.name = "binary_cross_entropy",
      .doc = "Binary cross-entropy of a sigmoid layer with presence, for each class by itself.",
      .options = binary_table,
      .option_count = FMX__COUNT(binary_table),
      .defaults = &defaults,
      .options_size = sizeof defaults},
     FMX__LOSS_BINARY_CROSS_ENTROPY,
     "sigmoid"},
};

const fmx__option_group *fmx__loss_stage(size_t index)
{
    return index < FMX__COUNT(kinds) ? &kinds[index].group : NULL;
}

const fmx__loss *fmx__loss_find(const fmx__option_group *group)
{
    for (size_t i = 0; i < FMX__COUNT(kinds); ++i) {
        if (&kinds[i].group == group)
            return &kinds[i];
    }
    return NULL;
}

fmx_status fmx__loss_run(fmx_device *device, const fmx__loss *loss,
                         const fmx__loss_options *options, size_t batch, size_t classes,
                         fmx_buffer *logits, fmx_buffer *target, fmx_buffer *losses,
                         fmx_buffer *grad)
{
    bool binary = loss->kind == FMX__LOSS_BINARY_CROSS_ENTROPY;
    size_t bytes = batch * classes * sizeof(float);
    fmx__arg args[] = {
        fmx__arg_buffer(losses, batch * sizeof(float)),
        fmx__arg_buffer(grad, bytes),
        fmx__arg_buffer(logits, bytes),
        fmx__arg_buffer(target, bytes),
        fmx__arg_u64(batch),
        fmx__arg_u64(classes),
        fmx__arg_f32(options->weight / (double)batch),
        fmx__arg_f32(options->positive_weight),
    };
    fmx__launch job = {
        .stem = "loss",
        .kernel = binary ? "loss_binary_cross_entropy" : "loss_cross_entropy",
        .arg = args,
        .arg_count = FMX__COUNT(args) - !binary,
        .dims = 1,
        .global = {batch},
        .local = {GROUP},
        .flops = (double)batch * (double)classes * 60,
        .bytes = (double)bytes * 3,
    };
    return fmx__launch_kernel(device, &job);
}
