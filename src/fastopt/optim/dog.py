"""DoG: the rate is the distance over the gradients."""

from typing import Any

from fastopt.optim.optimizer import Optimizer, Options


class DoG(Optimizer):
    r"""DoG, distance over gradients: SGD with a rate found on the way.

    :math:`w \leftarrow w - \eta \, \frac{\max_{s \le t} |w_s - w_0|}{\sqrt{\sum_{s \le t} |g_s|^2 +
    \epsilon}} \, g`, with norms over all parameters of a group, and g the gradient plus
    ``weight_decay`` * w. Average the weights for the last bit of accuracy.

    Parameters
    ----------
    params, weight_decay
        As for `SGD`.
    lr : float or callable
        Multiplies the rate that is found.
    init_step : ({"heuristic", "distance", "learning_rate"}, float)
        What the first step is made of, as there is no distance yet: "distance", such a one;
        "heuristic", one of so many times :math:`1 + |w_0|`; "learning_rate", a first rate.
    eps : float
        Keeps the division from 0.

    References
    ----------
    Ivgi, Hinder & Carmon 2023, "DoG is SGD's best friend: a parameter-free dynamic step size
    schedule", equation 1; as in optax.
    """

    anchored = True

    def __init__(
        self,
        params: Any = None,
        lr: Any = 1.0,
        init_step: tuple[str, float] = ("heuristic", 1e-6),
        eps: float = 1e-8,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(params, lr=lr, init_step=init_step, eps=eps, weight_decay=weight_decay)

    def _kernel(self, options: Options) -> str:
        return "dog"

    def _numbers(self, options: Options, lr: Any, t: Any) -> dict[str, Any]:
        kind, value = options["init_step"]
        return {
            "lr": lr,
            "l2": options["weight_decay"],
            "eps": options["eps"],
            "first_distance": value if kind == "distance" else 0.0,
            "relative": value if kind == "heuristic" else 0.0,
            "first_lr": value if kind == "learning_rate" else 0.0,
        }

    def _initial(self, name: str, options: Options, w: Any) -> Any:
        return w if name == "w0" else 0.0
