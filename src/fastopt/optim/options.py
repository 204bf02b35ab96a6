"""What the options of optimizers must be: by name, but for the few that a rule means otherwise."""

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, TypeAlias

from fastopt._arguments import finite, flag, fraction, items, nonnegative, one_of, positive

Checks: TypeAlias = Mapping[str, Callable[[str, Any], Any]]  # by the names of options


def check_lr(name: str, value: Any) -> Any:
    """Return a learning rate as a float or a schedule, or raise what is wrong with it."""
    if callable(value) and not isinstance(value, type):
        return value
    if not isinstance(value, Real):
        raise TypeError(f"{name} must be a nonnegative number or a schedule lr(t), got {value!r}")
    return nonnegative(name, value)


def or_of_time(check: Callable[[str, Any], float]) -> Callable[[str, Any], Any]:
    """Return a check of a number that lets a function of t pass in its place."""

    def checked(name: str, value: Any) -> Any:
        return value if callable(value) and not isinstance(value, type) else check(name, value)

    return checked


def _pair(name: str, value: Any) -> tuple[Any, ...]:
    numbers = items(name, value)
    if len(numbers) != 2:
        raise ValueError(f"{name} must hold two numbers, got {len(numbers)}")
    return numbers


def _etas(name: str, value: Any) -> tuple[float, float]:
    shrink, grow = (positive(f"{name}[{i}]", eta) for i, eta in enumerate(_pair(name, value)))
    if not shrink < 1 < grow:
        raise ValueError(f"{name} must be (below 1, above 1), got {value!r}")
    return shrink, grow


def _step_sizes(name: str, value: Any) -> tuple[float, float]:
    least, most = (nonnegative(f"{name}[{i}]", size) for i, size in enumerate(_pair(name, value)))
    if not least <= most:
        raise ValueError(f"{name} must be (least, most), got {value!r}")
    return least, most


def _init_step(name: str, value: Any) -> tuple[str, float]:
    kind, number = _pair(name, value)
    kinds = one_of("distance", "learning_rate", "heuristic")
    return kinds(f"{name}[0]", kind), positive(f"{name}[1]", number)


def _beta3(name: str, value: Any) -> float | None:
    return None if value is None else float(fraction(name, value))


def inside(name: str, value: Any) -> float:
    """Return a number in [0.01, 1): below, the average could not be told from the weights."""
    number = float(fraction(name, value))
    if number < 0.01:
        raise ValueError(f"{name} must be at least 0.01, got {value!r}")
    return number


def _betas(name: str, value: Any) -> tuple[float, ...]:
    return tuple(fraction(f"{name}[{i}]", beta) for i, beta in enumerate(_pair(name, value)))


_CHECKS: Checks = {
    "lr": check_lr,
    "weight_decay": nonnegative,
    "momentum": nonnegative,
    "dampening": nonnegative,
    "nesterov": flag,
    "velocity": one_of("torch", "lecture"),
    "lr_decay": nonnegative,
    "initial_accumulator_value": nonnegative,
    "alpha": fraction,
    "betas": _betas,
    "eps": nonnegative,
    "eps_in_sqrt": flag,
    "centered": flag,
    "amsgrad": flag,
    "bias_correction": flag,
    "rho": fraction,
    "momentum_decay": nonnegative,
    "decoupled_weight_decay": flag,
    "etas": _etas,
    "step_sizes": _step_sizes,
    "lambd": nonnegative,
    "t0": nonnegative,
    "b1": fraction,
    "b2": fraction,
    "b3": fraction,
    "beta": fraction,
    "eps_root": nonnegative,
    "use_clipping": flag,
    "lambda1": nonnegative,
    "lambda2": nonnegative,
    "weight_lr_power": nonnegative,
    "estim_lr0": positive,
    "estim_lr_coef": positive,
    "beta3": _beta3,
    "safeguard_warmup": flag,
    "init_step": _init_step,
    "max_learning_rate": positive,
    "f_min": finite,
    "lower_bound": finite,
    "adapt_lower_bound": flag,
    "variant": one_of("sps", "sps+"),
}


def checked(options: Mapping[str, Any], own: Checks) -> dict[str, Any]:
    """Return options as plain values, or raise the error of the first that is wrong; `own` are the
    checks of names that mean something else in a rule.
    """
    checks = {**_CHECKS, **own}
    return {name: checks[name](name, value) for name, value in options.items()}
