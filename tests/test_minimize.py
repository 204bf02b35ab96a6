"""minimize: the optimizers on any function, in the terms of scipy.optimize.minimize."""

import math

import numpy as np
import pytest
from scipy import optimize

from fastopt import datasets, minimize, optim, schedules

BEALE = datasets.beale
BOWL = datasets.bowl(10)


def quadratic(x):
    """Least at (1, -2), in every number type."""
    return (x[0] - 1) ** 2 + 10 * (x[1] + 2) ** 2


def slope(x):
    return np.array([2 * (x[0] - 1), 20 * (x[1] + 2)])


def both(x):
    return quadratic(x), slope(x)


SOLUTION = np.array([1.0, -2.0])


# --- Where it ends --------------------------------------------------------------------------------

# A fifth of the distance in the first step where a step is as long as lr, and what is stable where
# it is as long as the gradient; then down to 0, for the rules whose steps would stay as long.
FIRST_RATES = {
    "sgd": 0.03,
    "momentum": 0.01,
    "nesterov": 0.01,
    "adagrad": 0.5,
    "radam": 0.03,
    "asgd": 0.01,
    "schedule_free_sgd": 0.03,
    "dog": 1.0,
}


@pytest.mark.parametrize("method", optim.OPTIMIZERS)
def test_every_method_reaches_the_minimum_of_beale(method):
    lr = schedules.cosine(FIRST_RATES.get(method, 0.1), steps=5000)
    if method == "ftrl":  # whose rate stays
        lr = 0.3
    result = minimize(BEALE, BEALE.start, jac=BEALE.gradient, method=method, lr=lr, maxiter=5000)
    assert result.fun < 1e-5 * BEALE(BEALE.start)
    np.testing.assert_allclose(result.x, BEALE.minima[0], atol=0.02)


@pytest.mark.parametrize("method", optim.OPTIMIZERS)
def test_the_points_are_those_of_the_optimizer_alone(method):
    unbound = optim.OPTIMIZERS[method]
    lr = FIRST_RATES.get(method, unbound.options["lr"])
    how = dict(method=method, lr=lr, tol=0, maxiter=30, trajectory=True)
    result = minimize(BEALE, BEALE.start, jac=BEALE.gradient, **how)
    w = BEALE.start.copy()
    opt = type(unbound)(w, **{**unbound.options, "lr": lr})
    for x, loss in zip(result.trajectory, result.losses, strict=True):
        assert np.array_equal(x, opt.evaluated())
        assert loss == BEALE(x)
        opt.step(BEALE.gradient(w), loss=BEALE(w))


def test_an_unbound_optimizer_is_a_method_and_lr_goes_before_its_own():
    method = optim.SGD(lr=0.5)
    assert minimize(BOWL, [1.0, 0], jac=BOWL.gradient, method=method, maxiter=1).x[0] == 0.5
    assert minimize(BOWL, [1.0, 0], jac=BOWL.gradient, method=method, lr=0.1, maxiter=1).x[0] == 0.9
    assert method.options["lr"] == 0.5


def test_lr_may_be_a_schedule():
    lr = schedules.multistep(0.5, milestones=[1], factor=0.5)
    result = minimize(BOWL, [1.0, 0], jac=BOWL.gradient, method="sgd", lr=lr, maxiter=2)
    assert result.x[0] == 1 * 0.5 * 0.75


def test_a_plateau_is_fed_the_values_and_the_users_stays_as_it_is():
    lr = schedules.ReduceOnPlateau(2.0, patience=0, factor=0.25)
    result = minimize(  # each step of 2 leaps as far beyond the minimum of x**2 / 2
        BOWL, [1.0, 0], jac=BOWL.gradient, method="sgd", lr=lr, maxiter=2, trajectory=True
    )
    assert result.trajectory[:, 0].tolist() == [1, -1, -0.5]
    assert lr == schedules.ReduceOnPlateau(2.0, patience=0, factor=0.25)


