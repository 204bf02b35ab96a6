"""NAdam: Adam with Nesterov's momentum."""

from typing import Any

import numpy as np

from fastopt import _core
from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import filled, kept, weight_decay


class NAdam(Optimizer):
    r"""NAdam: Adam whose momentum looks one step ahead.

    With g, m and v as in `Adam`, :math:`\mu_t = \beta_1 (1 - 0.96^{t \psi} / 2)` and
    :math:`\bar\mu_t = \mu_1 \cdots \mu_t`,
    :math:`w \leftarrow w - \eta \left(\frac{1 - \mu_t}{1 - \bar\mu_t} g +
    \frac{\mu_{t+1}}{1 - \bar\mu_{t+1}} m\right) / (\sqrt{\hat v} + \epsilon)`.

    Parameters
    ----------
    params, lr
        As for `SGD`.
    betas, eps, weight_decay
        As for `Adam`.
    momentum_decay : float
        :math:`\psi`, how fast the momentum rises to :math:`\beta_1`.
    decoupled_weight_decay : bool
        Shrink w beside the gradient, as `AdamW` does, instead of adding to it.

    References
    ----------
    Dozat 2016, "Incorporating Nesterov momentum into Adam", algorithm 2 and section
    4; as in torch.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay,
        )

    def _kernel(self, options: Options) -> str:
        return "nadam"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        beta1, beta2 = options["betas"]
        slowness = _core.power(np.array([0.96]), options["momentum_decay"])[0]
        return {
            "lr": lr,
            **weight_decay(options, lr),
            **kept(beta1=beta1, beta2=beta2),
            "root": 1 / np.sqrt(filled(beta2, t)),
            "eps": options["eps"],
            "mu": beta1 * (1 - _core.powers(slowness, t) / 2),
            "mu_next": beta1 * (1 - _core.powers(slowness, t + 1) / 2),
        }

    def _remembered(self, name: str, options: Options) -> float:
        return 1.0
