"""Average: torch's averages, and optax's without bias; a run cut in two is one run."""

import copy
import pickle

import numpy as np
import pytest

from fastopt import optim

from .test_rules import start

OPTIONS = {
    "mean": {},
    "ema": dict(decay=0.9),
    "short": dict(decay=0.0),
    "debiased": dict(decay=0.9, debias=True),
    "debiased-short": dict(decay=0.0, debias=True),
    "debiased-long": dict(decay=0.9999, debias=True),
}
OF_TORCH = ["mean", "ema", "short"]


def path(dtype=np.float64, steps=20):
    """The weights along a run of Adam, in the same array."""
    w, gradient = start(dtype)
    opt = optim.Adam(w, lr=0.1)
    for t in range(1, steps + 1):
        opt.step(gradient(t))
        yield w


def run(name, dtype=np.float64):
    average = None
    for w in path(dtype):
        average = average or optim.Average(w, **OPTIONS[name])
        average.update()
        yield average.averages.copy()


def by_torch(name):
    torch = pytest.importorskip("torch")
    swa = torch.optim.swa_utils
    model = torch.nn.Linear(1, 1, bias=False).double()
    decay = OPTIONS[name].get("decay")
    how = {} if decay is None else {"multi_avg_fn": swa.get_ema_multi_avg_fn(decay)}
    model.weight = torch.nn.Parameter(torch.zeros(40, dtype=torch.float64))
    average = swa.AveragedModel(model, **how)
    for w in path():
        model.weight.data = torch.from_numpy(w.copy())
        average.update_parameters(model)
        yield average.module.weight.detach().numpy()


def by_optax(name):
    pytest.importorskip("jax").config.update("jax_enable_x64", True)
    optax = pytest.importorskip("optax")
    rule = optax.ema(OPTIONS[name]["decay"])
    state = None
    for w in path():
        w = optax.tree.cast(w.copy(), float)
        average, state = rule.update(w, state or rule.init(w))
        yield average


@pytest.mark.parametrize("name", OPTIONS)
def test_averages_are_those_of_torch_and_optax(name, dtype):
    peer = by_torch if name in OF_TORCH else by_optax
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    if name == "debiased-long" and dtype == np.float64:
        tolerance = 1e-10  # optax divides by 1 - decay ** n, of which the first digits cancel
    for ours, theirs in zip(run(name, dtype), peer(name), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


#: a[0] after 20 updates in float64, by torch 2.13.0 and optax 0.2.8.
STORED = {
    "mean": 0.386020382638261,
    "ema": 0.539925351155976,
    "short": 1.2298279026527081,
    "debiased": 0.6873144915335518,
    "debiased-short": 1.2298279026527081,
    "debiased-long": 0.3863296504320367,
}


@pytest.mark.parametrize("name", OPTIONS)
def test_averages_are_the_stored_figures_of_torch_and_optax(name):
    *_, average = run(name)
    np.testing.assert_allclose(average[0], STORED[name], rtol=1e-10)


@pytest.mark.parametrize("name", OPTIONS)
def test_every_isa_averages_to_the_same_bytes(name, dtype, on_every_isa):
    def averaged():
        *_, average = run(name, dtype)
        return average.tobytes()

    assert len(set(on_every_isa(averaged))) == 1


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("cut", [0, 1, 2, 19])
def test_a_run_cut_in_two_is_one_run(name, cut, dtype):
    def averages(cut=None):
        average = None
        for n, w in enumerate(path(dtype)):
            average = average or optim.Average(w, **OPTIONS[name])
            if n == cut:
                saved = pickle.loads(pickle.dumps(average.state_dict()))
                average = optim.Average(w)
                average.load_state_dict(saved)
                assert average.n_averaged == cut
            average.update()
        return average.averages.tobytes()

    assert averages(cut) == averages()


@pytest.mark.parametrize("name", OPTIONS)
def test_the_mean_of_one_weight_is_that_weight(name):
    w = np.full(3, 0.1)
    average = optim.Average(w, **OPTIONS[name])
    for _ in range(9):
        average.update()
        assert average.averages.tolist() == [0.1] * 3


@pytest.mark.parametrize("name", OPTIONS)
def test_averages_begin_at_the_first_update_and_are_the_parameters_until_then(name):
    w, b = np.ones(2), np.full((), 3.0, np.float32)
    average = optim.Average([w, b], **OPTIONS[name])
    w[:] = 5
    assert [a.tolist() for a in average.averages] == [[1, 1], 3]
    assert [a.dtype for a in average.averages] == [np.float64, np.float32]
    average.update()
    assert [a.tolist() for a in average.averages] == [[5, 5], 3]
    assert w.tolist() == [5, 5]


def test_averages_change_in_place():
    w = np.ones(2)
    one, several = optim.Average(w), optim.Average([w])
    seen = [one.averages, *several.averages]
    w[:] = 5
    one.update()
    several.update()
    assert [a.tolist() for a in seen] == [[5, 5], [5, 5]]


@pytest.mark.parametrize(
    ("params", "options", "error", "message"),
    [
        (3.0, {}, TypeError, "params must be an array or a list of arrays, got float"),
        ([np.ones(2), [1.0]], {}, TypeError, r"params\[1\] must be a NumPy array, got list"),
        (np.ones(2, int), {}, TypeError, r"params\[0\] must be float32 or float64"),
        (np.ones(2), dict(decay=1.0), ValueError, r"decay must be a number in \[0, 1\)"),
        (np.ones(2), dict(decay="0.9"), TypeError, r"decay must be a number in \[0, 1\)"),
        (np.ones(2), dict(decay=0.9, debias=1), TypeError, "debias must be True or False"),
        (np.ones(2), dict(debias=True), ValueError, "debias=True needs a decay"),
    ],
)
def test_arguments_that_are_wrong_are_named(params, options, error, message):
    with pytest.raises(error, match=message):
        optim.Average(params, **options)


def test_the_state_of_other_arrays_is_refused():
    average = optim.Average(np.ones(3))
    before = repr(average.state_dict())
    for params in (np.ones(2), np.ones(3, np.float32), [np.ones(3), np.ones(1)]):
        with pytest.raises(ValueError, match="state_dict is"):
            average.load_state_dict(optim.Average(params).state_dict())
    assert repr(average.state_dict()) == before


def test_averages_are_not_copied():
    for act in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"Average is bound to its arrays .* save state_dict"):
            act(optim.Average(np.ones(3)))
