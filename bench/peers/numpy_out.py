"""NumPy as fast as it goes: out= everywhere, buffers of its own, BLAS."""

import math

import numpy as np

from bench.problem import ADAGRAD_EPS, ADAM_EPS, BETAS

MOST_UPDATES = 10_000  # of an epoch: the time goes with their number


def like(params):
    return [np.zeros_like(w) for w in params]


def sgd(params, grads, lr):
    arrays = list(zip(params, grads, like(params), strict=True))

    def step():
        for w, g, buffer in arrays:
            np.multiply(g, lr, out=buffer)
            np.subtract(w, buffer, out=w)

    return step


def momentum(params, grads, lr):
    arrays = list(zip(params, grads, like(params), like(params), strict=True))

    def step():
        for w, g, v, buffer in arrays:
            np.multiply(v, 0.9, out=v)
            np.add(v, g, out=v)
            np.multiply(v, lr, out=buffer)
            np.subtract(w, buffer, out=w)

    return step


def adagrad(params, grads, lr):
    arrays = list(zip(params, grads, like(params), like(params), strict=True))

    def step():
        for w, g, v, buffer in arrays:
            np.multiply(g, g, out=buffer)
            np.add(v, buffer, out=v)
            np.sqrt(v, out=buffer)
            np.add(buffer, ADAGRAD_EPS, out=buffer)
            np.divide(g, buffer, out=buffer)
            np.multiply(buffer, lr, out=buffer)
            np.subtract(w, buffer, out=w)

    return step


def adam(params, grads, lr):
    beta1, beta2 = BETAS
    arrays = list(zip(params, grads, like(params), like(params), like(params), strict=True))
    t = 0

    def step():
        nonlocal t
        t += 1
        root = math.sqrt(1 - beta2**t)
        rate, eps = lr * root / (1 - beta1**t), ADAM_EPS * root
        for w, g, m, v, buffer in arrays:
            np.multiply(m, beta1, out=m)
            np.multiply(g, 1 - beta1, out=buffer)
            np.add(m, buffer, out=m)
            np.multiply(v, beta2, out=v)
            np.multiply(g, g, out=buffer)
            np.multiply(buffer, 1 - beta2, out=buffer)
            np.add(v, buffer, out=v)
            np.sqrt(v, out=buffer)
            np.add(buffer, eps, out=buffer)
            np.divide(m, buffer, out=buffer)
            np.multiply(buffer, rate, out=buffer)
            np.subtract(w, buffer, out=w)

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
    X, y, lr = problem.X, problem.y.tolist(), problem.eta0
    w, buffer = np.zeros((2, X.shape[1]), problem.dtype)
    b, shrink = 0.0, 1 - lr * problem.alpha
    for i in order.tolist():
        x = X[i]
        slope = -y[i] / (1 + math.exp(y[i] * (float(np.dot(x, w)) + b)))
        np.multiply(x, problem.dtype(-lr * slope), out=buffer)
        np.multiply(w, shrink, out=w)
        np.add(w, buffer, out=w)
        b -= lr * slope
    return np.append(w, b)


def incremental_by_rule(problem, order):
    X, y = problem.X, problem.y.tolist()
    theta, g, buffer = np.zeros((3, X.shape[1] + 1), problem.dtype)
    step = RULES[problem.optimizer]([theta], [g], problem.eta0)
    w, gradient, buffer = theta[:-1], g[:-1], buffer[:-1]
    for i in order.tolist():
        x = X[i]
        g[-1] = slope = -y[i] / (1 + math.exp(y[i] * float(np.dot(x, w) + theta[-1])))
        np.multiply(x, problem.dtype(slope), out=gradient)
        np.multiply(w, problem.alpha, out=buffer)
        np.add(gradient, buffer, out=gradient)
        step()
    return theta


def minibatch(problem, order):
    X, y, size = problem.X, problem.y, problem.batch_size
    d = X.shape[1]
    w, g = np.zeros((2, d), problem.dtype)
    all_x, all_y, all_a = (np.empty(shape, problem.dtype) for shape in ((size, d), size, size))
    b, shrink = 0.0, 1 - problem.eta0 * problem.alpha
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        x, target, a = all_x[: len(rows)], all_y[: len(rows)], all_a[: len(rows)]
        np.take(X, rows, axis=0, out=x, mode="clip")
        np.take(y, rows, out=target, mode="clip")
        np.dot(x, w, out=a)
        np.add(a, b, out=a)
        np.multiply(a, target, out=a)
        np.exp(a, out=a)
        np.add(a, 1, out=a)
        np.divide(target, a, out=a)
        np.multiply(a, problem.eta0 / len(rows), out=a)
        np.dot(a, x, out=g)
        np.multiply(w, shrink, out=w)
        np.add(w, g, out=w)
        b += float(np.add.reduce(a))
    return np.append(w, b)
