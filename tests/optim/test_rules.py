"""Every optimizer: torch's numbers where torch has the rule, the formula's where it has not."""

import inspect

import numpy as np
import pytest

from fastopt import optim

#: name, the optimizer, torch's arguments (None: torch has no such rule)
RULES = {
    "sgd": (optim.SGD, dict(lr=0.1), {}),
    "sgd-l2": (optim.SGD, dict(lr=0.1, weight_decay=0.2), {}),
    "momentum": (optim.SGD, dict(lr=0.1, momentum=0.9), {}),
    "dampening": (optim.SGD, dict(lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.1), {}),
    "nesterov": (optim.SGD, dict(lr=0.1, momentum=0.8, nesterov=True, weight_decay=0.1), {}),
    "nesterov-plain": (optim.SGD, dict(lr=0.1, momentum=0.9, nesterov=True), {}),
    "lecture": (optim.SGD, dict(lr=0.1, momentum=0.9, velocity="lecture"), None),
    "lecture-l2": (
        optim.SGD,
        dict(lr=0.1, momentum=0.9, velocity="lecture", weight_decay=0.2),
        None,
    ),
    "lecture-nesterov": (
        optim.SGD,
        dict(lr=0.1, momentum=0.9, velocity="lecture", nesterov=True),
        None,
    ),
    "adagrad": (optim.Adagrad, dict(), {}),
    "adagrad-all": (
        optim.Adagrad,
        dict(lr=0.3, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.5, eps=1e-3),
        {},
    ),
    "adagrad-in-sqrt": (optim.Adagrad, dict(lr=0.3, eps=0.1, eps_in_sqrt=True), None),
    "rmsprop": (optim.RMSprop, dict(), {}),
    "rmsprop-l2": (optim.RMSprop, dict(alpha=0.9, eps=1e-3, weight_decay=0.1), {}),
    "rmsprop-momentum": (optim.RMSprop, dict(momentum=0.9), {}),
    "rmsprop-centered": (optim.RMSprop, dict(centered=True), {}),
    "rmsprop-both": (optim.RMSprop, dict(centered=True, momentum=0.9, weight_decay=0.1), {}),
    "rmsprop-in-sqrt": (optim.RMSprop, dict(eps=0.1, eps_in_sqrt=True), None),
    "rmsprop-both-in-sqrt": (
        optim.RMSprop,
        dict(lr=0.1, alpha=0.9, eps=0.1, eps_in_sqrt=True, centered=True, momentum=0.5),
        None,
    ),
    "adam": (optim.Adam, dict(), {}),
    "adam-l2": (optim.Adam, dict(lr=0.1, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.1), {}),
    "amsgrad": (optim.Adam, dict(lr=0.1, amsgrad=True), {}),
    "adam-biased": (optim.Adam, dict(lr=0.1, bias_correction=False), None),
    "amsgrad-biased": (
        optim.Adam,
        dict(lr=0.1, betas=(0.8, 0.5), amsgrad=True, bias_correction=False, weight_decay=0.1),
        None,
    ),
    "adamw": (optim.AdamW, dict(), {}),
    "adamw-amsgrad": (optim.AdamW, dict(lr=0.1, weight_decay=0.3, amsgrad=True), {}),
    "adamw-biased": (optim.AdamW, dict(lr=0.1, weight_decay=0.3, bias_correction=False), None),
}
SIZE = 40

#: w[0] and w[39] after ten steps in float64, by torch 2.13.0.
STORED = {
    "sgd": [-0.037865254748149134, 0.33720456418335265],
    "sgd-l2": [0.015614010656085487, 0.27252596161518083],
    "momentum": [1.5475973439068722, -0.1969514315247536],
    "dampening": [1.1368097062428049, -0.17471862808753458],
    "nesterov": [1.110681351406864, -0.08381098684751198],
    "nesterov-plain": [1.645880272395851, -0.19315401003129476],
    "adagrad": [-0.5749758768897161, 0.4748468950453798],
    "adagrad-all": [0.24536052766174737, 0.14216984923952267],
    "rmsprop": [-0.138190390936634, 0.28570601439364324],
    "rmsprop-l2": [-0.45467230002147613, 0.40894912655049515],
    "rmsprop-momentum": [1.496065231511172, -0.4410520932176797],
    "rmsprop-centered": [-0.12761462170433857, 0.28408116024549973],
    "rmsprop-both": [1.430444425226616, -0.46088409457158064],
    "adam": [-0.6150012309919369, 0.4932679281267354],
    "adam-l2": [0.34829295254307385, -0.04956424431946165],
    "amsgrad": [0.3581068888435208, -0.05255866767215333],
    "adamw": [-0.6149391914456902, 0.49321834093081046],
    "adamw-amsgrad": [0.39655375890701805, -0.0857149031105876],
}


