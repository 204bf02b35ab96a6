"""MoMo: momentum, and Adam, with a step that the loss decides."""

from typing import Any

import numpy as np

from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import filled, kept


class _ModelBased(Optimizer):
    """What both share: the model of the loss."""

    def _model(self, options: Options, lr: Any) -> dict[str, Any]:
        return {
            "decay": lr * options["weight_decay"],
            "weight_decay": options["weight_decay"],
            "least_bound": options["lower_bound"],
            "adapt": float(options["adapt_lower_bound"]),
        }

    def _remembered(self, name: str, options: Options) -> float:
        return float(options["lower_bound"]) if name == "lower_bound" else 0.0


class MoMo(_ModelBased):
    r"""MoMo: momentum whose step is cut to what a model of the loss allows.

    With the means m of g, :math:`\bar f` of the losses and :math:`\gamma` of
    :math:`\langle g, w \rangle`, all of factor :math:`\beta`, and a lower bound :math:`f_*`:
    :math:`w \leftarrow w - \min\left(\eta, \frac{\max(\bar f - f_* + \langle m, w \rangle - \gamma,
    0)}{|m|^2}\right) m`, with sums over all parameters of a group. `step` must be given the loss.
    With ``weight_decay``, :math:`\bar f - f_* - \gamma` counts :math:`1 + \eta \lambda` times.

    Parameters
    ----------
    params
        As for `SGD`.
    lr : float or callable
        The longest step.
    beta : float
        How much of the means a step keeps, in [0, 1).
    lower_bound : float
        :math:`f_*`, a lower bound of the loss.
    weight_decay : float
        :math:`\lambda`, decoupled, by an implicit step:
        :math:`w \leftarrow w - \eta \lambda w / (1 + \eta \lambda)`.
    adapt_lower_bound : bool
        Raise the bound on the way, where the losses allow it.

    References
    ----------
    Schaipp et al. 2024, "MoMo: momentum models for adaptive learning rates", algorithms 1 and 3; as
    in optax.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1.0,
        beta: float = 0.9,
        lower_bound: float = 0.0,
        weight_decay: float = 0,
        adapt_lower_bound: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            beta=beta,
            lower_bound=lower_bound,
            weight_decay=weight_decay,
            adapt_lower_bound=adapt_lower_bound,
        )

    def _kernel(self, options: Options) -> str:
        return "momo"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        beta = np.where(t == 1, 0.0, options["beta"]) if t[0] == 1 else options["beta"]
        return {"lr": lr, **kept(beta=beta), **self._model(options, lr)}


class MoMoAdam(_ModelBased):
    r"""MoMo-Adam: the same in the metric of Adam.

    The step is along :math:`m / (\sqrt{\hat v} + \epsilon)`, and :math:`|m|^2` is
    :math:`\langle m, m / (\sqrt{\hat v} + \epsilon) \rangle`; the means begin at 0, and their bias
    is undone.

    Parameters
    ----------
    params, lr, lower_bound, weight_decay, adapt_lower_bound
        As for `MoMo`.
    b1, b2 : float
        How much of the means, and of v, a step keeps, in [0, 1).
    eps : float
        Keeps the division from 0.

    References
    ----------
    Schaipp et al. 2024, "MoMo: momentum models for adaptive learning rates", algorithms 2 and 3; as
    in optax.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-2,
        b1: float = 0.9,
        b2: float = 0.999,
        eps: float = 1e-8,
        lower_bound: float = 0.0,
        weight_decay: float = 0,
        adapt_lower_bound: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            b1=b1,
            b2=b2,
            eps=eps,
            lower_bound=lower_bound,
            weight_decay=weight_decay,
            adapt_lower_bound=adapt_lower_bound,
        )

    def _kernel(self, options: Options) -> str:
        return "momo_adam"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        return {
            "lr": lr,
            **kept(beta1=options["b1"], beta2=options["b2"]),
            "root": 1 / np.sqrt(filled(options["b2"], t)),
            "eps": options["eps"],
            "bias": filled(options["b1"], t),
            **self._model(options, lr),
        }
