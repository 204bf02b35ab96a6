"""Lookahead: slow weights that follow fast ones, some steps at a time."""

from collections.abc import Sequence
from functools import partial
from numbers import Real
from typing import ClassVar

import numpy as np

from fastopt import _core
from fastopt._arguments import check, count, count_or_zero
from fastopt.optim.optimizer import Array, Optimizer
from fastopt.optim.options import Checks
from fastopt.optim.wrapper import Wrapper

_share = partial(check, Real, "a number in (0, 1]", lambda x: 0 < x <= 1)


class Lookahead(Wrapper):
    r"""Lookahead: after k steps of the optimizer, go back a part of their way.

    The parameters are the fast weights w. After each k updates the slow weights move towards them,
    :math:`s \leftarrow s + \alpha (w - s)`, and w goes on from there, :math:`w \leftarrow s`. A
    `step` that made no update, as within `MultiSteps` or `ApplyIfFinite`, does not count. The slow
    weights are what `evaluated` returns.

    Parameters
    ----------
    optimizer : Optimizer or Wrapper
        What makes the fast steps, bound to its params. Not one whose state tells where the weights
        have been, such as `FTRL`, `COCOB` or `ScheduleFreeSGD`: it does not go along when they
        are moved.
    sync_period : int
        k: updates until the slow weights move.
    slow_step_size : float
        :math:`\alpha`: how far they move, in (0, 1].

    Attributes
    ----------
    steps_since_sync : int
        Updates since the slow weights last moved.

    References
    ----------
    Zhang, Lucas, Hinton & Ba 2019, "Lookahead optimizer: k steps forward, 1 step back", algorithm
    1; as `optax.lookahead`.
    """

    _checks: ClassVar[Checks] = {
        "sync_period": count,
        "slow_step_size": _share,
        "steps_since_sync": count_or_zero,
    }

    def __init__(
        self, optimizer: Optimizer | Wrapper, sync_period: int = 6, slow_step_size: float = 0.5
    ) -> None:
        super().__init__(optimizer)
        if self.rule.anchored:
            raise ValueError(
                f"optimizer must be one whose weights may be moved, and the state of "
                f"{type(self.rule).__name__} goes with where they have been"
            )
        self.sync_period: int = count("sync_period", sync_period)
        self.slow_step_size: float = _share("slow_step_size", slow_step_size)
        self.steps_since_sync = 0
        self._arrays = [w.copy() for w in self.rule._params]  # the slow weights

    def step(self, grads: Array | Sequence[Array], loss: float | None = None) -> None:
        """Make a fast step, and after the last of `sync_period` the slow one.

        Parameters
        ----------
        grads, loss
            As for `Optimizer.step`: the gradients at the parameters, which are the fast weights.
        """
        before = self.t
        self.optimizer.step(grads, loss)
        self.steps_since_sync += self.t - before
        if self.steps_since_sync >= self.sync_period:
            self.steps_since_sync = 0
            for slow, w in zip(self._arrays, self.rule._params, strict=True):
                _core.lerp(slow, w, self.slow_step_size)
                np.copyto(w, slow)

    def evaluated(self) -> Array | list[Array]:
        """Return the slow weights.

        Returns
        -------
        ndarray or list of ndarray
            New arrays, one for each parameter; one array if `params` was one.
        """
        slow = [array.copy() for array in self._arrays]
        return slow[0] if self.rule._single else slow
