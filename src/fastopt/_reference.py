"""Every kernel again in plain NumPy and float64: short, slow, and the specification of the C.

Names, states and hyper-parameters are those of csrc/kernels.def.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
State = Mapping[str, Array]
Hyper = Mapping[str, Any]  # numbers, or arrays like w

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
    kept = np.maximum(1 - (h["lr"] * h["l2"] + h["decay"]), 0)
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
        s["v_max"][...] = np.maximum(s["v_max"], v * h["correction"])
        v = s["v_max"] + h["eps_in_sqrt"]
    scale = np.sqrt(v) * h["root"] + h["eps"]
    _move(w, s["m"] / scale, h, h["l1"] / scale)


def nadam(w: Array, g: Array, s: State, h: Hyper, memory: dict[str, float]) -> None:
    """Dozat: the momentum of this step for g, that of the next for m."""
    g = g + h["l2"] * w
    s["m"][...] = h["beta1"] * s["m"] + h["gain1"] * g
    s["v"][...] = h["beta2"] * s["v"] + h["gain2"] * g**2
    memory["mu_product"] *= h["mu"]
    step = (1 - h["mu"]) / (1 - memory["mu_product"]) * g
    step += h["mu_next"] / (1 - memory["mu_product"] * h["mu_next"]) * s["m"]
    scale = np.sqrt(s["v"]) * h["root"] + h["eps"]
    _move(w, step / scale, h, h["l1"] / scale)


def adadelta(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Zeiler: the root mean square of the steps over that of the gradients."""
    g = g + h["l2"] * w
    s["v"][...] = h["rho"] * s["v"] + h["gain"] * g**2
    pace = np.sqrt(s["u"] + h["eps"]) / np.sqrt(s["v"] + h["eps"])
    s["u"][...] = h["rho"] * s["u"] + h["gain"] * (pace * g) ** 2
    _move(w, pace * g, h, h["l1"] * pace)


