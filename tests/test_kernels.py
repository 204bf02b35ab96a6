"""The update rules: each against its formula, and the same bytes on every ISA."""

import numpy as np
import pytest

from fastopt import _core, _reference

from .rules import HYPER, LOSS, MEMORY

LANES = {np.float32: 16, np.float64: 8}
LENGTHS = range(3 * 16 + 2)  # 0 .. 3 * LANES + 1 of either dtype


class Step(_core.Stepper):
    """One rule bound to one array, with the same numbers at every step."""

    def __init__(self, name, w, state, hyper):
        self.memory = np.array([MEMORY[m] for m in _core.OPTIMIZERS[name][2]])
        self._bind([w], [list(state.values())], [0], [name], [self.memory])
        self.rows = np.array([[hyper[h] for h in _core.OPTIMIZERS[name][1]]])

    def _refill(self):
        self._provide([self.rows], self.t, 2**62)


def example(name, dtype, n, offset=0):
    """Weights, a gradient and a state of n numbers, at an address `offset` numbers off."""
    rng = np.random.default_rng(n)

    def array(low, high):
        memory = np.empty(n + offset, dtype)[offset:]
        memory[:] = rng.uniform(low, high, n)
        return memory

    # v stays well above m^2, since the rounding of their difference is not the rule's.
    states = _core.OPTIMIZERS[name][0]
    return array(-1, 1), array(-1, 1), {s: array(0.1, 0.5) + (s == "v") for s in states}


def run(name, dtype, n, steps=3, offset=0):
    """The bytes of the weights and the state after some steps."""
    w, g, state = example(name, dtype, n, offset=offset)
    optimizer = Step(name, w, state, HYPER)
    for _ in range(steps):
        optimizer.step(g, loss=LOSS)
    return b"".join(a.tobytes() for a in [w, *state.values(), optimizer.memory])


@pytest.mark.parametrize("l1", [0.0, 0.02])
@pytest.mark.parametrize("name", _core.OPTIMIZERS)
@pytest.mark.parametrize("n", [1, 7, 16, 50, 1000])
def test_step_is_the_formula(name, isa, dtype, n, l1, monkeypatch):
    monkeypatch.setitem(HYPER, "l1", l1)
    w, g, state = example(name, dtype, n)
    expected = w.astype(float)
    expected_state = {s: a.astype(float) for s, a in state.items()}
    expected_memory = {m: MEMORY[m] for m in _core.OPTIMIZERS[name][2]}
    if "loss" in expected_memory:
        expected_memory["loss"] = LOSS
    own = [expected_memory] if expected_memory else []
    _reference.OPTIMIZERS[name](expected, g.astype(float), expected_state, HYPER, *own)
    optimizer = Step(name, w, state, HYPER)
    optimizer.step(g, loss=LOSS)
    eps = np.finfo(dtype).eps  # terms are of size 1 and may cancel
    np.testing.assert_allclose(w, expected, rtol=8 * eps, atol=8 * eps)
    for s, a in state.items():
        np.testing.assert_allclose(a, expected_state[s], rtol=8 * eps, atol=eps, err_msg=s)
    np.testing.assert_allclose(optimizer.memory, [*expected_memory.values()], rtol=8 * eps)


@pytest.mark.parametrize("l1", [0.0, 0.02])
@pytest.mark.parametrize("name", _core.OPTIMIZERS)
def test_step_gives_the_same_bytes_on_every_isa_and_length(
    name, dtype, on_every_isa, l1, monkeypatch
):
    monkeypatch.setitem(HYPER, "l1", l1)
    for n in LENGTHS:
        results = on_every_isa(lambda n=n: run(name, dtype, n))
        assert len(set(results)) == 1, f"n = {n}"


@pytest.mark.parametrize("name", _core.OPTIMIZERS)
def test_step_gives_the_same_bytes_at_every_address(name, isa, dtype):
    expected = run(name, dtype, 53)
    for offset in range(1, LANES[dtype]):
        assert run(name, dtype, 53, offset=offset) == expected


def test_a_long_step_is_many_short_ones(isa, dtype):
    n = 2**20 + 12345
    w, g, state = example("adam", dtype, n)
    expected = w.copy()
    for part in slice(0, 2**19), slice(2**19, n):
        own_state = {s: a[part].copy() for s, a in state.items()}
        Step("adam", expected[part], own_state, HYPER).step(g[part])
    Step("adam", w, state, HYPER).step(g)
    assert w.tobytes() == expected.tobytes()


def test_a_pull_of_any_strength_is_exact(isa, dtype):
    # For q = lr l2 / scale from where 1 - q is 1 to where nothing is left.
    name, q = "adagrad_composite", 10.0 ** np.arange(-18, 9, 0.25)
    for l1 in (0.0, 1e-4):
        hyper = dict(HYPER, lr=1.0, l2=1.0, l1=l1, eps=0.0, eps_in_sqrt=0.0)
        w, v = np.ones(len(q), dtype), (1 / q**2).astype(dtype)
        expected, expected_state = w.astype(float), {"v": v.astype(float)}
        _reference.OPTIMIZERS[name](expected, np.zeros(len(q)), expected_state, hyper)
        Step(name, w, {"v": v}, hyper).step(np.zeros(len(q), dtype))
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(w, expected, rtol=4 * eps, atol=4 * eps)


def test_numbers_that_do_not_fit_a_rule_are_refused():
    optimizer = Step("adam", *example("adam", np.float64, 3)[::2], HYPER)
    for shape in ((1, 8), (3, 9)):
        with pytest.raises(ValueError, match=r"hypers\[0\] must have the shape \(4 or 1, 10\)"):
            optimizer._provide([np.zeros(shape)], 0, 4)
    with pytest.raises(ValueError, match="hypers must hold 1 matrices, got 0"):
        optimizer._provide([], 0, 4)


def test_every_rule_has_a_reference():
    assert _reference.OPTIMIZERS.keys() == _core.OPTIMIZERS.keys()
