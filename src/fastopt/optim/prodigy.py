"""Prodigy: D-Adaptation that gets there faster."""

from typing import Any

import numpy as np

from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import corrected, kept


class Prodigy(Optimizer):
    r"""Prodigy: AdamW whose rate is a growing estimate d of the distance to the solution.

    With :math:`\lambda = d \, \eta \sqrt{1 - \beta_2^t} / (1 - \beta_1^t)`:
    :math:`r \leftarrow \beta_3 r + (d / d_0) \lambda \langle g, w_0 - w \rangle`,
    :math:`s \leftarrow \beta_3 s + (d / d_0) \lambda g`,
    :math:`m \leftarrow \beta_1 m + (1 - \beta_1) d g`,
    :math:`v \leftarrow \beta_2 v + (1 - \beta_2) d^2 g^2`,
    :math:`d' = \max(d, \text{coef} \cdot r / |s|_1)`,
    :math:`w \leftarrow w - \lambda (m / (\sqrt v + d' \epsilon) + \text{weight\_decay} \, w)`.
    The sums are over all parameters of a group.

    Parameters
    ----------
    params
        As for `SGD`.
    lr : float or callable
        Multiplies the rate that is found; a schedule here falls from 1.
    betas, eps
        As for `Adam`.
    beta3 : float, optional
        How much of r and s a step keeps; the root of ``betas[1]`` if None.
    estim_lr0 : float
        d_0, the first d; small.
    estim_lr_coef : float
        coef: above 1 for faster, below 1 for more cautious estimates.
    weight_decay : float
        Decoupled, as in `AdamW`.
    safeguard_warmup : bool
        Leave lr out of s, which a warm-up would make small.

    References
    ----------
    Mishchenko & Defazio 2024, "Prodigy: an expeditiously adaptive parameter-free learner",
    algorithm 4; as in optax.
    """

    anchored = True

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1.0,
        betas: tuple[float, float] = (0.9, 0.999),
        beta3: float | None = None,
        eps: float = 1e-8,
        estim_lr0: float = 1e-6,
        estim_lr_coef: float = 1.0,
        weight_decay: float = 0,
        safeguard_warmup: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            beta3=beta3,
            eps=eps,
            estim_lr0=estim_lr0,
            estim_lr_coef=estim_lr_coef,
            weight_decay=weight_decay,
            safeguard_warmup=safeguard_warmup,
        )

    def _kernel(self, options: Options) -> str:
        return "prodigy"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        beta1, beta2 = options["betas"]
        beta3 = np.sqrt(beta2) if options["beta3"] is None else options["beta3"]
        lr = lr * self._reach(options, t)
        return {
            "lr": lr,
            "decay": lr * options["weight_decay"],
            **kept(beta1=beta1, beta2=beta2),
            "beta3": float(beta3),
            "eps": options["eps"],
            "d0": options["estim_lr0"],
            "coef": options["estim_lr_coef"],
            "lr_of_s": 1.0 if options["safeguard_warmup"] else lr,
            "d": 0.0,  # which the kernel sets
        }

    def _reach(self, options: Options, t: Any) -> Any:
        return corrected(options["betas"], t)

    def _initial(self, name: str, options: Options, w: Any) -> Any:
        return w if name == "w0" else 0.0

    def _remembered(self, name: str, options: Options) -> float:
        return float(options["estim_lr0"]) if name == "d" else 0.0
