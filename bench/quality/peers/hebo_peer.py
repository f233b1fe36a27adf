"""HEBO with its defaults (Gaussian process, MACE). It knows no conditions: the space is flat, and what a condition
switches off has no effect. Ordered choices are integers (the index). A failed trial is told as NaN, which HEBO drops."""

import importlib.metadata

import numpy
import torch
from hebo.design_space.design_space import DesignSpace
from hebo.optimizers.hebo import HEBO
from problem_server import active_only

torch.set_num_threads(1)


def _declare(p):
    if p["type"] == "ordered":
        return {"name": p["name"], "type": "int", "lb": 0, "ub": len(p["values"]) - 1}
    if p["type"] == "choice":
        return {"name": p["name"], "type": "cat", "categories": [str(i) for i in range(len(p["values"]))]}
    kind = {("real", False): "num", ("real", True): "pow", ("integer", False): "int", ("integer", True): "pow_int"}
    return {"name": p["name"], "type": kind[p["type"], p["log"]], "lb": p["low"], "ub": p["high"]}


class Hebo:
    def __init__(self, parameters, seed, trials):
        numpy.random.seed(seed)
        torch.manual_seed(seed)
        self._parameters = parameters
        self._optimizer = HEBO(DesignSpace().parse([_declare(p) for p in parameters]), scramble_seed=seed)

    @staticmethod
    def versions():
        return f"HEBO {importlib.metadata.version('HEBO')} torch {torch.__version__}"

    def ask(self):
        suggestion = self._optimizer.suggest(n_suggestions=1)
        row = suggestion.iloc[0]
        config = {}
        for p in self._parameters:
            value = row[p["name"]]
            if "values" in p:
                config[p["name"]] = p["values"][int(value)]
            else:
                value = min(max(value, p["low"]), p["high"])
                config[p["name"]] = int(value) if p["type"] == "integer" else float(value)
        return suggestion, active_only(self._parameters, config)

    def tell(self, suggestion, loss):
        self._optimizer.observe(suggestion, numpy.array([[numpy.nan if loss is None else loss]]))
