"""Many outputs, and what each loss learns: the optimum and the fits that others find."""

import numpy as np
import pytest
from sklearn.linear_model import (
    GammaRegressor,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
    TweedieRegressor,
)
from sklearn.metrics import log_loss

from fastopt import _reference, schedules
from fastopt.linear_model import SGDClassifier, SGDRegressor

from ..rules import ALONE

CLASS_LOSSES = ["hinge", "log_loss", "squared_hinge", "modified_huber", "smooth_hinge", "huber"]


def data(n=150, d=5):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (n, d))
    t = X @ rng.uniform(-2, 2, (d, 3)) + [0.5, 0, -1] + rng.normal(0, 0.5, (n, 3))
    return X, t.argmax(axis=1), t


X, labels, targets = data()
WEIGHT = np.linspace(0.5, 2, len(X))
POSITIVE = np.exp(targets[:, 0] / 2)
OPTIONS = dict(learning_rate="constant", eta0=0.05, alpha=0.01, max_iter=4, tol=None)
FULL = dict(
    learning_rate="constant", optimizer="nesterov", batch_size="full", max_iter=1000, tol=None
)


def classifier(loss, **options):
    return SGDClassifier(loss, random_state=0, **{**OPTIONS, **options})


def regressor(loss, **options):
    return SGDRegressor(loss, random_state=0, **{**OPTIONS, **options})


def test_the_joint_loss_finds_the_optimum_of_multinomial_regression():
    model = SGDClassifier("multinomial", alpha=0.01, eta0=0.3, **FULL).fit(X, labels)
    best = LogisticRegression(C=1 / (0.01 * len(X)), tol=1e-10, max_iter=1000).fit(X, labels)
    np.testing.assert_allclose(model.coef_, best.coef_, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict_proba(X), best.predict_proba(X), rtol=1e-5)
    np.testing.assert_array_equal(model.predict(X), best.predict(X))


@pytest.mark.parametrize("batch_size", [1, 10])
def test_a_falling_rate_leads_the_joint_loss_there_too(batch_size):
    rate = schedules.inverse_scaling(2.0, 0.75)
    options = dict(alpha=0.05, learning_rate=rate, max_iter=600, batch_size=batch_size)
    model = classifier("multinomial", **options).fit(X, labels, sample_weight=WEIGHT)
    best = LogisticRegression(C=1 / (0.05 * len(X)), tol=1e-10, max_iter=1000)
    best.fit(X, labels, sample_weight=WEIGHT)
    np.testing.assert_allclose(model.predict_proba(X), best.predict_proba(X), atol=0.01)


@pytest.mark.parametrize("loss", ["multinomial", "log_loss", "modified_huber"])
def test_probabilities_sum_to_1_and_rise_with_the_scores(loss):
    model = classifier(loss).fit(X, labels)
    far = 1e3 * X  # where exp would overflow
    for rows in (X, far):
        p = model.predict_proba(rows)
        assert p.shape == (len(X), 3)
        assert (p >= 0).all()
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
        np.testing.assert_array_equal(
            p.max(axis=1), p[np.arange(len(X)), model.predict(rows).astype(int)]
        )


def test_the_joint_loss_of_two_classes_is_log_loss():
    fits = [classifier(loss).fit(X, labels > 0) for loss in ("multinomial", "log_loss")]
    np.testing.assert_array_equal(fits[0].coef_, fits[1].coef_)
    assert fits[0].coef_.shape == (1, 5)
    np.testing.assert_array_equal(fits[0].predict_proba(X), fits[1].predict_proba(X))
    assert fits[0].history_[-1]["loss"] == fits[1].history_[-1]["loss"]


def test_the_joint_history_is_the_log_loss():
    model = classifier("multinomial").fit(X, labels, eval_set=(X, labels, WEIGHT))
    expected = log_loss(labels, model.predict_proba(X), sample_weight=WEIGHT)
    assert model.history_[-1]["validation_loss"] == pytest.approx(expected)


