"""Data to see how well a model does on, which it is not trained on."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from fastopt.data.source import Source
from fastopt.linear_model.input import Array, check_columns, check_weights, read, weights_of

Rows = tuple[Any, Array, Array | None]  # X, y and the weights, read


class Validation:
    """Rows that a model is tried on after each epoch.

    Parameters
    ----------
    blocks : function
        Returns all the rows anew, in blocks of (X, y, sample_weight), as they have been read.
    """

    def __init__(self, blocks: Callable[[], Iterable[Rows]]) -> None:
        self.blocks = blocks

    def results(self, model: Any) -> dict[str, float]:
        """Return the loss and the score of a model."""
        losses, sizes, ys, predictions = [], [], [], []
        weights: list[Any] = []
        for X, y, weight in self.blocks():
            if weight is not None and not weight.any():
                continue
            scores = model._scores_of(X)
            losses.append(model._mean_loss(scores, y, weight))
            sizes.append(len(y) if weight is None else float(weight.sum()))
            ys.append(y)
            predictions.append(model._predictions_of(scores))
            weights.append(weight)
        if not losses:
            raise ValueError("eval_set: sample weights must contain at least one non-zero number")
        loss = losses[0] if len(losses) == 1 else float(np.average(losses, weights=sizes))
        weight = None if weights[0] is None else np.concatenate(weights)
        score = model._score_of(np.concatenate(predictions), np.concatenate(ys), weight)
        return {"validation_loss": loss, "validation_score": score}


def given(model: Any, eval_set: Any, *, multi_output: bool) -> Validation:
    """Return the data that a user has given as eval_set."""
    source = isinstance(eval_set, Source)
    if not source and (not isinstance(eval_set, tuple | list) or len(eval_set) not in (2, 3)):
        raise TypeError("eval_set must be (X, y), (X, y, sample_weight) or a source")
    try:
        if source:
            return _of_source(model, eval_set, multi_output)
        X, y = read(model, *eval_set[:2], reset=False, multi_output=multi_output)
        check_columns(X)
        model._check_target(y)
        weight = check_weights(eval_set[2], X, np.float64) if len(eval_set) == 3 else None
    except ValueError as error:
        raise ValueError(f"eval_set: {error}") from None
    return Validation(lambda: [(X, y, weight)])


def _of_source(model: Any, source: Source, multi_output: bool) -> Validation:
    if source.one_pass:
        raise ValueError("data can be gone over only once")

    def blocks() -> Iterator[Rows]:
        for block in source:
            if len(block):
                X, y = read(model, block.X, block.y, reset=False, multi_output=multi_output)
                yield X, y, weights_of(block, np.float64)

    first = source.peek()
    _, y = read(model, first.X, first.y, reset=False, multi_output=multi_output)
    model._check_target(y if source.classes is None else source.classes)
    return Validation(blocks)
