"""Programs that log with the real MLflow client are run by hone unchanged: what they log is in their trials, artifacts too, and
nothing is lost or doubled when hone is killed meanwhile and another hone takes over.

Needs HONE (the program) and HONE_TRACKERS_PYTHON (a Python with mlflow-skinny); without the latter the tests are skipped.

    HONE=build/release/hone HONE_TRACKERS_PYTHON=build/venv/bin/python python3 tests/integration/mlflow_test.py
"""
import json
import os

from trackers import PAUSE, TrackerCase, main

# Everything that training programs do with MLflow; `facts.json` is what the program itself saw.
WHOLE = """
import argparse, json, os
import mlflow
import mlflow.entities

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
lr = parser.parse_args().lr
client = mlflow.MlflowClient()
facts = {}
mlflow.set_experiment("mine")
with mlflow.start_run(run_name="outer", tags={"given": "early"}) as run:
    mlflow.log_params({"lr": lr, "net": "small"})
    mlflow.log_param("depth", 3)
    mlflow.set_tag("kind", "test")
    mlflow.set_tag("gone", "soon")
    mlflow.delete_tag("gone")
    for epoch in range(4):
        mlflow.log_metric("val_loss", lr + 1.0 / (epoch + 1), step=epoch)
        mlflow.log_metrics({"train/acc": epoch / 4, "bad": float("nan")}, step=epoch)
    mlflow.log_metric("late", 0.25, synchronous=False).wait()
    mlflow.log_text("words", "notes/words.txt")
    mlflow.log_dict({"a": 1}, "facts.json")
    weights = os.path.join(os.environ["HONE_TRIAL_DIR"], "weights.bin")
    with open(weights, "wb") as file:
        file.write(bytes(range(256)) * 20000)
    mlflow.log_artifact(weights, "weights")
    dataset = mlflow.entities.Dataset(name="d", digest="0", source_type="local", source="{}")
    client.log_inputs(run.info.run_id, [mlflow.entities.DatasetInput(dataset=dataset, tags=[])])
    with mlflow.start_run(run_name="inner", nested=True) as inner:
        mlflow.log_param("fold", 1)
        mlflow.log_text("inner", "inner.txt")
    model = client.create_logged_model(run.info.experiment_id, name="net", source_run_id=run.info.run_id, params={"width": "8"})
    client.finalize_logged_model(model.model_id, "READY")
    facts["model"] = client.get_logged_model(model.model_id).params
    try:
        mlflow.log_param("lr", "other")
    except mlflow.exceptions.MlflowException as error:
        facts["refused"] = str(error)
    facts["listed"] = sorted(item.path for item in mlflow.artifacts.list_artifacts(run_id=run.info.run_id))
    fetched = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="weights/weights.bin")
    with open(fetched, "rb") as one, open(weights, "rb") as other:
        facts["fetched"] = one.read() == other.read()
    facts["history"] = [point.value for point in client.get_metric_history(run.info.run_id, "val_loss")]
    facts["children"] = [child.info.run_name for child in mlflow.search_runs(
        filter_string="tags.`mlflow.parentRunId` = '%s'" % run.info.run_id, output_format="list")]
    facts["inputs"] = [each.dataset.name for each in client.get_run(run.info.run_id).inputs.dataset_inputs]
    facts["inner"] = inner.info.run_id
with open(os.path.join(os.environ["HONE_TRIAL_DIR"], "seen.json"), "w") as file:
    json.dump(facts, file)
print({"val_loss": 77.0, "epoch": 1})  # what MLflow was given is not taken from the output as well
"""

# Logs 40 steps, and waits in the middle until the test lets it go on.
LONG = PAUSE + """
import mlflow
with mlflow.start_run():
    for step in range(40):
        mlflow.log_metric("val_loss", 100.0 - step, step=step)
        mlflow.log_metric("aux", step, step=step)
        if step == 19:
            pause()
"""


