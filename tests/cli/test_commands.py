"""The commands as they are told of, and those that need no model."""

import json
import subprocess

import numpy as np
import pytest

import fastopt
from fastopt import _core
from fastopt.cli import COMMANDS, bench
from tests.cli.conftest import said


def test_help_tells_all_commands(run):
    output = run("--help").stdout
    for name in COMMANDS:
        assert f" {name} " in output


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(run, name):
    result = run(name, "-h")
    assert result.exit_code == 0
    assert f"Usage: fastopt {name}" in result.stdout
    assert "\\b" not in result.stdout  # the mark of lines that stay apart


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_told(run, option):
    assert run(option).stdout == f"fastopt, version {fastopt.__version__}\n"


def test_an_unknown_command_is_wrong_usage(run):
    result = run("tarin")
    assert (result.exit_code, "tarin" in result.stderr) == (2, True)


@pytest.mark.parametrize("name", ["tran", "Train", "tarin"])
def test_the_command_that_is_meant_is_told(run, name):
    assert f"No such command '{name}'. Did you mean train?" in said(run(name))


def test_the_options_that_are_called_otherwise_elsewhere_are_told(run):
    told = said(run("train", "x.npy", "--lr", 0.1))
    assert "No such option '--lr'. Did you mean --learning-rate, or --eta0?" in told


def test_an_option_that_is_misspelt_is_told(run):
    assert "--penalty" in said(run("train", "x.npy", "--penalti", "l1"))


def test_config_is_told_to_people(run):
    output = run("config").stdout
    assert f"ISA       {_core.isa()} " in output
    assert "\nscikit-learn  " in output


def test_config_is_told_to_machines(run):
    told = json.loads(run("config", "--json").stdout)
    assert (told["fastopt"], told["isa"]) == (fastopt.__version__, _core.isa())
    assert told["numpy"] == np.__version__
    assert told["libraries"]["scipy"]


def test_bench_tells_how_many_samples_a_second(run, monkeypatch):
    monkeypatch.setattr(bench, "SECONDS", 0.001)
    told = json.loads(run("bench", "--json").stdout)
    assert told["isa"] == _core.isa()
    assert len(told["samples_per_second"]) >= 5
    assert all(speed > 1000 for speed in told["samples_per_second"].values())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_printed(run, shell):
    if shell == "bash" and subprocess.run(["which", "bash"], check=False).returncode:
        pytest.skip("no bash")
    assert f"_FASTOPT_COMPLETE={shell}_complete" in run("completion", shell).stdout
