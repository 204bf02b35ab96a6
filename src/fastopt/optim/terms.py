"""Numbers that rules share: of running means and their bias towards 0, of decay and epsilon."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastopt import _core


def kept(**betas: Any) -> dict[str, Any]:
    """Return beta1 and so on, how much a mean keeps, with gain1 = 1 - beta1, what it takes in."""
    gains = {name.replace("beta", "gain"): 1 - beta for name, beta in betas.items()}
    return {**betas, **gains}


def filled(beta: float, t: Any) -> Any:
    """Return 1 - beta ** t for updates t, t + 1, ...; the number 1.0 from where it rounds to 1.

    A mean that began at 0 has taken in so much.  A power is the product of two, beta ** (256 q) and
    beta ** r, so that few must be worked out and each depends on its own t alone.
    """
    first, last = int(t[0]), int(t[-1])
    if beta**first < 2**-54:
        return 1.0
    q = np.arange(first // 256, last // 256 + 1, dtype=np.float64)
    powers = np.outer(_core.powers(beta, 256 * q), _core.powers(beta, np.arange(256.0)))
    return 1 - powers.reshape(-1)[first % 256 : first % 256 + len(t)]


def settled(momentum: float) -> float:
    """Return how far a velocity goes in the end for each unit that enters it."""
    if momentum >= 1:
        raise ValueError(f"momentum must be below 1 with an l1 penalty, got {momentum!r}")
    return float(1 / (1 - momentum))


def corrected(betas: tuple[float, float], t: Any) -> Any:
    """Return what the biases of m and v multiply Adam's rate by."""
    beta1, beta2 = betas
    return np.sqrt(filled(beta2, t)) / filled(beta1, t)


def weight_decay(options: Mapping[str, Any], lr: Any) -> dict[str, Any]:
    """Return the weight decay, coupled or not, as kernels take it."""
    if options["decoupled_weight_decay"]:
        return {"decay": lr * options["weight_decay"]}
    return {"l2": options["weight_decay"]}


def eps_numbers(options: Mapping[str, Any]) -> dict[str, float]:
    """Return the epsilon outside and inside of the root; one of them is 0, or so small that only
    0 / 0, the step of a parameter that never had a gradient, differs: it is 0.
    """
    if options["eps_in_sqrt"]:
        return {"eps": 0.0 if options["eps"] else 1e-30, "eps_in_sqrt": options["eps"]}
    return {"eps": options["eps"] or 1e-30, "eps_in_sqrt": 0.0}
