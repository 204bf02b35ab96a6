"""Columns of a table made into X, y and weights: the same for every file that is opened alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import murmurhash3_32

from fastopt._arguments import count, items, one_of
from fastopt.data.arrow import compute, pa, types
from fastopt.data.source import MOST_CLASSES, Array, Block

#: Where a row of a batch is in its file, as errors say it.
Place = Callable[[int], str]

#: What was declared or found, and can be told by the schema of another source.
DECLARED = ("features", "dtype", "categorical", "missing", "target", "sample_weight")
#: Features whose indices are those of a CSR matrix of int32.
MOST_FEATURES = 2**31 - 1
#: What float32 holds without loss.
NARROW = (pa.bool_(), pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.float16(), pa.float32())


@dataclass
class Categories:
    """A column of categories.

    Attributes
    ----------
    codes : ndarray of shape (n_samples,)
        Which of the values each row has; -1 is none.
    values : list of str
        Distinct; some may be in no row.
    """

    codes: Array
    values: list[str]


@dataclass
class Rows:
    """Rows of a table that can be used.

    Attributes
    ----------
    cells : ndarray of shape (n_samples, n_columns)
        What stands in the columns of the features: a number, 1 for a category, NaN for nothing.
    categories : dict of str to Categories
        The columns of categories.
    y, sample_weight : ndarray of shape (n_samples,) or None
        As in a `Block`.
    n_bad : int
        Rows that were left out.
    """

    cells: Array
    categories: dict[str, Categories]
    y: Array | None
    sample_weight: Array | None
    n_bad: int = 0

    def __len__(self) -> int:
        return len(self.cells)

    def without(self, bad: Array) -> "Rows":
        """Return the rows that are not bad."""
        kept = ~bad
        return Rows(
            self.cells[kept],
            {name: Categories(c.codes[kept], c.values) for name, c in self.categories.items()},
            None if self.y is None else self.y[kept],
            None if self.sample_weight is None else self.sample_weight[kept],
            int(bad.sum()),
        )


class Encoding:
    """How the columns of a table become X, y and weights.

    A column of numbers is one feature. A column of categories is a feature for each category that
    the first pass finds, in the order of their names; or, hashed, `size` features, of which the
    category c has that of number ``murmurhash3_32(c) % size`` (MurmurHash3 of its text in UTF-8,
    seed 0, as an unsigned integer). The feature of a row's category is 1 in it, the others are 0;
    all are 0 for a category that was not there in the first pass. X is CSR if that takes less
    memory.

    Parameters
    ----------
    name : str
        What errors call the file.
    columns : list of (str, pyarrow.DataType)
        Names and types of the columns that the file has.
    target, sample_weight, features, dtype, categorical, missing
        As for `open_source`; None is not given.
    on_bad_rows : {"raise", "skip"}
        What comes of a row with no target or weight, with an infinite number, or, if ``missing`` is
        "raise", with an empty cell.
    like : dict or None
        The `schema` of another encoding.
    text_in : callable
        Tells, for the name of a column of text, where numbers end in it: place, column, what was
        expected and found; None if it has no numbers.
    """

    def __init__(
        self,
        name: str,
        columns: Sequence[tuple[str, Any]],
        *,
        on_bad_rows: str = "raise",
        like: dict[str, Any] | None = None,
        text_in: Callable[[str], str | None] = lambda column: None,
        **given: Any,
    ) -> None:
        self.name, self._text_in = name, text_in
        self.skips = one_of("raise", "skip")("on_bad_rows", on_bad_rows) == "skip"
        self._names = [column for column, _ in columns]
        self._types = dict(columns)
        given = {key: value for key, value in given.items() if value is not None}
        to_predict = given.get("target") is False
        self._has_target = "target" in given
        if to_predict:
            del given["target"]
        told = {} if like is None else _told(like, given)
        said = self._said = dict.fromkeys(DECLARED) | told | given
        for argument in ("target", "sample_weight"):
            if not isinstance(said[argument], str | None):
                raise TypeError(
                    f"{argument} must be the name of a column, got {said[argument]!r:.200}"
                )
        self.target, self.sample_weight = said["target"], said["sample_weight"]
        self._is_alike = like is not None
        is_absent = like is not None and self.target not in self._types and "target" not in given
        if to_predict or is_absent:
            self.target = None  # nor does it take weights
            is_read = not to_predict and self.sample_weight in self._types
            if not is_read and "sample_weight" not in given:
                self.sample_weight = None
        others = [column for column in (self.target, self.sample_weight) if column is not None]
        features = said["features"]
        if features is None:
            features = [column for column in self._names if column not in others]
        self.features: list[str] = _columns("features", features)
        #: The columns of the file that are read.
        self.used = [*self.features, *others]
        self._check_names()
        self.categorical = self._checked_categorical(said["categorical"])
        self.missing = one_of("raise", "zero", "mean", "skip")(
            "missing", said["missing"] or "raise"
        )
        for column in self.used:
            self._check_type(column)
        self.dtype = self._checked_dtype(said["dtype"])
        self.means: dict[str, float] | None = told.get("means")

    # What was declared.

    def _check_names(self) -> None:
        absent = [column for column in self.used if column not in self._types]
        if absent:
            raise ValueError(
                f"{self.name}: expected {_listed('column', absent)}, found "
                f"{_listed('column', self._names)}"
            )
        for column in self.used:
            if self._names.count(column) > 1:
                raise ValueError(
                    f"{self.name}: expected one column {column!r}, found "
                    f"{self._names.count(column)}"
                )
            if self.used.count(column) > 1:
                raise ValueError(
                    f"column {column!r} can be used once, as a feature, target or sample_weight"
                )
        if not self.features:
            raise ValueError(f"{self.name}: expected columns to make features of, found none")

    def _checked_categorical(self, declared: Any) -> dict[str, Any]:
        """Return what is made of each column of categories: "onehot", a list or a size."""
        if declared is None:
            return {}
        if not isinstance(declared, dict):
            declared = dict.fromkeys(_columns("categorical", declared), "onehot")
        for column, how in declared.items():
            if column not in self.features:
                raise ValueError(f"categorical names {column!r}, which is not among the features")
            if isinstance(how, str):
                one_of("onehot")(f"categorical[{column!r}]", how)
            elif not isinstance(how, list):
                _check_size(f"categorical[{column!r}]", how)
        return {column: declared[column] for column in self.features if column in declared}

    def _check_type(self, column: str) -> None:
        kind = _value_type(self._types[column])
        is_feature = column in self.features and column not in self.categorical
        wanted = "numbers" if is_feature or column == self.sample_weight else "numbers or text"
        if _is_number(kind) or (_is_text(kind) and wanted != "numbers"):
            return
        told = f"column {column!r}: expected {wanted}, found {'text' if _is_text(kind) else kind}"
        if _is_text(kind):
            told = self._text_in(column) or told
        raise ValueError(f"{self.name}, {told}{self._cure(column, kind)}")

    def _cure(self, column: str, kind: Any) -> str:
        if column not in self.features or self._is_alike:
            return ""
        if not _is_text(kind):
            return "; leave it out of features"
        cure = "; name it in categorical, or leave it out of features"
        return cure if self._has_target else f"{cure}; name it as target if it is to be predicted"

    def _checked_dtype(self, declared: Any) -> np.dtype[Any]:
        if declared is None:
            numbers = (column for column in self.features if column not in self.categorical)
            narrow = all(_value_type(self._types[column]) in NARROW for column in numbers)
            declared = "float32" if narrow else "float64"
        if declared not in ("float32", "float64", np.float32, np.float64):
            raise ValueError(f"dtype must be 'float32' or 'float64', got {declared!r}")
        dtype: np.dtype[Any] = np.dtype(declared)
        return dtype

    # What comes of it.

    @property
    def is_complete(self) -> bool:
        """Whether no first pass is needed."""
        found = all(how != "onehot" for how in self.categorical.values())
        return found and (self.missing != "mean" or self.means is not None)

    def check_complete(self) -> None:
        """Raise an error if a first pass is needed, which several files do not have together."""
        for column, how in self.categorical.items():
            if how == "onehot":
                raise ValueError(
                    f"categorical must list the categories of {column!r} in several files, as in "
                    f"categorical={{{column!r}: ['a', 'b']}}, or hash them"
                )
        if not self.is_complete:
            raise ValueError("missing='mean' cannot be used with several files")

    @property
    def label_kind(self) -> str | None:
        """Whether the target is text or numbers."""
        if self.target is None:
            return None
        return "text" if _is_text(_value_type(self._types[self.target])) else "numbers"

    @property
    def _widths(self) -> list[int]:
        """The number of features that each column makes."""
        hows = (self.categorical.get(column) for column in self.features)
        return [1 if how is None else len(how) if isinstance(how, list) else how for how in hows]

    @property
    def n_features(self) -> int:
        """The number of features that all columns make."""
        return sum(self._widths)

    @property
    def is_sparse(self) -> bool:
        """Whether X is CSR: where that takes less memory."""
        size = self.dtype.itemsize
        return len(self.features) * (size + 4) < self.n_features * size

    @property
    def feature_names(self) -> list[str]:
        """The name of each feature: of its column, with "=" and the category, or "#" and the
        number.
        """
        names = []
        for column in self.features:
            how = self.categorical.get(column)
            if how is None:
                names.append(column)
            elif isinstance(how, list):
                names += [f"{column}={category}" for category in how]
            else:
                names += [f"{column}#{number}" for number in range(how)]
        return names

    @property
    def schema(self) -> dict[str, Any]:
        """What another encoding is made ``like``, once this one is complete."""
        return {
            "features": self.features,
            "dtype": self.dtype.name,
            "categorical": self.categorical,
            "missing": self.missing,
            "means": self.means,
            "target": self._said["target"],
            "sample_weight": self._said["sample_weight"],
        }

    # The rows.

    def rows(self, batch: Any, place: Place) -> Rows:
        """Return the rows of a batch that can be used; raise the error of the first that cannot if
        none are to be left out.
        """
        cells = np.empty((batch.num_rows, len(self.features)), self.dtype)
        categories = {}
        with np.errstate(over="ignore"):  # what is too large for float32 is infinite then
            for j, column in enumerate(self.features):
                if column in self.categorical:
                    categories[column] = _categories(batch.column(column))
                    cells[:, j] = np.where(categories[column].codes < 0, np.nan, 1)
                else:
                    cells[:, j] = _numbers(batch.column(column))
        y = None if self.target is None else _labels(batch.column(self.target))
        weight = None
        if self.sample_weight is not None:
            weight = np.asarray(_numbers(batch.column(self.sample_weight)), self.dtype)
        rows = Rows(cells, categories, y, weight)
        bad, left_out = self._bad(rows, batch)
        if bad and not self.skips:
            self._raise(batch, bad, place)
        if not bad and left_out is None:
            return rows
        out = np.zeros(len(cells), bool) if left_out is None else left_out
        return rows.without(np.logical_or.reduce([out, *bad.values()]))

    def _bad(self, rows: Rows, batch: Any) -> tuple[dict[str, Array], Array | None]:
        """Return the rows that are bad by the column that makes them so, and those to leave out
        because something is missing.
        """
        bad: dict[str, Array] = {}
        left_out: Any = None
        if not np.isfinite(rows.cells).all():
            wrong = np.isinf(rows.cells) if self.missing != "raise" else ~np.isfinite(rows.cells)
            for j in np.flatnonzero(wrong.any(axis=0)):
                bad[self.features[j]] = wrong[:, j]
            if self.missing == "skip":
                left_out = np.isnan(rows.cells).any(axis=1)
        if self.target is not None:
            bad[self.target] = _no_label(rows.y, batch.column(self.target))
        if self.sample_weight is not None and rows.sample_weight is not None:
            bad[self.sample_weight] = ~np.isfinite(rows.sample_weight)
        return {column: mask for column, mask in bad.items() if mask.any()}, left_out

    def _raise(self, batch: Any, bad: dict[str, Array], place: Place) -> None:
        """Raise the error of the first row that is bad."""
        column = min(bad, key=lambda column: int(bad[column].argmax()))
        row = int(bad[column].argmax())
        found = batch.column(column)[row].as_py()
        wanted, shown, cure = f"a finite number in {self.dtype.name}", repr(found), ""
        if found is None or found != found:
            kind = batch.schema.field(column).type  # of a label not what the file alone has told
            is_text = column in self.categorical or _is_text(_value_type(kind))
            wanted = "a category" if is_text else "a number"
            shown = "nothing" if found is None else "NaN"
            if column in self.features:
                cure = "; missing='zero', 'mean' or 'skip' says what to take for it"
            elif column == self.target and self._is_alike:
                cure = "; target=False reads rows to predict"
        raise ValueError(
            f"{self.name}, {place(row)}, column {column!r}: expected {wanted}, found {shown}{cure}"
        )

    def block(self, batch: Any, place: Place) -> Block:
        """Return the rows of a batch as the models take them."""
        rows = self.rows(batch, place)
        cells = rows.cells
        if self.missing in ("zero", "mean"):
            fill = [(self.means or {}).get(column, 0.0) for column in self.features]
            for j in np.flatnonzero(np.isnan(cells).any(axis=0)):
                cells[np.isnan(cells[:, j]), j] = fill[j]
        X = self._placed(rows) if self.categorical else cells
        return Block(X, rows.y, rows.sample_weight)

    def _placed(self, rows: Rows) -> Any:
        """Return X of the cells, each in the column that its category has."""
        cells = rows.cells
        index = np.empty(cells.shape, np.int32)
        start = 0
        for j, (column, width) in enumerate(zip(self.features, self._widths, strict=True)):
            index[:, j] = start
            if column in self.categorical:
                number = self._numbers_of(column, rows.categories[column])
                cells[number < 0, j] = 0
                index[:, j] += np.maximum(number, 0)
            start += width
        if 0 in self._widths:  # of columns in which there was no category
            there = np.flatnonzero(self._widths)
            cells, index = cells[:, there], index[:, there]
        if not self.is_sparse:
            X = np.zeros((len(cells), start), self.dtype)
            np.put_along_axis(X, index, cells, axis=1)
            return X
        there = cells != 0
        indptr = np.zeros(len(cells) + 1, np.int32)
        np.cumsum(there.sum(axis=1), out=indptr[1:])
        return sparse.csr_matrix((cells[there], index[there], indptr), (len(cells), start))

    def _numbers_of(self, column: str, categories: Categories) -> Array:
        """Return the number of the category in each row; -1 is none."""
        how, values = self.categorical[column], categories.values
        if isinstance(how, list):
            known = {category: number for number, category in enumerate(how)}
            numbers = [known.get(value, -1) for value in values]
        else:
            numbers = [murmurhash3_32(value, 0, True) % how for value in values]
        return np.array([*numbers, -1], np.int32)[categories.codes]


class Survey:
    """What a first pass over the rows finds: categories, and means of numbers."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._seen: dict[str, set[str]] = {
            column: set() for column, how in encoding.categorical.items() if how == "onehot"
        }
        width = len(encoding.features)
        self._sums, self._counts = np.zeros(width), np.zeros(width, np.int64)

    def add(self, rows: Rows) -> None:
        """Take some rows into account."""
        for column, seen in self._seen.items():
            categories = rows.categories[column]
            there = np.unique(categories.codes)
            seen.update(categories.values[code] for code in there.tolist() if code >= 0)
            if len(seen) > MOST_CLASSES:
                raise ValueError(
                    f"{self._encoding.name}, column {column!r}: expected at most {MOST_CLASSES} "
                    f"categories, found more; hash them, as in categorical={{{column!r}: 262144}}"
                )
        if self._encoding.missing == "mean":
            missing = np.isnan(rows.cells)
            numbers = np.where(missing, 0, rows.cells).astype(np.float64)
            # One after another, whatever the blocks, so that the sums are the same everywhere.
            self._sums = np.cumsum(np.vstack([self._sums, numbers]), axis=0)[-1]
            self._counts += (~missing).sum(axis=0)

    def complete(self) -> None:
        """Give the encoding what was found."""
        encoding = self._encoding
        if encoding.missing == "mean":
            encoding.means = {}
            for column, total, n in zip(
                encoding.features, self._sums.tolist(), self._counts.tolist(), strict=True
            ):
                if column in encoding.categorical:
                    continue
                if not n:
                    raise ValueError(
                        f"{encoding.name}, column {column!r}: expected numbers to take the mean "
                        "of, found none"
                    )
                encoding.means[column] = total / n
        found = {column: sorted(seen) for column, seen in self._seen.items()}
        encoding.categorical = {
            column: found.get(column, how) for column, how in encoding.categorical.items()
        }


