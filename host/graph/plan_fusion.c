/* Runs of layers, one behind the other in the graph, that one op does the work of. What lies
 * between them is never written. */
#include <stdlib.h>
#include <string.h>

#include "plan_internal.h"
#include "tcn_layer.h"

enum { NAMES = 2, INPUTS = 2 };

/* Where an input of a member comes from, other than another member (its number). */
enum { OUTSIDE = -1, NONE = -2 };

typedef struct member {
    const char *op[NAMES]; /* any of them */
    int in[INPUTS];
} member;

typedef struct fusion {
    const member *member;
    size_t count;
    size_t second; /* member whose value is an output, too; 0: only the last one's is */
    const fmx__op *op;
    /* The op's options from those of the layers; false where it cannot take them. */
    bool (*fill)(const fmx__plan *plan, size_t first, void *options);
} fusion;

static const void *options_at(const fmx__plan *plan, size_t layer)
{
    return plan->graph->layer[layer].options;
}

static bool fill_norm(const fmx__plan *plan, size_t first, void *options)
{
    fmx__tcn_norm_options *o = options;
    o->convolves = false;
    o->norm = *(const fmx__norm_options *)options_at(plan, first + 1);
    return fmx__tcn_norm_fits(NULL, &o->norm, &plan->layer[first].in_shape[0]);
}

static bool fill_depthwise_norm(const fmx__plan *plan, size_t first, void *options)
{
    fmx__tcn_norm_options *o = options;
    o->convolves = true;
    o->depthwise = *(const fmx__depthwise_options *)options_at(plan, first);
    o->norm = *(const fmx__norm_options *)options_at(plan, first + 2);
    return fmx__tcn_norm_fits(&o->depthwise, &o->norm, &plan->layer[first].in_shape[0]);
}

static bool fill_block(const fmx__plan *plan, size_t first, fmx__tcn_block_options *o)
{
    o->conv = *(const fmx__conv1d_options *)options_at(plan, first);
    o->norm_1 = *(const fmx__norm_options *)options_at(plan, first + 2);
    o->depthwise = *(const fmx__depthwise_options *)options_at(plan, first + 3);
    o->norm_2 = *(const fmx__norm_options *)options_at(plan, first + 5);
    o->skip = *(const fmx__conv1d_options *)options_at(plan, first + 6);
    return fmx__tcn_block_fits(o, &plan->layer[first].in_shape[0]);
}

static bool fill_last_block(const fmx__plan *plan, size_t first, void *options)
{
    return fill_block(plan, first, options);
}

static bool fill_residual_block(const fmx__plan *plan, size_t first, void *options)
{
    fmx__tcn_block_options *o = options;
    o->residual = true;
    o->back = *(const fmx__conv1d_options *)options_at(plan, first + 7);
    return fill_block(plan, first, o);
}

#define ITEM_NORM                                                                                  \
    {                                                                                              \
        "group_norm", "global_layer_norm"                                                          \
    }

static const member norm_run[] = {{{"prelu"}, {OUTSIDE, NONE}}, {ITEM_NORM, {0, NONE}}};

static const member depthwise_norm_run[] = {
    {{"depthwise_conv1d"}, {OUTSIDE, NONE}}, {{"prelu"}, {0, NONE}}, {ITEM_NORM, {1, NONE}}};

/* A block of the macro `tcn`, the last one and the others. */
#define BLOCK                                                                                      \
    {{"conv1d"}, {OUTSIDE, NONE}}, {{"prelu"}, {0, NONE}}, {ITEM_NORM, {1, NONE}},                 \
        {{"depthwise_conv1d"}, {2, NONE}}, {{"prelu"}, {3, NONE}}, {ITEM_NORM, {4, NONE}},         \
    {                                                                                              \
        {"conv1d"},                                                                                \
        {                                                                                          \
            5, NONE                                                                                \
        }                                                                                          \
    }
static const member block_run[] = {BLOCK};
static const member residual_block_run[] = {
    BLOCK, {{"conv1d"}, {5, NONE}}, {{"add"}, {OUTSIDE, 7}}};
enum { BLOCK_SKIP = 6 };

/* The first that fits is taken. */
static const fusion fusions[] = {
    {residual_block_run, FMX__COUNT(residual_block_run), BLOCK_SKIP, &fmx__op_tcn_block,
     fill_residual_block},
    {block_run, FMX__COUNT(block_run), 0, &fmx__op_tcn_block, fill_last_block},
    {depthwise_norm_run, FMX__COUNT(depthwise_norm_run), 0, &fmx__op_tcn_norm, fill_depthwise_norm},
    {norm_run, FMX__COUNT(norm_run), 0, &fmx__op_tcn_norm, fill_norm},
};

static bool is_op(const fmx__graph_layer *layer, const member *m)
{
    for (size_t i = 0; i < NAMES && m->op[i] != NULL; ++i) {
        if (strcmp(layer->op->group.name, m->op[i]) == 0)
            return true;
    }
    return false;
}

