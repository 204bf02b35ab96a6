"""ApplyIfFinite: optax's steps and counters, for each place where a number may not be finite."""

from functools import cache

import numpy as np
import pytest

from fastopt import optim

from .test_rules import SIZE, pattern, start

#: Steps whose gradient has a NaN or an infinity: alone, in a row, and in a row too long.
BAD = {2: np.nan, 5: np.inf, 6: -np.inf, 9: np.nan, 10: np.nan, 11: np.nan, 12: np.inf}


def gradient(t, dtype=np.float64):
    g = pattern(t, dtype)
    if t in BAD:
        g[t] = BAD[t]
    return g


def run(most, dtype=np.float64, steps=16):
    """The weights and the counters after each step."""
    w, _ = start(dtype)
    opt = optim.ApplyIfFinite(optim.SGD(w, lr=0.1, momentum=0.9), most)
    for t in range(1, steps + 1):
        opt.step(gradient(t, dtype))
        yield w.copy(), (opt.notfinite_count, opt.total_notfinite, opt.last_finite)


@cache
def by_optax(most, steps=16):
    pytest.importorskip("jax").config.update("jax_enable_x64", True)
    optax = pytest.importorskip("optax")
    rule = optax.apply_if_finite(optax.sgd(0.1, 0.9), most)
    w = optax.tree.cast(start()[0], float)
    state = rule.init(w)
    points = []
    for t in range(1, steps + 1):
        step, state = rule.update(optax.tree.cast(gradient(t), float), state, w)
        w = optax.apply_updates(w, step)
        points.append((w, (state.notfinite_count, state.total_notfinite, state.last_finite)))
    return points


@pytest.mark.parametrize("most", [0, 1, 3, 4, 9])
def test_weights_and_counters_are_optax_s(most, dtype):
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    for (w, counters), (expected, theirs) in zip(run(most, dtype), by_optax(most), strict=True):
        # Of a weight that is infinite each makes NaN in its own time.
        w, expected = (np.where(np.isfinite(a), a, np.nan) for a in (w, expected))
        np.testing.assert_allclose(w, expected, rtol=tolerance, atol=tolerance)
        assert counters == tuple(map(int, theirs))


#: w[0], and the two counters, after 16 steps in float64, by optax 0.2.8.
STORED = {9: (1.1183922005000002, 0, 7), 3: (1.4440529804500002, 0, 7)}


@pytest.mark.parametrize("most", STORED)
def test_steps_are_the_stored_figures_of_optax(most):
    *_, (w, counters) = run(most)
    np.testing.assert_allclose(w[0], STORED[most][0], rtol=1e-12)
    assert counters == (*STORED[most][1:], True)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_number_anywhere_is_enough(bad, dtype, isa):
    w = [np.ones(3, dtype), np.ones(SIZE, dtype)]
    opt = optim.ApplyIfFinite(optim.Adam(w), SIZE)
    for where in range(SIZE):
        g = np.ones(SIZE, dtype)
        g[where] = bad
        opt.step([np.ones(3, dtype), g])
        assert [a.tolist() for a in w] == [[1] * 3, [1] * SIZE]
        assert (opt.t, opt.notfinite_count) == (0, where + 1)


@pytest.mark.parametrize("kind", [optim.SGD, optim.MoMo])
@pytest.mark.parametrize("loss", [np.nan, np.inf, np.float32(-np.inf)])
def test_a_loss_that_is_not_finite_is_left_out_too(kind, loss):
    w = np.ones(2)
    opt = optim.ApplyIfFinite(kind(w), 1)
    opt.step(np.ones(2), loss=loss)
    assert w.tolist() == [1, 1]
    assert (opt.t, opt.notfinite_count, opt.last_finite) == (0, 1, False)


def test_a_rule_that_needs_the_loss_says_so_when_it_gets_no_finite_one_in_the_end():
    opt = optim.ApplyIfFinite(optim.MoMo(np.ones(2)), 1)
    opt.step(np.ones(2), loss=np.nan)
    with pytest.raises(ValueError, match="loss must be finite, got nan"):
        opt.step(np.ones(2), loss=np.nan)
    assert (opt.notfinite_count, opt.total_notfinite) == (1, 1)


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_a_gradient_whose_squares_are_beyond_float64_is_finite(size):
    w = np.zeros(2)
    opt = optim.ApplyIfFinite(optim.SGD(w, lr=1.0), 9)
    opt.step(np.full(2, size))
    assert w.tolist() == [-size] * 2
    assert opt.last_finite


def test_what_does_not_fit_is_an_error_and_no_step_to_leave_out():
    opt = optim.ApplyIfFinite(optim.MoMo(np.ones(2)), 9)
    with pytest.raises(ValueError, match=r"grads\[0\] must have the shape"):
        opt.step(np.full(3, np.nan), loss=1.0)
    for loss in (None, "1", True):
        with pytest.raises(TypeError, match=f"loss must be a number, got {loss!r}"):
            opt.step(np.full(2, np.nan), loss=loss)
    assert opt.total_notfinite == 0


@pytest.mark.parametrize("value", [-1, 1.5, None, True, "2", np.nan])
def test_a_number_of_errors_that_is_wrong_is_named(value):
    with pytest.raises((TypeError, ValueError), match=r"^max_consecutive_errors must be a nonneg"):
        optim.ApplyIfFinite(optim.SGD(np.ones(2)), value)
