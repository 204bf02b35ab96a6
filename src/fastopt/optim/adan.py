"""Adan: Nesterov's momentum by the change of the gradient."""

from typing import Any

import numpy as np

from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import filled, kept


class Adan(Optimizer):
    r"""Adan: the look ahead of Nesterov made from the change of the gradient, scaled as in Adam.

    With :math:`\Delta = g_t - g_{t-1}` (0 at first):
    :math:`m \leftarrow b_1 m + (1 - b_1) g`, :math:`v \leftarrow b_2 v + (1 - b_2) \Delta`,
    :math:`s \leftarrow b_3 s + (1 - b_3) (g + (1 - b_2) \Delta)^2`, and, with the biases undone,
    :math:`w \leftarrow w - \eta \left(\frac{\hat m + (1 - b_2) \hat v}{\sqrt{\hat s + \epsilon_r} +
    \epsilon} + \text{weight\_decay} \, w\right)`.

    Parameters
    ----------
    params, lr
        As for `SGD`.
    b1, b2, b3 : float
        How much of m, v and s a step keeps, in [0, 1).
    eps, eps_root : float
        What keeps the division from 0: beside the root, and in it.
    weight_decay : float
        Decoupled, as in `AdamW`.

    References
    ----------
    Xie et al. 2022, "Adan: adaptive Nesterov momentum algorithm for faster optimizing deep models",
    algorithm 1; as in optax.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-3,
        b1: float = 0.98,
        b2: float = 0.92,
        b3: float = 0.99,
        eps: float = 1e-8,
        eps_root: float = 1e-8,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            b1=b1,
            b2=b2,
            b3=b3,
            eps=eps,
            eps_root=eps_root,
            weight_decay=weight_decay,
        )

    def _kernel(self, options: Options) -> str:
        return "adan"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        b1, b2, b3 = options["b1"], options["b2"], options["b3"]
        return {
            "lr": lr,
            "decay": lr * options["weight_decay"],
            **kept(beta1=b1, beta2=b2, beta3=b3),
            "correction1": 1 / filled(b1, t),
            "correction2": 1 / filled(b2, t),
            "correction3": 1 / filled(b3, t),
            "eps": options["eps"],
            "eps_in_sqrt": options["eps_root"],
            "since": np.where(t == 1, 0.0, 1.0) if t[0] == 1 else 1.0,
        }
