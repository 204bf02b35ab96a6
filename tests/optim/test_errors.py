"""Bad input: one clear error that names the argument and its position; nothing has changed."""

import numpy as np
import pytest

from fastopt import optim

from .test_rules import RULES


def read_only(w):
    w.flags.writeable = False
    return w


def unaligned():
    return np.zeros(33, np.uint8)[1:].view(np.float64)


SHARED = np.zeros(10)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ([], ValueError, "params must hold at least one array"),
        (3.0, TypeError, "params must be an array, a list of arrays or a list of groups"),
        ("w", TypeError, "params must be an array"),
        ({"params": np.zeros(3)}, TypeError, "params must be an array"),
        ([np.zeros(3), [1.0, 2.0]], TypeError, r"params\[1\] must be a NumPy array, got list"),
        ([np.zeros(3), None], TypeError, r"params\[1\] must be a NumPy array, got NoneType"),
        (np.zeros(3, int), TypeError, r"params\[0\] must be float32 or float64, got int64"),
        (np.zeros(3, np.float16), TypeError, r"params\[0\] must be float32 or float64"),
        (np.zeros(3, ">f8"), TypeError, r"params\[0\] must be float32 or float64, got >f8"),
        ([np.zeros(2), read_only(np.zeros(3))], ValueError, r"params\[1\] is read-only"),
        (np.zeros((3, 4)).T, ValueError, r"params\[0\] must be C-contiguous"),
        (np.zeros(8)[::2], ValueError, r"params\[0\] must be C-contiguous"),
        (unaligned(), ValueError, r"params\[0\] must be C-contiguous"),
        ([SHARED, SHARED], ValueError, r"params\[0\] and params\[1\] share memory"),
        (
            [SHARED[5:], np.zeros(2), SHARED[:6]],
            ValueError,
            r"params\[0\] and params\[2\] share memory",
        ),
        (
            [{"params": SHARED}, {"params": [np.zeros(1), SHARED[9:]]}],
            ValueError,
            r"params\[0\] and params\[2\] share memory",
        ),
        ([{"params": np.zeros(3)}, np.zeros(2)], TypeError, r"params\[1\] must be a dict"),
        ([{"lr": 0.1}], TypeError, r"params\[0\] must be a dict with the key 'params'"),
        ([{"params": np.zeros(3), "speed": 1}], TypeError, "SGD has no hyper-parameter 'speed'"),
        ([{"params": np.zeros(3), "lr": np.nan}], ValueError, "lr must be a nonnegative"),
    ],
)
def test_params_that_do_not_fit_are_named(params, error, message):
    with pytest.raises(error, match=message):
        optim.SGD(params, lr=0.1)


W = [np.ones((3, 4)), np.ones(5, np.float32)]
G = [np.ones((3, 4)), np.ones(5, np.float32)]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda w: None, TypeError, "grads must be an array or a list of arrays, got NoneType"),
        (lambda w: (g for g in G), TypeError, "grads must be an array or a list .* got generator"),
        (lambda w: [G[0]], ValueError, "grads must hold 2 arrays as params does, got 1"),
        (lambda w: G[0], ValueError, "grads must hold 2 arrays as params does, got 1"),
        (lambda w: [*G, G[0]], ValueError, "grads must hold 2 arrays as params does, got 3"),
        (lambda w: [G[0], None], TypeError, r"grads\[1\] is missing"),
        (lambda w: [G[0], [1.0] * 5], TypeError, r"grads\[1\] must be a NumPy array, got list"),
        (lambda w: [G[0], np.ones(5)], TypeError, r"grads\[1\] must be float32 .* got float64"),
        (lambda w: [np.ones((3, 4), ">f8"), G[1]], TypeError, r"grads\[0\] must be float64"),
        (lambda w: [np.ones((4, 3)), G[1]], ValueError, r"grads\[0\] must have the shape \(3, 4\)"),
        (lambda w: [np.ones(12), G[1]], ValueError, r"grads\[0\] must have the shape \(3, 4\)"),
        (lambda w: [np.ones((4, 3)).T, G[1]], ValueError, r"grads\[0\] must be C-contiguous"),
        (lambda w: [G[0], np.ones(10, "f4")[::2]], ValueError, r"grads\[1\] must be C-contiguous"),
        (lambda w: [w[0], G[1]], ValueError, r"grads\[0\] shares memory with params\[0\]"),
    ],
)
def test_grads_that_do_not_fit_are_named(make, error, message):
    w = [a.copy() for a in W]
    opt = optim.Adam(w)
    opt.step(G)
    before, state = [a.tobytes() for a in w], repr(opt.state_dict())
    with pytest.raises(error, match=message):
        opt.step(make(w))
    assert [a.tobytes() for a in w] == before
    assert repr(opt.state_dict()) == state


