#!/usr/bin/env python3
"""The published multi-branch network (reference system S1) in Keras: five steps to compare with, and
the time of one.

    python keras_multibranch.py export FOLDER    float32; 7 GB of memory, minutes
    python keras_multibranch.py exact FOLDER     float64, after export; 12 GB
    python keras_multibranch.py compare FOLDER MODEL [--losses 3.57,3.48,...]
    python keras_multibranch.py time [--rounds 11] [--threads 0]

Made with Python 3.11, TensorFlow 2.15.1 (tensorflow-cpu, Keras 2.15.0), numpy 1.26.4, h5py 3.16.0,
safetensors 0.8.0; seed 4. The network is that of tests/golden/make_keras.py at full size: 269,705,197
parameters as Keras counts them, 269,704,981 of them trainable; both are asserted.

export trains five steps with dropout off, Adam at 1e-3, batch 32, and writes:
  initial.safetensors  weights as Keras draws them (1.08 GB), PyTorch's names and layouts; layers
                       a_conv a_norm a_dense b_conv1 b_norm1 b_conv2 b_norm2 b_dense dense1 dense2 out
  batches.h5           a fidmix dataset of 160 rows: step t takes rows 32 t to 32 t + 31
  final.safetensors    the weights after five steps
  steps.safetensors    loss [5]; output0 [32][29]: probabilities in training mode before the first
                       step; for each tensor grad0.<name> (first step) and final.<name>; tensors
                       above 4096 values sampled: value s i of the flattened tensor at place i, s in
                       metadata stride.<name>; metadata sum.<name>: sum and sum of squares of all
                       values after five steps
exact does the same in float64 from the same weights and writes exact.safetensors: loss, output0,
grad0.<name>, final.<name>, stride, sum; metadata deviation.<name>: largest and root mean square
difference of float32 Keras from float64 Keras over all values.

What an implementation in float32 can be held to is the deviation that Keras itself shows in float32:
Adam divides each gradient by its own size, so that gradients that are only rounding (of biases in
front of a batch normalisation: a_conv, b_conv1, some of b_conv2; of dense weights behind units that
hardly fire) move their weights by up to 1e-3 a step either way.

compare holds a model that another program trained by the same five steps against that, tensor by
tensor. Its errors are another draw of the same roundings (another order of sums), and 270 million
draws have far tails, so: every value of FOLDER's float32 weights within 5 x, and every sampled value
of the float64 ones within 4 x the largest deviation + 2^-22 of the tensor's largest value; the root
mean square over all values likewise; losses within 4 x the deviation of float32 Keras's + 1e-5 of
the loss. Exit code 1 where one is missed.

time prints the median of a training step, batch 32, dropout 0.5, as model.fit runs it.
"""
import argparse
import os
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))

import h5py
import numpy as np
import tensorflow as tf
from make_keras import CHANNELS, SEED, multibranch, spectra, swap, tensors_of, to_keras, write
from safetensors import safe_open

K = tf.keras
POINTS, CLASSES, BATCH, STEPS = 21800, 29, 32, 5
PARAMETERS, TRAINABLE = 269_705_197, 269_704_981
SAMPLES = 4096


def network(dropout):
    K.utils.set_random_seed(SEED)
    model = multibranch(POINTS, (1000, 1000, 1000, 500), CLASSES, dropout)
    trainable = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert model.count_params() == PARAMETERS, model.count_params()
    assert trainable == TRAINABLE, trainable
    return model


def sample(value):
    """At most 4096 values and the stride between them, odd so that no axis is missed."""
    stride = 1
    while value.size > SAMPLES * stride:
        stride = value.size // SAMPLES + 1 | 1
    return np.asarray(value.reshape(-1)[::stride], np.float32), stride


def load(model, path):
    """Gives the model the weights of a file that tensors_of and write made."""
    with safe_open(path, framework="np") as f:
        for layer in model.layers:
            own = {k: f.get_tensor(f"{layer.name}.{k}") for k in
                   ("weight", "bias", "running_mean", "running_var")
                   if f"{layer.name}.{k}" in f.keys()}
            if not own:
                continue
            if layer.name in CHANNELS:
                own["weight"] = to_keras(own["weight"], CHANNELS[layer.name])
            elif own["weight"].ndim > 1:
                own["weight"] = own["weight"].T  # [out][in][k] to [k][in][out], [out][in] to [in][out]
            for variable, value in zip(layer.weights, own.values()):
                variable.assign(value.astype(variable.dtype.as_numpy_dtype))


