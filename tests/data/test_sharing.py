"""Sources that threads, iterators and forked processes read from at the same time."""

import gzip
import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import sparse

from fastopt.data import open_source

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

MEMORY = 2**16
ROWS = np.random.default_rng(0).normal(size=(2000, 3)).round(4)
SVMLIGHT = "".join(f"1 1:{a} 2:{b} 3:{c}\n" for a, b, c in ROWS.tolist())
CSV = "a,b,c\n" + "".join(f"{a},{b},{c}\n" for a, b, c in ROWS.tolist())
FILES = {
    "x.svm": SVMLIGHT.encode(),
    "x.svm.gz": gzip.compress(SVMLIGHT.encode()),
    "x.csv": CSV.encode(),
    "x.csv.gz": gzip.compress(CSV.encode()),
}


@pytest.fixture(params=[*FILES, "x.parquet"])
def source(request, tmp_path):
    path = tmp_path / request.param
    if request.param in FILES:
        path.write_bytes(FILES[request.param])
    else:  # of one large group, which is written to a temporary file
        parquet.write_table(pa.table(dict(zip("abc", ROWS.T, strict=True))), path)
    source = open_source(path, memory=MEMORY)
    assert source.n_blocks > 20
    return source


def dense(block):
    return block.X.toarray() if sparse.issparse(block.X) else block.X


def is_whole(source):
    """Whether the blocks are the rows, several times."""
    return all(
        np.array_equal(np.concatenate([dense(block) for block in source]), ROWS) for _ in range(3)
    )


def test_threads_read_at_the_same_time(source):
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(is_whole, [source] * 4))


def test_iterators_read_at_the_same_time(source):
    for one, other in zip(source, source, strict=True):
        assert np.array_equal(dense(one), dense(other))


def test_forked_processes_read_at_the_same_time(source):
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("there is no fork")
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    processes = [
        context.Process(target=lambda: results.put(is_whole(source)), daemon=True) for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert all(results.get() for _ in processes)
