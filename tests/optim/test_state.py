"""State: a run cut in two is one run; groups and rates act when they are set."""

import copy
import pickle
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastopt import optim, schedules

from .test_rules import RULES, loss, start


def train(opt, w, gradient, first, last):
    for t in range(first, last):
        opt.step(gradient(t), loss=loss(t))
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


def plateau():
    return schedules.ReduceOnPlateau(0.1, factor=0.5, patience=1)


@pytest.mark.parametrize(
    "lr",
    [
        lambda p: p,
        lambda p: schedules.warmup(p, steps=4),
        lambda p: schedules.warmup(schedules.join([0.01, p], boundaries=[6]), steps=2),
        lambda p: schedules.product([schedules.cosine(1, steps=15), p]),
        lambda p: schedules.cosine(0.1, steps=15),
        lambda p: schedules.one_cycle(0.1, steps=18),
        lambda p: schedules.cyclic(0.1, initial=0.01, up=3, down=2, cycle_factor=0.5),
        lambda p: lambda t: 0.1 / t,
        lambda p: 0.1,
    ],
    ids=[
        *["plateau", "warmup", "join", "product", "cosine"],
        *["one cycle", "cyclic", "lambda", "number"],
    ],
)
@given(cut=st.integers(1, 20))
def test_groups_and_schedules_go_on_after_a_cut(lr, cut):
    def run(cut):
        w = [np.ones(5), np.ones((), np.float32), np.ones((2, 3)), np.ones(0)]

        def make(fed):
            groups = [{"params": w[:2], "betas": (0.5, 0.9)}, {"params": w[2:], "lr": lr(fed)}]
            return optim.Adam(groups, lr=0.01), fed

        opt, fed = make(plateau())
        for t in range(1, 21):
            if t == cut:
                saved = pickle.loads(pickle.dumps(opt.state_dict()))
                opt, fed = make(plateau())
                opt.load_state_dict(saved)
            opt.step([np.asarray(np.cos(t * a), a.dtype) for a in w])
            fed.step(1.0)  # never better than the first
        return [a.tobytes() for a in w]

    assert run(cut) == run(None)


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
    assert saved["optimizer"] == "Adam"
    assert saved["t"] == 1
    opt.load_state_dict(saved)
    saved["state"][0]["m"][:] = np.nan
    assert opt.state_dict()["state"][0]["m"].tobytes() == before["state"][0]["m"].tobytes()
    assert saved["param_groups"][0]["betas"] == (0.9, 0.999)


def bits(opt):
    return pickle.dumps([opt.state_dict(), opt.param_groups[0]["lr"]])


GONE = object()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ([], 3, "state_dict must be a dict, got int"),
        (
            ["t"],
            GONE,
            r"state_dict must hold \['optimizer', 't', 'state', 'memory', 'param_groups'\], got",
        ),
        (["speed"], 3, "state_dict must hold .* 'speed'"),
        (["optimizer"], "AdamW", "state_dict is of AdamW, not Adam"),
        (["state"], [], "state_dict is of 0 params, not 1"),
        (["state"], 3, "state of state_dict must be a sequence, got 3"),
        (["param_groups"], [], "state_dict is of 0 groups, not 1"),
        (["state", 0], None, r"state\[0\] of state_dict must be a dict, got NoneType"),
        (["state", 0, "v"], GONE, r"state\[0\] of state_dict must hold \['m', 'v'\], got \['m'\]"),
        (["state", 0, "v"], np.zeros(2), r"state\[0\]\['v'\] of state_dict is .* shape \(2,\)"),
        (["state", 0, "v"], np.zeros(3, "f4"), r"state\[0\]\['v'\] of state_dict is float32"),
        (["state", 0, "v"], np.zeros(3, ">f8"), r"state\[0\]\['v'\] of state_dict is >f8"),
        (["state", 0, "v"], [0.0] * 3, r"state\[0\]\['v'\] of state_dict must be a NumPy array"),
        (["t"], -1, "t of state_dict must be a nonnegative integer, got -1"),
        (["t"], 1.5, "t of state_dict must be a nonnegative integer, got 1.5"),
        (["t"], np.nan, "t of state_dict must be a nonnegative integer, got nan"),
        (["t"], 2**70, r"t of state_dict must be below 2\*\*62"),
        (["param_groups", 0, "eps"], GONE, r"param_groups\[0\] of state_dict must hold \['lr',"),
        (["param_groups", 0, "speed"], 1, r"param_groups\[0\] of state_dict must hold \['lr',"),
        (["param_groups", 0, "lr"], np.nan, r"param_groups\[0\] of .*: lr must be .* got nan"),
        (["param_groups", 0, "lr"], [], r"param_groups\[0\] .* lr was a schedule with 0 Reduce"),
        (
            ["param_groups", 0, "lr"],
            [{}],
            r"param_groups\[0\] .*: state must be a dict of lr, best",
        ),
        (["param_groups", 0, "lr", 0, "lr"], -1, r"param_groups\[0\] .*: lr must be a positive"),
        (["param_groups", 0, "betas"], (0.9, 1.0), r"param_groups\[0\] .*: betas\[1\] must be"),
        (["param_groups", 0, "amsgrad"], True, r"the rule was 'amsgrad', not 'adam'"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_whole(path, value, message):
    opt = optim.Adam(np.ones(3), plateau())
    opt.step(np.ones(3))
    before, state = bits(opt), {"whole": copy.deepcopy(opt.state_dict())}
    # What comes before the part that is wrong is another than the optimizer's.
    state["whole"]["t"], state["whole"]["state"][0]["m"][:] = 7, 7
    place, path = state, ["whole", *path]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    if value is GONE:
        del place[path[-1]]
    with pytest.raises((TypeError, ValueError), match=message):
        opt.load_state_dict(state["whole"])
    assert bits(opt) == before


@pytest.mark.parametrize(
    ("saved", "opt", "message"),
    [
        (optim.Adagrad(np.ones(3)), optim.RMSprop(np.ones(3)), "of Adagrad, not RMSprop"),
        (
            optim.SGD(np.ones(3), momentum=0.9, nesterov=True),
            optim.SGD(np.ones(3), momentum=0.9),
            "the rule was 'nesterov', not 'momentum'",
        ),
        (
            optim.SGD(np.ones(3), schedules.cosine(0.1, 10)),
            optim.SGD(np.ones(3), 0.1),
            "lr was a schedule with 0 ReduceOnPlateau, and the optimizer must be made with it",
        ),
        (
            optim.SGD([np.ones(3), np.ones(2)]),
            optim.SGD([{"params": np.ones(3)}, {"params": np.ones(2)}]),
            "state_dict is of 1 groups, not 2",
        ),
        (optim.SGD(), optim.SGD(np.ones(3)), "state_dict is of 0 params, not 1"),
    ],
)
def test_the_state_of_another_optimizer_is_refused(saved, opt, message):
    before = bits(opt)
    with pytest.raises(ValueError, match=message):
        opt.load_state_dict(saved.state_dict())
    assert bits(opt) == before


def test_the_rate_of_a_state_is_taken_up():
    opt = optim.SGD(np.ones(1), lr=0.1)
    opt.load_state_dict(optim.SGD(np.ones(1), lr=0.5, weight_decay=0.25).state_dict())
    assert dict(opt.param_groups[0]) == {**opt.options, "lr": 0.5, "weight_decay": 0.25}


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
