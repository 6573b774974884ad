#!/usr/bin/env python3
"""Goldens of the network operations, of Adam and of a small multi-branch network, by Keras.

    TF_CPP_MIN_LOG_LEVEL=3 python make_keras.py tests/golden

writes keras_ops.safetensors, keras_multibranch.safetensors, keras_multibranch_steps.safetensors.
Made with Python 3.11, TensorFlow 2.15.1 (tensorflow-cpu, Keras 2.15.0), numpy 1.26.4; seed 4.

Keras computes in float64 (set_floatx) on inputs that float32 holds exactly, and the results are
rounded to float32 once: they are right to half an ulp, so that a test's tolerance is about fidmix's
rounding alone. Everything is stored as fidmix and PyTorch hold it: activations [batch][channel]
[position], convolution weights [out][in][k], dense weights [out][in]. Gradients are those of
sum(output * grad_output).

keras_ops: tensors "<op>.<n>.<what>", metadata "<op>.<n>" with the settings as "key=value ...":
  conv1d      input weight bias output grad_output grad_input grad_weight grad_bias
              kernel= stride= dilation= padding=same|valid; `same` pads total = max(0, (out - 1)
              stride + (kernel - 1) dilation + 1 - length), floor(total / 2) of it left
  max_pool    input output grad_output grad_input; size= stride= padding= (pads with -inf)
  batch_norm  input, input2, weight, bias, running_mean, running_var: before; output, output2: of two
              training steps (biased variance); grad_* of the first; running_mean1, running_var1, 2:
              after each step, 0.99 old + 0.01 new with the biased variance (Keras does not
              multiply by n / (n - 1), except where it fuses, which it does not in one dimension);
              inference: output for `input` with the averages after both; eps 1e-3
  relu dense softmax sigmoid   as conv1d; softmax and sigmoid over the last axis and each value
  flatten_dense  input [batch][channel][position] through Flatten and Dense; weight is already
              permuted from Keras's [position][channel] to [out][channel * position]
  dropout     rate 0 in training
  softmax_cross_entropy, sigmoid_binary_cross_entropy
              logits target output (probabilities) loss (mean over the batch; sigmoid: over batch
              and classes) grad_logits
  adam        parameter, gradient [5][n], parameter_steps [5][n], m, v (after step 5): lr 1e-3, beta
              0.9, 0.999, eps 1e-7 added outside the root and to the uncorrected root of v:
              p -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps). PyTorch corrects v first.

keras_multibranch: initial weights, as float16 holds them, of the network of reference system S1 at length 218, widths 12, 32,
64, dense 10, 10, 10, 5, 3 classes, dropout 0; dense layers behind Flatten permuted as above. Biases,
gamma, beta and running averages are random too, so that a lost one shows.
keras_multibranch_steps: input [16][1][218], target [16][3]; step t = 0..4 takes rows 8 (t mod 2) to 8
(t mod 2) + 7; loss [5] before each step; output0 [8][3]: probabilities in training mode before the
first step; inference [16][3]: probabilities after the last, by the running averages;
grad0.<tensor>: gradients of the first step; final.<tensor>: weights after five steps of Adam at 1e-3.
Tensors of more than 4096 values are sampled: value 31 i of the flattened tensor at place i
(metadata stride.<tensor> = 31). Metadata float32.<tensor>: largest difference that Keras itself shows
after five steps in float32 with the same start. a_conv.bias and b_conv1.bias stand before a batch
normalisation (b_conv1 with a maximum between), which takes any constant away: their gradient is zero
but for rounding, which Adam blows up to steps of lr. So does b_conv2.bias for channels whose maxima
are all above zero. Metadata `undetermined` names the three: any value within 5 lr of the start is
right, and running_mean follows by a hundredth of that a step.
"""
import json
import sys

import numpy as np
import tensorflow as tf

K = tf.keras
SEED = 4
ops = {}
settings = {}
rng = np.random.default_rng(SEED)


def write(path, tensors, metadata):
    """A safetensors file in which everything is sorted: the format's own library writes metadata in
    another order each time."""
    header, end, types = {"__metadata__": metadata}, 0, {2: "F16", 4: "F32"}
    for name in sorted(tensors):
        value = tensors[name]
        header[name] = {"dtype": types[value.itemsize], "shape": value.shape,
                        "data_offsets": [end, end + value.nbytes]}
        end += value.nbytes
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text)
        for name in sorted(tensors):
            np.ascontiguousarray(tensors[name]).tofile(f)


