"""jax: jitted, buffers donated, the epoch one lax.scan; the rules are optax's."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bench.problem import ADAGRAD_EPS, LOSS

jax.config.update("jax_enable_x64", True)  # float64 rows; float32 stays float32

RULES = {  # the eps of Adagrad inside the root
    "sgd": optax.sgd,
    "momentum": partial(optax.sgd, momentum=0.9),
    "nesterov": partial(optax.sgd, momentum=0.9, nesterov=True),
    "adagrad": partial(optax.adagrad, initial_accumulator_value=0, eps=ADAGRAD_EPS**2),
    "rmsprop": partial(optax.rmsprop, decay=0.99, eps_in_sqrt=False),
}
DIFFERENT = {"nadam", "rprop"}  # no schedule of the momentum; a first step of another length


def rule_of(name):
    """What makes optax's rule with the formula of this name, if it has that."""
    if name in DIFFERENT:
        return None
    return RULES.get(name) or getattr(optax, name, None) or getattr(optax.contrib, name, None)


def optimizer(rule, params, grads, lr):
    made = rule_of(rule)
    if made is None:
        return None
    rule = optax.with_extra_args_support(made(lr))
    params, grads = jax.tree.map(jnp.array, (params, grads))
    state = jax.tree.map(jnp.copy, rule.init(params))  # params may be a part of it

    @partial(jax.jit, donate_argnums=(0, 1))
    def update(params, state, grads):
        updates, state = rule.update(grads, state, params, value=LOSS)
        return optax.apply_updates(params, updates), state

    def step():
        nonlocal params, state
        params, state = update(params, state, grads)
        jax.block_until_ready(params)

    return step, lambda: params


def epoch(problem):
    X, y = jnp.array(problem.X), jnp.array(problem.y)
    rule, size = rule_of(problem.optimizer)(problem.eta0), problem.batch_size

    def update(carry, rows):
        params, state = carry
        w, b = params
        x, target = X[rows].astype(w.dtype), y[rows]
        slopes = -target / (1 + jnp.exp(target * (x @ w + b)))
        gradient = slopes * x if size == 1 else slopes @ x / len(rows)
        grads = gradient + problem.alpha * w, slopes.mean()
        updates, state = rule.update(grads, state, params)
        return (optax.apply_updates(params, updates), state), None

    @partial(jax.jit, donate_argnums=0)
    def train(params, order):
        carry = params, rule.init(params)
        if size == 1:
            (params, _), _ = jax.lax.scan(update, carry, order)
            return params
        whole = len(order) - len(order) % size
        carry, _ = jax.lax.scan(update, carry, order[:whole].reshape(-1, size))
        if whole < len(order):
            carry, _ = update(carry, order[whole:])
        return carry[0]

    def run(order):
        w, b = train((jnp.zeros(X.shape[1], y.dtype), jnp.zeros((), y.dtype)), order)
        return np.append(w, b)

    return run
