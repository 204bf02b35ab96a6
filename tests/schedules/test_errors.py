"""What is refused, and by which words."""

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
from tests.schedules.examples import each_example


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
        (
            lambda: warmup(1, 5, initial=-1),
            ValueError,
            "initial must be a nonnegative finite number, got -1",
        ),
        (lambda: linear(0, 5), ValueError, "lr must be a positive finite number, got 0"),
        (
            lambda: cosine(-1, 5, final=1),
            ValueError,
            "lr must be a nonnegative finite number, got -1",
        ),
        (
            lambda: cosine(1, 5, power=0),
            ValueError,
            "power must be a positive finite number, got 0",
        ),
        (
            lambda: linear(1, 5, final=None),
            TypeError,
            "final must be a nonnegative finite number, got None",
        ),
        (
            lambda: step(1, 5, 0.5, final=-1),
            ValueError,
            "final must be a nonnegative finite number, got -1",
        ),
        (lambda: piecewise([], []), ValueError, "values must hold at least one rate, got []"),
        (
            lambda: piecewise([1, -1], [5]),
            ValueError,
            "values[1] must be a nonnegative finite number, got -1",
        ),
        (
            lambda: piecewise([1, 2], []),
            ValueError,
            "boundaries must be one fewer than the 2 values, got ()",
        ),
        (
            lambda: piecewise([1, 2], [5], "cos"),
            ValueError,
            "shape must be one of ('linear', 'cosine', '1-sqrt', 'constant'), got 'cos'",
        ),
        (lambda: cyclic(1, 2, up=5), ValueError, "initial must be at most lr, 1, got 2"),
        (lambda: cyclic(1, 0, up=0), ValueError, "up must be a positive integer, got 0"),
        (lambda: cyclic(1, 0, up=5, down=0), ValueError, "down must be a positive integer, got 0"),
        (
            lambda: cyclic(1, 0, up=5, cycle_factor=2),
            ValueError,
            "cycle_factor must be at most 1, got 2",
        ),
        (lambda: cyclic(1, 0, up=5, factor=1.5), ValueError, "factor must be at most 1, got 1.5"),
        (
            lambda: one_cycle(1, 5, pct_start=1),
            ValueError,
            "pct_start must be a number in [0, 1), got 1",
        ),
        (
            lambda: one_cycle(1, 5, pct_start=0.6, three_phase=True),
            ValueError,
            "pct_start must be at most 1/2 in three phases, got 0.6",
        ),
        (
            lambda: one_cycle(1, 5, three_phase=1),
            TypeError,
            "three_phase must be True or False, got 1",
        ),
        (
            lambda: one_cycle(1, 5, div_factor=0),
            ValueError,
            "div_factor must be a positive finite number, got 0",
        ),
        (
            lambda: warmup_cosine(1, 5, 5),
            ValueError,
            "steps must be more than the warmup, 5, got 5",
        ),
        (
            lambda: wsd(1, 5, 9, 5),
            ValueError,
            "steps must be no fewer than warmup + decay, 5 + 5, got 9",
        ),
        (lambda: wsd(1, 5, 9, 0), ValueError, "decay must be a positive integer, got 0"),
        (lambda: product([]), ValueError, "schedules must hold at least one schedule, got []"),
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
