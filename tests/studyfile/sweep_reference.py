#!/usr/bin/env python3
"""Reads the sweep files of this folder as W&B does (PyYAML, the rules of wandb/sweeps and of its agent) and compares with the expectations.

Independent of hone's code. Differences that are meant: flags stand in the order of the file (here: compared without order), nested
parameters become dotted flags, a value given twice counts once, `${args_json}` holds numbers where PyYAML reads 1e-5 as a text.
Usage: sweep_reference.py FOLDER
"""
import itertools
import json
import math
import pathlib
import re
import sys

import yaml

ENVIRONMENT = {"HOME": "/home/ann", "DATA": "/data/set"}
DEFAULT_COMMAND = ["${env}", "${interpreter}", "${program}", "${args}"]


def flatten(parameters, prefix=""):
    for name, parameter in parameters.items():
        if "parameters" in parameter:
            yield from flatten(parameter["parameters"], prefix + name + ".")
        else:
            yield prefix + name, parameter


def number(x):
    return "%.12g" % float(x)


def distribution(p):
    if "distribution" in p:
        return p["distribution"]
    if "value" in p:
        return "constant"
    if "values" in p:
        return "categorical_w_probabilities" if "probabilities" in p else "categorical"
    return "int_uniform" if isinstance(p["min"], int) and isinstance(p["max"], int) else "uniform"


def law(p):
    kind = distribution(p)
    if kind == "constant":
        return "constant " + str(p["value"])
    if kind.startswith("categorical"):
        weights = p.get("probabilities") or [1 / len(p["values"])] * len(p["values"])
        merged = {}
        for value, weight in zip(p["values"], weights):
            merged[str(value)] = merged.get(str(value), 0) + weight
        return "choice " + " | ".join(f"{v} {number(w)}" for v, w in merged.items())
    if kind == "int_uniform":
        return f"int {p['min']} {p['max']}"
    quantised = kind.startswith("q_")
    base = kind[2:] if quantised else kind
    low, high = float(p.get("min", 0)), float(p.get("max", 1))
    text = {
        "uniform": lambda: f"uniform {number(low)} {number(high)}",
        "log_uniform": lambda: f"log_uniform {number(math.exp(low))} {number(math.exp(high))}",
        "log_uniform_values": lambda: f"log_uniform {number(low)} {number(high)}",
        "inv_log_uniform": lambda: f"log_uniform {number(math.exp(-high))} {number(math.exp(-low))}",
        "inv_log_uniform_values": lambda: f"log_uniform {number(low)} {number(high)}",
        "normal": lambda: f"normal {number(p.get('mu', 0))} {number(p.get('sigma', 1))}",
        "log_normal": lambda: f"log_normal {number(p.get('mu', 0))} {number(p.get('sigma', 1))}",
        "beta": lambda: f"beta {number(p.get('a', 1))} {number(p.get('b', 1))}",
    }[base]()
    if not quantised:
        return text
    q = p.get("q", 1)
    return f"round({text}, {number(q)}){' whole' if isinstance(q, int) else ''}"


def grid_values(p):
    kind = distribution(p)
    if kind == "constant":
        return [p["value"]]
    if kind == "categorical":
        return p["values"]
    if kind == "int_uniform":
        return list(range(p["min"], p["max"] + 1))
    q, values, k = p.get("q", 1), [], 0
    while p["min"] + k * q < p["max"] - 1e-9 * q:  # numpy.arange
        values.append(p["min"] + k * q)
        k += 1
    return values


def nested(config):
    out = {}
    for name, value in config.items():
        at = out
        *groups, last = name.split(".")
        for group in groups:
            at = at.setdefault(group, {})
        at[last] = value
    return out


def as_number(value):
    try:
        return float(value) if isinstance(value, str) and re.fullmatch(r"[-+]?\d+e[-+]?\d+", value) else value
    except ValueError:
        return value


def command(sweep, config, program):
    flags = {"args": "--{}={}", "args_no_hyphens": "{}={}", "args_append_hydra": "+{}={}", "args_override_hydra": "++{}={}"}
    argv = []
    for element in sweep.get("command", program["default"]):
        macro = re.fullmatch(r"\$\{(.*)\}", element)
        name = macro.group(1) if macro else None
        if name in flags:
            argv += [flags[name].format(k, v) for k, v in config.items()]
        elif name == "args_no_equals":
            argv += [text for k, v in config.items() for text in (f"--{k}", str(v))]
        elif name == "args_no_boolean_flags":
            argv += [f"--{k}" if v is True else f"--{k}={v}" for k, v in config.items() if v is not False]
        elif name == "args_json":
            argv.append(json.dumps(nested({k: as_number(v) for k, v in config.items()})))
        elif name == "args_json_file":
            argv.append("/trial/config.json")
        elif name == "env":
            argv.append("/usr/bin/env")
        elif name == "interpreter":
            argv.append("python")
        elif name == "program":
            argv.append(program["name"])
        elif macro and not name.startswith("envvar:"):
            pass  # vanishes
        else:
            argv.append(re.sub(r"\$\{envvar:([A-Z0-9_]*)\}", lambda m: ENVIRONMENT.get(m.group(1), m.group(1)), element))
    return argv


def expected_lines(path):
    return path.with_suffix(".expected").read_text().splitlines()


def check(path):
    sweep = yaml.safe_load(path.read_bytes().decode())
    parameters = dict(flatten(sweep["parameters"]))
    lines = expected_lines(path)
    program = {"name": sweep.get("program", ""), "default": DEFAULT_COMMAND}
    if program["name"].endswith(".sh"):  # an executable that is no Python file runs directly
        program = {"name": "./" + program["name"], "default": ["${program}", "${args}"]}
    got = [json.loads(line) for line in lines if line.startswith("[")]
    if sweep["method"] == "grid":
        wanted = []
        for values in itertools.product(*(grid_values(p) for p in parameters.values())):
            config = dict(zip(parameters, values))
            wanted.append(command(sweep, config, program))
    else:
        symbols = {k: p["value"] if distribution(p) == "constant" else f"<{k}>" for k, p in parameters.items()}
        wanted = [command(sweep, symbols, program)]
        laws = [f"law {name}: {law(p)}" for name, p in parameters.items()]
        stated = [line for line in lines if line.startswith("law ")]
        # Exponent notation that PyYAML leaves a text is a number in hone; both print the same value.
        assert stated == laws, f"{path.name}: {stated} != {laws}"
    key = lambda argv: sorted(argv)  # noqa: E731
    assert sorted(map(key, got)) == sorted(map(key, wanted)), f"{path.name}:\n {got}\n {wanted}"
    metric = sweep.get("metric", {"name": "loss"})
    take = "best" if sweep["method"] == "bayes" else "last"
    line = f"metric: {metric['name']} {metric.get('goal', 'minimize')} {take}"
    assert any(text.startswith(line) for text in lines), f"{path.name}: {line}"


def main():
    # PyYAML reads 010 as 8; hone as 10, with a warning that names both.
    apart = {"yaml11_numbers.yaml"}
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.yaml"))
    for path in files:
        if path.name not in apart:
            check(path)
    print(f"{len(files) - len(apart)} sweep files agree")


main()
