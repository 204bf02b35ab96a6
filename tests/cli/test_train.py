"""``fastopt train`` trains what it is told to, or says what is wrong before it begins."""

import csv
import json
import os
import re

import numpy as np
import pytest

import fastopt
from fastopt import optim, schedules
from fastopt.cluster import MiniBatchKMeans
from fastopt.linear_model import SGDClassifier, SGDRegressor
from fastopt.linear_model.checkpoints import NAME, Checkpoints
from tests.cli.conftest import said


def test_the_model_is_that_of_a_fit_in_python(train, rows):
    path = train("y", "--loss", "log_loss", "--optimizer", "adam", "--batch-size", 32)
    X, y = np.load(rows / "x.npy"), np.load(rows / "y.npy")
    how = {"max_iter": 3, "tol": None, "random_state": 0, "learning_rate": "constant"}
    expected = SGDClassifier("log_loss", optimizer="adam", batch_size=32, **how).fit(X, y)
    np.testing.assert_array_equal(fastopt.load(path).coef_, expected.coef_)


@pytest.mark.parametrize(
    ("target", "told", "kind"),
    [
        ("y", (), "SGDClassifier"),
        ("y", ("--loss", "hinge"), "SGDClassifier"),
        ("three", ("--loss", "multinomial"), "SGDClassifier"),
        ("price", ("--loss", "huber"), "SGDRegressor"),
        ("price", ("--loss", "squared_error"), "SGDRegressor"),
        ("y", ("--loss", "squared_error", "--estimator", "classifier"), "SGDClassifier"),
        ("price", ("--estimator", "regressor"), "SGDRegressor"),
        (None, ("--estimator", "one-class", "--nu", 0.1), "SGDOneClassSVM"),
    ],
)
def test_the_loss_decides_what_is_trained(train, target, told, kind):
    assert type(fastopt.load(train(target, *told))).__name__ == kind


def test_a_perceptron_is_trained(run, tmp_path):
    told = ("--estimator", "perceptron", "--epochs", 2, "--model", tmp_path / "m")
    assert run("train", "x.npy", "--target", "y.npy", *told).exit_code == 0
    assert type(fastopt.load(tmp_path / "m")).__name__ == "Perceptron"


def test_k_means_are_found_as_in_python(run, rows, tmp_path):
    told = ("--estimator", "kmeans", "--n-clusters", 3, "--random-state", 0, "--epochs", 2)
    result = run("train", "x.npy", *told, "--model", tmp_path / "m")
    assert result.exit_code == 0, result.output
    how = {"n_clusters": 3, "random_state": 0, "max_iter": 2, "max_no_improvement": None}
    expected = MiniBatchKMeans(**how).fit(np.load(rows / "x.npy"))
    model = fastopt.load(tmp_path / "m")
    np.testing.assert_array_equal(model.cluster_centers_, expected.cluster_centers_)
    assert model.get_params() == expected.get_params()


def test_epochs_are_just_so_many(train):
    assert fastopt.load(train("y", "--epochs", 40)).n_iter_ == 40


def test_epochs_end_earlier_if_a_tolerance_is_given(train):
    assert fastopt.load(train("y", "--epochs", 40, "--tol", 10)).n_iter_ < 40


def test_a_schedule_lasts_for_all_updates(train):
    path = train("y", "--learning-rate", "cosine:0.1,final=0.01", "--batch-size", 64)
    # 7 batches of 64 or fewer rows in each of 3 epochs
    expected = schedules.cosine(0.1, steps=21, final=0.01)
    assert fastopt.load(path).learning_rate == expected


def test_a_schedule_lasts_as_long_as_it_is_told(train):
    path = train("y", "--learning-rate", "cosine:0.1,steps=5")
    assert fastopt.load(path).learning_rate == schedules.cosine(0.1, steps=5)


def test_a_rate_that_is_written_with_the_optimizer_is_taken(run, tmp_path):
    told = ("--loss", "huber", "--optimizer", "adam:lr=0.25", "--epochs", 1)
    result = run("train", "x.npy", "--target", "price.npy", *told, "--model", tmp_path / "m")
    assert result.exit_code == 0
    model = fastopt.load(tmp_path / "m")
    assert isinstance(model.optimizer, optim.Adam)
    assert model.history_[-1]["lr"] == 0.25


