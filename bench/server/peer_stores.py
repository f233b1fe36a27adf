"""Puts the trials of a hone study into an Optuna study and an MLflow experiment: the same parameters, values and reports.

  python peer_stores.py TRIALS.jsonl REPORTS.jsonl FOLDER

The files are those of `hone export --format jsonl` with `--what trials` and `--what reports`. FOLDER gets optuna.db and mlflow.db,
SQLite both: the packages make their tables, and the rows, of which there are millions, are written with SQL, since through their
calls it takes hours.
"""

import datetime
import json
import sqlite3
import sys
from pathlib import Path

import optuna
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

STATES = {"complete": ("COMPLETE", "FINISHED"), "failed": ("FAIL", "FAILED")}


def rows_of(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def distribution(values):
    """One that fits the values of a parameter in all trials."""
    if isinstance(values[0], str):
        return optuna.distributions.CategoricalDistribution(sorted(set(values)))
    if all(isinstance(value, int) for value in values):
        return optuna.distributions.IntDistribution(1, 1_000_000)
    return optuna.distributions.FloatDistribution(1e-5, 1.0, log=True)


def write_optuna(path, trials, reports):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    optuna.create_study(storage=f"sqlite:///{path}", study_name="long", direction="minimize")
    names = [name for name in trials[0] if name.startswith("param.")]
    spaces = {name: distribution([trial[name] for trial in trials]) for name in names}
    texts = {name: optuna.distributions.distribution_to_json(space) for name, space in spaces.items()}
    when = lambda seconds: datetime.datetime.fromtimestamp(seconds).isoformat(" ")
    # Of a category the index is stored.
    stored = lambda name, value: spaces[name].to_internal_repr(value)
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO trials (trial_id, number, study_id, state, datetime_start, datetime_complete) VALUES (?, ?, 1, ?, ?, ?)",
            ((t["trial"] + 1, t["trial"], STATES[t["state"]][0], when(t["created"]), when(t["ended"])) for t in trials))
        connection.executemany(
            "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, ?, ?, ?)",
            ((t["trial"] + 1, name.removeprefix("param."), stored(name, t[name]), texts[name]) for t in trials for name in names))
        connection.executemany(
            "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, 0, ?, 'FINITE')",
            ((t["trial"] + 1, t["loss"]) for t in trials if t["state"] == "complete"))
        connection.executemany(
            "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type) "
            "VALUES (?, ?, ?, 'FINITE')", ((trial + 1, step, value) for trial, step, value in reports))


def write_mlflow(path, trials, reports):
    store = SqlAlchemyStore(f"sqlite:///{path}", str(path.parent / "artifacts"))
    experiment = int(store.create_experiment("long"))
    identity = lambda number: f"{number:032x}"
    by_number = {t["trial"]: t for t in trials}
    ms = lambda seconds: int(seconds * 1000)
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, "
            "source_version, lifecycle_stage, artifact_uri, experiment_id) VALUES (?, ?, 'LOCAL', '', '', 'bench', ?, ?, ?, '', "
            "'active', '', ?)",
            ((identity(t["trial"]), f"trial-{t['trial']}", STATES[t["state"]][1], ms(t["created"]), ms(t["ended"]), experiment)
             for t in trials))
        # What every client sets; MLflow's page fails where a run has no tag.
        connection.executemany(
            "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
            ((key, value, identity(t["trial"])) for t in trials
             for key, value in (("mlflow.runName", f"trial-{t['trial']}"), ("mlflow.user", "bench"),
                                ("mlflow.source.name", "train.py"), ("mlflow.source.type", "LOCAL"))))
        connection.executemany(
            "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
            ((name.removeprefix("param."), str(value), identity(t["trial"])) for t in trials for name, value in t.items()
             if name.startswith("param.")))
        connection.executemany(
            "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ('loss', ?, ?, ?, ?, 0)",
            ((value, ms(by_number[trial]["created"]), identity(trial), step) for trial, step, value in reports))
        connection.executemany(
            "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES ('loss', ?, ?, 3, 0, ?)",
            ((t["loss"], ms(t["created"]), identity(t["trial"])) for t in trials if t["state"] == "complete"))


def main():
    trials = list(rows_of(sys.argv[1]))
    reports = [(row["trial"], int(row["fidelity"]), row["value"]) for row in rows_of(sys.argv[2])]
    folder = Path(sys.argv[3])
    for name, write in (("optuna.db", write_optuna), ("mlflow.db", write_mlflow)):
        if not (folder / name).exists():
            part = folder / f"{name}.part"
            part.unlink(missing_ok=True)
            write(part, trials, reports)
            part.rename(folder / name)


if __name__ == "__main__":
    main()