def test_nesterov_in_the_form_of_the_lecture_takes_its_gradient_ahead():
    method = optim.SGD(lr=0.05, momentum=0.9, nesterov=True, velocity="lecture")
    result = minimize(BOWL, BOWL.start, jac=BOWL.gradient, method=method, tol=0, maxiter=20)
    w, v = BOWL.start.copy(), np.zeros(2)
    for _ in range(20):
        v = 0.9 * v + 0.05 * BOWL.gradient(w - 0.9 * v)
        w = w - v
    np.testing.assert_allclose(result.x, w, rtol=1e-13)
    assert np.array_equal(result.jac, BOWL.gradient(result.x))
    assert result.njev == 41


@pytest.mark.parametrize("tol", [1e-2, 1e-6])
def test_it_ends_where_the_largest_entry_of_the_gradient_is_within_tol(tol):
    result = minimize(BOWL, [5, 1], jac=BOWL.gradient, lr=0.1, tol=tol, trajectory=True)
    sizes = [np.abs(BOWL.gradient(x)).max() for x in result.trajectory]
    assert (result.success, result.status) == (True, 0)
    assert sizes[-1] <= tol < min(sizes[:-1])


def test_a_gradient_of_many_entries_of_just_tol_is_within_it():
    n = 1000
    kwargs = dict(jac=True, method="sgd", maxiter=1)
    assert minimize(lambda x: (0.0, np.full(n, 0.5)), np.zeros(n), tol=0.5, **kwargs).nit == 0
    assert minimize(lambda x: (0.0, np.full(n, 0.5)), np.zeros(n), tol=0.49, **kwargs).nit == 1


@pytest.mark.parametrize("maxiter", [0, 1, 7])
def test_maxiter_ends_it(maxiter):
    result = minimize(quadratic, [0, 0], jac=slope, maxiter=maxiter)
    assert (result.nit, result.nfev, result.njev) == (maxiter, maxiter + 1, maxiter + 1)
    assert (result.success, result.status) == (False, 1)
    assert "maxiter" in result.message


def test_tol_of_0_goes_on_to_maxiter_unless_the_gradient_is_0():
    assert minimize(quadratic, [0, 0], jac=slope, tol=0, maxiter=50).nit == 50
    assert minimize(quadratic, SOLUTION, jac=slope, tol=0).nit == 0


def test_the_result_is_of_the_last_point():
    result = minimize(quadratic, [0, 0], jac=slope, maxiter=5, trajectory=True)
    assert isinstance(result, optimize.OptimizeResult)
    assert result.fun == quadratic(result.x)
    assert np.array_equal(result.jac, slope(result.x))
    assert result.trajectory.shape == (6, 2)
    assert result.losses.shape == (6,)
    assert np.array_equal(result.trajectory[-1], result.x)
    assert np.array_equal(result.trajectory[0], [0, 0])


def test_no_trajectory_is_kept_unasked():
    assert "trajectory" not in minimize(quadratic, [0, 0], jac=slope, maxiter=1)


# --- x0, fun and its gradient ---------------------------------------------------------------------


def test_x0_stays_as_it_is():
    x0 = np.zeros(2)
    result = minimize(quadratic, x0, jac=slope, maxiter=3)
    assert np.array_equal(x0, [0, 0])
    assert not np.shares_memory(x0, result.x)


@pytest.mark.parametrize("x0", [[0, 0], (0.0, 0.0), np.zeros(4)[::2], np.zeros(2, ">f8")])
def test_x0_may_be_any_sequence_of_numbers(x0):
    result = minimize(quadratic, x0, jac=slope, lr=0.1)
    assert result.x.dtype == np.float64
    np.testing.assert_allclose(result.x, SOLUTION, atol=1e-5)


@pytest.mark.parametrize("x0", [3, 3.0, np.float64(3), np.array(3.0), [3]])
def test_a_number_is_an_x0_of_one_entry(x0):
    result = minimize(lambda x: x[0] ** 2, x0, jac=lambda x: 2 * x[0], lr=0.1)
    assert result.x.shape == (1,)
    assert result.success


@pytest.mark.parametrize("jac", [slope, "2-point", "3-point", "cs"])
def test_float32_stays_float32(jac):
    seen = set()

    def fun(x):
        seen.add(x.dtype)
        return quadratic(x)

    result = minimize(fun, np.zeros(2, np.float32), jac=jac, lr=0.1, tol=1e-3, trajectory=True)
    assert {result.x.dtype, result.jac.dtype, result.trajectory.dtype} == {np.dtype(np.float32)}
    assert seen - {np.dtype(np.complex128)} == {np.dtype(np.float32)}
    np.testing.assert_allclose(result.x, SOLUTION, atol=0.01)


