"""Powers and sines of our own."""

import math
import sys
from decimal import Decimal, localcontext

import numpy as np
import pytest

from fastopt import _core
from tests.schedules.examples import EPS

RNG = np.random.default_rng(0)
SPREAD = 10 ** RNG.uniform(-16, 12, 400)  # what schedules meet: parts of a run, and counts
NEAR_1 = 1 + RNG.uniform(-0.01, 0.01, 100)


def relative_error(numbers, exact):
    """The largest error relative to exact values, which are Decimals."""
    return max(abs(Decimal(float(a)) / b - 1) for a, b in zip(numbers, exact, strict=True))


def exact_sine(x):
    """sin(x) by its series, in Decimal."""
    term = total = x
    n = 1
    while abs(term) > Decimal("1e-45") * total:
        term *= -x * x / ((n + 1) * (n + 2))
        total += term
        n += 2
    return total


@pytest.mark.parametrize("p", [0.1, 0.2499, 0.5, 0.6, 0.75, 0.9, 1.1, 2, 2.5, 3, 7.3, 24.99, 300.3])
def test_a_power_is_right_to_its_last_digits(p):
    x = np.r_[SPREAD, NEAR_1]
    with localcontext(prec=60):
        exact = [Decimal(i) ** Decimal(p) for i in x.tolist()]
        kept = [i for i, value in enumerate(exact) if 1e-300 < value < 1e300]
        assert len(kept) > 100
        assert relative_error(_core.power(x[kept], p), [exact[i] for i in kept]) < 10 * EPS


@pytest.mark.parametrize("base", [1e-5, 0.1, 0.97, 0.999999, 1 - EPS, 1 + EPS, 1.0001, 3, 1e5])
def test_a_whole_power_is_the_float_next_to_it(base):
    k = np.floor(min(690 / abs(math.log(base)), 2**53) * RNG.random(300) ** 3)
    with localcontext(prec=60):
        exact = [Decimal(base) ** int(i) for i in k]
        assert relative_error(_core.powers(base, k), exact) < 0.7 * EPS
        exact = [Decimal(i) ** 3 for i in SPREAD.tolist()]
        assert relative_error(_core.power(SPREAD, 3), exact) < 0.7 * EPS


@pytest.mark.parametrize("base", [1e-5, 0.1, 0.97, 0.999999, 1 + EPS, 1.0001, 3, 1e5])
def test_a_power_between_whole_ones_is_right_to_its_last_digits(base):
    k = min(690 / abs(math.log(base)), 2**40) * RNG.random(300) ** 3
    with localcontext(prec=60):
        exact = [Decimal(base) ** Decimal(i) for i in k.tolist()]
        assert relative_error(_core.powers(base, k), exact) < 6 * EPS


def test_a_quarter_sine_is_right_to_its_last_digits():
    x = np.r_[RNG.random(500), 2 ** RNG.uniform(-60, -1, 100), 1 - 2 ** RNG.uniform(-53, -1, 100)]
    half_pi = Decimal("1.57079632679489661923132169163975144209858469968755")
    with localcontext(prec=60):
        exact = [exact_sine(half_pi * Decimal(i)) for i in x.tolist()]
        assert relative_error(_core.quarter_sine(x), exact) < 1.5 * EPS


def test_powers_that_are_floats_are_exact():
    assert _core.powers(3, np.arange(34.0)).tolist() == [3**i for i in range(34)]
    assert _core.powers(0.5, np.arange(1100.0)).tolist() == [math.ldexp(1, -i) for i in range(1100)]
    assert _core.powers(10, np.arange(23.0)).tolist() == [10**i for i in range(23)]
    whole = np.arange(100.0)
    for n in range(8):
        assert _core.power(whole, n).tolist() == [i**n for i in range(100)]
    squares = whole * whole
    assert _core.power(squares, 3.5).tolist() == [i**7 for i in range(100)]
    assert _core.power(squares * squares, 0.25).tolist() == whole.tolist()
    assert _core.power(squares * squares, 1.75).tolist() == [i**7 for i in range(100)]


@pytest.mark.parametrize("x", [0.1, 1 / 3, 5e-324, 1e300])
def test_the_first_power_changes_nothing(x):
    assert _core.power(np.array([x]), 1).tolist() == _core.powers(x, np.ones(1)).tolist() == [x]


def test_quarter_sines_end_exactly():
    assert _core.quarter_sine(np.array([0.0, 1.0])).tolist() == [0, 1]


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9, 1, 2, 7.3, 1e300])
def test_a_power_of_0_or_1_is_itself(p):
    assert _core.power(np.array([0.0, 1.0]), p).tolist() == [0, 1]


def test_powers_overflow_and_underflow_quietly():
    x = np.array([1e-300, 1 - EPS, 1, 1 + EPS, 1e300])
    for p in (1e19, 1e300, sys.float_info.max):
        assert _core.power(x, p).tolist() == [0, 0, 1, math.inf, math.inf]
    assert _core.power(x[[0, 4]], 1.6).tolist() == [0, math.inf]
    k = np.array([0.5, 0.3, 1.7])
    assert _core.powers(0, k).tolist() == [0, 0, 0]
    assert _core.powers(4, k[[0]]).tolist() == [2]
    k = np.array([1e19, 0, 1e300])
    assert _core.powers(1.5, k).tolist() == [math.inf, 1, math.inf]
    assert _core.powers(0.5, k).tolist() == [0, 1, 0]
    assert _core.powers(0, np.array([0.0, 1, 2])).tolist() == [1, 0, 0]
    assert _core.powers(2, np.array([1023.0, 1024, 5000])).tolist() == [2.0**1023] + [math.inf] * 2


def test_a_power_does_not_depend_on_its_neighbors():
    k = np.r_[RNG.integers(0, 10**6, 250), 10**4 * RNG.random(250), np.arange(500)].astype(float)
    assert _core.powers(0.9999, k).tolist() == [
        _core.powers(0.9999, k[[i]])[0] for i in range(1000)
    ]
    assert _core.power(k, 0.6).tolist() == [_core.power(k[[i]], 0.6)[0] for i in range(1000)]
    x = RNG.random(101)
    assert _core.quarter_sine(x).tolist() == [_core.quarter_sine(x[[i]])[0] for i in range(101)]


@pytest.mark.parametrize(
    "array", [[1.0], None, np.ones(3, np.float32), np.ones((2, 2)), np.ones(4)[::2], np.array(1.0)]
)
def test_powers_and_sines_are_of_float64_in_a_row(array):
    for function in (
        _core.quarter_sine,
        lambda x: _core.power(x, 2),
        lambda k: _core.powers(2, k),
    ):
        with pytest.raises(TypeError, match=r"^expected a 1-d C-contiguous array of float64, got "):
            function(array)


@pytest.mark.parametrize("number", [-1.0, math.nan])
def test_powers_are_of_and_to_nonnegative_numbers(number):
    with pytest.raises(ValueError, match=r"^p must be a nonnegative number, got (-1.0|nan)$"):
        _core.power(np.ones(1), number)
    with pytest.raises(ValueError, match=r"^base must be a nonnegative number, got (-1.0|nan)$"):
        _core.powers(number, np.ones(1))
