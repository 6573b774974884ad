#include "loss.h"

#include <string.h>

enum { COLUMN_GROUP = 64, CHUNK_GROUP = 256, CHUNK = 4096, CHUNK_WIDE = 8192 };

/* ---- the table of kinds -----------------------------------------------------------------------
 */

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
        {"target",                                                                                 \
         FMX__OPTION_TEXT,                                                                         \
         FMX_FIELD(target),                                                                        \
         "",                                                                                       \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "what it is compared with: classes, labels, sources, spectrum or line, as far as the "    \
         "source of training has them"},                                                           \
    {                                                                                              \
        "weight", FMX__OPTION_NUMBER, FMX_FIELD(weight), "", 0, 1e6, NULL,                         \
            "factor of this loss in the sum of all"                                                \
    }

static const fmx__option cross_entropy_table[] = {
    COMMON_ROWS,
    {"double_softmax", FMX__OPTION_BOOL, FMX_FIELD(double_softmax), "", 0, 0, NULL,
     "takes the softmax layer's output as if it were logits, so that softmax is applied twice: a "
     "slip of published networks, to compare with them"},
};
static const fmx__option binary_table[] = {
    COMMON_ROWS,
    {"positive_weight", FMX__OPTION_NUMBER, FMX_FIELD(positive_weight), "", 0, 1e6, NULL,
     "factor of the classes that are present"},
};
static const fmx__option plain_table[] = {COMMON_ROWS};
static const fmx__option huber_table[] = {
    COMMON_ROWS,
    {"delta", FMX__OPTION_NUMBER, FMX_FIELD(delta), "", 1e-6, 1e6, NULL,
     "deviation from which on the loss grows linearly"},
};
#undef FMX_FIELD

static const fmx__loss_options classes_defaults = {
    .target = "classes", .weight = 1, .positive_weight = 1, .delta = 1};
static const fmx__loss_options spectrum_defaults = {
    .target = "spectrum", .weight = 1, .positive_weight = 1, .delta = 1};

#define FMX_GROUP(NAME, TABLE, DEFAULTS, DOC)                                                      \
    {                                                                                              \
        .name = NAME, .doc = DOC, .options = TABLE, .option_count = FMX__COUNT(TABLE),             \
        .defaults = &(DEFAULTS), .options_size = sizeof(fmx__loss_options)                         \
    }

