"""In-place optimizers for NumPy arrays: torch.optim's names, one pass over memory a step.

>>> import numpy as np
>>> from fastopt import optim
>>> w = np.array([3.0, -2.0])
>>> opt = optim.Adam(w, lr=0.1)
>>> for _ in range(200):
...     opt.step(2 * w)  # the gradient of w . w
>>> bool(abs(w).max() < 1e-3)
True
"""

from fastopt.optim.adagrad import Adagrad
from fastopt.optim.adam import Adam, AdamW
from fastopt.optim.optimizer import Optimizer, ParamGroup
from fastopt.optim.rmsprop import RMSprop
from fastopt.optim.sgd import SGD
from fastopt.optim.shelf import OPTIMIZERS

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "ParamGroup",
    "RMSprop",
]
