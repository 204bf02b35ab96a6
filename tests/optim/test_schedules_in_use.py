"""Schedules inside of optimizers: lr(t) is asked for t = 1, 2, ..., and what is wrong is named."""

import math

import numpy as np
import pytest

from fastopt import optim, schedules

TABLE = np.linspace(1, 0.5, 700)


def moves(opt, w, steps):
    """How far each step goes along a gradient of 1."""
    found = []
    for _ in range(steps):
        w[:] = 0
        opt.step(np.ones(1))
        found.append(-w[0])
    return found


@pytest.mark.parametrize(
    "lr",
    [
        lambda t: 0.1 / t,
        lambda t: 0.1 if t < 600 else 0.01,  # takes no array
        lambda t: math.exp(-t / 1000),  # nor does this
        lambda t: 0.1,  # no array comes back
        lambda t: TABLE[t - 1],  # ends at t = 700
        lambda t: TABLE.tolist()[t - 1],
        lambda t: 0.1 * (1 - t / 701),  # below 0 after it
        schedules.warmup(schedules.cosine(0.1, 600), 50),
        schedules.inverse_scaling(0.1, 1),
        schedules.one_cycle(0.1, steps=600),
        schedules.cyclic(0.1, initial=0, up=70, factor=0.99),
        schedules.piecewise([0, 0.1, 0.01], boundaries=[100, 511], shape="cosine"),
        schedules.wsd(0.1, warmup=50, steps=600, decay=100),
        schedules.product([0.1, lambda t: 0.999**t, schedules.exponential(1, 0.5, every=50)]),
    ],
    ids=[
        *["array", "if", "math", "same", "table", "list", "linear", "warmup", "closed"],
        *["one cycle", "cyclic", "piecewise", "wsd", "product"],
    ],
)
def test_the_rate_of_update_t_is_lr_of_t(lr):
    w = np.zeros(1)
    assert moves(optim.SGD(w, lr), w, 700) == [lr(t) for t in range(1, 701)]


def test_a_schedule_is_asked_for_whole_numbers_from_1_on():
    asked = []
    w = np.zeros(1)
    moves(optim.SGD(w, lambda t: asked.append(t) or 0.0 * t), w, 600)
    assert all(t.dtype.kind == "i" for t in asked)
    assert np.concatenate(asked).tolist() == [*range(1, 1025)]


@pytest.mark.parametrize(
    ("lr", "done", "message"),
    [
        (lambda t: np.nan * t, 0, r"lr\(t\) must be finite and not negative, got nan at t = 1"),
        (lambda t: 3.0 - t, 3, r"lr\(t\) must be finite and not negative, got -1.0 at t = 4"),
        (lambda t: np.inf, 0, r"lr\(t\) must be finite and not negative, got inf at t = 1"),
        (lambda t: np.ones(7), 0, r"lr\(t\) must have the shape .* of t, got \(7,\)"),
        (lambda t: np.ones((t.size, 1)), 0, r"lr\(t\) must have the shape .* of t, got \(2, 1\)"),
        (lambda t: None, 0, r"lr\(t\) must return a number, got None at t = 1"),
        (lambda t: "0.1", 0, r"lr\(t\) must return a number, got '0.1' at t = 1"),
        (lambda t: {1: 0.1, 2: 0.1}[t], 2, "3"),  # an error of its own is passed on
    ],
)
def test_a_schedule_that_is_wrong_is_named(lr, done, message):
    w = np.zeros(1)
    opt = optim.Adam(w, lr)
    moves(opt, w, done)
    before = w.tobytes(), repr(opt.state_dict())
    for _ in range(2):
        with pytest.raises((ValueError, TypeError, KeyError), match=message):
            opt.step(np.ones(1))
        assert (w.tobytes(), repr(opt.state_dict())) == before
    assert opt.t == done


@pytest.mark.parametrize(
    "make",
    [
        lambda p: p,
        lambda p: schedules.warmup(p, steps=1),
        lambda p: schedules.join([1.0, p], boundaries=[1]),
        lambda p: schedules.product([1.0, p]),
    ],
    ids=["alone", "warmup", "join", "product"],
)
def test_a_plateau_acts_at_the_next_step(make):
    w = np.zeros(1)
    plateau = schedules.ReduceOnPlateau(1.0, factor=0.5, patience=0)
    opt = optim.SGD(w, make(plateau))
    moves(opt, w, 1)
    found = []
    for loss in (3.0, 2.0, 2.0, 2.0):
        found += moves(opt, w, 1)
        plateau.step(loss)
    assert found + moves(opt, w, 2) == [1, 1, 1, 0.5, 0.25, 0.25]


@pytest.mark.parametrize("rate", [np.nan, -1.0, None])
def test_a_plateau_that_is_set_wrong_is_named(rate):
    w = np.zeros(1)
    plateau = schedules.ReduceOnPlateau(1.0)
    opt = optim.SGD(w, plateau)
    moves(opt, w, 1)
    plateau.lr = rate
    with pytest.raises((TypeError, ValueError), match="lr of ReduceOnPlateau must be"):
        opt.step(np.ones(1))
    assert (w[0], opt.t) == (-1, 1)


def test_numbers_of_any_kind_are_rates():
    for lr in (1, 10**25, np.int64(2), np.float32(0.5), 1e300):
        w = np.zeros(1)
        assert moves(optim.SGD(w, lr), w, 1) == [float(lr)]
