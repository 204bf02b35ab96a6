"""The rows of the linear models: the whole fit of one epoch of logistic regression."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from bench import peers
from bench.peers import fastopt_
from bench.problem import Problem
from bench.row import LEVEL, AtMost, Contender, DifferentWorkError, Faster, Row, Within, check_same

SAMPLES_CHECKED = 2_000
IN_ORDER, SHUFFLED, AHEAD = "read in order", "read shuffled", "read ahead"
PLAIN, FLOAT32 = "fastopt, plain SGD", "fastopt, float32"


def contenders(make: Callable[[], Problem], unit: str = "sample") -> dict[str, Contender]:
    problem = make()
    n = len(problem.X)
    units = n if unit == "sample" else 1
    head = problem.head(SAMPLES_CHECKED)
    order = fastopt_.order_of_fit(len(head.X))
    ours = fastopt_.fit(head)()
    made = {"fastopt": Contender(fastopt_.fit(problem), units)}
    for name, module in ((name, peers.load(module)) for name, module in peers.NAMES.items()):
        if hasattr(module, "fit") and (fit := module.fit(problem)):
            check_loss(name, head.loss(module.fit(head)()), head.loss(ours))
            made[name] = Contender(fit, units)
        elif hasattr(module, "epoch"):
            check_same(name, module.epoch(head)(order), ours)
            most = getattr(module, "MOST_UPDATES", n) * problem.batch_size
            made[name] = epoch(module.epoch(problem), n, most, units)
    if memory := peers.load("memory"):
        order = fastopt_.order_of_fit(n)
        reads = memory.reads(problem.X, order)
        made |= {name: Contender(read, units) for name, read in reads.items()}
    return made


def epoch(train: Callable[[np.ndarray], object], n: int, most: int, units: int) -> Contender:
    """An epoch that draws its order; a slow one trains on a part of it, drawn beforehand."""
    rng = np.random.default_rng(0)
    if n <= most:
        return Contender(lambda: train(rng.permutation(n)), units)
    part = rng.permutation(n)[:most]
    return Contender(lambda: train(part), most, note=f"on {most:,} samples")


def check_loss(name: str, loss: float, ours: float) -> None:
    """See that a contender with an order of its own reaches the loss that fastopt does."""
    if abs(loss / ours - 1) > 0.1:
        raise DifferentWorkError(f"{name} ends at the loss {loss:.3g}, fastopt at {ours:.3g}")


def beside_plain(problem: Callable[[], Problem]) -> dict[str, Contender]:
    plain = replace(problem(), optimizer="sgd")
    return contenders(problem) | {PLAIN: Contender(fastopt_.fit(plain), len(plain.X))}


def beside_float32(problem: Callable[[], Problem]) -> dict[str, Contender]:
    small = problem()
    same = replace(small, X=small.X.astype(np.float32))
    heads = same.head(SAMPLES_CHECKED), small.head(SAMPLES_CHECKED)
    check_same(FLOAT32, *(fastopt_.fit(head)() for head in heads))
    return contenders(problem) | {FLOAT32: Contender(fastopt_.fit(same), len(same.X))}


def beside_kernel(problem: Callable[[], Problem]) -> dict[str, Contender]:
    kernel = fastopt_.kernel(problem())
    check_same("the kernel", kernel(), fastopt_.fit(problem())())
    return contenders(problem, "fit") | {"kernel": Contender(kernel, 1)}


N = {30: 200_000, 100: 200_000, 1000: 60_000, 10000: 6_000}  # samples, by features


def row(name: str, work: str, problem: Callable[[], Problem], *goals, make=contenders) -> Row:
    work = f"logistic regression, one epoch, shuffled, {work}"
    return Row(
        name, work, "sample", partial(make, problem), goals, floors=(IN_ORDER, SHUFFLED, AHEAD)
    )


def incremental(d: int, *goals, dtype: Any = np.float32) -> Row:
    suffix = "-f64" if dtype is np.float64 else ""
    work = f"incremental, {N[d]:,} x {d}, {np.dtype(dtype)}"
    problem = partial(Problem.made, N[d], d, dtype)
    return row(f"incremental-d{d}{suffix}", work, problem, *goals)


def minibatch(size: int, d: int, ratio: float) -> Row:
    work = f"mini-batches of {size}, {N[d]:,} x {d}, float32"
    problem = partial(Problem.made, N[d], d, batch_size=size)
    goals = Faster(ratio, "NumPy out="), Within(LEVEL, "jax")
    return row(f"minibatch-{size}-d{d}", work, problem, *goals)


def by_rule(optimizer: str) -> Row:
    work = f"incremental {optimizer}, {N[100]:,} x 100, float32"
    problem = partial(Problem.made, N[100], 100, optimizer=optimizer)
    goal = Within(3, PLAIN)
    return row(f"incremental-{optimizer}-d100", work, problem, goal, make=beside_plain)


ROWS = [
    incremental(30, Faster(12, "scikit-learn"), Faster(2, "numba")),
    incremental(100, Faster(12, "scikit-learn"), Faster(3, "numba")),
    incremental(1000, Faster(9, "scikit-learn"), Within(1.1, SHUFFLED), Within(1.1, AHEAD)),
    incremental(10000, Faster(7, "scikit-learn"), Within(1.3, SHUFFLED), Within(1.3, AHEAD)),
    incremental(30, Faster(4, "scikit-learn"), dtype=np.float64),
    incremental(100, Faster(5, "scikit-learn"), dtype=np.float64),
    incremental(1000, Faster(5, "scikit-learn"), dtype=np.float64),
    row(
        "uint8-d784",
        "incremental, 40,000 x 784, uint8",
        partial(Problem.made_bytes, 40_000, 784),
        Faster(1.5, FLOAT32),
        make=beside_float32,
    ),
    minibatch(32, 100, 4),
    minibatch(256, 100, 1.7),
    minibatch(32, 1000, 2),
    minibatch(256, 1000, 1.6),
    by_rule("adam"),
    by_rule("adagrad"),
    Row(
        "fit-100x30",
        "logistic regression, incremental, one epoch, shuffled, 100 x 30, float32",
        "fit",
        partial(beside_kernel, partial(Problem.made, 100, 30)),
        goals=(AtMost(150_000, above="kernel"),),
    ),
]
