"""Studies from Optuna to hone and back, with their trials."""
import os
import warnings

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from ._optuna_space import Shown
from .errors import InvalidInput, NotFound
from .study import Study

__all__ = ["export_study", "import_study"]

_EVALUATED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def import_study(source, study_name=None, store=None, name=None, **more):
    """A study of Optuna as a hone.Study with its ended trials.

    source: an optuna.Study, the URL of its storage ("sqlite:///example.db"), or the path of a journal.
    study_name: which one of the storage; may be left out where there is one only.
    store, name, more: as of hone.Study; the space is what the trials have shown (`more` may hold it as
        `space`). Ranges are as wide as they ever were.

    Trials whose parameters do not fit are left out with a warning. A parameter that a trial does not
    have, for no reason that can be told from the others, counts as its default. Instants and running
    trials are not taken over.
    """
    study = source if isinstance(source, optuna.Study) else _load(source, study_name)
    trials = [t for t in study.get_trials(deepcopy=False) if t.state in _EVALUATED]
    space = more.pop("space", None)
    if space is None:
        space = _space(trials)
    if not space:
        raise InvalidInput("the study %r has no trial that shows its space" % study.study_name,
                           "give it: space={…}")
    if "metric" not in more:
        more["metric"] = _metrics(study)
    more.setdefault("run_default_first", False)
    if any(t.intermediate_values for t in trials):
        more.setdefault("fidelity", {"name": "step", "min": 1})
    into = Study(space, store=store, name=name or _plain(study.study_name), **more)
    left_out = 0
    for trial in trials:
        try:
            number = into._core.request("enqueue", {
                "config": into._core.completed(dict(trial.params)), "imported": True})
        except InvalidInput:
            left_out += 1
            continue
        _retell(into, int(number.split()[-1]), trial)
    if left_out:
        warnings.warn("%d of %d trials do not fit the space and were left out"
                      % (left_out, len(trials)), stacklevel=2)
    return into


def export_study(study, storage=None, study_name=None, **more):
    """A hone.Study as a study of Optuna with its ended trials; `more` goes to optuna.create_study.

    Values that Optuna cannot hold as choices (lists, dicts) become text; fixed and computed parameters
    become attributes of the trials. Stopped trials are pruned ones.
    """
    objectives = [m for m in study._facts["metrics"] if m["objective"]]
    to = optuna.create_study(storage=storage, study_name=study_name or study.name,
                             directions=[m["direction"] for m in objectives], **more)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        to.set_metric_names([m["name"] for m in objectives])
    trials = study.trials()
    distributions = {}
    for parameter in study._facts["space"]:
        distribution = _distribution(parameter["domain"], [
            t["params"][parameter["name"]] for t in trials if parameter["name"] in t["params"]])
        if distribution is not None:
            distributions[parameter["name"]] = distribution
    for trial in trials:
        frozen = _frozen(trial, objectives, distributions)
        if frozen is not None:
            to.add_trial(frozen)
    return to


def _load(source, study_name):
    source = str(source)
    if "://" in source:
        storage = source
    else:
        if not os.path.exists(source):
            raise NotFound("there is no file %s" % source,
                           "a database is named by its URL: sqlite:///%s" % source)
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
        storage = JournalStorage(JournalFileBackend(source))
    try:
        return optuna.load_study(study_name=study_name, storage=storage)
    except KeyError:
        raise NotFound("there is no study %r in %s" % (study_name, source)) from None
    except ValueError as error:
        names = optuna.get_all_study_names(storage)
        raise InvalidInput("%s: %s" % (source, error),
                           "there are: %s" % ", ".join(sorted(names)) if names else "") from None


def _plain(name):
    return "".join(c if c.isprintable() and c != "/" else "_" for c in name) or "study"


def _metrics(study):
    names = study.metric_names or (
        ["value"] if len(study.directions) == 1 else
        ["value_%d" % i for i in range(len(study.directions))])
    return [{"name": name, "goal": direction.name.lower()}
            for name, direction in zip(names, study.directions)]


