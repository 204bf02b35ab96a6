"""Schedule-Free SGD and AdamW: averaging in the place of a falling rate."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from fastopt.optim.optimizer import Array, Optimizer, Options
from fastopt.optim.options import Checks, inside
from fastopt.optim.terms import filled, kept


class _ScheduleFree(Optimizer):
    """What both share: the parameters are y = (1 - b1) z + b1 x, and x is to be evaluated."""

    averages = anchored = True
    fixed = ("b1",)
    projects = False
    _own_checks: ClassVar[Checks] = {"b1": inside}

    def _evaluated(self, w: Array, state: Mapping[str, Array], options: Options) -> Array:
        b1 = options["b1"]
        x: Array = (w - w.dtype.type(1 - b1) * state["z"]) / w.dtype.type(b1)
        return x

    def _initial(self, name: str, options: Options, w: Any) -> Any:
        return w if name == "z" else 0.0


class ScheduleFreeSGD(_ScheduleFree):
    r"""Schedule-Free SGD: gradients are taken between the steps z and their average x.

    With the parameters at :math:`y = (1 - b_1) z + b_1 x`: :math:`z \leftarrow z - \eta g(y)`,
    :math:`x \leftarrow (1 - c) x + c z`, where c is the share of this step's
    :math:`(\max_t \eta_t)^p` in the sum of all of them. The average x is what `evaluated` returns;
    go on stepping from the parameters themselves. g is the gradient plus ``weight_decay`` * y.

    Parameters
    ----------
    params, lr, weight_decay
        As for `SGD`; a rate that stays, after a warm-up at most.
    b1 : float
        How near to the average the gradients are taken, in [0.01, 1); it cannot change on the way.
    weight_lr_power : float
        p: with 0 all steps weigh the same.

    References
    ----------
    Defazio et al. 2024, "The road less scheduled", equations 3-5; as in optax.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1.0,
        b1: float = 0.9,
        weight_decay: float = 0,
        weight_lr_power: float = 2.0,
    ) -> None:
        super().__init__(
            params, lr=lr, b1=b1, weight_decay=weight_decay, weight_lr_power=weight_lr_power
        )

    def _kernel(self, options: Options) -> str:
        return "schedule_free_sgd"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        return {
            "lr": lr,
            "l2": options["weight_decay"],
            "b1": options["b1"],
            "weight_power": options["weight_lr_power"],
        }


class ScheduleFreeAdamW(_ScheduleFree):
    r"""Schedule-Free AdamW: the same with the scale of Adam.

    :math:`z \leftarrow z - \eta \left(g / (\sqrt{\hat v} + \epsilon) + \text{weight\_decay} \, y
    \right)` with :math:`v \leftarrow b_2 v + (1 - b_2) g^2`, its bias undone; x and y as for
    `ScheduleFreeSGD`.

    Parameters
    ----------
    params, lr, b1, weight_lr_power
        As for `ScheduleFreeSGD`.
    b2 : float
        How much of v a step keeps, in [0, 1).
    eps : float
        Keeps the division from 0.
    weight_decay : float
        Decoupled, as in `AdamW`.

    References
    ----------
    Defazio et al. 2024, "The road less scheduled", algorithm 1; as in optax.
    """

    def __init__(
        self,
        params: Any = None,
        lr: Any = 0.0025,
        b1: float = 0.9,
        b2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0,
        weight_lr_power: float = 2.0,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            b1=b1,
            b2=b2,
            eps=eps,
            weight_decay=weight_decay,
            weight_lr_power=weight_lr_power,
        )

    def _kernel(self, options: Options) -> str:
        return "schedule_free_adamw"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        return {
            "lr": lr,
            "decay": lr * options["weight_decay"],
            "b1": options["b1"],
            "weight_power": options["weight_lr_power"],
            **kept(beta2=options["b2"]),
            "root": 1 / np.sqrt(filled(options["b2"], t)),
            "eps": options["eps"],
        }
