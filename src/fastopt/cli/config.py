"""``fastopt config``: the instruction set and the versions."""

import json
import platform
from importlib import metadata

import numpy as np
import rich_click as click

import fastopt
from fastopt import _core

LIBRARIES = (
    "scipy",
    "scikit-learn",
    "tqdm",
    "rich-click",
    "matplotlib",
    "pyarrow",
    "pandas",
    "polars",
    "safetensors",
    "skl2onnx",
    "onnxruntime",
)


@click.command("config")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def command(as_json: bool) -> None:
    """Print the instruction set in use, the compiler, and the versions of what is installed."""
    if as_json:
        told = {
            "fastopt": fastopt.__version__,
            "isa": _core.isa(),
            "isas": [isa for isa, supported in _core.ISAS.items() if supported],
            "compiler": _core.COMPILER,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "libraries": {name: _version(name) for name in LIBRARIES},
        }
        click.echo(json.dumps(told))
        return
    fastopt.show_config()
    width = max(map(len, LIBRARIES))
    for name in LIBRARIES:
        click.echo(f"{name:{width}}  {_version(name) or 'not installed'}")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