def test_parameters_reach_the_estimator(train):
    told = ("--alpha", 0.5, "--no-fit-intercept", "--class-weight", "0:1,1:2", "--bounds", "0,none")
    model = fastopt.load(train("y", *told, "--average", "7", "--penalty", "none"))
    assert (model.alpha, model.fit_intercept, model.average, model.penalty) == (0.5, False, 7, None)
    assert model.class_weight == {0: 1, 1: 2}
    assert model.bounds == (0, None)
    assert (model.coef_ >= 0).all()


def test_a_list_may_be_told_in_parts(train):
    weights = ("--class-weight", "0:1", "--class-weight", "1:2")
    assert fastopt.load(train("y", *weights)).class_weight == {0: 1, 1: 2}


def test_a_training_that_is_gone_on_with_is_that_of_one_go(train, tmp_path):
    at_once = fastopt.load(train("y", "--epochs", 4))
    for epochs in (2, 4):
        path = train("y", "--epochs", epochs, "--checkpoint", tmp_path / "c", "--resume")
    gone_on = fastopt.load(path)
    np.testing.assert_array_equal(gone_on.coef_, at_once.coef_)
    assert len(gone_on.history_) == 4


def test_without_resume_a_checkpoint_is_not_replaced(run, train, tmp_path):
    train("y", "--epochs", 2, "--checkpoint", tmp_path / "c")
    before = (tmp_path / "c" / NAME).read_bytes()
    told = ("--target", "y.npy", "--checkpoint", tmp_path / "c", "--model", tmp_path / "m")
    result = run("train", "x.npy", *told)
    assert result.exit_code == 2
    assert "already holds a checkpoint of 2 epochs: give --resume to go on, or another" in said(
        result
    )
    assert (tmp_path / "c" / NAME).read_bytes() == before


@pytest.fixture
def resumed(run, train, tmp_path):
    """Go on after two epochs; return the lines that tell of it."""
    train("y", "--epochs", 2, "--checkpoint", tmp_path / "c")
    always = ("--target", "y.npy", "--random-state", 0, "--learning-rate", "constant")

    def lines(*told):
        how = ("--checkpoint", tmp_path / "c", "--resume", "--model", tmp_path / "m")
        result = run("train", "x.npy", *always, *how, *told)
        assert result.exit_code == 0, result.output
        return result.stderr.splitlines()

    return lines


def test_it_is_told_where_a_training_goes_on(resumed):
    lines = resumed("--epochs", 3)
    assert lines[0] == "going on from epoch 2"
    assert lines[1].startswith("epoch 3 of at most 3")


@pytest.mark.parametrize("option", ["--epochs", "--max-iter"])
def test_it_is_told_if_there_is_nothing_to_train(resumed, option):
    lines = resumed(option, 1)
    assert lines[0] == f"nothing to train: the checkpoint has 2 epochs, {option} is 1"
    assert not any(line.startswith("epoch") for line in lines)


def test_a_training_that_has_converged_is_not_gone_on_with(resumed):
    assert resumed("--epochs", 40, "--tol", 10)[-2].startswith("converged: ")
    [line, *_] = resumed("--epochs", 50)
    assert line.startswith("nothing to train: the checkpoint has ")
    assert line.endswith(" epochs and has converged")


def test_the_part_of_an_epoch_that_is_done_is_told(run, tmp_path, monkeypatch):
    told = ("--target", "y.npy", "--random-state", 0, "--epochs", 1, "--every", 0.25)
    told += ("--memory", 5 * 4 * 32 * 2, "--checkpoint", tmp_path / "c", "--model", tmp_path / "m")
    save, saved = Checkpoints.save, []

    def interrupted(self, *state):
        save(self, *state)
        saved.append(None)
        if len(saved) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "save", interrupted)
    assert run("train", "x.npy", *told).exit_code == 130
    line = run("train", "x.npy", *told, "--resume").stderr.splitlines()[0]
    assert re.fullmatch(r"going on from epoch 0 and \d+ of \d+ parts of the next", line)


@pytest.mark.parametrize(
    ("told", "what"),
    [
        ((), "loss has not fallen"),
        (("--restore-best",), "loss has not fallen"),
        (("--restore-best", "--valid", "x.npy"), "validation loss has not fallen"),
        (("--early-stopping", "--valid", "x.npy"), "validation score has not risen"),
    ],
)
def test_it_is_told_why_a_training_ends(run, tmp_path, told, what):
    told += ("--valid-target", "y.npy") if "--valid" in told else ()
    told += ("--epochs", 40, "--tol", 10, "--n-iter-no-change", 3, "--model", tmp_path / "m")
    lines = run("train", "x.npy", "--target", "y.npy", *told).stderr.splitlines()
    assert lines[-2] == f"converged: the {what} by --tol for 3 epochs"


