"""What a row of the benchmark is: contenders that do the same work, and goals for fastopt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Seconds = Mapping[str, float]  # for one unit of work, by contender

FASTOPT = "fastopt"  # the contender whose goals they are
LEVEL = 1.05  # times that differ by less are level: so much two runs of one program differ


@dataclass(frozen=True)
class Contender:
    """One call does some units of the row's work."""

    run: Callable[[], object]
    units: int
    note: str = ""


@dataclass(frozen=True)
class Faster:
    """At least so many times as fast as another contender."""

    ratio: float
    than: str

    def __str__(self) -> str:
        return f"{self.ratio:g}x {self.than}"

    def verdict(self, seconds: Seconds) -> tuple[str, bool]:
        reached = seconds[self.than] / seconds[FASTOPT]
        return f"{reached:.2f}x", reached >= self.ratio


@dataclass(frozen=True)
class Within:
    """At most so many times the time of another contender."""

    ratio: float
    than: str

    def __str__(self) -> str:
        return f"≤ {self.ratio:g}x the time of {self.than}"

    def verdict(self, seconds: Seconds) -> tuple[str, bool]:
        reached = seconds[FASTOPT] / seconds[self.than]
        return f"{reached:.2f}x", reached <= self.ratio


@dataclass(frozen=True)
class AtMost:
    """At most so many nanoseconds a unit, less those of another contender if one is named."""

    nanoseconds: float
    above: str | None = None

    @property
    def than(self) -> str:
        return self.above or FASTOPT

    def __str__(self) -> str:
        return f"≤ {duration(self.nanoseconds)}" + (f" above {self.above}" if self.above else "")

    def verdict(self, seconds: Seconds) -> tuple[str, bool]:
        reached = 1e9 * (seconds[FASTOPT] - (seconds[self.above] if self.above else 0))
        return duration(reached), reached <= self.nanoseconds


@dataclass(frozen=True)
class Row:
    """One line of the table of goals."""

    name: str
    work: str
    unit: str
    contenders: Callable[[], dict[str, Contender]]  # made, and checked, when the row is run
    goals: tuple[Faster | Within | AtMost, ...]
    floors: tuple[str, ...] = ()  # the contenders of whose time figures are told as multiples


class DifferentWorkError(AssertionError):
    """A contender's result is not fastopt's, so its time says nothing."""


def check_same(name: str, result: Array, ours: Array, start: Array | float = 0.0) -> None:
    """See that a contender moved from the start to where fastopt did, to 1e-3 of the way."""
    error = np.linalg.norm(result - ours) / np.linalg.norm(ours - start)
    if not error <= 1e-3:
        raise DifferentWorkError(f"{name} ends {error:.1e} of the way from where fastopt does")


def duration(nanoseconds: float) -> str:
    """Three digits, in ns, µs or ms."""
    for unit, size in (("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"