def random(*shape, scale=1.0):
    """Uniform on [-scale, scale), exact in float32."""
    return (rng.uniform(-scale, scale, shape)).astype(np.float32).astype(np.float64)


def positive(*shape):
    return random(*shape, scale=0.5) + 1.0


def swap(x):
    """[batch][channel][position] to Keras's [batch][position][channel] and back."""
    return np.swapaxes(np.asarray(x), 1, 2) if np.ndim(x) == 3 else np.asarray(x)


def keep(name, **tensors):
    for what, value in tensors.items():
        ops[f"{name}.{what}"] = np.ascontiguousarray(np.asarray(value), dtype=np.float32)


def backward(layer, x, weights=(), training=False):
    """Output, gradient fed in, gradients of the input and of the variables."""
    with tf.GradientTape() as tape:
        v = tf.Variable(x)
        y = layer(v, training=training)
        g = random(*swap(y.numpy()).shape)
        loss = tf.reduce_sum(y * swap(g))
    grads = tape.gradient(loss, [v, *weights])
    return y.numpy(), g, [d.numpy() for d in grads]


def conv1d():
    cases = [  # kernel, stride, dilation, padding, length, in, out
        (3, 1, 1, "same", 13, 1, 4), (5, 1, 1, "same", 16, 2, 3), (9, 4, 1, "same", 31, 3, 2),
        (9, 4, 1, "same", 32, 1, 2), (9, 4, 1, "same", 33, 2, 2), (9, 4, 1, "same", 34, 2, 1),
        (3, 2, 1, "same", 12, 2, 3), (3, 2, 1, "same", 13, 2, 3), (5, 2, 1, "valid", 17, 2, 3),
        (5, 2, 1, "valid", 18, 3, 2), (3, 1, 2, "same", 15, 2, 3), (3, 1, 2, "valid", 16, 3, 2),
        (9, 1, 2, "same", 20, 2, 2), (4, 1, 1, "same", 11, 2, 3), (4, 2, 1, "same", 11, 2, 2),
        (2, 2, 1, "same", 9, 3, 2), (3, 4, 1, "same", 10, 2, 2), (9, 1, 1, "same", 5, 2, 3),
        (1, 1, 1, "same", 7, 3, 5), (3, 1, 1, "valid", 3, 2, 2), (2, 1, 3, "same", 8, 2, 2),
        (5, 4, 1, "valid", 23, 2, 3), (1, 1, 1, "same", 1, 1, 1), (9, 4, 1, "same", 37, 5, 7)]
    for n, (k, s, d, padding, length, cin, cout) in enumerate(cases):
        batch = 2 if n % 2 else 1 if n < 20 else 3
        layer = K.layers.Conv1D(cout, k, strides=s, dilation_rate=d, padding=padding)
        layer.build((None, length, cin))
        x, w, b = random(batch, cin, length), random(cout, cin, k), random(cout)
        layer.set_weights([w.transpose(2, 1, 0), b])
        y, g, (dx, dw, db) = backward(layer, swap(x), [layer.kernel, layer.bias])
        name = f"conv1d.{n}"
        keep(name, input=x, weight=w, bias=b, output=swap(y), grad_output=g, grad_input=swap(dx),
             grad_weight=dw.transpose(2, 1, 0), grad_bias=db)
        settings[name] = f"kernel={k} stride={s} dilation={d} padding={padding}"


def max_pool():
    cases = [(7, 7, "same", 21), (7, 7, "same", 22), (7, 7, "same", 24), (7, 7, "same", 27),
             (7, 7, "same", 5), (9, 9, "same", 9), (9, 9, "same", 8), (9, 9, "same", 31),
             (2, 2, "valid", 10), (2, 2, "valid", 11), (3, 2, "same", 12), (2, 2, "same", 7)]
    for n, (size, stride, padding, length) in enumerate(cases):
        layer = K.layers.MaxPooling1D(size, strides=stride, padding=padding)
        x = random(2, 3, length) - 2  # negative: a pad of 0 would win
        y, g, (dx,) = backward(layer, swap(x))
        name = f"max_pool.{n}"
        keep(name, input=x, output=swap(y), grad_output=g, grad_input=swap(dx))
        settings[name] = f"size={size} stride={stride} padding={padding}"


