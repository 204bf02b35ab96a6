"""What is done to whole arrays: the formula, and the same bits on every ISA."""

import numpy as np
import pytest

from fastopt import _core

LENGTHS = [*range(3 * 16 + 2), 1001]


@pytest.mark.parametrize("n", LENGTHS)
def test_norm_is_that_of_euclid(n, dtype, on_every_isa):
    a, b = np.random.default_rng(n).normal(size=(2, n)).astype(dtype)
    mixed = [a, b.astype(np.float32), a.reshape(1, n)]
    results = on_every_isa(lambda: _core.norm(mixed))
    assert len(set(results)) == 1
    expected = np.linalg.norm(np.concatenate([x.astype(float).ravel() for x in mixed]))
    assert results[0] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("where", range(33))
def test_norm_tells_what_is_not_finite(where, dtype, isa):
    for bad in (np.nan, np.inf, -np.inf):
        a = np.ones(33, dtype)
        a[where] = bad
        assert not np.isfinite(_core.norm([np.ones(9), a]))


def test_norm_of_float32_neither_overflows_nor_vanishes(isa):
    for size in (3e38, 1e-38):
        a = np.full(100, size, np.float32)
        assert _core.norm([a]) == pytest.approx(10 * size, rel=1e-6)


def test_norm_names_the_array_that_is_none_of_its_own():
    with pytest.raises(TypeError, match=r"arrays\[1\] must be float32 or float64, got int64"):
        _core.norm([np.ones(3), np.ones(3, np.int64)])


@pytest.mark.parametrize("n", LENGTHS)
def test_lerp_is_the_formula(n, dtype, on_every_isa):
    rng = np.random.default_rng(n)
    start, end = rng.normal(size=(2, n)).astype(dtype)

    def moved():
        a = start.copy()
        _core.lerp(a, end, 0.3)
        return a.tobytes()

    results = on_every_isa(moved)
    assert set(results) == {(start + dtype(0.3) * (end - start)).tobytes()}


def test_lerp_refuses_what_does_not_fit():
    a = np.ones(3)
    with pytest.raises(ValueError, match="b must hold 3 numbers, got 2"):
        _core.lerp(a, np.ones(2), 0.5)
    with pytest.raises(TypeError, match="b must be float64, got float32"):
        _core.lerp(a, np.ones(3, np.float32), 0.5)
    a.flags.writeable = False
    with pytest.raises(ValueError, match="a is read-only"):
        _core.lerp(a, np.zeros(3), 0.5)
    assert a.tolist() == [1] * 3
