"""Bad input: one clear error that names the argument and its position; nothing has changed."""

import numpy as np
import pytest

from fastopt import optim, schedules

from .test_rules import RULES, takes_sums


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
        ([[np.zeros(3)]], TypeError, r"params\[0\] must be a NumPy array, got list"),
        (iter([]), ValueError, "params must hold at least one array"),
        ([{"params": []}], ValueError, "params must hold at least one array"),
        (
            [{"params": np.zeros(3)}, {"params": None}],
            TypeError,
            "the params of group 1 must be an array or a list of arrays, got NoneType",
        ),
        (
            [{"params": np.zeros(3)}, {"params": np.zeros(3), "speed": 1}],
            TypeError,
            "SGD has no hyper-parameter 'speed', as group 1 has",
        ),
        (
            [{"params": np.zeros(3)}, {"params": np.zeros(3), "lr": np.nan}],
            ValueError,
            "group 1: lr must be a nonnegative finite number, got nan",
        ),
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
        (lambda w: [G[0], w[0].view("f4")[1, :5]], ValueError, r"grads\[1\] shares .* params\[0\]"),
        (
            lambda w: [np.float64(1), G[1]],
            TypeError,
            r"grads\[0\] must be a NumPy array, got float64",
        ),
        (lambda w: {0: G[0], 1: G[1]}, TypeError, "grads must be an array or a list .* got dict"),
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


@pytest.mark.parametrize("k", range(40))
def test_a_gradient_may_not_lie_in_any_parameter(k):
    memory = np.ones(400)
    order = np.random.default_rng(0).permutation(40)  # bound in another order than they lie
    parts = [memory[10 * i + 1 : 10 * i + 9] for i in order]
    grads = np.ones(8)
    opt = optim.SGD([*parts, np.zeros(8), memory[5:5]], lr=1.0)
    for first in (-6, 1, 8):  # in two parts, in one, in two
        first = min(max(10 * order[k] + first, 0), 392)
        with pytest.raises(ValueError, match=r"grads\[40\] shares memory with params\["):
            opt.step([grads] * 40 + [memory[first : first + 8], grads[:0]])
    assert memory.tolist() == [1] * 400


def test_a_gradient_may_lie_between_parameters():
    memory = np.ones(30)
    opt = optim.SGD([memory[20:], memory[:10]], lr=1.0)
    opt.step([memory[10:20]] * 2)
    assert memory.tolist() == [0] * 10 + [1] * 10 + [0] * 10


def test_an_optimizer_without_params_has_nothing_to_step():
    with pytest.raises(RuntimeError, match="has no params to step"):
        optim.Adam().step([np.ones(3)])


KINDS = dict.fromkeys(kind for kind, _, _ in RULES.values())
SIGNED = {"f_min", "lower_bound"}


def of_type(*wanted):
    """The options of each optimizer whose defaults are of some types."""
    return {
        kind: [name for name, value in kind().options.items() if type(value) in wanted]
        for kind in KINDS
    }


NUMBERS, FLAGS = of_type(float, int), of_type(bool)


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in NUMBERS.items() for name in names]
)
@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0, "0.1", None, True, [0.1]])
def test_hyper_parameters_that_are_wrong_are_named(kind, name, value):
    if name in SIGNED and value == -1:
        pytest.skip("a loss may be below 0")
    for params in (None, np.ones(3)):
        with pytest.raises((TypeError, ValueError), match=f"^{name} must be"):
            kind(params, **{name: value})


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in FLAGS.items() for name in names]
)
@pytest.mark.parametrize("value", ["no", None, 2, np.nan])
def test_flags_are_true_or_false(kind, name, value):
    with pytest.raises(TypeError, match=f"^{name} must be True or False, got {value!r}"):
        kind(**{name: value})


