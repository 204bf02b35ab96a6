"""A training cut in two gives the bits of one in one go, and the same bits on every ISA."""

import math
import os
import pickle
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from fastopt import _core, optim, schedules
from fastopt.linear_model import SGDClassifier, SGDRegressor, training

from ..rules import AVERAGED

OPTIMIZERS = list(optim.OPTIMIZERS)


def data(n=97, d=13, dtype=np.float32):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (n, d)).astype(dtype)
    return X, np.round(X @ rng.uniform(-1, 1, d) * 2).astype(int)  # several classes


def bits(model):
    return model.coef_.tobytes() + model.intercept_.tobytes()


def cut(model, X, y, first=4, then=6):
    """Fit `first` epochs, pickle, load, and fit `then` epochs more."""
    model.set_params(max_iter=first).fit(X, y)
    model = pickle.loads(pickle.dumps(model))
    return model.set_params(max_iter=then, warm_start=True).fit(X, y)


@pytest.mark.parametrize("kind", [SGDClassifier, SGDRegressor])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [1, 32, "full"])
def test_a_fit_in_two_parts_is_one_fit(kind, optimizer, batch_size, dtype):
    X, y = data(dtype=dtype)
    options = dict(optimizer=optimizer, batch_size=batch_size, tol=None, random_state=3)
    options |= {"learning_rate": "constant"}
    whole = kind(max_iter=10, **options).fit(X, y)
    parts = cut(kind(**options), X, y)
    assert bits(parts) == bits(whole)
    assert parts.t_ == whole.t_
    assert [row["loss"] for row in parts.history_] == [row["loss"] for row in whole.history_]


@pytest.mark.parametrize(
    "learning_rate",
    [
        "adaptive",
        schedules.warmup(schedules.cosine(0.1, steps=700), steps=50),
        schedules.wsd(0.1, warmup=50, steps=900, decay=300),
        schedules.ReduceOnPlateau(0.1, factor=0.5, patience=0),
        schedules.product(
            [
                schedules.exponential(1, factor=0.5, every=300),
                schedules.ReduceOnPlateau(0.1, factor=0.5, patience=0),
            ]
        ),
    ],
    ids=["adaptive", "schedule", "wsd", "plateau", "product"],
)
def test_the_rate_goes_on_where_it_was(learning_rate):
    X, y = data()
    options = dict(learning_rate=learning_rate, eta0=0.1, tol=None, random_state=3)
    if learning_rate == "adaptive":  # falls when the loss does, within tol, no more
        options |= dict(tol=0.05, n_iter_no_change=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        whole = SGDRegressor(max_iter=10, **options).fit(X, y)
        parts = cut(SGDRegressor(**options), X, y)
    rates = [row["lr"] for row in whole.history_]
    assert len(rates) == 10
    assert rates[-1] < rates[0]
    assert [row["lr"] for row in parts.history_] == rates
    assert bits(parts) == bits(whole)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_partial_fits_are_epochs_of_one_fit(optimizer):
    X, y = data()
    options = dict(optimizer=optimizer, random_state=3)
    whole = SGDClassifier(max_iter=5, tol=None, **options).fit(X, y)
    parts = SGDClassifier(**options)
    for _ in range(5):
        parts.partial_fit(X, y, classes=np.unique(y))
    assert bits(parts) == bits(whole)


@pytest.mark.parametrize("batch_size", [1, 32])
def test_partial_fits_of_a_regressor_are_epochs_of_one_fit(batch_size, dtype):
    X, y = data(dtype=dtype)
    weight = np.linspace(0.5, 2, len(y))
    options = dict(optimizer="adam", batch_size=batch_size, random_state=3)
    whole = SGDRegressor(max_iter=5, tol=None, **options).fit(X, y, sample_weight=weight)
    parts = SGDRegressor(**options)
    for _ in range(5):
        parts.partial_fit(X, y, sample_weight=weight)
    assert bits(parts) == bits(whole)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("adaptive", "constant"),
        ("adaptive", schedules.constant(0.05)),
        (schedules.ReduceOnPlateau(0.1, patience=0, threshold=0.9), "constant"),
        (
            schedules.ReduceOnPlateau(0.1, patience=0, threshold=0.9),
            schedules.ReduceOnPlateau(0.05),
        ),
    ],
    ids=["constant", "schedule", "plateau to constant", "plateau"],
)
def test_another_rate_takes_the_place_of_one_that_has_fallen(before, after):
    X, y = data()
    model = SGDRegressor(
        learning_rate=before, eta0=0.1, n_iter_no_change=3, warm_start=True, random_state=3
    ).fit(X, y)
    assert model.history_[-1]["lr"] < 0.1
    model.set_params(learning_rate=after, eta0=0.05, max_iter=1, tol=None).fit(X, y)
    assert model.history_[-1]["lr"] == 0.05


