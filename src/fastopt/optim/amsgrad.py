"""AMSGrad as optax has it: the largest of the corrected mean squares."""

from typing import Any

from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import filled, kept


class AMSGrad(Optimizer):
    r"""AMSGrad: Adam, divided by the root of the largest mean square so far.

    With m and v as in `Adam`, :math:`\bar v \leftarrow \max(\bar v, \hat v)`,
    :math:`w \leftarrow w - \eta \, \hat m / (\sqrt{\bar v + \epsilon_r} + \epsilon)`, with g the
    gradient plus ``weight_decay`` * w. ``Adam(amsgrad=True)`` is torch's, which takes the largest v
    before its bias is undone.

    Parameters
    ----------
    params, lr, weight_decay
        As for `SGD`.
    b1, b2 : float
        How much of m and of v a step keeps, in [0, 1).
    eps, eps_root : float
        What keeps the division from 0: beside the root, and in it.

    References
    ----------
    Reddi, Kale & Kumar 2018, "On the convergence of Adam and beyond", algorithm 2; as in optax.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-3,
        b1: float = 0.9,
        b2: float = 0.999,
        eps: float = 1e-8,
        eps_root: float = 0,
        *,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(
            params, lr=lr, b1=b1, b2=b2, eps=eps, eps_root=eps_root, weight_decay=weight_decay
        )

    def _kernel(self, options: Options) -> str:
        return "amsgrad"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        b1, b2 = options["b1"], options["b2"]
        return {
            "lr": lr / filled(b1, t),
            "l2": options["weight_decay"],
            **kept(beta1=b1, beta2=b2),
            "root": 1.0,
            "eps": options["eps"],
            "correction": 1 / filled(b2, t),
            "eps_in_sqrt": options["eps_root"],
        }
