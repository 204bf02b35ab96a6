"""Yogi: Adam whose mean square falls slowly."""

from typing import Any

import numpy as np

from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import filled, kept


class Yogi(Optimizer):
    r"""Yogi: as `Adam`, but the mean square moves by a part of the new square, never of itself.

    :math:`v \leftarrow v - (1 - b_2) \operatorname{sign}(v - g^2) g^2`, so that the rate does not
    rise suddenly where gradients become small; g is the gradient plus ``weight_decay`` * w.

    Parameters
    ----------
    params, lr, weight_decay
        As for `SGD`.
    b1, b2 : float
        How much of m and of v a step keeps, in [0, 1).
    eps : float
        Keeps the division from 0.
    initial_accumulator_value : float
        What m and v start from.

    References
    ----------
    Zaheer et al. 2018, "Adaptive methods for nonconvex optimization", algorithm 2; as in optax,
    which undoes the biases.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-2,
        b1: float = 0.9,
        b2: float = 0.999,
        eps: float = 1e-3,
        *,
        initial_accumulator_value: float = 1e-6,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            b1=b1,
            b2=b2,
            eps=eps,
            initial_accumulator_value=initial_accumulator_value,
            weight_decay=weight_decay,
        )

    def _kernel(self, options: Options) -> str:
        return "yogi"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        b1, b2 = options["b1"], options["b2"]
        return {
            "lr": lr / filled(b1, t),
            "l2": options["weight_decay"],
            **kept(beta1=b1, beta2=b2),
            "root": 1 / np.sqrt(filled(b2, t)),
            "eps": options["eps"],
        }

    def _initial(self, name: str, options: Options, w: Any) -> float:
        return float(options["initial_accumulator_value"])
