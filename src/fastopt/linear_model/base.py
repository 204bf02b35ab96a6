"""What the linear models share: the rule, the rates, the epochs and when to stop."""

import copy
import math
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions, make_constraint
from sklearn.utils.validation import (
    _check_sample_weight,
    assert_all_finite,
    check_array,
    check_is_fitted,
    validate_data,
)

from fastopt import _core, schedules
from fastopt.linear_model.training import Diverged, Progress, Training
from fastopt.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from fastopt.optim.optimizer import rates

Array = npt.NDArray[Any]

#: What X may hold; anything else is converted to the first.
X_DTYPES = [np.float64, np.float32, np.float16, np.uint8, np.int8, np.bool_]

OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": SGD(),
    "momentum": SGD(momentum=0.9),
    "nesterov": SGD(momentum=0.9, nesterov=True),
    "adagrad": Adagrad(),
    "rmsprop": RMSprop(),
    "adam": Adam(),
    "adamw": AdamW(),
}
OWN_WEIGHT_DECAY = {type(rule): rule.options["weight_decay"] for rule in OPTIMIZERS.values()}
LEARNING_RATES = {"constant", "optimal", "invscaling", "adaptive"}
FAR_OFF = 100  # times the loss of weights of 0: no training, however young, should end there
SMALLEST_RATE = 1e-6  # at which an adaptive learning rate gives up


def losses(task: str) -> set[str]:
    """Return the names of the losses for a task, from the table of kernels."""
    return {name for name, (of, _) in _core.LOSSES.items() if of == task}


@contextmanager
def all_or_nothing(estimator: BaseEstimator, goes_on: bool) -> Iterator[None]:
    """Take back what was set on the estimator if an error comes; and what was trained, if it
    `goes_on` from an earlier training.

    NumPy's warnings of overflow are not for the user: what is not finite is found and told of.
    """
    before = vars(estimator).copy()
    if goes_on:
        before["_progress"] = before["_progress"].copy()
        epochs = len(before["history_"])
    try:
        with np.errstate(all="ignore"):
            yield
    except Exception:  # Ctrl-C keeps the epochs done
        vars(estimator).clear()
        vars(estimator).update(before)
        if goes_on:
            del estimator.history_[epochs:]
        raise


