"""Files that a command writes: what is wrong with them is told before the work begins."""

import os
from collections.abc import Mapping

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


def check_apart(outputs: Mapping[str, str | None], inputs: Mapping[str, str | None]) -> None:
    """Raise the error of usage of an output that is the file of an input, or of another output.

    Parameters
    ----------
    outputs, inputs : mapping of str to str or None
        Paths, by the option or by what they are; what is None or "-" is no file.
    """
    taken = [(of, path) for of, path in inputs.items() if _is_file(path)]
    for option, path in outputs.items():
        if path is None or not _is_file(path):
            continue
        for of, other in taken:
            if _same(path, str(other)):
                raise click.UsageError(f"{option} {path!r} is the file of {of}; give another name")
        taken.append((option, path))


def check_replaceable(path: str) -> None:
    """Raise the error of usage of a file that a model would replace, and that is none itself."""
    if not os.path.exists(path) or not os.path.getsize(path):
        return
    from fastopt.model_file.file import FORMAT
    from fastopt.model_file.safetensors import Header

    try:
        with open(path, "rb") as file:
            if Header(file).metadata.get("format") == FORMAT:
                return
    except ValueError:
        pass  # of another format
    raise click.UsageError(
        f"--model {path!r} is there and is no model of fastopt; give another name, or remove it"
    )


def _is_file(path: str | None) -> bool:
    """Whether a path can be that of a file; a device is shared as it likes."""
    return path not in (None, "-") and (os.path.isfile(str(path)) or not os.path.exists(str(path)))


def _same(one: str, other: str) -> bool:
    """Whether two paths lead to one file, be it there or not."""
    if os.path.exists(one) and os.path.exists(other):
        return os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)