# Columns of pyarrow.


def _value_type(kind: Any) -> Any:
    return kind.value_type if types.is_dictionary(kind) else kind


def _is_text(kind: Any) -> bool:
    return any(
        holds(kind) for holds in (types.is_string, types.is_large_string, types.is_string_view)
    )


def _is_number(kind: Any) -> bool:
    return any(
        holds(kind)
        for holds in (
            types.is_integer,
            types.is_floating,
            types.is_boolean,
            types.is_decimal,
            types.is_null,
        )
    )


def plain(column: Any) -> Any:
    """Return a column with its values in place, those of a dictionary too."""
    return column.cast(column.type.value_type) if types.is_dictionary(column.type) else column


def _numbers(column: Any) -> Array:
    """Return a column as numbers, with NaN where there is none."""
    column = plain(column)
    if types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    elif types.is_decimal(column.type) or types.is_null(column.type):
        column = column.cast(pa.float64())
    numbers: Array = column.to_numpy(zero_copy_only=False)
    return numbers


def _categories(column: Any) -> Categories:
    """Return a column of categories, which are the text of what it holds."""
    if types.is_dictionary(column.type) and len(column.dictionary) > len(column):
        column = plain(column)
    if types.is_floating(column.type):
        column = compute.if_else(compute.is_nan(column), None, column)
    encoded = column if types.is_dictionary(column.type) else column.dictionary_encode()
    codes = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy()
    values = encoded.dictionary.cast(pa.string()).to_pylist()
    if None in values:
        codes = np.array([-1 if v is None else k for k, v in enumerate(values)] + [-1])[codes]
    return Categories(codes, values)


