"""AdEMAMix: Adam with a second, slower momentum."""

from typing import Any, ClassVar

from fastopt._arguments import fraction, nonnegative
from fastopt.optim.optimizer import Optimizer, Options, rates
from fastopt.optim.options import Checks, or_of_time
from fastopt.optim.terms import filled, kept


class AdEMAMix(Optimizer):
    r"""AdEMAMix: a fast and a slow mean of the gradients together.

    :math:`m \leftarrow b_1 m + (1 - b_1) g`, :math:`m_s \leftarrow b_3 m_s + (1 - b_3) g`,
    :math:`v \leftarrow b_2 v + (1 - b_2) g^2`, and, with the biases of m and v undone,
    :math:`w \leftarrow w - \eta \left(\frac{\hat m + \alpha m_s}{\sqrt{\hat v + \epsilon_r} +
    \epsilon} + \text{weight\_decay} \, w\right)`.

    Parameters
    ----------
    params, lr
        As for `SGD`.
    b1, b2 : float
        How much of m and of v a step keeps, in [0, 1).
    b3 : float or callable
        The same of the slow mean, or a function of the update t = 1, 2, ...
    alpha : float or callable
        How much the slow mean counts, or a function of t. The paper lets both rise at first.
    eps, eps_root : float
        What keeps the division from 0: beside the root, and in it.
    weight_decay : float
        Decoupled, as in `AdamW`.

    References
    ----------
    Pagliardini, Ablin & Grangier 2024, "The AdEMAMix optimizer: better, faster, older", algorithm
    1; as in optax.
    """

    _own_checks: ClassVar[Checks] = {
        "alpha": or_of_time(nonnegative),
        "b3": or_of_time(fraction),
    }

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1e-3,
        b1: float = 0.9,
        b2: float = 0.999,
        b3: Any = 0.9999,
        alpha: Any = 5.0,
        eps: float = 1e-8,
        eps_root: float = 0,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            b1=b1,
            b2=b2,
            b3=b3,
            alpha=alpha,
            eps=eps,
            eps_root=eps_root,
            weight_decay=weight_decay,
        )

    def _kernel(self, options: Options) -> str:
        return "ademamix"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        b1, b2 = options["b1"], options["b2"]
        steps = t.astype(int)
        return {
            "lr": lr,
            "decay": lr * options["weight_decay"],
            **kept(beta1=b1, beta2=b2, beta3=rates(options["b3"], steps, "b3")),
            "mix": rates(options["alpha"], steps, "alpha"),
            "correction1": 1 / filled(b1, t),
            "correction2": 1 / filled(b2, t),
            "eps": options["eps"],
            "eps_in_sqrt": options["eps_root"],
        }
