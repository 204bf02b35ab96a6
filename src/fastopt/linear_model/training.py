"""The training of linear models: epochs of passes over X, for one or several weight vectors."""

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core
from fastopt.optim.optimizer import Optimizer
from fastopt.schedules import ReduceOnPlateau

Array = npt.NDArray[Any]

MOST_SAMPLES = 8192  # in one call of C: the numbers of its updates stay in cache
MOST_ENTRIES = 2**27  # of X in one call of C: some 0.1 s, so that Ctrl-C is heard


class Diverged(ArithmeticError):
    """A prediction or a weight was not finite; the weights are those of the last good epoch."""

    def __init__(self, row: int | None) -> None:
        super().__init__(row)
        self.row = row  # of X, whose prediction it was


@dataclass
class Progress:
    """What a training stands at beside its weights: with it a later one goes on bit for bit."""

    seed: int
    shape: tuple[int, ...]  # of coef_: (n_features,) or (n_outputs, n_features)
    dtype: np.dtype[Any]  # of the weights
    epoch: int = 0  # epochs done; (seed, epoch) give the order of the next
    t: int = 0  # updates done
    kernel: str = ""  # whose state it is that follows
    state: list[dict[str, Array]] = field(default_factory=list)  # of the optimizer, an output each
    intercept_state: list[dict[str, Array]] = field(default_factory=list)
    plateau: ReduceOnPlateau | None = None  # the learning rate, if it is one
    plateau_given: ReduceOnPlateau | None = None  # as it was before it was fed

    def __post_init__(self) -> None:
        self.n_outputs = math.prod(self.shape[:-1])
        self.factor = [1.0] * self.n_outputs  # of the learning rate, if it is adaptive
        self.best = [math.inf] * self.n_outputs  # objective
        self.stale = [0] * self.n_outputs  # epochs since it improved by tol

    def copy(self) -> "Progress":
        """Return a copy that stays while this one is trained on."""
        new = object.__new__(Progress)
        vars(new).update(vars(self))
        new.factor, new.best, new.stale = self.factor[:], self.best[:], self.stale[:]
        new.state, new.intercept_state = _copies(self.state), _copies(self.intercept_state)
        if self.plateau is not None:
            new.plateau = copy.copy(self.plateau)
        return new


def _copies(states: list[dict[str, Array]]) -> list[dict[str, Array]]:
    return [{name: array.copy() for name, array in state.items()} for state in states]


class Training:
    """K models z = X @ coef[k] + intercept[k], trained side by side on one order of the rows.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Of any dtype and strides that `_core.Pass` reads.
    targets, weights : sequence of K ndarray of shape (n_samples,), of the dtype of coef
        What each model learns, and how much each sample counts for it (None: all alike).
    coef, intercept : ndarray of shapes (K, n_features) and (K,)
        Changed in place.
    options : mapping
        The hyper-parameters of the optimizer, among them "lr" and "weight_decay".
    """

    def __init__(
        self,
        X: Array,
        targets: Iterable[Array],
        weights: Sequence[Array | None],
        coef: Array,
        intercept: Array,
        *,
        fit_intercept: bool,
        loss: str,
        loss_hyper: tuple[float, ...],
        optimizer: Optimizer,
        options: Mapping[str, Any],
        batch_size: int,
        shuffle: bool,
        progress: Progress,
    ) -> None:
        self.n_samples, n_features = X.shape
        self.coef, self.intercept = coef, intercept
        self.optimizer, self.options, self.progress = optimizer, options, progress
        self.batch_size = min(batch_size, self.n_samples)
        self.shuffle = shuffle and self.batch_size < self.n_samples  # a full batch has no order
        self.chunk = self._chunk(n_features)
        kernel = optimizer._kernel(options)
        if progress.kernel not in ("", kernel):
            raise ValueError(
                f"optimizer cannot change on the way from {progress.kernel} to {kernel}, which "
                "has another state: fit without warm_start"
            )
        if not progress.kernel:
            progress.kernel = kernel
            progress.state = [optimizer.new_state(w, options) for w in coef]
            progress.intercept_state = [
                optimizer.new_state(intercept[k : k + 1], options) for k in range(len(intercept))
            ]
        self.passes = [
            _core.Pass(
                X,
                y,
                coef[k],
                intercept[k : k + 1] if fit_intercept else None,
                loss=loss,
                loss_hyper=loss_hyper,
                optimizer=kernel,
                w_state=list(progress.state[k].values()),
                intercept_state=list(progress.intercept_state[k].values()),
                sample_weight=weight,
                batch_size=self.batch_size,
            )
            for k, (y, weight) in enumerate(zip(targets, weights, strict=True))
        ]
        self.weight_sums = [
            self.n_samples if w is None else float(np.abs(w).sum(dtype=np.float64)) or 1.0
            for w in weights
        ]

    def _chunk(self, n_features: int) -> int:
        """Return how many samples go to C at a time: whole batches."""
        samples = min(MOST_SAMPLES, MOST_ENTRIES // n_features)
        return max(samples // self.batch_size, 1) * self.batch_size

    def epoch(self, outputs: list[int]) -> list[float]:
        """Train some of the outputs for one epoch; return the mean loss of each.

        The loss of a sample is that of the prediction made before its update.

        Raises
        ------
        Diverged
            With the weights, and the progress, as they were before the epoch.
        """
        progress = self.progress
        before = progress.t, [array.copy() for array in self._arrays()]
        try:
            losses = self._epoch(outputs)
        except BaseException:  # Ctrl-C too
            progress.t = before[0]
            for array, copy in zip(self._arrays(), before[1], strict=True):
                np.copyto(array, copy)
            raise
        progress.epoch += 1
        return losses

    def _epoch(self, outputs: list[int]) -> list[float]:
        progress = self.progress
        order = None
        if self.shuffle:
            order = _core.permutation(self.n_samples, progress.seed, progress.epoch)
        losses = dict.fromkeys(outputs, 0.0)
        constant = False
        for start in range(0, self.n_samples, self.chunk):
            stop = min(start + self.chunk, self.n_samples)
            updates = -(-(stop - start) // self.batch_size)
            if not constant:
                hypers = self._hypers({progress.factor[k] for k in outputs}, updates)
                # One row for one update may be another for the next.
                constant = updates > 1 and all(len(rows) == 1 for rows in hypers.values())
            for k in outputs:
                row = self.passes[k].run(hypers[progress.factor[k]], order, start, stop)
                if row is not None:
                    raise Diverged(row)
                losses[k] += self.passes[k].loss_sum()
            progress.t += updates
        if not (np.isfinite(self.coef).all() and np.isfinite(self.intercept).all()):
            raise Diverged(None)
        if any(math.isnan(loss) for loss in losses.values()):  # inf - inf, by negative weights
            raise Diverged(None)
        return [losses[k] / self.weight_sums[k] for k in outputs]

    def _hypers(self, factors: set[float], updates: int) -> dict[float, Array]:
        """Return the numbers of the next updates for each factor of the learning rate."""
        lr = self.options["lr"]
        return {
            factor: self.optimizer.hypers(
                {**self.options, "lr": lr if factor == 1 else lr * factor}, self.progress.t, updates
            )
            for factor in factors
        }

    def _arrays(self) -> list[Array]:
        states = self.progress.state + self.progress.intercept_state
        return [self.coef, self.intercept] + [a for state in states for a in state.values()]
