#!/usr/bin/env python3
"""How quickly hone serve shows a long study, how much it sends and how much memory it takes.

    build/release/bench/server/hone_long_study /tmp/long/store.sqlite      # once; minutes
    bench/server/serve_bench.py --store /tmp/long/store.sqlite --hone build/release/hone

Each repetition starts a server of its own on the same store: the time from its address until the counts and the best trial are told
while the record is read, then until the first headline (the whole record is folded), then that of a headline that is asked for again, of all columns, of what changed (nothing), of a page of trials, of curves
and of one trial with its series. Times are medians with their range over the repetitions, taken by this client, so with the
transfer over the loopback interface. Processor time is user and system time of the server, over its threads. Memory is its
greatest resident size (VmHWM) after all of it. Python's standard library only.
"""
import argparse
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time


class Server:
    def __init__(self, hone, store):
        began = time.perf_counter()
        self.process = subprocess.Popen([hone, "serve", "--store", store, "--port", "0"], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.address_s = time.perf_counter() - began
        self.port = int(re.search(r":(\d+)\s*$", line).group(1))

    def get(self, path):
        """The body and the seconds that it took."""
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request("GET", "/api/v1" + path)
        answer = connection.getresponse()
        body = answer.read()
        took = time.perf_counter() - began
        if answer.status not in (200, 202):
            sys.exit("%s: %d %r" % (path, answer.status, body[:300]))
        connection.close()
        return body, took

    def processor_s(self):
        """What the server has used of the processors, which other programs do not stretch as they do the time."""
        with open("/proc/%d/stat" % self.process.pid, encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self):
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as file:
            kib = int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))
        return kib * 1024 / 1e6

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)


def measure(hone, store):
    server = Server(hone, store)
    try:
        row = {"address": server.address_s}
        sizes = {}
        study = "/studies/1"

        def ask(name, path):
            body, row[name] = server.get(path)
            sizes[name] = len(body)
            return body
        ask("counts and best trial at once", study + "?patience_ms=0")
        head = json.loads(ask("first headline", study))
        row["processor time until then"] = server.processor_s()
        ask("headline again", study)
        ask("columns", study + "/columns")
        ask("columns, nothing new", study + "/columns?since=%d" % head["version"])
        ask("page of 100 trials, best first", study + "/trials?order=best")
        ask("200 curves", study + "/curves")
        ask("one trial", study + "/trials/%d" % (head["trials"] // 2))
        ask("its series", study + "/trials/%d/series" % (head["trials"] // 2))
        row["memory"] = server.memory_mb()
        return head, row, sizes
    finally:
        server.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", required=True)
    parser.add_argument("--hone", default="build/release/hone")
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    rows = []
    for _ in range(arguments.repeat):
        head, row, sizes = measure(arguments.hone, arguments.store)
        rows.append(row)
    print("%d trials, %d parameters, store %.0f MB, %d repetitions, load %.1f on %d processors" % (
        head["trials"], len(head["parameters"]), os.path.getsize(arguments.store) / 1e6, len(rows), os.getloadavg()[0],
        os.cpu_count()))
    for name in rows[0]:
        values = [row[name] for row in rows]
        unit, factor = ("MB", 1) if name == "memory" else ("ms", 1000)
        size = "%10.2f MB" % (sizes[name] / 1e6) if name in sizes else ""
        print("%-32s %9.1f %s  (%.1f to %.1f) %s" % (name, statistics.median(values) * factor, unit, min(values) * factor,
                                                   max(values) * factor, size))


if __name__ == "__main__":
    main()
