"""``fastopt bench``: how fast this machine trains."""

import json
import time
from typing import Any

import numpy as np
import rich_click as click

from fastopt.cli.tables import table

SECONDS = 0.8  # of repetitions of a fit, the fastest of which counts


@click.command("bench")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def command(as_json: bool) -> None:
    """Train on made data for some seconds, and tell how many samples a second each fit takes."""
    from fastopt import _core

    speeds = {name: fastest(model, X, y) for name, model, X, y in fits()}
    if as_json:
        click.echo(json.dumps({"isa": _core.isa(), "samples_per_second": speeds}))
        return
    click.echo(f"samples a second on {_core.isa()}, one core, the fastest of some epochs")
    click.echo(table((name, round(speed)) for name, speed in speeds.items()))


def fits() -> list[tuple[str, Any, Any, Any]]:
    """Return typical fits of one epoch: name, model, X and y."""
    from scipy import sparse

    from fastopt.cluster import MiniBatchKMeans
    from fastopt.linear_model import SGDClassifier, SGDRegressor

    random = np.random.default_rng(0)
    narrow = random.standard_normal((100_000, 30), np.float32)
    wide = random.standard_normal((10_000, 1_000), np.float32)
    words = sparse.random_array((50_000, 50_000), density=1e-3, format="csr", rng=random)
    one: dict[str, Any] = dict(
        max_iter=1, tol=None, learning_rate="constant", eta0=1e-4, random_state=0
    )

    def labels(X: Any, n: int = 2) -> Any:
        return random.integers(0, n, X.shape[0])

    batches: dict[str, Any] = {"optimizer": "adam", "batch_size": 64}
    return [
        ("logistic, 30 features", SGDClassifier("log_loss", **one), narrow, labels(narrow)),
        ("logistic, 1,000 features", SGDClassifier("log_loss", **one), wide, labels(wide)),
        (
            "logistic, Adam in batches of 64, 30 features",
            SGDClassifier("log_loss", **batches, **one),
            narrow,
            labels(narrow),
        ),
        (
            "softmax of 10 classes, 30 features",
            SGDClassifier("multinomial", **one),
            narrow,
            labels(narrow, 10),
        ),
        ("least squares, 30 features", SGDRegressor(**one), narrow, narrow[:, 0]),
        (
            "logistic, sparse, 50 of 50,000 features",
            SGDClassifier("log_loss", **one),
            words,
            labels(words),
        ),
        (
            "K-means, 8 clusters, 30 features",
            MiniBatchKMeans(max_iter=1, random_state=0, compute_labels=False),
            narrow,
            None,
        ),
    ]


def fastest(model: Any, X: Any, y: Any) -> float:
    """Return the samples a second of the fastest of the fits that there is time for."""
    best, end = np.inf, time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        model.fit(X, y)
        best = min(best, time.perf_counter() - start)
    return float(X.shape[0] / best)
