"""One row for each schedule, for the tests to go through."""

import math

import numpy as np
import pytest

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
