"""Columns made into X: numbers, categories and what is missing, the same for every file."""

import json
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, parquet
from scipy import sparse

from fastopt.data import open_source

WRITERS = {
    "x.csv": lambda frame, path: frame.to_csv(path, index=False),
    "x.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "x.csv.gz": lambda frame, path: frame.to_csv(path, index=False),
    "x.parquet": lambda frame, path: frame.to_parquet(path),
    "x.feather": lambda frame, path: frame.to_feather(path),
}


@pytest.fixture(params=WRITERS)
def written(request, tmp_path):
    """A function that writes a frame to a file of one format after another."""

    def write(frame, name=""):
        path = tmp_path / (name + request.param)
        WRITERS[request.param](frame, path)
        return path

    return write


def cities(n=200, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "city": rng.choice(["Paris", "Rome", "Oslo"], n),
            "height": rng.normal(1.7, 0.1, n),
            "y": rng.integers(0, 2, n),
        }
    )


def table(tmp_path, columns):
    """The path of a Parquet file with some columns."""
    parquet.write_table(pa.table(columns), tmp_path / "x.parquet")
    return tmp_path / "x.parquet"


def whole(source):
    X = [block.X for block in source]
    return sparse.vstack(X).toarray() if sparse.issparse(X[0]) else np.concatenate(X)


def error_of(function, *args, **kwargs):
    with pytest.raises(ValueError) as error:
        function(*args, **kwargs)
    return re.sub(r"\S*/", "", str(error.value))


def test_one_hot_columns_are_those_of_get_dummies(written):
    frame = cities()
    source = open_source(written(frame), target="y", categorical=["city"])
    dummies = pd.get_dummies(frame.drop(columns="y"), columns=["city"], prefix_sep="=")
    dummies = dummies[source.feature_names]
    assert source.feature_names == ["age", "city=Oslo", "city=Paris", "city=Rome", "height"]
    np.testing.assert_array_equal(whole(source), dummies.to_numpy(np.float64))
    assert source.n_features == 5
    assert source.classes.tolist() == [0, 1]


def test_another_file_is_encoded_alike(written):
    options = dict(target="y", categorical={"city": "onehot"}, missing="mean")
    first = open_source(written(cities()), **options)
    schema = json.loads(json.dumps(first.schema))
    other = cities(seed=1)[["y", "height", "city", "age"]]
    other.loc[3, "city"] = "Lima"
    other.loc[4, "height"] = np.nan
    second = open_source(written(other, "other"), like=schema)
    assert second.n_features == 5
    assert second.feature_names == first.feature_names
    X = whole(second)
    assert X[3, 1:4].tolist() == [0, 0, 0]
    assert X[4, 4] == schema["means"]["height"]
    np.testing.assert_allclose(X[4, 4], cities()["height"].mean(), rtol=1e-13)
    assert second.schema == schema


def test_a_file_to_predict_from_needs_no_target(written):
    frame = cities()
    frame["w"] = 1.0
    schema = open_source(written(frame), target="y", sample_weight="w", categorical=["city"]).schema
    source = open_source(written(frame[["city", "height", "age"]], "new"), like=schema)
    (block,) = source
    assert block.y is None
    assert block.sample_weight is None
    np.testing.assert_array_equal(whole(source)[:, 0], frame["age"])
    assert "_found" not in vars(source)  # no first pass
    assert source.schema == schema


@pytest.mark.parametrize("labels", [[0, 1], ["no", "yes"], [False, True]])
@pytest.mark.parametrize("unknown", [None, "?"])
def test_labels_and_weights_of_rows_to_predict_are_not_read(written, labels, unknown):
    frame = cities()
    frame["y"], frame["w"] = np.take(labels, frame["y"]), 1.0
    train = open_source(written(frame), target="y", sample_weight="w", categorical=["city"])
    schema, X = train.schema, whole(train)
    frame["y"], frame["w"] = unknown, None
    source = open_source(written(frame, "new"), like=schema, target=False)
    (block,) = source
    assert block.y is None
    assert block.sample_weight is None
    np.testing.assert_array_equal(whole(source), X)
    assert "_found" not in vars(source)
    assert source.schema == schema


