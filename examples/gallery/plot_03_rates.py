r"""
A constant rate chases, 1/k settles
===================================

The mean of a stream minimises :math:`\mathbb{E} \frac{1}{2} (w - y)^2`, and SGD on it is :math:`w
\leftarrow w - \eta_k (w - y_k)`. With :math:`\eta_k = 1/k` that is exactly the mean of the samples
so far, which settles; a constant rate keeps chasing the latest samples, with the variance
:math:`\sigma^2 \eta / (2 - \eta)` for ever. Robbins and Monro ask for both: :math:`\sum \eta_k =
\infty`, or the iterate may never arrive, and :math:`\sum \eta_k^2 < \infty`, or the noise never
dies out. `schedules.satisfies_robbins_monro` knows it of each schedule; the partial sums show it.
The solid curves are of those that satisfy both: their sum grows for ever, that of the squares does
not.

Source: Robbins & Monro 1951, "A stochastic approximation method".
"""

import matplotlib.pyplot as plt
import numpy as np

from fastopt import optim, schedules

plt.style.use("tableau-colorblind10")
y = 1 + np.random.default_rng(0).standard_normal(1000)
k = np.unique(np.geomspace(1, 10**6, 200).astype(int))
RATES = {f"1 / k^{power}": schedules.inverse_scaling(1, power) for power in (0.5, 0.75, 1, 1.5)}
RATES |= {"0.1": schedules.constant(0.1), "0.99^k": schedules.exponential(0.99, factor=0.99)}


def follow(lr):
    """Return SGD's estimate of the mean after each sample of the stream."""
    w = np.zeros(1)
    sgd, path = optim.SGD(w, lr=lr), []
    for sample in y:
        sgd.step(w - sample)
        path.append(w[0])
    return np.array(path)


figure, axes = plt.subplot_mosaic("wr;ws", figsize=(9.5, 5), layout="constrained")
axes["w"].plot(y, ".", color="0.8", label="samples")
paths, sums = {name: follow(RATES[name]) for name in ("0.1", "1 / k^1")}, {}
for name, path in paths.items():
    axes["w"].plot(path, label=f"w with the rate {name}")
for name, lr in RATES.items():
    style = "-" if schedules.satisfies_robbins_monro(lr) else ":"
    for place, power in ("r", 1), ("s", 2):
        sums[name, place] = (lr(np.arange(1, 10**6 + 1)) ** power).cumsum()[k - 1]
        axes[place].loglog(k, sums[name, place], style, label=name)
axes["w"].legend(loc="upper right").axes.set(xlabel="sample k", ylabel="w", ylim=(-2, 5))
axes["r"].legend(fontsize=8, ncols=2).axes.set(ylabel="sum of the rates up to k")
axes["s"].set(xlabel="k", ylabel="sum of their squares")
