"""AdaBelief: Adam, divided by how far gradients are from what was expected."""

from typing import Any

import numpy as np

from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import filled, kept


class AdaBelief(Optimizer):
    r"""AdaBelief: long steps where gradients are as expected, short ones where they surprise.

    :math:`m \leftarrow b_1 m + (1 - b_1) g`,
    :math:`s \leftarrow b_2 s + (1 - b_2) (g - m)^2 + \epsilon_r`, and, with biases undone as in
    `Adam`, :math:`w \leftarrow w - \eta \, \hat m / (\sqrt{\hat s} + \epsilon)`, with g the
    gradient plus ``weight_decay`` * w.

    Parameters
    ----------
    params, lr, weight_decay
        As for `SGD`.
    b1, b2 : float
        How much of m and of s a step keeps, in [0, 1).
    eps, eps_root : float
        What keeps the division from 0: beside the root, and in s.
    nesterov : bool
        Look one step ahead: :math:`b_1 m / (1 - b_1^{t+1}) + (1 - b_1) g / (1 - b_1^t)` for
        :math:`\hat m`.

    References
    ----------
    Zhuang et al. 2020, "AdaBelief optimizer: adapting stepsizes by the belief in observed
    gradients", algorithm 2; as in optax.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-3,
        b1: float = 0.9,
        b2: float = 0.999,
        eps: float = 1e-16,
        eps_root: float = 1e-16,
        *,
        nesterov: bool = False,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            b1=b1,
            b2=b2,
            eps=eps,
            eps_root=eps_root,
            nesterov=nesterov,
            weight_decay=weight_decay,
        )

    def _kernel(self, options: Options) -> str:
        return "adabelief"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        b1, b2 = options["b1"], options["b2"]
        ahead = options["nesterov"]
        return {
            "lr": lr,
            "l2": options["weight_decay"],
            **kept(beta1=b1, beta2=b2),
            "root": 1 / np.sqrt(filled(b2, t)),
            "eps": options["eps"],
            "eps_in_sqrt": options["eps_root"],
            "of_g": (1 - b1) / filled(b1, t) if ahead else 0.0,
            "of_m": b1 / filled(b1, t + 1) if ahead else 1 / filled(b1, t),
        }