@pytest.mark.parametrize("labels", [[0, 1], [0.5, 1.5], ["7", "x"], [False, True]], ids=str)
def test_labels_of_another_file_are_of_the_same_kind(written, labels):
    frame = cities()
    frame["y"] = np.take(labels, frame["y"])
    train = open_source(written(frame), target="y", features=["age"])
    if isinstance(labels[0], str):  # which would be numbers if only this file were known
        frame["y"] = labels[0]
    schema = json.loads(json.dumps(train.schema))
    test = open_source(written(frame, "new"), like=schema)
    (block,) = test
    assert block.y.tolist() == frame["y"].tolist()
    assert train.classes.tolist() == test.classes.tolist()
    assert train.classes.dtype == test.classes.dtype


@pytest.mark.parametrize(("labels", "wanted"), [([0, 1], "number"), (["no", "yes"], "category")])
def test_a_label_that_is_missing_is_an_error_unless_rows_are_to_predict(tmp_path, labels, wanted):
    pd.DataFrame({"a": [1, 2], "y": labels}).to_csv(tmp_path / "x.csv", index=False)
    schema = open_source(tmp_path / "x.csv", target="y").schema
    (tmp_path / "new.csv").write_text("a,y\n1,\n2,\n")
    assert error_of(list, open_source(tmp_path / "new.csv", like=schema)) == (
        f"new.csv, line 2, column 'y': expected a {wanted}, found nothing; "
        "target=False reads rows to predict"
    )


def test_a_missing_column_is_named(written):
    frame = cities()
    schema = open_source(written(frame), target="y", categorical=["city"]).schema
    path = written(frame[["age", "y"]], "short")
    assert error_of(open_source, path, like=schema) == (
        f"{path.name}: expected columns 'city', 'height', found columns 'age', 'y'"
    )


def test_categories_are_hashed_by_murmurhash3(written):
    source = open_source(written(cities()), target="y", categorical={"city": 8})
    assert source.n_features == 10
    assert source.feature_names[1] == "city#0"
    expected = [murmurhash3(city.encode()) % 8 for city in cities()["city"]]
    np.testing.assert_array_equal(whole(source)[:, 1:9].argmax(axis=1), expected)


def murmurhash3(text):
    """MurmurHash3 (x86, 32 bits) with the seed 0, step by step."""
    mask = 2**32 - 1

    def rotated(x, by):
        return (x << by | x >> 32 - by) & mask

    h, n = 0, len(text)
    for start in range(0, n, 4):
        k = int.from_bytes(text[start : start + 4], "little")
        h ^= rotated(k * 0xCC9E2D51 & mask, 15) * 0x1B873593 & mask
        if start + 4 <= n:
            h = (rotated(h, 13) * 5 + 0xE6546B64) & mask
    h ^= n
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h = (h ^ h >> shift) * factor & mask
    return h ^ h >> 16


def test_the_hash_is_that_of_its_published_values():
    assert murmurhash3(b"hello") == 0x248BFA47
    assert murmurhash3(b"") == 0


def test_hashed_categories_need_no_first_pass(written):
    source = open_source(written(cities()), features=["city"], categorical={"city": 2**18})
    assert source.n_features == 2**18
    assert "_found" not in vars(source)
    assert next(iter(source)).X.nnz == 200


