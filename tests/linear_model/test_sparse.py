"""Sparse X: the numbers of the same dense X, without a dense copy."""

import copy
import io
import pickle
import tracemalloc
from functools import partial
from itertools import product

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from fastopt import optim
from fastopt.linear_model import SGDClassifier, SGDRegressor, training

from ..rules import AVERAGED, TOUCHING

OPTIMIZERS = list(optim.OPTIMIZERS)
PENALTIES = [None, "l2", "l1", "elasticnet"]
KINDS = {
    "two classes": partial(SGDClassifier, loss="log_loss"),
    "four classes": partial(SGDClassifier, loss="log_loss"),
    "four classes, jointly": partial(SGDClassifier, loss="multinomial"),
    "one target": SGDRegressor,
    "two targets": SGDRegressor,
}
OPTIONS = dict(
    alpha=0.01, l1_ratio=0.4, eta0=0.05, learning_rate="constant", max_iter=3, tol=None,
    random_state=0,
)  # fmt: skip


def data(n=60, d=23, dtype=np.float64):
    """A dense X with many zeros, among them whole rows and columns; and targets of each kind."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (n, d)) * (rng.random((n, d)) < 0.3)
    X[::11] = 0
    X[:, 5] = 0
    t = X @ rng.uniform(-2, 2, (d, 2)) + rng.normal(0, 0.3, (n, 2))
    y = {
        "two classes": t[:, 0] > 0,
        "four classes": 2 * (t[:, 0] > 0) + (t[:, 1] > 0),
        "one target": t[:, 0],
        "two targets": t,
    }
    y["four classes, jointly"] = y["four classes"]
    return X.astype(dtype), y


X, Y = data()
S = sparse.csr_array(X)
WEIGHT = np.linspace(0.5, 2, len(X))
OUTSIDE = r"X has column indices outside of 0 \.\. 22"


def model(kind, **options):
    return KINDS[kind](**{**OPTIONS, **options})


def fit(kind, X, sample_weight=None, **options):
    return model(kind, **options).fit(X, Y[kind], sample_weight=sample_weight)


def bits(model):
    return np.ascontiguousarray(model.coef_).tobytes() + model.intercept_.tobytes()


def state(model):
    """What a training has left behind, for np.testing.assert_equal."""
    state = copy.deepcopy({name: a for name, a in vars(model).items() if name.endswith("_")})
    return state | (copy.deepcopy(vars(model._progress)) if hasattr(model, "_progress") else {})


def assert_same(model, expected):
    """The same but for the order of the sums."""
    for name in ("coef_", "intercept_"):
        np.testing.assert_allclose(
            getattr(model, name), getattr(expected, name), rtol=1e-9, atol=1e-12
        )
    for ours, theirs in zip(model.history_, expected.history_, strict=True):
        for name in ours.keys() - {"seconds", "samples_per_second"}:
            assert ours[name] == pytest.approx(theirs[name], rel=1e-9), name


def jumbled(X):
    """The same matrix with the columns of a row in any order, and each entry in two parts."""
    X = sparse.csr_array(X)
    rows = np.tile(np.repeat(np.arange(X.shape[0]), np.diff(X.indptr)), 2)
    order = np.lexsort((np.random.default_rng(0).random(len(rows)), rows))
    values, columns = np.r_[0.25 * X.data, 0.75 * X.data], np.tile(X.indices, 2)
    return sparse.csr_array((values[order], columns[order], 2 * X.indptr), shape=X.shape)


def skip_ties(optimizer, kind):
    if optimizer == "cocob" and kind == "four classes":
        pytest.skip("the first bets are all of one size, so rounding decides between classes")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("penalty", PENALTIES)
def test_a_sparse_fit_is_the_dense_fit(kind, optimizer, penalty):
    options = dict(optimizer=optimizer, penalty=penalty)
    averages = [False, True] if optimizer in AVERAGED else [False]
    skip_ties(optimizer, kind)
    for batch_size, average in product([1, 7, "full"], averages):
        options |= dict(batch_size=batch_size, average=average)
        assert_same(fit(kind, S, **options), fit(kind, X, **options))


MORE = [
    {"fit_intercept": False},
    {"shuffle": False},
    {"average": 25},
    {"positive": True},
    {"bounds": (-0.05, 0.1)},
    {"bounds": (0.05, 0.1)},
    {"bounds": (None, -0.05)},
    {"learning_rate": "optimal"},
    {"learning_rate": "invscaling", "power_t": 0.3},
    {"learning_rate": "adaptive", "tol": 0.3, "n_iter_no_change": 1},
    {"early_stopping": True, "validation_fraction": 0.3, "random_state": 1},
    {"optimizer": optim.Adagrad(lr_decay=0.1)},
]


@pytest.mark.parametrize("options", MORE, ids=str)
@pytest.mark.parametrize("kind", ["two classes", "four classes", "two targets"])
@pytest.mark.parametrize("batch_size", [1, 7])
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
@pytest.mark.parametrize("penalty", ["l2", "elasticnet"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_option_means_the_same(options, kind, batch_size, optimizer, penalty):
    for average in (False, True):
        every = dict(batch_size=batch_size, penalty=penalty, average=average) | options
        every = dict(optimizer=optimizer, sample_weight=WEIGHT) | every
        assert_same(fit(kind, S, **every), fit(kind, X, **every))


@pytest.mark.parametrize("alpha", [18.0, 30.0], ids=["to a tenth", "past 0"])
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
@pytest.mark.parametrize("penalty", ["l2", "elasticnet"])
@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_a_penalty_that_shrinks_far_at_each_update_is_the_same(
    alpha, optimizer, penalty, average, batch_size
):
    options = dict(alpha=alpha, penalty=penalty, average=average, batch_size=batch_size)
    options["optimizer"] = optimizer
    for kind in ("two classes", "two targets"):
        assert_same(fit(kind, S, **options), fit(kind, X, **options))


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("batch_size", [1, 16])
def test_float32_is_exact_enough_for_a_long_epoch(optimizer, penalty, average, batch_size):
    X, y = data(n=20_000)
    options = dict(penalty=penalty, average=average, batch_size=batch_size, max_iter=1, eta0=0.5)
    options["optimizer"] = optimizer
    fits = [
        model("two classes", **options).fit(given, y["two classes"])
        for given in (sparse.csr_array(X.astype(np.float32)), X)
    ]
    np.testing.assert_allclose(fits[0].coef_, fits[1].coef_, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(fits[0].intercept_, fits[1].intercept_, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", ["two classes", "four classes"])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 0.5, 1: 3.0}])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_class_weights_mean_the_same(kind, class_weight, batch_size):
    options = dict(class_weight=class_weight, batch_size=batch_size)
    assert_same(fit(kind, S, **options), fit(kind, X, **options))


@pytest.mark.parametrize("variant", ["pa1", "pa2"])
@pytest.mark.parametrize("kind", ["two classes", "four classes", "one target", "two targets"])
@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("convert", [sparse.csr_array, jumbled])
def test_passive_aggressive_steps_are_the_same(variant, kind, average, convert):
    loss = "hinge" if "classes" in kind else "epsilon_insensitive"
    options = dict(loss=loss, learning_rate=variant, average=average, penalty=None, eta0=1.0)
    assert_same(fit(kind, convert(X), **options), fit(kind, X, **options))


@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie", "quantile", "absolute_error"])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_losses_are_the_same(loss, batch_size):
    options = dict(loss=loss, batch_size=batch_size)
    y = np.abs(Y["two targets"]) + 0.1
    for target in (y, y[:, 0]):
        assert_same(
            model("two targets", **options).fit(S, target),
            model("two targets", **options).fit(X, target),
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "adam"])
@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_parts_may_be_dense_or_sparse_by_turns(kind, optimizer, average, penalty):
    options = dict(optimizer=optimizer, average=average, penalty=penalty, shuffle=False)
    turns, dense = model(kind, **options), model(kind, **options)
    classes = {"classes": np.unique(Y[kind])} if "classes" in kind else {}
    for k, part in enumerate(np.array_split(np.arange(len(X)), 5)):
        turns.partial_fit((X if k % 2 else S)[part], Y[kind][part], **classes)
        dense.partial_fit(X[part], Y[kind][part], **classes)
    assert_same(turns, dense)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
def test_weights_that_take_the_place_of_others_owe_no_penalty(kind, penalty):
    options = dict(penalty=penalty, alpha=0.05, warm_start=True, average=True)
    found, expected = (fit(kind, given, **options) for given in (S, X))
    for trained, given in ((found, S), (expected, X)):
        trained.set_params(average=False).fit(given, Y[kind])
    assert_same(found, expected)
    start = np.linspace(-1, 1, expected.coef_.size).reshape(expected.coef_.shape)
    fresh = model(kind, **options | {"average": False, "max_iter": 1, "shuffle": False})
    for trained, given in ((found, S), (expected, X), (fresh, X)):
        trained.set_params(max_iter=1, shuffle=False, learning_rate="constant")
        trained.fit(given, Y[kind], coef_init=start, intercept_init=np.zeros(len(found.intercept_)))
    assert_same(found, expected)
    np.testing.assert_allclose(expected.coef_, fresh.coef_, rtol=1e-9)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_adagrad_without_epsilon_leaves_a_weight_without_a_gradient(penalty):
    options = dict(optimizer=optim.Adagrad(eps=0), penalty=penalty)
    stored = S.copy()
    stored.data[::5] = 0
    for kind in KINDS:
        assert_same(fit(kind, stored, **options), fit(kind, stored.toarray(), **options))


@pytest.mark.parametrize("container", ["array", "matrix"])
@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
@pytest.mark.parametrize("kind", ["two classes", "two targets"])
def test_every_format_is_read_as_its_numbers(container, form, kind):
    given = getattr(sparse, f"{form}_{container}")(X)
    expected = fit(kind, S)
    found = fit(kind, given)
    assert bits(found) == bits(expected)
    np.testing.assert_array_equal(found.predict(given), expected.predict(S))


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i1", "?", "i8", "i4"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("kind", ["two classes", "four classes"])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_every_dtype_is_read_as_its_numbers(dtype, optimizer, kind, batch_size):
    options = dict(optimizer=optimizer, batch_size=batch_size)
    given = sparse.csr_array((X > 0).astype(dtype))
    weights = np.float64 if dtype in ("f8", "i8", "i4") else np.float32
    found = fit(kind, given, **options)
    assert found.coef_.dtype == found.intercept_.dtype == weights
    assert bits(found) == bits(fit(kind, given.astype(weights), **options))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_wide_indices_are_read_as_their_numbers(kind, optimizer):
    wide = S.copy()
    wide.indices, wide.indptr = S.indices.astype(np.int64), S.indptr.astype(np.int64)
    assert bits(fit(kind, wide, optimizer=optimizer)) == bits(fit(kind, S, optimizer=optimizer))
    wide.indptr = S.indptr  # of two widths
    assert bits(fit(kind, wide, optimizer=optimizer)) == bits(fit(kind, S, optimizer=optimizer))


def test_a_file_of_svmlight_is_read():
    file = io.BytesIO()
    dump_svmlight_file(S, Y["two classes"].astype(int), file)
    file.seek(0)
    loaded, y = load_svmlight_file(file, n_features=X.shape[1])
    assert_same(model("two classes").fit(loaded, y), fit("two classes", X))


@pytest.mark.parametrize("kind", ["two classes", "four classes, jointly", "two targets"])
@pytest.mark.parametrize("penalty", [None, "elasticnet"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 7},
        {"optimizer": "adam"},
        {"optimizer": "adam", "batch_size": 7},
        {"optimizer": "adagrad"},
        {"optimizer": "adagrad", "batch_size": 7},
        {"positive": True},
    ],
    ids=str,
)
def test_unsorted_entries_and_duplicates_add_up(kind, penalty, options):
    given = jumbled(X)
    np.testing.assert_allclose(given.toarray(), X, atol=1e-15)
    before = given.data.copy(), given.indices.copy(), given.indptr.copy()
    for average in (False, True):
        every = dict(penalty=penalty, average=average) | options
        assert_same(fit(kind, given, **every), fit(kind, X, **every))
    for now, was in zip((given.data, given.indices, given.indptr), before, strict=True):
        np.testing.assert_array_equal(now, was)


def test_entries_of_0_and_memory_behind_the_entries_are_nothing():
    padded = S.copy()
    padded.data = np.r_[S.data, np.nan, 7]
    padded.indices = np.r_[S.indices, 10**6, 0].astype(S.indices.dtype)
    assert bits(fit("two classes", padded)) == bits(fit("two classes", S))
    full = sparse.csr_array((X.ravel(), np.tile(np.arange(23), 60), np.arange(61) * 23))
    assert full.nnz == X.size
    assert_same(fit("two classes", full), fit("two classes", X))


def test_rows_without_entries_teach_the_intercept_alone():
    empty = sparse.csr_array((60, 23))
    for optimizer in OPTIMIZERS:
        trained = fit("two classes", empty, optimizer=optimizer)
        if optimizer != "yogi":  # whose momentum does not begin at 0
            assert not trained.coef_.any()
        assert trained.intercept_ != 0


def test_read_only_data_are_read_and_left_alone():
    given = S.copy()
    for array in (given.data, given.indices, given.indptr):
        array.flags.writeable = False
    assert bits(fit("four classes", given)) == bits(fit("four classes", S))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "optimizer", [name for name, rule in optim.OPTIMIZERS.items() if rule.sparse or name == "sgd"]
)
@pytest.mark.parametrize("batch_size", [1, 7])
@pytest.mark.parametrize("average", [False, True])
def test_touched_updates_are_exact_where_a_gradient_of_0_changes_nothing(
    kind, optimizer, batch_size, average
):
    skip_ties(optimizer, kind)
    options = dict(optimizer=optimizer, batch_size=batch_size, average=average, penalty=None)
    assert_same(fit(kind, S, sparse_updates="touched", **options), fit(kind, X, **options))


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", "adagrad", "rmsprop"])
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_touched_update_is_that_of_a_model_of_the_columns_it_has(optimizer, penalty, batch_size):
    options = dict(optimizer=optimizer, penalty=penalty, batch_size=batch_size, shuffle=False)
    options |= dict(loss="squared_error", max_iter=1, sparse_updates="touched", fit_intercept=False)
    blocks = [sparse.csr_array(X[k : k + 4, j : j + 7]) for k, j in ((1, 0), (12, 7), (23, 14))]
    y, start = np.arange(12) % 2, np.linspace(-1, 1, 21)
    together = model("two classes", **options)
    together.fit(sparse.block_diag(blocks, "csr"), y, coef_init=start)
    for k, block in enumerate(blocks):
        part = slice(7 * k, 7 * k + 7)
        alone = model("two classes", **options)
        alone.fit(block, y[4 * k : 4 * k + 4], coef_init=start[part])
        np.testing.assert_allclose(together.coef_[0, part], alone.coef_[0], rtol=1e-12)


@pytest.mark.parametrize("optimizer", sorted({*TOUCHING} - {"sgd", "rprop", "cocob"}))
def test_touched_updates_leave_the_other_weights_alone(optimizer):
    start = np.linspace(-1, 1, 23)
    given = S.copy()
    options = dict(optimizer=optimizer, sparse_updates="touched", penalty="elasticnet")
    found = model("two classes", **options).fit(given, Y["two classes"], coef_init=start)
    moved = found.coef_[0] != start
    np.testing.assert_array_equal(moved, X.any(axis=0))
    exact = model("two classes", **options | {"sparse_updates": "exact"})
    moved = exact.fit(given, Y["two classes"], coef_init=start).coef_[0] != start
    # Adagrad knows no scale for a weight that never had a gradient.
    np.testing.assert_array_equal(moved, X.any(axis=0) | (optimizer != "adagrad"))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"penalty": "l1"},
        {"average": True},
        {"optimizer": "adagrad"},
        {"optimizer": "adagrad", "penalty": None},
        {"optimizer": "adam", "batch_size": 500},
        {"optimizer": "adam", "sparse_updates": "touched"},
        {"batch_size": "full"},
        {"early_stopping": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_no_dense_copy_is_made(options, n_classes):
    n, d, m = 2000, 200_000, 10
    rng = np.random.default_rng(0)
    wide = sparse.csr_array(
        (np.ones(n * m, np.float32), rng.integers(0, d, n * m), np.arange(n + 1) * m), shape=(n, d)
    )
    y = np.arange(n) % n_classes
    trained = SGDClassifier(max_iter=2, tol=None, random_state=0, **options)
    trained.fit(wide[:100], y[:100])  # what a first fit imports is not X's
    tracemalloc.start()
    trained.fit(wide, y)
    trained.predict(wide)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * trained.coef_.nbytes + 4 * 12 * wide.nnz < 0.05 * n * d * 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "adam"])
@pytest.mark.parametrize("batch_size", [1, 7])
@pytest.mark.parametrize("penalty", [None, "elasticnet"])
def test_a_fit_in_two_parts_is_one_fit(kind, optimizer, batch_size, penalty):
    options = dict(optimizer=optimizer, batch_size=batch_size, penalty=penalty)
    for average in (False, True):
        options["average"] = average
        whole = fit(kind, S, max_iter=5, **options)
        parts = pickle.loads(pickle.dumps(fit(kind, S, max_iter=2, **options)))
        parts.set_params(max_iter=3, warm_start=True).fit(S, Y[kind])
        assert bits(parts) == bits(whole)
        assert parts.t_ == whole.t_


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
def test_an_epoch_in_many_parts_is_one_epoch(kind, penalty, average, optimizer, monkeypatch):
    options = dict(penalty=penalty, average=average, optimizer=optimizer)
    whole = fit(kind, S, **options)
    monkeypatch.setattr(training, "MOST_PREDICTIONS", 16)
    assert bits(fit(kind, S, **options)) == bits(whole)


@pytest.mark.parametrize("kind", ["two classes", "four classes", "four classes, jointly"])
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "adam"])
@pytest.mark.parametrize("sparse_updates", ["exact", "touched"])
@pytest.mark.parametrize("average", [False, True])
def test_every_isa_gives_the_same_model(
    kind, optimizer, sparse_updates, average, dtype, on_every_isa
):
    given = S.astype(dtype)
    options = dict(optimizer=optimizer, sparse_updates=sparse_updates, average=average, max_iter=1)
    for options["penalty"] in ("l2", "l1"):
        for options["batch_size"] in (1, 7):
            assert len(set(on_every_isa(lambda: bits(fit(kind, given, **options))))) == 1


def nan(X):
    X.data[20] = np.nan


def infinity(X):
    X.data[20] = -np.inf


def column_too_large(X):
    X.indices[20] = X.shape[1]


def column_far_too_large(X):
    X.indices[20] = 2**31 - 1


def column_below_0(X):
    X.indices[20] = -1


def indptr_falls(X):
    X.indptr[3] = 10**6


def indptr_below_0(X):
    X.indptr[0] = -4


def indptr_behind_the_end(X):
    X.indptr[-1] += 1


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (nan, "Input X contains NaN"),
        (infinity, "Input X contains infinity"),
        (column_too_large, OUTSIDE),
        (column_far_too_large, OUTSIDE),
        (column_below_0, OUTSIDE),
        (indptr_falls, r"X.indptr must"),
        (indptr_below_0, r"X.indptr must"),
        (indptr_behind_the_end, r"X.indptr must"),
    ],
)
@pytest.mark.parametrize("kind", ["two classes", "two targets"])
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize(
    "options",
    [
        {"penalty": "elasticnet"},
        {"average": True, "batch_size": 7, "shuffle": False},
        {"optimizer": "adam"},
        {"optimizer": "adagrad", "penalty": "elasticnet"},
        {"optimizer": "adagrad", "penalty": None, "batch_size": 7},
    ],
    ids=str,
)
def test_broken_data_are_named_and_change_nothing(spoil, message, kind, index, options):
    bad = S.copy()
    bad.indices, bad.indptr = S.indices.astype(index), S.indptr.astype(index)
    spoil(bad)
    classes = {"classes": [False, True]} if kind == "two classes" else {}
    for trained in (model(kind, **options), fit(kind, S, **options)):
        for method, arguments in ((trained.fit, {}), (trained.partial_fit, classes)):
            before = state(trained)
            with pytest.raises(ValueError, match=message):
                method(bad, Y[kind], **arguments)
            np.testing.assert_equal(state(trained), before)


def test_bad_rows_to_predict_from_are_named():
    trained = fit("two classes", S)
    with pytest.raises(ValueError, match="X has 22 features, but SGDClassifier is expecting 23"):
        trained.predict(S[:, :22])
    bad = S.copy()
    nan(bad)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        trained.predict(bad)


def test_columns_out_of_range_are_named_wherever_rows_are_scored():
    full = S[[np.argmax(np.diff(S.indptr))]]
    empty = sparse.csr_array((1, X.shape[1]))
    for rows in (full.copy(), sparse.vstack([empty, full], "csr")):
        rows.indices[:] = X.shape[1]  # one too far: worse ones would end the process
        y = Y["two classes"][: rows.shape[0]]
        with pytest.raises(ValueError, match=OUTSIDE):
            fit("two classes", S).predict(rows)
        with pytest.raises(ValueError, match=OUTSIDE):
            model("two classes").fit(S, Y["two classes"], eval_set=(rows, y))
    held_out = model("two classes", early_stopping=True, validation_fraction=0.5)
    for row in (7, 8, 9, 10):  # some of which are held out
        bad = S.copy()
        bad.indices[bad.indptr[row]] = X.shape[1]
        with pytest.raises(ValueError, match=OUTSIDE):
            held_out.fit(bad, Y["two classes"])


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_from_sparse_rows_are_those_from_dense_ones(kind):
    trained = fit(kind, S)
    for method in ("predict", "decision_function", "predict_proba", "predict_log_proba"):
        if hasattr(trained, method):
            found, expected = (getattr(trained, method)(given) for given in (S, X))
            assert type(found) is np.ndarray
            assert found.shape == expected.shape
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    assert trained.score(S, Y[kind]) == pytest.approx(trained.score(X, Y[kind]))


@pytest.mark.parametrize("kind", KINDS)
def test_sparse_weights_predict_and_train_as_dense_ones_do(kind):
    trained = fit(kind, S, penalty="l1", alpha=0.1)
    expected = [trained.predict(given) for given in (X, S)]
    coef = trained.coef_.copy()
    assert trained.sparsify() is trained
    assert sparse.issparse(trained.coef_)
    assert trained.coef_.nnz == np.count_nonzero(coef) < coef.size
    for given, was in zip((X, S), expected, strict=True):
        for now in (trained, pickle.loads(pickle.dumps(trained))):
            found = now.predict(given)
            assert found.shape == was.shape
            np.testing.assert_allclose(found, was, rtol=1e-12)
    again = pickle.loads(pickle.dumps(trained)).partial_fit(S, Y[kind])
    trained.densify()
    np.testing.assert_array_equal(trained.coef_, coef)
    assert bits(again) == bits(trained.partial_fit(S, Y[kind]))
