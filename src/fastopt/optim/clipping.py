"""Gradients clipped in place, by value or by norm, before they are given to an optimizer."""

import math
from functools import partial
from numbers import Real
from typing import Any

import numpy as np

from fastopt import _core
from fastopt._arguments import check, flag
from fastopt.optim.optimizer import Array, check_arrays, listed

_bound = partial(check, Real, "a nonnegative number", lambda x: x >= 0)


def clip_grad_value_(grads: Any, clip_value: float) -> None:
    """Clip gradients in place to [-clip_value, clip_value]; NaN stays NaN.

    Parameters
    ----------
    grads : ndarray or sequence of ndarray
        float32 or float64, C-contiguous, sharing no memory with each other.
    clip_value : float
        The largest magnitude that is left as it is.

    Raises
    ------
    TypeError, ValueError
        Naming what is wrong; nothing has changed then.

    References
    ----------
    As `torch.nn.utils.clip_grad_value_`.
    """
    arrays, bound = _arrays(grads), _bound("clip_value", clip_value)
    with np.errstate(over="ignore"):  # of a bound beyond float32
        for g in arrays:
            most = g.dtype.type(bound)
            g.clip(-most, most, out=g)


def clip_grad_norm_(
    grads: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> float:
    r"""Scale gradients in place so that the norm of them all together is max_norm at most.

    They are multiplied by :math:`\min(1, \text{max\_norm} / (\text{norm} + 10^{-6}))`.

    Parameters
    ----------
    grads : ndarray or sequence of ndarray
        float32 or float64, C-contiguous, sharing no memory with each other. The norm is that of
        all their numbers, as of one vector.
    max_norm : float
        The largest norm that is left as it is; ``math.inf`` to be told the norm alone.
    norm_type : {2, math.inf}
        The Euclidean norm, or the largest magnitude.
    error_if_nonfinite : bool
        Whether to raise an error where the norm is NaN or infinite. Otherwise the gradients are
        scaled by it, and become NaN or 0.

    Returns
    -------
    float
        The norm before clipping, in float64.

    Raises
    ------
    TypeError, ValueError
        Naming what is wrong; nothing has changed then.
    RuntimeError
        If the norm is not finite and ``error_if_nonfinite``; nothing has changed then.

    References
    ----------
    Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks",
    algorithm 1; as `torch.nn.utils.clip_grad_norm_`, whose 1e-6 `optax.clip_by_global_norm` does
    not have.
    """
    arrays, most = _arrays(grads), _bound("max_norm", max_norm)
    if norm_type == 2:
        norm = _core.norm(arrays)
    elif norm_type == math.inf:
        norm = _largest(arrays)
    else:
        raise ValueError(f"norm_type must be 2 or math.inf, got {norm_type!r}")
    if flag("error_if_nonfinite", error_if_nonfinite) and not math.isfinite(norm):
        raise RuntimeError(f"the norm of grads must be finite to clip them, got {norm}")
    scale = most / (norm + 1e-6)
    if not scale >= 1:  # NaN is not either
        with np.errstate(invalid="ignore"):  # of infinity times 0
            for g in arrays:
                np.multiply(g, g.dtype.type(scale), out=g)
    return norm


def _arrays(grads: Any) -> list[Array]:
    arrays = listed("grads must be an array or a list of arrays", grads)
    check_arrays("grads", arrays)
    return arrays


def _largest(arrays: list[Array]) -> float:
    """Return the largest magnitude, or NaN if there is one."""
    ends = [float(end) for g in arrays if g.size for end in (g.max(), -g.min())]
    return float(np.max(ends, initial=0.0))
