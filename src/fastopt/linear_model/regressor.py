"""SGDRegressor: linear regression."""

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import assert_all_finite

from fastopt.linear_model.base import (
    Array,
    BaseSGD,
    all_or_nothing,
    check_weights,
    losses,
    weight_dtype,
)


class SGDRegressor(RegressorMixin, BaseSGD):
    """Linear regression by incremental or mini-batch SGD, or by any other update rule.

    Minimises the mean over the samples of a loss of z and y, with z = X @ coef_ + intercept_, plus
    ``alpha`` / 2 times the squared norm of the weights; the intercept is not penalised.

    Parameters
    ----------
    loss : str
        "squared_error" ((z - y)^2 / 2), "huber", "epsilon_insensitive" or
        "squared_epsilon_insensitive".
    penalty, alpha, l1_ratio, fit_intercept, max_iter, tol, shuffle, verbose, epsilon,\
    random_state, learning_rate, eta0, power_t, early_stopping, validation_fraction,\
    n_iter_no_change, warm_start, average, optimizer, batch_size
        As for `SGDClassifier`, but for the default learning rate: 0.01 / t ** 0.25.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Weights: float64 if X is, else float32.
    intercept_ : ndarray of shape (1,)
        Intercept.
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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseSGD._parameter_constraints,
        "loss": [StrOptions(losses("regression"))],
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
        average: bool = False,
        optimizer: Any = "sgd",
        batch_size: Any = 1,
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

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        coef_init: Any = None,
        intercept_init: Any = None,
        sample_weight: Any = None,
    ) -> Self:
        """Train until the objective has converged, or for ``max_iter`` epochs.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Read as it is, without a copy, if it is float32, float64, float16, uint8, int8 or bool,
            in any strides.
        y : array-like of shape (n_samples,)
            Targets.
        coef_init, intercept_init : array-like of the shapes of coef_ and intercept_
            Where to start; zeros, or where the last fit stopped with ``warm_start``.
        sample_weight : array-like of shape (n_samples,)
            How much each sample counts.

        Raises
        ------
        ValueError
            If an argument is wrong: nothing has changed then. If the weights overflow: they are
            then those of the last good epoch.
        """
        goes_on = self._goes_on()
        with all_or_nothing(self, goes_on):
            X, y = self._read(X, y, reset=not goes_on, y_numeric=True)
            if not goes_on:
                self._start((X.shape[1],), weight_dtype(X), keep=self.warm_start)
            self._init_weights(coef_init, intercept_init)
            target, weights = self._target(X, y, sample_weight)
            diverged = self._train(X, [target], [weights], self.max_iter, self.tol)
        return self._finish(diverged, target)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on some rows, going on with weights, optimizer state and clock.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        """
        first = not hasattr(self, "_progress")
        with all_or_nothing(self, not first):
            X, y = self._read(X, y, reset=first, y_numeric=True)
            if first:
                self._start((X.shape[1],), weight_dtype(X), keep=True)
            target, weights = self._target(X, y, sample_weight)
            diverged = self._train(X, [target], [weights], 1, None)
        return self._finish(diverged)

    def _target(self, X: Array, y: Array, sample_weight: Any) -> tuple[Array, Array | None]:
        dtype = self._progress.dtype
        target = np.require(y, dtype, ["C", "A"])
        if not np.isfinite(target).all():
            assert_all_finite(target, input_name="y")
        if sample_weight is None:
            return target, None
        return target, check_weights(sample_weight, X, dtype)

    def predict(self, X: Any) -> Array:
        """Return the predictions z, of shape (n_samples,)."""
        return self._scores(X)
