#include "onnx_translate.h"

/* [batch][channels][positions] as [batch][channels][1][positions out], from position `first`. */
static const char *window(const fmx__onnx_layer *l, const char *from, int64_t channels,
                          int64_t first, int64_t count)
{
    const int64_t shape[4] = {-1, channels, 1, count};
    const char *cut = fmx__onnx_cut(l->o, from, 2, first, count, NULL);
    return fmx__onnx_reshape(l->o, cut, shape, 4, NULL);
}

/* The windows of all positions beside each other, [batch][channels][taps][positions out], times the
 * weight, summed over channels and taps. */
void fmx__onnx_local(const fmx__onnx_layer *l)
{
    const fmx__op_weight *weight = &l->layer->plan.weight[0];
    bool has_bias = l->layer->plan.weight_count > 1;
    int64_t channels = (int64_t)weight->dim[1];
    int64_t taps = (int64_t)weight->dim[2];
    int64_t count = (int64_t)weight->dim[3];
    const char *from = l->in[0];
    if (fmx__onnx_whole(l, "padding") == 0 && taps > 1) {
        const int64_t pads[6] = {0, 0, (taps - 1) / 2, 0, 0, taps / 2};
        from = fmx__onnx_apply(l->o, "Pad", from, fmx__onnx_ints(l->o, pads, 6));
    }
    const char **part = fmx__onnx_keep(l->o, (size_t)taps, sizeof *part);
    for (int64_t t = 0; part != NULL && t < taps; ++t)
        part[t] = window(l, from, channels, t, count);
    if (part == NULL)
        return;
    const char *windows = fmx__onnx_text(l->o, "%s.windows", l->out);
    fmx__onnx_int(l->o, fmx__onnx_node(l->o, "Concat", part, (size_t)taps, windows), "axis", 2);
    const char *in[2] = {windows, fmx__onnx_own_weight(l, 0)};
    const char *sum = has_bias ? fmx__onnx_text(l->o, "%s.sum", l->out) : l->out;
    Onnx__NodeProto *n = fmx__onnx_node(l->o, "Einsum", in, 2, sum);
    fmx__onnx_string(l->o, n, "equation", "bctn,fctn->bfn");
    if (!has_bias)
        return;
    const char *terms[2] = {sum, fmx__onnx_own_weight(l, 1)};
    fmx__onnx_node(l->o, "Add", terms, 2, l->out);
}
