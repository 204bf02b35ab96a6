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


def _move(w: Array, step: Array, h: Hyper, threshold: Array | float) -> None:
    w -= h["decay"] * w + h["lr"] * step
    w -= np.clip(w, -threshold, threshold)


def sgd(w: Array, g: Array, s: State, h: Hyper) -> None:
    """W - lr g."""
    _move(w, g + h["l2"] * w, h, 0)


def sgd_l1(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Tsuruoka et al.: the penalty that is due adds up until it is applied."""
    before = w.copy()
    sgd(before, g, s, h)
    kept = max(1 - (h["lr"] * h["l2"] + h["decay"]), 0)
    for budget in (s["up"], s["down"]):
        budget[...] = kept * budget + h["l1"]
    w[...] = np.where(
        before > 0, np.maximum(0, before - s["up"]), np.minimum(0, before + s["down"])
    )
    s["up"][...] += w - before
    s["down"][...] -= w - before


def momentum(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Polyak: the velocity is a decaying sum of gradients."""
    g = g + h["l2"] * w
    s["velocity"][...] = h["momentum"] * s["velocity"] + h["gain"] * g
    _move(w, s["velocity"], h, h["l1"])


def nesterov(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Nesterov, with w as the look-ahead point."""
    g = g + h["l2"] * w
    s["velocity"][...] = h["momentum"] * s["velocity"] + h["gain"] * g
    _move(w, g + h["momentum"] * s["velocity"], h, h["l1"])


def adagrad(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Duchi et al.: v is the sum of squares."""
    g = g + h["l2"] * w
    s["v"][...] += g**2
    scale = np.sqrt(s["v"] + h["eps_in_sqrt"]) + h["eps"]
    _move(w, g / scale, h, h["l1"] / scale)


def adagrad_composite(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Duchi et al., equation 4: w' = -(l2 w + l1 sign w) / scale for the time lr, beside v."""
    s["v"][...] += g**2
    scale = np.where(s["v"] > 0, np.sqrt(s["v"] + h["eps_in_sqrt"]) + h["eps"], np.inf)
    w -= h["lr"] * g / scale
    q, r = h["lr"] * h["l2"] / scale, h["l1"] / scale
    mean = np.where(q > 0, -np.expm1(-q) / np.where(q > 0, q, 1), 1)
    w *= np.exp(-q)
    w -= np.clip(w, -mean * r, mean * r)


def _rmsprop(w: Array, g: Array, s: State, h: Hyper) -> tuple[Array, Array]:
    """Return the gradient over its running root mean square, or over its standard deviation if m is
    kept; and what it was divided by.
    """
    g = g + h["l2"] * w
    s["v"][...] = h["alpha"] * s["v"] + h["gain"] * g**2
    variance = s["v"]
    if "m" in s:
        s["m"][...] = h["alpha"] * s["m"] + h["gain"] * g
        variance = np.maximum(s["v"] - s["m"] ** 2, 0)
    scale = np.sqrt(variance + h["eps_in_sqrt"]) + h["eps"]
    return g / scale, scale


def rmsprop(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Tieleman & Hinton, and Graves' centered form."""
    scaled, scale = _rmsprop(w, g, s, h)
    _move(w, scaled, h, h["l1"] / scale)


def rmsprop_momentum(w: Array, g: Array, s: State, h: Hyper) -> None:
    """The same through a velocity."""
    scaled, scale = _rmsprop(w, g, s, h)
    s["velocity"][...] = h["momentum"] * s["velocity"] + scaled
    _move(w, s["velocity"], h, h["l1"] / scale)


def adam(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Kingma & Ba; lr and root hold the bias corrections. With v_max, Reddi et al."""
    g = g + h["l2"] * w
    s["m"][...] = h["beta1"] * s["m"] + h["gain1"] * g
    s["v"][...] = h["beta2"] * s["v"] + h["gain2"] * g**2
    v = s["v"]
    if "v_max" in s:
        s["v_max"][...] = v = np.maximum(s["v_max"], v)
    scale = np.sqrt(v) * h["root"] + h["eps"]
    _move(w, s["m"] / scale, h, h["l1"] / scale)


OPTIMIZERS: dict[str, Callable[[Array, Array, State, Hyper], None]] = {
    "sgd": sgd,
    "sgd_l1": sgd_l1,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "adagrad_composite": adagrad_composite,
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
    "smooth_hinge": (
        lambda z, y: np.where(y * z <= 0, 0.5 - y * z, np.maximum(1 - y * z, 0) ** 2 / 2),
        lambda z, y: -y * np.clip(1 - y * z, 0, 1),
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
    "absolute_error": (
        lambda z, y: np.abs(z - y),
        lambda z, y: np.sign(z - y),
    ),
    "quantile": (
        lambda z, y, q: np.maximum(q * (y - z), (q - 1) * (y - z)),
        lambda z, y, q: np.where(z < y, -q, np.where(z > y, 1 - q, 0)),
    ),
    "poisson": (
        lambda z, y: np.exp(z) - y * z,
        lambda z, y: _clipped(np.exp(z) - y),
    ),
    "gamma": (
        lambda z, y: z + y * np.exp(-z),
        lambda z, y: _clipped(1 - y * np.exp(-z)),
    ),
    "tweedie": (
        lambda z, y, p: _scaled_power(z, 2 - p) - y * _scaled_power(z, 1 - p),
        lambda z, y, p: _clipped(np.exp((2 - p) * z) - y * np.exp((1 - p) * z)),
    ),
}


def _scaled_power(z: Array, a: float) -> Array:
    return z if a == 0 else np.exp(a * z) / a


#: Losses of the predictions of all classes for each row of z, with y the classes.
JOINT_LOSSES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "multinomial": (
        lambda z, y: np.logaddexp.reduce(z, axis=1) - z[np.arange(len(z)), y],
        lambda z, y: (
            np.exp(z - np.logaddexp.reduce(z, axis=1)[:, np.newaxis]) - np.eye(z.shape[1])[y]
        ),
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


def _targets(y: Array, n_outputs: int, classes: bool) -> Array:
    """Return what each output learns from each sample."""
    if classes:
        return np.where(y[:, np.newaxis] == np.arange(n_outputs), 1.0, -1.0)
    return y.reshape(len(y), n_outputs)


def _slopes(z: Array, y: Array, loss: str, hyper: tuple[float, ...], classes: bool) -> Array:
    """Return the slopes of the losses at predictions z, (n_samples, n_outputs)."""
    if loss in JOINT_LOSSES:
        slopes: Array = JOINT_LOSSES[loss][1](z, y.astype(int))
        return slopes
    return np.asarray(LOSSES[loss][1](z, _targets(y, z.shape[1], classes), *hyper), float)


def losses(
    z: Array, y: Array, *, loss: str, loss_hyper: tuple[float, ...] = (), classes: bool = False
) -> Array:
    """Return the loss of each sample, summed over the outputs, at predictions z."""
    if loss in JOINT_LOSSES:
        values: Array = JOINT_LOSSES[loss][0](z, y.astype(int))
        return values
    values = LOSSES[loss][0](z, _targets(y, z.shape[1], classes), *loss_hyper).sum(axis=1)
    return values


def passive_aggressive(variant: str, x: Array, loss: Array, slope: Array, C: float) -> Array:
    """Return the slope with which a step of length C is PA-I or PA-II of Crammer et al. 2006."""
    squared_norm = x @ x
    if variant == "pa1":
        length = np.minimum(C, loss / squared_norm) if squared_norm else np.zeros_like(loss)
    else:
        length = loss / (squared_norm + 0.5 / C)
    return np.sign(slope) * length / C


def epoch(
    X: Array,
    y: Array,
    w: Array,
    intercept: Array,
    *,
    loss: str,
    optimizer: str,
    w_state: State,
    intercept_state: State,
    hypers: list[Hyper],
    batch_size: int,
    loss_hyper: tuple[float, ...] = (),
    sample_weight: Array | None = None,
    positive_weight: Array | None = None,
    classes: bool = False,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    intercept_pull: float = 0.0,
    step: str = "gradient",
    average: tuple[Array, Array] | None = None,
    before_average: int = 0,
) -> Array:
    """Pass over the rows of X in their order, an update for each batch; return the predictions.

    w has a row for each output. The gradient is the mean over the batch; the intercepts are neither
    penalised nor decayed. `average` takes the mean of the weights after each update.
    """
    predictions: list[Array] = []
    for update, start in enumerate(range(0, len(X), batch_size)):
        x, targets = X[start : start + batch_size], y[start : start + batch_size]
        z = x @ w.T + intercept
        a = _slopes(z, targets, loss, loss_hyper, classes)
        hyper = hypers[update % len(hypers)]
        if step != "gradient":
            values = LOSSES[loss][0](z, _targets(targets, len(w), classes), *loss_hyper)
            a = passive_aggressive(step, x[0], values, a, hyper["lr"])
        if positive_weight is not None:
            a *= np.where(_targets(targets, len(w), True) > 0, positive_weight, 1)
        if sample_weight is not None:
            a *= sample_weight[start : start + batch_size, np.newaxis]
        predictions.extend(z)
        rule = OPTIMIZERS[optimizer]
        rule(w, a.T @ x / len(z), w_state, hyper)
        np.clip(w, *bounds, out=w)
        unpenalised = {**hyper, "l2": 0, "decay": 0, "l1": 0}
        rule(intercept, a.mean(axis=0) + intercept_pull, intercept_state, unpenalised)
        if average is not None and update >= before_average:
            for mean, now in zip(average, (w, intercept), strict=True):
                mean += (now - mean) / (update - before_average + 1)
    return np.array(predictions)


# --- Clusters -----------------------------------------------------------------------------------


def kmeans_step(X: Array, weight: Array, centers: Array, counts: Array) -> float:
    """Sculley: each row goes to its nearest center; each center moves to the mean of all its rows,
    at the rate of 1 / its count. Return the inertia before that.
    """
    squares = ((X[:, np.newaxis] - centers) ** 2).sum(axis=2)
    labels = squares.argmin(axis=1)
    for k in np.unique(labels[weight > 0]):
        mine = labels == k
        counts[k] += weight[mine].sum()
        centers[k] += weight[mine] @ (X[mine] - centers[k]) / counts[k]
    return float(weight @ squares.min(axis=1))
