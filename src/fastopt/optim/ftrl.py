"""FTRL-Proximal: sparse weights from a stream."""

from typing import Any, ClassVar

import numpy as np

from fastopt._arguments import positive
from fastopt.optim.optimizer import Optimizer, Options
from fastopt.optim.options import Checks


class FTRL(Optimizer):
    r"""FTRL-Proximal: follow the leader, with the rates of Adagrad and weights that are 0.

    :math:`\sigma = (\sqrt{v + g^2} - \sqrt v) / \eta`, :math:`z \leftarrow z + g - \sigma w`,
    :math:`v \leftarrow v + g^2`, and w = 0 where :math:`|z| \le \lambda_1`, else
    :math:`w = -(z - \operatorname{sign}(z) \lambda_1) / ((\beta + \sqrt v) / \eta + \lambda_2)`.

    A gradient of 0 changes nothing, so in `linear_model` with ``penalty=None`` an update of sparse
    rows costs their entries alone. A penalty of the model is counted once for every update, one of
    the optimizer once for all.

    Parameters
    ----------
    params
        As for `SGD`.
    lr : float
        :math:`\eta`, the paper's alpha. No schedule: v is what slows the steps.
    beta : float
        What the first steps are slowed by, > 0.
    lambda1, lambda2 : float
        The strengths of the L1 and the L2 penalty on the sum of all losses.

    References
    ----------
    McMahan et al. 2013, "Ad click prediction: a view from the trenches", algorithm 1.
    """

    anchored = sparse = True
    fixed = ("lr", "beta", "lambda2")

    _own_checks: ClassVar[Checks] = {"lr": positive, "beta": positive}

    def __init__(
        self,
        params: Any = None,
        lr: float = 0.1,
        beta: float = 1.0,
        lambda1: float = 0,
        lambda2: float = 0,
    ) -> None:
        super().__init__(params, lr=lr, beta=beta, lambda1=lambda1, lambda2=lambda2)

    def _kernel(self, options: Options) -> str:
        return "ftrl"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        l2 = options.get("weight_decay", 0)  # of a linear model
        return {
            "lr": lr,
            "l2": options["lambda2"] + l2 * t if l2 else options["lambda2"],
            "l1": options["lambda1"],
            "beta": options["beta"],
        }

    def _threshold(self, options: Options, lr: Any, t: Any) -> Any:
        return options["lambda1"] + options["l1"] * t

    def _initial(self, name: str, options: Options, w: Any) -> Any:
        if name == "v":
            return 0.0
        # The z that w comes of, also after some updates of a model.
        done = options.get("done", 0)
        l1 = options["lambda1"] + options.get("l1", 0) * done
        l2 = options["lambda2"] + options.get("weight_decay", 0) * done
        return -((options["beta"] / options["lr"] + l2) * w + l1 * np.sign(w))
