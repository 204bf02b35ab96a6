"""Text files as chunks of whole lines, to be read in any order: plain, compressed, or piped in."""

import os
import shutil
import sys
import tempfile
import threading
import weakref
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from io import BufferedIOBase
from itertools import count, takewhile
from operator import attrgetter
from typing import IO

import numpy as np

NEWLINE = ord("\n")
GZIP = b"\x1f\x8b"  # what each member of a gzip file begins with
PIECE = 2**16  # bytes that are looked at at a time
INPUT = 2**14  # compressed bytes that are read at a time
MOST_BYTES = 2**32  # of a chunk, however large the memory
SNAPSHOT = 2**16  # bytes that one takes: zlib's window and state, and what it was given last


class Lines:
    """A text file, cut into chunks of whole lines.

    A chunk has at most ``memory / 64`` bytes, unless it is a single line. What gzip has compressed
    is known by its first bytes, whatever the name, and may have several members; what cannot be
    read twice is copied to a temporary file first. To read a compressed file in any order,
    snapshots of the decompression are kept, in ``memory / 8`` bytes. Threads and forked processes
    may read at the same time.

    Parameters
    ----------
    path : path or "-"
        The file, or standard input.
    memory : int
        Bytes.

    Attributes
    ----------
    name : str
        What errors call the file.
    lock : RLock
        Held by what uses a `view`.
    """

    def __init__(self, path: str | os.PathLike[str], memory: int) -> None:
        self.name = "standard input" if path == "-" else os.fspath(path)
        file = _opened(path)
        weakref.finalize(self, file.close)
        self._chunk_bytes = min(max(memory // 64, 1), MOST_BYTES)
        self.lock = threading.RLock()
        self._text: _Plain | _Gzip
        if file.read(len(GZIP)) == GZIP:
            self._text = _Gzip(file, self.name, self._chunk_bytes, max(memory // 8 // SNAPSHOT, 2))
        else:
            self._text = _Plain(file)
        self._starts = array("q", [0])  # of the chunks found so far, and of what is behind them
        self._complete = False
        self._memory = memoryview(b"")

    @property
    def n_chunks(self) -> int:
        """The number of chunks."""
        with self.lock:
            while self._find_next():
                pass
        return len(self._starts) - 1

    def chunks(self) -> Iterator[int]:
        """Number the chunks, each before those behind it are looked for."""
        return takewhile(self._finds, count())

    def __iter__(self) -> Iterator[bytes]:
        return (self.read([chunk]) for chunk in self.chunks())

    def read(self, chunks: Sequence[int]) -> bytes:
        """Return the lines of some chunks, the last of which ends as all the others do."""
        with self.lock:
            return self.view(chunks).tobytes()

    def view(self, chunks: Sequence[int]) -> memoryview:
        """Return the same in memory that is used again by whatever is read next: see `lock`."""
        bounds = [self._bounds(chunk) for chunk in chunks]
        room = sum(end - start + 1 for start, end in bounds)
        if len(self._memory) < room:
            self._memory = np.empty(room, np.uint8).data  # on huge pages, if large
        size = 0
        for start, end in bounds:
            until = size + end - start
            if (n_read := self._text.read_into(self._memory[size:until], start)) < end - start:
                raise ValueError(f"{self.name}: expected {end} bytes, found {start + n_read}")
            if self._memory[until - 1] != NEWLINE:
                self._memory[until] = NEWLINE
                until += 1
            size = until
        return self._memory[:size]

    def first_line(self, chunk: int) -> int:
        """Return the number of the first line of a chunk, counted from 1."""
        return 1 + sum(self.read([before]).count(b"\n") for before in range(chunk))

    def _bounds(self, chunk: int) -> tuple[int, int]:
        if not self._finds(chunk):
            raise IndexError(f"{self.name} has {self.n_chunks} chunks, and none of number {chunk}")
        return self._starts[chunk], self._starts[chunk + 1]

    def _finds(self, chunk: int) -> bool:
        with self.lock:
            while len(self._starts) < chunk + 2:
                if not self._find_next():
                    return False
        return True

    def _find_next(self) -> bool:
        """Find where the next chunk ends; False if there is none."""
        start = self._starts[-1]
        if not self._complete:
            end = self._end_of_chunk(start)
            self._complete = end == start
        if not self._complete:
            self._starts.append(end)
        return not self._complete

    def _end_of_chunk(self, start: int) -> int:
        """Return the end of the lines that fit in a chunk, or of the one that does not."""
        limit, piece = start + self._chunk_bytes, self._text.piece
        low, ended = limit, False
        while low > start:
            high, low = low, max(low - piece, start)
            text = self._text.read(low, high - low)
            ended = ended or len(text) < high - low
            if text and ended:
                return low + len(text)
            if newline := text.rfind(b"\n") + 1:
                return low + newline
        if ended:
            return start
        while text := self._text.read(limit, piece):
            if newline := text.find(b"\n") + 1:
                return limit + newline
            limit += len(text)
        return limit


def _opened(path: str | os.PathLike[str]) -> BufferedIOBase:
    """Open a file, or a copy of what cannot be read twice."""
    if path == "-":
        return _spooled(sys.stdin.buffer)
    file = open(path, "rb")  # noqa: SIM115
    if file.seekable():
        return file
    with file:
        return _spooled(file)


def _spooled(pipe: IO[bytes]) -> BufferedIOBase:
    file = tempfile.TemporaryFile()  # noqa: SIM115
    shutil.copyfileobj(pipe, file)
    file.seek(0)
    return file


def read_at(file: BufferedIOBase, start: int, size: int) -> bytes:
    """Return so many bytes from some place of a file on, or those that there are; the position of
    the file, which forked processes share, does not matter.
    """
    if not hasattr(os, "pread"):  # nor is there a fork
        file.seek(start)
        return file.read(size)
    parts = []
    while size and (part := os.pread(file.fileno(), size, start)):
        parts.append(part)
        start, size = start + len(part), size - len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class _Plain:
    """Text as it lies in a file."""

    piece = PIECE

    def __init__(self, file: BufferedIOBase) -> None:
        self._file = file

    def read(self, start: int, size: int) -> bytes:
        return read_at(self._file, start, size)

    def read_into(self, memory: memoryview, start: int) -> int:
        text = self.read(start, len(memory))
        memory[: len(text)] = text
        return len(text)


class _Gzip:
    """Text that gzip has compressed.

    What was read last is held. Decompression goes on from where it stands, or from the nearest
    snapshot; these are as close as the room for them allows: when it is full, every second one is
    dropped.
    """

    def __init__(self, file: BufferedIOBase, name: str, piece: int, most_snapshots: int) -> None:
        self.piece, self._most, self._spacing = piece, most_snapshots, PIECE
        self._stream = _Inflater(file, name)
        self._snapshots = [self._stream.copy()]
        self._held = b""  # what was read last, which ends where the stream stands

    def read(self, start: int, size: int) -> bytes:
        begins = self._stream.position - len(self._held)
        if begins <= start and start + size <= self._stream.position:
            return self._held[start - begins :][:size]
        parts = [self._held[start - begins :]] if begins <= start <= self._stream.position else []
        self._held = b""  # until it is known again where the stream stands
        if not parts:
            self._go_to(start)
        left = size - sum(map(len, parts))
        while left and (text := self._next(min(left, PIECE))):
            parts.append(text)
            left -= len(text)
        self._held = b"".join(parts)
        return self._held

    def read_into(self, memory: memoryview, start: int) -> int:
        text = self.read(start, len(memory))
        memory[: len(text)] = text
        return len(text)

    def _go_to(self, position: int) -> None:
        nearest = bisect_right(self._snapshots, position, key=attrgetter("position")) - 1
        snapshot = self._snapshots[nearest]
        if not snapshot.position <= self._stream.position <= position:
            self._stream = snapshot.copy()
        while (left := position - self._stream.position) and self._next(min(left, PIECE)):
            pass

    def _next(self, size: int) -> bytes:
        if self._stream.position >= self._snapshots[-1].position + self._spacing:
            self._snapshots.append(self._stream.copy())
            if len(self._snapshots) > self._most:
                del self._snapshots[1::2]
                self._spacing *= 2
        return self._stream.read(size)


class _Inflater:
    """The decompression of a gzip file, at some position of the text in it."""

    def __init__(self, file: BufferedIOBase, name: str) -> None:
        self._file, self._name = file, name
        self._member = _member()
        self._offset = 0  # of the compressed bytes to come
        self.position = 0

    def copy(self) -> "_Inflater":
        other = _Inflater.__new__(_Inflater)
        other.__dict__ |= self.__dict__
        other._member = self._member.copy()
        return other

    def read(self, size: int) -> bytes:
        """Return at least one and at most so many bytes; none at the end of the file."""
        while True:
            if self._member.eof and not self._begin_member():
                return b""
            compressed = read_at(self._file, self._offset, INPUT)
            try:
                text = self._member.decompress(compressed, size)
            except zlib.error as error:
                what = str(error).rpartition(": ")[2]
                raise self._error(f"{what} after {self._offset} bytes") from None
            if not compressed and not text and not self._member.eof:
                raise self._error(f"its end after {self._offset} bytes")
            left = self._member.unused_data or self._member.unconsumed_tail
            self._offset += len(compressed) - len(left)
            self.position += len(text)
            if text:
                return text

    def _begin_member(self) -> bool:
        """Go on to the next member, behind zeros that may fill up the one before."""
        while (read := read_at(self._file, self._offset, INPUT)) and not (
            found := read.lstrip(b"\0")
        ):
            self._offset += len(read)
        if not read:
            return False
        self._offset += len(read) - len(found)
        if not found.startswith(GZIP):
            raise self._error(f"other bytes after {self._offset}")
        self._member = _member()
        return True

    def _error(self, found: str) -> ValueError:
        return ValueError(f"{self._name}: expected a whole gzip file, found {found}")


def _member() -> "zlib._Decompress":
    return zlib.decompressobj(zlib.MAX_WBITS + 16)  # with the header and the checksum of gzip
