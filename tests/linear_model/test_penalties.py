"""What holds weights back: penalties, signs and bounds; and the mean of weights."""

import pickle
from itertools import product

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import lsq_linear
from sklearn.linear_model import ElasticNet, Lasso

from fastopt import optim, schedules
from fastopt.linear_model import SGDClassifier, SGDRegressor

from ..rules import AVERAGED, PROJECTED

OPTIMIZERS = list(optim.OPTIMIZERS)
KINDS = [SGDClassifier, SGDRegressor]


def data(n=120, d=10):
    """Ten features, of which only the first four matter."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (n, d))
    t = X[:, :4] @ [1.5, -1.0, 0.8, -0.6] + 0.7 + rng.normal(0, 0.3, n)
    return X, (t > 0.7).astype(int), t


X, y, t = data()
MANY = np.digitize(t, [0, 0.7, 1.4])  # four classes
BOTH = np.stack([t, -t], axis=1)  # two targets
TARGETS = [
    (SGDClassifier, y),
    (SGDClassifier, MANY),
    (SGDRegressor, t),
    (SGDRegressor, BOTH),
]
IDS = ["two classes", "four classes", "one target", "two targets"]
CONTAINERS = [np.asarray, sparse.csr_array]
OPTIONS = dict(
    learning_rate="constant", eta0=0.05, alpha=0.05, max_iter=3, tol=None, random_state=0
)


def bits(model):
    return model.coef_.tobytes() + model.intercept_.tobytes()


def gradient(model):
    """The gradient of the mean log loss with respect to the weights."""
    p = 1 / (1 + np.exp(-model.decision_function(X)))
    return (p - y) @ X / len(X)


# Each is made slower to turn, or given more epochs, than a step as long as it could bear.
FULL = {
    "sgd": dict(eta0=0.5, max_iter=800),
    "momentum": dict(eta0=0.1, max_iter=500),
    "nesterov": dict(eta0=0.1, max_iter=500),
    "adagrad": dict(eta0=0.5, max_iter=1500),
    "adam": dict(learning_rate=schedules.inverse_scaling(0.3, 0.75), max_iter=2000),
    "rmsprop": dict(learning_rate=schedules.inverse_scaling(0.3, 0.75), max_iter=2000),
}


@pytest.mark.parametrize("optimizer", FULL)
@pytest.mark.parametrize("convert", CONTAINERS)
def test_full_batches_find_the_lasso(optimizer, convert):
    options = {**OPTIONS, "penalty": "l1", "batch_size": "full", **FULL[optimizer]}
    model = SGDRegressor(optimizer=optimizer, **options).fit(convert(X), t)
    best = Lasso(alpha=0.05, tol=1e-12, max_iter=100_000).fit(X, t)
    np.testing.assert_allclose(model.coef_, best.coef_, atol=1e-3)
    np.testing.assert_array_equal(model.coef_ == 0, best.coef_ == 0)
    assert 0 < np.count_nonzero(model.coef_) < 10


@pytest.mark.parametrize("l1_ratio", [0.2, 0.8])
def test_full_batches_find_the_elastic_net(l1_ratio):
    options = {**OPTIONS, "penalty": "elasticnet", "l1_ratio": l1_ratio, "batch_size": "full"}
    model = SGDRegressor(optimizer="nesterov", **{**options, **FULL["nesterov"]}).fit(X, t)
    best = ElasticNet(alpha=0.05, l1_ratio=l1_ratio, tol=1e-12, max_iter=100_000).fit(X, t)
    np.testing.assert_allclose(model.coef_, best.coef_, atol=1e-6)
    np.testing.assert_array_equal(model.coef_ == 0, best.coef_ == 0)


def test_full_batches_meet_the_conditions_of_an_l1_optimum():
    options = {**OPTIONS, "penalty": "l1", "batch_size": "full", "alpha": 0.03}
    model = SGDClassifier("log_loss", optimizer="nesterov", **{**options, **FULL["nesterov"]})
    model.set_params(max_iter=2000).fit(X, y)
    w, g = model.coef_[0], gradient(model)
    assert 0 < np.count_nonzero(w) < 10
    np.testing.assert_allclose(g[w != 0], -0.03 * np.sign(w[w != 0]), rtol=1e-5)
    assert (np.abs(g[w == 0]) < 0.03).all()


@pytest.mark.parametrize("convert", CONTAINERS)
@pytest.mark.parametrize("batch_size", [1, 8])
def test_a_falling_rate_leads_sgd_there_too(convert, batch_size):
    options = {**OPTIONS, "penalty": "l1", "max_iter": 1000, "batch_size": batch_size}
    options["learning_rate"] = schedules.inverse_scaling(1.5, 0.75)
    model = SGDRegressor(**options).fit(convert(X), t)
    best = Lasso(alpha=0.05, tol=1e-12).fit(X, t)
    np.testing.assert_allclose(model.coef_, best.coef_, atol=0.03)
    np.testing.assert_array_equal(model.coef_[4:] == 0, best.coef_[4:] == 0)

    model = SGDClassifier("log_loss", **options).fit(convert(X), y)
    w, g = model.coef_[0], gradient(model)
    assert 0 < np.count_nonzero(w) < 10
    np.testing.assert_allclose(g[w != 0], -0.05 * np.sign(w[w != 0]), atol=0.01)
    assert (np.abs(g[w == 0]) < 0.06).all()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("kind", "target"), TARGETS, ids=IDS)
@pytest.mark.parametrize("convert", CONTAINERS)
@pytest.mark.parametrize("batch_size", [1, 8])
def test_an_elastic_net_of_one_part_is_that_part(optimizer, kind, target, convert, batch_size):
    options = dict(OPTIONS, optimizer=optimizer, batch_size=batch_size)
    given = convert(X)
    for ratio, penalty in ((0, "l2"), (1.0, "l1")):
        net = kind(penalty="elasticnet", l1_ratio=ratio, **options).fit(given, target)
        assert bits(net) == bits(kind(penalty=penalty, **options).fit(given, target))
    for penalty in ("l1", "l2"):
        options["l1_ratio"] = None  # of no concern here
        nothing = kind(penalty=penalty, **{**options, "alpha": 0}).fit(given, target)
        np.testing.assert_allclose(
            nothing.coef_, kind(penalty=None, **options).fit(given, target).coef_, rtol=1e-10
        )


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("kind", "target"), TARGETS, ids=IDS)
@pytest.mark.parametrize("convert", CONTAINERS)
@pytest.mark.parametrize("batch_size", [1, "full"])
def test_a_strong_l1_leaves_the_intercept_alone(optimizer, kind, target, convert, batch_size):
    # The gradient of no weight is ever above 10 in size.
    options = dict(OPTIONS, optimizer=optimizer, penalty="l1", alpha=10.0, batch_size=batch_size)
    model = kind("squared_error", **options).fit(convert(X), target)
    assert not model.coef_.any()
    assert model.intercept_.all()


def test_an_elastic_net_needs_its_ratio():
    for kind in KINDS:
        with pytest.raises(ValueError, match="l1_ratio must be set when penalty is 'elasticnet'"):
            kind(penalty="elasticnet", l1_ratio=None).fit(X, y)


def test_the_objective_that_stops_a_fit_holds_the_penalty():
    # From large weights the loss rises, but the objective falls while they shrink.
    for penalty in ("l1", "elasticnet"):
        options = dict(OPTIONS, penalty=penalty, l1_ratio=0.5, alpha=0.2, tol=None)
        options["learning_rate"] = schedules.inverse_sqrt(0.05)
        start = dict(coef_init=np.full(10, 0.2) + np.arange(10), intercept_init=[0.0])
        model = SGDRegressor(**{**options, "tol": 1e-2, "max_iter": 1000}, n_iter_no_change=3)
        model.fit(X, t, **start)
        l1 = 0.2 if penalty == "l1" else 0.1
        replay = SGDRegressor(warm_start=True, **{**options, "max_iter": 1})
        best, stale = np.inf, 0
        for epoch in range(1, model.n_iter_ + 1):
            replay.fit(X, t, **start)
            start, w = {}, replay.coef_
            value = replay.history_[-1]["loss"] + l1 * np.abs(w).sum() + (0.2 - l1) / 2 * w @ w
            stale = stale + 1 if value > best - 1e-2 else 0
            best = min(best, value)
            assert (stale == 3) == (epoch == model.n_iter_)


LIMITS = [
    ({"positive": True}, 0, np.inf),
    ({"bounds": (-0.1, 0.3)}, -0.1, 0.3),
    ({"bounds": (0.1, 0.3)}, 0.1, 0.3),
    ({"bounds": [None, -0.1]}, -np.inf, -0.1),
    ({"bounds": (-1, 0.3), "positive": True}, 0, 0.3),
    ({"bounds": (0.2, 0.2)}, 0.2, 0.2),
]


@pytest.mark.parametrize(("limits", "low", "high"), LIMITS, ids=[str(row[0]) for row in LIMITS])
@pytest.mark.parametrize("optimizer", PROJECTED)
@pytest.mark.parametrize("convert", CONTAINERS)
def test_no_weight_is_ever_out_of_bounds(limits, low, high, optimizer, convert, dtype):
    options = dict(OPTIONS, optimizer=optimizer, max_iter=1, **limits)
    given = convert(X.astype(dtype))
    averages = [False, True] if optimizer in AVERAGED else [False]
    for penalty, average, batch_size in product(["l2", "l1"], averages, [1, 7]):
        options |= dict(penalty=penalty, average=average, batch_size=batch_size)
        for kind, target in TARGETS[1:3]:
            model = kind(**options).fit(given, target)
            assert model.coef_.min() >= dtype(low)
            assert model.coef_.max() <= dtype(high)


@pytest.mark.parametrize("penalty", [None, "l2", "l1", "elasticnet"])
@pytest.mark.parametrize("convert", CONTAINERS)
@pytest.mark.parametrize("batch_size", [1, 7])
def test_bounds_hold_to_the_last_bit(penalty, convert, batch_size, dtype):
    rng = np.random.default_rng(0)
    given = convert((X * (rng.random(X.shape) < 0.4)).astype(dtype))
    options = dict(OPTIONS, penalty=penalty, alpha=0.01, eta0=0.1, batch_size=batch_size)
    at_bound = 0
    for low, high in rng.uniform(0.1, 1, (25, 2)).astype(dtype) * [-1, 1]:
        model = SGDRegressor(bounds=(low, high), **options).fit(given, 5 * t)
        low, high = dtype(low), dtype(high)
        assert model.coef_.min() >= low
        assert model.coef_.max() <= high
        at_bound += (model.coef_ == low).any() or (model.coef_ == high).any()
    assert at_bound or penalty


@pytest.mark.parametrize("convert", CONTAINERS)
@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adagrad"])
@pytest.mark.parametrize("bounds", [(0, np.inf), (-0.5, 0.7), (0.1, 0.5)])
def test_the_best_weights_within_bounds_are_found(convert, optimizer, bounds):
    options = {**OPTIONS, "batch_size": "full", "penalty": None, **FULL[optimizer]}
    model = SGDRegressor(optimizer=optimizer, bounds=bounds, fit_intercept=False, **options)
    best = lsq_linear(X, t, bounds, tol=1e-14).x
    np.testing.assert_allclose(model.fit(convert(X), t).coef_, best, atol=1e-3)


def test_the_best_weights_of_a_positive_lasso_are_found():
    options = {**OPTIONS, "batch_size": "full", "penalty": "l1", **FULL["nesterov"]}
    model = SGDRegressor(positive=True, optimizer="nesterov", **options).fit(X, t)
    best = Lasso(alpha=0.05, positive=True, tol=1e-12).fit(X, t)
    np.testing.assert_allclose(model.coef_, best.coef_, atol=1e-6)


def test_the_intercept_has_no_bounds():
    model = SGDRegressor(positive=True, **OPTIONS).fit(X, t - 5)
    assert model.intercept_ < -1


def test_bounds_that_were_changed_in_place_are_taken_as_changed():
    model = SGDRegressor(bounds=[0, 1], **OPTIONS).fit(X, t)
    model.bounds[0] = 0.5
    assert model.fit(X, t).coef_.min() == 0.5


def test_weights_to_start_from_are_moved_within_bounds():
    options = dict(OPTIONS, eta0=1e-9, penalty=None, max_iter=1, bounds=(-0.5, 0.5))
    start = np.linspace(-2, 2, 10)
    for convert in CONTAINERS:
        model = SGDRegressor(**options).fit(convert(X), t, coef_init=start)
        np.testing.assert_allclose(model.coef_, np.clip(start, -0.5, 0.5), atol=1e-6)
    assert start[0] == -2


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"bounds": (1, 0)}, "bounds must be"),
        ({"bounds": (0,)}, "bounds must be"),
        ({"bounds": (0, 1, 2)}, "bounds must be"),
        ({"bounds": ("a", 1)}, "bounds must be"),
        ({"bounds": (np.nan, 1)}, "bounds must be"),
        ({"bounds": (None, -1), "positive": True}, "bounds must be"),
        ({"learning_rate": "pa1", "optimizer": "adam"}, "learning_rate='pa1' needs"),
        ({"learning_rate": "pa2", "batch_size": 8}, "learning_rate='pa2' needs"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_does_not_go_together_is_named(kind, parameters, message):
    model = kind(**parameters)
    if "learning_rate" in parameters:
        model.set_params(loss="hinge" if kind is SGDClassifier else "epsilon_insensitive")
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not hasattr(model, "coef_")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("variant", ["pa1", "pa2"])
def test_passive_aggressive_steps_want_their_loss(kind, variant):
    loss = "hinge" if kind is SGDClassifier else "epsilon_insensitive"
    with pytest.raises(ValueError, match=f"learning_rate='{variant}' needs loss='{loss}'"):
        kind("squared_error", learning_rate=variant).fit(X, y)


@pytest.mark.parametrize("variant", ["pa1", "pa2"])
@pytest.mark.parametrize("C", [0.1, 10.0])
def test_passive_aggressive_steps_are_those_of_the_paper(variant, C):
    options = dict(learning_rate=variant, eta0=C, penalty=None, shuffle=False, max_iter=2, tol=None)
    margin = SGDClassifier("hinge", **options).fit(X, y)
    tube = SGDRegressor("epsilon_insensitive", epsilon=0.1, **options).fit(X, t)
    for model, classify in ((margin, True), (tube, False)):
        w, b = np.zeros(10), 0.0
        for _ in range(2):
            for x, target in zip(X, 2 * y - 1 if classify else t, strict=True):
                z = w @ x + b
                loss = max(1 - target * z, 0) if classify else max(abs(z - target) - 0.1, 0)
                tau = min(C, loss / (x @ x)) if variant == "pa1" else loss / (x @ x + 0.5 / C)
                sign = target if classify else np.sign(target - z)
                w, b = w + tau * sign * x, b + tau * sign
        np.testing.assert_allclose(np.ravel(model.coef_), w, rtol=1e-9)
        np.testing.assert_allclose(model.intercept_, b, rtol=1e-9)


def iterates(kind, target, given, batch_size, epochs=2, **options):
    """The weights and intercepts after each update."""
    model = kind(**{**OPTIONS, **options}, batch_size=batch_size, shuffle=False)
    classes = {"classes": np.unique(target)} if kind is SGDClassifier else {}
    path = []
    for _ in range(epochs):
        for start in range(0, len(X), batch_size):
            part = slice(start, start + batch_size)
            model.partial_fit(given[part], target[part], **classes)
            path.append((model.coef_, model.intercept_))
    return [np.array(arrays) for arrays in zip(*path, strict=True)]


@pytest.mark.parametrize("optimizer", AVERAGED)
@pytest.mark.parametrize(("kind", "target"), TARGETS, ids=IDS)
@pytest.mark.parametrize("convert", CONTAINERS)
@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_averaged_weights_are_the_mean_of_those_after_each_update(
    optimizer, kind, target, convert, penalty
):
    options = dict(optimizer=optimizer, penalty=penalty)
    given = convert(X)
    coefs, intercepts = iterates(kind, target, given, 24, **options)
    for average in (True, 1, 7):  # the second of the second epoch
        options |= dict(average=average, batch_size=24, shuffle=False, max_iter=2)
        model = kind(**{**OPTIONS, **options}).fit(given, target)
        first = int(average) - 1
        for ours, theirs in ((model.coef_, coefs), (model.intercept_, intercepts)):
            np.testing.assert_allclose(ours, theirs[first:].mean(axis=0), rtol=1e-9, atol=1e-13)
        z = model.decision_function(X) if kind is SGDClassifier else model.predict(X)
        expected = X @ coefs[first:].mean(axis=0).T + intercepts[first:].mean(axis=0)
        np.testing.assert_allclose(z, np.reshape(expected, z.shape), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("convert", CONTAINERS)
def test_an_average_that_has_not_begun_is_the_last_weights(convert):
    options = dict(OPTIONS, max_iter=1)
    last = SGDRegressor(**options).fit(convert(X), t)
    for average in (0, 121, 10**30):
        model = SGDRegressor(average=average, **options).fit(convert(X), t)
        np.testing.assert_allclose(model.coef_, last.coef_, rtol=1e-10)
    model = SGDRegressor(average=120, **options).fit(convert(X), t)  # of one update
    np.testing.assert_allclose(model.coef_, last.coef_, rtol=1e-10)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize(("kind", "target"), TARGETS, ids=IDS)
@pytest.mark.parametrize("average", [True, 150])
def test_an_average_goes_on(optimizer, kind, target, average):
    options = dict(OPTIONS, optimizer=optimizer, average=average)
    whole = kind(**{**options, "max_iter": 4}).fit(X, target)
    parts = kind(warm_start=True, **{**options, "max_iter": 1}).fit(X, target)
    parts = pickle.loads(pickle.dumps(parts)).set_params(max_iter=3).fit(X, target)
    assert bits(parts) == bits(whole)


def test_an_average_that_was_left_off_begins_anew():
    options = dict(OPTIONS, max_iter=1, shuffle=False)
    model = SGDRegressor(warm_start=True, average=True, **options).fit(X, t)
    model.set_params(average=False).fit(X, t)
    other = SGDRegressor(average=True, **options)
    other.fit(X, t, coef_init=model.coef_, intercept_init=model.intercept_)
    model.set_params(average=True).fit(X, t)
    np.testing.assert_allclose(model.coef_, other.coef_, rtol=1e-12)


def test_an_average_does_not_change_the_training():
    plain = SGDRegressor(**OPTIONS).fit(X, t)
    model = SGDRegressor(average=True, **OPTIONS).fit(X, t)
    assert [row["loss"] for row in model.history_] == pytest.approx(
        [row["loss"] for row in plain.history_], rel=1e-12
    )


def test_the_average_of_a_noisy_path_is_nearer_to_the_optimum():
    options = {**OPTIONS, "eta0": 0.3, "penalty": None, "max_iter": 50}
    best = np.linalg.lstsq(np.c_[X, np.ones(len(X))], t, rcond=None)[0][:10]
    last, mean = (
        np.abs(SGDRegressor(average=average, **options).fit(X, t).coef_ - best).max()
        for average in (False, 1000)
    )
    assert mean < last / 3


@pytest.mark.parametrize(
    "optimizer",
    [
        optim.SGD(momentum=0.8, dampening=0.3),
        optim.SGD(momentum=0.8, velocity="lecture"),
        optim.RMSprop(momentum=0.5, centered=True),
        optim.Adam(amsgrad=True),
    ],
    ids=str,
)
def test_every_form_of_a_rule_finds_the_lasso(optimizer):
    rate = schedules.inverse_scaling(0.2, 0.6)
    options = {**OPTIONS, "penalty": "l1", "batch_size": "full", "max_iter": 2000}
    options["learning_rate"] = rate
    model = SGDRegressor(optimizer=optimizer, **options).fit(X, t)
    best = Lasso(alpha=0.05, tol=1e-12).fit(X, t)
    np.testing.assert_allclose(model.coef_, best.coef_, atol=3e-3)
    np.testing.assert_array_equal(model.coef_ == 0, best.coef_ == 0)
