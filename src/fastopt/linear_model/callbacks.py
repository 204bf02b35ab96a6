"""Callbacks of a fit: what they may be, and how they are told of its events."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

EVENTS = ["on_fit_begin", "on_epoch_begin", "on_epoch_end", "on_fit_end"]


def tell(callbacks: Iterable[Any], event: str, estimator: BaseEstimator) -> bool:
    """Tell the callbacks of an event; return whether one of them asks for an end."""
    done = False
    for callback in callbacks:
        method = getattr(callback, event, None)
        if method is None and event == "on_epoch_end" and callable(callback):
            method = callback
        if method is not None:
            asked = method(estimator)
            done |= isinstance(asked, bool | np.bool_) and bool(asked)
    return done


def check_callbacks(callbacks: Any) -> tuple[Any, ...]:
    """Return the callbacks as a tuple."""
    if callbacks is None:
        return ()
    if not isinstance(callbacks, list | tuple):
        callbacks = (callbacks,)
    for callback in callbacks:
        if not callable(callback) and not any(hasattr(callback, event) for event in EVENTS):
            raise TypeError(
                f"callbacks must be functions of the estimator, or have one of the methods "
                f"{', '.join(EVENTS)}; got {callback!r}"
            )
    return tuple(callbacks)
