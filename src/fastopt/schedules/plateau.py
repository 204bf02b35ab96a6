"""A rate that falls when the loss has stopped improving."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from numbers import Real
from typing import Any, Literal

import numpy as np

from fastopt._arguments import check, count_or_zero, positive
from fastopt.schedules.base import Array, BaseSchedule


@dataclass(repr=False)
class ReduceOnPlateau(BaseSchedule):
    """A rate that is multiplied by `factor` whenever the loss has stopped improving.

    Feed it by `step(loss)`, typically once per epoch; the attribute `lr`, and a call with any t,
    give the current rate.  It prints as the call that makes one with the current rate.

    lr: the first rate, > 0.
    factor: what a drop multiplies the rate by, in (0, 1).
    patience: losses without improvement that are let pass; one more and the rate drops.
    threshold: how much better than the best a loss must be to count as an improvement.
    threshold_mode: "rel" for a threshold in parts of the best loss, "abs" in units of loss.
    cooldown: losses after a drop during which none counts as bad.
    min_lr: the rate does not drop below this.
    eps: a drop of no more than this is not made.
    mode: "min" if a smaller loss is better, "max" if a larger one is.
    Source: the practice of He et al. 2016, "Deep residual learning", section 3.4.
    torch: ReduceLROnPlateau, with the same arguments.
    optax: contrib.reduce_on_plateau, a transformation of updates, without the modes.
    """

    lr: float
    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    threshold_mode: Literal["rel", "abs"] = "rel"
    cooldown: int = 0
    min_lr: float = 0
    eps: float = 1e-8
    mode: Literal["min", "max"] = "min"
    best: float = field(init=False)
    bad_steps: int = field(init=False, default=0)
    cooldown_left: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.factor >= 1:
            raise ValueError(f"factor must be below 1, got {self.factor!r}")
        if self.threshold_mode == "rel" and self.threshold >= 1:
            raise ValueError(f"threshold must be below 1 in mode 'rel', got {self.threshold!r}")
        self.lr = float(self.lr)
        self.best = math.inf if self.mode == "min" else -math.inf

    def step(self, loss: float) -> None:
        """Take note of the latest loss and lower the rate if it is time to."""
        loss = _loss("loss", loss)
        if self._improves(loss):
            self.best = loss
            self.bad_steps = 0
        else:
            self.bad_steps += 1
        if self.cooldown_left > 0:
            self.cooldown_left -= 1
            self.bad_steps = 0
        if self.bad_steps > self.patience:
            lower = max(self.lr * self.factor, float(self.min_lr))
            if self.lr - lower > self.eps:
                self.lr = lower
            self.cooldown_left = self.cooldown
            self.bad_steps = 0

    def _improves(self, loss: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "rel":
            target = self.best * (1 + sign * self.threshold)
        else:
            target = self.best + sign * self.threshold
        return sign * loss > sign * target

    def state_dict(self) -> dict[str, float]:
        """Return what `step` changes, as plain numbers by name."""
        return {name: getattr(self, name) for name in _STATE}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Take up a state that `state_dict` returned."""
        if not isinstance(state, dict) or set(state) != set(_STATE):
            raise ValueError(f"state must be a dict of {', '.join(_STATE)}, got {state!r}")
        checked = {name: check(name, state[name]) for name, check in _STATE.items()}
        for name, value in checked.items():
            setattr(self, name, value)
        self.lr = float(self.lr)

    def _rate(self, t: Array) -> Array:
        return np.full(t.shape, self.lr)


_loss = partial(check, Real, "a number that is not NaN", lambda x: not math.isnan(x))
_STATE: dict[str, Callable[[str, Any], Any]] = {
    "lr": positive,
    "best": _loss,
    "bad_steps": count_or_zero,
    "cooldown_left": count_or_zero,
}
