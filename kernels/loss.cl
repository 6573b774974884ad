/* Losses from logits x, float [batch][classes], and targets; one item per row of the batch.
 *
 * loss_cross_entropy         p = softmax(x), s = sum t;  loss = sum_c t_c (log sum exp x - x_c)
 *                            dL/dx_c = scale (s p_c - t_c); a row of zero targets counts nothing
 * loss_binary_cross_entropy  y_c = t_c > 0;  loss = mean_c of positive y_c softplus(-x_c) +
 *                            (1 - y_c) softplus(x_c)
 *                            dL/dx_c = scale / classes (y_c ? positive (sigmoid(x_c) - 1) : sigmoid(x_c))
 *
 * losses [batch]; scale = the loss's weight / batch, so that gradients are those of the weighted mean.
 * softplus(x) = max(x, 0) + log(1 + exp(-|x|)). Sums go over the classes in their order.
 *
 * Twin: host/ref/loss_ref.c.
 */

FMX_SUBGROUP_KERNEL
__kernel void loss_cross_entropy(__global float *losses, __global float *grad,
                                 __global const float *logits, __global const float *target,
                                 ulong batch, ulong classes, float scale)
{
    size_t row = get_global_id(0);
    if (row >= batch)
        return;
    __global const float *x = logits + row * classes;
    __global const float *t = target + row * classes;
    float most = x[0];
    for (size_t c = 1; c < classes; ++c)
        most = fmax(most, x[c]);
    float sum = 0.0f;
    float share = 0.0f;
    for (size_t c = 0; c < classes; ++c) {
        sum += fmx_exp(x[c] - most);
        share += t[c];
    }
    float whole = fmx_log(sum);
    float loss = 0.0f;
    for (size_t c = 0; c < classes; ++c) {
        loss = fma(t[c], whole - (x[c] - most), loss);
        grad[row * classes + c] = scale * (share * (fmx_exp(x[c] - most) / sum) - t[c]);
    }
    losses[row] = loss;
}

FMX_SUBGROUP_KERNEL
__kernel void loss_binary_cross_entropy(__global float *losses, __global float *grad,
                                        __global const float *logits, __global const float *target,
                                        ulong batch, ulong classes, float scale, float positive)
{
    size_t row = get_global_id(0);
    if (row >= batch)
        return;
    __global const float *x = logits + row * classes;
    __global const float *t = target + row * classes;
    float each = scale / (float)classes;
    float loss = 0.0f;
    for (size_t c = 0; c < classes; ++c) {
        float value = x[c];
        bool present = t[c] > 0.0f;
        float tail = fmx_log(1.0f + fmx_exp(-fabs(value)));
        float term = present ? positive * (fmax(-value, 0.0f) + tail) : fmax(value, 0.0f) + tail;
        float sigmoid = 1.0f / (1.0f + fmx_exp(-value));
        /* sigmoid - 1 without cancellation */
        float slope = present ? -positive / (1.0f + fmx_exp(value)) : sigmoid;
        loss += isnan(value) ? value : term;
        grad[row * classes + c] = each * slope;
    }
    losses[row] = loss / (float)classes;
}
