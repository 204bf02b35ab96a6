"""Gradients by finite differences, where nobody has a formula.

Of scipy's, only ``optimize.approx_fprime`` is public and fits any fun, but it has one scheme, takes
fun at x once more, and knows of no bounds.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Scheme = Literal["2-point", "3-point", "cs"]

SCHEMES: tuple[Scheme, ...] = ("2-point", "3-point", "cs")


def differences(
    scheme: Scheme, fun: Callable[[Array], Any], x: Array, f: float, low: Array, high: Array
) -> Array:
    r"""Return the gradient of fun at x, where it is f, from its values within low and high.

    "2-point": :math:`(f(x + h) - f(x)) / h` for each entry of x. "3-point": the same of second
    order, from :math:`x \pm h`, or from one side beside a bound. "cs": the imaginary part of
    :math:`f(x + ih) / h`, exact to rounding, for a fun of complex numbers. The step h is
    max(1, abs(x)) times 2**-26, 2**-17 and 2**-52 in float64: about the root of epsilon, its cube
    root, and all of it.

    References
    ----------
    Nocedal & Wright 2006, "Numerical optimization", section 8.1; Squire & Trapp 1998, "Using
    complex variables to estimate derivatives of real functions".
    """
    digits = np.finfo(x.dtype).nmant
    relative = 2.0 ** -(digits // {"2-point": 2, "3-point": 3, "cs": 1}[scheme])
    g = np.zeros_like(x)
    for i, (at, least, most) in enumerate(
        zip(x.tolist(), low.tolist(), high.tolist(), strict=True)
    ):
        h = relative * max(1.0, abs(at))
        if scheme == "cs":
            point = x.astype(np.result_type(x, 1j))
            point[i] += 1j * h
            value = np.asarray(fun(point))
            if not np.iscomplexobj(value):
                raise TypeError("fun must be complex where x is, for jac='cs'")
            g[i] = value.item().imag / h
            continue
        slopes = []
        for offset in _offsets(scheme, h, at - least, most - at):
            point = x.copy()
            point[i] = at + offset
            moved = float(point[i]) - at
            if moved:  # unless the bounds leave no room
                slopes.append((moved, (fun(point) - f) / moved))
        if len(slopes) == 1:
            g[i] = slopes[0][1]
        elif slopes:  # on a line through both, the slope for an offset of 0
            (a, slope_a), (b, slope_b) = slopes
            g[i] = (b * slope_a - a * slope_b) / (b - a)
    return g


def _offsets(scheme: Scheme, h: float, below: float, above: float) -> tuple[float, ...]:
    """Return how far from x to take values, where the bounds are so far below and above it."""
    first = min(h, above) if above >= min(h, below) else -min(h, below)
    if scheme == "2-point":
        return (first,)
    return (first, -first) if min(below, above) >= h else (first, first / 2)
