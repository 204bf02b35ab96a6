"""Rprop: steps whose sizes go by the signs of the gradients alone."""

from typing import Any

import numpy as np

from fastopt.optim.optimizer import Optimizer, Options, rates


class Rprop(Optimizer):
    r"""Rprop, resilient backpropagation: for full batches, whose gradients have no noise.

    The step size of a parameter is multiplied by :math:`\eta_+` where its gradient has kept its
    sign, and by :math:`\eta_-` where it has turned; then the gradient counts as 0 once.
    :math:`w \leftarrow w - \text{step} \cdot \operatorname{sign}(g)`.

    Parameters
    ----------
    params
        As for `SGD`.
    lr : float
        The first step size of every parameter.
    etas : (float, float)
        :math:`\eta_-` in (0, 1) and :math:`\eta_+` > 1.
    step_sizes : (float, float)
        The least and the greatest step size.
    weight_decay : float
        L2 penalty, added to the gradient.

    References
    ----------
    Riedmiller & Braun 1993, "A direct adaptive method for faster backpropagation learning: the
    RPROP algorithm"; torch's variant, without weight backtracking.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(params, lr=lr, etas=etas, step_sizes=step_sizes, weight_decay=weight_decay)

    def _kernel(self, options: Options) -> str:
        return "rprop"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        shrink, grow = options["etas"]
        least, most = options["step_sizes"]
        return {
            "lr": lr,
            "l2": options["weight_decay"],
            "shrink": shrink,
            "grow": grow,
            "least": least,
            "most": most,
        }

    def _initial(self, name: str, options: Options, w: Any) -> float:
        return float(np.max(rates(options["lr"], np.array([1])))) if name == "step" else 0.0
