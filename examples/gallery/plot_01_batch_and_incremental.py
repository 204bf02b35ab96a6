r"""
Batch against incremental
=========================

To minimise the mean loss :math:`f(w) = \frac{1}{T} \sum_t f_t(w)` over T samples, the batch method
sums all their gradients for one update, :math:`w \leftarrow w - \eta \nabla f(w)`; the incremental
one updates after each, :math:`w \leftarrow w - \eta \nabla f_t(w)`. Both read every sample once an
epoch, and take about as long for it; but one has then made 1 update, the other T. Here T = 20,000:
one epoch of the incremental method does more than fifty of the batch method, which has the longest
constant rate that is stable, 2 / L, with L the largest curvature of the loss.

Source: Bottou, Curtis & Nocedal 2018, "Optimization methods for large-scale machine learning",
section 3.3.
"""

import matplotlib.pyplot as plt
import numpy as np

from fastopt.linear_model import SGDRegressor

rng = np.random.default_rng(0)
X = rng.standard_normal((20_000, 30)) * np.geomspace(1, 0.1, 30)
y = X @ rng.standard_normal(30) + 0.1 * rng.standard_normal(len(X))
curvature = np.linalg.eigvalsh(X.T @ X / len(X)).max()
common = dict(learning_rate="constant", penalty=None, fit_intercept=False, tol=None, max_iter=50)
batch = SGDRegressor(batch_size="full", eta0=1.9 / curvature, **common)
incremental = SGDRegressor(batch_size=1, eta0=0.01, random_state=0, **common)

figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for model, name in (
    (batch, "batch: 1 update an epoch"),
    (incremental, "incremental: T updates an epoch"),
):
    model.fit(X, y, eval_set=(X, y))
    losses = [np.mean(y**2) / 2, *(row["validation_loss"] for row in model.history_)]
    seconds = np.cumsum([0, *(row["seconds"] for row in model.history_)])
    axes[0].plot(np.arange(51) * len(X) / 1e6, losses, ".-", label=name)
    axes[1].plot(1000 * seconds, losses, ".-")
axes[0].set(yscale="log", xlabel="samples seen (millions)", ylabel="loss over all samples")
axes[1].set(xlabel="time in updates (ms)")
axes[0].legend()