@pytest.mark.filterwarnings("ignore:The loss of epoch #1 was")
def test_the_joint_loss_of_scores_that_overflow_exp_is_finite():
    start = np.diag([1e3, -1e3, 1e3])
    model = classifier("multinomial", eta0=1e-3, max_iter=1)
    model.fit(np.eye(3), [0, 1, 2], coef_init=start)
    assert np.isfinite(model.history_[0]["loss"])
    assert model.coef_[1, 1] > start[1, 1]


@pytest.mark.parametrize("loss", CLASS_LOSSES)
@pytest.mark.parametrize("optimizer", ALONE)
@pytest.mark.parametrize("batch_size", [1, 8])
def test_one_versus_the_rest_is_that_many_binary_fits(loss, optimizer, batch_size):
    options = dict(optimizer=optimizer, batch_size=batch_size, eta0=0.01)
    model = classifier(loss, **options).fit(X, labels, sample_weight=WEIGHT)
    ones = [
        classifier(loss, **options).fit(X, labels == k, sample_weight=WEIGHT)
        for k in model.classes_
    ]
    assert model.coef_.shape == (3, 5)
    np.testing.assert_allclose(model.coef_, [one.coef_[0] for one in ones], rtol=1e-12)
    np.testing.assert_allclose(model.intercept_, [one.intercept_[0] for one in ones], rtol=1e-12)
    means = [np.mean([one.history_[k]["loss"] for one in ones]) for k in range(4)]
    np.testing.assert_allclose([row["loss"] for row in model.history_], means, rtol=1e-9)


@pytest.mark.parametrize("n_classes", [3, 4, 7, 8, 9, 15, 16, 17, 33])
@pytest.mark.parametrize("penalty", ["l2", "l1"])
@pytest.mark.parametrize("average", [False, True])
def test_any_number_of_classes_is_that_many_binary_fits(n_classes, penalty, average):
    y = np.arange(len(X)) % n_classes
    options = dict(penalty=penalty, average=average, max_iter=2)
    model = classifier("log_loss", **options).fit(X, y)
    ones = [classifier("log_loss", **options).fit(X, y == k) for k in model.classes_]
    np.testing.assert_allclose(model.coef_, [one.coef_[0] for one in ones], rtol=1e-11, atol=1e-15)
    best = model.decision_function(X).argmax(axis=1)
    np.testing.assert_array_equal(model.predict(X), best)


BALANCED = len(X) / (3 * np.bincount(labels))
BY_CLASS = {"balanced": BALANCED, "dict": np.array([0.5, 3.0, 1.5])}


@pytest.mark.parametrize("given", BY_CLASS)
def test_class_weights_weigh_the_rows_of_the_joint_loss(given):
    weights = BY_CLASS[given]
    class_weight = "balanced" if given == "balanced" else dict(enumerate(weights))
    model = classifier("multinomial", class_weight=class_weight).fit(
        X, labels, sample_weight=WEIGHT
    )
    other = classifier("multinomial").fit(X, labels, sample_weight=WEIGHT * weights[labels])
    np.testing.assert_allclose(model.coef_, other.coef_, rtol=1e-12)
    np.testing.assert_allclose(model.intercept_, other.intercept_, rtol=1e-12)


@pytest.mark.parametrize("given", BY_CLASS)
@pytest.mark.parametrize("batch_size", [1, 8])
def test_class_weights_weigh_the_rows_of_an_outputs_own_class(given, batch_size):
    weights = BY_CLASS[given]
    class_weight = "balanced" if given == "balanced" else dict(enumerate(weights))
    options = dict(batch_size=batch_size)
    model = classifier("log_loss", class_weight=class_weight, **options)
    model.fit(X, labels, sample_weight=WEIGHT)
    for k in range(3):
        own = np.where(labels == k, weights[k], 1)
        one = classifier("log_loss", **options).fit(X, labels == k, sample_weight=WEIGHT * own)
        np.testing.assert_allclose(model.coef_[k], one.coef_[0], rtol=1e-12)
        np.testing.assert_allclose(model.intercept_[k], one.intercept_[0], rtol=1e-12)