def test_fun_may_spoil_its_x_and_return_one_array_again_and_again():
    g = np.empty(2)

    def spoiling(x):
        f, g[:] = both(x)
        x[:] = math.nan
        return f, g

    def spoiling_jac(x):
        return spoiling(x)[1]

    clean = minimize(both, [0, 0], jac=True, maxiter=20, trajectory=True)
    for how in (dict(fun=spoiling, jac=True), dict(fun=quadratic, jac=spoiling_jac)):
        result = minimize(x0=[0, 0], maxiter=20, trajectory=True, **how)
        assert np.array_equal(result.trajectory, clean.trajectory)
        assert not np.shares_memory(result.jac, g)


@pytest.mark.parametrize("value", [np.float32, np.array, lambda f: np.array([f]), lambda f: f])
def test_the_value_may_be_a_number_or_an_array_of_one(value):
    result = minimize(lambda x: value(quadratic(x)), [0, 0], jac=slope, maxiter=1)
    assert type(result.fun) is float


@pytest.mark.parametrize(
    "gradient", [list, tuple, lambda g: g.astype(np.float32), np.ascontiguousarray]
)
def test_the_gradient_may_be_any_sequence_of_numbers(gradient):
    expected = minimize(both, [0, 0], jac=True, maxiter=9)
    result = minimize(quadratic, [0, 0], jac=lambda x: gradient(slope(x)), maxiter=9)
    np.testing.assert_allclose(result.x, expected.x, rtol=1e-6)


@pytest.mark.parametrize(
    ("how", "nfev"),
    [
        (dict(fun=quadratic, jac=slope), 4),
        (dict(fun=both, jac=True), 4),
        (dict(fun=quadratic), 12),
        (dict(fun=quadratic, jac=False), 12),
        (dict(fun=quadratic, jac="2-point"), 12),
        (dict(fun=quadratic, jac="3-point"), 20),
        (dict(fun=quadratic, jac="cs"), 12),
    ],
)
def test_calls_are_counted_however_the_gradient_comes(how, nfev):
    calls = []

    def counted(x):
        calls.append(x)
        return how["fun"](x)

    result = minimize(x0=[0, 0], maxiter=3, **{**how, "fun": counted})
    assert (result.nfev, result.njev, len(calls)) == (nfev, 4, nfev)
    expected = minimize(both, [0, 0], jac=True, maxiter=3)
    np.testing.assert_allclose(result.x, expected.x, rtol=1e-6)
    np.testing.assert_allclose(result.jac, expected.jac, rtol=1e-6)


@pytest.mark.parametrize(
    ("jac", "dtype", "error"),
    [
        ("2-point", np.float64, 1e-6),
        ("3-point", np.float64, 1e-9),
        ("cs", np.float64, 1e-15),
        ("2-point", np.float32, 1e-2),
        ("3-point", np.float32, 1e-3),
        ("cs", np.float32, 1e-6),
    ],
)
def test_finite_differences_are_as_exact_as_their_order_allows(jac, dtype, error):
    """Rounding costs epsilon / h, the order h or h**2: 1e-8, 1e-10 and nothing in float64."""

    def fun(x):
        return (np.exp(x) * x * x).sum()

    x = np.array([0.3, -1.7, 2.0, 0.0], dtype)
    result = minimize(fun, x, jac=jac, maxiter=0)
    exact = np.exp(x.astype(float)) * x * (x.astype(float) + 2)
    assert np.abs(result.jac - exact).max() <= error * np.abs(exact).max()


def test_steps_of_finite_differences_grow_with_x():
    result = minimize(lambda x: x[0] ** 2, 1e12, maxiter=0)
    assert result.jac[0] == pytest.approx(2e12, rel=1e-6)


def test_args_go_to_fun_and_jac():
    def fun(x, a, b):
        return a * x[0] ** 2 + b

    def jac(x, a, b):
        return 2 * a * x

    result = minimize(fun, 1.0, args=(3.0, 0.5), jac=jac, maxiter=0)
    assert (result.fun, result.jac[0]) == (3.5, 6)
    assert minimize(lambda x, a: a * x[0], 1.0, args=2, maxiter=0).fun == 2


