r"""
Momentum and Nesterov on a narrow bowl
======================================

Where a bowl is :math:`\kappa` times as curved across as along, the batch method must take a rate
that suits the steep side, and creeps along the flat one: its error falls as :math:`((\kappa - 1) /
(\kappa + 1))^k`. A velocity, :math:`v \leftarrow \mu v + \eta \nabla f(w)` and :math:`w \leftarrow
w - v`, adds up what the steps agree on and cancels what they do not: :math:`((\sqrt\kappa - 1) /
(\sqrt\kappa + 1))^k`. Nesterov takes the gradient where the velocity is about to carry w, at
:math:`w - \mu v`, which `lookahead` gives. Mini-batches and single samples have the rate of the
batch method, and noise.

Source: Polyak 1964; Nesterov 1983; Sutskever et al. 2013, "On the importance of initialization and
momentum in deep learning".
"""

import matplotlib.pyplot as plt
import numpy as np

from fastopt import optim

plt.style.use("tableau-colorblind10")
rng = np.random.default_rng(0)
X = np.linalg.qr(rng.standard_normal((512, 2)))[0] * np.sqrt([512, 512 * 50])
lecture = dict(lr=0.015, momentum=0.8, velocity="lecture")  # f(w) = (w1^2 + 50 w2^2) / 2
METHODS = {"SGD": (1, {"lr": 0.005}), "mini-batch": (64, {"lr": 0.035})}  # b, options
METHODS |= {"batch": (512, {"lr": 0.035}), "momentum": (512, lecture)}
METHODS |= {"Nesterov": (512, dict(lecture, nesterov=True))}


def path(b, options):
    """Return w after each update with b of the samples, from the same start."""
    w = np.array([-2.0, 0.4])
    points, opt = [w.copy()], optim.SGD(w, **options)
    for _ in range(150):
        at = opt.lookahead() if "nesterov" in options else w
        x = X[rng.permutation(512)[:b]]
        opt.step(x.T @ (x @ at) / b)
        points.append(w.copy())
    return np.array(points)


paths = {name: path(*method) for name, method in METHODS.items()}
losses = {name: points**2 @ [0.5, 25] for name, points in paths.items()}
figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
w1, w2 = np.meshgrid(np.linspace(-2.2, 0.8, 100), np.linspace(-0.45, 0.45, 100))
axes[0].contour(w1, w2, w1**2 / 2 + 25 * w2**2, np.geomspace(0.02, 5, 9), colors="0.85")
for (name, points), marker in zip(paths.items(), "d+xos", strict=True):
    axes[0].plot(*points[:30].T, marker=marker, lw=0.8, ms=4, label=name)
    axes[1].semilogy(losses[name], marker=marker, markevery=15, label=name)
axes[0].set(xlabel="w1, the flat side", ylabel="w2, the steep side", title="the first 30 updates")
axes[1].legend().axes.set(xlabel="update", ylabel="f(w)")