def test_x_is_sparse_if_that_takes_less_memory(tmp_path):
    for n_categories, is_sparse in ((2, False), (3, True)):
        path = table(
            tmp_path, {"a": np.arange(12.0), "c": [str(i % n_categories) for i in range(12)]}
        )
        X = next(iter(open_source(path, categorical=["c"]))).X
        assert sparse.issparse(X) == is_sparse  # 8 (1 + n) bytes a row, or 12 for each of 2 cells
        if is_sparse:
            assert X.has_canonical_format
            assert X.nnz == 23  # the number 0 is not stored
            assert X.indices.dtype == np.int32
        dense = X.toarray() if is_sparse else X
        np.testing.assert_array_equal(
            dense[:, 1:], np.eye(n_categories)[np.arange(12) % n_categories]
        )


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        (pa.array([1, 2], pa.int8()), np.float32),
        (pa.array([1, 2], pa.uint16()), np.float32),
        (pa.array([1, 2], pa.float16()), np.float32),
        (pa.array([1, 2], pa.float32()), np.float32),
        (pa.array([True, False]), np.float32),
        (pa.array([1, 2], pa.int8()).dictionary_encode(), np.float32),
        (pa.array([1, 2], pa.int32()), np.float64),
        (pa.array([1, 2], pa.uint64()), np.float64),
        (pa.array([1, 2], pa.float64()), np.float64),
        (pa.array([1, 2]).cast(pa.decimal128(20)), np.float64),
    ],
    ids=lambda it: str(getattr(it, "type", "")),
)
def test_numbers_of_every_type_are_read(tmp_path, column, dtype):
    path = table(tmp_path, {"a": column, "y": [0, 1]})
    for declared in (None, "float32", np.float64):
        X = whole(open_source(path, target="y", dtype=declared))
        assert X.dtype == (dtype if declared is None else declared)
        np.testing.assert_array_equal(X.ravel(), [1, column[1].as_py()])


@pytest.mark.parametrize(
    ("column", "found"),
    [
        (["a", "b"], "text; name it in categorical, or leave it out of features"),
        (
            pa.array(["a", "b"]).dictionary_encode(),
            "text; name it in categorical, or leave it out of features",
        ),
        (pa.array([1, 2], pa.date32()), "date32[day]; leave it out of features"),
        (pa.array([1, 2], pa.timestamp("ms")), "timestamp[ms]; leave it out of features"),
        ([[1], [2]], "list<element: int64>; leave it out of features"),
    ],
)
def test_what_is_no_number_is_refused(tmp_path, column, found):
    path = table(tmp_path, {"a": column, "y": [0, 1]})
    assert error_of(open_source, path, target="y") == (
        f"x.parquet, column 'a': expected numbers, found {found}"
    )


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["1", None, "2", "1"]),
        pa.array(["1", None, "2", "1"], pa.large_string()),
        pa.array([1, None, 2, 1]),
        pa.array([1.0, np.nan, 2.0, 1.0]),
        pa.array(["1", None, "2", "1"]).dictionary_encode(),
        pa.DictionaryArray.from_arrays([1, None, 0, 1], ["2", "1", "unused"]),
        pa.DictionaryArray.from_arrays([1, 2, 0, 1], ["2", "1", None]),
    ],
)
@pytest.mark.parametrize("compression", ["uncompressed", "lz4"])
def test_categories_of_every_type_are_their_text(tmp_path, column, compression):
    path = tmp_path / "x.arrow"
    feather.write_feather(pa.table({"c": column, "y": [0, 1, 0, 1]}), path, compression)
    source = open_source(path, target="y", categorical=["c"], missing="zero")
    assert source.feature_names == ["c=1", "c=2"]
    assert whole(source).tolist() == [[1, 0], [0, 0], [0, 1], [1, 0]]
    message = error_of(list, open_source(path, target="y", categorical=["c"]))
    assert re.fullmatch(
        "x.arrow, row 2, column 'c': expected a category, found (nothing|NaN); missing='zero', "
        "'mean' or 'skip' says what to take for it",
        message,
    )


def test_what_is_missing_is_an_error_unless_said(written):
    frame = cities()
    frame.loc[6, "height"] = np.nan
    path = written(frame)
    place = "line 8" if path.suffix in (".csv", ".tsv", ".gz") else "row 7"
    source = open_source(path, target="y", categorical=["city"])
    assert error_of(getattr, source, "n_samples") == (
        f"{path.name}, {place}, column 'height': expected a number, found nothing; "
        "missing='zero', 'mean' or 'skip' says what to take for it"
    )
    X = whole(open_source(path, target="y", categorical=["city"], missing="zero"))
    assert X[6, 4] == 0
    X = whole(open_source(path, target="y", categorical=["city"], missing="mean"))
    np.testing.assert_allclose(X[6, 4], frame["height"].mean(), rtol=1e-13)
    for how in ({"missing": "skip"}, {"on_bad_rows": "skip"}):
        source = open_source(path, target="y", categorical=["city"], **how)
        assert (source.n_samples, source.n_bad_rows) == (199, 1)
        assert len(whole(source)) == 199


