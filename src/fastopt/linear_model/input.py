"""What the linear models are given: X, y, weights and starting points, checked and never copied
without need.
"""

import math
import os
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import (
    _check_n_features,
    _check_sample_weight,
    assert_all_finite,
    check_array,
    check_X_y,
    validate_data,
)

from fastopt.data.source import Block, Source
from fastopt.linear_model.frames import as_table, is_frame, matrix

Array = npt.NDArray[Any]

#: What X may hold; anything else is converted to the first.
X_DTYPES = [np.float64, np.float32, np.float16, np.uint8, np.int8, np.bool_]


def read(
    estimator: BaseEstimator, X: Any, y: Any = "no_validation", *, reset: bool, **checks: Any
) -> Any:
    """Return X, and y if it is given, checked; a copy is made only of an X that no pass can read.

    NaN is not looked for in X: the first prediction from it tells.
    """
    only_X = isinstance(y, str) and y == "no_validation"  # as in scikit-learn; None is an error
    if _is_plain(estimator, X, reset) and (only_X or _is_plain_target(y, len(X))):
        if reset:
            estimator.n_features_in_ = X.shape[1]
        return X if only_X else (X, y)
    if isinstance(X, Source):
        raise TypeError("X must be rows, got a source: partial_fit takes its blocks, one by one")
    checks |= {"dtype": X_DTYPES, "ensure_all_finite": False, "accept_sparse": "csr"}
    if is_frame(X):
        frame = as_table(X)
        validate_data(estimator, frame, y, reset=reset, skip_check_array=True)  # the names
        X = matrix(frame, X_DTYPES)
    elif not reset and hasattr(estimator, "source_schema_") and not hasattr(X, "columns"):
        _check_n_features(estimator, X, reset=False)  # blocks have no names to warn of
    else:
        return validate_data(estimator, X, y, reset=reset, **checks)
    if only_X:
        return check_array(X, input_name="X", estimator=estimator, **checks)
    return check_X_y(X, y, estimator=estimator, **checks)


def _is_plain(estimator: BaseEstimator, X: Any, reset: bool) -> bool:
    """Whether X is an array in which scikit-learn's checks, of some 0.1 ms, would find nothing to
    say or to convert.
    """
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.size > 0
        and X.dtype in X_DTYPES
        and (reset or X.shape[1] == getattr(estimator, "n_features_in_", None))
        and not hasattr(estimator, "feature_names_in_")
    )


def _is_plain_target(y: Any, n_samples: int) -> bool:
    return (
        type(y) is np.ndarray
        and y.shape == (n_samples,)
        and (y.dtype.kind in "iub" or (y.dtype.kind == "f" and bool(np.isfinite(y).all())))
    )


def opened(
    estimator: BaseEstimator, X: Any, y: Any, sample_weight: Any
) -> tuple[Source | None, Any, Any, Any]:
    """Return X, y and the weights of all rows, after None, or, after a source that has to be read
    window by window, X and y of its first rows.
    """
    if isinstance(X, str | os.PathLike):
        raise TypeError(f"X must be data; for a file give fastopt.data.open_source({X!r}, ...)")
    if not isinstance(X, Source):
        vars(estimator).pop("source_schema_", None)
        return None, X, y, sample_weight
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(f"{name} comes from the source: leave it out")
    estimator.source_schema_ = X.schema
    rows = X.whole()
    if rows is not None:
        return None, rows.X, rows.y, rows.sample_weight
    rows = X.peek()
    return X, rows.X, rows.y, None


def name_features(estimator: BaseEstimator) -> None:
    """Set the names of the features, if X was a source whose columns they are."""
    schema = getattr(estimator, "source_schema_", {})
    if "features" in schema and not schema["categorical"]:
        estimator.feature_names_in_ = np.array(schema["features"], object)


def check_columns(X: Any) -> None:
    """Raise an error if sparse X has an entry in a column that it has not."""
    if not sparse.issparse(X) or not X.nnz:
        return
    columns, n_features = X.indices[X.indptr[0] : X.indptr[-1]], X.shape[1]
    if columns.view(f"u{columns.itemsize}").max() >= n_features:  # those below 0 are large
        raise ValueError(f"X has column indices outside of 0 .. {n_features - 1}")


def summed(X: Any) -> Any:
    """Return X, if sparse with one entry for each place, as the norm of a row wants it."""
    if not sparse.issparse(X) or X.has_canonical_format:
        return X
    X = X.copy()
    X.sum_duplicates()
    return X


def check_row(estimator: BaseEstimator, X: Any, row: int) -> None:
    """Raise the error of a row from which no finite prediction came, if it is to blame for it."""
    check_columns(X)
    check_finite(estimator, X[row : row + 1])


def check_finite(estimator: BaseEstimator, X: Any) -> None:
    """Raise an error if X holds NaN or infinity; it names the columns if those have names."""
    try:
        assert_all_finite(X.data if sparse.issparse(X) else X, input_name="X")
    except ValueError as error:
        names = getattr(estimator, "feature_names_in_", None)
        if names is None or sparse.issparse(X):
            raise
        columns = names[~np.isfinite(X).all(axis=0)]
        shown = ", ".join(map(repr, columns[:5])) + (", ..." if len(columns) > 5 else "")
        raise ValueError(f"{str(error).rstrip('.')} in column {shown}.") from None


def check_weights(sample_weight: Any, X: Any, dtype: Any) -> Array | None:
    """Return the sample weights as the kernels read them; at least one must not be 0."""
    if sample_weight is None:
        return None
    weights = np.require(_check_sample_weight(sample_weight, X, dtype=dtype), None, ["C", "A"])
    if not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weights


def weights_of(block: Block, dtype: Any) -> Array | None:
    """Return the same of a block, where all may be 0."""
    if block.sample_weight is None:
        return None
    weights = check_array(
        block.sample_weight, ensure_2d=False, dtype=dtype, order="C", input_name="sample_weight"
    )
    if weights.shape != (len(block),):
        raise ValueError(f"sample_weight must have the shape ({len(block)},), got {weights.shape}")
    return np.require(weights, None, ["C", "A"])


def weight_dtype(X: Any) -> Any:
    """Return the dtype of the weights that X is learnt with."""
    return np.float64 if X.dtype == np.float64 else np.float32


def starting_point(name: str, values: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return weights to start from, in their shape."""
    values = check_array(
        values, ensure_2d=False, ensure_min_samples=0, dtype=dtype, input_name=name
    )
    return shaped(name, values, shape, dtype)


def shaped(name: str, values: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return some weights in their shape; those of one output may come in any."""
    if type(values) is np.ndarray and values.shape == shape and values.dtype == dtype:
        return values
    if sparse.issparse(values):
        values = values.toarray()
    one = math.prod(shape[:-1]) == 1
    if np.shape(values) != shape and not (one and np.size(values) == shape[-1]):
        raise ValueError(
            f"Provided {name} does not match dataset: {name} must have the shape {shape}, got "
            f"{np.shape(values)}"
        )
    return np.asarray(values, dtype).reshape(shape)
