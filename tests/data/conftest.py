"""What the tests of sources share."""

import subprocess
import sys

import pytest

GROWTH = """
import resource, sys
import fastopt.linear_model
from fastopt.data import open_source
{prepare}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
{work}
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.fixture
def growth():
    """A function that returns by how many bytes some work makes a fresh interpreter grow."""

    def measure(work, *arguments, prepare=""):
        run = subprocess.run(
            [sys.executable, "-c", GROWTH.format(work=work, prepare=prepare), *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(run.stdout) * (1 if sys.platform == "darwin" else 2**10)

    return measure
