"""Models of scikit-learn made from ours predict the same, as do ours made from theirs."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import cluster, linear_model
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

import fastopt
from fastopt import optim, schedules
from fastopt.cluster import MiniBatchKMeans
from fastopt.linear_model import Perceptron, SGDClassifier, SGDOneClassSVM, SGDRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Class PassiveAggressive:FutureWarning"),
]

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (200, 6))
Y = X @ RNG.uniform(-1, 1, 6)
CLASSES = np.digitize(Y, [-0.3, 0.3])
LABELS = np.array(["a", "b", "c"])[CLASSES]
OPTIONS = dict(random_state=0, max_iter=5, tol=None)

OURS = {
    "two classes": (SGDClassifier(**OPTIONS), CLASSES > 0, "SGDClassifier"),
    "three classes": (SGDClassifier(**OPTIONS), LABELS, "SGDClassifier"),
    "log_loss": (SGDClassifier(loss="log_loss", **OPTIONS), LABELS, "SGDClassifier"),
    "log_loss, two classes": (SGDClassifier("log_loss", **OPTIONS), CLASSES > 0, "SGDClassifier"),
    "modified_huber": (SGDClassifier("modified_huber", **OPTIONS), CLASSES, "SGDClassifier"),
    "multinomial": (SGDClassifier("multinomial", **OPTIONS), LABELS, "LogisticRegression"),
    "softmax of two": (SGDClassifier("multinomial", **OPTIONS), CLASSES > 0, "SGDClassifier"),
    "smooth_hinge": (SGDClassifier("smooth_hinge", **OPTIONS), CLASSES, "SGDClassifier"),
    "no intercept": (SGDClassifier(fit_intercept=False, **OPTIONS), CLASSES, "SGDClassifier"),
    "average": (SGDClassifier(average=True, **OPTIONS), CLASSES, "SGDClassifier"),
    "average to come": (SGDClassifier(average=10**6, **OPTIONS), CLASSES, "SGDClassifier"),
    "adam": (SGDClassifier(optimizer="adam", batch_size=8, **OPTIONS), CLASSES, "SGDClassifier"),
    "perceptron": (Perceptron(**OPTIONS), LABELS, "Perceptron"),
    "regressor": (SGDRegressor(**OPTIONS), Y, "SGDRegressor"),
    "average of a regressor": (SGDRegressor(average=7, **OPTIONS), Y, "SGDRegressor"),
    "quantile": (SGDRegressor(loss="quantile", **OPTIONS), Y, "SGDRegressor"),
    "columns": (SGDRegressor(**OPTIONS), np.stack([Y, -Y], axis=1), "LinearRegression"),
    "one column": (SGDRegressor(**OPTIONS), Y[:, np.newaxis], "LinearRegression"),
    "poisson": (SGDRegressor(loss="poisson", **OPTIONS), CLASSES, "PoissonRegressor"),
    "gamma": (SGDRegressor(loss="gamma", **OPTIONS), CLASSES + 1, "GammaRegressor"),
    "tweedie": (SGDRegressor(loss="tweedie", **OPTIONS), CLASSES, "TweedieRegressor"),
    "normal": (SGDRegressor(loss="tweedie", power=0, **OPTIONS), Y, "TweedieRegressor"),
    "one class": (SGDOneClassSVM(nu=0.2, **OPTIONS), None, "SGDOneClassSVM"),
    "average of one class": (SGDOneClassSVM(average=True, **OPTIONS), None, "SGDOneClassSVM"),
    "clusters": (MiniBatchKMeans(3, random_state=0), None, "MiniBatchKMeans"),
}


def passive_aggressive(name, **options):
    """An estimator that scikit-learn is to give up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return getattr(linear_model, name)(**options)


METHODS = ["predict", "decision_function", "predict_proba", "score_samples", "transform"]


