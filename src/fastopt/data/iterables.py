"""Blocks that come from Python: a sequence of them, or any other iterable."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, TypeVar

import numpy as np
from sklearn.utils import check_array, check_consistent_length

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
        self.memory = MEMORY
        self._in_order = not isinstance(data, Sequence)
        self.one_pass = iter(data) is data
        self.n_blocks = len(data) if isinstance(data, Sequence) else -1
        self._classes = labels_of(classes)
        first = next(iter(data), None)
        if first is None:
            raise ValueError("data holds no blocks")
        if self.one_pass:
            self._data = chain([first], data)
        self._first = block_of(first, 0)
        width = self._first.X.shape[1]
        self._n_features = width if n_features is None else count("n_features", n_features)

    @property
    def schema(self) -> dict[str, Any]:
        """What another source is opened ``like``."""
        classes = None if self._classes is None else self._classes.tolist()
        return {"n_features": self.n_features, "classes": classes}

    def read(self, blocks: Sequence[int]) -> Block:
        """Return one block of a sequence."""
        (index,) = blocks
        return block_of(self._data[index], index)

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
        return (block_of(item, index) for index, item in enumerate(self._data))


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
