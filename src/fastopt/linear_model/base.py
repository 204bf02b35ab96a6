"""What the linear models share: the rule, the rates, the epochs and when to stop."""

import copy
import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from operator import attrgetter
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, make_constraint
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted

from fastopt import _core
from fastopt._portable import Portable
from fastopt.data.source import Block, Source
from fastopt.linear_model.checkpoints import Checkpoints
from fastopt.linear_model.fitting import Fitting
from fastopt.linear_model.input import (
    Array,
    check_columns,
    check_finite,
    name_features,
    read,
    shaped,
    starting_point,
    summed,
)
from fastopt.linear_model.plan import LEARNING_RATES, Plan
from fastopt.linear_model.training import Progress, Targets, Training, laid_out
from fastopt.linear_model.validation import Validation, given
from fastopt.optim import OPTIMIZERS, Optimizer
from fastopt.schedules import plateaus_of

FAR_OFF = 100  # times the loss of weights of 0: no training, however young, should end there


def losses(tasks: Iterable[str], hypers: Iterable[str]) -> set[str]:
    """Return the names of the losses for some tasks that need no other hyper-parameters than these,
    from the table of kernels.
    """
    return {
        name
        for name, (task, needed) in _core.LOSSES.items()
        if task in tasks and set(needed) <= set(hypers)
    }


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


