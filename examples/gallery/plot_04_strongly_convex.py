r"""
Strongly convex: linear against 1/k
===================================

On a strongly convex f, curved by at least :math:`\mu` and at most L, the batch method converges
linearly: each update with :math:`\eta = 1 / L` multiplies :math:`f(w) - f^*` of a quadratic by
:math:`(1 - \mu / L)^2` in the end, a straight line in a semilogarithmic picture. SGD meets noise
at the optimum too, and with :math:`\eta_k = 1 / (\mu (k_0 + k))` its error falls as 1/k, a line of
slope -1 in logarithms. But an update of SGD reads one sample, and one of the batch method all T of
them: by samples read, SGD is ahead at first, and the longer the larger T.

Source: Bottou, Curtis & Nocedal 2018, "Optimization methods for large-scale machine learning",
section 3.3 and theorem 4.7.
"""

import matplotlib.pyplot as plt
import numpy as np

from fastopt import optim, schedules

rng = np.random.default_rng(0)
X = rng.standard_normal((1000, 5)) * np.geomspace(1, 0.4, 5)
y = X @ np.ones(5) + rng.standard_normal(1000)
hessian = X.T @ X / len(X)
mu, L = np.linalg.eigvalsh(hessian)[[0, -1]]
optimum = np.linalg.lstsq(X, y)[0]


def errors(lr, draw, updates):
    """Return f(w) - f* after each update, the mean over 50 runs side by side."""
    w, path = np.zeros((50, 5)), []
    sgd = optim.SGD(w, lr=lr)
    for _ in range(updates):
        rows = draw()
        residuals = (X[rows] @ w[:, :, np.newaxis])[..., 0] - y[rows]
        sgd.step((residuals[:, np.newaxis] @ X[rows])[:, 0] / rows.shape[1])
        path.append(((w - optimum) @ hessian * (w - optimum)).sum() / 100)
    return np.array(path)


batch = errors(1 / L, lambda: np.arange(1000)[np.newaxis], 100)
sgd = errors(schedules.optimal(mu, 10 * L / mu), lambda: rng.integers(1000, size=(50, 1)), 10_000)
k = np.arange(1, 10_001)
slope_batch = np.polyfit(k[50:90], np.log(batch[50:90]), 1)[0]
slope_sgd = np.polyfit(np.log(k[1000:]), np.log(sgd[1000:]), 1)[0]
figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for ax, scale, last in (axes[0], "linear", 100), (axes[1], "log", 10_000):
    ax.plot(k[:100], batch, label=f"batch: times {np.exp(slope_batch):.3f} an update")
    ax.plot(k[:last], sgd[:last], label=f"SGD: as k to the power of {slope_sgd:.2f}")
    ax.legend().axes.set(xlabel="update k", xscale=scale, yscale="log", ylim=(1e-8, 30))
axes[0].set_ylabel("f(w) - f*")