def test_means_do_not_depend_on_the_memory(tmp_path):
    values = np.random.default_rng(0).normal(size=5000)
    path = table(tmp_path, {"a": [None, *values], "y": [0, 1] * 2500 + [0]})
    means = {
        open_source(path, target="y", missing="mean", memory=memory).schema["means"]["a"]
        for memory in (2**12, 2**14, 2**20)
    }
    assert len(means) == 1


def test_a_column_with_nothing_in_it_has_no_mean(tmp_path):
    source = open_source(
        table(tmp_path, {"a": pa.array([None, None], pa.float64())}), missing="mean"
    )
    assert error_of(getattr, source, "n_features") == (
        "x.parquet, column 'a': expected numbers to take the mean of, found none"
    )


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"a": [1.0, np.inf], "y": [0, 1]},
            "row 2, column 'a': expected a finite number in float64, found inf",
        ),
        ({"a": [1.0, 2.0], "y": [0, None]}, "row 2, column 'y': expected a number, found nothing"),
        (
            {"a": [1.0, 2.0], "y": [0, np.nan]},
            "row 2, column 'y': expected a number, found NaN",
        ),
        (
            {"a": [1.0, 2.0], "y": ["p", None]},
            "row 2, column 'y': expected a category, found nothing",
        ),
        (
            {"a": [1.0, 2.0], "y": [0, 1], "w": [1, None]},
            "row 2, column 'w': expected a number, found nothing",
        ),
    ],
)
def test_bad_rows_are_named_or_left_out(tmp_path, columns, message):
    path = table(tmp_path, columns)
    options = dict(target="y", sample_weight="w" if "w" in columns else None)
    source = open_source(path, **options)
    assert error_of(getattr, source, "n_samples") == f"x.parquet, {message}"
    source = open_source(path, on_bad_rows="skip", **options)
    assert (source.n_samples, source.n_bad_rows) == (1, 1)
    (block,) = source
    assert block.X.tolist() == [[1]]
    assert block.y.tolist() == columns["y"][:1]


def test_what_is_too_large_for_float32_is_no_number(tmp_path):
    source = open_source(table(tmp_path, {"a": [1e39]}), dtype="float32")
    assert error_of(list, source) == (
        "x.parquet, row 1, column 'a': expected a finite number in float32, found 1e+39"
    )


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ([0, 1, 2], "i"),
        ([0.5, 1, 2], "f"),
        ([True, False, True], "b"),
        (["a", "b", "c"], "U"),
        (pa.array(["a", "b", "c"]).dictionary_encode(), "U"),
    ],
    ids=str,
)
def test_targets_keep_their_type(tmp_path, target, kind):
    source = open_source(table(tmp_path, {"a": [1, 2, 3], "y": target}), target="y")
    (block,) = source
    assert block.y.dtype.kind == kind
    assert block.y.tolist() == pa.array(target).to_pylist()
    assert source.classes.tolist() == sorted(set(block.y.tolist()))


def test_sample_weights_are_read(tmp_path):
    path = table(tmp_path, {"w": [0.5, 2], "a": [1, 2], "y": [0, 1]})
    (block,) = open_source(path, target="y", sample_weight="w")
    assert block.sample_weight.tolist() == [0.5, 2]
    assert block.X.tolist() == [[1], [2]]


