"""Bad input: one clear error that names the argument, and nothing has changed."""

import pickle

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError

from fastopt import optim, schedules
from fastopt.linear_model import SGDClassifier, SGDRegressor
from fastopt.linear_model.training import Training


def data(dtype=np.float64):
    X = np.random.default_rng(0).uniform(-1, 1, (60, 4)).astype(dtype)
    return X, (X[:, 0] > 0).astype(int)


def spoilt(value, row=17):
    X, y = data()
    X[row, 2] = value
    return X, y


def fitted(kind=SGDClassifier, **options):
    return kind(random_state=0, max_iter=3, tol=None, **options).fit(*data())


def state(model):
    return pickle.dumps(vars(model))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [SGDClassifier, SGDRegressor])
@pytest.mark.parametrize("batch_size", [1, 8, "full"])
def test_x_that_is_not_finite_is_named(bad, kind, batch_size):
    message = "Input X contains " + ("NaN" if np.isnan(bad) else "infinity")
    X, y = spoilt(bad)
    for model in (kind(batch_size=batch_size), fitted(kind, batch_size=batch_size)):
        for method in (model.fit, model.partial_fit):
            before = state(model)
            options = {"classes": [0, 1]} if method == model.partial_fit else {}
            if kind is SGDRegressor:
                options = {}
            with pytest.raises(ValueError, match=message):
                method(X, y, **options)
            assert state(model) == before
    with pytest.raises(ValueError, match=message):
        fitted(kind).predict(np.full((3, 4), bad, np.float16))


X, y = data()
NAN_Y = np.where(np.arange(60) == 3, np.nan, y)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((X[0], y), {}, "Expected 2D array, got 1D array"),
        ((X[:0], y[:0]), {}, "Found array with 0 sample"),
        ((X, y[:-1]), {}, "inconsistent numbers of samples"),
        ((X, None), {}, "requires y to be passed"),
        ((X, NAN_Y), {}, "Input y contains NaN"),
        ((X, np.zeros(60)), {}, "number of classes has to be greater than one; got 1 class"),
        ((X, np.linspace(0, 1, 60)), {}, "Unknown label type: continuous"),
        ((X, [None] * 60), {}, "Unknown label type: unknown"),
        ((X, y), {"sample_weight": np.ones(3)}, "sample_weight"),
        ((X, y), {"sample_weight": NAN_Y}, "sample_weight contains NaN"),
        ((X, y), {"sample_weight": np.zeros(60)}, "(?i)sample.weight"),
        ((X, y), {"coef_init": np.zeros(3)}, r"coef_init must have the shape \(1, 4\)"),
        ((X, y), {"intercept_init": np.zeros(2)}, r"intercept_init must have the shape \(1,\)"),
        ((X, y), {"coef_init": np.full(4, np.nan)}, "Input coef_init contains NaN"),
    ],
)
def test_bad_arguments_of_fit_are_named(arguments, options, message):
    for model in (SGDClassifier(), fitted()):
        before = state(model)
        with pytest.raises(ValueError, match=message):
            model.fit(*arguments, **options)
        assert state(model) == before


