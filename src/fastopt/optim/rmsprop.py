"""RMSProp: rates divided by a running root mean square of the gradients."""

from typing import Any

from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import eps_numbers, settled


class RMSprop(Optimizer):
    r"""RMSProp: each parameter's rate is divided by the root mean square of its recent gradients.

    :math:`v \leftarrow \alpha v + (1 - \alpha) g^2`,
    :math:`w \leftarrow w - \eta \, g / (\sqrt{v} + \epsilon)`, with g the gradient plus
    ``weight_decay`` * w. Centered, the mean gradient :math:`m \leftarrow \alpha m + (1 - \alpha) g`
    is taken off: :math:`\sqrt{v - m^2}`. With momentum, the scaled gradients go through a velocity
    :math:`u \leftarrow \mu u + g / (\sqrt{v} + \epsilon)` and :math:`w \leftarrow w - \eta u`.

    Parameters
    ----------
    params, lr, weight_decay
        As for `SGD`.
    alpha : float
        How much of the mean square a step keeps, in [0, 1).
    eps : float
        Keeps the division from 0.
    momentum : float
        How much of the velocity a step keeps.
    centered : bool
        Divide by the standard deviation instead of the root mean square.
    eps_in_sqrt : bool
        Divide by :math:`\sqrt{v + \epsilon}` instead of :math:`\sqrt{v} + \epsilon` (torch).

    References
    ----------
    Tieleman & Hinton 2012, Neural networks for machine learning, lecture 6.5; centered: Graves
    2013, "Generating sequences with recurrent neural networks", equations 38-45.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        eps_in_sqrt: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            eps_in_sqrt=eps_in_sqrt,
        )

    def _kernel(self, options: Options) -> str:
        centered = "_centered" if options["centered"] else ""
        momentum = "_momentum" if options["momentum"] else ""
        return f"rmsprop{centered}{momentum}"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        return {
            "lr": lr,
            "l2": options["weight_decay"],
            "alpha": options["alpha"],
            "gain": 1 - options["alpha"],
            "momentum": options["momentum"],
            **eps_numbers(options),
        }

    def _reach(self, options: Options, t: Any) -> float:
        return settled(options["momentum"])
