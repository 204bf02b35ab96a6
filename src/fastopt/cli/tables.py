"""Tables of text."""

from collections.abc import Iterable, Sequence
from typing import Any


def table(rows: Iterable[Sequence[Any]]) -> str:
    """Return rows of cells as lines; in a column, text begins and numbers end together."""
    rows = list(rows)
    texts = [[_text(cell) for cell in row] for row in rows]
    numbers = [[isinstance(cell, int | float) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if number else text.ljust(width)
            for text, number, width in zip(line, kinds, widths, strict=True)
        ).rstrip()
        for line, kinds in zip(texts, numbers, strict=True)
    )


def _text(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)
