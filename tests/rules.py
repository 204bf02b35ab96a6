"""Numbers for every update rule, as the table of kernels names them."""

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
    "beta1": 0.9,
    "gain1": 0.1,
    "beta2": 0.99,
    "gain2": 0.01,
    "root": 1.5,
    "mu": 0.5,
    "mu_next": 0.6,
}
#: Numbers that the rules keep beside their arrays.
MEMORY = {"mu_product": 0.7}
LOSS = 0.6
