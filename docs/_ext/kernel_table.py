"""The directive ``kernel-table``: every optimizer and its kernels, as the library's tables say."""

import inspect
from itertools import combinations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from fastopt import _core
from fastopt.optim import OPTIMIZERS, Optimizer

MOST_CHANGES = 3  # of options at a time, in the search for the call that uses a kernel
COMMON = {"lr", "l2", "decay", "l1"}  # hyper-parameters of every kernel


def uses(kind: type[Optimizer]) -> dict[str, str]:
    """Return the kernels that a class can take, each with the fewest options that ask for it."""
    switches = {
        name: not value if isinstance(value, bool) else 0.9
        for name, value in kind().options.items()
        if isinstance(value, bool) or (isinstance(value, int | float) and value == 0)
    }
    found: dict[str, str] = {}
    for count in range(MOST_CHANGES + 1):
        for names in combinations(switches, count):
            changes = {name: switches[name] for name in names}
            try:
                optimizer = kind(**changes)
            except ValueError:  # options that exclude one another
                continue
            call = ", ".join(f"{name}={value!r}" for name, value in changes.items())
            for penalty, more in {"": {}, "a model with an l1 penalty": {"l1": 1.0}}.items():
                kernel = optimizer._kernel({**optimizer.options, **more})
                found.setdefault(kernel, "; ".join(filter(None, [call and f"``{call}``", penalty])))
    return found


def rule(kind: type[Optimizer]) -> list[str]:
    """Return what the docstring of a class says of its rule, which is all before its parameters."""
    return (inspect.getdoc(kind) or "").split("\nParameters\n")[0].splitlines()


def sections() -> list[str]:
    """Return the page as lines of reStructuredText."""
    lines = [".. currentmodule:: fastopt.optim", ""]
    shelves: dict[type[Optimizer], list[str]] = {}
    for name, optimizer in OPTIMIZERS.items():
        shelves.setdefault(type(optimizer), []).append(name)
    unused = set(_core.OPTIMIZERS)
    for kind, names in shelves.items():
        on_shelf = ", ".join(f'``"{name}"``' for name in names)
        lines += [kind.__name__, "-" * len(kind.__name__), "", *rule(kind), ""]
        lines += [f"Class `{kind.__name__}`; ``optimizer=`` {on_shelf} in a linear model.", ""]
        lines += [".. list-table::", "   :header-rows: 1", ""]
        lines += row("kernel", "state arrays", "memory", "its hyper-parameters", "used with")
        for kernel, change in uses(kind).items():
            states, hypers, memory = _core.OPTIMIZERS[kernel]
            own = [name for name in hypers if name not in COMMON]
            names = (" ".join(part) for part in (states, memory, own))
            lines += row(kernel, *names, change or "the defaults")
            unused.discard(kernel)
        lines.append("")
    if unused:
        lines += ["Kernels of no class above: " + ", ".join(sorted(unused)) + ".", ""]
    return lines


def row(*cells: str) -> list[str]:
    """Return a row of a list-table."""
    return [f"   {'  ' if k else '* '}- {cell or '–'}" for k, cell in enumerate(cells)]


class KernelTable(SphinxDirective):
    """The page's sections, one a class of optimizers."""

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the sections."""
        return self.parse_text_to_nodes("\n".join(sections()), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("kernel-table", KernelTable)
    return {"parallel_read_safe": True}
