"""The training of linear models: epochs of passes over X."""

import copy
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core
from fastopt.data.source import window_seed
from fastopt.linear_model.rule import Rule

Array = npt.NDArray[Any]

MOST_PREDICTIONS = 8192  # in one call of C: they and the numbers of its updates stay in cache
MOST_ENTRIES = 2**27  # of X in one call of C: some 0.1 s, so that Ctrl-C is heard


class Diverged(ArithmeticError):
    """A prediction or a weight was not finite; the weights are those of the last good epoch."""

    def __init__(self, row: int | None) -> None:
        super().__init__(row)
        self.row = row  # of X, whose prediction it was


@dataclass
class Targets:
    """What is learnt from each row of X.

    Attributes
    ----------
    y : ndarray
        Shape (n_samples,), or (n_samples, n_outputs); with `classes` the index of the class.
    weight : ndarray of shape (n_samples,) or None
        How much each row counts; those of weight 0 are left out.
    positive_weight : ndarray of shape (n_outputs,) or None
        With `classes`, what multiplies the weight of the rows of an output's own class.
    rows : ndarray of uint32 or None
        The rows to learn from, if not all.
    """

    y: Array
    weight: Array | None = None
    positive_weight: Array | None = None
    classes: bool = False
    rows: npt.NDArray[np.uint32] | None = None

    def __post_init__(self) -> None:
        if self.weight is not None and not self.weight.all():
            self.keep(self.weight != 0)

    def weigh(self, weight: Array) -> None:
        """Let each row count so much more."""
        self.weight = weight if self.weight is None else weight * self.weight
        if not weight.all():
            self.keep(weight != 0)

    def keep(self, mask: Array) -> None:
        """Learn from the rows of the mask alone."""
        rows = np.arange(len(self.y), dtype=np.uint32) if self.rows is None else self.rows
        self.rows = rows[mask[rows]]


@dataclass
class Progress:
    """What a training stands at beside its weights: with it a later one goes on bit for bit."""

    seed: int
    shape: tuple[int, ...]  # of coef_: (n_features,) or (n_outputs, n_features)
    dtype: np.dtype[Any]  # of the weights
    epoch: int = 0  # epochs done; (seed, epoch) give the order of the next
    t: int = 0  # updates done
    rule: str = ""  # whose state it is that follows
    kernel: str = ""  # that made it
    state: dict[str, Array] = field(default_factory=dict)  # of the optimizer
    intercept_state: dict[str, Array] = field(default_factory=dict)
    fixed: dict[str, float] = field(default_factory=dict)  # options that these were made with
    memory: Array = field(default_factory=partial(np.empty, 0))  # numbers beside them
    trained: tuple[Array, Array] | None = None  # weights beside their average, if there is one
    n_averaged: int = 0  # updates in the average
    shown: tuple[Array, Array] | None = None  # coef_ and intercept_ as the training left them
    fed_rate: Any = None  # the learning rate, if it is fed with losses
    rate_given: Any = None  # the same before it was fed
    factor: float = 1.0  # of the learning rate, if it is adaptive
    best: float = math.inf  # objective, or 1 - score on validation data
    stale: int = 0  # epochs since it improved by tol
    class_counts: Array | None = None  # rows seen of each class, where weights balance them

    @property
    def n_outputs(self) -> int:
        """The number of rows of coef_."""
        return math.prod(self.shape[:-1])

    def forget_state(self) -> None:
        """Let the state of the optimizer begin anew."""
        self.kernel, self.state, self.intercept_state, self.memory = "", {}, {}, np.empty(0)

    def copy(self) -> "Progress":
        """Return a copy that stays while this one is trained on."""
        new = object.__new__(Progress)  # faster than copy.copy
        vars(new).update(vars(self))
        new.state = {name: array.copy("K") for name, array in self.state.items()}
        new.intercept_state = {name: array.copy() for name, array in self.intercept_state.items()}
        new.memory = self.memory.copy()
        if self.fed_rate is not None:
            new.fed_rate = copy.deepcopy(self.fed_rate)
        return new


@dataclass
class Tally:
    """What an epoch has come to so far."""

    start: Array  # the weights that it began with
    windows: int = 0
    n_samples: int = 0
    weight: float = 0.0  # of them
    loss: float = 0.0
    right: float = 0.0
    rate: float = 0.0  # the sum of the learning rates


