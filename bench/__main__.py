"""The command line: ``python -m bench [ROW ...] [--quick] [--json FILE] [--list]``."""

import bench.one_thread  # noqa: F401  before NumPy
from bench.report import main

main()
