"""What the options of optimizers must be.  A name means the same in every rule."""

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from fastopt._arguments import fraction, items, nonnegative, one_of


def check_lr(name: str, value: Any) -> Any:
    """Return a learning rate as a float or a schedule, or raise what is wrong with it."""
    if callable(value) and not isinstance(value, type):
        return value
    if not isinstance(value, Real):
        raise TypeError(f"{name} must be a nonnegative number or a schedule lr(t), got {value!r}")
    return nonnegative(name, value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def _pair(name: str, value: Any) -> tuple[Any, ...]:
    numbers = items(name, value)
    if len(numbers) != 2:
        raise ValueError(f"{name} must hold two numbers, got {len(numbers)}")
    return numbers


def _betas(name: str, value: Any) -> tuple[float, ...]:
    return tuple(fraction(f"{name}[{i}]", beta) for i, beta in enumerate(_pair(name, value)))


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "lr": check_lr,
    "weight_decay": nonnegative,
    "momentum": nonnegative,
    "dampening": nonnegative,
    "nesterov": _flag,
    "velocity": one_of("torch", "lecture"),
    "lr_decay": nonnegative,
    "initial_accumulator_value": nonnegative,
    "alpha": fraction,
    "betas": _betas,
    "eps": nonnegative,
    "eps_in_sqrt": _flag,
    "centered": _flag,
    "amsgrad": _flag,
    "bias_correction": _flag,
}


def checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as plain values, or raise the error of the first that is wrong."""
    return {name: _CHECKS[name](name, value) for name, value in options.items()}
