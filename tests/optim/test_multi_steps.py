"""MultiSteps: optax's steps, with the mean of the gradients and of the losses."""

from functools import cache

import numpy as np
import pytest

from fastopt import optim

from .test_rules import SIZE, loss, pattern, start

EVERY = [1, 2, 3, 7]


def run(every, dtype=np.float64, calls=21):
    w, gradient = start(dtype)
    opt = optim.MultiSteps(optim.Adam(w, lr=0.1), every)
    for t in range(1, calls + 1):
        opt.step(gradient(t))
        yield w.copy()


@cache
def by_optax(every, calls=21):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    optax = pytest.importorskip("optax")
    rule = optax.MultiSteps(optax.adam(0.1), every, accumulator_dtype=float)
    w = optax.tree.cast(start()[0], float)
    state, update = rule.init(w), jax.jit(rule.update)
    points = []
    for t in range(1, calls + 1):
        step, state = update(pattern(t) + w / 4, state, w)
        w = optax.apply_updates(w, step)
        points.append(w)
    return points


@pytest.mark.parametrize("every", EVERY)
def test_each_call_does_as_optax_s(every, dtype):
    tolerance = 1e-10 if dtype == np.float64 else 1e-4
    for ours, theirs in zip(run(every, dtype), by_optax(every), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


#: w[0] and w[39] after 21 calls in float64, by optax 0.2.8.
STORED = {
    1: [1.3057477149997656, -0.10287717329722039],
    2: [0.3581068888435208, -0.05908610072122904],
    3: [0.06926136343920243, 0.00980855818706517],
    7: [-0.3254469553037102, 0.2361691302615488],
}


@pytest.mark.parametrize("every", EVERY)
def test_steps_are_the_stored_figures_of_optax(every):
    *_, w = run(every)
    np.testing.assert_allclose(w[[0, -1]], STORED[every], rtol=1e-12)


@pytest.mark.parametrize("every", EVERY)
def test_a_step_is_that_of_the_mean_of_gradients_and_losses(every):
    w, alone = start()[0], start()[0]
    opt, rule = optim.MultiSteps(optim.MoMo(w), every), optim.MoMo(alone)
    assert opt.needs_loss
    for t in range(1, 5 * every + 1):
        opt.step(pattern(t), loss=loss(t))
        assert (opt.t, opt.mini_step) == divmod(t, every)
        if t % every == 0:
            last = range(t - every + 1, t + 1)
            rule.step(np.mean([*map(pattern, last)], axis=0), loss=np.mean([*map(loss, last)]))
        np.testing.assert_allclose(w, alone, rtol=1e-12)


def test_the_mean_of_equal_gradients_is_that_gradient():
    w, alone = np.zeros(SIZE), np.zeros(SIZE)
    opt = optim.MultiSteps(optim.SGD(w, lr=0.1), 7)
    for _ in range(7):
        opt.step(pattern(3) / 7)
    optim.SGD(alone, lr=0.1).step(pattern(3) / 7)
    assert w.tobytes() == alone.tobytes()


def test_no_gradient_lasts_beyond_its_step():
    w = np.zeros(2)
    opt = optim.MultiSteps(optim.ApplyIfFinite(optim.SGD(w, lr=1.0), 9), 2)
    for g in (4.0, 6.0, np.nan, np.inf, 1.0, 3.0):
        opt.step(np.full(2, g))
    assert w.tolist() == [-7, -7]


def test_a_loss_that_is_left_out_once_is_left_out_of_the_step():
    losses = []

    class Told(optim.SGD):
        def step(self, grads, loss=None):
            losses.append(loss)

    opt = optim.MultiSteps(Told(np.ones(2)), 2)
    for told in (1.0, 2.0, 1.0, None, None, 1.0, None, None, 3, np.float32(5)):
        opt.step(np.ones(2), loss=told)
    assert losses == [1.5, None, None, None, 4.0]


def test_a_loss_that_is_needed_is_asked_for_at_once():
    opt = optim.MultiSteps(optim.MoMo(np.ones(2)), 2)
    with pytest.raises(TypeError, match="loss must be a number, got None"):
        opt.step(np.ones(2))
    assert opt.mini_step == 0


def test_an_update_that_cannot_be_made_leaves_the_parameters_and_begins_anew():
    w = np.ones(2)
    opt = optim.MultiSteps(optim.MoMo(w), 2)
    opt.step(np.ones(2), loss=np.nan)
    with pytest.raises(ValueError, match="loss must be finite, got nan"):
        opt.step(np.ones(2), loss=1.0)
    assert w.tolist() == [1, 1]
    assert (opt.t, opt.mini_step) == (0, 0)
    opt.step(np.ones(2), loss=1.0)
    opt.step(np.ones(2), loss=1.0)
    assert opt.t == 1


@pytest.mark.parametrize("every", [0, -1, 1.5, None, True, "2"])
def test_an_every_that_is_wrong_is_named(every):
    with pytest.raises((TypeError, ValueError), match=r"^every must be a positive integer"):
        optim.MultiSteps(optim.SGD(np.ones(2)), every)
