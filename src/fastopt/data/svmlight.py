"""Text in the format of svmlight and LIBSVM: a label, and the entries of a sparse row, a line."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from scipy.sparse import csr_matrix

from fastopt import _core
from fastopt._arguments import count, flag, one_of
from fastopt.data.lines import Lines
from fastopt.data.source import (
    MEMORY,
    Array,
    Block,
    Found,
    Labels,
    Source,
    ahead,
    labels_of,
    width_of,
)

T = TypeVar("T")
Parsed = tuple[Array, Array, Array, Array, Array | None, int, int]  # as `parse_svmlight` has it


class SvmlightSource(Source):
    """The rows of a file in svmlight's format.

    A row is ``<label> [qid:<int>] <index>:<value> ...``, with ascending indices; what comes after
    ``#`` is a comment. Lines without a row are skipped.

    Parameters
    ----------
    data : path or "-"
        Plain or compressed by gzip.
    target : False or None
        False is to give no y, though each row must have a label.
    n_features : int or None
        The width of X; None is the largest index in the file.
    classes : array-like or None
        The labels that y may hold; None is those in the file.
    dtype : {"float32", "float64"} or None
        Of X; None is float64. Each value is the float64 nearest to the decimal, float32 that
        rounded.
    zero_based : bool or None
        Whether indices count from 0; None, as False, is from 1.
    on_bad_rows : {"raise", "skip"}
        Whether a bad row is an error, or left out.
    memory, like
        As for `open_source`.
    """

    layout = "svmlight"

    def __init__(
        self,
        data: str | os.PathLike[str],
        *,
        target: Any = None,
        n_features: int | None = None,
        classes: Any = None,
        dtype: Any = None,
        zero_based: bool | None = None,
        on_bad_rows: str = "raise",
        memory: int = MEMORY,
        like: dict[str, Any] | None = None,
    ) -> None:
        if target is not None and target is not False:
            raise ValueError("target cannot be used with the format 'svmlight', but for False")
        self._has_y = target is None
        declared = {"n_features": n_features, "dtype": dtype, "zero_based": zero_based}
        if like is not None:
            width_of(like)
        columns = (like or {}) | {name: it for name, it in declared.items() if it is not None}
        if "n_features" in columns:
            self._n_features = count("n_features", columns["n_features"])
        self._is_width_given = n_features is not None
        reals = one_of("float32", "float64")
        self._dtype = reals("dtype", np.dtype(columns.get("dtype", "float64")).name)
        self._zero_based = flag("zero_based", columns.get("zero_based", False))
        self._skip = one_of("raise", "skip")("on_bad_rows", on_bad_rows) == "skip"
        self._classes = labels_of(classes)
        self.memory = count("memory", memory)
        # Of short rows, parsed, two windows take four times their text each: half of the memory.
        self._lines = Lines(data, memory // 2)
        self.name = self._lines.name

    @property
    def n_blocks(self) -> int:  # type: ignore[override]
        """The number of blocks."""
        return self._lines.n_chunks

    @property
    def schema(self) -> dict[str, Any]:
        """What another source is opened ``like``."""
        return {
            "format": self.layout,
            "n_features": self.n_features,
            "dtype": self._dtype,
            "zero_based": self._zero_based,
        }

    def read(self, blocks: Sequence[int]) -> Block:
        """Return the rows of some blocks as one."""
        return self._read(self._lines.read(blocks), blocks)

    def windows(
        self, seed: int, epoch: int, made: Callable[[Block], T], *, shuffle: bool, first: int = 0
    ) -> Iterator[T]:
        """Yield what is ``made`` of each window, as every source does; a second thread reads the
        text of one while that of the window before is parsed.
        """
        windows = self._blocks_of_windows(seed, epoch, shuffle, first)
        texts = ahead((self._lines.read(blocks), blocks) for blocks in windows)
        yield from ahead(made(self._read(*text)) for text in texts)

    def _read(self, text: bytes, blocks: Sequence[int]) -> Block:
        """Return the rows in the text of some blocks."""
        has_qid = self._has_qid
        try:
            return self._block(self._parse(text, has_qid))
        except _core.BadRow:
            for block in blocks:  # one of them tells the line of the file
                self._parse_chunk(block, has_qid)
            raise

    def __iter__(self) -> Iterator[Block]:
        return ahead(map(self._block, self._parsed()))

    def _look(self) -> Found:
        labels, n_samples, n_features, n_bad = Labels(), 0, 0, 0
        for *_, y, _, width, bad in ahead(self._parsed()):
            labels.add(Block(None, y if self._has_y else None))
            n_samples, n_features, n_bad = n_samples + len(y), max(n_features, width), n_bad + bad
        if not n_samples:
            raise ValueError(f"{self.name}: expected rows, found none that is not bad")
        return Found(n_samples, n_features, n_bad, *labels.found())

    @cached_property
    def _has_qid(self) -> bool | None:
        """Whether rows have a qid, as the first of them tells."""
        return next((qid is not None for *_, y, qid, _, _ in self._parsed() if len(y)), None)

    def _parsed(self) -> Iterator[Parsed]:
        has_qid = None
        for chunk in self._lines.chunks():
            yield (parsed := self._parse_chunk(chunk, has_qid))
            *_, y, qid, _, _ = parsed
            if len(y):
                has_qid = qid is not None

    def _parse_chunk(self, chunk: int, qid: bool | None) -> Parsed:
        try:
            with self._lines.lock:
                return self._parse(self._lines.view([chunk]), qid)
        except _core.BadRow as error:
            is_wider = self._is_width_given and "n_features" in error.expected
            cure = "; a larger n_features takes it in" if is_wider else ""
            line = self._lines.first_line(chunk) + error.line - 1
            raise ValueError(
                f"{self.name}, line {line}, column {error.column}: "
                f"expected {error.expected}, found {error.found}{cure}"
            ) from None

    def _parse(self, text: bytes | memoryview, qid: bool | None) -> Parsed:
        return _core.parse_svmlight(
            text,
            self._dtype,
            zero_based=self._zero_based,
            skip=self._skip,
            n_features=self._n_features,
            qid=qid,
        )

    def _block(self, parsed: Parsed) -> Block:
        data, indices, indptr, labels, qid, _, _ = parsed
        X = csr_matrix((data, indices, indptr), (len(labels), self.n_features))
        X.has_canonical_format = True  # ascending in each row
        return Block(X, labels if self._has_y else None, qid=qid)
