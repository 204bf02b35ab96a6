"""Every optimizer: torch's numbers or optax's where they have the rule, else the formula's."""

import inspect

import numpy as np
import pytest

from fastopt import _core, optim, schedules

from .. import rules

#: name, the optimizer, and torch's arguments beside, or optax's rule, or None for a formula below.
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
    "adadelta": (optim.Adadelta, dict(), {}),
    "adadelta-all": (optim.Adadelta, dict(lr=0.5, rho=0.8, eps=1e-2, weight_decay=0.1), {}),
    "adamax": (optim.Adamax, dict(), {}),
    "adamax-all": (optim.Adamax, dict(lr=0.1, betas=(0.8, 0.9), eps=0.1, weight_decay=0.1), {}),
    "nadam": (optim.NAdam, dict(), {}),
    "nadam-all": (
        optim.NAdam,
        dict(lr=0.1, betas=(0.8, 0.9), eps=0.1, weight_decay=0.1, momentum_decay=0.3),
        {},
    ),
    "nadam-decoupled": (
        optim.NAdam,
        dict(lr=0.1, weight_decay=0.3, decoupled_weight_decay=True),
        {},
    ),
    "radam": (optim.RAdam, dict(), {}),
    "radam-all": (optim.RAdam, dict(lr=0.1, betas=(0.8, 0.9), eps=0.1, weight_decay=0.1), {}),
    "radam-decoupled": (
        optim.RAdam,
        dict(lr=0.1, betas=(0.9, 0.99), weight_decay=0.3, decoupled_weight_decay=True),
        {},
    ),
    "rprop": (optim.Rprop, dict(), {}),
    "rprop-all": (optim.Rprop, dict(lr=0.3, etas=(0.3, 1.5), step_sizes=(0.02, 0.5)), {}),
    "asgd": (optim.ASGD, dict(), {}),
    "asgd-all": (optim.ASGD, dict(lr=0.1, lambd=0.3, alpha=0.6, t0=4, weight_decay=0.1), {}),
    "lion": (optim.Lion, dict(), lambda o: o.lion(1e-4)),
    "lion-all": (
        optim.Lion,
        dict(lr=0.1, b1=0.8, b2=0.7, weight_decay=0.3),
        lambda o: o.lion(0.1, 0.8, 0.7, weight_decay=0.3),
    ),
    "signum": (optim.Signum, dict(), lambda o: o.signum(1e-3)),
    "signum-all": (optim.Signum, dict(lr=0.1, beta=0.5), lambda o: o.signum(0.1, 0.5)),
    "adabelief": (optim.AdaBelief, dict(), lambda o: o.adabelief(1e-3)),
    "adabelief-all": (
        optim.AdaBelief,
        dict(lr=0.1, b1=0.8, b2=0.9, eps=0.01, eps_root=0.02),
        lambda o: o.adabelief(0.1, 0.8, 0.9, 0.01, 0.02),
    ),
    "adabelief-nesterov": (
        optim.AdaBelief,
        dict(lr=0.1, nesterov=True),
        lambda o: o.adabelief(0.1, nesterov=True),
    ),
    "yogi": (optim.Yogi, dict(), lambda o: o.yogi(1e-2)),
    "yogi-all": (
        optim.Yogi,
        dict(lr=0.1, b1=0.8, b2=0.7, eps=0.1, initial_accumulator_value=0.2),
        lambda o: o.chain(
            o.scale_by_yogi(0.8, 0.7, 0.1, initial_accumulator_value=0.2),
            o.scale_by_learning_rate(0.1),
        ),
    ),
    "adan": (optim.Adan, dict(), lambda o: o.adan(1e-3)),
    "adan-all": (
        optim.Adan,
        dict(lr=0.1, b1=0.8, b2=0.7, b3=0.6, eps=0.1, eps_root=0.2, weight_decay=0.3),
        lambda o: o.adan(0.1, 0.8, 0.7, 0.6, 0.1, 0.2, 0.3),
    ),
    "optax-amsgrad": (optim.AMSGrad, dict(), lambda o: o.amsgrad(1e-3)),
    "optax-amsgrad-all": (
        optim.AMSGrad,
        dict(lr=0.1, b1=0.8, b2=0.7, eps=0.1, eps_root=0.2),
        lambda o: o.amsgrad(0.1, 0.8, 0.7, 0.1, 0.2),
    ),
    "adopt": (optim.ADOPT, dict(), lambda o: o.contrib.adopt(1e-3)),
    "adopt-all": (
        optim.ADOPT,
        dict(lr=0.1, b1=0.8, b2=0.7, eps=0.1, nesterov=True, use_clipping=False),
        lambda o: o.contrib.adopt(0.1, 0.8, 0.7, 0.1, nesterov=True, use_clipping=False),
    ),
    "ademamix": (optim.AdEMAMix, dict(), lambda o: o.contrib.ademamix(1e-3)),
    "ademamix-all": (
        optim.AdEMAMix,
        dict(lr=0.1, b1=0.8, b2=0.7, b3=0.9, alpha=2.0, eps=0.1, eps_root=0.2, weight_decay=0.3),
        lambda o: o.contrib.ademamix(0.1, 0.8, 0.7, 0.9, 2.0, 0.1, 0.2, weight_decay=0.3),
    ),
    "ademamix-rising": (
        optim.AdEMAMix,
        dict(
            lr=0.1,
            b3=schedules.linear(0.5, steps=10, final=0.9),
            alpha=schedules.linear(0.1, steps=20, final=2.1),
        ),
        lambda o: o.contrib.ademamix(
            0.1,
            b3=lambda k: 0.5 + 0.4 * min(float(k) / 10, 1),
            alpha=lambda k: 0.1 + 2 * min(float(k) / 20, 1),
        ),
    ),
    "ftrl": (optim.FTRL, dict(), None),
    "ftrl-all": (optim.FTRL, dict(lr=0.5, beta=0.5, lambda1=0.2, lambda2=0.3), None),
    "cocob": (optim.COCOB, dict(), lambda o: o.contrib.cocob()),
    "cocob-all": (
        optim.COCOB,
        dict(lr=0.5, alpha=2.0, eps=0.1, weight_decay=0.1),
        lambda o: o.contrib.cocob(0.5, 2.0, 0.1, 0.1),
    ),
    "schedule-free-sgd": (
        optim.ScheduleFreeSGD,
        dict(lr=0.1),
        lambda o: o.contrib.schedule_free_sgd(0.1),
    ),
    "schedule-free-sgd-all": (
        optim.ScheduleFreeSGD,
        dict(lr=0.1, b1=0.7, weight_decay=0.3, weight_lr_power=1.5),
        lambda o: o.contrib.schedule_free_sgd(0.1, None, 0.7, 0.3, 1.5),
    ),
    "schedule-free-adamw": (
        optim.ScheduleFreeAdamW,
        dict(),
        lambda o: o.contrib.schedule_free_adamw(),
    ),
    "schedule-free-adamw-all": (
        optim.ScheduleFreeAdamW,
        dict(lr=0.1, b1=0.7, b2=0.8, eps=0.1, weight_decay=0.3, weight_lr_power=1.5),
        lambda o: o.contrib.schedule_free_adamw(0.1, None, 0.7, 0.8, 0.1, 0.3, 1.5),
    ),
    "dadapt-adamw": (optim.DAdaptAdamW, dict(), lambda o: o.contrib.dadapt_adamw()),
    "dadapt-adamw-all": (
        optim.DAdaptAdamW,
        dict(lr=0.5, betas=(0.8, 0.7), eps=0.1, estim_lr0=0.01, weight_decay=0.3),
        lambda o: o.contrib.dadapt_adamw(0.5, (0.8, 0.7), 0.1, 0.01, 0.3),
    ),
    "prodigy": (optim.Prodigy, dict(), lambda o: o.contrib.prodigy()),
    "prodigy-all": (
        optim.Prodigy,
        dict(
            lr=0.5,
            betas=(0.8, 0.7),
            beta3=0.9,
            eps=0.1,
            estim_lr0=0.01,
            estim_lr_coef=2.0,
            weight_decay=0.3,
            safeguard_warmup=True,
        ),
        lambda o: o.contrib.prodigy(0.5, (0.8, 0.7), 0.9, 0.1, 0.01, 2.0, 0.3, True),
    ),
    "dog": (optim.DoG, dict(), lambda o: o.contrib.dog()),
    "dog-distance": (
        optim.DoG,
        dict(lr=0.5, init_step=("distance", 0.1), eps=0.1, weight_decay=0.3),
        lambda o: o.contrib.dog(0.5, ("distance", 0.1), 0.1, 0.3),
    ),
    "dog-rate": (
        optim.DoG,
        dict(init_step=("learning_rate", 0.1)),
        lambda o: o.contrib.dog(init_step=("learning_rate", 0.1)),
    ),
    "polyak": (optim.PolyakSGD, dict(), lambda o: o.polyak_sgd()),
    "polyak-all": (
        optim.PolyakSGD,
        dict(max_learning_rate=0.1, f_min=0.2, eps=0.1, variant="sps+"),
        lambda o: o.polyak_sgd(0.1, 1.0, 0.2, 0.1, "sps+"),
    ),
    "momo": (optim.MoMo, dict(), lambda o: o.contrib.momo()),
    "momo-all": (
        optim.MoMo,
        dict(lr=0.5, beta=0.8, lower_bound=0.1, weight_decay=0.3, adapt_lower_bound=True),
        lambda o: o.contrib.momo(0.5, 0.8, 0.1, 0.3, True),
    ),
    "momo-adam": (optim.MoMoAdam, dict(), lambda o: o.contrib.momo_adam()),
    "momo-adam-all": (
        optim.MoMoAdam,
        dict(
            lr=0.5,
            b1=0.8,
            b2=0.7,
            eps=0.1,
            lower_bound=0.1,
            weight_decay=0.3,
            adapt_lower_bound=True,
        ),
        lambda o: o.contrib.momo_adam(0.5, 0.8, 0.7, 0.1, 0.1, 0.3, True),
    ),
}
OF_TORCH = [name for name, row in RULES.items() if isinstance(row[2], dict)]
OF_OPTAX = [name for name, row in RULES.items() if callable(row[2])]
SIZE = 40

