"""The losses: each against its formula and its own slope, and the same bytes on every ISA."""

import numpy as np
import pytest

from fastopt import _core, _reference

HYPER = {"epsilon": 0.25, "quantile": 0.3, "power": 1.5}
#: Those with a loss for each prediction; a joint one has tests of its own below.
LOSSES = [name for name, (task, _) in _core.LOSSES.items() if task != "joint"]
JOINT = list(_reference.JOINT_LOSSES)


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
    if _core.LOSSES[name][0] == "log link":
        y = rng.choice([0.5, 1, 3], n)
    return z.astype(dtype), y.astype(dtype)


@pytest.mark.parametrize("name", _reference.LOSSES)
def test_loss_is_the_formula(name, isa, dtype):
    z, y = example(name, dtype)
    value, slope = _reference.LOSSES[name]
    exact = z.astype(float), y.astype(float), *hyper(name)
    eps = np.finfo(dtype).eps
    # The two terms of a loss with a log link cancel where exp(z) is near y.
    terms = 10 if _core.LOSSES[name][0] == "log link" else 1
    near = {"rtol": 8 * eps, "atol": terms * eps}
    np.testing.assert_allclose(_core.loss_values(name, z, y, hyper(name)), value(*exact), **near)
    np.testing.assert_allclose(_core.loss_slopes(name, z, y, hyper(name)), slope(*exact), **near)


@pytest.mark.parametrize("name", LOSSES)
def test_slope_is_the_derivative_of_the_value(name, isa):
    z, y = example(name, np.float64)
    z += 0.01  # away from the corners
    step = 1e-6
    up = _core.loss_values(name, z + step, y, hyper(name))
    down = _core.loss_values(name, z - step, y, hyper(name))
    np.testing.assert_allclose(
        _core.loss_slopes(name, z, y, hyper(name)), (up - down) / (2 * step), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("name", LOSSES)
def test_loss_is_finite_wherever_its_formula_is(name, isa, dtype):
    largest = np.sqrt(np.finfo(dtype).max) / 8  # its square is finite
    z = np.array([0, 1e-30, 30, 90, 700, 1e6, largest], dtype)
    z = np.concatenate([z, -z])
    for y in (-1, 1):
        ys = np.full_like(z, y)
        formula = np.zeros_like(z)  # where there is none, the loss is to be finite everywhere
        if name in _reference.LOSSES:
            with np.errstate(over="ignore"):
                formula = _reference.LOSSES[name][0](z, ys, *hyper(name))
        finite = np.isfinite(formula.astype(dtype))
        assert np.isfinite(_core.loss_values(name, z, ys, hyper(name))[finite]).all()
        assert np.isfinite(_core.loss_slopes(name, z, ys, hyper(name))).all()


@pytest.mark.parametrize("name", LOSSES)
def test_slope_is_clipped_where_it_has_no_bound(name, isa, dtype):
    z = np.array([-1e15, 1e15], dtype)
    for y in (-1, 1):
        assert np.abs(_core.loss_slopes(name, z, np.full_like(z, y), hyper(name))).max() <= 1.01e12


@pytest.mark.parametrize("name", LOSSES)
def test_loss_of_nan_is_nan(name, isa, dtype):
    z, y = np.full(5, np.nan, dtype), np.ones(5, dtype)
    assert np.isnan(_core.loss_values(name, z, y, hyper(name))).all()


@pytest.mark.parametrize("name", LOSSES)
def test_loss_gives_the_same_bytes_on_every_isa_and_length(name, dtype, on_every_isa):
    for n in [*range(50), 4099]:
        z, y = example(name, dtype, n, widest=200.0)

        def run(z=z, y=y):
            values = _core.loss_values(name, z, y, hyper(name))
            return values.tobytes() + _core.loss_slopes(name, z, y, hyper(name)).tobytes()

        assert len(set(on_every_isa(run))) == 1, f"n = {n}"


def joint_example(dtype, n_classes, n=200):
    rng = np.random.default_rng(n_classes)
    z = rng.normal(0, 4, (n, n_classes))
    z[0], z[1, 0], z[2, -1] = 0, 300, -300
    return z.astype(dtype), rng.integers(0, n_classes, n).astype(dtype)


@pytest.mark.parametrize("n_classes", [2, 3, 10, 33])
@pytest.mark.parametrize("name", JOINT)
def test_joint_loss_is_the_formula(name, n_classes, isa, dtype):
    z, y = joint_example(dtype, n_classes)
    value, slope = _reference.JOINT_LOSSES[name]
    exact = z.astype(float), y.astype(int)
    eps = np.finfo(dtype).eps
    near = {"rtol": n_classes * 8 * eps, "atol": 8 * eps}
    np.testing.assert_allclose(_core.loss_values(name, z, y), value(*exact), **near)
    np.testing.assert_allclose(_core.loss_slopes(name, z, y), slope(*exact), **near)


@pytest.mark.parametrize("name", JOINT)
def test_slopes_of_a_joint_loss_are_its_derivatives(name, isa):
    z, y = joint_example(np.float64, 4)
    slopes, step = _core.loss_slopes(name, z, y), 1e-5
    for k in range(4):
        along = step * np.eye(4)[k]
        rise = _core.loss_values(name, z + along, y) - _core.loss_values(name, z - along, y)
        np.testing.assert_allclose(slopes[:, k], rise / (2 * step), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", JOINT)
def test_joint_loss_of_nan_is_nan(name, isa, dtype):
    for k in range(3):
        z = np.zeros((1, 3), dtype)
        z[0, k] = np.nan
        for y in np.arange(3, dtype=dtype):
            assert np.isnan(_core.loss_values(name, z, np.array([y]))).all()
            assert np.isnan(_core.loss_slopes(name, z, np.array([y]))).all()


@pytest.mark.parametrize("name", JOINT)
def test_joint_loss_gives_the_same_bytes_on_every_isa(name, dtype, on_every_isa):
    for n_classes in range(2, 40):
        z, y = joint_example(dtype, n_classes)

        def run(z=z, y=y):
            values = _core.loss_values(name, z, y)
            return values.tobytes() + _core.loss_slopes(name, z, y).tobytes()

        assert len(set(on_every_isa(run))) == 1


@pytest.mark.parametrize("y", [[-1.0], [3.0], [0.5], [np.nan]])
def test_classes_that_there_are_not_are_refused(y):
    with pytest.raises(ValueError, match=r"y must hold classes 0 .. 2"):
        _core.loss_values("multinomial", np.zeros((1, 3)), np.array(y))
