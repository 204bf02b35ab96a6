"""In-place optimizers for NumPy arrays: torch.optim's names, one pass over memory a step.

>>> import numpy as np
>>> from fastopt import optim
>>> w = np.array([3.0, -2.0])
>>> opt = optim.Adam(w, lr=0.1)
>>> for _ in range(200):
...     opt.step(2 * w)  # the gradient of w . w
>>> bool(abs(w).max() < 1e-3)
True
"""

from fastopt.optim.adabelief import AdaBelief
from fastopt.optim.adadelta import Adadelta
from fastopt.optim.adagrad import Adagrad
from fastopt.optim.adam import Adam, AdamW
from fastopt.optim.adamax import Adamax
from fastopt.optim.adan import Adan
from fastopt.optim.ademamix import AdEMAMix
from fastopt.optim.adopt import ADOPT
from fastopt.optim.amsgrad import AMSGrad
from fastopt.optim.apply_if_finite import ApplyIfFinite
from fastopt.optim.asgd import ASGD
from fastopt.optim.average import Average
from fastopt.optim.clipping import clip_grad_norm_, clip_grad_value_
from fastopt.optim.cocob import COCOB
from fastopt.optim.dadapt_adamw import DAdaptAdamW
from fastopt.optim.dog import DoG
from fastopt.optim.ftrl import FTRL
from fastopt.optim.lion import Lion
from fastopt.optim.lookahead import Lookahead
from fastopt.optim.momo import MoMo, MoMoAdam
from fastopt.optim.multi_steps import MultiSteps
from fastopt.optim.nadam import NAdam
from fastopt.optim.optimizer import Optimizer, ParamGroup
from fastopt.optim.polyak_sgd import PolyakSGD
from fastopt.optim.prodigy import Prodigy
from fastopt.optim.radam import RAdam
from fastopt.optim.rmsprop import RMSprop
from fastopt.optim.rprop import Rprop
from fastopt.optim.schedule_free import ScheduleFreeAdamW, ScheduleFreeSGD
from fastopt.optim.sgd import SGD
from fastopt.optim.shelf import OPTIMIZERS
from fastopt.optim.signum import Signum
from fastopt.optim.wrapper import Wrapper
from fastopt.optim.yogi import Yogi

__all__ = [
    "ADOPT",
    "ASGD",
    "COCOB",
    "FTRL",
    "OPTIMIZERS",
    "SGD",
    "AMSGrad",
    "AdEMAMix",
    "AdaBelief",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Adan",
    "ApplyIfFinite",
    "Average",
    "DAdaptAdamW",
    "DoG",
    "Lion",
    "Lookahead",
    "MoMo",
    "MoMoAdam",
    "MultiSteps",
    "NAdam",
    "Optimizer",
    "ParamGroup",
    "PolyakSGD",
    "Prodigy",
    "RAdam",
    "RMSprop",
    "Rprop",
    "ScheduleFreeAdamW",
    "ScheduleFreeSGD",
    "Signum",
    "Wrapper",
    "Yogi",
    "clip_grad_norm_",
    "clip_grad_value_",
]
