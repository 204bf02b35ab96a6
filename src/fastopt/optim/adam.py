"""Adam and AdamW: steps scaled by running moments of the gradient."""

from typing import Any

import numpy as np

from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.terms import filled, kept


class Adam(Optimizer):
    r"""Adam: momentum, divided by the root mean square of the recent gradients.

    :math:`m \leftarrow \beta_1 m + (1 - \beta_1) g`,
    :math:`v \leftarrow \beta_2 v + (1 - \beta_2) g^2`, and, with the biases towards 0 undone,
    :math:`\hat m = m / (1 - \beta_1^t)` and :math:`\hat v = v / (1 - \beta_2^t)`,
    :math:`w \leftarrow w - \eta \, \hat m / (\sqrt{\hat v} + \epsilon)`. g is the gradient plus
    ``weight_decay`` * w.

    Parameters
    ----------
    params, lr, weight_decay
        As for `SGD`.
    betas : (float, float)
        How much of m and of v a step keeps, in [0, 1).
    eps : float
        Keeps the division from 0.
    amsgrad : bool
        Divide by the root of the largest v so far.
    bias_correction : bool
        Undo the biases of m and v.

    References
    ----------
    Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1; amsgrad: Reddi,
    Kale & Kumar 2018, "On the convergence of Adam and beyond", algorithm 2, with torch's order of
    maximum and correction.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        bias_correction: bool = True,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            bias_correction=bias_correction,
        )

    def _kernel(self, options: Options) -> str:
        return "amsgrad" if options["amsgrad"] else "adam"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        beta1, beta2 = options["betas"]
        numbers = {
            "lr": lr,
            **self._weight_decay(options, lr),
            **kept(beta1=beta1, beta2=beta2),
            "root": 1.0,
            "eps": options["eps"],
            "correction": 1.0,
            "eps_in_sqrt": 0.0,
        }
        if options["bias_correction"]:
            numbers["lr"] = lr / filled(beta1, t)
            numbers["root"] = 1 / np.sqrt(filled(beta2, t))
        return numbers

    def _weight_decay(self, options: Options, lr: Any) -> dict[str, Any]:
        return {"l2": options["weight_decay"]}


class AdamW(Adam):
    r"""Adam with decoupled weight decay: w shrinks by :math:`\eta` * ``weight_decay`` beside.

    :math:`w \leftarrow w - \eta \, \text{weight\_decay} \, w - \eta \, \hat m / (\sqrt{\hat v} +
    \epsilon)`, with g the gradient alone.

    Parameters
    ----------
    params, lr, betas, eps, weight_decay, amsgrad, bias_correction
        As for `Adam`.

    References
    ----------
    Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        bias_correction: bool = True,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, bias_correction=bias_correction
        )

    def _weight_decay(self, options: Options, lr: Any) -> dict[str, Any]:
        return {"decay": lr * options["weight_decay"]}
