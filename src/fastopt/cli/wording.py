"""What errors say, in the words of the command line."""

import re
from ast import literal_eval

from fastopt.cli.options import flag_of

#: What the library says, and what it is called in a shell.
SAID = {
    r"early_stopping needs eval_set where X is a source": (
        "--early-stopping needs --valid where DATA is larger than --memory"
    ),
    r"batch_size cannot be 'full' on a source larger than its memory": (
        "--batch-size cannot be full where DATA is larger than --memory"
    ),
    r"format must be told of": "--format must be given for",
    r"Unknown label type: continuous\..*": (
        "y holds numbers, and the loss is for classes; for numbers give --loss squared_error"
    ),
}
#: Of a checkpoint that a training does not go on from.
OTHER = re.compile(r"its (?P<name>\w+) is (?P<before>.*), and that of the model (?P<now>.*)")


def in_shell(text: str) -> str:
    """Return what an error says with options in place of arguments."""
    for said, told in SAID.items():
        text = re.sub(said, told, text)
    return OTHER.sub(_as_before, text)


def _as_before(found: re.Match[str]) -> str:
    flag, before, now = flag_of(found["name"]), _written(found["before"]), _written(found["now"])
    if before is None:
        return f"the {flag} of the first run was {found['before']}, and is {found['now']} now"
    return f"give {flag} {before}, as the first run had, not {now or found['now']}"


def _written(value: str) -> str | None:
    """Return how a word, a number or None is written in a shell; of other values None."""
    try:
        read = literal_eval(value)
    except (ValueError, SyntaxError):
        return None
    if isinstance(read, bool):
        return None  # a flag
    if read is None or isinstance(read, str | int | float):
        return "none" if read is None else str(read)
    return None
