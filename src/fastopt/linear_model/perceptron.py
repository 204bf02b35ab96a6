"""Perceptron: the classifier of Rosenblatt."""

from typing import Any

from fastopt.linear_model.classifier import SGDClassifier


class Perceptron(SGDClassifier):
    """`SGDClassifier` with the perceptron loss and a constant learning rate.

    Parameters
    ----------
    penalty, alpha, l1_ratio, fit_intercept, max_iter, tol, shuffle, verbose, eta0, n_jobs,\
    random_state, early_stopping, validation_fraction, n_iter_no_change, class_weight, warm_start
        As for `SGDClassifier`, but for the defaults: no penalty, and eta0=1.

    References
    ----------
    Rosenblatt 1958, "The perceptron: a probabilistic model for information storage and
    organization in the brain".

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastopt.linear_model import Perceptron
    >>> X, y = load_digits(return_X_y=True)
    >>> bool(Perceptron(tol=1e-3).fit(X, y).score(X, y) > 0.9)
    True
    """

    loss, learning_rate = "perceptron", "constant"

    def __init__(
        self,
        *,
        penalty: str | None = None,
        alpha: float = 1e-4,
        l1_ratio: float | None = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        eta0: float = 1.0,
        n_jobs: int | None = None,
        random_state: Any = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        warm_start: bool = False,
    ) -> None:
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.eta0 = eta0
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
