"""Several files as one source: the rows of all of them, as one file would have them."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import dump_svmlight_file

from fastopt.data import open_source
from fastopt.linear_model import SGDClassifier
from tests.data.peak import peak

N = 3000
TABLE = dict(target="y", sample_weight="w", categorical={"city": ["Oslo", "Rome"]})
CUTS = (0, 700, 710, N)


def frame():
    rng = np.random.default_rng(0)
    made = pd.DataFrame(rng.normal(size=(N, 4)), columns=list("abcd"))
    made["city"] = rng.choice(["Oslo", "Rome"], N)
    made["w"] = rng.uniform(0.5, 2, N)
    made["y"] = (made["a"] + rng.normal(size=N) > 0).astype(int)
    return made


def write_svmlight(rows, path):
    dump_svmlight_file(rows[list("abcd")], rows["y"], str(path), zero_based=False)


def write_uneven_svmlight(rows, path):  # the middle one alone has all the columns
    columns = list("abcd" if len(rows) == 10 or len(rows) == N else "ab")
    dump_svmlight_file(rows[columns], rows["y"], str(path), zero_based=False)


FORMATS = {
    "svm": (write_svmlight, {}),
    "csv": (lambda rows, path: rows.to_csv(path, index=False), TABLE),
    "csv.gz": (lambda rows, path: rows.to_csv(path, index=False), TABLE),
    "parquet": (lambda rows, path: rows.to_parquet(path), TABLE),
    "feather": (lambda rows, path: rows.reset_index(drop=True).to_feather(path), TABLE),
}


@pytest.fixture(params=FORMATS)
def files(request, tmp_path):
    """Three files, another with the rows of all of them, and what they are opened with."""
    write, options = FORMATS[request.param]
    rows = frame()
    paths = [tmp_path / f"part-{k}.{request.param}" for k in range(3)]
    for k, path in enumerate(paths):
        write(rows[CUTS[k] : CUTS[k + 1]], path)
    write(rows, tmp_path / f"whole.{request.param}")
    return paths, tmp_path / f"whole.{request.param}", options


def arrays(blocks):
    """X, y and the weights of some blocks."""
    blocks = list(blocks)
    X = [b.X.toarray() if sparse.issparse(b.X) else b.X for b in blocks]
    weights = None if blocks[0].sample_weight is None else [b.sample_weight for b in blocks]
    return (
        np.concatenate(X),
        np.concatenate([b.y for b in blocks]),
        None if weights is None else np.concatenate(weights),
    )


def assert_same(blocks, others):
    for one, other in zip(arrays(blocks), arrays(others), strict=True):
        np.testing.assert_array_equal(one, other)


def error_of(function, *args, **kwargs):
    with pytest.raises(ValueError) as error:
        function(*args, **kwargs)
    return re.sub(r"\S*/", "", str(error.value))


@pytest.mark.parametrize("memory", [2**18, 2**27])
def test_several_files_have_the_rows_of_one_in_its_order(files, memory):
    paths, whole, options = files
    source = open_source(paths, memory=memory, **options)
    one = open_source(whole, **options)
    assert_same(source, one)
    assert_same([source.read(range(source.n_blocks))], one)
    assert source.n_samples == one.n_samples == N
    assert source.n_features == one.n_features
    assert source.classes.tolist() == one.classes.tolist() == [0, 1]
    assert source.class_counts.tolist() == one.class_counts.tolist()
    assert source.feature_names == one.feature_names
    assert source.schema == one.schema


def test_blocks_of_several_files_are_numbered_through(files):
    paths, _, options = files
    source = open_source(paths, memory=2**18, **options)
    blocks = list(source)
    assert len(blocks) == source.n_blocks > 20
    some = [source.n_blocks - 1, 0, 1, source.n_blocks // 2]
    assert_same([source.read(some)], [blocks[k] for k in some])


def test_windows_take_every_row_once_from_all_files(files):
    paths, whole, options = files
    source = open_source(paths, memory=2**18, **options)
    windows = list(source.windows(0, 0, lambda block: block, shuffle=True))
    assert len(windows) == source.n_windows > 1
    X, _, _ = arrays(windows)
    expected, _, _ = arrays(open_source(whole, **options))
    np.testing.assert_array_equal(np.sort(X[:, 0]), np.sort(expected[:, 0]))
    assert abs(source.n_windows - open_source(whole, memory=2**18, **options).n_windows) <= 1


def test_a_fit_of_several_files_is_that_of_one(files):
    paths, whole, options = files
    how = dict(max_iter=3, tol=None, random_state=0)
    several = SGDClassifier(**how).fit(open_source(paths, **options))
    one = SGDClassifier(**how).fit(open_source(whole, **options))
    assert several.coef_.tobytes() == one.coef_.tobytes()
    assert several.source_schema_ == one.source_schema_


def test_a_pattern_names_files_in_the_order_of_their_names(files):
    paths, whole, options = files
    source = open_source(whole.parent / f"part-*{''.join(whole.suffixes)}", **options)
    assert_same(source, open_source(paths, **options))
    with pytest.raises(FileNotFoundError, match=r"no file has a name like '.*none-\*'"):
        open_source(whole.parent / "none-*", **options)


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path):
    (tmp_path / "x[1].svm").write_text("1 1:1\n")
    assert open_source(tmp_path / "x[1].svm").n_samples == 1


def test_several_files_are_opened_like_another_source(files):
    paths, whole, options = files
    schema = open_source(whole, **options).schema
    assert_same(open_source(paths, like=schema), open_source(whole, **options))
    for block in open_source(paths, like=schema, target=False):
        assert block.y is None
        assert block.sample_weight is None


def test_files_of_svmlight_are_as_wide_as_the_widest(tmp_path):
    rows = frame()
    for k in range(3):
        write_uneven_svmlight(rows[CUTS[k] : CUTS[k + 1]], tmp_path / f"{k}.svm")
    source = open_source(tmp_path / "?.svm")
    assert {block.X.shape[1] for block in source} == {4}
    assert source.schema["n_features"] == 4


def test_query_ids_are_in_all_files_or_in_none(tmp_path):
    (tmp_path / "a.svm").write_text("1 qid:3 1:1\n")
    (tmp_path / "b.svm").write_text("1 qid:4 1:1\n")
    (tmp_path / "c.svm").write_text("1 1:1\n")
    paths = [tmp_path / "a.svm", tmp_path / "b.svm"]
    assert open_source(paths).whole().qid.tolist() == [3, 4]
    assert error_of(open_source([*paths, tmp_path / "c.svm"]).whole) == (
        "a.svm and 2 more: expected a qid in the rows of all files or of none"
    )


def test_classes_are_those_of_all_files(tmp_path):
    for name, labels in {"a": [0, 1, 1], "b": [2.5, 1, 1]}.items():
        pd.DataFrame({"x": [1, 2, 3], "y": labels}).to_csv(tmp_path / f"{name}.csv", index=False)
    source = open_source(tmp_path / "?.csv", target="y")
    assert source.classes.tolist() == [0, 1, 2.5]
    assert source.class_counts.tolist() == [1, 4, 1]
    assert {block.y.dtype for block in source} == {source.classes.dtype}


@pytest.mark.parametrize(
    ("first", "second", "options", "message"),
    [
        ("a,y\n1,0\n", "b,y\n1,0\n", {}, "b.csv: expected column 'a', found columns 'b', 'y'"),
        ("a,y\n1,0\n", "a\n1\n", {}, "b.csv: expected column 'y', found column 'a'"),
        (
            "a,y\n1,0\n",
            "a,y\n1,0\n2,x\n3,1\n",
            {},
            "b.csv, line 3, column 'y': expected a number, found 'x'",
        ),
        ("a,y\n1,0\n", "a,y\n", {}, "b.csv: expected rows, found none that is not bad"),
        (
            "a,y\nx,0\n",
            "a,y\nx,0\n",
            {"categorical": ["a"]},
            "categorical must list the categories of 'a' in several files, as in "
            "categorical={'a': ['a', 'b']}, or hash them",
        ),
        (
            "a,y\n1,0\n",
            "a,y\n1,0\n",
            {"missing": "mean"},
            "missing='mean' cannot be used with several files",
        ),
    ],
)
def test_what_does_not_go_together_is_told(tmp_path, first, second, options, message):
    (tmp_path / "a.csv").write_text(first)
    (tmp_path / "b.csv").write_text(second)
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    assert error_of(lambda: open_source(paths, target="y", **options).n_samples) == message


def test_labels_are_read_as_in_the_first_file(tmp_path):
    (tmp_path / "a.csv").write_text("a,y\n1,7\n2,x\n")
    (tmp_path / "b.csv").write_text("a,y\n1,7\n2,8\n")
    source = open_source(tmp_path / "?.csv", target="y")
    assert source.classes.tolist() == ["7", "8", "x"]
    assert source.whole().y.tolist() == ["7", "x", "7", "8"]
    pd.DataFrame({"a": [1], "y": ["x"]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"a": [1], "y": [1]}).to_parquet(tmp_path / "b.parquet")
    assert error_of(open_source, tmp_path / "?.parquet", target="y") == (
        "b.parquet, column 'y': expected text, as in a.parquet, found numbers"
    )


def test_files_of_several_formats_are_refused():
    with pytest.raises(ValueError, match=r"^files must be of one format, got 'a.csv' and 'b.svm'$"):
        open_source(["a.csv", "b.svm"])


def test_several_npy_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match="several files cannot be of the format 'npy'"):
        open_source([tmp_path / "a.npy", tmp_path / "b.npy"])


def test_several_files_are_shown_by_the_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in "abc":
        (tmp_path / f"{name}.svm").write_text("1 1:1\n")
    source = open_source(["a.svm", "b.svm", "c.svm"])
    assert repr(source) == "<FilesSource 'a.svm and 2 more'>"
    assert source.n_samples == 3
    assert repr(source) == "<FilesSource 'a.svm and 2 more': 3 rows x 1 feature>"
    assert repr(open_source("?.svm")) == "<FilesSource '?.svm'>"


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_memory_is_bounded(tmp_path, ending):
    memory, n_files = 8 * 2**20, 3
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.integers(0, 9, (60_000, 20)), columns=[f"x{j}" for j in range(20)])
    rows["y"] = rng.integers(0, 2, len(rows))
    assert n_files * rows.to_numpy(float).nbytes > 3 * memory
    for k in range(n_files):
        FORMATS[ending][0](rows, tmp_path / f"{k}.{ending}")
    assert peak(tmp_path / f"*.{ending}", memory) < memory
