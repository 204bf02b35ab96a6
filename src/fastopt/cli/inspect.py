"""``fastopt inspect``: what is in the file of a model."""

import json
from typing import Any

import numpy as np
import rich_click as click

from fastopt.cli.progress import COLUMNS
from fastopt.cli.tables import as_text, table


@click.command("inspect")
@click.argument("model", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="How many of the largest coefficients to tell.",
)
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Tell the parameters that have their defaults too, as --json does.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def command(model: str, top: int, every: bool, as_json: bool) -> None:
    """Tell what is in the file MODEL: kind, parameters, features, and the largest coefficients."""
    import fastopt

    estimator = fastopt.load(model)
    told = inspected(estimator, top)
    if as_json:
        click.echo(json.dumps(told, default=str))
        return
    parameters, coefficients = told.pop("parameters"), told.pop("coefficients")
    if "categorical" in told:
        told["categorical"] = [_encoding(*each) for each in told["categorical"].items()]
    click.echo(table(told.items()))
    changed = differing(estimator)
    if every:
        changed |= {name: value for name, value in parameters.items() if name not in changed}
    if changed:
        click.echo("\nparameters" if every else "\nparameters that are not the default")
        click.echo(table((f"  {name}", str(value)) for name, value in changed.items()))
    if coefficients:
        click.echo("\nlargest coefficients")
        rows = [list(coefficients[0]), *(list(row.values()) for row in coefficients)]
        click.echo(table([f"  {first}", *others] for first, *others in rows))


def inspected(estimator: Any, top: int) -> dict[str, Any]:
    """Return what a model is and holds, by name: of plain values, and parameters as they are."""
    trained = hasattr(estimator, "n_features_in_")
    told: dict[str, Any] = {"estimator": type(estimator).__name__, "trained": trained}
    if not trained:
        return told | {"parameters": estimator.get_params(deep=False), "coefficients": []}
    told |= _of_data(getattr(estimator, "source_schema_", {}))
    told["n_features"] = int(estimator.n_features_in_)
    told["epochs"] = len(getattr(estimator, "history_", ())) or int(estimator.n_iter_)
    if hasattr(estimator, "classes_"):
        told["classes"] = estimator.classes_.tolist()
    if hasattr(estimator, "t_"):
        told["updates"] = int(estimator.t_) - 1
    if getattr(estimator, "history_", None):
        told |= {name: value for name, value in estimator.history_[-1].items() if name in COLUMNS}
    if hasattr(estimator, "inertia_"):
        told |= {"n_clusters": len(estimator.cluster_centers_), "inertia": estimator.inertia_}
    told["parameters"] = estimator.get_params(deep=False)
    told["coefficients"] = []
    if hasattr(estimator, "coef_"):
        told["nonzero"] = int(np.count_nonzero(_dense(estimator.coef_)))
        told["intercept"] = np.ravel(estimator.intercept_).tolist()
        told["coefficients"] = largest(estimator, top)
    return told


def differing(estimator: Any) -> dict[str, Any]:
    """Return the parameters that have other values than their defaults."""
    usual = type(estimator)().get_params(deep=False)
    given = estimator.get_params(deep=False)
    return {name: value for name, value in given.items() if repr(value) != repr(usual[name])}


def _of_data(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what the source of a training is said to be, but for the features."""
    if "zero_based" in schema:
        return {"data": "svmlight"}
    if "features" not in schema:
        return {}
    told: dict[str, Any] = {"data": "table"}
    names = ("target", "sample_weight", "missing", "categorical")
    return told | {name: schema[name] for name in names if schema.get(name)}


def _encoding(column: str, how: list[Any] | int) -> str:
    """Return how a column of categories is encoded, as text."""
    if isinstance(how, int):
        return f"{column} ({how} hashes)"
    return f"{column} ({as_text(how)})"


def largest(estimator: Any, top: int) -> list[dict[str, Any]]:
    """Return the coefficients of the largest magnitudes, the largest first."""
    coef = np.atleast_2d(_dense(estimator.coef_))
    outputs = getattr(estimator, "classes_", range(len(coef)))
    flat = np.abs(coef).ravel()
    top = min(top, flat.size)
    chosen = np.argpartition(-flat, top - 1)[:top] if top else flat[:0]
    rows = []
    for place in sorted(chosen, key=lambda place: (-flat[place], place)):
        output, feature = divmod(int(place), coef.shape[1])
        row = {"feature": feature_name(estimator, feature)}
        if len(coef) > 1:
            row["output"] = str(outputs[output])
        rows.append(row | {"weight": float(coef[output, feature])})
    return rows


def feature_name(estimator: Any, feature: int) -> str:
    """Return what the data that a model was trained on call a feature."""
    if hasattr(estimator, "feature_names_in_"):
        return str(estimator.feature_names_in_[feature])
    schema = getattr(estimator, "source_schema_", {})
    if schema.get("zero_based") is False:
        return str(feature + 1)
    for column in schema.get("features") or ():
        how = schema["categorical"].get(column)
        names = [column] if how is None else _encoded(column, how)
        if feature < len(names):
            return names[feature]
        feature -= len(names)
    return str(feature)


def _encoded(column: str, how: list[Any] | int) -> list[str]:
    """Return the names of the features that are made of a column of categories."""
    if isinstance(how, list):
        return [f"{column}={category}" for category in how]
    return [f"{column}#{number}" for number in range(how)]


def _dense(coef: Any) -> Any:
    return coef if isinstance(coef, np.ndarray) else coef.toarray()
