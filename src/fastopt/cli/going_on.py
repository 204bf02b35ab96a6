"""What is told of a training that goes on from a checkpoint, and of why one ends."""

from pathlib import Path
from typing import Any

import rich_click as click

from fastopt.linear_model.base import BaseSGD
from fastopt.linear_model.checkpoints import NAME


def check_begins(folder: str) -> None:
    """Raise the error of usage of a checkpoint that a training from the beginning would replace."""
    if (found := checkpoint(folder)) is not None:
        raise click.UsageError(
            f"{folder} already holds a checkpoint of {epochs(found[0])}: give --resume to go on, "
            "or another folder"
        )


def going_on(folder: str, max_iter: int, option: str, n_windows: int | None) -> str | None:
    """Return the line that tells where a training goes on, if there is a checkpoint."""
    if (found := checkpoint(folder)) is None:
        return None
    saved, extra = found
    if extra.get("done"):
        return f"nothing to train: the checkpoint has {epochs(saved)} and has converged"
    if saved.n_iter_ >= max_iter:
        return f"nothing to train: the checkpoint has {epochs(saved)}, {option} is {max_iter}"
    line = f"going on from epoch {saved.n_iter_}"
    if tally := extra.get("tally"):
        line += f" and {tally['windows']} of {n_windows} parts of the next"
    return line


def checkpoint(folder: str) -> tuple[Any, dict[str, Any]] | None:
    """Return the model of the checkpoint in a folder, and what stands beside it, if any."""
    path = Path(folder, NAME)
    if not path.exists():
        return None
    from fastopt.model_file.file import read

    return read(path)


def epochs(saved: Any) -> str:
    """Return how many epochs a model has been trained for."""
    return f"{saved.n_iter_} epoch{'s' * (saved.n_iter_ != 1)}"


def ending(model: Any, validated: bool) -> str | None:
    """Return the line that tells why a training has ended before all its epochs, if it has."""
    if model.n_iter_ >= model.max_iter:
        return None
    if not isinstance(model, BaseSGD):
        return "converged, by --max-no-improvement or --tol"
    what = "loss has not fallen"
    if model.early_stopping:
        what = "validation score has not risen"
    elif validated and model.restore_best:
        what = "validation loss has not fallen"
    return f"converged: the {what} by --tol for {model.n_iter_no_change} epochs"
