"""The benchmark of a large file comes to its end, on a small one."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_a_killed_training_is_gone_on_with_and_does_as_well():
    command = [sys.executable, "-m", "bench.large_file", "--megabytes", "3"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = dict(line.split(maxsplit=1) for line in run.stdout.splitlines())
    assert lines["file"].endswith("100,000 features")
    whole, killed = lines["log_loss"].split(" and ")
    assert whole == killed
