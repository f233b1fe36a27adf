"""Optuna's samplers with their defaults. Conditions by define-by-run, an ordered choice as its index."""

import optuna
from problem_server import suggest

optuna.logging.set_verbosity(optuna.logging.ERROR)


class _Optuna:
    def __init__(self, parameters, seed, trials):
        self._parameters = parameters
        self._study = optuna.create_study(sampler=self.sampler(seed))

    @staticmethod
    def versions():
        return f"optuna {optuna.__version__}"

    def ask(self):
        trial = self._study.ask()
        return trial, suggest(trial, self._parameters)

    def tell(self, trial, loss):
        if loss is None:
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(trial, loss)


class _Constrained(_Optuna):
    """Those that model constraints."""

    def tell_amounts(self, trial, loss, amounts):
        for i, amount in enumerate(amounts):
            trial.set_constraint(f"c{i}", amount)
        self.tell(trial, loss)


class Random(_Optuna):
    sampler = staticmethod(lambda seed: optuna.samplers.RandomSampler(seed=seed))


class Tpe(_Constrained):
    sampler = staticmethod(lambda seed: optuna.samplers.TPESampler(seed=seed))


class Gp(_Constrained):
    def __init__(self, parameters, seed, trials):
        import torch

        torch.set_num_threads(1)
        super().__init__(parameters, seed, trials)

    @staticmethod
    def versions():
        import torch

        return f"optuna {optuna.__version__} torch {torch.__version__}"

    sampler = staticmethod(lambda seed: optuna.samplers.GPSampler(seed=seed))


class CmaEs(_Optuna):
    """Categorical parameters are drawn at random by it."""

    @staticmethod
    def versions():
        import cmaes

        return f"optuna {optuna.__version__} cmaes {cmaes.__version__}"

    sampler = staticmethod(lambda seed: optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False))
