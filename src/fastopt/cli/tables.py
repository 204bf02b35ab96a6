"""Tables of text."""

from collections.abc import Iterable, Sequence
from typing import Any


def table(rows: Iterable[Sequence[Any]]) -> str:
    """Return rows of cells as lines, the columns of which begin together."""
    texts = [[as_text(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in texts
    )


def as_text(cell: Any) -> str:
    """Return a number in some digits, a truth value as yes or no, of a list the first items."""
    if isinstance(cell, list):
        return ", ".join(map(as_text, cell[:10])) + (", ..." if len(cell) > 10 else "")
    if isinstance(cell, float):
        return f"{cell:.6g}"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
