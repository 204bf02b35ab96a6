"""What an import costs, and what it must not bring in."""

import os
import subprocess
import sys

import pytest

import fastopt


def run(code, **environment):
    """What a fresh interpreter prints."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "FASTOPT_ISA": "", **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_optimizers_import_neither_scikit_learn_nor_scipy():
    imports = "import fastopt, sys; from fastopt import optim, schedules\n"
    assert run(imports + "print({'sklearn', 'scipy', 'tqdm'} & sys.modules.keys())") == "set()\n"


def test_import_is_short():
    code = (
        "import numpy, time; start = time.perf_counter()\n"
        "from fastopt import optim, schedules; print(time.perf_counter() - start)"
    )
    assert min(float(run(code)) for _ in range(3)) < 0.15


def test_submodules_are_there_without_an_import_of_their_own():
    code = "import fastopt; print(*(getattr(fastopt, name) for name in fastopt.__all__))"
    assert "fastopt.linear_model" in run(code)


def test_minimize_is_a_function_and_imports_no_scikit_learn():
    code = "import fastopt, sys; print(callable(fastopt.minimize), 'sklearn' in sys.modules)"
    assert run(code) == "True False\n"


@pytest.mark.parametrize("isa", [name for name, can in fastopt._core.ISAS.items() if can])
def test_the_environment_chooses_the_isa(isa):
    assert f"ISA       {isa} " in run("import fastopt; fastopt.show_config()", FASTOPT_ISA=isa)


def test_an_unknown_isa_is_refused():
    code = "try:\n import fastopt\nexcept ValueError as e: print(e)"
    assert "FASTOPT_ISA must be one of" in run(code, FASTOPT_ISA="v9")


def test_unknown_attributes_raise():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = fastopt.nothing
