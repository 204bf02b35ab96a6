"""Linear and logistic models, under scikit-learn's names and conventions."""

from fastopt.linear_model.classifier import SGDClassifier
from fastopt.linear_model.one_class import SGDOneClassSVM
from fastopt.linear_model.perceptron import Perceptron
from fastopt.linear_model.regressor import SGDRegressor

__all__ = ["Perceptron", "SGDClassifier", "SGDOneClassSVM", "SGDRegressor"]