def test_nothing_is_told_of_a_training_of_all_its_epochs(run, tmp_path):
    told = ("--target", "y.npy", "--epochs", 2, "--model", tmp_path / "m")
    assert "converged" not in run("train", "x.npy", *told).stderr


def test_checkpoints_are_written_within_an_epoch(run, tmp_path, monkeypatch):
    from fastopt.linear_model import checkpoints

    written = []
    monkeypatch.setattr(checkpoints.Checkpoints, "save", lambda *_: written.append(None))
    told = ("--target", "y.npy", "--epochs", 1, "--memory", 5 * 4 * 32 * 2, "--every", 0.25)
    result = run("train", "x.npy", *told, "--checkpoint", tmp_path / "c", "--model", tmp_path / "m")
    assert result.exit_code == 0
    assert len(written) >= 4


def test_each_epoch_is_told_in_a_line(run, tmp_path):
    valid = ("--valid", "x.npy", "--valid-target", "y.npy")
    told = ("--target", "y.npy", *valid, "--epochs", 2, "--model", tmp_path / "m")
    result = run("train", "x.npy", *told)
    lines = result.stderr.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == [f"epoch {k} of at most 2" for k in (1, 2)]
    for name in ("loss", "running accuracy", "validation loss", "validation score", "rows/s"):
        assert name in lines[0]
    assert lines[2].endswith("SGDClassifier of 400 rows x 5 features")
    assert result.stdout == ""


@pytest.mark.parametrize("option", ["--quiet", "-q"])
def test_quiet_is_quiet(run, tmp_path, option):
    told = ("--target", "y.npy", "--epochs", 2, option, "--model", tmp_path / "m")
    assert run("train", "x.npy", *told).output == ""


def test_json_is_one_object(run, tmp_path):
    told = ("--target", "price.npy", "--loss", "huber", "--epochs", 2, "--json")
    result = run("train", "x.npy", *told, "--model", tmp_path / "m")
    told = json.loads(result.stdout)
    assert (told["estimator"], told["n_samples"], told["epochs"]) == ("SGDRegressor", 400, 2)
    assert told["history"] == fastopt.load(tmp_path / "m").history_


