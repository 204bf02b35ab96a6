"""Adagrad: rates that shrink with the gradients seen."""

from typing import Any

from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import eps_numbers


class Adagrad(Optimizer):
    r"""Adagrad: each parameter's rate is divided by the root of its summed squared gradients.

    :math:`v \leftarrow v + g^2`,
    :math:`w \leftarrow w - \eta_t \, g / (\sqrt{v} + \epsilon)` with
    :math:`\eta_t = \eta / (1 + (t - 1) \, \text{lr\_decay})` and g the gradient plus
    ``weight_decay`` * w.

    Parameters
    ----------
    params, lr, weight_decay
        As for `SGD`.
    lr_decay : float
        How fast the rate itself falls.
    initial_accumulator_value : float
        What v starts from.
    eps : float
        Keeps the division from 0.
    eps_in_sqrt : bool
        Divide by :math:`\sqrt{v + \epsilon}` (the paper's equations for full matrices, many
        lectures) instead of :math:`\sqrt{v} + \epsilon` (torch).

    References
    ----------
    Duchi, Hazan & Singer 2011, "Adaptive subgradient methods for online learning and stochastic
    optimization", figure 1.
    """

    sparse = True

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        eps_in_sqrt: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
            eps_in_sqrt=eps_in_sqrt,
        )

    def _kernel(self, options: Options) -> str:
        # "l1" is an option of linear models, whose penalty stays out of v.
        penalised = "l1" in options and (options["l1"] or options["weight_decay"])
        return "adagrad_composite" if penalised else "adagrad"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        slowed = lr / _slowness(options, t) if options["lr_decay"] else lr
        return {"lr": slowed, "l2": options["weight_decay"], **eps_numbers(options)}

    def _reach(self, options: Options, t: Any) -> Any:
        return 1 / _slowness(options, t) if options["lr_decay"] else 1.0

    def _initial(self, name: str, options: Options, w: Any) -> float:
        return float(options["initial_accumulator_value"])


def _slowness(options: Options, t: Any) -> Any:
    return 1 + (t - 1) * options["lr_decay"]