#: w[0] and w[39] after ten steps in float64, by torch 2.13.0 and optax 0.2.8.
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
    "ademamix-rising": [0.8285903329132086, -0.2035043693243569],
    "nadam": [-0.6088585201341343, 0.4917445107029476],
    "nadam-all": [0.12282803254290402, 0.16460627361074434],
    "nadam-decoupled": [0.19921513161467558, 0.11836339348650853],
    "asgd": [-0.5601027086852429, 0.48150888757118915],
    "asgd-all": [0.021596764969108388, 0.23065153295920143],
    "polyak-all": [-0.4010650602046936, 0.40657661443452775],
    "adadelta": [-0.591381676867977, 0.48759347566037853],
    "adadelta-all": [0.3825912176463021, 0.1771969416009535],
    "adamax": [-0.6049704940374618, 0.4906458204265375],
    "adamax-all": [0.30771653175413427, 0.08343789063163183],
    "radam": [-0.621529260775094, 0.4984069433931015],
    "radam-all": [-0.1252505974125756, 0.2653331544043671],
    "radam-decoupled": [-0.14835071802591066, 0.2291990816189806],
    "rprop": [-0.36541317888000013, 0.45769599999999994],
    "rprop-all": [2.02, -0.03703749999999998],
    "lion": [-0.6239993754502812, 0.4991995003502247],
    "lion-all": [0.414362831040909, -0.33479404176277505],
    "signum": [-0.615, 0.49],
    "signum-all": [0.375, -0.09999999999999998],
    "adabelief": [-0.6112811515770543, 0.4922052220708553],
    "adabelief-all": [0.39593446169820057, 0.12187183040375044],
    "adabelief-nesterov": [0.7529985011455331, -0.07430181477316111],
    "yogi": [-0.5254270126524859, 0.43405391588306114],
    "yogi-all": [-0.007600206135385784, 0.0255854981521832],
    "adan": [-0.6150001308614772, 0.493202491420062],
    "adan-all": [0.15772497141198574, 0.14238866174054887],
    "optax-amsgrad": [-0.6150098065272666, 0.4948982068759009],
    "optax-amsgrad-all": [0.05127939841300373, 0.21804146733454846],
    "adopt": [-0.6215141685675115, 0.4988274849299258],
    "adopt-all": [-0.030299489147698366, 0.2744490835951174],
    "ademamix": [-0.6149737417155519, 0.49325037359485396],
    "ademamix-all": [0.6660590631467236, -0.052624489719883115],
    "cocob": [-0.47602051997079986, 0.46964487796962484],
    "cocob-all": [1.428553665663613, 0.18920439949619722],
    "schedule-free-sgd": [-0.2550835748545021, 0.37800241552654723],
    "schedule-free-sgd-all": [-0.12569072162761827, 0.29261062603947874],
    "schedule-free-adamw": [-0.6101390568629551, 0.4926070863096993],
    "schedule-free-adamw-all": [0.015563683370265605, 0.22331072920135672],
    "dadapt-adamw": [-0.6249653389557486, 0.49998038003404954],
    "dadapt-adamw-all": [-0.5605351997638013, 0.4565881102709385],
    "prodigy": [-0.6249888455825569, 0.49999267796468433],
    "prodigy-all": [-0.5658582209395827, 0.46304469785370556],
    "dog": [-0.6249853017155272, 0.4999961476582689],
    "dog-distance": [-0.5192479904831906, 0.4548649710693327],
    "dog-rate": [0.08146390723343848, 0.3189489489291161],
    "polyak": [-0.03709128143522183, 0.2740044806271312],
    "momo": [-0.3858471071520986, 0.33164295581255937],
    "momo-all": [-0.1026507269225754, 0.08936274624311845],
    "momo-adam": [-0.5251265820702047, 0.4337355806349623],
    "momo-adam-all": [-0.0869407621931015, 0.07670951391232633],
}


