"""Frames of pandas, polars and pyarrow as X and y: read with no needless copy, by their names."""

import re
import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from fastopt.cluster import MiniBatchKMeans
from fastopt.linear_model import SGDClassifier, SGDOneClassSVM, SGDRegressor
from fastopt.linear_model.input import read

FRAMES = {
    "pandas": pd.DataFrame,
    "pandas of Arrow": lambda columns: pd.DataFrame(columns).convert_dtypes(
        dtype_backend="pyarrow"
    ),
    "polars": pl.DataFrame,
    "table": pa.table,
    "batch": pa.record_batch,
}
SERIES = {
    "pandas": pd.Series,
    "polars": pl.Series,
    "array": pa.array,
    "chunks": lambda y: pa.chunked_array([y[:50], y[50:]]),
}
NAMES = [f"x{j}" for j in range(10)]


@pytest.fixture(params=FRAMES)
def frame(request):
    """A function that makes a frame of columns, of one library after another."""
    return FRAMES[request.param]


@pytest.fixture(params=SERIES)
def series(request):
    return SERIES[request.param]


def columns(dtype=np.float64, names=NAMES, n=300):
    X = np.random.default_rng(0).integers(0, 4, (n, len(NAMES))).astype(dtype)
    return {name: X[:, NAMES.index(name)].copy() for name in names}


def array(columns, dtype=np.float64):
    return np.array(list(columns.values()), dtype).T


def labels(n=300):
    return (columns(n=n)["x0"] > 1).astype(int)


def fit(X, y=None, **options):
    return SGDClassifier(max_iter=3, tol=None, random_state=0, **options).fit(
        X, labels() if y is None else y
    )


def bits(model):
    return model.coef_.tobytes() + model.intercept_.tobytes()


def error_of(function, *args):
    with pytest.raises(ValueError) as error:
        function(*args)
    return str(error.value)


@pytest.mark.parametrize(
    ("dtype", "read_as"),
    [("f8", "f8"), ("f4", "f4"), ("u1", "u1"), ("i1", "i1"), ("?", "?"), ("i8", "f8")],
)
@pytest.mark.parametrize("library", FRAMES)
def test_a_frame_is_read_as_its_numbers(library, dtype, read_as):
    made = columns(dtype)
    frame = FRAMES[library](made)
    model = fit(frame)
    expected = fit(array(made, "f8" if library == "pandas of Arrow" else read_as))
    assert bits(model) == bits(expected)
    np.testing.assert_array_equal(model.predict(frame), expected.predict(array(made)))


def test_columns_of_several_types_become_one(frame):
    mixed = columns() | {"x3": columns("i8")["x3"], "x5": columns("?")["x5"]}
    assert bits(fit(frame(mixed))) == bits(fit(array(mixed)))


def test_columns_that_float32_can_hold_become_float32():
    narrow = columns("f4") | {"x3": columns("i2")["x3"], "x5": columns("?")["x5"]}
    for frame in (pd.DataFrame, pl.DataFrame, pa.table, pa.record_batch):
        model = fit(frame(narrow))
        assert model.coef_.dtype == np.float32
        assert bits(model) == bits(fit(array(narrow, "f4")))


def test_targets_and_weights_are_read_from_series(series):
    X, weight = array(columns()), np.linspace(0.5, 2, 300)
    for model, y in (
        (SGDClassifier(max_iter=2, tol=None, random_state=0), labels()),
        (SGDClassifier(max_iter=2, tol=None, random_state=0), np.where(labels(), "a", "b")),
        (SGDRegressor(max_iter=2, tol=None, random_state=0), columns()["x1"]),
    ):
        expected = bits(model.fit(X, y, sample_weight=weight))
        assert bits(model.fit(X, series(y), sample_weight=series(weight))) == expected


