"""Parquet and Arrow files, whatever the size of their row groups and batches."""

import re
import tempfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet

from fastopt.data import open_source
from fastopt.linear_model import SGDClassifier
from tests.data.peak import peak

N = 20_000
MEMORY = 2**20


def frame():
    rng = np.random.default_rng(0)
    made = pd.DataFrame(rng.normal(size=(N, 5)), columns=list("abcde"))
    made["city"] = rng.choice(["Paris", "Rome", "Oslo"], N)
    made["y"] = (made["a"] + rng.normal(size=N) > 0).astype(int)
    return made


TABLE = pa.Table.from_pandas(frame())


def stream(table, path):
    with ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


def file_of_uneven_batches(table, path):
    with ipc.new_file(path, table.schema) as writer:
        for start, stop in ((0, 3), (3, 3), (3, 15_000), (15_000, 15_100), (15_100, N)):
            writer.write_table(table.slice(start, stop - start), max_chunksize=N)


WRITERS = {
    "one large group.parquet": lambda table, path: parquet.write_table(table, path),
    "small groups.parquet": lambda table, path: parquet.write_table(table, path, 77),
    "compressed.feather": feather.write_feather,
    "plain.feather": lambda table, path: feather.write_feather(table, path, "uncompressed"),
    "uneven.arrow": file_of_uneven_batches,
    "stream.ipc": stream,
}


@pytest.fixture(params=WRITERS)
def path(request, tmp_path):
    """A file with the rows of the frame, in one format after another."""
    WRITERS[request.param](TABLE, tmp_path / request.param)
    return tmp_path / request.param


def opened(path, **options):
    return open_source(path, **dict(target="y", categorical=["city"], memory=MEMORY) | options)


def error_of(function, *args, **kwargs):
    with pytest.raises(ValueError) as error:
        function(*args, **kwargs)
    return re.sub(r"\S*/", "", str(error.value))


def test_blocks_have_the_rows_in_order(path):
    source, rows = opened(path), frame()
    blocks = list(source)
    assert len(blocks) == source.n_blocks > 10
    X = np.concatenate([block.X for block in blocks])
    dummies = pd.get_dummies(rows.drop(columns="y"), prefix_sep="=")[source.feature_names]
    np.testing.assert_array_equal(X, dummies.to_numpy(float))
    np.testing.assert_array_equal(np.concatenate([block.y for block in blocks]), rows["y"])
    some = source.read([5, 2])
    np.testing.assert_array_equal(some.X, np.concatenate([blocks[5].X, blocks[2].X]))
    assert max(block.X.nbytes for block in blocks) <= MEMORY / 32


def test_a_fit_of_a_file_is_that_of_its_frame(path):
    source = opened(path, memory=2**27)
    X = pd.get_dummies(frame().drop(columns="y"), prefix_sep="=")[source.feature_names]
    options = dict(max_iter=3, tol=None, random_state=0)
    model = SGDClassifier(**options).fit(source)
    expected = SGDClassifier(**options).fit(X.to_numpy(float), frame()["y"])
    np.testing.assert_array_equal(model.coef_, expected.coef_)


def test_a_bad_row_is_named_in_the_block_that_has_it(path):
    rows = TABLE.set_column(
        1, "b", pa.array([None if row == 17_000 else 1.0 for row in range(N)], pa.float64())
    )
    WRITERS[path.name](rows, path)
    assert (
        error_of(getattr, opened(path), "n_samples")
        == (
            f"{path.name}, row 17001, column 'b': expected a number, found nothing; "
            "missing='zero', 'mean' or 'skip' says what to take for it"
        ).rpartition("/")[2]
    )


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_without_rows_is_an_error(tmp_path, name):
    WRITERS[name](TABLE.slice(0, 0), tmp_path / name) if "uneven" not in name else stream(
        TABLE.slice(0, 0), tmp_path / name
    )
    assert error_of(getattr, opened(tmp_path / name), "n_samples").endswith(
        "expected rows, found none that is not bad"
    )


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_what_is_no_such_file_is_refused(tmp_path, ending):
    path = tmp_path / f"x.{ending}"
    with pytest.raises(FileNotFoundError, match=f"x.{ending}"):
        opened(path)
    path.write_bytes(b"a,y\n1,0\n" * 100)
    assert error_of(opened, path).startswith(f"x.{ending}: ")


def test_a_file_cut_short_is_refused(path):
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert error_of(lambda: opened(path).n_samples).startswith(f"{path.name.split('/')[-1]}: ")


def test_a_damaged_group_is_refused(tmp_path):
    path = tmp_path / "x.parquet"
    parquet.write_table(TABLE, path)
    damaged = bytearray(path.read_bytes())
    damaged[4:100] = bytes(96)  # the head of a page
    path.write_bytes(damaged)
    assert error_of(lambda: opened(path).n_samples).startswith("x.parquet: ")


def test_the_temporary_file_goes_with_the_source(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    parquet.write_table(TABLE, tmp_path / "x.parquet")
    source = opened(tmp_path / "x.parquet")
    assert source.n_samples == N
    assert [file.name for file in tmp_path.iterdir()] == ["x.parquet"]


@pytest.mark.parametrize("name", ["one large group.parquet", "compressed.feather", "plain.feather"])
def test_memory_is_bounded(tmp_path, name):
    n, memory = 1_000_000, 4 * 2**20
    rng = np.random.default_rng(0)
    columns = {f"x{j}": rng.normal(size=n) for j in range(8)}
    columns |= {"c": pa.array(["Paris", "Rome"] * (n // 2)), "y": rng.integers(0, 2, n)}
    table = pa.table(columns)
    assert table.nbytes > 19 * memory
    WRITERS[name](table, tmp_path / name)
    # A batch that is compressed must be there as a whole: as it lies, plain, and cut.
    batch = 3 * table.slice(0, 2**16).nbytes if name == "compressed.feather" else 0
    assert peak(tmp_path / name, memory, "c") < memory + batch
