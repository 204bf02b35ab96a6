"""Blocks and windows: what an epoch over a source is, whatever the format."""

import threading
import time
from itertools import chain, count, permutations
from pathlib import Path

import numpy as np
import pytest

from fastopt import _core
from fastopt.data import Block, Source, open_source
from fastopt.data.source import Found, Labels, window_seed


class Numbers(Source):
    """The numbers 0, 1, ..., some in a block."""

    memory = 0

    def __init__(self, n_blocks, block_size=3):
        self.n_blocks, self.block_size = n_blocks, block_size
        self.alive = self.most_alive = 0

    def read(self, blocks):
        rows = [np.arange(b * self.block_size, (b + 1) * self.block_size) for b in blocks]
        return Block(np.concatenate(rows)[:, np.newaxis])

    def _look(self):
        return Found(self.n_blocks * self.block_size, 1)

    @property
    def schema(self):
        return {}


def windows(source, seed=0, epoch=0, **how):
    return list(source.windows(seed, epoch, lambda block: block.X[:, 0].tolist(), **how))


def test_an_epoch_takes_every_row_once():
    for n_blocks in (1, 7, 8, 9, 30):
        rows = chain(*windows(Numbers(n_blocks), shuffle=True))
        assert sorted(rows) == list(range(n_blocks * 3))


def test_blocks_come_in_an_order_of_the_epoch():
    source = Numbers(40)
    first = windows(source, epoch=0, shuffle=True)
    assert windows(source, epoch=0, shuffle=True) == first
    assert windows(source, epoch=1, shuffle=True) != first
    assert windows(source, seed=1, epoch=0, shuffle=True) != first


def test_rows_of_a_window_are_in_the_order_of_the_source():
    assert all(rows == sorted(rows) for rows in windows(Numbers(40), shuffle=True))


def test_without_shuffling_rows_come_as_they_lie():
    assert list(chain(*windows(Numbers(20), shuffle=False))) == list(range(60))


def test_an_epoch_can_be_gone_on_with_from_any_window():
    source = Numbers(40)
    for first in range(5):
        rest = windows(source, shuffle=True, first=first)
        assert rest == windows(source, shuffle=True)[first:]


def test_the_first_window_has_the_seed_of_the_fit():
    assert window_seed(7, 0) == 7
    seeds = {window_seed(7, window) for window in range(-1, 1000)}
    assert len(seeds) == 1001
    assert all(0 <= seed < 2**64 for seed in seeds)
    _core.permutation(3, window_seed(2**64 - 1, 5), 0)


def test_the_next_window_is_read_while_one_is_in_use():
    begun, asked = [], threading.Event()

    class Slow(Numbers):
        def read(self, blocks):
            begun.append(threading.current_thread())
            if len(begun) == 2:
                asked.set()
            return super().read(blocks)

    for _ in Slow(40).windows(0, 0, len, shuffle=True):
        assert asked.wait(10)  # the first window is still in use
        break
    assert threading.main_thread() not in begun


def test_no_more_than_two_windows_are_there_at_a_time():
    alive, most, lock = set(), [], threading.Lock()
    numbers = count()

    class Counted(np.ndarray):
        def __del__(self):
            with lock:
                alive.discard(id(self))

    class Watched(Numbers):
        def read(self, blocks):
            time.sleep(0.002)  # a thread that could run ahead
            X = np.full((1, 1), next(numbers)).view(Counted)
            with lock:
                alive.add(id(X))
                most.append(len(alive))
            return Block(X)

    for _ in Watched(200).windows(0, 0, lambda block: block.X, shuffle=True):
        time.sleep(0.004)
    assert max(most) == 2


def test_nobody_waits_for_a_thread_whose_window_is_not_wanted():
    never = threading.Event()

    class Stuck(Numbers):
        def read(self, blocks):
            if 0 not in blocks:
                never.wait(60)
            return super().read(blocks)

    start = time.perf_counter()
    for _ in Stuck(40).windows(0, 0, len, shuffle=False):
        break
    assert time.perf_counter() - start < 30
    never.set()