def test_one_epoch_of_many_classes_is_that_of_the_reference():
    w, b = np.zeros((3, 5)), np.zeros(3)
    _reference.epoch(
        X, labels.astype(float), w, b, loss="log_loss", optimizer="sgd", w_state={},
        intercept_state={}, hypers=[{"lr": 0.05, "l2": 0.01, "decay": 0, "l1": 0}], batch_size=8,
        sample_weight=WEIGHT, positive_weight=BY_CLASS["dict"], classes=True,
    )  # fmt: skip
    options = dict(shuffle=False, max_iter=1, batch_size=8)
    model = classifier("log_loss", class_weight=dict(enumerate(BY_CLASS["dict"])), **options)
    np.testing.assert_allclose(model.fit(X, labels, sample_weight=WEIGHT).coef_, w, rtol=1e-10)


def test_modified_huber_is_never_undecided_where_one_class_is_clear():
    model = classifier("modified_huber").fit(X, labels)
    model.coef_ = np.zeros((3, 5))
    for scores, expected in [
        ([-3, -2, -5], [0, 1, 0]),  # clipped to probabilities of 0, all of them
        ([-2, -2, -5], [0.5, 0.5, 0]),
        ([-1, -1.5, -1], [0.5, 0, 0.5]),
        ([0, -2, -3], [1, 0, 0]),
        ([3, 1, -1], [0.5, 0.5, 0]),
        ([0, 0, 0], [1 / 3, 1 / 3, 1 / 3]),
    ]:
        model.intercept_ = np.array(scores, float)
        np.testing.assert_allclose(model.predict_proba(X[:1])[0], expected, atol=1e-15)


@pytest.mark.parametrize("loss", ["squared_error", "huber", "quantile", "poisson"])
@pytest.mark.parametrize("optimizer", ALONE)
@pytest.mark.parametrize("batch_size", [1, 8, "full"])
@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_several_targets_are_that_many_fits(loss, optimizer, batch_size, penalty):
    options = dict(optimizer=optimizer, batch_size=batch_size, penalty=penalty, eta0=0.005)
    y = np.abs(targets)
    model = regressor(loss, **options).fit(X, y, sample_weight=WEIGHT)
    ones = [regressor(loss, **options).fit(X, t, sample_weight=WEIGHT) for t in y.T]
    assert model.coef_.shape == (3, 5)
    assert model.intercept_.shape == (3,)
    np.testing.assert_allclose(model.coef_, [one.coef_ for one in ones], rtol=1e-11)
    np.testing.assert_allclose(model.intercept_, [one.intercept_[0] for one in ones], rtol=1e-11)
    found, each = model.predict(X), np.stack([one.predict(X) for one in ones], axis=1)
    np.testing.assert_allclose(found, each, rtol=1e-9)
    scores = [one.score(X, t) for one, t in zip(ones, y.T, strict=True)]
    assert model.score(X, y) == pytest.approx(np.mean(scores))
    losses = [np.mean([one.history_[k]["loss"] for one in ones]) for k in range(4)]
    np.testing.assert_allclose([row["loss"] for row in model.history_], losses, rtol=1e-9)


def test_a_column_of_targets_gives_a_column_of_predictions():
    row, column = regressor("squared_error").fit(X, targets[:, 0]), regressor("squared_error")
    column.fit(X, targets[:, :1])
    np.testing.assert_array_equal(column.coef_, [row.coef_])
    np.testing.assert_array_equal(column.predict(X), row.predict(X)[:, np.newaxis])


