"""What a source of rows is: blocks of bounded size, and the windows of an epoch over them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from fastopt import _core
from fastopt._arguments import count as positive_count

Array = npt.NDArray[Any]
T = TypeVar("T")

MEMORY = 128 * 2**20  # bytes that a source holds at most, if it is not told
MOST_CLASSES = 2**16  # labels that are counted; more of them are no classes
END: Any = object()  # of an iterator
ODD = 0x9E3779B97F4A7C15  # between the seeds of two windows: 2**64 over the golden ratio


@dataclass
class Block:
    """Some rows of a source.

    Attributes
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        float32 or float64.
    y, sample_weight, qid : ndarray of shape (n_samples,) or None
        What is to be predicted, how much each row counts, and the query it belongs to, where the
        source has them.
    """

    X: Any
    y: Array | None = None
    sample_weight: Array | None = None
    qid: Array | None = None

    def __len__(self) -> int:
        return int(self.X.shape[0])


def joined(blocks: Iterable[Block]) -> Block:
    """Return some blocks, all of which have the same columns, as one."""
    from scipy import sparse  # not imported by all that imports this

    blocks = list(blocks)
    if len(blocks) == 1:
        return blocks[0]

    def column(name: str) -> Any:
        parts = [part for block in blocks if (part := getattr(block, name)) is not None]
        return np.concatenate(parts) if parts else None

    X = [block.X for block in blocks]
    return Block(
        sparse.vstack(X, format="csr") if sparse.issparse(X[0]) else np.concatenate(X),
        column("y"),
        column("sample_weight"),
        column("qid"),
    )


@dataclass
class Found:
    """What one pass over a source finds.

    Attributes
    ----------
    n_samples, n_features, n_bad_rows : int
        Rows, features and rows left out.
    classes : ndarray or None
        The labels in y, sorted; None if there is no y, or more than 65,536 of them.
    class_counts : ndarray or None
        The number of rows of each, but for rows of weight 0.
    """

    n_samples: int
    n_features: int
    n_bad_rows: int = 0
    classes: Array | None = None
    class_counts: Array | None = None


class Labels:
    """The labels of the blocks seen so far, and how many rows have them."""

    def __init__(self) -> None:
        self._counts: dict[Any, int] | None = {}
        self._dtype: np.dtype[Any] | None = None

    def add(self, block: Block) -> None:
        """Count those of a block; rows of weight 0 do not count."""
        y, weight = block.y, block.sample_weight
        if y is None or y.ndim != 1:
            self._counts = None
        if self._counts is None or y is None:
            return
        self._dtype = y.dtype if self._dtype is None else np.result_type(self._dtype, y.dtype)
        if weight is None or np.all(weight):
            labels, counts = np.unique(y, return_counts=True)
        else:
            labels, index = np.unique(y, return_inverse=True)
            counts = np.bincount(index[np.asarray(weight) != 0], minlength=len(labels))
        for label, count in zip(labels.tolist(), counts.tolist(), strict=True):
            self._counts[label] = self._counts.get(label, 0) + count
        if len(self._counts) > MOST_CLASSES:
            self._counts = None

    def found(self) -> tuple[Array | None, Array | None]:
        """Return the labels, sorted, and their counts."""
        if not self._counts:
            return None, None
        labels = sorted(self._counts)
        return np.array(labels, self._dtype), np.array([self._counts[k] for k in labels])


def labels_of(classes: Any) -> Array | None:
    """Return labels that were declared, sorted."""
    if classes is None:
        return None
    labels = np.asarray(classes)
    kinds = {isinstance(label, str) for label in classes} if np.ndim(classes) == 1 else set()
    nothing = labels.dtype.kind == "O" or (labels.dtype.kind == "f" and np.isnan(labels).any())
    if len(kinds) != 1 or nothing:
        raise ValueError(
            f"classes must be a list of labels, either numbers or strings, got {classes!r:.200}"
        )
    return np.unique(labels)


def width_of(like: Any) -> int | None:
    """Return the number of features that the schema of another source tells."""
    if like is None:
        return None
    if "n_features" not in like:
        raise ValueError(f"like must be the schema of a source, got {like!r:.200}")
    width: int = positive_count("n_features", like["n_features"])
    return width


class Source(ABC):
    """Rows that need not fit in memory, in blocks of bounded size, in an order of their own.

    `open_source` makes one. Iterating over it gives its blocks, in order; ``fit`` of every
    estimator takes it in place of X and y.

    Attributes
    ----------
    n_samples, n_features, n_bad_rows, classes, class_counts
        As `Found` has them: what was not declared takes one pass over the whole source, when it is
        first asked for.
    n_blocks : int
        Blocks.
    feature_names : list of str or None
        Names of the features, where the source has them.
    schema : dict
        What another source must be opened ``like`` for its columns to mean the same: of strings,
        numbers, lists and dicts alone.
    memory : int
        Bytes that blocks, and windows of them, take at most.
    """

    name: str  # what errors call it
    layout: str | None = None  # how its file has the rows: its schema's "format"
    feature_names: list[str] | None = None
    memory: int
    n_blocks: int
    blocks_per_window = 8
    one_pass = False  # whether it can be gone over only once
    # What was declared, and needs not be found.
    _n_samples: int | None = None
    _n_features: int | None = None
    _classes: Array | None = None

    # What a format gives.

    @abstractmethod
    def read(self, blocks: Sequence[int]) -> Block:
        """Return the rows of some blocks as one."""

    @abstractmethod
    def _look(self) -> Found:
        """Pass over the whole source."""

    @property
    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """What another source is opened ``like``."""

    # What comes of it.

    def __repr__(self) -> str:
        found: Found | None = vars(self).get("_found")
        n_samples, n_features = self._n_samples, self._n_features
        if found is not None:
            n_samples, n_features = found.n_samples, self.n_features
        sizes = [
            f"{size:,} {what}{'s' if size != 1 else ''}"
            for size, what in ((n_samples, "row"), (n_features, "feature"))
            if size is not None
        ]
        told = f": {' x '.join(sizes)}" if sizes else ""
        return f"<{type(self).__name__} {self.name!r}{told}>"

    @cached_property
    def _found(self) -> Found:
        return self._look()

    @property
    def n_samples(self) -> int:
        """The number of rows."""
        return self._found.n_samples if self._n_samples is None else self._n_samples

    @property
    def n_features(self) -> int:
        """The number of features."""
        return self._found.n_features if self._n_features is None else self._n_features

    @property
    def n_bad_rows(self) -> int:
        """The number of rows that are left out, as ``on_bad_rows="skip"`` wants."""
        return self._found.n_bad_rows

    @property
    def classes(self) -> Array | None:
        """The labels in y, sorted; None if there are none, or too many to be classes."""
        return self._found.classes if self._classes is None else self._classes

    @property
    def class_counts(self) -> Array | None:
        """The number of rows of each class, but for rows of weight 0."""
        classes, counts = self._found.classes, self._found.class_counts
        if self._classes is None or classes is None or counts is None:
            return counts
        found = dict(zip(classes.tolist(), counts.tolist(), strict=True))
        return np.array([found.get(label, 0) for label in self._classes.tolist()])

    def peek(self) -> Block:
        """Return the first rows."""
        for block in self:
            if len(block):
                return block
        raise ValueError(f"{self.name}: expected rows, found none that is not bad")

    def whole(self) -> Block | None:
        """Return all rows, if they are those of one window."""
        return self.read(range(self.n_blocks)) if self.n_windows == 1 else None

    def __iter__(self) -> Iterator[Block]:
        return ahead(self.read([block]) for block in range(self.n_blocks))

    @property
    def n_windows(self) -> int | None:
        """The number of windows of an epoch, if it is known."""
        return -(-self.n_blocks // self.blocks_per_window)

    def windows(
        self, seed: int, epoch: int, made: Callable[[Block], T], *, shuffle: bool, first: int = 0
    ) -> Iterator[T]:
        """Yield what is ``made`` of each window of an epoch, from the ``first`` on.

        A window is the rows of some blocks, in the order of the source: of blocks as they come in
        an order that (seed, epoch) alone give, or, without ``shuffle``, as they lie. The next one
        is read in a thread while one is in use.
        """
        windows = self._blocks_of_windows(seed, epoch, shuffle, first)
        yield from ahead(made(self.read(blocks)) for blocks in windows)

    def _blocks_of_windows(
        self, seed: int, epoch: int, shuffle: bool, first: int
    ) -> Iterator[list[int]]:
        order: Array = np.arange(self.n_blocks)
        if shuffle:
            order = _core.permutation(self.n_blocks, window_seed(seed, -1), epoch)
        size = self.blocks_per_window
        for start in range(first * size, self.n_blocks, size):
            yield sorted(order[start : start + size].tolist())


def window_seed(seed: int, window: int) -> int:
    """Return the seed of the order of rows in a window: that of an epoch in the first."""
    return (seed + window * ODD) % 2**64


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield the items; a thread makes the next one meanwhile.

    Nobody waits for the thread when the rest is not wanted: an iterator may take for ever.
    """
    asked: SimpleQueue[bool] = SimpleQueue()
    made: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

    def make() -> None:
        while asked.get():
            try:
                made.put((next(items, END), None))
            except BaseException as error:
                made.put((END, error))

    asked.put(True)
    Thread(target=make, name="fastopt-read", daemon=True).start()
    try:
        while True:
            item, error = made.get()
            if error is not None:
                raise error
            if item is END:
                return
            asked.put(True)
            yield item
    finally:
        asked.put(False)
