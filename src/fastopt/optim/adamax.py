"""Adamax: Adam in the infinity norm."""

from typing import Any

from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import filled, kept


class Adamax(Optimizer):
    r"""Adamax: momentum, divided by the largest of the recent gradients.

    :math:`m \leftarrow \beta_1 m + (1 - \beta_1) g`,
    :math:`u \leftarrow \max(\beta_2 u, |g| + \epsilon)`,
    :math:`w \leftarrow w - \eta \, m / ((1 - \beta_1^t) u)`, with g the gradient plus
    ``weight_decay`` * w.

    Parameters
    ----------
    params, lr, weight_decay
        As for `SGD`.
    betas, eps
        As for `Adam`.

    References
    ----------
    Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 2, with torch's
    epsilon.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def _kernel(self, options: Options) -> str:
        return "adamax"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        beta1, beta2 = options["betas"]
        return {
            "lr": lr / filled(beta1, t),
            "l2": options["weight_decay"],
            **kept(beta1=beta1, beta2=beta2),
            "eps": options["eps"],
        }