# --- Bounds ---------------------------------------------------------------------------------------


BOUNDS = [
    [(0.5, 3), (None, -2.5)],
    optimize.Bounds([0.5, -np.inf], [3, -2.5]),
    np.array([[0.5, 3], [-np.inf, -2.5]]),
]


@pytest.mark.parametrize("bounds", BOUNDS, ids=["pairs", "Bounds", "array"])
@pytest.mark.parametrize("method", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("jac", [slope, "2-point", "3-point"])
def test_the_minimum_within_bounds_is_found_and_fun_never_called_outside(bounds, method, jac):
    def fun(x):
        assert 0.5 <= x[0] <= 3
        assert x[1] <= -2.5
        return quadratic(x)

    result = minimize(fun, [2, -4], jac=jac, method=method, lr=0.02, bounds=bounds)
    assert result.success
    np.testing.assert_allclose(result.x, [1, -2.5], atol=1e-5)
    assert abs(result.jac[1]) > 1  # pushing against its bound
    expected = optimize.minimize(quadratic, [2, -4], jac=slope, bounds=bounds, method="L-BFGS-B")
    np.testing.assert_allclose(result.x, expected.x, atol=1e-5)


def test_an_x0_outside_is_moved_to_the_bounds_as_scipy_does():
    bounds = [(2, 3), (0, None)]
    points = []
    optimize.minimize(
        lambda x: (points.append(x.copy()), quadratic(x))[1],
        [9, -9],
        bounds=bounds,
        method="L-BFGS-B",
    )
    result = minimize(quadratic, [9, -9], bounds=bounds, maxiter=0, trajectory=True)
    assert np.array_equal(result.trajectory[0], points[0])


def test_each_step_is_followed_by_a_projection():
    result = minimize(
        BOWL, [1, 1], jac=BOWL.gradient, method="sgd", lr=0.1, maxiter=1, bounds=[(0.95, 2)] * 2
    )
    assert result.x.tolist() == [0.95, 0.95]  # from 0.9 and 0


def test_the_point_ahead_is_kept_within_bounds():
    def jac(x):
        assert (x >= 0.5).all()
        return BOWL.gradient(x)

    method = optim.SGD(lr=0.05, momentum=0.9, nesterov=True, velocity="lecture")
    result = minimize(BOWL, [4, 4], jac=jac, method=method, bounds=[(0.5, None)] * 2)
    assert result.x.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("jac", ["2-point", "3-point"])
def test_finite_differences_fit_between_bounds(jac):
    """Beside one, between two that are nearer than a step, and where there is no room at all."""
    low, high = np.array([[1, 2], [0, 1], [1, 1 + 1e-9], [1 - 1e-9, 1], [1, 1]]).T

    def fun(x):
        assert (x >= low).all()
        assert (x <= high).all()
        return (x * x).sum()

    bounds = optimize.Bounds(low, high)
    result = minimize(fun, np.ones(5), jac=jac, bounds=bounds, maxiter=0)
    np.testing.assert_allclose(result.jac, [2, 2, 2, 2, 0], rtol=1e-6)
    assert result.jac[4] == 0


@pytest.mark.parametrize("jac", ["2-point", "3-point"])
def test_a_step_of_finite_differences_is_as_long_as_x_has_moved(jac):
    assert minimize(lambda x: x[0], 1.7, jac=jac, maxiter=0).jac[0] == 1


def test_a_gradient_that_pushes_against_a_bound_with_infinite_force_is_not_finite():
    result = minimize(lambda x: (0.0, [np.inf]), 1.0, jac=True, bounds=[(0, 2)], method="sgd")
    assert result.status == 3


# --- Callbacks ------------------------------------------------------------------------------------


def test_the_callback_sees_each_step():
    seen = []
    result = minimize(
        quadratic, [0, 0], jac=slope, maxiter=4, trajectory=True, callback=seen.append
    )
    assert np.array_equal(seen, result.trajectory[1:])


def test_a_callback_of_intermediate_result_gets_one():
    seen = []

    def callback(intermediate_result):
        seen.append(intermediate_result)

    result = minimize(quadratic, [0, 0], jac=slope, maxiter=4, trajectory=True, callback=callback)
    assert all(isinstance(row, optimize.OptimizeResult) for row in seen)
    assert np.array_equal([row.x for row in seen], result.trajectory[1:])
    assert np.array_equal([row.fun for row in seen], result.losses[1:])
    assert [row.nit for row in seen] == [1, 2, 3, 4]
    assert np.array_equal(seen[-1].jac, result.jac)


def test_the_callback_may_spoil_what_it_gets():
    def callback(*, intermediate_result):
        intermediate_result.x[:] = intermediate_result.jac[:] = math.nan

    expected = minimize(both, [0, 0], jac=True, maxiter=4)
    for spoil in (callback, lambda xk: xk.fill(math.nan)):
        result = minimize(both, [0, 0], jac=True, maxiter=4, callback=spoil)
        assert np.array_equal(result.x, expected.x)
        assert np.array_equal(result.jac, expected.jac)


@pytest.mark.parametrize("minimizer", [minimize, optimize.minimize])
def test_stop_iteration_ends_the_run_as_in_scipy(minimizer):
    seen = []

    def callback(xk):
        seen.append(xk)
        if len(seen) == 2:
            raise StopIteration

    result = minimizer(BEALE, BEALE.start, jac=BEALE.gradient, callback=callback)
    assert (result.nit, result.success, result.status) == (2, False, 99)
    assert "StopIteration" in result.message
    assert np.array_equal(result.x, seen[-1])


def test_other_errors_of_a_callback_are_the_users():
    with pytest.raises(ZeroDivisionError):
        minimize(quadratic, [0, 0], callback=lambda xk: 1 / 0)


# --- What is not finite ---------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("part", ["value", "gradient"])
@pytest.mark.parametrize("bounds", [None, [(None, 5)] * 2])
def test_it_ends_at_the_last_point_where_all_is_finite(bad, part, bounds):
    def fun(x):
        f, g = both(x)
        if len(calls) == 3:
            f, g = (bad, g) if part == "value" else (f, [g[0], bad])
        calls.append(x)
        return f, g

    calls = []
    result = minimize(fun, [0, 0], jac=True, trajectory=True, bounds=bounds)
    assert (result.success, result.status, result.nit, result.nfev) == (False, 3, 2, 4)
    assert "not finite at step 3" in result.message
    assert np.array_equal(result.x, calls[2])
    assert result.fun == quadratic(result.x)
    assert np.array_equal(result.jac, slope(result.x))
    assert result.trajectory.shape == (3, 2)


def test_a_step_too_far_ends_it_with_a_point_that_is_finite():
    with np.errstate(all="ignore"):
        result = minimize(BEALE, BEALE.start, jac=BEALE.gradient, method="sgd", lr=1.0)
    assert result.status == 3
    assert np.isfinite(result.x).all()
    assert np.isfinite(result.fun)


def test_an_x_that_is_not_finite_is_no_minimum():
    """Far out, fun and its gradient are 0."""
    method = optim.SGD(lr=1e308)
    result = minimize(lambda x: (0.0, [0.0] if x[0] > 1 else [-1e9]), 0.0, jac=True, method=method)
    assert (result.status, result.x[0]) == (3, 0)


def test_nothing_finite_at_x0_returns_x0():
    result = minimize(lambda x: math.nan, [1, 2], jac=slope, trajectory=True)
    assert (result.status, result.nit) == (3, 0)
    assert result.x.tolist() == [1, 2]
    assert math.isnan(result.fun)
    assert result.trajectory.tolist() == [[1, 2]]


def test_gradients_too_large_to_square_are_finite(dtype):
    large = np.finfo(dtype).max / 2
    result = minimize(
        lambda x: (0.0, [large, large]),
        np.zeros(2, dtype),
        jac=True,
        method="sgd",
        lr=0.1,
        maxiter=1,
    )
    assert result.status == 1


# --- Bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (dict(fun=3), TypeError, "fun must be callable, got 3"),
        (dict(fun=lambda x: x), TypeError, "fun must return one real number"),
        (dict(fun=lambda x: None), TypeError, "fun must return one real number, got None"),
        (dict(fun=lambda x: 1j), TypeError, "fun must return one real number, got 1j"),
        (dict(jac=True), TypeError, r"fun must return \(f, g\) for jac=True"),
        (dict(x0=[[0, 0]]), ValueError, r"x0 must be of shape \(n,\), got \(1, 2\)"),
        (dict(x0=[]), ValueError, r"x0 must be of shape \(n,\), got \(0,\)"),
        (dict(x0=[0, math.nan]), ValueError, "x0 must be finite"),
        (dict(x0=[0, 1j]), TypeError, "x0 must hold real numbers, got complex128"),
        (dict(x0="here"), TypeError, "x0 must hold real numbers"),
        (dict(x0=None), TypeError, "x0 must hold real numbers"),
        (dict(method="bfgs"), ValueError, "method must be one of"),
        (dict(method=None), TypeError, "method must be one of"),
        (dict(method=optim.Adam), TypeError, "method must be one of"),
        (dict(method=optim.Adam(np.zeros(2))), ValueError, "method must be an unbound optimizer"),
        (dict(jac="4-point"), ValueError, "jac must be one of"),
        (dict(jac=3), TypeError, "jac must be one of"),
        (dict(jac=lambda x: [1.0]), ValueError, r"jac must have the shape \(2,\) of x, got \(1,\)"),
        (dict(jac=lambda x: "up"), ValueError, "jac must be an array"),
        (dict(jac=lambda x: None), TypeError, "jac must be an array, got None"),
        (dict(fun=lambda x: abs(x[0]), jac="cs"), TypeError, "fun must be complex where x is"),
        (
            dict(method="schedule_free_sgd", bounds=[(0, 1)] * 2),
            ValueError,
            "bounds cannot be used with ScheduleFreeSGD",
        ),
        (dict(lr=-1), ValueError, "lr must be a nonnegative"),
        (dict(lr="fast"), TypeError, "lr must be a nonnegative number or a schedule"),
        (dict(lr=lambda t: -1.0), ValueError, r"lr\(t\) must be finite and not negative"),
        (dict(bounds=3), TypeError, "bounds must be a sequence, got 3"),
        (dict(bounds=[(0, 1)]), ValueError, r"bounds must be 2 pairs \(low, high\)"),
        (dict(bounds=[(0, 1), (0, 1, 2)]), ValueError, r"bounds must be 2 pairs \(low, high\)"),
        (dict(bounds=[(0, 1), 2]), TypeError, r"bounds\[1\] must be a sequence, got 2"),
        (dict(bounds=[(0, 1), (0, "x")]), ValueError, "bounds: could not convert"),
        (dict(bounds=[(0, 1), (2, 1)]), ValueError, "bounds must have low <= high"),
        (dict(bounds=[(0, 1), (math.nan, 1)]), ValueError, "bounds must have low <= high"),
        (dict(bounds=optimize.Bounds([0] * 3, [1] * 3)), ValueError, "bounds: "),
        (dict(tol=-1), ValueError, "tol must be a nonnegative"),
        (dict(tol=None), TypeError, "tol must be a nonnegative"),
        (dict(maxiter=-1), ValueError, "maxiter must be a nonnegative integer"),
        (dict(maxiter=1.5), TypeError, "maxiter must be a nonnegative integer"),
        (dict(callback=3), TypeError, "callback must be callable, got 3"),
        (dict(trajectory=1), TypeError, "trajectory must be True or False"),
    ],
)
def test_bad_input_is_named(change, error, message):
    with pytest.raises(error, match=message):
        minimize(**{"fun": quadratic, "x0": [0, 0], **change})


def test_scipy_takes_it_as_a_method():
    def method(fun, x0, *, hess, hessp, constraints, **rest):
        return minimize(fun, x0, **rest)

    for how in (dict(fun=both, jac=True), dict(fun=quadratic, jac=slope), dict(fun=quadratic)):
        result = optimize.minimize(
            x0=[0, 0], method=method, bounds=[(None, 0.5), (None, None)], options={"lr": 0.1}, **how
        )
        np.testing.assert_allclose(result.x, [0.5, -2], atol=1e-5)
