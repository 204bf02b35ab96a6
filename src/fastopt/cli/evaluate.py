"""``fastopt evaluate``: how well a model does."""

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import rich_click as click

from fastopt.cli.options import Command, read_values, source_options
from fastopt.cli.saved import opened
from fastopt.cli.tables import table

MOST_NAMED = 10  # classes


@click.command("evaluate", cls=Command, made=[source_options])
@click.argument("model", type=click.Path(exists=True, dir_okay=False))
@click.argument("data", type=click.Path(allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def command(model: str, data: str, as_json: bool, **texts: Any) -> None:
    """Tell how well the file MODEL does on the rows of DATA, a file or - for standard input."""
    estimator, source = opened(model, data, read_values(texts))
    results = evaluated(estimator, source)
    if as_json:
        click.echo(json.dumps(results))
    else:
        click.echo(table((name, "" if value is None else value) for name, value in results.items()))


def evaluated(estimator: Any, source: Any) -> dict[str, Any]:
    """Return what a model scores on a source, by name: None for what cannot be told of its rows.

    Of a classifier precision, recall and F1 are those of its second class, if it has two, and else
    the means over the classes.
    """
    from sklearn.base import is_classifier, is_clusterer, is_outlier_detector

    if is_clusterer(estimator):
        results = _of_clusters(estimator, source)
    elif is_outlier_detector(estimator):
        results = _of_outliers(estimator, source)
    elif is_classifier(estimator):
        results = _of_classifier(estimator, source)
    else:
        results = _of_regressor(estimator, source)
    return {name: None if value != value else value for name, value in results.items()}


def _gathered(source: Any, *methods: Any, labelled: bool = True) -> tuple[Any, ...]:
    """Return y, the weights, and what the methods give, for the rows of all blocks; y and the
    weights are None where a source has none.
    """
    parts = []
    for block in _filled(source):
        if block.y is None and labelled:
            raise ValueError(f"{getattr(source, 'name', 'DATA')}: expected y; --target tells where")
        given = (method(block.X) for method in methods)
        parts.append((block.y, block.sample_weight, *given))
    if not parts:
        raise ValueError("expected rows, found none")
    return tuple(
        None if column[0] is None else np.concatenate(column) for column in zip(*parts, strict=True)
    )


def _filled(source: Any) -> Iterator[Any]:
    return (block for block in source if len(block))


def _of_classifier(estimator: Any, source: Any) -> dict[str, Any]:
    from sklearn import metrics

    classes = estimator.classes_
    methods = [estimator.predict, estimator.decision_function]
    if hasattr(estimator, "predict_proba"):
        methods.append(estimator.predict_proba)
    y, weight, predicted, scores, *rest = _gathered(source, *methods)
    proba = rest[0] if rest else None
    _check_known(y, classes, source)
    two, which = len(classes) == 2, {"labels": classes, "sample_weight": weight}
    average = {"average": "macro"} if not two else {"average": "binary", "pos_label": classes[1]}
    if not two:
        average["labels"] = classes
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        y, predicted, zero_division=0.0, sample_weight=weight, **average
    )
    results = {
        "n_samples": len(y),
        "accuracy": float(metrics.accuracy_score(y, predicted, sample_weight=weight)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        "roc_auc": math.nan,
    }
    if np.array_equal(np.unique(y), classes):
        if two:
            auc = metrics.roc_auc_score(y == classes[1], scores, sample_weight=weight)
            results["roc_auc"] = float(auc)
        elif proba is not None:
            results["roc_auc"] = float(metrics.roc_auc_score(y, proba, multi_class="ovr", **which))
    if proba is not None:
        results["log_loss"] = float(metrics.log_loss(y, proba, **which))
    return results


def _check_known(y: Any, classes: Any, source: Any) -> None:
    """Raise the error of a label that a model has not been taught."""
    known = classes.tolist()
    if unknown := sorted(set(np.unique(y).tolist()).difference(known)):
        name, first = getattr(source, "name", "DATA"), ", ".join(map(str, known[:MOST_NAMED]))
        more = ", ..." if len(known) > MOST_NAMED else ""
        raise ValueError(
            f"{name}: y holds {unknown[0]!r}, which the model does not know ({first}{more})"
        )


def _of_regressor(estimator: Any, source: Any) -> dict[str, Any]:
    from sklearn import metrics

    y, weight, predicted = _gathered(source, estimator.predict)
    results = {
        "n_samples": len(y),
        "r2": float(metrics.r2_score(y, predicted, sample_weight=weight)),
        "mae": float(metrics.mean_absolute_error(y, predicted, sample_weight=weight)),
        "rmse": float(metrics.root_mean_squared_error(y, predicted, sample_weight=weight)),
        "max_error": float(metrics.max_error(y, predicted)),
    }
    power = {"poisson": 1, "gamma": 2, "tweedie": estimator.power}.get(estimator.loss)
    if power is not None:
        results["mean_deviance"] = float(
            metrics.mean_tweedie_deviance(y, predicted, sample_weight=weight, power=power)
        )
    if estimator.loss == "quantile":
        results["pinball_loss"] = float(
            metrics.mean_pinball_loss(y, predicted, sample_weight=weight, alpha=estimator.quantile)
        )
    return results


def _of_outliers(estimator: Any, source: Any) -> dict[str, Any]:
    _, _, scores = _gathered(source, estimator.decision_function, labelled=False)
    return {"n_samples": len(scores), "outliers": int((scores < 0).sum())}


def _of_clusters(estimator: Any, source: Any) -> dict[str, Any]:
    inertia, n_samples = 0.0, 0
    for block in _filled(source):
        inertia -= float(estimator.score(block.X, sample_weight=block.sample_weight))
        n_samples += len(block)
    return {"n_samples": n_samples, "inertia": inertia}
