"""The update rule of a training: an optimizer with its hyper-parameters and the penalty."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt.optim.optimizer import Optimizer, rates
from fastopt.schedules import is_foreseeable

Array = npt.NDArray[Any]

PLAIN = ("sgd", "sgd_l1")
RULES = {"sgd_l1": "sgd", "adagrad_composite": "adagrad"}  # of kernels that serve some penalty
AHEAD = 1024  # updates whose numbers are worked out together, for calls that ask for fewer


class Rule:
    """An optimizer with its options: "lr", a number or a schedule, "weight_decay", "l1" and more.

    Attributes
    ----------
    kernel : str
        What makes its steps.
    name : str
        The same without regard to the penalty.
    l1, l2 : float
        The strengths of the penalty.
    anchored : bool
        Whether the state is of use with the weights alone that it was made with.
    fixed : dict
        What of the options may not change while the state is kept.
    averages : bool
        Whether the weights to predict with are others than those that make steps.
    """

    def __init__(self, optimizer: Optimizer, options: Mapping[str, Any]) -> None:
        self.optimizer, self.options = optimizer, options
        self.kernel = optimizer._kernel(options)
        self.name = RULES.get(self.kernel, self.kernel)
        self.anchored = optimizer.anchored or self.kernel == "sgd_l1"
        self.averages = optimizer.averages
        self.fixed = {name: options[name] for name in optimizer.fixed}
        self.l1, self.l2 = options["l1"], options["weight_decay"]
        lr = options["lr"]
        self._foreseeable = not callable(lr) or is_foreseeable(lr)
        self._foreseen: tuple[int, Any, Array] = 0, 0.0, np.empty((0, 0))

    def with_rate(self, lr: Any) -> "Rule":
        """Return the same rule with another learning rate."""
        return Rule(self.optimizer, {**self.options, "lr": lr})

    def new_state(
        self, weights: Array, before: Mapping[str, Array], done: int, *, penalised: bool = True
    ) -> dict[str, Array]:
        """Return the state that some weights begin with after some updates; what of it was there
        `before` stays.
        """
        options = {**self.options, "done": done}
        if not penalised:
            options |= {"done": 0, "lambda1": 0.0, "lambda2": 0.0}
        state = self.optimizer.new_state(weights, options)
        return {name: before.get(name, array) for name, array in state.items()}

    def evaluated(self, weights: Array, state: Mapping[str, Array]) -> Array:
        """Return the weights to predict with."""
        return self.optimizer._evaluated(weights, state, self.options)

    def new_memory(self) -> Array:
        """Return the numbers that the rule keeps beside its state, as they are at first."""
        return self.optimizer.new_memory(self.options)

    def numbers(self, done: int, updates: int, factor: float = 1.0) -> tuple[float, Array]:
        """Return the learning rate of the last of the next updates, after the first `done`, and the
        numbers of all, as `Optimizer.hypers` does; `factor` multiplies the rates.
        """
        if factor == 1 and updates < AHEAD and self._foreseeable:
            try:
                return self._known(done, updates)
            except ValueError:  # of an update that may never come
                pass
        lr, rows = self._work_out(done, updates, factor)
        return _item(lr, -1), rows

    def _known(self, done: int, updates: int) -> tuple[float, Array]:
        """Return the same, from those worked out ahead."""
        first, lr, rows = self._foreseen  # which trainings in other threads may replace
        last = first + len(rows) - updates if len(rows) != 1 else done  # one row is for ever after
        if not first <= done <= last or not len(rows):
            self._foreseen = first, lr, rows = done, *self._work_out(done, AHEAD)
        at = done - first
        return _item(lr, at + updates - 1), rows if len(rows) == 1 else rows[at : at + updates]

    def _work_out(self, done: int, updates: int, factor: float = 1.0) -> tuple[Any, Array]:
        lr = rates(self.options["lr"], np.arange(done + 1, done + updates + 1))
        if factor != 1:
            lr = lr * factor
        rows = self.optimizer.hypers({**self.options, "lr": lr}, done, updates)
        if self.kernel in PLAIN and np.max(lr) * self.l2 > 1:
            rows[:, 1] = np.minimum(rows[:, 1], 1 / rows[:, 0])  # no step beyond 0
        return lr, rows


def _item(lr: Any, k: int) -> float:
    return float(lr[k]) if isinstance(lr, np.ndarray) else float(lr)
