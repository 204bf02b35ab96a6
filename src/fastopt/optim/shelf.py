"""The shelf: every optimizer by the name that `linear_model` and `minimize` know it by."""

from fastopt.optim.adabelief import AdaBelief
from fastopt.optim.adadelta import Adadelta
from fastopt.optim.adagrad import Adagrad
from fastopt.optim.adam import Adam, AdamW
from fastopt.optim.adamax import Adamax
from fastopt.optim.adan import Adan
from fastopt.optim.ademamix import AdEMAMix
from fastopt.optim.adopt import ADOPT
from fastopt.optim.amsgrad import AMSGrad
from fastopt.optim.asgd import ASGD
from fastopt.optim.cocob import COCOB
from fastopt.optim.dadapt_adamw import DAdaptAdamW
from fastopt.optim.dog import DoG
from fastopt.optim.ftrl import FTRL
from fastopt.optim.lion import Lion
from fastopt.optim.momo import MoMo, MoMoAdam
from fastopt.optim.nadam import NAdam
from fastopt.optim.optimizer import Optimizer
from fastopt.optim.polyak_sgd import PolyakSGD
from fastopt.optim.prodigy import Prodigy
from fastopt.optim.radam import RAdam
from fastopt.optim.rmsprop import RMSprop
from fastopt.optim.rprop import Rprop
from fastopt.optim.schedule_free import ScheduleFreeAdamW, ScheduleFreeSGD
from fastopt.optim.sgd import SGD
from fastopt.optim.signum import Signum
from fastopt.optim.yogi import Yogi

#: Unbound, with the defaults of its class.
OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": SGD(),
    "momentum": SGD(momentum=0.9),
    "nesterov": SGD(momentum=0.9, nesterov=True),
    "adagrad": Adagrad(),
    "rmsprop": RMSprop(),
    "adam": Adam(),
    "adamw": AdamW(),
    "adadelta": Adadelta(),
    "adamax": Adamax(),
    "nadam": NAdam(),
    "radam": RAdam(),
    "rprop": Rprop(),
    "asgd": ASGD(),
    "lion": Lion(),
    "signum": Signum(),
    "adabelief": AdaBelief(),
    "yogi": Yogi(),
    "adan": Adan(),
    "amsgrad": AMSGrad(),
    "adopt": ADOPT(),
    "ademamix": AdEMAMix(),
    "ftrl": FTRL(),
    "cocob": COCOB(),
    "schedule_free_sgd": ScheduleFreeSGD(),
    "schedule_free_adamw": ScheduleFreeAdamW(),
    "dadapt_adamw": DAdaptAdamW(),
    "prodigy": Prodigy(),
    "dog": DoG(),
    "polyak_sgd": PolyakSGD(),
    "momo": MoMo(),
    "momo_adam": MoMoAdam(),
}
