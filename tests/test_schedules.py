"""Schedules: against torch, against their own formulas, and as objects."""

import copy
import doctest
import math
import pickle
import sys
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastopt import _core, schedules
from fastopt.schedules import (
    ReduceOnPlateau,
    constant,
    cosine,
    cosine_restarts,
    exponential,
    inverse_scaling,
    inverse_sqrt,
    join,
    linear,
    multistep,
    optimal,
    polynomial,
    satisfies_robbins_monro,
    step,
    warmup,
)

EPS = np.finfo(np.float64).eps

# One row per schedule: what it is, the rate by its textbook formula, and whether sum lr diverges
# and sum lr^2 converges.
TABLE = [
    (constant(0.3), lambda t: 0.3, True, False),
    (constant(1), lambda t: 1, True, False),
    (step(0.1, every=7, factor=0.5), lambda t: 0.1 * 0.5 ** ((t - 1) // 7), False, True),
    (step(0.1, every=7, factor=1), lambda t: 0.1, True, False),
    (step(0.1, every=90, factor=2), lambda t: 0.1 * 2 ** ((t - 1) // 90), True, False),
    (
        multistep(0.1, milestones=[5, 8, 60], factor=0.1),
        lambda t: 0.1 * 0.1 ** ((t > 5) + (t > 8) + (t > 60)),
        True,
        False,
    ),
    (multistep(0.1, milestones=[], factor=0.1), lambda t: 0.1, True, False),
    (exponential(0.1, factor=0.97), lambda t: 0.1 * 0.97 ** (t - 1), False, True),
    (exponential(0.1, factor=1.001), lambda t: 0.1 * 1.001 ** (t - 1), True, False),
    (
        cosine(0.1, steps=100),
        lambda t: 0.1 * (1 + math.cos(math.pi * min(t - 1, 100) / 100)) / 2,
        False,
        True,
    ),
    (
        cosine(0.1, steps=100, final=0.01),
        lambda t: 0.01 + 0.09 * (1 + math.cos(math.pi * min(t - 1, 100) / 100)) / 2,
        True,
        False,
    ),
    (
        cosine_restarts(0.1, period=30),
        lambda t: 0.1 * (1 + math.cos(math.pi * ((t - 1) % 30) / 30)) / 2,
        True,
        False,
    ),
    (
        cosine_restarts(0.1, period=10, growth=3, final=0.02),
        lambda t: 0.02 + 0.08 * (1 + math.cos(math.pi * part_of_cycle(t, 10, 3))) / 2,
        True,
        False,
    ),
    (
        cosine_restarts(0.1, period=7, growth=2),
        lambda t: 0.1 * (1 + math.cos(math.pi * part_of_cycle(t, 7, 2))) / 2,
        True,
        False,
    ),
    (linear(0.1, steps=100), lambda t: 0.1 * (1 - min((t - 1) / 100, 1)), False, True),
    (
        linear(0.1, steps=100, final=0.3),
        lambda t: 0.1 + 0.2 * min((t - 1) / 100, 1),
        True,
        False,
    ),
    (
        polynomial(0.1, steps=100, power=0.9),
        lambda t: 0.1 * (1 - min((t - 1) / 100, 1)) ** 0.9,
        False,
        True,
    ),
    (
        polynomial(0.1, steps=100, power=2, final=0.01),
        lambda t: 0.01 + 0.09 * (1 - min((t - 1) / 100, 1)) ** 2,
        True,
        False,
    ),
    (inverse_sqrt(0.1), lambda t: 0.1 / math.sqrt(t), True, False),
    (
        inverse_sqrt(0.1, warmup=40),
        lambda t: 0.1 * math.sqrt(40) * min(t**-0.5, t * 40**-1.5),
        True,
        False,
    ),
    (inverse_scaling(0.1, power=0.25), lambda t: 0.1 / t**0.25, True, False),
    (inverse_scaling(0.1, power=0.5), lambda t: 0.1 / t**0.5, True, False),
    (inverse_scaling(0.1, power=0.6), lambda t: 0.1 / t**0.6, True, True),
    (inverse_scaling(0.1, power=1), lambda t: 0.1 / t, True, True),
    (inverse_scaling(0.1, power=1.1), lambda t: 0.1 / t**1.1, False, True),
    (optimal(0.01, t0=250.5), lambda t: 1 / (0.01 * (250.5 + t - 1)), True, True),
    (
        warmup(optimal(1, t0=5), steps=50),
        lambda t: 0.2 * t / 51 if t <= 50 else 1 / (5 + t - 51),
        True,
        True,
    ),
    (warmup(0.1, steps=50), lambda t: 0.1 * min(t / 51, 1), True, False),
    (
        join([0.1, inverse_scaling(0.2, power=1), linear(0.1, steps=9)], boundaries=[40, 90]),
        lambda t: 0.1 if t <= 40 else 0.2 / (t - 40) if t <= 90 else 0.1 * max(100 - t, 0) / 9,
        False,
        True,
    ),
    (join([linear(0.1, steps=9)], boundaries=[]), lambda t: 0.1 * max(10 - t, 0) / 9, False, True),
]
EXAMPLES = [row[0] for row in TABLE]


def part_of_cycle(t, period, growth):
    done = t - 1
    while done >= period:
        done -= period
        period *= growth
    return done / period


def each(rows, *names):
    """Parametrize a test by rows that begin with a schedule, which names the test."""
    return pytest.mark.parametrize(("schedule", *names), rows, ids=[repr(row[0]) for row in rows])


each_example = each([(schedule,) for schedule in [*EXAMPLES, ReduceOnPlateau(0.1)]])

# What they compute.


@each([row[:2] for row in TABLE], "formula")
def test_a_rate_is_its_formula(schedule, formula):
    t = np.arange(1, 301)
    expected = [formula(int(i)) for i in t]
    # A formula of a few roundings; those of the table cancel near a final rate of 0.
    np.testing.assert_allclose(schedule(t), expected, rtol=64 * EPS, atol=2 * EPS)


@pytest.mark.filterwarnings("ignore:overflow")  # of the two that rise without end
@each_example
def test_a_count_gives_what_an_array_of_counts_gives(schedule):
    t = np.array([*range(1, 400), 2**31, 2**40 + 1, 2**53 - 1])
    t = np.random.default_rng(0).permutation(t)
    rates = schedule(t)
    assert rates.tolist() == [schedule(int(i)) for i in t] == [schedule(i) for i in t]


@each_example
def test_the_result_has_the_shape_of_the_counts(schedule):
    t = np.arange(1, 61, dtype=np.uint8).reshape(3, 20)[:, ::-2]
    assert schedule(t).dtype == np.float64
    assert schedule(t).tolist() == schedule(np.ascontiguousarray(t.astype(int))).tolist()
    assert schedule(np.array(5)).shape == ()
    assert schedule(np.array([], int)).shape == (0,)
    assert type(schedule(5)) is type(schedule(np.int32(5))) is float


@each_example
def test_a_result_may_be_written_to_without_harm(schedule):
    t = np.arange(1, 200)
    first = schedule(t)
    kept = first.copy()
    first[:] = -1
    assert (t == np.arange(1, 200)).all()
    assert (schedule(t) == kept).all()


@each_example
def test_rates_are_finite_and_never_negative(schedule):
    rates = schedule(np.arange(1, 2000))
    assert np.isfinite(rates).all()
    assert (rates >= 0).all()
    assert rates[0] > 0


@each([(schedule,) for schedule in EXAMPLES if not isinstance(schedule, warmup | join)])
def test_the_first_rate_is_exactly_lr(schedule):
    if isinstance(schedule, optimal):
        assert schedule(1) == 1 / (schedule.alpha * schedule.t0)
    elif getattr(schedule, "warmup", 0):
        assert schedule(schedule.warmup) == schedule.lr
    else:
        assert schedule(1) == schedule.lr


rate = st.floats(1e-12, 1e6)
count = st.integers(1, 10**6)
DESCENTS = [cosine, linear, lambda lr, steps, final: polynomial(lr, steps, 0.9, final)]


@pytest.mark.parametrize("descent", DESCENTS, ids=["cosine", "linear", "polynomial"])
@given(lr=rate, steps=count, final=st.just(0) | rate, t=st.integers(1, 2**53))
def test_a_descent_is_exact_at_both_ends_and_in_between_otherwise(descent, lr, steps, final, t):
    schedule = descent(lr, steps, final)
    assert schedule(1) == lr
    assert schedule(steps + 1) == schedule(steps + t) == final
    ulp = EPS * max(lr, final)
    assert min(lr, final) - ulp <= schedule(t % steps + 1) <= max(lr, final) + ulp


@pytest.mark.parametrize("descent", DESCENTS, ids=["cosine", "linear", "polynomial"])
def test_a_descent_to_zero_keeps_its_digits_to_the_last_update(descent):
    n = 10**6  # updates; (1 + cos(pi (1 - 1/n))) / 2 has lost five digits
    last = {
        "cosine": math.sin(math.pi / 2 / n) ** 2,
        "linear": 1 / n,
        "polynomial": (1 / n) ** 0.9,
    }[type(descent(1, n, 0)).__name__]
    assert descent(1, n, 0)(n) == pytest.approx(last, rel=8 * EPS, abs=0)


@given(
    period=st.integers(1, 1000),
    growth=st.integers(1, 7),
    cycle=st.integers(0, 14),
    part=st.floats(0, 1, exclude_max=True),
)
def test_a_cycle_restarts_exactly_at_its_first_update(period, growth, cycle, part):
    schedule = cosine_restarts(0.1, period, growth, final=0.01)
    start = sum(period * growth**i for i in range(cycle))
    length = period * growth**cycle
    inside = int(part * length)
    assert schedule(start + 1) == schedule(start + length + 1) == 0.1
    assert schedule(start + inside + 1) == cosine(0.1, length, final=0.01)(inside + 1)
    assert length == 1 or schedule(start + length) < 0.1


# Against torch: rates at t = 1, 2, 11, 40, 41, 77 from torch 2.13.0, and all of them where torch is
# installed.

TIMES = [1, 2, 11, 40, 41, 77]
TORCH = [
    (
        step(0.1, every=10, factor=0.5),
        lambda o, s: s.StepLR(o, 10, 0.5),
        [0.1, 0.1, 0.05, 0.0125, 0.00625, 0.00078125],
    ),
    (
        multistep(0.1, milestones=[10, 40, 76], factor=0.3),
        lambda o, s: s.MultiStepLR(o, [10, 40, 76], 0.3),
        [0.1, 0.1, 0.03, 0.03, 0.009, 0.0026999999999999997],
    ),
    (
        exponential(0.1, factor=0.9),
        lambda o, s: s.ExponentialLR(o, 0.9),
        [
            0.1,
            0.09000000000000001,
            0.03486784401000002,
            0.0016423203268260682,
            0.0014780882941434613,
            3.3298963653161505e-05,
        ],
    ),
    (
        cosine(0.1, steps=76, final=0.001),
        lambda o, s: s.CosineAnnealingLR(o, 76, 0.001),
        [
            0.1,
            0.0999577150401714,
            0.09583077966942535,
            0.048454413774683736,
            0.04641232239911954,
            0.001,
        ],
    ),
    (
        cosine_restarts(0.1, period=20, final=0.001),
        lambda o, s: s.CosineAnnealingWarmRestarts(o, 20, 1, 0.001),
        [0.1, 0.09939057285945932, 0.0505, 0.001609427140540686, 0.1, 0.010453658778440109],
    ),
    (
        cosine_restarts(0.1, period=10, growth=3),
        lambda o, s: s.CosineAnnealingWarmRestarts(o, 10, 3),
        [0.1, 0.09755282581475769, 0.1, 0.00027390523158633, 0.1, 0.06545084971874737],
    ),
    (
        linear(0.1, steps=40, final=0.025),
        lambda o, s: s.LinearLR(o, 1, 0.25, total_iters=40),
        [
            0.1,
            0.098125,
            0.08124999999999999,
            0.02687499999999998,
            0.02499999999999998,
            0.02499999999999998,
        ],
    ),
    (
        polynomial(0.1, steps=76, power=0.9),
        lambda o, s: s.PolynomialLR(o, 76, 0.9),
        [
            0.1,
            0.09881500660288522,
            0.0880759444620784,
            0.05231778136309483,
            0.05104344967050663,
            0.0,
        ],
    ),
    (
        inverse_scaling(0.1, power=0.6),
        lambda o, s: s.LambdaLR(o, lambda k: (k + 1) ** -0.6),
        [
            0.1,
            0.06597539553864472,
            0.023722714866171578,
            0.010933620739432782,
            0.010772827009130775,
            0.007380836159029747,
        ],
    ),
    (
        warmup(exponential(0.1, factor=0.9), steps=10),
        lambda o, s: s.SequentialLR(
            o, [s.LinearLR(o, 1 / 11, total_iters=10), s.ExponentialLR(o, 0.9)], [10]
        ),
        [
            0.009090909090909092,
            0.018181818181818184,
            0.1,
            0.00471012869724625,
            0.004239115827521626,
            9.550049507968271e-05,
        ],
    ),
    (
        join([0.1, step(0.1, every=20, factor=0.5), linear(0.1, steps=50)], boundaries=[10, 40]),
        lambda o, s: s.SequentialLR(
            o,
            [s.ConstantLR(o, 1), s.StepLR(o, 20, 0.5), s.LinearLR(o, 1, 0, total_iters=50)],
            [10, 40],
        ),
        [0.1, 0.1, 0.1, 0.05, 0.1, 0.027999999999999997],
    ),
]


@each([(row[0], row[2]) for row in TORCH], "stored")
def test_rates_are_those_stored_from_torch(schedule, stored):
    np.testing.assert_allclose(schedule(np.array(TIMES)), stored, rtol=4 * 77 * EPS)


@pytest.mark.filterwarnings("ignore")
@each([row[:2] for row in TORCH], "theirs")
def test_rates_are_those_of_torch(schedule, theirs):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    scheduler = theirs(optimizer, torch.optim.lr_scheduler)
    expected = []
    for _ in range(77):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    # torch multiplies one rate into the next: up to 4 roundings in each of 77 updates.
    np.testing.assert_allclose(schedule(np.arange(1, 78)), expected, rtol=4 * 77 * EPS)


def test_cosine_stays_at_final_where_torch_climbs_again():
    assert set(cosine(0.1, steps=10, final=0.01)(np.arange(11, 50))) == {0.01}


# Powers and sines of our own.

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
    k = np.array([1e19, 0, 1e300])
    assert _core.powers(1.5, k).tolist() == [math.inf, 1, math.inf]
    assert _core.powers(0.5, k).tolist() == [0, 1, 0]
    assert _core.powers(0, np.array([0.0, 1, 2])).tolist() == [1, 0, 0]
    assert _core.powers(2, np.array([1023.0, 1024, 5000])).tolist() == [2.0**1023] + [math.inf] * 2


def test_a_power_does_not_depend_on_its_neighbors():
    k = np.r_[RNG.integers(0, 10**6, 500), np.arange(500)].astype(float)
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


# Rates at t = 2, 77, 1000 and 54321, as every CPU must have them.
BITS = [
    (
        step(0.1, every=7, factor=0.9),
        ["0x1.999999999999ap-4", "0x1.1da32b368f314p-5", "0x1.112a6c977c5bcp-25", "0x0.0p+0"],
    ),
    (
        multistep(0.1, milestones=[1, 50, 900], factor=0.3),
        [
            "0x1.eb851eb851eb8p-6",
            "0x1.26e978d4fdf3bp-7",
            "0x1.61e4f765fd8adp-9",
            "0x1.61e4f765fd8adp-9",
        ],
    ),
    (
        exponential(0.1, factor=0.999),
        [
            "0x1.9930be0ded289p-4",
            "0x1.7b9c07166bcc0p-4",
            "0x1.2d84820fc2984p-5",
            "0x1.350b36efda13dp-82",
        ],
    ),
    (
        cosine(0.1, steps=1100, final=0.001),
        [
            "0x1.99996368a3e5ep-4",
            "0x1.94d7b3b486c03p-4",
            "0x1.8f2149875a03ap-9",
            "0x1.0624dd2f1a9fcp-10",
        ],
    ),
    (
        cosine_restarts(0.1, period=10, growth=3),
        [
            "0x1.8f938d481bb9ap-4",
            "0x1.0c1630b099510p-4",
            "0x1.03589c8d9a498p-6",
            "0x1.36286b6e2f230p-4",
        ],
    ),
    (
        linear(0.1, steps=1100, final=0.03),
        [
            "0x1.9956df57fd51bp-4",
            "0x1.85ca4e1f343e2p-4",
            "0x1.2a69872179b9cp-5",
            "0x1.eb851eb851eb8p-6",
        ],
    ),
    (
        polynomial(0.1, steps=1100, power=0.9),
        ["0x1.9943cdb34def4p-4", "0x1.800a3f40b8f08p-4", "0x1.7e050acd1ee90p-7", "0x0.0p+0"],
    ),
    (
        polynomial(0.1, steps=60000, power=3),
        [
            "0x1.99945b71f162bp-4",
            "0x1.980ba5477304ap-4",
            "0x1.857aaf7f9f0aap-4",
            "0x1.63d648aa0b308p-14",
        ],
    ),
    (
        inverse_sqrt(0.1, warmup=900),
        [
            "0x1.d208a5a912e32p-13",
            "0x1.185933a7b55cap-7",
            "0x1.8494a75f057acp-4",
            "0x1.a5c802abaaa64p-7",
        ],
    ),
    (
        inverse_scaling(0.1, power=0.6),
        [
            "0x1.0e3c3762ddc56p-4",
            "0x1.e3b5e1eb9010cp-8",
            "0x1.9f7861b7937a2p-10",
            "0x1.2e726d68f076ap-13",
        ],
    ),
    (
        inverse_scaling(0.1, power=0.75),
        [
            "0x1.e719676b5f1bbp-5",
            "0x1.f83ecdc4e87bbp-9",
            "0x1.26d42cce9b24cp-11",
            "0x1.d78370f86988bp-16",
        ],
    ),
    (
        optimal(0.01, t0=250.5),
        [
            "0x1.972834ee2fd74p-2",
            "0x1.39a12089ff374p-2",
            "0x1.47cfa5da18ca6p-4",
            "0x1.e060735d902f8p-10",
        ],
    ),
    (
        warmup(exponential(0.1, factor=0.9999), steps=70),
        [
            "0x1.713786d9c7c09p-9",
            "0x1.995ab37fa68b5p-4",
            "0x1.7542acbb0498ep-4",
            "0x1.cdc7859db16f8p-12",
        ],
    ),
]


@each(BITS, "bits")
def test_rates_have_these_bits_on_every_cpu(schedule, bits):
    assert [rate.hex() for rate in schedule(np.array([2, 77, 1000, 54321])).tolist()] == bits


# Schedules of schedules.


def test_warmup_meets_the_first_rate_when_the_schedule_starts():
    schedule = warmup(exponential(0.8, factor=0.5), steps=3)
    assert schedule(np.arange(1, 7)).tolist() == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.4, 0.2])
    assert schedule(4) == 0.8


@given(steps=count, t=st.integers(1, 2**40))
def test_after_warmup_the_schedule_runs_from_its_own_start(steps, t):
    inner = inverse_scaling(0.1, power=0.7)
    assert warmup(inner, steps)(steps + t) == inner(t)


def test_joined_schedules_each_start_at_their_own_first_update():
    schedule = join([constant(5), linear(1, steps=2), 7], boundaries=[2, 5])
    assert schedule(np.arange(1, 8)).tolist() == [5, 5, 1, 0.5, 0, 7, 7]


def test_schedules_nest():
    schedule = join([warmup(warmup(8, steps=1), steps=1), 3], boundaries=[4])
    assert schedule(np.arange(1, 6)).tolist() == [2, 4, 8, 8, 3]


def test_a_number_stands_for_a_constant_schedule():
    assert warmup(0.1, steps=5) == warmup(constant(0.1), steps=5)
    assert join([0.1, 1], boundaries=[3]) == join((constant(0.1), constant(1)), boundaries=(3,))


def test_a_callable_of_the_user_gets_arrays_of_integers():
    seen = []

    def mine(t):
        seen.append(t.dtype)
        return 1 / t

    t = np.arange(1, 9)
    assert warmup(mine, steps=3)(t).tolist() == warmup(inverse_scaling(1, 1), steps=3)(t).tolist()
    assert join([mine, mine], boundaries=[3])(t).tolist() == (1 / np.r_[1:4, 1:6]).tolist()
    assert set(seen) == {np.dtype(np.int64)}


def test_a_callable_of_the_user_may_ignore_the_count():
    schedule = warmup(lambda t: 0.5, steps=1)
    assert schedule(np.arange(1, 4)).tolist() == [0.25, 0.5, 0.5]
    assert schedule(np.arange(7, 9)).tolist() == [0.5, 0.5]


def test_a_plateau_can_be_warmed_up():
    plateau = ReduceOnPlateau(0.5, factor=0.5, patience=0)
    schedule = warmup(plateau, steps=1)
    plateau.step(1.0)
    plateau.step(1.0)
    assert schedule(np.arange(1, 4)).tolist() == [0.125, 0.25, 0.25]


# What they are.


@each_example
def test_copies_are_equal(schedule):
    schedule(np.arange(1, 50))
    for twin in (pickle.loads(pickle.dumps(schedule)), copy.deepcopy(schedule)):
        assert twin == schedule
        assert twin(np.arange(1, 50)).tolist() == schedule(np.arange(1, 50)).tolist()


@each_example
def test_a_schedule_prints_as_the_call_that_makes_it(schedule):
    assert eval(repr(schedule), vars(schedules)) == schedule


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (cosine(0.1, 1000), "cosine(0.1, steps=1000, final=0)"),
        (
            multistep(1, np.array([3, 4]), np.float64(2)),
            "multistep(1, milestones=(3, 4), factor=2.0)",
        ),
        (warmup(np.float32(0.5), np.int8(3)), "warmup(constant(0.5), steps=3)"),
        (join([0.1, 0.2], [5]), "join((constant(0.1), constant(0.2)), boundaries=(5,))"),
    ],
)
def test_the_first_argument_prints_without_its_name(schedule, text):
    assert repr(schedule) == text