def start(dtype=np.float64, size=SIZE):
    """Weights, and gradients that change from step to step, from integers alone."""
    w = (np.arange(size) * 7 % 11 - 5).astype(dtype) / 8
    return w, lambda t: pattern(t, dtype, size) + w / 4


def pattern(t, dtype=np.float64, size=SIZE):
    return (np.arange(size) * t * 13 % 17 - 8).astype(dtype) / 16


def loss(t):
    """What the rules that want one are told of step t."""
    return 1 / t + 0.1


def run(name, dtype=np.float64, steps=10):
    kind, options, _ = RULES[name]
    w, gradient = start(dtype)
    opt = kind(w, **options)
    for t in range(1, steps + 1):
        opt.step(gradient(t), loss=loss(t))
    return w


def by_torch(name, dtype, steps=10):
    torch = pytest.importorskip("torch")
    kind, options, extra = RULES[name]
    w, _ = start(dtype)
    parameter = torch.nn.Parameter(torch.from_numpy(w))
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # of the numbers that it keeps beside the arrays
    opt = getattr(torch.optim, kind.__name__)([parameter], **options, **extra)
    for t in range(1, steps + 1):
        values = parameter.detach().numpy()
        parameter.grad = torch.from_numpy(pattern(t, dtype) + values / 4)
        opt.step()
    torch.set_default_dtype(before)
    return parameter.detach().numpy()