def batch_norm():
    for n, shape in enumerate([(4, 3, 7), (2, 5, 1), (6, 5), (2, 2, 67)]):
        c = shape[1]
        layer = K.layers.BatchNormalization(axis=-1)
        assert layer.epsilon == 1e-3 and layer.momentum == 0.99
        x, x2 = random(*shape) * 2 + 3, random(*shape) - 1
        x, x2 = (v.astype(np.float32).astype(np.float64) for v in (x, x2))
        layer.build(swap(x).shape)
        gamma, beta, mean, var = positive(c), random(c), random(c), positive(c)
        layer.set_weights([gamma, beta, mean, var])
        name = f"batch_norm.{n}"
        keep(name, input=x, input2=x2, weight=gamma, bias=beta, running_mean=mean, running_var=var)
        y, g, (dx, dgamma, dbeta) = backward(layer, swap(x), [layer.gamma, layer.beta], True)
        keep(name, output=swap(y), grad_output=g, grad_input=swap(dx), grad_weight=dgamma,
             grad_bias=dbeta, running_mean1=layer.moving_mean, running_var1=layer.moving_variance)
        y2 = layer(swap(x2), training=True)
        keep(name, output2=swap(y2), running_mean2=layer.moving_mean,
             running_var2=layer.moving_variance, inference=swap(layer(swap(x), training=False)))
        settings[name] = "eps=1e-3 momentum=0.99"


def small_layers():
    x = random(3, 2, 9)
    x[0, 0, :2] = 0.0, -0.0
    y, g, (dx,) = backward(K.layers.ReLU(), swap(x))
    keep("relu.0", input=x, output=swap(y), grad_output=g, grad_input=swap(dx))

    y, g, (dx,) = backward(K.layers.Dropout(0.0), swap(x), training=True)
    keep("dropout.0", input=x, output=swap(y), grad_output=g, grad_input=swap(dx))

    for n, (batch, cin, cout) in enumerate([(4, 7, 5), (1, 1, 1), (3, 33, 17)]):
        layer = K.layers.Dense(cout)
        layer.build((None, cin))
        x, w, b = random(batch, cin), random(cout, cin), random(cout)
        layer.set_weights([w.T, b])
        y, g, (dx, dw, db) = backward(layer, x, [layer.kernel, layer.bias])
        keep(f"dense.{n}", input=x, weight=w, bias=b, output=y, grad_output=g, grad_input=dx,
             grad_weight=dw.T, grad_bias=db)

    channels, positions, cout = 3, 5, 4
    dense = K.layers.Dense(cout)
    dense.build((None, channels * positions))
    x, w, b = random(2, channels, positions), random(cout, channels * positions), random(cout)
    dense.set_weights([to_keras(w, channels), b])
    flatten = K.layers.Flatten()
    y, g, (dx, dw, db) = backward(lambda v, training: dense(flatten(v)), swap(x),
                                  [dense.kernel, dense.bias])
    keep("flatten_dense.0", input=x, weight=w, bias=b, output=y, grad_output=g, grad_input=swap(dx),
         grad_weight=from_keras(dw, channels), grad_bias=db)


def to_keras(w, channels):
    """[out][channel * position] to Keras's [position * channel][out]."""
    return w.reshape(len(w), channels, -1).transpose(2, 1, 0).reshape(-1, len(w))


def from_keras(w, channels):
    return w.reshape(-1, channels, w.shape[1]).transpose(2, 1, 0).reshape(w.shape[1], -1)


