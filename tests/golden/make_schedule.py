#!/usr/bin/env python3
"""Goldens of the learning-rate schedules of PyTorch and Keras.

    python make_schedule.py pytorch > schedule_pytorch.txt
    python make_schedule.py keras > schedule_keras.txt

Made with Python 3.11, PyTorch 2.6.0 and TensorFlow 2.15.1 (Keras 2.15.0). One line a case: the
schedule in the words of docs/recipes.md, "|", the optimiser's rate, then "step:rate" pairs. PyTorch
multiplies in double from step to step, Keras computes each rate in float32.
"""
import sys

STEPS = list(range(0, 24)) + [29, 30, 31, 49, 50, 51, 79, 80, 81, 99, 100, 101, 119, 120, 121, 250,
                              499, 500, 501, 999, 1000, 1001, 1500]


def show(settings, rate, values):
    print(settings, "|", repr(rate), " ".join("%d:%.17g" % (s, v) for s, v in values))


def pytorch():
    import torch
    from torch.optim import lr_scheduler as s

    def run(settings, rate, make):
        weight = torch.nn.Parameter(torch.zeros(1))
        optimiser = torch.optim.SGD([weight], lr=rate)
        schedule = make(optimiser)
        values = []
        for step in range(STEPS[-1] + 1):
            if step in STEPS:
                values.append((step, optimiser.param_groups[0]["lr"]))
            optimiser.step()
            schedule.step()
        show(settings, rate, values)

    run("constant", 0.1, lambda o: s.ConstantLR(o, factor=1.0))
    run("constant warmup=20 warmup_from=0.25", 0.1, lambda o: s.LinearLR(o, 0.25, total_iters=20))
    run("step every=30 factor=0.1", 0.1, lambda o: s.StepLR(o, 30, 0.1))
    run("step at=[30,80] factor=0.5", 0.1, lambda o: s.MultiStepLR(o, [30, 80], 0.5))
    run("exponential every=1 factor=0.96", 0.1, lambda o: s.ExponentialLR(o, 0.96))
    run("exponential every=1 factor=0.99 warmup=20 warmup_from=0.1", 0.3, lambda o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=20), s.ExponentialLR(o, 0.99)], [20]))


def keras():
    import tensorflow as tf
    s = tf.keras.optimizers.schedules

    def run(settings, rate, schedule):
        show(settings, rate, [(step, float(schedule(step))) for step in STEPS])

    run("exponential every=500 factor=0.96", 0.1, s.ExponentialDecay(0.1, 500, 0.96))
    run("exponential every=50 factor=0.96 staircase=true", 0.2,
        s.ExponentialDecay(0.2, 50, 0.96, staircase=True))
    run("step at=[31,81] factor=0.5", 0.1, s.PiecewiseConstantDecay([30, 80], [0.1, 0.05, 0.025]))
    run("cosine length=1000", 0.1, s.CosineDecay(0.1, 1000))
    run("cosine length=100 floor=0.125", 0.1, s.CosineDecay(0.1, 100, alpha=0.125))
    run("cosine length=980 floor=0.01 warmup=20", 0.1,
        s.CosineDecay(0.0, 980, alpha=0.01, warmup_target=0.1, warmup_steps=20))


{"pytorch": pytorch, "keras": keras}[sys.argv[1]]()
