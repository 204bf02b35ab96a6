"""Blocks that come from Python: a sequence of them, or any other iterable."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, TypeVar

import numpy as np
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import _get_feature_names

from fastopt._arguments import count
from fastopt.data.source import MEMORY, Block, Found, Labels, Source, ahead, labels_of

T = TypeVar("T")


class IterableSource(Source):
    """The blocks of an iterable, each of them a window.

    Those of a sequence are shuffled; those of another iterable come as they come, and of an
    iterator only once.

    Parameters
    ----------
    data : iterable of (X, y), (X, y, sample_weight) or Block
        Asked for its blocks in a thread, one ahead of the training.
    n_features : int or None
        The width of X; None is that of the first block.
    classes : array-like or None
        The labels that y may hold; None is to find them, in one pass over the blocks.
    """

    blocks_per_window = 1

    def __init__(
        self, data: Iterable[Any], *, n_features: int | None = None, classes: Any = None
    ) -> None:
        self._data: Any = data
        self.name, self.memory = "data", MEMORY
        self._in_order = not isinstance(data, Sequence)
        self.one_pass = iter(data) is data
        self.n_blocks = len(data) if isinstance(data, Sequence) else -1
        self._classes = labels_of(classes)
        first = next(iter(data), None)
        if first is None:
            raise ValueError("data holds no blocks")
        if self.one_pass:
            self._data = chain([first], data)
        self._is_spent = False
        self._n_features = None if n_features is None else count("n_features", n_features)
        self.feature_names = None
        self._first = self._block(first, 0)
        self._n_features = self._first.X.shape[1]
        self.feature_names = _names(first)

    @property
    def schema(self) -> dict[str, Any]:
        """What another source is opened ``like``."""
        classes = None if self._classes is None else self._classes.tolist()
        return {"n_features": self.n_features, "classes": classes}

    def read(self, blocks: Sequence[int]) -> Block:
        """Return one block of a sequence."""
        (index,) = blocks
        return self._block(self._data[index], index)

    def peek(self) -> Block:
        """Return the first block."""
        return self._first

    def _look(self) -> Found:
        if self.one_pass:
            raise ValueError("data can be gone over only once: declare classes")
        labels, n_samples = Labels(), 0
        for block in self:
            labels.add(block)
            n_samples += len(block)
        return Found(n_samples, self.n_features, 0, *labels.found())

    def __iter__(self) -> Iterator[Block]:
        return ahead(self._blocks()) if self._in_order else super().__iter__()

    @property
    def n_windows(self) -> int | None:
        """The number of windows of an epoch, if it is known."""
        return None if self._in_order else self.n_blocks

    def windows(
        self, seed: int, epoch: int, made: Callable[[Block], T], *, shuffle: bool, first: int = 0
    ) -> Iterator[T]:
        """Yield what is ``made`` of each block from the ``first`` on."""
        if not self._in_order:
            return super().windows(seed, epoch, made, shuffle=shuffle, first=first)
        return ahead(made(block) for block in islice(self._blocks(), first, None))

    def _blocks(self) -> Iterator[Block]:
        if self.one_pass and self._is_spent:
            raise ValueError("data can be gone over only once, and has been")
        self._is_spent = True
        return (self._block(item, index) for index, item in enumerate(self._data))

    def _block(self, item: Any, index: int) -> Block:
        """Return what the iterable has given as a block, of the columns that all have."""
        try:
            block, names = block_of(item, index), _names(item)
            if self._n_features not in (None, block.X.shape[1]):
                raise ValueError(f"expected {self._n_features} columns, found {block.X.shape[1]}")
            if names is not None and self.feature_names not in (None, names):
                raise ValueError(f"expected the columns {self.feature_names}, found {names}")
        except ValueError as error:
            raise ValueError(f"block {index} of data: {error}") from None
        return block


def _names(item: Any) -> list[str] | None:
    """Return the names of the columns of a frame."""
    names = _get_feature_names(item.X if isinstance(item, Block) else item[0])
    return None if names is None else names.tolist()


def block_of(item: Any, index: int) -> Block:
    """Return what an iterable has given as a block."""
    if not isinstance(item, Block):
        if not isinstance(item, tuple) or len(item) not in (2, 3):
            raise TypeError(
                f"block {index} of data must be (X, y), (X, y, sample_weight) or a Block, got "
                f"{type(item).__name__}"
            )
        item = Block(*item)
    X = check_array(item.X, accept_sparse="csr", dtype=None, ensure_all_finite=False)
    y = None if item.y is None else np.asarray(item.y)
    check_consistent_length(X, y, item.sample_weight)
    return Block(X, y, item.sample_weight, item.qid)
