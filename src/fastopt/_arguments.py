"""Checks of arguments: each returns a plain value, or says in one sentence what is wrong."""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from numbers import Integral, Real
from typing import Any

import numpy as np


def check(kind: type[Any], wanted: str, holds: Callable[[Any], bool], name: str, value: Any) -> Any:
    """Return value as a plain int or float if it is of the kind and holds."""
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{name} must be {wanted}, got {value!r}")
    number = int(value) if isinstance(value, Integral) else float(value)
    if not holds(number):
        raise ValueError(f"{name} must be {wanted}, got {number!r}")
    return number


_LARGEST = sys.float_info.max  # NaN and infinity fail the comparisons below
positive = partial(check, Real, "a positive finite number", lambda x: 0 < x <= _LARGEST)
finite = partial(check, Real, "a finite number", lambda x: -_LARGEST <= x <= _LARGEST)
nonnegative = partial(check, Real, "a nonnegative finite number", lambda x: 0 <= x <= _LARGEST)
fraction = partial(check, Real, "a number in [0, 1)", lambda x: 0 <= x < 1)
count = partial(check, Integral, "a positive integer", lambda n: 1 <= n <= _LARGEST)
count_or_zero = partial(check, Integral, "a nonnegative integer", lambda n: 0 <= n <= _LARGEST)


def one_of(*choices: str) -> Callable[[str, Any], str]:
    """Return a check that a value is one of some strings."""

    def check(name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError(f"{name} must be one of {choices}, got {value!r}")
        if value not in choices:
            raise ValueError(f"{name} must be one of {choices}, got {value!r}")
        return value

    return check


def flag(name: str, value: Any) -> bool:
    """Return a truth value, NumPy's included, as a bool."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def items(name: str, value: Any) -> tuple[Any, ...]:
    """Return the items of a sequence that is not a string."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a sequence, got {value!r}")
    return tuple(value)
