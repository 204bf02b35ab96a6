"""Opening a source: which format it has, and what goes with it."""

import importlib
import inspect
import os
from collections.abc import Iterable
from glob import glob, has_magic
from typing import Any

from fastopt._arguments import count, one_of
from fastopt.data.files import FilesSource
from fastopt.data.source import Source

#: Where the class of a format is, and the endings of its files; those of text may end in .gz too.
FORMATS = {
    "svmlight": ("svmlight", "SvmlightSource", (".svm", ".svmlight", ".libsvm")),
    "csv": ("csv", "CsvSource", (".csv",)),
    "tsv": ("csv", "TsvSource", (".tsv",)),
    "parquet": ("tables", "ParquetSource", (".parquet",)),
    "arrow": ("tables", "ArrowSource", (".arrow", ".feather", ".ipc")),
    "npy": ("npy", "NpySource", (".npy",)),
}
#: What a file is by how it has the rows.
LAYOUTS = {"svmlight": "an svmlight file", "table": "a table", "npy": "an NPY file"}
TEXT = ("svmlight", "csv", "tsv")


def open_source(
    data: Any,
    *,
    format: str | None = None,
    target: Any = None,
    sample_weight: Any = None,
    features: Any = None,
    n_features: int | None = None,
    classes: Any = None,
    dtype: Any = None,
    categorical: Any = None,
    missing: str | None = None,
    zero_based: bool | None = None,
    on_bad_rows: str | None = None,
    memory: int | None = None,
    like: dict[str, Any] | None = None,
) -> Source:
    """Open a file, several of them, or an iterable of blocks, whose rows need not fit in memory.

    Parameters
    ----------
    data : path, list of path, "-" or iterable of blocks
        A file; several of one format, listed, or told by a pattern such as ``"part-*.svm"``, in
        the order of their names; standard input, whose ``format`` must be told; or an iterable of
        (X, y), (X, y, sample_weight) or `Block`, all of which have the same columns.
    format : {"svmlight", "csv", "tsv", "parquet", "arrow", "npy"} or None
        None is what the name ends in: .svm, .svmlight, .libsvm, .csv or .tsv, with .gz after it or
        without; .parquet; .arrow, .feather or .ipc; .npy.
    target : str, path or array-like
        The column that y is in; for NPY another file, or an array. An svmlight file has it in each
        row. False is none: of rows to predict, whose labels, and weights, are then not read.
    sample_weight : str, path or array-like
        The column that says how much each row counts, or the file or array.
    features : list of str
        The columns that X is made of; all the others by default.
    n_features : int
        The width of X in an svmlight file; the largest index in it by default, which takes one pass
        over the file.
    classes : array-like
        The labels that y may hold; those found in one pass over the file by default.
    dtype : {"float32", "float64"}
        Of X. By default float64, but for tables that hold only what float32 can, and for NPY, whose
        dtype stays if the kernels read it.
    categorical : list of str, or dict of str to "onehot", list or int
        Columns of a table that hold categories: one feature for each category that is found, or
        each that is listed, or so many features to hash them to. In several files they are listed
        or hashed.
    missing : {"raise", "zero", "mean", "skip"}
        What comes of an empty cell of a table: an error (the default), 0, the mean of its column,
        which several files do not have, or a row left out.
    zero_based : bool
        Whether the indices of an svmlight file count from 0; from 1 by default.
    on_bad_rows : {"raise", "skip"}
        Whether a row that is broken is an error (the default) or left out, and counted in
        ``n_bad_rows``.
    memory : int
        Bytes that the source takes at most, its windows included; 128 MiB by default.
    like : dict
        The ``schema`` of another source, whose columns and encoding these rows have; y may be
        missing.

    Returns
    -------
    Source

    Raises
    ------
    ValueError
        If an argument does not go with the format, or the file is broken: file, line and column are
        named, what was expected, and what was found.

    Examples
    --------
    >>> import numpy as np
    >>> from fastopt.data import open_source
    >>> blocks = [(np.eye(2), [0, 1]), (np.ones((3, 2)), [1, 0, 1])]
    >>> source = open_source(blocks)
    >>> source.n_samples, source.classes.tolist()
    (5, [0, 1])
    """
    given = {
        "target": target,
        "sample_weight": sample_weight,
        "features": features,
        "n_features": n_features,
        "classes": classes,
        "dtype": dtype,
        "categorical": categorical,
        "missing": missing,
        "zero_based": zero_based,
        "on_bad_rows": on_bad_rows,
        "memory": memory,
        "like": like,
    }
    given = {name: value for name, value in given.items() if value is not None}
    if memory is not None:
        count("memory", memory)
    if (paths := _paths(data)) is not None:
        format = _format_of_all(paths) if format is None else one_of(*FORMATS)("format", format)
        module, kind, _ = FORMATS[format]
    elif isinstance(data, Iterable):
        format, module, kind = "iterable", "iterables", "IterableSource"
    else:
        raise TypeError(f"data must be a path or an iterable of blocks, got {data!r}")
    made: Any = getattr(importlib.import_module(f"fastopt.data.{module}"), kind)
    unknown = given.keys() - inspect.signature(made).parameters.keys()
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))} cannot be used with the format {format!r}")
    if like is not None:
        _check_like(data, made.layout, like)
    if paths is None or len(paths) == 1:
        source: Source = made(data if paths is None else paths[0], **given)
        return source
    if made.layout == "npy":
        raise ValueError("several files cannot be of the format 'npy'")
    return FilesSource(_shown(data), paths, made, **given)


def _paths(data: Any) -> list[Any] | None:
    """Return the files that are told, if they are."""
    if isinstance(data, str | os.PathLike):
        if not has_magic(os.fspath(data)) or os.path.exists(data):
            return [data]
        if found := sorted(glob(os.fspath(data))):
            return found
        raise FileNotFoundError(f"no file has a name like {os.fspath(data)!r}")
    if isinstance(data, list | tuple) and data:
        return list(data) if all(isinstance(path, str | os.PathLike) for path in data) else None
    return None


def _shown(data: Any) -> str:
    """Return what errors call a file, or several."""
    if isinstance(data, list | tuple):
        return os.fspath(data[0]) + (f" and {len(data) - 1} more" if len(data) > 1 else "")
    return "standard input" if data == "-" else os.fspath(data)


def _check_like(data: Any, layout: str, like: Any) -> None:
    if not isinstance(like, dict):
        raise TypeError(f"like must be the schema of a source, got {like!r:.80}")
    wanted = like.get("format", layout)
    if wanted != layout:
        theirs = LAYOUTS.get(wanted, wanted)
        raise ValueError(f"{_shown(data)} is {LAYOUTS[layout]}, and like the schema of {theirs}")


def _format_of_all(paths: list[Any]) -> str:
    first, *_ = formats = [_format_of(os.fspath(path)) for path in paths]
    for path, format in zip(paths, formats, strict=True):
        if format != first:
            raise ValueError(
                f"files must be of one format, got {os.fspath(paths[0])!r} and {os.fspath(path)!r}"
            )
    return first


def _format_of(name: str) -> str:
    for format, (_, _, endings) in FORMATS.items():
        text = name.removesuffix(".gz") if format in TEXT else name
        if text.lower().endswith(endings):
            return format
    known = [ending for _, _, endings in FORMATS.values() for ending in endings]
    raise ValueError(
        f"format must be told of {name!r}, whose name ends in none of {', '.join(known)}"
    )
