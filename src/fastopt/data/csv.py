"""CSV and TSV: text in columns."""

import csv as lexer
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from fastopt.data.arrow import compute, csv, pa, reading, types
from fastopt.data.lines import Lines
from fastopt.data.source import Array, Block, Found
from fastopt.data.tables import Batch, TableSource

NUMBER = r"[ \t]*[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|inf|infinity|nan)[ \t]*"
IS_NUMBER = re.compile(NUMBER, re.IGNORECASE)
DEFAULTS = csv.ConvertOptions()
NOTHING = frozenset(DEFAULTS.null_values)
#: The types of labels that are no numbers, by the kind of their dtype.
LABELS = {"b": pa.bool_(), "O": pa.string(), "U": pa.string()}
TRUTH_VALUES = frozenset(DEFAULTS.true_values + DEFAULTS.false_values)


class CsvSource(TableSource):
    """The rows of a CSV file, as `TableSource` has them; its first line names the columns.

    A field may be quoted, but must end on its line. One that is empty, or says so ("NA", "NaN",
    "null" and the like), is missing. A column holds numbers if most of its fields in the first
    block do, or all are true or false; others hold text. A row is bad if a field does not fit that,
    or their number is not that of the columns. Labels that are whole numbers are integers.
    """

    delimiter = ","

    def take_labels_like(self, first: Any) -> None:
        """Read labels as another file does."""
        target = self._encoding.target
        if target is not None:
            self._kinds[target] = first._kinds[target]

    # How the file is read.

    def _columns(self) -> list[tuple[str, Any]]:
        # In half the chunks that text may have: the shortest fields become six times as long.
        self._lines = Lines(self.name, self.memory // 2)
        self.name = self._lines.name
        header, _, rows = b"".join(islice(self._lines, 2)).partition(b"\n")
        if not header.strip():
            raise ValueError(f"{self.name}: expected the names of columns, found nothing")
        self._names = self._lexed_header(header)
        if len(self._names) == 1 and (other := re.search("[;\t]", self._names[0])):
            raise ValueError(
                f"{self.name}: expected columns between {self.delimiter!r}, found one with "
                f"{other[0]!r} in its name"
            )
        kinds = [pa.float64()] * len(self._names)
        if rows.strip():
            with reading(self.name):
                table = self._parsed(rows, lambda row: "skip")
                kinds = [_kind(column) for column in table.columns]
        self._kinds = dict(zip(self._names, kinds, strict=True))
        return list(zip(self._names, kinds, strict=True))

    def _lexed_header(self, header: bytes) -> list[str]:
        """Return the names of the columns."""
        try:
            reader = lexer.reader([header.decode("utf-8-sig"), ""], delimiter=self.delimiter)
            names = next(reader)
        except (UnicodeDecodeError, lexer.Error) as error:
            raise ValueError(
                f"{self.name}, line 1: expected the names of columns in UTF-8: {error}"
            ) from None
        if reader.line_num > 1:
            raise ValueError(
                f"{self.name}, line 1: expected names that end on the line, "
                "found a quote that is not closed"
            )
        return names

    @property
    def n_blocks(self) -> int:  # type: ignore[override]
        """The number of blocks."""
        return self._lines.n_chunks

    def _blocks(self) -> Iterable[int]:
        return (block for block, _ in enumerate(self._lines))  # before it is known how many

    @property
    def _read_as(self) -> dict[str, Any]:
        """The types of the columns that are read."""
        encoding = self._encoding
        kinds = {column: self._kinds[column] for column in encoding.used}
        kinds |= dict.fromkeys(encoding.categorical, pa.string())
        if encoding.target is not None and self._classes is not None:
            kinds[encoding.target] = LABELS.get(self._classes.dtype.kind, pa.float64())
        return kinds

    def _parsed(self, text: bytes, on_bad_row: Any = None, kinds: Any = None) -> Any:
        """Return the table in some lines, of the columns that have kinds, or of all if none has."""
        return csv.read_csv(
            pa.BufferReader(text),
            csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=self._names),
            csv.ParseOptions(delimiter=self.delimiter, invalid_row_handler=on_bad_row),
            csv.ConvertOptions(
                strings_can_be_null=True, column_types=kinds, include_columns=kinds and list(kinds)
            ),
        )

    def _batches(self, block: int) -> Iterator[Batch]:
        text = self._rows_of(block)
        n_bad, kinds = 0, self._read_as
        try:
            table = self._parsed(text, kinds=kinds) if text.strip() else None
        except pa.ArrowInvalid:
            text, n_bad = self._sound(text, block)
            with reading(self.name):
                table = self._parsed(text, kinds=kinds) if text else None
        else:
            if b'"' in text and (table is None or table.num_rows != text.count(b"\n")):
                self._sound(text, block)
        if table is None:
            table = pa.schema(kinds).empty_table()
        batches = table.combine_chunks().to_batches()
        batch = batches[0] if batches else pa.RecordBatch.from_pylist([], table.schema)
        yield Batch(batch, partial(self._place, block), n_bad)

    # What is broken in it.

    def _lexed(self, text: bytes, block: int) -> Iterator[tuple[int, str, list[str]]]:
        """Yield the number of each line that is not empty, the line, and its fields."""
        first = self._lines.first_line(block) + (block == 0)
        lines = text.decode("utf-8", "surrogateescape").split("\n")
        reader = lexer.reader(lines, delimiter=self.delimiter)
        start = 0
        while True:
            try:
                fields = next(reader, None)
            except lexer.Error as error:
                raise ValueError(f"{self.name}, line {first + start}: {error}") from None
            if fields is None:
                return
            if reader.line_num > start + 1:
                raise ValueError(
                    f"{self.name}, line {first + start}: expected fields that end on the line, "
                    "found a quote that is not closed"
                )
            if fields:
                yield first + start, lines[start], fields
            start = reader.line_num

    def _sound(self, text: bytes, block: int) -> tuple[bytes, int]:
        """Return the lines that are not broken, and how many are; or raise the error of the first
        of those.
        """
        sound, n_bad, kinds = [], 0, self._read_as
        tested = [(index, name) for index, name in enumerate(self._names) if name in kinds]
        for number, line, fields in self._lexed(text, block):
            error = self._error(fields, tested, kinds)
            if error is None:
                sound.append(line + "\n")
            elif not self._encoding.skips:
                raise ValueError(f"{self.name}, line {number}{error}")
            else:
                n_bad += 1
        return "".join(sound).encode("utf-8", "surrogateescape"), n_bad

    def _error(
        self, fields: list[str], tested: list[tuple[int, str]], kinds: dict[str, Any]
    ) -> str | None:
        """Return what is wrong with the fields of a line."""
        if len(fields) != len(self._names):
            return f": expected {len(self._names)} columns, found {len(fields)}"
        for index, name in tested:
            if not _fits(fields[index], kinds[name]):
                wanted = WANTED.get(kinds[name], "text in UTF-8")
                return f", column {name!r}: expected {wanted}, found {fields[index]!r}"
        return None

    def _text_in(self, column: str) -> str | None:
        index, found, has_numbers = self._names.index(column), "", False
        for number, _, fields in self._lexed(self._rows_of(0), 0):
            field = fields[index] if index < len(fields) else ""
            if field in NOTHING:
                continue
            if IS_NUMBER.fullmatch(field):
                has_numbers = True
            elif not found:
                found = f"line {number}, column {column!r}: expected a number, found {field!r}"
            if has_numbers and found:
                return found
        return None

    def _rows_of(self, block: int) -> bytes:
        """Return the text of a block without the names of the columns."""
        text = self._lines.read([block])
        return text[text.index(b"\n") + 1 :] if block == 0 else text

    def _place(self, block: int, row: int) -> str:
        rows = self._lexed(self._rows_of(block), block)
        return f"line {next(islice(rows, row, None))[0]}"

    # Labels.

    def _look(self) -> Found:
        found = super()._look()
        return replace(found, classes=_whole(found.classes))

    def read(self, blocks: Sequence[int]) -> Block:
        """Return the rows of some blocks as one."""
        block = super().read(blocks)
        is_known = self._classes is not None or "_found" in vars(self)
        if block.y is None or not is_known or self.classes is None:
            return block
        is_whole = self.classes.dtype.kind in "iu" and block.y.dtype.kind == "f"
        return replace(block, y=block.y.astype(np.int64)) if is_whole else block