def five_steps(floatx, optimiser, initial, x, target):
    """What the steps were, and the weights afterwards; the optimiser is dropped before them."""
    K.backend.set_floatx(floatx)
    model = network(0.0)
    load(model, initial)
    loss = K.losses.CategoricalCrossentropy()
    out = {"loss": []}
    for t in range(STEPS):
        rows = slice(BATCH * t, BATCH * (t + 1))
        with tf.GradientTape() as tape:
            y = model(tf.constant(swap(x[rows]), floatx), training=True)
            value = loss(tf.constant(target[rows], floatx), y)
        grads = tape.gradient(value, model.trainable_variables)
        if t == 0:
            refs = {v.ref(): g for v, g in zip(model.trainable_variables, grads)}
            for name, g in tensors_of(model, refs).items():
                out[f"grad0.{name}"] = sample(g)[0]
            out["output0"] = y.numpy().astype(np.float32)
            del refs, g
        optimiser.apply_gradients(zip(grads, model.trainable_variables))
        del grads, tape
        out["loss"].append(float(value))
        print(f"{floatx} step {t}: loss {out['loss'][-1]:.9g}", flush=True)
    out["loss"] = np.array(out["loss"], np.float32)
    del optimiser
    return out, tensors_of(model)


def add_final(out, notes, name, value):
    """The samples of a tensor after the steps, and its sums."""
    out[f"final.{name}"], stride = sample(value)
    total = squares = 0.0
    for piece in pieces(value):
        total += float(piece.sum(dtype=np.float64))
        squares += float((piece.astype(np.float64) ** 2).sum())
    notes[f"stride.{name}"] = str(stride)
    notes[f"sum.{name}"] = "%.12g %.12g" % (total, squares)


def pieces(value):
    """A tensor by pieces: the largest takes 2 GB in float64."""
    return [p for p in np.array_split(value.reshape(-1), 64) if p.size > 0]


def write_dataset(path, x, target):
    rows = len(x)
    text = h5py.string_dtype()
    with h5py.File(path, "w") as f:
        f["spectra"] = x[:, 0].astype(np.float32)
        f["ppm"] = np.linspace(10.0, 0.0, POINTS)
        f["target"] = target.astype(np.float32)
        f["parent"] = np.arange(rows, dtype=np.int32)
        f["split"] = np.zeros(rows, np.uint8)
        for name, value in (("field_mhz", 400), ("p0_deg", 0), ("p1_deg", 0), ("noise_sigma", 0.01)):
            f[name] = np.full(rows, value, np.float32)
        f.create_dataset("name", data=[f"compound {k:02}" for k in target.argmax(1)], dtype=text)
        f.create_dataset("source", data=[f"made/{i}" for i in range(rows)], dtype=text)
        f.create_dataset("class_name", data=[f"compound {k:02}" for k in range(CLASSES)], dtype=text)
        f.attrs["nucleus"] = "1H"
        f.attrs["recipe"] = ""
        f.attrs["seed"] = np.uint64(SEED)
        f.attrs["fidmix_version"] = ""


def export(folder):
    os.makedirs(folder, exist_ok=True)
    notes = {"by": f"TensorFlow {tf.__version__}", "seed": str(SEED)}
    x, target = spectra(STEPS * BATCH, POINTS, CLASSES)
    write_dataset(f"{folder}/batches.h5", x, target)
    write(f"{folder}/initial.safetensors", tensors_of(network(0.0)), notes)
    out, final = five_steps("float32", K.optimizers.Adam(1e-3), f"{folder}/initial.safetensors", x,
                            target)
    write(f"{folder}/final.safetensors", final, notes)
    for name, value in final.items():
        add_final(out, notes, name, value)
    write(f"{folder}/steps.safetensors", out, notes)


