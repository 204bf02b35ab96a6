"""One row for each schedule, for the tests to go through."""

import math

import numpy as np
import pytest

from fastopt.schedules import (
    ReduceOnPlateau,
    constant,
    cosine,
    cosine_restarts,
    cyclic,
    exponential,
    inverse_scaling,
    inverse_sqrt,
    join,
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
    (
        step(0.1, every=7, factor=0.5, final=0.02),
        lambda t: max(0.1 * 0.5 ** ((t - 1) // 7), 0.02),
        True,
        False,
    ),
    (
        step(0.1, every=7, factor=2, final=0.5),
        lambda t: min(0.1 * 2 ** ((t - 1) // 7), 0.5),
        True,
        False,
    ),
    (
        exponential(0.1, factor=0.3, every=50),
        lambda t: 0.1 * 0.3 ** ((t - 1) / 50),
        False,
        True,
    ),
    (
        exponential(0.1, factor=0.3, every=50, final=0.03),
        lambda t: max(0.1 * 0.3 ** ((t - 1) / 50), 0.03),
        True,
        False,
    ),
    (
        exponential(0.1, factor=1.5, every=90, final=0.2),
        lambda t: min(0.1 * 1.5 ** ((t - 1) / 90), 0.2),
        True,
        False,
    ),
    (exponential(0.1, factor=0.9, final=0), lambda t: 0.1 * 0.9 ** (t - 1), False, True),
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
        cosine(0.1, steps=100, final=0.01, power=1.7),
        lambda t: 0.01 + 0.09 * ((1 + math.cos(math.pi * min(t - 1, 100) / 100)) / 2) ** 1.7,
        True,
        False,
    ),
    (
        cosine(0, steps=100, final=0.1),
        lambda t: 0.1 * (1 - math.cos(math.pi * min(t - 1, 100) / 100)) / 2,
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
    (linear(0, steps=100, final=0.1), lambda t: 0.1 * min((t - 1) / 100, 1), True, False),
    (
        polynomial(0, steps=100, power=2, final=0.1),
        lambda t: 0.1 * (1 - (1 - min((t - 1) / 100, 1)) ** 2),
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
    (piecewise([0.2], boundaries=[]), lambda t: 0.2, True, False),
    (
        piecewise([0.1, 0.3, 0], boundaries=[20, 90]),
        lambda t: 0.1 if t <= 20 else 0.3 if t <= 90 else 0,
        False,
        True,
    ),
    (
        piecewise([0, 0.3, 0.02], boundaries=[20, 90], shape="linear"),
        lambda t: 0.3 * (t - 1) / 20 if t <= 21 else 0.3 - 0.28 * min((t - 21) / 70, 1),
        True,
        False,
    ),
    (
        piecewise([0.1, 0.3], boundaries=[20], shape="cosine"),
        lambda t: 0.1 + 0.2 * (1 - math.cos(math.pi * min((t - 1) / 20, 1))) / 2,
        True,
        False,
    ),
    (
        piecewise([0.3, 0], boundaries=[150], shape="1-sqrt"),
        lambda t: 0.3 * (1 - math.sqrt(min((t - 1) / 150, 1))),
        False,
        True,
    ),
    (
        cyclic(0.1, initial=0.02, up=8, down=12),
        lambda t: 0.02 + 0.08 * triangle((t - 1) % 20, 8, 12),
        True,
        False,
    ),
    (
        cyclic(0.1, initial=0, up=9, cycle_factor=0.5),
        lambda t: 0.1 * triangle((t - 1) % 18, 9, 9) / 2 ** ((t - 1) // 18),
        False,
        True,
    ),
    (
        cyclic(0.1, initial=0.01, up=9, factor=0.99),
        lambda t: 0.01 + 0.09 * triangle((t - 1) % 18, 9, 9) * 0.99 ** (t - 1),
        True,
        False,
    ),
    (
        cyclic(0.1, initial=0, up=1),
        lambda t: 0.1 * ((t - 1) % 2),
        True,
        False,
    ),
    (
        one_cycle(0.1, steps=200),
        lambda t: (
            0.004 + 0.096 * (1 - math.cos(math.pi * (t - 1) / 59)) / 2
            if t <= 60
            else 4e-7 + (0.1 - 4e-7) * (1 + math.cos(math.pi * min((t - 60) / 140, 1))) / 2
        ),
        True,
        False,
    ),
    (
        one_cycle(
            0.1,
            steps=100,
            pct_start=0.4,
            div_factor=10,
            final_div_factor=5,
            shape="linear",
            three_phase=True,
        ),
        lambda t: (
            0.01 + 0.09 * (1 - abs(t - 40) / 39)
            if t <= 79
            else 0.002 + 0.008 * max(100 - t, 0) / 21
        ),
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
        warmup(constant(0.1), steps=50, initial=0.02),
        lambda t: 0.02 + 0.08 * min((t - 1) / 50, 1),
        True,
        False,
    ),
    (
        warmup(exponential(0.1, factor=0.9), steps=50, initial=0),
        lambda t: 0.1 * (t - 1) / 50 if t <= 50 else 0.1 * 0.9 ** (t - 51),
        False,
        True,
    ),
    (
        warmup_cosine(0.1, warmup=20, steps=120),
        lambda t: (
            0.1 * t / 21 if t <= 20 else 0.1 * (1 + math.cos(math.pi * min((t - 21) / 100, 1))) / 2
        ),
        False,
        True,
    ),
    (
        warmup_cosine(0.1, warmup=20, steps=120, initial=0.2, final=0.01, power=2),
        lambda t: (
            0.2 - 0.1 * (t - 1) / 20
            if t <= 20
            else 0.01 + 0.09 * ((1 + math.cos(math.pi * min((t - 21) / 100, 1))) / 2) ** 2
        ),
        True,
        False,
    ),
    (
        warmup_cosine(0.1, warmup=0, steps=100),
        lambda t: 0.1 * (1 + math.cos(math.pi * min(t - 1, 100) / 100)) / 2,
        False,
        True,
    ),
    (
        wsd(0.1, warmup=10, steps=100, decay=30),
        lambda t: 0.1 * min(t / 11, 1) if t <= 71 else 0.1 * max(101 - t, 0) / 30,
        False,
        True,
    ),
    (
        wsd(0.1, warmup=10, steps=100, decay=90, initial=0, final=0.01, shape="1-sqrt"),
        lambda t: (
            0.01 * (t - 1) if t <= 10 else 0.01 + 0.09 * (1 - math.sqrt(min((t - 11) / 90, 1)))
        ),
        True,
        False,
    ),
    (
        wsd(0.1, warmup=0, steps=100, decay=30),
        lambda t: 0.1 * min(max(101 - t, 0) / 30, 1),
        False,
        True,
    ),
    (
        product([0.1, inverse_scaling(1, power=0.4), inverse_scaling(2, power=0.3)]),
        lambda t: 0.2 / t**0.7,
        True,
        True,
    ),
    (
        product([exponential(0.1, factor=0.9), inverse_sqrt(1)]),
        lambda t: 0.1 * 0.9 ** (t - 1) / math.sqrt(t),
        False,
        True,
    ),
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


def triangle(done, up, down):
    return done / up if done < up else (up + down - done) / down


def each(rows, *names):
    """Parametrize a test by rows that begin with a schedule, which names the test."""
    return pytest.mark.parametrize(("schedule", *names), rows, ids=[repr(row[0]) for row in rows])


each_example = each([(schedule,) for schedule in [*EXAMPLES, ReduceOnPlateau(0.1)]])
