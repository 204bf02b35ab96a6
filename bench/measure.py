"""Interleaved timing: contenders take turns, so that slow moments of the machine hit all alike."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median, quantiles
from timeit import Timer

SHORTEST = 5e-3  # seconds: a turn is as many calls as fill this time


@dataclass(frozen=True)
class Timing:
    """Seconds a call, one figure for each round."""

    seconds: list[float]

    @property
    def best(self) -> float:
        return min(self.seconds)

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def spread(self) -> float:
        """Distance of the quartiles as a part of the median."""
        low, _, high = quantiles(self.seconds, n=4, method="inclusive")
        return (high - low) / self.median


def interleaved(
    runs: Mapping[str, Callable[[], object]], *, rounds: tuple[int, int], budget: float
) -> dict[str, Timing]:
    """Time the runs in turn, A B C, B C A, ...: the least rounds, then on to the most of them for
    as long as the budget, in seconds, lasts."""
    least, most = rounds
    names = list(runs)
    calls = {name: _calls(run) for name, run in runs.items()}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    end = time.perf_counter() + budget
    for k in range(most):
        if k >= least and time.perf_counter() > end:
            break
        first = k % len(names)
        for name in names[first:] + names[:first]:
            turn = Timer(runs[name]).timeit(calls[name])
            seconds[name].append(turn / calls[name])
    return {name: Timing(turns) for name, turns in seconds.items()}


def _calls(run: Callable[[], object]) -> int:
    """How many calls fill a turn, the first of all, which may compile, apart."""
    run()
    calls = 1
    while (turn := Timer(run).timeit(calls)) < SHORTEST / 2:
        calls *= 2
    return max(1, round(calls * SHORTEST / turn))