def test_a_plateau_that_the_user_changes_is_taken_as_changed():
    X, y = data()
    rate = schedules.ReduceOnPlateau(0.1)
    model = SGDRegressor(learning_rate=rate, warm_start=True, max_iter=1, tol=None).fit(X, y)
    rate.lr = 0.05
    assert [row["lr"] for row in model.fit(X, y).history_] == [0.1, 0.05]


def test_a_schedule_may_end_where_the_training_does():
    X, y = data()
    table = np.linspace(0.1, 0.01, len(X))
    rate = schedules.warmup(lambda t: table[t - 1], steps=4)
    model = SGDRegressor(learning_rate=rate, random_state=3).partial_fit(X[:30], y[:30])
    np.testing.assert_allclose(model.history_[0]["lr"], table[30 - 4 - 1])
    with pytest.raises(IndexError):
        model.fit(X, y)
    SGDRegressor(learning_rate=rate, batch_size="full", max_iter=len(X) + 4, tol=None).fit(X, y)
    rate = schedules.exponential(1e-6, factor=10.0)  # which is inf at update 316
    assert SGDRegressor(learning_rate=rate).partial_fit(X[:5], y[:5]).history_[0]["lr"] < 0.011


def test_a_rate_of_parts_is_fed_with_losses_and_may_want_single_updates():
    X, y = data()
    options = dict(max_iter=5, tol=None, random_state=3)
    plateau = schedules.ReduceOnPlateau(0.1, patience=0, threshold=0.9)
    expected = [
        row["lr"] for row in SGDRegressor(learning_rate=plateau, **options).fit(X, y).history_
    ]
    assert expected[-1] < expected[0]
    for rate in (schedules.warmup(plateau, steps=3), schedules.join([0.1, plateau], [3])):
        model = SGDRegressor(learning_rate=rate, **options).fit(X, y)
        assert [row["lr"] for row in model.history_] == expected
        parts = SGDRegressor(learning_rate=rate, **{**options, "max_iter": 2}).fit(X, y)
        parts.set_params(max_iter=3, warm_start=True).fit(X, y)
        assert bits(parts) == bits(model)
    single = schedules.warmup(lambda t: 0.1 / math.sqrt(t), steps=3)
    array = schedules.warmup(schedules.inverse_sqrt(0.1), steps=3)
    fits = [SGDRegressor(learning_rate=rate, **options).fit(X, y) for rate in (single, array)]
    np.testing.assert_allclose(fits[0].coef_, fits[1].coef_, rtol=1e-5)


@pytest.mark.parametrize("optimizer", AVERAGED)
@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_array])
def test_an_average_that_begins_after_the_cut_gives_the_same_bits(optimizer, convert):
    rng = np.random.default_rng(4)
    options = dict(optimizer=optimizer, average=30, tol=None, random_state=0, warm_start=True)
    options |= {"learning_rate": "constant"}
    for _ in range(20):
        X, y = convert(rng.standard_normal((20, 3))), rng.standard_normal(20)
        whole = SGDRegressor(max_iter=2, **options).fit(X, y)
        assert bits(SGDRegressor(max_iter=1, **options).fit(X, y).fit(X, y)) == bits(whole)


