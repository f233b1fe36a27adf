"""hone serve over HTTP: what a page shows of a study that runs, and what it changes."""
import contextlib
import json
import os
import re
import signal
import sqlite3
import threading

from harness import Case, interrupt, main
from serve_client import Client, Events, read_columns

# Epoch after epoch, each when the file `go` allows it; also logs something that nobody declared.
STEPS = """
import argparse, os, sys, time
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.1)
a, _ = p.parse_known_args()
print("<script>alert(1)</script> \\u00e4", flush=True)
for epoch in range(1, 4):
    while epoch == 3 and not os.path.exists("go"):
        time.sleep(0.02)
    print({"epoch": epoch, "val_loss": (a.lr - 0.3) ** 2 + 1.0 / epoch, "<img src=x>": epoch * 2.0}, flush=True)
with open(os.path.join(os.environ["HONE_TRIAL_DIR"], "model.bin"), "wb") as file:
    file.write(bytes(range(256)) * 1000)
with open(os.path.join(os.environ["HONE_ARTIFACTS"], "p.svg"), "w") as file:
    file.write("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
with open(os.path.join(os.environ["HONE_ARTIFACTS"], "p.html"), "w") as file:
    file.write("<script>alert(1)</script>")
print("to the end", file=sys.stderr)
"""


class ServeCase(Case):
    def serve(self, *options):
        process = self.start("serve", "--port", "0", *options)
        self.until(lambda: "http://" in self.output(process) or process.poll() is not None, "an address")
        found = re.search(r"http://\S+", self.output(process))
        self.assertIsNotNone(found, self.output(process) + self.errors(process))
        with open(self.path(".hone/server-tokens.json"), encoding="utf-8") as file:
            self.tokens = json.load(file)
        return Client(found.group(0), token=self.tokens["admin"])

    def study_id(self, client, name="study"):
        return next(row["id"] for row in client.good("/studies")["studies"] if row["name"] == name)


