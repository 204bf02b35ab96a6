"""What all wrappers share: they are used as optimizers, may be nested, and can be saved."""

import copy
import pickle

import numpy as np
import pytest

from fastopt import optim, schedules

from .test_rules import loss, start

WRAPPED = {
    "multi": lambda opt: optim.MultiSteps(opt, 3),
    "lookahead": lambda opt: optim.Lookahead(opt, 4, 0.3),
    "finite": lambda opt: optim.ApplyIfFinite(opt, 2),
    "lookahead of multi of finite": lambda opt: optim.Lookahead(
        optim.MultiSteps(optim.ApplyIfFinite(opt, 2), 3), 2
    ),
    "finite of lookahead": lambda opt: optim.ApplyIfFinite(optim.Lookahead(opt, 4), 1),
    "multi of multi": lambda opt: optim.MultiSteps(optim.MultiSteps(opt, 2), 3),
    "lookahead of lookahead": lambda opt: optim.Lookahead(optim.Lookahead(opt, 2), 3),
}
RULES = {
    "adam": lambda params: optim.Adam(params, schedules.cosine(0.1, steps=40)),
    "momo": optim.MoMo,
}


def gradient(t, ahead):
    """Of two parameters; there is a NaN now and then."""
    grads = [np.asarray(ahead(t)), np.full((), t / 8, np.float32)]
    if t % 7 == 3:
        grads[0][t] = np.nan
    return grads


def params(dtype=np.float64):
    w, ahead = start(dtype)
    return [w, np.ones((), np.float32)], ahead


def train(opt, ahead, first, last):
    for t in range(first, last):
        opt.step(gradient(t, ahead), loss=loss(t))


def bits(opt, w):
    return [a.tobytes() for a in (*w, *opt.evaluated())], opt.t


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", WRAPPED)
@pytest.mark.parametrize("cut", [1, 2, 3, 4, 8, 13, 24])
def test_a_run_cut_in_two_is_one_run(name, rule, cut, dtype):
    w, ahead = params(dtype)
    opt = WRAPPED[name](RULES[rule](w))
    train(opt, ahead, 1, 30)
    whole = bits(opt, w)

    w, ahead = params(dtype)
    opt = WRAPPED[name](RULES[rule](w))
    train(opt, ahead, 1, cut)
    saved = pickle.loads(pickle.dumps(opt.state_dict()))
    opt = WRAPPED[name](RULES[rule](w))
    opt.load_state_dict(saved)
    train(opt, ahead, cut, 30)
    assert bits(opt, w) == whole


@pytest.mark.parametrize("name", WRAPPED)
def test_every_isa_steps_to_the_same_bytes(name, dtype, on_every_isa):
    def run():
        w, ahead = params(dtype)
        opt = WRAPPED[name](optim.Adam(w, lr=0.1))
        train(opt, ahead, 1, 30)
        return repr(bits(opt, w))

    assert len(set(on_every_isa(run))) == 1


@pytest.mark.parametrize("name", WRAPPED)
def test_wrappers_are_used_as_optimizers(name):
    w, ahead = params()
    rule = optim.MoMo(w, lr=0.5)
    opt = WRAPPED[name](rule)
    assert opt.rule is rule
    assert opt.needs_loss
    train(opt, ahead, 1, 3)
    assert opt.t == rule.t
    opt.param_groups[0]["lr"] = 0.125
    assert rule.param_groups[0]["lr"] == 0.125


@pytest.mark.parametrize(
    ("kind", "options", "others"),
    [
        (optim.MultiSteps, dict(every=3), dict(every=9)),
        (optim.Lookahead, dict(sync_period=3, slow_step_size=0.25), {}),
        (optim.ApplyIfFinite, dict(max_consecutive_errors=3), dict(max_consecutive_errors=9)),
    ],
)
def test_the_options_of_a_state_are_taken_up(kind, options, others):
    opt = kind(optim.SGD(np.ones(2)), **others)
    opt.load_state_dict(kind(optim.SGD(np.ones(2), lr=0.5), **options).state_dict())
    assert {name: getattr(opt, name) for name in options} == options
    assert opt.param_groups[0]["lr"] == 0.5


