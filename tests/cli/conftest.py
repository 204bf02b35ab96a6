"""What the tests of the command line share: rows in files, models of them, and ways to run it."""

import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from fastopt.cli import commands


@pytest.fixture(scope="session")
def rows(tmp_path_factory):
    """A folder of x.npy, and of y.npy, three.npy and price.npy to be predicted from it."""
    folder = tmp_path_factory.mktemp("rows")
    random = np.random.default_rng(0)
    X = random.standard_normal((400, 5), np.float32)
    price = X @ np.array([3, -2, 0, 1, 0.5]) + random.standard_normal(400)
    np.save(folder / "x.npy", X)
    np.save(folder / "y.npy", (price > 0).astype(int))
    np.save(folder / "three.npy", np.digitize(price, [-2, 2]))
    np.save(folder / "price.npy", price)
    return folder


@pytest.fixture
def run(rows, monkeypatch):
    """Run the command line in the folder of the rows; return how it ended."""
    monkeypatch.chdir(rows)

    def invoke(*arguments, **how):
        return CliRunner().invoke(commands, [*map(str, arguments)], **how)

    return invoke


@pytest.fixture
def train(run, tmp_path):
    """Train on x.npy; return the path of the model."""

    def trained(target, *arguments):
        path = tmp_path / f"{target}.fastopt"
        told = ["--target", f"{target}.npy"] if target else []
        how = ("--epochs", 3, "--random-state", 0, "--learning-rate", "constant", "--quiet")
        result = run("train", "x.npy", *told, *how, *arguments, "--model", path)
        assert result.exit_code == 0, result.output
        return path

    return trained


@pytest.fixture
def start(rows):
    """Start the command line in a process of its own."""

    def process(*arguments, **how):
        command = [sys.executable, "-m", "fastopt", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **how}
        return subprocess.Popen(command, cwd=rows, **pipes)

    return process


def said(result):
    """What it has to say of wrong usage, without the frame and in one line."""
    return " ".join(result.stderr.replace("│", "").split())