@pytest.mark.parametrize(
    "parameters",
    [
        {"loss": "quantum"},
        {"penalty": "l3"},
        {"alpha": -1},
        {"alpha": np.nan},
        {"l1_ratio": 1.5},
        {"fit_intercept": "yes"},
        {"max_iter": 0},
        {"max_iter": 2.5},
        {"tol": -1e-3},
        {"tol": np.nan},
        {"shuffle": 2},
        {"verbose": -1},
        {"epsilon": -1},
        {"random_state": "seed"},
        {"learning_rate": "slow"},
        {"eta0": 0},
        {"eta0": np.inf},
        {"power_t": -1},
        {"validation_fraction": 1},
        {"n_iter_no_change": 0},
        {"warm_start": "often"},
        {"average": -1},
        {"early_stopping": "yes"},
        {"positive": 1.5},
        {"bounds": 1.5},
        {"restore_best": "yes"},
        {"sparse_updates": "lazy"},
        {"optimizer": "lbfgs"},
        {"optimizer": optim.Adam},
        {"batch_size": 0},
        {"batch_size": "half"},
        {"batch_size": 2.5},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [SGDClassifier, SGDRegressor])
def test_bad_parameters_are_named(kind, parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"The '{name}' parameter of {kind.__name__} must be"):
        kind(**parameters).fit(*data())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"class_weight": {0: np.nan, 1: 1.0}}, "class_weight must hold finite numbers"),
        ({"learning_rate": schedules.constant}, r"learning_rate must be a schedule lr\(t\)"),
        ({"alpha": 0}, "alpha must be > 0 since learning_rate is 'optimal'"),
        ({"optimizer": "asgd", "average": True}, "average must be False with ASGD"),
        ({"optimizer": "dadapt_adamw", "positive": True}, "cannot be used with DAdaptAdamW"),
        (
            {"optimizer": "schedule_free_sgd", "bounds": (0, 1)},
            "bounds and positive cannot be used with ScheduleFreeSGD",
        ),
        (
            {"optimizer": "prodigy", "sparse_updates": "touched"},
            "sparse_updates must be 'exact' with Prodigy",
        ),
        (
            {"optimizer": "ftrl", "learning_rate": schedules.constant(0.1)},
            "learning_rate must be 'constant' or 'optimal' with FTRL",
        ),
        (
            {"optimizer": optim.SGD(momentum=1.0), "penalty": "l1"},
            "momentum must be below 1 with an l1 penalty",
        ),
        ({"optimizer": optim.Adam(np.zeros(3))}, "optimizer must be unbound"),
        ({"optimizer": optim.Adam(weight_decay=0.1)}, "weight decay of a linear model is alpha"),
        (
            {"optimizer": optim.SGD(momentum=0.9, nesterov=True, velocity="lecture")},
            'optimizer must have velocity="torch"',
        ),
        ({"learning_rate": lambda t: np.nan * t}, r"lr\(t\) must be finite .* at t = 1"),
        ({"learning_rate": lambda t: 100.0 - t}, r"lr\(t\) must be finite .* at t = 101"),
    ],
)
def test_parameters_that_do_not_go_together_are_named(parameters, message):
    model = SGDClassifier(**parameters)
    with pytest.raises(ValueError, match=message):
        model.fit(*data())
    assert not hasattr(model, "coef_")


def test_partial_fit_wants_all_classes_declared():
    X, y = data()
    model = SGDClassifier()
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, y)
    with pytest.raises(ValueError, match="greater than one; got 1 class"):
        model.partial_fit(X, y, classes=[0])
    model.partial_fit(X, y, classes=[0, 1])
    before = state(model)
    with pytest.raises(ValueError, match=r"y holds the classes \[2\].*were not declared"):
        model.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="is not the same as on last call"):
        model.partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="expecting 4 features"):
        model.partial_fit(X[:, :3], y)
    assert state(model) == before


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([], "classes must be a list of labels"),
        ({0, 1}, "classes must be a list of labels"),
        (2, "classes must be a list of labels"),
        ([[0, 1]], "classes must be a list of labels"),
        ([0.0, 0.5], "Unknown label type: continuous"),
        ([0, None], "Unknown label type: unknown"),
    ],
    ids=str,
)
def test_classes_that_are_no_labels_are_refused(classes, message):
    model = SGDClassifier()
    with pytest.raises(ValueError, match=message):
        model.partial_fit(*data(), classes=classes)
    assert not hasattr(model, "classes_")


def no_rate_in_the_second_epoch(t):
    return np.where(t <= 3 * 60 + 60, 0.1, np.nan)


