"""Rates are their formulas, exact at the ends, and the same bits everywhere."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastopt.schedules import (
    cosine,
    cosine_restarts,
    cyclic,
    exponential,
    inverse_scaling,
    inverse_sqrt,
    linear,
    multistep,
    one_cycle,
    optimal,
    piecewise,
    polynomial,
    product,
    step,
    warmup,
    warmup_cosine,
    wsd,
)
from tests.schedules.examples import EPS, EXAMPLES, TABLE, each, each_example


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
    assert rates[:2].any()


HIGHEST = {  # where it is, of schedules that do not begin with it
    optimal: lambda s: None,
    inverse_sqrt: lambda s: max(s.warmup, 1),
    cyclic: lambda s: s.up + 1 if s.factor == 1 else None,
    one_cycle: lambda s: round(s.pct_start * s.steps),
    warmup_cosine: lambda s: s.warmup + 1,
    wsd: lambda s: s.warmup + 1,
}


@each([(schedule,) for schedule in EXAMPLES if hasattr(schedule, "lr")])
def test_the_rate_is_exactly_lr_once(schedule):
    t = HIGHEST.get(type(schedule), lambda s: 1)(schedule)
    assert t is None or schedule(t) == schedule.lr


@pytest.mark.parametrize(
    ("schedule", "t", "exact"),
    [
        (optimal(0.1, t0=3), 1, 1 / (0.1 * 3)),
        (exponential(0.1, factor=0.3, every=7), 15, 0.1 * (0.3 * 0.3)),
        (cyclic(0.3, initial=0.1, up=7, down=9), 17, 0.1),
        (cyclic(0.3, initial=0.1, up=7, down=9, factor=0.9), 1, 0.1),
        (one_cycle(0.3, steps=50), 1, 0.3 / 25),
        (one_cycle(0.3, steps=50), 50, 0.3 / 25 / 1e4),
        (one_cycle(0.3, steps=50, pct_start=0.0), 50, 0.3 / 25 / 1e4),
        (one_cycle(0.3, steps=50, three_phase=True), 29, 0.3 / 25),
        (one_cycle(0.3, steps=50, pct_start=0.02), 1, 0.3),  # where torch divides by 0
        (one_cycle(0.3, steps=1), 1, 0.3 / 25 / 1e4),
        (piecewise([0.3, 0.1], boundaries=[10**6]), 10**6, 0.3),
        (piecewise([0.3, 0.1], boundaries=[10**6]), 10**6 + 1, 0.1),
        (warmup(0.3, steps=7, initial=0.1), 1, 0.1),
        (warmup_cosine(0.3, warmup=7, steps=9, initial=0.1, final=0.2), 1, 0.1),
        (warmup_cosine(0.3, warmup=7, steps=9, initial=0.1, final=0.2), 10, 0.2),
        (wsd(0.3, warmup=7, steps=19, decay=5, final=0.2), 15, 0.3),
        (wsd(0.3, warmup=7, steps=19, decay=5, final=0.2), 20, 0.2),
        (wsd(0.3, warmup=7, steps=19, decay=5, final=0.2), 1, 0.3 * (1 / 8)),
    ],
)
def test_these_rates_are_exact(schedule, t, exact):
    assert schedule(t) == exact


@pytest.mark.parametrize("shape", ["linear", "cosine", "1-sqrt", "constant"])
@given(
    values=st.lists(st.just(0) | st.floats(1e-12, 1e6), min_size=1, max_size=5),
    data=st.data(),
)
def test_a_piecewise_rate_has_its_values_at_its_moments(shape, values, data):
    n = len(values) - 1
    boundaries = sorted(data.draw(st.sets(st.integers(1, 10**6), min_size=n, max_size=n)))
    schedule = piecewise(values, boundaries, shape)
    assert schedule(np.array([1, *(b + 1 for b in boundaries)])).tolist() == values
    t = data.draw(st.integers(1, 2 * 10**6))
    i = sum(b < t for b in boundaries)
    near = values[i : i + 2]
    ulp = EPS * max(near)
    assert min(near) - ulp <= schedule(t) <= max(near) + ulp
    assert shape != "constant" or schedule(t) == values[i]


def test_a_fall_by_the_root_keeps_its_digits_to_the_last_update():
    n = 10**12  # updates; 1 - sqrt(1 - 1/n) has lost twelve digits
    fall = wsd(1, warmup=0, steps=n, decay=n, shape="1-sqrt")
    assert fall(n) == pytest.approx(0.5 / n, rel=1 / n, abs=0)


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
    (
        exponential(0.1, factor=0.3, every=700, final=1e-06),
        [
            "0x1.98e5676d48b1dp-4",
            "0x1.6768fb23181abp-4",
            "0x1.25e5ffce98aa5p-6",
            "0x1.0c6f7a0b5ed8dp-20",
        ],
    ),
    (
        step(0.1, every=7, factor=0.9, final=0.0001),
        [
            "0x1.999999999999ap-4",
            "0x1.1da32b368f314p-5",
            "0x1.a36e2eb1c432dp-14",
            "0x1.a36e2eb1c432dp-14",
        ],
    ),
    (
        cosine(0.1, steps=1100, final=0.001, power=1.7),
        [
            "0x1.99993d7995d0ap-4",
            "0x1.918baf5dea2c1p-4",
            "0x1.299c44c0b8c1fp-10",
            "0x1.0624dd2f1a9fcp-10",
        ],
    ),
    (
        piecewise((0.1, 0.3, 0.01), boundaries=(50, 1100), shape="linear"),
        [
            "0x1.a9fbe76c8b43ap-4",
            "0x1.2bd8c1a4adbf9p-2",
            "0x1.3670130961bd0p-5",
            "0x1.47ae147ae147bp-7",
        ],
    ),
    (
        piecewise((0.1, 0.3, 0.01), boundaries=(50, 1100), shape="cosine"),
        [
            "0x1.9a68833496333p-4",
            "0x1.32c03ecbb9833p-2",
            "0x1.0f7d75df3b04cp-6",
            "0x1.47ae147ae147bp-7",
        ],
    ),
    (
        piecewise((0.1, 0.3, 0.01), boundaries=(50, 1100), shape="1-sqrt"),
        [
            "0x1.06b9e76ccad6ap-3",
            "0x1.04787ad56df35p-2",
            "0x1.8e226aabfcab6p-6",
            "0x1.47ae147ae147bp-7",
        ],
    ),
    (
        cyclic(0.1, initial=0.01, up=70, down=110, cycle_factor=0.9, factor=0.9999),
        [
            "0x1.71ce5ac78f578p-7",
            "0x1.82da7a26d9a65p-4",
            "0x1.74055cc06b193p-5",
            "0x1.47ae147ae147dp-7",
        ],
    ),
    (
        one_cycle(
            0.1,
            steps=60000,
            pct_start=0.3,
            div_factor=25,
            final_div_factor=10000.0,
            shape="cosine",
            three_phase=False,
        ),
        [
            "0x1.0624e05306ba6p-8",
            "0x1.066bb76a0c134p-8",
            "0x1.35d83c69702fap-8",
            "0x1.233f4b60005dbp-8",
        ],
    ),
    (
        one_cycle(
            0.1,
            steps=1100,
            pct_start=0.29,
            div_factor=25,
            final_div_factor=10000.0,
            shape="cosine",
            three_phase=True,
        ),
        [
            "0x1.064c29889f090p-8",
            "0x1.14fc15428fce5p-6",
            "0x1.d0e65627341e0p-12",
            "0x1.ad7f29abcaf48p-22",
        ],
    ),
    (
        warmup(inverse_sqrt(0.1, warmup=0), steps=90, initial=0.003),
        [
            "0x1.0b3dc232273acp-8",
            "0x1.5bcbc0d4a0bedp-4",
            "0x1.b27fdbe522201p-9",
            "0x1.c245f0fcde47ap-12",
        ],
    ),
    (
        warmup_cosine(0.1, warmup=90, steps=1100, initial=0.003, final=0, power=0.3),
        ["0x1.0b3dc232273acp-8", "0x1.5bcbc0d4a0bedp-4", "0x1.0d259c4fac00bp-5", "0x0.0p+0"],
    ),
    (
        wsd(0.1, warmup=90, steps=60000, decay=10000, initial=None, final=0, shape="1-sqrt"),
        [
            "0x1.2012012012013p-9",
            "0x1.5a95a95a95a96p-4",
            "0x1.999999999999ap-4",
            "0x1.18c44e1f9e2fbp-5",
        ],
    ),
    (
        product(
            (cosine_restarts(0.1, period=30, growth=1, final=0), inverse_scaling(1, power=0.3))
        ),
        [
            "0x1.4bc98cabe98e3p-4",
            "0x1.8e9698806d162p-7",
            "0x1.478013b518c4ep-7",
            "0x1.f1c271bcd6acbp-11",
        ],
    ),
]


@each(BITS, "bits")
def test_rates_have_these_bits_on_every_cpu(schedule, bits):
    assert [rate.hex() for rate in schedule(np.array([2, 77, 1000, 54321])).tolist()] == bits
