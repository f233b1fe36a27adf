"""Rustuna's TPE with its defaults; the space as Optuna's users declare it."""

import importlib.metadata

import rustuna
from problem_server import suggest


class Tpe:
    def __init__(self, parameters, seed, trials):
        self._parameters = parameters
        self._study = rustuna.create_study(sampler=rustuna.samplers.TPESampler(seed=seed))

    @staticmethod
    def versions():
        return f"rustuna {importlib.metadata.version('rustuna')}"

    def ask(self):
        trial = self._study.ask()
        return trial, suggest(trial, self._parameters)

    def tell(self, trial, loss):
        if loss is None:
            self._study.tell(trial.number, state=rustuna.trial.TrialState.FAIL)
        else:
            self._study.tell(trial.number, loss)
