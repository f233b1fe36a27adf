"""hone's engine as a sampler of Optuna (4 and 5): one line of a program changes.

    study = optuna.create_study(sampler=hone.optuna.HoneSampler())

Optuna's spaces are defined by running, so the space is what trials have shown: the union of their
parameters, each with its newest distribution. A parameter that not every trial has is taken to exist
only for some values of one that was suggested before it, where all trials agree on that; the engine
then sees the same conditional space as in a study file. What nothing explains is proposed always,
and not used where a trial does not ask for it. Parameters that no trial has shown are drawn at random.
"""
import random
import threading
import weakref

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import StudyDirection
from optuna.trial import TrialState

from . import _core
from ._optuna_space import Shown
from ._optuna_studies import export_study, import_study

__all__ = ["HoneSampler", "export_study", "import_study"]

_CONSTRAINTS = "constraints"  # the attribute under which Optuna's samplers keep them
_SEEDS = 1 << 31


class HoneSampler(BaseSampler):
    """Suggestions by hone.

    method: "auto" (default), "gp", "tpe", … or a map with options, as in a study file.
    seed: equal seeds and equal histories give equal suggestions.
    constraints_func: as of Optuna's samplers; values above 0 are infeasible.

    Pruned trials teach as far as they came, failed ones where not to look. Several objectives are
    searched by Tchebycheff's scalarisation with weights drawn for each trial (ParEGO; Knowles 2006).
    Thread-safe.
    """

    def __init__(self, method="auto", seed=None, constraints_func=None):
        self._method = method
        self._seed = random.SystemRandom().randrange(_SEEDS) if seed is None else int(seed)
        self._constraints_func = constraints_func
        _core.Suggester(_document({"x": FloatDistribution(0, 1)}, {}, method, self._seed, 0, False))
        self._independent = RandomSampler(seed=self._seed)
        self._reset()

    def _reset(self):
        self._lock = threading.RLock()
        self._seen = weakref.WeakKeyDictionary()  # study -> Shown
        self._models = weakref.WeakKeyDictionary()  # study -> _Model

    def __getstate__(self):
        state = dict(self.__dict__)
        for name in ("_lock", "_seen", "_models"):
            del state[name]
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._reset()

    def reseed_rng(self):
        self._independent.reseed_rng()

    def infer_relative_search_space(self, study, trial):
        with self._lock:
            shown = self._shown(study, _trials(study))
            return {name: shown.space[name] for name in shown.order
                    if not shown.space[name].single()}

    def sample_relative(self, study, trial, search_space):
        space = {name: distribution for name, distribution in search_space.items()
                 if not distribution.single()}
        if not space:
            return {}
        with self._lock:
            trials = _trials(study)
            conditions = self._shown(study, trials).conditions(space)
            if len(study.directions) > 1:
                params = self._scalarised(study, trials, trial, space, conditions)
                return params or self._at_random(study, trial, space)
            model = self._models.get(study)
            key = _key(space, conditions, trials)
            if model is None or model.key != key:
                model = self._models[study] = _Model(key, space, conditions, self._method,
                                                     self._seed, study.direction)
            model.learn(trials, trial.number)
            return model.suggest(trial.number) or self._at_random(study, trial, space)

    def _at_random(self, study, trial, space):
        """Where every configuration was tried."""
        return {name: self.sample_independent(study, trial, name, distribution)
                for name, distribution in space.items()}

    def sample_independent(self, study, trial, param_name, param_distribution):
        return self._independent.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study, trial):
        self._independent.before_trial(study, trial)

    def after_trial(self, study, trial, state, values):
        if self._constraints_func is not None and state in (TrialState.COMPLETE, TrialState.PRUNED):
            constraints = tuple(float(value) for value in self._constraints_func(trial))
            if any(value != value for value in constraints):
                raise ValueError("constraint values cannot be NaN")
            study._storage.set_trial_system_attr(trial._trial_id, _CONSTRAINTS, constraints)
        self._independent.after_trial(study, trial, state, values)

    def _shown(self, study, trials):
        shown = self._seen.get(study)
        if shown is None:
            shown = self._seen[study] = Shown()
        shown.look(trials)
        return shown

    def _scalarised(self, study, trials, trial, space, conditions):
        rng = random.Random(self._seed * 1_000_003 + trial.number)
        draws = [rng.expovariate(1) for _ in study.directions]
        weights = [draw / sum(draws) for draw in draws]
        signs = [-1 if direction == StudyDirection.MAXIMIZE else 1
                 for direction in study.directions]
        points = [[sign * value for sign, value in zip(signs, t.values)]
                  for t in trials if t.state == TrialState.COMPLETE]
        low = [min(column) for column in zip(*points)]
        high = [max(column) for column in zip(*points)]

        def scalar(values):
            parts = []
            for sign, value, a, b, weight in zip(signs, values, low, high, weights):
                share = (sign * value - a) / (b - a) if 0 < b - a < float("inf") else 0.0
                parts.append(weight * share)
            return max(parts) + 0.05 * sum(parts)

        model = _Model(None, space, conditions, self._method, self._seed, StudyDirection.MINIMIZE,
                       scalar, _constraint_count(trials))
        model.learn(trials, trial.number)
        return model.suggest(trial.number)


def _trials(study):
    return study.get_trials(deepcopy=False)


def _constraint_count(trials):
    for trial in trials:
        constraints = trial.system_attrs.get(_CONSTRAINTS)
        if constraints:
            return len(constraints)
    return 0


