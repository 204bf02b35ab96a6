"""Learning-rate schedules: what an optimizer's step size is at its t-th update.

A schedule is a function lr(t) of the update count t = 1, 2, ...; any callable that takes an integer
array will do.  Those below are small frozen objects: they can be pickled, compared and printed.

>>> import numpy as np
>>> from fastopt.schedules import cosine
>>> lr = cosine(0.1, steps=1000)
>>> lr
cosine(0.1, steps=1000)
>>> lr(1), lr(np.array([1, 1001]))
(0.1, array([0.1, 0. ]))

All counts are in updates, not epochs.  Rates are computed in float64, from closed forms, in an
order that makes both ends exact; a run that is cut goes on with the same bits.

Each schedule of torch.optim.lr_scheduler and of optax.schedules has an equal here, which
`fastopt.schedules.equivalents` lists.  lr(t) is the rate of torch's t-th optimizer.step(), up to
the rounding that torch's recurrences accumulate, and of optax at count = t - 1.  A schedule is of
the rate alone: momentum is a hyper-parameter of the optimizer.

Rates have the same bits on every CPU.  Beyond + - * / and sqrt, whose results IEEE 754 fixes, they
need powers and sines: those are ours, as the last bits of NumPy's depend on the CPU.
"""

from fastopt.schedules.base import as_schedule as as_schedule
from fastopt.schedules.base import constant
from fastopt.schedules.compositions import is_foreseeable as is_foreseeable
from fastopt.schedules.compositions import join, product, warmup, warmup_cosine, wsd
from fastopt.schedules.compositions import plateaus_of as plateaus_of
from fastopt.schedules.compositions import rates_of as rates_of
from fastopt.schedules.cycles import cosine_restarts, cyclic, one_cycle
from fastopt.schedules.decays import (
    exponential,
    inverse_scaling,
    inverse_sqrt,
    multistep,
    optimal,
    step,
)
from fastopt.schedules.plateau import ReduceOnPlateau
from fastopt.schedules.robbins_monro import RobbinsMonro, satisfies_robbins_monro
from fastopt.schedules.transitions import cosine, linear, piecewise, polynomial

__all__ = [  # and, for the other packages, the names imported "as" themselves
    "ReduceOnPlateau",
    "RobbinsMonro",
    "constant",
    "cosine",
    "cosine_restarts",
    "cyclic",
    "exponential",
    "inverse_scaling",
    "inverse_sqrt",
    "join",
    "linear",
    "multistep",
    "one_cycle",
    "optimal",
    "piecewise",
    "polynomial",
    "product",
    "satisfies_robbins_monro",
    "step",
    "warmup",
    "warmup_cosine",
    "wsd",
]
