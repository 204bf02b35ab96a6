"""The directive ``schedule-table``: what schedules of torch or optax are called here."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from fastopt.schedules.equivalents import OPTAX, TORCH

TABLES = {"torch": TORCH, "optax": OPTAX}


def table(library: str) -> list[str]:
    """Return the equivalents of a library's schedules as lines of reStructuredText."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 1 1", ""]
    lines += [f"   * - {library}", "     - fastopt.schedules"]
    for theirs, ours in TABLES[library].items():
        lines += [f"   * - ``{theirs}``", f"     - ``{ours}``"]
    return lines


class ScheduleTable(SphinxDirective):
    """The table of the library that the argument names."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the table."""
        return self.parse_text_to_nodes("\n".join(table(self.arguments[0])))


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("schedule-table", ScheduleTable)
    return {"parallel_read_safe": True}
