"""hone.optuna.HoneSampler: Optuna's own kit for samplers, and what the kit does not ask.

Needs a Python with Optuna and pytest: HONE_OPTUNA_PYTHON names one (./dev test makes it); without it
the test is skipped.
"""
import os
import sys
import warnings

if __name__ == "__main__":
    python = os.environ.get("HONE_OPTUNA_PYTHON")
    if not python:
        print("skipped: HONE_OPTUNA_PYTHON names no Python with optuna and pytest")
        sys.exit(77)
    os.execv(python, [python, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__])

import pickle

import optuna
import pytest
from optuna.testing.pytest_samplers import (
    BasicSamplerTestCase, MultiObjectiveSamplerTestCase, RelativeSamplerTestCase)

import hone.optuna
from hone.optuna import HoneSampler

optuna.logging.set_verbosity(optuna.logging.WARNING)
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)


@pytest.fixture(params=["auto", "tpe"])
def method(request):
    return request.param


class TestKit(BasicSamplerTestCase, RelativeSamplerTestCase, MultiObjectiveSamplerTestCase):
    @pytest.fixture
    def sampler(self, method):
        return lambda: HoneSampler(method=method, seed=1)


def quadratic(trial):
    return sum((trial.suggest_float("x%d" % i, -1, 1) - 0.3) ** 2 for i in range(3))


def test_finds_what_random_search_does_not():
    study = optuna.create_study(sampler=HoneSampler(seed=1))
    study.optimize(quadratic, n_trials=30)
    random = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    random.optimize(quadratic, n_trials=200)
    assert study.best_value < random.best_value


def test_maximises():
    study = optuna.create_study(direction="maximize", sampler=HoneSampler(seed=1))
    study.optimize(lambda t: -quadratic(t), n_trials=30)
    assert study.best_value > -0.01


def test_equal_seeds_give_equal_trials():
    runs = []
    for seed in (3, 3, 4):
        study = optuna.create_study(sampler=HoneSampler(seed=seed))
        study.optimize(quadratic, n_trials=15)
        runs.append([t.params for t in study.trials])
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def conditional(trial):
    kind = trial.suggest_categorical("kind", ["tree", "net", None])
    if kind == "tree":
        return abs(trial.suggest_int("depth", 1, 30) - 12) / 30 + 0.2
    if kind == "net":
        layers = trial.suggest_int("layers", 1, 3)
        return sum(abs(trial.suggest_float("width%d" % i, 1, 100, log=True) - 10) / 100
                   for i in range(layers)) + 0.01
    return 1.0


def test_learns_which_parameters_exist_when():
    study = optuna.create_study(sampler=HoneSampler(seed=2))
    study.optimize(conditional, n_trials=40)
    shown = study.sampler._shown(study, study.trials)
    conditions = shown.conditions(shown.space)
    assert conditions["depth"] == ("kind", ["tree"])
    assert conditions["layers"] == ("kind", ["net"])
    assert conditions["width1"] == ("layers", [2, 3])
    assert conditions["width2"] == ("layers", [3])
    assert conditions["width0"][0] in ("kind", "layers")
    assert study.best_value < 0.05


def test_what_nothing_explains_is_proposed_all_the_same():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        return x + (trial.suggest_float("y", 0, 1) if x < 0.5 else 1)

    study = optuna.create_study(sampler=HoneSampler(seed=2))
    study.optimize(objective, n_trials=30)
    shown = study.sampler._shown(study, study.trials)
    assert shown.conditions(shown.space) == {}
    assert study.best_value < 0.2


def test_failed_trials_teach_where_not_to_look():
    def objective(trial):
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        if y > 0.5:
            raise RuntimeError("diverged")
        return (x - 0.3) ** 2

    study = optuna.create_study(sampler=HoneSampler(seed=2))
    study.optimize(objective, n_trials=50, catch=(RuntimeError,))
    late = study.trials[20:]
    # Who learns nothing of failures has 15 of them; 7 or fewer by chance once in 400 times.
    assert sum(t.state.name == "FAIL" for t in late) < 8


