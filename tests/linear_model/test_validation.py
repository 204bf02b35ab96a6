"""Beside the training: what is held out, watched and told; and scikit-learn's other tools."""

import copy
import threading

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import (
    GridSearchCV,
    ShuffleSplit,
    StratifiedShuffleSplit,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastopt import _reference, schedules
from fastopt.linear_model import SGDClassifier, SGDRegressor


def data(n=80, d=6):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (n, d))
    t = X @ rng.uniform(-2, 2, (d, 2)) + rng.normal(0, 0.5, (n, 2))
    high = t > np.quantile(t, 0.6, axis=0)
    return X, 2 * high[:, 0] + high[:, 1], t


X, many, both = data()
two, t = many % 2, both[:, 0]
WEIGHT = np.linspace(0.5, 2, len(X))
KINDS = [
    (SGDClassifier, "log_loss", two),
    (SGDClassifier, "log_loss", many),
    (SGDClassifier, "multinomial", many),
    (SGDRegressor, "squared_error", t),
    (SGDRegressor, "squared_error", both),
]
IDS = ["two classes", "four classes", "jointly", "one target", "two targets"]
OPTIONS = dict(learning_rate="constant", eta0=0.02, max_iter=4, tol=None, random_state=0)
CONTAINERS = [np.asarray, sparse.csr_array]

every_kind = pytest.mark.parametrize(("kind", "loss", "y"), KINDS, ids=IDS)


def bits(model):
    return np.ascontiguousarray(model.coef_).tobytes() + model.intercept_.tobytes()


def state(model):
    """What a training has left behind, for np.testing.assert_equal."""
    state = copy.deepcopy({name: a for name, a in vars(model).items() if name.endswith("_")})
    return state | (copy.deepcopy(vars(model._progress)) if hasattr(model, "_progress") else {})


def copied(model):
    """The model as it now is."""
    return copy.deepcopy(model)


def values(history, *names):
    return [[row[name] for name in names] for row in history]


def mean_loss(model, X, y, weight=None):
    """The mean over rows and outputs of the loss, from the formulas of the reference."""
    if isinstance(model, SGDRegressor):
        z = model.predict(X).reshape(len(y), -1)
        losses = _reference.LOSSES[model.loss][0](z, y.reshape(len(y), -1)).mean(axis=1)
        return np.average(losses, weights=weight)
    z = model.decision_function(X).reshape(len(y), -1)
    index = np.searchsorted(model.classes_, y)
    if model.loss == "multinomial":
        return np.average(_reference.JOINT_LOSSES["multinomial"][0](z, index), weights=weight)
    signs = 2 * index[:, np.newaxis] - 1
    if z.shape[1] > 1:
        signs = np.where(index[:, np.newaxis] == np.arange(z.shape[1]), 1, -1)
    return np.average(_reference.LOSSES[model.loss][0](z, signs).mean(axis=1), weights=weight)


def split(kind, y, fraction=0.25):
    splitter = StratifiedShuffleSplit if kind is SGDClassifier else ShuffleSplit
    return next(splitter(test_size=fraction, random_state=0).split(np.zeros((len(y), 1)), y))


# Early stopping.


