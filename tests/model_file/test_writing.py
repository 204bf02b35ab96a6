"""Whatever happens while a file is written, the old one or the new one is there."""

import os
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

import fastopt
from fastopt import optim, schedules
from fastopt.linear_model import SGDRegressor
from fastopt.model_file.file import read, write

from .models import OPTIONS, X, Y
from .test_models import same


@pytest.fixture
def models():
    return [SGDRegressor(eta0=eta0, **OPTIONS).fit(X, Y) for eta0 in (0.01, 0.02)]


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_error_leaves_the_old_file(step, error, models, tmp_path, monkeypatch):
    path = tmp_path / "model"
    models[0].save(path)

    def fail(*args):
        raise error

    monkeypatch.setattr("builtins.open" if step == "open" else f"os.{step}", fail)
    with pytest.raises(type(error)) as caught:
        models[1].save(path)
    monkeypatch.undo()
    if isinstance(error, OSError):
        assert str(caught.value) == f"[Errno 28] No space left on device: {str(path)!r}"
    assert [*tmp_path.iterdir()] == [path]
    same(fastopt.load(path).coef_, models[0].coef_)


def test_the_file_is_on_the_disk_before_it_has_its_name_and_the_name_at_the_end(
    models, tmp_path, monkeypatch
):
    done = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(descriptor):
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        done.append("folder" if is_folder else "file")
        fsync(descriptor)

    def note_replace(*names):
        done.append("name")
        replace(*names)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_replace)
    models[0].save(tmp_path / "model")
    assert done == ["file", "name", "folder"]


def test_a_process_that_is_killed_leaves_a_file_that_is_whole(models, tmp_path):
    code = f"""
import numpy as np, sys, time
from fastopt.linear_model import SGDRegressor
models = [SGDRegressor(max_iter=1, tol=None).fit(np.full((2, 100_000), k), [1, 2]) for k in (1, 2)]
models[0].save({str(tmp_path / "model")!r})
print(flush=True)
while True:
    for model in models:
        model.save({str(tmp_path / "model")!r})
"""
    for delay in (0.01, 0.023):
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", code], stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert fastopt.load(tmp_path / "model").n_features_in_ == 100_000
        assert {path.name[:9] for path in tmp_path.iterdir()} <= {"model", ".fastopt-"}


def test_a_link_stays_one(models, tmp_path):
    models[0].save(tmp_path / "first")
    (tmp_path / "latest").symlink_to("first")
    models[1].save(tmp_path / "latest")
    assert (tmp_path / "latest").is_symlink()
    same(fastopt.load(tmp_path / "first").coef_, models[1].coef_)


def test_the_file_may_be_read_by_whom_the_umask_lets(models, tmp_path):
    before = os.umask(0o027)
    try:
        models[0].save(tmp_path / "model")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "model").stat().st_mode) == 0o640


def test_a_relative_path_is_one_of_the_working_folder(models, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    models[0].save("model")
    same(fastopt.load("model").coef_, models[0].coef_)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        models[0].save("nowhere/model")


EXTRA = {
    "nothing": None,
    "truth": [True, False, np.bool_(True)],
    "numbers": (0, -3, 2**80, 0.1, -0.0, 5e-324, float("inf"), -float("inf"), float("nan")),
    "strings": ["", "é", "\ud800", "\0", '"\\'],
    "nested": {1: {"a": [(), [], {}]}, (2, 3): "pair", None: None, False: True, 1.5: 2},
    "arrays": [np.arange(6).reshape(2, 3).astype(dtype) for dtype in "?bBhHiIlLefd"],
    "orders": [np.asfortranarray(np.ones((2, 3))), np.arange(9)[::-2], np.ones((2, 3, 4)).T],
    "small": [np.array(3.5), np.empty(0), np.empty((0, 3)), np.array(["ab", "c"]), np.array("é")],
    "letters": np.asfortranarray([["a", "bc"], ["", "\U0001f40d"]]),
    "objects": np.array(["a", None, 1, 2.5, (1, 2)], object),
    "NaN": np.array([0x7FF8000000000001, 0xFFF0000000000001], np.uint64).view(np.float64),
    "state": optim.Adam([np.ones(3)]).state_dict(),
    "schedule": schedules.warmup(schedules.join([0.1, schedules.cosine(1, 5)], [3]), 5),
    "rows": [{"a": 1.0}, {"a": 2.0, "b": 3.0}, {"b": 1.0, "a": float("nan")}],
    "dtype": np.dtype(np.float32),
}


@pytest.mark.parametrize("name", EXTRA)
def test_what_is_written_beside_a_model_comes_back(name, tmp_path):
    write(SGDRegressor(), tmp_path / "model", {name: EXTRA[name]})
    _, extra = read(tmp_path / "model")
    assert [*extra] == [name]
    if name == "truth":
        assert extra[name] == [True, False, True]
    else:
        same(extra[name], EXTRA[name])


def test_places_of_the_same_name_are_kept_apart(tmp_path):
    extra = {"a": {"b": np.zeros(1)}, "a['b']": np.ones(1)}
    write(SGDRegressor(), tmp_path / "model", extra)
    same(read(tmp_path / "model")[1], extra)


def test_numbers_that_lie_the_other_way_round_are_turned(tmp_path):
    array = np.arange(3, dtype=">f8")
    write(SGDRegressor(), tmp_path / "model", {"array": array})
    np.testing.assert_array_equal(read(tmp_path / "model")[1]["array"], array)


@pytest.mark.parametrize(
    "value",
    [
        lambda: None,
        {1, 2},
        b"bytes",
        1j,
        np.array([b"bytes"]),
        np.array([1j]),
        np.zeros(1, "M8[s]"),
        np.array([[1]], object),
        optim.Adam([np.ones(3)]),
        np.random.default_rng(0),
        np.float32,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_file_cannot_hold_is_named(value, tmp_path):
    with pytest.raises(TypeError, match=r"^extra.mine\['x'\]\[1\] is .*which a file cannot hold"):
        write(SGDRegressor(), tmp_path / "model", {"mine": {"x": [0, value]}})
    assert [*tmp_path.iterdir()] == []


def test_neither_a_folder_nor_a_device_is_replaced(models, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ValueError, match="path must be that of a file, got "):
            models[0].save(path)
    assert [*tmp_path.iterdir()] == [tmp_path / "pipe"]