def adamax(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Kingma & Ba: the largest gradient, fading."""
    g = g + h["l2"] * w
    s["m"][...] = h["beta1"] * s["m"] + h["gain1"] * g
    s["u"][...] = np.maximum(h["beta2"] * s["u"], np.abs(g) + h["eps"])
    _move(w, s["m"] / s["u"], h, h["l1"] / s["u"])


def rprop(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Riedmiller & Braun: steps that grow while the sign stays."""
    g = g + h["l2"] * w
    turn = np.sign(g * s["before"])
    factor = np.where(turn > 0, h["grow"], np.where(turn < 0, h["shrink"], 1))
    s["step"][...] = np.clip(s["step"] * factor, h["least"], h["most"])
    s["before"][...] = np.where(turn < 0, 0, g)
    _move(w, np.sign(s["before"]) * s["step"] / h["lr"], h, h["l1"])


def asgd(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Polyak & Juditsky: SGD, and the mean of the weights."""
    _move(w, g + h["l2"] * w, h, h["l1"])
    s["ax"][...] += h["mu"] * (w - s["ax"])


def lion(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Chen et al.: the sign of a mean that is fresher than the one kept."""
    g = g + h["l2"] * w
    fresh = h["beta1"] * s["m"] + h["gain1"] * g
    s["m"][...] = h["beta2"] * s["m"] + h["gain2"] * g
    _move(w, np.sign(fresh), h, h["l1"])


def signum(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Bernstein et al.: the sign of the mean."""
    s["m"][...] = h["beta"] * s["m"] + h["gain"] * (g + h["l2"] * w)
    _move(w, np.sign(s["m"]), h, h["l1"])


def adabelief(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Zhuang et al.: s is the mean square of g - m."""
    g = g + h["l2"] * w
    s["m"][...] = h["beta1"] * s["m"] + h["gain1"] * g
    s["s"][...] = h["beta2"] * s["s"] + h["gain2"] * (g - s["m"]) ** 2 + h["eps_in_sqrt"]
    scale = np.sqrt(s["s"]) * h["root"] + h["eps"]
    _move(w, (h["of_g"] * g + h["of_m"] * s["m"]) / scale, h, h["l1"] / scale)


def yogi(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Zaheer et al.: v moves by a part of g^2."""
    g = g + h["l2"] * w
    s["m"][...] = h["beta1"] * s["m"] + h["gain1"] * g
    s["v"][...] -= h["gain2"] * np.sign(s["v"] - g**2) * g**2
    scale = np.sqrt(s["v"]) * h["root"] + h["eps"]
    _move(w, s["m"] / scale, h, h["l1"] / scale)


def adan(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Xie et al.: v is the mean change of g, s the mean square of g looked ahead."""
    g = g + h["l2"] * w
    change = h["since"] * (g - s["before"])
    s["before"][...] = g
    s["m"][...] = h["beta1"] * s["m"] + h["gain1"] * g
    s["v"][...] = h["beta2"] * s["v"] + h["gain2"] * change
    s["s"][...] = h["beta3"] * s["s"] + h["gain3"] * (g + h["gain2"] * change) ** 2
    scale = np.sqrt(s["s"] * h["correction3"] + h["eps_in_sqrt"]) + h["eps"]
    step = s["m"] * h["correction1"] + h["gain2"] * s["v"] * h["correction2"]
    _move(w, step / scale, h, h["l1"] / scale)


def adopt(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Taniguchi et al.: v scales only the gradients that come after it."""
    g = g + h["l2"] * w
    scale = np.maximum(np.sqrt(s["v"]), h["eps"])
    u = np.clip(g / scale, -h["clip"], h["clip"])
    s["m"][...] = h["beta1"] * s["m"] + h["gain1"] * u
    s["v"][...] = h["beta2"] * s["v"] + h["gain2"] * g**2
    _move(w, h["of_u"] * u + h["of_m"] * s["m"], h, h["l1"] / scale)


def ademamix(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Pagliardini et al.: a fast and a slow mean."""
    g = g + h["l2"] * w
    s["m"][...] = h["beta1"] * s["m"] + h["gain1"] * g
    s["slow"][...] = h["beta3"] * s["slow"] + h["gain3"] * g
    s["v"][...] = h["beta2"] * s["v"] + h["gain2"] * g**2
    scale = np.sqrt(s["v"] * h["correction2"] + h["eps_in_sqrt"]) + h["eps"]
    _move(w, (s["m"] * h["correction1"] + h["mix"] * s["slow"]) / scale, h, h["l1"] / scale)


def ftrl(w: Array, g: Array, s: State, h: Hyper) -> None:
    """McMahan et al.: w is where the sum of all linear and proximal terms is least."""
    roots = np.sqrt(s["v"] + g**2) + np.sqrt(s["v"])
    sigma = g**2 / np.where(roots > 0, roots, 1) / h["lr"]  # the difference of the roots, over lr
    s["z"][...] += g - sigma * w
    s["v"][...] += g**2
    slope = (h["beta"] + np.sqrt(s["v"])) / h["lr"] + h["l2"]
    w[...] = -(s["z"] - np.clip(s["z"], -h["l1"], h["l1"])) / slope


def cocob(w: Array, g: Array, s: State, h: Hyper) -> None:
    """Orabona & Tommasi: bets of a part of the wealth, by the mean outcome so far."""
    c = h["lr"] * (g + h["l2"] * w)
    s["range"][...] = np.maximum(s["range"], np.abs(c))
    s["sum"][...] += np.abs(c)
    s["wealth"][...] = np.maximum(s["wealth"] - c * (w - s["w0"]), 0)
    s["total"][...] += c
    most = s["range"] * np.maximum(s["sum"] + s["range"], h["alpha"] * s["range"])
    bet = (s["total"] - np.clip(s["total"], -h["l1"], h["l1"])) / np.where(most > 0, most, 1)
    w[...] = s["w0"] - bet * (s["range"] + s["wealth"])


def _take_weight(h: Hyper, memory: dict[str, float]) -> float:
    memory["lr_max"] = max(memory["lr_max"], h["lr"])
    weight = memory["lr_max"] ** h["weight_power"]
    memory["weight_sum"] += weight
    return float(weight / memory["weight_sum"])


def _schedule_free(w: Array, step: Array, s: State, h: Hyper, c: float, threshold: Any) -> None:
    x = (w - (1 - h["b1"]) * s["z"]) / h["b1"]
    s["z"][...] -= h["decay"] * w + h["lr"] * step
    s["z"][...] -= np.clip(s["z"], -threshold, threshold)
    w[...] = h["b1"] * ((1 - c) * x + c * s["z"]) + (1 - h["b1"]) * s["z"]


def schedule_free_sgd(w: Array, g: Array, s: State, h: Hyper, memory: dict[str, float]) -> None:
    """Defazio et al.: w is y, between z and its average x."""
    _schedule_free(w, g + h["l2"] * w, s, h, _take_weight(h, memory), h["l1"])


def schedule_free_adamw(w: Array, g: Array, s: State, h: Hyper, memory: dict[str, float]) -> None:
    """The same in the metric of Adam."""
    g = g + h["l2"] * w
    s["v"][...] = h["beta2"] * s["v"] + h["gain2"] * g**2
    scale = np.sqrt(s["v"]) * h["root"] + h["eps"]
    _schedule_free(w, g / scale, s, h, _take_weight(h, memory), h["l1"] / scale)


def dadapt_adamw(w: Array, g: Array, s: State, h: Hyper, memory: dict[str, float]) -> None:
    """Defazio & Mishchenko: the rate is a lower bound of the distance to the solution."""
    g, d = g + h["l2"] * w, memory["d"]
    rate = d * h["lr"]
    told = np.sum(g * s["s"] / (np.sqrt(s["v"]) + h["eps"]))
    s["s"][...] = h["beta3"] * s["s"] + h["gain3"] * rate * g
    s["m"][...] = h["beta1"] * s["m"] + h["gain1"] * rate * g
    s["v"][...] = h["beta2"] * s["v"] + h["gain2"] * g**2
    memory["numerator"] = h["beta3"] * memory["numerator"] + h["gain3"] * rate * told
    memory["d"] = max(d, memory["numerator"] / (h["gain3"] * np.abs(s["s"]).sum()))
    scale = np.sqrt(s["v"]) + h["eps"]
    _move(w, s["m"] / scale, {"lr": 1, "decay": d * h["decay"]}, d * h["l1"] / scale)


def prodigy(w: Array, g: Array, s: State, h: Hyper, memory: dict[str, float]) -> None:
    """Mishchenko & Defazio: the same from the distance to the start."""
    g, d = g + h["l2"] * w, memory["d"]
    rate = d * h["lr"]
    s["s"][...] = h["beta3"] * s["s"] + d * h["lr_of_s"] * d * g / h["d0"]
    s["m"][...] = h["beta1"] * s["m"] + h["gain1"] * d * g
    s["v"][...] = h["beta2"] * s["v"] + h["gain2"] * (d * g) ** 2
    told = np.sum(g * (s["w0"] - w))
    memory["numerator"] = h["beta3"] * memory["numerator"] + d / h["d0"] * rate * told
    memory["d"] = max(d, h["coef"] * memory["numerator"] / np.abs(s["s"]).sum())
    scale = np.sqrt(s["v"]) + memory["d"] * h["eps"]
    _move(w, s["m"] / scale, {"lr": rate, "decay": d * h["decay"]}, d**2 * h["l1"] / scale)


def dog(w: Array, g: Array, s: State, h: Hyper, memory: dict[str, float]) -> None:
    """Ivgi et al.: the distance over the root of the summed squares."""
    g = g + h["l2"] * w
    first = not memory["started"]
    if first:
        memory["distance"] = h["first_distance"] + h["relative"] * (1 + np.linalg.norm(w))
    memory["distance"] = max(memory["distance"], float(np.linalg.norm(w - s["w0"])))
    memory["squares"] += np.sum(g**2)
    memory["started"] = 1
    rate = memory["distance"] / np.sqrt(memory["squares"] + h["eps"])
    if first and h["first_lr"]:
        rate = h["first_lr"]
    _move_at_rate(w, g, h, rate)


def _move_at_rate(w: Array, step: Array, h: Hyper, rate: float) -> None:
    _move(w, step, {"lr": rate * h["lr"], "decay": rate * h["decay"]}, rate * h["l1"])


def polyak_sgd(w: Array, g: Array, s: State, h: Hyper, memory: dict[str, float]) -> None:
    """Polyak: the gap of the loss over the squared norm."""
    loss = memory["loss"] + np.sum(h["l2"] * w**2) / 2
    g = g + h["l2"] * w
    gap = max(loss - h["f_min"], h["least_gap"])
    _move_at_rate(w, g, h, min(gap / (np.sum(g**2) + h["eps"]), h["max_lr"]))


def _momo(w: Array, m: Array, scale: Any, bias: float, h: Hyper, memory: dict[str, float]) -> None:
    k = 1 + h["lr"] * h["weight_decay"]
    model = memory["mean_loss"] - memory["mean_dot"]
    ahead, square = np.sum(m * w), np.sum(m**2 / scale)
    bound = memory["lower_bound"]
    if h["adapt"] and k * model + ahead < k * bias * bound:
        bound = max((k * model + ahead) / (2 * bias * k), h["least_bound"])
    rate = min(h["lr"] / bias, max(k * (model - bias * bound) + ahead, 0) / square)
    if h["adapt"]:
        after = (model + ahead - rate * square / 2) / bias
        memory["lower_bound"] = max(after, h["least_bound"])
    threshold = rate / h["lr"] * h["l1"] / scale
    _move(w, m / scale, {"lr": rate, "decay": h["decay"] / k}, threshold)


def _take_means(beta: float, gain: float, dot: float, memory: dict[str, float]) -> None:
    memory["mean_loss"] = beta * memory["mean_loss"] + gain * memory["loss"]
    memory["mean_dot"] = beta * memory["mean_dot"] + gain * dot


def momo(w: Array, g: Array, s: State, h: Hyper, memory: dict[str, float]) -> None:
    """Schaipp et al.: momentum, cut to where a model of the loss is at its bound."""
    g = g + h["l2"] * w
    s["m"][...] = h["beta"] * s["m"] + h["gain"] * g
    _take_means(h["beta"], h["gain"], np.sum(g * w), memory)
    _momo(w, s["m"], 1, 1, h, memory)


def momo_adam(w: Array, g: Array, s: State, h: Hyper, memory: dict[str, float]) -> None:
    """The same in the metric of Adam."""
    g = g + h["l2"] * w
    s["m"][...] = h["beta1"] * s["m"] + h["gain1"] * g
    s["v"][...] = h["beta2"] * s["v"] + h["gain2"] * g**2
    _take_means(h["beta1"], h["gain1"], np.sum(g * w), memory)
    _momo(w, s["m"], np.sqrt(s["v"]) * h["root"] + h["eps"], h["bias"], h, memory)


#: Those that take sums over all parameters change their memory, the last argument, too.
OPTIMIZERS: dict[str, Callable[..., None]] = {
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
    "nadam": nadam,
    "adadelta": adadelta,
    "adamax": adamax,
    "rprop": rprop,
    "asgd": asgd,
    "lion": lion,
    "signum": signum,
    "adabelief": adabelief,
    "yogi": yogi,
    "adan": adan,
    "adopt": adopt,
    "ademamix": ademamix,
    "ftrl": ftrl,
    "cocob": cocob,
    "schedule_free_sgd": schedule_free_sgd,
    "schedule_free_adamw": schedule_free_adamw,
    "dadapt_adamw": dadapt_adamw,
    "prodigy": prodigy,
    "dog": dog,
    "polyak_sgd": polyak_sgd,
    "momo": momo,
    "momo_adam": momo_adam,
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
    memory: dict[str, float] | None = None,
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
    # One vector of parameters; w and intercept become parts of it.
    given = w, intercept, w_state, intercept_state
    parameters = np.concatenate([w.ravel(), intercept])
    state = {s: np.concatenate([a.ravel(), intercept_state[s]]) for s, a in w_state.items()}
    w, intercept = parameters[: w.size].reshape(w.shape), parameters[w.size :]
    penalised = np.arange(len(parameters)) < w.size

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
        g = np.concatenate([(a.T @ x / len(z)).ravel(), a.mean(axis=0) + intercept_pull])
        hyper = {**hyper, **{name: hyper[name] * penalised for name in ("l2", "decay", "l1")}}
        if memory:
            if "loss" in memory:
                of_rows = losses(z, targets, loss=loss, loss_hyper=loss_hyper, classes=classes)
                if sample_weight is not None:
                    of_rows = of_rows * sample_weight[start : start + batch_size]
                memory["loss"] = of_rows.mean() + intercept_pull * intercept.sum()
            OPTIMIZERS[optimizer](parameters, g, state, hyper, memory)
        else:
            OPTIMIZERS[optimizer](parameters, g, state, hyper)
        np.clip(w, *bounds, out=w)
        if average is not None and update >= before_average:
            for mean, now in zip(average, (w, intercept), strict=True):
                mean += (now - mean) / (update - before_average + 1)
    for array, result in zip(given[:2], (w, intercept), strict=True):
        array[...] = result
    for s, a in state.items():
        given[2][s][...] = a[: w.size].reshape(w.shape)
        given[3][s][...] = a[w.size :]
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
