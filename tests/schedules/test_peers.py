"""Rates are those of torch and optax at every update, by the code of the table of equivalents."""

import json

import numpy as np
import pytest

from fastopt.schedules import cosine, one_cycle
from fastopt.schedules.equivalents import OPTAX, TORCH
from tests.schedules.examples import EPS
from tests.schedules.peers import (
    ARGUMENTS,
    CASES,
    STEPS,
    STORED,
    TIMES,
    rates_of_ours,
    rates_of_theirs,
)

each_case = pytest.mark.parametrize(
    ("theirs", "ours", "i"), CASES, ids=[f"{theirs} {i}" for theirs, _, i in CASES]
)
# torch multiplies one rate into the next: up to 4 roundings in each of 77 updates.  A cosine or a
# sum that comes near 0 is exact in parts of the highest rate only.
ROUNDING = 4 * STEPS * EPS


def assert_same(rates, expected, highest):
    np.testing.assert_allclose(rates, expected, rtol=ROUNDING, atol=EPS * highest)


@each_case
def test_rates_are_those_stored(theirs, ours, i):
    stored = json.loads(STORED.read_text())[theirs][i]
    assert_same(rates_of_ours(ours, ARGUMENTS[i], np.array(TIMES)), stored, max(stored))


@pytest.mark.filterwarnings("ignore")
@each_case
def test_rates_are_those_of_the_peer(theirs, ours, i):
    pytest.importorskip("torch" if theirs in TORCH else "optax")
    expected = rates_of_theirs(theirs, i)
    rates = rates_of_ours(ours, ARGUMENTS[i], np.arange(1, STEPS + 1))
    assert_same(rates, expected, max(expected))


def names(table):
    return {code.split("(")[0] for code in table}


def test_every_scheduler_of_torch_has_a_row():
    scheduler = pytest.importorskip("torch.optim.lr_scheduler")
    no_schedule = {"LRScheduler"}  # the base class
    assert names(TORCH) == set(scheduler.__all__) - no_schedule


def test_every_schedule_of_optax_has_a_row():
    optax = pytest.importorskip("optax")
    no_schedule = {
        # types
        "Schedule",
        "StatefulSchedule",
        "InjectHyperparamsState",
        "InjectStatefulHyperparamsState",
        "WrappedSchedule",
        # what makes an optimizer ask for lr(t), as ours always do
        "inject_hyperparams",
        "inject_stateful_hyperparams",
    }
    public = {name for name in vars(optax.schedules) if not name.startswith("_")}
    assert names(OPTAX) == public - no_schedule


def test_ours_stay_where_those_of_torch_may_not_be_asked():
    assert set(cosine(0.1, steps=10, final=0.01)(np.arange(11, 50))) == {0.01}
    assert set(one_cycle(0.1, steps=10)(np.arange(10, 50))) == {0.1 / 25 / 1e4}
