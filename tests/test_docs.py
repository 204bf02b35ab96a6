"""The first page of the documentation runs; its tables are complete and true."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import fastopt
from fastopt import _core, optim, schedules
from fastopt.schedules.equivalents import OPTAX, TORCH

DOCS = Path(__file__).parent.parent / "docs"
KINDS = {type(optimizer) for optimizer in optim.OPTIMIZERS.values()}


def test_the_examples_of_the_first_page_run():
    page = (DOCS / "index.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(block, {})


@pytest.fixture
def extension(monkeypatch):
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(DOCS / "_ext")
    return importlib.import_module


@pytest.fixture
def kernel_table(extension):
    return extension("kernel_table")


def test_the_page_of_optimizers_has_a_row_for_every_kernel(kernel_table):
    page = "\n".join(kernel_table.sections())
    assert all(f"* - {kernel}\n" in page for kernel in _core.OPTIMIZERS)


@pytest.mark.parametrize("kind", sorted(KINDS, key=lambda kind: kind.__name__))
def test_a_kernel_is_that_of_the_options_beside_it(kernel_table, kind):
    for kernel, use in kernel_table.uses(kind).items():
        options, _, penalty = use.rpartition("``")
        unbound = kind(**eval(f"dict({options.strip('`')})"))
        more = {"l1": 1.0} if penalty else {}
        assert unbound._kernel({**unbound.options, **more}) == kernel


def test_every_public_module_and_function_has_its_place_in_the_reference():
    pages = "\n".join(page.read_text(encoding="utf-8") for page in (DOCS / "api").glob("*.rst"))
    for name in set(fastopt.__all__) - {"__version__", "show_config"}:
        assert re.search(rf":: fastopt\.{name}\n", pages)


@pytest.mark.parametrize("name", [n for n in schedules.__all__ if n != "RobbinsMonro"])
def test_what_a_schedule_says_of_its_parameters_is_of_those_alone(extension, name):
    schedule = getattr(schedules, name)
    lines = inspect.getdoc(schedule).splitlines()
    extension("docstrings").mark(None, "class", f"fastopt.schedules.{name}", schedule, None, lines)
    told = [line.split(":")[1].removeprefix("param ") for line in lines if ":param" in line]
    assert told == list(inspect.signature(schedule).parameters)


@pytest.mark.parametrize(("library", "equivalents"), [("torch", TORCH), ("optax", OPTAX)])
def test_the_table_of_schedules_has_every_equivalent(extension, library, equivalents):
    lines = extension("schedule_table").table(library)
    assert (lines.index(f"   * - {library}"), len(lines)) == (4, 6 + 2 * len(equivalents))
    for theirs, ours in equivalents.items():
        assert lines[lines.index(f"   * - ``{theirs}``") + 1] == f"     - ``{ours}``"
