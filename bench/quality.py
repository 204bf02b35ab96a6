"""What fastopt's models learn, beside scikit-learn's: ``python -m bench.quality FOLDER``.

The SGDClassifier and SGDRegressor of both are fitted with the same parameters (the defaults, but
for max_iter, tol=None and random_state) to the sets in FOLDER and to some that scikit-learn brings.
Each line of the table is a set and a loss:

  score      accuracy or R2 on the test part, mean ± standard deviation over the seeds
  objective  mean loss + alpha / 2 |w|^2 on the training part, of several outputs the mean; as a
             multiple of the least there is, mean over the seeds; not for the hinge loss
  verdict    worse: fastopt's mean score is below scikit-learn's by more than the larger of the two
             deviations, and by more than 1e-6; better: the reverse; level: neither

FOLDER may hold:

  NAME.npz  X and y, and maybe a test part Xt and yt; or data, indices, indptr and shape of a CSR
            matrix, and y
  NAME.svm  svmlight text, maybe called NAME_train.svm, with the test part in NAME_test.svm

Where there is no test part, each seed draws a quarter of the rows as one. A y of few whole numbers
is one of classes. Dense X are standardised, bytes divided by 255. Sparse X stay as they are:
centring would fill in their zeros, and columns brought to one scale would make a text's rare words
as heavy as its common ones, in rows whose length was chosen with care.

The status is 1 if fastopt is worse on a set or fails to fit it.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn.linear_model
from scipy.sparse import csr_matrix, issparse
from sklearn import datasets
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import fastopt.linear_model

Array = npt.NDArray[Any]
Matrix = Array | csr_matrix

OURS, THEIRS = "fastopt", "scikit-learn"
LIBRARIES = {OURS: fastopt.linear_model, THEIRS: sklearn.linear_model}
BUILT_IN = {
    "breast_cancer": datasets.load_breast_cancer,
    "diabetes": datasets.load_diabetes,
    "digits": datasets.load_digits,
    "wine": datasets.load_wine,
}
ALPHA = 1e-4  # the default of both
MOST_CLASSES = 100  # whole numbers of more values are no classes
TINY = 1e-6  # scores that differ by less are the same

LOSSES: dict[str, Callable[[Array, Array], Array]] = {  # of predictions z and targets t
    "hinge": lambda z, t: np.maximum(0, 1 - t * z),
    "log_loss": lambda z, t: np.logaddexp(0, -t * z),
    "squared_error": lambda z, t: (z - t) ** 2 / 2,
}


class NoFiguresError(Exception):
    """A set cannot be read or split, or a model not be fitted to it."""


@contextmanager
def told_as(what: str) -> Iterator[None]:
    """Make one line of any error."""
    try:
        yield
    except Exception as error:
        line = f"{what}: {type(error).__name__}: {error}".splitlines()[0]
        raise NoFiguresError(line) from error


@dataclass(frozen=True)
class Split:
    """A training and a test part, scaled; classes is None for a regression."""

    X: Matrix
    y: Array
    X_test: Matrix
    y_test: Array
    classes: Array | None

    @cached_property
    def targets(self) -> Array:
        """What the outputs learn, of shape (n_samples, n_outputs)."""
        if self.classes is None:
            return self.y[:, np.newaxis].astype(np.float64)
        learnt = self.classes[1:] if len(self.classes) == 2 else self.classes
        return np.where(self.y[:, np.newaxis] == learnt, 1.0, -1.0)

    def objective(self, loss: str, coef: Array, intercept: Array) -> float:
        coef = np.atleast_2d(coef)
        z = self.X @ coef.T.astype(self.X.dtype) + intercept
        squares = np.square(coef, dtype=np.float64).sum(axis=1)
        return float(LOSSES[loss](z, self.targets).mean() + ALPHA / 2 * squares.mean())

    @cached_property
    def optimum(self) -> float:
        """The least objective: of the log loss for classes, else of the squared error."""
        n, X = len(self.y), self.X.astype(np.float64)
        if self.classes is None:
            loss, model = "squared_error", Ridge(alpha=ALPHA * n, tol=1e-10)
        else:
            loss = "log_loss"
            model = LogisticRegression(C=1 / (ALPHA * n), tol=1e-5, max_iter=100_000)
        coef, intercept = [], []
        for target in self.targets.T:
            model.fit(X, target)
            coef.append(np.ravel(model.coef_))
            intercept.append(np.ravel(model.intercept_)[0])
        return self.objective(loss, np.array(coef), np.array(intercept))


@dataclass(frozen=True)
class Data:
    """A set as it was read."""

    X: Matrix
    y: Array
    X_test: Matrix | None = None
    y_test: Array | None = None

    @cached_property
    def classes(self) -> Array | None:
        values = np.unique(self.y)
        if values.dtype.kind == "f" and (values != np.round(values)).any():
            return None
        return values if len(values) <= MOST_CLASSES else None

    @property
    def losses(self) -> list[str]:
        return ["squared_error"] if self.classes is None else ["hinge", "log_loss"]

    def split(self, seed: int) -> Split:
        if self.X_test is not None:
            return self._only_split
        X, X_test, y, y_test = train_test_split(
            self.X,
            self.y,
            test_size=0.25,
            random_state=seed,
            stratify=None if self.classes is None else self.y,
        )
        X, X_test = scaled(X, X_test)
        return Split(X, y, X_test, y_test, self.classes)

    @cached_property
    def _only_split(self) -> Split:
        X, X_test = scaled(self.X, self.X_test)
        return Split(X, self.y, X_test, self.y_test, self.classes)


def scaled(X: Matrix, X_test: Matrix) -> tuple[Matrix, Matrix]:
    if issparse(X):
        return X, X_test
    if X.dtype == np.uint8:
        return X.astype(np.float32) / 255, X_test.astype(np.float32) / 255
    scaler = StandardScaler().fit(X)
    return scaler.transform(X), scaler.transform(X_test)


def sources(folder: Path) -> Iterator[tuple[str, Callable[[], Data]]]:
    """The name of each set, and what reads it."""
    for path in sorted(folder.iterdir()):
        name = path.stem.removesuffix("_train")
        if path.suffix == ".npz":
            yield name, partial(read_npz, path)
        elif path.suffix == ".svm" and not name.endswith("_test"):
            yield name, partial(read_svm, path, folder / f"{name}_test.svm")
    for name, load in BUILT_IN.items():
        yield name, lambda load=load: Data(*load(return_X_y=True))


def read_npz(path: Path) -> Data:
    with np.load(path) as file:
        if "indptr" in file:
            entries = file["data"], file["indices"], file["indptr"]
            return Data(csr_matrix(entries, tuple(file["shape"])), file["y"])
        return Data(file["X"], file["y"], file.get("Xt"), file.get("yt"))


def read_svm(path: Path, test: Path) -> Data:
    paths = [path, test] if test.exists() else [path]  # read together for one number of columns
    return Data(*datasets.load_svmlight_files([str(path) for path in paths]))


@dataclass(frozen=True)
class Row:
    """A line of the table: its figures, by library one for each seed, and the verdict."""

    name: str
    loss: str = ""
    verdict: str = ""
    shape: str = ""  # of the training part
    scores: dict[str, list[float]] = field(default_factory=dict)
    objectives: dict[str, list[float]] = field(default_factory=dict)
    optima: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        cells = [self.name, self.shape, self.loss]
        cells += [score(self.scores.get(library)) for library in LIBRARIES]
        cells += [excess(self.objectives.get(library), self.optima) for library in LIBRARIES]
        return table_line(*cells, self.verdict)


def rows(folder: Path, seeds: int, epochs: int) -> Iterator[Row]:
    for name, read in sources(folder):
        try:
            with told_as("unreadable"):
                data = read()
                losses = data.losses
        except NoFiguresError as error:
            yield Row(name, verdict=str(error))
            continue
        for loss in losses:
            try:
                yield compared(name, data, loss, seeds, epochs)
            except NoFiguresError as error:
                yield Row(name, loss, str(error))


def compared(name: str, data: Data, loss: str, seeds: int, epochs: int) -> Row:
    scores: dict[str, list[float]] = {library: [] for library in LIBRARIES}
    objectives: dict[str, list[float]] = {library: [] for library in LIBRARIES}
    optima = []
    for seed in range(seeds):
        with told_as("cannot be split"):
            split = data.split(seed)
        for library in LIBRARIES:
            with told_as(f"{library} failed"):
                model = fitted(library, split, loss, epochs, seed)
                scores[library].append(float(model.score(split.X_test, split.y_test)))
            objectives[library].append(split.objective(loss, model.coef_, model.intercept_))
        if loss != "hinge":
            optima.append(split.optimum)
    shape = "{:,} x {:,}".format(*split.X.shape) + (", sparse" if issparse(split.X) else "")
    return Row(name, loss, verdict(scores), shape, scores, objectives, optima)


def fitted(library: str, split: Split, loss: str, epochs: int, seed: int) -> Any:
    name = "SGDRegressor" if split.classes is None else "SGDClassifier"
    model = getattr(LIBRARIES[library], name)(
        loss=loss, alpha=ALPHA, max_iter=epochs, tol=None, random_state=seed
    )
    X = split.X
    if issparse(X) and library == THEIRS:  # which fits no other indices
        X = csr_matrix((X.data, X.indices.astype(np.int32), X.indptr.astype(np.int32)), X.shape)
    return model.fit(X, split.y)


def verdict(scores: dict[str, list[float]]) -> str:
    ahead = mean(scores[OURS]) - mean(scores[THEIRS])
    if abs(ahead) <= max(TINY, stdev(scores[OURS]), stdev(scores[THEIRS])):
        return "level"
    return "better" if ahead > 0 else "worse"


def score(scores: list[float] | None) -> str:
    return f"{number(mean(scores))} ± {number(stdev(scores))}" if scores else "–"


def excess(objectives: list[float] | None, optima: list[float]) -> str:
    if not (objectives and optima):
        return "–"
    return number(mean(f / least for f, least in zip(objectives, optima, strict=True))) + "x"


def number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:.2g}"


def table_line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> None:
    options = arguments()
    command = f"python -m bench.quality FOLDER --seeds {options.seeds} --epochs {options.epochs}"
    versions = f"fastopt {fastopt.__version__}, scikit-learn {sklearn.__version__}"
    figures = [f"{figure}, {name}" for figure in ("score", "objective") for name in LIBRARIES]
    print(f"`{command}`: {versions}\n")
    print(table_line("set", "training part", "loss", *figures, "verdict"))
    print("|---" * 8 + "|", flush=True)
    done = []
    for row in rows(options.folder, options.seeds, options.epochs):
        print(row, flush=True)
        done.append(row)
    if options.json:
        results = {"command": command, "versions": versions, "rows": [asdict(row) for row in done]}
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    sys.exit(any(row.verdict.startswith(("worse", f"{OURS} failed")) for row in done))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the sets are")
    parser.add_argument(
        "--seeds", type=int, default=5, metavar="N", help="fits of each model, at least 2 (5)"
    )
    parser.add_argument("--epochs", type=int, default=5, metavar="N", help="of each fit (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    options = parser.parse_args()
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder")
    if options.seeds < 2:
        parser.error("a deviation needs --seeds of 2 or more")
    return options


if __name__ == "__main__":
    main()