def predict_alike(a, b, X=X):
    if getattr(a, "loss", "") == "modified_huber":  # where no class is likely they differ
        X = X[a.decision_function(X).max(axis=1) > -1]
    methods = [m for m in METHODS if hasattr(a, m) and hasattr(b, m)]
    assert "predict" in methods
    for method in methods:
        expected, found = getattr(a, method)(X), getattr(b, method)(X)
        assert found.shape == expected.shape
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
        else:
            np.testing.assert_array_equal(found, expected)


def fitted(name, dtype=np.float64):
    model, y, _ = OURS[name]
    return clone(model).fit(X.astype(dtype), y)


@pytest.mark.parametrize("name", OURS)
def test_theirs_predict_as_ours(name, dtype):
    model, theirs = fitted(name, dtype), fitted(name, dtype).to_sklearn()
    assert type(theirs).__name__ == OURS[name][2]
    assert type(theirs).__module__.startswith("sklearn.")
    predict_alike(model, theirs, X.astype(dtype))
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        assert hasattr(theirs, method) >= hasattr(model, method)


@pytest.mark.parametrize("name", OURS)
def test_ours_made_from_theirs_predict_as_they_do(name, dtype):
    model = fitted(name, dtype)
    theirs = model.to_sklearn()
    again = type(model).from_sklearn(theirs)
    predict_alike(theirs, again, X.astype(dtype))
    predict_alike(model, again, X.astype(dtype))
    if hasattr(theirs, "t_"):
        assert again.t_ == theirs.t_ == model.t_


THEIRS = {
    "two classes": (SGDClassifier, linear_model.SGDClassifier(**OPTIONS), CLASSES > 0),
    "three classes": (SGDClassifier, linear_model.SGDClassifier(**OPTIONS), LABELS),
    "log_loss": (SGDClassifier, linear_model.SGDClassifier("log_loss", **OPTIONS), LABELS),
    "average": (SGDClassifier, linear_model.SGDClassifier(average=True, **OPTIONS), LABELS),
    "average of two": (
        SGDClassifier,
        linear_model.SGDClassifier(average=9, **OPTIONS),
        CLASSES > 0,
    ),
    "logistic": (SGDClassifier, linear_model.LogisticRegression(), LABELS),
    "logistic of two": (SGDClassifier, linear_model.LogisticRegression(), CLASSES > 0),
    "liblinear": (SGDClassifier, linear_model.LogisticRegression(solver="liblinear"), CLASSES > 0),
    "perceptron": (Perceptron, linear_model.Perceptron(), LABELS),
    "regressor": (SGDRegressor, linear_model.SGDRegressor(**OPTIONS), Y),
    "least squares": (SGDRegressor, linear_model.LinearRegression(), Y),
    "no intercept": (
        SGDRegressor,
        linear_model.LinearRegression(fit_intercept=False),
        np.stack([Y, 2 * Y], axis=1),
    ),
    "poisson": (SGDRegressor, linear_model.PoissonRegressor(), CLASSES),
    "gamma": (SGDRegressor, linear_model.GammaRegressor(), CLASSES + 1),
    "tweedie": (SGDRegressor, linear_model.TweedieRegressor(power=1.2), CLASSES),
    "identity": (SGDRegressor, linear_model.TweedieRegressor(power=0), Y),
    "one class": (SGDOneClassSVM, linear_model.SGDOneClassSVM(nu=0.2, **OPTIONS), None),
    "clusters": (MiniBatchKMeans, cluster.MiniBatchKMeans(3, random_state=0), None),
}
if hasattr(linear_model, "PassiveAggressiveClassifier"):
    THEIRS |= {
        "pa1": (
            SGDClassifier,
            passive_aggressive("PassiveAggressiveClassifier", C=0.1),
            CLASSES > 0,
        ),
        "pa2": (
            SGDRegressor,
            passive_aggressive("PassiveAggressiveRegressor", loss="squared_epsilon_insensitive"),
            Y,
        ),
    }