class BaseSGD(BaseEstimator):
    """Base of the linear models; each adds what its targets are."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "penalty": [StrOptions({"l2"}), None],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "shuffle": ["boolean"],
        "verbose": ["verbose"],
        "epsilon": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
        "learning_rate": [StrOptions(LEARNING_RATES), callable],
        "eta0": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "early_stopping": [Options(bool, {False})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "average": [Options(bool, {False})],
        "optimizer": [StrOptions(set(OPTIMIZERS)), Optimizer],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"full"})],
    }

    _made_constraints: ClassVar[dict[str, list[Any]]]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._made_constraints = {
            name: [make_constraint(constraint) for constraint in constraints]
            for name, constraints in cls._parameter_constraints.items()
        }

    def _validate_params(self) -> None:
        # BaseEstimator makes every constraint anew, which takes as long as a small fit. That is
        # left for when something is wrong, to find the words.
        for name, constraints in self._made_constraints.items():
            value = getattr(self, name)
            if not any(constraint.is_satisfied_by(value) for constraint in constraints):
                super()._validate_params()

    def _rule(self) -> tuple[Optimizer, dict[str, Any]]:
        """Return the optimizer and its hyper-parameters, with lr and the penalty put in."""
        optimizer = self.optimizer
        if isinstance(optimizer, str):
            optimizer = OPTIMIZERS[optimizer]
        else:
            _check_unbound(optimizer)
        options = dict(optimizer.options)
        options["weight_decay"] = float(self.alpha) if self.penalty == "l2" else 0.0
        options["lr"] = self._rate(options["lr"])
        return optimizer, options

    def _rate(self, own: Any) -> Any:
        """Return the learning rate, a number or a schedule; `own` is the optimizer's."""
        if isinstance(self.learning_rate, type):
            raise ValueError(
                f"learning_rate must be a schedule lr(t), got the class {self.learning_rate!r}"
            )
        if callable(self.learning_rate):
            return self.learning_rate
        if self.learning_rate == "invscaling":
            if self.power_t == 0:
                return float(self.eta0)
            return schedules.inverse_scaling(self.eta0, self.power_t)
        if self.learning_rate in ("constant", "adaptive"):
            return float(self.eta0)
        if self.optimizer != "sgd":  # "optimal" is derived for plain SGD
            return own
        if self.alpha == 0:
            raise ValueError("alpha must be > 0 since learning_rate is 'optimal'")
        # Bottou's start: the first step is as long as the weights are expected to be. (scikit-learn
        # divides it by the slope at -typical for y = 1 where that is above 1, but it is below 0.)
        typical = math.sqrt(1 / math.sqrt(self.alpha))
        return schedules.optimal(self.alpha, 1 / (typical * self.alpha))

    def _loss_hyper(self) -> tuple[float, ...]:
        return tuple(float(getattr(self, name)) for name in _core.LOSSES[self.loss][1])

    def _goes_on(self) -> bool:
        return bool(self.warm_start) and hasattr(self, "_progress")

    def _start(self, shape: tuple[int, ...], dtype: Any, *, keep: bool) -> None:
        """Set a new clock, and weights of 0 of the shape of coef_; `keep` those set by hand."""
        if not (keep and hasattr(self, "coef_")):
            self.coef_ = np.zeros(shape, dtype)
            self.intercept_ = np.zeros(math.prod(shape[:-1]), dtype)
        self.history_: list[dict[str, float]] = []
        seed = self.random_state
        if not isinstance(seed, Integral):
            seed = check_random_state(seed).randint(np.iinfo(np.int32).max)
        self._progress = Progress(int(seed), shape, np.dtype(dtype))

    def _init_weights(self, coef_init: Any, intercept_init: Any) -> None:
        shape, dtype = self._progress.shape, self._progress.dtype
        if coef_init is not None:
            coef_init = check_array(coef_init, ensure_2d=False, dtype=dtype, input_name="coef_init")
            self.coef_ = _shaped("coef_init", coef_init, shape, dtype)
        if intercept_init is not None:
            intercept_init = check_array(
                intercept_init, ensure_2d=False, dtype=dtype, input_name="intercept_init"
            )
            self.intercept_ = _shaped("intercept_init", intercept_init, shape[:-1] or (1,), dtype)

    def _train(
        self,
        X: Array,
        targets: Sequence[Array],
        weights: Sequence[Array | None],
        max_iter: int,
        tol: float | None,
    ) -> int | None:
        """Train for some epochs; return the one that diverged, if one did."""
        optimizer, options = self._rule()
        progress = self._progress
        # Copies: what a user has set, or holds on to, is not trained on.
        shape, dtype = progress.shape, progress.dtype
        self.coef_ = _shaped("coef_", self.coef_, shape, dtype)
        self.intercept_ = _shaped("intercept_", self.intercept_, shape[:-1] or (1,), dtype)
        if self.learning_rate != "adaptive":
            progress.factor = [1.0] * progress.n_outputs
        if not isinstance(options["lr"], schedules.ReduceOnPlateau):
            progress.plateau = progress.plateau_given = None
        elif options["lr"] != progress.plateau_given:
            # It changes as it is fed; a parameter of the estimator may not.
            progress.plateau = copy.copy(options["lr"])
            progress.plateau_given = copy.copy(options["lr"])
        options["lr"] = progress.plateau or options["lr"]
        training = Training(
            X,
            targets,
            weights,
            np.atleast_2d(self.coef_),
            self.intercept_,
            fit_intercept=self.fit_intercept,
            loss=self.loss,
            loss_hyper=self._loss_hyper(),
            optimizer=optimizer,
            options=options,
            batch_size=len(X) if self.batch_size == "full" else self.batch_size,
            shuffle=self.shuffle,
            progress=progress,
        )
        active = list(range(len(self.intercept_)))
        self.n_iter_ = 0
        bar = self._progress_bar(max_iter)
        try:
            while active and self.n_iter_ < max_iter:
                start = time.perf_counter()
                losses = training.epoch(active)
                self.n_iter_ += 1
                self._record(losses, options["lr"], time.perf_counter() - start)
                if progress.plateau is not None:
                    progress.plateau.step(self.history_[-1]["loss"])
                if tol is not None:
                    active = [
                        k
                        for k, loss in zip(active, losses, strict=True)
                        if not self._converged(k, loss, tol)
                    ]
                if bar is not None:
                    bar.update()
                    bar.set_postfix(loss=f"{self.history_[-1]['loss']:.4g}")
        except Diverged as error:
            if error.row is not None:
                assert_all_finite(X[error.row : error.row + 1], input_name="X")
            return self.n_iter_ + 1
        finally:
            if bar is not None:
                bar.close()
            self.t_ = float(progress.t + 1)
        return None

    def _converged(self, k: int, loss: float, tol: float) -> bool:
        """Whether output k is done: n_iter_no_change epochs in which its objective, mean loss plus
        penalty, did not get below the best by tol.
        """
        progress = self._progress
        objective = loss
        if self.penalty == "l2":
            w = np.atleast_2d(self.coef_)[k]
            objective += self.alpha / 2 * float(np.square(w, dtype=np.float64).sum())
        progress.stale[k] = progress.stale[k] + 1 if objective > progress.best[k] - tol else 0
        progress.best[k] = min(progress.best[k], objective)
        if progress.stale[k] < self.n_iter_no_change:
            return False
        progress.stale[k] = 0
        if self.learning_rate == "adaptive" and self.eta0 * progress.factor[k] > SMALLEST_RATE:
            progress.factor[k] /= 5
            return False
        return True

    def _record(self, losses: list[float], lr: Any, seconds: float) -> None:
        rate = float(np.max(rates(lr, np.array([self._progress.t]))))
        self.history_.append(
            {
                "loss": sum(losses) / len(losses),
                "lr": rate * max(self._progress.factor),
                "seconds": seconds,
            }
        )

    def _progress_bar(self, max_iter: int) -> Any:
        if not self.verbose:
            return None
        from tqdm.auto import tqdm

        return tqdm(total=max_iter, desc=type(self).__name__, unit="epoch")

    def _finish(self, diverged: int | None, target: Array | None = None) -> Self:
        """Raise the error that a training ends with, or, given a target, the warnings of a fit."""
        if diverged is not None:
            raise ValueError(
                f"Floating-point under-/overflow occurred at epoch #{diverged}: lower eta0, or "
                "scale X with StandardScaler or MinMaxScaler. The weights are those of the epoch "
                "before."
            )
        if target is None:
            return self
        if self.tol is not None and self.n_iter_ == self.max_iter:
            warnings.warn(
                "Maximum number of iteration reached before convergence. Consider increasing "
                "max_iter to improve the fit.",
                ConvergenceWarning,
                stacklevel=4,
            )
        loss, loss_of_zeros = self.history_[-1]["loss"], self._loss_of_zeros(target)
        if loss > FAR_OFF * loss_of_zeros > 0:
            warnings.warn(
                f"The loss of epoch #{self.n_iter_} was {loss:.3g}, far above that of weights of "
                f"0, {loss_of_zeros:.3g}: the steps are too long. Lower eta0, or scale X with "
                "StandardScaler or MinMaxScaler.",
                ConvergenceWarning,
                stacklevel=4,
            )
        return self

    def _loss_of_zeros(self, target: Array) -> float:
        if _core.LOSSES[self.loss][0] == "classification":
            return 1.0  # or less
        zeros = np.zeros_like(target)
        return float(_core.loss_values(self.loss, zeros, target, self._loss_hyper()).mean())

    def _read(self, X: Any, y: Any = "no_validation", *, reset: bool, **checks: Any) -> Any:
        """Check X, and y if it is given, without a copy of an X that can be read as it is.

        NaN is not looked for in X: the first prediction from it tells.
        """
        only_X = isinstance(y, str) and y == "no_validation"  # as in scikit-learn; None is an error
        if not self._is_plain(X, reset) or not (only_X or _is_plain_target(y, len(X))):
            return validate_data(
                self, X, y, dtype=X_DTYPES, ensure_all_finite=False, reset=reset, **checks
            )
        if reset:
            self.n_features_in_ = X.shape[1]
        return X if only_X else (X, y)

    def _is_plain(self, X: Any, reset: bool) -> bool:
        """Whether X is an array in which scikit-learn's checks, of some 0.1 ms, would find nothing
        to say or to convert.
        """
        return (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.size > 0
            and X.dtype in X_DTYPES
            and (reset or X.shape[1] == getattr(self, "n_features_in_", None))
            and not hasattr(self, "feature_names_in_")
        )

    def _scores(self, X: Any) -> Array:
        check_is_fitted(self)
        X = self._read(X, reset=False)
        with np.errstate(all="ignore"):  # as in all_or_nothing
            scores = X @ self.coef_.T + self.intercept_
        if not np.isfinite(scores).all():
            assert_all_finite(X, input_name="X")
        return scores


