"""scikit-learn's SGDClassifier, called as fastopt's is."""

import numpy as np
from sklearn.linear_model import SGDClassifier


def fit(problem):
    if problem.optimizer != "sgd" or problem.batch_size != 1:
        return None

    def run():
        model = SGDClassifier(
            loss="log_loss",
            max_iter=1,
            tol=None,
            learning_rate="constant",
            eta0=problem.eta0,
            alpha=problem.alpha,
            random_state=0,
        ).fit(problem.X, problem.labels)
        return np.append(model.coef_, model.intercept_)

    return run
