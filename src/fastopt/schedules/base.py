"""What all schedules share: how their arguments are checked, how they are called and printed."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import pairwise
from numbers import Real
from typing import Any, ClassVar, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from fastopt._arguments import (
    count,
    count_or_zero,
    flag,
    fraction,
    items,
    nonnegative,
    one_of,
    positive,
)

Array: TypeAlias = npt.NDArray[np.float64]
Schedule: TypeAlias = Callable[[Any], Any]  # lr(t); anything more precise shuts out plain lambdas

# Arguments.  A name means the same in every schedule, so its check goes by its name.


def _increasing(name: str, value: Any) -> tuple[int, ...]:
    counts = tuple(count(f"{name}[{i}]", n) for i, n in enumerate(items(name, value)))
    if any(a >= b for a, b in pairwise(counts)):
        raise ValueError(f"{name} must be strictly increasing, got {counts}")
    return counts


def check_boundaries(boundaries: tuple[int, ...], parts: str, n: int) -> None:
    """Refuse boundaries that are not one fewer than the n parts."""
    if len(boundaries) != n - 1:
        raise ValueError(f"boundaries must be one fewer than the {parts}, got {boundaries!r}")


def _rates(name: str, value: Any) -> tuple[float, ...]:
    rates = tuple(nonnegative(f"{name}[{i}]", rate) for i, rate in enumerate(items(name, value)))
    if not rates:
        raise ValueError(f"{name} must hold at least one rate, got {value!r}")
    return rates


def as_schedule(name: str, value: Any) -> Schedule:
    """Return value, a number or a callable lr(t), as a schedule; errors call it by its name."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return constant(positive(name, value))
    if isinstance(value, type) or not callable(value):
        raise TypeError(f"{name} must be a number or a schedule lr(t), got {value!r}")
    schedule: Schedule = value
    return schedule


def _some_schedules(name: str, value: Any) -> tuple[Schedule, ...]:
    schedules = items(name, value)
    if not schedules:
        raise ValueError(f"{name} must hold at least one schedule, got {value!r}")
    return tuple(as_schedule(f"{name}[{i}]", s) for i, s in enumerate(schedules))


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "lr": positive,
    "initial": nonnegative,
    "final": nonnegative,
    "values": _rates,
    "factor": positive,
    "cycle_factor": positive,
    "div_factor": positive,
    "final_div_factor": positive,
    "power": positive,
    "alpha": positive,
    "t0": positive,
    "every": count,
    "steps": count,
    "period": count,
    "growth": count,
    "up": count,
    "down": count,
    "decay": count,
    "warmup": count_or_zero,
    "pct_start": fraction,
    "three_phase": flag,
    "shape": one_of("linear", "cosine", "1-sqrt", "constant"),
    "milestones": _increasing,
    "boundaries": _increasing,
    "schedule": as_schedule,
    "schedules": _some_schedules,
    "patience": count_or_zero,
    "cooldown": count_or_zero,
    "threshold": nonnegative,
    "min_lr": nonnegative,
    "eps": nonnegative,
    "threshold_mode": one_of("rel", "abs"),
    "mode": one_of("min", "max"),
}


class BaseSchedule:
    """What schedules share; each adds its formula, _rate, and how fast it dies out, _decay."""

    __match_args__: ClassVar[tuple[str, ...]]  # the arguments in order; dataclass fills it in

    def __post_init__(self) -> None:
        for name in self.__match_args__:
            value = getattr(self, name)
            if value is None and getattr(type(self), name, 0) is None:  # the default
                continue
            object.__setattr__(self, name, self._check(name, value))

    def _check(self, name: str, value: Any) -> Any:
        return _CHECKS[name](name, value)

    def __repr__(self) -> str:
        first, *rest = self.__match_args__
        usual = {f.name: f.default for f in fields(self)}  # type: ignore[arg-type]
        given = {name: getattr(self, name) for name in rest}
        keywords = "".join(f", {n}={value!r}" for n, value in given.items() if value != usual[n])
        return f"{type(self).__name__}({getattr(self, first)!r}{keywords})"

    @overload
    def __call__(self, t: int) -> float: ...
    @overload
    def __call__(self, t: npt.NDArray[np.integer[Any]]) -> Array: ...
    def __call__(self, t: Any) -> Any:
        """Return the rate of update t = 1, 2, ...: a float, or float64 of the shape of an array."""
        if isinstance(t, np.ndarray) and t.dtype.kind in "iu":
            flat = t.ravel()
            if flat.size and (least := flat[flat.argmin()]) < 1:  # the fastest way to look
                raise ValueError(f"t counts updates from 1, got {least}")
            return self._rate(flat.astype(np.float64)).reshape(t.shape)
        if isinstance(t, int | np.integer) and not isinstance(t, bool):
            if t < 1:
                raise ValueError(f"t counts updates from 1, got {t}")
            return float(self._rate(np.array([t], np.float64))[0])
        raise TypeError(f"t must be an integer or an array of integers, got {t!r}")

    def _rate(self, t: Array) -> Array:
        """Return lr(t) as a new array; t is 1-d and holds whole numbers >= 1."""
        raise NotImplementedError

    @property
    def _decay(self) -> float | None:
        """The p for which lr(t), averaged over long stretches, falls like t**-p, if known."""
        return None


@dataclass(frozen=True, repr=False)
class constant(BaseSchedule):
    """The same rate for ever: lr(t) = lr.

    lr: the rate, > 0.
    torch: ConstantLR(factor=1).
    optax: constant_schedule.
    """

    lr: float

    def _rate(self, t: Array) -> Array:
        return np.full(t.shape, float(self.lr))

    _decay = 0.0
