"""The contenders, one file each, all with the same two functions where they can.

``optimizer(rule, params, grads, lr)`` returns (step, read), or None where the peer has no such
rule: a call that makes one update of all params, and one that returns them. ``epoch(problem)``
returns a call that takes an order of rows, trains on them from zeros, and returns weights and
intercept as one array; it stops short where the order does. scikit-learn and fastopt draw the order
themselves: they have ``fit(problem)``.
"""

import importlib
import inspect
from types import ModuleType
from typing import Any

NAMES = {
    "NumPy": "numpy_textbook",
    "NumPy out=": "numpy_out",
    "scikit-learn": "sklearn_",
    "numba": "numba_",
    "torch": "torch_",
    "jax": "jax_",
}


def changed_options(optimizer: Any) -> dict[str, Any]:
    """Return the options in which an optimizer differs from its class's defaults."""
    defaults = inspect.signature(type(optimizer)).parameters
    return {k: v for k, v in optimizer.options.items() if v != defaults[k].default}


def load(module: str) -> ModuleType | None:
    """Return a module of this folder, or None if what it measures is not installed."""
    try:
        return importlib.import_module(f"bench.peers.{module}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("bench"):
            raise
        return None