class WithTheRealClient(TrackerCase):
    def environment(self, **more):
        env = {k: v for k, v in super().environment().items() if not k.startswith("MLFLOW_")}
        env.update(more)
        return env

    def test_what_a_program_logs_is_in_its_trial(self):
        self.set_up(WHOLE, trials=2, more="parallel: 2\n")
        self.good("run", "study.yaml")
        for number in range(2):
            trial = json.loads(self.good("show", "study/%d" % number, "--json").out)
            lr = trial["config"]["lr"]
            self.assertEqual(trial["state"], "complete")
            values = [(row["fidelity"], row["value"]) for row in self.rows("reports") if row["trial"] == number]
            self.assertEqual(values, [(step, lr + 1.0 / (step + 1)) for step in range(4)])
            points = [row for row in self.rows("points") if row["trial"] == number]
            self.assertEqual([row["value"] for row in points if row["metric"] == "train/acc"], [0, 0.25, 0.5, 0.75])
            self.assertEqual([row["value"] for row in points if row["metric"] == "late"], [0.25])
            self.assertEqual(len([row for row in points if row["metric"] == "bad"]), 4)
            outer, inner = trial["mlflow"]
            self.assertEqual(outer["params"], {"depth": "3", "lr": str(lr), "net": "small"})
            self.assertEqual(outer["tags"], {"given": "early", "kind": "test"})
            self.assertEqual((outer["name"], outer["status"]), ("outer", "FINISHED"))
            self.assertEqual(inner["params"], {"fold": "1"})
            with open(self.path(".hone/trials/study/%d/seen.json" % number), encoding="utf-8") as file:
                seen = json.load(file)
            self.assertIn("already logged", seen.pop("refused"))
            self.assertEqual(seen, {
                "model": {"width": "8"}, "fetched": True, "children": ["inner"], "inputs": ["d"], "inner": inner["run_id"],
                "listed": ["facts.json", "notes", "weights"], "history": [lr + 1.0 / (step + 1) for step in range(4)]})
            artifacts = ".hone/trials/study/%d/artifacts/" % number
            self.assertEqual(self.read(artifacts + "notes/words.txt"), "words")
            self.assertEqual(os.path.getsize(self.path(artifacts + "weights/weights.bin")), 256 * 20000)
            self.assertEqual(self.read(artifacts + inner["run_id"] + "/inner.txt"), "inner")
        self.assertIn("mlflow run outer: FINISHED", self.good("show", "study/0").out)
        self.until(lambda: not os.listdir(self.path(".hone/mlflow")), "the end of the receiver")

    def test_nothing_is_lost_or_doubled_when_hone_is_killed(self):
        self.set_up(LONG)
        self.run_until_killed()  # from here on the program logs to a receiver without a hone
        journal = self.path(".hone/trials/study/0/run-0-0/mlflow.jsonl")
        self.until(lambda: '"FINISHED"' in self.read(journal), "the end of the program's run")
        self.good("run", "study.yaml")
        self.assertEqual([(row["fidelity"], row["value"]) for row in self.rows("reports")],
                         [(step, 100.0 - step) for step in range(40)])
        self.assertEqual([row["value"] for row in self.rows("points") if row["metric"] == "aux"], list(range(40)))
        self.assertEqual(len(self.rows()), 1)
        self.until(lambda: not os.listdir(self.path(".hone/mlflow")), "the end of the receivers")

    def test_a_server_that_the_user_has_named_is_left(self):
        elsewhere = "import os; print({'val_loss': 1.0}); open('uri', 'w').write(os.environ.get('MLFLOW_TRACKING_URI', ''))"
        self.set_up(elsewhere)
        done = self.good("run", "study.yaml", env=self.environment(MLFLOW_TRACKING_URI="http://user:secret@127.0.0.1:9"))
        self.assertEqual(self.read("uri"), "http://user:secret@127.0.0.1:9")
        self.assertIn("MLFLOW_TRACKING_URI is set", done.err)
        self.assertNotIn("secret", done.err)
        self.set_up(elsewhere, more="env: {MLFLOW_TRACKING_URI: hone}\n")
        done = self.good("run", "study.yaml", "--new", env=self.environment(MLFLOW_TRACKING_URI="http://127.0.0.1:9"))
        self.assertRegex(self.read("uri"), r"^http://127\.0\.0\.1:\d{4,5}$")
        self.assertNotIn("MLFLOW_TRACKING_URI", done.err)


if __name__ == "__main__":
    main()
