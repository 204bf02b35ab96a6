"""What a fit learns: the optimum, scikit-learn's own steps, and when it stops."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model import SGDClassifier as ScikitLearnClassifier
from sklearn.linear_model import SGDRegressor as ScikitLearnRegressor

from fastopt import _core, _reference, optim, schedules
from fastopt.linear_model import SGDClassifier, SGDRegressor

EPSILON = 0.1
HYPER = {"epsilon": EPSILON, "quantile": 0.3}
CLASSIFICATION = [n for n in _reference.LOSSES if _core.LOSSES[n][0] == "classification"]
REGRESSION = [n for n in _reference.LOSSES if _core.LOSSES[n][0] == "regression"]


def data(n=200, d=5, dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (n, d)).astype(dtype)
    t = X @ rng.uniform(-2, 2, d) + 0.3 + rng.normal(0, 0.3, n)
    return X, (t > 0).astype(int), t.astype(dtype)


def hyper(loss):
    return tuple(HYPER[name] for name in _core.LOSSES[loss][1])


def objective(wb, X, y, loss, alpha):
    values = _reference.LOSSES[loss][0](X @ wb[:-1] + wb[-1], y, *hyper(loss))
    return np.mean(values) + alpha / 2 * wb[:-1] @ wb[:-1]


SMOOTH = [
    "log_loss",
    "squared_hinge",
    "modified_huber",
    "squared_error",
    "huber",
    "squared_epsilon_insensitive",
]


@pytest.mark.parametrize("loss", [*SMOOTH, "hinge", "epsilon_insensitive"])
@pytest.mark.parametrize("batch_size", [1, 20])
def test_a_falling_rate_reaches_the_optimum(loss, batch_size):
    X, y, t = data()
    alpha, kind = 0.1, SGDClassifier if loss in CLASSIFICATION else SGDRegressor
    model = kind(
        loss,
        alpha=alpha,
        epsilon=EPSILON,
        learning_rate=schedules.inverse_scaling(1.0, 0.75),
        batch_size=batch_size,
        max_iter=2000,
        tol=None,
        random_state=0,
    ).fit(X, y if loss in CLASSIFICATION else t)
    target = 2 * y - 1 if loss in CLASSIFICATION else t
    reached = np.r_[np.ravel(model.coef_), model.intercept_]
    arguments = X, target, loss, alpha
    if loss in SMOOTH:
        best = minimize(objective, np.zeros(6), arguments, method="L-BFGS-B", tol=1e-12)
    else:  # a search without gradients finds nothing better from there
        best = minimize(objective, reached, arguments, method="Nelder-Mead", tol=1e-9)
    tolerance = 1e-4 if loss in SMOOTH else 1e-3
    assert objective(reached, *arguments) <= best.fun * (1 + tolerance)


def test_full_batches_reach_the_optimum():
    X, y, _ = data()
    model = SGDClassifier(
        "log_loss",
        alpha=0.1,
        optimizer="nesterov",
        learning_rate="constant",
        eta0=0.5,
        batch_size="full",
        max_iter=500,
        tol=None,
    ).fit(X, y)
    best = LogisticRegression(C=1 / (0.1 * 200), tol=1e-9).fit(X, y)
    np.testing.assert_allclose(model.coef_, best.coef_, rtol=1e-6)
    np.testing.assert_allclose(model.intercept_, best.intercept_, rtol=1e-6)


def test_full_batches_are_gradient_descent():
    X, _, t = data()
    model = SGDRegressor(
        alpha=0.1, learning_rate="constant", eta0=0.5, batch_size="full", max_iter=50, tol=None
    ).fit(X, t)
    w, b = np.zeros(5), 0.0
    for _ in range(50):
        residual = X @ w + b - t
        w, b = w - 0.5 * (X.T @ residual / 200 + 0.1 * w), b - 0.5 * residual.mean()
    np.testing.assert_allclose(model.coef_, w, rtol=1e-12)
    np.testing.assert_allclose(model.intercept_, b, rtol=1e-12)


def test_a_batch_of_more_than_all_is_a_full_one():
    X, _, t = data()
    fits = {
        SGDRegressor(batch_size=size, max_iter=3, tol=None).fit(X, t).coef_.tobytes()
        for size in (200, 201, 10**30, "full")
    }
    assert len(fits) == 1


def test_a_full_batch_has_no_order():
    X, _, t = data()
    fits = {
        SGDRegressor(batch_size="full", shuffle=shuffle, max_iter=3, tol=None, random_state=seed)
        .fit(X, t)
        .coef_.tobytes()
        for shuffle, seed in ((False, 0), (True, 0), (True, 1))
    }
    assert len(fits) == 1


@pytest.mark.parametrize("loss", [*CLASSIFICATION, *REGRESSION])
def test_one_full_step_follows_the_gradient_of_the_objective(loss):
    X, y, t = data()
    classify = loss in CLASSIFICATION
    start = np.array([0.3, -0.2, 0.5, 0.1, -0.4, 0.2])
    kind, target = (SGDClassifier, 2 * y - 1) if classify else (SGDRegressor, t)
    model = kind(
        loss,
        alpha=0.1,
        learning_rate="constant",
        eta0=1e-3,
        batch_size="full",
        max_iter=1,
        tol=None,
    )
    model.set_params(**{name: HYPER[name] for name in _core.LOSSES[loss][1]})
    model.fit(X, y if classify else t, coef_init=start[:-1], intercept_init=start[-1:])
    step = np.r_[np.ravel(model.coef_), model.intercept_] - start
    differences = [
        objective(start + h, X, target, loss, 0.1) - objective(start - h, X, target, loss, 0.1)
        for h in 1e-6 * np.eye(6)
    ]
    np.testing.assert_allclose(step / -1e-3, np.array(differences) / 2e-6, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("optimizer", optim.OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [1, 7, "full"])
@pytest.mark.parametrize("weight", [None, np.linspace(0.5, 2, 200)], ids=["plain", "weighted"])
def test_an_epoch_is_that_of_the_reference(optimizer, batch_size, weight):
    X, y, _ = data()
    rule = optim.OPTIMIZERS[optimizer]
    lr = schedules.inverse_sqrt(0.1) if optimizer != "ftrl" else schedules.constant(0.1)
    model = SGDClassifier(
        "log_loss",
        alpha=0.01,
        learning_rate=lr if optimizer != "ftrl" else "constant",
        eta0=0.1,
        optimizer=optimizer,
        batch_size=batch_size,
        max_iter=1,
        tol=None,
        random_state=5,
    ).fit(X, y, sample_weight=weight)

    samples = 200 if batch_size == "full" else batch_size
    rate = lr if optimizer != "ftrl" else 0.1
    options = {**rule.options, "lr": rate, "weight_decay": 0.01, "l1": 0.0}
    kernel = rule._kernel(options)
    _, names, memory = _core.OPTIMIZERS[kernel]
    order = _reference.permutation(200, 5, 0) if samples < 200 else range(200)
    w, b = np.zeros((1, 5)), np.zeros(1)
    w_state, b_state = rule.new_state(w, options), rule.new_state(b, options)
    z = _reference.epoch(
        X[order],
        (2 * y - 1)[order],
        w,
        b,
        loss="log_loss",
        loss_hyper=(),
        optimizer=kernel,
        w_state=w_state,
        intercept_state=b_state,
        memory={m: rule._remembered(m, options) for m in memory},
        hypers=[
            dict(zip(names, row, strict=True))
            for row in rule.hypers(options, 0, -(-200 // samples))
        ],
        batch_size=samples,
        sample_weight=None if weight is None else weight[order],
    )
    np.testing.assert_allclose(model.coef_, rule._evaluated(w, w_state, options), rtol=1e-9)
    np.testing.assert_allclose(model.intercept_, rule._evaluated(b, b_state, options), rtol=1e-9)
    losses = _reference.LOSSES["log_loss"][0](z[:, 0], (2 * y - 1)[order])
    weights = None if weight is None else weight[order]
    assert model.history_[0]["loss"] == pytest.approx(np.average(losses, weights=weights))
    assert model.history_[0]["lr"] == lr(-(-200 // samples))


TASKS = [("classification", loss) for loss in ScikitLearnClassifier.loss_functions]
TASKS += [("regression", loss) for loss in ScikitLearnRegressor.loss_functions]


@pytest.mark.parametrize(("task", "loss"), TASKS)
@pytest.mark.parametrize("learning_rate", ["constant", "optimal", "invscaling", "adaptive"])
@pytest.mark.parametrize("penalty", ["l2", None])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_steps_are_those_of_scikit_learn(task, loss, learning_rate, penalty, fit_intercept):
    X, y, t = data()
    options = dict(
        loss=loss,
        penalty=penalty,
        alpha=1.0,  # no step so long that it would magnify rounding
        learning_rate=learning_rate,
        eta0=0.05,
        epsilon=EPSILON,
        fit_intercept=fit_intercept,
        shuffle=False,
        max_iter=3,
        tol=None,
    )
    weight = np.linspace(0.5, 2, 200)
    pairs = {
        "classification": (SGDClassifier, ScikitLearnClassifier, y),
        "regression": (SGDRegressor, ScikitLearnRegressor, t),
    }
    kind, theirs, target = pairs[task]
    model = kind(**options).fit(X, target, sample_weight=weight)
    other = theirs(**options).fit(X, target, sample_weight=weight)
    np.testing.assert_allclose(model.coef_, other.coef_, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(model.intercept_, other.intercept_, rtol=1e-8, atol=1e-10)
    assert model.t_ == other.t_


def test_power_0_is_a_constant_rate():
    X, _, t = data()
    options = dict(eta0=0.02, max_iter=2, tol=None, random_state=0)
    scaled = SGDRegressor(learning_rate="invscaling", power_t=0, **options).fit(X, t)
    constant = SGDRegressor(learning_rate="constant", **options).fit(X, t)
    np.testing.assert_array_equal(scaled.coef_, constant.coef_)


@pytest.mark.parametrize("optimizer", [*optim.OPTIMIZERS, optim.Adam(lr=0.5)], ids=str)
def test_the_optimal_rate_of_other_rules_is_their_own(optimizer):
    X, y, _ = data()
    model = SGDClassifier(optimizer=optimizer, max_iter=1, tol=None).fit(X, y)
    own = optim.OPTIMIZERS.get(optimizer, optimizer).options["lr"]
    assert (model.history_[0]["lr"] == own) == (optimizer != "sgd")


@pytest.mark.parametrize("class_weight", ["balanced", {0: 0.5, 1: 3.0, 2: 1.5}])
@pytest.mark.parametrize("edges", [[0], [-1, 1]], ids=["two", "three"])
def test_class_weights_are_those_of_scikit_learn(class_weight, edges):
    X, _, t = data()
    y, weight = np.digitize(t, edges), np.linspace(0.5, 2, 200)
    if class_weight != "balanced":
        class_weight = {k: class_weight[k] for k in range(len(edges) + 1)}
    options = dict(shuffle=False, max_iter=3, tol=None, class_weight=class_weight, alpha=0.1)
    model = SGDClassifier("log_loss", **options).fit(X, y, sample_weight=weight)
    other = ScikitLearnClassifier("log_loss", **options).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(model.coef_, other.coef_, rtol=1e-8)


@pytest.mark.parametrize("weight", [np.tile([1.0, -1.0], 100), np.full(200, -1.0)], ids=["0", "-"])
def test_negative_weights_are_taken_as_scikit_learn_takes_them(weight):
    X, y, _ = data()
    options = dict(shuffle=False, max_iter=3, tol=None, alpha=0.1)
    model = SGDClassifier("log_loss", **options).fit(X, y, sample_weight=weight)
    other = ScikitLearnClassifier("log_loss", **options).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(model.coef_, other.coef_, rtol=1e-8)
    assert model.history_[0]["loss"] < 0  # a mean over the weights without their signs


def test_samples_of_weight_0_alone_teach_nothing():
    X, y, _ = data()
    model = SGDClassifier(class_weight={0: 0, 1: 1}, random_state=0)
    model.partial_fit(X, np.zeros(200), classes=[0, 1])
    assert not model.coef_.any()
    assert model.history_[0]["loss"] == 0
    assert model.partial_fit(X, y).coef_.any()


def test_probabilities_are_those_of_scikit_learn():
    X, _, t = data()
    y = np.digitize(t, [-1, 1])
    for loss in ("log_loss", "modified_huber"):
        for labels in (y, y > 0):
            options = dict(learning_rate="constant", eta0=0.01, shuffle=False, max_iter=3, tol=None)
            model = SGDClassifier(loss, **options).fit(X, labels)
            other = ScikitLearnClassifier(loss, **options).fit(X, labels)
            p = model.predict_proba(X)
            np.testing.assert_allclose(p, other.predict_proba(X), atol=1e-8)
            np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), p)
            np.testing.assert_array_equal(model.predict(X), other.predict(X))


def test_a_score_of_0_is_of_the_first_class():
    X, y, _ = data()
    model = SGDClassifier(max_iter=1, tol=None).fit(X, y)
    model.coef_ *= 0
    model.intercept_ *= 0
    assert not model.predict(X).any()


def test_other_losses_have_no_probabilities():
    X, y, _ = data()
    model = SGDClassifier("hinge", random_state=0).fit(X, y)
    assert not hasattr(model, "predict_proba")
    with pytest.raises(AttributeError, match="predict_proba"):
        model.predict_proba(X)


@pytest.mark.parametrize(
    "labels",
    [["no", "yes"], [False, True], [-1.0, 1.0], [-3, 7], ["a", "b", "c"], [2, 4, 9]],
    ids=str,
)
def test_labels_of_any_kind_are_predicted(labels):
    X, _, t = data()
    index = np.digitize(t, [0] if len(labels) == 2 else [-1, 1])
    y = np.array(labels)[index]
    model = SGDClassifier("log_loss", random_state=0).fit(X, y)
    assert model.predict(X).dtype == y.dtype
    assert (model.predict(X) == y).mean() > 0.75
    np.testing.assert_array_equal(model.classes_, np.unique(y))


@pytest.mark.parametrize("penalty", ["l2", None])
def test_a_fit_stops_when_the_objective_no_longer_falls(penalty):
    # From large weights the loss rises, but the objective falls while they shrink.
    X, y, _ = data()
    options = dict(loss="log_loss", penalty=penalty, alpha=0.01, random_state=0)
    options |= dict(learning_rate="constant", eta0=0.02)
    start = dict(coef_init=10 * data()[2][:5], intercept_init=[0.0])
    model = SGDClassifier(tol=1e-2, n_iter_no_change=3, **options).fit(X, y, **start)
    replay = SGDClassifier(max_iter=1, tol=None, warm_start=True, **options)
    best, stale = np.inf, 0
    for epoch in range(1, model.n_iter_ + 1):
        replay.fit(X, y, **start)
        start = {}
        value = replay.history_[-1]["loss"]
        value += 0.005 * np.sum(replay.coef_**2) if penalty else 0
        stale = stale + 1 if value > best - 1e-2 else 0
        best = min(best, value)
        assert (stale == 3) == (epoch == model.n_iter_)


@pytest.mark.parametrize(("task", "loss"), TASKS)
@pytest.mark.parametrize("learning_rate", ["constant", "optimal", "invscaling", "adaptive"])
def test_a_fit_stops_where_that_of_scikit_learn_does(task, loss, learning_rate):
    # Without penalty: scikit-learn takes its mean over the epoch, not its last value.
    X, y, t = data()
    options = dict(
        loss=loss, penalty=None, alpha=1.0, learning_rate=learning_rate, eta0=0.02, shuffle=False
    )
    if task == "classification":
        model, other = SGDClassifier(**options), ScikitLearnClassifier(**options)
    else:
        model, other = SGDRegressor(**options), ScikitLearnRegressor(**options)
    target = y if task == "classification" else t
    assert model.fit(X, target).n_iter_ == other.fit(X, target).n_iter_


def test_with_tol_0_an_objective_that_stays_is_not_worse():
    X = np.array([[1.0], [-1.0]])
    for kind in (SGDClassifier, ScikitLearnClassifier):
        model = kind("perceptron", penalty=None, tol=0, max_iter=20, random_state=0)
        with pytest.warns(ConvergenceWarning):
            assert model.fit(X, [0, 1]).n_iter_ == 20


def test_an_adaptive_rate_falls_by_fifths_to_its_end():
    X, _, t = data()
    model = SGDRegressor(
        learning_rate="adaptive", eta0=0.1, tol=1e-3, n_iter_no_change=2, random_state=0
    ).fit(X, t)
    rates = np.array([row["lr"] for row in model.history_])
    falls = rates[1:][np.diff(rates) < 0] / rates[:-1][np.diff(rates) < 0]
    np.testing.assert_allclose(falls, 0.2)
    assert rates[-1] <= 1e-6 < rates[-1] * 5


def test_too_few_epochs_are_warned_of():
    X, y, _ = data()
    with pytest.warns(ConvergenceWarning, match="Maximum number of iteration reached"):
        SGDClassifier(max_iter=2).fit(X, y)


def test_a_fit_that_ends_far_off_is_warned_of():
    X, _, t = data()
    with pytest.warns(ConvergenceWarning, match=r"the steps are too long. Scale X"):
        SGDRegressor(eta0=10.0, random_state=0).fit(100 * X, t)
    SGDRegressor(random_state=0).fit(X, 0 * t, coef_init=np.ones(5))  # its loss of zeros is 0


def test_history_has_a_row_an_epoch():
    X, y, _ = data()
    model = SGDClassifier(max_iter=4, tol=None).fit(X, y)
    assert len(model.history_) == model.n_iter_ == 4
    columns = ["loss", "accuracy", "lr", "gradient_norm", "seconds", "samples_per_second"]
    assert all(list(row) == columns for row in model.history_)
    assert all(value > 0 for row in model.history_ for value in row.values())


def test_verbose_shows_a_progress_bar(capsys):
    X, y, _ = data()
    SGDClassifier(max_iter=4, tol=None).fit(X, y)
    assert capsys.readouterr().err == ""
    SGDClassifier(max_iter=4, tol=None, verbose=1).fit(X, y)
    shown = capsys.readouterr().err
    assert "SGDClassifier: 100%" in shown
    assert "4/4" in shown
    assert "loss=" in shown
