"""torch: its fused optimizers, and an epoch of a linear model by hand."""

import numpy as np
import torch

from bench.problem import ADAGRAD_EPS

torch.set_num_threads(1)

MOST_UPDATES = 5_000  # of an epoch: the time goes with their number

RULES = {
    "sgd": lambda params, lr: torch.optim.SGD(params, lr, fused=True),
    "momentum": lambda params, lr: torch.optim.SGD(params, lr, momentum=0.9, fused=True),
    "adagrad": lambda params, lr: torch.optim.Adagrad(params, lr, eps=ADAGRAD_EPS, fused=True),
    "adam": lambda params, lr: torch.optim.Adam(params, lr, fused=True),
}


def optimizer(rule, params, grads, lr):
    tensors = [torch.from_numpy(w) for w in params]
    for tensor, g in zip(tensors, grads, strict=True):
        tensor.grad = torch.from_numpy(g)
    return RULES[rule](tensors, lr).step, lambda: params


def epoch(problem):
    X, y = torch.from_numpy(problem.X), torch.from_numpy(problem.y)
    train = minibatch if problem.optimizer == "sgd" else incremental_by_rule

    def run(order):
        with torch.inference_mode():
            return train(problem, X, y, torch.from_numpy(order.astype(np.int64)))

    return run


def minibatch(problem, X, y, order):
    lr, shrink = problem.eta0, 1 - problem.eta0 * problem.alpha
    w, b = torch.zeros(X.shape[1], dtype=y.dtype), torch.zeros((), dtype=y.dtype)
    for rows in order.split(problem.batch_size):
        x, target = X.index_select(0, rows).to(w.dtype), y.index_select(0, rows)
        slopes = target.neg() / torch.exp(target * torch.addmv(b, x, w)).add_(1)
        w.addmv_(x.T, slopes, beta=shrink, alpha=-lr / len(rows))
        b.sub_(slopes.sum(), alpha=lr / len(rows))
    return np.append(w.numpy(), b.numpy())


def incremental_by_rule(problem, X, y, order):
    theta, g = torch.zeros((2, X.shape[1] + 1), dtype=y.dtype)
    w, theta.grad = theta[:-1], g
    step = RULES[problem.optimizer]([theta], problem.eta0).step
    for i in order.tolist():
        x, target = X[i], y[i]
        slope = -target / (1 + torch.exp(target * (torch.dot(x, w) + theta[-1])))
        torch.mul(x, slope, out=g[:-1]).add_(w, alpha=problem.alpha)
        g[-1] = slope
        step()
    return theta.numpy()
