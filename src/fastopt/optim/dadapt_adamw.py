"""D-Adaptation: Adam that finds its own learning rate."""

from typing import Any

import numpy as np

from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import corrected, kept


class DAdaptAdamW(Optimizer):
    r"""D-Adaptation for AdamW: the rate is a growing lower bound d of the distance to the solution.

    With :math:`\lambda = d \, \eta \sqrt{1 - \beta_2^t} / (1 - \beta_1^t)` and
    :math:`\beta_3 = \sqrt{\beta_2}`:
    :math:`r \leftarrow \beta_3 r + (1 - \beta_3) \lambda \langle g, s / (\sqrt v + \epsilon)
    \rangle`,
    :math:`s \leftarrow \beta_3 s + (1 - \beta_3) \lambda g`,
    :math:`m \leftarrow \beta_1 m + (1 - \beta_1) \lambda g`,
    :math:`v \leftarrow \beta_2 v + (1 - \beta_2) g^2`,
    :math:`d \leftarrow \max(d, r / ((1 - \beta_3) |s|_1))`,
    :math:`w \leftarrow w - \lambda \, \text{weight\_decay} \, w - m / (\sqrt v + \epsilon)`.
    The sums are over all parameters of a group.

    Parameters
    ----------
    params
        As for `SGD`.
    lr : float or callable
        Multiplies the rate that is found; a schedule here falls from 1.
    betas, eps
        As for `Adam`.
    estim_lr0 : float
        The first d; small.
    weight_decay : float
        Decoupled, as in `AdamW`.

    References
    ----------
    Defazio & Mishchenko 2023, "Learning-rate-free learning by D-Adaptation", algorithm 5; as in
    optax.
    """

    projects = False  # d would grow without end

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1.0,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        estim_lr0: float = 1e-6,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(
            params, lr=lr, betas=betas, eps=eps, estim_lr0=estim_lr0, weight_decay=weight_decay
        )

    def _kernel(self, options: Options) -> str:
        return "dadapt_adamw"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        beta1, beta2 = options["betas"]
        lr = lr * self._reach(options, t)
        return {
            "lr": lr,
            "decay": lr * options["weight_decay"],
            **kept(beta1=beta1, beta2=beta2, beta3=float(np.sqrt(beta2))),
            "eps": options["eps"],
        }

    def _reach(self, options: Options, t: Any) -> Any:
        return corrected(options["betas"], t)

    def _remembered(self, name: str, options: Options) -> float:
        return float(options["estim_lr0"]) if name == "d" else 0.0
