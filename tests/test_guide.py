"""The pages of the guide run: their Python, their commands, and what both are said to print."""

import ast
import doctest
import importlib.util
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sklearn.linear_model

from bench.report import ROWS
from fastopt import linear_model, optim

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs" / "guide").glob("*.md"))
OPTIONAL = {"torch", "vowpalwabbit"}  # which no extra asks for
SHOWN = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def fences(page):
    """Return the language, the text and the first line of each block of a page."""
    text = page.read_text(encoding="utf-8")
    blocks = re.finditer(r"^```(\S+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [(block[1], block[2], text[: block.start(2)].count("\n")) for block in blocks]


def missing(code):
    """Return the packages that code imports and that need not be installed, nor are."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    return {name for name in names & OPTIONAL if importlib.util.find_spec(name) is None}


def dialogue(text):
    """Return the commands of a console with what each prints."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert not parts[0], "a console begins with a command"
    ends = re.compile(r"(?<!\\)\n")  # of commands, which go on after a backslash
    return [tuple(ends.split(part, maxsplit=1)) for part in parts[1:]]


def run(command):
    """Run a command as the shell of a reader would, and return what is printed."""
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        shell=True,
        env={**os.environ, "PATH": beside, "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert done.returncode == 0, f"$ {command}\n{done.stdout}"
    return done.stdout


def check(place, shown, printed):
    if not doctest.OutputChecker().check_output(shown, printed, SHOWN):
        pytest.fail(f"{place} shows\n{shown}\nand this is printed:\n{printed}", pytrace=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    printed = None  # by the Python before, if it has run
    for language, text, line in fences(page):
        place = f"{page.name}, line {line}"
        if language == "python":
            if missing(text):
                printed = None
                continue
            capsys.readouterr()
            exec(compile("\n" * line + text, page, "exec"), names)
            printed = capsys.readouterr().out
        elif language == "text" and printed is not None:
            check(place, text, printed)
            printed = None
        elif language == "console" and os.name == "posix":
            for command, shown in dialogue(text):
                check(f"{place}: {command}", shown, run(command))


def named(page):
    """Return what stands in code in the first cells of the tables of a page."""
    text = (ROOT / "docs" / "guide" / page).read_text(encoding="utf-8")
    cells = re.findall(r"^\| ([^|]*) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


@pytest.mark.parametrize("kind", ["SGDClassifier", "SGDRegressor"])
def test_the_table_of_parameters_has_every_parameter(kind):
    ours = inspect.signature(getattr(linear_model, kind)).parameters
    theirs = inspect.signature(getattr(sklearn.linear_model, kind)).parameters
    assert ours.keys() | theirs.keys() <= named("scikit-learn.md")


def test_the_table_of_optimizers_has_every_one_of_torch():
    torch = pytest.importorskip("torch")
    theirs = {name for name in torch.optim.__all__ if name[0].isupper()} - {"Optimizer"}
    assert theirs <= named("torch.md")


@pytest.mark.parametrize("kind", ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW", "Rprop"])
def test_what_is_said_to_be_added_to_torch_s_options_is(kind):
    theirs = inspect.signature(getattr(pytest.importorskip("torch").optim, kind)).parameters
    ours = inspect.signature(getattr(optim, kind)).parameters
    text = (ROOT / "docs" / "guide" / "torch.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| `{kind}` \| `{kind}` \| (.*) \|$", text, re.MULTILINE)[1]
    added = set(re.findall(r"`(\w+)(?:=|`)", row.split(";")[0]))
    assert added == ours.keys() - theirs.keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_rows_of_the_benchmark_that_a_page_names_are_there(page):
    text = page.read_text(encoding="utf-8")
    commands = re.findall(r"^(?:\w+=\w+ )?python -m bench (.+)$", text, re.MULTILINE)
    words = {word for command in commands for word in command.split()}
    words |= set(re.findall(r"`([a-z]+(?:-[a-z0-9]+)*-[a-z]*\d\w*)`", text))
    assert words - {"ROW", "...", "--list"} <= ROWS.keys()
