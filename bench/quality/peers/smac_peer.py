"""SMAC3's facades with their defaults: random forest (hyperparameter optimisation) or Gaussian process (black box).

Told the number of trials, as it asks to be. `deterministic`: without it SMAC spends a part of the budget on
evaluating good configurations up to three times. Conditions and ordinals are declared as such. A failed trial is
told as crashed with the worst loss seen, since SMAC keeps no infinite costs apart in its model. The forest works
in one thread, as all peers here do; that changes no result. By default the forest's facade suggests eight
configurations before it fits again, also when trials come one by one; `retrain_after=1` fits after each.
"""

import importlib.metadata
import tempfile
from pathlib import Path

from ConfigSpace import (CategoricalHyperparameter, ConfigurationSpace, InCondition, OrdinalHyperparameter,
                         UniformFloatHyperparameter, UniformIntegerHyperparameter)
from smac import BlackBoxFacade, HyperparameterOptimizationFacade, Scenario
from smac.runhistory import StatusType, TrialValue


def _declare(p):
    name = p["name"]
    if p["type"] == "real":
        return UniformFloatHyperparameter(name, p["low"], p["high"], log=p["log"])
    if p["type"] == "integer":
        return UniformIntegerHyperparameter(name, p["low"], p["high"], log=p["log"])
    # By index: ConfigSpace wants choices of one type, and hashable.
    indices = list(range(len(p["values"])))
    return (OrdinalHyperparameter if p["type"] == "ordered" else CategoricalHyperparameter)(name, indices)


class Smac:
    def __init__(self, parameters, seed, trials, facade="hyperparameters", retrain_after=None):
        self._parameters = parameters
        self._folder = tempfile.TemporaryDirectory()
        space = ConfigurationSpace(seed=seed)
        declared = {p["name"]: _declare(p) for p in parameters}
        space.add(list(declared.values()))
        values = {p["name"]: p.get("values") for p in parameters}
        for p in parameters:
            for parent, allowed in p["when"].items():
                space.add(InCondition(declared[p["name"]], declared[parent],
                                      [values[parent].index(v) for v in allowed]))
        kind = BlackBoxFacade if facade == "blackbox" else HyperparameterOptimizationFacade
        scenario = Scenario(space, deterministic=True, n_trials=trials, seed=seed,
                            output_directory=Path(self._folder.name))
        model = kind.get_model(scenario)
        if facade != "blackbox":
            model._rf_opts["n_jobs"] = 1
        selector = {} if retrain_after is None else {"retrain_after": retrain_after}
        self._smac = kind(scenario, lambda config, seed=0: 0.0, model=model, overwrite=True, logging_level=False,
                          config_selector=kind.get_config_selector(scenario, **selector))
        self._worst = None

    @staticmethod
    def versions():
        return f"smac {importlib.metadata.version('smac')}"

    def ask(self):
        info = self._smac.ask()
        chosen = dict(info.config)
        config = {}
        for p in self._parameters:
            if p["name"] not in chosen:
                continue
            value = chosen[p["name"]]
            config[p["name"]] = (p["values"][int(value)] if "values" in p else
                                 int(value) if p["type"] == "integer" else float(value))
        return info, config

    def tell(self, info, loss):
        if loss is None:
            worst = 0.0 if self._worst is None else self._worst
            self._smac.tell(info, TrialValue(cost=worst, status=StatusType.CRASHED), save=False)
            return
        self._worst = loss if self._worst is None else max(self._worst, loss)
        self._smac.tell(info, TrialValue(cost=loss), save=False)