def exact(folder):
    notes = {"by": f"TensorFlow {tf.__version__}", "seed": str(SEED)}
    x, target = spectra(STEPS * BATCH, POINTS, CLASSES)
    # the legacy class: the same formula in one operation, without temporaries of 2 GB each
    out, final = five_steps("float64", K.optimizers.legacy.Adam(1e-3),
                            f"{folder}/initial.safetensors", x, target)
    with safe_open(f"{folder}/final.safetensors", framework="np") as f:
        for name in sorted(final):
            value = final.pop(name)
            add_final(out, notes, name, value)
            most = square = 0.0
            for a, b in zip(pieces(value), pieces(f.get_tensor(name))):
                most = max(most, float(np.abs(a - b).max()))
                square += float(((a - b) ** 2).sum())
            notes[f"deviation.{name}"] = "%.3e %.3e" % (most, (square / value.size) ** 0.5)
            print(f"{name}: float32 Keras deviates by at most {most:.3e}", flush=True)
    write(f"{folder}/exact.safetensors", out, notes)


def compare(folder, path, losses):
    bad = 0
    with safe_open(f"{folder}/exact.safetensors", framework="np") as e, \
            safe_open(f"{folder}/final.safetensors", framework="np") as single, \
            safe_open(f"{folder}/steps.safetensors", framework="np") as steps, \
            safe_open(path, framework="np") as model:
        notes = e.metadata()
        print(f"{'tensor':<22}{'from float64':>13}{'from float32':>13}{'rms':>11}{'Keras':>11}{'rms':>11}")
        for name in single.keys():
            most, rms = map(float, notes[f"deviation.{name}"].split())
            got, want = model.get_tensor(name), single.get_tensor(name)
            assert got.shape == want.shape, (name, got.shape, want.shape)
            slack = 2.0**-22 * float(np.abs(want).max())
            flat = got.reshape(-1)[::int(notes[f"stride.{name}"])]
            d64 = float(np.abs(flat - e.get_tensor(f"final.{name}").reshape(-1)).max())
            d32 = square = 0.0
            for a, b in zip(pieces(got), pieces(want)):
                d = a.astype(np.float64) - b
                d32 = max(d32, float(np.abs(d).max()))
                square += float(d @ d)
            drms = (square / want.size) ** 0.5
            missed = not (d64 <= 4 * most + slack and d32 <= 5 * most + slack and
                          drms <= 5 * rms + slack)
            bad += missed
            print(f"{name:<22}{d64:>13.2e}{d32:>13.2e}{drms:>11.2e}{most:>11.2e}{rms:>11.2e}"
                  f"{'  MISSED' if missed else ''}")
        for t, value in enumerate(losses):
            exact_loss, loss32 = float(e.get_tensor("loss")[t]), float(steps.get_tensor("loss")[t])
            limit = 4 * abs(loss32 - exact_loss) + 1e-5 * exact_loss
            missed = not abs(value - exact_loss) <= limit
            bad += missed
            print(f"loss {t}: {value:.8g}, Keras {exact_loss:.8g} (float32 {loss32:.8g}), difference "
                  f"{value - exact_loss:.2e}, limit {limit:.2e}{'  MISSED' if missed else ''}")
    sys.exit(bad > 0)


def measure(rounds, threads):
    if threads > 0:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    model = network(0.5)
    model.compile(K.optimizers.Adam(1e-3), "categorical_crossentropy")
    x, target = spectra(BATCH, POINTS, CLASSES)
    x, target = tf.constant(swap(x), tf.float32), tf.constant(target, tf.float32)
    train = model.make_train_function()
    batches = iter(tf.data.Dataset.from_tensors((x, target)).repeat())
    seconds = []
    for i in range(rounds + 3):  # three to warm up: tracing, memory
        begin = time.perf_counter()
        float(train(batches)["loss"])
        if i >= 3:
            seconds.append(time.perf_counter() - begin)
    print(f"TensorFlow {tf.__version__}, threads {threads or os.cpu_count()}, batch {BATCH}: median "
          f"{statistics.median(seconds):.3f} s, least {min(seconds):.3f} s of {rounds} steps")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("export", "exact"):
        verbs.add_parser(verb).add_argument("folder")
    comparing = verbs.add_parser("compare")
    comparing.add_argument("folder")
    comparing.add_argument("model")
    comparing.add_argument("--losses", default="")
    timing = verbs.add_parser("time")
    timing.add_argument("--rounds", type=int, default=11)
    timing.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    if args.verb == "time":
        measure(args.rounds, args.threads)
    elif args.verb == "compare":
        compare(args.folder, args.model, [float(v) for v in args.losses.split(",") if v])
    else:
        {"export": export, "exact": exact}[args.verb](args.folder)


if __name__ == "__main__":
    main()
