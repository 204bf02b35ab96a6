"""ASGD: SGD, and the mean of where it has been."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from fastopt import _core
from fastopt._arguments import nonnegative
from fastopt.optim.optimizer import Array, Optimizer, Options
from fastopt.optim.options import Checks


class ASGD(Optimizer):
    r"""Averaged SGD: a slowly falling rate, and the mean of the weights beside them.

    :math:`\eta_t = \eta / (1 + \lambda \eta (t - 1))^\alpha`,
    :math:`w \leftarrow (1 - \lambda \eta_t) w - \eta_t g`,
    :math:`a \leftarrow a + (w - a) / \max(1, t - 1 - t_0)`, with g the gradient plus
    ``weight_decay`` * w. The mean a is what `evaluated` returns.

    Parameters
    ----------
    params, lr, weight_decay
        As for `SGD`.
    lambd : float
        :math:`\lambda`, the decay of the weights and of the rate.
    alpha : float
        How fast the rate falls.
    t0 : float
        The update after which the mean begins.

    References
    ----------
    Polyak & Juditsky 1992, "Acceleration of stochastic approximation by averaging"; Bottou 2010,
    "Large-scale machine learning with stochastic gradient descent", for the rate; as in torch.
    """

    averages = anchored = True
    _own_checks: ClassVar[Checks] = {"alpha": nonnegative}

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(params, lr=lr, lambd=lambd, alpha=alpha, t0=t0, weight_decay=weight_decay)

    def _kernel(self, options: Options) -> str:
        return "asgd"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        eta = lr * self._slowed(options, lr, t)
        return {
            "lr": eta,
            "l2": options["weight_decay"],
            "decay": options["lambd"] * eta,
            "mu": 1 / np.maximum(1, t - 1 - options["t0"]),
        }

    def _threshold(self, options: Options, lr: Any, t: Any) -> Any:
        return options["l1"] * lr * self._slowed(options, lr, t)

    def _slowed(self, options: Options, lr: Any, t: Any) -> Any:
        return 1 / _core.power(1 + options["lambd"] * lr * (t - 1), options["alpha"])

    def _evaluated(self, w: Array, state: Mapping[str, Array], options: Options) -> Array:
        return state["ax"].copy()

    def _initial(self, name: str, options: Options, w: Any) -> Any:
        return w