def test_trainings_of_equal_models_at_different_updates_do_not_meet():
    X, y = data()
    rate = schedules.inverse_sqrt(0.1)
    expected = SGDRegressor(learning_rate=rate, random_state=3).partial_fit(X, y)
    for first in (1, 30, 90):
        other = SGDRegressor(learning_rate=rate, random_state=3).partial_fit(X[:first], y[:first])
        other.partial_fit(X[:1], y[:1])
        found = SGDRegressor(learning_rate=rate, random_state=3).partial_fit(X, y)
        assert bits(found) == bits(expected)
        assert found.history_[0]["lr"] == expected.history_[0]["lr"]


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
def test_another_penalty_leaves_the_rest_of_a_training_as_it_is(optimizer):
    X, y = data()
    options = dict(optimizer=optimizer, tol=None, penalty=None, random_state=3)
    expected = SGDRegressor(max_iter=2, **options).fit(X, y)
    model = SGDRegressor(max_iter=1, warm_start=True, **options).fit(X, y)
    model.set_params(penalty="elasticnet", alpha=1e-30).fit(X, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-5)


def test_weights_given_by_hand_are_where_an_unfitted_model_starts():
    X, y = data()
    start = np.linspace(-1, 1, 13).astype(np.float32)
    options = dict(max_iter=1, tol=None, random_state=3)
    expected = bits(SGDRegressor(**options).fit(X, y, coef_init=start, intercept_init=[0.5]))
    for method in ("fit", "partial_fit"):
        model = SGDRegressor(warm_start=True, **options)
        model.coef_, model.intercept_ = start, 0.5
        np.testing.assert_allclose(model.predict(X), X @ start + 0.5, rtol=1e-5)
        assert bits(getattr(model, method)(X, y)) == expected
    model = SGDRegressor(**options)
    model.coef_, model.intercept_ = start, 0.5
    assert bits(model.fit(X, y)) == bits(SGDRegressor(**options).fit(X, y))

    expected = bits(SGDClassifier(**options).fit(X, y > 0, coef_init=start))
    for method in ("fit", "partial_fit"):
        model = SGDClassifier(warm_start=True, **options)
        model.classes_ = np.array([False, True])
        model.coef_, model.intercept_ = start[np.newaxis], np.zeros(1)
        assert bits(getattr(model, method)(X, y > 0)) == expected


def test_weights_taken_from_a_model_do_not_change_with_it():
    X, y = data()
    model = SGDRegressor(random_state=3).partial_fit(X, y)
    taken, copy = model.coef_, model.coef_.copy()
    model.partial_fit(X, y)
    np.testing.assert_array_equal(taken, copy)


def test_every_epoch_has_an_order_of_its_own():
    X, y = data()
    options = dict(tol=None, random_state=3)
    model = SGDRegressor(shuffle=False, **options)
    for epoch in range(3):
        order = _core.permutation(len(X), 3, epoch)
        model.partial_fit(X[order], y[order])
    assert bits(model) == bits(SGDRegressor(max_iter=3, **options).fit(X, y))


@pytest.mark.parametrize("batch_size", [1, 7, 50])
def test_an_epoch_in_many_parts_is_one_epoch(batch_size, monkeypatch):
    X, y = data()
    options = dict(batch_size=batch_size, optimizer="adam", max_iter=3, tol=None, random_state=3)
    options["learning_rate"] = schedules.inverse_sqrt(0.1)
    whole = SGDRegressor(**options).fit(X, y)
    monkeypatch.setattr(training, "MOST_PREDICTIONS", 16)
    parts = SGDRegressor(**options).fit(X, y)
    assert bits(parts) == bits(whole)
    assert parts.history_[-1]["loss"] == pytest.approx(whole.history_[-1]["loss"])


def test_without_warm_start_a_fit_begins_anew():
    X, y = data()
    model = SGDClassifier(max_iter=3, tol=None, random_state=3)
    assert bits(model.fit(X, y)) == bits(model.fit(X, y))


def test_more_classes_are_that_many_binary_fits():
    X, y = data()
    options = dict(random_state=3, loss="log_loss", optimizer="adam", alpha=0.1)
    options |= dict(max_iter=5, tol=None)
    model = SGDClassifier(**options).fit(X, y)
    ones = [SGDClassifier(**options).fit(X, y == name) for name in model.classes_]
    np.testing.assert_array_equal([one.coef_[0] for one in ones], model.coef_)
    np.testing.assert_array_equal([one.intercept_[0] for one in ones], model.intercept_)
    first = np.mean([one.history_[0]["loss"] for one in ones])
    assert model.history_[0]["loss"] == pytest.approx(first)


