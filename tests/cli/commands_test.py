"""The commands that look at, steer and keep studies: what they print, as text and as JSON, and what they refuse."""
import csv
import io
import json
import os
import re
import subprocess

from harness import HONE, Case, main


class Look(Case):
    def setUp(self):
        super().setUp()
        self.good("run", "study.yaml")

    def test_best_gives_the_configuration_in_the_form_that_is_asked_for(self):
        self.good("run", "study.yaml")
        config = json.loads(self.good("best", "--config").out)
        name, value = self.good("best", "--yaml").out.strip().split(": ")
        self.assertEqual((name, float(value)), ("lr", config["lr"]))
        self.assertEqual(self.good("best", "--args").out, "--lr=%r\n" % config["lr"])
        whole = json.loads(self.good("best", "--json").out)
        self.assertEqual(len(whole["curve"]), 3)
        self.assertEqual(whole["importance"]["enough"], False)

    def test_every_command_that_looks_prints_json(self):
        for command in (["list"], ["status"], ["best"], ["show"], ["show", "study/1"], ["diff", "study", "0", "1"]):
            for row in self.good(*command, "--json").rows:
                self.assertIsInstance(row, dict, command)

    def test_list_names_every_study(self):
        self.good("run", "study.yaml", "--new")
        rows = self.good("list", "--json").rows
        self.assertEqual([(row["study"], row["state"], row["trials"]) for row in rows],
                         [("study", "finished", 4), ("study-2", "finished", 4)])

    def test_status_tells_state_and_best(self):
        done = self.good("status")
        self.assertIn("finished", done.out)
        self.assertIn("4 of 4: 4 done", done.out)

    def test_best_gives_the_configuration_that_show_gives(self):
        best = json.loads(self.good("best", "--json").out)
        shown = json.loads(self.good("show", str(best["trial"]), "--json").out)
        self.assertEqual(best["config"], shown["config"])
        self.assertEqual(json.loads(self.good("best", "--config").out), best["config"])

    def test_show_tells_runs_reports_and_environment(self):
        shown = json.loads(self.good("show", "study/2", "--json").out)
        run = shown["runs"][0]
        self.assertEqual([report["fidelity"] for report in run["reports"]], [1.0, 2.0, 3.0])
        self.assertEqual(run["outcome"], "finished")
        self.assertIn("machine", run["environment"])
        self.assertTrue(os.path.isdir(run["started"]["folder"]))

    def test_show_tells_why_a_configuration_was_proposed(self):
        self.assertIn("proposed: the defaults", self.good("show", "study/0").out)
        self.assertIn("proposed: a random draw", self.good("show", "study/1").out)
        self.assertEqual(json.loads(self.good("show", "study/1", "--json").out)["proposed"]["rule"], "random")

    def test_a_study_starts_with_what_was_best_in_an_earlier_one(self):
        best = json.loads(self.good("best", "--json").out)
        self.study(("budget: {trials: 4}", "budget: {trials: 3}\nwarm_start: study"), name="next.yaml")
        done = self.good("run", "next.yaml")
        self.assertIn("starts with what was best in study, trial %d" % best["trial"], done.err)
        self.assertEqual(json.loads(self.good("show", "next/1", "--json").out)["config"], best["config"])
        self.assertIn("proposed: best of an earlier study: study, trial %d" % best["trial"],
                      self.good("show", "next/1").out)
        self.study(("budget: {trials: 4}", "budget: {trials: 3}\nwarm_start: [studi]"), name="third.yaml")
        refused = self.hone("run", "third.yaml")
        self.assertEqual(refused.code, 2)
        self.assertIn("warm_start: the store has no study 'studi'", refused.err)
        self.assertIn("did you mean 'study'?", refused.err)

    def test_show_prints_the_end_of_the_log(self):
        self.assertEqual(self.good("show", "study/2", "--log").out.count("val_loss"), 3)

    def test_diff_shows_what_differs_only(self):
        lines = self.good("diff", "study", "0", "1").out
        self.assertIn("lr", lines)
        self.assertNotIn("state", lines)

    def test_export_is_csv_that_reads_back(self):
        rows = list(csv.DictReader(io.StringIO(self.good("export").out)))
        self.assertEqual(len(rows), 4)
        shown = self.good("show", "--json").rows
        self.assertEqual([float(row["param.lr"]) for row in rows], [row["config"]["lr"] for row in shown])

    def test_export_writes_json_lines_to_a_file(self):
        self.good("export", "--what", "reports", "-o", "reports.jsonl")
        rows = [json.loads(line) for line in self.read("reports.jsonl").splitlines()]
        self.assertEqual(len(rows), 12)

    def test_attach_to_a_finished_study_shows_its_result(self):
        self.assertIn("Best of 4 trials", self.good("attach", "study").out)


