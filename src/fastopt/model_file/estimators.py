"""Estimators as JSON, and back: which there are, and what their attributes must be."""

import math
from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import partial
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import ClassifierMixin

from fastopt import _core, cluster, linear_model
from fastopt._arguments import count, count_or_zero, nonnegative
from fastopt.linear_model.base import BaseSGD
from fastopt.linear_model.rule import RULES
from fastopt.linear_model.training import Progress
from fastopt.model_file.values import Json, Reader, Writer
from fastopt.optim.optimizer import FOREVER
from fastopt.schedules import plateaus_of

Array = npt.NDArray[Any]

ESTIMATORS = {name: vars(m)[name] for m in (linear_model, cluster) for name in m.__all__}


def to_json(estimator: Any, writer: Writer) -> dict[str, Json]:
    """Return an estimator as JSON, and give the arrays to a writer."""
    name = type(estimator).__name__
    if ESTIMATORS.get(name) is not type(estimator):
        raise TypeError(f"only the estimators of fastopt can be saved, not {estimator!r}")
    parameters = estimator.get_params(deep=False)
    attributes = {name: value for name, value in vars(estimator).items() if name not in parameters}
    progress = attributes.get("_progress")
    if progress is not None:
        attributes["t_"] = float(progress.t + 1)  # in the midst of a fit it is that of the last one
    written = {"class": name, "parameters": writer.named(parameters)}
    _check(estimator, attributes)
    attributes.pop("_progress", None)
    written["attributes"] = writer.named(attributes)
    if progress is not None:
        written["progress"] = writer.named(vars(progress), "progress")
    return written


def from_json(content: dict[str, Json], reader: Reader) -> Any:
    """Return the estimator of some JSON, checked."""
    name = content["class"]
    if not isinstance(name, str) or name not in ESTIMATORS:
        raise ValueError(f"it is of the class {name!r:.80}, none of {', '.join(ESTIMATORS)}")
    kind = ESTIMATORS[name]
    parameters = reader.named(content["parameters"])
    for unknown in parameters.keys() - kind().get_params(deep=False).keys():
        raise ValueError(f"{name} has no parameter {unknown!r:.80}")
    estimator = kind(**parameters)
    attributes = reader.named(content["attributes"])
    if "progress" in content:
        attributes["_progress"] = _progress(reader.named(content["progress"]))
    _check(estimator, attributes)
    vars(estimator).update(attributes)
    return estimator


# What attributes must be.


def _check(estimator: Any, attributes: dict[str, Any]) -> None:
    """Raise an error if an estimator with these attributes could not go on."""
    estimator._validate_params()
    linear = isinstance(estimator, BaseSGD)
    checks = _OF_LINEAR_MODELS if linear else _OF_CLUSTERS
    for name, value in attributes.items():
        if name not in checks:
            raise ValueError(
                f"{type(estimator).__name__} has the attribute {name!r}, which files do not hold"
            )
        checks[name](name, value)
    (_check_linear_model if linear else _check_clusters)(estimator, attributes)


def _numbers(name: str, value: Any, kinds: str = "f", ndim: tuple[int, ...] = (1, 2)) -> None:
    """Raise an error unless a value is an array of finite numbers, or such a CSR matrix."""
    array = value.data if sparse.issparse(value) else value
    if not isinstance(array, np.ndarray) or value.ndim not in ndim or array.dtype.kind not in kinds:
        raise ValueError(f"{name} must be an array of numbers, got {value!r:.80}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite numbers")


def _intercept(name: str, value: Any) -> None:
    if not isinstance(value, float):  # as one may set it by hand
        _numbers(name, value, "fiu", (0, 1))


def _classes(name: str, value: Any) -> None:
    if not isinstance(value, np.ndarray) or value.ndim != 1:
        raise ValueError(f"{name} must be an array of labels, got {value!r:.80}")
    if len(value) < 2 or not (value[:-1] < value[1:]).all():
        raise ValueError(f"{name} must be two labels or more, sorted, got {value!r:.80}")


def _rows(name: str, value: Any) -> None:
    if type(value) is not list or not all(isinstance(row, dict) for row in value):
        raise ValueError(f"{name} must be a list of dicts, got {value!r:.80}")


