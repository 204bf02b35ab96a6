"""Rates that rise and fall in cycles."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fastopt.schedules.base import Array, BaseSchedule
from fastopt.schedules.transitions import between, half_cosine


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