@pytest.mark.parametrize(
    ("parameters", "arguments", "message"),
    [
        ({}, {"sample_weight": NAN_Y}, "sample_weight contains NaN"),
        ({}, {"intercept_init": [1, 2]}, "intercept_init must have"),
        ({}, {"X": np.where(X.max() == X, np.nan, X)}, "X contains NaN"),
        (
            {"learning_rate": no_rate_in_the_second_epoch, "tol": 1e-3},
            {},
            r"lr\(t\) must be finite",
        ),
        ({"optimizer": "sgd"}, {}, "optimizer cannot change"),
        ({"optimizer": optim.Adam(), "alpha": -1}, {}, "'alpha' parameter"),
        ({"optimizer": "sgd", "learning_rate": schedules.ReduceOnPlateau(0.1)}, {}, "optimizer"),
    ],
)
def test_a_warm_start_that_fails_changes_nothing(parameters, arguments, message):
    model = fitted(optimizer="adam", warm_start=True).set_params(**parameters)
    before, coef = state(model), model.coef_
    with pytest.raises(ValueError, match=message):
        model.fit(**{"X": X, "y": y, "coef_init": np.ones(4), **arguments})
    assert state(model) == before
    assert model.coef_ is coef


@pytest.mark.parametrize("shape", [(4, 3), (12,), (1, 12), (4,)])
def test_weights_of_several_classes_are_not_reshaped(shape):
    X, _ = data()
    model = SGDClassifier().fit(X, np.arange(60) % 3)
    with pytest.raises(ValueError, match=r"coef_init must have the shape \(3, 4\), got \("):
        model.fit(X, np.arange(60) % 3, coef_init=np.ones(shape))
    model.coef_ = np.ones(shape)
    with pytest.raises(ValueError, match=r"coef_ must have the shape \(3, 4\), got \("):
        model.partial_fit(X, np.arange(60) % 3)


def test_bad_input_of_predict_is_named():
    X, _ = data()
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        SGDClassifier().predict(X)
    for bad, error, message in [
        (X[:, :3], ValueError, "X has 3 features, but SGDClassifier is expecting 4"),
        (X[0], ValueError, "Expected 2D array, got 1D array"),
        (X[:0], ValueError, "Found array with 0 sample"),
        (csr_array(X[:, :3]), ValueError, "X has 3 features, but SGDClassifier is expecting 4"),
    ]:
        with pytest.raises(error, match=message):
            fitted().predict(bad)


def test_a_warm_start_wants_the_same_classes_and_features():
    X, y = data()
    model = fitted(warm_start=True)
    before = state(model)
    with pytest.raises(ValueError, match="warm_start needs the classes"):
        model.fit(X, y + 1)
    with pytest.raises(ValueError, match="expecting 4 features"):
        model.fit(X[:, :3], y)
    assert state(model) == before


def test_weights_that_were_set_anew_are_checked_and_taken_as_they_are():
    X, y = data()
    expected = fitted().partial_fit(X, y)
    for change in (np.ndarray.tolist, np.asfortranarray, lambda w: w.astype(">f8")):
        model = fitted()
        model.coef_ = change(model.coef_)
        np.testing.assert_array_equal(model.partial_fit(X, y).coef_, expected.coef_)
    model = fitted()
    mine = model.coef_ = model.coef_.copy()
    mine.flags.writeable = False
    before = mine.copy()
    np.testing.assert_array_equal(model.partial_fit(X, y).coef_, expected.coef_)
    np.testing.assert_array_equal(mine, before)
    model.coef_ = np.zeros((1, 5))
    with pytest.raises(ValueError, match=r"coef_ must have the shape \(1, 4\), got \(1, 5\)"):
        model.partial_fit(X, y)


def test_numbers_too_large_for_the_weights_are_refused():
    X, y = data(np.float32)
    huge = np.full(60, 1e300)
    message = "contains infinity or a value too large for dtype..float32"
    with pytest.raises(ValueError, match=f"Input y {message}"):
        SGDRegressor().fit(X, huge)
    with pytest.raises(ValueError, match=f"Input sample_weight {message}"):
        SGDRegressor().fit(X, y, sample_weight=huge)
    with pytest.raises(ValueError, match=f"Input coef_init {message}"):
        SGDRegressor().fit(X, y, coef_init=huge[:4])
    with pytest.raises(ValueError, match="class_weight must hold finite numbers"):
        SGDClassifier(class_weight={0: 1e300, 1: 1}).fit(X, y)