def _names(name: str, value: Any) -> None:
    if not isinstance(value, np.ndarray) or value.ndim != 1:
        raise ValueError(f"{name} must be an array of strings, got {value!r:.80}")
    if not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name} must hold strings, got {value!r:.80}")


def _of_hint(hint: Any, name: str, value: Any) -> None:
    if not _fits(value, hint):
        raise ValueError(f"{name} must be {hint}, got {value!r:.80}")


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is what an annotation says."""
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind is UnionType:
        return any(_fits(value, choice) for choice in inner)
    if kind is tuple and inner[-1] is Ellipsis:
        return type(value) is tuple and all(_fits(item, inner[0]) for item in value)
    if kind is tuple:
        return type(value) is tuple and len(value) == len(inner) and all(map(_fits, value, inner))
    if kind is dict:
        return type(value) is dict and all(
            _fits(key, inner[0]) and _fits(item, inner[1]) for key, item in value.items()
        )
    if kind in (np.ndarray, np.dtype):
        return isinstance(value, kind)
    if kind is Any:
        return True
    if kind is float:
        return type(value) in (int, float)
    if kind not in (int, str, NoneType):
        raise TypeError(f"{hint} is not an annotation that files know")
    return type(value) is kind


def _progress(values: dict[str, Any]) -> Progress:
    """Return the progress that has these fields; a field of a later version has its default."""
    known = {field.name: field for field in fields(Progress)}
    for name in values.keys() - known.keys():
        raise ValueError(f"progress has the field {name!r:.80}, which is not known")
    for name, field in known.items():
        if name not in values and field.default is field.default_factory is MISSING:
            raise ValueError(f"progress lacks {name!r}")
    return Progress(**values)


def _check_progress(name: str, progress: Progress) -> None:
    name = name.removeprefix("_")
    for field in fields(Progress):
        _of_hint(field.type, f"{name}.{field.name}", getattr(progress, field.name))
    for counter in ("seed", "epoch", "t", "n_averaged", "stale"):
        if not 0 <= getattr(progress, counter) < FOREVER:
            raise ValueError(f"{name}.{counter} must be in 0 .. 2**62")
    shape, dtype, n_outputs = progress.shape, progress.dtype, progress.n_outputs
    if len(shape) not in (1, 2) or min(shape) < 1:
        raise ValueError(f"{name}.shape must be (n_outputs, n_features), got {shape}")
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"{name}.dtype must be float32 or float64, got {dtype}")
    if not 0 < progress.factor <= 1:
        raise ValueError(f"{name}.factor must be in (0, 1], got {progress.factor}")
    for rate in ("fed_rate", "rate_given"):
        value = getattr(progress, rate)
        if value is not None and not plateaus_of(value):
            raise ValueError(f"{name}.{rate} must be a schedule that is fed with losses")
    kernel, flat = progress.kernel, (n_outputs, shape[-1])
    states: tuple[str, ...] = ()
    memory: tuple[str, ...] = ()
    if kernel:
        if kernel not in _core.OPTIMIZERS:
            raise ValueError(f"{name}.kernel is {kernel!r:.80}, which is not known")
        states, _, memory = _core.OPTIMIZERS[kernel][:3]
        if progress.rule != RULES.get(kernel, kernel):
            raise ValueError(f"{name}.rule is {progress.rule!r:.80}, not that of {kernel!r}")
    _forms(f"{name}.state", progress.state, dict.fromkeys(states, (flat, dtype)))
    _forms(
        f"{name}.intercept_state",
        progress.intercept_state,
        dict.fromkeys(states, ((n_outputs,), dtype)),
    )
    wanted = (len(memory),), np.dtype(np.float64)
    _forms(name, {"memory": progress.memory}, {"memory": wanted})
    for pair, form in (("trained", flat), ("shown", shape)):
        value = getattr(progress, pair)
        if value is not None:
            parts = {"coef": (form, dtype), "intercept": ((n_outputs,), dtype)}
            _forms(f"{name}.{pair}", dict(zip(parts, value, strict=True)), parts)
    kept = [*progress.state.values(), *progress.intercept_state.values(), progress.memory]
    if len({id(array) for array in kept}) < len(kept):
        raise ValueError(f"{name} has two states in one array")
    if progress.class_counts is not None:
        _numbers(f"{name}.class_counts", progress.class_counts, "iu", (1,))


def _forms(place: str, arrays: dict[str, Array], wanted: dict[str, Any]) -> None:
    """Raise an error unless there are arrays of just these names, shapes and dtypes."""
    found = {name: (array.shape, array.dtype) for name, array in arrays.items()}
    if found != wanted:
        raise ValueError(f"{place} must be {wanted}, got {found}")


def _check_linear_model(model: Any, attributes: dict[str, Any]) -> None:
    """Raise an error if the attributes do not go with each other."""
    progress = attributes.get("_progress")
    if progress is None:
        return
    needed = {"coef_", "intercept_", "history_", "n_features_in_", "t_"}
    needed |= {"classes_"} if isinstance(model, ClassifierMixin) else set()
    for name in needed - attributes.keys():
        raise ValueError(f"{name} is missing")
    shape, n_outputs = progress.shape, progress.n_outputs
    coef, intercept = attributes["coef_"], attributes["intercept_"]
    one = n_outputs == 1 and math.prod(coef.shape) == shape[-1]
    if coef.shape != shape and not one:
        raise ValueError(f"coef_ must have the shape {shape}, got {coef.shape}")
    if np.size(intercept) != n_outputs:
        raise ValueError(
            f"intercept_ must have the shape {(n_outputs,)}, got {np.shape(intercept)}"
        )
    if attributes["n_features_in_"] != shape[-1]:
        raise ValueError(f"n_features_in_ must be {shape[-1]}, got {attributes['n_features_in_']}")
    if attributes["t_"] != progress.t + 1:
        raise ValueError(f"t_ must be {progress.t + 1}, got {attributes['t_']}")
    _check_features(attributes)
    if isinstance(model, ClassifierMixin):
        n_classes = len(attributes["classes_"])
        if n_outputs != (1 if n_classes == 2 else n_classes):
            raise ValueError(f"classes_ must be those of {n_outputs} outputs, got {n_classes}")
        counts = progress.class_counts
        if counts is not None and len(counts) != n_classes:
            raise ValueError(f"progress.class_counts must be of {n_classes}, got {len(counts)}")


def _check_clusters(model: Any, attributes: dict[str, Any]) -> None:
    """Raise an error if the attributes do not go with each other."""
    if "cluster_centers_" not in attributes:
        return
    n_clusters, n_features = attributes["cluster_centers_"].shape
    if attributes.get("n_features_in_", n_features) != n_features:
        raise ValueError(f"n_features_in_ must be {n_features}, got {attributes['n_features_in_']}")
    if np.shape(attributes.get("_counts", np.empty(n_clusters))) != (n_clusters,):
        raise ValueError(f"_counts must be of {n_clusters} centers")
    labels = attributes.get("labels_", np.empty(0))
    if labels.size and not 0 <= labels.min() <= labels.max() < n_clusters:
        raise ValueError(f"labels_ must be in 0 .. {n_clusters - 1}")
    _check_features(attributes)


def _check_features(attributes: dict[str, Any]) -> None:
    names, n_features = attributes.get("feature_names_in_"), attributes.get("n_features_in_")
    if names is not None and len(names) != n_features:
        raise ValueError(f"feature_names_in_ must be {n_features} names, got {len(names)}")


_OF_ALL: dict[str, Callable[[str, Any], Any]] = {
    "n_iter_": count_or_zero,
    "n_features_in_": count,
    "feature_names_in_": _names,
}
_OF_LINEAR_MODELS = _OF_ALL | {
    "coef_": partial(_numbers, kinds="fiu"),
    "intercept_": _intercept,
    "classes_": _classes,
    "history_": _rows,
    "t_": partial(_of_hint, float),
    "_progress": _check_progress,
}
_OF_CLUSTERS = _OF_ALL | {
    "cluster_centers_": partial(_numbers, kinds="fiu", ndim=(2,)),
    "labels_": partial(_numbers, kinds="i", ndim=(1,)),
    "inertia_": nonnegative,
    "n_steps_": count_or_zero,
    "_counts": partial(_numbers, ndim=(1,)),
    "_seed": count_or_zero,
    "_since_reassign": count_or_zero,
    "_sklearn_output_config": partial(_of_hint, dict[str, str]),
}