@every_kind
@pytest.mark.parametrize("convert", CONTAINERS)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("batch_size", [1, 7, "full"])
def test_early_stopping_trains_on_scikit_learns_part_alone(
    kind, loss, y, convert, weight, batch_size
):
    options = dict(OPTIONS, batch_size=batch_size, loss=loss)
    train, held_out = (np.sort(rows) for rows in split(kind, y))
    part, rest = (None if weight is None else weight[rows] for rows in (train, held_out))
    epochs = []
    model = kind(early_stopping=True, validation_fraction=0.25, **options)
    model.fit(convert(X), y, None, None, weight, callbacks=lambda m: epochs.append(copied(m)))
    other = kind(**options).fit(convert(X)[train], y[train], sample_weight=part)
    assert bits(model) == bits(other)
    assert len(epochs) == 4
    for epoch, row in zip(epochs, model.history_, strict=True):
        score = epoch.score(X[held_out], y[held_out], rest)
        assert row["validation_score"] == pytest.approx(score, rel=1e-9)
        expected = mean_loss(epoch, X[held_out], y[held_out], rest)
        assert row["validation_loss"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kind", [SGDClassifier, SGDRegressor])
@pytest.mark.parametrize("tol", [1e-3, 0.02])
@pytest.mark.parametrize("n_iter_no_change", [1, 4])
def test_early_stopping_stops_when_the_score_no_longer_rises(kind, tol, n_iter_no_change):
    options = dict(OPTIONS, tol=tol, n_iter_no_change=n_iter_no_change, max_iter=1000)
    y = two if kind is SGDClassifier else t
    model = kind(early_stopping=True, validation_fraction=0.25, **options).fit(X, y)
    scores = np.ravel(values(model.history_, "validation_score"))
    best, stale = -np.inf, 0
    for epoch, score in enumerate(scores, start=1):
        stale = stale + 1 if score < best + tol else 0
        best = max(best, score)
        assert (stale == n_iter_no_change) == (epoch == model.n_iter_)


def test_early_stopping_without_tol_does_not_stop():
    model = SGDClassifier(early_stopping=True, **{**OPTIONS, "max_iter": 50}).fit(X, two)
    assert model.n_iter_ == 50


def test_early_stopping_is_not_for_partial_fit():
    for kind in (SGDClassifier, SGDRegressor):
        model = kind(early_stopping=True)
        with pytest.raises(ValueError, match="early_stopping should be False with partial_fit"):
            model.partial_fit(X, two)


def test_a_held_out_part_without_weight_is_refused():
    _, held_out = split(SGDClassifier, two)
    weight = np.ones(len(X))
    weight[held_out] = 0
    model = SGDClassifier(early_stopping=True, validation_fraction=0.25, **OPTIONS)
    with pytest.raises(ValueError, match="sample weights for validation set are all zero"):
        model.fit(X, two, sample_weight=weight)
    assert not hasattr(model, "coef_")


# Other data to watch.


@every_kind
@pytest.mark.parametrize("convert", CONTAINERS)
@pytest.mark.parametrize("weight", [None, WEIGHT[:30]], ids=["plain", "weighted"])
def test_an_eval_set_is_scored_after_each_epoch(kind, loss, y, convert, weight):
    given = (convert(X[:30]), y[:30]) if weight is None else (convert(X[:30]), y[:30], weight)
    epochs = []
    model = kind(loss, **OPTIONS).fit(
        convert(X[30:]), y[30:], eval_set=given, callbacks=lambda m: epochs.append(copied(m))
    )
    assert bits(model) == bits(kind(loss, **OPTIONS).fit(convert(X[30:]), y[30:]))
    for epoch, row in zip(epochs, model.history_, strict=True):
        score = epoch.score(X[:30], y[:30], weight)
        assert row["validation_score"] == pytest.approx(score, rel=1e-9)
        expected = mean_loss(epoch, X[:30], y[:30], weight)
        assert row["validation_loss"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kind", [SGDClassifier, SGDRegressor])
def test_early_stopping_on_an_eval_set_holds_nothing_out(kind):
    options = dict(OPTIONS, tol=0.01, max_iter=1000, n_iter_no_change=3)
    y = two if kind is SGDClassifier else t
    model = kind(early_stopping=True, **options).fit(X[30:], y[30:], eval_set=(X[:30], y[:30]))
    scores = np.ravel(values(model.history_, "validation_score"))
    assert scores[-1] == pytest.approx(model.score(X[:30], y[:30]))
    assert (scores[-3:] < np.maximum.accumulate(scores)[-4:-1] + 0.01).all()
    options |= dict(tol=None, max_iter=model.n_iter_)
    assert bits(model) == bits(kind(**options).fit(X[30:], y[30:]))


@pytest.mark.parametrize(
    ("eval_set", "error", "message"),
    [
        (X, TypeError, "eval_set must be"),
        ((X,), TypeError, "eval_set must be"),
        ((X[:, :5], two), ValueError, "expecting 6 features"),
        ((X, two[:-1]), ValueError, "inconsistent numbers of samples"),
        ((np.where(X.max() == X, np.nan, X), two), ValueError, "X contains NaN"),
        ((X, two, np.ones(3)), ValueError, "sample_weight"),
        ((X, two + 5), ValueError, "classes"),
        ((X, many), ValueError, "classes"),
    ],
)
def test_a_bad_eval_set_is_named(eval_set, error, message):
    for model in (SGDClassifier(**OPTIONS), SGDClassifier(**OPTIONS).fit(X, two)):
        before = state(model)
        with pytest.raises(error, match=message):
            model.fit(X, two, eval_set=eval_set)
        np.testing.assert_equal(state(model), before)


def test_an_eval_set_of_other_targets_is_named():
    for y in (t, np.where(np.arange(80) == 3, np.nan, t)[:, np.newaxis].repeat(2, axis=1)):
        model = SGDRegressor(**OPTIONS)
        with pytest.raises(ValueError, match="y "):
            model.fit(X, both, eval_set=(X, y))
        assert not hasattr(model, "coef_")
    with pytest.raises(ValueError, match="y must be >= 0"):
        SGDRegressor("poisson", **OPTIONS).fit(X, np.abs(t), eval_set=(X, t))


@every_kind
@pytest.mark.parametrize("watched", ["training", "eval_set", "early_stopping"])
@pytest.mark.parametrize("average", [False, True])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_best_epoch_is_restored(kind, loss, y, watched, average):
    options = dict(OPTIONS, loss=loss, average=average, max_iter=6)
    options["learning_rate"] = growing
    if watched == "early_stopping":
        options |= dict(early_stopping=True, validation_fraction=0.25)
    given = {"eval_set": (X[:30], y[:30])} if watched == "eval_set" else {}
    epochs = []
    model = kind(restore_best=True, alpha=0, **options)
    model.fit(X[20:], y[20:], **given, callbacks=lambda m: epochs.append(copied(m)))
    names = {"training": "loss", "eval_set": "validation_loss"}
    if watched == "early_stopping":
        best = np.argmax(values(model.history_, "validation_score"))
    else:
        best = np.argmin(values(model.history_, names[watched]))
        assert best < 5
    assert bits(model) == bits(epochs[best])
    assert len(model.history_) == model.n_iter_ == 6


def growing(t):
    """A learning rate that ruins the weights in the end."""
    return np.minimum(0.03 * 1.02**t, 5)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_best_epoch_of_a_training_has_the_least_objective():
    options = dict(OPTIONS, learning_rate=growing, max_iter=6, alpha=0.5)
    epochs = []
    model = SGDRegressor(restore_best=True, **options)
    model.fit(X, both, callbacks=lambda m: epochs.append(copied(m)))
    penalties = [0.5 / 2 * np.square(epoch.coef_).sum() / 2 for epoch in epochs]
    best = np.argmin(np.ravel(values(model.history_, "loss")) + penalties)
    assert best < 5
    assert bits(model) == bits(epochs[best])


# Callbacks.


class Recorder:
    """What is called, and when."""

    def __init__(self, stop=None, fail=None, error=RuntimeError):
        self.events, self.stop, self.fail, self.error = [], stop, fail, error

    def tell(self, event, model):
        self.events.append((event, len(model.history_)))
        if (event, len(model.history_)) == self.fail:
            raise self.error("told to")
        return (event, len(model.history_)) == self.stop

    def on_fit_begin(self, model):
        return self.tell("fit begins", model)

    def on_epoch_begin(self, model):
        return self.tell("epoch begins", model)

    def on_epoch_end(self, model):
        return self.tell("epoch ends", model)

    def on_fit_end(self, model):
        return self.tell("fit ends", model)


def test_callbacks_are_told_of_each_event_in_order():
    recorder, seen = Recorder(), []
    model = SGDClassifier(**{**OPTIONS, "max_iter": 2})
    model.fit(X, two, callbacks=[recorder, lambda m: seen.append((m, m.n_iter_, m.coef_.copy()))])
    assert recorder.events == [
        ("fit begins", 0),
        ("epoch begins", 0),
        ("epoch ends", 1),
        ("epoch begins", 1),
        ("epoch ends", 2),
        ("fit ends", 2),
    ]
    assert [(m is model, n) for m, n, _ in seen] == [(True, 1), (True, 2)]
    np.testing.assert_array_equal(seen[1][2], model.coef_)
    first = SGDClassifier(**{**OPTIONS, "max_iter": 1}).fit(X, two)
    np.testing.assert_array_equal(seen[0][2], first.coef_)


def test_a_callback_may_have_some_of_the_methods():
    class Last:
        def on_fit_end(self, model):
            self.coef = model.coef_

    last = Last()
    model = SGDClassifier(**OPTIONS).fit(X, two, callbacks=last)
    assert last.coef is model.coef_


def test_a_callback_stops_the_fit():
    recorder = Recorder(stop=("epoch ends", 3))
    model = SGDClassifier(**{**OPTIONS, "max_iter": 9}).fit(X, two, callbacks=[recorder])
    assert model.n_iter_ == len(model.history_) == 3
    assert recorder.events[-1] == ("fit ends", 3)
    assert bits(model) == bits(SGDClassifier(**{**OPTIONS, "max_iter": 3}).fit(X, two))
    for nothing in (None, False, 1, "yes"):  # only True does
        model.fit(X, two, callbacks=lambda m, nothing=nothing: nothing)
        assert model.n_iter_ == 9


def test_every_callback_is_told_although_the_first_stops():
    recorders = [Recorder(stop=("epoch ends", 1)), Recorder()]
    SGDClassifier(**OPTIONS).fit(X, two, callbacks=recorders)
    assert recorders[0].events == recorders[1].events


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize(
    "fail", [("fit begins", 4), ("epoch ends", 6), ("epoch begins", 7), ("fit ends", 8)], ids=str
)
def test_an_error_in_a_callback_leaves_the_estimator_as_before(warm_start, optimizer, fail):
    options = dict(OPTIONS, optimizer=optimizer, warm_start=warm_start, average=True)
    for convert in CONTAINERS:
        event, epoch = fail
        for model in (SGDClassifier(**options).fit(convert(X), many), SGDClassifier(**options)):
            goes_on = warm_start and hasattr(model, "coef_")
            before = state(model)
            recorder = Recorder(fail=(event, epoch if goes_on else epoch - 4))
            with pytest.raises(RuntimeError, match="told to"):
                model.fit(convert(X), many, callbacks=recorder)
            np.testing.assert_equal(state(model), before)


@pytest.mark.parametrize("callbacks", [1, "print", [print, None], object()])
def test_what_is_no_callback_is_named(callbacks):
    with pytest.raises(TypeError, match="callbacks must be"):
        SGDClassifier(**OPTIONS).fit(X, two, callbacks=callbacks)


@pytest.mark.parametrize("convert", CONTAINERS)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("average", [False, True])
def test_an_interrupt_leaves_a_usable_model(convert, optimizer, average):
    options = dict(OPTIONS, optimizer=optimizer, average=average)
    for event, epoch in (("epoch ends", 3), ("epoch begins", 3)):
        model = SGDClassifier(**{**options, "max_iter": 9})
        recorder = Recorder(fail=(event, epoch), error=KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            model.fit(convert(X), many, callbacks=recorder)
        three = SGDClassifier(**{**options, "max_iter": 3}).fit(convert(X), many)
        assert bits(model) == bits(three)
        assert len(model.history_) == model.n_iter_ == 3
        assert model.t_ == three.t_
        np.testing.assert_array_equal(model.predict(X), three.predict(X))
        model.set_params(warm_start=True, max_iter=2).fit(convert(X), many)
        five = SGDClassifier(**{**options, "max_iter": 5}).fit(convert(X), many)
        assert bits(model) == bits(five)


def test_an_interrupt_in_the_first_epoch_leaves_a_usable_model():
    model = SGDClassifier(**OPTIONS)
    with pytest.raises(KeyboardInterrupt):
        recorder = Recorder(fail=("epoch begins", 0), error=KeyboardInterrupt)
        model.fit(X, many, callbacks=recorder)
    assert model.predict(X).shape == (80,)
    model.set_params(warm_start=True).fit(X, many)
    assert bits(model) == bits(SGDClassifier(**OPTIONS).fit(X, many))


# What the history tells.


@every_kind
@pytest.mark.parametrize("convert", CONTAINERS)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_the_history_is_that_of_single_rows(kind, loss, y, convert, weight):
    options = dict(OPTIONS, shuffle=False, max_iter=2)
    model = kind(loss, **options).fit(convert(X), y, sample_weight=weight)
    start = kind(loss, **options).fit(X, y)
    start.coef_, start.intercept_ = 0 * start.coef_, 0 * start.intercept_
    single = kind(loss, **options)
    classes = {"classes": np.unique(y)} if kind is SGDClassifier else {}
    weights = np.ones(len(X)) if weight is None else weight
    for row in model.history_:
        losses, right = [], []
        for i in range(len(X)):
            part = slice(i, i + 1)
            before = single if hasattr(single, "coef_") else start
            losses.append(mean_loss(before, X[part], y[part]))
            right.append(before.predict(X[part])[0] == y[i])
            single.partial_fit(convert(X[part]), y[part], sample_weight=weights[part], **classes)
        assert row["loss"] == pytest.approx(np.average(losses, weights=weights), rel=1e-9)
        if kind is SGDClassifier:
            assert row["accuracy"] == pytest.approx(np.average(right, weights=weights), rel=1e-9)
        else:
            assert "accuracy" not in row


@every_kind
@pytest.mark.parametrize("convert", CONTAINERS)
@pytest.mark.parametrize("batch_size", [1, 7, "full"])
def test_the_norm_of_the_gradient_is_the_way_gone_over_the_rates(
    kind, loss, y, convert, batch_size
):
    rate = schedules.inverse_sqrt(0.05)
    options = dict(OPTIONS, batch_size=batch_size, learning_rate=rate, max_iter=1)
    model, done = kind(loss, warm_start=True, **options), 0
    before = np.zeros(1)
    for _ in range(3):
        model.fit(convert(X), y)
        updates = -(-len(X) // (len(X) if batch_size == "full" else batch_size))
        rates = rate(np.arange(done + 1, done + updates + 1))
        expected = np.linalg.norm(model.coef_ - before) / rates.sum()
        assert model.history_[-1]["gradient_norm"] == pytest.approx(expected, rel=1e-9)
        before, done = model.coef_, done + updates


def test_the_norm_of_a_full_gradient_is_that_of_the_objective():
    options = dict(OPTIONS, batch_size="full", alpha=0.1, max_iter=1)
    start = np.linspace(-1, 1, 6)
    model = SGDRegressor(**options).fit(X, t, coef_init=start, intercept_init=[0.5])
    gradient = (X @ start + 0.5 - t) @ X / len(X) + 0.1 * start
    assert model.history_[0]["gradient_norm"] == pytest.approx(np.linalg.norm(gradient))


def test_the_samples_of_a_second_are_counted():
    weight = np.where(np.arange(80) < 20, 0, 1)
    for given, n in ((None, 80), (weight, 60)):
        model = SGDClassifier(**OPTIONS).fit(X, two, sample_weight=given)
        for row in model.history_:
            assert row["samples_per_second"] * row["seconds"] == pytest.approx(n)


# Rows of weight 0, and balanced classes.


@every_kind
@pytest.mark.parametrize("convert", CONTAINERS)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [1, 7, "full"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_row_of_weight_0_is_absent(kind, loss, y, convert, shuffle, batch_size, optimizer):
    options = dict(OPTIONS, shuffle=shuffle, batch_size=batch_size, optimizer=optimizer)
    weight = np.where(np.random.default_rng(1).random(80) < 0.3, 0, WEIGHT)
    there = weight > 0
    balances = [{"class_weight": "balanced"}] if kind is SGDClassifier else []
    for more in ({}, {"average": True}, *balances):
        options |= more
        model = kind(loss, **options).fit(convert(X), y, sample_weight=weight)
        other = kind(loss, **options)
        other.fit(convert(X)[there], y[there], sample_weight=weight[there])
        assert bits(model) == bits(other)
        assert model.t_ == other.t_
        names = model.history_[0].keys() - {"seconds", "samples_per_second"}
        assert values(model.history_, *names) == values(other.history_, *names)


@pytest.mark.parametrize("kind", [SGDClassifier, SGDRegressor])
def test_a_row_of_weight_0_may_hold_nan(kind):
    spoilt, weight = X.copy(), WEIGHT.copy()
    spoilt[3], weight[3] = np.nan, 0
    for convert in CONTAINERS:
        model = kind(**OPTIONS).fit(convert(spoilt), two, sample_weight=weight)
        assert np.isfinite(model.coef_).all()


def test_a_partial_fit_leaves_rows_of_weight_0_out_too():
    weight = np.where(np.arange(80) % 3, WEIGHT, 0)
    there = weight > 0
    for class_weight in (None, "balanced"):
        options = dict(OPTIONS, class_weight=class_weight)
        model = SGDClassifier(**options).partial_fit(X, many, range(4), weight)
        other = SGDClassifier(**options)
        other.partial_fit(X[there], many[there], range(4), weight[there])
        for _ in range(2):
            model.partial_fit(X, many, sample_weight=weight)
            other.partial_fit(X[there], many[there], sample_weight=weight[there])
        assert bits(model) == bits(other)


@pytest.mark.parametrize(
    ("loss", "y"), [("log_loss", two), ("log_loss", many), ("multinomial", many)]
)
@pytest.mark.parametrize("convert", CONTAINERS)
def test_balanced_parts_are_weighed_by_the_counts_so_far(loss, y, convert):
    classes = np.unique(y)
    balanced = SGDClassifier(loss, class_weight="balanced", **OPTIONS)
    plain = SGDClassifier(loss, **OPTIONS)
    counts = np.zeros(len(classes))
    order = np.argsort(y, kind="stable")  # the first parts do not hold all classes
    for part in np.array_split(order, 5):
        counts += np.bincount(y[part], minlength=len(classes))
        weights = counts.sum() / (len(classes) * np.maximum(counts, 1))
        balanced.partial_fit(convert(X[part]), y[part], classes, WEIGHT[part])
        if loss == "log_loss" and len(classes) > 2:
            # Of an output, the rows of its own class are weighed.
            plain.set_params(class_weight=dict(enumerate(weights)))
            plain.partial_fit(convert(X[part]), y[part], classes, WEIGHT[part])
        else:
            plain.partial_fit(convert(X[part]), y[part], classes, WEIGHT[part] * weights[y[part]])
        np.testing.assert_allclose(balanced.coef_, plain.coef_, rtol=1e-12)


def test_a_partial_fit_that_fails_counts_nothing():
    model = SGDClassifier(class_weight="balanced", **OPTIONS).partial_fit(X, two, [0, 1])
    other = copy.deepcopy(model)
    spoilt = np.where(X[70, 2] == X, np.nan, X)
    with pytest.raises(ValueError, match="X contains NaN"):
        model.partial_fit(spoilt, np.zeros(80, int))
    assert bits(model.partial_fit(X, two)) == bits(other.partial_fit(X, two))


# scikit-learn's other tools.


@pytest.mark.parametrize("convert", CONTAINERS)
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "adam"])
def test_fits_in_two_threads_are_those_of_one_after_the_other(convert, optimizer):
    rng = np.random.default_rng(0)
    problems = []
    for _ in range(2):
        rows = rng.uniform(-1, 1, (3000, 20)) * (rng.random((3000, 20)) < 0.3)
        problems.append((convert(rows), rows[:, :4].argmax(axis=1)))
    options = dict(OPTIONS, penalty="elasticnet", optimizer=optimizer, max_iter=6)
    found = [b"", b""]

    def run(k):
        found[k] = bits(SGDClassifier(**options).fit(*problems[k]))

    threads = [threading.Thread(target=run, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [bits(SGDClassifier(**options).fit(*problem)) for problem in problems]


NEW = dict(loss="multinomial", penalty="elasticnet", average=True, optimizer="adam", tol=1e-3)
NEW |= dict(early_stopping=True, restore_best=True, bounds=(-5, 5), batch_size=8, random_state=0)


def test_works_in_pipelines_searches_and_calibration():
    model = SGDClassifier(**NEW)
    assert clone(model).get_params() == model.get_params()
    pipeline = make_pipeline(StandardScaler(), model)
    assert cross_val_score(pipeline, X, two, cv=3).min() > 0.6
    grid = {"sgdclassifier__bounds": [None, (-1, 1), [0, None]]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, two)
    assert search.best_score_ >= cross_val_score(pipeline, X, two, cv=3).mean() - 0.1
    calibrated = CalibratedClassifierCV(model, cv=3).fit(X, many)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    model = SGDRegressor("huber", eta0=0.1, random_state=0)
    scores = cross_validate(model, X, t, cv=3, scoring=("r2", "neg_max_error"))
    assert scores["test_r2"].min() > 0.4


def test_works_on_sparse_output_of_a_pipeline():
    pipeline = make_pipeline(StandardScaler(with_mean=False), SGDClassifier(**NEW))
    assert pipeline.fit(sparse.csr_matrix(X), many).score(sparse.csc_array(X), many) > 0.5


def test_frames_are_fitted_and_predicted():
    frame = pd.DataFrame(X, columns=list("abcdef"), index=np.arange(80)[::-1])
    labels = pd.Series(np.array(["a", "b", "c", "d"])[many], index=frame.index)
    plain = SGDClassifier(**{**NEW, "early_stopping": False})
    pipeline = make_pipeline(StandardScaler(), clone(plain)).set_output(transform="pandas")
    expected = make_pipeline(StandardScaler(), plain).fit(X, labels.to_numpy())
    np.testing.assert_array_equal(pipeline.fit(frame, labels).predict(frame), expected.predict(X))
    np.testing.assert_array_equal(pipeline[-1].feature_names_in_, list("abcdef"))
    targets = pd.DataFrame(both, index=frame.index)
    found = SGDRegressor(**OPTIONS).fit(frame, targets).predict(frame)
    np.testing.assert_array_equal(found, SGDRegressor(**OPTIONS).fit(X, both).predict(X))


def test_a_parameter_is_checked_although_it_equals_the_one_before():
    for name in ("max_iter", "n_iter_no_change", "batch_size"):
        model = SGDClassifier(**{**OPTIONS, name: 3}).fit(X, two)
        with pytest.raises(ValueError, match=f"The '{name}' parameter of SGDClassifier must be"):
            model.set_params(**{name: 3.0}).fit(X, two)


def test_a_frame_may_be_watched():
    frame = pd.DataFrame(X, columns=list("abcdef"))
    for eval_set in (None, (frame, many)):
        model = SGDClassifier(**{**NEW, "early_stopping": eval_set is None})
        model.fit(frame, many, eval_set=eval_set)
        other = SGDClassifier(**{**NEW, "early_stopping": eval_set is None})
        other.fit(X, many, eval_set=eval_set and (X, many))
        assert bits(model) == bits(other)
    for other in (frame[list("fedcba")], frame.rename(columns={"a": "z"})):
        with pytest.raises(ValueError, match="feature names should match"):
            SGDClassifier(**OPTIONS).fit(frame, many, eval_set=(other, many))


def test_sample_weights_are_routed():
    weight = np.where(np.arange(80) % 4, 1.0, 3.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = SGDClassifier(**OPTIONS).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, model)
        pipeline.fit(X, two, sample_weight=weight)
        scaled = StandardScaler().fit_transform(X)
        expected = SGDClassifier(**OPTIONS).fit(scaled, two, sample_weight=weight)
        assert bits(pipeline[-1]) == bits(expected)
        assert pipeline.score(X, two, sample_weight=weight) == pytest.approx(
            expected.score(scaled, two, sample_weight=weight)
        )
        search = GridSearchCV(model, {"alpha": [0.01, 0.1]}, cv=3)
        search.fit(X, two, sample_weight=weight)
        plain = GridSearchCV(SGDClassifier(**OPTIONS), {"alpha": [0.01, 0.1]}, cv=3).fit(X, two)
        assert bits(search.best_estimator_) != bits(plain.best_estimator_)
        partial = clone(model).set_partial_fit_request(sample_weight=True, classes=True)
        routed = partial.get_metadata_routing().partial_fit.requests
        assert routed == {"sample_weight": True, "classes": True}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X[:, :3], y), "eval_set: X has 3 features"),
        (lambda X, y: (X, y + 1), r"eval_set: y holds the classes \[2\]"),
        (lambda X, y: (X, y[:-1]), "eval_set: .*inconsistent numbers of samples"),
        (lambda X, y: (X, y, np.zeros(len(y))), "eval_set: Sample weights must contain"),
        (lambda X, y: (X,), r"eval_set must be \(X, y\)"),
        (lambda X, y: X, r"eval_set must be \(X, y\)"),
    ],
)
def test_an_eval_set_that_does_not_fit_is_named_before_the_training(change, message):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 4))
    y = (X[:, 0] > 0).astype(int)
    model = SGDClassifier("log_loss", random_state=0)
    told = []
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(X, y, eval_set=change(X, y), callbacks=told.append)
    assert not told
    assert not hasattr(model, "coef_")
