/* The macro `tcn`: stacks of dilated blocks, as in Conv-TasNet (Luo and Mesgarani 2019).
 *
 *   block   conv (1x1, channels -> hidden) > prelu_1 > norm_1 > depthwise (dilation factor^layer) >
 *           prelu_2 > norm_2 > skip (1x1, hidden -> skip) and residual (1x1, hidden -> channels)
 *   the next block takes the block's input + residual; the macro's value is the sum of all skips
 */
#include <stdio.h>

#include "graph_internal.h"

enum { MOST_BLOCKS = 240, TEXT = 32, LAYER = FMX__GRAPH_NAME, SETTINGS = 4 };

typedef struct macro_options {
    fmx__layer layer;
    int64_t stacks;
    int64_t layers;
    int64_t bottleneck;
    int64_t hidden;
    int64_t skip;
    int64_t kernel;
    int64_t growth;
    int norm;
    double epsilon;
    bool causal;
    bool last_residual;
    int initialiser;
} macro_options;

enum { GROUP_NORM, CUMULATIVE };
static const char *const norms[] = {"global", "cumulative", NULL};
static const char *const norm_ops[] = {"group_norm", "cumulative_layer_norm"};

#define FMX_FIELD(name) offsetof(macro_options, name)
static const fmx__option option_table[] = {
    FMX__LAYER_OPTIONS(macro_options),
    {"stacks", FMX__OPTION_INTEGER, FMX_FIELD(stacks), "", 1, MOST_BLOCKS, NULL,
     "stacks of blocks, one behind the other"},
    {"layers", FMX__OPTION_INTEGER, FMX_FIELD(layers), "", 1, 20, NULL, "blocks of a stack"},
    {"bottleneck", FMX__OPTION_INTEGER, FMX_FIELD(bottleneck), "", 0, 1e6, NULL,
     "channels between the blocks, which a norm and a 1x1 convolution make in front of them; 0: "
     "those of the input, nothing in front"},
    {"hidden", FMX__OPTION_INTEGER, FMX_FIELD(hidden), "", 1, 1e6, NULL, "channels inside a block"},
    {"skip", FMX__OPTION_INTEGER, FMX_FIELD(skip), "", 0, 1e6, NULL,
     "channels of the output; 0: as many as between the blocks"},
    {"kernel", FMX__OPTION_INTEGER, FMX_FIELD(kernel), "positions", 1, 1e6, NULL,
     "taps of the dilated convolution"},
    {"growth", FMX__OPTION_INTEGER, FMX_FIELD(growth), "", 1, 16, NULL,
     "dilation of a block over that of the one before, in a stack; the first has 1"},
    {"norm", FMX__OPTION_CHOICE, FMX_FIELD(norm), "", 0, 0, norms,
     "global: over channels and positions; cumulative: up to each position"},
    {"epsilon", FMX__OPTION_NUMBER, FMX_FIELD(epsilon), "", 1e-12, 1, NULL,
     "added to the variances"},
    {"causal", FMX__OPTION_BOOL, FMX_FIELD(causal), "", 0, 0, NULL,
     "the dilated convolution sees no later position"},
    {"last_residual", FMX__OPTION_BOOL, FMX_FIELD(last_residual), "", 0, 0, NULL,
     "the last block has a residual convolution, too, though nothing reads it: some published "
     "networks count its weights"},
    {"initialiser", FMX__OPTION_CHOICE, FMX_FIELD(initialiser), "", 0, 0, fmx__initialiser_names,
     "how the convolutions' weights start"},
};
#undef FMX_FIELD

static const macro_options defaults = {
    {"", ""}, 3, 8, 0, 512, 0, 3, 2, GROUP_NORM, 1e-8, false, false, FMX__INIT_PYTORCH};

const fmx__option_group fmx__tcn_macro = {
    .name = "tcn",
    .doc = "Stacks of dilated convolution blocks (Conv-TasNet): a macro that is drawn out into its "
           "layers.",
    .options = option_table,
    .option_count = FMX__COUNT(option_table),
    .defaults = &defaults,
    .options_size = sizeof defaults,
};

/* Where the drawing stands. */
typedef struct drawing {
    fmx__graph *graph;
    const macro_options *o;
    const char *name;
    size_t channels; /* between the blocks */
    size_t block;    /* value that the next block takes */
    size_t skip[MOST_BLOCKS];
    size_t skips;
} drawing;

/* A layer "<macro>.<part>" that takes one value, or two; its value in *out. */
static fmx_status put(const drawing *d, const char *part, const char *op,
                      const char *const (*setting)[2], const size_t *in, size_t in_count,
                      size_t *out)
{
    char name[LAYER];
    if (snprintf(name, sizeof name, "%s%s%s", d->name, part[0] != '\0' ? "." : "", part) >= LAYER)
        return fmx__fail(d->graph->ctx, FMX_ERROR_RECIPE, "%s: model: the name \"%s\" is too long",
                         d->graph->where, d->name);
    fmx_status status = fmx__graph_append(d->graph, name, op, setting, in, in_count);
    *out = d->graph->input_count + d->graph->layer_count - 1;
    return status;
}

static fmx_status put_convolution(const drawing *d, const char *part, size_t filters, size_t in,
                                  size_t *out)
{
    char count[TEXT];
    snprintf(count, sizeof count, "%zu", filters);
    const char *const setting[][2] = {{"filters", count},
                                      {"kernel", "1"},
                                      {"initialiser", fmx__initialiser_names[d->o->initialiser]},
                                      {NULL, NULL}};
    return put(d, part, "conv1d", setting, &in, 1, out);
}

