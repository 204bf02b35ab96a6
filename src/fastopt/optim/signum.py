"""Signum: the sign of the mean gradient."""

from typing import Any

from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import kept


class Signum(Optimizer):
    r"""Signum: SGD by the sign of the mean gradient.

    :math:`m \leftarrow \beta m + (1 - \beta) g`,
    :math:`w \leftarrow w - \eta \operatorname{sign}(m)`, with g the gradient plus
    ``weight_decay`` * w. With beta = 0 it is signSGD.

    Parameters
    ----------
    params, lr, weight_decay
        As for `SGD`; lr is the length of every parameter's step.
    beta : float
        How much of the mean a step keeps, in [0, 1).

    References
    ----------
    Bernstein et al. 2018, "signSGD: compressed optimisation for non-convex problems", algorithm 2;
    as in optax.
    """

    def __init__(
        self, params: Any = None, lr: Any = 1e-3, beta: float = 0.9, *, weight_decay: float = 0
    ) -> None:
        super().__init__(params, lr=lr, beta=beta, weight_decay=weight_decay)

    def _kernel(self, options: Options) -> str:
        return "signum"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        return {"lr": lr, "l2": options["weight_decay"], **kept(beta=options["beta"])}