@pytest.mark.parametrize("name", THEIRS)
def test_ours_predict_as_theirs_and_go_on(name, dtype, tmp_path):
    kind, theirs, y = THEIRS[name]
    theirs = clone(theirs).fit(X.astype(dtype), y)
    model = kind.from_sklearn(theirs)
    assert type(model) is kind
    predict_alike(theirs, model, X.astype(dtype))
    model.save(tmp_path / "model")
    predict_alike(theirs, fastopt.load(tmp_path / "model"), X.astype(dtype))
    before = model.predict(X.astype(dtype))
    model.partial_fit(X.astype(dtype), y)
    assert (model.predict(X.astype(dtype)) == before).mean() > 0.5 or kind is SGDRegressor
    if hasattr(theirs, "t_"):
        assert model.t_ == theirs.t_ + len(X)


@pytest.mark.parametrize("name", ["two classes", "three classes", "regressor"])
def test_a_fit_that_goes_on_from_theirs_begins_at_their_weights(name):
    kind, theirs, y = THEIRS[name]
    theirs = clone(theirs).fit(X, y)
    model = kind.from_sklearn(theirs)
    model.set_params(warm_start=True, max_iter=1, tol=None, learning_rate="constant", eta0=1e-12)
    model.fit(X, y)
    np.testing.assert_allclose(model.coef_, theirs.coef_, rtol=1e-6)


def test_an_average_goes_on_as_theirs_would():
    y = CLASSES > 0
    for theirs in (
        linear_model.SGDClassifier(average=3, shuffle=False, learning_rate="constant", eta0=0.1),
        linear_model.SGDOneClassSVM(average=3, shuffle=False, learning_rate="constant", eta0=0.1),
    ):
        theirs.set_params(max_iter=1, tol=None).fit(X, y)
        kind = SGDClassifier if hasattr(theirs, "classes_") else SGDOneClassSVM
        model = kind.from_sklearn(theirs)
        back = model.to_sklearn()
        for each in (theirs, model, back):
            each.partial_fit(X, y)
        np.testing.assert_allclose(model.coef_, theirs.coef_, rtol=1e-6)
        np.testing.assert_allclose(back.coef_, theirs.coef_, rtol=1e-6)


@pytest.mark.parametrize(
    "name", [name for name, (_, _, kind) in OURS.items() if kind[:3] in ("SGD", "Per", "Min")]
)
def test_theirs_can_go_on_from_ours(name, dtype):
    theirs, y = fitted(name, dtype).to_sklearn(), OURS[name][1]
    before = theirs.predict(X.astype(dtype))
    theirs.partial_fit(X.astype(dtype), y)
    assert theirs.predict(X.astype(dtype)).shape == before.shape


def test_clusters_go_on_from_the_same_counts():
    theirs = cluster.MiniBatchKMeans(3, random_state=0, reassignment_ratio=0).fit(X)
    model = MiniBatchKMeans.from_sklearn(theirs)
    for each in (theirs, model):
        each.partial_fit(X[:20])
    np.testing.assert_allclose(model.cluster_centers_, theirs.cluster_centers_, rtol=1e-9)


@pytest.mark.parametrize("name", ["log_loss", "multinomial", "regressor", "columns", "poisson"])
def test_sparse_weights_are_carried(name):
    model = fitted(name).sparsify()
    theirs = model.to_sklearn()
    predict_alike(model, theirs)
    predict_alike(theirs, type(model).from_sklearn(theirs))


def test_parameters_that_both_know_are_carried():
    model = SGDClassifier(
        alpha=0.5,
        class_weight={0: 2},
        average=3,
        optimizer=optim.Adam(),
        learning_rate=schedules.cosine(0.1, 9),
        loss="absolute_error",
        batch_size=9,
    )
    theirs = model.fit(X, CLASSES).to_sklearn()
    assert (theirs.alpha, theirs.average) == (0.5, 3)
    assert theirs.class_weight == {0: 2}
    assert theirs.class_weight is not model.class_weight
    usual = linear_model.SGDClassifier()
    assert (theirs.loss, theirs.learning_rate) == (usual.loss, usual.learning_rate)
    again = SGDClassifier.from_sklearn(theirs)
    assert (
        again.get_params() == SGDClassifier(alpha=0.5, class_weight={0: 2}, average=3).get_params()
    )


