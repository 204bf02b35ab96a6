"""torch: its optimizers, and an epoch of a linear model by hand."""

import inspect

import numpy as np
import torch

from bench import peers
from fastopt.optim import OPTIMIZERS

torch.set_num_threads(1)

KINDS = {"adagrad": torch.optim.Adagrad, "adam": torch.optim.Adam}
MOST_UPDATES = 5_000  # of an epoch: the time goes with their number


def optimizer(rule, params, grads, lr):
    """torch's class of the same name, by its fused kernel, or else with foreach."""
    of_shelf = OPTIMIZERS[rule]
    kind = getattr(torch.optim, type(of_shelf).__name__, None)
    if kind is None:
        return None
    tensors = [torch.from_numpy(w) for w in params]
    for tensor, g in zip(tensors, grads, strict=True):
        tensor.grad = torch.from_numpy(g)
    fast = "fused" if "fused" in inspect.signature(kind).parameters else "foreach"
    options = {**peers.changed_options(of_shelf), "lr": lr, fast: True}
    return kind(tensors, **options).step, lambda: params


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
    step = KINDS[problem.optimizer]([theta], problem.eta0, fused=True).step
    for i in order.tolist():
        x, target = X[i], y[i]
        slope = -target / (1 + torch.exp(target * (torch.dot(x, w) + theta[-1])))
        torch.mul(x, slope, out=g[:-1]).add_(w, alpha=problem.alpha)
        g[-1] = slope
        step()
    return theta.numpy()