@pytest.mark.parametrize(
    "model",
    [
        SGDClassifier(max_iter=2, tol=None, random_state=0),
        SGDRegressor(eta0=1e-4, max_iter=2, tol=None, random_state=0),
        SGDOneClassSVM(max_iter=2, tol=None, random_state=0),
        MiniBatchKMeans(3, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_every_estimator_keeps_the_names_and_checks_them(frame, model):
    y = labels()
    expected = model.fit(array(columns()), y).predict(array(columns()))
    model.fit(frame(columns()), y)
    np.testing.assert_array_equal(model.predict(frame(columns())), expected)
    assert model.feature_names_in_.tolist() == NAMES
    model.partial_fit(frame(columns()), y)
    head = "The feature names should match those that were passed during fit.\n"
    cases = {
        tuple(NAMES[::-1]): "Feature names must be in the same order as they were in fit.\n",
        tuple(NAMES[1:]): "Feature names seen at fit time, yet now missing:\n- x0\n",
    }
    for names, message in cases.items():
        for call in (model.predict, lambda X: model.partial_fit(X, y)):
            assert error_of(call, frame(columns(names=names))) == head + message
            assert model.feature_names_in_.tolist() == NAMES


def test_a_fit_without_names_forgets_those_of_the_last(frame):
    model = fit(frame(columns()))
    model.fit(array(columns()), labels())
    assert not hasattr(model, "feature_names_in_")


@pytest.mark.parametrize("kind", [SGDClassifier, SGDRegressor, MiniBatchKMeans])
def test_a_missing_value_is_named_by_its_column(frame, kind):
    for hole in (None, np.nan):
        made = {name: column.tolist() for name, column in columns().items()}
        made["x4"][7] = hole
        missing = re.compile(r"Input X contains (NaN|missing values) in column 'x4'\.")
        assert missing.fullmatch(error_of(kind().fit, frame(made), labels()))
        model = kind().fit(frame(columns()), labels())
        assert missing.fullmatch(error_of(model.predict, frame(made)))


def test_what_is_infinite_is_named_by_its_column(frame):
    made = columns()
    made["x2"][3] = made["x6"][3] = np.inf
    assert error_of(fit, frame(made)) == (
        "Input X contains infinity or a value too large for dtype('float64') in column 'x2', 'x6'."
    )


@pytest.mark.parametrize("library", ["polars", "table", "batch"])
def test_what_is_no_number_is_named_by_its_column(library):
    made = columns() | {"x4": ["a"] * 300}
    assert re.fullmatch(
        "Input X contains (String|string) in column 'x4', where floats, integers or booleans are "
        r"expected\.",
        error_of(fit, FRAMES[library](made)),
    )


@pytest.mark.parametrize("library", FRAMES)
def test_a_frame_of_nothing_is_refused(library):
    none = FRAMES[library]({name: column[:0] for name, column in columns().items()})
    assert error_of(fit, none, []).startswith("Found array with 0 sample(s) (shape=(0, 10))")


@pytest.mark.parametrize("library", ["polars", "table", "batch"])
def test_a_frame_of_no_columns_is_refused(library):
    assert error_of(fit, FRAMES[library]({}), []).startswith(
        "Found array with 0 sample(s) (shape=(0, 0))"
    )


def test_a_frame_of_one_dtype_is_read_where_it_lies():
    for dtype in ("f8", "f4", "u1"):
        X = array(columns(), dtype)
        for made in (
            pd.DataFrame(X, columns=NAMES, copy=False),
            pd.DataFrame(np.asfortranarray(X), columns=NAMES, copy=False),
            pl.DataFrame(np.asfortranarray(X), schema=NAMES),
        ):
            taken = read(SGDClassifier(), made, reset=True)
            assert taken.dtype == dtype
            np.testing.assert_array_equal(taken, X)
            if isinstance(made, pd.DataFrame):
                memory = made.to_numpy()
                assert np.shares_memory(taken, memory)
            else:
                assert np.shares_memory(taken, made["x3"].to_numpy())


@pytest.mark.parametrize("library", ["pandas", "polars", "table", "batch"])
@pytest.mark.parametrize("mixed", [False, True], ids=["one dtype", "mixed"])
def test_at_most_one_copy_is_made(library, mixed):
    made = columns("f4", n=50_000)
    if mixed:
        made |= {"x3": columns("i8", n=50_000)["x3"]}
    made = FRAMES[library](made)
    read(SGDClassifier(), made, reset=True)  # what a first call imports is not X's
    tracemalloc.start()
    X = read(SGDClassifier(), made, reset=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert X.dtype == (np.float64 if mixed else np.float32)
    assert peak <= 1.1 * X.nbytes
