"""RAdam: Adam that waits for its variance to be known."""

from typing import Any

import numpy as np

from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import filled, kept, weight_decay


class RAdam(Optimizer):
    r"""RAdam: Adam with its rate rectified by how well the mean square is known.

    With :math:`\rho_\infty = 2 / (1 - \beta_2) - 1` and
    :math:`\rho_t = \rho_\infty - 2 t \beta_2^t / (1 - \beta_2^t)`: while :math:`\rho_t \le 5`, a
    step of momentum alone, :math:`w \leftarrow w - \eta \hat m`; then
    :math:`w \leftarrow w - \eta r_t \hat m \sqrt{1 - \beta_2^t} / (\sqrt{v} + \epsilon)` with
    :math:`r_t^2 = \frac{(\rho_t - 4)(\rho_t - 2) \rho_\infty}
    {(\rho_\infty - 4)(\rho_\infty - 2) \rho_t}`.

    Parameters
    ----------
    params, lr
        As for `SGD`.
    betas, eps, weight_decay
        As for `Adam`.
    decoupled_weight_decay : bool
        Shrink w beside the gradient, as `AdamW` does, instead of adding to it.

    References
    ----------
    Liu et al. 2020, "On the variance of the adaptive learning rate and beyond", algorithm 2, with
    torch's epsilon and threshold.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            decoupled_weight_decay=decoupled_weight_decay,
        )

    def _kernel(self, options: Options) -> str:
        return "adam"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        beta1, beta2 = options["betas"]
        known = _rectified(beta2, t) > 0
        return {
            "lr": lr * self._reach(options, t) / filled(beta1, t),
            **weight_decay(options, lr),
            **kept(beta1=beta1, beta2=beta2),
            "root": np.where(known, 1.0, 0.0),  # sqrt(v) * 0 + 1 divides by nothing
            "eps": np.where(known, options["eps"], 1.0),
        }

    def _reach(self, options: Options, t: Any) -> Any:
        beta2 = options["betas"][1]
        rectified = _rectified(beta2, t)
        return np.where(rectified > 0, rectified * np.sqrt(filled(beta2, t)), 1.0)


def _rectified(beta2: float, t: Any) -> Any:
    """Return r at updates t, and 0 where the mean square is not known well enough."""
    at_last = 2 / (1 - beta2) - 1
    if at_last <= 5:
        return np.zeros(len(t))
    rho = at_last - 2 * t * (1 - filled(beta2, t)) / filled(beta2, t)
    enough = np.maximum(rho, 5.0)
    square = (enough - 4) * (enough - 2) * at_last / ((at_last - 4) * (at_last - 2) * enough)
    return np.where(rho > 5, np.sqrt(np.abs(square)), 0.0)
