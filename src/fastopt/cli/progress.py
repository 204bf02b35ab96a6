"""What is told of a training while it runs."""

import sys
from typing import Any

COLUMNS = ("loss", "accuracy", "validation_loss", "validation_score")


class Lines:
    """A callback that writes a line for each epoch to standard error, above the bar."""

    def on_epoch_end(self, model: Any) -> None:
        """Tell of the epoch that has ended."""
        from tqdm import tqdm

        row = model.history_[-1]
        told = [f"{name.replace('_', ' ')} {row[name]:.5g}" for name in COLUMNS if name in row]
        told.append(f"{row['samples_per_second']:,.0f} rows/s")
        line = f"epoch {len(model.history_)} of at most {model.max_iter}: {', '.join(told)}"
        tqdm.write(line, file=sys.stderr)
