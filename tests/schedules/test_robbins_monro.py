"""Whether rates satisfy the conditions of Robbins and Monro."""

import math

import numpy as np
import pytest

from fastopt.schedules import (
    ReduceOnPlateau,
    exponential,
    join,
    product,
    satisfies_robbins_monro,
    warmup,
)
from tests.schedules.examples import EXAMPLES, TABLE, each


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
        product([0.1, ReduceOnPlateau(0.1)]),
        product([exponential(0.1, factor=0.5), exponential(1, factor=2)]),
    ],
    ids=repr,
)
def test_robbins_monro_does_not_judge_the_unknown(schedule):
    with pytest.raises(TypeError, match=r"^schedule must be one whose future is known, got "):
        satisfies_robbins_monro(schedule)