static fmx_status put_norm(const drawing *d, const char *part, size_t in, size_t *out)
{
    char epsilon[TEXT];
    snprintf(epsilon, sizeof epsilon, "%.9g", d->o->epsilon);
    const char *const setting[][2] = {{"epsilon", epsilon}, {NULL, NULL}};
    return put(d, part, norm_ops[d->o->norm], setting, &in, 1, out);
}

static fmx_status put_depthwise(const drawing *d, const char *part, size_t dilation, size_t in,
                                size_t *out)
{
    char step[TEXT];
    char taps[TEXT];
    snprintf(step, sizeof step, "%zu", dilation);
    snprintf(taps, sizeof taps, "%lld", (long long)d->o->kernel);
    const char *const setting[][2] = {{"kernel", taps},
                                      {"dilation", step},
                                      {"padding", d->o->causal ? "causal" : "same"},
                                      {"initialiser", fmx__initialiser_names[d->o->initialiser]},
                                      {NULL, NULL}};
    return put(d, part, "depthwise_conv1d", setting, &in, 1, out);
}

/* One block; `last`: nothing follows. */
static fmx_status put_block(drawing *d, size_t stack, size_t layer, size_t dilation, bool last)
{
    static const char *const parts[] = {"conv",   "prelu_1", "norm_1",   "depthwise", "prelu_2",
                                        "norm_2", "skip",    "residual", "sum"};
    char name[FMX__COUNT(parts)][LAYER / 4];
    size_t v = d->block;
    size_t sum[2] = {d->block, 0};
    size_t skip = d->o->skip > 0 ? (size_t)d->o->skip : d->channels;
    for (size_t i = 0; i < FMX__COUNT(parts); ++i)
        snprintf(name[i], sizeof name[i], "%zu.%zu.%s", stack, layer, parts[i]);
    fmx_status status = put_convolution(d, name[0], (size_t)d->o->hidden, v, &v);
    if (status == FMX_OK)
        status = put(d, name[1], "prelu", NULL, &v, 1, &v);
    if (status == FMX_OK)
        status = put_norm(d, name[2], v, &v);
    if (status == FMX_OK)
        status = put_depthwise(d, name[3], dilation, v, &v);
    if (status == FMX_OK)
        status = put(d, name[4], "prelu", NULL, &v, 1, &v);
    if (status == FMX_OK)
        status = put_norm(d, name[5], v, &v);
    if (status == FMX_OK)
        status = put_convolution(d, name[6], skip, v, &d->skip[d->skips++]);
    if (status == FMX_OK && (!last || d->o->last_residual))
        status = put_convolution(d, name[7], d->channels, v, &sum[1]);
    if (status == FMX_OK && !last)
        status = put(d, name[8], "add", NULL, sum, 2, &d->block);
    return status;
}

/* Adds the skips up, at most as many at a time as `add` takes; the last sum has the macro's name.
 */
static fmx_status put_sum(drawing *d)
{
    fmx_status status = FMX_OK;
    char part[TEXT];
    for (size_t round = 0; status == FMX_OK && d->skips > FMX__OP_INPUTS; ++round) {
        size_t sums = 0;
        for (size_t i = 0; status == FMX_OK && i < d->skips; i += FMX__OP_INPUTS) {
            size_t count = d->skips - i < FMX__OP_INPUTS ? d->skips - i : FMX__OP_INPUTS;
            snprintf(part, sizeof part, "sum_%zu_%zu", round, sums);
            if (count == 1)
                d->skip[sums++] = d->skip[i];
            else
                status = put(d, part, "add", NULL, d->skip + i, count, &d->skip[sums++]);
        }
        d->skips = sums;
    }
    size_t out = 0;
    return status == FMX_OK ? put(d, "", "add", NULL, d->skip, d->skips, &out) : status;
}

fmx_status fmx__tcn_draw(fmx__graph *graph, const char *name, const void *options, size_t in)
{
    const macro_options *o = options;
    drawing d = {.graph = graph, .o = o, .name = name, .block = in};
    size_t stacks = (size_t)o->stacks;
    size_t layers = (size_t)o->layers;
    fmx_status status = FMX_OK;
    d.channels = o->bottleneck > 0 ? (size_t)o->bottleneck : fmx__graph_shape(graph, in)->channels;
    if (stacks * layers < 2 || stacks * layers > MOST_BLOCKS)
        return fmx__fail(graph->ctx, FMX_ERROR_RECIPE,
                         "%s: model: %s: %zu stacks of %zu layers; 2 to %d blocks are possible",
                         graph->where, name, stacks, layers, MOST_BLOCKS);
    if (o->bottleneck > 0) {
        status = put_norm(&d, "norm", d.block, &d.block);
        if (status == FMX_OK)
            status = put_convolution(&d, "bottleneck", d.channels, d.block, &d.block);
    }
    for (size_t s = 0; status == FMX_OK && s < stacks; ++s) {
        size_t dilation = 1;
        for (size_t l = 0; status == FMX_OK && l < layers; ++l) {
            status = put_block(&d, s, l, dilation, s + 1 == stacks && l + 1 == layers);
            if (l + 1 < layers && !fmx__size_mul(dilation, (size_t)o->growth, &dilation))
                dilation = SIZE_MAX; /* refused by the convolution */
        }
    }
    return status == FMX_OK ? put_sum(&d) : status;
}
