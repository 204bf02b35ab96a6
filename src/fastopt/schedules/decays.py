"""Rates that fall, or rise, for ever."""

import math
from dataclasses import dataclass

import numpy as np

from fastopt import _core
from fastopt.schedules.base import Array, BaseSchedule
from fastopt.schedules.transitions import decay_to


def decay_by(factor: float) -> float:
    """The decay of a schedule that goes on being multiplied by `factor`."""
    return math.copysign(math.inf, 1 - factor) if factor != 1 else 0


class _Geometric(BaseSchedule):
    """A rate multiplied by `factor` in every `every` updates, until it has come to `final`."""

    lr: float
    every: int
    factor: float
    final: float | None

    def _rate(self, t: Array) -> Array:
        rates = self.lr * _core.powers(self.factor, self._exponent(t))
        if self.final is None:
            return rates
        bound = np.maximum if self.factor < 1 else np.minimum
        return bound(rates, float(self.final))

    def _exponent(self, t: Array) -> Array:
        raise NotImplementedError

    @property
    def _decay(self) -> float:
        return decay_by(self.factor) if self.final is None else decay_to(self.final)


@dataclass(frozen=True, repr=False)
class step(_Geometric):
    """A staircase: lr(t) = lr * factor ** floor((t - 1) / every), but not past `final`.

    lr: the first rate, > 0.
    every: updates between two drops.
    factor: what a drop multiplies the rate by, > 0 (above 1 the rate rises).
    final: where the rate stops, >= 0: the least one, or the largest if it rises; None if nowhere.
    torch: StepLR(step_size=every, gamma=factor).
    optax: exponential_decay(transition_steps=every, decay_rate=factor, staircase=True,
        end_value=final).
    """

    lr: float
    every: int
    factor: float
    final: float | None = None

    def _exponent(self, t: Array) -> Array:
        return np.floor((t - 1) / self.every)


@dataclass(frozen=True, repr=False)
class multistep(BaseSchedule):
    """Drops at chosen moments: lr(t) = lr * factor ** (number of milestones < t).

    lr: the first rate, > 0.
    milestones: updates done before each drop, strictly increasing; milestone m first acts at
        t = m + 1.
    factor: what a drop multiplies the rate by, > 0 (above 1 the rate rises).
    torch: MultiStepLR(milestones, gamma=factor).
    optax: piecewise_constant_schedule, with the same factor everywhere; else see `piecewise`.
    """

    lr: float
    milestones: tuple[int, ...]
    factor: float

    def _rate(self, t: Array) -> Array:
        drops = np.searchsorted(np.array(self.milestones, np.float64), t)
        return self.lr * _core.powers(self.factor, drops.astype(np.float64))

    _decay = 0.0


@dataclass(frozen=True, repr=False)
class exponential(_Geometric):
    """Geometric decay: lr(t) = lr * factor ** ((t - 1) / every), but not past `final`.

    lr: the first rate, > 0.
    factor: what `every` updates multiply the rate by, > 0 (above 1 the rate rises).
    every: updates in which that happens.
    final: where the rate stops, >= 0: the least one, or the largest if it rises; None if nowhere.
    torch: ExponentialLR(gamma=factor), with every = 1.
    optax: exponential_decay(transition_steps=every, decay_rate=factor, end_value=final).
    """

    lr: float
    factor: float
    every: int = 1
    final: float | None = None

    def _exponent(self, t: Array) -> Array:
        return (t - 1) / self.every


@dataclass(frozen=True, repr=False)
class inverse_sqrt(BaseSchedule):
    """A linear rise, then decay by the root: lr(t) = lr * min(t / warmup, sqrt(warmup / t)).

    Without warm-up, lr(t) = lr / sqrt(t).

    lr: the highest rate, reached at t = warmup (or 1), > 0.
    warmup: updates of the rise, >= 0.
    Source: Vaswani et al. 2017, "Attention is all you need", equation 3, where
        lr = 1 / sqrt(d_model * warmup).
    torch: LambdaLR.
    optax: any callable.
    """

    lr: float
    warmup: int = 0

    def _rate(self, t: Array) -> Array:
        if not self.warmup:
            return self.lr / np.sqrt(t)
        return self.lr * np.minimum(t / self.warmup, np.sqrt(self.warmup / t))

    _decay = 0.5


@dataclass(frozen=True, repr=False)
class inverse_scaling(BaseSchedule):
    """A power of the count: lr(t) = lr / t ** power.

    lr: the first rate, > 0.
    power: exponent, > 0.  1 is the classical choice; in (1/2, 1) iterates are usually averaged.
    Source: Robbins & Monro 1951; Polyak & Juditsky 1992 for the averaged form.
    torch: LambdaLR.
    optax: any callable.
    """

    lr: float
    power: float

    def _rate(self, t: Array) -> Array:
        return self.lr / _core.power(t, self.power)

    @property
    def _decay(self) -> float:
        return self.power


@dataclass(frozen=True, repr=False)
class optimal(BaseSchedule):
    """Bottou's rate for an alpha-strongly convex loss: lr(t) = 1 / (alpha (t0 + t - 1)).

    alpha: strength of the L2 penalty alpha/2 ||w||^2, > 0, in units of loss per weight^2.
    t0: updates taken as done before the first, > 0; the first rate is 1 / (alpha t0).
    Source: Bottou 2012, "Stochastic gradient descent tricks", section 5.2.
    torch: LambdaLR.
    optax: any callable.
    """

    alpha: float
    t0: float

    def _rate(self, t: Array) -> Array:
        return 1 / (self.alpha * (self.t0 + (t - 1)))

    _decay = 1.0
