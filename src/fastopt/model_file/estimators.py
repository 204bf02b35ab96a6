"""Estimators as JSON, and back: which there are, and what their attributes must be."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin

from fastopt import cluster, linear_model
from fastopt._arguments import count, count_or_zero, nonnegative
from fastopt.linear_model.base import BaseSGD
from fastopt.linear_model.training import Progress
from fastopt.model_file.checks import numbers, of_hint
from fastopt.model_file.progress import check_progress, progress_of
from fastopt.model_file.values import Json, Reader, Writer

ESTIMATORS = {name: vars(m)[name] for m in (linear_model, cluster) for name in m.__all__}


def to_json(estimator: Any, writer: Writer) -> dict[str, Json]:
    """Return an estimator as JSON, and give the arrays to a writer."""
    name = type(estimator).__name__
    if ESTIMATORS.get(name) is not type(estimator):
        raise TypeError(f"only the estimators of fastopt can be saved, not {estimator!r}")
    parameters = estimator.get_params(deep=False)
    attributes = {name: value for name, value in vars(estimator).items() if name not in parameters}
    progress = attributes.pop("_progress", None)
    if progress is not None:
        attributes["t_"] = float(progress.t + 1)  # in the midst of a fit it is that of the last one
    written = {"class": name, "parameters": writer.named(parameters)}
    _check(estimator, attributes, progress)
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
    progress = progress_of(reader.named(content["progress"])) if "progress" in content else None
    _check(estimator, attributes, progress)
    vars(estimator).update(attributes)
    if progress is not None:
        estimator._progress = progress
    return estimator


def _check(estimator: Any, attributes: dict[str, Any], progress: Progress | None) -> None:
    """Raise an error if an estimator that has these could not go on."""
    estimator._validate_params()
    linear = isinstance(estimator, BaseSGD)
    checks = _OF_LINEAR_MODELS if linear else _OF_CLUSTERS
    for name, value in attributes.items():
        if name not in checks:
            raise ValueError(
                f"{type(estimator).__name__} has the attribute {name!r:.80}, which files do not "
                "hold"
            )
        checks[name](name, value)
    if progress is not None:
        _check_trained(estimator, attributes, progress)
    if "cluster_centers_" in attributes:
        _check_clusters(attributes)
    names, n_features = attributes.get("feature_names_in_"), attributes.get("n_features_in_")
    if names is not None and len(names) != n_features:
        raise ValueError(f"feature_names_in_ must be {n_features} names, got {len(names)}")


def _check_trained(model: Any, attributes: dict[str, Any], progress: Progress) -> None:
    """Raise an error if the attributes of a linear model and its progress do not go together."""
    if not isinstance(model, BaseSGD):
        raise ValueError(f"{type(model).__name__} has no progress")
    classifier = isinstance(model, ClassifierMixin)
    for name in ("coef_", "intercept_", "history_", "n_features_in_", "t_", "classes_"):
        if name not in attributes and (classifier or name != "classes_"):
            raise ValueError(f"{name} is missing")
    coef, intercept = attributes["coef_"], attributes["intercept_"]
    check_progress(progress)
    shape, n_outputs = progress.shape, progress.n_outputs
    one = n_outputs == 1 and math.prod(coef.shape) == shape[-1]
    if coef.shape != shape and not one:
        raise ValueError(f"coef_ must have the shape {shape}, got {coef.shape}")
    if np.size(intercept) != n_outputs:
        raise ValueError(f"intercept_ must be of {n_outputs} outputs, got {np.size(intercept)}")
    for name, wanted in (("n_features_in_", shape[-1]), ("t_", progress.t + 1)):
        if attributes[name] != wanted:
            raise ValueError(f"{name} must be {wanted}, got {attributes[name]}")
    if classifier:
        n_classes, counts = len(attributes["classes_"]), progress.class_counts
        if n_outputs != (1 if n_classes == 2 else n_classes):
            raise ValueError(f"classes_ must be those of {n_outputs} outputs, got {n_classes}")
        if counts is not None and len(counts) != n_classes:
            raise ValueError(f"progress.class_counts must be of {n_classes}, got {len(counts)}")


def _check_clusters(attributes: dict[str, Any]) -> None:
    """Raise an error if the attributes of clusters do not go together."""
    n_clusters, n_features = attributes["cluster_centers_"].shape
    if attributes.get("n_features_in_", n_features) != n_features:
        raise ValueError(f"n_features_in_ must be {n_features}, got {attributes['n_features_in_']}")
    if np.shape(attributes.get("_counts", np.empty(n_clusters))) != (n_clusters,):
        raise ValueError(f"_counts must be of {n_clusters} centers")
    labels = attributes.get("labels_", np.empty(0))
    if labels.size and not 0 <= labels.min() <= labels.max() < n_clusters:
        raise ValueError(f"labels_ must be in 0 .. {n_clusters - 1}")


# What each attribute must be.


def _intercept(name: str, value: Any) -> None:
    if not isinstance(value, float):  # as one may set it by hand
        numbers(name, value, "fiu", (0, 1))


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


def _schema(name: str, value: Any) -> None:
    if not isinstance(value, dict) or not isinstance(value.get("n_features"), int):
        raise ValueError(f"{name} must be the schema of a source, got {value!r:.80}")


_OF_ALL: dict[str, Callable[[str, Any], Any]] = {
    "n_iter_": count_or_zero,
    "n_features_in_": count,
    "feature_names_in_": _names,
    "source_schema_": _schema,
}
_OF_LINEAR_MODELS = _OF_ALL | {
    "coef_": partial(numbers, kinds="fiu", ndim=(1, 2)),
    "intercept_": _intercept,
    "classes_": _classes,
    "history_": _rows,
    "t_": partial(of_hint, float),
}
_OF_CLUSTERS = _OF_ALL | {
    "cluster_centers_": partial(numbers, kinds="fiu", ndim=(2,)),
    "labels_": partial(numbers, kinds="i", ndim=(1,)),
    "inertia_": nonnegative,
    "n_steps_": count_or_zero,
    "_counts": partial(numbers, kinds="f", ndim=(1,)),
    "_seed": count_or_zero,
    "_since_reassign": count_or_zero,
    "_sklearn_output_config": partial(of_hint, dict[str, str]),
}
