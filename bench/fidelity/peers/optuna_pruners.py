"""Optuna's pruners as they are, with its ask-and-tell interface. The configurations are the pool's rows."""

import math

import optuna

from event_clock import GO, STOP

optuna.logging.set_verbosity(optuna.logging.ERROR)


def versions():
    return f"optuna {optuna.__version__}"


class OptunaPruner:
    def __init__(self, study, make_pruner):
        self.study = study
        task = study.task
        # The name decides the brackets of Hyperband.
        self.optuna = optuna.create_study(direction=task.goal, pruner=make_pruner(task), study_name=f"{task.name} {study.seed}",
                                          sampler=optuna.samplers.RandomSampler(seed=study.seed))
        self.asked = {}
        self.named = None

    def next(self):
        trial = self.study.new_trial()
        if trial is not None:
            self.asked[trial.number] = self.optuna.ask()
        return trial

    def report(self, trial):
        asked = self.asked[trial.number]
        asked.report(trial.last, step=int(self.study.task.levels[trial.level]))
        if not asked.should_prune():
            return GO
        self.optuna.tell(asked, state=optuna.trial.TrialState.PRUNED)
        return STOP

    def complete(self, trial):
        if math.isnan(trial.last):  # Optuna refuses NaN as a result
            self.optuna.tell(self.asked[trial.number], state=optuna.trial.TrialState.FAIL)
            return
        self.optuna.tell(self.asked[trial.number], trial.last)
        self.named = self.study.trials[self.optuna.best_trial.number]

    def best(self):
        """study.best_trial: of those that were not pruned."""
        return self.named and self.named.values[-1]


def hyperband(study):
    """Factor 3, which is the default; the fidelities are told, as its documentation advises."""
    return OptunaPruner(study, lambda task: optuna.pruners.HyperbandPruner(min_resource=1, max_resource=int(task.full)))


def median(study):
    return OptunaPruner(study, lambda task: optuna.pruners.MedianPruner())
