"""The columns of a table, to complete names of them by TAB."""

import csv
from typing import Any

import rich_click as click
from click.shell_completion import CompletionItem

#: Options that take names of columns, and whether they take several.
COLUMNS = {"categorical": True, "features": True, "sample_weight": False, "target": False}


def columns(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Return the columns of DATA that what is typed may become; files, where DATA is no text."""
    # An option without its value has kept the arguments from being read.
    data = ctx.params.get("data") or (ctx.args or [""])[-1]
    names = header(data)
    if not names:
        return [CompletionItem(typed, type="file")]
    before, comma, last = typed.rpartition(",") if COLUMNS[str(param.name)] else ("", "", typed)
    return [CompletionItem(before + comma + name) for name in names if name.startswith(last)]


def header(path: Any) -> list[str]:
    """Return the fields in the first line of a file of text; none where there are none to read."""
    if not str(path).endswith((".csv", ".tsv")):
        return []
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            return next(csv.reader(file, delimiter="," if str(path).endswith(".csv") else "\t"), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
