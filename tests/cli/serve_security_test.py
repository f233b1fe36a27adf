"""hone serve against those who may not: without tokens, from other sites, by other names, with paths that lead elsewhere, with
too much of everything. Refused or harmless, and the study goes on."""
import json
import os
import shutil
import socket
import subprocess
import time

from harness import LIMIT_S, interrupt, main
from serve_client import Client, Events
from serve_test import ServeCase

CHANGE = {"config": {"lr": 0.2}}


class Access(ServeCase):
    def setUp(self):
        super().setUp()
        self.good("run", "study.yaml")

    def trials(self):
        return len(self.good("export", "study", "--format", "jsonl").rows)

    def test_what_changes_something_needs_the_admin_token_or_the_page(self):
        client = self.serve()
        path = "/studies/%d/trials" % self.study_id(client)
        url = "http://127.0.0.1:%d" % client.port
        for token, status in [(None, 403), (self.tokens["read"], 403), ("wrong", 401), ("", 403), ("x" * 5000, 401),
                              (self.tokens["admin"][:-1], 401), (self.tokens["admin"] + "x", 401)]:
            self.assertEqual(Client(url, token).post(path, CHANGE).status, status, token)
        page = Client(url).log_in_as_page()
        page.page_token = page.page_token[::-1]
        self.assertEqual(page.post(path, CHANGE).status, 403)
        self.assertEqual(self.trials(), 4, "nothing was added")
        self.assertEqual(Client(url).log_in_as_page().post(path, CHANGE).status, 200)
        self.assertEqual(Client(url, self.tokens["admin"]).post(path, CHANGE).status, 200)
        self.assertEqual(self.trials(), 6)
        # On the machine, its user reads without a token.
        self.assertEqual(Client(url).get("/studies").status, 200)
        self.assertEqual(Client(url, "wrong").get("/studies").status, 401)

    def test_other_users_of_the_machine_need_a_token(self):
        if os.geteuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("only root can act as another user")
        client = self.serve()
        program = ("import http.client, sys\n"
                   "c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))\n"
                   "h = {'Authorization': 'Bearer ' + sys.argv[3]} if len(sys.argv) > 3 else {}\n"
                   "c.request('GET', sys.argv[2], headers=h)\n"
                   "print(c.getresponse().status)\n")
        for path, token, status in [("/api/v1/studies", [], 401), ("/api/v1/session", [], 200), ("/", [], 200),
                                    ("/api/v1/studies", [self.tokens["read"]], 200)]:
            done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", program,
                                   str(client.port), path, *token], capture_output=True, text=True, timeout=LIMIT_S, check=False)
            self.assertEqual(done.stdout.strip(), str(status), path + done.stderr)

    def test_elsewhere_everything_needs_a_token_or_a_session(self):
        server = self.serve("--host", "0.0.0.0")
        client = Client("http://127.0.0.1:%d" % server.port)
        path = "/studies/%d/trials" % self.study_id(server)
        for each in ["/studies", path, "/openapi.yaml", "/studies/1/events"]:
            self.assertEqual(client.get(each).status, 401, each)
        self.assertEqual(client.good("/session"), {"role": "none", "login": False})
        self.assertEqual(Client("http://127.0.0.1:%d" % server.port, self.tokens["read"]).get("/studies").status, 200)
        wrong = client.post("/session", {"token": "x" * 32})
        self.assertEqual(wrong.status, 401)
        done = client.post("/session", {"token": self.tokens["admin"]})
        cookie = done.headers["Set-Cookie"]
        for word in ["HttpOnly", "SameSite=Strict", "Path=/"]:
            self.assertIn(word, cookie)
        session = {"Cookie": cookie.split(";")[0]}
        self.assertEqual(client.get("/studies", headers=session).status, 200)
        self.assertEqual(client.post(path, CHANGE, headers=session).status, 403, "the cookie alone changes nothing")
        session["Hone-Page-Token"] = done.json["page_token"]
        self.assertEqual(client.post(path, CHANGE, headers=session).status, 200)
        self.assertEqual(client.send("DELETE", "/api/v1/session", headers=session).status, 204)
        self.assertEqual(client.get("/studies", headers=session).status, 401)
        # The same without scripts.
        form = client.send("POST", "/login", b"token=" + self.tokens["read"].encode(),
                           headers={"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual((form.status, form.headers["Location"]), (303, "/"))
        reader = {"Cookie": form.headers["Set-Cookie"].split(";")[0]}
        self.assertEqual(client.get("/studies", headers=reader).status, 200)
        self.assertEqual(client.post(path, CHANGE, headers=reader).status, 403)
        statuses = [client.post("/session", {"token": "guess %d" % i}).status for i in range(12)]
        self.assertEqual(statuses[-1], 503, "guessing ends")
        self.assertNotIn("page_token", client.good("/session", headers=reader))

    def test_other_sites_reach_nothing_through_the_users_browser(self):
        client = self.serve()
        path = "/studies/%d/trials" % self.study_id(client)
        own = "http://127.0.0.1:%d" % client.port
        for headers, status in [({"Host": "evil.example"}, 421), ({"Host": "evil.example:%d" % client.port}, 421),
                                ({"Host": "127.0.0.1.evil.example"}, 421), ({"Host": ""}, 400),
                                ({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403),
                                ({"Origin": "http://127.0.0.1:1"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403),
                                ({"Sec-Fetch-Site": "same-site"}, 403),
                                ({"Origin": own, "Sec-Fetch-Site": "same-origin"}, 200),
                                ({"Host": "localhost:%d" % client.port}, 200), ({"Host": "[::1]:%d" % client.port}, 200)]:
            self.assertEqual(client.get("/studies", headers=headers).status, status, headers)
            self.assertEqual(client.post(path, {"config": {"lr": 99}}, headers=headers).status, 400 if status == 200 else status,
                             headers)
        # A form of another site can send no JSON, and what it can send is refused.
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]:
            refused = client.send("POST", "/api/v1" + path, json.dumps(CHANGE).encode(), headers={"Content-Type": kind})
            self.assertIn(refused.status, (400, 415), kind)
        answer = client.get("/studies")
        self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
        self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
        # A link from elsewhere leads to the page, not to data.
        link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        self.assertEqual(client.send("GET", "/", headers=link).status, 200)
        self.assertEqual(client.get("/studies", headers=link).status, 403)
        self.assertEqual(self.trials(), 4)

    def test_names_and_reading_only(self):
        server = self.serve("--name", "lab-box", "--read-only")
        self.assertEqual(server.get("/studies", headers={"Host": "LAB-BOX:99"}).status, 200)
        path = "/studies/%d/trials" % self.study_id(server)
        self.assertEqual(server.post(path, CHANGE).status, 403)
        self.assertEqual(Client("http://127.0.0.1:%d" % server.port).good("/session")["role"], "read")

    def test_nobody_is_the_user_at_the_machine_through_a_proxy(self):
        path = "http://127.0.0.1:%d"
        client = Client(path % self.serve().port)
        for header in ("Forwarded", "Via", "X-Real-IP", "X-Forwarded-For"):
            self.assertEqual(client.get("/studies", headers={header: "192.0.2.1"}).status, 401, header)
            self.assertEqual(client.good("/session", headers={header: "192.0.2.1"})["role"], "none")
        # A proxy that leaves no trace is why there is --always-token.
        strict = self.serve("--always-token")
        self.assertEqual(strict.get("/studies").status, 200, "with a token")
        strict = Client(path % strict.port)
        self.assertEqual(strict.get("/studies").status, 401)
        self.assertEqual(strict.good("/session")["role"], "none")
        answer = strict.get("/studies", headers={"Host": "hone.example"})
        self.assertEqual(answer.status, 421)
        self.assertIn("--always-token", answer.json["error"]["hint"])

    def test_tokens_are_the_users_alone(self):
        self.serve()
        path = self.path(".hone/server-tokens.json")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        kept = self.read(".hone/server-tokens.json")
        interrupt(self.started[-1])
        self.wait(self.started[-1])
        self.serve()
        self.assertEqual(self.read(".hone/server-tokens.json"), kept)
        for process in self.started:
            for token in self.tokens.values():
                self.assertNotIn(token, self.output(process) + self.errors(process))
        os.chmod(path, 0o644)
        refused = self.hone("serve", "--port", "0")
        self.assertEqual(refused.code, 2)
        self.assertIn("chmod 600", refused.err)
        self.write("few.json", '{"read": "x", "admin": "x"}', 0o600)
        self.assertIn("is no file of tokens", self.hone("serve", "--port", "0", "--token-file", "few.json").err)


class Paths(ServeCase):
    def test_nothing_outside_of_a_trials_folder_is_reached(self):
        self.good("run", "study.yaml")
        self.write("secret.txt", "the secret")
        folder = self.path(".hone/trials/study/0")
        os.symlink(self.path("secret.txt"), folder + "/link.txt")
        os.symlink(self.folder, folder + "/outside")
        os.symlink("/etc", folder + "/etc")
        os.mkfifo(folder + "/pipe")
        os.makedirs(folder + "/deep/er")
        with open(folder + "/deep/er/<b>.txt", "w", encoding="utf-8") as file:
            file.write("fine")
        client = self.serve()
        base = "/studies/%d/trials/0" % self.study_id(client)
        listed = [f["path"] for f in client.good(base + "/artifacts")["artifacts"]]
        self.assertIn("deep/er/<b>.txt", listed)
        self.assertFalse([p for p in listed if p.startswith(("link", "outside", "etc", "pipe"))])
        self.assertEqual(client.get(base + "/artifacts/deep/er/%3Cb%3E.txt").body, b"fine")
        self.assertEqual(client.get(base + "/artifacts/deep%2Fer%2F%3Cb%3E.txt").body, b"fine")
        run = client.good(base)["runs"][0]["run"]
        inside = "run-0-0/job.json"
        for path in ["/artifacts/../../../../secret.txt", "/artifacts/..%2f..%2f..%2f..%2fsecret.txt",
                     "/artifacts/%2e%2e/%2e%2e/secret.txt", "/artifacts/deep/../../../study/1/config.json",
                     "/artifacts//etc/passwd", "/artifacts/%2fetc%2fpasswd", "/artifacts/link.txt", "/artifacts/outside/secret.txt",
                     "/artifacts/etc/passwd", "/artifacts/pipe", "/artifacts/deep", "/artifacts/deep/er/%00", "/artifacts/" + inside,
                     "/artifacts/deep%00/er", "/artifacts/" + "a/" * 40 + "b", "/artifacts/" + "a" * 5000, "/artifacts/.",
                     "/logs/%d/..%%2fconfig.json" % run, "/logs/%d/config" % run, "/logs/%d/stdout/../../x" % run,
                     "/logs/99999/stdout", "/logs/-1/stdout", "/logs/x/stdout", "/logs/%d/stdout/follow/more" % run]:
            answer = client.get(base + path)
            self.assertIn(answer.status, (400, 404), path)
            self.assertNotIn(b"the secret", answer.body)
            self.assertNotIn(b"root:", answer.body)
        # A log that its program has replaced by a link is no log.
        log = folder + "/run-0-0/stdout.log"
        os.remove(log)
        os.symlink(self.path("secret.txt"), log)
        self.assertEqual(client.get(base + "/logs/%d/stdout" % run).status, 404)


class Limits(ServeCase):
    """While a study runs."""

    def setUp(self):
        super().setUp()
        self.study(("budget: {trials: 4}", "budget: {trials: 1}"), program=(
            "import os, time\nprint({'epoch': 1, 'val_loss': 1.0}, flush=True)\n"
            "while not os.path.exists('go'):\n    time.sleep(0.02)\nprint({'epoch': 2, 'val_loss': 0.5}, flush=True)\n"))
        self.run_process = self.start("run", "study.yaml", "--serve=0")
        self.until(lambda: "http://" in self.errors(self.run_process), "an address")
        self.until_reported()
        url = next(w for w in self.errors(self.run_process).split() if w.startswith("http://"))
        self.client = Client(url).log_in_as_page()
        self.base = "/studies/%d" % self.study_id_of(self.client)

    def study_id_of(self, client):
        return client.good("/studies")["studies"][0]["id"]

    def goes_on(self):
        self.assertEqual(self.client.get("/studies").status, 200)
        self.write("go", "")
        self.assertEqual(self.wait(self.run_process), 0)
        self.assertIn("trial 0, val_loss 0.5", self.output(self.run_process))

    def request(self, line, headers="", body=b""):
        return self.client.raw(("%s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n" % (line, headers)).encode() + body)

    def test_oversize_and_broken_requests(self):
        post = "POST /api/v1%s/trials" % self.base
        for answer, status in [
                (self.request(post, "Content-Length: 99999999\r\nContent-Type: application/json\r\n"), 413),
                (self.request(post, "Content-Length: 99999999999999999999\r\n"), 400),
                (self.request(post, "Content-Length: -1\r\n"), 400),
                (self.request(post, "Content-Length: 2\r\nContent-Length: 3\r\n", b"{}x"), 400),
                (self.request(post, "Transfer-Encoding: chunked\r\n", b"2\r\n{}\r\n0\r\n\r\n"), 411),
                (self.request(post, "Content-Length: 2\r\nContent-Encoding: gzip\r\n", b"{}"), 415),
                (self.request("GET /api/v1/%zz"), 400), (self.request("GET /../../etc/passwd"), 400),
                (self.request("GET http://evil.example/"), 400), (self.request("GET /api/v1/studies?" + "&".join(["a=1"] * 99)), 400),
                (self.request("GET /" + "a" * 7000 + ".x"), 404), (self.request("DELETE /api/v1/studies"), 403),
                (self.request("TRACE /"), 405), (self.request("GET /api/v1/studies", "Host: b\r\n"), 400)]:
            self.assertTrue(answer.startswith(b"HTTP/1.1 %d " % status), (status, answer[:200]))
        # What the library itself gives up on: an answer or none, and the next request is served.
        self.request("GET /" + "a" * 100000)
        self.request("GET /", "X: %s\r\n" % ("b" * 100000))
        self.request("GET /", "".join("X%d: y\r\n" % i for i in range(100000)))
        self.request("GET /api/v1/studies", "Range: bytes=%s\r\n" % ",".join(["0-0"] * 2000))
        self.request("GET /api/v1/studies", "Range: bytes=" + "1" * 8000 + "\r\n")
        self.client.raw(b"\0" * 1000 + b"\r\n\r\n")
        self.client.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        # A body behind a GET is not the next request.
        smuggled = b"GET /api/v1/openapi.yaml HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        answer = self.request("GET /api/v1/session", "Content-Length: %d\r\n" % len(smuggled), smuggled)
        self.assertEqual(answer.count(b"HTTP/1.1 "), 1)
        deep = self.client.send("POST", "/api/v1%s/trials" % self.base, b"[" * 500000, headers={"Content-Type": "application/json"})
        self.assertEqual(deep.status, 400)
        self.goes_on()

    def test_slow_requests_hold_nobody_up(self):
        slow = []
        for i in range(100):
            connection = socket.create_connection((self.client.host, self.client.port), timeout=LIMIT_S)
            connection.sendall(b"GET /api/v1/studies HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "[:20 + i % 40])
            slow.append(connection)
        # They have ten seconds; then, if not before, others are served.
        self.until(lambda: self.serves(), "an answer beside slow requests")
        for connection in slow:
            connection.close()
        self.goes_on()

    def serves(self):
        try:
            return self.client.get("/studies").status == 200
        except OSError:
            time.sleep(0.1)
            return False

    def test_two_hundred_event_streams(self):
        streams = []
        statuses = []
        for _ in range(200):
            try:
                streams.append(Events(self.client, self.base + "/events"))
                statuses.append(streams[-1].status)
            except OSError:
                statuses.append(0)
        self.assertEqual(statuses.count(200), 32)
        self.assertEqual(statuses.count(200) + statuses.count(503), 200)
        self.assertEqual(self.client.get(self.base).status, 200, "others are served")
        self.assertEqual(next(iter(streams[0]))[0], "hello")
        for stream in streams:
            stream.close()

        def opens():
            with Events(self.client, self.base + "/events") as again:
                return again.status == 200
        self.until(opens, "room for another stream")
        self.goes_on()

    def test_threads_and_files_do_not_pile_up(self):
        def used():
            pid = self.run_process.pid
            return len(os.listdir("/proc/%d/task" % pid)), len(os.listdir("/proc/%d/fd" % pid))
        for _ in range(20):
            self.client.get("/studies")
        before = used()
        for _ in range(300):
            self.client.get("/studies")
        after = used()
        self.assertLessEqual(after[0], before[0] + 4)
        self.assertLessEqual(after[1], before[1] + 4)
        self.goes_on()


if __name__ == "__main__":
    main()