/* Whether a layer takes what the run says. */
static bool takes(const fmx__plan *plan, const fusion *f, size_t first, size_t k)
{
    const fmx__graph *graph = plan->graph;
    const fmx__graph_layer *layer = &graph->layer[first + k];
    const member *m = &f->member[k];
    size_t outside = graph->layer[first].in[0];
    for (size_t i = 0; i < INPUTS; ++i) {
        if (m->in[i] == NONE)
            return layer->in_count == i;
        size_t value =
            m->in[i] == OUTSIDE ? outside : graph->input_count + first + (size_t)m->in[i];
        if (layer->in_count <= i || layer->in[i] != value)
            return false;
    }
    return layer->in_count == INPUTS;
}

static size_t readers_inside(const fusion *f, size_t k)
{
    size_t count = 0;
    for (size_t m = 0; m < f->count; ++m) {
        for (size_t i = 0; i < INPUTS && f->member[m].in[i] != NONE; ++i)
            count += f->member[m].in[i] == (int)k;
    }
    return count;
}

static bool is_output(const fusion *f, size_t k)
{
    return k + 1 == f->count || (f->second > 0 && k == f->second);
}

static bool matches(const fmx__plan *plan, const fusion *f, size_t first)
{
    const fmx__graph *graph = plan->graph;
    if (first + f->count > graph->layer_count)
        return false;
    for (size_t k = 0; k < f->count; ++k) {
        const fmx__graph_layer *layer = &graph->layer[first + k];
        const fmx__plan_layer *planned = &plan->layer[first + k];
        const fmx__plan_value_state *value = &plan->value[graph->input_count + first + k];
        if (!is_op(layer, &f->member[k]) || fmx__plan_skips(plan, first + k) || planned->relu ||
            planned->batch != plan->layer[first].batch ||
            planned->backward != plan->layer[first].backward || !takes(plan, f, first, k))
            return false;
        if (!is_output(f, k) &&
            (value->readers != readers_inside(f, k) || value->kept || value->is_loss))
            return false;
    }
    return true;
}

/* Weights of the layers, one behind the other, must be those of the op. */
static bool same_weights(const fmx__plan *plan, const fusion *f, size_t first,
                         const fmx__op_plan *fused)
{
    size_t at = 0;
    for (size_t k = 0; k < f->count; ++k) {
        const fmx__op_plan *own = &plan->graph->layer[first + k].plan;
        for (size_t w = 0; w < own->weight_count; ++w, ++at) {
            if (at == fused->weight_count ||
                fmx__op_weight_count(&own->weight[w]) != fmx__op_weight_count(&fused->weight[at]))
                return false;
        }
    }
    return at == fused->weight_count;
}

/* Plans the op for the run; *fits: it can take its place. */
static fmx_status plan_run(const fmx__plan *plan, const fusion *f, size_t first, void *options,
                           fmx__op_plan *out, bool *fits)
{
    const fmx__graph_layer *last = &plan->graph->layer[first + f->count - 1];
    fmx__op_site site = {
        .ctx = plan->ctx,
        .where = last->name,
        .device = plan->device,
        .options = options,
        .batch = plan->layer[first].batch,
        .training = plan->request.training,
        .in = plan->layer[first].in_shape,
        .in_count = 1,
    };
    memcpy(options, f->op->group.defaults, f->op->group.options_size);
    *fits = f->fill(plan, first, options);
    fmx_status status = *fits ? f->op->plan(&site, out) : FMX_OK;
    *fits = *fits && status == FMX_OK && same_weights(plan, f, first, out);
    return status;
}

static void stand_in(fmx__plan *plan, const fusion *f, size_t first, void *options,
                     const fmx__op_plan *fused)
{
    size_t last = first + f->count - 1;
    fmx__plan_layer *head = &plan->layer[last];
    for (size_t k = 0; k < f->count; ++k) {
        plan->layer[first + k].last = last;
        plan->layer[first + k].inside = first + k != last;
        plan->value[plan->graph->input_count + first + k].inside = !is_output(f, k);
    }
    head->plan = *fused;
    head->op = f->op;
    head->options = options;
    head->owned_options = options;
    head->first = first;
    head->second = f->second > 0 ? plan->graph->input_count + first + f->second : 0;
    head->source = plan->graph->layer[first].in;
    head->in_count = 1;
    head->in_shape[0] = plan->layer[first].in_shape[0];
}

fmx_status fmx__plan_fuse(fmx__plan *plan)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; !plan->request.unfused && i < plan->graph->layer_count; ++i) {
        for (size_t k = 0; status == FMX_OK && k < FMX__COUNT(fusions); ++k) {
            const fusion *f = &fusions[k];
            fmx__op_plan fused = {0};
            void *options = NULL;
            bool fits = false;
            if (!matches(plan, f, i))
                continue;
            status = fmx__alloc(plan->ctx, 1, f->op->group.options_size, "a plan", &options);
            if (status == FMX_OK)
                status = plan_run(plan, f, i, options, &fused, &fits);
            if (status == FMX_OK && fits) {
                stand_in(plan, f, i, options, &fused);
                break;
            }
            free(options);
        }
    }
    return status;
}
