"""scikit-learn's contract of an estimator."""

import threading

import numpy as np
import pandas as pd
import pytest
from sklearn import linear_model
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastopt import optim, schedules
from fastopt.linear_model import Perceptron, SGDClassifier, SGDOneClassSVM, SGDRegressor

GAPS = {
    f"check_sample_weight_equivalence_on_{kind}_data": (
        "the check gives its two fits the rows in another order, and SGD depends on the order; "
        "that a row of weight 0 is one left out is a test of our own"
    )
    for kind in ("dense", "sparse")
}


@parametrize_with_checks(
    [
        SGDClassifier(random_state=0),
        SGDRegressor(random_state=0),
        SGDOneClassSVM(random_state=0),
        Perceptron(),
    ],
    expected_failed_checks=lambda estimator: GAPS,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(SGDClassifier, linear_model.SGDClassifier), (SGDRegressor, linear_model.SGDRegressor)],
)
def test_parameters_and_defaults_are_those_of_scikit_learn(ours, theirs):
    expected = theirs().get_params()
    eta0 = expected.pop("eta0")
    assert ours().get_params().items() >= expected.items()
    assert ours().eta0 == (eta0 or 0.01)  # scikit-learn before 1.8 left it at 0, which is no rate


def data():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (300, 4)) * [1, 10, 100, 1000]
    return X, (X[:, 0] + X[:, 1] / 10 > 0).astype(int)


def test_works_in_pipelines_and_searches():
    X, y = data()
    pipeline = make_pipeline(StandardScaler(), SGDClassifier(max_iter=20, tol=None, random_state=0))
    assert cross_val_score(pipeline, X, y).mean() > 0.9
    search = GridSearchCV(
        pipeline, {"sgdclassifier__optimizer": ["sgd", "adam", optim.Adam(betas=(0.8, 0.9))]}
    )
    assert search.fit(X, y).best_score_ > 0.9


def test_probabilities_can_be_calibrated():
    X, y = data()
    model = SGDClassifier(max_iter=20, tol=None, random_state=0)
    calibrated = CalibratedClassifierCV(make_pipeline(StandardScaler(), model)).fit(X, y)
    assert calibrated.score(X, y) > 0.9
    assert calibrated.predict_proba(X).shape == (300, 2)


def test_clones_keep_optimizers_and_schedules():
    model = SGDClassifier(
        optimizer=optim.RMSprop(alpha=0.8), learning_rate=schedules.cosine(0.1, steps=100)
    )
    copy = clone(model)
    assert copy.optimizer.options == model.optimizer.options
    assert copy.learning_rate == model.learning_rate
    assert repr(copy) == repr(model)


def test_a_fit_does_not_change_its_parameters():
    X, y = data()
    plateau = schedules.ReduceOnPlateau(0.1, patience=0)
    SGDClassifier(learning_rate=plateau, max_iter=5, tol=None).fit(X / 1000, y)
    assert plateau.lr == 0.1
    SGDClassifier(optimizer=optim.Adam(lr=plateau), max_iter=5, tol=None).fit(X / 1000, y)
    assert plateau.lr == 0.1


def test_names_of_features_are_kept_and_checked():
    X, y = data()
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = SGDRegressor(eta0=1e-9, max_iter=3, tol=None).fit(frame, y)
    assert model.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[list("dcba")])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)


@pytest.mark.parametrize("kind", [SGDClassifier, SGDRegressor])
def test_fits_in_two_threads_are_right(kind):
    rng = np.random.default_rng(0)
    problems = [rng.uniform(-1, 1, (20_000, 50)).astype(np.float32) for _ in range(2)]

    def fit(X):
        return kind(max_iter=5, tol=None, random_state=0).fit(X, X[:, 0] > 0).coef_.tobytes()

    expected = [fit(X) for X in problems]
    found = [b"", b""]

    def run(k):
        found[k] = fit(problems[k])

    threads = [threading.Thread(target=run, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected
