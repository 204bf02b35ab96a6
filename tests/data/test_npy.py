"""NPY files as sources."""

import numpy as np
import pytest

from fastopt.data import open_source


@pytest.fixture
def saved(tmp_path):
    """A function that saves an array and returns its path."""

    def save(name, array):
        np.save(tmp_path / name, array)
        return tmp_path / name

    return save


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_blocks_are_the_rows_of_the_file(saved, order, dtype):
    X = np.asarray(np.arange(3000).reshape(1000, 3) % 200, dtype, order=order)
    path = saved("X.npy", X)
    source = open_source(path, target=np.arange(1000), memory=10_000)
    assert source.n_blocks > 8
    np.testing.assert_array_equal(np.concatenate([block.X for block in source]), X)
    np.testing.assert_array_equal(np.concatenate([block.y for block in source]), np.arange(1000))
    assert next(iter(source)).X.dtype == dtype


def test_blocks_are_bounded_by_the_memory(saved):
    source = open_source(saved("X.npy", np.zeros((10_000, 10))), memory=64_000)
    assert max(block.X.nbytes for block in source) * source.blocks_per_window * 8 <= 64_000


def test_y_and_weights_come_from_files_or_arrays(saved):
    X, y, weight = np.eye(4), np.array([3, 1, 3, 1]), np.array([1.0, 2, 0, 1])
    source = open_source(
        saved("X.npy", X), target=saved("y.npy", y), sample_weight=weight, dtype="float32"
    )
    (block,) = source
    assert block.X.dtype == np.float32
    assert block.y.tolist() == y.tolist()
    assert block.sample_weight.tolist() == weight.tolist()
    assert source.classes.tolist() == [1, 3]
    assert source.class_counts.tolist() == [2, 1]


def test_rows_to_predict_have_no_y(saved):
    (block,) = open_source(saved("X.npy", np.eye(4)), target=False)
    assert block.y is None


def test_other_numbers_become_float64(saved):
    (block,) = open_source(saved("X.npy", np.eye(3, dtype=np.int32)))
    assert block.X.dtype == np.float64


def test_a_file_like_another_must_have_its_columns(saved):
    schema = open_source(saved("X.npy", np.eye(3))).schema
    assert open_source(saved("Z.npy", np.ones((9, 3))), like=schema).n_features == 3
    with pytest.raises(ValueError, match=r"W.npy: expected 3 columns, found 4$"):
        open_source(saved("W.npy", np.eye(4)), like=schema)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.arange(3.0), r"X.npy: expected numbers in rows and columns, found float64 of .*\(3,\)"),
        (np.zeros((0, 3)), r"X.npy: expected numbers .* of shape \(0, 3\)"),
        (np.array([["a"]]), r"X.npy: expected numbers in rows and columns, found <U1"),
    ],
)
def test_an_array_that_is_no_X_is_told(saved, array, message):
    with pytest.raises(ValueError, match=message):
        open_source(saved("X.npy", array))


def test_a_file_that_is_no_npy_file_is_told(tmp_path):
    path = tmp_path / "X.npy"
    path.write_bytes(b"1,2,3\n")
    with pytest.raises(ValueError, match=r"X.npy: expected an NPY file"):
        open_source(path)
    with pytest.raises(FileNotFoundError, match=r"nothing\.npy"):
        open_source(tmp_path / "nothing.npy")


@pytest.mark.parametrize("name", ["target", "sample_weight"])
def test_columns_of_another_length_are_told(saved, name):
    with pytest.raises(ValueError, match=rf"{name} must have the shape \(3,\), got \(4,\)"):
        open_source(saved("X.npy", np.eye(3)), **{name: np.ones(4)})


def test_a_number_that_is_not_finite_is_told(saved):
    X = np.ones((500, 3))
    X[321, 1] = np.nan
    source = open_source(saved("X.npy", X), target=np.ones(500), memory=5_000)
    with pytest.raises(ValueError, match="row 321, column 1: expected a finite number, found nan"):
        _ = source.classes


OPEN = "source = open_source(sys.argv[1], target=sys.argv[2], memory=int(sys.argv[3]))"
FIT = "fastopt.linear_model.SGDClassifier(max_iter=2, tol=None).fit(source)"


def test_an_epoch_over_a_file_of_50_times_the_memory_keeps_within_it(saved, growth):
    memory = 8 * 2**20
    X = np.random.default_rng(0).normal(size=(50 * memory // 400, 100)).astype(np.float32)
    paths = str(saved("X.npy", X)), str(saved("y.npy", (X[:, 0] > 0).astype(np.int8)))
    assert memory / 20 < growth(FIT, *paths, str(memory), prepare=OPEN) < memory
