"""State: a run cut in two is one run; groups and rates act when they are set."""

import copy
import pickle
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastopt import optim, schedules

from .test_rules import RULES, start


def train(opt, w, gradient, first, last):
    for t in range(first, last):
        opt.step(gradient(t))
    return w


@pytest.mark.parametrize("name", RULES)
@given(cut=st.integers(0, 20))
def test_a_run_cut_in_two_is_one_run(name, cut):
    kind, options, _ = RULES[name]
    w, gradient = start(np.float32)
    whole = train(kind(w, **options), w, gradient, 1, 21).tobytes()

    w, gradient = start(np.float32)
    opt = kind(w, **options)
    train(opt, w, gradient, 1, cut + 1)
    saved = pickle.loads(pickle.dumps(opt.state_dict()))
    opt = kind(w, **options)
    opt.load_state_dict(saved)
    assert opt.t == cut
    assert train(opt, w, gradient, cut + 1, 21).tobytes() == whole


@pytest.mark.parametrize("cut", [1, 511, 512, 513, 700])
def test_a_schedule_goes_on_across_a_cut_and_across_chunks(cut):
    lr = schedules.warmup(schedules.cosine(0.01, steps=800), steps=100)

    def run(cuts):
        w, gradient = start()
        opt, first = optim.Adam(w, lr), 1
        for end in [*cuts, 1000]:
            state = opt.state_dict()
            opt = optim.Adam(w, lr)
            opt.load_state_dict(state)
            train(opt, w, gradient, first, end)
            first = end
        return w.tobytes()

    assert run([cut]) == run([])


@pytest.mark.parametrize(
    "lr",
    [
        lambda t: 0.1 / t,
        lambda t: 0.1 if t < 600 else 0.01,  # takes no array
        schedules.inverse_scaling(0.1, 1),
        lambda t: 0.1,
    ],
    ids=["vectorised", "scalar", "schedule", "constant"],
)
def test_the_rate_of_update_t_is_lr_of_t(lr):
    w = np.zeros(1)
    opt = optim.SGD(w, lr)
    for t in range(1, 1200):
        before = w[0]
        opt.step(np.ones(1))
        assert before - w[0] == pytest.approx(float(lr(t)), rel=1e-9)


def test_a_plateau_acts_at_the_next_step():
    w = np.zeros(1)
    plateau = schedules.ReduceOnPlateau(1.0, factor=0.5, patience=0)
    opt = optim.SGD(w, plateau)
    moves = []
    for loss in (3.0, 2.0, 2.0, 2.0):
        before = w[0]
        opt.step(np.ones(1))
        moves.append(before - w[0])
        plateau.step(loss)
    opt.step(np.ones(1))
    assert moves == [1, 1, 1, 0.5]
    assert w[0] == -3.5 - 0.25


def test_a_plateau_is_part_of_the_state():
    def make(w):
        return optim.SGD(w, schedules.ReduceOnPlateau(1.0, factor=0.5, patience=0))

    first = make(np.zeros(1))
    for loss in (1.0, 1.0, 1.0):
        first.param_groups[0]["lr"].step(loss)
    w = np.zeros(1)
    second = make(w)
    second.load_state_dict(first.state_dict())
    second.step(np.ones(1))
    assert w[0] == -0.25


def test_groups_have_hyper_parameters_of_their_own():
    a, b, c = np.ones(3), np.ones(2), np.ones(2)
    opt = optim.SGD([{"params": a, "lr": 0.5}, {"params": [b, c], "weight_decay": 1.0}], lr=0.1)
    opt.step([np.ones(3), np.ones(2), np.zeros(2)])
    np.testing.assert_allclose(a, 0.5)
    np.testing.assert_allclose(b, 1 - 0.1 * 2)
    np.testing.assert_allclose(c, 1 - 0.1 * 1)
    assert [group["lr"] for group in opt.param_groups] == [0.5, 0.1]


def test_a_rate_that_is_set_acts_at_the_next_step():
    w = np.zeros(1)
    opt = optim.SGD(w, 1.0)
    opt.step(np.ones(1))
    opt.param_groups[0]["lr"] = 0.25
    opt.step(np.ones(1))
    assert w[0] == -1.25
    with pytest.raises(ValueError, match="lr must be a nonnegative finite number"):
        opt.param_groups[0]["lr"] = -1
    with pytest.raises(KeyError, match="no hyper-parameter 'speed'"):
        opt.param_groups[0]["speed"] = 1
    with pytest.raises(ValueError, match=r"momentum=0.9 needs another state"):
        opt.param_groups[0]["momentum"] = 0.9
    opt.step(np.ones(1))
    assert w[0] == -1.5


def test_state_dict_holds_copies():
    w = np.ones(3)
    opt = optim.Adam(w)
    opt.step(np.ones(3))
    saved = opt.state_dict()
    before = copy.deepcopy(saved)
    opt.step(np.ones(3))
    np.testing.assert_array_equal(saved["state"][0]["m"], before["state"][0]["m"])
    assert saved["t"] == 1
    assert saved["param_groups"][0]["betas"] == (0.9, 0.999)


def changed(state, path, value):
    state = copy.deepcopy(state)
    place = state
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return state


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("state",), [], "state_dict is of 0 params, not 1"),
        (("param_groups",), [], "state_dict is of 0 groups, not 1"),
        (("state", 0), {"m": np.zeros(3)}, r"state\[0\] of state_dict holds \['m'\]"),
        (("state", 0, "v"), np.zeros(2), r"state\[0\]\['v'\] of state_dict is .* shape \(2,\)"),
        (("state", 0, "v"), np.zeros(3, "f4"), r"state\[0\]\['v'\] of state_dict is float32"),
        (("t",), -1, "t of state_dict must be a nonnegative"),
        (("param_groups", 0, "lr"), np.nan, "lr must be a nonnegative finite number, got nan"),
        (("param_groups", 0, "betas"), (0.9, 1.0), r"betas\[1\] must be a number in \[0, 1\)"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_whole(path, value, message):
    w = np.ones(3)
    opt = optim.Adam(w)
    opt.step(np.ones(3))
    before = pickle.dumps(opt.state_dict())
    with pytest.raises(ValueError, match=message):
        opt.load_state_dict(changed(opt.state_dict(), path, value))
    assert pickle.dumps(opt.state_dict()) == before


def test_a_state_without_a_part_is_refused():
    opt = optim.Adam(np.ones(3))
    with pytest.raises(ValueError, match="state_dict lacks 't'"):
        opt.load_state_dict({"state": [], "param_groups": []})


@pytest.mark.parametrize("name", RULES)
def test_unbound_optimizers_are_copied_and_pickled(name):
    kind, options, _ = RULES[name]
    opt = kind(**options)
    for other in (pickle.loads(pickle.dumps(opt)), copy.deepcopy(opt)):
        assert type(other) is kind
        assert other.options == opt.options
        assert repr(other) == repr(opt)


def test_bound_optimizers_are_not_copied():
    opt = optim.Adam(np.ones(3))
    for act in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="save state_dict"):
            act(opt)


def test_optimizers_in_two_threads_are_right():
    def run(results, k):
        w = np.linspace(-1, 1, 50_000, dtype=np.float32) * (k + 1)
        opt = optim.Adam(w, lr=0.01)
        for _ in range(50):
            opt.step(w / 2)
        results[k] = w.tobytes()

    expected, found = {}, {}
    for k in range(2):
        run(expected, k)
    threads = [threading.Thread(target=run, args=(found, k)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected
