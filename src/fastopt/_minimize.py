"""Minimize any function with the optimizers, in the terms of ``scipy.optimize.minimize``."""

import copy
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, OptimizeResult

# Of scipy's minimize; approx_fprime, its public form, knows one scheme and no bounds.
from scipy.optimize._numdiff import approx_derivative

from fastopt import _core
from fastopt._arguments import count_or_zero, flag, items, nonnegative, one_of
from fastopt.optim import OPTIMIZERS, SGD, Optimizer
from fastopt.schedules import ReduceOnPlateau, plateaus_of

Array = npt.NDArray[Any]

SCHEMES = ("2-point", "3-point", "cs")

MESSAGES = {  # by status; scipy's numbers, where it has one
    0: "The gradient is within tol of 0.",
    1: "maxiter steps were made before the gradient was within tol of 0.",
    3: "fun or its gradient is not finite at step {}.",
    99: "The callback raised StopIteration.",
}


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: str | Optimizer = "adam",
    jac: Any = None,
    *,
    lr: Any = None,
    bounds: Any = None,
    tol: float = 1e-5,
    maxiter: int = 10_000,
    callback: Callable[..., Any] | None = None,
    trajectory: bool = False,
) -> OptimizeResult:
    r"""Minimize a function of one or more variables with an optimizer of ``fastopt.optim``.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` is the number to minimize; x is an array of shape (n,), a copy of its own
        for each call.
    x0 : array_like of shape (n,)
        Where to start; a number is an array of one. float32 stays float32, all else is float64.
    args : tuple
        What fun and jac take beside x; anything else is a tuple of one.
    method : str or Optimizer
        A name of ``optim.OPTIMIZERS``, or an unbound optimizer as ``optim.Adam(eps=1e-6)``. Its
        weight decay, if it has one, pulls at x too, and is no part of fun. Nesterov with
        ``velocity="lecture"`` takes a second gradient for each step, at ``lookahead()``; so does a
        rule that averages its steps, where x is the average.
    jac : callable, bool, {"2-point", "3-point", "cs"} or None
        The gradient: ``jac(x, *args)`` returns it, of shape (n,). True: fun returns the pair (f,
        gradient). None or False: "2-point". Finite differences take n more values of fun for a
        gradient, "3-point" 2 n; "cs" needs a fun of complex numbers.
    lr : float or callable
        Learning rate, or a schedule lr(t) of the step t = 1, 2, ...; a `ReduceOnPlateau` is fed
        fun(x) before each step (a copy of it; yours stays as it is). None: that of method.
    bounds : scipy.optimize.Bounds or sequence of (low, high)
        What each entry of x is kept within; None stands for no bound. Each step is followed by
        going to the nearest point within (the projected gradient method), and x0 is moved there
        too, as scipy's "L-BFGS-B" does. fun is never called outside.
    tol : float
        The run ends where no entry of the gradient is larger than this in size (the norm of scipy's
        gtol); with bounds, of what of the gradient does not push against them.
    maxiter : int
        The most steps.
    callback : callable
        Called after each step, as ``callback(xk)``, or, if its one parameter has that name, as
        ``callback(intermediate_result=...)`` with an OptimizeResult of x, fun, jac and nit. Ends
        the run by raising StopIteration.
    trajectory : bool
        Whether to return all points on the way.

    Returns
    -------
    scipy.optimize.OptimizeResult
        x : the last point, of shape (n,). fun, jac : the value and the gradient there. nit : steps.
        nfev, njev : how often fun was called, and a gradient found. success, status, message : 0 if
        the gradient is within tol; 1 after maxiter steps; 3 where fun or the gradient is not
        finite: x is then the last point where they were; 99 if the callback ended it. trajectory,
        losses : if asked for, the points from x0 to x, of shape (nit + 1, n), and fun at each.

    Raises
    ------
    TypeError, ValueError
        Naming the argument that is wrong.

    Notes
    -----
    scipy's own function takes this one as a method, less what it does not have:
    ``scipy.optimize.minimize(fun, x0, method=lambda fun, x0, hess, hessp, constraints, **rest:
    fastopt.minimize(fun, x0, **rest), options={"lr": 0.1})``.

    References
    ----------
    Bertsekas 1976, "On the Goldstein-Levitin-Polyak gradient projection method". Within bounds, the
    nearest point is the same in the scale of every diagonal, so also in Adam's.

    Examples
    --------
    >>> import fastopt
    >>> def fun(x):
    ...     return (x[0] - 1) ** 2 + 10 * (x[1] + 2) ** 2
    >>> result = fastopt.minimize(fun, [0, 0], lr=0.1)
    >>> result.success, result.x.round(3)
    (True, array([ 1., -2.]))
    """
    w = _start(x0)
    box = None if bounds is None else _box(bounds, w)
    if box:
        _clip(w, box)
    optimizer, plateaus = _bound(method, lr, w)
    if box and not optimizer.projects:
        raise ValueError(f"bounds cannot be used with {type(optimizer).__name__}")
    objective = _Objective(fun, args, jac, w, box)
    point: Callable[[], Any] = optimizer.evaluated if optimizer.averages else w.copy
    elsewhere = _elsewhere(optimizer, w)
    tell = None if callback is None else _teller(callback)
    tol = nonnegative("tol", tol)
    maxiter = count_or_zero("maxiter", maxiter)
    path: list[Array] | None = [] if flag("trajectory", trajectory) else None
    losses: list[float] = []

    # An array this far from 0 has an entry above tol; to tell so takes a tenth of the time.
    far = 2 * math.sqrt(w.size) * tol
    done, x, f, g = 0, w, math.nan, w
    for nit in range(maxiter + 1):
        here = _within(point(), box)
        value, gradient = objective(here)
        pull = gradient
        if box:
            pull = np.minimum(np.maximum(gradient, here - box[1]), here - box[0])
        finite = -math.inf < value < math.inf and _core.norm([gradient]) < math.inf
        converged = False
        if not (finite and far < _core.norm([pull])):
            if not (math.isfinite(value) and _finite(gradient) and _finite(here)):
                status = 3
                if nit == 0:
                    x, f, g = here, value, gradient
                break
            converged = bool(np.abs(pull).max() <= tol)
        done, x, f, g = nit, here, value, gradient
        if path is not None:
            path.append(x)
            losses.append(f)
        if tell and nit and tell(x, f, g, nit):
            status = 99
            break
        if converged or nit == maxiter:
            status = 0 if converged else 1
            break
        for plateau in plateaus:
            plateau.step(f)
        if elsewhere:
            value, gradient = objective(_within(elsewhere(), box))
        optimizer.step(gradient, loss=value)
        if box:
            _clip(w, box)

    result = OptimizeResult(
        x=x,
        fun=f,
        jac=g,
        nit=done,
        nfev=objective.nfev,
        njev=objective.njev,
        success=status == 0,
        status=status,
        message=MESSAGES[status].format(nit),
    )
    if path is not None:
        result.trajectory = np.array(path or [x])
        result.losses = np.array(losses or [f])
    return result


