"""Files of estimators: written at once or not at all, and read if nothing is wrong with them."""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from io import BufferedReader
from typing import Any

import fastopt
from fastopt.model_file import strict_json
from fastopt.model_file.estimators import from_json, to_json
from fastopt.model_file.safetensors import Header
from fastopt.model_file.safetensors import write as write_safetensors
from fastopt.model_file.values import Reader, Writer

FORMAT, VERSION = "fastopt.model", 1
PARTS = {"class", "parameters", "attributes", "extra"}  # and "progress", of what was trained

Path = str | os.PathLike[str]


def write(estimator: Any, path: Path, extra: Mapping[str, Any] | None = None) -> None:
    """Write an estimator, fitted or not, or in the middle of a fit, to a file.

    The file is written under another name in the same folder, ".fastopt-" and some digits, and
    renamed when it is on the disk: whatever happens, the path is one of the old file or of the new
    one.

    Parameters
    ----------
    estimator
        One of fastopt's.
    path : str or path
        Of the file, which takes the place of one that is there.
    extra : mapping or None
        What else the file is to hold, by name: numbers, strings, None, arrays, optimizers and
        schedules of fastopt, and lists, tuples and dicts of these.

    Raises
    ------
    TypeError, ValueError
        If there is something that a file cannot hold, such as a function; no file has changed then.
    """
    writer = Writer()
    content = to_json(estimator, writer)
    content["extra"] = writer.named(extra or {}, "extra")
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "fastopt": fastopt.__version__,
        "model": strict_json.dumps(content),
    }
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        raise ValueError(f"path must be that of a file, got {path!r}")
    folder = os.path.dirname(path)
    temporary = os.path.join(folder, f".fastopt-{secrets.token_hex(8)}")
    try:
        with open(temporary, "xb") as file:
            write_safetensors(file, writer.arrays, metadata)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
    finally:
        with suppress(OSError):  # it has been renamed
            os.unlink(temporary)
    _sync(folder)


def _sync(folder: str) -> None:
    """See to it that the names in a folder are on the disk."""
    if os.name == "nt":  # which opens no folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path) -> tuple[Any, dict[str, Any]]:
    """Return the estimator of a file, and what else was written beside it.

    Parameters
    ----------
    path : str or path
        What `write` or ``save`` has written.

    Returns
    -------
    estimator
        It predicts and goes on training as the one that was written, bit for bit.
    extra : dict

    Raises
    ------
    ValueError
        If the file is damaged, of a later version of fastopt, or holds what is not known.
    OSError
        If it cannot be read.
    """
    with open(path, "rb") as file:
        try:
            return _read(file)
        except RecursionError:
            reason = "it is nested too deep"
        except (TypeError, ValueError) as error:
            reason = str(error)
    raise ValueError(f"{os.fspath(path)!r} is no model that fastopt can load: {reason}")


def _read(file: BufferedReader) -> tuple[Any, dict[str, Any]]:
    header = Header(file)
    metadata = header.metadata
    if metadata.get("format") != FORMAT:
        raise ValueError(f"its format is {metadata.get('format')!r}, not {FORMAT!r}")
    version = metadata.get("version", "")
    if not version.isascii() or not version.isdecimal():
        raise ValueError(f"its version is {version!r:.80}")
    if int(version) > VERSION:
        raise ValueError(
            f"its version is {version:.80}, of fastopt {metadata.get('fastopt', 'unknown'):.80}; "
            f"fastopt {fastopt.__version__} reads those up to {VERSION}"
        )
    reader = Reader(header.arrays())
    content = strict_json.loads(metadata.get("model", ""))
    if not isinstance(content, dict) or content.keys() - {"progress"} != PARTS:
        raise ValueError("it does not hold a model")
    extra = reader.named(content.pop("extra"))
    estimator = from_json(content, reader)
    reader.check_all_met()
    return estimator, extra


def load(path: Path) -> Any:
    """Return the estimator that its ``save`` has written to a file.

    Parameters
    ----------
    path : str or path
        Of the file.

    Returns
    -------
    estimator
        It predicts, and goes on training by ``partial_fit`` and with ``warm_start``, as the one
        that was saved, bit for bit. A parameter that came with a later version has its default.

    Raises
    ------
    ValueError
        If the file is damaged, of a later version of fastopt, or holds what is not known. No code
        of a file's is ever run.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import fastopt
    >>> from fastopt.linear_model import SGDRegressor
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> model = SGDRegressor(random_state=0).fit(X, X @ [1, 2, 3])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.safetensors"
    ...     model.save(path)
    ...     loaded = fastopt.load(path)
    >>> bool((loaded.predict(X) == model.predict(X)).all())
    True
    """
    estimator, _ = read(path)
    return estimator
