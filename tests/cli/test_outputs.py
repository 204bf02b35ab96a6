"""No result is written over what is read, nor over another result."""

import os
import shutil

import numpy as np
import pytest

import fastopt
from tests.cli.conftest import said


@pytest.fixture
def files(rows, tmp_path, monkeypatch, run):
    """A folder of its own with x.npy and y.npy, to run in."""
    for name in ("x.npy", "y.npy"):
        shutil.copy(rows / name, tmp_path)
    shutil.copy(tmp_path / "x.npy", tmp_path / "valid.npy")
    monkeypatch.chdir(tmp_path)
    return tmp_path


TRAIN = ("train", "x.npy", "--target", "y.npy", "--epochs", 1, "--quiet")
VALID = ("--valid", "valid.npy", "--valid-target", "y.npy")


@pytest.mark.parametrize("option", ["--model", "--history"])
@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("x.npy", "the data"),
        ("./x.npy", "the data"),
        ("link.npy", "the data"),
        ("y.npy", "--target"),
        ("valid.npy", "--valid"),
        ("c/checkpoint.fastopt", "the checkpoint"),
    ],
)
def test_what_is_read_is_not_written_over(run, files, option, name, of):
    os.link("x.npy", "link.npy")
    os.mkdir("c")
    model = () if option == "--model" else ("--model", "m")
    result = run(*TRAIN, *VALID, "--checkpoint", "c", *model, option, name)
    assert result.exit_code == 2
    assert f"{option} '{name}' is the file of {of}; give another name" in said(result)
    assert np.load("x.npy").shape == (400, 5)


def test_two_results_are_not_written_to_one_file(run, files):
    result = run(*TRAIN, "--model", "m", "--history", "./m")
    assert result.exit_code == 2
    assert "--history './m' is the file of --model" in said(result)


@pytest.mark.parametrize("name", ["x.npy", "m"])
def test_predictions_are_not_written_over_what_they_are_made_of(run, files, name):
    assert run(*TRAIN, "--model", "m").exit_code == 0
    result = run("predict", "m", "x.npy", "--output", name)
    assert result.exit_code == 2
    of = {"x.npy": "the data", "m": "the model"}[name]
    assert f"--output '{name}' is the file of {of}; give another name" in said(result)
    assert run("predict", "m", "x.npy").exit_code == 0


def test_a_model_replaces_a_model_or_an_empty_file(run, files):
    (files / "m").touch()
    for epochs in (1, 2):
        assert run(*TRAIN, "--epochs", epochs, "--model", "m").exit_code == 0
        assert fastopt.load("m").n_iter_ == epochs


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"\x02\0\0\0\0\0\0\0{}"])
def test_a_model_replaces_no_other_file(run, files, content):
    (files / "thesis").write_bytes(content)
    result = run(*TRAIN, "--model", "thesis")
    assert result.exit_code == 2
    assert "--model 'thesis' is there and is no model of fastopt" in said(result)
    assert (files / "thesis").read_bytes() == content


def test_a_column_may_be_called_what_a_file_is(run, files):
    pytest.importorskip("pyarrow")
    (files / "rows.csv").write_text("a,price\n1,2\n2,3\n")
    told = ("--target", "price", "--loss", "squared_error", "--epochs", 1, "--quiet")
    for _ in range(2):
        assert run("train", "rows.csv", *told, "--model", "price").exit_code == 0