def test_every_hyper_parameter_is_tested():
    others = {"betas", "velocity", "etas", "step_sizes", "beta3", "init_step", "variant"}
    for kind in KINDS:
        assert kind().options.keys() <= {*NUMBERS[kind], *FLAGS[kind], *others}


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (optim.Adam, {"betas": (0.9,)}, "betas must hold two numbers, got 1"),
        (optim.Adam, {"betas": (0.9, 0.9, 0.9)}, "betas must hold two numbers, got 3"),
        (optim.Adam, {"betas": 0.9}, "betas must be a sequence"),
        (optim.Adam, {"betas": "09"}, "betas must be a sequence"),
        (optim.Adam, {"betas": (0.9, None)}, r"betas\[1\] must be a number in \[0, 1\), got None"),
        (optim.Adam, {"betas": (-0.1, 0.9)}, r"betas\[0\] must be a number in \[0, 1\), got -0.1"),
        (optim.Adam, {"betas": (0.9, 1.0)}, r"betas\[1\] must be a number in \[0, 1\)"),
        (optim.Adam, {"betas": (np.nan, 0.9)}, r"betas\[0\] must be a number in \[0, 1\)"),
        (optim.RMSprop, {"alpha": 1.0}, r"alpha must be a number in \[0, 1\)"),
        (optim.Lion, {"b2": 1.0}, r"b2 must be a number in \[0, 1\)"),
        (optim.Rprop, {"etas": (0.5, 0.9)}, r"etas must be \(below 1, above 1\)"),
        (optim.Rprop, {"etas": 0.5}, "etas must be a sequence"),
        (optim.Rprop, {"step_sizes": (2, 1)}, r"step_sizes must be \(least, most\)"),
        (optim.Prodigy, {"beta3": 1.0}, r"beta3 must be a number in \[0, 1\)"),
        (optim.DoG, {"init_step": ("speed", 1)}, r"init_step\[0\] must be one of"),
        (optim.DoG, {"init_step": ("distance", 0)}, r"init_step\[1\] must be a positive"),
        (optim.DoG, {"init_step": "distance"}, "init_step must be a sequence"),
        (optim.PolyakSGD, {"variant": "sps++"}, "variant must be one of"),
        (optim.ScheduleFreeSGD, {"b1": 0.0}, "b1 must be at least 0.01"),
        (optim.FTRL, {"lr": schedules.constant(0.1)}, "lr must be a positive finite number"),
        (optim.SGD, {"nesterov": True}, "nesterov needs a momentum > 0 and no dampening"),
        (
            optim.SGD,
            {"nesterov": True, "momentum": 0.9, "dampening": 0.1},
            "nesterov needs a momentum > 0 and no dampening",
        ),
        (optim.SGD, {"velocity": "fast"}, "velocity must be one of"),
        (optim.SGD, {"velocity": None}, "velocity must be one of"),
        (optim.SGD, {"lr": optim.SGD}, "lr must be a nonnegative number or a schedule"),
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


@pytest.mark.parametrize("name", [name for name in RULES if not takes_sums(name)])
def test_nan_in_a_gradient_stays_in_its_place(name):
    kind, options, _ = RULES[name]
    w = np.ones(20, np.float32)
    g = np.where(np.arange(20) == 7, np.nan, 1).astype(np.float32)
    kind(w, **options).step(g, loss=1.0)
    assert np.flatnonzero(~np.isfinite(w)).tolist() == [7]


@pytest.mark.parametrize("loss", [None, "1", True, np.nan, np.inf, 10**400])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind(np.ones(1)).needs_loss])
def test_a_loss_that_is_wrong_is_named_before_anything_changes(kind, loss):
    w = np.ones(3)
    opt = kind(w)
    opt.step(np.ones(3), loss=2.0)
    before, state = w.copy(), opt.state_dict()
    with pytest.raises((TypeError, ValueError), match=r"^loss must be"):
        opt.step(np.ones(3), loss=loss)
    assert w.tobytes() == before.tobytes()
    np.testing.assert_equal(opt.state_dict(), state)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind(np.ones(1)).needs_loss])
def test_other_rules_do_without_a_loss(kind):
    w, other = np.ones(3), np.ones(3)
    kind(w).step(np.ones(3))
    kind(other).step(np.ones(3), loss=7.0)
    assert w.tobytes() == other.tobytes()