def test_pruned_trials_count_as_far_as_they_came():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        for step in range(5):
            trial.report(abs(x - 0.3) + 1 / (step + 1), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return abs(x - 0.3)

    study = optuna.create_study(sampler=HoneSampler(seed=2),
                                pruner=optuna.pruners.MedianPruner(n_startup_trials=3))
    study.optimize(objective, n_trials=40)
    model = study.sampler._models[study]
    assert model.pruned
    assert model.done == {t.number for t in study.trials[:-1]}
    assert any(t.state.name == "PRUNED" for t in study.trials)
    assert study.best_value < 0.05


def test_constraints_are_learned():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        y = trial.suggest_float("y", 0, 1)
        trial.set_user_attr("c", (x + y - 0.5,))
        return -x - 2 * y

    study = optuna.create_study(sampler=HoneSampler(
        seed=2, constraints_func=lambda t: t.user_attrs["c"]))
    study.optimize(objective, n_trials=40)
    feasible = [t for t in study.trials if t.system_attrs["constraints"][0] <= 0]
    assert len(feasible) > 8
    assert min(t.value for t in feasible) < -0.85


def test_several_objectives_spread_over_the_front():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        y = trial.suggest_float("y", 0, 1)
        return x ** 2 + y ** 2, -((x - 1) ** 2 + y ** 2)

    study = optuna.create_study(directions=["minimize", "maximize"], sampler=HoneSampler(seed=2))
    study.optimize(objective, n_trials=40)
    good = [t.params["x"] for t in study.trials if t.params["y"] < 0.05]
    assert len(good) > 12
    assert max(good) - min(good) > 0.4


def test_several_trials_at_a_time_differ():
    study = optuna.create_study(sampler=HoneSampler(seed=2))
    study.optimize(quadratic, n_trials=8)
    space = {"x%d" % i: optuna.distributions.FloatDistribution(-1, 1) for i in range(3)}
    trials = [study.ask(space) for _ in range(4)]
    seen = [tuple(t.params.values()) for t in trials]
    assert len(set(seen)) == 4
    for trial in trials:
        study.tell(trial, 1.0)


def test_enqueued_and_foreign_trials_count():
    study = optuna.create_study(sampler=HoneSampler(seed=2))
    study.enqueue_trial({"x0": 0.3, "x1": 0.3, "x2": 0.3})
    study.optimize(quadratic, n_trials=1)
    other = optuna.create_study(sampler=HoneSampler(seed=2))
    for trial in study.trials:
        other.add_trial(trial)
    other.optimize(quadratic, n_trials=12)
    assert other.best_value == study.best_value
    assert min(abs(t.params["x0"] - 0.3) for t in other.trials[6:]) < 0.2


def test_one_sampler_serves_several_studies_and_pickles():
    sampler = HoneSampler(seed=2)
    for low in (0, 10):
        study = optuna.create_study(sampler=sampler)
        study.optimize(lambda t: t.suggest_float("x", low, low + 1), n_trials=8)
        assert all(low <= t.params["x"] <= low + 1 for t in study.trials)
    again = pickle.loads(pickle.dumps(sampler))
    study = optuna.create_study(sampler=again)
    study.optimize(quadratic, n_trials=5)


def test_a_finite_space_that_is_used_up_goes_on():
    study = optuna.create_study(sampler=HoneSampler(seed=2))
    study.optimize(lambda t: t.suggest_categorical("a", [True, 1, None]) is None, n_trials=12)
    assert len(study.trials) == 12


def test_mistakes_are_told_at_once():
    with pytest.raises(hone.Error, match="method"):
        HoneSampler(method="tpee")


def conditional_study(storage=None):
    study = optuna.create_study(storage=storage, study_name="theirs", direction="minimize",
                                sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(conditional, n_trials=25)
    return study


def told(trials):
    return [(t["params"], t["state"], t["value"]) for t in trials]


@pytest.mark.parametrize("kind", ["object", "sqlite", "journal"])
def test_a_study_of_optuna_becomes_one_of_hone(kind, tmp_path):
    source = storage = None
    if kind == "sqlite":
        pytest.importorskip("sqlalchemy")
        source = storage = "sqlite:///%s" % (tmp_path / "theirs.db")
    elif kind == "journal":
        from optuna.storages.journal import JournalFileBackend
        source = str(tmp_path / "theirs.log")
        storage = optuna.storages.JournalStorage(JournalFileBackend(source))
    theirs = conditional_study(storage)
    store = str(tmp_path / "store.sqlite")
    ours = hone.optuna.import_study(source or theirs, store=store, seed=1)
    assert told(ours.trials()) == [(t.params, "complete", t.value) for t in theirs.trials]
    assert ours.best["value"] == theirs.best_value
    again = hone.Study(store=store, name="theirs")
    again.optimize(lambda t: 0.0 if t["kind"] == "net" else 1.0, n_trials=5)
    params = again.trial(25)["params"]
    assert ("depth" in params) == (params["kind"] == "tree")


def test_ended_trials_of_all_kinds_come_over():
    theirs = optuna.create_study(direction="maximize")
    space = {"x": optuna.distributions.FloatDistribution(0, 1)}
    theirs.add_trial(optuna.create_trial(params={"x": 0.5}, distributions=space, value=3.0))
    theirs.add_trial(optuna.create_trial(params={"x": 0.7}, distributions=space,
                                         state=optuna.trial.TrialState.FAIL))
    theirs.add_trial(optuna.create_trial(params={"x": 0.1}, distributions=space,
                                         intermediate_values={1: 0.5, 2: 0.75},
                                         state=optuna.trial.TrialState.PRUNED))
    wider = {"x": optuna.distributions.FloatDistribution(0, 9)}
    theirs.add_trial(optuna.create_trial(params={"x": 8.0}, distributions=wider, value=1.0))
    theirs.ask()
    ours = hone.optuna.import_study(theirs)
    assert ours.direction == "maximize"
    assert [t["state"] for t in ours.trials()] == ["complete", "failed", "stopped", "complete"]
    assert ours.trial(2)["curve"] == [[1.0, 0.5], [2.0, 0.75]]
    assert [t["origin"] for t in ours.trials()] == ["imported"] * 4
    with pytest.warns(UserWarning, match="2 of 4 trials do not fit"):
        hone.optuna.import_study(theirs, space={"x": {"min": 0.0, "max": 0.6}})
    with pytest.raises(hone.errors.InvalidInput, match="no trial that shows its space"):
        hone.optuna.import_study(optuna.create_study())
    with pytest.raises(hone.errors.NotFound):
        hone.optuna.import_study("nowhere.log")


def test_a_study_of_hone_becomes_one_of_optuna(tmp_path):
    ours = hone.Study({"x": {"min": 1e-3, "max": 1.0, "distribution": "log_uniform_values"},
                       "n": {"min": 1, "max": 9}, "twice": {"expression": "2 * n"},
                       "kind": {"values": ["a", None, [1, 2]]}},
                      metric="score", direction="maximize", seed=1, name="ours",
                      fidelity={"name": "epoch"})

    def evaluate(trial):
        trial.report(1, trial["x"])
        if trial.number == 3:
            raise hone.Stopped
        if trial.number == 4:
            raise ZeroDivisionError
        return trial["x"]

    ours.optimize(evaluate, n_trials=12, catch=(ZeroDivisionError,))
    theirs = hone.optuna.export_study(ours, storage="sqlite:///%s" % (tmp_path / "x.db"))
    assert theirs.study_name == "ours"
    assert theirs.best_value == ours.best["value"]
    assert theirs.trials[3].state.name == "PRUNED"
    assert theirs.trials[4].state.name == "FAIL"
    assert theirs.trials[5].user_attrs["twice"] == 2 * theirs.trials[5].params["n"]
    assert theirs.trials[0].intermediate_values == {1: ours.trial(0)["params"]["x"]}
    theirs.sampler = HoneSampler(seed=1)
    theirs.optimize(lambda t: t.suggest_float("x", 1e-3, 1.0, log=True), n_trials=2)
    back = hone.optuna.import_study(theirs)
    assert back.best["value"] == theirs.best_value
