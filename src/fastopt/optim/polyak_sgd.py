"""SGD with Polyak's step: the rate comes from the loss itself."""

from typing import Any

import numpy as np

from fastopt.optim.optimizer import Optimizer, Options


class PolyakSGD(Optimizer):
    r"""SGD with Polyak's step, for losses whose least value is known, such as 0.

    :math:`w \leftarrow w - \eta \min\left(\frac{f - f_{\min}}{|g|^2 + \epsilon},
    \eta_{\max}\right) g`, with the norm over all parameters of a group. `step` must be given the
    loss f. With ``weight_decay``, its penalty is added to both f and g.

    Parameters
    ----------
    params, weight_decay
        As for `SGD`.
    lr : float or callable
        Multiplies the step (optax's scaling).
    max_learning_rate : float
        The longest step, in units of g.
    f_min : float
        The least loss, or a lower bound of it.
    eps : float
        Keeps the division from 0. A gradient whose squared norm is below 2**-52 makes no step.
    variant : {"sps", "sps+"}
        Whether a loss below f_min makes a step backwards, or none.

    References
    ----------
    Polyak 1987, "Introduction to optimization", section 5.3; Loizou et al. 2021, "Stochastic Polyak
    step-size for SGD", equation 3; as in optax.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1.0,
        max_learning_rate: float = 1.0,
        f_min: float = 0.0,
        eps: float = 0.0,
        variant: str = "sps",
        weight_decay: float = 0,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            max_learning_rate=max_learning_rate,
            f_min=f_min,
            eps=eps,
            variant=variant,
            weight_decay=weight_decay,
        )

    def _kernel(self, options: Options) -> str:
        return "polyak_sgd"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        return {
            "lr": lr,
            "l2": options["weight_decay"],
            "max_lr": options["max_learning_rate"],
            "f_min": options["f_min"],
            "least_gap": 0.0 if options["variant"] == "sps+" else -np.inf,
            "eps": options["eps"],
        }