def losses():
    for n, (batch, classes, scale) in enumerate([(4, 3, 2.0), (5, 29, 8.0), (1, 2, 1.0)]):
        z = random(batch, classes, scale=scale)
        one_hot = np.eye(classes)[rng.integers(0, classes, batch)]
        half = one_hot.copy()  # a mixture: proportions 1/2 and 1/2 in the first row
        half[0] = 0.0
        half[0, [0, classes - 1]] = 0.5
        present = rng.integers(0, 2, (batch, classes)).astype(float)
        for op, target, activation, loss in (
                ("softmax_cross_entropy", half, tf.nn.softmax,
                 K.losses.CategoricalCrossentropy(from_logits=True)),
                ("sigmoid_binary_cross_entropy", present, tf.nn.sigmoid,
                 K.losses.BinaryCrossentropy(from_logits=True))):
            with tf.GradientTape() as tape:
                v = tf.Variable(z)
                value = loss(target, v)
            keep(f"{op}.{n}", logits=z, target=target, output=activation(z), loss=value,
                 grad_logits=tape.gradient(value, v))
        for op, function in (("softmax", tf.nn.softmax), ("sigmoid", tf.nn.sigmoid)):
            y, g, (dx,) = backward(lambda v, training: function(v), z)
            keep(f"{op}.{n}", input=z, output=y, grad_output=g, grad_input=dx)


def adam():
    count = 67
    start = random(count)
    # sizes from far above to far below epsilon, some exactly zero
    size = 10.0 ** rng.uniform(-10, 1, count)
    size[:3] = 0.0
    gradient = (random(5, count) * size).astype(np.float32).astype(np.float64)
    p = tf.Variable(start)
    optimiser = K.optimizers.Adam(1e-3)
    steps = []
    for g in gradient:
        optimiser.apply_gradients([(tf.constant(g), p)])
        steps.append(p.numpy())
    m, v = optimiser.variables[1:3]
    assert optimiser.epsilon == 1e-7 and "m" in m.name and "v" in v.name
    keep("adam.0", parameter=start, gradient=gradient, parameter_steps=np.array(steps), m=m, v=v)
    settings["adam.0"] = "lr=1e-3 beta1=0.9 beta2=0.999 eps=1e-7"


# ---- the multi-branch network ---------------------------------------------------------------------

LENGTH, CLASSES, BATCH, STEPS = 218, 3, 8, 5
CHANNELS = {"a_dense": 12, "b_dense": 64}  # dense layers behind Flatten


def multibranch(length=LENGTH, dense=(10, 10, 10, 5), classes=CLASSES, dropout=0.0):
    layers = K.layers
    x = layers.Input((length, 1))
    a = layers.Conv1D(12, 3, padding="same", name="a_conv")(x)
    a = layers.ReLU()(layers.BatchNormalization(name="a_norm")(a))
    a = layers.Dense(dense[0], activation="relu", name="a_dense")(layers.Flatten()(a))
    b = layers.Conv1D(32, 5, padding="same", name="b_conv1")(x)
    b = layers.MaxPooling1D(7, padding="same")(b)
    b = layers.ReLU()(layers.BatchNormalization(name="b_norm1")(b))
    b = layers.Conv1D(64, 9, strides=4, padding="same", activation="relu", name="b_conv2")(b)
    b = layers.MaxPooling1D(9, padding="same")(b)
    b = layers.ReLU()(layers.BatchNormalization(name="b_norm2")(b))
    b = layers.Dense(dense[1], activation="relu", name="b_dense")(layers.Flatten()(b))
    y = layers.Dense(dense[2], activation="relu", name="dense1")(layers.Concatenate()([a, b]))
    y = layers.Dropout(dropout)(y)
    y = layers.Dense(dense[3], activation="relu", name="dense2")(y)
    return K.Model(x, layers.Dense(classes, activation="softmax", name="out")(y))


def to_torch(name, values):
    """Keras's weights of one layer as PyTorch's tensors."""
    if "norm" in name:
        return dict(zip(("weight", "bias", "running_mean", "running_var"), values))
    if "conv" in name:
        return {"weight": values[0].transpose(2, 1, 0), "bias": values[1]}
    if name in CHANNELS:
        return {"weight": from_keras(values[0], CHANNELS[name]), "bias": values[1]}
    return {"weight": values[0].T, "bias": values[1]}


def tensors_of(model, values=None):
    """All weights by PyTorch's names; `values` in the order of layer.trainable_variables instead."""
    out = {}
    for layer in model.layers:
        if not layer.weights:
            continue
        own = layer.get_weights()
        if values is not None:
            own = [values[v.ref()].numpy() for v in layer.trainable_variables]
        for what, value in to_torch(layer.name, own).items():
            out[f"{layer.name}.{what}"] = value
    return out


