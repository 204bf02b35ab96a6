"""Schedules made of schedules, which may be a user's callables."""

import math
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt.schedules.base import Array, BaseSchedule, Schedule, check_boundaries
from fastopt.schedules.plateau import ReduceOnPlateau
from fastopt.schedules.transitions import SHAPES, Shape, between, cosine, decay_to


def rates_of(lr: Schedule, t: npt.NDArray[np.int64]) -> Array:
    """Return the rates of any callable lr(t) at updates t, one or more.

    One that returns no array is called for each update.
    """
    if t.size == 1:  # an array of one passes for a number in some callables
        return rates_of(lr, t.repeat(2))[:1]
    try:
        values = np.asarray(lr(t), np.float64)
    except (TypeError, ValueError):
        values = np.array(np.nan)
    if not values.ndim:
        values = np.array([_rate_of(lr, int(k)) for k in t])
    if values.shape != t.shape:
        raise ValueError(f"lr(t) must have the shape {t.shape} of t, got {values.shape}")
    return values


def _rate_of(lr: Schedule, t: int) -> float:
    rate = lr(t)
    if not isinstance(rate, Real) and not (isinstance(rate, np.ndarray) and rate.shape == ()):
        raise TypeError(f"lr(t) must return a number, got {rate!r} at t = {t}")
    return float(rate)


def _rates(schedule: Schedule, t: Array) -> Array:
    """Return the rates of any schedule, a user's callable included, as a new array."""
    if isinstance(schedule, BaseSchedule):
        return schedule._rate(t)
    return rates_of(schedule, t.astype(np.int64)).copy()


def _parts(schedule: Any) -> list[Any]:
    """Return what a schedule is made of, down to what is no schedule made of others."""
    if isinstance(schedule, warmup):
        return _parts(schedule.schedule)
    if isinstance(schedule, join | product):
        return [part for inner in schedule.schedules for part in _parts(inner)]
    return [schedule]


def plateaus_of(schedule: Any) -> list[ReduceOnPlateau]:
    """Return the parts of a schedule that are fed with losses."""
    return [part for part in _parts(schedule) if isinstance(part, ReduceOnPlateau)]


def is_foreseeable(schedule: Schedule) -> bool:
    """Whether the rates are those of this module alone, and none of them is fed with losses."""
    parts = _parts(schedule)
    return all(isinstance(part, BaseSchedule) for part in parts) and not plateaus_of(schedule)


def decay_of(schedule: Schedule) -> float | None:
    """Return the decay of any schedule; that of a callable of the user is not known."""
    return schedule._decay if isinstance(schedule, BaseSchedule) else None


def _rise(initial: float | None, peak: float | Array, t: Array, steps: int) -> Array:
    """From initial at t = 1, or from 0 at t = 0, to the peak at t = steps + 1."""
    if initial is None:
        return peak * (t / (steps + 1))
    return between(peak, initial, (steps + 1 - t) / steps)


@dataclass(frozen=True, repr=False)
class warmup(BaseSchedule):
    """A linear rise put before any schedule, which then starts at its own t = 1.

    lr(t) = initial + (schedule(1) - initial) (t - 1) / steps for t <= steps, then
    schedule(t - steps): the line meets the schedule's first rate just when the schedule starts.
    Without an initial rate it is the line from 0 at t = 0, schedule(1) * t / (steps + 1), on which
    no update is lost to a rate of 0.

    schedule: a schedule, or a number for a constant rate.
    steps: updates of the rise.
    initial: the first rate, >= 0; None for schedule(1) / (steps + 1).
    Source: Goyal et al. 2017, "Accurate, large minibatch SGD", section 2.2.
    torch: SequentialLR([LinearLR(start_factor=initial / lr, total_iters=steps), schedule],
        milestones=[steps]).
    optax: warmup_constant_schedule, of a number; warmup_exponential_decay_schedule, of
        `exponential`.
    """

    schedule: Schedule
    steps: int
    initial: float | None = None

    def _rate(self, t: Array) -> Array:
        after = t > self.steps
        if after.all():
            return _rates(self.schedule, t - self.steps)
        rates = _rise(self.initial, _rates(self.schedule, np.ones(1)), t, self.steps)
        if after.any():
            rates[after] = _rates(self.schedule, t[after] - self.steps)
        return rates

    @property
    def _decay(self) -> float | None:
        return decay_of(self.schedule)