class Finished(ServeCase):
    """A study that is over."""

    def setUp(self):
        super().setUp()
        self.good("run", "study.yaml")
        self.client = self.serve()
        self.base = "/studies/%d" % self.study_id(self.client)

    def test_tells_a_study_and_its_trials(self):
        row = self.client.good("/studies")["studies"][0]
        self.assertEqual((row["title"], row["state"], row["trials"], row["led"]), ("study", "finished", 4, False))
        study = self.client.good(self.base)
        best = json.loads(self.good("best", "--json").out)
        self.assertEqual(study["headline"]["best"]["trial"], best["trial"])
        self.assertEqual(study["headline"]["best"]["value"], row["best"]["value"])
        self.assertEqual(study["counts"]["complete"], 4)
        self.assertEqual(study["budget"][0], {"key": "trials", "what": "trials", "used": 4, "limit": 4, "text": "4 of 4 trials"})
        self.assertEqual([p["name"] for p in study["parameters"]], ["lr"])
        page = self.client.good(self.base + "/trials?order=best&limit=2")
        values = [t["results"][0]["value"] for t in page["trials"]]
        self.assertEqual((page["total"], values), (4, sorted(values)))
        trial = self.client.good(self.base + "/trials/0")
        self.assertEqual(trial["origin"], "default")
        kinds = [e["kind"] for e in trial["events"]]
        self.assertEqual((kinds[0], kinds[-1]), ("trial_added", "trial_moved"))
        self.assertIn("train.py", " ".join(trial["runs"][0]["argv"]))
        self.assertTrue(trial["runs"][0]["environment"])
        spec = self.client.good(self.base + "/spec")
        self.assertIn("log_uniform_values", spec["source"])
        self.assertEqual(self.client.good(self.base + "/front")["trials"][0]["number"], best["trial"])

    def test_columns_agree_with_json_and_are_sent_once(self):
        answer = self.client.get(self.base + "/columns")
        head, columns = read_columns(answer.body)
        self.assertEqual((head["rows"], head["trials"]), (4, 4))
        trials = self.client.good(self.base + "/trials")["trials"]
        self.assertEqual(columns["trial", "number"], [t["number"] for t in trials])
        self.assertEqual(columns["trial", "state"], [t["state"] for t in trials])
        self.assertEqual(columns["param", "lr"], [t["config"]["lr"] for t in trials])
        self.assertEqual(columns["metric", "val_loss"], [t["results"][0]["value"] for t in trials])
        for a, b in zip(columns["trial", "ended"], trials):
            self.assertAlmostEqual(head["base_s"] + a, b["ended_s"], delta=0.01)
        again = self.client.get(self.base + "/columns", headers={"If-None-Match": answer.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))
        head, columns = read_columns(self.client.get(self.base + "/columns?since=%d" % head["version"]).body)
        self.assertEqual((head["rows"], columns["trial", "number"]), (0, []))

    def test_a_configuration_waits_for_somebody_to_run_it(self):
        answer = self.client.post(self.base + "/trials", {"config": {"lr": 0.25}})
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual((answer.json["trial"], answer.json["led"]), (4, False))
        self.assertIn("hone resume study", answer.json["hint"])
        clone = self.client.post(self.base + "/trials/4/clone", {"config": {"lr": 0.5}}).json
        self.assertEqual(clone["trial"], 5)
        trial = self.client.good(self.base + "/trials/5")
        self.assertEqual((trial["origin"], trial["parent"], trial["config"]["lr"]), ("clone", 4, 0.5))
        self.assertEqual(self.client.good(self.base + "/trials/4")["children"], [5])
        self.good("resume", "study")
        self.assertEqual(self.client.good(self.base + "/trials/4")["state"], "complete")

    def test_what_does_not_fit_is_refused_with_a_reason(self):
        for path, body, said in [
                ("/trials", {"config": {"lr": 7}}, "does not fit"),
                ("/trials", {"config": {"l": 0.1}}, "no parameter 'l'"),
                ("/trials", {"confg": {}}, "unknown"),
                ("/trials", [1], "no JSON object"),
                ("/trials/9/stop", {}, "no trial 9")]:
            answer = self.client.post(self.base + path, body)
            self.assertIn(answer.status, (400, 404), path)
            self.assertIn(said, answer.json["error"]["message"])
        for body in [{"budget": {"trials": -1}}, {"budget": {"time_s": "x"}}, {"budget": {"t": 1}}, {"parallel": 0}, {}]:
            self.assertEqual(self.client.patch(self.base, body).status, 400, body)
        self.assertEqual(self.client.get("/studies/4711").status, 404)
        self.assertEqual(self.client.get(self.base + "/trials?limit=x").status, 400)
        self.assertEqual(self.client.send("PUT", "/api/v1" + self.base).status, 405)
        self.assertEqual(self.client.get("/nothing").json["error"]["code"], "not_found")

    def test_labels_are_kept_as_they_are(self):
        note = "<script>alert('x')</script>\n\u00e4"
        set_ = self.client.patch(self.base + "/trials/1/labels", {"note": note, "tags": ["<b>", "good"], "star": True})
        self.assertEqual(set_.json, {"note": note, "tags": ["<b>", "good"], "star": True})
        self.client.patch(self.base + "/labels", {"note": "of the study"})
        self.client.patch(self.base + "/trials/1/labels", {"tags": ["good"]})
        labels = self.client.get(self.base + "/labels")
        self.assertEqual(labels.json, {"study": {"note": "of the study", "tags": [], "star": False},
                                       "trials": {"1": {"note": note, "tags": ["good"], "star": True}}})
        self.assertEqual(labels.type, "application/json")
        self.assertEqual(labels.headers["X-Content-Type-Options"], "nosniff")

    def test_a_server_ends_when_it_is_asked_to(self):
        process = self.started[-1]
        with Events(self.client, self.base + "/events") as events:
            self.assertEqual(next(iter(events))[0], "hello")
            interrupt(process, signal.SIGTERM)
            self.assertEqual(self.wait(process), 0)


