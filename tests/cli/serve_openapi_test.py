"""Every route of hone serve, and every answer, against openapi.yaml, by a validator of OpenAPI 3.1.

Needs openapi-core: the Python that HONE_WANDB_PYTHON names has it (tests/requirements.txt); without it the test is skipped.
"""
import json
import urllib.parse

from harness import main, need

need("HONE_WANDB_PYTHON", "openapi_core", "yaml")

import openapi_core
import openapi_spec_validator
import yaml
from jsonschema import Draft202012Validator
from openapi_core.datatypes import RequestParameters
from serve_client import Events, read_columns
from serve_test import ServeCase
from werkzeug.datastructures import Headers, ImmutableMultiDict

# Something of everything: conditions, choices, expressions, a guard that one trial breaks, a failure, NaN.
STUDY = """
program: program.py
method: random
metric: {name: val_loss, goal: minimize}
guards: [{name: accuracy, min: 0.5}]
parameters:
  lr: {min: 0.001, max: 1.0, distribution: log_uniform_values, default: 0.01}
  kind: {values: [a, b, 3, null], default: a}
  depth: {min: 1, max: 4, default: 2, when: {kind: a}}
  wide: {expression: "2 * lr"}
  fixed: {value: "<script>"}
fidelity: {name: epoch, min: 1, max: 3}
scheduler: {type: median}
limits: {retries: 0}
budget: {trials: 6, time: 1h}
parallel: 2
seed: 3
"""
PROGRAM = """
import os, sys
trial = int(os.environ["HONE_TRIAL"])
if trial == 1:
    sys.exit("trial 1 fails")
for epoch in range(1, 4):
    loss = float("nan") if trial == 2 else trial + 1.0 / epoch
    print({"epoch": epoch, "val_loss": loss, "accuracy": 0.4 if trial == 3 else 0.9, "note": epoch}, flush=True)
"""


class Request:
    """As openapi-core wants it."""

    def __init__(self, client, method, path, body, headers):
        parts = urllib.parse.urlsplit(path)
        self.host_url = "http://%s:%d" % (client.host, client.port)
        self.path = "/api/v1" + parts.path
        self.full_url_pattern = self.host_url + self.path
        self.method = method.lower()
        self.parameters = RequestParameters(query=ImmutableMultiDict(urllib.parse.parse_qsl(parts.query)),
                                            header=Headers(headers), cookie=ImmutableMultiDict(), path={})
        self.body = json.dumps(body).encode() if body is not None else None
        self.content_type = "application/json" if body is not None else ""


class Response:
    """As openapi-core wants it."""

    def __init__(self, answer):
        self.status_code = answer.status
        self.headers = Headers(list(answer.headers.items()))
        self.content_type = answer.type
        self.data = answer.body or b" "  # an empty text is one, though the validator takes it for none


