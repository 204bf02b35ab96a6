"""Runs rows and prints their tables, the goals reached and missed, and the JSON of it all."""

import argparse
import gc
import json
import os
import platform
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import fastopt
from bench.measure import Timing, interleaved
from bench.row import FASTOPT, Contender, Row, duration
from bench.rows_cluster import ROWS as CLUSTER
from bench.rows_estimators import ROWS as ESTIMATORS
from bench.rows_files import ROWS as FILES
from bench.rows_models import ROWS as MODELS
from bench.rows_optimizers import ROWS as OPTIMIZERS
from fastopt import _core

NOTES = """\
Best and median of interleaved rounds; spread: between the quartiles, as a part of the median.
Ratios and goals are of medians.
Models: fastopt and scikit-learn are timed over a whole fit, checks and loss included; the others
over their epoch alone, compiled, with the drawing of its order but without any loss.
Read ahead: the rows read in the shuffled order with prefetching, the best that was found."""

ROWS = {row.name: row for row in OPTIMIZERS + MODELS + ESTIMATORS + CLUSTER + FILES}


def main() -> None:
    options = arguments()
    if options.list:
        print("\n".join(f"{row.name:24} {row.work}" for row in ROWS.values()))
        return
    rounds, budget = ((3, 5), 1.0) if options.quick else ((7, 25), 5.0)
    facts = machine()
    print("\n".join(f"{name:12} {fact}" for name, fact in facts.items()))
    print(f"\n{NOTES}")
    results = []
    for name in options.rows or ROWS:
        row, start = ROWS[name], time.perf_counter()
        contenders = row.contenders()
        timings = interleaved(
            {name: contender.run for name, contender in contenders.items()},
            rounds=rounds,
            budget=budget,
        )
        result = evaluate(row, contenders, timings)
        results.append(result)
        print("\n" + table(row, result), flush=True)
        print(f"  [{time.perf_counter() - start:.0f} s]", flush=True)
        del contenders
        gc.collect()
    print("\n" + summary(results))
    options.json.write_text(json.dumps({"machine": facts, "rows": results}, indent=1) + "\n")
    print(f"\n{options.json} holds all of it")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="rows to run; all if none is named")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, rougher figures")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), metavar="FILE")
    parser.add_argument("--list", action="store_true", help="list the rows and stop")
    options = parser.parse_args()
    if unknown := [name for name in options.rows if name not in ROWS]:
        parser.error(f"there is no row {unknown[0]!r}; --list lists them")
    return options


def machine() -> dict[str, str]:
    """What the figures depend on."""
    versions = {"Python": platform.python_version()}
    for package in ("numpy", "scikit-learn", "numba", "torch", "jax", "optax"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "fastopt": fastopt.__version__,
        "CPU": f"{processor()}, {os.cpu_count()} cores, one thread used",
        "ISA": _core.isa(),
        "compiler": _core.COMPILER,
        "system": platform.platform(),
        "huge pages": huge_pages(),
        "load": "{:.2f} {:.2f} {:.2f}".format(*os.getloadavg())
        if hasattr(os, "getloadavg")
        else "",
        "versions": ", ".join(f"{package} {number}" for package, number in versions.items()),
    }


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def huge_pages() -> str:
    """Whether NumPy's large arrays get transparent huge pages: it asks for them."""
    try:
        setting = Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text().strip()
    except OSError:
        return "unknown"
    on = "[never]" not in setting and os.environ.get("NUMPY_MADVISE_HUGEPAGE") != "0"
    return f"{'on' if on else 'off'} for NumPy's large arrays ({setting})"


def evaluate(
    row: Row, contenders: Mapping[str, Contender], timings: Mapping[str, Timing]
) -> dict[str, Any]:
    """The figures of a row, in nanoseconds a unit, and its goals, as plain data."""
    units = {name: contender.units for name, contender in contenders.items()}
    seconds = {name: timing.median / units[name] for name, timing in timings.items()}
    goals = []
    for goal in row.goals:
        figure, reached = goal.verdict(seconds) if goal.than in seconds else (None, None)
        goals.append({"goal": str(goal), "figure": figure, "reached": reached})
    return {
        "name": row.name,
        "work": row.work,
        "unit": row.unit,
        "contenders": {
            name: {
                "best": 1e9 * timing.best / units[name],
                "median": 1e9 * seconds[name],
                "spread": timing.spread,
                "rounds": [1e9 * s / units[name] for s in timing.seconds],
                "times_fastopt": seconds[name] / seconds[FASTOPT],
                "times_floor": {
                    floor: seconds[name] / seconds[floor]
                    for floor in row.floors
                    if floor in seconds
                },
                "note": contenders[name].note,
            }
            for name, timing in timings.items()
        },
        "goals": goals,
    }


def table(row: Row, result: Mapping[str, Any]) -> str:
    figures = result["contenders"]
    floors = [floor for floor in row.floors if floor in figures]
    head = f"  {'a ' + row.unit:22}{'best':>10}{'median':>10}{'spread':>8}{'/ fastopt':>11}"
    lines = [f"{row.name}: {row.work}", head + "".join(f"  / {floor}" for floor in floors)]
    for name, f in figures.items():
        line = f"  {name:22}{duration(f['best']):>10}{duration(f['median']):>10}"
        line += f"{f['spread']:>8.0%}{f['times_fastopt']:>11.2f}"
        line += "".join(f"{f['times_floor'][floor]:>{len(floor) + 4}.2f}" for floor in floors)
        lines.append(f"{line}  {f['note']}".rstrip())
    lines += [f"  goal {g['goal']}: {outcome(g)}" for g in result["goals"]]
    return "\n".join(lines)


def outcome(goal: Mapping[str, Any]) -> str:
    if goal["reached"] is None:
        return "not measured, as what it takes is not installed"
    return f"{goal['figure']}, {'reached' if goal['reached'] else 'MISSED'}"


def summary(results: list[dict[str, Any]]) -> str:
    lines = [f"{'row':24}{'fastopt':>10}  goals"]
    for result in results:
        figure = duration(result["contenders"][FASTOPT]["median"])
        goals = "; ".join(f"{g['goal']}: {outcome(g)}" for g in result["goals"])
        lines.append(f"{result['name']:24}{figure:>10}  {goals}")
    goals = [g["reached"] for result in results for g in result["goals"]]
    lines.append(f"{goals.count(True)} goals reached, {goals.count(False)} missed")
    return "\n".join(lines)
