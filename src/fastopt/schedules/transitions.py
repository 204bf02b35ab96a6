"""Rates that go from one value to another in some updates, and stay there."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from fastopt import _core
from fastopt._arguments import nonnegative, positive
from fastopt.schedules.base import Array, BaseSchedule, check_boundaries

# How a rate goes from a first value to a last.  `left` is the part of the way that is left, from 1
# to 0; each gives the weight of the first value, exact at both ends.

Shape: TypeAlias = Literal["linear", "cosine", "1-sqrt", "constant"]


def _line(left: Array) -> Array:
    return left


def half_cosine(left: Array) -> Array:
    """(1 + cos(pi (1 - left))) / 2, without its cancellation."""
    root = _core.quarter_sine(left)
    return root * root


def _one_minus_root(left: Array) -> Array:
    """1 - sqrt(1 - left), without its cancellation."""
    weight: Array = left / (1 + np.sqrt(1 - left))
    return weight


def _jump(left: Array) -> Array:
    """1 until nothing is left."""
    return (left > 0).astype(np.float64)


SHAPES: dict[str, Callable[[Array], Array]] = {
    "linear": _line,
    "cosine": half_cosine,
    "1-sqrt": _one_minus_root,
    "constant": _jump,
}


def between(final: float | Array, lr: float | Array, weight: Array) -> Array:
    """From final (weight 0) to lr (weight 1), both exact."""
    return lr * weight + final * (1 - weight)


def through(values: tuple[float, ...], ends: tuple[float, ...], shape: str, t: Array) -> Array:
    """From values[0] on to values[i + 1], reached with ends[i] updates done; there it stays."""
    starts = np.array((0, *ends), np.float64)
    lengths = np.diff(starts, append=starts[-1] + 1)  # the last value goes on to itself
    piece = np.searchsorted(starts[1:], t - 1, side="right")
    left = np.maximum(starts[piece] + lengths[piece] + 1 - t, 0) / lengths[piece]
    values_then = np.array((*values, values[-1]), np.float64)
    return between(values_then[piece + 1], values_then[piece], SHAPES[shape](left))


def decay_to(final: float) -> float:
    """The decay of a schedule that ends at `final` and stays there."""
    return 0 if final else math.inf


class _Transition(BaseSchedule):
    """From lr to final in `steps` updates; each adds the weight of lr on the way."""

    lr: float
    steps: int
    final: float

    def _check(self, name: str, value: Any) -> Any:
        return nonnegative(name, value) if name == "lr" else super()._check(name, value)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.final:  # lr may be 0 if the rate rises from there
            positive("lr", self.lr)

    def _rate(self, t: Array) -> Array:
        left = np.maximum(self.steps + 1 - t, 0) / self.steps
        return between(self.final, self.lr, self._weight(left))

    def _weight(self, left: Array) -> Array:
        raise NotImplementedError

    @property
    def _decay(self) -> float:
        return decay_to(self.final)


@dataclass(frozen=True, repr=False)
class linear(_Transition):
    """A straight line: lr(t) = lr + (final - lr) min((t - 1) / steps, 1).

    lr: the first rate, > 0; or 0 if final is not.
    steps: updates until `final` is reached, at t = steps + 1; there it stays.
    final: the last rate, >= 0; above lr the line rises.
    torch: LinearLR(start_factor=1, end_factor=final / lr, total_iters=steps).
    optax: linear_schedule(lr, final, transition_steps=steps).
    """

    lr: float
    steps: int
    final: float = 0

    def _weight(self, left: Array) -> Array:
        return left


@dataclass(frozen=True, repr=False)
class cosine(_Transition):
    """Half a cosine down:
    lr(t) = final + (lr - final) ((1 + cos(pi (t - 1) / steps)) / 2) ** power.

    After t = steps + 1 the rate stays at `final` (torch's climbs again).

    lr: the first rate, > 0; or 0 if final is not.
    steps: updates until `final` is reached.
    final: the last rate, >= 0.
    power: exponent, > 0; above 1 the fall is earlier.
    Source: Loshchilov & Hutter 2017, "SGDR", equation 5 without restarts.
    torch: CosineAnnealingLR(T_max=steps, eta_min=final), as far as t = steps + 1.
    optax: cosine_decay_schedule(decay_steps=steps, alpha=final / lr, exponent=power).
    """

    lr: float
    steps: int
    final: float = 0
    power: float = 1

    def _weight(self, left: Array) -> Array:
        return _core.power(half_cosine(left), self.power)


@dataclass(frozen=True, repr=False)
class polynomial(_Transition):
    """The "poly" policy: lr(t) = final + (lr - final) (1 - min((t - 1) / steps, 1)) ** power.

    lr: the first rate, > 0; or 0 if final is not.
    steps: updates until `final` is reached, at t = steps + 1; there it stays.
    power: exponent, > 0; 1 is `linear`, above 1 the fall is steepest at first.
    final: the last rate, >= 0.
    Source: Chen et al. 2018, "DeepLab", section 4.1.
    torch: PolynomialLR(total_iters=steps, power=power), which has final = 0.
    optax: polynomial_schedule(lr, final, power, transition_steps=steps).
    """

    lr: float
    steps: int
    power: float
    final: float = 0

    def _weight(self, left: Array) -> Array:
        return _core.power(left, self.power)


@dataclass(frozen=True, repr=False)
class piecewise(BaseSchedule):
    """Through chosen rates at chosen moments: values[i] at t = boundaries[i - 1] + 1.

    With v and w two neighbors of the values, and c of n updates done between their moments, lr(t)
    is v + (w - v) c / n if linear, w + (v - w) (1 + cos(pi c / n)) / 2 if cosine,
    w + (v - w) (1 - sqrt(c / n)) if 1-sqrt, and v if constant.  After the last moment the rate
    stays at the last value.

    values: the rates, >= 0; the first is that of t = 1.
    boundaries: updates done before each of the second and later values, strictly increasing.
    shape: how the rate goes from one value to the next: "linear", "cosine", "1-sqrt", or "constant"
        if it stays until the next one is due.
    torch: ConstantLR(factor, total_iters), with values (lr * factor, lr).
    optax: piecewise_constant_schedule and piecewise_interpolate_schedule, where values are products
        of scales; cosine_onecycle_schedule and linear_onecycle_schedule, which are made of it.
    """

    values: tuple[float, ...]
    boundaries: tuple[int, ...]
    shape: Shape = "constant"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_boundaries(self.boundaries, f"{len(self.values)} values", len(self.values))

    def _rate(self, t: Array) -> Array:
        return through(self.values, self.boundaries, self.shape, t)

    @property
    def _decay(self) -> float:
        return decay_to(self.values[-1])
