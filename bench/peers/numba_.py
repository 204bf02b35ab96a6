"""numba: the loops that C would have, with fastmath and error_model="numpy"."""

import numba
import numpy as np

from bench.problem import ADAGRAD_EPS, ADAM_EPS, BETAS

jit = numba.njit(fastmath=True, error_model="numpy")


@jit
def sgd(w, g, lr):
    for i in range(w.size):
        w[i] -= lr * g[i]


@jit
def sgd_of_all(ws, gs, lr):
    for k in range(len(ws)):
        sgd(ws[k], gs[k], lr)


@jit
def momentum(w, g, velocity, lr, mu):
    for i in range(w.size):
        v = mu * velocity[i] + g[i]
        velocity[i] = v
        w[i] -= lr * v


@jit
def adagrad(w, g, sums, lr, eps):
    for i in range(w.size):
        v = sums[i] + g[i] * g[i]
        sums[i] = v
        w[i] -= lr * g[i] / (np.sqrt(v) + eps)


@jit
def adam(w, g, means, squares, lr, root, beta1, gain1, beta2, gain2, eps):
    for i in range(w.size):
        m = beta1 * means[i] + gain1 * g[i]
        v = beta2 * squares[i] + gain2 * g[i] * g[i]
        means[i], squares[i] = m, v
        w[i] -= lr * m / (np.sqrt(v) * root + eps)


@jit
def unbiased(lr, t, beta1, beta2):
    """The rate of Adam with the bias of m undone, and what undoes that of sqrt(v)."""
    return lr / (1 - beta1**t), 1 / np.sqrt(1 - beta2**t)


def optimizer(rule, params, grads, lr):
    real = params[0].dtype.type
    ws, gs = tuple(params), tuple(grads)
    w, g = ws[0], gs[0]  # only sgd has a row of several arrays
    m, v = np.zeros_like(w), np.zeros_like(w)
    beta1, beta2 = BETAS
    rate, mu = real(lr), real(0.9)
    betas = real(beta1), real(1 - beta1), real(beta2), real(1 - beta2), real(ADAM_EPS)
    t = 0

    def adam_step():
        nonlocal t
        t += 1
        unbiased_rate, root = real(lr / (1 - beta1**t)), real((1 - beta2**t) ** -0.5)
        adam(w, g, m, v, unbiased_rate, root, *betas)

    step = {
        "sgd": lambda: sgd_of_all(ws, gs, rate),
        "momentum": lambda: momentum(w, g, v, rate, mu),
        "adam": adam_step,
    }[rule]
    return step, lambda: params


def epoch(problem):
    real = problem.dtype
    X, y = problem.X, problem.y
    lr, alpha = real(problem.eta0), real(problem.alpha)
    shrink, size = real(1 - problem.eta0 * problem.alpha), problem.batch_size

    def train(order):
        w, g, m, v = np.zeros((4, X.shape[1] + 1), real)
        if problem.batch_size > 1:
            minibatch(X, y, order, w, g, lr, shrink, size)
        elif problem.optimizer == "sgd":
            incremental(X, y, order, w, lr, shrink)
        elif problem.optimizer == "adam":
            incremental_adam(X, y, order, w, g, m, v, problem.eta0, alpha)
        else:
            incremental_adagrad(X, y, order, w, g, v, lr, alpha)
        return w

    return train


# In the epochs w[d], g[d] are those of the intercept.


@jit
def slope(x, y, w):
    real = w.dtype.type
    z = w[x.size]
    for j in range(x.size):
        z += real(x[j]) * w[j]
    return -y / (real(1) + np.exp(y * z))


@jit
def incremental(X, y, order, w, lr, shrink):
    real = w.dtype.type
    d = X.shape[1]
    for i in order:
        x = X[i]
        step = lr * slope(x, y[i], w)
        for j in range(d):
            w[j] = shrink * w[j] - step * real(x[j])
        w[d] -= step


@jit
def gradient(x, y, w, g, alpha):
    a = slope(x, y, w)
    for j in range(x.size):
        g[j] = a * x[j] + alpha * w[j]
    g[x.size] = a


@jit
def incremental_adagrad(X, y, order, w, g, v, lr, alpha):
    eps = w.dtype.type(ADAGRAD_EPS)
    for i in order:
        gradient(X[i], y[i], w, g, alpha)
        adagrad(w, g, v, lr, eps)


@jit
def incremental_adam(X, y, order, w, g, m, v, lr, alpha):
    real = w.dtype.type
    beta1, beta2 = BETAS
    for k in range(len(order)):
        i = order[k]
        gradient(X[i], y[i], w, g, alpha)
        rate, root = unbiased(lr, k + 1, beta1, beta2)
        adam(
            w, g, m, v, real(rate), real(root),
            real(beta1), real(1 - beta1), real(beta2), real(1 - beta2), real(ADAM_EPS),
        )  # fmt: skip


@jit
def minibatch(X, y, order, w, g, lr, shrink, batch_size):
    d = X.shape[1]
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        g[:] = 0
        for i in rows:
            x = X[i]
            a = slope(x, y[i], w)
            for j in range(d):
                g[j] += a * x[j]
            g[d] += a
        mean = lr / w.dtype.type(len(rows))
        for j in range(d):
            w[j] = shrink * w[j] - mean * g[j]
        w[d] -= mean * g[d]
