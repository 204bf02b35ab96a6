"""Steps that are not made where a gradient is not finite."""

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from fastopt import _core
from fastopt._arguments import count_or_zero, flag
from fastopt.optim.optimizer import Array, Optimizer
from fastopt.optim.options import Checks
from fastopt.optim.wrapper import Wrapper


class ApplyIfFinite(Wrapper):
    """Leaves out a step with a NaN or an infinity in its gradients or its loss.

    Neither the parameters nor the state of the optimizer change then. After so many such steps in a
    row, the next one is made all the same, since something is wrong that does not pass.

    Parameters
    ----------
    optimizer : Optimizer or Wrapper
        What makes the steps, bound to its params.
    max_consecutive_errors : int
        How many steps in a row may be left out.

    Attributes
    ----------
    notfinite_count : int
        Steps in a row, up to the last one, that were not finite.
    total_notfinite : int
        Steps that were not finite.
    last_finite : bool
        Whether the last step was finite.

    References
    ----------
    As `optax.apply_if_finite`, which does not look at the loss.
    """

    _checks: ClassVar[Checks] = {
        "max_consecutive_errors": count_or_zero,
        "notfinite_count": count_or_zero,
        "total_notfinite": count_or_zero,
        "last_finite": flag,
    }

    def __init__(self, optimizer: Optimizer | Wrapper, max_consecutive_errors: int) -> None:
        super().__init__(optimizer)
        self.max_consecutive_errors: int = count_or_zero(
            "max_consecutive_errors", max_consecutive_errors
        )
        self.notfinite_count = 0
        self.total_notfinite = 0
        self.last_finite = True

    def step(self, grads: Array | Sequence[Array], loss: float | None = None) -> None:
        """Make the step if its gradients, and its loss if there is one, are finite.

        Parameters
        ----------
        grads, loss
            As for `Optimizer.step`.

        Raises
        ------
        TypeError, ValueError
            Naming the gradient that does not fit; nothing has changed then.
        """
        grads, loss = self._checked(grads, loss)
        is_finite = (loss is None or math.isfinite(loss)) and _all_finite(grads)
        in_a_row = 0 if is_finite else self.notfinite_count + 1
        if is_finite or in_a_row > self.max_consecutive_errors:
            self.optimizer.step(grads, loss)
        self.notfinite_count = in_a_row
        self.total_notfinite += not is_finite
        self.last_finite = is_finite


def _all_finite(arrays: Sequence[Array]) -> bool:
    """Whether all numbers are finite; a norm that is finite tells without an array of truths, and
    one that is not may also have overflowed.
    """
    return math.isfinite(_core.norm(arrays)) or all(np.isfinite(a).all() for a in arrays)