def test_targets_may_be_of_any_layout_and_type():
    expected = regressor("squared_error").fit(X, targets).coef_
    for given in (
        np.asfortranarray(targets),
        targets.tolist(),
        np.repeat(targets, 2, axis=1)[:, ::2],
    ):
        np.testing.assert_array_equal(regressor("squared_error").fit(X, given).coef_, expected)
    whole = np.round(3 * targets)
    np.testing.assert_array_equal(
        regressor("squared_error").fit(X, whole.astype(int)).coef_,
        regressor("squared_error").fit(X, whole).coef_,
    )


def test_the_number_of_targets_may_not_change_on_the_way():
    model = regressor("squared_error").fit(X, targets)
    before = model.coef_.copy()
    for y in (targets[:, 0], targets[:, :2], targets[:, :1]):
        with pytest.raises(ValueError, match="y must have 3 columns"):
            model.partial_fit(X, y)
        with pytest.raises(ValueError, match="y must have 3 columns"):
            model.set_params(warm_start=True).fit(X, y)
    np.testing.assert_array_equal(model.coef_, before)


def test_a_classifier_has_one_target():
    with pytest.raises(ValueError, match="should be a 1d array"):
        classifier("log_loss").fit(X, np.stack([labels, labels], axis=1))


@pytest.mark.parametrize(
    ("loss", "power", "best"),
    [
        ("poisson", 1.5, PoissonRegressor),
        ("gamma", 1.5, GammaRegressor),
        ("tweedie", 1.5, lambda **o: TweedieRegressor(power=1.5, link="log", **o)),
        ("tweedie", 3.0, lambda **o: TweedieRegressor(power=3, link="log", **o)),
        ("tweedie", 0.0, lambda **o: TweedieRegressor(power=0, link="log", **o)),
    ],
)
def test_a_log_link_finds_the_optimum_of_the_generalised_linear_model(loss, power, best):
    model = SGDRegressor(loss, power=power, alpha=0.1, eta0=0.03, **FULL)
    model.fit(X, POSITIVE, sample_weight=WEIGHT)
    # scikit-learn takes the mean over the weights, fastopt that over the rows.
    other = best(alpha=0.1 * len(X) / WEIGHT.sum(), tol=1e-10, max_iter=10_000)
    other.fit(X, POSITIVE, sample_weight=WEIGHT)
    np.testing.assert_allclose(model.coef_, other.coef_, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict(X), other.predict(X), rtol=1e-5)


@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie"])
def test_a_log_link_predicts_exp_of_the_score(loss):
    for y in (POSITIVE, np.abs(targets) + 0.1):
        model = regressor(loss).fit(X, y)
        expected = np.exp(X @ model.coef_.T + model.intercept_)
        np.testing.assert_allclose(model.predict(X), np.squeeze(expected), rtol=1e-12)


@pytest.mark.parametrize(("name", "power"), [("poisson", 1), ("gamma", 2)])
def test_tweedie_of_power_1_and_2_is_poisson_and_gamma(name, power):
    model = regressor("tweedie", power=power).fit(X, POSITIVE)
    np.testing.assert_allclose(model.coef_, regressor(name).fit(X, POSITIVE).coef_, rtol=1e-12)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_an_intercept_alone_learns_the_quantile(q):
    y = np.random.default_rng(1).exponential(size=301)
    rate = schedules.inverse_scaling(1.0, 0.75)
    model = regressor("quantile", quantile=q, learning_rate=rate, max_iter=300, penalty=None)
    model.fit(np.zeros((301, 1)), y)
    assert model.intercept_[0] == pytest.approx(np.quantile(y, q), abs=0.03)
    assert np.mean(y < model.intercept_[0]) == pytest.approx(q, abs=0.02)