@dataclass(frozen=True, repr=False)
class join(BaseSchedule):
    """Schedules one after the other, each starting at its own t = 1.

    lr(t) = schedules[j](t - boundaries[j - 1]) for boundaries[j - 1] < t <= boundaries[j].

    schedules: schedules or numbers, in order.
    boundaries: updates done before each of the second and later ones starts, strictly increasing.
    torch: SequentialLR(schedules, milestones=boundaries).
    optax: join_schedules(schedules, boundaries).
    """

    schedules: tuple[Schedule, ...]
    boundaries: tuple[int, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_boundaries(self.boundaries, f"{len(self.schedules)} schedules", len(self.schedules))

    def _rate(self, t: Array) -> Array:
        starts = np.array((0, *self.boundaries), np.float64)
        current = np.searchsorted(starts, t) - 1
        rates = np.empty(t.shape)
        for j in range(current.min(initial=len(starts)), current.max(initial=-1) + 1):
            mine = current == j
            rates[mine] = _rates(self.schedules[j], t[mine] - starts[j])
        return rates

    @property
    def _decay(self) -> float | None:
        return decay_of(self.schedules[-1])


@dataclass(frozen=True, repr=False)
class product(BaseSchedule):
    """Schedules multiplied: lr(t) = schedules[0](t) * schedules[1](t) * ...

    One gives a rate, the others, and numbers, what it is multiplied by.

    schedules: schedules or numbers.
    torch: ChainedScheduler(schedules); MultiplicativeLR, whose factors have no closed form, is any
        callable.
    optax: any callable.
    """

    schedules: tuple[Schedule, ...]

    def _rate(self, t: Array) -> Array:
        rates = np.ones(t.shape)
        for schedule in self.schedules:
            rates *= _rates(schedule, t)
        return rates

    @property
    def _decay(self) -> float | None:
        total = 0.0
        for schedule in self.schedules:
            decay = decay_of(schedule)
            if decay is None:
                return None
            total += decay
        return None if math.isnan(total) else total  # NaN: one rises as no power, another falls so


@dataclass(frozen=True, repr=False)
class warmup_cosine(BaseSchedule):
    """A linear rise to lr, then half a cosine down to final: `warmup` of `cosine`.

    lr: the highest rate, reached at t = warmup + 1, > 0.
    warmup: updates of the rise, >= 0.
    steps: updates until `final` is reached, those of the rise included; there it stays.
    initial: the first rate, >= 0; None for lr / (warmup + 1).
    final: the last rate, >= 0.
    power: exponent of the cosine, > 0.
    Source: Goyal et al. 2017, section 2.2; Loshchilov & Hutter 2017, equation 5.
    torch: SequentialLR([LinearLR, CosineAnnealingLR], milestones=[warmup]).
    optax: warmup_cosine_decay_schedule(initial, lr, warmup, decay_steps=steps, end_value=final,
        exponent=power); sgdr_schedule is a `join` of these.
    """

    lr: float
    warmup: int
    steps: int
    initial: float | None = None
    final: float = 0
    power: float = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps <= self.warmup:
            raise ValueError(f"steps must be more than the warmup, {self.warmup}, got {self.steps}")

    @cached_property
    def _whole(self) -> BaseSchedule:
        fall = cosine(self.lr, self.steps - self.warmup, self.final, self.power)
        return warmup(fall, self.warmup, self.initial) if self.warmup else fall

    def _rate(self, t: Array) -> Array:
        return self._whole._rate(t)

    @property
    def _decay(self) -> float:
        return decay_to(self.final)


@dataclass(frozen=True, repr=False)
class wsd(BaseSchedule):
    """Warm-up, stable, decay: a linear rise to lr, lr for most of the run, then down to final.

    The stable phase can go on while there is time; a run is ended by its decay.  With c of the
    `decay` last updates done, lr(t) = final + (lr - final) (1 - c / decay) if linear, and
    final + (lr - final) (1 - sqrt(c / decay)) if 1-sqrt.

    lr: the highest rate, reached at t = warmup + 1, > 0.
    warmup: updates of the rise, >= 0.
    steps: updates until `final` is reached, all phases included; there it stays.
    decay: updates of the fall.
    initial: the first rate, >= 0; None for lr / (warmup + 1).
    final: the last rate, >= 0.
    shape: how the rate falls: "linear", "1-sqrt", and the others of `piecewise`.
    Source: Hu et al. 2024, "MiniCPM", section 4.2; Hägele et al. 2024, "Scaling laws and
        compute-optimal training beyond fixed training durations", for 1-sqrt.
    torch: SequentialLR([LinearLR, ConstantLR, LinearLR], milestones=[warmup, steps - decay]).
    optax: join_schedules of the same.
    """

    lr: float
    warmup: int
    steps: int
    decay: int
    initial: float | None = None
    final: float = 0
    shape: Shape = "linear"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps < self.warmup + self.decay:
            raise ValueError(
                f"steps must be no fewer than warmup + decay, {self.warmup} + {self.decay},"
                f" got {self.steps}"
            )

    def _rate(self, t: Array) -> Array:
        left = np.clip((self.steps + 1 - t) / self.decay, 0, 1)
        rates = between(self.final, self.lr, SHAPES[self.shape](left))
        rising = t <= self.warmup
        rates[rising] = _rise(self.initial, self.lr, t[rising], self.warmup)
        return rates

    @property
    def _decay(self) -> float:
        return decay_to(self.final)
