"""Every optimizer beside what memory allows, torch and optax: ``python -m bench.shelf``.

One step on float32 arrays, a table for each number of parameters n. The columns:

  bytes       that a step must move for each parameter: g and what it updates read, that written
  fastopt     median time of a step
  GB/s        the bytes over the time
  pass        fastopt's time as a multiple of that of an in-place loop over the same arrays
  torch, jax  their time as a multiple of fastopt's; – where they have no rule of the same formula

The goal, for the largest n, is within 10 % of the loop; of two loops where a step depends on sums
over all parameters. A row that misses it is measured again, since other programs may use the memory
too: what it misses three times it misses. The status is 1 then.
"""

import bench.one_thread  # noqa: F401, I001  before NumPy
import argparse
import gc
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from bench.measure import interleaved
from bench.peers.fastopt_ import step_of
from bench.report import evaluate, machine
from bench.row import FASTOPT, Row, Within, duration
from bench.rows_optimizers import PASS, contenders
from fastopt import _core
from fastopt.optim import OPTIMIZERS, Optimizer

SIZES = [1_000, 100_000, 30_000_000]
PEERS = ["torch", "jax"]
HEAD = ["optimizer", "bytes", "fastopt", "GB/s", "pass", *PEERS, "goal"]
NONE = "–"
MOST_TRIES = 3


def row(name: str, n: int) -> Row:
    passes = 2 if takes_sums(OPTIMIZERS[name]) else 1
    goals = (Within(1.1 * passes, PASS),) if n == SIZES[-1] else ()
    make = partial(contenders, name, [n], "parameter", OPTIMIZERS[name].options["lr"], PEERS)
    return Row(f"{name}-{n}", f"{name}, n = {n}", "parameter", make, goals, floors=(PASS,))


def takes_sums(optimizer: Optimizer) -> bool:
    """Whether the step of a parameter depends on the gradients of others."""

    def first(*g: float) -> float:
        w = np.zeros(2)
        step = step_of(type(optimizer)(w, **optimizer.options), np.array(g, float))
        for _ in range(5):
            step()
        return float(w[0])

    return first(1, 1) != first(1, 1e6)


def bytes_moved(optimizer: Optimizer) -> int:
    states, _, _ = _core.OPTIMIZERS[optimizer._kernel(optimizer.options)]
    updated = 1 + len(states)
    return (1 + 2 * updated) * np.dtype(np.float32).itemsize


def measured(row: Row, quick: bool) -> dict[str, Any]:
    rounds, budget = ((3, 9), 0.5) if quick else ((9, 45), 1.5)
    made = row.contenders()
    runs = {name: contender.run for name, contender in made.items()}
    for _ in range(MOST_TRIES):
        result = evaluate(row, made, interleaved(runs, rounds=rounds, budget=budget))
        if all(goal["reached"] is not False for goal in result["goals"]):
            break
    del made, runs
    gc.collect()
    return result


def cells(name: str, n: int, result: Mapping[str, Any]) -> list[str]:
    figures, moved = result["contenders"], bytes_moved(OPTIMIZERS[name])
    ours = figures[FASTOPT]
    return [
        name,
        str(moved),
        duration(n * ours["median"]),
        f"{moved / ours['median']:.1f}",
        f"{ours['times_floor'][PASS]:.2f}" if PASS in figures else NONE,
        *(f"{figures[peer]['times_fastopt']:.2f}" if peer in figures else NONE for peer in PEERS),
        "; ".join(map(told, result["goals"])),
    ]


def told(goal: Mapping[str, Any]) -> str:
    verdict = {True: "reached", False: "MISSED", None: "not measured"}[goal["reached"]]
    return f"{goal['goal'].removesuffix(f' the time of {PASS}')}, {verdict}"


def line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    options = arguments()
    print("\n".join(f"{name:12} {fact}" for name, fact in machine().items()))
    reached = []
    for n in options.sizes:
        print(f"\nn = {n:,}\n\n{line(HEAD)}\n{line(len(HEAD) * ['---'])}", flush=True)
        for name in options.names or OPTIMIZERS:
            result = measured(row(name, n), options.quick)
            print(line(cells(name, n, result)), flush=True)
            reached += [goal["reached"] for goal in result["goals"]]
    print(f"\n{reached.count(True)} goals reached, {reached.count(False)} missed")
    sys.exit(False in reached)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.shelf",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="OPTIMIZER", help="all if none is named")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, rougher figures")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in OPTIMIZERS]:
        parser.error(f"there is no optimizer {unknown[0]!r}, but {', '.join(OPTIMIZERS)}")
    return options


if __name__ == "__main__":
    main()
