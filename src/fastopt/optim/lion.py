"""Lion: the sign of a momentum."""

from typing import Any

from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import kept


class Lion(Optimizer):
    r"""Lion: every parameter steps by the same length, in the direction of its momentum.

    :math:`w \leftarrow w - \eta (\operatorname{sign}(b_1 m + (1 - b_1) g) + \text{weight\_decay}
    \, w)`, then :math:`m \leftarrow b_2 m + (1 - b_2) g`.

    Parameters
    ----------
    params, lr
        As for `SGD`; lr is a length, some three to ten times smaller than Adam's.
    b1, b2 : float
        How much of the momentum the step, and the next momentum, keep, in [0, 1).
    weight_decay : float
        Decoupled, as in `AdamW`. An l1 penalty of linear models is so, too.

    References
    ----------
    Chen et al. 2023, "Symbolic discovery of optimization algorithms", program 1; as in optax.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-4,
        b1: float = 0.9,
        b2: float = 0.99,
        weight_decay: float = 1e-3,
    ) -> None:
        super().__init__(params, lr=lr, b1=b1, b2=b2, weight_decay=weight_decay)

    def _kernel(self, options: Options) -> str:
        return "lion"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        return {
            "lr": lr,
            "decay": lr * options["weight_decay"],
            **kept(beta1=options["b1"], beta2=options["b2"]),
        }
