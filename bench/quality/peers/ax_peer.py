"""Ax's client with its defaults (Sobol points, then BoTorch). Conditions are declared as dependent parameters; a failed
trial is marked as failed."""

import importlib.metadata
import logging

import torch
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

torch.set_num_threads(1)
logging.getLogger("ax").setLevel(logging.ERROR)


def _declare(p, children):
    if "values" in p:
        # By index, since Ax wants choices of one type.
        indices = list(range(len(p["values"])))
        dependent = {p["values"].index(value): names for value, names in children} or None
        return ChoiceParameterConfig(name=p["name"], values=indices, parameter_type="int",
                                     is_ordered=p["type"] == "ordered", dependent_parameters=dependent)
    return RangeParameterConfig(name=p["name"], bounds=(p["low"], p["high"]),
                                parameter_type="int" if p["type"] == "integer" else "float",
                                scaling="log" if p["log"] else "linear")


def _children(parameters, parent):
    by_value = []
    for value in parent.get("values", []):
        names = [p["name"] for p in parameters if value in p["when"].get(parent["name"], [])]
        if names:
            by_value.append((value, names))
    return by_value


class Ax:
    def __init__(self, parameters, seed, trials):
        self._parameters = parameters
        torch.manual_seed(seed)
        self._client = Client(random_seed=seed)
        self._client.configure_experiment(parameters=[_declare(p, _children(parameters, p)) for p in parameters])
        self._client.configure_optimization(objective="-loss")

    @staticmethod
    def versions():
        return (f"ax-platform {importlib.metadata.version('ax-platform')} "
                f"botorch {importlib.metadata.version('botorch')}")

    def ask(self):
        ((index, chosen),) = self._client.get_next_trials(max_trials=1).items()
        config = {}
        for p in self._parameters:
            if p["name"] in chosen:
                value = chosen[p["name"]]
                config[p["name"]] = p["values"][value] if "values" in p else value
        return index, config

    def tell(self, index, loss):
        if loss is None:
            self._client.mark_trial_failed(trial_index=index)
        else:
            self._client.complete_trial(trial_index=index, raw_data={"loss": loss})
