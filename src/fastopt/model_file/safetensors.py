"""The safetensors format, with a checksum: arrays, one after another, and strings of metadata.

A file is the length of its header as 8 bytes, least first; the header, which is JSON and says of
what dtype and shape each array is and where it lies; and the arrays, without gaps. Here the header
begins with a SHA-256 of all other bytes of the file.
"""

import hashlib
import math
import os
from collections.abc import Iterable, Mapping
from io import BufferedReader
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from fastopt.model_file import strict_json

Array = npt.NDArray[Any]

DTYPES = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I8": "|i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
MOST_HEADER = 100_000_000  # bytes, the bound of the safetensors library
BEFORE = b'{"__metadata__":{"sha256":"'  # what every header begins with
DIGITS = 64


def write(file: BinaryIO, arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    """Write C-contiguous arrays of the dtypes of the table."""
    entries: dict[str, Any] = {"__metadata__": {"sha256": "0" * DIGITS, **metadata}}
    # The widest numbers first, so that all are aligned in a file that is mapped into memory.
    arrays = dict(sorted(arrays.items(), key=lambda item: -item[1].itemsize))
    stop = 0
    for name, array in arrays.items():
        start, stop = stop, stop + array.nbytes
        entries[name] = {
            "dtype": NAMES[array.dtype.str],
            "shape": list(array.shape),
            "data_offsets": [start, stop],
        }
    header = strict_json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    if len(header) > MOST_HEADER:
        raise ValueError(f"what is no array takes {len(header)} bytes; most are {MOST_HEADER}")
    digest = _digest(header, arrays.values()).encode()
    file.write(len(header).to_bytes(8, "little"))
    file.write(header.replace(b"0" * DIGITS, digest, 1))
    for array in arrays.values():
        file.write(_bytes(array))


class Header:
    """The header of a file that is open, checked.

    Attributes
    ----------
    metadata : dict of str
        Without the checksum.
    """

    def __init__(self, file: BufferedReader) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size - 8
        length = int.from_bytes(file.read(8), "little")
        if not 0 <= length <= min(self._size, MOST_HEADER):
            raise ValueError("it is cut short, or not of safetensors")
        self._bytes = file.read(length)
        if not self._bytes.startswith(BEFORE):
            raise ValueError("it is not one that fastopt has written")
        entries = strict_json.loads(self._bytes)
        self.metadata = entries.pop("__metadata__")
        if not all(isinstance(text, str) for text in self.metadata.values()):
            raise ValueError("its metadata are not all strings")
        self._sha256 = self.metadata.pop("sha256")
        stop = 0
        self._forms: dict[str, tuple[str, tuple[int, ...]]] = {}
        for name, entry in sorted(entries.items(), key=_start):
            dtype, shape = _form(name, entry)
            start, stop = stop, stop + math.prod(shape) * np.dtype(dtype).itemsize
            if entry["data_offsets"] != [start, stop]:
                raise ValueError(f"the array {name!r} does not lie where it must, at {start}")
            self._forms[name] = dtype, shape
        if stop != self._size - length:
            raise ValueError(f"its arrays take {stop} bytes, and there are {self._size - length}")

    def arrays(self) -> dict[str, Array]:
        """Return the arrays, if the checksum is right."""
        arrays = {name: np.empty(shape, dtype) for name, (dtype, shape) in self._forms.items()}
        for array in arrays.values():
            self._file.readinto(_bytes(array))
        blank = self._bytes.replace(self._sha256.encode(), b"0" * DIGITS, 1)
        if self._sha256 != _digest(blank, arrays.values()):
            raise ValueError("its checksum is wrong: it is damaged")
        return arrays


def _bytes(array: Array) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _digest(header: bytes, arrays: Iterable[Array]) -> str:
    """Return the checksum of a file whose header has zeros in its place."""
    digest = hashlib.sha256(len(header).to_bytes(8, "little") + header)
    for array in arrays:
        digest.update(_bytes(array))
    return digest.hexdigest()


def _start(item: tuple[str, Any]) -> tuple[int, int]:
    """Return where an array begins and ends, if these are numbers."""
    name, entry = item
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"the array {name!r} is not described by dtype, shape and data_offsets")
    offsets = entry["data_offsets"]
    if not _are_counts(offsets) or len(offsets) != 2:
        raise ValueError(f"the array {name!r} has the offsets {offsets!r}")
    return offsets[0], offsets[1]


def _form(name: str, entry: dict[str, Any]) -> tuple[str, tuple[int, ...]]:
    dtype, shape = entry["dtype"], entry["shape"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(f"the array {name!r} has the dtype {dtype!r}")
    if not _are_counts(shape):
        raise ValueError(f"the array {name!r} has the shape {shape!r}")
    return DTYPES[dtype], tuple(shape)


def _are_counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int and n >= 0 for n in value)