def test_a_gradient_may_not_lie_in_another_parameter():
    memory = np.ones(20)
    opt = optim.SGD([memory[:10], memory[10:]])
    with pytest.raises(ValueError, match=r"grads\[0\] shares memory with params\[1\]"):
        opt.step([memory[10:], np.ones(10)])


def test_an_optimizer_without_params_has_nothing_to_step():
    with pytest.raises(RuntimeError, match="has no params to step"):
        optim.Adam().step([np.ones(3)])


def test_an_optimizer_is_bound_once():
    opt = optim.Adam(np.ones(3))
    with pytest.raises(RuntimeError, match="bound already"):
        opt._bind([np.ones(3)], [[]], [0], ["sgd"])


NUMBERS = {
    optim.SGD: ["lr", "momentum", "dampening", "weight_decay"],
    optim.Adagrad: ["lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"],
    optim.RMSprop: ["lr", "alpha", "eps", "weight_decay", "momentum"],
    optim.Adam: ["lr", "eps", "weight_decay"],
    optim.AdamW: ["lr", "eps", "weight_decay"],
}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in NUMBERS.items() for name in names]
)
@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0, "0.1", None, True, [0.1]])
def test_hyper_parameters_that_are_wrong_are_named(kind, name, value):
    for params in (None, np.ones(3)):
        with pytest.raises((TypeError, ValueError), match=f"^{name} must be"):
            kind(params, **{name: value})


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (optim.Adam, {"betas": (0.9,)}, "betas must hold two numbers, got 1"),
        (optim.Adam, {"betas": 0.9}, "betas must be a sequence"),
        (optim.Adam, {"betas": (0.9, 1.0)}, r"betas\[1\] must be a number in \[0, 1\)"),
        (optim.Adam, {"betas": (np.nan, 0.9)}, r"betas\[0\] must be a number in \[0, 1\)"),
        (optim.RMSprop, {"alpha": 1.0}, r"alpha must be a number in \[0, 1\)"),
        (optim.SGD, {"nesterov": True}, "nesterov needs a momentum > 0 and no dampening"),
        (
            optim.SGD,
            {"nesterov": True, "momentum": 0.9, "dampening": 0.1},
            "nesterov needs a momentum > 0 and no dampening",
        ),
        (optim.SGD, {"velocity": "fast"}, "velocity must be one of"),
        (
            optim.SGD,
            {"velocity": "lecture", "momentum": 0.9, "dampening": 0.1},
            'dampening must be 0 with velocity="lecture"',
        ),
        (
            optim.SGD,
            {"velocity": "lecture", "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
            'weight_decay must be 0 with velocity="lecture"',
        ),
    ],
)
def test_hyper_parameters_that_do_not_go_together_are_named(kind, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        kind(np.ones(3), **options)


@pytest.mark.parametrize(
    ("lr", "message"),
    [
        (lambda t: np.nan * t, r"lr\(t\) must be finite and not negative, got nan at t = 1"),
        (lambda t: 3.0 - t, r"lr\(t\) must be finite and not negative, got -1.0 at t = 4"),
        (lambda t: np.ones(7), r"lr\(t\) must return 512 rates for 512 updates, got \(7,\)"),
    ],
)
def test_a_schedule_that_is_wrong_is_named(lr, message):
    w = np.ones(3)
    opt = optim.Adam(w, lr)
    with pytest.raises(ValueError, match=message):
        opt.step(np.ones(3))
    assert w.tolist() == [1, 1, 1]
    assert opt.t == 0


@pytest.mark.parametrize("name", RULES)
def test_nan_in_a_gradient_stays_in_its_place(name):
    kind, options, _ = RULES[name]
    w = np.ones(20, np.float32)
    g = np.where(np.arange(20) == 7, np.nan, 1).astype(np.float32)
    kind(w, **options).step(g)
    assert np.flatnonzero(~np.isfinite(w)).tolist() == [7]
