"""SGDRegressor: linear regression."""

from functools import partial
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.model_selection import ShuffleSplit
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import assert_all_finite

from fastopt import _core
from fastopt.data.source import Block
from fastopt.linear_model.base import BaseSGD, all_or_nothing, losses
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


class SGDRegressor(RegressorMixin, BaseSGD):
    """Linear regression by incremental or mini-batch SGD, or by any other update rule.

    Minimises the mean over the samples of a loss of z and y, with z = X @ coef_ + intercept_, plus
    the penalty of the weights; the intercept is not penalised. Several columns of y are learnt side
    by side in one pass over X.

    Parameters
    ----------
    loss : str
        "squared_error" ((z - y)^2 / 2), "absolute_error", "huber", "epsilon_insensitive",
        "squared_epsilon_insensitive" or "quantile" (pinball); or, with exp(z) as the prediction,
        half the deviance of "poisson" (y >= 0), "gamma" (y > 0) or "tweedie".
    penalty, alpha, l1_ratio, fit_intercept, max_iter, tol, shuffle, verbose, epsilon,\
    random_state, learning_rate, eta0, power_t, early_stopping, validation_fraction,\
    n_iter_no_change, warm_start, average, optimizer, batch_size, positive, bounds, restore_best,\
    sparse_updates
        As for `SGDClassifier`, but for the default learning rate, 0.01 / t ** 0.25, which suits
        "sgd" and its like (others want ``learning_rate="optimal"``, their own); "pa1" and "pa2" are
        for loss="epsilon_insensitive", and early stopping goes by R2.
    quantile : float
        Which of loss="quantile", in (0, 1).
    power : float
        The variance of loss="tweedie" as a power of the mean: <= 0, or >= 1; 1 is Poisson's, 2
        Gamma's.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
        Weights: float64 if X is, else float32.
    intercept_ : ndarray of shape (1,) or (n_outputs,)
        Intercepts.
    n_iter_, t_, history_, n_features_in_, feature_names_in_
        As for `SGDClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastopt.linear_model import SGDRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = SGDRegressor(learning_rate="adaptive", eta0=0.1, alpha=0, random_state=0).fit(X, y)
    >>> bool(reg.score(X, y) > 0.5)
    True
    """

    _passive_aggressive_loss = "epsilon_insensitive"
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseSGD._parameter_constraints,
        "loss": [StrOptions(losses(("regression", "log link"), ("epsilon", "quantile", "power")))],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
        "power": [Interval(Real, None, 0, closed="right"), Interval(Real, 1, None, closed="left")],
    }

    def __init__(
        self,
        loss: str = "squared_error",
        *,
        penalty: str | None = "l2",
        alpha: float = 1e-4,
        l1_ratio: float | None = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        epsilon: float = 0.1,
        random_state: Any = None,
        learning_rate: Any = "invscaling",
        eta0: float = 0.01,
        power_t: float = 0.25,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
        average: bool | int = False,
        optimizer: Any = "sgd",
        batch_size: Any = 1,
        positive: bool = False,
        bounds: Any = None,
        restore_best: bool = False,
        sparse_updates: str = "exact",
        quantile: float = 0.5,
        power: float = 1.5,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.epsilon = epsilon
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.average = average
        self.optimizer = optimizer
        self.batch_size = batch_size
        self.positive = positive
        self.bounds = bounds
        self.restore_best = restore_best
        self.sparse_updates = sparse_updates
        self.quantile = quantile
        self.power = power

    def fit(
        self,
        X: Any,
        y: Any = None,
        coef_init: Any = None,
        intercept_init: Any = None,
        sample_weight: Any = None,
        *,
        eval_set: Any = None,
        callbacks: Any = None,
        checkpoint: Any = None,
        every: float = 1,
        resume: bool = False,
    ) -> Self:
        """Train until the objective has converged, or for ``max_iter`` epochs.

        Parameters
        ----------
        X, coef_init, intercept_init, sample_weight, eval_set, callbacks, checkpoint, every, resume
            As for `SGDClassifier.fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        Raises
        ------
        ValueError
            If an argument is wrong: nothing has changed then. If the weights overflow: they are
            then those of the last good epoch.
        """
        goes_on = self._goes_on()
        callbacks = check_callbacks(callbacks)
        checkpoints = check_checkpoints(self, checkpoint, every, resume, eval_set)
        plan = plan_of(self)
        with all_or_nothing(self, goes_on):
            source, X, y, sample_weight = opened(self, X, y, sample_weight)
            self._check_source(source)
            X, y = read(self, X, y, reset=not goes_on, y_numeric=True, multi_output=True)
            split = self._split(source, y, ShuffleSplit, eval_set)
            if not goes_on:
                self._start(_coef_shape(X, y), weight_dtype(X), keep=self.warm_start)
            self._init_weights(coef_init, intercept_init)
            weight = check_weights(sample_weight, X, self._progress.dtype)
            targets = Targets(self._target(y), weight)
            diverged = self._train(
                X,
                targets,
                plan,
                self.max_iter,
                self.tol,
                source=source,
                made=partial(self._window, plan),
                validation=self._validation(X, y, weight, targets, split, eval_set),
                callbacks=callbacks,
                checkpoints=checkpoints,
            )
        return self._finish(diverged, targets)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on some rows, going on with weights, optimizer state and clock.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        """
        if self.early_stopping:
            raise ValueError("early_stopping should be False with partial_fit")
        plan = plan_of(self)
        first = not hasattr(self, "_progress")
        with all_or_nothing(self, not first):
            X, y = read(self, X, y, reset=first, y_numeric=True, multi_output=True)
            if first:
                self._start(_coef_shape(X, y), weight_dtype(X), keep=True)
            weight = check_weights(sample_weight, X, self._progress.dtype)
            diverged = self._train(X, Targets(self._target(y), weight), plan, 1, None)
        return self._finish(diverged)

    def _taken(self, block: Block) -> tuple[Any, Targets]:
        X, y = read(self, block.X, block.y, reset=False, y_numeric=True, multi_output=True)
        weight = weights_of(block, self._progress.dtype)
        return X, Targets(self._target(y), weight)

    def _target(self, y: Array) -> Array:
        """Return y as the kernels read it."""
        progress = self._progress
        if y.shape[1:] != progress.shape[:-1] and not y.shape[1:] == (1,) == progress.shape[:-1]:
            raise ValueError(
                f"y must have {progress.n_outputs} columns as in the first fit, got the shape "
                f"{y.shape}"
            )
        target = np.require(y, progress.dtype, ["C", "A"])
        if not np.isfinite(target).all():
            assert_all_finite(target, input_name="y")
        if self._has_log_link():
            self._check_range(target)
        return target

    def _has_log_link(self) -> bool:
        """Whether exp(z) is the prediction of y, and not z."""
        return _core.LOSSES[self.loss][0] == "log link"

    def _check_range(self, y: Array) -> None:
        """Raise an error if the distribution that the loss is of has no such y."""
        power = {"poisson": 1, "gamma": 2}.get(self.loss, self.power)
        if power >= 2 and not (y > 0).all():
            raise ValueError(f"y must be > 0 for loss={self.loss!r} (power={power})")
        if power >= 1 and not (y >= 0).all():
            raise ValueError(f"y must be >= 0 for loss={self.loss!r} (power={power})")

    def _check_target(self, y: Array) -> None:
        self._target(y)

    def _mean_loss(self, scores: Array, y: Array, weight: Array | None) -> float:
        return self._mean_of_values(scores, self._target(y), weight)

    def predict(self, X: Any) -> Array:
        """Return z, or exp(z) for a loss with a log link, of shape (n_samples,) or
        (n_samples, n_outputs).
        """
        scores = self._predictions_of(self._scores(X))
        single = self.coef_.ndim == 1 or (issparse(self.coef_) and len(self._progress.shape) == 1)
        return scores[:, 0] if single else scores

    def _predictions_of(self, scores: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.exp(scores) if self._has_log_link() else scores

    def _score_of(self, predicted: Array, y: Array, weight: Array | None) -> float:
        return float(r2_score(y, predicted, sample_weight=weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _coef_shape(X: Any, y: Array) -> tuple[int, ...]:
    return (*y.shape[1:], X.shape[1])
