r"""
All schedules on one sheet
==========================

A schedule is a function :math:`\eta(t)` of the update t, here over 40 epochs of mini-batch SGD on
a noisy least-squares problem; above each picture stands the loss at the end, above the least
possible. A constant rate ends in its own noise, whose variance is in proportion to :math:`\eta`;
every schedule that falls ends lower. `ReduceOnPlateau` needs no plan: it is fed with the loss of
each epoch, and multiplies the rate by 0.3 whenever that has stopped falling.

Source: Robbins & Monro 1951; for plateaus the practice of He et al. 2016, "Deep residual learning
for image recognition", section 3.4. The docstring of each schedule has its own.
"""

import matplotlib.pyplot as plt
import numpy as np

from fastopt import schedules as s
from fastopt.linear_model import SGDRegressor

plt.style.use("tableau-colorblind10")
lr, steps = 0.5, 1000  # the first rate; updates: 40 epochs of 25
SHEET = [
    s.constant(lr),
    s.step(lr, every=250, factor=0.3),
    s.multistep(lr, milestones=[500, 750], factor=0.1),
    s.piecewise([lr, lr / 5, 0], boundaries=[500, steps], shape="linear"),
    s.exponential(lr, factor=0.995),
    s.linear(lr, steps),
    s.polynomial(lr, steps, power=2),
    s.cosine(lr, steps),
    s.inverse_sqrt(lr, warmup=50),
    s.inverse_scaling(lr, power=0.5),
    s.optimal(alpha=0.1, t0=20),
    s.warmup(s.linear(lr, steps - 100), steps=100),
    s.warmup_cosine(lr, warmup=100, steps=steps),
    s.wsd(lr, warmup=100, steps=steps, decay=300, shape="1-sqrt"),
    s.one_cycle(lr, steps),
    s.cyclic(lr, initial=0.01, up=125, cycle_factor=0.5),
    s.cosine_restarts(lr, period=250),
    s.product([s.cosine_restarts(lr, period=250), s.linear(1, steps)]),
    s.join([lr, s.linear(lr, steps // 2)], boundaries=[steps // 2]),
    s.ReduceOnPlateau(lr, factor=0.3, patience=2),
]

rng = np.random.default_rng(0)
X = rng.standard_normal((400, 10))
y = X @ rng.standard_normal(10) + rng.standard_normal(400)
least = np.mean((y - X @ np.linalg.lstsq(X, y)[0]) ** 2) / 2
history = {}
for schedule in SHEET:
    model = SGDRegressor(penalty=None, fit_intercept=False, tol=None, max_iter=40, batch_size=16)
    model.set_params(random_state=0, learning_rate=schedule).fit(X, y, eval_set=(X, y))
    history[type(schedule).__name__] = model.history_

rows = -(-len(SHEET) // 5)
shared = dict(sharex=True, sharey=True, figsize=(11, 0.5 + 2 * rows), layout="constrained")
figure, axes = plt.subplots(rows, 5, **shared)
for ax, (name, epochs) in zip(axes.flat, history.items(), strict=False):
    ax.plot([row["lr"] for row in epochs], drawstyle="steps-post")
    twin = ax.twinx()
    twin.semilogy([row["validation_loss"] - least for row in epochs], "--", color="C1")
    twin.set(ylim=(1e-6, 1), title=f"{name}: {epochs[-1]['validation_loss'] - least:.0e}")
    twin.tick_params(labelright=ax.get_subplotspec().is_last_col())
for ax in axes.flat[len(SHEET) :]:
    ax.set_axis_off()
figure.suptitle("rate (solid, left) and loss above the least possible (dashed, right) by epoch")
