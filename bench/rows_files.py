"""The rows of files: the text of svmlight, read and checked, and an epoch over it."""

import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_svmlight_file

from bench.row import FASTOPT, AtMost, Contender, DifferentWorkError, Faster, Row, Within
from fastopt import _core
from fastopt.data import open_source
from fastopt.linear_model import SGDClassifier

SCIKIT_LEARN, LOADED, PARSER, READ = "scikit-learn", "fastopt, loaded", "the parser", "the file"
N_SAMPLES, N_FEATURES, ENTRIES = 20_000, 47_236, 85  # as in RCV1
MB = 1e6
EPOCHS, TIMES = 3, 4  # epochs over the same rows again and again, more than two windows hold


@cache
def folder() -> Any:
    return tempfile.TemporaryDirectory()


@cache
def written(form: str) -> Path:
    """A file of random entries, each value in that form."""
    rng = np.random.default_rng(0)
    line = " ".join(ENTRIES * [f"%d:{form}"]) + "\n"
    path = Path(folder().name, f"{form[1:]}.svm")
    with path.open("w") as file:
        for label in rng.integers(0, 2, N_SAMPLES).tolist():
            columns = np.sort(rng.choice(N_FEATURES, ENTRIES, replace=False)) + 1
            entries = zip(columns.tolist(), rng.random(ENTRIES).tolist(), strict=True)
            file.write(f"{label} " + line % tuple(number for entry in entries for number in entry))
    return path


def reading(form: str) -> dict[str, Contender]:
    """All rows, once: in blocks, the width being declared, or as one matrix, as others do."""
    path = written(form)
    size = path.stat().st_size / MB

    def blocks() -> None:
        for _ in open_source(path, n_features=N_FEATURES):
            pass

    def loaded() -> Any:
        source = open_source(path)
        return source.read(range(source.n_blocks)).X

    theirs, ours = load_svmlight_file(path)[0], loaded()
    if (theirs != ours).nnz or ours.nnz != N_SAMPLES * ENTRIES:
        raise DifferentWorkError("scikit-learn reads other numbers than fastopt")
    return {
        FASTOPT: Contender(blocks, size),
        LOADED: Contender(loaded, size, note="in two passes, the first one for the width"),
        SCIKIT_LEARN: Contender(lambda: load_svmlight_file(path), size),
        PARSER: Contender(partial(parse, path.read_bytes()), size, note="of text in memory"),
        READ: Contender(path.read_bytes, size, note="not parsed"),
    }


def parse(text: bytes) -> None:
    _core.parse_svmlight(text)


def epochs(form: str) -> dict[str, Contender]:
    """Epochs over the file, parsed anew in each, beside the parser alone."""
    path = Path(folder().name, "long.svm")
    path.write_bytes(TIMES * written(form).read_bytes())
    source = open_source(path, n_features=N_FEATURES, classes=[0, 1])
    if source.n_windows <= 2:
        raise DifferentWorkError("the file is kept in memory")
    model = SGDClassifier(loss="log_loss", max_iter=EPOCHS, tol=None, random_state=0)
    size = path.stat().st_size / MB
    return {
        FASTOPT: Contender(lambda: model.fit(source), EPOCHS * size),
        PARSER: Contender(partial(parse, path.read_bytes()), size, note="of text in memory"),
    }


def rows() -> list[Row]:
    def row(name: str, what: str, make: Callable[[], Any], *goals: Any) -> Row:
        return Row(f"svmlight-{name}", f"svmlight, {what}", "MB", make, goals)

    return [
        row("8", "8 digits", lambda: reading("%.8g"), Faster(12, SCIKIT_LEARN), at_least(600)),
        row("17", "17 digits", lambda: reading("%.17g"), Faster(5, SCIKIT_LEARN)),
        row("epoch", "8 digits, an epoch of SGD", lambda: epochs("%.8g"), Within(1.25, PARSER)),
    ]


def at_least(megabytes: float) -> AtMost:
    """So many MB a second."""
    return AtMost(1e9 / megabytes)


ROWS = rows()