def test_a_warm_start_wants_the_same_optimizer():
    model = fitted(warm_start=True).set_params(optimizer="adam")
    before = state(model)
    for method in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match="optimizer cannot change on the way from sgd to adam"):
            method(*data())
    assert state(model) == before


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("batch_size", [1, 8])
def test_divergence_names_the_epoch_and_keeps_the_last_good_weights(optimizer, batch_size):
    # The rate explodes in the third epoch: the weights must be those of the second.
    X, y = data(np.float32)
    updates = -(-60 // batch_size)
    options = dict(
        optimizer=optimizer, batch_size=batch_size, random_state=0, tol=None, penalty=None
    )

    def explosive(t):
        return np.where(t <= 2 * updates, 0.01, 1e30)

    model = SGDRegressor(learning_rate=explosive, max_iter=5, **options)
    with pytest.raises(ValueError, match=r"occurred at epoch #3: lower learning_rate"):
        model.fit(X, y)
    good = SGDRegressor(learning_rate="constant", eta0=0.01, max_iter=2, **options).fit(X, y)
    np.testing.assert_array_equal(model.coef_, good.coef_)
    np.testing.assert_array_equal(model.intercept_, good.intercept_)
    assert len(model.history_) == model.n_iter_ == 2
    assert model.t_ == good.t_


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("batch_size", [1, 8, "full"])
@pytest.mark.parametrize("kind", [SGDClassifier, SGDRegressor])
def test_rates_far_too_large_end_in_one_error(optimizer, batch_size, kind, dtype):
    # Whatever overflows on the way, no warning of NumPy's comes before it.
    X, y = data(dtype)
    huge = float(np.finfo(dtype).max) / 4
    model = kind(
        "squared_error",
        learning_rate="constant",
        eta0=huge,
        optimizer=optimizer,
        batch_size=batch_size,
        random_state=0,
    )
    with pytest.raises(ValueError, match="overflow occurred at epoch #1: lower eta0"):
        model.fit(100 * X, 1000 * y)
    assert not model.coef_.any()
    assert not model.intercept_.any()


def test_an_intercept_that_alone_overflows_is_a_divergence():
    model = SGDRegressor("epsilon_insensitive", learning_rate="constant", eta0=2.5e38, tol=None)
    with pytest.raises(ValueError, match="overflow occurred at epoch #2"):
        model.fit(np.zeros((1, 1), np.float32), [3e38])
    assert model.intercept_ == np.float32(2.5e38)


def test_losses_that_are_no_number_are_a_divergence():
    X, y = data(np.float32)
    weight = np.where(y > 0, 1e-30, -1e-30)  # next to no update, but losses of inf and -inf
    model = SGDRegressor(learning_rate=schedules.ReduceOnPlateau(1e-30), batch_size="full")
    with pytest.raises(ValueError, match="overflow occurred at epoch #1"):
        model.fit(X, np.full(60, 1e30), sample_weight=weight)


def test_an_interrupt_keeps_the_epochs_done(monkeypatch):
    X, y = data()
    add_to = Training._add_to

    def interrupted(self, tally):
        add_to(self, tally)
        if self.progress.epoch == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Training, "_add_to", interrupted)
    model = SGDClassifier(random_state=0, max_iter=9, tol=None)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    monkeypatch.undo()
    three = SGDClassifier(random_state=0, max_iter=3, tol=None).fit(X, y)
    np.testing.assert_array_equal(model.coef_, three.coef_)
    assert model.predict(X).shape == (60,)
    model.set_params(warm_start=True, max_iter=2).fit(X, y)
    five = SGDClassifier(random_state=0, max_iter=5, tol=None).fit(X, y)
    np.testing.assert_array_equal(model.coef_, five.coef_)


@pytest.mark.parametrize(
    ("how", "cure"),
    [
        ({"learning_rate": "constant"}, "lower eta0"),
        ({"learning_rate": "optimal"}, "raise alpha, or lower eta0 with learning_rate='constant'"),
        ({"learning_rate": "optimal", "optimizer": "adam"}, "lower the lr of optimizer"),
        ({"learning_rate": schedules.cosine(0.1, steps=9)}, "lower learning_rate"),
    ],
)
def test_what_makes_steps_shorter_is_what_is_told(how, cure):
    assert SGDClassifier(**how)._cure() == cure
