"""Files that a command writes: what is wrong with them is told before the work begins."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

import rich_click as click


def writable(ctx: click.Context, param: click.Parameter, path: str | None) -> str | None:
    """Refuse a file that could not be written when the work is done."""
    if path is None:
        return None
    folder = os.path.dirname(path)
    if path == "-":
        raise click.BadParameter("expected the name of a file, got -")
    if not os.path.isdir(folder or "."):
        raise click.BadParameter(f"there is no folder {folder}")
    if os.path.exists(path) and not os.path.isfile(path):
        raise click.BadParameter(f"{path} is no file")  # but a device, not to be replaced
    if not os.access(folder or ".", os.W_OK):
        raise click.BadParameter(f"nothing can be written to the folder {folder or '.'}")
    return path


def check_apart(written: Mapping[str, Any], read: Iterable[Any]) -> None:
    """Raise the error of usage of an option whose file is read, or written by another option."""
    taken = {os.path.realpath(path): path for path in read if _is_file(path)}
    for option, path in written.items():
        if path is None or path == "-":
            continue
        if (real := os.path.realpath(path)) in taken:
            raise click.UsageError(f"{option} would take the place of {taken[real]}")
        taken[real] = f"what {option} writes"


def _is_file(path: Any) -> bool:
    return isinstance(path, str) and path != "-" and os.path.isfile(path)
