"""Ray Tune's population-based training as it is, on a model of what a fork would have shown.

No recording says how a training goes on when another configuration takes over half-way. Here the fork follows the row nearest to
its new configuration, from the checkpoint at which that row first was as good as the copied one (its best one, if it never was).
That is an assumption; what comes of it is shown apart and proves nothing about population-based training.

The population is the number of trials of the full-length search, so both train equally much; forks and pauses cost a copy each.
Betas are mutated as 1 - beta, on a logarithmic scale like the rest.
"""

import copy
import math
import types

from ray import tune
from ray.tune.schedulers import PopulationBasedTraining

from ray_schedulers import RayScheduler, TuneTrial, mode, versions  # noqa: F401

INTERVALS = 10  # perturbations in a full training
RANGES = {
    "learning_rate": (1e-8, 10), "one_minus_beta1": (1e-4, 1), "one_minus_beta2": (1e-6, 1), "epsilon": (1e-10, 1e3),
    "l1": (1e-8, 10), "l2": (1e-8, 10), "linear_decay": (1e-7, 1e-4), "exponential_decay": (1e-6, 1e-3),
}


def mutable(config):
    """A row's configuration as it is mutated."""
    plain = {name: value for name, value in config.items() if not name.startswith("beta")}
    return plain | {"one_minus_beta1": 1 - config["beta1"], "one_minus_beta2": 1 - config["beta2"]}


def position(config):
    return [(math.log(max(config[name], low)) - math.log(low)) / (math.log(high) - math.log(low))
            for name, (low, high) in RANGES.items()]


class Member(TuneTrial):
    """A trial with the state that forks copy."""

    def __init__(self, trial, config):
        super().__init__(trial, mutable(config))
        self.evaluated_params = {}
        self.experiment_tag = self.trial_id
        self.temporary_state = types.SimpleNamespace(saving_to=None)
        self.run_metadata = types.SimpleNamespace(checkpoint_manager=types.SimpleNamespace(
            checkpoint_config=types.SimpleNamespace(num_to_keep=None), _latest_checkpoint_result=None))
        self.forked = False

    def set_experiment_tag(self, tag):
        self.experiment_tag = tag

    def set_config(self, config):
        self.config, self.forked = config, True


class Population(RayScheduler):
    def __init__(self, study, make_scheduler):
        super().__init__(study, make_scheduler)
        self.positions = [position(mutable(config)) for config in study.task.configs]

    def wrap(self, trial):
        return Member(trial, self.study.task.configs[trial.row])

    def _schedule_trial_save(self, known, result=None):
        return {"level": known.trial.level, "values": known.trial.values[: known.trial.level + 1]}

    def value_of(self, trial):
        return trial.last  # its state can be had as it is

    def nearest(self, config):
        wanted = position(config)
        return min(range(len(self.positions)), key=lambda r: math.dist(wanted, self.positions[r]))

    def resume(self, known):
        if not known.forked:
            return
        known.forked = False
        saved = copy.deepcopy(known.run_metadata.checkpoint_manager._latest_checkpoint_result.checkpoint)
        trial, loss = known.trial, self.study.task.loss
        trial.row = self.nearest(known.config)
        row = self.study.task.values[trial.row]
        reached = loss(saved["values"][-1])
        as_good = next((i for i, v in enumerate(row) if loss(v) <= reached), None)
        if as_good is None:
            as_good = min(range(len(row)), key=lambda i: loss(row[i]))
        left = len(row) - 1 - saved["level"]
        trial.level = saved["level"]
        trial.values = saved["values"] + [row[min(as_good + k, len(row) - 1)] for k in range(1, left + 1)]


def pbt(study):
    mutations = {name: tune.loguniform(low, high) for name, (low, high) in RANGES.items()}
    return Population(study, lambda task: PopulationBasedTraining(
        time_attr="fidelity", metric="value", mode=mode(task), perturbation_interval=task.full / INTERVALS,
        hyperparam_mutations=mutations, log_config=False))