class _Objective:
    """fun and its gradient, as plain numbers and arrays, counted."""

    def __init__(
        self,
        fun: Callable[..., Any],
        args: Any,
        jac: Any,
        like: Array,
        box: tuple[Array, Array] | None,
    ) -> None:
        if not callable(fun):
            raise TypeError(f"fun must be callable, got {fun!r}")
        if jac is None or jac is False:
            jac = "2-point"
        if not callable(jac) and jac is not True:
            jac = one_of(*SCHEMES)("jac", jac)
        self.fun, self.jac = fun, jac
        self.args = args if isinstance(args, tuple) else (args,)
        self.room = box or (np.full_like(like, -math.inf), np.full_like(like, math.inf))
        self.free = self.room[0] < self.room[1]
        self.nfev = self.njev = 0

    def __call__(self, x: Array) -> tuple[float, Array]:
        self.njev += 1
        if self.jac is True:
            pair = self._raw(x)
            try:
                f, g = pair
            except (TypeError, ValueError):
                raise TypeError(f"fun must return (f, g) for jac=True, got {pair!r}") from None
            return _number(f), self._vector("the gradient of fun", g, x)
        f = self._value(x)
        if callable(self.jac):
            return f, self._vector("jac", self.jac(x.copy(), *self.args), x)
        fun = self._complex if self.jac == "cs" else self._value
        with np.errstate(invalid="ignore"):  # 0 / 0 where the bounds leave no room
            g = approx_derivative(fun, x, self.jac, f0=f, bounds=self.room)
        return f, self._vector("the difference of fun", np.where(self.free, g, 0), x)

    def _raw(self, x: Array) -> Any:
        self.nfev += 1
        return self.fun(x.copy(), *self.args)

    def _complex(self, x: Array) -> Any:
        value = self._raw(x)
        if not np.iscomplexobj(value):
            raise TypeError("fun must be complex where x is, for jac='cs'")
        return value

    def _value(self, x: Array) -> float:
        return _number(self._raw(x))

    @staticmethod
    def _vector(name: str, values: Any, x: Array) -> Array:
        if values is None:
            raise TypeError(f"{name} must be an array, got None")
        try:
            g = np.array(values, x.dtype, order="C", ndmin=1)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name} must be an array: {error}") from None
        if g.shape != x.shape:
            raise ValueError(f"{name} must have the shape {x.shape} of x, got {g.shape}")
        return g


