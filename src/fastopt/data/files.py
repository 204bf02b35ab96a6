"""Several files of one format as one source."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, chain, groupby
from operator import itemgetter
from typing import Any

import numpy as np

from fastopt._arguments import count
from fastopt.data.source import MEMORY, MOST_CLASSES, Block, Found, Source, joined


class FilesSource(Source):
    """The rows of several files, one after another; blocks are those of each.

    Each file has its share of the memory, but for the little that it takes at least, and a window
    so many blocks more. The width of files of svmlight is the largest of all; the columns of tables
    are those of the first.

    Parameters
    ----------
    name : str
        What errors call the files.
    paths : list of path
        One or more.
    made : type
        The class of the source of each.
    memory : int
        Bytes that all of them take at most.
    given
        What each is opened with.
    """

    def __init__(
        self,
        name: str,
        paths: Sequence[Any],
        made: Any,
        *,
        memory: int = MEMORY,
        **given: Any,
    ) -> None:
        self.name, self.memory, self.layout = name, count("memory", memory), made.layout
        given["memory"] = max(memory // len(paths), 1)
        first = made(paths[0], **given)
        if self.layout == "table":
            given = first.given_to_others(given)
        self._sources: list[Any] = [first, *(made(path, **given) for path in paths[1:])]
        if self.layout == "table":
            for source in self._sources:
                source.take_labels_like(first)
        self.blocks_per_window = len(paths) * Source.blocks_per_window
        self._n_features, self._classes = first._n_features, first._classes

    @property
    def n_blocks(self) -> int:  # type: ignore[override]
        """The number of blocks."""
        return self._ends[-1]

    @property
    def _ends(self) -> list[int]:
        """The number of the block behind those of each file."""
        return list(accumulate(source.n_blocks for source in self._sources))

    @property
    def n_features(self) -> int:
        """The number of features."""
        if self._n_features is None:
            self._n_features = max(source.n_features for source in self._sources)
            for source in self._sources:
                source._n_features = self._n_features
        return self._n_features

    @property
    def feature_names(self) -> list[str] | None:  # type: ignore[override]
        """The name of each feature, where the files have them."""
        names: list[str] | None = self._sources[0].feature_names
        return names

    @property
    def schema(self) -> dict[str, Any]:
        """What another source is opened ``like``."""
        schema: dict[str, Any] = self._sources[0].schema | {"n_features": self.n_features}
        if "classes" in schema:
            schema["classes"] = None if self.classes is None else self.classes.tolist()
        return schema

    def read(self, blocks: Sequence[int]) -> Block:
        """Return the rows of some blocks as one."""
        _ = self.n_features  # which all files have from then on
        ends, most = self._ends, Source.blocks_per_window
        places = []
        for block in blocks:
            file = int(np.searchsorted(ends, block, "right"))
            places.append((file, block - (ends[file - 1] if file else 0)))
        parts = []
        for file, group in groupby(places, itemgetter(0)):
            own = [block for _, block in group]
            parts += [
                self._sources[file].read(own[start : start + most])
                for start in range(0, len(own), most)
            ]
        return self._joined(parts)

    def _joined(self, parts: list[Block]) -> Block:
        if len({part.qid is None for part in parts if len(part)}) > 1:
            raise ValueError(f"{self.name}: expected a qid in the rows of all files or of none")
        return joined(parts)

    def __iter__(self) -> Iterator[Block]:
        _ = self.n_features
        return chain.from_iterable(self._sources)

    def _look(self) -> Found:
        found: list[Found] = [source._found for source in self._sources]
        total = Found(
            sum(one.n_samples for one in found),
            self.n_features,
            sum(one.n_bad_rows for one in found),
        )
        if any(one.classes is None or one.class_counts is None for one in found):
            return total
        classes, index = np.unique(
            np.concatenate([one.classes for one in found]),
            return_inverse=True,
        )
        if len(classes) > MOST_CLASSES:
            return total
        counts = np.zeros(len(classes), np.int64)
        np.add.at(counts, index, np.concatenate([one.class_counts for one in found]))
        for source in self._sources:
            if source._classes is None:
                source._classes = classes  # so that y has one dtype
        return replace(total, classes=classes, class_counts=counts)
