"""The formats of files, and standard input, reach all commands; what was trained on is known."""

import gzip
import json

import numpy as np
import pytest
from sklearn.datasets import dump_svmlight_file

import fastopt


@pytest.fixture
def svm(rows, run):
    X, y = np.load(rows / "x.npy"), np.load(rows / "y.npy")
    path = rows / "rows.svm"
    dump_svmlight_file(X, y, str(path), zero_based=False)
    return path


def test_svmlight_is_trained_on_evaluated_and_predicted(svm, run, tmp_path):
    how = ("--loss", "log_loss", "--learning-rate", "constant", "--epochs", 2)
    result = run("train", svm, *how, "--valid", svm, "--model", tmp_path / "m")
    assert result.exit_code == 0, result.output
    model = fastopt.load(tmp_path / "m")
    told = json.loads(run("evaluate", tmp_path / "m", svm, "--json").stdout)
    assert told["accuracy"] == model.history_[-1]["validation_score"]
    assert told["log_loss"] == pytest.approx(model.history_[-1]["validation_loss"])
    assert len(run("predict", tmp_path / "m", svm).stdout.split()) == 400


def test_a_row_without_the_last_features_has_the_columns_of_the_training(svm, run, tmp_path):
    assert run("train", svm, "--epochs", 1, "--model", tmp_path / "m").exit_code == 0
    result = run("predict", tmp_path / "m", "-", "--format", "svmlight", input="0 1:2.5\n1 2:3\n")
    assert (result.exit_code, len(result.stdout.split())) == (0, 2)


def test_standard_input_is_trained_on(svm, run, tmp_path):
    how = ("--epochs", 2, "--random-state", 0, "--model")
    assert run("train", svm, *how, tmp_path / "file").exit_code == 0
    text = svm.read_text()
    result = run("train", "-", "--format", "svmlight", *how, tmp_path / "pipe", input=text)
    assert result.exit_code == 0, result.output
    models = [fastopt.load(tmp_path / name) for name in ("file", "pipe")]
    np.testing.assert_array_equal(models[0].coef_, models[1].coef_)


def test_gzip_is_read(svm, run, tmp_path):
    packed = tmp_path / "rows.svm.gz"
    packed.write_bytes(gzip.compress(svm.read_bytes()))
    assert run("train", packed, "--epochs", 1, "--model", tmp_path / "m").exit_code == 0


def test_bad_rows_are_named_or_left_out(svm, run, tmp_path):
    bad = tmp_path / "bad.svm"
    bad.write_text(svm.read_text() + "1 2:x\n")
    told = ("--epochs", 1, "--model", tmp_path / "m")
    result = run("train", bad, *told)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {bad}, line 401, column 5: expected")
    result = run("train", bad, *told, "--on-bad-rows", "skip")
    assert result.exit_code == 0
    assert result.stderr.endswith("of 400 rows x 5 features, bad rows left out: 1\n")


@pytest.fixture
def table(tmp_path):
    """A table of numbers, of cities, and of what was bought."""
    pytest.importorskip("pyarrow")
    pytest.importorskip("fastopt.data.csv")
    random = np.random.default_rng(0)
    age, city = random.integers(18, 80, 300), random.choice(["oslo", "rome"], 300)
    bought = np.where(age - 49 + 20 * (city == "rome") > 0, "yes", "no")
    rows = zip(age, city, bought, strict=True)
    lines = ["age,city,bought", *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "rows.csv"


def test_a_table_is_encoded_as_it_was_in_the_training(table, run, tmp_path):
    told = ("--target", "bought", "--categorical", "city", "--epochs", 5, "--valid", table)
    rate = ("--learning-rate", "constant:1e-4")
    result = run("train", table, *told, *rate, "--loss", "log_loss", "--model", tmp_path / "m")
    assert result.exit_code == 0, result.output
    told = json.loads(run("inspect", tmp_path / "m", "--json").stdout)
    names = {row["feature"] for row in told["coefficients"]}
    assert names == {"age", "city=oslo", "city=rome"}
    told = json.loads(run("evaluate", tmp_path / "m", table, "--json").stdout)
    assert told["accuracy"] == fastopt.load(tmp_path / "m").history_[-1]["validation_score"]
    # One category of two, and no target: as what is to be predicted comes.
    text = "age,city\n20,oslo\n70,oslo\n"
    result = run("predict", tmp_path / "m", "-", "--format", "csv", input=text)
    assert set(result.stdout.split()) <= {"yes", "no"}
    assert len(result.stdout.split()) == 2


def test_features_and_categories_may_be_told_one_by_one(table, run, tmp_path):
    columns = ("--features", "age", "--features", "city", "--target", "bought")
    told = (*columns, "--categorical", "city", "--epochs", 1)
    rate = ("--learning-rate", "constant:1e-4")
    assert run("train", table, *told, *rate, "--model", tmp_path / "m").exit_code == 0
    assert fastopt.load(tmp_path / "m").source_schema_["features"] == ["age", "city"]


def test_a_column_may_be_called_a_number(run, tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "rows.csv").write_text("1,2020,none\n0.5,yes,1\n-1,no,2\n")
    told = ("--target", "2020", "--sample-weight", "none", "--epochs", 1)
    result = run("train", tmp_path / "rows.csv", *told, "--model", tmp_path / "m")
    assert result.exit_code == 0, result.output
    assert fastopt.load(tmp_path / "m").n_features_in_ == 1
