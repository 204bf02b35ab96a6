"""Lookahead: optax's steps, the slow weights to evaluate at, and what it does not go with."""

from functools import cache

import numpy as np
import pytest

from fastopt import optim

from .test_rules import pattern, start

OPTIONS = {
    "default": {},
    "often": dict(sync_period=2, slow_step_size=0.8),
    "always": dict(sync_period=1, slow_step_size=0.25),
    "all the way": dict(sync_period=3, slow_step_size=1.0),
}


def run(options, dtype=np.float64, steps=20):
    """The fast and the slow weights after each step."""
    w, gradient = start(dtype)
    opt = optim.Lookahead(optim.Adam(w, lr=0.1), **options)
    for t in range(1, steps + 1):
        opt.step(gradient(t))
        yield w.copy(), opt.evaluated()


@cache
def by_optax(name, steps=20):
    pytest.importorskip("jax").config.update("jax_enable_x64", True)
    optax = pytest.importorskip("optax")
    rule = optax.lookahead(
        optax.adam(0.1), **{"sync_period": 6, "slow_step_size": 0.5, **OPTIONS[name]}
    )
    w = optax.LookaheadParams.init_synced(optax.tree.cast(start()[0], float))
    state = rule.init(w)
    points = []
    for t in range(1, steps + 1):
        step, state = rule.update(pattern(t) + w.fast / 4, state, w)
        w = optax.apply_updates(w, step)
        points.append((w.fast, w.slow))
    return points


@pytest.mark.parametrize("name", OPTIONS)
def test_fast_and_slow_weights_are_optax_s(name, dtype):
    options = OPTIONS[name]
    tolerance = 1e-10 if dtype == np.float64 else 1e-4
    for ours, theirs in zip(run(options, dtype), by_optax(name), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


#: Fast and slow w[0] after 20 steps in float64, by optax 0.2.8.
STORED = {
    "default": [0.4333411870972318, 0.24996972353165264],
    "often": [0.8903159226678542, 0.8903159226678543],
    "always": [-0.13131228698309672, -0.13131228698309672],
    "all the way": [1.2298279026527084, 1.070735336932738],
}


@pytest.mark.parametrize("name", OPTIONS)
def test_steps_are_the_stored_figures_of_optax(name):
    *_, (fast, slow) = run(OPTIONS[name])
    np.testing.assert_allclose([fast[0], slow[0]], STORED[name], rtol=1e-12)


def test_a_step_that_made_no_update_does_not_count():
    w = np.zeros(1)
    opt = optim.Lookahead(optim.ApplyIfFinite(optim.SGD(w, lr=1.0), 9), 2)
    seen = []
    for g in (-1.0, np.nan, np.nan, -1.0, np.nan):
        opt.step(np.array([g]))
        seen.append(w[0])
    assert seen == [1, 1, 1, 1, 1]
    assert opt.steps_since_sync == 0
    opt = optim.Lookahead(optim.MultiSteps(optim.SGD(w, lr=1.0), 2), 2)
    for t in range(4):
        opt.step(np.array([-1.0]))
        assert opt.steps_since_sync == [0, 1, 1, 0][t]
    assert w[0] == 2  # from 1, half of the way to 3


def test_what_is_evaluated_is_new_and_of_the_form_of_params():
    w = np.zeros(2)
    one, several = optim.Lookahead(optim.SGD(w)), optim.Lookahead(optim.SGD([w, np.ones(())]))
    one.evaluated()[:] = 7
    assert one.evaluated().tolist() == [0, 0]
    assert [a.tolist() for a in several.evaluated()] == [[0, 0], 1]


def test_slow_weights_are_evaluated_at_from_within_other_wrappers():
    w = np.zeros(2)
    opt = optim.ApplyIfFinite(optim.Lookahead(optim.SGD(w, lr=1.0), 3), 1)
    opt.step(np.ones(2))
    assert w.tolist() == [-1, -1]
    assert opt.evaluated().tolist() == [0, 0]


@pytest.mark.parametrize("kind", [optim.FTRL, optim.COCOB, optim.ScheduleFreeSGD])
def test_rules_whose_weights_may_not_be_moved_are_refused(kind):
    message = f"optimizer must be one whose weights may be moved, .* {kind.__name__}"
    for opt in (kind(np.ones(2)), optim.MultiSteps(kind(np.ones(2)), 2)):
        with pytest.raises(ValueError, match=message):
            optim.Lookahead(opt)


@pytest.mark.parametrize("value", [0, -1, 1.5, None, True, "2", np.nan])
def test_options_that_are_wrong_are_named(value):
    opt = optim.SGD(np.ones(2))
    with pytest.raises((TypeError, ValueError), match=r"^sync_period must be a positive integer"):
        optim.Lookahead(opt, value)
    with pytest.raises((TypeError, ValueError), match=r"^slow_step_size must be a number in \(0"):
        optim.Lookahead(opt, 6, value)
