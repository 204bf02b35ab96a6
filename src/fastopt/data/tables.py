"""Tables in files: those of Parquet and of Arrow, and what they share with CSV."""

import os
import tempfile
import threading
import weakref
from abc import abstractmethod
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Literal

from fastopt._arguments import count
from fastopt.data.arrow import ipc, pa, parquet, reading
from fastopt.data.encoding import Encoding, Place, Rows, Survey, plain
from fastopt.data.lines import read_at
from fastopt.data.source import MEMORY, Block, Found, Labels, Source, ahead, joined, labels_of

#: Bytes that a column of a Parquet file takes as it is decoded: those of a page and a dictionary,
#: as writers make them by default.
DECODED = 2 * 2**20


@dataclass
class Batch:
    """Some rows of a table.

    Attributes
    ----------
    rows : pyarrow.RecordBatch
        Of the columns that are used, and perhaps others.
    place : callable
        Tells where in the file each row is.
    n_bad : int
        How many rows were left out already.
    """

    rows: Any
    place: Place
    n_bad: int = 0


class TableSource(Source):
    """The rows of a table in a file.

    Parameters
    ----------
    data : path
        The file.
    target, sample_weight, features, dtype, categorical, classes, missing, on_bad_rows, memory, like
        As for `open_source`. Rows left out because something is missing are counted in
        ``n_bad_rows`` too.
    """

    layout = "table"

    def __init__(
        self,
        data: str | os.PathLike[str],
        *,
        target: str | Literal[False] | None = None,
        sample_weight: str | None = None,
        features: Sequence[str] | None = None,
        dtype: Any = None,
        categorical: Any = None,
        classes: Any = None,
        missing: str | None = None,
        on_bad_rows: str = "raise",
        memory: int = MEMORY,
        like: dict[str, Any] | None = None,
    ) -> None:
        self.name, self.memory = os.fspath(data), count("memory", memory)
        columns = self._columns()
        self._encoding = Encoding(
            self.name,
            columns,
            target=target,
            sample_weight=sample_weight,
            features=features,
            dtype=dtype,
            categorical=categorical,
            missing=missing,
            on_bad_rows=on_bad_rows,
            like=like,
            text_in=self._text_in,
        )
        if classes is None and like is not None:
            classes = like.get("classes")
        self._classes = labels_of(classes)
        self._note()

    # What a format gives.

    @abstractmethod
    def _columns(self) -> list[tuple[str, Any]]:
        """Return the names and types of the columns of the file."""

    @abstractmethod
    def _batches(self, block: int) -> Iterable["Batch"]:
        """Return the batches of a block."""

    def _blocks(self) -> Iterable[int]:
        return range(self.n_blocks)

    def _text_in(self, column: str) -> str | None:
        """Tell where text stands among the numbers of a column, if the format lets it."""
        return None

    # One of several files.

    def given_to_others(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return what other files are opened with to have the columns of this one, which was
        opened with what was `given`.
        """
        encoding = self._encoding
        encoding.check_complete()
        classes = None if self._classes is None else self._classes.tolist()
        return {name: given[name] for name in ("memory", "on_bad_rows") if name in given} | {
            "target": encoding.target or False,
            "sample_weight": encoding.sample_weight,
            "like": encoding.schema | {"classes": classes},
        }

    def take_labels_like(self, first: Any) -> None:
        """Read labels as another file does, or raise an error if they are not of the same kind."""
        wanted, found = first._encoding.label_kind, self._encoding.label_kind
        if wanted != found:
            raise ValueError(
                f"{self.name}, column {self._encoding.target!r}: expected {wanted}, as in "
                f"{first.name}, found {found}"
            )

    # What comes of it.

    @property
    def feature_names(self) -> list[str]:  # type: ignore[override]
        """The name of each feature."""
        self._complete()
        return self._encoding.feature_names

    @property
    def schema(self) -> dict[str, Any]:
        """What another source is opened ``like``."""
        self._complete()
        classes = None if self.classes is None else self.classes.tolist()
        more = {"format": self.layout, "n_features": self.n_features, "classes": classes}
        return self._encoding.schema | more

    def read(self, blocks: Sequence[int]) -> Block:
        """Return the rows of some blocks as one."""
        self._complete()
        return joined(
            self._encoding.block(batch.rows, batch.place)
            for block in blocks
            for batch in self._batches(block)
        )

    def __iter__(self) -> Iterator[Block]:
        return ahead(self.read([block]) for block in self._blocks())

    def _complete(self) -> None:
        if not self._encoding.is_complete:
            _ = self._found

    def _note(self) -> None:
        if self._encoding.is_complete:
            self._n_features = self._encoding.n_features

    def _look(self) -> Found:
        labels, survey = Labels(), Survey(self._encoding)
        n_samples = n_bad = 0
        for rows in ahead(self._rows()):
            labels.add(Block(rows.cells, rows.y, rows.sample_weight))
            survey.add(rows)
            n_samples, n_bad = n_samples + len(rows), n_bad + rows.n_bad
        if not n_samples:
            raise ValueError(f"{self.name}: expected rows, found none that is not bad")
        survey.complete()
        self._note()
        return Found(n_samples, self._encoding.n_features, n_bad, *labels.found())

    def _rows(self) -> Iterator[Rows]:
        for block in self._blocks():
            for batch in self._batches(block):
                rows = self._encoding.rows(batch.rows, batch.place)
                yield replace(rows, n_bad=rows.n_bad + batch.n_bad)

    def _block_rows(self) -> int:
        """Return how many rows a block may have."""
        cell = self._encoding.dtype.itemsize + 4  # and the index of CSR
        row = len(self._encoding.used) * cell
        return max(self.memory // (4 * self.blocks_per_window) // row, 1)


class BatchSource(TableSource):
    """The rows of a file of batches: blocks are made of some small ones, or parts of large ones."""

    @property
    @abstractmethod
    def _sizes(self) -> list[int]:
        """The rows of each batch."""

    @cached_property
    def _pieces(self) -> list[list["Piece"]]:
        with reading(self.name):
            return packed(self._sizes, self._block_rows())

    @property
    def n_blocks(self) -> int:  # type: ignore[override]
        """The number of blocks."""
        return len(self._pieces)

    @abstractmethod
    def _read(self, pieces: list["Piece"]) -> Iterable[Any]:
        """Return the batches of some pieces."""

    def _batches(self, block: int) -> Iterator["Batch"]:
        pieces = self._pieces[block]
        row = pieces[0].row
        with reading(self.name):
            batches = self._read(pieces)
        for batch in batches:
            yield Batch(batch, partial(_place, row))
            row += batch.num_rows


class ParquetSource(BatchSource):
    """The rows of a Parquet file, as `TableSource` has them.

    Row groups that are too large for a block are written, once, to a temporary file, in the folder
    of ``tempfile.gettempdir()``: it needs as much room as the columns that are used take in memory.
    """

    def _columns(self) -> list[tuple[str, Any]]:
        with reading(self.name):
            self._metadata = parquet.read_metadata(self.name)
            groups = range(self._metadata.num_row_groups)
            self._groups = [self._metadata.row_group(group).num_rows for group in groups]
            return _columns_of(self._metadata.schema.to_arrow_schema())

    @cached_property
    def _spool(self) -> "Spool | None":
        most = self._block_rows()
        if max(self._groups, default=0) <= most:
            return None
        used, spool = self._encoding.used, Spool()
        at_once = max(self.memory // (8 * DECODED), 1)
        for first in range(0, len(used), at_once):
            columns = used[first : first + at_once]
            with self._opened() as file:
                spool.add(file.iter_batches(most, columns=columns, use_threads=False), most)
        return spool

    @property
    def _sizes(self) -> list[int]:
        return self._groups if self._spool is None else self._spool.sizes

    def _opened(self) -> Any:
        return parquet.ParquetFile(
            self.name,
            metadata=self._metadata,
            pre_buffer=False,  # which would hold the whole of a row group
            buffer_size=2**16,
        )

    def _read(self, pieces: list["Piece"]) -> Iterable[Any]:
        if self._spool is not None:
            return [self._spool.batch(piece.index) for piece in pieces]
        with self._opened() as file:
            groups = [piece.index for piece in pieces]
            table = file.read_row_groups(groups, columns=self._encoding.used, use_threads=False)
            batches: list[Any] = table.to_batches()
            return batches


class ArrowSource(BatchSource):
    """The rows of an Arrow file (Feather too) or stream, as `TableSource` has them.

    A file that is not compressed is read by memory map. Another, and a stream, is written, once, to
    a temporary file, in the folder of ``tempfile.gettempdir()``: it needs as much room as the
    columns that are used take in memory, which must have room for its largest batch thrice.
    """

    def _columns(self) -> list[tuple[str, Any]]:
        with reading(self.name), pa.memory_map(self.name) as file:
            return _columns_of(_reader(file).schema)

    @cached_property
    def _spool(self) -> "Spool | None":
        with pa.memory_map(self.name) as file:
            reader = _reader(file)
            if _is_mapped(reader, file):
                return None
        with pa.OSFile(self.name) as file:
            reader = _reader(file)
            spool = Spool()
            spool.add(_batches_of(reader, self._encoding.used), self._block_rows())
            return spool

    @property
    def _sizes(self) -> list[int]:
        if self._spool is not None:
            return self._spool.sizes
        with pa.memory_map(self.name) as file:
            reader = ipc.open_file(file)
            return [reader.get_batch(i).num_rows for i in range(reader.num_record_batches)]

    def _read(self, pieces: list["Piece"]) -> Iterable[Any]:
        if self._spool is not None:
            return [self._spool.batch(piece.index) for piece in pieces]
        # Opened anew each time: what a memory map has read counts as memory until it is closed.
        reader = ipc.open_file(pa.memory_map(self.name))
        return [reader.get_batch(p.index).slice(p.start, p.size) for p in pieces]


class Spool:
    """Record batches in a temporary file, to be read in any order: each is a stream of its own.

    Attributes
    ----------
    sizes : list of int
        The rows of each batch.
    """

    def __init__(self) -> None:
        self._file: Any = tempfile.TemporaryFile()  # noqa: SIM115
        self._lock = threading.Lock()
        weakref.finalize(self, self._file.close)
        self._starts: list[array[int]] = []  # for each time that columns were added
        self.sizes: list[int] = []

    def add(self, batches: Iterable[Any], most: int) -> None:
        """Write batches, cut to so many rows at most; or more columns of those that are there."""
        starts = array("q", [self._file.seek(0, os.SEEK_END)])
        sizes = []
        for batch in batches:
            for start in range(0, batch.num_rows, most):
                part = _plain(batch.slice(start, most))
                with ipc.new_stream(self._file, part.schema) as writer:
                    writer.write_batch(part)
                starts.append(self._file.tell())
                sizes.append(part.num_rows)
        self._file.flush()
        assert self.sizes in ([], sizes)
        self.sizes = sizes
        self._starts.append(starts)

    def batch(self, index: int) -> Any:
        """Return one of the batches, with all its columns."""
        columns: dict[str, Any] = {}
        for starts in self._starts:
            start, stop = starts[index : index + 2]
            with self._lock:
                text = read_at(self._file, start, stop - start)
            part = ipc.open_stream(text).read_next_batch()
            columns |= zip(part.schema.names, part.columns, strict=True)
        return pa.RecordBatch.from_pydict(columns)


@dataclass(frozen=True)
class Piece:
    """Some rows of a batch or row group."""

    index: int
    start: int
    size: int
    row: int  # of the file, that is the first of the piece


def packed(sizes: Iterable[int], most: int) -> list[list[Piece]]:
    """Return blocks of at most so many rows, made of batches of these sizes: of some small ones, or
    a part of a large one.
    """
    blocks: list[list[Piece]] = []
    room = row = 0
    for index, size in enumerate(sizes):
        for start in range(0, size, most):
            piece = Piece(index, start, min(most, size - start), row)
            if piece.size > room:
                blocks.append([])
                room = most
            blocks[-1].append(piece)
            room -= piece.size
            row += piece.size
    return blocks


def _place(first: int, row: int) -> str:
    return f"row {first + row + 1}"


def _columns_of(schema: Any) -> list[tuple[str, Any]]:
    """Return the names and types of columns, without those that pandas makes an index of."""
    index = (schema.pandas_metadata or {}).get("index_columns", ())
    return [(field.name, field.type) for field in schema if field.name not in index]


def _reader(file: Any) -> Any:
    """Return the reader of an Arrow file or stream."""
    try:
        return ipc.open_file(file)
    except pa.ArrowInvalid:
        file.seek(0)
        return ipc.open_stream(file)


def _batches_of(reader: Any, columns: list[str]) -> Iterator[Any]:
    if isinstance(reader, ipc.RecordBatchFileReader):
        batches = map(reader.get_batch, range(reader.num_record_batches))
    else:
        batches = iter(reader)
    return (batch.select(columns) for batch in batches)


def _plain(batch: Any) -> Any:
    """Return a batch without dictionaries, which may be much larger than the batch."""
    columns = [plain(column) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _is_mapped(reader: Any, file: Any) -> bool:
    """Whether the batches of a file are read where they lie: it is no stream, nor compressed."""
    if not isinstance(reader, ipc.RecordBatchFileReader):
        return False
    if not reader.num_record_batches:
        return True
    file.seek(0)
    first = file.read_buffer().address
    buffers = [b for column in reader.get_batch(0).columns for b in column.buffers() if b]
    return all(first <= b.address < first + file.size() for b in buffers if b.size)
