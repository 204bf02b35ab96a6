"""The shelf: every optimizer by the name that `linear_model` and `minimize` know it by."""

from fastopt.optim.adagrad import Adagrad
from fastopt.optim.adam import Adam, AdamW
from fastopt.optim.optimizer import Optimizer
from fastopt.optim.rmsprop import RMSprop
from fastopt.optim.sgd import SGD

#: Unbound, with the defaults of its class.
OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": SGD(),
    "momentum": SGD(momentum=0.9),
    "nesterov": SGD(momentum=0.9, nesterov=True),
    "adagrad": Adagrad(),
    "rmsprop": RMSprop(),
    "adam": Adam(),
    "adamw": AdamW(),
}
