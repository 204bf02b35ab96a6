"""Schedules as objects: copied, compared, printed, documented."""

import copy
import doctest
import pickle

import numpy as np
import pytest

from fastopt import schedules
from fastopt.schedules import (
    ReduceOnPlateau,
    cosine,
    join,
    linear,
    multistep,
    satisfies_robbins_monro,
    warmup,
)
from tests.schedules.examples import EXAMPLES, each, each_example


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
        (cosine(0.1, 1000), "cosine(0.1, steps=1000)"),
        (
            multistep(1, np.array([3, 4]), np.float64(2)),
            "multistep(1, milestones=(3, 4), factor=2.0)",
        ),
        (warmup(np.float32(0.5), np.int8(3)), "warmup(constant(0.5), steps=3)"),
        (join([0.1, 0.2], [5]), "join((constant(0.1), constant(0.2)), boundaries=(5,))"),
    ],
)
def test_the_first_argument_prints_without_its_name_and_defaults_not_at_all(schedule, text):
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
        for name in (*kind.__match_args__, "torch", "optax"):
            assert f"\n    {name}:" in kind.__doc__


def test_the_examples_in_the_documentation_are_true():
    assert doctest.testmod(schedules).failed == 0
