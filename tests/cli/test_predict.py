"""``fastopt predict`` writes what the model says of each row."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

import fastopt
from fastopt.cli import predict
from fastopt.cli.predict import lines
from fastopt.data import open_source
from tests.cli.conftest import said


def numbers(text):
    return np.array([[float(cell) for cell in line.split(",")] for line in text.splitlines()])


@pytest.mark.parametrize(
    ("option", "method"),
    [((), "predict"), (("--proba",), "predict_proba"), (("--scores",), "decision_function")],
)
@pytest.mark.parametrize("target", ["y", "three"])
def test_a_line_a_row_is_what_the_method_returns(run, train, rows, target, option, method):
    path = train(target, "--loss", "log_loss")
    expected = getattr(fastopt.load(path), method)(np.load(rows / "x.npy"))
    written = numbers(run("predict", path, "x.npy", *option).stdout)
    np.testing.assert_array_equal(written.astype(expected.dtype), expected.reshape(400, -1))


def test_a_regressor_predicts_numbers(run, train, rows):
    path = train("price", "--loss", "huber")
    expected = fastopt.load(path).predict(np.load(rows / "x.npy"))
    written = numbers(run("predict", path, "x.npy").stdout)
    np.testing.assert_array_equal(written[:, 0].astype(expected.dtype), expected)


def test_labels_are_written_as_they_are():
    assert list(lines(np.array(["yes", "no"]))) == ["yes", "no"]
    assert list(lines(np.array([0.1, 2], np.float32))) == ["0.1", "2.0"]
    assert list(lines(np.array([[0.5, 1]]))) == ["0.5,1.0"]


def test_labels_that_were_read_as_whole_floats_are_whole(run, rows, tmp_path):
    y = np.load(rows / "y.npy")
    np.save(tmp_path / "float.npy", 2.0 * y)
    told = ("--target", tmp_path / "float.npy", "--epochs", 1, "--model", tmp_path / "m")
    assert run("train", "x.npy", *told).exit_code == 0
    assert set(run("predict", tmp_path / "m", "x.npy").stdout.split()) == {"0", "2"}


@pytest.mark.parametrize("option", ["--output", "-o"])
def test_predictions_go_to_a_file(run, train, tmp_path, option):
    path = train("y")
    assert run("predict", path, "x.npy", option, tmp_path / "p").stdout == ""
    assert (tmp_path / "p").read_text() == run("predict", path, "x.npy").stdout


def test_the_lines_of_a_block_are_one_write(run, train, rows, monkeypatch):
    class Pieces(list):
        write = list.append

        def flush(self):
            pass

    pieces = Pieces()
    monkeypatch.setattr(predict, "written", lambda path: nullcontext(pieces))
    told = ("--memory", 32 * 5 * 4 * 10)  # in many blocks
    assert run("predict", train("y"), "x.npy", *told).exit_code == 0
    n_blocks = open_source(rows / "x.npy", memory=told[1]).n_blocks
    assert len(pieces) == n_blocks > 1
    assert len("".join(pieces).split()) == 400


def test_a_file_is_left_as_it_was_where_a_row_is_wrong(run, train, rows, tmp_path):
    X = np.load(rows / "x.npy")
    X[-1] = np.nan
    np.save(tmp_path / "nan.npy", X)
    (tmp_path / "p").write_text("before")
    told = ("--memory", 32 * 5 * 4 * 10, "--output", tmp_path / "p")  # in many blocks
    result = run("predict", train("y"), tmp_path / "nan.npy", *told)
    assert (result.exit_code, (tmp_path / "p").read_text()) == (1, "before")
    assert result.stderr.startswith("error: Input X contains NaN.")
    assert not (tmp_path / "p.part").exists()


def test_a_device_is_written_to_and_not_replaced(run, train):
    assert run("predict", train("y"), "x.npy", "--output", "/dev/null").exit_code == 0
    assert not Path("/dev/null").is_file()


def test_probabilities_that_a_loss_has_not_are_refused(run, train):
    result = run("predict", train("y", "--loss", "hinge"), "x.npy", "--proba")
    assert result.exit_code == 2
    assert "SGDClassifier with the loss hinge, which has no probabilities" in said(result)


def test_probabilities_and_scores_are_not_both_written(run, train):
    assert run("predict", train("y"), "x.npy", "--proba", "--scores").exit_code == 2


@pytest.mark.parametrize("command", ["predict", "evaluate", "inspect"])
def test_a_model_that_is_not_there_is_wrong_usage(run, command):
    data = () if command == "inspect" else ("x.npy",)
    result = run(command, "nothing.fastopt", *data)
    assert (result.exit_code, "nothing.fastopt" in result.stderr) == (2, True)


@pytest.mark.parametrize("command", ["predict", "evaluate", "inspect"])
def test_a_file_that_is_no_model_is_told_in_a_line(run, rows, command, tmp_path):
    (tmp_path / "m").write_text("no model")
    data = () if command == "inspect" else ("x.npy",)
    result = run(command, tmp_path / "m", *data)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.startswith("error: ")


def test_columns_that_the_model_does_not_know_are_told_in_a_line(run, train, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((3, 2)))
    result = run("predict", train("y"), tmp_path / "x.npy")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)


def test_rows_whose_labels_are_not_known_are_predicted(run, tmp_path):
    (tmp_path / "x.csv").write_text("a,sold\n" + "1,yes\n-1,no\n" * 50)
    (tmp_path / "new.csv").write_text("a,sold\n1,?\n-1,\n")
    model = tmp_path / "m"
    run("train", tmp_path / "x.csv", "--target", "sold", "--epochs", 5, "--model", model)
    assert run("predict", model, tmp_path / "new.csv").stdout == "yes\nno\n"
    assert run("evaluate", model, tmp_path / "new.csv").exit_code == 1