def by_optax(name, steps=10):
    """In float64; what it evaluates at, too."""
    pytest.importorskip("jax").config.update("jax_enable_x64", True)
    optax = pytest.importorskip("optax")
    rule = optax.with_extra_args_support(RULES[name][2](optax))
    w = optax.tree.cast(start()[0], float)
    state = rule.init(w)
    for t in range(1, steps + 1):
        step, state = rule.update(pattern(t) + w / 4, state, w, value=loss(t))
        w = optax.apply_updates(w, step)
    averaged = hasattr(state, "z")
    return w, optax.contrib.schedule_free_eval_params(state, w) if averaged else w


@pytest.mark.parametrize("name", OF_OPTAX)
def test_steps_are_optax_s(name, dtype):
    expected, _ = by_optax(name, 30)
    tolerance = 1e-10 if dtype == np.float64 else 1e-4
    np.testing.assert_allclose(run(name, dtype, 30), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", OF_TORCH)
def test_steps_are_torch_s(name, dtype):
    expected = by_torch(name, dtype, 30)
    tolerance = 1e-12 if dtype == np.float64 else 2e-5
    np.testing.assert_allclose(run(name, dtype, 30), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", dict.fromkeys(RULES[name][0] for name in OF_TORCH))
def test_defaults_are_torch_s(kind):
    theirs = getattr(pytest.importorskip("torch").optim, kind.__name__)
    theirs = inspect.signature(theirs).parameters
    for name, ours in inspect.signature(kind).parameters.items():
        if name in theirs and name != "params":
            assert ours.default == theirs[name].default, name


@pytest.mark.parametrize("name", STORED)
def test_steps_are_the_stored_figures_of_torch_and_optax(name):
    np.testing.assert_allclose(run(name)[[0, -1]], STORED[name], rtol=1e-12)


def test_every_rule_of_torch_and_optax_has_stored_figures():
    assert STORED.keys() == {*OF_TORCH, *OF_OPTAX}


def test_every_optimizer_and_every_kernel_has_a_row():
    public = {kind for kind in vars(optim).values() if isinstance(kind, type)}
    kinds = {kind for kind in public if issubclass(kind, optim.Optimizer)} - {optim.Optimizer}
    assert {kind for kind, _, _ in RULES.values()} == kinds
    assert {type(rule) for rule in optim.OPTIMIZERS.values()} == kinds
    kernels = {rule._kernel(rule.options) for rule in (k(**o) for k, o, _ in RULES.values())}
    of_models = {"sgd_l1", "adagrad_composite"}  # for some penalties
    assert kernels | of_models == _core.OPTIMIZERS.keys()


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


def ftrl(w, g, s, lr=0.1, beta=1.0, l1=0.0, l2=0.0):
    if not s["v"].any():
        s["m"] = -((beta / lr + l2) * w + l1 * np.sign(w))
    root = np.sqrt(s["v"])
    s["v"] += g**2
    s["m"] += g - (np.sqrt(s["v"]) - root) / lr * w
    slope = (beta + np.sqrt(s["v"])) / lr + l2
    w[:] = np.where(np.abs(s["m"]) <= l1, 0, -(s["m"] - np.sign(s["m"]) * l1) / slope)


FORMULAS = {
    "ftrl": ftrl,
    "ftrl-all": lambda w, g, s: ftrl(w, g, s, 0.5, 0.5, 0.2, 0.3),
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


def test_every_other_rule_has_a_formula():
    assert FORMULAS.keys() == {name for name, row in RULES.items() if row[2] is None}


def test_a_polyak_step_is_scaled_after_it_is_found():
    w = np.array([3.0, 4.0])
    optim.PolyakSGD(w, 0.5, max_learning_rate=10, f_min=1.0).step(np.array([6.0, 8.0]), loss=26.0)
    np.testing.assert_allclose(w, np.array([3, 4]) - 0.5 * 25 / 100 * np.array([6, 8]))


@pytest.mark.parametrize("name", [name for name in OF_OPTAX if "schedule-free" in name])
def test_the_point_to_evaluate_at_is_optax_s(name):
    kind, options, _ = RULES[name]
    w, gradient = start()
    opt = kind(w, **options)
    for t in range(1, 31):
        opt.step(gradient(t))
    np.testing.assert_allclose(opt.evaluated(), by_optax(name, 30)[1], rtol=1e-10)


def test_the_point_to_evaluate_at_of_asgd_is_the_mean_of_the_steps():
    w, gradient = start()
    opt, steps = optim.ASGD([w, np.ones(2)], lr=0.1, t0=1), []
    for t in range(1, 31):
        opt.step([gradient(t), np.ones(2)])
        steps.append(w.copy())
    np.testing.assert_allclose(opt.evaluated()[0], np.mean(steps[2:], axis=0), rtol=1e-12)
    assert opt.evaluated()[1].shape == (2,)


@pytest.mark.parametrize("name", RULES)
def test_other_rules_evaluate_where_they_are(name):
    kind, options, _ = RULES[name]
    w = np.ones(3)
    opt = kind(w, **options)
    opt.step(np.ones(3), loss=1.0)
    point = opt.evaluated()
    assert point is not w
    assert np.array_equal(point, w) or kind.averages


@pytest.mark.parametrize("name", RULES)
def test_a_gradient_of_0_changes_nothing_where_a_rule_says_so(name):
    kind, options, _ = RULES[name]
    if {"weight_decay", "lr_decay"} & {option for option, value in options.items() if value}:
        return  # which pull at all weights
    w = np.array([0.3, -0.2, 0.7])
    opt = kind(w, **options)
    opt.step(np.array([1.0, 0.0, -2.0]), loss=1.0)
    before = opt.state_dict()["state"], w.copy()
    opt.step(np.zeros(3), loss=0.9)
    still = np.array_equal(w, before[1]) and str(before[0]) == str(opt.state_dict()["state"])
    assert still or not kind.sparse


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


def takes_sums(name):
    kind, options, _ = RULES[name]
    return rules.takes_sums(kind(**options))


@pytest.mark.parametrize("name", [name for name in RULES if takes_sums(name)])
def test_sums_are_over_all_arrays(name, on_every_isa):
    kind, options, _ = RULES[name]

    def train():
        w, gradient = start(np.float64, 5003)
        parts = [w[:7].copy(), w[7:4000].reshape(3, -1).copy(), w[:0].copy(), w[4000:].copy()]
        whole, apart = kind(w, **options), kind(parts, **options)
        for t in range(1, 20):
            g = gradient(t)
            whole.step(g, loss=loss(t))
            apart.step([g[:7], g[7:4000].reshape(3, -1), g[:0], g[4000:]], loss=loss(t))
        together = np.concatenate([part.ravel() for part in parts])
        np.testing.assert_allclose(together, w, rtol=1e-9, atol=1e-12)
        return w.tobytes() + together.tobytes()

    assert len(set(on_every_isa(train))) == 1


@pytest.mark.parametrize("name", [name for name in RULES if not takes_sums(name)])
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


@pytest.mark.parametrize("name", [name for name in RULES if not takes_sums(name)])
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
