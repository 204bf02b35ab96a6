"""``fastopt predict``: a line for each row."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import rich_click as click

from fastopt.cli.options import Command, read_values, source_options
from fastopt.cli.saved import opened


@click.command(
    "predict", cls=Command, made=[lambda: source_options(left_out=("target", "sample_weight"))]
)
@click.argument("model", type=click.Path(exists=True, dir_okay=False))
@click.argument("data")
@click.option(
    "--output",
    type=click.File("w", encoding="utf-8", atomic=True),
    default="-",
    help="File to write to, which is there when all is done; - for standard output.",
)
@click.option(
    "--proba", is_flag=True, help="Write the probability of each class, in the order of inspect."
)
@click.option(
    "--scores", is_flag=True, help="Write what is above 0 for a class; distances from centers."
)
def command(model: str, data: str, output: Any, proba: bool, scores: bool, **texts: Any) -> None:
    r"""Predict the rows of DATA, a file or - for standard input, by the file MODEL.

    A line is written for each row, at once: what comes through a pipe goes on through a pipe.

    \b
    fastopt predict out.fastopt rows.svm --proba > probabilities.csv
    zcat rows.csv.gz | fastopt predict out.fastopt - --format csv | sort | uniq -c
    """
    if proba and scores:
        raise click.UsageError("--proba and --scores cannot both be given")
    estimator, source = opened(model, data, read_values(texts))
    predict = _method(estimator, "--proba" if proba else "--scores" if scores else "")
    for block in source:
        if len(block):
            output.writelines(f"{line}\n" for line in lines(predict(block.X)))
            output.flush()


def lines(values: Any) -> Iterator[str]:
    """Return each row as text; floats in as many digits as tell them apart."""
    values = np.asarray(values)
    if values.dtype == np.float32:
        values = values.astype(str)
    if values.ndim == 1:
        return map(str, values.tolist())
    return (",".join(map(str, row)) for row in values.tolist())


def _method(estimator: Any, option: str) -> Callable[[Any], Any]:
    """Return the method of an estimator that gives what an option asks for."""
    names = {"": ("predict",), "--proba": ("predict_proba",)}
    for name in names.get(option, ("decision_function", "transform", "predict")):
        if hasattr(estimator, name):  # the probabilities of some losses only are there
            method: Callable[[Any], Any] = getattr(estimator, name)
            return method
    loss = getattr(estimator, "loss", None)
    told = f"{type(estimator).__name__}" + (f" with the loss {loss}" if loss else "")
    raise click.UsageError(f"{option} cannot be used with {told}, which has no probabilities")
