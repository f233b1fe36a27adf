"""Nevergrad's NGOpt, told the budget. It knows no conditions: the space is flat, and what a condition switches off
has no effect. A failed trial is told as the worst loss seen, a broken constraint as a violation of
so much. (As "cheap constraints", which it tries to keep by drawing again, those of one in 10⁵ took more than 30 s of processor
time before the first suggestion.)
"""

import importlib.metadata

import nevergrad
from problem_server import active_only


def _declare(p):
    ng = nevergrad.p
    if p["type"] == "choice":
        return ng.Choice(p["values"])
    if p["type"] == "ordered":
        return ng.TransitionChoice(p["values"])
    kind = (lambda: ng.Log(lower=p["low"], upper=p["high"])) if p["log"] else (
        lambda: ng.Scalar(lower=p["low"], upper=p["high"]))
    return kind().set_integer_casting() if p["type"] == "integer" else kind()


class NgOpt:
    def __init__(self, parameters, seed, trials):
        self._parameters = parameters
        space = nevergrad.p.Dict(**{p["name"]: _declare(p) for p in parameters})
        space.random_state.seed(seed)
        self._optimizer = nevergrad.optimizers.NGOpt(space, budget=trials, num_workers=1)
        self._worst = None

    @staticmethod
    def versions():
        return f"nevergrad {importlib.metadata.version('nevergrad')}"

    def ask(self):
        candidate = self._optimizer.ask()
        return candidate, active_only(self._parameters, self._config(candidate.value))

    def _config(self, chosen):
        config = {}
        for p in self._parameters:
            value = chosen[p["name"]]
            if p["type"] in ("real", "integer"):
                value = min(max(value, p["low"]), p["high"])
                value = int(value) if p["type"] == "integer" else float(value)
            config[p["name"]] = value
        return config

    def tell(self, candidate, loss):
        if loss is not None:
            self._worst = loss if self._worst is None else max(self._worst, loss)
        self._optimizer.tell(candidate, (self._worst or 0.0) if loss is None else loss)

    def tell_amounts(self, candidate, loss, amounts):
        self._worst = loss if self._worst is None else max(self._worst, loss)
        self._optimizer.tell(candidate, loss, constraint_violation=[max(a, 0.0) for a in amounts])
