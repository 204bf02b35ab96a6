"""ADOPT: Adam that converges whatever its beta2."""

from typing import Any

import numpy as np

from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import kept


class ADOPT(Optimizer):
    r"""ADOPT: each gradient is scaled by the mean square of those before it, then enters m.

    :math:`u = \operatorname{clip}(g / \max(\sqrt v, \epsilon), \pm (t - 1)^{1/4})`,
    :math:`m \leftarrow b_1 m + (1 - b_1) u`, :math:`v \leftarrow b_2 v + (1 - b_2) g^2`,
    :math:`w \leftarrow w - \eta m`, with g the gradient plus ``weight_decay`` * w. The first update
    only sets :math:`v = g^2`.

    Parameters
    ----------
    params, lr, weight_decay
        As for `SGD`.
    b1, b2 : float
        How much of m and of v a step keeps, in [0, 1).
    eps : float
        The least that a gradient is divided by.
    nesterov : bool
        Step by :math:`b_1 m + (1 - b_1) u` instead of m.
    use_clipping : bool
        Clip the scaled gradients.

    References
    ----------
    Taniguchi et al. 2024, "ADOPT: modified Adam can converge with any beta2 with the optimal rate",
    algorithm 2; as in optax.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-3,
        b1: float = 0.9,
        b2: float = 0.9999,
        eps: float = 1e-6,
        *,
        nesterov: bool = False,
        use_clipping: bool = True,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            b1=b1,
            b2=b2,
            eps=eps,
            nesterov=nesterov,
            use_clipping=use_clipping,
            weight_decay=weight_decay,
        )

    def _threshold(self, options: Options, lr: Any, t: Any) -> Any:
        return np.where(t > 1, options["l1"] * lr, 0.0)

    def _kernel(self, options: Options) -> str:
        return "adopt"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        b1 = np.where(t == 1, 1.0, options["b1"])
        b2 = np.where(t == 1, 0.0, options["b2"])
        ahead = options["nesterov"]
        return {
            "lr": lr,
            "l2": options["weight_decay"],
            **kept(beta1=b1, beta2=b2),
            "eps": options["eps"],
            "clip": np.sqrt(np.sqrt(t - 1))
            if options["use_clipping"]
            else np.where(t > 1, np.inf, 0),
            "of_u": 1 - b1 if ahead else 0.0,
            "of_m": b1 if ahead else 1.0,
        }
