"""``fastopt train``: from a file of rows to a file of a model."""

import csv
import json
import os
import sys
import time
from functools import partial
from importlib.util import find_spec
from typing import Any

import rich_click as click

from fastopt.cli.options import (
    ESTIMATORS,
    Command,
    check_format,
    estimator_options,
    estimators,
    read_values,
    source_arguments,
    source_options,
)
from fastopt.cli.outputs import check_apart, check_replaceable, writable
from fastopt.cli.progress import Lines
from fastopt.cli.values import sets_rate

PICTURES = (".png", ".svg", ".pdf")


def _picture(ctx: click.Context, param: click.Parameter, path: str | None) -> str | None:
    """Refuse a picture of a kind that is not drawn."""
    if path is not None and os.path.splitext(path)[1].lower() not in ("", *PICTURES):
        raise click.BadParameter(f"expected a name that ends in {', '.join(PICTURES)}, got {path}")
    return writable(ctx, param, path)


_output = partial(click.option, type=click.Path(dir_okay=False, writable=True), callback=writable)


@click.command("train", cls=Command, made=[source_options, lambda: estimator_options(estimators())])
@click.argument("data", type=click.Path(allow_dash=True))
@click.option(
    "--estimator",
    "of",
    type=click.Choice(list(ESTIMATORS)),
    metavar="TEXT",
    help=f"What to train. One of {', '.join(ESTIMATORS)}. By default what the loss is for, classes "
    "or numbers; without --loss a classifier.",
    panel="Training",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    help="Passes over the data: --max-iter N --tol none, so exactly N if --tol is not given.",
    panel="Training",
)
@click.option(
    "--valid", type=click.Path(), help="Data to see how well it does on.", panel="Training"
)
@click.option("--valid-target", help="As --target, for --valid.", panel="Training")
@click.option(
    "--checkpoint",
    type=click.Path(file_okay=False),
    help="Folder to write what is needed to go on to.",
    panel="Training",
)
@click.option(
    "--every",
    type=click.FloatRange(min=0, min_open=True),
    help="Epochs between two checkpoints; may be below 1. Default: 1.",
    panel="Training",
)
@click.option(
    "--resume", is_flag=True, help="Go on from the last checkpoint, if any.", panel="Training"
)
@_output("--model", required=True, help="File to write the model to.", panel="Output")
@_output("--history", help="File to write the history to, as CSV: a row an epoch.", panel="Output")
@_output(
    "--plot",
    callback=_picture,
    help="Picture of the losses to make: .png, .svg or .pdf.",
    panel="Output",
)
@click.option("-q", "--quiet", is_flag=True, help="Tell nothing of the progress.", panel="Output")
@click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON object of what came out.", panel="Output"
)
def command(
    data: str,
    of: str | None,
    model: str,
    history: str | None,
    plot: str | None,
    quiet: bool,
    as_json: bool,
    epochs: int | None,
    valid: str | None,
    valid_target: str | None,
    checkpoint: str | None,
    every: float | None,
    resume: bool,
    **texts: Any,
) -> None:
    """Train a model on the rows of DATA, a file of any size or - for standard input.

    The loss decides what is trained. For example:

    \b
    fastopt train rows.svm --loss log_loss --epochs 5 --model out.fastopt
    fastopt train rows.csv --target price --loss huber --model out.fastopt
    """  # noqa: D301
    if checkpoint is None and (resume or every is not None):
        raise click.UsageError("--resume and --every need --checkpoint")
    if valid is None and valid_target is not None:
        raise click.UsageError("--valid-target needs --valid")
    from fastopt.linear_model.checkpoints import NAME

    check_apart(
        {"--model": model, "--history": history, "--plot": plot},
        {
            "the data": data,
            "--target": _npy(texts["target"]),
            "--sample-weight": _npy(texts["sample_weight"]),
            "--valid": valid,
            "--valid-target": _npy(valid_target),
            "the checkpoint": checkpoint and os.path.join(checkpoint, NAME),
        },
    )
    check_replaceable(model)
    if plot is not None and find_spec("matplotlib") is None:
        raise ImportError("--plot needs matplotlib: pip install 'fastopt[plot]'")
    from fastopt.cli.choice import Choice
    from fastopt.cli.going_on import check_begins, ending, going_on
    from fastopt.data import open_source

    values = read_values(texts)
    given = {name: values.pop(name) for name in source_arguments() if name in values}
    check_format(data, given)
    choice = Choice(of, values, epochs, sets_rate(texts["optimizer"] or ""))
    choice.check_takes("eval_set", {"--valid": valid})
    choice.check_takes("checkpoint", {"--checkpoint": checkpoint})
    if checkpoint is not None and not resume:
        check_begins(checkpoint)
    choice.check_takes("callbacks", {"--history": history, "--plot": plot})
    source = open_source(data, **given)
    estimator = choice.made_for(source)
    how: dict[str, Any] = {}
    if valid is not None:
        same = {name: given[name] for name in ("memory", "on_bad_rows") if name in given}
        how["eval_set"] = open_source(valid, target=valid_target, like=source.schema, **same)
    if checkpoint is not None:
        how |= {"checkpoint": checkpoint, "every": every or 1, "resume": resume}
    bar = not quiet and sys.stderr.isatty()
    if not quiet and not bar and choice.takes("callbacks"):
        how["callbacks"] = [Lines()]
    estimator.set_params(verbose=int(bar))
    if resume and not quiet:
        option = "--max-iter" if epochs is None else "--epochs"
        _tell(going_on(str(checkpoint), estimator.max_iter, option, source.n_windows))
    start = time.perf_counter()
    try:
        estimator.fit(source, **how)
    except KeyboardInterrupt:
        if checkpoint is None:
            raise
        hint = f"--resume goes on from the last checkpoint in {checkpoint}"
        raise KeyboardInterrupt(hint) from None
    seconds = time.perf_counter() - start
    estimator.set_params(verbose=0).save(model)  # the same file, whoever looked on
    if history is not None:
        _write_history(history, estimator.history_)
    if plot is not None:
        _draw(plot, estimator)
    told = {
        "model": model,
        "estimator": type(estimator).__name__,
        "n_samples": source.n_samples,
        "n_features": source.n_features,
        "n_bad_rows": source.n_bad_rows,
        "epochs": estimator.n_iter_,
        "seconds": seconds,
        "history": getattr(estimator, "history_", []),
    }
    if as_json:
        click.echo(json.dumps(told))
    if not quiet:
        line = "{model}: {estimator} of {n_samples:,} rows x {n_features:,} features"
        bad = ", bad rows left out: {n_bad_rows:,}" if told["n_bad_rows"] else ""
        _tell(ending(estimator, valid is not None))
        _tell((line + bad).format_map(told))


def _tell(line: str | None) -> None:
    if line is not None:
        click.echo(line, err=True)


def _npy(target: str | None) -> str | None:
    """Return what is a file, and no column."""
    return target if target is not None and target.endswith(".npy") else None


def _write_history(path: str, rows: list[dict[str, float]]) -> None:
    columns = dict.fromkeys(column for row in rows for column in row)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["epoch", *columns])
        writer.writeheader()
        writer.writerows({"epoch": epoch, **row} for epoch, row in enumerate(rows, start=1))


def _draw(path: str, estimator: Any) -> None:
    import matplotlib

    matplotlib.use("agg")  # needs no display
    import matplotlib.pyplot as plt

    from fastopt import plot

    figure, ax = plt.subplots()
    plot.loss(estimator, ax=ax)
    figure.savefig(path)
