"""``fastopt predict``: a line for each row."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

import numpy as np
import rich_click as click

from fastopt.cli.options import Command, read_values, source_options
from fastopt.cli.outputs import check_apart
from fastopt.cli.saved import opened


@click.command(
    "predict", cls=Command, made=[lambda: source_options(left_out=("target", "sample_weight"))]
)
@click.argument("model", type=click.Path(exists=True, dir_okay=False))
@click.argument("data", type=click.Path(allow_dash=True))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True),
    default="-",
    help="File to write to, which is there when all is done; - for standard output.",
)
@click.option(
    "--proba", is_flag=True, help="Write the probability of each class, in the order of inspect."
)
@click.option(
    "--scores", is_flag=True, help="Write what is above 0 for a class; distances from centers."
)
def command(model: str, data: str, output: str, proba: bool, scores: bool, **texts: Any) -> None:
    """Predict the rows of DATA, a file or - for standard input, by the file MODEL.

    A line is written for each row. What comes through a pipe is read to its end before the first.

    \b
    fastopt predict out.fastopt rows.svm --proba > probabilities.csv
    zcat rows.csv.gz | fastopt predict out.fastopt - --format csv | sort | uniq -c
    """  # noqa: D301
    if proba and scores:
        raise click.UsageError("--proba and --scores cannot both be given")
    check_apart({"--output": output}, {"the data": data, "the model": model})
    estimator, source = opened(model, data, {"target": False} | read_values(texts))
    predict = _method(estimator, "--proba" if proba else "--scores" if scores else "")
    with written(output) as file:
        for block in source:
            if len(block):
                file.write("".join(f"{line}\n" for line in lines(predict(block.X))))  # at once
                file.flush()


@contextmanager
def written(path: str) -> Iterator[IO[str]]:
    """Open a file to write to, which is the whole or the one that was there before; a pipe or
    another device, or - for standard output, as it is.
    """
    if path == "-" or (os.path.exists(path) and not os.path.isfile(path)):
        with click.open_file(path, "w", encoding="utf-8") as file:
            yield file
        return
    part = f"{path}.part"
    try:
        with open(part, "w", encoding="utf-8") as file:
            yield file
        os.replace(part, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(part)
        raise


def lines(values: Any) -> Iterator[str]:
    """Return each row as text; floats in as many digits as tell them apart."""
    if values.dtype == np.float32:
        values = values.astype(str)
    if values.ndim == 1:
        return map(str, values.tolist())
    return (",".join(map(str, row)) for row in values.tolist())


def _method(estimator: Any, option: str) -> Any:
    """Return what gives for X what an option asks for."""
    if option == "--scores":
        names = ("decision_function", "transform", "predict")
        return next(getattr(estimator, name) for name in names if hasattr(estimator, name))
    if option == "--proba":
        if hasattr(estimator, "predict_proba"):
            return estimator.predict_proba
        loss = getattr(estimator, "loss", None)
        told = type(estimator).__name__ + (f" with the loss {loss}" if loss else "")
        raise click.UsageError(f"--proba cannot be used with {told}, which has no probabilities")
    classes = getattr(estimator, "classes_", np.empty(0))
    if classes.dtype.kind == "f" and classes.size and (classes == np.trunc(classes)).all():
        return lambda X: estimator.predict(X).astype(int)  # as the file has them: 1 and not 1.0
    return estimator.predict
