r"""
K-means: all at once, or sample by sample
=========================================

K-means seeks the K centers with the least inertia, the mean squared distance of the samples from
their nearest center. The batch method (Lloyd's) sends all samples to their centers, then moves each
center to the mean of its own. SGD moves the nearest center after every sample x, by :math:`c_k
\leftarrow c_k + (x - c_k) / n_k`, with :math:`n_k` the samples it has met: a step along the
negative gradient of :math:`\frac{1}{2} \|x - c_k\|^2` with the rate :math:`1 / n_k`. A mini-batch
moves the centers by the sum of its own samples. In their first pass over the samples SGD and
mini-batches get where the batch method needs several to. But all three end in a local minimum, and
which one depends on the order of the samples: 20 seeds, from one and the same start, end in one
place with the batch method, and in many with the others.

Source: Bottou & Bengio 1995, "Convergence properties of the k-means algorithms"; Sculley 2010,
"Web-scale k-means clustering".
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.spatial.distance import cdist
from sklearn.datasets import make_blobs

from fastopt.cluster import MiniBatchKMeans

X, _ = make_blobs(5000, centers=10, cluster_std=2, random_state=0)
start = X[np.random.default_rng(1).choice(len(X), size=10, replace=False)]
plain = dict(init=start, max_no_improvement=None, reassignment_ratio=0)
SIZES = {"batch": "full", "mini-batch of 64": 64, "SGD": 1}


def inertia(centers):
    """Return the mean squared distance of the samples from their nearest centers."""
    return cdist(X, centers, "sqeuclidean").min(axis=1).mean()


def run(batch_size, seed):
    """Return the inertia after 0, 1, ... 10 passes over the samples, in the order of a seed."""
    model = MiniBatchKMeans(10, batch_size=batch_size, random_state=seed, **plain)
    fits = [model.set_params(max_iter=passes).fit(X).cluster_centers_ for passes in range(1, 11)]
    return [inertia(centers) for centers in (start, *fits)]


runs = {name: np.array([run(b, seed) for seed in range(20)]) for name, b in SIZES.items()}
figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained", width_ratios=(3, 2))
for k, (name, curves) in enumerate(runs.items()):
    axes[0].plot(curves[0], color=f"C{k}", label=name)
    axes[0].plot(curves[1:].T, color=f"C{k}", lw=0.6)
    axes[1].plot(k + np.linspace(-0.3, 0.3, 20), curves[:, -1], "o", mfc="none", color=f"C{k}")
axes[0].legend().axes.set(xlabel="passes over the samples", ylabel="inertia", title="20 seeds")
axes[1].set(xticks=range(3), title="inertia after 10 passes, seed by seed")
axes[1].set_xticklabels(f"{name}\nspread {np.ptp(c[:, -1]):.2f}" for name, c in runs.items())