def _has_pruned(trials):
    return any(t.state == TrialState.PRUNED and t.intermediate_values for t in trials)


def _key(space, conditions, trials):
    return (repr(sorted(space.items())), repr(sorted(conditions.items())),
            _constraint_count(trials), _has_pruned(trials))


def _document(space, conditions, method, seed, constraints, pruned, maximize=False):
    """The space as a study file. Parameters are called p0, p1, …; choices are their places."""
    names = {name: "p%d" % i for i, name in enumerate(space)}
    parameters = {}
    for name, distribution in space.items():
        if isinstance(distribution, CategoricalDistribution):
            parameter = {"values": [str(i) for i in range(len(distribution.choices))]}
        else:
            parameter = {"min": distribution.low, "max": distribution.high}
            if isinstance(distribution, IntDistribution):
                parameter["distribution"] = "int_log_uniform" if distribution.log else "int_uniform"
            else:
                parameter["distribution"] = ("log_uniform_values" if distribution.log
                                             else "uniform")
            if distribution.step not in (None, 1) or (
                    distribution.step == 1 and isinstance(distribution, FloatDistribution)):
                parameter["step"] = distribution.step
        if name in conditions:
            parent, values = conditions[name]
            parameter["when"] = {names[parent]: [_place(space[parent], value) for value in values]}
        parameters[names[name]] = parameter
    metrics = [{"name": "value", "goal": "maximize" if maximize else "minimize"}]
    metrics += [{"name": "c%d" % i, "role": "constraint", "max": 0.0} for i in range(constraints)]
    document = {"parameters": parameters, "metrics": metrics, "method": method, "seed": seed,
                "run_default_first": False}
    if pruned:
        document["fidelity"] = {"name": "step"}
    return document


def _place(distribution, value):
    """A value as the document has it; None where the distribution does not have it."""
    if not isinstance(distribution, CategoricalDistribution):
        return value
    try:
        return str(int(distribution.to_internal_repr(value)))
    except ValueError:
        return None


class _Model:
    """A study of the core that follows the trials of an Optuna study over one space."""

    def __init__(self, key, space, conditions, method, seed, direction, scalar=None,
                 constraints=None):
        self.key = key
        self.space = space
        self.names = {name: "p%d" % i for i, name in enumerate(space)}
        self.scalar = scalar
        self.constraints = constraints if key is None else key[2]
        self.pruned = key is not None and key[3]
        self.core = _core.Suggester(_document(
            space, conditions, method, seed, self.constraints, self.pruned,
            direction == StudyDirection.MAXIMIZE))
        self.out = {}  # Optuna's number -> (number, params) here, not ended
        self.done = set()
        self.last_step = 0.0

    def learn(self, trials, own):
        """Follows what has changed. Running trials count with what they were given, so that the next
        ones go elsewhere."""
        for trial in trials:
            if trial.number in self.done or trial.number == own:
                continue
            params = self._params(trial)
            number = self._number(trial, params)
            if trial.state.is_finished():
                self.done.add(trial.number)
                if number is not None:
                    self._tell(trial, number)

    def _number(self, trial, params):
        known = self.out.get(trial.number)
        if known is not None:
            finished = trial.state.is_finished()
            same = all(known[1].get(name) == value for name, value in params.items()) and (
                not finished or len(params) == len(known[1]))
            if same:
                return self.out.pop(trial.number)[0] if finished else known[0]
            self.core.tell_failed(self.out.pop(trial.number)[0], "lost")  # something else was run
        if not params:
            return None
        number = self.core.add(params)
        if not trial.state.is_finished():
            self.out[trial.number] = (number, params)
        return number

    def _params(self, trial):
        params = {}
        for name, value in trial.params.items():
            if name in self.space:
                place = _place(self.space[name], value)
                if place is not None:
                    params[self.names[name]] = place
        return params

    def _tell(self, trial, number):
        steps = {step: value for step, value in trial.intermediate_values.items()
                 if value == value}
        if steps:
            self.last_step = max(self.last_step, float(max(steps)))
        if trial.state == TrialState.COMPLETE:
            value = trial.values[0] if self.scalar is None else self.scalar(trial.values)
            fidelity = float(max(steps)) if steps else self.last_step + 1
            self.core.tell(number, [value] + self._constraints_of(trial), fidelity)
        elif trial.state == TrialState.PRUNED and steps and self.scalar is None:
            step = max(steps)
            self.core.tell_stopped(number, steps[step], float(step))
        elif trial.state == TrialState.PRUNED:
            self.core.tell_failed(number, "lost")
        else:
            # Optuna keeps no reason. As an accident it would teach nothing where the first fails too.
            self.core.tell_failed(number, "infeasible")

    def _constraints_of(self, trial):
        """Where they are missing the trial does not count as feasible."""
        given = list(trial.system_attrs.get(_CONSTRAINTS) or ())[:self.constraints]
        return given + [float("inf")] * (self.constraints - len(given))

    def suggest(self, own):
        """{} where every configuration was tried."""
        known = self.out.get(own)
        if known is None:
            known = self.core.ask()
            if known is None:
                return {}
            self.out[own] = known
        params = {}
        for name, distribution in self.space.items():
            value = known[1].get(self.names[name])
            if value is None:
                continue
            if isinstance(distribution, CategoricalDistribution):
                params[name] = distribution.choices[int(value)]
            elif isinstance(distribution, IntDistribution):
                params[name] = int(value)
            else:
                params[name] = float(value)
        return params
