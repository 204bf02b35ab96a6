"""Functions to minimize whose minima are known: what a run on them should come to, and looks like.

>>> from fastopt import minimize
>>> from fastopt.datasets import beale
>>> result = minimize(beale, beale.start, jac=beale.gradient, lr=0.1)
>>> result.x.round(3), beale.minima
(array([3. , 0.5]), array([[3. , 0.5]]))
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from fastopt._arguments import check, count

__all__ = ["TestFunction", "beale", "bowl", "himmelblau", "rosenbrock"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class TestFunction:
    """A function of a point x, an array of shape (n,), or of many, of shape (n, ...), in one call.

    The values are computed from + - * alone, so they are the same everywhere.

    Attributes
    ----------
    name : str
        As in the literature.
    value : callable
        ``value(x)``, of shape (...); to call the object does the same.
    gradient : callable
        ``gradient(x)``, of the shape of x.
    minima : ndarray of shape (n_minima, n)
        All points where it is least, and 0.
    start : ndarray of shape (n,)
        Where the literature starts from.
    window : ((float, float), (float, float))
        The part of the plane of x[0] and x[1] to draw.
    """

    __test__: ClassVar[bool] = False  # or pytest takes it for a class of tests

    name: str
    value: Callable[[Array], Any]
    gradient: Callable[[Array], Array]
    minima: Array
    start: Array
    window: tuple[tuple[float, float], tuple[float, float]]

    def __call__(self, x: Array) -> Any:
        """Return the value at x."""
        return self.value(x)

    def __repr__(self) -> str:
        return f"<{self.name} of {len(self.start)} variables>"


def _fixed(values: Any) -> Array:
    array = np.array(values, np.float64)
    array.flags.writeable = False
    return array


def _beale(w: Array) -> Any:
    x, y = w
    a, b, c = 1.5 - x + x * y, 2.25 - x + x * y * y, 2.625 - x + x * y * y * y
    return a * a + b * b + c * c


def _beale_gradient(w: Array) -> Array:
    x, y = w
    a, b, c = 1.5 - x + x * y, 2.25 - x + x * y * y, 2.625 - x + x * y * y * y
    return np.array(
        [
            2 * (a * (y - 1) + b * (y * y - 1) + c * (y * y * y - 1)),
            2 * x * (a + 2 * b * y + 3 * c * y * y),
        ]
    )


#: Beale 1958, "On an iterative method of finding a local minimum of a function of more than one
#: variable"; problem 5 of Moré, Garbow & Hillstrom 1981, "Testing unconstrained optimization
#: software". A flat valley between steep walls.
beale = TestFunction(
    "Beale's function",
    _beale,
    _beale_gradient,
    minima=_fixed([[3, 0.5]]),
    start=_fixed([1, 1]),
    window=((-0.5, 4.5), (-1.5, 1.5)),
)


def _himmelblau(w: Array) -> Any:
    x, y = w
    a, b = x * x + y - 11, x + y * y - 7
    return a * a + b * b


def _himmelblau_gradient(w: Array) -> Array:
    x, y = w
    a, b = x * x + y - 11, x + y * y - 7
    return np.array([4 * x * a + 2 * b, 2 * a + 4 * y * b])


#: Himmelblau 1972, "Applied nonlinear programming". Four minima, all equally deep: which one a run
#: ends at tells of its way.
himmelblau = TestFunction(
    "Himmelblau's function",
    _himmelblau,
    _himmelblau_gradient,
    minima=_fixed(
        [
            [3, 2],
            [-2.805118086952745, 3.131312518250573],
            [-3.779310253377747, -3.283185991286170],
            [3.584428340330492, -1.848126526964404],
        ]
    ),
    start=_fixed([0, 0]),
    window=((-5, 5), (-5, 5)),
)


def _rosenbrock(w: Array) -> Any:
    bend, left = w[1:] - w[:-1] * w[:-1], 1 - w[:-1]
    return (100 * bend * bend + left * left).sum(axis=0)


def _rosenbrock_gradient(w: Array) -> Array:
    bend, left = w[1:] - w[:-1] * w[:-1], 1 - w[:-1]
    g = np.zeros_like(w)
    g[1:] = 200 * bend
    g[:-1] -= 400 * w[:-1] * bend + 2 * left
    return g


def rosenbrock(n: int = 2) -> TestFunction:
    """Return Rosenbrock's valley in n >= 2 variables, a bent and almost flat floor.

    From 4 variables on there is a minimum beside the lowest, near (-1, 1, ..., 1).

    References
    ----------
    Rosenbrock 1960, "An automatic method for finding the greatest or least value of a function";
    in n variables as ``scipy.optimize.rosen``; Kok & Sandrock 2009, "Locating and characterizing
    the stationary points of the extended Rosenbrock function".
    """
    n = count("n", n)
    if n < 2:
        raise ValueError(f"n must be at least 2, got {n}")
    return TestFunction(
        "Rosenbrock's function",
        _rosenbrock,
        _rosenbrock_gradient,
        minima=_fixed(np.ones((1, n))),
        start=_fixed(np.resize([-1.2, 1.0], n)),
        window=((-2, 2), (-1, 3)),
    )


def _bowl(condition: float, w: Array) -> Any:
    x, y = w
    return (x * x + condition * y * y) / 2


def _bowl_gradient(condition: float, w: Array) -> Array:
    return np.array([w[0], condition * w[1]])


def bowl(condition: float) -> TestFunction:
    r"""Return the quadratic bowl :math:`(x^2 + \kappa y^2) / 2` of a condition number >= 1.

    Gradient descent cuts the distance to the minimum by :math:`(\kappa - 1) / (\kappa + 1)` a step
    at best, momentum by :math:`(\sqrt\kappa - 1) / (\sqrt\kappa + 1)`. The start,
    :math:`(\kappa, 1)`, is the worst for gradient descent.

    References
    ----------
    Polyak 1964, "Some methods of speeding up the convergence of iteration methods"; Boyd &
    Vandenberghe 2004, "Convex optimization", section 9.3.2.
    """
    condition = check(
        Real, "a finite number >= 1", lambda x: 1 <= x < np.inf, "condition", condition
    )
    return TestFunction(
        f"Bowl of condition {condition:g}",
        partial(_bowl, condition),
        partial(_bowl_gradient, condition),
        minima=_fixed([[0, 0]]),
        start=_fixed([condition, 1]),
        window=((-1.1 * condition, 1.1 * condition), (-1.1, 1.1)),
    )
