"""The command line on a file larger than the memory it may take: ``python -m bench.large_file``.

Makes a file of svmlight, trains on it, kills another such training at half its time and goes on
with it, and evaluates both models on rows that they have not seen.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

FASTOPT = [sys.executable, "-m", "fastopt"]
TRAIN = ["train", "train.svm", "--loss=log_loss", "--average=true", "--epochs=4"]
TRAIN += ["--random-state=0", "--quiet"]
CHECKPOINTS = ["--checkpoint=checkpoints", "--every=0.1", "--resume"]
N_FEATURES = 100_000
AT_ONCE = 2000  # rows that are made at a time
MB = 1e6


def write_rows(path: Path, n_bytes: float, rng: np.random.Generator, truth: np.ndarray) -> int:
    """Write rows of 80 features or so, whose class a linear model can tell; return how many."""
    n_rows = 0
    with path.open("w") as file:
        while file.tell() < n_bytes:
            for _ in range(AT_ONCE):
                columns = np.unique(rng.integers(0, N_FEATURES, rng.integers(40, 121)))
                values = rng.random(len(columns))
                entries = zip((columns + 1).tolist(), values.tolist(), strict=True)
                row = " ".join(f"{column}:{value:.6f}" for column, value in entries)
                file.write(f"{int(values @ truth[columns] > 0)} {row}\n")
            n_rows += AT_ONCE
    return n_rows


def run(*arguments: str, seconds: float | None = None) -> tuple[float, float]:
    """Run fastopt, to the end or for some seconds, and return the seconds and the MB it took."""
    start = time.perf_counter()
    process = subprocess.Popen([*FASTOPT, *arguments], stdout=subprocess.DEVNULL)
    if seconds is not None:
        time.sleep(seconds)
        process.kill()
    _, status, used = os.wait4(process.pid, 0)
    if status != (0 if seconds is None else signal.SIGKILL):
        raise SystemExit(f"fastopt {' '.join(arguments)} ended with {status}")
    kilobytes = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - start, used.ru_maxrss * kilobytes / MB


def evaluate(model: str) -> dict[str, float]:
    """Return how well a model does on other rows."""
    command = [*FASTOPT, "evaluate", model, "other.svm", "--json"]
    results: dict[str, float] = json.loads(subprocess.check_output(command))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.large_file", description=__doc__)
    parser.add_argument("--megabytes", type=float, default=1000, help="of the file")
    megabytes = parser.parse_args().megabytes
    rng = np.random.default_rng(0)
    truth = rng.normal(size=N_FEATURES)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        n_rows = write_rows(Path("train.svm"), megabytes * MB, rng, truth)
        write_rows(Path("other.svm"), megabytes * MB / 50, rng, truth)
        size = Path("train.svm").stat().st_size / MB
        print(f"file      {size:,.0f} MB, {n_rows:,} rows of {N_FEATURES:,} features")
        seconds, memory = run(*TRAIN, "--model", "whole.fastopt")
        print(f"trained   4 epochs in {seconds:.1f} s, {memory:.0f} MB of memory")
        after, _ = run(*TRAIN, *CHECKPOINTS, "--model", "killed.fastopt", seconds=seconds / 2)
        print(f"killed    after {after:.1f} s")
        seconds, memory = run(*TRAIN, *CHECKPOINTS, "--model", "killed.fastopt")
        print(f"gone on   to the end in {seconds:.1f} s, {memory:.0f} MB of memory")
        whole, killed = evaluate("whole.fastopt"), evaluate("killed.fastopt")
        for name, value in whole.items():
            print(f"{name:9} {value:.10g} and {killed[name]:.10g}")
        os.chdir("/")
    if whole != killed:
        raise SystemExit("the two models are not the same")


main()