Windows = Callable[[Tally], Iterable[tuple[Any, Targets]]]  # that are left, after a tally


def laid_out(weights: Array, X: Any) -> Array:
    """Return a copy of the weights, (n_outputs, n_features), as passes over X read them."""
    n_outputs, n_features = weights.shape
    if isinstance(X, np.ndarray) or n_outputs == 1:
        return np.array(weights, order="C")
    by_feature = _core.sparse_weights(n_features, n_outputs, weights.dtype)
    if weights.any():
        by_feature[:] = weights.T
    return by_feature.T


def _is_laid_out(weights: Array, X: Any) -> bool:
    return len(weights) == 1 or weights.flags.c_contiguous == isinstance(X, np.ndarray)


class Training:
    """n_outputs models z = X @ coef[k] + intercept[k], trained side by side in one pass over X.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Of any dtype and strides that `_core.Pass` reads.
    coef, intercept : ndarray of shapes (n_outputs, n_features), `laid_out` for X, and (n_outputs,)
        Changed in place.
    average : (ndarray, ndarray) or None
        The averages of coef and intercept so far, changed in place.
    average_from : int
        The first update whose weights the average takes in.
    batch_size : float
        Samples of an update; infinity for all of them.
    how
        The loss, the bounds and whatever else `_core.Pass` takes as it is.
    """

    def __init__(
        self,
        X: Any,
        targets: Targets,
        coef: Array,
        intercept: Array,
        *,
        fit_intercept: bool,
        rule: Rule,
        batch_size: float,
        shuffle: bool,
        progress: Progress,
        average: tuple[Array, Array] | None,
        average_from: int,
        **how: Any,
    ) -> None:
        self.coef, self.intercept, self.average = coef, intercept, average
        self.fit_intercept, self.average_from, self.how = fit_intercept, average_from, how
        self.rule, self.progress = rule, progress
        self.most_in_batch, self.shuffles = batch_size, shuffle
        self.lr = self.gradient_norm = 0.0
        self.tally: Tally | None = None  # of an epoch that is not done
        if progress.rule not in ("", rule.name):
            raise ValueError(
                f"optimizer cannot change on the way from {progress.rule} to {rule.name}, which "
                "has another state: fit without warm_start"
            )
        if progress.kernel != rule.kernel:
            progress.rule, progress.kernel = rule.name, rule.kernel
            progress.state = rule.new_state(coef, progress.state, progress.t)
            progress.intercept_state = rule.new_state(
                intercept, progress.intercept_state, progress.t, penalised=False
            )
            progress.memory = rule.new_memory()
            progress.fixed = rule.fixed
        for name, array in progress.state.items():
            if not _is_laid_out(array, X):
                progress.state[name] = laid_out(array, X)
        self.bind(X, targets)

    def bind(self, X: Any, targets: Targets, window: int = 0) -> None:
        """Let the next samples be those of X, a window of the epoch."""
        progress, rule = self.progress, self.rule
        self.X, self.rows, self.window = X, targets.rows, window
        self.n_samples = X.shape[0] if self.rows is None else len(self.rows)
        self.batch_size = int(max(min(self.most_in_batch, self.n_samples), 1))
        self.shuffle = self.shuffles and self.batch_size < self.n_samples  # all at once: no order
        mean_coef, mean_intercept = self.average or (None, None)
        self.passes = _core.Pass(
            X,
            targets.y,
            _flat(self.coef, X),
            self.intercept if self.fit_intercept else None,
            optimizer=rule.kernel,
            w_state=[_flat(array, X) for array in progress.state.values()],
            intercept_state=list(progress.intercept_state.values()),
            memory=progress.memory,
            sample_weight=targets.weight,
            positive_weight=targets.positive_weight,
            classes=targets.classes,
            batch_size=self.batch_size,
            average=None if mean_coef is None else _flat(mean_coef, X),
            intercept_average=mean_intercept,
            n_averaged=progress.n_averaged,
            before_average=max(self.average_from - 1 - progress.t, 0),
            l1=rule.l1 != 0,
            **self.how,
        )
        self.chunk = self._chunk(X)
        weight = targets.weight
        if weight is None:
            self.weight_sum = float(self.n_samples)
        else:
            weight = weight if self.rows is None else weight[self.rows]
            self.weight_sum = float(np.abs(weight).sum(dtype=np.float64))

    def _chunk(self, X: Any) -> int:
        """Return how many samples go to C at a time: whole batches."""
        n_features = X.shape[1]
        if isinstance(X, np.ndarray):
            entries = n_features
        else:
            entries = X.nnz // X.shape[0] + 1
            if self.passes.steps_all:
                entries += n_features // self.batch_size
        samples = min(MOST_PREDICTIONS, MOST_ENTRIES // entries) // len(self.coef)
        return max(samples // self.batch_size, 1) * self.batch_size

    def epoch(self, windows: Windows | None = None) -> Tally:
        """Train for one epoch on what is bound, or on its windows, or those left of it; return what
        it has come to: losses, summed over the outputs, and weights of those samples whose class
        was told, both of the predictions made before a sample's update.

        Sets `lr`, the last learning rate, and `gradient_norm`: how far the weights have moved, over
        the sum of the learning rates.

        Raises
        ------
        Diverged
            With the weights, and the progress, as they were before the call.
        """
        progress = self.progress
        before = progress.t, progress.n_averaged, [array.copy("K") for array in self._arrays()]
        tally = self.tally = self.tally or Tally(before[2][0])
        try:
            if windows is None:
                self._add_to(tally)
            else:
                for X, targets in windows(tally):
                    self.bind(X, targets, tally.windows)
                    self._add_to(tally)
            distance = _core.distance(tally.start.ravel("K"), self.coef.ravel("K"))
            if not math.isfinite(tally.loss + distance + float(self.intercept.sum())):
                raise Diverged(None)
        except BaseException:  # Ctrl-C too
            self.passes.drop()
            progress.t, progress.n_averaged, arrays = before
            for array, saved in zip(self._arrays(), arrays, strict=True):
                np.copyto(array, saved)
            raise
        finally:
            self.tally = None
        self.passes.trust()
        progress.epoch += 1
        self.gradient_norm = distance / tally.rate if tally.rate else 0.0
        return tally

    def shown(self) -> tuple[Array, Array]:
        """Return the weights and intercepts to predict with, as they are now."""
        progress = self.progress
        if self.average and progress.n_averaged:
            return self.average
        if self.rule.averages:
            coef = self.rule.evaluated(self.coef, progress.state)
            np.clip(coef, *self.how["bounds"], out=coef)
            return coef, self.rule.evaluated(self.intercept, progress.intercept_state)
        return self.coef, self.intercept

    def _add_to(self, tally: Tally) -> None:
        """Train on the window that is bound."""
        progress = self.progress
        order = self.rows
        if self.shuffle:
            seed = window_seed(progress.seed, self.window)
            order = _core.permutation(self.n_samples, seed, progress.epoch)
            if self.rows is not None:
                order = self.rows[order]
        constant = False
        for start in range(0, self.n_samples, self.chunk):
            stop = min(start + self.chunk, self.n_samples)
            updates = -(-(stop - start) // self.batch_size)
            if not constant:
                self.lr, hypers = self.rule.numbers(progress.t, updates, progress.factor)
                # One row for one update may be another for the next.
                constant = updates > 1 and len(hypers) == 1
            row = self.passes.run(hypers, order, start, stop)
            if row is not None:
                raise Diverged(row)
            loss, right = self.passes.score()
            tally.loss += loss
            tally.right += right
            tally.rate += float(hypers[:, 0].sum()) * updates / len(hypers)
            progress.t += updates
        progress.n_averaged, _ = self.passes.settle()
        tally.windows += 1
        tally.n_samples += self.n_samples
        tally.weight += self.weight_sum

    def _arrays(self) -> list[Array]:
        progress = self.progress
        states = [*progress.state.values(), *progress.intercept_state.values()]
        return [self.coef, self.intercept, *(self.average or ()), *states, progress.memory]


def _flat(weights: Array, X: Any) -> Array:
    """Return the same weights in the shape that `_core.Pass` takes them in."""
    if len(weights) == 1:
        return weights[0]
    return weights if isinstance(X, np.ndarray) else weights.T
