r"""
The cycle of a fixed order
==========================

Incremental updates with a constant rate, :math:`w \leftarrow w - \eta \nabla f_t(w)`, do not come
to rest: each sample pulls towards its own optimum. In a fixed order they run into a limit cycle,
the same T points in each epoch, and each epoch ends at the same point beside the optimum: the
samples that come last have the last word. Here they are sorted by y, so the last ones pull the
intercept up. A fresh permutation for each epoch takes that bias away: what is left is noise around
the optimum, which the mean over the epochs takes out.

Source: Bertsekas 2011, "Incremental gradient, subgradient, and proximal methods for convex
optimization: a survey".
"""

import matplotlib.pyplot as plt
import numpy as np

from fastopt import optim

rng = np.random.default_rng(0)
X = np.column_stack([np.ones(12), rng.standard_normal(12)])
y = np.sort(X @ [1, 0.5] + rng.standard_normal(12))
optimum = np.linalg.lstsq(X, y)[0]


def path(order):
    """Return w after each update of 400 epochs, each in the order that `order` gives."""
    w, points = np.zeros(2), []
    sgd = optim.SGD(w, lr=0.1)
    for _ in range(400):
        for t in order():
            sgd.step((X[t] @ w - y[t]) * X[t])
            points.append(w.copy())
    return np.array(points).reshape(400, 12, 2)


fixed, shuffled = path(lambda: range(12)), path(lambda: rng.permutation(12))
figure, axes = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
axes[0].plot(*shuffled[-40:].reshape(-1, 2).T, ".", alpha=0.5, label="a fresh permutation")
axes[0].plot(*fixed[-40:].reshape(-1, 2).T, ".-", label="a fixed order: a cycle of 12 points")
axes[0].plot(*fixed[-1, -1], "s", color="C1", markersize=9, label="where its epochs end")
axes[0].plot(*optimum, "k*", markersize=14, label="optimum")
axes[0].set(xlabel="intercept", ylabel="slope", title="w after each update, last 40 epochs")
axes[0].legend(loc="upper left").axes.set_ylim(top=-0.08)
for points in shuffled, fixed:
    means = points[:, -1].cumsum(axis=0) / np.arange(1, 401)[:, np.newaxis]
    axes[1].loglog(np.linalg.norm(means - optimum, axis=1))
axes[1].set(title="mean w at the ends of k epochs", xlabel="k", ylabel="distance to optimum")
