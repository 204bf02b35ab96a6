"""Errors name what was written in the shell, and not what it is called in Python."""

import numpy as np
import pytest

from fastopt.cli.wording import in_shell
from tests.cli.conftest import said

SMALL = ("--memory", 5 * 4 * 32 * 2)  # of which the data are larger


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (
            ("--early-stopping", *SMALL),
            "--early-stopping needs --valid where DATA is larger than --memory",
        ),
        (
            ("--batch-size", "full", *SMALL),
            "--batch-size cannot be full where DATA is larger than --memory",
        ),
        (
            ("--estimator", "kmeans", "--batch-size", "full", *SMALL),
            "--batch-size cannot be full where DATA is larger than --memory",
        ),
    ],
)
def test_options_are_named_for_arguments(run, tmp_path, told, message):
    target = () if "kmeans" in told else ("--target", "y.npy")
    result = run("train", "x.npy", *target, *told, "--model", tmp_path / "m")
    assert (result.exit_code, result.stderr) == (1, f"error: {message}\n")


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ((), "give --random-state 0, as the first run had, not none"),
        (("--random-state", 1), "give --random-state 0, as the first run had, not 1"),
        (
            ("--random-state", 0, "--loss", "log_loss"),
            "give --loss hinge, as the first run had, not log_loss",
        ),
        (
            ("--random-state", 0, "--no-shuffle"),
            "the --shuffle of the first run was True, and is False now",
        ),
    ],
)
def test_what_the_first_run_had_is_told(run, tmp_path, told, message):
    always = ("train", "x.npy", "--target", "y.npy", "--epochs", 1, "--model", tmp_path / "m")
    always += ("--checkpoint", tmp_path / "c")
    assert run(*always, "--random-state", 0).exit_code == 0
    result = run(*always, "--resume", *told)
    assert result.exit_code == 1
    assert result.stderr.endswith(f": {message}\n")


def test_numbers_that_come_after_whole_ones_are_no_classes(run, rows, tmp_path):
    y = np.ones(400)
    y[-1] = 0.5
    np.save(rows / "late.npy", y)
    told = ("--target", "late.npy", "--model", tmp_path / "m", *SMALL)
    result = run("train", "x.npy", *told)
    assert result.exit_code == 1
    assert result.stderr.endswith("; for numbers give --loss squared_error\n")


def test_labels_are_no_numbers(run, rows, tmp_path):
    np.save(rows / "text.npy", np.array(["yes", "no"] * 200))
    told = ("--target", "text.npy", "--loss", "huber", "--model", tmp_path / "m")
    result = run("train", "x.npy", *told)
    assert result.exit_code == 2
    assert "--loss huber needs numbers, found 'yes'" in said(result)


@pytest.mark.parametrize("command", ["train", "predict", "evaluate"])
def test_standard_input_needs_a_format(run, train, command, tmp_path):
    model = (train("y"),) if command != "train" else ()
    told = ("--model", tmp_path / "m") if command == "train" else ()
    result = run(command, *model, "-", *told, input="")
    assert result.exit_code == 2
    assert "--format must be given for standard input: arrow, csv, npy, " in said(result)


def test_other_errors_stay_as_they_are():
    assert in_shell("x.csv, line 3: expected a number") == "x.csv, line 3: expected a number"