def train(floatx, start, x, target):
    """Five steps; what they were."""
    K.backend.set_floatx(floatx)
    model = multibranch()
    model.set_weights([w.astype(floatx) for w in start])
    optimiser = K.optimizers.Adam(1e-3)
    loss = K.losses.CategoricalCrossentropy()
    seen = {"loss": [], "model": model}
    for t in range(STEPS):
        rows = slice(BATCH * (t % 2), BATCH * (t % 2) + BATCH)
        with tf.GradientTape() as tape:
            y = model(swap(x[rows]).astype(floatx), training=True)
            value = loss(target[rows].astype(floatx), y)
        grads = tape.gradient(value, model.trainable_variables)
        if t == 0:
            seen["output0"] = y.numpy()
            refs = {v.ref(): g for v, g in zip(model.trainable_variables, grads)}
            seen["grad0"] = tensors_of(model, refs)
        optimiser.apply_gradients(zip(grads, model.trainable_variables))
        seen["loss"].append(float(value))
    seen["inference"] = model(swap(x).astype(floatx), training=False).numpy()
    seen["final"] = tensors_of(model)
    return seen


def spectra(rows, length, classes):
    """A few Lorentzian lines per class, shifted, with noise; one-hot targets."""
    target = np.eye(classes)[np.arange(rows) % classes]
    x = random(rows, 1, length, scale=0.02)
    at = np.arange(length)
    for i in range(rows):
        for line in range(3):
            centre = length * (0.1 + 0.8 * ((3 * (i % classes) + line) * 0.37 % 1)) + random(1)[0]
            x[i, 0] += 1 / (1 + ((at - centre) / 1.5) ** 2)
    return x.astype(np.float32).astype(np.float64), target


def network(folder):
    K.utils.set_random_seed(SEED)
    model = multibranch()
    start = []
    for v in model.weights:
        w = v.numpy()
        if "kernel" not in v.name:
            w = positive(*w.shape) if "gamma" in v.name or "variance" in v.name else \
                random(*w.shape, scale=0.1)
        start.append(w.astype(np.float16).astype(np.float64))  # half the size of the golden
    x, target = spectra(2 * BATCH, LENGTH, CLASSES)
    model.set_weights(start)
    assert model.count_params() == sum(w.size for w in start)
    write(f"{folder}/keras_multibranch.safetensors",
          {k: v.astype(np.float16) for k, v in tensors_of(model).items()},
          {"by": f"TensorFlow {tf.__version__}", "seed": str(SEED)})
    exact, single = train("float64", start, x, target), train("float32", start, x, target)
    K.backend.set_floatx("float64")
    out = {"input": x, "target": target, "loss": np.array(exact["loss"]),
           "output0": exact["output0"], "inference": exact["inference"]}
    notes = {"by": f"TensorFlow {tf.__version__}", "seed": str(SEED),
             "undetermined": "a_conv.bias b_conv1.bias b_conv2.bias",
             "float32.loss": repr(max(abs(a - b) for a, b in zip(exact["loss"], single["loss"])))}
    for group in ("grad0", "final"):
        for name, value in exact[group].items():
            flat = value.size > 4096
            out[f"{group}.{name}"] = value.reshape(-1)[::31] if flat else value
            if flat:
                notes[f"stride.{name}"] = "31"
    for name, value in exact["final"].items():
        notes[f"float32.{name}"] = "%.2e" % np.abs(value - single["final"][name]).max()
    write(f"{folder}/keras_multibranch_steps.safetensors",
          {k: np.asarray(v, dtype=np.float32) for k, v in out.items()}, notes)
    print("losses", exact["loss"])
    print({k: v for k, v in notes.items() if k.startswith("float32")})


def main():
    folder = sys.argv[1]
    K.backend.set_floatx("float64")
    for make in (conv1d, max_pool, batch_norm, small_layers, losses, adam):
        make()
    write(f"{folder}/keras_ops.safetensors", ops,
          {"by": f"TensorFlow {tf.__version__}", "seed": str(SEED), **settings})
    network(folder)


if __name__ == "__main__":
    main()