def test_too_many_categories_want_to_be_hashed(tmp_path):
    path = table(tmp_path, {"c": np.arange(70_000)})
    assert error_of(getattr, open_source(path, categorical=["c"]), "n_features") == (
        "x.parquet, column 'c': expected at most 65536 categories, found more; hash them, as in "
        "categorical={'c': 262144}"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "z"}, "x.parquet: expected column 'z', found columns 'a', 'b', 'y'"),
        ({"features": ["a", "z"]}, "x.parquet: expected column 'z', found columns 'a', 'b', 'y'"),
        (
            {"features": ["a", "y"]},
            "column 'y' can be used once, as a feature, target or sample_weight",
        ),
        (
            {"features": ["a", "a"]},
            "column 'a' can be used once, as a feature, target or sample_weight",
        ),
        ({"features": []}, "x.parquet: expected columns to make features of, found none"),
        ({"categorical": ["y"]}, "categorical names 'y', which is not among the features"),
        ({"categorical": {"a": 0}}, "categorical['a'] must be a positive integer, got 0"),
        (
            {"categorical": {"a": "hash"}},
            "categorical['a'] must be one of ('onehot',), got 'hash'",
        ),
        ({"missing": "?"}, "missing must be one of ('raise', 'zero', 'mean', 'skip'), got '?'"),
        ({"on_bad_rows": "?"}, "on_bad_rows must be one of ('raise', 'skip'), got '?'"),
        ({"memory": 0}, "memory must be a positive integer, got 0"),
        ({"dtype": "int8"}, "dtype must be 'float32' or 'float64', got 'int8'"),
        (
            {"target": None, "like": {"n_features": 2}},
            "like must be the schema of a table, got one of ['n_features']",
        ),
        (
            {"like": {"features": ["a"]}, "missing": "zero"},
            "missing cannot be given with like, which tells it",
        ),
    ],
)
def test_wrong_arguments_are_refused(tmp_path, options, message):
    path = table(tmp_path, {"a": [1, 2], "b": [1, 2], "y": [0, 1]})
    assert error_of(open_source, path, **({"target": "y"} | options)) == message


@pytest.mark.parametrize("name", ["features", "categorical"])
def test_a_name_is_no_list_of_columns(tmp_path, name):
    path = table(tmp_path, {"city": ["a", "b"]})
    with pytest.raises(TypeError, match=f"^{name} must be a list of columns, got 'city'$"):
        open_source(path, **{name: "city"})


def test_the_index_of_a_frame_is_no_feature(tmp_path):
    frame = cities().sample(frac=1, random_state=0)
    frame.to_parquet(tmp_path / "x.parquet")
    assert "__index_level_0__" in parquet.read_schema(tmp_path / "x.parquet").names
    source = open_source(tmp_path / "x.parquet", target="y", categorical={"city": 2})
    assert source.feature_names == ["age", "city#0", "city#1", "height"]


def test_names_with_dots_are_names(tmp_path):
    path = table(tmp_path, {"a.b": [1.0, 2.0], "a": [3.0, 4.0]})
    assert whole(open_source(path)).tolist() == [[1, 3], [2, 4]]
    feather.write_feather(pa.table({"a.b": [1.0, 2.0], "a": [3.0, 4.0]}), tmp_path / "x.feather")
    assert whole(open_source(tmp_path / "x.feather")).tolist() == [[1, 3], [2, 4]]


@pytest.mark.parametrize("columns", [["c", "a", "y"], ["a", "c", "y"]])
def test_a_column_in_which_there_is_no_category_makes_no_feature(written, columns):
    frame = pd.DataFrame({"a": ["u", "v"] * 3, "c": pd.Series([None] * 6, dtype=object), "y": 1.0})
    source = open_source(
        written(frame[columns]), target="y", categorical=["a", "c"], missing="zero"
    )
    assert source.feature_names == ["a=u", "a=v"]
    assert whole(source).tolist() == [[1, 0], [0, 1]] * 3


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"like": "x"}, TypeError, "like must be the schema of a source, got 'x'"),
        ({"like": {"features": ["age"]}}, ValueError, "table, got one without categorical, dtype"),
        ({"target": ["y"]}, TypeError, r"target must be the name of a column, got \['y'\]"),
        ({"sample_weight": np.ones(2)}, TypeError, "sample_weight must be the name of a column"),
        ({"features": [["age"]]}, TypeError, "features must be the names of columns"),
        ({"categorical": [["city"]]}, TypeError, "categorical must be the names of columns"),
        ({"categorical": {"city": 2**31}}, ValueError, r"\['city'\] must be at most 2147483647"),
    ],
)
def test_arguments_that_are_no_names_are_told(written, options, error, message):
    with pytest.raises(error, match=message):
        open_source(written(cities()), **options)


def test_means_that_are_no_numbers_are_told(written):
    path = written(cities())
    schema = open_source(path, target="y", categorical={"city": 8}, missing="mean").schema
    with pytest.raises(ValueError, match="got one of the means 5"):
        open_source(path, like=schema | {"means": 5})
