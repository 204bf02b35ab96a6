r"""
A two-layer network in 30 lines of NumPy
========================================

A network computes :math:`a_k = \phi(a_{k-1} W_k + b_k)` layer by layer; the gradients come back by
the chain rule, :math:`\delta_{k-1} = (\delta_k W_k^\top) \phi'(a_{k-1})`, :math:`\partial f /
\partial W_k = a_{k-1}^\top \delta_k`. The loop over k of the updates is the optimizer's:
`optim.Adam` takes all weights as one list, and changes them in place. With a hidden layer of 16
tanh units the network tells two interleaved moons apart, which no line does.

Source: Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating errors";
Kingma & Ba 2015, "Adam: a method for stochastic optimization".
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit
from sklearn.datasets import make_moons

from fastopt import optim

X, y = make_moons(500, noise=0.15, random_state=0)
rng = np.random.default_rng(0)
W = [rng.standard_normal((2, 16)), rng.standard_normal((16, 1)) / 4]
b = [np.zeros(16), np.zeros(1)]
adam, losses = optim.Adam([*W, *b], lr=0.02), []


def forward(X):
    """Return the hidden units, and the probability of class 1."""
    hidden = np.tanh(X @ W[0] + b[0])
    return hidden, expit(hidden @ W[1] + b[1])


for _ in range(500):
    hidden, p = forward(X)
    losses.append(-np.log(np.where(y == 1, p[:, 0], 1 - p[:, 0])).mean())
    delta = [None, (p - y[:, np.newaxis]) / len(y)]
    delta[0] = delta[1] @ W[1].T * (1 - hidden**2)
    adam.step([X.T @ delta[0], hidden.T @ delta[1], *(d.sum(axis=0) for d in delta)])

figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
x1, x2 = np.meshgrid(np.linspace(-1.6, 2.6, 150), np.linspace(-1.2, 1.7, 150))
p_of_grid = forward(np.dstack([x1, x2]))[1][..., 0]
filled = axes[0].contourf(x1, x2, p_of_grid, np.linspace(0, 1, 11), cmap="PuOr", alpha=0.6)
axes[0].scatter(*X.T, c=y, cmap="PuOr", vmin=-0.4, vmax=1.4, edgecolors="k", s=20)
axes[0].set(xlabel="feature 1", ylabel="feature 2")
figure.colorbar(filled, label="probability of class 1", ax=axes[0])
axes[1].semilogy(losses)
axes[1].set(xlabel="update", ylabel="log loss")