@pytest.mark.parametrize("kind", [SGDClassifier, SGDRegressor])
def test_every_isa_gives_the_same_model(kind, dtype, on_every_isa):
    X, y = data(dtype=dtype)
    fits = on_every_isa(lambda: bits(kind(max_iter=5, tol=None, random_state=0).fit(X, y)))
    assert len(set(fits)) == 1


def test_the_environment_changes_no_byte_of_a_model():
    code = (
        "import pickle, sys, numpy as np; from fastopt.linear_model import SGDClassifier\n"
        "X = np.random.default_rng(0).uniform(-1, 1, (500, 40)).astype('f4')\n"
        "m = SGDClassifier('log_loss', random_state=0, optimizer='adam').fit(X, X[:, 0] > 0)\n"
        "del m.history_\n"  # it holds seconds
        "sys.stdout.write(pickle.dumps(m).hex())"
    )
    models = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "FASTOPT_ISA": isa},
            capture_output=True,
            check=True,
        ).stdout
        for isa, can in _core.ISAS.items()
        if can
    }
    assert len(models) == 1


@pytest.mark.parametrize("optimizer", ["adam", "momo", "adan", "radam"])
def test_what_one_model_has_trained_changes_nothing_in_the_next(optimizer):
    X, y = data(dtype=np.float64)
    y = y > 0

    def fresh():
        model = SGDClassifier("log_loss", optimizer=optimizer, random_state=0)
        return bits(model.partial_fit(X, y, classes=[False, True]))

    expected = fresh()
    other = SGDClassifier("log_loss", optimizer=optimizer, random_state=0)
    other.partial_fit(np.tile(X, (500, 1)), np.tile(y, 500), classes=[False, True])
    other.partial_fit(X, y)
    assert fresh() == expected


AVERAGES = [{"average": True}, {"optimizer": "schedule_free_sgd"}, {"optimizer": "asgd"}]


@pytest.mark.parametrize("options", AVERAGES, ids=str)
def test_weights_apart_go_on_after_joblib(options, tmp_path):
    X, y = data()
    model = SGDRegressor(learning_rate="constant", random_state=3, **options).partial_fit(X, y)
    joblib.dump(model, tmp_path / "model")
    loaded = joblib.load(tmp_path / "model")
    assert bits(loaded.partial_fit(X, y)) == bits(model.partial_fit(X, y))


ANCHORED = [name for name, rule in optim.OPTIMIZERS.items() if rule.anchored]


@pytest.mark.parametrize("optimizer", ANCHORED)
@pytest.mark.parametrize("penalty", ["l2", "l1", None])
@pytest.mark.parametrize("init", [False, True], ids=["set", "given"])
def test_weights_set_by_hand_are_gone_on_from(optimizer, penalty, init):
    X, y = data(dtype=np.float64)
    how = dict(optimizer=optimizer, penalty=penalty, learning_rate="constant", eta0=1e-3, tol=None)
    model = SGDRegressor(warm_start=True, random_state=3, max_iter=3, **how).fit(X, y)
    start, intercept = np.linspace(1, 2, X.shape[1]), np.array([-3.0])
    model.set_params(max_iter=1)
    if init:
        model.fit(X[:1], y[:1], coef_init=start, intercept_init=intercept)
    else:
        model.coef_, model.intercept_ = start, intercept
        model.partial_fit(X[:1], y[:1])
    np.testing.assert_allclose(model.coef_, start, atol=0.05)
    np.testing.assert_allclose(model.intercept_, intercept, atol=0.05)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (dict(optimizer="ftrl", eta0=0.1), dict(eta0=0.01)),
        (
            dict(optimizer=optim.ScheduleFreeSGD(b1=0.9)),
            dict(optimizer=optim.ScheduleFreeSGD(b1=0.1)),
        ),
    ],
    ids=["ftrl", "schedule_free_sgd"],
)
def test_options_that_weights_are_made_from_may_change_between_fits(before, after):
    X, y = data(dtype=np.float64)
    model = SGDRegressor(learning_rate="constant", warm_start=True, tol=None, max_iter=3, **before)
    start = model.fit(X, y).coef_
    model.set_params(max_iter=1, **after).partial_fit(X[:1], 0 * y[:1])
    assert np.abs(model.coef_ - start).max() < 0.1 * np.abs(start).max()
