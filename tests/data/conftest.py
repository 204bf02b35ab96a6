"""What the tests of sources share."""

import subprocess
import sys

import pytest

GROWTH = """
import re, sys
import fastopt.linear_model
from fastopt.data import open_source

def peak():  # of the memory that the process has, in kB
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])

{prepare}
open("/proc/self/clear_refs", "w").write("5")  # forget the peak so far
before = peak()
{work}
print(peak() - before)
"""


@pytest.fixture
def growth():
    """A function that returns by how many bytes some work makes a fresh interpreter grow."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux forgets the peak of an import")

    def measure(work, *arguments, prepare=""):
        run = subprocess.run(
            [sys.executable, "-c", GROWTH.format(work=work, prepare=prepare), *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(run.stdout) * 2**10

    return measure
