"""The rows of the in-place optimizers: one step on float32 arrays."""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from bench import peers
from bench.peers import fastopt_
from bench.row import FASTOPT, LEVEL, Array, AtMost, Contender, Faster, Row, Within, check_same

LR = 1e-3
STEPS_CHECKED = 3
PASS = "in-place pass"
PASSED = 100_000  # parameters in one call of it: beside them, the call itself is nothing


def contenders(
    rule: str, sizes: list[int], unit: str, lr: float = LR, others: Iterable[str] = peers.NAMES
) -> dict[str, Contender]:
    """fastopt, the others that have the rule, and a loop over the arrays that fastopt updates."""
    rng = np.random.default_rng(0)
    start = [np.zeros(n, np.float32) for n in sizes]
    grads = [rng.standard_normal(n, np.float32) for n in sizes]
    units = {"parameter": sum(sizes), "array": len(sizes), "step": 1}[unit]
    ours = fastopt_.bind(rule, [w.copy() for w in start], lr)
    made = {FASTOPT: Contender(fastopt_.step_of(ours, grads), units)}
    end = moved(made[FASTOPT].run, lambda: ours._params)
    for name in others:
        module = peers.load(peers.NAMES[name])
        if not hasattr(module, "optimizer"):
            continue
        params = [w.copy() for w in start]
        if theirs := module.optimizer(rule, params, grads, lr):
            check_same(name, moved(*theirs), end)
            made[name] = Contender(theirs[0], units)
    if memory := peers.load("memory"):
        times = max(1, PASSED // sum(sizes))
        run = memory.in_place(grads, fastopt_.arrays_of(ours), times)
        made[PASS] = Contender(run, times * units)
    return made


def moved(step: Callable[[], object], read: Callable[[], list[Array]]) -> Array:
    for _ in range(STEPS_CHECKED):
        step()
    return np.concatenate(read())


def row(name: str, work: str, rule: str, sizes: list[int], *goals, unit: str = "parameter") -> Row:
    make = partial(contenders, rule, sizes, unit)
    return Row(name, f"{work}, one step, float32", unit, make, goals, floors=(PASS,))


LEVEL_WITH_NUMBA, BANDWIDTH = Within(LEVEL, "numba"), Within(1.05, PASS)
SMALL, MIDDLE, LARGE = [1_000], [100_000], [30_000_000]

ROWS = [
    row(
        "adam-1e3", "Adam, n = 1e3", "adam", SMALL,
        Faster(9, "NumPy out="), AtMost(1000), unit="step",
    ),
    row("sgd-20x1000", "SGD, 20 arrays of 1,000", "sgd", 20 * [1000], Faster(8, "NumPy out=")),
    row("sgd-20x1", "SGD, 20 arrays of 1: Python", "sgd", 20 * [1], AtMost(20), unit="array"),
    row("sgd-1e5", "SGD, n = 1e5", "sgd", MIDDLE, LEVEL_WITH_NUMBA),
    row("momentum-1e5", "momentum, n = 1e5", "momentum", MIDDLE, LEVEL_WITH_NUMBA),
    row(
        "adam-1e5", "Adam, n = 1e5", "adam", MIDDLE,
        Faster(3.8, "NumPy out="), Faster(0.65, "numba"),
    ),
    row("sgd-3e7", "SGD, n = 3e7", "sgd", LARGE, BANDWIDTH),
    row("momentum-3e7", "momentum, n = 3e7", "momentum", LARGE, BANDWIDTH),
    row("adam-3e7", "Adam, n = 3e7", "adam", LARGE, BANDWIDTH, Faster(5.5, "NumPy out=")),
]  # fmt: skip
