"""SGDOneClassSVM: what is like the rest and what is not."""

from functools import partial
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import OutlierMixin
from sklearn.utils._param_validation import Interval

from fastopt.data.source import Block
from fastopt.linear_model.base import BaseSGD, all_or_nothing
from fastopt.linear_model.callbacks import check_callbacks
from fastopt.linear_model.checkpoints import check_checkpoints
from fastopt.linear_model.input import (
    Array,
    check_weights,
    opened,
    read,
    weight_dtype,
    weights_of,
)
from fastopt.linear_model.plan import plan_of
from fastopt.linear_model.training import Targets


class SGDOneClassSVM(OutlierMixin, BaseSGD):
    """A linear one-class SVM by SGD: a plane that has most samples on its far side from 0.

    Minimises the mean over the samples of max(0, 1 - z), plus ``nu`` / 2 times the squared norm of
    the weights, plus ``nu`` times the intercept, with z = X @ coef_ + intercept and ``offset_`` =
    1 - intercept. About a share ``nu`` of the samples comes to be outliers.

    Parameters
    ----------
    nu : float
        The share of outliers, in (0, 1]; the strength of the penalty.
    fit_intercept, max_iter, tol, shuffle, verbose, random_state, learning_rate, eta0, power_t,\
    warm_start, average, optimizer, batch_size
        As for `SGDClassifier`.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Weights: float64 if X is, else float32.
    offset_ : ndarray of shape (1,)
        `decision_function` is `score_samples` less this.
    n_iter_, t_, history_, n_features_in_, feature_names_in_
        As for `SGDClassifier`.

    References
    ----------
    Schoelkopf et al. 2001, "Estimating the support of a high-dimensional distribution".

    Examples
    --------
    >>> import numpy as np
    >>> from fastopt.linear_model import SGDOneClassSVM
    >>> X = np.random.default_rng(0).normal([2, 2], 0.5, (500, 2))
    >>> SGDOneClassSVM(nu=0.05, random_state=0).fit(X).predict([[2, 2], [-2, -2]])
    array([ 1, -1])
    """

    loss, _passive_aggressive_loss = "hinge", "hinge"
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseSGD._parameter_constraints,
        "nu": [Interval(Real, 0, 1, closed="right")],
    }

    def __init__(
        self,
        nu: float = 0.5,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        random_state: Any = None,
        learning_rate: Any = "optimal",
        eta0: float = 0.01,
        power_t: float = 0.5,
        warm_start: bool = False,
        average: bool | int = False,
        optimizer: Any = "sgd",
        batch_size: Any = 1,
    ) -> None:
        self.nu = nu
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.warm_start = warm_start
        self.average = average
        self.optimizer = optimizer
        self.batch_size = batch_size

    @property
    def alpha(self) -> float:
        """The strength of the penalty."""
        return self.nu

    @property
    def offset_(self) -> Array:
        """What `decision_function` takes off the scores."""
        return 1 - self.intercept_

    @offset_.setter
    def offset_(self, offset: Any) -> None:
        self.intercept_ = 1 - np.asarray(offset)

    def _start(self, shape: tuple[int, ...], dtype: Any, *, keep: bool) -> None:
        begins = not (keep and hasattr(self, "coef_"))
        super()._start(shape, dtype, keep=keep)
        if begins:
            self.offset_ = np.zeros(1, dtype)

    def _intercept_pull(self) -> float:
        return float(self.nu)

    def fit(
        self,
        X: Any,
        y: Any = None,
        coef_init: Any = None,
        offset_init: Any = None,
        sample_weight: Any = None,
        *,
        callbacks: Any = None,
        checkpoint: Any = None,
        every: float = 1,
        resume: bool = False,
    ) -> Self:
        """Train until the objective has converged, or for ``max_iter`` epochs.

        Parameters
        ----------
        X, coef_init, sample_weight, callbacks, checkpoint, every, resume
            As for `SGDClassifier.fit`.
        y
            Not used.
        offset_init : array-like of shape (1,)
            Where offset_ starts.

        Raises
        ------
        ValueError
            If an argument is wrong: nothing has changed then. If the weights overflow: they are
            then those of the last good epoch.
        """
        goes_on = self._goes_on()
        callbacks = check_callbacks(callbacks)
        checkpoints = check_checkpoints(self, checkpoint, every, resume)
        plan = plan_of(self)
        with all_or_nothing(self, goes_on):
            source, X, _, sample_weight = opened(self, X, None, sample_weight)
            self._check_source(source)
            X = read(self, X, reset=not goes_on)
            if not goes_on:
                self._start((X.shape[1],), weight_dtype(X), keep=self.warm_start)
            self._init_weights(coef_init, None)
            if offset_init is not None:
                self._init_weights(None, offset_init, "offset_init")
                self.offset_ = self.intercept_
            targets = self._targets(X, check_weights(sample_weight, X, self._progress.dtype))
            diverged = self._train(
                X,
                targets,
                plan,
                self.max_iter,
                self.tol,
                source=source,
                made=partial(self._window, plan),
                callbacks=callbacks,
                checkpoints=checkpoints,
            )
        return self._finish(diverged, targets)

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Train for one epoch on some rows, going on with weights, optimizer state and clock.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        """
        plan = plan_of(self)
        first = not hasattr(self, "_progress")
        with all_or_nothing(self, not first):
            X = read(self, X, reset=first)
            if first:
                self._start((X.shape[1],), weight_dtype(X), keep=True)
            targets = self._targets(X, check_weights(sample_weight, X, self._progress.dtype))
            diverged = self._train(X, targets, plan, 1, None)
        return self._finish(diverged)

    def _taken(self, block: Block) -> tuple[Any, Targets]:
        X = read(self, block.X, reset=False)
        return X, self._targets(X, weights_of(block, self._progress.dtype))

    def _targets(self, X: Any, weight: Array | None) -> Targets:
        return Targets(np.ones(X.shape[0], self._progress.dtype), weight)

    def decision_function(self, X: Any) -> Array:
        """Return how far each row is on the side of the rest, of shape (n_samples,)."""
        return self._scores(X)[:, 0] - 1

    def score_samples(self, X: Any) -> Array:
        """Return `decision_function` before the offset is taken off."""
        return self.decision_function(X) + self.offset_

    def predict(self, X: Any) -> Array:
        """Return 1 for each row that is like the rest and -1 for an outlier."""
        return np.where(self.decision_function(X) >= 0, 1, -1)
