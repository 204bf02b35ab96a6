"""ReduceOnPlateau: against torch, and as an object."""

import copy
import inspect
import math
import pickle

import numpy as np
import pytest

from fastopt.schedules import ReduceOnPlateau
from fastopt.schedules.equivalents import TORCH

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
DEFAULTS = dict(
    mode="min",
    factor=0.1,
    patience=10,
    threshold=1e-4,
    threshold_mode="rel",
    cooldown=0,
    min_lr=0,
    eps=1e-8,
)


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


def test_the_row_of_the_plateau_is_true():
    lr_scheduler = pytest.importorskip("torch.optim.lr_scheduler")
    (theirs,) = (row for row in TORCH if row.startswith("ReduceLROnPlateau"))
    called = {"ReduceLROnPlateau": lambda optimizer, *arguments: arguments, "optimizer": None}
    arguments = eval(theirs, called | {name: name for name in DEFAULTS})
    parameters = inspect.signature(lr_scheduler.ReduceLROnPlateau).parameters
    assert arguments == tuple(parameters)[1 : len(arguments) + 1]
    assert {name: parameters[name].default for name in arguments} == DEFAULTS
    ours = eval(TORCH[theirs], {"ReduceOnPlateau": ReduceOnPlateau, "lr": 0.3} | DEFAULTS)
    assert ours == ReduceOnPlateau(0.3)


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