class Running(ServeCase):
    """A study while it runs, served by a process of its own or by the one that runs it."""

    def begin(self, trials=2):
        self.study(("budget: {trials: 4}", "budget: {trials: %d}" % trials), ("parallel: 2", "parallel: 1"), program=STEPS)
        self.run_process = self.start("run", "study.yaml")
        self.until_reported()

    def go(self):
        self.write("go", "")

    def test_a_stream_tells_the_end_of_a_trial(self):
        self.begin(trials=1)
        client = self.serve()
        base = "/studies/%d" % self.study_id(client)
        self.assertTrue(client.good(base)["led"])
        with Events(client, base + "/events") as events:
            stream = iter(events)
            self.assertEqual(next(stream)[0], "hello")
            self.go()
            seen = []
            for name, number, data in stream:
                self.assertEqual(name, "changes")
                self.assertEqual(int(number), data["version"])
                seen += data["changes"]
                if any(c["kind"] == "study_moved" and c["state"] == "finished" for c in seen):
                    break
        ends = [c for c in seen if c["kind"] == "trial_moved"]
        self.assertEqual([(c["trial"], c["state"]) for c in ends], [(0, "complete")])
        self.assertEqual(self.wait(self.run_process), 0)
        # Who lost the connection at the last report goes on behind it.
        last = next(c for c in seen if c["kind"] == "reported")["version"]
        with Events(client, base + "/events", headers={"Last-Event-ID": str(last)}) as events:
            stream = iter(events)
            self.assertEqual(next(stream)[2]["version"], last)
            missed = next(stream)[2]["changes"]
        self.assertEqual([c["version"] for c in missed], [c["version"] for c in seen if c["version"] > last])
        with Events(client, base + "/events?since=1000000") as events:
            self.assertEqual(next(iter(events))[2]["version"], client.good(base)["version"])

    def test_everything_that_a_trial_wrote_comes_back_as_data(self):
        self.begin(trials=1)
        client = self.serve()
        base = "/studies/%d" % self.study_id(client)
        trial = base + "/trials/0"
        run = client.good(trial)["runs"][0]["run"]
        with Events(client, trial + "/logs/%d/stdout/follow?from=0" % run) as events:
            stream = iter(events)
            text = next(stream)[2]["text"]
            self.go()
            names = ["log"]
            for name, _, data in stream:
                names.append(name)
                text += data.get("text", "")
        self.assertEqual(names[-1], "ended")
        self.wait(self.run_process)
        log = client.get(trial + "/logs/%d/stdout" % run)
        self.assertEqual(log.type, "text/plain; charset=utf-8")
        self.assertEqual(log.headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(log.body.decode(), text)
        self.assertIn("<script>alert(1)</script> \u00e4", text)
        self.assertEqual(log.headers["Hone-Log-Ended"], "true")
        size = int(log.headers["Hone-Log-Size"])
        tail = client.get(trial + "/logs/%d/stdout?tail=10" % run)
        self.assertEqual(int(tail.headers["Hone-Log-End"]), size)
        self.assertTrue(text.encode().endswith(tail.body))
        self.assertEqual([(f["run"], f["name"]) for f in client.good(trial + "/logs")["logs"]], [(run, "stdout"), (run, "stderr")])
        series = client.good(trial + "/series")["series"]
        declared = next(s for s in series if s["declared"])
        self.assertEqual((declared["metric"], declared["step"]), ("val_loss", [1, 2, 3]))
        logged = next(s for s in series if s["metric"] == "<img src=x>")
        self.assertEqual((logged["value"], logged["total"]), ([2, 4, 6], 3))
        curves = client.good(base + "/curves?trials=0")
        self.assertEqual((curves["curves"][0]["fidelity"], curves["fidelity"]), ([1, 2, 3], "epoch"))
        files = {f["path"]: f["bytes"] for f in client.good(trial + "/artifacts")["artifacts"]}
        self.assertEqual(files["model.bin"], 256000)
        self.assertFalse([path for path in files if path.endswith("job.json")])
        model = client.get(trial + "/artifacts/model.bin")
        self.assertEqual((model.status, model.body), (200, bytes(range(256)) * 1000))
        self.assertIn("attachment", model.headers["Content-Disposition"])
        piece = client.get(trial + "/artifacts/model.bin", headers={"Range": "bytes=256-511"})
        self.assertEqual((piece.status, piece.body), (206, bytes(range(256))))
        self.assertEqual(piece.headers["Content-Range"], "bytes 256-511/256000")
        for asked, status, length in [("bytes=-10", 206, 10), ("bytes=255999-", 206, 1), ("bytes=255000-999999", 206, 1000),
                                      ("bytes=256000-", 416, 0), ("bytes=0-9223372036854775807", 206, 256000), ("bytes=-0", 416, 0), ("bytes=5-4", 416, 0),
                                      ("bytes=0-1,5-6", 200, 256000), ("bytes=x-", 416, 0)]:
            piece = client.get(trial + "/artifacts/model.bin", headers={"Range": asked})
            self.assertEqual((piece.status, len(piece.body)), (status, length), asked)
        picture = client.get(trial + "/artifacts/artifacts/p.svg?view=1")
        self.assertEqual((picture.headers["Content-Type"], picture.headers["Content-Disposition"]), ("image/svg+xml", "inline"))
        self.assertIn("sandbox", picture.headers["Content-Security-Policy"])
        self.assertNotIn("script", picture.headers["Content-Security-Policy"])
        self.assertEqual(picture.headers["X-Content-Type-Options"], "nosniff")
        for path in ["p.svg", "p.html", "p.html?view=1"]:  # everything else is to be saved
            page = client.get(trial + "/artifacts/artifacts/" + path)
            self.assertEqual(page.headers["Content-Type"], "application/octet-stream", path)
            self.assertIn("attachment", page.headers["Content-Disposition"], path)
        self.assertEqual(client.get(trial, headers={"Range": "bytes=0-3"}).json["number"], 0)
        nested = next(path for path in files if path.endswith("/stdout.log"))
        self.assertEqual(client.get(trial + "/artifacts/" + nested).body.decode(), text)

    def test_a_trial_is_stopped_and_the_study_is_paused_and_ended(self):
        self.begin(trials=4)
        client = self.serve()
        base = "/studies/%d" % self.study_id(client)
        stopped = client.post(base + "/trials/0/stop")
        self.assertEqual((stopped.status, stopped.json["outcome"]), (200, "1 stopped"))
        self.until(lambda: client.good(base + "/trials/0")["state"] == "stopped", "trial 0 stopped")
        self.assertEqual(client.post(base + "/trials/0/retry").json["outcome"], "1 queued again")
        bigger = client.patch(base, {"budget": {"trials": 9, "time_s": 3600}, "parallel": 2})
        self.assertEqual(bigger.status, 200, bigger.body)
        self.until(lambda: client.good(base)["runs"]["running"] == 2, "two runs at a time")
        study = client.good(base)
        self.assertEqual({b["key"]: b["limit"] for b in study["budget"]}, {"trials": 9, "time": 3600})
        self.assertEqual(study["parallel"], 2)
        self.assertEqual(client.post(base + "/pause").status, 200)
        self.wait(self.run_process)
        self.assertEqual(client.good(base)["state"], "paused")
        self.assertEqual(client.post(base + "/finish").json["outcome"], "finished")
        self.assertEqual(client.good(base)["state"], "finished")
        self.assertEqual(client.post(base + "/resume").json["led"], False)
        self.assertEqual(client.good(base)["state"], "open")

    def test_a_leader_that_does_not_answer_holds_up_its_own_study_only(self):
        self.study(name="other.yaml")
        self.good("run", "other.yaml")
        self.begin(trials=1)
        client = self.serve()
        ours, other = ("/studies/%d" % self.study_id(client, name) for name in ("study", "other"))
        self.run_process.send_signal(signal.SIGSTOP)
        try:
            asked = threading.Thread(target=client.post, args=(ours + "/pause",))
            asked.start()
            self.until(lambda: self.open_requests() == 1, "a request that waits")
            self.assertEqual(client.post(other + "/finish").json["outcome"], "is finished already")
            self.assertEqual(self.open_requests(), 1, "the first one waits still")
        finally:
            self.run_process.send_signal(signal.SIGCONT)
        asked.join()
        self.wait(self.run_process)

    def open_requests(self):
        with contextlib.closing(sqlite3.connect(self.path(".hone/store.sqlite"))) as store:
            return store.execute("SELECT count(*) FROM request WHERE handled_seq IS NULL").fetchone()[0]

    def test_the_process_that_runs_a_study_serves_it_too(self):
        self.study(("budget: {trials: 4}", "budget: {trials: 1}"), program=STEPS)
        process = self.start("run", "study.yaml", "--serve=0")
        self.until(lambda: "http://" in self.errors(process), "an address")
        client = Client(re.search(r"http://\S+", self.errors(process)).group(0)).log_in_as_page()
        self.until_reported()
        base = "/studies/%d" % self.study_id(client)
        self.assertTrue(client.good(base)["led"])
        self.assertEqual(client.patch(base, {"budget": {"trials": 2}}).json["led"], True)
        with Events(client, base + "/events") as events:
            self.assertEqual(next(iter(events))[0], "hello")
            self.go()
            self.assertEqual(self.wait(process), 0)
        self.assertIn("Best of 2 trials", self.output(process))
        self.assertEqual(self.hone("run", "study.yaml", "--serve=x").code, 2)
        self.assertEqual(os.stat(self.path(".hone/server-tokens.json")).st_mode & 0o777, 0o600)


if __name__ == "__main__":
    main()
