"""Gradient accumulation: one step for several mini-batches."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from fastopt import _core
from fastopt._arguments import count, count_or_zero
from fastopt.optim.optimizer import Array, Optimizer, number
from fastopt.optim.options import Checks
from fastopt.optim.wrapper import Wrapper


def _loss(name: str, value: Any) -> float | None:
    return None if value is None else float(number(name, value))


class MultiSteps(Wrapper):
    r"""Steps with the mean gradient of several mini-batches, each of which is too small.

    The mean is kept as it grows, :math:`\bar g \leftarrow \bar g + (g - \bar g) / k` for the k-th
    gradient, in the dtype of its parameter; that of the losses likewise. ``t`` counts the updates:
    it has grown when a call of `step` made one.

    Parameters
    ----------
    optimizer : Optimizer or Wrapper
        What makes the steps, bound to its params.
    every : int
        Calls of `step` for one update.

    Attributes
    ----------
    mini_step : int
        Gradients in the mean so far.
    mean_loss : float or None
        Of the losses given with them; None if one was not.

    References
    ----------
    As `optax.MultiSteps`, with ``every_k_schedule=every``.
    """

    _checks: ClassVar[Checks] = {"every": count, "mini_step": count_or_zero, "mean_loss": _loss}

    def __init__(self, optimizer: Optimizer | Wrapper, every: int) -> None:
        super().__init__(optimizer)
        self.every: int = count("every", every)
        self.mini_step = 0
        self.mean_loss: float | None = None
        self._arrays = [np.zeros_like(w) for w in self.rule._params]  # the mean gradients

    def step(self, grads: Array | Sequence[Array], loss: float | None = None) -> None:
        """Take gradients into the mean; with those of the last of `every` calls, step.

        Parameters
        ----------
        grads, loss
            As for `Optimizer.step`. The wrapped optimizer is given the mean loss if each call
            has given one.

        Raises
        ------
        TypeError, ValueError
            Naming the gradient that does not fit; nothing has changed then. If the update itself
            cannot be made, the gradients in the mean are gone, and the parameters as they were.
        """
        grads, loss = self._checked(grads, loss)
        if self.mini_step == 0:
            for mean, g in zip(self._arrays, grads, strict=True):
                np.copyto(mean, g)
            self.mean_loss = loss
        else:
            share = 1 / (self.mini_step + 1)
            for mean, g in zip(self._arrays, grads, strict=True):
                _core.lerp(mean, g, share)
            if loss is None or self.mean_loss is None:
                self.mean_loss = None
            else:
                self.mean_loss += (loss - self.mean_loss) * share
        self.mini_step += 1
        if self.mini_step >= self.every:
            self.mini_step = 0
            self.optimizer.step(self._arrays, self.mean_loss)