def _labels(column: Any) -> Array:
    """Return a column of targets: numbers, which may be NaN, or text, "" if there is none."""
    kind = _value_type(column.type)
    if _is_text(kind):
        categories = _categories(column)
        return np.array([*(v or "" for v in categories.values), ""])[categories.codes]
    column = plain(column)
    if types.is_boolean(kind):
        column = column.fill_null(False)
    elif types.is_integer(kind):
        column = column.fill_null(0)
    else:
        return _numbers(column)
    labels: Array = column.to_numpy(zero_copy_only=False)
    return labels


def _no_label(y: Any, column: Any) -> Array:
    """Return the rows with no target."""
    none: Array = column.is_null().to_numpy(zero_copy_only=False)
    return none | ~np.isfinite(y) if y.dtype.kind == "f" else none


def _told(like: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return what the schema `like` tells, with which not everything can be given."""
    wrong = "like must be the schema of a table, got"
    if not isinstance(like, dict):
        raise ValueError(f"{wrong} {like!r:.200}")
    if "features" not in like:
        raise ValueError(f"{wrong} one of {sorted(like)}")
    twice = sorted(given.keys() - {"target", "sample_weight"})
    if twice:
        raise ValueError(f"{', '.join(twice)} cannot be given with like, which tells it")
    if absent := sorted({*DECLARED, "means"} - like.keys()):
        raise ValueError(f"{wrong} one without {', '.join(absent)}")
    means = like["means"]
    if means is not None and not (
        isinstance(means, dict) and all(isinstance(mean, float | int) for mean in means.values())
    ):
        raise ValueError(f"{wrong} one of the means {means!r:.200}")
    return like


def _check_size(argument: str, size: Any) -> None:
    """Raise the error of a number of features that is none, or too large."""
    if count(argument, size) > MOST_FEATURES:
        raise ValueError(f"{argument} must be at most {MOST_FEATURES}, got {size}")


def _columns(argument: str, names: Any) -> list[str]:
    """Return an argument that is names of columns."""
    if isinstance(names, str):
        raise TypeError(f"{argument} must be a list of columns, got {names!r}")
    columns = list(items(argument, names))
    if wrong := [name for name in columns if not isinstance(name, str)]:
        raise TypeError(f"{argument} must be the names of columns, got {wrong[0]!r:.200}")
    return columns


def _listed(what: str, names: list[str], most: int = 10) -> str:
    """Return some names, but not too many, as a list in words."""
    shown = ", ".join(map(repr, names[:most])) + (", ..." if len(names) > most else "")
    return f"{what}{'s' if len(names) != 1 else ''} {shown or 'none'}"
