r"""
Adam's first steps, with and without bias correction
====================================================

Adam's running moments :math:`m \leftarrow \beta_1 m + (1 - \beta_1) g` and :math:`v \leftarrow
\beta_2 v + (1 - \beta_2) g^2` start from 0, and are too small at first. Divided by :math:`1 -
\beta_1^t` and :math:`1 - \beta_2^t` they are right from the first step on: where the gradient
stays the same, each step is as long as the learning rate. Without the correction step t is
:math:`(1 - \beta_1^t) / \sqrt{1 - \beta_2^t}` times as long. With the usual betas v is the more
biased of the two, and the first steps are up to six times too long; with a short memory of v they
are too short.

Source: Kingma & Ba 2015, "Adam: a method for stochastic optimization", section 3.
"""

import matplotlib.pyplot as plt
import numpy as np

from fastopt import optim

plt.style.use("tableau-colorblind10")
t = np.arange(1, 10_001)


def steps(**options):
    """Return the length of each step in units of the learning rate, for a gradient of 1."""
    w = np.zeros(1)
    adam = optim.Adam(w, lr=1, **options)
    path = [0.0]
    for _ in t:
        adam.step(np.ones(1))
        path.append(w[0])
    return -np.diff(path)


corrected = steps()
uncorrected = steps(bias_correction=False)
short = steps(bias_correction=False, betas=(0.9, 0.9))
figure, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
ax.semilogx(t, uncorrected, label="not corrected, betas 0.9 and 0.999")
ax.semilogx(t, corrected, label="corrected, whatever the betas")
ax.semilogx(t, short, "--", label="not corrected, betas 0.9 and 0.9")
ax.set(xlabel="step t", ylabel="length of the step / learning rate", ylim=(0, 8))
ax.legend()
