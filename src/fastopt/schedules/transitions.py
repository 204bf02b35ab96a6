"""Rates that go from one value to another in some updates, and stay there."""

import math
from dataclasses import dataclass

import numpy as np

from fastopt import _core
from fastopt.schedules.base import Array, BaseSchedule


def _left(t: Array, steps: int) -> Array:
    """The part of `steps` updates that is left: 1 at t = 1, 0 from t = steps + 1 on."""
    return np.maximum(steps + 1 - t, 0) / steps


def half_cosine(left: Array) -> Array:
    """(1 + cos(pi (1 - left))) / 2, without its cancellation: exactly 1 at 1, exactly 0 at 0."""
    root = _core.quarter_sine(left)
    return root * root


def between(final: float, lr: float, weight: Array) -> Array:
    """From final (weight 0) to lr (weight 1), both exact."""
    return lr * weight + final * (1 - weight)


def decay_to(final: float) -> float:
    """The decay of a schedule that ends at `final` and stays there."""
    return 0 if final else math.inf


@dataclass(frozen=True, repr=False)
class linear(BaseSchedule):
    """A straight line: lr(t) = lr + (final - lr) min((t - 1) / steps, 1).

    lr: the first rate, > 0.
    steps: updates until `final` is reached, at t = steps + 1; there it stays.
    final: the last rate, >= 0; above lr the line rises.
    torch: LinearLR(start_factor=1, end_factor=final / lr, total_iters=steps).
    """

    lr: float
    steps: int
    final: float = 0

    def _rate(self, t: Array) -> Array:
        return between(self.final, self.lr, _left(t, self.steps))

    @property
    def _decay(self) -> float:
        return decay_to(self.final)


@dataclass(frozen=True, repr=False)
class cosine(BaseSchedule):
    """Half a cosine down: lr(t) = final + (lr - final) (1 + cos(pi (t - 1) / steps)) / 2.

    After t = steps + 1 the rate stays at `final` (torch's climbs again).

    lr: the first rate, > 0.
    steps: updates until `final` is reached.
    final: the last rate, >= 0.
    Source: Loshchilov & Hutter 2017, "SGDR", equation 5 without restarts.
    torch: CosineAnnealingLR(T_max=steps, eta_min=final), as far as t = steps + 1.
    """

    lr: float
    steps: int
    final: float = 0

    def _rate(self, t: Array) -> Array:
        return between(self.final, self.lr, half_cosine(_left(t, self.steps)))

    @property
    def _decay(self) -> float:
        return decay_to(self.final)


@dataclass(frozen=True, repr=False)
class polynomial(BaseSchedule):
    """The "poly" policy: lr(t) = final + (lr - final) (1 - min((t - 1) / steps, 1)) ** power.

    lr: the first rate, > 0.
    steps: updates until `final` is reached, at t = steps + 1; there it stays.
    power: exponent, > 0; 1 is `linear`, above 1 the fall is steepest at first.
    final: the last rate, >= 0.
    Source: Chen et al. 2018, "DeepLab", section 4.1.
    torch: PolynomialLR(total_iters=steps, power=power), which has final = 0.
    """

    lr: float
    steps: int
    power: float
    final: float = 0

    def _rate(self, t: Array) -> Array:
        return between(self.final, self.lr, _core.power(_left(t, self.steps), self.power))

    @property
    def _decay(self) -> float:
        return decay_to(self.final)