class Refusals(Case):
    def refused(self, *arguments, says, code=2, env=None):
        done = self.hone(*arguments, env=env)
        self.assertEqual(done.code, code, done.out + done.err)
        self.assertEqual(done.out, "")
        self.assertTrue(done.err.startswith("hone: error: "), done.err)
        self.assertIn(says, done.err)

    def test_unknown_commands_and_options_get_a_suggestion(self):
        self.refused("statu", says="did you mean: hone status")
        self.refused("study.yaml", says="hone run study.yaml")
        self.refused("run", "study.yaml", "--paralel", "2", says="Did you mean --parallel?")

    def test_unknown_studies_and_trials_are_named(self):
        self.refused("status", "study", says="there is no store at")
        self.good("run", "study.yaml")
        self.refused("status", "studdy", says="did you mean 'study'?")
        self.refused("show", "study/9", says="its trials are 0 to 3")
        self.refused("show", "study/x", says="'x' is no trial of 'study'")
        self.refused("log", "study/3", says="hone show study/3 --log")
        self.refused("best", "--store", "nowhere.sqlite", says="nowhere.sqlite")

    def test_a_store_beside_a_study_file_elsewhere_is_named(self):
        os.mkdir(self.path("deep"))
        for name in ("train.py", "study.yaml"):
            os.rename(self.path(name), self.path("deep/" + name))
        done = self.good("run", "deep/study.yaml")
        command = re.search(r"Details: +hone (.*)", done.out).group(1)
        self.assertIn("--store deep/.hone", command)
        self.assertIn("lr", self.good(*command.split()).out)
        self.refused("best", says="there is one at deep/.hone: --store deep/.hone")

    def test_bad_values_are_told(self):
        self.refused("run", "study.yaml", "--trials", "many", says="'many' is no number of trials")
        self.refused("run", "study.yaml", "--time", "soon", says="'soon' is no duration")
        self.refused("run", "study.yaml", "--parallel", "0", says="0 runs at a time; from 1 to 100000")
        self.refused("run", "study.yaml", "-j", "1000000", says="from 1 to 100000")
        self.refused("run", "study.yaml", "-j", "many", says="-j: 'many' is no whole number")
        self.refused("run", "study.yaml", "--parallel=many", says="--parallel: 'many' is no whole number")
        self.refused("run", "study.yaml", "-j", "99999999999", says="-j: 99999999999 is too large")
        self.refused("run", "study.yaml", "--trials", says="--trials needs a value: --trials N")
        self.refused("run", "--minimize", "--", "true", says="--minimize needs a value: --minimize METRIC")
        self.refused("run", "study.yaml", "--seed", "1.5", says="no whole number")
        self.refused("run", says="what should be run?")
        self.refused("run", "nothing.yaml", says="there is no study file nothing.yaml")
        self.refused("run", "--", "python3", "train.py", says="--minimize")
        self.refused("run", "--minimize", "a", "--maximize", "b", "--", "true", says="only one of them")
        self.refused("--json", "list", says="hone list --json")

    def test_names_by_which_a_study_could_not_be_called_again_are_refused(self):
        self.refused("run", "study.yaml", "--name", "", says="is empty")
        self.refused("run", "study.yaml", "--name=", says="--name= needs a value: --name=NAME")
        for name, says in (("-x", "looks like an option"), ("a/b", "holds a '/'"), ("a\nb", "no printable"),
                           ("n" * 201, "201 bytes"), (os.fsdecode(b"na\xffme"), "no printable"),
                           (os.fsdecode(b"\xed\xa0\x80"), "no printable")):
            self.refused("run", "study.yaml", "--name=" + name, says=says)
        self.assertFalse(os.path.exists(self.path(".hone")))
        self.good("run", "study.yaml", "--name", "größe 日本", "--trials", "1")
        self.assertIn("größe 日本", self.good("list").out)

    def test_errors_are_json_where_json_was_asked_for(self):
        done = self.hone("status", "study", "--json")
        error = json.loads(done.err)["error"]
        self.assertEqual(error["code"], "not_found")

    def test_several_studies_ask_for_a_name(self):
        self.good("run", "study.yaml")
        self.good("run", "study.yaml", "--new")
        self.refused("status", says="there are: study, study-2")

    def test_a_store_in_a_folder_that_cannot_be_written_is_told_by_its_path(self):
        self.write("plain", "")
        done = self.hone("run", "study.yaml", "--store", "plain/store.sqlite")
        self.assertIn(done.code, (1, 2))
        self.assertIn("plain", done.err)



