"""Schedules made of schedules."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastopt import schedules
from fastopt.schedules import (
    ReduceOnPlateau,
    constant,
    cosine,
    exponential,
    inverse_scaling,
    join,
    linear,
    piecewise,
    product,
    warmup,
    warmup_cosine,
    wsd,
)


def test_warmup_meets_the_first_rate_when_the_schedule_starts():
    schedule = warmup(exponential(0.8, factor=0.5), steps=3)
    assert schedule(np.arange(1, 7)).tolist() == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.4, 0.2])
    assert schedule(4) == 0.8


@given(steps=st.integers(1, 10**6), t=st.integers(1, 2**40))
def test_after_warmup_the_schedule_runs_from_its_own_start(steps, t):
    inner = inverse_scaling(0.1, power=0.7)
    assert warmup(inner, steps)(steps + t) == inner(t)


def test_joined_schedules_each_start_at_their_own_first_update():
    schedule = join([constant(5), linear(1, steps=2), 7], boundaries=[2, 5])
    assert schedule(np.arange(1, 8)).tolist() == [5, 5, 1, 0.5, 0, 7, 7]


def test_a_warmup_may_start_anywhere():
    schedule = warmup(exponential(0.75, factor=0.5), steps=2, initial=0.25)
    assert schedule(np.arange(1, 5)).tolist() == [0.25, 0.5, 0.75, 0.375]
    assert warmup(1, steps=4, initial=0)(np.arange(1, 7)).tolist() == [0, 0.25, 0.5, 0.75, 1, 1]


def test_a_product_multiplies_rates_of_any_kind():
    schedule = product([0.5, piecewise([0.5, 1], [2]), lambda t: 1 / t])
    assert schedule(np.array([1, 2, 4])).tolist() == [0.25, 0.125, 0.125]
    assert product([3])(5) == 3


def test_a_warmed_up_cosine_is_a_warmup_and_a_cosine():
    t = np.arange(1, 60)
    whole = warmup_cosine(0.3, warmup=7, steps=40, initial=0.01, final=0.1, power=3)
    parts = warmup(cosine(0.3, steps=33, final=0.1, power=3), steps=7, initial=0.01)
    assert whole(t).tolist() == parts(t).tolist()


def test_a_stable_rate_is_a_joined_one():
    t = np.arange(1, 60)
    whole = wsd(0.3, warmup=7, steps=40, decay=10, initial=0.01, final=0.1)
    parts = join([warmup(0.3, steps=7, initial=0.01), linear(0.3, 10, final=0.1)], boundaries=[30])
    assert whole(t).tolist() == parts(t).tolist()


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


def test_a_plateau_can_be_a_factor():
    plateau = ReduceOnPlateau(0.5, factor=0.5, patience=0)
    schedule = warmup(product([linear(8, steps=4), plateau]), steps=1)
    assert schedules.plateaus_of(schedule) == [plateau]
    assert not schedules.is_foreseeable(schedule)
    plateau.step(1.0)
    plateau.step(1.0)
    assert schedule(np.arange(1, 4)).tolist() == [1, 2, 1.5]


def test_a_plateau_can_be_warmed_up():
    plateau = ReduceOnPlateau(0.5, factor=0.5, patience=0)
    schedule = warmup(plateau, steps=1)
    plateau.step(1.0)
    plateau.step(1.0)
    assert schedule(np.arange(1, 4)).tolist() == [0.125, 0.25, 0.25]
