"""The losses: each against its formula and its own slope, and the same bytes on every ISA."""

import numpy as np
import pytest

from fastopt import _core, _reference

HYPER = {"epsilon": 0.25}


def hyper(name):
    return tuple(HYPER[h] for h in _core.LOSSES[name][1])


def example(name, dtype, n=1000, widest=8.0):
    """Predictions near and far from the targets, with ties at the corners of every loss."""
    rng = np.random.default_rng(n)
    z = rng.uniform(-widest, widest, n)
    corners = [0, 1, -1, 0.25, -0.25, 1.25, 0.75]
    z[: len(corners)] = corners[:n]
    y = rng.choice([-1.0, 1.0], n)
    if _core.LOSSES[name][0] == "regression":
        y = np.round(z) + rng.choice([-1, 0, 0.25, 1], n)
    return z.astype(dtype), y.astype(dtype)


@pytest.mark.parametrize("name", _reference.LOSSES)
def test_loss_is_the_formula(name, isa, dtype):
    z, y = example(name, dtype)
    value, slope = _reference.LOSSES[name]
    exact = z.astype(float), y.astype(float), *hyper(name)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(
        _core.loss_values(name, z, y, hyper(name)), value(*exact), rtol=8 * eps, atol=eps
    )
    np.testing.assert_allclose(
        _core.loss_slopes(name, z, y, hyper(name)), slope(*exact), rtol=8 * eps, atol=eps
    )


@pytest.mark.parametrize("name", _core.LOSSES)
def test_slope_is_the_derivative_of_the_value(name, isa):
    z, y = example(name, np.float64)
    z += 0.01  # away from the corners
    step = 1e-6
    up = _core.loss_values(name, z + step, y, hyper(name))
    down = _core.loss_values(name, z - step, y, hyper(name))
    np.testing.assert_allclose(
        _core.loss_slopes(name, z, y, hyper(name)), (up - down) / (2 * step), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("name", _core.LOSSES)
def test_loss_is_finite_wherever_its_formula_is(name, isa, dtype):
    largest = np.sqrt(np.finfo(dtype).max) / 8  # its square is finite
    z = np.array([0, 1e-30, 30, 90, 700, 1e6, largest], dtype)
    z = np.concatenate([z, -z])
    for y in (-1, 1):
        ys = np.full_like(z, y)
        assert np.isfinite(_core.loss_values(name, z, ys, hyper(name))).all()
        assert np.isfinite(_core.loss_slopes(name, z, ys, hyper(name))).all()


@pytest.mark.parametrize("name", _core.LOSSES)
def test_slope_is_clipped_where_it_has_no_bound(name, isa, dtype):
    z = np.array([-1e15, 1e15], dtype)
    for y in (-1, 1):
        assert np.abs(_core.loss_slopes(name, z, np.full_like(z, y), hyper(name))).max() <= 1.01e12


@pytest.mark.parametrize("name", _core.LOSSES)
def test_loss_of_nan_is_nan(name, isa, dtype):
    z, y = np.full(5, np.nan, dtype), np.ones(5, dtype)
    assert np.isnan(_core.loss_values(name, z, y, hyper(name))).all()


@pytest.mark.parametrize("name", _core.LOSSES)
def test_loss_gives_the_same_bytes_on_every_isa_and_length(name, dtype, on_every_isa):
    for n in [*range(50), 4099]:
        z, y = example(name, dtype, n, widest=200.0)

        def run(z=z, y=y):
            values = _core.loss_values(name, z, y, hyper(name))
            return values.tobytes() + _core.loss_slopes(name, z, y, hyper(name)).tobytes()

        assert len(set(on_every_isa(run))) == 1, f"n = {n}"