class Steer(Case):
    def test_enqueue_runs_a_configuration_of_the_user(self):
        self.good("run", "study.yaml")
        self.assertIn("enqueued as trial 4", self.good("enqueue", "study", "lr=0.3").out)
        self.good("resume", "study")
        shown = json.loads(self.good("show", "study/4", "--json").out)
        self.assertEqual((shown["state"], shown["origin"], shown["config"]), ("complete", "enqueued", {"lr": 0.3}))

    def test_enqueue_refuses_what_does_not_fit(self):
        self.good("run", "study.yaml")
        for arguments, says in ((["lr=7"], "does not fit"), (["lrr=0.1"], "did you mean 'lr'?"), ([], "no values given")):
            done = self.hone("enqueue", "study", *arguments)
            self.assertEqual(done.code, 2)
            self.assertIn(says, done.err)

    def test_retry_of_what_has_not_failed_is_told(self):
        self.good("run", "study.yaml")
        done = self.good("retry", "study")
        self.assertEqual(done.out, "study: no trial has failed, so none runs again\n")
        self.assertEqual(done.err, "")
        done = self.hone("retry", "study/3")
        self.assertEqual(done.code, 2)
        self.assertIn("trial 3 is complete", done.err)

    def test_clean_keeps_the_best_and_asks_first(self):
        self.good("run", "study.yaml")
        folder = self.path(".hone/trials/study")
        self.assertIn("would remove", self.good("clean", "study", "--keep", "1").out)
        self.assertEqual(len([n for n in os.listdir(folder) if n.isdigit()]), 4)
        self.good("clean", "study", "--keep", "1", "--yes")
        best = json.loads(self.good("best", "--json").out)["trial"]
        self.assertEqual([n for n in os.listdir(folder) if n.isdigit()], [str(best)])

    def test_delete_removes_a_study_with_its_files_and_asks_first(self):
        self.good("run", "study.yaml")
        self.assertEqual(self.hone("delete", "study").code, 2)
        self.good("delete", "study", "--yes")
        self.assertEqual(self.good("list", "--names").out, "")
        self.assertFalse(os.path.exists(self.path(".hone/trials/study")))
        self.good("run", "study.yaml")

    def test_log_reports_from_a_shell_script(self):
        self.write("train.sh", "#!/bin/sh\nfor e in 1 2 3; do %s log val_loss=0.$e epoch=$e; done\n" % HONE, 0o755)
        self.study(("program: train.py", "command: [./train.sh]"))
        self.assertIn("Best of 4 trials", self.good("run", "study.yaml").out)

    def test_log_outside_of_a_trial_is_refused(self):
        self.assertEqual(self.hone("log", "val_loss=1").code, 2)
        self.assertEqual(self.hone("log", "val_loss", env=self.environment(HONE_METRICS=self.path("m"))).code, 2)