@pytest.mark.skipif("pa1" not in THEIRS, reason="scikit-learn has given them up")
def test_passive_aggressive_steps_are_carried():
    theirs = passive_aggressive("PassiveAggressiveClassifier", C=0.1, shuffle=False)
    model = SGDClassifier.from_sklearn(theirs.partial_fit(X, CLASSES > 0, classes=[False, True]))
    assert (model.learning_rate, model.eta0, model.loss) == ("pa1", 0.1, "hinge")
    for each in (theirs, model):
        each.partial_fit(X, CLASSES > 0)
    np.testing.assert_allclose(model.coef_, theirs.coef_, rtol=1e-6)


class Own(SGDClassifier):
    pass


def test_classes_derived_from_ours_are_what_those_are():
    model = Own(**OPTIONS).fit(X, LABELS)
    theirs = model.to_sklearn()
    assert type(theirs) is linear_model.SGDClassifier
    again = Own.from_sklearn(theirs)
    assert type(again) is Own
    predict_alike(model, again)


def test_what_was_learnt_is_copied():
    model = fitted("three classes")
    theirs = model.to_sklearn()
    again = SGDClassifier.from_sklearn(theirs)
    for name in ("coef_", "intercept_", "classes_"):
        a, b, c = (getattr(each, name) for each in (model, theirs, again))
        assert not np.shares_memory(a, b)
        assert not np.shares_memory(b, c)


def test_names_of_features_are_carried():
    frame = pd.DataFrame(X, columns=list("abcdef"))
    theirs = SGDRegressor(**OPTIONS).fit(frame, Y).to_sklearn()
    assert theirs.feature_names_in_.tolist() == list("abcdef")
    again = SGDRegressor.from_sklearn(theirs)
    with pytest.raises(ValueError, match="feature names should match"):
        again.predict(frame[list("fedcba")])


def test_what_is_not_fitted_or_of_another_kind_is_refused():
    with pytest.raises(NotFittedError):
        SGDClassifier().to_sklearn()
    by_hand = SGDRegressor()
    by_hand.coef_, by_hand.intercept_ = np.ones(6), 0.5
    with pytest.raises(NotFittedError):
        by_hand.to_sklearn()
    with pytest.raises(NotFittedError):
        SGDClassifier.from_sklearn(linear_model.SGDClassifier())
    for kind, wrong in [
        (SGDClassifier, linear_model.SGDRegressor()),
        (SGDClassifier, SGDClassifier()),
        (SGDClassifier, make_pipeline(linear_model.SGDClassifier())),
        (SGDRegressor, linear_model.SGDClassifier()),
        (SGDOneClassSVM, linear_model.SGDClassifier()),
        (Perceptron, linear_model.SGDClassifier()),
        (MiniBatchKMeans, cluster.KMeans()),
        (SGDRegressor, "model"),
        (SGDRegressor, linear_model.SGDRegressor),
    ]:
        with pytest.raises(TypeError, match=f"{kind.__name__}.from_sklearn takes scikit-learn's"):
            kind.from_sklearn(wrong)
    model = SGDRegressor(loss="poisson", **OPTIONS).fit(X, np.stack([CLASSES, CLASSES], axis=1))
    with pytest.raises(ValueError, match="several columns of y with a log link"):
        model.to_sklearn()


def test_sparse_X_is_learnt_on():
    rows = sparse.csr_array(X)
    model = SGDClassifier.from_sklearn(linear_model.SGDClassifier(**OPTIONS).fit(rows, LABELS))
    assert model.partial_fit(rows, LABELS).score(rows, LABELS) > 0.7