def test_an_error_of_the_thread_comes_where_the_window_is_asked_for():
    class Broken(Numbers):
        def read(self, blocks):
            raise ValueError("line 3")

    with pytest.raises(ValueError, match=r"^line 3$"):
        windows(Broken(9), shuffle=True)


def test_labels_are_counted_over_blocks_but_for_rows_of_no_weight():
    labels = Labels()
    labels.add(Block(None, np.array(["b", "a", "b"])))
    labels.add(Block(None, np.array(["ccc", "a"]), np.array([0.0, 2.0])))
    classes, counts = labels.found()
    assert classes.tolist() == ["a", "b", "ccc"]
    assert counts.tolist() == [2, 2, 0]


def test_too_many_labels_are_no_classes():
    labels = Labels()
    labels.add(Block(None, np.arange(70_000.0)))
    assert labels.found() == (None, None)


def test_a_file_is_not_like_one_of_another_layout(tmp_path):
    files = {"an NPY file": "x.npy", "a table": "x.csv", "an svmlight file": "x.svm"}
    np.save(tmp_path / "x.npy", np.eye(2))
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    (tmp_path / "x.svm").write_text("1 1:1 2:1\n")
    for train, test in permutations(files, 2):
        schema = open_source(tmp_path / files[train]).schema
        with pytest.raises(ValueError) as error:
            open_source(tmp_path / files[test], like=schema)
        assert str(error.value) == (
            f"{tmp_path / files[test]} is {test}, and like the schema of {train}"
        )


def test_files_are_like_blocks_of_as_many_features(tmp_path):
    schema = open_source([(np.eye(3), [0, 1, 2])]).schema
    (tmp_path / "x.svm").write_text("1 1:1\n")
    assert open_source(tmp_path / "x.svm", like=schema).n_features == 3


def test_a_source_is_shown_by_what_is_known_of_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.eye(2500, 6))
    assert repr(open_source("x.npy")) == "<NpySource 'x.npy': 2,500 rows x 6 features>"
    Path("x.svm").write_text("1 1:1\n")
    source = open_source("x.svm")
    assert repr(source) == "<SvmlightSource 'x.svm'>"
    assert "_found" not in vars(source)
    assert source.n_samples == 1
    assert repr(source) == "<SvmlightSource 'x.svm': 1 row x 1 feature>"
    assert repr(open_source([(np.eye(3), [0, 1, 2])])) == "<IterableSource 'data': 3 features>"


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        ("x.foo", {}, ValueError, "format must be told of 'x.foo'"),
        ("-", {}, ValueError, "format must be told of '-'"),
        ("x.npy", {"format": "xls"}, ValueError, "format must be one of"),
        (3, {}, TypeError, "data must be a path or an iterable of blocks, got 3"),
        ("x.npy", {"missing": "zero"}, ValueError, "missing cannot be used with the format 'npy'"),
        ([], {"target": "y"}, ValueError, "target cannot be used with the format 'iterable'"),
        ([], {}, ValueError, "data holds no blocks"),
        ("x.npy", {"like": 3}, TypeError, "like must be the schema of a source, got 3"),
        ("x.npy", {"memory": 0}, ValueError, "memory must be a positive integer"),
    ],
)
def test_what_cannot_be_opened_is_told(data, options, error, message):
    with pytest.raises(error, match=message):
        open_source(data, **options)


@pytest.mark.parametrize(
    "classes", [5, "ab", [], [[0, 1]], [0, "a"], [None, 1], [0, float("nan")], {0, 1}]
)
def test_classes_that_are_no_labels_are_told(classes):
    with pytest.raises(ValueError, match="classes must be a list of labels"):
        open_source([(np.eye(2), [0, 1])], classes=classes)


@pytest.mark.parametrize("like", ["x", [], {}])
@pytest.mark.parametrize("name", ["x.npy", "x.svm"])
def test_a_schema_that_is_none_is_told(name, like, tmp_path):
    np.save(tmp_path / "x.npy", np.eye(2))
    (tmp_path / "x.svm").write_text("1 1:1\n")
    with pytest.raises(ValueError if like == {} else TypeError, match="like must be the schema of"):
        open_source(tmp_path / name, like=like)
