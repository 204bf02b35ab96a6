r"""
Five gradients, and the rates made of them
==========================================

Two parameters have met five gradients: x goes steadily one way, y back and forth. Summed, y hardly
moves; its magnitudes add up to more than those of x, and so does its root mean square. Adagrad
divides the rate of each parameter by the root of its summed squares, :math:`\eta / \sqrt{v}` with
:math:`v \leftarrow v + g^2`; RMSProp by a root mean square that forgets, :math:`v \leftarrow
\alpha v + (1 - \alpha) g^2`. So both give y, which swings, the smaller rate; Adagrad's rates only
fall, RMSProp's may rise again when the gradients get smaller. The v are read from `state_dict`.

Source: Duchi, Hazan & Singer 2011, "Adaptive subgradient methods for online learning and
stochastic optimization"; Tieleman & Hinton 2012, lecture 6.5 of "Neural networks for machine
learning".
"""

import matplotlib.pyplot as plt
import numpy as np

from fastopt import optim

gradients = np.array([[1, 2.5], [1, -3], [2, 2.5], [1, -2], [1.5, 1.5]])
total, travelled = gradients.sum(axis=0), abs(gradients).sum(axis=0)
rms = np.sqrt((gradients**2).mean(axis=0))


def rates(opt):
    """Return what multiplies each gradient, for x and for y, with a learning rate of 1."""
    multipliers = []
    for g in gradients:
        opt.step(g)
        multipliers.append(1 / np.sqrt(opt.state_dict()["state"][0]["v"]))
    return np.array(multipliers)


adagrad = rates(optim.Adagrad(np.zeros(2), lr=1))
rmsprop = rates(optim.RMSprop(np.zeros(2), lr=1, alpha=0.9))
figure, axes = plt.subplots(1, 3, figsize=(10, 3.8), layout="constrained")
steps = np.arange(1, 6)
for k, (name, marker) in enumerate(zip("xy", "os", strict=True)):
    axes[0].bar(steps + 0.4 * k - 0.2, gradients[:, k], 0.4, label=name)
    bars = axes[1].bar(np.arange(3) + 0.4 * k - 0.2, [total[k], travelled[k], rms[k]], 0.4)
    axes[1].bar_label(bars, fmt="%.3g")
    axes[2].plot(steps, adagrad[:, k], f"-{marker}", color=f"C{k}", label=f"Adagrad, {name}")
    axes[2].plot(steps, rmsprop[:, k], f"--{marker}", color=f"C{k}", label=f"RMSProp, {name}")
axes[0].legend().axes.set(title="the gradients", xlabel="step")
axes[1].set(title="what they come to", xticks=range(3), ylim=(0, 13))
axes[1].set_xticklabels(["sum", "sum of\nmagnitudes", "root mean\nsquare"])
axes[2].legend().axes.set(title="rate / learning rate", xlabel="step", ylim=(0, None))
