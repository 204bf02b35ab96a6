"""What every test may ask for: each ISA that this CPU can run, and each dtype."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import settings

from fastopt import _core

# How long an example takes says more of the machine than of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

ISAS = [name for name, supported in _core.ISAS.items() if supported]


@pytest.fixture(params=ISAS)
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """The kernels of one ISA after another."""
    before = _core.isa()
    _core.use_isa(request.param)
    yield request.param
    _core.use_isa(before)


@pytest.fixture
def on_every_isa() -> Iterator[object]:
    """A function that runs another on every ISA and returns the results, best ISA first."""
    before = _core.isa()

    def run(function):
        results = []
        for name in ISAS:
            _core.use_isa(name)
            results.append(function())
        return results

    yield run
    _core.use_isa(before)


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> type:
    return request.param
