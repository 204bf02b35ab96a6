"""The command line: ``python -m bench [ROW ...] [--quick] [--json FILE] [--list]``."""

import os

# One thread for everybody: libraries read these when they are imported.
for library in ("OMP", "MKL", "OPENBLAS", "NUMBA", "VECLIB_MAXIMUM"):
    os.environ[f"{library}_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

from bench.report import main  # noqa: E402  NumPy reads them too

main()
