"""Frames of polars and pyarrow as X; those of pandas are scikit-learn's to read."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def is_frame(X: Any) -> bool:
    """Whether X is a frame of polars, or a table or record batch of pyarrow."""
    library, _, _ = type(X).__module__.partition(".")
    return library in ("polars", "pyarrow") and type(X).__name__ in (
        "DataFrame",
        "Table",
        "RecordBatch",
    )


def as_table(frame: Any) -> Any:
    """Return a frame whose names scikit-learn sees: a record batch as a table."""
    if type(frame).__name__ != "RecordBatch":
        return frame
    import pyarrow as pa

    return pa.Table.from_batches([frame])


def matrix(frame: Any, dtypes: list[Any]) -> Array:
    """Return the numbers of a frame as an array, of the dtype that holds them all if it is one of
    some dtypes, else of the first of those: a view where polars can give one, else one copy.
    """
    is_polars = hasattr(frame, "get_columns")
    columns = frame.get_columns() if is_polars else frame.columns
    found = [
        _dtype_of(name, column)
        for name, column in zip(
            frame.columns if is_polars else frame.column_names, columns, strict=True
        )
    ]
    dtype = np.result_type(*found or dtypes[:1])
    if dtype not in dtypes:
        dtype = np.dtype(dtypes[0])
    elif is_polars and len(set(found)) == 1:
        view: Array = frame.to_numpy(order="fortran")
        return view
    X = np.empty(frame.shape, dtype, order="F")
    for j, column in enumerate(columns):
        X[:, j] = column.to_numpy()
    return X


def _dtype_of(name: str, column: Any) -> np.dtype[Any]:
    """Return the dtype of a column of numbers none of which is missing."""
    dtype: np.dtype[Any] = column[:0].to_numpy().dtype
    if column.null_count if isinstance(column.null_count, int) else column.null_count():
        raise ValueError(f"Input X contains missing values in column {name!r}.")
    if dtype.kind not in "biuf":
        kind = column.dtype if hasattr(column, "dtype") else column.type
        raise ValueError(
            f"Input X contains {kind} in column {name!r}, where floats, integers or booleans "
            "are expected."
        )
    return dtype