def _shaped(name: str, values: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return a copy of some weights in their shape; those of one output may come in any."""
    one = math.prod(shape[:-1]) == 1
    if np.shape(values) != shape and not (one and np.size(values) == shape[-1]):
        raise ValueError(f"{name} must have the shape {shape}, got {np.shape(values)}")
    return np.array(values, dtype, order="C").reshape(shape)


def _is_plain_target(y: Any, n_samples: int) -> bool:
    return (
        type(y) is np.ndarray
        and y.shape == (n_samples,)
        and (y.dtype.kind in "iub" or (y.dtype.kind == "f" and bool(np.isfinite(y).all())))
    )


def _check_unbound(optimizer: Optimizer) -> None:
    if optimizer.param_groups:
        raise ValueError("optimizer must be unbound: make it without params")
    if optimizer.options["weight_decay"] != OWN_WEIGHT_DECAY.get(type(optimizer), 0):
        raise ValueError("the weight decay of a linear model is alpha; give optimizer none")
    if optimizer.options.get("velocity") == "lecture" and optimizer.options["nesterov"]:
        raise ValueError('optimizer must have velocity="torch" to be nesterov in a model')


def check_weights(sample_weight: Any, X: Array, dtype: Any) -> Array:
    """Return the sample weights as the kernels read them; at least one must not be 0."""
    weights = np.require(_check_sample_weight(sample_weight, X, dtype=dtype), None, ["C", "A"])
    if not weights.any():
        raise ValueError("sample_weight must hold a weight that is not 0")
    return weights


def weight_dtype(X: Array) -> Any:
    """Return the dtype of the weights that X is learnt with."""
    return np.float64 if X.dtype == np.float64 else np.float32
