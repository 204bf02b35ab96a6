"""Numbers of running means: how much a step keeps, and the bias towards 0 at the start."""

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
