"""What makes reStructuredText of the docstrings, which are written to be read as they stand."""

import re
from typing import Any

from sphinx.application import Sphinx

FIELD = re.compile(r"[A-Za-z]\w*: ")
ELSEWHERE = ("Source", "torch", "optax")  # fields that are no parameters
LITERAL = re.compile(r"(``.*?``|:ivar .*?:)")
TRAILING_UNDERSCORE = re.compile(r"(?<=\w)_(?!\w)")  # as in coef_, which would be a link


def mark(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Make a field of each ``name: text`` below a schedule's title; escape what is no markup."""
    schedule = name.startswith("fastopt.schedules.")
    for k, line in enumerate(lines):
        if schedule and k > 0 and FIELD.match(line):
            line = f":{line}" if line.startswith(ELSEWHERE) else f":param {line}"
        parts = LITERAL.split(line)
        parts[::2] = (
            TRAILING_UNDERSCORE.sub(r"\_", part.replace("|", r"\|")) for part in parts[::2]
        )
        lines[k] = "".join(parts)


def skip_foreign(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool:
    """Leave out what scikit-learn's base classes bring."""
    return skip or (getattr(obj, "__module__", None) or "").startswith("sklearn.")


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of both."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", mark, priority=900)  # after napoleon
    app.connect("autodoc-skip-member", skip_foreign)
    return {"parallel_read_safe": True}
