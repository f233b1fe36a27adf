"""OSS Vizier's default, the GP-UCB-PE designer, asked for one trial at a time. It takes no conditions: the space is flat,
and what a condition switches off has no effect. A failed trial is completed as infeasible."""

import importlib.metadata

import jax
from problem_server import active_only
from vizier import algorithms as vza
from vizier import pyvizier as vz
from vizier._src.algorithms.designers.gp_ucb_pe import VizierGPUCBPEBandit


def _declare(root, p):
    scale = vz.ScaleType.LOG if p.get("log") else vz.ScaleType.LINEAR
    if p["type"] == "real":
        root.add_float_param(p["name"], p["low"], p["high"], scale_type=scale)
    elif p["type"] == "integer":
        root.add_int_param(p["name"], p["low"], p["high"], scale_type=scale)
    elif p["type"] == "ordered":
        root.add_int_param(p["name"], 0, len(p["values"]) - 1)
    else:
        root.add_categorical_param(p["name"], [str(i) for i in range(len(p["values"]))])


class Vizier:
    def __init__(self, parameters, seed, trials):
        self._parameters = parameters
        problem = vz.ProblemStatement()
        for p in parameters:
            _declare(problem.search_space.root, p)
        problem.metric_information.append(vz.MetricInformation("loss", goal=vz.ObjectiveMetricGoal.MINIMIZE))
        self._designer = VizierGPUCBPEBandit(problem, rng=jax.random.PRNGKey(seed))
        self._number = 0

    @staticmethod
    def versions():
        return (f"google-vizier {importlib.metadata.version('google-vizier')} "
                f"jax {importlib.metadata.version('jax')}")

    def ask(self):
        (suggestion,) = self._designer.suggest(1)
        self._number += 1
        trial = suggestion.to_trial(self._number)
        config = {}
        for p in self._parameters:
            value = trial.parameters[p["name"]].value
            if "values" in p:
                config[p["name"]] = p["values"][int(value)]
            else:
                value = min(max(value, p["low"]), p["high"])
                config[p["name"]] = int(value) if p["type"] == "integer" else float(value)
        return trial, active_only(self._parameters, config)

    def tell(self, trial, loss):
        if loss is None:
            trial.complete(vz.Measurement(), infeasibility_reason="failed")
        else:
            trial.complete(vz.Measurement(metrics={"loss": loss}))
        self._designer.update(vza.CompletedTrials([trial]), vza.ActiveTrials())
