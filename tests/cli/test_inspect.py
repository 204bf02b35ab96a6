"""``fastopt inspect`` tells what is in a model."""

import json

import numpy as np
import pytest

import fastopt
from fastopt.cli.inspect import feature_name
from fastopt.linear_model import SGDClassifier


def test_kind_parameters_and_coefficients_are_told(run, train):
    path = train("three", "--loss", "multinomial", "--alpha", 0.25)
    told = json.loads(run("inspect", path, "--json", "--top", 4).stdout)
    model = fastopt.load(path)
    assert told["estimator"] == "SGDClassifier"
    assert (told["n_features"], told["classes"], told["epochs"]) == (5, [0, 1, 2], 3)
    assert (told["parameters"]["alpha"], told["updates"]) == (0.25, 1200)
    assert told["loss"] == model.history_[-1]["loss"]
    weights = [abs(row["weight"]) for row in told["coefficients"]]
    assert weights == sorted(np.abs(model.coef_).ravel().tolist(), reverse=True)[:4]
    first = told["coefficients"][0]
    assert model.coef_[int(first["output"]), int(first["feature"])] == first["weight"]


def test_features_are_told_by_name(run, rows, tmp_path):
    pandas = __import__("pandas")

    X = pandas.DataFrame(np.load(rows / "x.npy"), columns=list("abcde"))
    SGDClassifier(random_state=0).fit(X, np.load(rows / "y.npy")).save(tmp_path / "m")
    told = json.loads(run("inspect", tmp_path / "m", "--json", "--top", 1).stdout)
    assert told["coefficients"][0]["feature"] == "a"


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ({"zero_based": False}, ["1", "2", "3", "4", "5"]),
        ({"zero_based": True}, ["0", "1", "2", "3", "4"]),
        (
            {"features": ["age", "city", "user"], "categorical": {"city": ["oslo", 7], "user": 2}},
            ["age", "city=oslo", "city=7", "user#0", "user#1"],
        ),
    ],
)
def test_features_are_called_what_the_file_calls_them(train, schema, names):
    model = fastopt.load(train("y"))
    model.source_schema_ = schema
    assert [feature_name(model, k) for k in range(5)] == names


def test_a_table_is_for_people(run, train):
    output = run("inspect", train("y", "--optimizer", "adam:betas=0.5/0.9"), "--top", 2).stdout
    assert "classes     0, 1\n" in output
    assert "Adam(" in output
    assert output.splitlines()[-3].split() == ["feature", "weight"]
    assert output.splitlines()[-2].split()[0] == "0"


def test_no_coefficients_are_told_if_none_are_wanted(run, train):
    assert "coefficients" not in run("inspect", train("y"), "--top", 0).stdout


def test_a_model_that_is_not_trained_is_told_to_be_so(run, tmp_path):
    SGDClassifier("hinge", alpha=0.25).save(tmp_path / "m")
    told = json.loads(run("inspect", tmp_path / "m", "--json").stdout)
    assert (told["estimator"], told["trained"]) == ("SGDClassifier", False)
    assert (told["parameters"]["alpha"], told["coefficients"]) == (0.25, [])
    lines = run("inspect", tmp_path / "m").stdout.splitlines()
    assert lines[1].split() == ["trained", "no"]


def test_a_model_that_is_trained_is_told_to_be_so(run, train):
    assert run("inspect", train("y")).stdout.splitlines()[1].split() == ["trained", "yes"]


def test_only_parameters_that_are_not_the_default_are_told(run, train):
    path = train("y", "--alpha", 0.25)
    short, whole = run("inspect", path).stdout, run("inspect", path, "--all").stdout
    assert "alpha" in short
    assert "l1_ratio" not in short
    names = [
        line.split()[0] for line in whole.split("\nparameters\n")[1].split("\n\n")[0].splitlines()
    ]
    assert set(names) == fastopt.load(path).get_params().keys()
    assert names.index("tol") < names.index("average")  # which has its default


def test_no_parameters_are_told_of_a_model_of_defaults(run, tmp_path):
    SGDClassifier().save(tmp_path / "m")
    assert "parameters" not in run("inspect", tmp_path / "m").stdout


SCHEMA = {
    "features": ["age", "city", "user"],
    "categorical": {"city": ["oslo", "rome"], "user": 3},
    "missing": "mean",
    "target": "bought",
    "sample_weight": None,
    "n_features": 6,
}


def test_what_the_data_were_is_told(run, train, tmp_path):
    model = fastopt.load(train("y"))
    model.source_schema_ = SCHEMA
    model.save(tmp_path / "m")
    told = json.loads(run("inspect", tmp_path / "m", "--json").stdout)
    assert (told["data"], told["target"], told["missing"]) == ("table", "bought", "mean")
    assert told["categorical"] == SCHEMA["categorical"]
    assert "sample_weight" not in told
    text = run("inspect", tmp_path / "m").stdout
    assert "categorical  city (oslo, rome), user (3 hashes)\n" in text


def test_svmlight_data_are_told(run, train, tmp_path):
    model = fastopt.load(train("y"))
    model.source_schema_ = {"n_features": 5, "dtype": "float64", "zero_based": False}
    model.save(tmp_path / "m")
    assert json.loads(run("inspect", tmp_path / "m", "--json").stdout)["data"] == "svmlight"
