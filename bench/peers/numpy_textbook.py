"""NumPy as the formulas stand in a textbook."""

import math

import numpy as np

from bench.problem import ADAGRAD_EPS, ADAM_EPS, BETAS

MOST_UPDATES = 10_000  # of an epoch: the time goes with their number


def sgd(params, grads, lr):
    def step():
        for w, g in zip(params, grads, strict=True):
            w -= lr * g

    return step


def momentum(params, grads, lr):
    velocities = [np.zeros_like(w) for w in params]

    def step():
        for k, (w, g) in enumerate(zip(params, grads, strict=True)):
            velocities[k] = 0.9 * velocities[k] + g
            w -= lr * velocities[k]

    return step


def adagrad(params, grads, lr):
    sums = [np.zeros_like(w) for w in params]

    def step():
        for w, g, v in zip(params, grads, sums, strict=True):
            v += g**2
            w -= lr * g / (np.sqrt(v) + ADAGRAD_EPS)

    return step


def adam(params, grads, lr):
    beta1, beta2 = BETAS
    ms, vs = ([np.zeros_like(w) for w in params] for _ in range(2))
    t = 0

    def step():
        nonlocal t
        t += 1
        for k, (w, g) in enumerate(zip(params, grads, strict=True)):
            ms[k] = beta1 * ms[k] + (1 - beta1) * g
            vs[k] = beta2 * vs[k] + (1 - beta2) * g**2
            m, v = ms[k] / (1 - beta1**t), vs[k] / (1 - beta2**t)
            w -= lr * m / (np.sqrt(v) + ADAM_EPS)

    return step


RULES = {"sgd": sgd, "momentum": momentum, "adagrad": adagrad, "adam": adam}


def optimizer(rule, params, grads, lr):
    return RULES[rule](params, grads, lr), lambda: params


def epoch(problem):
    if problem.batch_size > 1:
        return lambda order: minibatch(problem, order)
    if problem.optimizer == "sgd":
        return lambda order: incremental(problem, order)
    return lambda order: incremental_by_rule(problem, order)


def incremental(problem, order):
    X, y, lr, alpha = problem.X, problem.y, problem.eta0, problem.alpha
    w, b = np.zeros(X.shape[1], problem.dtype), 0.0
    for i in order:
        z = X[i] @ w + b
        slope = -y[i] / (1 + math.exp(y[i] * z))
        w -= lr * (slope * X[i] + alpha * w)
        b -= lr * slope
    return np.append(w, b)


def incremental_by_rule(problem, order):
    X, y = problem.X, problem.y
    theta, g = np.zeros((2, X.shape[1] + 1), problem.dtype)
    step = RULES[problem.optimizer]([theta], [g], problem.eta0)
    w = theta[:-1]
    for i in order:
        z = X[i] @ w + theta[-1]
        g[-1] = slope = -y[i] / (1 + math.exp(y[i] * z))
        g[:-1] = slope * X[i] + problem.alpha * w
        step()
    return theta


def minibatch(problem, order):
    X, y, lr, alpha = problem.X, problem.y, problem.eta0, problem.alpha
    w, b = np.zeros(X.shape[1], problem.dtype), 0.0
    for start in range(0, len(order), problem.batch_size):
        rows = order[start : start + problem.batch_size]
        x, target = X[rows], y[rows]
        slopes = -target / (1 + np.exp(target * (x @ w + b))) / len(rows)
        w -= lr * (slopes @ x + alpha * w)
        b -= lr * slopes.sum()
    return np.append(w, b)