class BaseSGD(Portable, BaseEstimator):
    """Base of the linear models; each adds what its targets are."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "penalty": [StrOptions({"l2", "l1", "elasticnet"}), None],
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
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "average": ["boolean", Interval(Integral, 0, None, closed="left")],
        "optimizer": [StrOptions(set(OPTIMIZERS)), Optimizer],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"full"})],
        "positive": ["boolean"],
        "bounds": [tuple, list, None],
        "restore_best": ["boolean"],
        "sparse_updates": [StrOptions({"exact", "touched"})],
    }

    _made_constraints: ClassVar[dict[str, list[Any]]]
    _parameters_of: ClassVar[Callable[[Any], tuple[Any, ...]]]

    # What a model is that does not let its user choose.
    penalty: Any = "l2"
    l1_ratio: Any = 0.15
    epsilon: Any = 0.1
    power_t: Any = 0.5
    early_stopping: Any = False
    validation_fraction: Any = 0.1
    n_iter_no_change: Any = 5
    average: Any = False
    optimizer: Any = "sgd"
    batch_size: Any = 1
    positive: Any = False
    bounds: Any = None
    restore_best: Any = False
    sparse_updates: Any = "exact"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._made_constraints = {
            name: [make_constraint(constraint) for constraint in constraints]
            for name, constraints in cls._parameter_constraints.items()
        }
        cls._parameters_of = attrgetter(*cls._parameter_constraints)

    def _validate_params(self) -> None:
        # BaseEstimator makes every constraint anew, which takes as long as a small fit. That is
        # left for when something is wrong, to find the words.
        for name, constraints in self._made_constraints.items():
            value = getattr(self, name)
            if not any(constraint.is_satisfied_by(value) for constraint in constraints):
                super()._validate_params()

    def _intercept_pull(self) -> float:
        """Return a constant part of the gradient of each intercept."""
        return 0.0

    def _loss(self) -> str:
        """Return the loss as the kernels name it: the joint loss of two classes is that of one
        score.
        """
        joint = _core.LOSSES[self.loss][0] == "joint"
        return "log_loss" if joint and self._progress.n_outputs == 1 else self.loss

    def _loss_hyper(self) -> tuple[float, ...]:
        return tuple(float(getattr(self, name)) for name in _core.LOSSES[self.loss][1])

    def _loss_of_zeros(self, targets: Targets) -> float:
        """Return the mean loss of weights of 0."""
        if _core.LOSSES[self._loss()][0] == "joint":
            return math.log(self._progress.n_outputs)
        y = targets.y if isinstance(self, RegressorMixin) else np.array([-1, 1], targets.y.dtype)
        values = _core.loss_values(self._loss(), np.zeros_like(y), y, self._loss_hyper())
        return float(values.sum()) / values.size

    # The training.

    def _goes_on(self) -> bool:
        return bool(self.warm_start) and hasattr(self, "_progress")

    def _start(self, shape: tuple[int, ...], dtype: Any, *, keep: bool) -> None:
        """Set a new clock, and weights of 0 of the shape of coef_; `keep` those set by hand."""
        if not (keep and hasattr(self, "coef_")):
            self.coef_: Any = np.zeros(shape, dtype)  # an array, or CSR by `sparsify`
            self.intercept_ = np.zeros(math.prod(shape[:-1]), dtype)
        self.history_: list[dict[str, float]] = []
        name_features(self)
        seed = self.random_state
        if not isinstance(seed, Integral):
            seed = check_random_state(seed).randint(np.iinfo(np.int32).max)
        self._progress = Progress(int(seed), shape, np.dtype(dtype))

    def _init_weights(
        self, coef_init: Any, intercept_init: Any, name: str = "intercept_init"
    ) -> None:
        progress = self._progress
        if coef_init is not None:
            self.coef_ = starting_point("coef_init", coef_init, progress.shape, progress.dtype)
        if intercept_init is not None:
            shape = (progress.n_outputs,)
            self.intercept_ = starting_point(name, intercept_init, shape, progress.dtype)
        if coef_init is not None or intercept_init is not None:
            progress.trained, progress.shown, progress.n_averaged = None, None, 0

    def _is_as_left(self, coef: Array, intercept: Array) -> bool:
        """Whether these are the weights that the last training has shown."""
        shown = self._progress.shown
        if shown is None:
            return False
        if shown[0] is self.coef_ and shown[1] is self.intercept_:
            return True
        return np.array_equal(shown[0].ravel(), coef.ravel()) and np.array_equal(
            shown[1], intercept
        )

    def _training(self, X: Any, targets: Targets, plan: Plan) -> Training:
        """Return the training that goes on from coef_ and intercept_ in copies of them: what a
        user has set, or holds on to, is not trained on.
        """
        progress, rule = self._progress, plan.rule
        if self.learning_rate != "adaptive":
            progress.factor = 1.0
        rate = rule.options["lr"]
        if not plateaus_of(rate):
            progress.fed_rate = progress.rate_given = None
        elif rate != progress.rate_given:
            # It changes as it is fed; a parameter of the estimator may not.
            progress.fed_rate = copy.deepcopy(rate)
            progress.rate_given = copy.deepcopy(rate)
        if progress.fed_rate is not None:
            rule = rule.with_rate(progress.fed_rate)

        shape, dtype, n_outputs = progress.shape, progress.dtype, progress.n_outputs
        coef = shaped("coef_", self.coef_, shape, dtype).reshape(n_outputs, -1)
        intercept = shaped("intercept_", self.intercept_, (n_outputs,), dtype)
        average = None
        apart = bool(self.average) or rule.averages
        goes_on = apart or (rule.anchored and progress.trained is None)
        as_left = goes_on and self._is_as_left(coef, intercept)
        if not apart or not as_left:
            progress.trained, progress.n_averaged = None, 0
        if self.average:
            average = laid_out(coef, X), intercept.copy()
        if apart:
            coef, intercept = progress.trained or (coef, intercept)
        if (rule.anchored and not as_left) or rule.fixed != progress.fixed:
            progress.forget_state()
        coef = laid_out(coef, X)
        if plan.bounds != (-math.inf, math.inf):
            np.clip(coef, *plan.bounds, out=coef)
        training = Training(
            X if plan.step == "gradient" else summed(X),
            targets,
            coef,
            intercept.copy(),
            fit_intercept=self.fit_intercept,
            rule=rule,
            batch_size=math.inf if self.batch_size == "full" else self.batch_size,
            shuffle=self.shuffle,
            progress=progress,
            average=average,
            average_from=int(self.average),
            loss=self._loss(),
            loss_hyper=self._loss_hyper(),
            bounds=plan.bounds,
            step=plan.step,
            intercept_pull=self._intercept_pull(),
            touched_only=plan.touched_only,
        )
        progress.trained = (training.coef, training.intercept) if apart else None
        self._show(training)
        return training

    def _show(self, training: Training) -> None:
        """Set coef_ and intercept_ to what the training has come to."""
        coef, intercept = training.shown()
        self.coef_, self.intercept_ = coef.reshape(self._progress.shape), intercept
        self._progress.shown = self.coef_, self.intercept_

    def _train(
        self,
        X: Any,
        targets: Targets,
        plan: Plan,
        max_iter: int,
        tol: float | None,
        *,
        source: Source | None = None,
        checkpoints: Checkpoints | None = None,
        **how: Any,
    ) -> int | None:
        """Train for some epochs, as a `Fitting` does; return the one that diverged, if one did."""
        self.n_iter_ = 0
        standing = checkpoints and checkpoints.begin(self, X, targets, source)
        training = self._training(X, targets, plan)
        how |= {"source": source, "checkpoints": checkpoints, "standing": standing}
        return Fitting(self, training, max_iter, tol, **how).run()

    def _n_losses(self) -> int:
        """Return of how many losses the mean over the outputs is."""
        return 1 if _core.LOSSES[self.loss][0] == "joint" else self._progress.n_outputs

    def _mean_of_values(self, scores: Array, targets: Array, weight: Array | None) -> float:
        """Return the mean loss of scores, (n_samples, n_outputs)."""
        dtype = self._progress.dtype
        z, y = np.ascontiguousarray(scores, dtype), np.ascontiguousarray(targets, dtype)
        values = _core.loss_values(self._loss(), z, y, self._loss_hyper())
        per_sample = values.reshape(len(z), -1).mean(axis=1, dtype=np.float64)
        return float(np.average(per_sample, weights=weight))

    def _window(self, plan: Plan, block: Block, **how: Any) -> tuple[Any, Targets] | None:
        """Return a window of a source as a training takes it, if it has rows; called in the thread
        that reads.
        """
        if not len(block):
            return None
        with np.errstate(all="ignore"):  # as in all_or_nothing
            X, targets = self._taken(block, **how)
        return (X if plan.step == "gradient" else summed(X)), targets

    def _check_source(self, source: Source | None) -> None:
        """Raise the error of a parameter that does not go with a source."""
        if source is None:
            return
        if source.one_pass and self.max_iter > 1:
            raise ValueError(
                f"max_iter must be 1 on data that can be gone over only once, got {self.max_iter}"
            )
        if self.batch_size == "full":
            raise ValueError("batch_size cannot be 'full' on a source larger than its memory")

    def _split(
        self, source: Source | None, y: Array, splitter: Any, eval_set: Any
    ) -> tuple[Array, Array] | None:
        """Return the rows to train on and those to validate on, as scikit-learn draws them."""
        if not self.early_stopping or eval_set is not None:
            return None
        if source is not None:
            raise ValueError("early_stopping needs eval_set where X is a source")
        split = splitter(test_size=self.validation_fraction, random_state=self.random_state)
        return next(split.split(np.zeros((len(y), 1)), y))

    def _validation(
        self,
        X: Any,
        y: Array,
        weight: Array | None,
        targets: Targets,
        split: tuple[Array, Array] | None,
        eval_set: Any,
    ) -> Validation | None:
        """Return the validation data, and take them out of the targets if they are a part of X."""
        if split is None:
            return None if eval_set is None else given(self, eval_set, multi_output=y.ndim > 1)
        train, held_out = split
        rows = X[held_out], y[held_out], None if weight is None else weight[held_out]
        if rows[2] is not None and not rows[2].any():
            raise ValueError(
                "The sample weights for validation set are all zero, consider using a "
                "different random state."
            )
        mask = np.zeros(len(y), bool)
        mask[train] = True
        targets.keep(mask)
        return Validation(lambda: [rows])

    def _finish(self, diverged: int | None, targets: Targets | None = None) -> Self:
        """Raise the error that a training ends with, or, given targets, the warnings of a fit."""
        if diverged is not None:
            raise ValueError(
                f"Floating-point under-/overflow occurred at epoch #{diverged}: {self._cure()}. "
                "Scaling input data with StandardScaler or MinMaxScaler might help. The weights "
                "are those of the epoch before."
            )
        if targets is None:
            return self
        if self.tol is not None and self.n_iter_ == self.max_iter:
            warnings.warn(
                "Maximum number of iteration reached before convergence. Consider increasing "
                "max_iter to improve the fit.",
                ConvergenceWarning,
                stacklevel=4,
            )
        rows = self.history_[-self.n_iter_ :] if self.restore_best else self.history_[-1:]
        loss, loss_of_zeros = min(row["loss"] for row in rows), self._loss_of_zeros(targets)
        if loss > FAR_OFF * loss_of_zeros > 0:
            warnings.warn(
                f"The loss of epoch #{self.n_iter_} was {loss:.3g}, far above that of weights of "
                f"0, {loss_of_zeros:.3g}: the steps are too long. Scale X with StandardScaler or "
                f"MinMaxScaler, or {self._cure()}.",
                ConvergenceWarning,
                stacklevel=4,
            )
        return self

    def _cure(self) -> str:
        """Say what makes the steps shorter."""
        if callable(self.learning_rate):
            return "lower learning_rate"
        if self.learning_rate != "optimal":
            return "lower eta0"
        if self.optimizer == "sgd":
            return "raise alpha, or lower eta0 with learning_rate='constant'"
        return "lower the lr of optimizer"

    # What comes of it.

    def _scores(self, X: Any) -> Array:
        """Return the predictions of each output, of shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        if isinstance(X, Source):
            parts = [self._scores_of(read(self, b.X, reset=False)) for b in X if len(b)]
            return np.concatenate(parts)
        return self._scores_of(read(self, X, reset=False))

    def _scores_of(self, X: Any) -> Array:
        """Return the same for an X that has been read."""
        check_columns(X)
        coef = self.coef_ if self.coef_.ndim == 2 else self.coef_.reshape(1, -1)
        with np.errstate(all="ignore"):  # as in all_or_nothing
            scores = safe_sparse_dot(X, coef.T, dense_output=True) + self.intercept_
        if not np.isfinite(scores).all():
            check_finite(self, X)
        return scores

    def sparsify(self) -> Self:
        """Make coef_ a CSR matrix, which is smaller and faster where most weights are 0."""
        check_is_fitted(self)
        if not sparse.issparse(self.coef_):
            self.coef_ = sparse.csr_matrix(self.coef_)
        return self

    def densify(self) -> Self:
        """Make coef_ an array again, which training and pickling in few bytes need not be."""
        check_is_fitted(self)
        if sparse.issparse(self.coef_):
            self.coef_ = self.coef_.toarray().reshape(self._progress.shape)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
