"""Test functions: their gradients are those of their values, and their minima are minima."""

import pickle

import numpy as np
import pytest
from scipy import optimize

from fastopt import datasets

FUNCTIONS = [
    datasets.beale,
    datasets.himmelblau,
    datasets.rosenbrock(),
    datasets.rosenbrock(7),
    datasets.bowl(1),
    datasets.bowl(50),
]
each_function = pytest.mark.parametrize("fun", FUNCTIONS, ids=repr)


def points(fun, n=20):
    return np.random.default_rng(0).uniform(-2, 2, (n, len(fun.start)))


@each_function
def test_the_gradient_is_that_of_the_value(fun):
    for x in points(fun):
        along = np.eye(len(x)) * 1e-5
        slopes = [(fun(x + h) - fun(x - h)) / 2e-5 for h in along]
        np.testing.assert_allclose(fun.gradient(x), slopes, rtol=1e-6, atol=1e-6)


@each_function
def test_the_value_and_the_gradient_at_a_minimum_are_0(fun):
    for x in fun.minima:
        assert fun(x) <= 1e-28
        assert np.abs(fun.gradient(x)).max() <= 1e-13


@each_function
def test_values_elsewhere_are_above_0(fun):
    assert fun(points(fun).T).min() > 0
    assert fun(fun.start) > 0


@each_function
def test_many_points_go_in_one_call(fun):
    many = points(fun, 6)
    grid = many.T.reshape(-1, 2, 3)
    assert np.array_equal(fun(grid), np.reshape([fun(x) for x in many], (2, 3)))
    gradients = np.array([fun.gradient(x) for x in many])
    assert np.array_equal(fun.gradient(grid), gradients.T.reshape(-1, 2, 3))


@each_function
def test_the_window_shows_the_minima_and_the_start(fun):
    for x in [fun.start, *fun.minima]:
        for (low, high), at in zip(fun.window, x[:2], strict=True):
            assert low < at < high


def test_himmelblau_has_all_its_minima():
    found = {
        tuple(optimize.minimize(datasets.himmelblau, x, tol=1e-9).x.round(3) + 0.0)
        for x in np.random.default_rng(0).uniform(-5, 5, (40, 2))
    }
    assert found == {tuple(x.round(3)) for x in datasets.himmelblau.minima}


def test_rosenbrock_is_scipys():
    x = np.random.default_rng(0).normal(size=9)
    fun = datasets.rosenbrock(9)
    np.testing.assert_allclose(fun(x), optimize.rosen(x), rtol=1e-14)
    np.testing.assert_allclose(fun.gradient(x), optimize.rosen_der(x), rtol=1e-12)


@pytest.mark.parametrize("condition", [1, 4.0, 1e6])
def test_the_curvatures_of_a_bowl_have_its_condition_number(condition):
    hessian = np.transpose([datasets.bowl(condition).gradient(e) for e in np.eye(2)])
    assert np.linalg.cond(hessian) == pytest.approx(condition, rel=1e-12)


@each_function
def test_float32_stays_float32(fun):
    assert fun.gradient(fun.start.astype(np.float32)).dtype == np.float32


@each_function
def test_a_function_can_be_pickled(fun):
    again = pickle.loads(pickle.dumps(fun))
    assert again(fun.start) == fun(fun.start)


@each_function
def test_what_is_known_of_a_function_cannot_be_changed(fun):
    for array in (fun.start, fun.minima):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: datasets.rosenbrock(1), ValueError, "n must be at least 2"),
        (lambda: datasets.rosenbrock(2.5), TypeError, "n must be a positive integer"),
        (lambda: datasets.bowl(0.5), ValueError, "condition must be a finite number >= 1"),
        (lambda: datasets.bowl(np.inf), ValueError, "condition must be"),
        (lambda: datasets.bowl("round"), TypeError, "condition must be"),
    ],
)
def test_bad_input_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
