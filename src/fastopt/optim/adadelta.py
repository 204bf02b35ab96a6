"""Adadelta: steps in the unit of the steps before."""

from typing import Any

from fastopt.optim.optimizer import Optimizer, Options


class Adadelta(Optimizer):
    r"""Adadelta: the rate of a parameter is the ratio of its recent steps to its recent gradients.

    :math:`v \leftarrow \rho v + (1 - \rho) g^2`,
    :math:`\Delta = g \sqrt{u + \epsilon} / \sqrt{v + \epsilon}`,
    :math:`u \leftarrow \rho u + (1 - \rho) \Delta^2`, :math:`w \leftarrow w - \eta \Delta`, with g
    the gradient plus ``weight_decay`` * w.

    Parameters
    ----------
    params, lr, weight_decay
        As for `SGD`.
    rho : float
        How much of the means a step keeps, in [0, 1).
    eps : float
        What the first steps are made of, and what keeps the division from 0.

    References
    ----------
    Zeiler 2012, "ADADELTA: an adaptive learning rate method", algorithm 1.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(params, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay)

    def _kernel(self, options: Options) -> str:
        return "adadelta"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        rho = options["rho"]
        return {
            "lr": lr,
            "l2": options["weight_decay"],
            "rho": rho,
            "gain": 1 - rho,
            "eps": options["eps"],
        }
