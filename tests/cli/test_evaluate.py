"""``fastopt evaluate`` tells what scikit-learn's metrics say."""

import json

import numpy as np
import pytest
from sklearn import metrics

import fastopt


def evaluated(run, path, target, *told):
    result = run("evaluate", path, "x.npy", "--target", f"{target}.npy", "--json", *told)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def data(rows):
    return {name: np.load(rows / f"{name}.npy") for name in ("x", "y", "three", "price")}


#: In blocks of a few rows, and in one.
MEMORY = [(), ("--memory", 5 * 4 * 32 * 17)]


@pytest.mark.parametrize("memory", MEMORY)
def test_two_classes(run, train, data, memory):
    path = train("y", "--loss", "log_loss")
    told, model, y = evaluated(run, path, "y", *memory), fastopt.load(path), data["y"]
    predicted, proba = model.predict(data["x"]), model.predict_proba(data["x"])
    assert told == {
        "n_samples": 400,
        "accuracy": metrics.accuracy_score(y, predicted),
        "precision": metrics.precision_score(y, predicted),
        "recall": metrics.recall_score(y, predicted),
        "f1": metrics.f1_score(y, predicted),
        "roc_auc": metrics.roc_auc_score(y, model.decision_function(data["x"])),
        "log_loss": metrics.log_loss(y, proba),
    }


@pytest.mark.parametrize("memory", MEMORY)
def test_three_classes(run, train, data, memory):
    path = train("three", "--loss", "multinomial")
    told, model, y = evaluated(run, path, "three", *memory), fastopt.load(path), data["three"]
    predicted, proba = model.predict(data["x"]), model.predict_proba(data["x"])
    assert told["f1"] == metrics.f1_score(y, predicted, average="macro")
    assert told["log_loss"] == metrics.log_loss(y, proba)
    assert told["roc_auc"] == metrics.roc_auc_score(y, proba, multi_class="ovr")


def test_weights_count(run, train, data, rows):
    weight = np.arange(400.0)
    np.save(rows / "weight.npy", weight)
    path = train("y")
    predicted = fastopt.load(path).predict(data["x"])
    told = evaluated(run, path, "y", "--sample-weight", "weight.npy")
    assert told["accuracy"] == metrics.accuracy_score(data["y"], predicted, sample_weight=weight)
    assert "log_loss" not in told  # a hinge has no probabilities


def test_what_one_class_alone_does_not_tell_is_null(run, train, rows):
    np.save(rows / "ones.npy", np.ones(400, int))
    assert evaluated(run, train("y"), "ones")["roc_auc"] is None


@pytest.mark.parametrize("memory", MEMORY)
def test_numbers(run, train, data, memory):
    path = train("price", "--loss", "quantile")
    told, y = evaluated(run, path, "price", *memory), data["price"]
    predicted = fastopt.load(path).predict(data["x"])
    expected = {
        "n_samples": 400,
        "r2": metrics.r2_score(y, predicted),
        "mae": metrics.mean_absolute_error(y, predicted),
        "rmse": metrics.root_mean_squared_error(y, predicted),
        "max_error": metrics.max_error(y, predicted),
        "pinball_loss": metrics.mean_pinball_loss(y, predicted, alpha=0.5),
    }
    assert told == pytest.approx(expected, rel=0 if not memory else 1e-7)  # X is of float32


def test_counts(run, train, data):
    path = train("three", "--loss", "poisson", "--eta0", 0.001)
    predicted = fastopt.load(path).predict(data["x"])
    told = evaluated(run, path, "three")
    assert told["mean_deviance"] == metrics.mean_poisson_deviance(data["three"], predicted)


def test_outliers(run, train, data):
    path = train(None, "--estimator", "one-class", "--nu", 0.2)
    outliers = int((fastopt.load(path).predict(data["x"]) == -1).sum())
    result = run("evaluate", path, "x.npy", "--json")
    assert json.loads(result.stdout) == {"n_samples": 400, "outliers": outliers}


@pytest.mark.parametrize("memory", MEMORY)
def test_clusters(run, data, memory, tmp_path):
    told = ("--estimator", "kmeans", "--epochs", 2, "--model", tmp_path / "m", "--quiet")
    assert run("train", "x.npy", *told).exit_code == 0
    result = json.loads(run("evaluate", tmp_path / "m", "x.npy", "--json", *memory).stdout)
    inertia = -fastopt.load(tmp_path / "m").score(data["x"])
    assert result == {"n_samples": 400, "inertia": pytest.approx(inertia, rel=1e-12)}


def test_a_table_is_for_people(run, train):
    lines = run("evaluate", train("y"), "x.npy", "--target", "y.npy").stdout.splitlines()
    assert lines[0].split() == ["n_samples", "400"]
    assert len({line.rindex(" ") for line in lines}) == 1  # the columns begin together


@pytest.mark.parametrize(
    ("target", "known"), [("y", "0, 1"), ("three", "0, 1, 2")], ids=["two", "three"]
)
def test_a_class_that_the_model_does_not_know_is_named(run, train, rows, target, known):
    y = np.load(rows / f"{target}.npy")
    y[7] = 9
    np.save(rows / "nine.npy", y)
    result = run("evaluate", train(target), "x.npy", "--target", "nine.npy")
    assert result.exit_code == 1
    told = f"error: x.npy: y holds 9, which the model does not know ({known})\n"
    assert result.stderr == told


def test_y_is_asked_for(run, train):
    result = run("evaluate", train("y"), "x.npy")
    assert result.exit_code == 1
    assert result.stderr == "error: x.npy: expected y; --target tells where\n"
