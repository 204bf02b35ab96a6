"""K-means by SGD: by mini-batches of any size, from one sample to all of them."""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from fastopt import _core
from fastopt._portable import Portable
from fastopt.data.source import Block, Source, window_seed
from fastopt.linear_model.base import all_or_nothing
from fastopt.linear_model.input import (
    Array,
    check_columns,
    check_finite,
    check_weights,
    name_features,
    opened,
    read,
    summed,
    weight_dtype,
    weights_of,
)

__all__ = ["MiniBatchKMeans"]

# Orders that are not those of epochs, which count from 0: of rows to take for centers that have too
# few, by the step; and of rows to make a first guess from, by the attempt.
REASSIGNMENT, GUESS = 2**63, 2**63 + 2**62
AT_ONCE = 8  # candidates for a center, whose distances come in the time of those of one


class MiniBatchKMeans(
    Portable, ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator
):
    """K-means clustering by mini-batches, with the parameters of scikit-learn's.

    Each row of a batch goes to its nearest center; then each center c moves to the mean of all rows
    that ever went to it: by the sum of (x - c) over its rows x of the batch, at the rate 1 / n_c,
    where n_c counts them all. ``batch_size=1`` is SGD for K-means, ``batch_size="full"`` Lloyd's
    algorithm.

    An epoch takes every row once, in an order that comes from the seed and the number of the epoch
    alone, where scikit-learn draws rows with replacement; and a weight counts as so many rows in
    the steps, where scikit-learn draws a row the more often. The same input gives the same bits on
    every CPU. Distances are sums of squared differences: they are right however far from 0 the rows
    lie, but for sparse X.

    Parameters
    ----------
    n_clusters : int
        Centers, and clusters.
    init : {"k-means++", "random"}, array-like of shape (n_clusters, n_features) or callable
        The first centers: drawn from ``init_size`` rows, each with a chance that goes as its
        squared distance from those before it, the best of some tries (greedy k-means++); rows drawn
        at random; these; or what ``init(X, n_clusters, random_state=...)`` returns for these rows.
    max_iter : int
        The most epochs.
    batch_size : int or "full"
        Rows of a batch; the last one of an epoch may have fewer. "full" is the whole of X, whose
        counts begin anew with each epoch: Lloyd's algorithm, which ends when no row changes its
        cluster.
    verbose : int
        If not 0, a bar shows the progress of the epochs.
    compute_labels : bool
        Whether to set ``labels_``, and ``inertia_`` exactly.
    random_state : int, RandomState or None
        The seed, or what it is drawn from.
    tol : float
        A fit ends when a step moves the centers by no more, in squared distance over the mean of
        the variances of the features; 0 is not to look.
    max_no_improvement : int or None
        A fit ends when the inertia, smoothed over about an epoch, has not fallen for so many
        batches; None is not to look.
    init_size : int or None
        Rows for the first guess; None is three batches, or 3 ``n_clusters`` if those are fewer rows
        than clusters.
    n_init : int or "auto"
        Guesses, of which the one with the least inertia on ``init_size`` rows is taken: 1 for
        "k-means++" and an array, else 3.
    reassignment_ratio : float
        A center whose count is below this share of the highest count takes the place of a row of
        the batch. With "full", only one with no rows at all does.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        float64 if X is, else float32.
    labels_ : ndarray of shape (n_samples,), int32
        The nearest center of each row.
    inertia_ : float
        The sum over the rows of their weights times their squared distances from their centers;
        without ``compute_labels`` an estimate from the batches.
    n_iter_ : int
        Epochs begun.
    n_steps_ : int
        Batches.
    n_features_in_, feature_names_in_
        As for every estimator.

    References
    ----------
    Sculley 2010, "Web-scale k-means clustering". Bottou & Bengio 1995, "Convergence properties of
    the k-means algorithms". Lloyd 1982, "Least squares quantization in PCM". Arthur &
    Vassilvitskii 2007, "k-means++: the advantages of careful seeding".

    Examples
    --------
    >>> import numpy as np
    >>> from fastopt.cluster import MiniBatchKMeans
    >>> X = np.random.default_rng(0).normal(np.repeat([[0], [9], [18]], 100, axis=0), size=(300, 2))
    >>> model = MiniBatchKMeans(n_clusters=3, random_state=0).fit(X)
    >>> np.bincount(model.labels_)
    array([100, 100, 100])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "init": [StrOptions({"k-means++", "random"}), callable, "array-like"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"full"})],
        "verbose": ["verbose"],
        "compute_labels": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_no_improvement": [Interval(Integral, 0, None, closed="left"), None],
        "init_size": [Interval(Integral, 1, None, closed="left"), None],
        "n_init": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "reassignment_ratio": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Any = "k-means++",
        max_iter: int = 100,
        batch_size: Any = 1024,
        verbose: int = 0,
        compute_labels: bool = True,
        random_state: Any = None,
        tol: float = 0.0,
        max_no_improvement: int | None = 10,
        init_size: int | None = None,
        n_init: Any = "auto",
        reassignment_ratio: float = 0.01,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.verbose = verbose
        self.compute_labels = compute_labels
        self.random_state = random_state
        self.tol = tol
        self.max_no_improvement = max_no_improvement
        self.init_size = init_size
        self.n_init = n_init
        self.reassignment_ratio = reassignment_ratio

    # The training.

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Find centers anew, until they have converged or for ``max_iter`` epochs.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or Source
            float32, float64, float16, uint8, int8 and bool, in any order, and CSR are read as they
            are; the rest is converted. A `fastopt.data` source is read window by window, where the
            first guess is made from the first window, or, if it is but one window, at once.
        y
            Not used.
        sample_weight : array-like of shape (n_samples,)
            How many rows each row counts as; those of weight 0 do not count.

        Raises
        ------
        ValueError
            If an argument is wrong: nothing has changed then.
        """
        self._validate_params()
        with all_or_nothing(self, goes_on=False):
            source, X, _, sample_weight = opened(self, X, None, sample_weight)
            self._seed = self._draw_seed()
            if source is None:
                rows = self._read(X, sample_weight, reset=True)
                n_epoch, windows = rows.n, lambda epoch: iter([rows])
            else:
                self._check_source(source)
                self._read_X(X, reset=True)
                n_epoch, windows = source.n_samples, self._windows(source, weight_dtype(X))
                rows = self._enough(next(windows(0)))
            name_features(self)
            centers, counts = self._first_centers(rows), np.zeros(self.n_clusters)
            clusters = self._train(
                windows,
                centers,
                counts,
                full=self.batch_size == "full",
                max_no_improvement=_or_never(self.max_no_improvement),
                tol=self.tol * rows.variance() if self.tol else 0,
                n_epoch=n_epoch,
            )
            self.n_steps_ = 0
            self._show(clusters, centers, counts)
            if source is not None and self.compute_labels:
                parts = [self._clusters_of(b.X, b.sample_weight).assign() for b in source if len(b)]
                self.labels_ = np.concatenate([labels for labels, _ in parts])
                self.inertia_ = math.fsum(inertia for _, inertia in parts)
            elif not self.compute_labels:
                self.inertia_ = clusters.inertia * rows.weight_sum() * (n_epoch / rows.n)
            _check_inertia(self.inertia_)
        return self

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Make one step, whose batch is X; the first one begins with first centers from X.

        ``batch_size`` does not matter: counts go on, and with them the steps become shorter.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        """
        self._validate_params()
        first = not hasattr(self, "cluster_centers_")
        with all_or_nothing(self, goes_on=False):
            rows = self._read(X, sample_weight, reset=first)
            if not hasattr(self, "_seed"):
                self._seed = self._draw_seed()
            if first:
                centers, counts = self._first_centers(rows), np.zeros(self.n_clusters)
                self.n_steps_ = self._since_reassign = 0
            else:
                centers, counts = self._centers().copy(), self._counts.copy()
                shape = self.n_clusters, self.n_features_in_
                if centers.shape != shape or counts.shape != shape[:1]:
                    raise ValueError(
                        f"cluster_centers_ must have the shape {shape}, got {centers.shape}"
                    )
            clusters = self._clusters(
                rows, centers, counts, batch_size=rows.n, since_reassign=self._since_reassign
            )
            _, end = clusters.run(rows.kept)
            _check_inertia(clusters.inertia)
            if end == "reassign":
                taken = np.arange(rows.n, dtype=np.uint32) if rows.kept is None else rows.kept
                self._reassign(rows, taken, centers, counts, self.n_steps_ + 1)
            self._show(clusters, centers, counts)
        return self

    def _read(self, X: Any, sample_weight: Any, *, reset: bool) -> "Rows":
        X = self._read_X(X, reset=reset)
        dtype = weight_dtype(X) if reset else self._centers().dtype
        rows = Rows(X, _nonnegative(check_weights(sample_weight, X, dtype)), dtype)
        return self._enough(rows) if reset else rows

    def _enough(self, rows: "Rows") -> "Rows":
        """Return rows to make a first guess from, if there are enough."""
        if rows.n < self.n_clusters:
            raise ValueError(
                f"n_samples={rows.n} should be >= n_clusters={self.n_clusters}."
                + (" Rows of weight 0 do not count." if rows.n < rows.X.shape[0] else "")
            )
        return rows

    def _check_source(self, source: Source) -> None:
        """Raise the error of a source that K-means cannot be learnt from."""
        if source.one_pass:
            raise ValueError("K-means needs data that can be gone over more than once")
        if self.batch_size == "full":
            raise ValueError("batch_size cannot be 'full' on a source larger than its memory")

    def _windows(self, source: Source, dtype: Any) -> Callable[[int], Iterator["Rows"]]:
        """Return what gives the rows of an epoch, window by window."""

        def made(block: Block) -> Rows:
            if not len(block):
                return Rows(block.X, None, dtype)
            X = self._read_X(block.X, reset=False)
            return Rows(X, _nonnegative(weights_of(block, dtype)), dtype)

        return lambda epoch: source.windows(self._seed, epoch, made, shuffle=True)

    def _read_X(self, X: Any, *, reset: bool) -> Any:
        X = read(self, X, reset=reset)
        check_columns(X)  # before scipy writes where they point
        X = summed(X)
        check_finite(self, X)
        return X

    def _draw_seed(self) -> int:
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _clusters(self, rows: "Rows", centers: Array, counts: Array, **how: Any) -> _core.Clusters:
        """Return the clusters of rows, whose steps change centers and counts in place."""
        return _core.Clusters(
            rows.X,
            centers,
            counts,
            sample_weight=rows.weight,
            reassignment_ratio=self._low_share(),
            reassign_every=10 * self.n_clusters,
            **how,
        )

    def _low_share(self) -> float:
        """Return the share of the highest count below which others are low."""
        if self.batch_size == "full":
            return min(self.reassignment_ratio, float(np.finfo(float).tiny))
        return float(self.reassignment_ratio)

    def _train(
        self,
        windows: Callable[[int], Iterator["Rows"]],
        centers: Array,
        counts: Array,
        **how: Any,
    ) -> _core.Clusters:
        """Run epochs until the centers have converged; return the clusters of the last window."""
        clusters: Any = None
        bound: Rows | None = None
        with self._progress_bar() as bar:
            for epoch in range(self.max_iter):
                self.n_iter_: int = epoch + 1
                for number, rows in enumerate(windows(epoch)):
                    if not rows.n:
                        continue
                    size = rows.n if how["full"] else min(self.batch_size, rows.n)
                    if rows is not bound:
                        clusters = self._clusters(
                            rows, centers, counts, batch_size=size, after=clusters, **how
                        )
                        bound = rows
                    seed = window_seed(self._seed, number)
                    order = rows.kept if size == rows.n else rows.order(seed, epoch)
                    if self._converge(clusters, rows, order, size, centers, counts):
                        return clusters
                if bar is not None:
                    bar.update()
                    bar.set_postfix(inertia=f"{clusters.inertia:.4g}")
        return clusters

    def _converge(
        self,
        clusters: _core.Clusters,
        rows: "Rows",
        order: Array | None,
        batch_size: int,
        centers: Array,
        counts: Array,
    ) -> bool:
        """Move the centers by batches of rows; return whether they have converged."""
        stop, end = 0, "reassign"
        while end == "reassign":
            stop, end = clusters.run(order, stop)
            if end == "reassign":
                first = (stop - 1) // batch_size * batch_size
                batch = np.arange(first, stop, dtype=np.uint32)
                taken = batch if order is None else order[batch]
                self._reassign(rows, taken, centers, counts, clusters.n_steps)
        return end == "converged"

    def _progress_bar(self) -> AbstractContextManager[Any]:
        if not self.verbose:
            return nullcontext()
        from tqdm.auto import tqdm

        return tqdm(total=self.max_iter, desc=type(self).__name__, unit="epoch")

    def _reassign(
        self, rows: "Rows", batch: Array, centers: Array, counts: Array, step: int
    ) -> None:
        """Put the centers of low counts, at most half as many as the batch has rows, on some of
        these; give them the least of the other counts, so that they can move but are not at once
        low again.
        """
        low = np.flatnonzero(counts < self._low_share() * counts.max())
        low = low[low != counts.argmax()]
        low = low[np.argsort(counts[low], kind="stable")][: len(batch) // 2]
        if len(low):
            chosen = _core.permutation(len(batch), self._seed, REASSIGNMENT + step)[: len(low)]
            centers[low] = rows.at(batch[chosen])
            counts[low] = np.delete(counts, low).min()

    def _show(self, clusters: _core.Clusters, centers: Array, counts: Array) -> None:
        """Set the attributes to what the steps have come to."""
        self.cluster_centers_, self._counts = centers, counts
        self._since_reassign = clusters.since_reassign
        self.n_steps_ += clusters.n_steps
        if self.compute_labels:
            self.labels_, self.inertia_ = clusters.assign()

    # The first centers.

    def _first_centers(self, rows: "Rows") -> Array:
        """Return the best of some guesses, each from some of the rows."""
        guess, n_guesses = self._guesses(rows)
        size = self._init_size(rows.n)
        rng = np.random.RandomState(self._seed)
        best, least = guess(rows.some(size, self._seed, 0), rng), math.inf
        if n_guesses == 1:
            return best
        judges = rows.some(size, self._seed, 1)
        for attempt in range(n_guesses):
            centers = guess(rows.some(size, self._seed, attempt + 2), rng) if attempt else best
            inertia = judges.inertia(centers)
            if inertia < least:
                best, least = centers, inertia
        return best

    def _guesses(self, rows: "Rows") -> tuple[Callable[["Rows", Any], Array], int]:
        """Return how to make a guess from rows with a random state, and how many to make."""
        n_clusters, init = self.n_clusters, self.init
        n_init = 3 if self.n_init == "auto" else self.n_init
        if isinstance(init, str) and init == "random":
            return lambda some, rng: some.drawn(n_clusters, rng), n_init
        if isinstance(init, str):
            n_init = 1 if self.n_init == "auto" else n_init
            return lambda some, rng: some.spread(n_clusters, rng), n_init
        if callable(init):

            def call(some: Rows, rng: Any) -> Array:
                return self._checked(init(some.matrix(), n_clusters, random_state=rng), rows)

            return call, n_init
        centers = self._checked(init, rows)
        if self.n_init not in ("auto", 1):
            warnings.warn(
                f"Explicit initial center position passed: performing only one init in "
                f"MiniBatchKMeans instead of n_init={self.n_init}.",
                RuntimeWarning,
                stacklevel=4,
            )
        return lambda some, rng: centers, 1

    def _checked(self, centers: Any, rows: "Rows") -> Array:
        """Return first centers from outside as an array of our own."""
        if sparse.issparse(centers):
            centers = centers.toarray()
        centers = check_array(centers, dtype=rows.dtype, order="C", copy=True, input_name="init")
        for size, wanted, what in zip(
            centers.shape,
            (self.n_clusters, self.n_features_in_),
            ("clusters", "features of the data"),
            strict=True,
        ):
            if size != wanted:
                raise ValueError(
                    f"The shape of the initial centers {centers.shape} does not match the number "
                    f"of {what} {wanted}."
                )
        return centers

    def _init_size(self, n: int) -> int:
        """Return how many rows of n to make a guess from."""
        size = self.init_size
        if size is None:
            size = n if self.batch_size == "full" else 3 * min(self.batch_size, n)
        elif size < self.n_clusters:
            warnings.warn(
                f"init_size={size} should be larger than n_clusters={self.n_clusters}. Setting it "
                "to min(3*n_clusters, n_samples)",
                RuntimeWarning,
                stacklevel=4,
            )
        return min(size if size >= self.n_clusters else 3 * self.n_clusters, n)

    # What comes of it.

    def _centers(self) -> Array:
        """Return the centers as the kernels read them, whoever has set them."""
        centers = np.asarray(self.cluster_centers_)
        dtype = np.float32 if centers.dtype == np.float32 else np.float64
        return np.require(centers, dtype, ["C", "A"])

    def _clusters_of(self, X: Any, sample_weight: Any = None) -> _core.Clusters:
        """Return the clusters of new rows."""
        check_is_fitted(self)
        X, centers = self._read_X(X, reset=False), self._centers()
        weight = check_weights(sample_weight, X, centers.dtype)
        return _core.Clusters(X, centers, np.zeros(len(centers)), sample_weight=weight)

    def predict(self, X: Any) -> Array:
        """Return the nearest center of each row, of shape (n_samples,), int32."""
        if isinstance(X, Source):
            return np.concatenate([self.predict(block.X) for block in X if len(block)])
        labels, _ = self._clusters_of(X).assign()
        return labels

    def transform(self, X: Any) -> Array:
        """Return the distance of each row from each center, of shape (n_samples, n_clusters)."""
        distances = self._clusters_of(X).distances()
        return np.sqrt(distances, out=distances)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return minus the inertia of rows.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        """
        _, inertia = self._clusters_of(X, sample_weight).assign()
        return -inertia

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> Array:
        """Fit, and return the nearest center of each row.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        """
        self.fit(X, sample_weight=sample_weight)
        return self.labels_ if self.compute_labels else self.predict(X)

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> Array:
        """Fit, and return the distance of each row from each center.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        """
        return self.fit(X, sample_weight=sample_weight).transform(X)

    @property
    def _n_features_out(self) -> int:
        return len(self.cluster_centers_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class Rows:
    """Rows of X that count, with their weights.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
    weight : ndarray of shape (n_samples,), of the dtype, or None
    dtype
        Of the centers.
    kept : ndarray of uint32 or None
        Which rows, if not all; those of weight 0 never are.
    """

    def __init__(self, X: Any, weight: Array | None, dtype: Any, kept: Array | None = None) -> None:
        if kept is None and weight is not None and not weight.all():
            kept = np.flatnonzero(weight).astype(np.uint32)
        self.X, self.weight, self.dtype, self.kept = X, weight, np.dtype(dtype), kept
        self.n = X.shape[0] if kept is None else len(kept)

    def order(self, seed: int, epoch: int) -> Array:
        """Return the rows in the order of an epoch."""
        order = _core.permutation(self.n, seed, epoch)
        return order if self.kept is None else self.kept[order]

    def some(self, size: int, seed: int, attempt: int) -> "Rows":
        """Return some of the rows, drawn without replacement."""
        if size >= self.n:
            return self
        return Rows(self.X, self.weight, self.dtype, self.order(seed, GUESS + attempt)[:size])

    def at(self, rows: Array) -> Array:
        """Return some rows of X as centers."""
        some = self.X[rows]
        return np.ascontiguousarray(some.toarray() if sparse.issparse(some) else some, self.dtype)

    def matrix(self) -> Any:
        """Return the rows as a matrix of their own."""
        return self.X if self.kept is None else self.X[self.kept]

    def weights(self) -> Array:
        """Return the weight of each row."""
        if self.weight is None:
            return np.ones(self.n)
        weight = self.weight if self.kept is None else self.weight[self.kept]
        return weight.astype(np.float64)

    def weight_sum(self) -> float:
        """Return the sum of the weights."""
        return float(self.n) if self.weight is None else float(np.cumsum(self.weights())[-1])

    def clusters(self, centers: Array, **how: Any) -> _core.Clusters:
        """Return the clusters of all rows of X."""
        return _core.Clusters(
            self.X, centers, np.zeros(len(centers)), sample_weight=self.weight, **how
        )

    def inertia(self, centers: Array) -> float:
        """Return the mean squared distance of the rows from their nearest centers."""
        clusters = self.clusters(centers.copy(), batch_size=self.n)
        clusters.run(self.kept)
        return clusters.inertia

    def variance(self) -> float:
        """Return the mean of the variances of the features: the inertia of a single cluster."""
        mean = self.at(np.zeros(1, np.int64) if self.kept is None else self.kept[:1])
        self.clusters(mean, batch_size=self.n, full=True).run(self.kept)
        return self.inertia(mean) / self.X.shape[1]

    def drawn(self, n_clusters: int, rng: np.random.RandomState) -> Array:
        """Return some rows as centers, drawn by their weights."""
        weights = self.weights()
        chances = weights / np.cumsum(weights)[-1]
        return self._chosen(rng.choice(self.n, n_clusters, replace=False, p=chances))

    def spread(self, n_clusters: int, rng: np.random.RandomState) -> Array:
        """Return some rows as centers that are far from each other: greedy k-means++.

        Of some candidates, drawn by weight * squared distance from the nearest center so far, each
        time the one stays that leaves the least sum of these. scikit-learn has 2 + log(n_clusters)
        candidates; here they are at least as many.
        """
        n_candidates = -(-(2 + int(math.log(n_clusters))) // AT_ONCE) * AT_ONCE
        weights = self.weights()
        centers = self._chosen(_draw(weights, rng, 1))
        found = [centers[0].copy()]
        nearest = self.clusters(centers).distances(self.kept)[:, 0].astype(np.float64)
        candidates = np.repeat(centers, n_candidates, axis=0)
        clusters = self.clusters(candidates)
        while len(found) < n_clusters:
            candidates[:] = self._chosen(_draw(weights * nearest, rng, n_candidates))
            left = np.minimum(nearest[:, np.newaxis], clusters.distances(self.kept))
            best = np.cumsum(weights[:, np.newaxis] * left, axis=0)[-1].argmin()
            found.append(candidates[best].copy())
            nearest = left[:, best]
        return np.array(found)

    def _chosen(self, indices: Array) -> Array:
        return self.at(indices if self.kept is None else self.kept[indices])


def _draw(weights: Array, rng: np.random.RandomState, n: int) -> Array:
    """Return n indices, each drawn by the weights."""
    # Sums one after another, whose bits, unlike those of np.sum, are the same on every CPU.
    sums = np.cumsum(weights)
    drawn = np.searchsorted(sums, rng.uniform(size=n) * sums[-1], side="right")
    return np.minimum(drawn, len(weights) - 1)


def _nonnegative(weight: Array | None) -> Array | None:
    if weight is not None and (weight < 0).any():
        raise ValueError("sample_weight must not hold negative numbers")
    return weight


def _or_never(n: int | None) -> int:
    return 2**62 if n is None else n


def _check_inertia(inertia: float) -> None:
    """Raise the error of distances that overflow."""
    if not math.isfinite(inertia):
        raise ValueError(
            "X holds numbers so large that squared distances overflow: scale it, or pass float64"
        )