class Validate(Case):
    def test_a_good_file_is_described(self):
        done = self.good("validate", "study.yaml")
        self.assertIn("1 parameter, minimize val_loss", done.out)

    def test_a_dry_run_tells_what_was_recognised_and_keeps_nothing(self):
        done = self.good("validate", "study.yaml", "--dry-run")
        self.assertIn("val_loss reported 3 times, recognised as Hugging Face Trainer log lines; epoch 1 to 3", done.out)
        self.assertFalse(os.path.exists(self.path(".hone")))

    def test_a_script_that_is_missing_is_told_before_anything_starts(self):
        done = self.hone("run", "--minimize", "val_loss", "--", "python3", "trian.py", "--lr", "~(0,1)")
        self.assertEqual(done.code, 2)
        self.assertIn("python3 would start trian.py, and there is no file %s" % os.path.realpath(self.path("trian.py")), done.err)
        self.assertEqual(self.hone("list", "--names").out, "")

    def test_a_program_in_the_place_of_the_file_is_named_as_one(self):
        for command in "run", "validate":
            done = self.hone(command, "train.py")
            self.assertEqual(done.code, 2)
            self.assertIn("train.py is a program, not a study file\n  hone init -- python train.py proposes", done.err)

    def test_it_says_how_large_the_space_is_and_what_the_budget_covers(self):
        self.assertIn("1 continuous parameter; budget: 4 trials, 4 per parameter", self.good("validate", "study.yaml").out)
        self.study(("method: random", "method: grid"), ("run_default_first: true", ""),
                   ("{min: 0.001, max: 1.0, distribution: log_uniform_values, default: 0.01}", "{values: [1, 2, 3]}"),
                   ("trials: 4", "trials: 2"))
        self.assertIn("3 configurations; budget: 2 trials, 67 % of them", self.good("validate", "study.yaml").out)
        rows = self.good("validate", "study.yaml", "--show", "9", "--json").rows
        self.assertEqual([row["params"] for row in rows if "trial" in row], [{"lr": 1}, {"lr": 2}, {"lr": 3}])

    def test_the_shown_trials_are_those_that_run(self):
        before = sorted(os.listdir(self.folder))
        shown = {row["trial"]: row["params"] for row in self.good("validate", "study.yaml", "--show", "4", "--json").rows
                 if "trial" in row}
        self.assertEqual(shown[0], {"lr": 0.01})
        self.assertEqual(sorted(os.listdir(self.folder)), before)
        self.good("run", "study.yaml", "--quiet")
        for row in self.good("export", "study", "--format", "jsonl").rows:
            self.assertEqual({"lr": row["param.lr"]}, shown[row["trial"]])

    def test_the_shown_trials_have_their_commands_and_files(self):
        self.write("base.yaml", "optim: {lr: 1}\n")
        self.study(("program: train.py", 'command: [python3, train.py, -c, "${trial_dir}/c.yaml"]\n'
                    'files: [{from: base.yaml, to: "${trial_dir}/c.yaml", set: {optim.lr: "${lr}"}}]'))
        out = self.good("validate", "study.yaml", "--dry-run").out
        self.assertIn("  0 (defaults)\n    python3 train.py -c TRIAL_DIR/c.yaml\n    with TRIAL_DIR/c.yaml\n      optim.lr: 0.01\n",
                      out)
        self.assertEqual(self.hone("validate", "study.yaml", "--show", "0").code, 2)

    def test_a_dry_run_of_a_failing_program_shows_its_log(self):
        self.study(program="import no_such_module\n")
        done = self.hone("validate", "study.yaml", "--dry-run")
        self.assertEqual(done.code, 1)
        self.assertIn("No module named 'no_such_module'", done.out)

    def test_a_dry_run_names_the_metric_that_was_meant(self):
        self.study(program="print({'epoch': 1, 'eval_loss': 0.5})\n")
        done = self.hone("validate", "study.yaml", "--dry-run")
        self.assertIn("Did you mean metric: {name: eval_loss}?", done.out)


class Help(Case):
    def test_every_command_explains_itself_in_eighty_columns(self):
        overview = self.good("--help").out
        names = [line.split()[0] for line in overview.splitlines() if line.startswith("  ") and line[2:3].isalpha()]
        self.assertIn("run", names)
        for name in names:
            if name == "hone":
                continue
            text = self.good(name, "--help").out
            self.assertIn("Usage: hone " + name, text)
            self.assertLessEqual(max(map(len, (overview + text).splitlines())), 80, name)

    def test_every_topic_has_a_text(self):
        topics = self.good("help").out.split("Topics (hone help TOPIC)\n")[1].split("\n")
        for line in topics:
            if line.startswith("  ") and line[2] != " ":
                self.assertNotEqual(self.good("help", line.split()[0]).out, "")
        self.assertEqual(self.hone("help", "sampler").code, 2)


    def test_version(self):
        self.assertRegex(self.good("--version").out, r"^hone \d+\.\d+\.\d+\n$")
        self.assertEqual(self.good("version").out, self.good("--version").out)


if __name__ == "__main__":
    main()