def _number(value: Any) -> float:
    """Return what fun returned, a number or an array of one, as a float."""
    if isinstance(value, float):
        return float(value)
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        raise TypeError(f"fun must return one real number, got {value!r}")
    return float(array.item())


def _finite(array: Array) -> bool:
    return bool(np.isfinite(array).all())


def _within(x: Array, box: tuple[Array, Array] | None) -> Array:
    return _clip(x, box) if box else x


def _clip(x: Array, box: tuple[Array, Array]) -> Array:
    """Move x, in place, to the nearest point of the box."""
    np.maximum(x, box[0], out=x)
    return np.minimum(x, box[1], out=x)


def _start(x0: Any) -> Array:
    """Return a copy of x0, in which the steps are made."""
    given = np.asarray(x0)
    if given.dtype.kind not in "biuf":
        raise TypeError(f"x0 must hold real numbers, got {given.dtype}")
    w = np.array(given, np.float32 if given.dtype == np.float32 else np.float64, ndmin=1)
    if w.ndim != 1 or not w.size:
        raise ValueError(f"x0 must be of shape (n,), got {given.shape}")
    if not _finite(w):
        raise ValueError("x0 must be finite")
    return w


def _box(bounds: Any, w: Array) -> tuple[Array, Array]:
    """Return the lowest and the highest of each entry of w."""
    if isinstance(bounds, Bounds):
        low, high = bounds.lb, bounds.ub
    else:
        pairs = [items(f"bounds[{i}]", pair) for i, pair in enumerate(items("bounds", bounds))]
        if len(pairs) != w.size or any(len(pair) != 2 for pair in pairs):
            raise ValueError(f"bounds must be {w.size} pairs (low, high), got {bounds!r}")
        low = [-math.inf if pair[0] is None else pair[0] for pair in pairs]
        high = [math.inf if pair[1] is None else pair[1] for pair in pairs]
    try:
        low, high = (np.broadcast_to(np.asarray(b, w.dtype), w.shape) for b in (low, high))
    except (TypeError, ValueError) as error:
        raise type(error)(f"bounds: {error}") from None
    if not (low <= high).all():
        raise ValueError(f"bounds must have low <= high, got {bounds!r}")
    return low, high


def _bound(method: Any, lr: Any, w: Array) -> tuple[Optimizer, list[ReduceOnPlateau]]:
    """Return the optimizer, bound to w, and what of its learning rate is fed with losses."""
    if not isinstance(method, Optimizer):
        method = OPTIMIZERS[one_of(*OPTIMIZERS)("method", method)]
    if method.param_groups:
        raise ValueError("method must be an unbound optimizer: make it without params")
    if lr is None:
        lr = method.options["lr"]
    plateaus = plateaus_of(lr)
    if plateaus:
        lr = copy.deepcopy(lr)
        plateaus = plateaus_of(lr)
    return type(method)(w, **{**method.options, "lr": lr}), plateaus


def _elsewhere(optimizer: Optimizer, w: Array) -> Callable[[], Any] | None:
    """Return what gives the point of the next gradient, if that is not the point to evaluate at."""
    if optimizer.averages:
        return w.copy
    if not isinstance(optimizer, SGD):
        return None
    lecture = optimizer.options["nesterov"] and optimizer.options["velocity"] == "lecture"
    return optimizer.lookahead if lecture else None


def _teller(callback: Callable[..., Any]) -> Callable[[Array, float, Array, int], bool]:
    """Return a function that calls back, and returns whether that ends the run."""
    if not callable(callback):
        raise TypeError(f"callback must be callable, got {callback!r}")
    try:
        parameters = set(inspect.signature(callback).parameters)
    except ValueError:  # some functions written in C do not tell
        parameters = set()

    def tell(x: Array, f: float, g: Array, nit: int) -> bool:
        try:
            if parameters == {"intermediate_result"}:  # as scipy tells the two apart
                result = OptimizeResult(x=x.copy(), fun=f, jac=g.copy(), nit=nit)
                callback(intermediate_result=result)
            else:
                callback(x.copy())
        except StopIteration:
            return True
        return False

    return tell