def test_the_history_is_written_as_a_table(train, tmp_path):
    model = fastopt.load(train("y", "--history", tmp_path / "h.csv"))
    with open(tmp_path / "h.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [float(row["loss"]) for row in rows] == [row["loss"] for row in model.history_]


def test_the_losses_are_drawn(train, tmp_path):
    pytest.importorskip("matplotlib")
    train("y", "--plot", tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (("--loss", "hinje"), "--loss: expected absolute_error, "),
        (("--loss", "hinje"), "got 'hinje'. Did you mean hinge?"),
        (("--alpha", "-1"), "--alpha: expected a float in the range [0.0, inf); got -1"),
        (("--batch-size", "0"), "--batch-size: expected full, an int in the range [1, inf); got 0"),
        (("--average", "maybe"), "--average: expected true, false, an int in the range"),
        (("--bounds", "3"), "bounds must be (low, high), got (3,)"),
        (("--epochs", "0"), "'--epochs': 0"),
        (("--epochs", "2", "--max-iter", "3"), "--epochs and --max-iter"),
        (
            ("--n-clusters", "3"),
            "--n-clusters cannot be used with --estimator classifier",
        ),
        (("--nu", "0.5", "--loss", "huber"), "--nu cannot be used with --estimator regressor"),
        (("--learning-rate", "cosine"), "--learning-rate: cosine needs lr"),
        (("--learning-rate", "Cosin"), "a schedule such as cosine:0.01; got 'Cosin'. Did you mean"),
        (("--loss", "HINGE"), "got 'HINGE'. Did you mean hinge?"),
        (
            ("--loss", "log_loss", "--target", "price.npy"),
            "; for numbers give --loss squared_error",
        ),
        (("--target", "price.npy"), "SGDClassifier needs classes, found "),
        (("--learning-rate", "cosinus:1"), "--learning-rate: expected one of"),
        (("--learning-rate", "pa1", "--loss", "log_loss"), "learning_rate='pa1' needs"),
        (("--optimizer", "adam:lr=x"), "--optimizer: lr must be"),
        (("--optimizer", "adam:lr=1", "--learning-rate", "constant"), "must be optimal"),
        (("--memory", "much"), "--memory: expected a number of bytes"),
        (
            ("--missing", "median"),
            "--missing: expected mean, raise, skip, zero; got 'median'. Did you mean mean?",
        ),
        (("--dtype", "float16"), "--dtype: expected float32, float64; got 'float16'"),
        (("--on-bad-rows", "drop"), "--on-bad-rows: expected raise, skip; got 'drop'"),
        (("--format", "cvs"), "--format: expected arrow, csv, npy, parquet, svmlight, tsv"),
        (("--categorical", "city=4k"), "--categorical: expected COLUMN=onehot or COLUMN=NUMBER"),
        (("--n-features", "many"), "--n-features: expected a whole number"),
        (("--resume",), "need --checkpoint"),
        (("--every", "1"), "need --checkpoint"),
        (("--valid-target", "y.npy"), "needs --valid"),
        (("--model", "nowhere/m"), "'--model': there is no folder nowhere"),
        (("--history", "nowhere/h"), "'--history': there is no folder nowhere"),
        (("--model", "/dev/null"), "'--model': /dev/null is no file"),
        (("--model", "-"), "'--model': expected the name of a file, got -"),
        (("--plot", "p.xyz"), "'--plot': expected a name that ends in .png, .svg, .pdf"),
        (("--nothing",), "--nothing"),
    ],
)
def test_wrong_usage_names_the_option_and_ends_with_2(run, told, message, tmp_path):
    result = run("train", "x.npy", "--target", "y.npy", "--model", tmp_path / "m", *told)
    assert result.exit_code == 2
    assert message in said(result)
    assert not (tmp_path / "m").exists()


def test_a_folder_that_cannot_be_written_to_is_told_before_the_training(run, tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: os.fspath(path) != os.fspath(tmp_path))
    result = run("train", "nothing.npy", "--target", "y.npy", "--model", tmp_path / "m")
    assert result.exit_code == 2
    assert "nothing can be written to the folder" in said(result)


def test_a_target_that_is_missing_is_asked_for(run, tmp_path):
    result = run("train", "x.npy", "--model", tmp_path / "m")
    assert (result.exit_code, "--target" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("estimator", "option", "kind"),
    [
        ("one-class", "--valid", "SGDOneClassSVM"),
        ("kmeans", "--valid", "MiniBatchKMeans"),
        ("kmeans", "--history", "MiniBatchKMeans"),
        ("kmeans", "--plot", "MiniBatchKMeans"),
    ],
)
def test_what_a_fit_does_not_take_is_refused(run, estimator, option, kind, tmp_path):
    told = ("--estimator", estimator, option, tmp_path / "p", "--model", tmp_path / "m")
    result = run("train", "x.npy", *told)
    assert result.exit_code == 2
    assert f"{option} cannot be used with {kind}" in said(result)


@pytest.mark.parametrize(
    ("data", "told", "message"),
    [
        ("nothing.npy", (), "error: nothing.npy: No such file or directory"),
        ("x.dat", (), "error: --format must be given for 'x.dat'"),
        ("x.npy", ("--features", "a"), "error: features cannot be used with the format 'npy'"),
        ("x.npy", ("--target", "x.npy"), "error: target must have the shape (400,)"),
        ("x.npy", ("--loss", "gamma", "--target", "price.npy"), "error: y must be > 0"),
    ],
)
def test_a_run_that_fails_says_why_in_one_line_and_ends_with_1(run, data, told, message, tmp_path):
    result = run("train", data, "--target", "y.npy", *told, "--model", tmp_path / "m")
    assert result.exit_code == 1
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "m").exists()


def test_regression_on_one_column_is_that_of_a_fit_in_python(train, rows):
    path = train("price", "--loss", "huber")
    how = {"max_iter": 3, "tol": None, "random_state": 0, "learning_rate": "constant"}
    expected = SGDRegressor("huber", **how)
    expected.fit(np.load(rows / "x.npy"), np.load(rows / "price.npy"))
    np.testing.assert_array_equal(fastopt.load(path).coef_, expected.coef_)
