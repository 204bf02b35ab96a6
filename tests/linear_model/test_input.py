"""What X may be: any type and layout, read without a copy."""

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest

from fastopt.linear_model import SGDClassifier, SGDRegressor

READ_AS_THEY_ARE = ["f4", "f8", "f2", "u1", "i1", "?"]


def bits(model):
    return model.coef_.tobytes() + model.intercept_.tobytes()


def integers(n=150, d=20):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (n, d))
    return X, X[:, 0] ^ X[:, 1]


def unaligned(a):
    """The same numbers one byte off."""
    memory = np.empty(a.nbytes + 1, np.uint8)[1:].view(a.dtype).reshape(a.shape)
    memory[...] = a
    return memory


def fit(X, y, **options):
    options = dict(max_iter=3, tol=None, random_state=0) | options
    return SGDClassifier("log_loss", **options).fit(X, y)


@pytest.mark.parametrize("x_dtype", READ_AS_THEY_ARE)
@pytest.mark.parametrize("batch_size", [1, 16, "full"])
def test_every_dtype_is_read_as_its_numbers(x_dtype, batch_size):
    X, y = integers()
    model = fit(X.astype(x_dtype), y, batch_size=batch_size)
    dtype = np.float64 if x_dtype == "f8" else np.float32
    assert model.coef_.dtype == model.intercept_.dtype == dtype
    assert bits(model) == bits(fit(X.astype(dtype), y, batch_size=batch_size))
    np.testing.assert_allclose(
        model.decision_function(X.astype(x_dtype)),
        model.decision_function(X.astype(dtype)),
        rtol=1e-6,
    )


@pytest.mark.parametrize(
    "convert",
    [
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=0)[::2],
        lambda X: np.repeat(X, 3, axis=1)[:, ::3],
        lambda X: X[::-1].copy()[::-1],
        lambda X: X.tolist(),
        pd.DataFrame,
        lambda X: X.astype(np.int64),
        lambda X: X.astype(">f8"),
        lambda X: unaligned(X),
    ],
    ids=[
        "Fortran",
        "rows",
        "columns",
        "backward",
        "list",
        "frame",
        "int64",
        "big-endian",
        "unaligned",
    ],
)
def test_every_layout_is_read_as_its_numbers(convert):
    X, y = integers()
    X = X.astype(np.float64)
    assert bits(fit(convert(X), y)) == bits(fit(X, y))


@pytest.mark.parametrize(
    "convert",
    [
        unaligned,
        lambda a: np.repeat(a, 2)[::2],
        lambda a: a[::-1].copy()[::-1],
        lambda a: a.tolist(),
        pd.Series,
        lambda a: a.astype(">f8"),
        lambda a: a.astype(np.longdouble),
    ],
    ids=["unaligned", "strided", "backward", "list", "series", "big-endian", "long double"],
)
def test_targets_and_weights_of_every_layout_are_read_as_their_numbers(convert):
    X, y = integers()
    y, weight = y.astype(float), np.linspace(0.5, 2, len(y))
    for kind in (SGDClassifier, SGDRegressor):
        model = kind(max_iter=3, tol=None, random_state=0)
        expected = bits(model.fit(X, y, sample_weight=weight))
        assert bits(model.fit(X, convert(y), sample_weight=convert(weight))) == expected


def test_a_row_that_stands_for_all_is_read():
    X = np.broadcast_to(np.linspace(0, 1, 20), (150, 20))
    y = np.arange(150) % 2
    assert bits(fit(X, y)) == bits(fit(X.copy(), y))


def test_a_memory_map_and_read_only_data_are_read(tmp_path):
    X, y = integers()
    X = X.astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert bits(fit(mapped, y)) == bits(fit(X, y))


@pytest.mark.parametrize("x_dtype", READ_AS_THEY_ARE)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("batch_size", [1, 64, "full"])
def test_no_copy_of_x_is_made(x_dtype, order, batch_size):
    X = np.zeros((20_000, 1000), x_dtype, order=order)
    X[::2] = 1
    y = np.arange(20_000) % 2
    for kind in (SGDClassifier, SGDRegressor):
        model = kind(batch_size=batch_size, eta0=1e-4, max_iter=2, tol=None)
        model.fit(X[:10], y[:10])  # what a first fit imports is not X's
        tracemalloc.start()
        model.fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= 0.05 * X.nbytes
    assert X[::2].all()
    assert not X[1::2].any()


@pytest.mark.parametrize("loss", ["log_loss", "multinomial"])
def test_nor_is_one_of_bytes_for_many_classes(loss):
    X = np.ones((20_000, 784), np.uint8)
    y = np.arange(20_000) % 10
    model = SGDClassifier(loss, learning_rate="constant", eta0=1e-6, max_iter=2, tol=None)
    model.fit(X[:20], y[:20])
    tracemalloc.start()
    model.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 0.05 * X.nbytes


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_names_of_features_are_kept_and_checked(library):
    X, y = integers()
    names = [f"x{j}" for j in range(X.shape[1])]

    def frame(names):
        return library.DataFrame({name: X[:, int(name[1:])] for name in names})

    model = fit(frame(names), library.Series(y))
    assert bits(model) == bits(fit(X, y))
    np.testing.assert_array_equal(model.feature_names_in_, names)
    model.partial_fit(frame(names), library.Series(y))
    for others in (names[::-1], names[1:]):
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(frame(others))