class TsvSource(CsvSource):
    """The rows of a file of columns between tabs, as `CsvSource` has them."""

    delimiter = "\t"


WANTED = {pa.float64(): "a number", pa.bool_(): "true or false"}


def _fits(field: str, kind: Any) -> bool:
    """Whether a field reads as a type, as pyarrow reads it."""
    if field in NOTHING:
        return True
    if kind == pa.float64():
        return IS_NUMBER.fullmatch(field) is not None
    if kind == pa.bool_():
        return field in TRUTH_VALUES
    return field.isascii() or not any("\ud800" <= c <= "\udfff" for c in field)


def _kind(column: Any) -> Any:
    """Return the type for a column of which these are the first fields, in the type found."""
    kind = column.type
    if types.is_boolean(kind):
        return kind
    if any(holds(kind) for holds in (types.is_integer, types.is_floating, types.is_null)):
        return pa.float64()
    if types.is_string(kind):
        fields = column.drop_null()
        numbers = compute.match_substring_regex(fields, f"^({NUMBER})$", ignore_case=True)
        return pa.float64() if 2 * compute.sum(numbers).as_py() > len(fields) else kind
    return pa.string()  # dates too


def _whole(labels: Array | None) -> Array | None:
    """Return labels as integers if all of them are."""
    if (
        labels is None
        or labels.dtype.kind != "f"
        or (labels % 1).any()
        or abs(labels).max() > 2**53
    ):
        return labels
    return labels.astype(np.int64)
