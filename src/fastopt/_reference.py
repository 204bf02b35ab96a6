"""Every kernel again in plain NumPy and float64: short, slow, and the specification of the C.

Names, states and hyper-parameters are those of csrc/kernels.def.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
State = Mapping[str, Array]
Hyper = Mapping[str, float]

# --- Update rules: w and the state change in place -----------------------------------------------


def _move(w: Array, step: Array, h: Hyper) -> None:
    w -= h["decay"] * w + h["lr"] * step


def sgd(w: Array, g: Array, s: State, h: Hyper) -> None:
    """W - lr g."""
    _move(w, g + h["l2"] * w, h)


def momentum(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Polyak: the velocity is a decaying sum of gradients."""
    g = g + h["l2"] * w
    s["velocity"][...] = h["momentum"] * s["velocity"] + h["gain"] * g
    _move(w, s["velocity"], h)


def nesterov(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Nesterov, with w as the look-ahead point."""
    g = g + h["l2"] * w
    s["velocity"][...] = h["momentum"] * s["velocity"] + h["gain"] * g
    _move(w, g + h["momentum"] * s["velocity"], h)


def adagrad(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Duchi et al.: v is the sum of squares."""
    g = g + h["l2"] * w
    s["v"][...] += g**2
    _move(w, g / (np.sqrt(s["v"] + h["eps_in_sqrt"]) + h["eps"]), h)


def _rmsprop(w: Array, g: Array, s: State, h: Hyper) -> Array:
    """Return the gradient over its running root mean square, or standard deviation if m is kept."""
    g = g + h["l2"] * w
    s["v"][...] = h["alpha"] * s["v"] + h["gain"] * g**2
    variance = s["v"]
    if "m" in s:
        s["m"][...] = h["alpha"] * s["m"] + h["gain"] * g
        variance = np.maximum(s["v"] - s["m"] ** 2, 0)
    scaled: Array = g / (np.sqrt(variance + h["eps_in_sqrt"]) + h["eps"])
    return scaled


def rmsprop(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Tieleman & Hinton, and Graves' centered form."""
    _move(w, _rmsprop(w, g, s, h), h)


def rmsprop_momentum(w: Array, g: Array, s: State, h: Hyper) -> None:
    """The same through a velocity."""
    s["velocity"][...] = h["momentum"] * s["velocity"] + _rmsprop(w, g, s, h)
    _move(w, s["velocity"], h)


def adam(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Kingma & Ba; lr and root hold the bias corrections. With v_max, Reddi et al."""
    g = g + h["l2"] * w
    s["m"][...] = h["beta1"] * s["m"] + h["gain1"] * g
    s["v"][...] = h["beta2"] * s["v"] + h["gain2"] * g**2
    v = s["v"]
    if "v_max" in s:
        s["v_max"][...] = v = np.maximum(s["v_max"], v)
    _move(w, s["m"] / (np.sqrt(v) * h["root"] + h["eps"]), h)


OPTIMIZERS: dict[str, Callable[[Array, Array, State, Hyper], None]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "rmsprop_momentum": rmsprop_momentum,
    "rmsprop_centered": rmsprop,
    "rmsprop_centered_momentum": rmsprop_momentum,
    "adam": adam,
    "amsgrad": adam,
}

# --- Losses: value and slope at predictions z and targets y ---------------------------------------


def _sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    sigmoid: Array = np.where(x >= 0, 1, e) / (1 + e)
    return sigmoid


def _epsilon_tube(z: Array, y: Array, epsilon: float) -> Array:
    outside: Array = np.maximum(np.abs(z - y) - epsilon, 0)
    return outside


def _clipped(slope: Array) -> Array:
    return np.clip(slope, -1e12, 1e12)


LOSSES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "log_loss": (
        lambda z, y: np.logaddexp(0, -y * z),
        lambda z, y: -y * _sigmoid(-y * z),
    ),
    "hinge": (
        lambda z, y: np.maximum(1 - y * z, 0),
        lambda z, y: np.where(y * z <= 1, -y, 0),
    ),
    "squared_hinge": (
        lambda z, y: np.maximum(1 - y * z, 0) ** 2,
        lambda z, y: _clipped(-2 * y * np.maximum(1 - y * z, 0)),
    ),
    "modified_huber": (
        lambda z, y: np.where(y * z >= -1, np.maximum(1 - y * z, 0) ** 2, -4 * y * z),
        lambda z, y: np.where(y * z >= -1, -2 * y * np.maximum(1 - y * z, 0), -4 * y),
    ),
    "perceptron": (
        lambda z, y: np.maximum(-y * z, 0),
        lambda z, y: np.where(y * z <= 0, -y, 0),
    ),
    "squared_error": (
        lambda z, y: (z - y) ** 2 / 2,
        lambda z, y: _clipped(z - y),
    ),
    "huber": (
        lambda z, y, epsilon: np.where(
            np.abs(z - y) <= epsilon, (z - y) ** 2 / 2, epsilon * (np.abs(z - y) - epsilon / 2)
        ),
        lambda z, y, epsilon: np.clip(z - y, -epsilon, epsilon),
    ),
    "epsilon_insensitive": (
        lambda z, y, epsilon: _epsilon_tube(z, y, epsilon),
        lambda z, y, epsilon: np.sign(z - y) * (np.abs(z - y) > epsilon),
    ),
    "squared_epsilon_insensitive": (
        lambda z, y, epsilon: _epsilon_tube(z, y, epsilon) ** 2,
        lambda z, y, epsilon: _clipped(2 * np.sign(z - y) * _epsilon_tube(z, y, epsilon)),
    ),
}

# --- Orders and passes ----------------------------------------------------------------------------

_MASK = 2**64 - 1


def _mix(x: int) -> int:
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & _MASK
    return x ^ (x >> 31)


def _random_numbers(seed: int, epoch: int) -> Iterator[int]:
    """SplitMix64: 32 bits at a time."""
    counter = _mix(_mix(seed) + 0x9E3779B97F4A7C15 * (epoch + 1) & _MASK)
    while True:
        counter = counter + 0x9E3779B97F4A7C15 & _MASK
        yield _mix(counter) >> 32


def permutation(n: int, seed: int, epoch: int) -> list[int]:
    """Fisher and Yates, with Lemire's unbiased numbers below a bound."""
    random = _random_numbers(seed, epoch)
    order = list(range(n))
    for last in range(n - 1, 0, -1):
        bound = last + 1
        product = next(random) * bound
        while product % 2**32 < 2**32 % bound:
            product = next(random) * bound
        partner = product >> 32
        order[last], order[partner] = order[partner], order[last]
    return order


def epoch(
    X: Array,
    y: Array,
    w: Array,
    intercept: Array,
    *,
    loss: str,
    loss_hyper: tuple[float, ...],
    optimizer: str,
    w_state: State,
    intercept_state: State,
    hypers: list[Hyper],
    batch_size: int,
    sample_weight: Array | None = None,
) -> Array:
    """Pass over the rows of X in their order, an update for each batch; return the predictions.

    The gradient is the mean over the batch; the intercept is neither penalised nor decayed.
    """
    slope = LOSSES[loss][1]
    step = OPTIMIZERS[optimizer]
    predictions = []
    for update, start in enumerate(range(0, len(X), batch_size)):
        batch = slice(start, start + batch_size)
        z = X[batch] @ w + intercept[0]
        a = slope(z, y[batch], *loss_hyper)
        if sample_weight is not None:
            a = a * sample_weight[batch]
        predictions.extend(z)
        hyper = hypers[update % len(hypers)]
        step(w, a @ X[batch] / len(z), w_state, hyper)
        step(intercept, np.array([np.mean(a)]), intercept_state, {**hyper, "l2": 0, "decay": 0})
    return np.array(predictions)
