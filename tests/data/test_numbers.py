"""Numbers in text: the nearest double, as float() has it, to the last bit."""

import math
import random
import struct
from decimal import Context, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastopt import _core

EXACT = Context(prec=2000)
LARGEST = float(np.finfo(float).max)


def read(texts):
    return _core.parse_svmlight("".join(f"0 1:{text}\n" for text in texts).encode())[0]


def check(texts):
    """See that each is read as float() reads it."""
    texts = list(texts)
    ours, theirs = read(texts), np.array([float(text) for text in texts])
    different = np.flatnonzero(ours.view(np.int64) != theirs.view(np.int64))
    assert not different.size, [(texts[i], ours[i], theirs[i]) for i in different[:5]]


def random_doubles(n, seed=0):
    """Finite ones of any bits: all exponents are as likely."""
    bits = np.random.default_rng(seed).integers(0, 2**64, n, np.uint64, endpoint=False)
    doubles = bits.view(np.float64)
    return doubles[np.isfinite(doubles)].tolist()


@pytest.mark.parametrize("form", ["{!r}", "{:.17g}", "{:.8g}", "{:.18e}", "{:.19e}", "{:.40e}"])
def test_random_doubles_are_read_as_float_reads_them(form):
    check(map(form.format, random_doubles(100_000)))


@pytest.mark.parametrize("form", ["{!r}", "{:.17g}", "{:.8g}", "{:.6f}", "{:.25f}"])
def test_numbers_of_common_size_are_read_as_float_reads_them(form):
    rng = np.random.default_rng(1)
    numbers = rng.normal(size=100_000) * 10.0 ** rng.integers(-6, 7, 100_000)
    check(map(form.format, numbers.tolist()))


def test_doubles_come_back_from_their_shortest_text():
    doubles = random_doubles(100_000, seed=2)
    assert read(map(repr, doubles)).tolist() == doubles


@pytest.mark.parametrize("power", range(-345, 310, 5))
def test_whole_numbers_times_powers_of_ten_are_read_as_float_reads_them(power):
    rng = random.Random(power)
    texts = [f"{rng.getrandbits(rng.randint(1, 64))}e{power}" for _ in range(1000)]
    check(text for text in texts if math.isfinite(float(text)))


def halfway(below):
    """The decimal between a double and the next, all digits of it."""
    above = math.nextafter(below, math.inf)
    return EXACT.divide(EXACT.add(Decimal(below), Decimal(above)), 2)


def some_halfway(seed):
    rng = random.Random(seed)
    normal = [abs(x) for x in random_doubles(300, seed) if abs(x) < LARGEST]
    subnormal = [struct.unpack("<d", struct.pack("<Q", rng.getrandbits(52)))[0] for _ in range(50)]
    whole = [float(2**53 + rng.getrandbits(52)) for _ in range(50)]
    return [halfway(below) for below in [*normal, *subnormal, *whole, 0.0, 1.0]]


def test_halfway_between_two_doubles_the_even_one_is_taken():
    check(
        f"{middle:f}" if abs(middle.adjusted()) < 40 else str(middle) for middle in some_halfway(3)
    )


@pytest.mark.parametrize("zeros", [0, 1, 20, 800])
def test_the_smallest_digit_behind_halfway_decides(zeros):
    for middle in some_halfway(4):
        digits, exponent = "".join(map(str, middle.as_tuple().digits)), middle.as_tuple().exponent
        lower = str(int(digits) - 1)
        check(
            [
                f"{digits}{'0' * zeros}1e{exponent - zeros - 1}",
                f"{digits}.{'0' * zeros}1e{exponent}",
                f"{lower}.{'9' * (zeros + 1)}e{exponent}",
                f"000.000{digits}{'0' * zeros}e{exponent + 3 + len(digits)}",
            ]
        )


@pytest.mark.parametrize("n_digits", [18, 19, 20, 21, 100, 767, 768, 769, 800, 5000])
def test_long_strings_of_digits_are_read_as_float_reads_them(n_digits):
    rng = random.Random(n_digits)
    for _ in range(100):
        digits = "".join(rng.choices("0123456789", k=n_digits))
        point = rng.randint(0, n_digits)
        power = rng.randint(-330, 308)
        check([f"{digits[:point]}.{digits[point:]}e{power - point}", f"0.{digits}e{power}"])


@pytest.mark.parametrize(
    "text",
    [
        *["0", "-0", "+1", ".5", "5.", "-.5e1", "1E5", "1e+5", "1e-05", "00", "007", "00.10"],
        *["1e22", "1e23", "9007199254740991e22", "9007199254740992e22", "9007199254740993e22"],
        *["1e-22", "1e-23", "9007199254740993", "9007199254740993e-22", "9007199254740995e-22"],
        *[
            "18446744073709551615",
            "18446744073709551616",
            "9999999999999999999",
            "99999999999999999999",
        ],
        *["1e-400", "-1e-400", "4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324"],
        *["2.2250738585072011e-308", "2.2250738585072014e-308", "1e-308", "1e-342", "1e-343"],
        *["1.7976931348623157e308", "1.7976931348623158e308", "0.00017976931348623157e312"],
        *["0e999999999999999999999", "1e-999999999999999999999", "0.0e-0"],
        "0." + "0" * 5000 + "1e5001",
        "1" + "0" * 5000 + "e-5000",
        "0" * 1000 + "1",
    ],
)
def test_odd_forms_are_read_as_float_reads_them(text):
    check([text])


@pytest.mark.parametrize(
    "text",
    [
        "1.7976931348623159e308",
        "1e309",
        "1e400",
        "-1e400",
        "1" + "0" * 400,
        "1e99999999999999999999",
    ],
)
def test_what_double_does_not_hold_is_refused(text):
    assert math.isinf(float(text))
    with pytest.raises(ValueError, match="expected a finite number, found"):
        read([text])


@pytest.mark.parametrize(
    "text",
    [
        *["", ".", "-", "+", "e5", ".e5", "1e", "1e+", "1e-", "--1", "+-1", "1.2.3", "1e5.0"],
        *["nan", "inf", "-inf", "infinity", "0x1p3", "1f", "1_0", "1,5", "1d5", "٣", "1-2"],
    ],
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="expected a finite number, found"):
        read([text])


@given(st.from_regex(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_every_number_is_read_as_float_reads_it(text):
    if math.isfinite(float(text)):
        check([text.decode()])


def test_float32_is_the_double_rounded():
    texts = [repr(x) for x in random_doubles(100_000) if abs(x) < 3e38]
    ours = _core.parse_svmlight("".join(f"0 1:{text}\n" for text in texts).encode(), np.float32)[0]
    np.testing.assert_array_equal(
        ours, np.array([float(text) for text in texts]).astype(np.float32)
    )


@pytest.mark.parametrize(
    ("text", "held"),
    [("3.4028235677973366e38", False), ("3.4028235677973362e38", True), ("-1e39", False)],
)
def test_what_overflows_float32_is_refused(text, held):
    line = f"0 1:{text}".encode()
    if held:
        assert abs(_core.parse_svmlight(line, np.float32)[0][0]) == np.finfo(np.float32).max
    else:
        with pytest.raises(
            ValueError, match="column 5: expected a finite number that float32 holds"
        ):
            _core.parse_svmlight(line, np.float32)