@pytest.mark.parametrize("name", WRAPPED)
def test_state_dict_holds_copies(name):
    w, ahead = params()
    opt = WRAPPED[name](optim.Adam(w, lr=0.1))
    train(opt, ahead, 1, 3)
    saved = opt.state_dict()
    before = repr(saved)
    train(opt, ahead, 3, 9)
    assert repr(saved) == before
    before = repr(opt.state_dict())
    for array in saved["arrays"]:
        array[...] = 7
    assert repr(opt.state_dict()) == before


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda s: s.pop("mini_step"), ValueError, "state_dict must hold"),
        (lambda s: s.pop("optimizer"), ValueError, "state_dict must hold"),
        (lambda s: s.update({"class": "Lookahead"}), ValueError, "is of Lookahead, not MultiSteps"),
        (lambda s: s.update(every=0), ValueError, "every of state_dict must be a positive integer"),
        (lambda s: s.update(mini_step=-1), ValueError, "mini_step of state_dict must be a nonneg"),
        (lambda s: s.update(mean_loss="1"), TypeError, "mean_loss of state_dict must be a number"),
        (lambda s: s.update(arrays=None), TypeError, "arrays of state_dict must be a sequence"),
        (lambda s: s["arrays"].pop(), ValueError, "state_dict is of 1 params, not 2"),
        (
            lambda s: s["arrays"].__setitem__(1, np.ones(1, np.float32)),
            ValueError,
            r"arrays\[1\] of state_dict is float32 of shape \(1,\), not float32 of shape \(\)",
        ),
        (lambda s: s["arrays"].__setitem__(0, [1.0]), TypeError, r"arrays\[0\] of state_dict must"),
        (lambda s: s["optimizer"].update(t=-1), ValueError, "t of state_dict must be"),
        (lambda s: s.update(optimizer=None), TypeError, "state_dict must be a dict"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_nothing_changes(spoil, error, message):
    w, ahead = params()
    opt = optim.MultiSteps(optim.Adam(w, lr=0.1), 3)
    train(opt, ahead, 1, 3)
    state = opt.state_dict()
    spoil(state)
    train(opt, ahead, 3, 5)
    before = repr(opt.state_dict())
    with pytest.raises(error, match=message):
        opt.load_state_dict(state)
    assert repr(opt.state_dict()) == before


def test_a_wrapper_takes_no_state_of_an_optimizer_nor_the_other_way_round():
    opt = optim.SGD(np.ones(2))
    wrapper = optim.MultiSteps(opt, 2)
    with pytest.raises(ValueError, match="state_dict must hold"):
        wrapper.load_state_dict(opt.state_dict())
    with pytest.raises(ValueError, match="state_dict must hold"):
        opt.load_state_dict(wrapper.state_dict())


@pytest.mark.parametrize("name", WRAPPED)
def test_what_cannot_be_wrapped_is_named(name):
    for other in (None, optim.SGD, np.ones(2)):
        with pytest.raises(TypeError, match="optimizer must be an optimizer or a wrapper of one"):
            WRAPPED[name](other)
    with pytest.raises(ValueError, match="optimizer must be bound to its params"):
        WRAPPED[name](optim.SGD())


@pytest.mark.parametrize("name", WRAPPED)
@pytest.mark.parametrize(
    "make",
    [lambda w: None, lambda w: w[:1], lambda w: [w[0].copy(), None], lambda w: [np.ones(3), w[1]]],
)
def test_grads_that_do_not_fit_change_nothing(name, make):
    w, ahead = params()
    opt = WRAPPED[name](optim.Adam(w, lr=0.1))
    train(opt, ahead, 1, 3)
    before, state = bits(opt, w), repr(opt.state_dict())
    with pytest.raises((TypeError, ValueError), match=r"^grads"):
        opt.step(make(w), loss=1.0)
    assert bits(opt, w) == before
    assert repr(opt.state_dict()) == state


@pytest.mark.parametrize("name", WRAPPED)
def test_wrappers_are_not_copied(name):
    opt = WRAPPED[name](optim.Adam(np.ones(3)))
    for act in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"is bound to its arrays .* save state_dict"):
            act(opt)