def _space(trials):
    shown = Shown()
    shown.look(trials)
    wide = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            wide[name] = _union(wide[name], distribution) if name in wide else distribution
    conditions = shown.conditions(wide)
    space = {}
    for name in shown.order:
        space[name] = _parameter(wide[name])
        if name in conditions:
            parent, values = conditions[name]
            space[name]["when"] = {parent: values}
    return space


def _union(a, b):
    """What holds the values of both; the newer one where they are of different kinds."""
    if type(a) is not type(b):
        return b
    if isinstance(a, CategoricalDistribution):
        return CategoricalDistribution(a.choices + tuple(c for c in b.choices if c not in a.choices))
    low, high, log = min(a.low, b.low), max(a.high, b.high), a.log and b.log
    same_steps = a.step == b.step and a.low == b.low
    if isinstance(a, IntDistribution):
        return IntDistribution(low, high, log=log, step=a.step if same_steps else 1)
    return FloatDistribution(low, high, log=log, step=a.step if same_steps else None)


def _parameter(distribution):
    if isinstance(distribution, CategoricalDistribution):
        return {"values": list(distribution.choices)}
    if distribution.single():
        return {"value": distribution.low}
    parameter = {"min": distribution.low, "max": distribution.high}
    if isinstance(distribution, IntDistribution):
        parameter["distribution"] = "int_log_uniform" if distribution.log else "int_uniform"
        if distribution.step != 1:
            parameter["step"] = distribution.step
    else:
        parameter["distribution"] = "log_uniform_values" if distribution.log else "uniform"
        if distribution.step is not None:
            parameter["step"] = distribution.step
    return parameter


def _retell(into, number, trial):
    """Evaluates an imported trial by what is known of it."""
    asked = into.ask()
    while asked.number != number:  # somebody else's, in a store that is shared
        into.give_back(asked)
        asked = into.ask()
    for step, value in sorted(trial.intermediate_values.items()):
        asked.report(step, value)
    if trial.state == TrialState.COMPLETE:
        into.tell(asked, list(trial.values))
    elif trial.state == TrialState.PRUNED and trial.intermediate_values:
        into.tell_stopped(asked)
    else:
        into.tell_failed(asked, "infeasible" if trial.state == TrialState.FAIL else "lost",
                         "%s in Optuna" % trial.state.name.lower())


def _distribution(domain, values):
    """None for what is not searched."""
    kind = domain["type"]
    if kind == "choice":
        return CategoricalDistribution([_choice(item["value"]) for item in domain["items"]])
    if kind == "integer":
        low, high = min([domain["low"]] + values), max([domain["high"]] + values)
        log = domain["law"] == "log_uniform" and low > 0
        return IntDistribution(low, high, log=log, step=1 if log else domain["step"])
    if kind == "real":
        ends = [end for end in (domain["low"], domain["high"]) if abs(end) < float("inf")]
        known = ends + [float(value) for value in values]
        if not known:
            return None
        low, high = min(known), max(known)
        return FloatDistribution(low, high, log=domain["law"].startswith("log_") and low > 0)
    return None


def _choice(value):
    return str(value) if isinstance(value, (list, dict)) else value


def _frozen(trial, objectives, distributions):
    state = {"complete": TrialState.COMPLETE, "stopped": TrialState.PRUNED,
             "paused": TrialState.PRUNED, "failed": TrialState.FAIL}.get(trial["state"])
    if state is None:
        return None
    params = {name: _choice(value) for name, value in trial["params"].items()
              if name in distributions}
    attributes = {name: value for name, value in trial["params"].items()
                  if name not in distributions}
    attributes.update((key, trial[key]) for key in ("rule", "reason", "fail_kind")
                      if trial[key] is not None)
    values = [trial["values"].get(m["name"]) for m in objectives]
    if state == TrialState.COMPLETE and None in values:
        state = TrialState.FAIL
    return optuna.trial.create_trial(
        state=state, params=params,
        distributions={name: distributions[name] for name in params},
        values=values if state == TrialState.COMPLETE else None,
        intermediate_values={int(step): value for step, value in trial["curve"]},
        user_attrs=attributes)