def start(dtype=np.float64, size=SIZE):
    """Weights, and gradients that change from step to step, from integers alone."""
    w = (np.arange(size) * 7 % 11 - 5).astype(dtype) / 8
    return w, lambda t: (np.arange(size) * t * 13 % 17 - 8).astype(dtype) / 16 + w / 4


def run(name, dtype=np.float64, steps=10):
    kind, options, _ = RULES[name]
    w, gradient = start(dtype)
    opt = kind(w, **options)
    for t in range(1, steps + 1):
        opt.step(gradient(t))
    return w


def by_torch(name, dtype, steps=10):
    torch = pytest.importorskip("torch")
    kind, options, extra = RULES[name]
    w, _ = start(dtype)
    parameter = torch.nn.Parameter(torch.from_numpy(w))
    opt = getattr(torch.optim, kind.__name__)([parameter], **options, **extra)
    for t in range(1, steps + 1):
        values = parameter.detach().numpy()
        gradient = (np.arange(SIZE) * t * 13 % 17 - 8).astype(dtype) / 16 + values / 4
        parameter.grad = torch.from_numpy(gradient)
        opt.step()
    return parameter.detach().numpy()


@pytest.mark.parametrize("name", [name for name, row in RULES.items() if row[2] is not None])
def test_steps_are_torch_s(name, dtype):
    expected = by_torch(name, dtype, 30)
    tolerance = 1e-12 if dtype == np.float64 else 2e-5
    np.testing.assert_allclose(run(name, dtype, 30), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", dict.fromkeys(kind for kind, _, _ in RULES.values()))
def test_defaults_are_torch_s(kind):
    theirs = getattr(pytest.importorskip("torch").optim, kind.__name__)
    theirs = inspect.signature(theirs).parameters
    for name, ours in inspect.signature(kind).parameters.items():
        if name in theirs and name != "params":
            assert ours.default == theirs[name].default, name


@pytest.mark.parametrize("name", STORED)
def test_steps_are_torch_s_stored_figures(name):
    np.testing.assert_allclose(run(name)[[0, -1]], STORED[name], rtol=1e-12)


def test_every_rule_of_torch_has_stored_figures():
    assert STORED.keys() == {name for name, row in RULES.items() if row[2] is not None}


# The formulas of the rules that torch has not: w and the state s change in place.


def lecture(w, g, s, l2=0.0):
    s["v"] = 0.9 * s["v"] - 0.1 * (g + l2 * w)
    w += s["v"]


def adagrad_in_sqrt(w, g, s):
    s["v"] += g**2
    w -= 0.3 * g / np.sqrt(s["v"] + 0.1)


def rmsprop_in_sqrt(w, g, s):
    s["v"] = 0.99 * s["v"] + 0.01 * g**2
    w -= 0.01 * g / np.sqrt(s["v"] + 0.1)


def rmsprop_both_in_sqrt(w, g, s):
    s["v"] = 0.9 * s["v"] + 0.1 * g**2
    s["m"] = 0.9 * s["m"] + 0.1 * g
    s["u"] = 0.5 * s["u"] + g / np.sqrt(s["v"] - s["m"] ** 2 + 0.1)
    w -= 0.1 * s["u"]


def adam_biased(w, g, s, decay=0.0):
    s["m"] = 0.9 * s["m"] + 0.1 * g
    s["v"] = 0.999 * s["v"] + 0.001 * g**2
    w -= 0.1 * decay * w + 0.1 * s["m"] / (np.sqrt(s["v"]) + 1e-8)


def amsgrad_biased(w, g, s):
    g = g + 0.1 * w
    s["m"] = 0.8 * s["m"] + 0.2 * g
    s["v"] = 0.5 * s["v"] + 0.5 * g**2
    s["u"] = np.maximum(s["u"], s["v"])
    w -= 0.1 * s["m"] / (np.sqrt(s["u"]) + 1e-8)


FORMULAS = {
    "lecture": lecture,
    "lecture-l2": lambda w, g, s: lecture(w, g, s, l2=0.2),
    "lecture-nesterov": lecture,  # the gradient is what differs
    "adagrad-in-sqrt": adagrad_in_sqrt,
    "rmsprop-in-sqrt": rmsprop_in_sqrt,
    "rmsprop-both-in-sqrt": rmsprop_both_in_sqrt,
    "adam-biased": adam_biased,
    "amsgrad-biased": amsgrad_biased,
    "adamw-biased": lambda w, g, s: adam_biased(w, g, s, decay=0.3),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_steps_are_the_formula_s(name, dtype):
    w, gradient = start()
    state = {s: np.zeros(SIZE) for s in "vmu"}
    for t in range(1, 31):
        FORMULAS[name](w, gradient(t), state)
    tolerance = 1e-12 if dtype == np.float64 else 2e-5
    np.testing.assert_allclose(run(name, dtype, 30), w, rtol=tolerance, atol=tolerance)


def test_every_rule_is_torch_s_or_has_a_formula():
    assert FORMULAS.keys() == {name for name, row in RULES.items() if row[2] is None}


def test_the_two_velocities_differ_when_the_rate_changes():
    runs = []
    for velocity in ("torch", "lecture"):
        w, gradient = start()
        opt = optim.SGD(w, lambda t: 0.1 / t, momentum=0.9, velocity=velocity)
        for t in range(1, 6):
            opt.step(gradient(t))
        runs.append(w)
    assert np.abs(runs[0] - runs[1]).max() > 1e-3


def test_the_lecture_s_nesterov_takes_the_gradient_ahead():
    def slope(x):
        return np.arange(1, 6) * x

    w = np.linspace(-1, 1, 5)
    opt = optim.SGD(w, 0.05, momentum=0.9, nesterov=True, velocity="lecture")
    expected, v = w.copy(), np.zeros(5)
    for _ in range(20):
        opt.step(slope(opt.lookahead()))
        v = 0.9 * v - 0.05 * slope(expected + 0.9 * v)
        expected = expected + v
    np.testing.assert_allclose(w, expected, rtol=1e-12)


def test_torch_s_nesterov_is_the_lecture_s_at_the_point_ahead():
    def slope(x):
        return np.arange(1, 6) * x

    w, ahead = np.linspace(-1, 1, 5), np.linspace(-1, 1, 5)
    ours = optim.SGD(w, 0.05, momentum=0.9, nesterov=True, velocity="lecture")
    theirs = optim.SGD(ahead, 0.05, momentum=0.9, nesterov=True)
    for _ in range(20):
        ours.step(slope(ours.lookahead()))
        theirs.step(slope(ahead))
    np.testing.assert_allclose(ahead, ours.lookahead(), rtol=1e-12)


def test_lookahead_is_for_the_lecture_s_nesterov_alone():
    opt = optim.SGD(np.zeros(3), momentum=0.9, nesterov=True)
    with pytest.raises(ValueError, match=r"lookahead\(\) is for nesterov=True"):
        opt.lookahead()


@pytest.mark.parametrize("name", RULES)
def test_every_isa_steps_to_the_same_bytes(name, dtype, on_every_isa):
    assert len(set(on_every_isa(lambda: run(name, dtype, 20).tobytes()))) == 1


@pytest.mark.parametrize("name", RULES)
def test_a_list_of_arrays_is_stepped_as_each_alone(name):
    kind, options, _ = RULES[name]
    rng = np.random.default_rng(0)
    shapes = [(3, 4), (), (0,), (7,), (2, 3, 2), (5000,)]
    dtypes = [np.float32, np.float64] * 3

    def arrays(low):
        return [
            np.asarray(rng.uniform(low, 1, shape)).astype(dtype)
            for shape, dtype in zip(shapes, dtypes, strict=True)
        ]

    together, grads = arrays(-1), [arrays(-1) for _ in range(5)]
    alone = [w.copy() for w in together]
    opt, opts = kind(together, **options), [kind(w, **options) for w in alone]
    for gs in grads:
        opt.step(gs)
        for one, g in zip(opts, gs, strict=True):
            one.step(g)
    assert [w.tobytes() for w in together] == [w.tobytes() for w in alone]


@pytest.mark.parametrize("name", RULES)
def test_a_long_array_is_stepped_as_its_parts(name):
    kind, options, _ = RULES[name]
    w, gradient = start(np.float32, 2**20 + 3)
    parts = [w[:12345].copy(), w[12345:].copy()]
    whole, apart = kind(w, **options), kind(parts, **options)
    for t in range(1, 3):
        g = gradient(t)
        whole.step(g)
        apart.step([g[:12345], g[12345:]])
    assert w.tobytes() == b"".join(part.tobytes() for part in parts)


def test_subclasses_of_arrays_are_taken_as_their_memory(tmp_path):
    w, gradient = start()
    mapped = np.memmap(tmp_path / "w", np.float64, "w+", shape=w.shape)
    mapped[:] = w
    plain, opt = optim.Adam(w), optim.Adam(mapped)
    for t in range(1, 4):
        g = gradient(t)
        plain.step(g)
        opt.step(np.ma.masked_array(g, mask=g > 0))
    assert mapped.tobytes() == w.tobytes()


def test_a_two_layer_network_learns():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (64, 2))
    y = X[:, :1] * X[:, 1:]
    W1, b1 = rng.normal(0, 1, (2, 16)), np.zeros(16)
    W2, b2 = rng.normal(0, 0.3, (16, 1)), np.zeros(1)
    opt = optim.Adam([W1, b1, W2, b2], lr=0.02)
    for _ in range(500):
        hidden = np.tanh(X @ W1 + b1)
        error = (hidden @ W2 + b2 - y) / len(X)
        back = error @ W2.T * (1 - hidden**2)
        opt.step([X.T @ back, back.sum(axis=0), hidden.T @ error, error.sum(axis=0)])
    assert np.square(np.tanh(X @ W1 + b1) @ W2 + b2 - y).mean() < 1e-3
