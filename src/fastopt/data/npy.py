"""NPY files: arrays that need not fit in memory."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from fastopt.data.source import MEMORY, Array, Block, Found, Labels, Source, labels_of, width_of
from fastopt.linear_model.input import X_DTYPES


class NpySource(Source):
    """The rows of an NPY file, with y and the weights in others.

    Parameters
    ----------
    data : path
        Of an array of shape (n_samples, n_features).
    target, sample_weight : path, array of shape (n_samples,), or None
        What is to be predicted, which may be False for nothing, and how much each row counts.
    dtype : dtype or None
        What X is converted to; None leaves what kernels read as it is, and makes float64 of the
        rest.
    classes, memory, like
        As for `open_source`.
    """

    layout = "npy"

    def __init__(
        self,
        data: str | os.PathLike[str],
        *,
        target: Any = None,
        sample_weight: Any = None,
        dtype: Any = None,
        classes: Any = None,
        memory: int = MEMORY,
        like: dict[str, Any] | None = None,
    ) -> None:
        self.name, self.memory = os.fspath(data), memory
        target = None if target is False else target
        X = _opened(data)
        if X.ndim != 2 or not X.size or X.dtype.kind not in "biuf":
            raise ValueError(
                f"{self.name}: expected numbers in rows and columns, found {X.dtype} of shape "
                f"{X.shape}"
            )
        columns = width_of(like)
        if columns not in (None, X.shape[1]):
            raise ValueError(f"{self.name}: expected {columns} columns, found {X.shape[1]}")
        own = X.dtype if X.dtype in X_DTYPES else np.dtype(np.float64)
        self._dtype = own if dtype is None else np.dtype(dtype)
        self._n_samples, self._n_features = map(int, X.shape)
        self._columns = {"y": target, "sample_weight": sample_weight}
        for name, given in (("target", target), ("sample_weight", sample_weight)):
            if given is not None and (shape := _opened(given).shape) != X.shape[:1]:
                raise ValueError(f"{name} must have the shape {X.shape[:1]}, got {shape}")
        self._classes = labels_of(classes)
        row_bytes = self._n_features * max(self._dtype.itemsize, X.dtype.itemsize)
        self._block_size = max(memory // (8 * self.blocks_per_window) // row_bytes, 1)
        self.n_blocks = -(-self._n_samples // self._block_size)

    @property
    def schema(self) -> dict[str, Any]:
        """What another source is opened ``like``."""
        return {"format": self.layout, "n_features": self.n_features}

    def read(self, blocks: Sequence[int]) -> Block:
        """Return the rows of some blocks as one."""
        size, n = self._block_size, self.n_samples
        parts = [slice(block * size, min((block + 1) * size, n)) for block in blocks]
        columns = {name: self._rows(given, parts) for name, given in self._columns.items()}
        return Block(self._rows(self.name, parts).astype(self._dtype, copy=False), **columns)

    def _rows(self, given: Any, parts: list[slice]) -> Any:
        """Return the rows of some parts of a file, or of an array, if it is given."""
        if given is None:
            return None
        array = _opened(given)
        if not isinstance(array, np.memmap):
            return np.concatenate([array[part] for part in parts])
        n_rows = sum(part.stop - part.start for part in parts)
        by_row = array.flags.c_contiguous
        rows = np.empty((n_rows, *array.shape[1:]), array.dtype, "C" if by_row else "F")
        # Not by the map, of which the system keeps far more in memory than what is asked for.
        with open(given, "rb") as file:
            first = 0
            for part in parts:
                mine, theirs = rows[first : first + part.stop - part.start], array[part]
                first += len(mine)
                for into, mapped in (
                    [(mine, theirs)] if by_row else zip(mine.T, theirs.T, strict=True)
                ):
                    file.seek(array.offset + mapped.ctypes.data - array.ctypes.data)
                    if file.readinto(into.data) < into.nbytes:
                        raise ValueError(f"{given}: expected {array.nbytes} bytes, found fewer")
        return rows

    def _look(self) -> Found:
        labels = Labels()
        for number, block in enumerate(self):
            finite = np.isfinite(block.X)
            if not finite.all():
                row, column = np.argwhere(~finite)[0]
                raise ValueError(
                    f"{self.name}, row {number * self._block_size + row}, column {column}: "
                    f"expected a finite number, found {block.X[row, column]}"
                )
            labels.add(block)
        return Found(self.n_samples, self.n_features, 0, *labels.found())


def _opened(given: Any) -> Array:
    if not isinstance(given, str | os.PathLike):
        return np.asarray(given)
    try:
        return open_memmap(given, mode="r")
    except ValueError as error:
        raise ValueError(f"{os.fspath(given)}: expected an NPY file: {error}") from None
