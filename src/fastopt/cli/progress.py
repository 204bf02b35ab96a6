"""What is told of a training while it runs."""

from typing import Any

import rich_click as click

COLUMNS = ("loss", "accuracy", "validation_loss", "validation_score")
CALLED = {"accuracy": "running accuracy"}  # that of each row before it is learnt


class Lines:
    """A callback that writes a line for each epoch to standard error."""

    def on_epoch_end(self, model: Any) -> None:
        """Tell of the epoch that has ended."""
        row = model.history_[-1]
        names = {name: CALLED.get(name, name.replace("_", " ")) for name in COLUMNS if name in row}
        told = [f"{text} {row[name]:.5g}" for name, text in names.items()]
        told.append(f"{row['samples_per_second']:,.0f} rows/s")
        line = f"epoch {len(model.history_)} of at most {model.max_iter}: {', '.join(told)}"
        click.echo(line, err=True)
