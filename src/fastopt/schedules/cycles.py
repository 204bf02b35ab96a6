"""Rates that rise and fall in cycles."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fastopt import _core
from fastopt.schedules.base import Array, BaseSchedule
from fastopt.schedules.decays import decay_by
from fastopt.schedules.transitions import Shape, between, half_cosine, through


@dataclass(frozen=True, repr=False)
class cosine_restarts(BaseSchedule):
    """Cosine cycles, each from lr towards final and `growth` times as long as the one before.

    With c updates done in a cycle of n = period * growth**i:
    lr(t) = final + (lr - final) (1 + cos(pi c / n)) / 2.

    lr: the first rate of every cycle, > 0.
    period: updates in the first cycle.
    growth: ratio of the lengths of two neighbouring cycles, an integer >= 1.
    final: the rate a cycle would reach if it were not restarted, >= 0.
    Source: Loshchilov & Hutter 2017, "SGDR", equation 5.
    torch: CosineAnnealingWarmRestarts(T_0=period, T_mult=growth, eta_min=final).
    optax: sgdr_schedule, of cycles without warm-up; else a `join` of `warmup_cosine`.
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
        return between(self.final, self.lr, half_cosine(left))

    _decay = 0.0  # every cycle averages (lr + final) / 2


@dataclass(frozen=True, repr=False)
class cyclic(BaseSchedule):
    """Triangles: up from initial to lr and down again, in cycles that may flatten.

    With k = t - 1 updates done, of which c in the current cycle after i whole ones,
    lr(t) = initial + (lr - initial) h cycle_factor**i factor**k, where h = c / up on the way up
    and (up + down - c) / down on the way down.

    lr: the highest rate of the first cycle (before `factor`), > 0.
    initial: the first rate of every cycle and the lowest, >= 0, at most lr.
    up: updates of the rise.
    down: updates of the fall; None if as many as of the rise.
    cycle_factor: what each cycle multiplies the height lr - initial by, in (0, 1]; 1/2 is
        torch's mode "triangular2".
    factor: what each update multiplies it by, in (0, 1]; below 1 is torch's mode "exp_range".
    Source: Smith 2017, "Cyclical learning rates for training neural networks", section 3.
    torch: CyclicLR(base_lr=initial, max_lr=lr, step_size_up=up, step_size_down=down).  It also
        cycles the momentum; a schedule is of the rate alone.
    optax: any callable.
    """

    lr: float
    initial: float
    up: int
    down: int | None = None
    cycle_factor: float = 1
    factor: float = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.initial > self.lr:
            raise ValueError(f"initial must be at most lr, {self.lr!r}, got {self.initial!r}")
        for name in ("cycle_factor", "factor"):
            if (value := getattr(self, name)) > 1:
                raise ValueError(f"{name} must be at most 1, got {value!r}")

    @property
    def _ways(self) -> tuple[int, int]:
        return self.up, self.up if self.down is None else self.down

    def _rate(self, t: Array) -> Array:
        up, down = self._ways
        cycle = np.floor((t - 1) / (up + down))
        done = t - 1 - cycle * (up + down)
        height = np.minimum(done / up, (up + down - done) / down)
        height *= _core.powers(self.cycle_factor, cycle)
        height *= _core.powers(self.factor, t - 1)
        return between(self.initial, self.lr, height)

    @property
    def _decay(self) -> float:
        return 0 if self.initial else decay_by(min(self.cycle_factor, self.factor))


@dataclass(frozen=True, repr=False)
class one_cycle(BaseSchedule):
    """The 1cycle policy: up to lr, and down to next to nothing.

    The rate rises from lr / div_factor at t = 1 to lr at t = pct_start * steps, and falls to
    lr / div_factor / final_div_factor at t = steps, where it stays (torch's may not be asked for
    more).  In three phases it falls as slowly as it rose, to lr / div_factor at
    t = 2 pct_start steps - 1, and from there to the end.

    lr: the highest rate, > 0.
    steps: updates of the whole cycle.
    pct_start: the part of them that rises, in [0, 1); in three phases at most 1/2.
    div_factor: lr divided by the first rate, > 0.
    final_div_factor: the first rate divided by the last, > 0.
    shape: how the rate goes on the way: "cosine", "linear", and those of `piecewise`.
    three_phase: whether the fall has two phases.
    Source: Smith & Topin 2018, "Super-convergence".
    torch: OneCycleLR(max_lr=lr, total_steps=steps), with the same names; anneal_strategy="cos" is
        the shape "cosine".  It also cycles the momentum; a schedule is of the rate alone.
    optax: cosine_onecycle_schedule and linear_onecycle_schedule count the phases otherwise: they
        are cases of `piecewise`.
    """

    lr: float
    steps: int
    pct_start: float = 0.3
    div_factor: float = 25
    final_div_factor: float = 1e4
    shape: Shape = "cosine"
    three_phase: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.three_phase and self.pct_start > 0.5:
            raise ValueError(
                f"pct_start must be at most 1/2 in three phases, got {self.pct_start!r}"
            )

    def _rate(self, t: Array) -> Array:
        rise = self.pct_start * self.steps - 1  # updates before the highest rate, a part included
        first = self.lr / self.div_factor
        last = first / self.final_div_factor
        if self.three_phase:
            return through(
                (first, self.lr, first, last), (rise, 2 * rise, self.steps - 1), self.shape, t
            )
        return through((first, self.lr, last), (rise, self.steps - 1), self.shape, t)

    _decay = 0.0
