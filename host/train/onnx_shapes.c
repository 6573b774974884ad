/* Layers that cut, join and rearrange, as nodes of ONNX. */
#include <string.h>

#include "onnx_translate.h"

/* The values of all parts in their order, under the output's shape. */
void fmx__onnx_add_reshape(const fmx__onnx_layer *l)
{
    const fmx__shape *out = &l->layer->plan.out;
    const int64_t shape[3] = {-1, (int64_t)out->channels, (int64_t)out->positions};
    fmx__onnx_reshape(l->o, l->in[0], shape, 3, l->out);
}

void fmx__onnx_add_permute(const fmx__onnx_layer *l)
{
    static const int64_t swap[3] = {0, 2, 1};
    fmx__onnx_transpose(l->o, l->in[0], swap, 3, l->out);
}

/* [-1][a][b][n] -> [-1][b][a][n], under the output's shape: how runs of positions become items, and
 * back. */
static void exchange(const fmx__onnx_layer *l, size_t a, size_t b, size_t n)
{
    static const int64_t order[4] = {0, 2, 1, 3};
    const fmx__shape *out = &l->layer->plan.out;
    const int64_t cut[4] = {-1, (int64_t)a, (int64_t)b, (int64_t)n};
    const int64_t shape[3] = {-1, (int64_t)out->channels, (int64_t)out->positions};
    const char *x = fmx__onnx_reshape(l->o, l->in[0], cut, 4, NULL);
    fmx__onnx_reshape(l->o, fmx__onnx_transpose(l->o, x, order, 4, NULL), shape, 3, l->out);
}

void fmx__onnx_add_fold(const fmx__onnx_layer *l)
{
    const fmx__shape *out = &l->layer->plan.out;
    if (fmx__onnx_whole(l, "of") == 0)
        fmx__onnx_add_reshape(l);
    else
        exchange(l, out->channels, (size_t)fmx__onnx_whole(l, "parts"), out->positions);
}

void fmx__onnx_add_unfold(const fmx__onnx_layer *l)
{
    const fmx__shape *in = fmx__onnx_shape_of(l, 0);
    if (fmx__onnx_whole(l, "of") == 0)
        fmx__onnx_add_reshape(l);
    else
        exchange(l, l->layer->plan.out.positions / in->positions, in->channels, in->positions);
}

const char *fmx__onnx_cut(fmx__onnx *o, const char *from, int64_t axis, int64_t first,
                          int64_t count, const char *out)
{
    const char *name = out != NULL ? out : fmx__onnx_text(o, "value_%zu", o->graph.n_node);
    int64_t end = first + count;
    const char *in[4] = {from, fmx__onnx_ints(o, &first, 1), fmx__onnx_ints(o, &end, 1),
                         fmx__onnx_ints(o, &axis, 1)};
    fmx__onnx_node(o, "Slice", in, 4, name);
    return name;
}

static void cut_axis(const fmx__onnx_layer *l, int64_t first, int64_t count)
{
    fmx__onnx_cut(l->o, l->in[0], 1 + fmx__onnx_whole(l, "of"), first, count, l->out);
}

static int64_t cut_length(const fmx__onnx_layer *l)
{
    const fmx__shape *out = &l->layer->plan.out;
    return (int64_t)(fmx__onnx_whole(l, "of") == 0 ? out->channels : out->positions);
}

void fmx__onnx_add_slice(const fmx__onnx_layer *l)
{
    cut_axis(l, fmx__onnx_whole(l, "first"), cut_length(l));
}

void fmx__onnx_add_split(const fmx__onnx_layer *l)
{
    cut_axis(l, fmx__onnx_whole(l, "part") * cut_length(l), cut_length(l));
}

void fmx__onnx_add_concatenate(const fmx__onnx_layer *l)
{
    fmx__onnx_int(l->o, fmx__onnx_layer_node(l, "Concat", l->in, l->layer->in_count), "axis",
                  1 + fmx__onnx_whole(l, "of"));
}

void fmx__onnx_add_multiply(const fmx__onnx_layer *l)
{
    const char *product = l->in[0];
    for (size_t i = 1; i + 1 < l->layer->in_count; ++i)
        product = fmx__onnx_apply(l->o, "Mul", product, l->in[i]);
    const char *in[2] = {product, l->in[l->layer->in_count - 1]};
    fmx__onnx_layer_node(l, "Mul", in, 2);
}

/* Every source's mask on the same signal: [sources][channels][positions]. */
void fmx__onnx_add_mask(const fmx__onnx_layer *l)
{
    static const char *const activations[] = {NULL, "Sigmoid", "Relu", "Softmax"};
    const fmx__shape *signal = fmx__onnx_shape_of(l, 1);
    int64_t sources = (int64_t)(fmx__onnx_shape_of(l, 0)->channels / signal->channels);
    int64_t c = (int64_t)signal->channels;
    int64_t p = (int64_t)signal->positions;
    const int64_t each[4] = {-1, sources, c, p};
    const int64_t once[4] = {-1, 1, c, p};
    const int64_t back[3] = {-1, sources * c, p};
    const char *activation = activations[fmx__onnx_whole(l, "activation") & 3];
    const char *masks = fmx__onnx_reshape(l->o, l->in[0], each, 4, NULL);
    if (activation != NULL) {
        const char *name = fmx__onnx_text(l->o, "%s.masks", l->out);
        Onnx__NodeProto *n = fmx__onnx_node(l->o, activation, &masks, 1, name);
        if (strcmp(activation, "Softmax") == 0)
            fmx__onnx_int(l->o, n, "axis", 1);
        masks = name;
    }
    const char *product =
        fmx__onnx_apply(l->o, "Mul", masks, fmx__onnx_reshape(l->o, l->in[1], once, 4, NULL));
    fmx__onnx_reshape(l->o, product, back, 3, l->out);
}
