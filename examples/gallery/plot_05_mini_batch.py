r"""
Mini-batch: the variance falls as 1/b
=====================================

The gradient of a batch of b samples, :math:`g_B = \frac{1}{b} \sum_{t \in B} \nabla f_t(w)`, is
right in the mean, and its variance is that of one sample divided by b. An update with rate 1 moves
the weights by just :math:`-g_B`, so the library's own updates show both. A larger batch allows a
longer rate, but no longer than the curvature allows, here 1 / L: beyond that a larger batch only
costs more samples and more time for the same loss.

Source: Bottou, Curtis & Nocedal 2018, "Optimization methods for large-scale machine learning",
section 4.2.
"""

import matplotlib.pyplot as plt
import numpy as np

from fastopt.linear_model import SGDRegressor

rng = np.random.default_rng(0)
X = rng.standard_normal((4096, 30)) * np.geomspace(1, 0.2, 30)
y = X @ rng.standard_normal(30) + 0.5 * rng.standard_normal(len(X))
target = 1.1 * np.mean((y - X @ np.linalg.lstsq(X, y)[0]) ** 2) / 2
longest = 1 / np.linalg.eigvalsh(X.T @ X / len(X)).max()
sizes = 4 ** np.arange(7)
plain = dict(learning_rate="constant", penalty=None, fit_intercept=False, tol=None)


def gradient(b):
    """Return the gradient of b samples at w = 0, from one update with rate 1."""
    rows = rng.integers(len(X), size=b)
    return -SGDRegressor(eta0=1, batch_size=b, max_iter=1, **plain).fit(X[rows], y[rows]).coef_


def train(b):
    """Return updates and seconds of a fit until the loss is within 10 % of the least."""
    model = SGDRegressor(eta0=min(0.005 * b, longest), batch_size=b, random_state=0, **plain)
    model.fit(X, y, eval_set=(X, y), callbacks=lambda m: m.history_[-1]["validation_loss"] < target)
    return model.t_ - 1, sum(row["seconds"] for row in model.history_)


gradients = {b: np.array([gradient(b) for _ in range(400)]) for b in sizes}
updates, seconds = np.transpose([np.min([train(b) for _ in range(5)], axis=0) for b in sizes])
one = y[:, np.newaxis] * -X  # the gradient of each sample at w = 0
figure, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
axes[0].loglog(sizes, [g.var(axis=0).sum() for g in gradients.values()], "o", label="400 batches")
axes[0].loglog(sizes, one.var(axis=0).sum() / sizes, label="one sample's / b")
axes[0].legend().axes.set(xlabel="batch size b", title="variance of the gradient")
for ax, values, what in (axes[1], updates, "updates"), (axes[2], 1000 * seconds, "milliseconds"):
    ax.loglog(sizes, values, "o-")
    ax.set(xlabel="batch size b", title=f"{what} to the same loss")
axes[2].set_ylim(0.1, 10)
