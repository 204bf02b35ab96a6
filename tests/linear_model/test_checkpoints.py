"""Fits that were stopped go on from their checkpoints, bit for bit."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

import fastopt
from fastopt import optim, schedules
from fastopt.data import open_source
from fastopt.linear_model import (
    Perceptron,
    SGDClassifier,
    SGDOneClassSVM,
    SGDRegressor,
    checkpoints,
)
from fastopt.model_file import file as model_file

KILLS = 20
KILLED = Path(__file__).parent / "killed.py"
NAME = checkpoints.NAME


def data(n=300, d=7, n_classes=3):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (n, d))
    return X, (X @ rng.normal(size=(d, n_classes))).argmax(axis=1)


def source(X, y, size=30):
    starts = range(0, X.shape[0], size)
    return open_source([(X[s : s + size], y[s : s + size]) for s in starts])


def bits(model):
    rows = [{k: v for k, v in row.items() if "second" not in k} for row in model.history_]
    return model.coef_.tobytes(), model.intercept_.tobytes(), rows, model.n_iter_, model.t_


class Stopped(Exception):
    pass


@pytest.fixture
def stopping(monkeypatch):
    """A function that lets every fit stop when it has saved so many checkpoints."""
    save = checkpoints.Checkpoints.save

    def stop_after(n):
        saved = []

        def save_and_stop(self, *what):
            save(self, *what)
            saved.append(what)
            if len(saved) % n == 0:
                raise Stopped

        monkeypatch.setattr(checkpoints.Checkpoints, "save", save_and_stop)

    return stop_after


def fit_to_the_end(fit):
    """The model of a fit that is begun again until it is not stopped; and how often it was."""
    for stops in range(1000):
        try:
            return fit(), stops
        except Stopped:
            pass
    raise AssertionError("it does not come to an end")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is forked, to be killed")
@pytest.mark.parametrize("place", ["memory", "source"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"learning_rate": "constant"},
        {"optimizer": "adam", "batch_size": 16},
        {"average": 100, "loss": "log_loss"},
    ],
    ids=["sgd", "adam", "averaged"],
)
def test_a_process_killed_at_20_moments_comes_to_the_same_bits(place, parameters, tmp_path):
    X, y = data(n=2000)
    np.savez(tmp_path / "data.npz", X=X, y=y)
    np.save(tmp_path / "X.npy", X)
    parameters |= {"max_iter": 300 if place == "memory" else 60}
    command = [sys.executable, KILLED, place, tmp_path, str(KILLS), json.dumps(parameters)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    kills, whole, killed = run.stdout.split()
    assert int(kills) == KILLS
    assert killed == whole


MODELS = [
    *(SGDClassifier(optimizer=name, batch_size=8) for name in optim.OPTIMIZERS),
    SGDClassifier(average=True, loss="log_loss"),
    SGDClassifier(restore_best=True, loss="multinomial", class_weight="balanced"),
    SGDClassifier(learning_rate=schedules.ReduceOnPlateau(0.1, factor=0.5, patience=0)),
    SGDClassifier(penalty="l1", alpha=1e-3),
    Perceptron(),
    SGDRegressor(learning_rate="adaptive"),
    SGDOneClassSVM(),
]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["memory", "windows", "sparse windows"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_fit_stopped_at_its_checkpoints_is_one_fit(model, kind, stopping, tmp_path):
    X, y = data()
    if kind == "sparse windows":
        X = sparse.csr_matrix(np.where(np.abs(X) < 0.5, 0, X))
    rows = (X, y) if kind == "memory" else (source(X, y),)
    if isinstance(model, SGDOneClassSVM):
        rows = rows[:1]
    model.set_params(random_state=3, max_iter=4, tol=None)
    whole = bits(model.fit(*rows))
    stopping(1 if kind == "memory" else 3)
    how = dict(checkpoint=tmp_path, every=1 if kind == "memory" else 0.2, resume=True)
    parts, stops = fit_to_the_end(lambda: pickle.loads(pickle.dumps(model)).fit(*rows, **how))
    assert stops > 3
    assert bits(parts) == whole


def test_convergence_is_kept_over_a_stop(stopping, tmp_path):
    X, y = data()
    how = dict(random_state=0, tol=1e-2, n_iter_no_change=3)
    whole = SGDClassifier(**how).fit(X, y)
    assert 5 < whole.n_iter_ < 1000
    stopping(1)
    fit = lambda: SGDClassifier(**how).fit(X, y, checkpoint=tmp_path, resume=True)  # noqa: E731
    parts, _ = fit_to_the_end(fit)
    assert bits(parts) == bits(whole)


def test_a_fit_that_is_done_is_not_gone_on_with(tmp_path):
    X, y = data()
    how = dict(random_state=0, max_iter=3, tol=None)
    done = SGDClassifier(**how).fit(X, y, checkpoint=tmp_path)
    again = SGDClassifier(**how).fit(X, y, checkpoint=tmp_path, resume=True)
    assert bits(again) == bits(done)
    more = SGDClassifier(**how | {"max_iter": 5}).fit(X, y, checkpoint=tmp_path, resume=True)
    assert bits(more) == bits(SGDClassifier(**how | {"max_iter": 5}).fit(X, y))


def test_the_best_weights_are_kept_over_a_stop(stopping, tmp_path):
    X, y = data()
    how = dict(random_state=0, max_iter=8, tol=None, restore_best=True, eta0=3.0)
    how |= dict(learning_rate="constant")
    whole = SGDClassifier(**how).fit(X, y)
    losses = [row["loss"] for row in whole.history_]
    assert min(losses) < losses[-1]
    stopping(1)
    fit = lambda: SGDClassifier(**how).fit(X, y, checkpoint=tmp_path, resume=True)  # noqa: E731
    assert bits(fit_to_the_end(fit)[0]) == bits(whole)


def test_held_out_rows_are_the_same_after_a_stop(stopping, tmp_path):
    X, y = data()
    how = dict(early_stopping=True, random_state=0, max_iter=6, tol=None)
    whole = SGDClassifier(**how).fit(X, y)
    stopping(1)
    fit = lambda: SGDClassifier(**how).fit(X, y, checkpoint=tmp_path, resume=True)  # noqa: E731
    assert bits(fit_to_the_end(fit)[0]) == bits(whole)


def test_a_seed_that_was_drawn_is_kept(stopping, tmp_path):
    X, y = data()
    stopping(2)
    fit = lambda: SGDClassifier(max_iter=6, tol=None).fit(  # noqa: E731
        X, y, checkpoint=tmp_path, resume=True
    )
    parts, _ = fit_to_the_end(fit)
    whole = SGDClassifier(max_iter=6, tol=None, random_state=parts._progress.seed).fit(X, y)
    assert bits(parts) == bits(whole)


def test_without_resume_a_fit_begins_anew(tmp_path):
    X, y = data()
    how = dict(random_state=0, max_iter=3, tol=None)
    SGDClassifier(**how, alpha=1).fit(X, y, checkpoint=tmp_path)
    anew = SGDClassifier(**how).fit(X, y, checkpoint=tmp_path)
    assert bits(anew) == bits(SGDClassifier(**how).fit(X, y))


def test_a_checkpoint_is_a_model_that_can_be_loaded(stopping, tmp_path):
    X, y = data()
    stopping(2)
    with pytest.raises(Stopped):
        SGDClassifier(random_state=0, tol=None).fit(X, y, checkpoint=tmp_path)
    loaded = fastopt.load(tmp_path / NAME)
    two = SGDClassifier(random_state=0, max_iter=2, tol=None).fit(X, y)
    np.testing.assert_array_equal(loaded.coef_, two.coef_)
    assert loaded.predict(X).shape == y.shape


def test_there_is_one_file_however_many_checkpoints_there_were(tmp_path):
    X, y = data()
    SGDClassifier(max_iter=5, tol=None).fit(X, y, checkpoint=tmp_path / "new" / "folder")
    assert os.listdir(tmp_path / "new" / "folder") == [NAME]


@pytest.mark.parametrize(("every", "n_saved"), [(1, 5), (2, 3), (4, 2), (0.5, 9), (0.1, 50)])
def test_every_says_how_often(every, n_saved, monkeypatch, tmp_path):
    saved = []
    monkeypatch.setattr(checkpoints.Checkpoints, "save", lambda *what: saved.append(what))
    SGDClassifier(max_iter=5, tol=None).fit(source(*data()), checkpoint=tmp_path, every=every)
    assert len(saved) == (10 if every == 0.5 else n_saved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alpha": 1.0}, r"its alpha is 0.0001, and that of the model 1.0"),
        ({"optimizer": "adam"}, "its optimizer is 'sgd', and that of the model 'adam'"),
        ({"random_state": 1}, "its random_state is 0, and that of the model 1"),
    ],
)
def test_other_parameters_cannot_go_on(changes, message, tmp_path):
    X, y = data()
    how = dict(random_state=0, max_iter=3, tol=None)
    SGDClassifier(**how).fit(X, y, checkpoint=tmp_path)
    model = SGDClassifier(**how | changes)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, checkpoint=tmp_path, resume=True)
    assert not hasattr(model, "coef_")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda X, y: (X[:-1], y[:-1]), r"shape is \(300, 7\), and here \(299, 7\)"),
        (lambda X, y: (X.astype(np.float32), y), "dtype is float64, and here float32"),
        (lambda X, y: (X, y[::-1]), "checksum is"),
        (lambda X, y: (X + 1e-9, y), "checksum is"),
        (lambda X, y: (X, y, None, None, np.arange(300)), "checksum is"),
        (lambda X, y: (source(X, y),), r"shape is \(300, 7\), and here \(30, 7\)"),
    ],
)
def test_other_data_cannot_go_on(change, what, tmp_path):
    X, y = data()
    SGDClassifier().fit(X, y, checkpoint=tmp_path)
    with pytest.raises(ValueError, match=f"its data are others: their {what}"):
        SGDClassifier().fit(*change(X, y), checkpoint=tmp_path, resume=True)


def test_a_source_whose_rows_have_changed_cannot_go_on(tmp_path):
    X, y = data()
    SGDClassifier().fit(source(X, y), checkpoint=tmp_path)
    for other in (source(X + 1e-9, y), source(X, y, size=50)):
        with pytest.raises(ValueError, match="its data are others: their "):
            SGDClassifier().fit(other, checkpoint=tmp_path, resume=True)


def test_another_kind_of_model_cannot_go_on(tmp_path):
    X, y = data()
    SGDRegressor().fit(X, y, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="it is one of SGDRegressor"):
        SGDClassifier().fit(X, y, checkpoint=tmp_path, resume=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (None, "it is no checkpoint, but a model"),
        ({"done": 1}, "done must be"),
        ({"tally": {"start": 3}}, "it holds a broken Tally"),
        ({"best": [1, 2]}, "it holds a broken Best"),
        ({"best": {"objective": 1.0, "coef": 1.0, "intercept": 1.0}}, "coef must be"),
        ({"best": {"objective": 1.0, "coef": np.ones(2), "intercept": np.ones(3)}}, "its best"),
    ],
)
def test_a_broken_checkpoint_is_told(changes, message, tmp_path):
    X, y = data()
    SGDClassifier(random_state=0).fit(X, y, checkpoint=tmp_path)
    saved, extra = model_file.read(tmp_path / NAME)
    model_file.write(saved, tmp_path / NAME, {} if changes is None else extra | changes)
    with pytest.raises(ValueError, match=f"resume cannot go on from .*{message}"):
        SGDClassifier(random_state=0).fit(X, y, checkpoint=tmp_path, resume=True)


@pytest.mark.parametrize("part", [0, 100, 0.5, -1])
def test_a_checkpoint_cut_short_is_told(part, tmp_path):
    X, y = data()
    SGDClassifier(random_state=0).fit(X, y, checkpoint=tmp_path)
    content = (tmp_path / NAME).read_bytes()
    end = part if isinstance(part, int) else int(part * len(content))
    (tmp_path / NAME).write_bytes(content[:end])
    with pytest.raises(ValueError, match="is no model that fastopt can load"):
        SGDClassifier(random_state=0).fit(X, y, checkpoint=tmp_path, resume=True)


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"resume": True}, ValueError, "resume needs checkpoint"),
        ({"checkpoint": 3}, TypeError, "checkpoint must be the path of a folder, got 3"),
        ({"checkpoint": ".", "every": 0}, ValueError, "every must be a positive"),
        ({"checkpoint": ".", "every": 1.5}, ValueError, "every must be a whole number of epochs"),
        ({"checkpoint": ".", "resume": 1}, TypeError, "resume must be True or False"),
    ],
)
def test_arguments_that_are_wrong_are_told(how, error, message):
    model = SGDClassifier()
    with pytest.raises(error, match=message):
        model.fit(*data(), **how)
    assert not hasattr(model, "coef_")


def test_rows_held_out_at_random_need_a_seed(tmp_path):
    with pytest.raises(ValueError, match="checkpoint needs an int as random_state"):
        SGDClassifier(early_stopping=True).fit(*data(), checkpoint=tmp_path)


def test_what_a_checkpoint_cannot_hold_is_told_before_the_first_epoch(tmp_path):
    epochs = []
    model = SGDClassifier(learning_rate=lambda t: 0.1)
    with pytest.raises(TypeError, match="which a file cannot hold"):
        model.fit(*data(), checkpoint=tmp_path, callbacks=epochs.append)
    assert epochs == []


def test_a_folder_that_cannot_be_written_to_is_told_before_the_first_epoch(tmp_path, monkeypatch):
    epochs = []
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="checkpoint cannot be written to"):
        SGDClassifier().fit(*data(), checkpoint=tmp_path, callbacks=epochs.append)
    assert epochs == []


def test_no_folder_is_made_for_a_fit_that_does_not_begin(tmp_path):
    X, y = data()
    with pytest.raises(ValueError, match="inconsistent"):
        SGDClassifier().fit(X, y[1:], checkpoint=tmp_path / "new")
    assert not (tmp_path / "new").exists()
