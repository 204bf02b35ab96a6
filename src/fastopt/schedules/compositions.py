"""Schedules made of schedules, which may be a user's callables."""

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt.schedules.base import Array, BaseSchedule, Schedule
from fastopt.schedules.plateau import ReduceOnPlateau


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
    if isinstance(schedule, join):
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


@dataclass(frozen=True, repr=False)
class warmup(BaseSchedule):
    """A linear rise put before any schedule, which then starts at its own t = 1.

    lr(t) = schedule(1) * t / (steps + 1) for t <= steps, then schedule(t - steps): the line through
    0 at t = 0 that meets the schedule's first rate just when the schedule starts.

    schedule: a schedule, or a number for a constant rate.
    steps: updates of the rise.
    Source: Goyal et al. 2017, "Accurate, large minibatch SGD", section 2.2.
    torch: SequentialLR([LinearLR(start_factor=1 / (steps + 1), total_iters=steps), schedule],
        milestones=[steps]).
    """

    schedule: Schedule
    steps: int

    def _rate(self, t: Array) -> Array:
        after = t > self.steps
        if after.all():
            return _rates(self.schedule, t - self.steps)
        rates = _rates(self.schedule, np.ones(1)) * (t / (self.steps + 1))
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
    """

    schedules: tuple[Schedule, ...]
    boundaries: tuple[int, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.boundaries) != len(self.schedules) - 1:
            raise ValueError(
                f"boundaries must be one fewer than the {len(self.schedules)} schedules,"
                f" got {self.boundaries!r}"
            )

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
