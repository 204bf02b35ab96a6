"""COCOB: no learning rate, but bets on coins."""

from typing import Any, ClassVar

from fastopt._arguments import positive
from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.options import Checks


class COCOB(Optimizer):
    r"""COCOB, continuous coin betting: each weight bets on the sign of its next gradient.

    With c the gradient plus ``weight_decay`` * w, times lr:
    :math:`L \leftarrow \max(L, |c|)`, :math:`G \leftarrow G + |c|`,
    :math:`R \leftarrow \max(R - c (w - w_0), 0)`, :math:`C \leftarrow C + c`,
    :math:`w = w_0 - C (L + R) / (L \max(G + L, \alpha L))`.

    Parameters
    ----------
    params, weight_decay
        As for `SGD`.
    lr : float or callable
        Multiplies the gradients; the steps hardly depend on it.
    alpha : float
        How small a part of the wealth the first bets are.
    eps : float
        The first L.

    References
    ----------
    Orabona & Tommasi 2017, "Training deep networks without learning rates through coin betting",
    algorithm 2; as in optax.
    """

    anchored = sparse = True

    _own_checks: ClassVar[Checks] = {"alpha": positive, "eps": positive}

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1.0,
        alpha: float = 100,
        eps: float = 1e-8,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(params, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay)

    def _kernel(self, options: Options) -> str:
        return "cocob"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        return {"lr": lr, "l2": options["weight_decay"], "alpha": options["alpha"]}

    def _threshold(self, options: Options, lr: Any, t: Any) -> Any:
        return options["l1"] * lr * t  # of all updates

    def _initial(self, name: str, options: Options, w: Any) -> Any:
        return {"w0": w, "range": options["eps"]}.get(name, 0.0)