@each([(schedule,) for schedule in EXAMPLES])
def test_a_schedule_cannot_be_changed(schedule):
    name = schedule.__match_args__[0]
    with pytest.raises(AttributeError, match=name):
        setattr(schedule, name, 0.5)


def test_equality_is_that_of_kind_and_arguments():
    assert len(set(EXAMPLES)) == len(EXAMPLES)
    assert cosine(0.1, 10) == cosine(0.1, steps=10, final=0.0) != cosine(0.1, 11)
    assert linear(0.1, 10) != cosine(0.1, 10)
    assert ReduceOnPlateau(0.1) != ReduceOnPlateau(0.2)


def test_every_schedule_is_in_the_table_and_documents_its_arguments():
    kinds = {getattr(schedules, name) for name in schedules.__all__} - {
        satisfies_robbins_monro,
        schedules.RobbinsMonro,
    }
    assert kinds == {*map(type, EXAMPLES), ReduceOnPlateau}
    for kind in kinds:
        for name in (*kind.__match_args__, "torch"):
            assert f"\n    {name}:" in kind.__doc__


def test_the_examples_in_the_documentation_are_true():
    assert doctest.testmod(schedules).failed == 0


# Robbins and Monro.


@each([(row[0], row[2:]) for row in TABLE], "stated")
def test_robbins_monro_is_stated_rightly(schedule, stated):
    answer = satisfies_robbins_monro(schedule)
    assert (answer.sum_diverges, answer.sum_of_squares_converges) == stated
    assert bool(answer) == all(stated)


