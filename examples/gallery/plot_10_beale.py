r"""
Every optimizer on Beale's function
===================================

:math:`f(x, y) = (1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2` has its minimum at
(3, 0.5), in a flat valley between steep walls. From (1, 1) the gradient points straight down the
wall. SGD falls into the valley with its first step, and creeps along. Momentum carries on up the
other side, and swings. Adagrad divides by the root of all squares so far, so the wall counts for
less, and its way is shorter. Signum takes the signs alone, so it goes diagonally. The rates are
chosen by hand, and fall to 0 in 2000 steps; the rate-free family has its defaults, and arrives too.

Source: Beale 1958, "On an iterative method of finding a local minimum of a function of more than
one variable"; for each optimizer its docstring says its own.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

from fastopt import minimize, optim, plot, schedules
from fastopt.datasets import beale

FAMILIES = {
    "along the gradient": ["sgd", "momentum", "nesterov", "asgd", "schedule_free_sgd"],
    "by the sign": ["rprop", "lion", "signum"],
    "rate-free": ["cocob", "dadapt_adamw", "prodigy", "dog", "polyak_sgd", "momo", "momo_adam"],
    "Adagrad's kin": ["adagrad", "ftrl", "rmsprop", "adadelta"],
    "Adam's kin": ["adam", "adamw", "adamax", "nadam", "radam", "amsgrad", "schedule_free_adamw"],
}
FAMILIES["others"] = sorted(optim.OPTIMIZERS.keys() - set().union(*FAMILIES.values()))
steps, AS_IT_IS = 2000, dict.fromkeys(FAMILIES["rate-free"]) | {"ftrl": 0.3}
RATES = (  # at first; 0.1 for those that are not here
    dict.fromkeys(["momentum", "nesterov", "asgd"], 0.01)
    | dict.fromkeys(["sgd", "radam", "schedule_free_sgd"], 0.03)
    | {"lion": 0.04, "signum": 0.04, "rmsprop": 0.02, "adagrad": 0.5, "adadelta": 1.0}
)


def path(name):
    """Return all points on the way of an optimizer."""
    lr = AS_IT_IS.get(name, schedules.cosine(RATES.get(name, 0.1), steps))
    return minimize(
        beale, beale.start, method=name, lr=lr, jac=beale.gradient, maxiter=steps, trajectory=True
    ).trajectory


paths = {name: path(name) for name in optim.OPTIMIZERS}
figure, axes = plt.subplots(3, 2, figsize=(10, 9), layout="constrained", sharex=True, sharey=True)
for ax, (family, names) in zip(axes.flat, FAMILIES.items(), strict=True):
    plot.path({name: paths[name] for name in names}, beale, ax=ax).set_title(family)
    ax.legend(loc="lower right", fontsize=7).axes.label_outer()

# %%
# All of them as they go, a few in color. Each picture is of a step later by a fifth than the last.

figure, ax = plt.subplots(figsize=(6, 4), dpi=75)
plot.path({}, beale, ax=ax)
lines = {name: ax.plot([], [], "o-", markevery=[-1], c="0.6", lw=0.8, ms=3)[0] for name in paths}
for name, color in zip(["sgd", "momentum", "adagrad", "adam", "signum"], plot.COLORS, strict=False):
    lines[name].set(color=color, lw=2, markersize=7, label=name, zorder=4)
ax.legend(loc="lower right")


def draw(step):
    """Draw all ways up to a step."""
    ax.set_title(f"step {step}")
    for name, line in lines.items():
        line.set_data(*paths[name][: step + 1].T)


animation = FuncAnimation(figure, draw, np.unique(np.geomspace(1, steps, 42).astype(int)))
