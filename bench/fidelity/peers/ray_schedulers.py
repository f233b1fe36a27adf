"""Ray Tune's schedulers as they are, called as its controller calls them.

Ray itself runs in real time only, so `Controller` stands in for ray.tune.execution.tune_controller.TuneController: it keeps up to
200 trials pending (its limit for random search), starts what choose_trial_to_run names, else the first one pending, and
stops and pauses trials with the same calls to the scheduler. A paused trial goes on from its checkpoint.
"""

import logging
import math
import random

import numpy as np
import ray
from ray.tune.experiment import Trial as RayTrial
from ray.tune.schedulers import ASHAScheduler, HyperBandScheduler
from ray.tune.schedulers.trial_scheduler import TrialScheduler

from event_clock import GO, PAUSE, STOP

logging.getLogger("ray").setLevel(logging.ERROR)
MOST_PENDING = 200


def versions():
    return f"ray {ray.__version__}"


class TuneTrial:
    """The part of ray.tune.experiment.Trial that schedulers look at."""

    is_saving = False

    def __init__(self, trial, config):
        self.trial = trial
        self.trial_id = f"{trial.number:05d}"
        self.status = RayTrial.PENDING
        self.config = dict(config)
        self.last_result = {}

    def is_finished(self):
        return self.status in (RayTrial.TERMINATED, RayTrial.ERROR)


class RayScheduler:
    """The peer, and the controller that the scheduler is given."""

    search_alg = None

    def __init__(self, study, make_scheduler):
        self.study = study
        random.seed(study.seed)
        np.random.seed(study.seed)
        self.scheduler = make_scheduler(study.task)
        self.all = []
        self.of = {}
        self.losses = np.full(study.most, np.inf)  # last results, by trial

    # What schedulers call.
    def get_trials(self):
        return self.all

    def get_live_trials(self):
        return {t for t in self.all if not t.is_finished()}

    def stop_trial(self, trial):
        if trial.is_finished():
            return
        if trial.status == RayTrial.RUNNING:
            self.scheduler.on_trial_complete(self, trial, trial.last_result)
        else:
            self.scheduler.on_trial_remove(self, trial)
        trial.status = RayTrial.TERMINATED

    def pause_trial(self, trial, should_checkpoint=True):
        trial.status = RayTrial.PAUSED

    # What the clock calls.
    def next(self):
        pending = sum(t.status == RayTrial.PENDING for t in self.all)
        while pending < MOST_PENDING:
            trial = self.study.new_trial()
            if trial is None:
                break
            known = self.wrap(trial)
            self.all.append(known)
            self.of[trial.number] = known
            self.scheduler.on_trial_add(self, known)
            pending += 1
        chosen = self.scheduler.choose_trial_to_run(self)
        if chosen is None:
            chosen = next((t for t in self.all if t.status == RayTrial.PENDING), None)
        if chosen is None:
            return None
        self.resume(chosen)
        chosen.status = RayTrial.RUNNING
        if chosen.trial.level == len(self.study.task.levels) - 1:  # a copy of a finished member
            self.stop_trial(chosen)
            return self.next()
        return chosen.trial

    def report(self, trial):
        task, known = self.study.task, self.of[trial.number]
        result = {"fidelity": task.levels[trial.level], "value": trial.last}
        self.losses[trial.number] = task.loss(trial.last)
        decision = self.scheduler.on_trial_result(self, known, result)
        known.last_result = result
        if decision == TrialScheduler.STOP:
            self.stop_trial(known)
            return STOP
        if decision == TrialScheduler.PAUSE:
            self.pause_trial(known)
            return PAUSE
        return PAUSE if known.status == RayTrial.PAUSED else GO

    def complete(self, trial):
        self.stop_trial(self.of[trial.number])

    def best(self):
        """get_best_result: by the last result of every trial, however far it was trained."""
        number = int(np.argmin(self.losses))
        return None if math.isinf(self.losses[number]) else self.value_of(self.study.trials[number])

    def value_of(self, trial):
        """What a named trial would end with."""
        return trial.values[-1]

    def wrap(self, trial):
        return TuneTrial(trial, self.study.task.configs[trial.row])

    def resume(self, known):
        """Called before a trial starts or goes on."""


def mode(task):
    return {"minimize": "min", "maximize": "max"}[task.goal]


def asha(study):
    return RayScheduler(study, lambda task: ASHAScheduler(time_attr="fidelity", metric="value", mode=mode(task),
                                                          max_t=task.full))


def hyperband(study):
    """With the default of stop_last_trials most brackets would end their winners before the full training, whose length is no
    power of 3 (at 27 of 50): so they are let run to its end."""
    return RayScheduler(study, lambda task: HyperBandScheduler(time_attr="fidelity", metric="value", mode=mode(task),
                                                               max_t=int(task.full), stop_last_trials=False))