static const fmx__loss kinds[] = {
    {FMX_GROUP("cross_entropy", cross_entropy_table, classes_defaults,
               "Categorical cross-entropy of a softmax layer with proportions, or with one class "
               "for each position (target: labels)."),
     FMX__LOSS_CROSS_ENTROPY, "softmax"},
    {FMX_GROUP("binary_cross_entropy", binary_table, classes_defaults,
               "Binary cross-entropy of a sigmoid layer with presence, for each class by itself."),
     FMX__LOSS_BINARY_CROSS_ENTROPY, "sigmoid"},
    {FMX_GROUP("mse", plain_table, spectrum_defaults, "Mean of the squared deviations."),
     FMX__LOSS_MSE, NULL},
    {FMX_GROUP("mae", plain_table, spectrum_defaults, "Mean of the absolute deviations."),
     FMX__LOSS_MAE, NULL},
    {FMX_GROUP("huber", huber_table, spectrum_defaults,
               "Mean of half the squared deviations, linear beyond delta."),
     FMX__LOSS_HUBER, NULL},
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

const fmx__loss *fmx__loss_named(const char *name)
{
    for (size_t i = 0; i < FMX__COUNT(kinds); ++i) {
        if (strcmp(kinds[i].group.name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

/* ---- layers and shapes ------------------------------------------------------------------------
 */

bool fmx__loss_takes_logits(const fmx__loss *loss, const fmx__loss_options *options)
{
    return loss->activation != NULL && !options->double_softmax;
}

static bool same_shape(const fmx__shape *a, const fmx__shape *b)
{
    return a->channels == b->channels && a->positions == b->positions &&
           a->is_complex == b->is_complex;
}

/* One index for each position in place of a value for each class. */
static bool is_labels(const fmx__shape *output, const fmx__shape *target)
{
    return target->positions == 1 && target->channels == output->positions &&
           !same_shape(output, target);
}

/* The same values in the same order: a spectrum is as good from a flat layer. */
static bool same_values(const fmx__shape *output, const fmx__shape *target)
{
    bool flat = (output->channels == 1 || output->positions == 1) &&
                (target->channels == 1 || target->positions == 1);
    return same_shape(output, target) || (flat && output->is_complex == target->is_complex &&
                                          fmx__shape_floats(output) == fmx__shape_floats(target));
}

fmx_status fmx__loss_check(const fmx__loss *loss, const fmx__loss_options *options,
                           const fmx__loss_site *site)
{
    const fmx__shape *output = &site->output;
    const fmx__shape *target = &site->target;
    bool classifies = loss->activation != NULL;
    bool labels = loss->kind == FMX__LOSS_CROSS_ENTROPY && is_labels(output, target);
    if (classifies && (site->op == NULL || strcmp(site->op, loss->activation) != 0))
        return fmx__fail(site->ctx, FMX_ERROR_RECIPE, "%s: needs a %s layer, \"%s\" is %s",
                         site->where, loss->activation, site->layer,
                         site->op == NULL ? "an input" : site->op);
    if (classifies && (output->is_complex || target->is_complex))
        return fmx__fail(site->ctx, FMX_ERROR_RECIPE, "%s: takes real values, %s is complex",
                         site->where, output->is_complex ? site->layer : options->target);
    if (!labels && !same_values(output, target))
        return fmx__fail(site->ctx, FMX_ERROR_RECIPE,
                         "%s: \"%s\" gives %zu x %zu%s values (channels x positions), the target "
                         "\"%s\" has %zu x %zu%s; %s",
                         site->where, site->layer, output->channels, output->positions,
                         output->is_complex ? " complex" : "", options->target, target->channels,
                         target->positions, target->is_complex ? " complex" : "",
                         loss->kind == FMX__LOSS_CROSS_ENTROPY
                             ? "they must be equal, or the target have one class for each position"
                             : "they must be equal");
    return FMX_OK;
}

/* ---- launches ---------------------------------------------------------------------------------
 */

/* How a call is cut: `rows` rows of `parts` parts each, whose sums are the losses. */
typedef struct cut {
    bool wide;
    bool labels;
    size_t floats; /* of an item */
    size_t chunk;  /* elements of a part; columns have one part each */
    size_t parts;
} cut;

static cut cut_of(const fmx__loss_call *call)
{
    cut c = {.wide = fmx__device_wide(call->device),
             .floats = fmx__shape_floats(&call->output_shape)};
    c.labels = call->loss->kind == FMX__LOSS_CROSS_ENTROPY &&
               is_labels(&call->output_shape, &call->target_shape);
    c.chunk = c.wide ? CHUNK_WIDE : CHUNK;
    c.parts = call->loss->kind == FMX__LOSS_CROSS_ENTROPY ? call->output_shape.positions
                                                          : (c.floats + c.chunk - 1) / c.chunk;
    return c;
}

size_t fmx__loss_scratch(const fmx__loss_call *call)
{
    cut c = cut_of(call);
    return c.parts > 1 ? call->batch * c.parts * sizeof(float) : 0;
}

/* Where the parts go: straight to the losses where there is one a row. */
static fmx__arg parts_arg(const fmx__loss_call *call, const cut *c)
{
    return fmx__arg_buffer(c->parts > 1 ? call->scratch : call->losses,
                           call->batch * c->parts * sizeof(float));
}

static fmx__arg grad_arg(const fmx__loss_call *call, size_t bytes)
{
    return call->grad != NULL ? fmx__arg_buffer(call->grad, bytes) : fmx__arg_none();
}

static fmx_status launch_columns(const fmx__loss_call *call, const cut *c)
{
    size_t columns = call->batch * c->parts;
    size_t bytes = call->batch * c->floats * sizeof(float);
    double scale = call->options->weight / (double)call->batch;
    double share = 1.0 / (double)c->parts;
    fmx__arg args[9] = {
        parts_arg(call, c),
        grad_arg(call, bytes),
        fmx__arg_buffer(call->output, bytes),
        fmx__arg_buffer(call->target, c->labels ? columns * sizeof(float) : bytes),
        fmx__arg_u64(columns),
        fmx__arg_u64(call->output_shape.channels),
        fmx__arg_u64(c->parts),
        fmx__arg_f32(c->labels ? scale : share),
        fmx__arg_f32(scale * share),
    };
    fmx__launch job = {
        .stem = "loss",
        .kernel = c->labels ? "loss_labels" : "loss_cross_entropy",
        .arg = args,
        .arg_count = c->labels ? 8 : 9,
        .dims = 1,
        .global = {columns},
        .local = {COLUMN_GROUP},
        .flops = (double)bytes / sizeof(float) * 60,
        .bytes = (double)bytes * (c->labels ? 2 : 3),
    };
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status launch_elements(const fmx__loss_call *call, const cut *c)
{
    const fmx__loss_options *o = call->options;
    size_t groups = call->batch * c->parts;
    size_t bytes = call->batch * c->floats * sizeof(float);
    bool binary = call->loss->kind == FMX__LOSS_BINARY_CROSS_ENTROPY;
    double share = 1.0 / (double)c->floats;
    fmx__arg args[] = {
        parts_arg(call, c),
        grad_arg(call, bytes),
        fmx__arg_buffer(call->output, bytes),
        fmx__arg_buffer(call->target, bytes),
        fmx__arg_u64(c->floats),
        fmx__arg_u64(c->chunk),
        fmx__arg_u64(c->parts),
        fmx__arg_u32((size_t)call->loss->kind),
        fmx__arg_f32(binary ? o->positive_weight : o->delta),
        fmx__arg_f32(share),
        fmx__arg_f32(o->weight / (double)call->batch * share),
        c->wide ? fmx__arg_u64(groups) : fmx__arg_local(CHUNK_GROUP * sizeof(float)),
    };
    fmx__launch job = {
        .stem = "loss",
        .kernel = c->wide ? "loss_elements_wide" : "loss_elements",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .local = {c->wide ? 1 : CHUNK_GROUP},
        .flops = (double)bytes / sizeof(float) * (binary ? 60 : 5),
        .bytes = (double)bytes * (call->grad != NULL ? 3 : 2),
    };
    *(c->wide ? job.global : job.groups) = groups;
    return fmx__launch_kernel(call->device, &job);
}

static fmx_status launch_sum(const fmx__loss_call *call, const cut *c)
{
    size_t bytes = call->batch * c->parts * sizeof(float);
    fmx__arg args[] = {
        fmx__arg_buffer(call->losses, call->batch * sizeof(float)),
        fmx__arg_buffer(call->scratch, bytes),
        fmx__arg_u64(c->parts),
        c->wide ? fmx__arg_u64(call->batch) : fmx__arg_local(CHUNK_GROUP * sizeof(float)),
    };
    fmx__launch job = {
        .stem = "loss",
        .kernel = c->wide ? "loss_sum_wide" : "loss_sum",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .local = {c->wide ? 1 : CHUNK_GROUP},
        .flops = (double)bytes / sizeof(float),
        .bytes = (double)bytes,
    };
    *(c->wide ? job.global : job.groups) = call->batch;
    return fmx__launch_kernel(call->device, &job);
}

fmx_status fmx__loss_run(const fmx__loss_call *call)
{
    cut c = cut_of(call);
    fmx_status status = call->loss->kind == FMX__LOSS_CROSS_ENTROPY ? launch_columns(call, &c)
                                                                    : launch_elements(call, &c);
    return status == FMX_OK && c.parts > 1 ? launch_sum(call, &c) : status;
}
