"""The rows of sparse data, of many classes, and of the calls beside ``fit``: estimators as their
users call them, with the same parameters for fastopt and scikit-learn where both have them.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import SGDClassifier as ScikitLearn

from bench.row import FASTOPT, LEVEL, AtMost, Contender, DifferentWorkError, Faster, Row, Within
from fastopt.linear_model import SGDClassifier

SCIKIT_LEARN, NUMPY, PLAIN = "scikit-learn", "NumPy softmax", "fastopt, plain SGD"
ALIKE = 0.1  # how much the losses of contenders with an order of their own may differ
ONE_EPOCH: dict[str, Any] = dict(
    loss="log_loss",
    max_iter=1,
    tol=None,
    alpha=1e-5,
    learning_rate="constant",
    eta0=0.1,
    random_state=0,
)

# --- Data -----------------------------------------------------------------------------------------


@cache
def zipf(n: int, d: int, entries: int, classes: int, dtype: Any) -> tuple[Any, Any]:
    """CSR rows of norm 1 whose columns are popular as words are, with labels from a plane each."""
    rng = np.random.default_rng(0)
    popularity = np.cumsum(1 / np.arange(1, d + 1))
    drawn = np.searchsorted(popularity, rng.random((n, 2 * entries)) * popularity[-1])
    columns = rng.permutation(d)[np.minimum(drawn, d - 1)]
    rows = [rng.permutation(np.unique(row))[:entries] for row in columns]
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    X = sparse.csr_matrix((rng.random(starts[-1]) + 0.1, np.concatenate(rows), starts), (n, d))
    X = sparse.diags(1 / sparse.linalg.norm(X, axis=1)).dot(X).tocsr().astype(dtype)
    X.sort_indices()
    scores = X @ rng.standard_normal((d, classes)) + 0.1 * rng.standard_normal((n, classes))
    return X, scores.argmax(axis=1)


def words(dtype: Any = np.float32) -> tuple[Any, Any]:
    return zipf(100_000, 47_236, 85, 2, dtype)


def articles() -> tuple[Any, Any]:
    return zipf(11_314, 130_107, 150, 20, np.float32)


@cache
def images(dtype: Any = np.float32) -> tuple[Any, Any]:
    """60,000 x 784 of 10 classes, as bytes or as the same numbers over 255."""
    rng = np.random.default_rng(0)
    centers = rng.integers(0, 200, (10, 784))
    y = rng.integers(0, 10, 60_000)
    X = (centers[y] * rng.random((60_000, 784)) + rng.integers(0, 56, 784)).astype(np.uint8)
    return (X if dtype is np.uint8 else X.astype(dtype) / dtype(255)), y


# --- Contenders -----------------------------------------------------------------------------------


def fit(kind: Any, data: Callable[[], tuple[Any, Any]], **options: Any) -> Callable[[], Any]:
    X, y = data()
    return lambda: kind(**{**ONE_EPOCH, **options}).fit(X, y)


def mean_loss(model: Any, data: Callable[[], tuple[Any, Any]]) -> float:
    """The mean logarithm of the probability that the model gives the right classes."""
    X, y = data()
    p = model.predict_proba(X)[np.arange(len(y)), y]
    return float(-np.log(np.maximum(p, 1e-30)).mean())


def check_alike(name: str, other: Any, ours: Any, data: Callable[[], tuple[Any, Any]]) -> None:
    reached, loss = mean_loss(other, data), mean_loss(ours, data)
    if abs(reached / loss - 1) > ALIKE:
        raise DifferentWorkError(f"{name} ends at the loss {reached:.3g}, fastopt at {loss:.3g}")


def beside(
    data: Callable[[], tuple[Any, Any]],
    units: int,
    *,
    theirs: dict[str, Any] | None = None,
    others: dict[str, Callable[[], Any]] | None = None,
    **options: Any,
) -> dict[str, Contender]:
    """fastopt, scikit-learn with the same options but for `theirs`, and other calls."""
    ours = fit(SGDClassifier, data, **options)
    made = {FASTOPT: Contender(ours, units)}
    if theirs is not None:
        run = fit(ScikitLearn, data, **{**options, **theirs})
        check_alike(SCIKIT_LEARN, run(), ours(), data)
        made[SCIKIT_LEARN] = Contender(run, units)
    return made | {name: Contender(run, units) for name, run in (others or {}).items()}


def softmax_by_numpy(data: Callable[[], tuple[Any, Any]], batch_size: int) -> Callable[[], Any]:
    """One epoch of softmax regression, with BLAS and preallocated rows."""
    X, y = data()
    n, d = X.shape
    one_hot = np.eye(10, dtype=X.dtype)[y]
    rows = np.empty((batch_size, d), X.dtype)
    eta, alpha = ONE_EPOCH["eta0"], ONE_EPOCH["alpha"]

    def run() -> Any:
        W, b = np.zeros((d, 10), X.dtype), np.zeros(10, X.dtype)
        order = np.random.default_rng(0).permutation(n)
        for start in range(0, n, batch_size):
            batch = order[start : start + batch_size]
            x = np.take(X, batch, axis=0, out=rows[: len(batch)])
            z = x @ W + b
            z -= z.max(axis=1, keepdims=True)
            np.exp(z, out=z)
            z /= z.sum(axis=1, keepdims=True)
            z -= one_hot[batch]
            z *= eta / len(batch)
            W *= 1 - eta * alpha
            W -= x.T @ z
            b -= z.sum(axis=0)
        return W, b

    return run


def changed(data: Callable[[], tuple[Any, Any]], change: Callable[[Any], Any]) -> tuple[Any, Any]:
    X, y = data()
    return change(X.copy()), y


def wide(X: Any) -> Any:
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def unsorted(X: Any) -> Any:
    rng = np.random.default_rng(0)
    keys = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr)) + rng.random(X.nnz)
    order = np.argsort(keys)
    X.indices, X.data, X.has_sorted_indices = X.indices[order], X.data[order], False
    return X


# --- Rows -----------------------------------------------------------------------------------------


def sparse_row(name: str, work: str, *goals: Any, dtype: Any = np.float32, **options: Any) -> Row:
    work = f"logistic regression, CSR 100,000 x 47,236, 85 entries a row, {work}"

    def contenders() -> dict[str, Contender]:
        entries = words(dtype)[0].nnz
        return beside(partial(words, dtype), entries, theirs={}, **options)

    return Row(f"sparse-{name}", work, "entry", contenders, goals)


def sparse_beside_plain(name: str, work: str, *goals: Any, **options: Any) -> Row:
    work = f"logistic regression, CSR 100,000 x 47,236, 85 entries a row, {work}"

    def contenders() -> dict[str, Contender]:
        plain = {PLAIN: fit(SGDClassifier, words)}
        return beside(words, words()[0].nnz, others=plain, **options)

    return Row(f"sparse-{name}", work, "entry", contenders, goals)


def layout_row(name: str, work: str, change: Callable[[Any], Any], *goals: Any) -> Row:
    work = f"logistic regression, CSR 100,000 x 47,236, 85 entries a row, {work}"

    def contenders() -> dict[str, Contender]:
        plain = {PLAIN: fit(SGDClassifier, words)}
        return beside(partial(changed, words, change), words()[0].nnz, others=plain)

    return Row(f"sparse-{name}", work, "entry", contenders, goals)


def classes_row(loss: str, batch_size: int) -> Row:
    name = {"log_loss": "ovr", "multinomial": "softmax"}[loss]
    goals: list[Any] = [Faster(20, SCIKIT_LEARN)]
    others: dict[str, Callable[[], Any]] = {}
    if batch_size > 1:
        goals.append(Faster(2.5, NUMPY))

    def contenders() -> dict[str, Contender]:
        if batch_size > 1:
            others[NUMPY] = softmax_by_numpy(images, batch_size)
        options = {"loss": loss, "batch_size": batch_size}
        made = beside(images, 60_000, others=others, **options)
        return made | {SCIKIT_LEARN: Contender(fit(ScikitLearn, images), 60_000)}

    work = f"{loss}, 10 classes, 60,000 x 784, float32, batches of {batch_size}"
    return Row(f"classes-{name}-{batch_size}", work, "sample", contenders, tuple(goals))


def sparse_classes_row(loss: str) -> Row:
    name = {"log_loss": "ovr", "multinomial": "softmax"}[loss]

    def contenders() -> dict[str, Contender]:
        made = beside(articles, articles()[0].nnz, loss=loss)
        return made | {SCIKIT_LEARN: Contender(fit(ScikitLearn, articles), articles()[0].nnz)}

    work = f"{loss}, 20 classes, CSR 11,314 x 130,107, 150 entries a row, float32"
    goals = (Faster(11, SCIKIT_LEARN),)
    return Row(f"sparse-classes-{name}", work, "entry", contenders, goals)


def bytes_row() -> Row:
    def contenders() -> dict[str, Contender]:
        same = {"fastopt, float32": fit(SGDClassifier, images, loss="multinomial")}
        small = {"loss": "multinomial", "eta0": ONE_EPOCH["eta0"] / 255**2}
        return beside(partial(images, np.uint8), 60_000, others=same, **small)

    work = "multinomial, 10 classes, 60,000 x 784, uint8, incremental"
    goals = (Faster(1.3, "fastopt, float32"),)
    return Row("classes-uint8", work, "sample", contenders, goals)


def call_row(method: str, data: Callable[[], tuple[Any, Any]], name: str) -> Row:
    def contenders() -> dict[str, Contender]:
        X, _ = data()
        ours, other = fit(SGDClassifier, data)(), fit(ScikitLearn, data)()
        return {
            FASTOPT: Contender(partial(getattr(ours, method), X), X.shape[0]),
            SCIKIT_LEARN: Contender(partial(getattr(other, method), X), X.shape[0]),
        }

    goals = (Within(LEVEL, SCIKIT_LEARN),)
    return Row(f"{method}-{name}", f"{method}, {name} float32", "sample", contenders, goals)


def partial_fit_row() -> Row:
    def contenders() -> dict[str, Contender]:
        rng = np.random.default_rng(0)
        X = rng.standard_normal((100, 30), np.float32)
        y = (X[:, 0] > 0).astype(int)
        made = {}
        for name, kind in ((FASTOPT, SGDClassifier), (SCIKIT_LEARN, ScikitLearn)):
            model = kind("log_loss", random_state=0).partial_fit(X, y, classes=[0, 1])
            made[name] = Contender(partial(model.partial_fit, X, y), 1)
        return made

    work = "partial_fit on 100 x 30, float32"
    return Row("partial-fit-100x30", work, "call", contenders, (AtMost(40_000),))


ROWS = [
    sparse_row("l2", "l2, float32", Faster(3.8, SCIKIT_LEARN)),
    sparse_row("l2-f64", "l2, float64", Faster(3, SCIKIT_LEARN), dtype=np.float64),
    sparse_row("l1", "l1, float32", Faster(4.2, SCIKIT_LEARN), penalty="l1"),
    sparse_row("l1-f64", "l1, float64", Faster(3.3, SCIKIT_LEARN), penalty="l1", dtype=np.float64),
    sparse_row(
        "elasticnet", "elasticnet, float32", Faster(4.8, SCIKIT_LEARN), penalty="elasticnet"
    ),
    sparse_row(
        "elasticnet-f64",
        "elasticnet, float64",
        Faster(3.3, SCIKIT_LEARN),
        penalty="elasticnet",
        dtype=np.float64,
    ),
    sparse_beside_plain("adagrad", "Adagrad, l2, float32", Within(1.7, PLAIN), optimizer="adagrad"),
    sparse_beside_plain(
        "adagrad-plain", "Adagrad without penalty, float32", optimizer="adagrad", penalty=None
    ),
    sparse_beside_plain("average", "averaged, float32", Within(1.35, PLAIN), average=True),
    layout_row("int64", "int64 indices, float32", wide, Within(1.1, PLAIN)),
    layout_row("unsorted", "unsorted rows, float32", unsorted, Within(1.05, PLAIN)),
    *(classes_row(loss, size) for loss in ("log_loss", "multinomial") for size in (1, 32)),
    sparse_classes_row("log_loss"),
    sparse_classes_row("multinomial"),
    bytes_row(),
    *(
        call_row(method, data, name)
        for method in ("predict", "decision_function")
        for data, name in ((images, "dense"), (articles, "sparse"))
    ),
    partial_fit_row(),
]