class OpenApi(ServeCase):
    maxDiff = None

    def setUp(self):
        super().setUp()
        self.write("study.yaml", STUDY)
        self.write("program.py", PROGRAM)
        self.good("run", "study.yaml")
        self.client = self.serve()
        text = self.client.get("/openapi.yaml")
        self.assertEqual(text.type, "application/yaml")
        self.described = yaml.safe_load(text.body)
        openapi_spec_validator.validate(self.described)
        self.described["servers"] = [{"url": "http://%s:%d/api/v1" % (self.client.host, self.client.port)}]
        texts = {kind: lambda data, **_: data.decode() for kind in ["application/yaml", "text/plain"]}
        self.api = openapi_core.OpenAPI.from_dict(
            self.described, config=openapi_core.Config(extra_media_type_deserializers=texts))
        self.used = set()

    def operation(self, method, path):
        """The operationId that a path belongs to."""
        pieces = urllib.parse.urlsplit(path).path.split("/")
        for template, operations in self.described["paths"].items():
            named = template.split("/")
            if len(named) == len(pieces) and all(a.startswith("{") or a == b for a, b in zip(named, pieces)):
                fixed = sum(not a.startswith("{") for a in named)
                yield fixed, operations.get(method.lower(), {}).get("operationId")

    def check(self, method, path, body=None, status=200, headers=None):
        answer = self.client.send(method, "/api/v1" + path, body, headers=headers)
        self.assertEqual(answer.status, status, (method, path, answer.body[:500]))
        request = Request(self.client, method, path, body, headers or {})
        if status < 400:
            self.api.validate_request(request)
            self.used.add(max((found for found in self.operation(method, path) if found[1]))[1])
        self.api.validate_response(request, Response(answer))
        return answer

    def check_analysis(self, study):
        """Too few trials for most of it, but the answers are there."""
        asked = ["/findings", "/importance", "/interactions", "/seeds"]
        for path in asked:
            self.until(lambda: self.client.get(study + path).status == 200, path)
            answer = self.check("GET", study + path)
            self.assertEqual(answer.json["computing"], False)
            self.check("GET", study + path, headers={"If-None-Match": answer.headers["ETag"]}, status=304)
        self.assertEqual(self.client.good(study + "/findings")["enough"], False)
        self.check("GET", study + "/importance?metric=val_loss")
        self.check("GET", study + "/importance?metric=none", status=404)
        self.check("GET", study + "/interactions?first=lr&second=depth", status=404)
        self.check("GET", study + "/interactions?first=lr", status=400)

    def valid(self, schema, value):
        Draft202012Validator({"$ref": "#/components/schemas/" + schema, "components": self.described["components"]}).validate(value)

    def test_every_route_answers_what_is_described(self):
        self.check("GET", "/openapi.yaml")
        self.check("GET", "/session")
        self.check("POST", "/session", {"token": self.tokens["read"]})
        self.check("DELETE", "/session", status=204)
        self.check("GET", "/studies")
        study = "/studies/%d" % self.study_id(self.client)
        first = self.check("GET", study)
        self.check("GET", study + "?patience_ms=60000")
        self.check("GET", study + "?patience_ms=x", status=400)
        self.assertEqual(first.json["failures"][0]["kind"], "exit_code")
        self.check("GET", study, headers={"If-None-Match": first.headers["ETag"]}, status=304)
        self.check("GET", study + "/spec?version=1")
        head, columns = read_columns(self.check("GET", study + "/columns").body)
        self.valid("ColumnsHead", head)
        self.assertEqual(columns["param", "kind"], [t["config"]["kind"] for t in self.client.good(study + "/trials")["trials"]])
        self.assertEqual(columns["trial", "failure"][1], "exit_code")
        self.assertEqual([int(f) & 2 for f in columns["trial", "flags"]], [0, 0, 0, 2, 0, 0])
        self.check("GET", study + "/trials?offset=1&limit=3&order=newest&state=complete")
        self.check("GET", study + "/front")
        self.check_analysis(study)
        self.check("GET", study + "/curves?trials=0,3-5&points=4&metric=accuracy")
        for number in range(6):
            trial = study + "/trials/%d" % number
            run = self.check("GET", trial).json["runs"][0]["run"]
            self.check("GET", trial + "/series?points=10")
            self.check("GET", trial + "/logs")
            self.check("GET", trial + "/logs/%d/stderr?tail=100" % run)
            self.check("GET", trial + "/artifacts")
        self.check("GET", trial + "/artifacts/config.json")
        self.check("PATCH", study, {"budget": {"trials": 9, "cpu_s": 100, "cost": None}, "parallel": 1})
        self.check("POST", study + "/trials", {"config": {"lr": 0.5, "kind": None}})
        self.check("POST", study + "/trials/0/clone", {"config": {"kind": "b"}})
        self.check("POST", study + "/trials/6/stop", {})
        self.check("POST", study + "/trials/1/retry", {})
        self.check("POST", study + "/pause", {})
        self.check("POST", study + "/resume", {})
        self.check("POST", study + "/finish", {})
        self.check("PATCH", study + "/labels", {"note": "n"})
        self.check("PATCH", study + "/trials/0/labels", {"tags": ["t"], "star": True})
        self.check("GET", study + "/labels")
        self.check("GET", "/studies/99", status=404)
        self.check("GET", study + "/trials/99", status=404)
        self.check("GET", study + "/curves?metric=none", status=404)
        self.check("PATCH", study, {"parallel": -1}, status=400)
        self.events(study, run)
        described = {o["operationId"] for p in self.described["paths"].values() for m, o in p.items() if m != "parameters"}
        self.assertEqual(described - self.used, set(), "routes that this test leaves out")

    def events(self, study, run):
        version = self.client.good(study)["version"]
        with Events(self.client, study + "/events?since=0") as events:
            self.assertEqual(events.response.headers["Content-Type"], "text/event-stream")
            stream = iter(events)
            self.assertEqual(next(stream)[0], "hello")
            changes = next(stream)[2]
            self.assertEqual(changes["version"], version)
            self.assertEqual([c["version"] for c in changes["changes"]], list(range(1, version + 1)))
            for change in changes["changes"]:
                self.valid("Change", change)
            self.assertGreaterEqual({c["kind"] for c in changes["changes"]},
                                    {"trial_added", "run_queued", "run_claimed", "reported", "run_ended", "trial_moved",
                                     "study_moved", "spec_changed", "request_handled"})
        with Events(self.client, study + "/trials/5/logs/%d/stdout/follow" % run) as events:
            self.assertEqual([name for name, _, _ in events], ["log", "ended"])
        self.used |= {"events", "followLog"}


if __name__ == "__main__":
    main()
