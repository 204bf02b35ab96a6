"""Numbers for every update rule, as the table of kernels names them; and what sets some apart."""

from fastopt import _core, optim


def memory_of(rule):
    return _core.OPTIMIZERS[rule._kernel(rule.options)][2]


def takes_sums(rule):
    """Whether a step depends on sums over all parameters."""
    return not {"d", "distance", "loss"}.isdisjoint(memory_of(rule))


def names(holds):
    return [name for name, rule in optim.OPTIMIZERS.items() if holds(rule)]


#: Those whose weights go each its own way; that let others average; that do with the weights that a
#: batch touches; and that bear bounds.
ALONE = names(lambda rule: not takes_sums(rule))
AVERAGED = names(lambda rule: not rule.averages)
TOUCHING = names(lambda rule: not memory_of(rule) and not rule.averages)
PROJECTED = names(lambda rule: rule.projects)

#: Hyper-parameters that leave no term of any rule out.
HYPER = {
    "lr": 0.05,
    "l2": 0.1,
    "decay": 0.01,
    "l1": 0.0,
    "momentum": 0.9,
    "gain": 0.2,
    "eps": 1e-3,
    "eps_in_sqrt": 1e-2,
    "alpha": 0.8,
    "beta": 0.8,
    "beta1": 0.9,
    "gain1": 0.1,
    "beta2": 0.99,
    "gain2": 0.01,
    "beta3": 0.95,
    "gain3": 0.05,
    "root": 1.5,
    "mu": 0.5,
    "mu_next": 0.6,
    "correction": 1.2,
    "correction1": 1.3,
    "correction2": 1.4,
    "correction3": 1.5,
    "bias": 0.7,
    "rho": 0.8,
    "shrink": 0.5,
    "grow": 1.2,
    "least": 1e-3,
    "most": 0.4,
    "of_g": 0.3,
    "of_m": 0.8,
    "of_u": 0.4,
    "clip": 0.9,
    "since": 1.0,
    "mix": 3.0,
    "b1": 0.9,
    "weight_power": 2.0,
    "d0": 0.01,
    "coef": 1.1,
    "lr_of_s": 0.5,
    "d": 0.0,
    "first_distance": 0.1,
    "relative": 0.2,
    "first_lr": 0.0,
    "max_lr": 0.3,
    "f_min": 0.1,
    "least_gap": 0.0,
    "weight_decay": 0.1,
    "least_bound": 0.05,
    "adapt": 1.0,
}
#: Numbers that the rules keep beside their arrays.
MEMORY = {
    "mu_product": 0.7,
    "lr_max": 0.04,
    "weight_sum": 0.01,
    "d": 0.02,
    "numerator": 0.001,
    "started": 0.0,
    "distance": 0.0,
    "squares": 0.0,
    "loss": 0.0,
    "mean_loss": 0.5,
    "mean_dot": 0.1,
    "lower_bound": 0.05,
}
#: Of each step.
LOSS = 0.6