def test_quantile_reaches_the_objective_of_the_linear_program():
    for q in (0.2, 0.7):
        best = QuantileRegressor(quantile=q, alpha=0).fit(X, targets[:, 0])
        rate = schedules.inverse_scaling(2.0, 0.75)
        options = dict(quantile=q, penalty=None, learning_rate=rate, max_iter=500, average=10_000)
        model = regressor("quantile", **options).fit(X, targets[:, 0])
        value = _reference.LOSSES["quantile"][0]
        found, least = (value(m.predict(X), targets[:, 0], q).mean() for m in (model, best))
        assert least <= found <= 1.005 * least


def test_the_absolute_error_is_twice_the_quantile_loss_of_a_half():
    options = dict(alpha=0)
    absolute = regressor("absolute_error", eta0=0.05, **options).fit(X, targets[:, 0])
    half = regressor("quantile", quantile=0.5, eta0=0.1, **options).fit(X, targets[:, 0])
    np.testing.assert_allclose(absolute.coef_, half.coef_, rtol=1e-12)
    assert absolute.history_[-1]["loss"] == pytest.approx(2 * half.history_[-1]["loss"])


NEGATIVE, ZERO = np.where(np.arange(len(X)) == 9, [[-0.1], [0.0]], POSITIVE)


@pytest.mark.parametrize(
    ("loss", "power", "y", "message"),
    [
        ("poisson", 1.5, NEGATIVE, "y must be >= 0"),
        ("gamma", 1.5, NEGATIVE, "y must be > 0"),
        ("gamma", 1.5, ZERO, "y must be > 0"),
        ("tweedie", 1.0, NEGATIVE, "y must be >= 0"),
        ("tweedie", 1.5, NEGATIVE, "y must be >= 0"),
        ("tweedie", 2.0, ZERO, "y must be > 0"),
        ("tweedie", 3.0, ZERO, "y must be > 0"),
    ],
)
def test_targets_out_of_range_are_named(loss, power, y, message):
    for target in (y, np.stack([POSITIVE, y], axis=1)):
        model = regressor(loss, power=power)
        for method in (model.fit, model.partial_fit):
            with pytest.raises(ValueError, match=f"{message} for loss='{loss}'"):
                method(X, target)
        assert not hasattr(model, "coef_")


@pytest.mark.parametrize(
    ("loss", "power", "y"),
    [("poisson", 1.5, ZERO), ("tweedie", 1.5, ZERO), ("tweedie", 0.0, NEGATIVE)],
)
def test_targets_at_the_end_of_the_range_are_learnt_from(loss, power, y):
    assert regressor(loss, power=power, eta0=0.005).fit(X, y).coef_.all()


@pytest.mark.parametrize(
    "parameters",
    [{"quantile": 0}, {"quantile": 1}, {"quantile": "half"}, {"power": 0.5}, {"power": None}],
    ids=str,
)
def test_bad_parameters_of_losses_are_named(parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"The '{name}' parameter of SGDRegressor must be"):
        SGDRegressor(**parameters).fit(X, targets[:, 0])


def test_losses_of_the_other_kind_are_refused():
    for loss in ("multinomial", "log_loss", "hinge"):
        with pytest.raises(ValueError, match="The 'loss' parameter of SGDRegressor must be"):
            SGDRegressor(loss).fit(X, targets)
    for loss in ("poisson", "gamma", "tweedie", "quantile"):
        with pytest.raises(ValueError, match="The 'loss' parameter of SGDClassifier must be"):
            SGDClassifier(loss).fit(X, labels)


def test_only_classifiers_have_an_accuracy_in_their_history():
    for loss in ("log_loss", "squared_error", "huber", "multinomial"):
        for y in (labels, labels > 0):
            assert 0 < classifier(loss).fit(X, y).history_[-1]["accuracy"] <= 1
    for loss in ("squared_error", "quantile", "poisson", "gamma", "tweedie"):
        for y in (POSITIVE, np.abs(targets) + 0.1):
            assert "accuracy" not in regressor(loss).fit(X, y).history_[-1]
