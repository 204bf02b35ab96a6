"""What the parameters of a linear model come to."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

from sklearn import get_config

from fastopt import _core, schedules
from fastopt.linear_model.rule import Rule
from fastopt.optim import FTRL, OPTIMIZERS, Optimizer

OWN_WEIGHT_DECAY = {type(rule): rule.options.get("weight_decay", 0) for rule in OPTIMIZERS.values()}
PASSIVE_AGGRESSIVE = ("pa1", "pa2")
LEARNING_RATES = {"constant", "optimal", "invscaling", "adaptive", *PASSIVE_AGGRESSIVE}
MOST_PLANS = 256  # that are remembered


@dataclass(frozen=True)
class Plan:
    """How a model is trained.

    Attributes
    ----------
    rule : Rule
        The optimizer, with the learning rate and the penalty that the model wants.
    bounds : (float, float)
        What each weight is kept within.
    step : {"gradient", "pa1", "pa2"}
        Whether the steps are passive-aggressive.
    touched_only : bool
        Whether weights whose features are 0 in a batch of sparse X are left as they are.
    """

    rule: Rule
    bounds: tuple[float, float]
    step: str
    touched_only: bool


_plans: dict[Any, Plan] = {}  # of the latest parameters


def plan_of(model: Any) -> Plan:
    """Return the plan of a model; check all its parameters, if no model of the class had just these
    a while ago.
    """
    values = model._parameters_of(model)
    key = type(model), values, tuple(map(type, values))  # since 1 == 1.0
    try:
        plan = _plans.get(key)
    except TypeError:  # one of them may change, and has no hash
        return _made(model)
    if plan is None:
        plan = _made(model)
        if get_config()["skip_parameter_validation"]:
            return plan
        if len(_plans) >= MOST_PLANS:
            _plans.clear()
        _plans[key] = plan
    return plan


def _made(model: Any) -> Plan:
    if not get_config()["skip_parameter_validation"]:
        model._validate_params()
    rule = _rule(model)
    bounds = _bounds(model)
    _check_goes_with(model, rule, bounds)
    unmoved = rule.optimizer.sparse and not (rule.l1 or rule.l2)
    return Plan(
        rule,
        bounds,
        step=model.learning_rate if model.learning_rate in PASSIVE_AGGRESSIVE else "gradient",
        touched_only=unmoved or model.sparse_updates == "touched",
    )


def _rule(model: Any) -> Rule:
    optimizer = model.optimizer
    if isinstance(optimizer, str):
        optimizer = OPTIMIZERS[optimizer]
    else:
        _check_unbound(optimizer)
    l1, l2 = _penalties(model)
    lr = _rate(model, optimizer.options["lr"])
    return Rule(optimizer, {**optimizer.options, "lr": lr, "weight_decay": l2, "l1": l1})


def _check_goes_with(model: Any, rule: Rule, bounds: tuple[float, float]) -> None:
    """Raise the error of a parameter that its optimizer does not bear."""
    optimizer, name = rule.optimizer, type(rule.optimizer).__name__
    if model.average and optimizer.averages:
        raise ValueError(f"average must be False with {name}, which averages by itself")
    if bounds != (-math.inf, math.inf) and not optimizer.projects:
        raise ValueError(f"bounds and positive cannot be used with {name}")
    together = optimizer.averages or _core.OPTIMIZERS[rule.kernel][2]
    if model.sparse_updates == "touched" and together:
        raise ValueError(
            f"sparse_updates must be 'exact' with {name}, which keeps numbers for all weights "
            "together"
        )
    changes = callable(rule.options["lr"]) or model.learning_rate == "adaptive"
    if isinstance(optimizer, FTRL) and changes:
        raise ValueError(
            "learning_rate must be 'constant' or 'optimal' with FTRL: the weights are made from it"
        )


def _penalties(model: Any) -> tuple[float, float]:
    """Return the strengths of the L1 and of the L2 penalty."""
    if model.penalty == "elasticnet" and model.l1_ratio is None:
        raise ValueError("l1_ratio must be set when penalty is 'elasticnet'")
    share = {"l1": 1.0, "l2": 0.0, "elasticnet": model.l1_ratio}.get(model.penalty)
    if share is None:
        return 0.0, 0.0
    return float(share * model.alpha), float((1 - share) * model.alpha)


def _rate(model: Any, own: Any) -> Any:
    """Return the learning rate, a number or a schedule; `own` is the optimizer's."""
    if isinstance(model.learning_rate, type):
        raise ValueError(
            f"learning_rate must be a schedule lr(t), got the class {model.learning_rate!r}"
        )
    if callable(model.learning_rate):
        return model.learning_rate
    if model.learning_rate in PASSIVE_AGGRESSIVE:
        _check_passive_aggressive(model)
    elif model.learning_rate == "invscaling" and model.power_t:
        return schedules.inverse_scaling(model.eta0, model.power_t)
    if model.learning_rate != "optimal":
        return float(model.eta0)
    if model.optimizer != "sgd":  # "optimal" is derived for plain SGD
        return own
    if model.alpha == 0:
        raise ValueError("alpha must be > 0 since learning_rate is 'optimal'")
    # Bottou's start: the first step is as long as the weights are expected to be. (scikit-learn
    # divides it by the slope at -typical for y = 1 where that is above 1, but it is below 0.)
    typical = math.sqrt(1 / math.sqrt(model.alpha))
    return schedules.optimal(model.alpha, 1 / (typical * model.alpha))


def _check_passive_aggressive(model: Any) -> None:
    needed = model._passive_aggressive_loss
    if model.loss != needed:
        raise ValueError(f"learning_rate={model.learning_rate!r} needs loss={needed!r}")
    if model.optimizer != "sgd" or model.batch_size != 1:
        raise ValueError(
            f"learning_rate={model.learning_rate!r} needs optimizer='sgd' and batch_size=1"
        )


def _bounds(model: Any) -> tuple[float, float]:
    """Return what each weight is kept within."""
    low, high = -math.inf, math.inf
    if model.bounds is not None:
        if len(model.bounds) != 2 or not all(isinstance(b, Real | None) for b in model.bounds):
            raise ValueError(f"bounds must be (low, high), got {model.bounds!r}")
        low, high = (
            default if b is None else float(b)
            for b, default in zip(model.bounds, (low, high), strict=True)
        )
    if model.positive:
        low = max(low, 0.0)
    if not low <= high:
        raise ValueError(f"bounds must be (low, high) with low <= high, got {(low, high)}")
    return low, high


def _check_unbound(optimizer: Optimizer) -> None:
    if optimizer.param_groups:
        raise ValueError("optimizer must be unbound: make it without params")
    if optimizer.options.get("weight_decay", 0) != OWN_WEIGHT_DECAY.get(type(optimizer), 0):
        raise ValueError("the weight decay of a linear model is alpha; give optimizer none")
    if optimizer.options.get("velocity") == "lecture" and optimizer.options["nesterov"]:
        raise ValueError('optimizer must have velocity="torch" to be nesterov in a model')
