"""Learning-rate schedules: what an optimizer's step size is at its t-th update.

A schedule is a function lr(t) of the update count t = 1, 2, ...; any callable that takes an integer
array will do.  Those below are small frozen objects: they can be pickled, compared and printed.

>>> lr = cosine(0.1, steps=1000)
>>> lr
cosine(0.1, steps=1000, final=0)
>>> lr(1), lr(np.array([1, 1001]))
(0.1, array([0.1, 0. ]))

All counts are in updates, not epochs.  Rates are computed in float64, from closed forms, in an
order that makes both ends exact.  Where torch.optim.lr_scheduler has the same schedule, lr(t) is
the rate of torch's t-th optimizer.step(), up to the rounding that torch's recurrences accumulate.

Rates have the same bits on every CPU.  Beyond + - * / and sqrt, whose results IEEE 754 fixes, they
need powers and sines: those are ours, as the last bits of NumPy's depend on the CPU.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import pairwise
from numbers import Real
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from fastopt import _core
from fastopt._arguments import (
    check,
    count,
    count_or_zero,
    items,
    nonnegative,
    one_of,
    positive,
)

__all__ = [
    "ReduceOnPlateau",
    "RobbinsMonro",
    "constant",
    "cosine",
    "cosine_restarts",
    "exponential",
    "inverse_scaling",
    "inverse_sqrt",
    "join",
    "linear",
    "multistep",
    "optimal",
    "polynomial",
    "satisfies_robbins_monro",
    "step",
    "warmup",
]

Array: TypeAlias = npt.NDArray[np.float64]
Schedule: TypeAlias = Callable[[Any], Any]  # lr(t); anything more precise shuts out plain lambdas


# Arguments.  A name means the same in every schedule, so its check goes by its name.


def _increasing(name: str, value: Any) -> tuple[int, ...]:
    counts = tuple(count(f"{name}[{i}]", n) for i, n in enumerate(items(name, value)))
    if any(a >= b for a, b in pairwise(counts)):
        raise ValueError(f"{name} must be strictly increasing, got {counts}")
    return counts


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
    "final": nonnegative,
    "factor": positive,
    "power": positive,
    "alpha": positive,
    "t0": positive,
    "every": count,
    "steps": count,
    "period": count,
    "growth": count,
    "warmup": count_or_zero,
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


class _Schedule:
    """What schedules share; each adds its formula, _rate, and how fast it dies out, _decay."""

    __match_args__: ClassVar[tuple[str, ...]]  # the arguments in order; dataclass fills it in

    def __post_init__(self) -> None:
        for name in self.__match_args__:
            object.__setattr__(self, name, _CHECKS[name](name, getattr(self, name)))

    def __repr__(self) -> str:
        first, *rest = self.__match_args__
        keywords = "".join(f", {name}={getattr(self, name)!r}" for name in rest)
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


# Shapes shared by several schedules.


def _left(t: Array, steps: int) -> Array:
    """The part of `steps` updates that is left: 1 at t = 1, 0 from t = steps + 1 on."""
    return np.maximum(steps + 1 - t, 0) / steps


def _half_cosine(left: Array) -> Array:
    """(1 + cos(pi (1 - left))) / 2, without its cancellation: exactly 1 at 1, exactly 0 at 0."""
    root = _core.quarter_sine(left)
    return root * root


def _between(final: float, lr: float, weight: Array) -> Array:
    """From final (weight 0) to lr (weight 1), both exact."""
    return lr * weight + final * (1 - weight)


def _decay_to(final: float) -> float:
    """The decay of a schedule that ends at `final` and stays there."""
    return 0 if final else math.inf


def _decay_by(factor: float) -> float:
    """The decay of a schedule that goes on being multiplied by `factor`."""
    return math.copysign(math.inf, 1 - factor) if factor != 1 else 0


# The schedules.  Their names are lower-case because they are used like functions.


@dataclass(frozen=True, repr=False)
class constant(_Schedule):
    """The same rate for ever: lr(t) = lr.

    lr: the rate, > 0.
    torch: ConstantLR(factor=1).
    """

    lr: float

    def _rate(self, t: Array) -> Array:
        return np.full(t.shape, float(self.lr))

    _decay = 0.0


@dataclass(frozen=True, repr=False)
class step(_Schedule):
    """A staircase: lr(t) = lr * factor ** floor((t - 1) / every).

    lr: the first rate, > 0.
    every: updates between two drops.
    factor: what a drop multiplies the rate by, > 0 (above 1 the rate rises).
    torch: StepLR(step_size=every, gamma=factor).
    """

    lr: float
    every: int
    factor: float

    def _rate(self, t: Array) -> Array:
        return self.lr * _core.powers(self.factor, np.floor((t - 1) / self.every))

    @property
    def _decay(self) -> float:
        return _decay_by(self.factor)


@dataclass(frozen=True, repr=False)
class multistep(_Schedule):
    """Drops at chosen moments: lr(t) = lr * factor ** (number of milestones < t).

    lr: the first rate, > 0.
    milestones: updates done before each drop, strictly increasing; milestone m first acts at
        t = m + 1.
    factor: what a drop multiplies the rate by, > 0 (above 1 the rate rises).
    torch: MultiStepLR(milestones, gamma=factor).
    """

    lr: float
    milestones: tuple[int, ...]
    factor: float

    def _rate(self, t: Array) -> Array:
        drops = np.searchsorted(np.array(self.milestones, np.float64), t)
        return self.lr * _core.powers(self.factor, drops.astype(np.float64))

    _decay = 0.0


@dataclass(frozen=True, repr=False)
class exponential(_Schedule):
    """Geometric decay: lr(t) = lr * factor ** (t - 1).

    lr: the first rate, > 0.
    factor: what each update multiplies the rate by, > 0 (above 1 the rate rises).
    torch: ExponentialLR(gamma=factor).
    """

    lr: float
    factor: float

    def _rate(self, t: Array) -> Array:
        return self.lr * _core.powers(self.factor, t - 1)

    @property
    def _decay(self) -> float:
        return _decay_by(self.factor)


@dataclass(frozen=True, repr=False)
class cosine(_Schedule):
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
        return _between(self.final, self.lr, _half_cosine(_left(t, self.steps)))

    @property
    def _decay(self) -> float:
        return _decay_to(self.final)


@dataclass(frozen=True, repr=False)
class cosine_restarts(_Schedule):
    """Cosine cycles, each from lr towards final and `growth` times as long as the one before.

    With c updates done in a cycle of n = period * growth**i:
    lr(t) = final + (lr - final) (1 + cos(pi c / n)) / 2.

    lr: the first rate of every cycle, > 0.
    period: updates in the first cycle.
    growth: ratio of the lengths of two neighbouring cycles, an integer >= 1.
    final: the rate a cycle would reach if it were not restarted, >= 0.
    Source: Loshchilov & Hutter 2017, "SGDR", equation 5.
    torch: CosineAnnealingWarmRestarts(T_0=period, T_mult=growth, eta_min=final).
    """

    lr: float
    period: int
    growth: int = 1
    final: float = 0

    @cached_property
    def _cycles(self) -> tuple[Array, Array]:
        """Updates done before each cycle and its length, for all cycles that float64 can count."""
        starts, length = [0], self.period
        lengths = [length]
        while starts[-1] + length < 2**53:
            starts.append(starts[-1] + length)
            lengths.append(length := length * self.growth)
        return np.array(starts, np.float64), np.array(lengths, np.float64)

    def _rate(self, t: Array) -> Array:
        length: float | Array
        if self.growth == 1:
            length = self.period
            start = np.floor((t - 1) / length) * length
        else:  # at most 53 cycles, found exactly; logarithms would round at their edges
            starts, lengths = self._cycles
            cycle = np.searchsorted(starts, t) - 1
            start, length = starts[cycle], lengths[cycle]
        left = (start + length + 1 - t) / length
        return _between(self.final, self.lr, _half_cosine(left))

    _decay = 0.0  # every cycle averages (lr + final) / 2


@dataclass(frozen=True, repr=False)
class linear(_Schedule):
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
        return _between(self.final, self.lr, _left(t, self.steps))

    @property
    def _decay(self) -> float:
        return _decay_to(self.final)


@dataclass(frozen=True, repr=False)
class polynomial(_Schedule):
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
        return _between(self.final, self.lr, _core.power(_left(t, self.steps), self.power))

    @property
    def _decay(self) -> float:
        return _decay_to(self.final)


@dataclass(frozen=True, repr=False)
class inverse_sqrt(_Schedule):
    """A linear rise, then decay by the root: lr(t) = lr * min(t / warmup, sqrt(warmup / t)).

    Without warm-up, lr(t) = lr / sqrt(t).

    lr: the highest rate, reached at t = warmup (or 1), > 0.
    warmup: updates of the rise, >= 0.
    Source: Vaswani et al. 2017, "Attention is all you need", equation 3, where
        lr = 1 / sqrt(d_model * warmup).
    torch: LambdaLR.
    """

    lr: float
    warmup: int = 0

    def _rate(self, t: Array) -> Array:
        if not self.warmup:
            return self.lr / np.sqrt(t)
        return self.lr * np.minimum(t / self.warmup, np.sqrt(self.warmup / t))

    _decay = 0.5


@dataclass(frozen=True, repr=False)
class inverse_scaling(_Schedule):
    """A power of the count: lr(t) = lr / t ** power.

    lr: the first rate, > 0.
    power: exponent, > 0.  1 is the classical choice; in (1/2, 1) iterates are usually averaged.
    Source: Robbins & Monro 1951; Polyak & Juditsky 1992 for the averaged form.
    torch: LambdaLR.
    """

    lr: float
    power: float

    def _rate(self, t: Array) -> Array:
        return self.lr / _core.power(t, self.power)

    @property
    def _decay(self) -> float:
        return self.power


@dataclass(frozen=True, repr=False)
class optimal(_Schedule):
    """Bottou's rate for an alpha-strongly convex loss: lr(t) = 1 / (alpha (t0 + t - 1)).

    alpha: strength of the L2 penalty alpha/2 ||w||^2, > 0, in units of loss per weight^2.
    t0: updates taken as done before the first, > 0; the first rate is 1 / (alpha t0).
    Source: Bottou 2012, "Stochastic gradient descent tricks", section 5.2.
    torch: LambdaLR.
    """

    alpha: float
    t0: float

    def _rate(self, t: Array) -> Array:
        return 1 / (self.alpha * (self.t0 + (t - 1)))

    _decay = 1.0


# Schedules made of schedules.


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
    if isinstance(schedule, _Schedule):
        return schedule._rate(t)
    return rates_of(schedule, t.astype(np.int64)).copy()


def _parts(schedule: Any) -> list[Any]:
    """Return what a schedule is made of, down to what is no schedule made of others."""
    if isinstance(schedule, warmup):
        return _parts(schedule.schedule)
    if isinstance(schedule, join):
        return [part for inner in schedule.schedules for part in _parts(inner)]
    return [schedule]


def plateaus_of(schedule: Any) -> list["ReduceOnPlateau"]:
    """Return the parts of a schedule that are fed with losses."""
    return [part for part in _parts(schedule) if isinstance(part, ReduceOnPlateau)]


def is_foreseeable(schedule: Schedule) -> bool:
    """Whether the rates are those of this module alone, and none of them is fed with losses."""
    parts = _parts(schedule)
    return all(isinstance(part, _Schedule) for part in parts) and not plateaus_of(schedule)


def _decay_of(schedule: Schedule) -> float | None:
    return schedule._decay if isinstance(schedule, _Schedule) else None


@dataclass(frozen=True, repr=False)
class warmup(_Schedule):
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
        return _decay_of(self.schedule)


@dataclass(frozen=True, repr=False)
class join(_Schedule):
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
        return _decay_of(self.schedules[-1])


@dataclass(repr=False)
class ReduceOnPlateau(_Schedule):
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


class RobbinsMonro(NamedTuple):
    """The two conditions of Robbins & Monro 1951; true if both hold."""

    sum_diverges: bool
    sum_of_squares_converges: bool

    def __bool__(self) -> bool:
        return all(self)


def satisfies_robbins_monro(schedule: Schedule | float) -> RobbinsMonro:
    """State whether sum lr(t) = inf (the steps reach any distance) and sum lr(t)^2 < inf (the noise
    dies out), under which stochastic approximation converges.

    Both follow from how lr(t) falls in the long run: like t**-p the sum diverges if p <= 1, and the
    sum of squares converges if p > 1/2.  So the rates must fall for ever, but not too fast; a
    schedule that ends (at 0 or not) meets one condition at most.  What comes first never matters:
    `warmup` and `join` are judged by their last schedule.

    schedule: a schedule of this module or a number; others cannot be judged: TypeError.
    Source: Robbins & Monro 1951, "A stochastic approximation method".
    """
    decay = _decay_of(as_schedule("schedule", schedule))
    if decay is None:
        raise TypeError(f"schedule must be one whose future is known, got {schedule!r}")
    return RobbinsMonro(sum_diverges=decay <= 1, sum_of_squares_converges=decay > 0.5)
