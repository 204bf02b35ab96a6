"""Blocks from Python."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from fastopt.data import Block, open_source

BLOCKS = [(np.full((n, 2), n), np.full(n, n % 2)) for n in (1, 2, 3, 4)]


class Anew:
    """An iterable that is no sequence."""

    def __iter__(self):
        return iter(BLOCKS)


def sizes(source, epoch=0, first=0):
    return list(source.windows(0, epoch, len, shuffle=True, first=first))


def test_a_sequence_is_shuffled_block_by_block():
    source = open_source(BLOCKS)
    epochs = [sizes(source, epoch) for epoch in range(9)]
    assert all(sorted(epoch) == [1, 2, 3, 4] for epoch in epochs)
    assert any(epoch != [1, 2, 3, 4] for epoch in epochs)


def test_another_iterable_comes_as_it_comes_in_each_epoch():
    source = open_source(Anew())
    assert sizes(source) == sizes(source, epoch=1) == [1, 2, 3, 4]
    assert sizes(source, first=2) == [3, 4]


def test_an_iterator_can_be_gone_over_once_from_its_first_block():
    source = open_source(iter(BLOCKS), classes=[0, 1])
    assert source.one_pass
    assert source.n_features == 2
    assert sizes(source) == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="data can be gone over only once: declare classes"):
        _ = open_source(iter(BLOCKS)).classes


@pytest.mark.parametrize("data", [BLOCKS, Anew()])
def test_what_is_not_declared_is_found(data):
    source = open_source(data)
    assert (source.n_samples, source.n_features) == (10, 2)
    assert source.classes.tolist() == [0, 1]
    assert source.class_counts.tolist() == [6, 4]
    assert open_source(data, classes=[2, 1, 0]).class_counts.tolist() == [6, 4, 0]


def test_blocks_may_have_weights_and_be_sparse():
    blocks = [
        (sparse.eye(3, format="csc"), np.arange(3), np.ones(3)),
        Block(np.eye(3), np.arange(3), np.ones(3)),
    ]
    first, second = open_source(blocks)
    assert first.X.format == "csr"
    assert second.sample_weight.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("block", "error", "message"),
    [
        (np.eye(2), TypeError, r"block 0 of data must be \(X, y\).*got ndarray"),
        ((np.eye(2),), TypeError, r"block 0 of data must be \(X, y\).*got tuple"),
        ((np.eye(2), [1, 2, 3]), ValueError, "inconsistent numbers of samples"),
        ((np.ones(3), [1, 2, 3]), ValueError, "Expected 2D array"),
    ],
)
def test_what_is_no_block_is_told(block, error, message):
    with pytest.raises(error, match=message):
        open_source([block])


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ((np.ones((2, 3)), [0, 1]), "block 1 of data: expected 2 columns, found 3"),
        ((np.ones((0, 2)), []), r"block 1 of data: Found array with 0 sample\(s\)"),
        ((np.ones((2, 2)), [0]), "block 1 of data: .*inconsistent numbers of samples"),
    ],
)
def test_a_block_that_is_not_as_the_first_is_told(block, message):
    source = open_source([BLOCKS[0], block])
    with pytest.raises(ValueError, match=message):
        list(source)


def test_frames_have_the_columns_of_the_first():
    frame = pd.DataFrame(np.eye(2), columns=["a", "b"])
    source = open_source([(frame, [0, 1]), (frame, [0, 1])])
    assert source.feature_names == ["a", "b"]
    assert source.n_samples == 4
    source = open_source([(frame, [0, 1]), (frame[["b", "a"]], [0, 1])])
    with pytest.raises(ValueError, match=r"block 1 .* \['a', 'b'\], found \['b', 'a'\]"):
        list(source)


def test_blocks_that_are_not_as_wide_as_declared_are_told():
    with pytest.raises(ValueError, match="block 0 of data: expected 3 columns, found 2"):
        open_source(BLOCKS, n_features=3)


def test_an_iterator_is_not_gone_over_twice():
    source = open_source(iter(BLOCKS), classes=[0, 1])
    assert sizes(source) == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="data can be gone over only once, and has been"):
        sizes(source)