def doubling(terms):
    """How much more the sum grows from n to 2n than from n/2 to n, for the n terms at hand."""
    n = len(terms) // 2
    before, after = terms[n // 2 : n].sum(), terms[n:].sum()
    return after / before if before else 0.0


@each([(schedule,) for schedule in EXAMPLES])
def test_robbins_monro_agrees_with_partial_sums(schedule):
    # Where terms fall like t**-p, each doubling adds 2**(1 - p) times as much as the one before.
    with np.errstate(over="ignore"):
        rates = schedule(np.arange(1, 2**18 + 1))
    rates = rates[rates < 1e100]
    answer = satisfies_robbins_monro(schedule)
    assert (doubling(rates) > 0.99) == answer.sum_diverges
    assert (doubling(rates**2) < 0.99) == answer.sum_of_squares_converges


def test_robbins_monro_takes_a_number_for_a_constant():
    assert satisfies_robbins_monro(0.1) == (True, False)


@pytest.mark.parametrize(
    "schedule",
    [
        math.sqrt,
        ReduceOnPlateau(0.1),
        warmup(math.sqrt, steps=5),
        join([0.1, ReduceOnPlateau(0.1)], boundaries=[5]),
    ],
    ids=repr,
)
def test_robbins_monro_does_not_judge_the_unknown(schedule):
    with pytest.raises(TypeError, match=r"^schedule must be one whose future is known, got "):
        satisfies_robbins_monro(schedule)


# The plateau.

PLATEAUS = [
    {},
    {"patience": 0, "factor": 0.5},
    {"patience": 2, "cooldown": 3, "min_lr": 0.01},
    {"patience": 1, "mode": "max", "threshold": 0.01},
    {"patience": 1, "mode": "max", "threshold": 0.3, "threshold_mode": "abs"},
    {"patience": 1, "threshold": 0.2, "threshold_mode": "abs", "factor": 0.9},
    {"patience": 0, "eps": 0.01},
    {"patience": 0, "min_lr": 0.5},
]


def noisy_losses(seed):
    rng = np.random.default_rng(seed)
    return (np.exp(-np.arange(300) / 60) + 0.2 * rng.standard_normal(300)).tolist()


@pytest.mark.parametrize("options", PLATEAUS, ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_a_plateau_is_that_of_torch(options, seed):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    ours = ReduceOnPlateau(0.1, **options)
    for loss in noisy_losses(seed):
        theirs.step(loss)
        ours.step(loss)
        assert ours.lr == ours(1) == optimizer.param_groups[0]["lr"]
        assert ours.best == theirs.best


def test_a_plateau_is_that_stored_from_torch():
    losses = [1.0, 0.9, 0.9, 0.95, 0.9, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.7, 0.7, 0.7]
    plateau = ReduceOnPlateau(0.1, factor=0.5, patience=1, cooldown=2)
    rates = []
    for loss in losses:
        plateau.step(loss)
        rates.append(plateau.lr)
    assert rates == [0.1] * 3 + [0.05] * 4 + [0.025] * 4 + [0.0125] * 4


@pytest.mark.parametrize(
    "copied",
    [
        lambda plateau: pickle.loads(pickle.dumps(plateau)),
        copy.deepcopy,
        lambda plateau: loaded(ReduceOnPlateau(9, factor=0.5, patience=2, cooldown=1), plateau),
    ],
    ids=["pickle", "deepcopy", "state_dict"],
)
def test_a_copied_plateau_goes_on_as_the_first_would(copied):
    first = ReduceOnPlateau(1, factor=0.5, patience=2, cooldown=1)
    for i, loss in enumerate(noisy_losses(0)):
        if i % 10 == 0:
            twin = copied(first)
            assert twin == first
        twin.step(loss)
        first.step(loss)
        assert twin == first
    assert first.lr < 1


def loaded(plateau, other):
    plateau.load_state_dict(other.state_dict())
    return plateau


def test_the_state_of_a_plateau_is_plain_numbers():
    plateau = ReduceOnPlateau(1)
    plateau.step(np.float32(0.5))
    assert plateau.state_dict() == {"lr": 1.0, "best": 0.5, "bad_steps": 0, "cooldown_left": 0}
    assert {type(value) for value in plateau.state_dict().values()} <= {int, float}


def test_the_rate_of_a_plateau_is_a_float():
    plateau = ReduceOnPlateau(1)
    assert type(plateau.lr) is float
    plateau.load_state_dict({"lr": 1, "best": 5, "bad_steps": 0, "cooldown_left": 0})
    assert type(plateau.lr) is float


def test_a_refused_state_changes_nothing():
    plateau = ReduceOnPlateau(1)
    before = plateau.state_dict()
    with pytest.raises(ValueError, match=r"^state must be a dict of lr, best, bad_steps, cool"):
        plateau.load_state_dict({"lr": 0.1})
    with pytest.raises(ValueError, match=r"^bad_steps must be a nonnegative integer, got -1$"):
        plateau.load_state_dict({**before, "lr": 0.1, "bad_steps": -1})
    assert plateau.state_dict() == before


def test_a_refused_loss_changes_nothing():
    plateau = ReduceOnPlateau(1)
    before = plateau.state_dict()
    with pytest.raises(ValueError, match=r"^loss must be a number that is not NaN, got nan$"):
        plateau.step(math.nan)
    with pytest.raises(TypeError, match=r"^loss must be a number that is not NaN, got '1'$"):
        plateau.step("1")
    assert plateau.state_dict() == before


def test_an_infinite_loss_is_no_improvement():
    plateau = ReduceOnPlateau(1, patience=0)
    plateau.step(math.inf)
    assert plateau.lr == 0.1


# What they refuse.


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: constant(0), ValueError, "lr must be a positive finite number, got 0"),
        (lambda: constant(-0.1), ValueError, "lr must be a positive finite number, got -0.1"),
        (lambda: constant(math.nan), ValueError, "lr must be a positive finite number, got nan"),
        (lambda: constant(math.inf), ValueError, "lr must be a positive finite number, got inf"),
        (lambda: constant("1"), TypeError, "lr must be a positive finite number, got '1'"),
        (lambda: constant(True), TypeError, "lr must be a positive finite number, got True"),
        (lambda: constant(None), TypeError, "lr must be a positive finite number, got None"),
        (lambda: constant(1j), TypeError, "lr must be a positive finite number, got 1j"),
        (lambda: step(1, 0, 0.5), ValueError, "every must be a positive integer, got 0"),
        (lambda: step(1, 5, 0), ValueError, "factor must be a positive finite number, got 0"),
        (lambda: exponential(1, -1), ValueError, "factor must be a positive finite number, got -1"),
        (lambda: cosine(1, 0), ValueError, "steps must be a positive integer, got 0"),
        (lambda: cosine(1, 5.0), TypeError, "steps must be a positive integer, got 5.0"),
        (lambda: cosine(1, True), TypeError, "steps must be a positive integer, got True"),
        (
            lambda: linear(1, 5, final=-1),
            ValueError,
            "final must be a nonnegative finite number, got -1",
        ),
        (
            lambda: linear(1, 5, final=math.nan),
            ValueError,
            "final must be a nonnegative finite number, got nan",
        ),
        (
            lambda: linear(1, 5, final=math.inf),
            ValueError,
            "final must be a nonnegative finite number, got inf",
        ),
        (
            lambda: cosine_restarts(1, 5, growth=1.5),
            TypeError,
            "growth must be a positive integer, got 1.5",
        ),
        (lambda: cosine_restarts(1, -5), ValueError, "period must be a positive integer, got -5"),
        (
            lambda: polynomial(1, 5, power=0),
            ValueError,
            "power must be a positive finite number, got 0",
        ),
        (
            lambda: inverse_sqrt(1, warmup=-1),
            ValueError,
            "warmup must be a nonnegative integer, got -1",
        ),
        (
            lambda: inverse_scaling(1, "1"),
            TypeError,
            "power must be a positive finite number, got '1'",
        ),
        (lambda: optimal(0, 1), ValueError, "alpha must be a positive finite number, got 0"),
        (lambda: optimal(1, 0), ValueError, "t0 must be a positive finite number, got 0"),
        (
            lambda: multistep(1, [3, 3], 0.5),
            ValueError,
            "milestones must be strictly increasing, got (3, 3)",
        ),
        (
            lambda: multistep(1, [3, 0], 0.5),
            ValueError,
            "milestones[1] must be a positive integer, got 0",
        ),
        (lambda: multistep(1, 3, 0.5), TypeError, "milestones must be a sequence, got 3"),
        (lambda: warmup(1, 0), ValueError, "steps must be a positive integer, got 0"),
        (
            lambda: warmup("cosine", 5),
            TypeError,
            "schedule must be a number or a schedule lr(t), got 'cosine'",
        ),
        (
            lambda: warmup(cosine, 5),
            TypeError,
            f"schedule must be a number or a schedule lr(t), got {cosine!r}",
        ),
        (lambda: warmup(0, 5), ValueError, "schedule must be a positive finite number, got 0"),
        (lambda: join([], []), ValueError, "schedules must hold at least one schedule, got []"),
        (lambda: join(0.1, []), TypeError, "schedules must be a sequence, got 0.1"),
        (
            lambda: join([1, None], [5]),
            TypeError,
            "schedules[1] must be a number or a schedule lr(t), got None",
        ),
        (
            lambda: join([1, 2], [5, 6]),
            ValueError,
            "boundaries must be one fewer than the 2 schedules, got (5, 6)",
        ),
        (
            lambda: join([1, 2, 3], [6, 5]),
            ValueError,
            "boundaries must be strictly increasing, got (6, 5)",
        ),
        (lambda: ReduceOnPlateau(1, factor=1), ValueError, "factor must be below 1, got 1"),
        (
            lambda: ReduceOnPlateau(1, patience=-1),
            ValueError,
            "patience must be a nonnegative integer, got -1",
        ),
        (
            lambda: ReduceOnPlateau(1, mode="low"),
            ValueError,
            "mode must be one of ('min', 'max'), got 'low'",
        ),
        (
            lambda: ReduceOnPlateau(1, threshold_mode=0),
            TypeError,
            "threshold_mode must be one of ('rel', 'abs'), got 0",
        ),
        (
            lambda: ReduceOnPlateau(1, threshold=1),
            ValueError,
            "threshold must be below 1 in mode 'rel', got 1",
        ),
    ],
)
def test_a_bad_argument_is_named_with_its_value(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == message


def test_a_number_too_large_for_float64_is_not_finite():
    with pytest.raises(ValueError, match=r"^lr must be a positive finite number, got 1000"):
        constant(10**400)


@each_example
@pytest.mark.parametrize("t", [0, -3, np.int8(0), np.array([5, 0]), np.array([[0]])], ids=repr)
def test_counts_start_at_1(schedule, t):
    with pytest.raises(ValueError, match=r"^t counts updates from 1, got (0|-3)$"):
        schedule(t)


@each_example
@pytest.mark.parametrize(
    "t", [1.0, True, "1", None, [1, 2], np.array([1.0]), np.array([True]), np.float64(1)], ids=repr
)
def test_counts_are_integers(schedule, t):
    with pytest.raises(TypeError, match=r"^t must be an integer or an array of integers, got "):
        schedule(t)
