"""The order of an epoch: a uniform permutation, from (seed, epoch) alone."""

import itertools
from collections import Counter

import numpy as np
import pytest

from fastopt import _core, _reference


@pytest.mark.parametrize("n", [0, 1, 2, 3, 64, 65, 66, 1000])
@pytest.mark.parametrize(("seed", "epoch"), [(0, 0), (0, 1), (1, 0), (2**63 + 5, 2**40)])
def test_permutation_is_that_of_the_reference(n, seed, epoch):
    assert _core.permutation(n, seed, epoch).tolist() == _reference.permutation(n, seed, epoch)


def test_numbers_that_would_be_biased_are_drawn_again():
    # Some ten of so many draws fall where Lemire's product must be rejected.
    n = 300_000
    assert _core.permutation(n, 0, 0).tolist() == _reference.permutation(n, 0, 0)


def test_permutation_holds_every_row_once():
    order = _core.permutation(100_000, 3, 4)
    np.testing.assert_array_equal(np.sort(order), np.arange(100_000))


def test_orders_of_other_epochs_and_seeds_differ():
    orders = [_core.permutation(50, seed, epoch) for seed in range(10) for epoch in range(10)]
    assert len({order.tobytes() for order in orders}) == 100


def test_all_orders_are_equally_likely():
    counts = Counter(tuple(_core.permutation(4, seed, 7)) for seed in range(24_000))
    assert counts.keys() == set(itertools.permutations(range(4)))
    expected = 24_000 / 24
    chi2 = sum((c - expected) ** 2 / expected for c in counts.values())
    assert chi2 < 49.7  # 23 degrees of freedom: one chance in a thousand


def test_permutation_refuses_a_negative_length():
    with pytest.raises(ValueError, match="n must be in"):
        _core.permutation(-1, 0, 0)
