"""The problems of hone_quality, over a pipe: every peer sees the same spaces, values and noise.

See bench/quality/serve.h for the protocol. Ordered choices are declared to each peer in the best way
that it offers: as an ordinal where there is one, as an integer (the index) elsewhere.
"""

import ast
import functools
import json
import subprocess


class ProblemServer:
    """One `hone_quality serve`. Not for several threads."""

    def __init__(self, program, data):
        command = [program, "serve"] + (["--data", data] if data else [])
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def _ask(self, request):
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("hone_quality serve ended")
        reply = json.loads(line)
        if isinstance(reply, dict) and "error" in reply:
            raise RuntimeError(f"{request}: {reply['error']}")
        return reply

    def problems(self):
        return self._ask({"ask": "problems"})

    def evaluate(self, problem, config, seed, trial):
        """(reported value or None for a failed trial, noise-free truth, whether a constraint is broken), in the problem's
        own sign."""
        reply = self._ask({"problem": problem, "config": config, "seed": seed, "trial": trial})
        return reply["value"], reply["truth"], reply.get("outside", False)

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def is_active(parameter, config):
    return all(parent in config and config[parent] in values for parent, values in parameter["when"].items())


def active_only(parameters, config):
    """A flat configuration without what its conditions switch off, for peers that know no conditions."""
    kept = {}
    for parameter in parameters:  # parents come first
        if is_active(parameter, kept):
            kept[parameter["name"]] = config[parameter["name"]]
    return kept


def suggest(trial, parameters):
    """A configuration by define-by-run, from a trial with Optuna's methods."""
    config = {}
    for p in parameters:
        if not is_active(p, config):
            continue
        name = p["name"]
        if p["type"] == "real":
            config[name] = trial.suggest_float(name, p["low"], p["high"], log=p["log"])
        elif p["type"] == "integer":
            config[name] = trial.suggest_int(name, p["low"], p["high"], log=p["log"])
        elif p["type"] == "ordered":
            config[name] = p["values"][trial.suggest_int(name, 0, len(p["values"]) - 1)]
        else:
            config[name] = trial.suggest_categorical(name, p["values"])
    return config


@functools.lru_cache(maxsize=None)
def _comparisons(text):
    """(left, operator, right) of each comparison in a chain; the sides as code."""
    chain = ast.parse(text, mode="eval").body
    sides = [compile(ast.Expression(side), text, "eval") for side in (chain.left, *chain.comparators)]
    return list(zip(sides, map(type, chain.ops), sides[1:]))


def broken_by(constraints, config):
    """For each comparison of the constraints how far it is broken: above 0 broken, else kept.

    Differences are relative to the larger side (or to 1 where both are smaller), as users who know what their
    optimiser does with such amounts would scale them.
    """
    amounts = []
    for text in constraints:
        for left, op, right in _comparisons(text):
            left, right = eval(left, {}, config), eval(right, {}, config)
            scale = max(1.0, abs(left), abs(right))
            if op in (ast.Gt, ast.GtE):
                left, right = right, left
            amount = (abs(left - right) if op is ast.Eq else left - right) / scale
            strict = op in (ast.Lt, ast.Gt)
            amounts.append(max(amount, 1e-9) if strict and amount >= 0 else amount)
    return amounts
