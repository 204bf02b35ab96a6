"""What an epoch over a source takes in memory, as a process of its own tells.

python -m tests.data.peak PATH MEMORY [CATEGORICAL...]
"""

import subprocess
import sys
import tracemalloc

import pyarrow as pa

import fastopt.data.csv
import fastopt.data.tables  # noqa: F401  # before it is measured
from fastopt.data import open_source


def peak(path, memory, *categorical):
    """Return the most bytes that NumPy, Python and pyarrow hold in a first pass and an epoch."""
    command = [sys.executable, "-m", __name__, str(path), str(memory), *categorical]
    return int(subprocess.check_output(command))


def main(path, memory, *categorical):
    tracemalloc.start()
    source = open_source(path, target="y", categorical=list(categorical), memory=int(memory))
    n_samples = source.n_samples
    first = tracemalloc.get_traced_memory()[1] + pa.default_memory_pool().max_memory()
    pool = pa.system_memory_pool()  # another one, which counts from 0
    pa.set_memory_pool(pool)
    tracemalloc.reset_peak()
    windows = source.windows(0, 0, lambda block: block, shuffle=True)
    assert sum(map(len, windows)) == n_samples
    print(max(first, tracemalloc.get_traced_memory()[1] + pool.max_memory()))


if __name__ == "__main__":
    main(*sys.argv[1:])
