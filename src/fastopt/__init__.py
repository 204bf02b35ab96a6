"""Linear and logistic models by SGD at the speed of memory, and in-place optimizers for NumPy.

``fastopt.linear_model`` has scikit-learn's SGD estimators, ``fastopt.cluster`` its mini-batch
K-means, ``fastopt.optim`` the optimizers of torch and optax for NumPy arrays, ``fastopt.schedules``
the learning rates. ``fastopt.minimize`` is called as scipy's, on the functions of
``fastopt.datasets`` or your own, and ``fastopt.plot`` draws what happens. ``fastopt.load`` reads
what the ``save`` of an estimator has written. Each is imported when it is first used.
"""

import importlib
import platform
from typing import Any

import numpy as np

from fastopt import _core

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "cluster",
    "data",
    "datasets",
    "linear_model",
    "load",
    "minimize",
    "optim",
    "plot",
    "schedules",
    "show_config",
]


def __getattr__(name: str) -> Any:
    if name in ("cluster", "data", "datasets", "linear_model", "optim", "plot", "schedules"):
        return importlib.import_module(f"fastopt.{name}")
    if name == "load":
        return importlib.import_module("fastopt.model_file.file").load
    if name == "minimize":
        return importlib.import_module("fastopt._minimize").minimize
    raise AttributeError(f"module 'fastopt' has no attribute {name!r}")


def show_config() -> None:
    """Print the instruction set in use, those that this CPU can run, the compiler, the versions.

    The environment variable ``FASTOPT_ISA``, read at import, chooses another instruction set; the
    results are the same.
    """
    can = ", ".join(isa for isa, supported in _core.ISAS.items() if supported)
    print(f"fastopt   {__version__}")
    print(f"ISA       {_core.isa()} (this CPU can run {can})")
    print(f"compiler  {_core.COMPILER}")
    print(f"Python    {platform.python_version()}, NumPy {np.__version__}")
