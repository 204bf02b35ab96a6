"""The rows of K-means: whole fits by mini-batches, labels included, beside scikit-learn's.

``python -m bench.rows_cluster`` prints the inertias instead: their means over seeds.
"""

from collections.abc import Callable
from functools import cache
from statistics import mean, stdev
from typing import Any

import numpy as np
from sklearn.cluster import MiniBatchKMeans as ScikitLearn
from sklearn.datasets import load_digits, make_blobs

from bench.row import FASTOPT, Contender, DifferentWorkError, Faster, Row
from fastopt.cluster import MiniBatchKMeans

SCIKIT_LEARN = "scikit-learn"
KINDS = {FASTOPT: MiniBatchKMeans, SCIKIT_LEARN: ScikitLearn}
ALIKE = 1.05  # times the lower inertia: both have found as good clusters
SEEDS = 10


@cache
def blobs(dtype: Any) -> Any:
    X, _ = make_blobs(100_000, 50, centers=20, random_state=0)
    return X.astype(dtype)


@cache
def digits() -> Any:
    return load_digits().data


def whole(data: Callable[[], Any], k: int) -> dict[str, Contender]:
    """Fits with the defaults of both, which stop by themselves."""
    X = data()
    models = {name: kind(k, random_state=0).fit(X) for name, kind in KINDS.items()}
    inertias = [model.inertia_ for model in models.values()]
    if max(inertias) > ALIKE * min(inertias):
        raise DifferentWorkError(f"the inertias are {inertias}")
    return {
        name: Contender(lambda model=model: model.fit(X), 1, note=f"{model.n_steps_} batches")
        for name, model in models.items()
    }


def epochs(data: Callable[[], Any], k: int) -> dict[str, Contender]:
    """Three epochs from given centers, without labels: nothing but batches."""
    X = data()
    how: dict[str, Any] = dict(
        init=X[:k], max_iter=3, max_no_improvement=None, compute_labels=False, random_state=0
    )
    return {
        name: Contender(lambda kind=kind: kind(k, **how).fit(X), 3 * len(X))
        for name, kind in KINDS.items()
    }


def rows() -> list[Row]:
    made = []
    for name, data, k, ratio in (
        ("f32", lambda: blobs(np.float32), 20, 2),
        ("f64", lambda: blobs(np.float64), 20, 2),
        ("digits", digits, 10, 1.5),
    ):
        what = f"{k} clusters of " + ("the digits" if data is digits else f"100,000 x 50, {name}")
        goals = (Faster(ratio, SCIKIT_LEARN),)
        made += [
            Row(
                f"kmeans-{name}",
                f"MiniBatchKMeans, {what}, batches of 1024, until it stops",
                "fit",
                lambda data=data, k=k: whole(data, k),
                goals,
            ),
            Row(
                f"kmeans-{name}-sample",
                f"MiniBatchKMeans, {what}, batches of 1024, three epochs",
                "sample",
                lambda data=data, k=k: epochs(data, k),
                goals,
            ),
        ]
    return made


ROWS = rows()


def inertias() -> None:
    """Print the inertias of both, mean ± standard deviation over the seeds."""
    for name, X, k in (("100,000 x 50", blobs(np.float32), 20), ("digits", digits(), 10)):
        for library, kind in KINDS.items():
            reached = [kind(k, random_state=seed).fit(X).inertia_ for seed in range(SEEDS)]
            print(f"{name:14}{library:14}{mean(reached):.6g} ± {stdev(reached):.2g}")


if __name__ == "__main__":
    inertias()
