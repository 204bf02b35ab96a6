"""Fits one model again and again, kills the process each time, and prints what comes of it.

Run as ``python killed.py data.npz folder kills parameters``; prints the kills, and digests of the
model of the fit that was never stopped and of that which was.
"""

import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

import fastopt
from fastopt.data import open_source
from fastopt.linear_model import SGDClassifier

EVERY = {"memory": 2, "source": 0.2}  # epochs


def opened(place, folder):
    arrays = np.load(folder / "data.npz")
    if place == "memory":
        return arrays["X"], arrays["y"]
    return (open_source(folder / "X.npy", target=arrays["y"], memory=2**15),)


def slow(model):
    time.sleep(0.004)


def digest(model):
    losses = [(row["loss"], row["gradient_norm"]) for row in model.history_]
    held = model.coef_.tobytes(), model.intercept_.tobytes(), repr(losses), model.n_iter_, model.t_
    return hashlib.sha256(repr(held).encode()).hexdigest()


def fit(place, folder, parameters, **how):
    model = SGDClassifier(random_state=0, tol=None, **parameters)
    return model.fit(*opened(place, folder), callbacks=slow, **how)


def main(place, folder, n_kills, parameters):
    whole = digest(fit(place, folder, parameters))
    how = dict(checkpoint=folder / "checkpoints", every=EVERY[place], resume=True)
    moments, kills = random.Random(place), 0
    while True:
        child = os.fork()
        if child == 0:
            fit(place, folder, parameters, **how).save(folder / "model.fastopt")
            os._exit(0)
        if kills < n_kills:
            time.sleep(moments.uniform(0.005, 0.07))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            break
        kills += 1
    print(kills, whole, digest(fastopt.load(folder / "model.fastopt")))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4]))
