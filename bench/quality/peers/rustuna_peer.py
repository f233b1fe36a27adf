"""Rustuna's TPE with its defaults; the space as Optuna's users declare it."""

import importlib.metadata

import rustuna
from problem_server import is_active


class Tpe:
    def __init__(self, parameters, seed, trials):
        self._parameters = parameters
        self._study = rustuna.create_study(sampler=rustuna.samplers.TPESampler(seed=seed))

    @staticmethod
    def versions():
        return f"rustuna {importlib.metadata.version('rustuna')}"

    def ask(self):
        trial = self._study.ask()
        config = {}
        for p in self._parameters:
            if not is_active(p, config):
                continue
            name = p["name"]
            if p["type"] == "real":
                config[name] = trial.suggest_float(name, p["low"], p["high"], log=p["log"])
            elif p["type"] == "integer":
                config[name] = trial.suggest_int(name, p["low"], p["high"], log=p["log"])
            elif p["type"] == "ordered":
                config[name] = p["values"][trial.suggest_int(name, 0, len(p["values"]) - 1)]
            else:
                config[name] = trial.suggest_categorical(name, p["values"])
        return trial, config

    def tell(self, trial, loss):
        if loss is None:
            self._study.tell(trial.number, state=rustuna.trial.TrialState.FAIL)
        else:
            self._study.tell(trial.number, loss)
